/* SPDX-License-Identifier: MIT */
/* Waiting for a stream: for an element, for window and room, for the end of the pieces. */
#include "rpc/stream-wait.h"

#include "rpc/pump/wait.h"

enum hprpc__lack hprpc__stream_lack(struct hprpc__stream *stream)
{
    struct hprpc_controller *controller = stream->controller;
    enum hprpc__lack lack = HPRPC__LACK_NOW;

    hprpc__mutex_lock(&controller->lock);
    if (stream->queue.arrived && !stream->cut)
        lack = HPRPC__LACK_NOW; /* it came just now */
    else if (stream->failure)
        lack = HPRPC__LACK_FAILURE;
    else if (stream->heard_end)
        lack = HPRPC__LACK_END;
    else if (stream->over || stream->cut)
        lack = HPRPC__LACK_OVER;
    hprpc__mutex_unlock(&controller->lock);
    return lack;
}

bool hprpc__stream_wait(struct hprpc__stream *stream, uint32_t events, hprpc__deadline deadline)
{
    const struct hprpc__awaited awaited = { .stream = stream, .events = events };

    return hprpc__pump_wait_on(stream->controller, &awaited, HPRPC_NO_TIMEOUT, &deadline) != HPRPC_EAGAIN;
}

int hprpc__stream_try(struct hprpc__stream_attempt *attempt)
{
    struct hprpc_controller *controller = attempt->stream->controller;

    hprpc__room_before(&attempt->room, controller);
    attempt->code = hprpc__stream_begin(attempt->stream, attempt->size, &attempt->writer);
    return attempt->code;
}

bool hprpc__stream_wait_to_try(struct hprpc__stream_attempt *attempt, hprpc__deadline deadline)
{
    const struct hprpc__awaited room = { .room = &attempt->room };

    /* what this thread has noted under the lock, in the attempt */
    attempt->room.progress = attempt->stream->lacked_after;
    if (attempt->code == HPRPC_EBUSY)
        return hprpc__stream_wait(attempt->stream, HPRPC_STREAM_WRITABLE, deadline);
    return hprpc__pump_wait_on(attempt->stream->controller, &room, HPRPC_NO_TIMEOUT, &deadline) != HPRPC_EAGAIN;
}
