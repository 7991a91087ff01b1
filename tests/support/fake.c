/* SPDX-License-Identifier: MIT */
/* The channel of the fake transport: two queues under one lock, and checks that its user keeps the contract of channel.h. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <poll.h>

#include "support/fake-inside.h"

enum { TOKEN = 16 }; /* bytes that each end allocates, as a real channel would */

static void breach(const char *what)
{
    fprintf(stderr, "fake: the contract of channel.h was broken: %s\n", what);
    abort();
}

static struct fake_end *enter(struct hprpc_channel *channel)
{
    struct fake_end *end = (struct fake_end *)channel;

    pthread_mutex_lock(&end->link->lock);
    end->looks++;
    return end;
}

static void leave(struct fake_end *end)
{
    pthread_mutex_unlock(&end->link->lock);
}

static void begin_alone(atomic_int *inside, const char *what)
{
    if (atomic_fetch_add(inside, 1))
        breach(what);
}

static void end_alone(atomic_int *inside)
{
    atomic_fetch_sub(inside, 1);
}

static void begin_receiving(struct fake_end *end)
{
    if (end->channel.over)
        breach("a channel was looked at when it was over");
    begin_alone(&end->receiving, "two threads receive");
}

/* ---- Queues ---- */

static void queue_init(struct fake_queue *queue)
{
    *queue = (struct fake_queue){ .last = &queue->first };
}

static void put(struct fake_queue *queue, struct fake_parcel *parcel)
{
    parcel->next = NULL;
    *queue->last = parcel;
    queue->last = &parcel->next;
    queue->count++;
    queue->bytes += parcel->size;
}

struct fake_parcel *fake_take(struct fake_queue *queue)
{
    struct fake_parcel *parcel = queue->first;

    if (!parcel)
        return NULL;
    queue->first = parcel->next;
    if (!queue->first)
        queue->last = &queue->first;
    queue->count--;
    queue->bytes -= parcel->size;
    return parcel;
}

static void destroy(struct fake_parcel *parcel)
{
    if (parcel)
        hprpc_context_release(parcel->context, parcel, sizeof(*parcel) + parcel->size);
}

static void empty(struct fake_queue *queue)
{
    struct fake_parcel *parcel;

    while ((parcel = fake_take(queue)))
        destroy(parcel);
}

/* ---- The way from one end to the other ---- */

void fake_ring(struct fake_end *end)
{
    uint64_t one = 1;

    if (end->bell >= 0 && write(end->bell, &one, sizeof(one)) < 0)
        breach("an eventfd overflowed");
}

static void ring_if_armed(struct fake_end *end)
{
    if (end->armed)
        fake_ring(end);
}

static void record(struct fake_end *end, const struct fake_parcel *parcel)
{
    if (end->record_count == end->record_room) {
        end->record_room = end->record_room ? end->record_room * 2 : 64;
        end->records = realloc(end->records, end->record_room * sizeof(*end->records));
        if (!end->records)
            breach("no memory for records");
    }
    end->records[end->record_count++] = (struct fake_record){ parcel->header, parcel->size, end->channel.corked };
}

static void arrive(struct fake_end *end, struct fake_parcel *parcel)
{
    bool lost = end->closed || (end->drop.count && end->drop.type == parcel->header.type);

    if (!lost) {
        put(&end->arrived, parcel);
        if (!end->held)
            ring_if_armed(end);
        return;
    }
    if (end->drop.count)
        end->drop.count--;
    destroy(parcel);
}

static void note_queued(struct fake_end *end)
{
    uint64_t queued = end->leaving.count ? end->leaving.count + end->leaving.bytes + end->burden : 0;

    hprpc_channel_set_queued(&end->channel, (size_t)queued);
}

/* Sends what may leave. Returns true if nothing is left. */
bool fake_move(struct fake_end *end)
{
    struct fake_parcel *parcel;

    while (!end->stalled && (parcel = fake_take(&end->leaving)))
        arrive(end->peer, parcel);
    note_queued(end);
    return !end->leaving.count;
}

/* Copies a message into memory of neither context: those of the two ends may differ, and end at any time. */
static struct fake_parcel *wrap(struct fake_parcel *parcel)
{
    struct fake_parcel *wrapped = hprpc_context_allocate(NULL, sizeof(*parcel) + parcel->size);

    if (!wrapped)
        breach("no memory for a message");
    memcpy(wrapped, parcel, sizeof(*parcel) + parcel->size);
    wrapped->context = NULL;
    destroy(parcel);
    return wrapped;
}

void fake_post(struct fake_end *end, struct fake_parcel *parcel)
{
    record(end, parcel);
    put(&end->leaving, wrap(parcel));
    if (end->channel.corked)
        note_queued(end);
    else
        fake_move(end);
}

static int code_of(const struct fake_end *end)
{
    if (end->closed)
        return HPRPC_ECLOSED;
    return end->opening == FAKE_REFUSED ? HPRPC_EREFUSED : end->code;
}

static void fail(struct fake_end *end, int code, const char *reason)
{
    if (end->code || end->closed)
        return;
    end->code = hprpc_channel_fail(&end->channel, code, "%s", reason);
    fake_ring(end);
}

/* ---- Sending ---- */

static bool is_full(const struct fake_end *end)
{
    return end->capacity && end->leaving.count + end->peer->arrived.count >= end->capacity;
}

/* True if a sender that got HPRPC_EAGAIN may try again: the link is open, and has room. */
static bool is_fed(const struct fake_end *end)
{
    return end->starved && end->opening == FAKE_OPEN && !is_full(end);
}

static int reserve(struct fake_end *end, const struct hprpc_header *header, uint32_t size)
{
    if (end->open)
        breach("start_call while a reservation is open");
    if (code_of(end))
        return code_of(end);
    if (end->opening != FAKE_OPEN || (hprpc_message_takes_share(header) && is_full(end))) {
        end->starved = true;
        return HPRPC_EAGAIN;
    }
    end->open = hprpc_context_allocate(end->channel.context, sizeof(*end->open) + size);
    if (!end->open)
        return HPRPC_ENOMEM;
    *end->open = (struct fake_parcel){ .header = *header, .size = size, .context = end->channel.context };
    return 0;
}

static int start_call(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size,
                      struct hprpc_reservation *ret_reservation)
{
    struct fake_end *end = enter(channel);
    int r;

    begin_alone(&end->sending, "two threads send");
    r = reserve(end, header, size);
    if (r == 0) {
        kodosis_writer_init(&ret_reservation->writer, end->open->body, size);
        ret_reservation->writer.references = ret_reservation->references;
        ret_reservation->writer.reference_capacity = 4;
        ret_reservation->size = size;
        ret_reservation->token[0] = (uintptr_t)end->open;
    }
    end_alone(&end->sending);
    leave(end);
    return r;
}

static struct fake_parcel *take_open(struct fake_end *end, const struct hprpc_reservation *reservation)
{
    struct fake_parcel *parcel = end->open;

    if (!parcel || (uintptr_t)parcel != reservation->token[0])
        breach("a reservation that is not the open one");
    end->open = NULL;
    return parcel;
}

static void fetch_references(const struct hprpc_reservation *reservation)
{
    for (uint32_t i = 0; i < reservation->writer.reference_count; i++) {
        const struct kodosis_reference *reference = &reservation->writer.references[i];

        memcpy(reference->place, reference->data, reference->size);
    }
}

static int end_call(struct hprpc_channel *channel, struct hprpc_reservation *reservation)
{
    struct fake_end *end = enter(channel);
    struct fake_parcel *parcel;
    int r = code_of(end);

    begin_alone(&end->sending, "two threads send");
    parcel = take_open(end, reservation);
    if (reservation->writer.cursor != reservation->writer.end)
        breach("a message that was not written to its end");
    if (r == 0) {
        fetch_references(reservation);
        fake_post(end, parcel);
    } else {
        destroy(parcel);
    }
    end_alone(&end->sending);
    leave(end);
    return r;
}

static void cancel_call(struct hprpc_channel *channel, struct hprpc_reservation *reservation)
{
    struct fake_end *end = enter(channel);

    destroy(take_open(end, reservation));
    leave(end);
}

static int flush(struct hprpc_channel *channel)
{
    struct fake_end *end = enter(channel);
    int r;

    begin_alone(&end->sending, "two threads send");
    r = code_of(end);
    if (r == 0)
        r = fake_move(end) ? 0 : HPRPC_EAGAIN;
    end_alone(&end->sending);
    leave(end);
    return r;
}

/* ---- Receiving ---- */

static struct fake_parcel *next_message(struct fake_end *end, int *ret_code)
{
    struct fake_parcel *parcel = NULL;

    *ret_code = 0;
    if (end->given)
        breach("a message that must not be kept was kept beyond the next receive");
    if (!end->closed && !end->held)
        parcel = fake_take(&end->arrived);
    if (!parcel)
        *ret_code = code_of(end);
    return parcel;
}

static void give(struct fake_end *end, struct fake_parcel *parcel, struct hprpc_message *ret_message)
{
    parcel->lent = true;
    parcel->lendable = end->lendable;
    end->lent++;
    if (!parcel->lendable)
        end->given = parcel;
    *ret_message = (struct hprpc_message){
        .header = parcel->header,
        .body = parcel->body,
        .size = parcel->size,
        .lendable = parcel->lendable,
        .followed = end->arrived.count > 0,
        .token = { (uintptr_t)parcel },
    };
    /* the other end may wait for this room */
    if (end->peer->starved)
        ring_if_armed(end->peer);
}

static int receive(struct hprpc_channel *channel, struct hprpc_message *ret_message)
{
    struct fake_end *end = enter(channel);
    struct fake_parcel *parcel;
    int r;

    begin_receiving(end);
    if (is_fed(end))
        end->starved = false;
    parcel = end->needs_memory && end->arrived.count ? NULL : next_message(end, &r);
    if (end->needs_memory && end->arrived.count)
        r = HPRPC_ENOMEM;
    end->drains |= end->was_armed && !parcel;
    end->was_armed = false;
    if (parcel && parcel->size > channel->receive_limit) {
        destroy(parcel);
        fail(end, HPRPC_EPROTOCOL, "a message over the limit");
        parcel = NULL;
        r = code_of(end);
    }
    if (parcel) {
        give(end, parcel, ret_message);
        r = 1;
    }
    end_alone(&end->receiving);
    leave(end);
    return r;
}

static void release(struct hprpc_channel *channel, struct hprpc_message *message)
{
    struct fake_end *end = enter(channel);
    struct fake_parcel *parcel = (struct fake_parcel *)message->token[0];

    if (!parcel || !parcel->lent || !end->lent)
        breach("a message was released that was not out");
    parcel->lent = false;
    end->lent--;
    if (end->given == parcel)
        end->given = NULL;
    message->token[0] = 0;
    leave(end);
    destroy(parcel);
}

/* ---- Sleeping ---- */

static size_t watch(struct hprpc_channel *channel, struct hprpc_watch *ret_watches)
{
    struct fake_end *end = enter(channel);

    ret_watches[0] = (struct hprpc_watch){ .fd = end->bell, .events = POLLIN, .edge = end->edge };
    leave(end);
    return !end->silent;
}

static void quieten(struct fake_end *end)
{
    uint64_t count;

    if ((!end->edge || end->drains) && read(end->bell, &count, sizeof(count)) < 0)
        return;
}

static bool arm(struct hprpc_channel *channel)
{
    struct fake_end *end = enter(channel);
    bool busy;

    begin_receiving(end);
    quieten(end);
    end->armed = true;
    busy = (end->arrived.count && !end->held) || code_of(end) || (end->leaving.count && !end->stalled) || is_fed(end);
    end_alone(&end->receiving);
    leave(end);
    return busy;
}

static void disarm(struct hprpc_channel *channel)
{
    struct fake_end *end = enter(channel);

    begin_receiving(end);
    end->was_armed = end->armed;
    end->armed = false;
    end_alone(&end->receiving);
    leave(end);
}

/* ---- The end of an end ---- */

static void shut(struct fake_end *end)
{
    if (end->closed)
        return;
    end->closed = true;
    fake_ring(end);
    fail(end->peer, HPRPC_EPEERDIED, "the other side went away");
}

static void close_bell(struct fake_end *end)
{
    if (end->bell >= 0)
        close(end->bell);
    end->bell = -1;
}

static void close_end(struct hprpc_channel *channel)
{
    struct fake_end *end = enter(channel);

    begin_alone(&end->sending, "two threads send");
    shut(end);
    if (channel->over)
        close_bell(end);
    end_alone(&end->sending);
    leave(end);
}

static void describe(struct hprpc_channel *channel, struct hprpc_peer *ret_peer)
{
    *ret_peer = (struct hprpc_peer){ .transport = "fake", .pid = getpid(), .uid = -1, .gid = -1 };
    snprintf(ret_peer->address, sizeof(ret_peer->address), "the other end of %p", (void *)channel);
}

static void free_link(struct fake_link *link)
{
    for (int i = 0; i < 2; i++)
        free(link->ends[i].records);
    pthread_mutex_destroy(&link->lock);
    free(link);
}

void fake_end_drop(struct fake_end *end)
{
    struct fake_link *link = end->link;
    unsigned users;

    pthread_mutex_lock(&link->lock);
    shut(end); /* after this, no other end can fail it */
    hprpc_channel_clear(&end->channel);
    empty(&end->arrived);
    empty(&end->leaving);
    close_bell(end);
    users = --link->users;
    pthread_mutex_unlock(&link->lock);
    if (!users)
        free_link(link);
}

static void free_end(struct hprpc_channel *channel)
{
    struct fake_end *end = enter(channel);
    bool lent = end->lent, open = end->open;

    leave(end);
    if (lent)
        breach("a channel was freed while messages were out");
    if (open)
        breach("a channel was freed while a reservation was open");
    hprpc_context_release(channel->context, end->token, TOKEN);
    fake_end_drop(end);
}

const struct hprpc_channel_ops fake_ops = {
    .start_call = start_call,
    .end_call = end_call,
    .cancel_call = cancel_call,
    .flush = flush,
    .receive = receive,
    .release = release,
    .watch = watch,
    .arm = arm,
    .disarm = disarm,
    .close = close_end,
    .free = free_end,
    .describe = describe,
};

/* ---- Making ---- */

struct fake_link *fake_link_new(void)
{
    struct fake_link *link = calloc(1, sizeof(*link));

    if (!link || pthread_mutex_init(&link->lock, NULL))
        abort();
    link->users = 2;
    for (int i = 0; i < 2; i++) {
        struct fake_end *end = &link->ends[i];

        end->link = link;
        end->peer = &link->ends[1 - i];
        end->opening = i ? FAKE_OPEN : FAKE_WAITS;
        end->lendable = true;
        end->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (end->bell < 0)
            abort();
        queue_init(&end->arrived);
        queue_init(&end->leaving);
    }
    return link;
}

int fake_put_under(struct fake_end *end, struct hprpc_context *context, const struct hprpc_uri *uri,
                   struct hprpc_detail *detail)
{
    enum hprpc_wait wait;
    int r = hprpc_uri_wait(uri, detail, &wait);

    if (r < 0)
        return r;
    /* the other side may have come and gone already */
    pthread_mutex_lock(&end->link->lock);
    r = fake_configure(end, uri, detail);
    if (r == 0) {
        end->token = hprpc_context_allocate(context, TOKEN);
        if (!end->token)
            r = hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for an end of a link");
    }
    hprpc_channel_clear(&end->channel); /* clears the reason that the other side left; it is noted again below */
    if (r == 0)
        r = hprpc_channel_init(&end->channel, &fake_ops, context, wait);
    if (r == 0 && end->code)
        hprpc_channel_fail(&end->channel, end->code, "the other side went away before it was let in");
    pthread_mutex_unlock(&end->link->lock);
    return r;
}
