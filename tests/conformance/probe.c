/* SPDX-License-Identifier: MIT */
/* The service Probe, which the suite calls. */
#include "conformance/suite.h"

struct kept {
    struct hprpc_request *request;
    int32_t value;
    bool when_cancelled;
    struct kept *next;
};

struct keeper {
    struct probe *probe;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct kept *first;
    bool stop;
};

/* ---- Answering later ---- */

static void answer(struct probe *probe, struct kept *kept)
{
    if (!kept->when_cancelled) {
        conform_probe_later_reply(kept->request, kept->value);
    } else {
        atomic_fetch_add(&probe->cancelled, 1);
        hprpc_request_fail(kept->request, hprpc_request_remaining(kept->request) ? HPRPC_ECANCELLED : HPRPC_EDEADLINE,
                           "nobody waits any more");
    }
    free(kept);
}

static bool is_due(const struct probe *probe, const struct kept *kept)
{
    return patience_is_over() ||
           (kept->when_cancelled ? hprpc_request_cancelled(kept->request) : !atomic_load(&probe->hold));
}

/* Takes out a request that can be answered now, or NULL. When the keeper stops, any can. */
static struct kept *take_due(struct keeper *keeper)
{
    struct kept **link = &keeper->first, *kept;

    while (*link && !keeper->stop && !is_due(keeper->probe, *link))
        link = &(*link)->next;
    kept = *link;
    if (kept)
        *link = kept->next;
    return kept;
}

static void *keep(void *argument)
{
    struct keeper *keeper = argument;
    struct timespec soon;
    struct kept *kept;

    pthread_mutex_lock(&keeper->lock);
    while (!keeper->stop || keeper->first) {
        kept = take_due(keeper);
        if (kept) {
            pthread_mutex_unlock(&keeper->lock);
            answer(keeper->probe, kept);
            pthread_mutex_lock(&keeper->lock);
        } else if (keeper->first) {
            /* neither a cancellation nor the end of `hold` wakes the keeper, so it looks every millisecond */
            clock_gettime(CLOCK_REALTIME, &soon);
            soon.tv_nsec += 1000 * 1000;
            soon.tv_sec += soon.tv_nsec / 1000000000;
            soon.tv_nsec %= 1000000000;
            pthread_cond_timedwait(&keeper->work, &keeper->lock, &soon);
        } else if (!keeper->stop) {
            pthread_cond_wait(&keeper->work, &keeper->lock);
        }
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

static int later(void *self, struct hprpc_request *request, int32_t value, bool when_cancelled)
{
    struct probe *probe = self;
    struct keeper *keeper = probe->keeper;
    struct kept *kept = malloc(sizeof(*kept));
    int r;

    *kept = (struct kept){ request, value, when_cancelled, NULL };
    r = hprpc_request_defer(request);
    if (r < 0) {
        free(kept);
        return r;
    }
    atomic_fetch_add(&probe->kept, 1);
    pthread_mutex_lock(&keeper->lock);
    kept->next = keeper->first;
    keeper->first = kept;
    pthread_cond_signal(&keeper->work);
    pthread_mutex_unlock(&keeper->lock);
    return 0;
}

static void probe_close(uintptr_t thing)
{
    probe_clear((struct probe *)thing);
}

static const struct fixture_kind probe_kind = { "probe", FIXTURE_PROBE, NULL, probe_close };

void probe_init(struct probe *probe)
{
    struct keeper *keeper = calloc(1, sizeof(*keeper));

    memset(probe, 0, sizeof(*probe));
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_cond_init(&keeper->work, NULL);
    keeper->probe = probe;
    probe->keeper = keeper;
    if (pthread_create(&keeper->thread, NULL, keep, keeper))
        abort();
    fixture_leave(&fixture_thread, (uintptr_t)keeper->thread); /* probe_clear() joins this thread */
    fixture_enter(&probe_kind, (uintptr_t)probe);
}

void probe_clear(struct probe *probe)
{
    struct keeper *keeper = probe->keeper;

    if (!keeper)
        return;
    fixture_leave(&probe_kind, (uintptr_t)probe);
    pthread_mutex_lock(&keeper->lock);
    keeper->stop = true;
    pthread_cond_signal(&keeper->work);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    pthread_mutex_destroy(&keeper->lock);
    pthread_cond_destroy(&keeper->work);
    free(keeper);
    probe->keeper = NULL;
}

/* ---- Answering at once ---- */

static int echo(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    return conform_probe_echo_reply(request, data);
}

static int mirror(void *self, struct hprpc_request *request, const struct conform_record *record,
                  struct kodosis_int32_list numbers)
{
    struct conform_record reply = *record;

    (void)self;
    if (strcmp(record->name.data, "refuse") == 0)
        return conform_refused_raise(request, &(struct conform_refused){ kodosis_str("as asked"), -7 });
    for (size_t i = 0; i < numbers.count; i++)
        reply.sum += numbers.data[i];
    return conform_probe_mirror_reply(request, &reply);
}

static int poke(void *self, struct hprpc_request *request)
{
    struct probe *probe = self;
    struct hprpc_server *server = atomic_exchange(&probe->stops, NULL);

    (void)request;
    if (server)
        hprpc_server_stop(server);
    return 0;
}

static int fill(void *self, struct hprpc_request *request, uint32_t size)
{
    struct probe *probe = self;
    uint8_t *data = malloc(size + 1);
    int r;

    memset(data, (int)size, size);
    r = conform_probe_fill_reply(request, (struct kodosis_bytes){ data, size });
    free(data);
    atomic_fetch_add(&probe->filled, 1);
    return r;
}

static int bounce(void *self, struct hprpc_request *request, int32_t depth)
{
    struct probe *probe = self;
    struct conform_probe_proxy other;
    int32_t count = 0;
    int r;

    atomic_fetch_add(&probe->bounced, 1);
    if (depth == 0)
        return conform_probe_bounce_reply(request, 1);
    r = conform_probe_bind(hprpc_controller_client(hprpc_request_controller(request)), NULL, &other);
    if (r == 0)
        r = conform_probe_bounce(&other, NULL, depth - 1, &count);
    return r < 0 ? r : conform_probe_bounce_reply(request, count + 1);
}

static int note(void *self, struct hprpc_request *request, uint32_t number, struct kodosis_bytes data)
{
    struct probe *probe = self;

    (void)request;
    if (atomic_fetch_add(&probe->noted, 1) != number)
        atomic_fetch_add(&probe->out_of_order, 1);
    atomic_fetch_add(&probe->note_bytes, data.size);
    return 0;
}

static int noted(void *self, struct hprpc_request *request)
{
    return conform_probe_noted_reply(request, atomic_load(&((struct probe *)self)->noted));
}

static int gate(void *self, struct hprpc_request *request, struct kodosis_bytes data, bool stubborn)
{
    struct probe *probe = self;
    struct patience patience = patience_begin();
    unsigned inside = atomic_fetch_add(&probe->inside, 1) + 1, most = atomic_load(&probe->most);

    (void)data;
    while (inside > most && !atomic_compare_exchange_weak(&probe->most, &most, inside))
        continue;
    while (!atomic_load(&probe->gate) && (stubborn || !hprpc_request_cancelled(request)) && try_again(&patience))
        continue;
    atomic_fetch_sub(&probe->inside, 1);
    return 0;
}

static int flood(void *self, struct hprpc_request *request, uint32_t count, uint32_t size)
{
    struct conform_probe_proxy other;
    uint8_t *data = calloc(1, size + 1);
    int r;

    (void)self;
    r = conform_probe_bind(hprpc_controller_client(hprpc_request_controller(request)), NULL, &other);
    for (uint32_t i = 0; i < count && r == 0; i++)
        r = conform_probe_note(&other, NULL, i, (struct kodosis_bytes){ data, size });
    free(data);
    return r;
}

static int stay(void *self, struct hprpc_request *request)
{
    struct probe *probe = self;
    struct hprpc_controller *controller = hprpc_controller_keep(hprpc_request_controller(request));

    hprpc_controller_drop(atomic_exchange(&probe->guest, controller));
    return 0;
}

static int evict(void *self, struct hprpc_request *request)
{
    struct probe *probe = self;
    struct hprpc_controller *guest = atomic_exchange(&probe->guest, NULL);

    (void)request;
    if (!guest)
        return HPRPC_EAPPLICATION;
    hprpc_controller_close(guest);
    hprpc_controller_drop(guest);
    return 0;
}

const struct conform_probe_service probe_service = {
    .echo = echo,
    .mirror = mirror,
    .poke = poke,
    .fill = fill,
    .later = later,
    .bounce = bounce,
    .note = note,
    .noted = noted,
    .gate = gate,
    .flood = flood,
    .stay = stay,
    .evict = evict,
};
