/* SPDX-License-Identifier: MIT */
/*
 * The service Stream. What a request does is a task: a function that goes on until the task is over or would have to wait. On a
 * worker and on a thread of its own it waits inside. On the pumping thread it is told HPRPC_EBUSY, and
 * hprpc_request_notify calls it again.
 */
#include "conformance/hall.h"

enum { THREADS_STEP = 64 };

/* Who goes on with a task that would have to wait: the thread that registers it, or the one that is notified. */
enum hold {
    REGISTERING,
    WAITING,
    NOTIFIED,
};

struct task {
    struct streams *streams;
    struct hprpc_request *request;
    int (*step)(
        struct task *task); /* HPRPC_EBUSY if it would have to wait for `events`; 0 if the request is answered */
    uint32_t events;
    atomic_int hold;
    uint32_t count, size, at;
    bool refuse, taken, ended;
    uint64_t sum;
    struct conform_record record;
};

/* ---- What tasks do ---- */

static int refuse(struct task *task, const char *why, uint32_t code)
{
    struct conform_refused refused = { .why = kodosis_str(why), .code = (int32_t)code };

    return conform_refused_raise(task->request, &refused);
}

static int wait_for(struct task *task, uint32_t events, int r)
{
    if (r == HPRPC_EBUSY)
        task->events = events;
    return r;
}

static int watch(struct task *task)
{
    for (; task->at < task->count; task->at++) {
        struct conform_sample sample = { .number = task->at, .value = task->at / 2.0 };
        int r = conform_stream_watch_send(task->request, &sample);

        if (r < 0)
            return wait_for(task, HPRPC_STREAM_WRITABLE, r);
    }
    return task->refuse ? refuse(task, "as you wished", task->count) : conform_stream_watch_reply(task->request);
}

static int read_parts(struct task *task)
{
    for (; task->at < task->count; task->at++) {
        uint8_t *data = stream_part(task->size, task->at);
        int r = conform_stream_read_send(task->request, suite_bytes(data, task->size));

        free(data);
        if (r < 0)
            return wait_for(task, HPRPC_STREAM_WRITABLE, r);
    }
    /* pieces of the last one may be on their way still */
    return wait_for(task, HPRPC_STREAM_WRITABLE, conform_stream_read_reply(task->request));
}

static int upload(struct task *task)
{
    struct kodosis_bytes part;
    int r;

    while ((r = conform_stream_upload_next(task->request, &part)) == 1) {
        if (task->at == task->count)
            return refuse(task, "one too many", task->at);
        if (!stream_part_is_right(part, task->at))
            return refuse(task, "not the right bytes", task->at);
        task->at++;
        task->sum += part.size;
    }
    return r < 0 ? wait_for(task, HPRPC_STREAM_READABLE, r) : conform_stream_upload_reply(task->request, task->sum);
}

static int add(struct task *task)
{
    int64_t value;
    int r;

    while ((r = conform_stream_add_next(task->request, &value)) == 1)
        task->sum += (uint64_t)value;
    return r < 0 ? wait_for(task, HPRPC_STREAM_READABLE, r)
                 : conform_stream_add_reply(task->request, (int64_t)task->sum);
}

/* Takes a record unless one is still to be sent. Its views live until the next one is taken. */
static int take_record(struct task *task)
{
    int r = task->taken ? 1 : conform_stream_mirror_request_next(task->request, &task->record);

    task->taken = r == 1;
    return wait_for(task, HPRPC_STREAM_READABLE, r);
}

static int give_record(struct task *task)
{
    int r;

    task->record.sum = (int64_t)task->record.tags.count;
    r = conform_stream_mirror_request_send(task->request, &task->record);
    if (r == 0 && strcmp(task->record.name.data, "last") == 0) {
        task->ended = true;
        r = hprpc_request_end(task->request);
    }
    return wait_for(task, HPRPC_STREAM_WRITABLE, r);
}

static int mirror(struct task *task)
{
    int r;

    while ((r = take_record(task)) == 1) {
        if (strcmp(task->record.name.data, "refuse") == 0)
            return refuse(task, "as you wished", task->at);
        r = task->ended ? 0 : give_record(task);
        if (r < 0)
            return r;
        task->taken = false;
        task->at++;
    }
    return r < 0 ? r : conform_stream_mirror_reply(task->request);
}

static int count_on(struct task *task)
{
    int r;

    while ((r = conform_stream_endless_send(task->request, (int64_t)task->sum)) == 0)
        task->sum++;
    return wait_for(task, HPRPC_STREAM_WRITABLE, r);
}

/* ---- How a task goes on ---- */

/* The request is answered, or the caller is gone. The last statement that touches the task: its memory is the request's. */
static void note_end(struct streams *streams, int r)
{
    if (r < 0) {
        atomic_store(&streams->code, r);
        atomic_fetch_add(&streams->given_up, 1);
    }
    atomic_fetch_add(&streams->over, 1);
}

static void notified(void *self, uint32_t events);

/* Runs a deferred task until it is over, or waits to be notified. A notification may come while it is being asked for. */
static void go_on(struct task *task)
{
    struct streams *streams = task->streams;
    struct hprpc_request *request = task->request;
    int expected, r;

    while ((r = task->step(task)) == HPRPC_EBUSY) {
        atomic_fetch_add(&streams->waits, 1);
        atomic_store(&task->hold, REGISTERING);
        r = hprpc_request_notify(request, task->events, notified, task);
        if (r < 0)
            break;
        expected = REGISTERING;
        if (atomic_compare_exchange_strong(&task->hold, &expected, WAITING))
            return;
    }
    if (r < 0)
        hprpc_request_fail(request, r, NULL);
    note_end(streams, r);
}

static void notified(void *self, uint32_t events)
{
    struct task *task = self;

    (void)events;
    if (atomic_exchange(&task->hold, NOTIFIED) == WAITING)
        go_on(task);
}

static void *run_deferred(void *argument)
{
    go_on(argument);
    return NULL;
}

static int start_inline(struct task *task)
{
    struct streams *streams = task->streams;
    int r = task->step(task);

    if (r == HPRPC_EBUSY) {
        atomic_fetch_add(&streams->refusals, 1);
        r = hprpc_request_defer(task->request);
        if (r == 0) {
            go_on(task);
            return 0;
        }
    }
    note_end(streams, r);
    return r;
}

/* Threads are joined when the state is cleared: each is done soon after its request is over. */
static int start_deferred(struct task *task)
{
    struct streams *streams = task->streams;
    int r = hprpc_request_defer(task->request);

    if (r < 0)
        return r;
    pthread_mutex_lock(&streams->lock);
    if (streams->thread_count % THREADS_STEP == 0) {
        streams->threads =
            realloc(streams->threads, (streams->thread_count + THREADS_STEP) * sizeof(*streams->threads));
        assert_non_null(streams->threads);
    }
    assert_int_equal(pthread_create(&streams->threads[streams->thread_count++], NULL, run_deferred, task), 0);
    pthread_mutex_unlock(&streams->lock);
    return 0;
}

static int start(struct streams *streams, struct hprpc_request *request, const struct task *wanted)
{
    struct task *task = hprpc_request_allocate(request, sizeof(*task));
    int r;

    if (!task)
        return HPRPC_ENOMEM;
    *task = *wanted;
    task->streams = streams;
    task->request = request;
    atomic_fetch_add(&streams->started, 1);
    if (streams->way == STREAM_INLINE)
        return start_inline(task);
    if (streams->way == STREAM_DEFERRED)
        return start_deferred(task);
    r = task->step(task);
    note_end(streams, r);
    return r;
}

/* ---- The handlers ---- */

static int start_watch(void *self, struct hprpc_request *request, uint32_t count, bool refuse_it)
{
    return start(self, request, &(struct task){ .step = watch, .count = count, .refuse = refuse_it });
}

static int start_read(void *self, struct hprpc_request *request, uint32_t count, uint32_t size)
{
    return start(self, request, &(struct task){ .step = read_parts, .count = count, .size = size });
}

static int start_upload(void *self, struct hprpc_request *request, uint32_t most)
{
    return start(self, request, &(struct task){ .step = upload, .count = most });
}

static int start_add(void *self, struct hprpc_request *request)
{
    return start(self, request, &(struct task){ .step = add });
}

static int start_mirror(void *self, struct hprpc_request *request)
{
    return start(self, request, &(struct task){ .step = mirror });
}

static int start_endless(void *self, struct hprpc_request *request)
{
    return start(self, request, &(struct task){ .step = count_on });
}

/* Keeps the request without a look at it. */
static int hold(void *self, struct hprpc_request *request)
{
    struct streams *streams = self;
    unsigned at;
    int r;

    pthread_mutex_lock(&streams->lock);
    at = atomic_load(&streams->held_count);
    r = at == HELD_MAX ? HPRPC_EBUSY : hprpc_request_defer(request);
    if (r == 0) {
        atomic_fetch_add(&streams->started, 1);
        streams->held[at] = request;
        atomic_store(&streams->held_count, at + 1);
    }
    pthread_mutex_unlock(&streams->lock);
    return r;
}

/* Runs on a worker: it waits for the caller. */
static int turn(void *self, struct hprpc_request *request, uint32_t count)
{
    struct hprpc_client *caller = hprpc_controller_client(hprpc_request_controller(request));
    struct hprpc_call call = stream_call();
    struct conform_stream_proxy proxy;
    struct conform_sample sample;
    uint32_t came = 0;
    int r = conform_stream_bind(caller, NULL, &proxy);

    (void)self;
    if (r == 0)
        r = conform_stream_watch_start(&proxy, &call, count, false);
    while (r >= 0 && (r = conform_stream_watch_next(&call, &sample)) == 1)
        came += sample.number == came;
    if (r == 0)
        r = conform_stream_watch_finish(&call);
    hprpc_call_clear(&call);
    return r < 0 ? r : conform_stream_turn_reply(request, came);
}

const struct conform_stream_service stream_service = {
    .watch = start_watch,
    .read = start_read,
    .upload = start_upload,
    .add = start_add,
    .mirror = start_mirror,
    .endless = start_endless,
    .hold = hold,
    .turn = turn,
};

/* ---- Its state ---- */

void streams_init(struct streams *streams, enum stream_way way)
{
    memset(streams, 0, sizeof(*streams));
    streams->way = way;
    pthread_mutex_init(&streams->lock, NULL);
}

void streams_release(struct streams *streams)
{
    unsigned count;

    pthread_mutex_lock(&streams->lock);
    count = atomic_exchange(&streams->held_count, 0);
    for (unsigned i = 0; i < count; i++) {
        conform_stream_hold_reply(streams->held[i]);
        atomic_fetch_add(&streams->over, 1);
    }
    pthread_mutex_unlock(&streams->lock);
}

void streams_clear(struct streams *streams)
{
    struct patience patience = patience_begin();

    /* the request of a client that has died may come as late as this */
    do
        streams_release(streams);
    while (atomic_load(&streams->over) < atomic_load(&streams->started) && try_again(&patience));
    assert_int_equal(atomic_load(&streams->over), atomic_load(&streams->started));
    /* under the lock: the loop's thread may still be starting the last one, whose request is over */
    pthread_mutex_lock(&streams->lock);
    for (size_t i = 0; i < streams->thread_count; i++)
        assert_int_equal(pthread_join(streams->threads[i], NULL), 0);
    pthread_mutex_unlock(&streams->lock);
    free(streams->threads);
    streams->threads = NULL;
    streams->thread_count = 0;
}
