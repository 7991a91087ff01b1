/* SPDX-License-Identifier: MIT */
/* The fixture of the tests of streams: handlers that block on workers or on threads, or go on in callbacks of the loop. */
#include "rpc/stream/waters.h"

/* ---- One request being served ---- */

struct job {
    struct waters *waters;
    struct hprpc_request *request;
    int procedure;
    uint32_t what;
    uint32_t count, size, sent, steps;
    uint64_t total;
    bool has_item; /* of Chat: an element that is still to be sent back */
    struct kodosis_bytes item;
    uint8_t *data;
};

static struct job *make_job(struct waters *waters, struct hprpc_request *request, int procedure)
{
    struct job *job = calloc(1, sizeof(*job));

    if (!job)
        abort();
    job->waters = waters;
    job->request = request;
    job->procedure = procedure;
    atomic_fetch_add(&waters->jobs, 1);
    return job;
}

/* Sends or reads on. 1: it goes on; 0: nothing is left to do; or why it stopped. */
static int step_watch(struct job *job)
{
    int r;

    if (job->sent == job->count)
        return 0;
    flow_fill(job->sent, job->data, job->size);
    r = flow_request_send(job->request, job->data, job->size);
    if (r < 0)
        return r;
    job->sent++;
    return 1;
}

static int step_upload(struct job *job)
{
    struct kodosis_bytes item;
    int r = flow_request_next(job->request, &item);

    if (r == 1)
        job->total += item.size;
    return r;
}

static int step_chat(struct job *job)
{
    int r;

    if (!job->has_item) {
        r = flow_request_next(job->request, &job->item);
        if (r <= 0)
            return r;
        job->has_item = true;
    }
    r = flow_request_send(job->request, job->item.data, job->item.size);
    if (r < 0)
        return r;
    job->has_item = false;
    return 1;
}

static int step(struct job *job)
{
    int r;

    if (job->what == FAIL && job->steps == 2)
        return HPRPC_EAPPLICATION;
    r = job->procedure == FLOW_WATCH    ? step_watch(job)
        : job->procedure == FLOW_UPLOAD ? step_upload(job)
                                        : step_chat(job);
    job->steps += r == 1;
    return r;
}

static void end_job(struct job *job, int code)
{
    struct waters *waters = job->waters;

    if (code < 0)
        atomic_store(&waters->last_code, code);
    free(job->data);
    free(job);
    atomic_fetch_sub(&waters->jobs, 1);
}

/* Answers, as far as the code leaves that to be done. */
static int answer(struct job *job, int code)
{
    if (code < 0)
        return hprpc_request_fail(job->request, code, "the stream ended early");
    return job->procedure == FLOW_UPLOAD ? flow_upload_reply(job->request, job->total) : flow_reply(job->request);
}

/* ---- The three ways ---- */

/* Does nothing until the test lets it go on, or the caller has given up. */
static void hold(struct job *job)
{
    struct waters *waters = job->waters;

    atomic_fetch_add(&waters->held, 1);
    for (struct patience patience = patience_begin();
         !atomic_load(&waters->released) && !hprpc_request_cancelled(job->request) && try_again(&patience);)
        continue;
    atomic_fetch_sub(&waters->held, 1);
}

static int run_blocking(struct job *job)
{
    int r;

    if (job->what == HOLD && job->procedure != FLOW_WATCH)
        hold(job);
    if (job->what == FLOW && job->procedure != FLOW_UPLOAD)
        assert_int_equal(hprpc_request_cork(job->request, 1), 0);
    while ((r = step(job)) == 1)
        continue;
    if (r == 0 && job->what == HOLD && job->procedure == FLOW_WATCH)
        hold(job);
    if (r == HPRPC_EBUSY) /* a thread that may wait */
        abort();
    return r;
}

static void *run_on_thread(void *argument)
{
    struct job *job = argument;
    int r = run_blocking(job);

    answer(job, r);
    end_job(job, r);
    return NULL;
}

static void go_on(void *self, uint32_t events)
{
    struct job *job = self;
    bool reads = job->procedure == FLOW_UPLOAD || (job->procedure == FLOW_CHAT && !job->has_item);
    int r;

    (void)events;
    while ((r = step(job)) == 1)
        reads = job->procedure == FLOW_UPLOAD || (job->procedure == FLOW_CHAT && !job->has_item);
    if (job->procedure == FLOW_CHAT)
        reads = !job->has_item;
    if (r == HPRPC_EBUSY) {
        r = hprpc_request_notify(job->request, reads ? HPRPC_STREAM_READABLE : HPRPC_STREAM_WRITABLE, go_on, job);
        if (r < 0)
            abort();
        return;
    }
    r = answer(job, r) == HPRPC_EBUSY ? HPRPC_EBUSY : r;
    if (r == HPRPC_EBUSY) { /* pieces of the last element wait for room, and the answer follows them */
        if (hprpc_request_notify(job->request, HPRPC_STREAM_WRITABLE, go_on, job) < 0)
            abort();
        return;
    }
    end_job(job, r);
}

static int serve(struct job *job)
{
    pthread_t thread;
    int r;

    job->data = malloc(job->size + 1);
    if (!job->data)
        abort();
    if (job->waters->serving == INLINE) {
        while ((r = step(job)) == 1)
            continue;
        end_job(job, r);
        return r;
    }
    if (job->waters->serving == ON_WORKERS) {
        r = run_blocking(job);
        if (r < 0)
            hprpc_request_fail(job->request, r, "the stream ended early");
        else if (job->procedure == FLOW_UPLOAD)
            flow_upload_reply(job->request, job->total);
        end_job(job, r);
        return 0; /* where nothing was answered, the end of the stream is the answer */
    }
    if (hprpc_request_defer(job->request) < 0)
        abort();
    if (job->waters->serving == ON_A_THREAD) {
        if (pthread_create(&thread, NULL, run_on_thread, job) || pthread_detach(thread))
            abort();
    } else {
        go_on(job, 0);
    }
    return 0;
}

/* ---- The handlers ---- */

static int watch(void *self, struct hprpc_request *request, uint32_t count, uint32_t size)
{
    struct job *job = make_job(self, request, FLOW_WATCH);

    job->what = count == WATCH_HOLDS ? HOLD : FLOW;
    job->count = count == WATCH_HOLDS ? 1 : count;
    job->size = size;
    return serve(job);
}

static int serve_what(struct job *job, uint32_t what)
{
    job->what = what;
    return serve(job);
}

static int upload(void *self, struct hprpc_request *request, uint32_t what)
{
    return serve_what(make_job(self, request, FLOW_UPLOAD), what);
}

static int chat(void *self, struct hprpc_request *request, uint32_t what)
{
    return serve_what(make_job(self, request, FLOW_CHAT), what);
}

static int plain(void *self, struct hprpc_request *request, uint32_t number)
{
    (void)self;
    return flow_plain_reply(request, number + 1);
}

static const struct flow_handlers handlers = { watch, upload, chat, plain };

/* ---- The fixture ---- */

static void *run(void *argument)
{
    return (void *)(intptr_t)hprpc_server_run(argument);
}

void waters_open(struct waters *waters, const char *uri, enum serving serving,
                 const struct hprpc_server_options *options)
{
    struct hprpc_context_options context = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_server_options server = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };

    memset(waters, 0, sizeof(*waters));
    memory_init(&waters->memory);
    waters->serving = serving;
    context.allocator = memory_allocator(&waters->memory);
    context.transports = fake_transports;
    if (options)
        server = *options;
    server.workers = serving == ON_WORKERS ? 4 : 0;
    assert_int_equal(hprpc_context_new(&context, &waters->context), 0);
    assert_int_equal(hprpc_server_new(waters->context, &server, &waters->server), 0);
    assert_int_equal(hprpc_server_add(waters->server, &flow_interface, &handlers, waters), 0);
    if (hprpc_server_listen(waters->server, uri, &detail) < 0)
        fail_msg("listening: %s", detail.text);
    assert_int_equal(hprpc_server_address(waters->server, 0, waters->uri, sizeof(waters->uri)), 0);
    assert_int_equal(pthread_create(&waters->thread, NULL, run, waters->server), 0);
}

void waters_settle(struct waters *waters)
{
    for (struct patience patience = patience_begin(); atomic_load(&waters->jobs) && try_again(&patience);)
        continue;
}

void waters_close(struct waters *waters)
{
    void *result = NULL;

    waters_settle(waters);
    hprpc_server_stop(waters->server);
    assert_int_equal(pthread_join(waters->thread, &result), 0);
    assert_int_equal((intptr_t)result, 0);
    hprpc_server_free(waters->server);
    hprpc_context_free(waters->context);
    assert_int_equal(atomic_load(&waters->memory.pieces), 0);
    assert_int_equal(atomic_load(&waters->memory.bytes), 0);
}

struct hprpc_client *waters_connect(struct waters *waters, const struct hprpc_client_options *options,
                                    struct flow *ret_flow)
{
    struct hprpc_client *client = NULL;
    struct hprpc_detail detail = { "" };

    if (hprpc_client_connect(waters->context, waters->uri, options, &detail, &client) < 0)
        fail_msg("connecting: %s", detail.text);
    if (flow_bind(client, &detail, ret_flow) < 0)
        fail_msg("binding: %s", detail.text);
    return client;
}
