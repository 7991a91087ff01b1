/* SPDX-License-Identifier: MIT */
/* The service that players call: checks that each call runs at most once, and that its body belongs to its number. */
#include "torture/torture.h"

struct kept {
    struct hprpc_request *request;
    uint64_t number;
    struct kodosis_bytes data;
    struct kept *next;
};

struct keeper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct kept *first;
    bool stop;
};

/* ---- Numbers and bodies ---- */

uint64_t number_of(unsigned player, unsigned nth)
{
    return (uint64_t)player << 32 | nth;
}

static uint8_t byte_at(uint64_t number, size_t place)
{
    return (uint8_t)(number * 31 + (number >> 32) * 101 + place + (place >> 8) * 7 + (place >> 16) * 3);
}

void fill(uint64_t number, uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = byte_at(number, i);
}

bool is_filled(uint64_t number, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] != byte_at(number, i))
            return false;
    }
    return true;
}

static void note_run(struct target *target, uint64_t number)
{
    unsigned player = (unsigned)(number >> 32), nth = (unsigned)number;

    check(player < PLAYERS && nth < CALLS);
    check(atomic_fetch_add(&target->ran[player][nth], 1) == 0);
}

unsigned times_run(struct target *target, uint64_t number)
{
    return atomic_load(&target->ran[number >> 32][(unsigned)number]);
}

/* ---- Answers from another thread ---- */

static void *keep(void *argument)
{
    struct keeper *keeper = argument;
    struct kept *kept;

    pthread_mutex_lock(&keeper->lock);
    while (!keeper->stop || keeper->first) {
        kept = keeper->first;
        if (!kept) {
            pthread_cond_wait(&keeper->work, &keeper->lock);
            continue;
        }
        keeper->first = kept->next;
        pthread_mutex_unlock(&keeper->lock);
        check(is_filled(kept->number, kept->data.data, kept->data.size));
        torture_target_later_reply(kept->request, kept->data);
        free(kept);
        pthread_mutex_lock(&keeper->lock);
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

void target_init(struct target *target)
{
    struct keeper *keeper = calloc(1, sizeof(*keeper));

    memset(target, 0, sizeof(*target));
    check(keeper);
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_cond_init(&keeper->work, NULL);
    check(pthread_create(&keeper->thread, NULL, keep, keeper) == 0);
    target->keeper = keeper;
}

void target_clear(struct target *target)
{
    struct keeper *keeper = target->keeper;

    pthread_mutex_lock(&keeper->lock);
    keeper->stop = true;
    pthread_cond_signal(&keeper->work);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    pthread_mutex_destroy(&keeper->lock);
    pthread_cond_destroy(&keeper->work);
    free(keeper);
}

/* ---- Handlers ---- */

static int echo(void *self, struct hprpc_request *request, uint64_t number, struct kodosis_bytes data)
{
    note_run(self, number);
    check(is_filled(number, data.data, data.size));
    return torture_target_echo_reply(request, data);
}

static int later(void *self, struct hprpc_request *request, uint64_t number, struct kodosis_bytes data)
{
    struct target *target = self;
    struct keeper *keeper = target->keeper;
    struct kept *kept;
    int r = hprpc_request_defer(request);

    if (r < 0)
        return r;
    note_run(target, number);
    kept = malloc(sizeof(*kept));
    check(kept);
    *kept = (struct kept){ request, number, data, NULL };
    pthread_mutex_lock(&keeper->lock);
    kept->next = keeper->first;
    keeper->first = kept;
    pthread_cond_signal(&keeper->work);
    pthread_mutex_unlock(&keeper->lock);
    return 0;
}

static int linger(void *self, struct hprpc_request *request, uint64_t number, uint32_t milliseconds)
{
    const struct timespec moment = { 0, 200000 };

    note_run(self, number);
    for (uint32_t i = 0; i < milliseconds * 5 && !hprpc_request_cancelled(request); i++)
        nanosleep(&moment, NULL);
    return 0;
}

static int refuse(void *self, struct hprpc_request *request, uint64_t number)
{
    note_run(self, number);
    return torture_refused_raise(request, &(struct torture_refused){ number, kodosis_str("as asked") });
}

static int bounce(void *self, struct hprpc_request *request, int32_t depth)
{
    struct torture_target_proxy other;
    int32_t count = 0;
    int r;

    (void)self;
    if (depth == 0)
        return torture_target_bounce_reply(request, 1);
    r = torture_target_bind(hprpc_controller_client(hprpc_request_controller(request)), NULL, &other);
    if (r == 0)
        r = torture_target_bounce(&other, NULL, depth - 1, &count);
    return r < 0 ? r : torture_target_bounce_reply(request, count + 1);
}

static int note(void *self, struct hprpc_request *request, uint64_t number, struct kodosis_bytes data)
{
    struct target *target = self;

    (void)request;
    note_run(target, number);
    check(is_filled(number, data.data, data.size));
    atomic_fetch_add(&target->noted, 1);
    return 0;
}

static int poke(void *self, struct hprpc_request *request)
{
    (void)self;
    (void)request;
    return 0;
}

const struct torture_target_service target_service = {
    .echo = echo,
    .later = later,
    .linger = linger,
    .refuse = refuse,
    .bounce = bounce,
    .note = note,
    .poke = poke,
};
