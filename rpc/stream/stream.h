/* SPDX-License-Identifier: MIT */
/*
 * The streams of one call, as one side has them: what it sends, what it receives, and how both end. A ticket or a request points to
 * its stream, if its procedure has any; the connection finds it by the call id, through them.
 *
 * A stream is open until the answer is sent or comes (`over`). Before that each side may say END, once. The caller may give up
 * (`cut`), and still hears of the stream until the answer comes.
 *
 * Guards: the lock of the controller for all but what is the reader's, the thread that takes elements out.
 */
#ifndef HPRPC_RPC_STREAM_STREAM_H
#define HPRPC_RPC_STREAM_STREAM_H

#include <hprpc/stream.h>

#include "rpc/connection/connection.h"
#include "rpc/stream/queue.h"
#include "rpc/stream/window.h"

/* What all streams of a connection have in common. */
struct hprpc__streams {
    struct hprpc__window in, out;      /* what this side allows, and what the other side does */
    struct hprpc__sum sum_in, sum_out; /* what came, or went, and was not given back */
    struct hprpc__stream *open;        /* those that are not over */
    struct hprpc__list news;           /* those that have something to tell */
    uint32_t pushing;                  /* how many have pieces to send */
    bool crowded;                      /* a sender found no window because of the other streams */
};

/* A long element that is sent in pieces, or received in pieces. */
struct hprpc__pieces {
    uint8_t *memory; /* of `size` bytes; NULL: there is none, or what comes is discarded */
    uint32_t size;
    uint32_t done;  /* bytes that were sent, or came */
    bool under_way; /* the element has begun, and is not complete */
};

/* As enum hprpc_stream_event, for threads alone: no pieces wait to be sent. */
enum { HPRPC__STREAM_DRAINED = 4 };

/* What becomes of elements that arrive. */
enum hprpc__arrival {
    HPRPC__ARRIVAL_KEPT,
    HPRPC__ARRIVAL_DISCARDED, /* and given back, so that the other side can go on */
    HPRPC__ARRIVAL_DROPPED,   /* and not given back: the call is at its end */
};

struct hprpc__stream {
    struct hprpc__link link;             /* among the news */
    struct hprpc__stream *next, **place; /* among the open ones */
    struct hprpc_controller *controller;
    uint32_t call;
    bool callee;   /* this side answers the call */
    bool sends;    /* the procedure has a stream from this side */
    bool receives; /* the procedure has a stream to this side */
    bool over;     /* the answer was sent, or came; or the connection is gone */
    bool cut;      /* this side has given up, or knows that the other one has */
    bool stirred;  /* it is among the news */
    bool parted;   /* a caller's: the holder of the call has it no more */

    /* sending */
    struct hprpc__flow out;  /* what is at the other side, and was not given back */
    uint64_t beyond_out;     /* the part of it that counts as such in the sum; see window.h */
    enum hprpc__leave leave; /* of the element that has begun */
    bool said_end;
    bool ends_after;       /* END follows the pieces */
    bool corks;            /* short elements may wait for those that follow */
    uint32_t held;         /* elements that were published so, and maybe still wait in the channel */
    bool lacks_room;       /* the last attempt found window, and no room in the channel */
    uint32_t lacked_at;    /* the pump's turn of that attempt */
    uint32_t lacked_after; /* `progress` of the connection after it */
    uint64_t wanted;       /* bytes of the element that the last attempt was about */
    struct hprpc__pieces sending;
    struct kodosis_writer writer;         /* of an element that will go in pieces */
    struct hprpc_reservation reservation; /* of any other */

    /* receiving */
    struct hprpc__flow in; /* what came, and was not given back */
    uint64_t beyond_in;
    uint64_t charged;        /* bytes of `in` that the server's quota counts */
    struct hprpc__flow read; /* the part of it that was read */
    bool heard_end;
    enum hprpc__arrival arrival;
    int failure; /* why elements are lost: HPRPC_ENOMEM, also where the server's quota is used up; 0 */
    struct hprpc__pieces receiving;
    struct hprpc__queue queue;

    /* the reader's */
    struct hprpc__flow taken;   /* what it has read, and `read` does not say yet */
    struct kodosis_arena arena; /* of what the current element decodes beyond its bytes */

    /* the callback of hprpc_call_notify or hprpc_request_notify; NULL: none waits */
    void (*notify)(void *self, uint32_t events);
    void *notify_self;
    uint32_t events;

    /* a caller's: when the call ends because nothing moves */
    bool clocked;             /* `deadline` is set, and the ticket's deadline is the next look */
    bool moved;               /* since the last look */
    bool idle;                /* that was why it ended */
    uint8_t silent;           /* looks in a row at which nothing had moved */
    hprpc__deadline deadline; /* of the whole */
};

/* ---- Life ---- */

/* The streams of a call. Under the lock, on a connection that is READY. HPRPC_ENOMEM. */
int hprpc__stream_new(struct hprpc_controller *controller, uint32_t call, bool callee, uint32_t procedure_flags,
                      struct hprpc__stream **ret_stream);

/* Called when the answer is sent or comes, or never will: nothing is sent or received any more. What came can still be read. Under the lock. */
void hprpc__stream_finish(struct hprpc__stream *stream);

/* Called when one side has given up: sending and reading fail from now on. Under the lock. */
void hprpc__stream_cut(struct hprpc__stream *stream);

/* Frees a stream that no thread uses. Under the lock. */
void hprpc__stream_free(struct hprpc__stream *stream);

/* Frees what the streams of a connection had in common. */
void hprpc__streams_clear(struct hprpc_controller *controller);

/* ---- Receiving: by the pump's owner, under the lock ---- */

/*
 * Act on a DATA (which is taken over), an END and a CREDIT for the stream. They return NULL, or which rule the message breaks; a DATA that
 * breaks one is not taken over.
 */
const char *hprpc__stream_data(struct hprpc__stream *stream, struct hprpc_message *message);
const char *hprpc__stream_end(struct hprpc__stream *stream);
const char *hprpc__stream_credit(struct hprpc__stream *stream, const struct hprpc_message *message);

/* ---- Reading ---- */

/* Drops the element that was read before, and takes the next one into `queue.current`; false if none is there. Not under the lock. */
bool hprpc__stream_take(struct hprpc__stream *stream);

/* Drops what has come, and does the same with what still comes; gives back what belongs to the window. By the reader, under the lock. */
void hprpc__stream_discard(struct hprpc__stream *stream, enum hprpc__arrival arrival);

/* ---- Sending ---- */

/*
 * Begins an element. 0: the writer is in `ret_writer`, and hprpc__stream_send follows; of a short one the lock is held until then.
 * On failure the lock is free: HPRPC_EBUSY, there is no window; HPRPC_EAGAIN, there is no room in the channel; HPRPC_ECLOSED: the stream
 * is over, cut, or the connection is gone; HPRPC_EINVAL, HPRPC_ETOOBIG, HPRPC_ENOMEM. Not under the lock.
 */
int hprpc__stream_begin(struct hprpc__stream *stream, uint64_t size, struct kodosis_writer **ret_writer);

/* Publishes it. HPRPC_EAGAIN: pieces of it wait for room; the turns of the pump, and hprpc__stream_push, send them. HPRPC_EINVAL: it was not written. */
int hprpc__stream_send(struct hprpc__stream *stream);

/*
 * Sends pieces as long as there is room, and window before the first. 0: all are sent; HPRPC_EAGAIN; HPRPC_ECLOSED; HPRPC_ENOMEM: none was sent yet. Where there is no
 * memory for the rest of an element, the connection ends. Under the lock.
 */
int hprpc__stream_push(struct hprpc__stream *stream);

/* Frees the element that is sent in pieces; further ones may go. Under the lock. */
void hprpc__stream_end_pieces(struct hprpc__stream *stream);

/* Sends pieces of all streams that have some, as long as there is room. True: an element is complete, which is to be told. By the pump's owner. */
bool hprpc__streams_push(struct hprpc_controller *controller);

/* Lets short elements wait for those that follow, or no longer; see hprpc_call_cork. Not under the lock. */
void hprpc__stream_cork(struct hprpc__stream *stream, bool corked);

/* Sends elements that wait so. Called where the sender does not go on. Not under the lock. */
void hprpc__stream_flush(struct hprpc__stream *stream);

/*
 * Whether the window has room for the element that `wanted` says. Notes where other streams have taken it: who waits for it is told
 * to look again when they give some back, also if that was not enough before. Under the lock.
 */
static inline enum hprpc__leave hprpc__stream_window(const struct hprpc__stream *stream)
{
    struct hprpc__streams *streams = stream->controller->streams;
    const struct hprpc__sum alone = { 0 };
    enum hprpc__leave leave = hprpc__window_allows(&streams->out, &stream->out, &streams->sum_out, stream->wanted);

    if (KODOSIS_UNLIKELY(leave == HPRPC__LEAVE_NONE) &&
        hprpc__window_allows(&streams->out, &stream->out, &alone, stream->wanted) != HPRPC__LEAVE_NONE)
        streams->crowded = true;
    return leave;
}

/* Says that no element follows, now or after the pieces that wait. Under the lock. */
void hprpc__stream_say_end(struct hprpc__stream *stream);

/* Gives back what the server's quota counts for the stream. Under the lock. */
void hprpc__stream_uncharge(struct hprpc__stream *stream);

/* Whether pieces of an element wait to be sent. Under the lock. */
static inline bool hprpc__stream_has_pieces(const struct hprpc__stream *stream)
{
    return stream->sending.under_way;
}

/* ---- News ---- */

/* Which of the events have come. Under the lock. */
uint32_t hprpc__stream_events(const struct hprpc__stream *stream, uint32_t events);

/* Puts the stream among the news, if a thread or a callback waits for it. Under the lock. */
void hprpc__stream_stir(struct hprpc__stream *stream);

/* A callback that was taken out, and is called once the lock is free; by then the stream may be gone. */
struct hprpc__notice {
    void (*notify)(void *self, uint32_t events); /* NULL: there is none */
    void *self;
    uint32_t events;
};

/* Takes the callback out with all events that it waits for. Under the lock. */
struct hprpc__notice hprpc__stream_take_notice(struct hprpc__stream *stream);

/* Calls it, if there is one. Not under the lock. */
void hprpc__notice_give(const struct hprpc__notice *notice);

/* Registers a callback, and calls it at once if it is due. By the reader, where it waits for elements. HPRPC_EINVAL: one waits already. */
int hprpc__stream_register(struct hprpc__stream *stream, const struct hprpc__notice *notice);

/* Wakes threads and runs callbacks for all that is among the news. Any thread, not under the lock. */
void hprpc__streams_tell(struct hprpc_controller *controller);

/*
 * Does the same at the end of a turn, after everything else, and sends pieces. The last thing that it does is to look for room for them, so
 * the channel's descriptors tell when there is some. By the pump's owner.
 */
void hprpc__streams_end_turn(struct hprpc_controller *controller);

/*
 * Whether a stream that is to be told found no room, and a flush has made some since: if that left nothing to send, no descriptor
 * will tell, and another turn is due. Not under the lock.
 */
bool hprpc__streams_room_has_come(struct hprpc_controller *controller);

#endif
