#include "rpc/serve/workers.h"

struct worker {
    struct group *group;
    struct hprpc__thread thread;
    struct hprpc_request *request; /* group's lock: what it runs */
};

/* The threads of one depth. */
struct group {
    struct hprpc__workers *workers;
    struct hprpc__mutex lock;
    struct hprpc__condition work;
    struct hprpc_request *first, *last;
    uint32_t started, idle;
    bool stop;
    struct worker *threads;
};

struct hprpc__workers {
    struct hprpc_context *context;
    uint32_t count, depths;
    struct group groups[];
};

static size_t size_of(uint32_t depths)
{
    return sizeof(struct hprpc__workers) + depths * sizeof(struct group);
}

int hprpc__workers_new(struct hprpc_context *context, uint32_t count, uint32_t depths,
                       struct hprpc__workers **ret_workers)
{
    struct hprpc__workers *workers = hprpc_context_allocate(context, size_of(depths));

    if (!workers)
        return HPRPC_ENOMEM;
    memset(workers, 0, size_of(depths));
    workers->context = context;
    workers->count = count;
    workers->depths = depths;
    for (uint32_t i = 0; i < depths; i++) {
        workers->groups[i].workers = workers;
        hprpc__mutex_init(&workers->groups[i].lock);
        hprpc__condition_init(&workers->groups[i].work);
    }
    *ret_workers = workers;
    return 0;
}

/* Under the group's lock, as all that follows about its queue. */
static struct hprpc_request *pop(struct group *group)
{
    struct hprpc_request *request = group->first;

    hprpc__assert_locked(&group->lock);
    if (request)
        group->first = request->next;
    return request;
}

static void push(struct group *group, struct hprpc_request *request)
{
    hprpc__assert_locked(&group->lock);
    request->next = NULL;
    if (group->first)
        group->last->next = request;
    else
        group->first = request;
    group->last = request;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct group *group = worker->group;

    hprpc__mutex_lock(&group->lock);
    while (!group->stop) {
        worker->request = pop(group);
        if (!worker->request) {
            group->idle++;
            hprpc__condition_wait(&group->work, &group->lock, HPRPC__NEVER);
            group->idle--;
            continue;
        }
        hprpc__mutex_unlock(&group->lock);
        hprpc__request_run_shared(worker->request);
        hprpc__mutex_lock(&group->lock);
        worker->request = NULL;
    }
    hprpc__mutex_unlock(&group->lock);
    return NULL;
}

/* Under the group's lock. */
static void start_one(struct group *group)
{
    struct hprpc__workers *workers = group->workers;
    struct worker *worker;

    hprpc__assert_locked(&group->lock);
    if (!group->threads) {
        group->threads = hprpc_context_allocate(workers->context, workers->count * sizeof(*group->threads));
        if (!group->threads)
            return;
    }
    worker = &group->threads[group->started];
    *worker = (struct worker){ .group = group };
    if (hprpc__thread_start(&worker->thread, work, worker) == 0)
        group->started++;
}

static uint32_t length(const struct group *group)
{
    uint32_t count = 0;

    hprpc__assert_locked(&group->lock);
    for (const struct hprpc_request *request = group->first; request && count <= group->idle; request = request->next)
        count++;
    return count;
}

bool hprpc__workers_submit(struct hprpc__workers *workers, struct hprpc_request *request)
{
    uint32_t depth = request->header.depth;
    struct group *group = &workers->groups[depth < workers->depths ? depth : workers->depths - 1];
    bool served;

    hprpc__mutex_lock(&group->lock);
    if (group->started < workers->count && length(group) >= group->idle)
        start_one(group);
    served = group->started > 0;
    if (served) {
        push(group, request);
        hprpc__condition_signal(&group->work);
    }
    hprpc__mutex_unlock(&group->lock);
    return served;
}

static struct hprpc_request *running_in(struct group *group)
{
    struct hprpc_request *request = NULL;

    hprpc__mutex_lock(&group->lock);
    for (uint32_t i = 0; i < group->started && !request; i++) {
        if (hprpc__thread_is_self(&group->threads[i].thread))
            request = group->threads[i].request;
    }
    hprpc__mutex_unlock(&group->lock);
    return request;
}

struct hprpc_request *hprpc__workers_running(struct hprpc__workers *workers)
{
    struct hprpc_request *request = NULL;

    for (uint32_t i = 0; i < workers->depths && !request; i++)
        request = running_in(&workers->groups[i]);
    return request;
}

static void tell_group(struct group *group)
{
    hprpc__mutex_lock(&group->lock);
    group->stop = true;
    hprpc__condition_broadcast(&group->work);
    hprpc__mutex_unlock(&group->lock);
}

/* The same by a thread that does not hold the lock. */
static struct hprpc_request *pop_alone(struct group *group)
{
    struct hprpc_request *request;

    hprpc__mutex_lock(&group->lock);
    request = pop(group);
    hprpc__mutex_unlock(&group->lock);
    return request;
}

static void stop_group(struct group *group)
{
    struct hprpc_request *request;

    for (uint32_t i = 0; i < group->started; i++)
        hprpc__thread_join(&group->threads[i].thread);
    while ((request = pop_alone(group)))
        hprpc__request_drop_shared(request);
    hprpc_context_release(group->workers->context, group->threads, group->workers->count * sizeof(*group->threads));
    hprpc__condition_destroy(&group->work);
    hprpc__mutex_destroy(&group->lock);
}

void hprpc__workers_free(struct hprpc__workers *workers)
{
    if (!workers)
        return;
    for (uint32_t i = 0; i < workers->depths; i++)
        tell_group(&workers->groups[i]);
    for (uint32_t i = 0; i < workers->depths; i++)
        stop_group(&workers->groups[i]);
    hprpc_context_release(workers->context, workers, size_of(workers->depths));
}
