/* SPDX-License-Identifier: MIT */
/* What is the same in every channel: its base, and the reason why it broke. */
#include <stdarg.h>
#include <stdio.h>

#include <hprpc/channel/transport.h>

#include "base/reason.h"

int hprpc_channel_init(struct hprpc_channel *channel, const struct hprpc_channel_ops *ops,
                       struct hprpc_context *context, enum hprpc_wait wait)
{
    if (!ops->start_call || !ops->end_call || !ops->cancel_call || !ops->flush || !ops->receive || !ops->release ||
        !ops->watch || !ops->arm || !ops->disarm || !ops->close || !ops->free || !ops->describe)
        return HPRPC_EINVAL;
    channel->ops = ops;
    channel->context = context;
    channel->receive_limit = HPRPC_FIRST_MESSAGE_MAX;
    channel->wait = wait;
    channel->no_cancellation_points = false;
    channel->over = false;
    channel->corked = false;
    channel->queued = 0;
    channel->waits_for = NULL;
    channel->reason = (struct hprpc_reason){ NULL, 0 };
    return 0;
}

int hprpc_channel_fail(struct hprpc_channel *channel, int code, const char *format, ...)
{
    struct hprpc_detail said;
    va_list arguments;

    if (channel->reason.text)
        return code;
    va_start(arguments, format);
    vsnprintf(said.text, sizeof(said.text), format, arguments);
    va_end(arguments);
    hprpc__reason_copy(&channel->reason, channel->context, said.text, hprpc_error_text(code));
    return code;
}

void hprpc_channel_clear(struct hprpc_channel *channel)
{
    hprpc__reason_clear(&channel->reason, channel->context);
}
