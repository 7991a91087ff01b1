/* SPDX-License-Identifier: MIT */
/* The workers: their queues, their threads, and nested requests inside handlers that wait. */
#include "rpc/serve/workers.h"

#include "rpc/connection/waiters.h"

struct worker {
    struct hprpc__workers *workers;
    struct hprpc__thread thread;
    struct hprpc_request *request; /* the innermost one that it runs */
    bool waits;                    /* that handler waits on its connection, so the worker may run nested requests */
    enum { UNUSED, LIVE, ENDED } state;
};

struct queue {
    struct hprpc__list requests;
    uint32_t length;
};

struct hprpc__workers {
    struct hprpc_context *context;
    uint32_t count;
    uint64_t idle_ns;
    struct hprpc__mutex lock; /* of all that follows */
    struct hprpc__condition work;
    struct queue plain, nested;
    uint32_t live, idle;
    uint32_t nesting; /* workers that took a nested request from the queue */
    uint32_t waiting; /* workers that wait inside handlers */
    bool took_nested; /* the last request was taken from `nested` */
    bool stop;
    struct worker threads[];
};

static size_t size_of(uint32_t count)
{
    return sizeof(struct hprpc__workers) + count * sizeof(struct worker);
}

int hprpc__workers_new(struct hprpc_context *context, uint32_t count, uint64_t idle_ns,
                       struct hprpc__workers **ret_workers)
{
    struct hprpc__workers *workers = hprpc_context_allocate(context, size_of(count));

    if (!workers)
        return HPRPC_ENOMEM;
    memset(workers, 0, size_of(count));
    workers->context = context;
    workers->count = count;
    workers->idle_ns = idle_ns;
    hprpc__mutex_init(&workers->lock);
    hprpc__condition_init(&workers->work);
    *ret_workers = workers;
    return 0;
}

/* ---- The queues ---- */

static void push(struct queue *queue, struct hprpc_request *request)
{
    hprpc__list_append(&queue->requests, &request->link);
    queue->length++;
}

/* Takes the first request out; NULL where there is none. */
static struct hprpc_request *pop(struct queue *queue)
{
    struct hprpc_request *request = hprpc__request_of(hprpc__list_take(&queue->requests));

    queue->length -= request != NULL;
    return request;
}

/*
 * Nested requests leave one worker to the others, not counting those that wait inside handlers, which may run nested ones as
 * well. Where there is one worker alone, they take turns.
 */
static bool takes_nested(const struct hprpc__workers *workers)
{
    if (!workers->nested.length)
        return false;
    if (workers->count == 1)
        return !workers->plain.length || !workers->took_nested;
    return workers->nesting + workers->waiting + 1 < workers->count;
}

static struct hprpc_request *take(struct hprpc__workers *workers, bool *ret_nested)
{
    hprpc__assert_locked(&workers->lock);
    *ret_nested = takes_nested(workers);
    workers->took_nested = *ret_nested;
    return pop(*ret_nested ? &workers->nested : &workers->plain);
}

/* ---- The threads ---- */

/* Runs the worker's request; takes the lock again. False in a child of fork: the lock is not taken. */
static bool run_taken(struct worker *worker, bool nested)
{
    struct hprpc__workers *workers = worker->workers;
    struct hprpc_request *request = worker->request;

    hprpc__assert_locked(&workers->lock);
    workers->nesting += nested; /* `nested` is false where the request runs inside another handler */
    hprpc__mutex_unlock(&workers->lock);
    if (!hprpc__request_run_shared(request))
        return false;
    hprpc__mutex_lock(&workers->lock);
    workers->nesting -= nested;
    /* other threads look at `request` through the worker, so the worker lets go of it before it may be freed */
    worker->request = request->outer;
    hprpc__mutex_unlock(&workers->lock);
    hprpc__request_leave_shared(request);
    hprpc__mutex_lock(&workers->lock);
    return true;
}

/* Sleeps until there may be work. False: there was no work for so long that the thread must end. */
static bool wait_for_work(struct hprpc__workers *workers, uint64_t *idle_since)
{
    uint64_t now = hprpc_context_now(workers->context);

    hprpc__assert_locked(&workers->lock);
    if (!*idle_since)
        *idle_since = now;
    if (now - *idle_since >= workers->idle_ns)
        return false;
    workers->idle++;
    hprpc__condition_wait(&workers->work, &workers->lock, workers->idle_ns - (now - *idle_since));
    workers->idle--;
    return true;
}

/* Takes the handle of a thread that has ended, to join it, and frees its place. False: there is none. */
static bool take_ended(struct hprpc__workers *workers, struct hprpc__thread *ret_thread)
{
    hprpc__assert_locked(&workers->lock);
    for (uint32_t i = 0; i < workers->count; i++) {
        if (workers->threads[i].state != ENDED)
            continue;
        workers->threads[i].state = UNUSED;
        *ret_thread = workers->threads[i].thread;
        return true;
    }
    return false;
}

/* Ends a worker. It joins the thread that ended before it, so at most one thread waits to be joined. */
static void end(struct worker *worker)
{
    struct hprpc__workers *workers = worker->workers;
    struct hprpc__thread former;
    bool joins = !workers->stop && take_ended(workers, &former);

    worker->state = ENDED;
    workers->live--;
    hprpc__mutex_unlock(&workers->lock);
    if (joins)
        hprpc__thread_join(&former);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct hprpc__workers *workers = worker->workers;
    uint64_t idle_since = 0;
    bool nested, stays = true;

    hprpc__mutex_lock(&workers->lock);
    while (!workers->stop && stays) {
        worker->request = take(workers, &nested);
        if (worker->request) {
            worker->request->outer = NULL;
            if (!run_taken(worker, nested))
                return NULL;
            idle_since = 0;
        } else {
            stays = wait_for_work(workers, &idle_since);
        }
    }
    end(worker);
    return NULL;
}

static void start_one(struct hprpc__workers *workers)
{
    struct worker *worker = workers->threads;

    hprpc__assert_locked(&workers->lock);
    while (worker->state != UNUSED)
        worker++;
    *worker = (struct worker){ .workers = workers };
    if (hprpc__thread_start(&worker->thread, work, worker) < 0)
        return;
    worker->state = LIVE;
    workers->live++;
}

/* ---- Handing over ---- */

static bool nests_in(const struct hprpc_request *request, const struct hprpc_request *outer)
{
    return request->controller == outer->controller && request->header.depth > outer->header.depth;
}

/* Whether a handler runs that the request may nest in: only then must the request not wait behind those that do not nest. */
static bool has_outer(struct hprpc__workers *workers, const struct hprpc_request *request)
{
    bool found = false;

    hprpc__assert_locked(&workers->lock);
    for (uint32_t i = 0; i < workers->count && !found; i++) {
        for (struct hprpc_request *outer = workers->threads[i].request; outer && !found; outer = outer->outer)
            found = nests_in(request, outer);
    }
    return found;
}

bool hprpc__workers_submit(struct hprpc__workers *workers, struct hprpc_request *request, bool nested)
{
    struct hprpc_controller *controller = request->controller;
    struct hprpc__thread former;
    bool served, joins;

    hprpc__mutex_lock(&workers->lock);
    nested = nested && has_outer(workers, request);
    /* frees a place for start_one */
    joins = take_ended(workers, &former);
    if (workers->idle <= workers->plain.length + workers->nested.length && workers->live < workers->count)
        start_one(workers);
    served = workers->live > 0;
    if (served) {
        push(nested ? &workers->nested : &workers->plain, request);
        hprpc__condition_signal(&workers->work);
    }
    hprpc__mutex_unlock(&workers->lock);
    /* an idle worker may take another request first, or be reserved for those that do not nest, so a waiting handler may have to */
    if (served && nested)
        hprpc__pump_wake_helpers(&controller->pump);
    if (joins)
        hprpc__thread_join(&former);
    return served;
}

/* ---- On a worker's thread ---- */

/* The worker that the calling thread is, or NULL. */
static struct worker *myself(struct hprpc__workers *workers)
{
    hprpc__assert_locked(&workers->lock);
    for (uint32_t i = 0; i < workers->count; i++) {
        if (workers->threads[i].state == LIVE && hprpc__thread_is_self(&workers->threads[i].thread))
            return &workers->threads[i];
    }
    return NULL;
}

struct hprpc_request *hprpc__workers_running(struct hprpc__workers *workers)
{
    struct hprpc_request *request;
    struct worker *worker;

    hprpc__mutex_lock(&workers->lock);
    worker = myself(workers);
    request = worker ? worker->request : NULL;
    hprpc__mutex_unlock(&workers->lock);
    return request;
}

/* The first request of the queue that may run inside the handler of `outer`; NULL where there is none. */
static struct hprpc_request *find_nested(struct hprpc__workers *workers, const struct hprpc_request *outer)
{
    struct hprpc_request *request = hprpc__request_of(workers->nested.requests.first);

    hprpc__assert_locked(&workers->lock);
    while (request && !nests_in(request, outer))
        request = hprpc__request_of(request->link.next);
    return request;
}

bool hprpc__workers_has_nested(struct hprpc__workers *workers, const struct hprpc_request *outer)
{
    bool has;

    hprpc__mutex_lock(&workers->lock);
    has = find_nested(workers, outer);
    hprpc__mutex_unlock(&workers->lock);
    return has;
}

bool hprpc__workers_run_nested(struct hprpc__workers *workers, struct hprpc_request *outer)
{
    struct hprpc_request *request;
    struct worker *worker;

    hprpc__mutex_lock(&workers->lock);
    request = find_nested(workers, outer);
    if (request) {
        hprpc__list_remove(&workers->nested.requests, &request->link);
        workers->nested.length--;
        worker = myself(workers);
        request->outer = outer;
        worker->request = request;
        if (!run_taken(worker, false))
            return true;
    }
    hprpc__mutex_unlock(&workers->lock);
    return request != NULL;
}

void hprpc__workers_set_waiting(struct hprpc__workers *workers, bool waits)
{
    struct worker *worker;

    hprpc__mutex_lock(&workers->lock);
    worker = myself(workers);
    if (worker->waits != waits)
        workers->waiting += waits ? 1u : UINT32_MAX;
    worker->waits = waits;
    hprpc__mutex_unlock(&workers->lock);
}

/* ---- The end ---- */

static struct hprpc_request *take_left(struct hprpc__workers *workers)
{
    struct hprpc_request *request;

    hprpc__mutex_lock(&workers->lock);
    request = pop(workers->nested.length ? &workers->nested : &workers->plain);
    hprpc__mutex_unlock(&workers->lock);
    return request;
}

static void join(struct hprpc__workers *workers, const struct worker *worker)
{
    bool used;

    hprpc__mutex_lock(&workers->lock);
    used = worker->state != UNUSED;
    hprpc__mutex_unlock(&workers->lock);
    if (used)
        hprpc__thread_join((struct hprpc__thread *)&worker->thread);
}

void hprpc__workers_free(struct hprpc__workers *workers)
{
    struct hprpc_request *request;

    if (!workers)
        return;
    hprpc__mutex_lock(&workers->lock);
    workers->stop = true;
    hprpc__condition_broadcast(&workers->work);
    hprpc__mutex_unlock(&workers->lock);
    /* an UNUSED place stays so from now on: no request is submitted, and a worker that ends joins no other */
    for (uint32_t i = 0; i < workers->count; i++)
        join(workers, &workers->threads[i]);
    while ((request = take_left(workers)))
        hprpc__request_drop_shared(request);
    hprpc_context_release(workers->context, workers, size_of(workers->count));
}
