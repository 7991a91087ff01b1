/* SPDX-License-Identifier: MIT */
/* The server of the soak, which is started again and again. */
#include "soak/soak.h"

#include <time.h>

enum { LIFE_MIN = 300, LIFE_MAX = 2000, PAUSE_MAX = 200 }; /* milliseconds */

void soak_sleep_ms(unsigned milliseconds)
{
    struct timespec time = { .tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000 };

    while (nanosleep(&time, &time) < 0)
        continue;
}

/* ---- The handlers ---- */

static int echo(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    return soak_target_echo_reply(request, data);
}

static int fill(void *self, struct hprpc_request *request, uint32_t seed, uint32_t size)
{
    uint8_t *data = hprpc_request_allocate(request, size ? size : 1);

    (void)self;
    if (!data)
        return HPRPC_ENOMEM;
    for (size_t i = 0; i < size; i++)
        data[i] = soak_byte(seed, i);
    return soak_target_fill_reply(request, (struct kodosis_bytes){ data, size });
}

static int linger(void *self, struct hprpc_request *request, uint32_t milliseconds)
{
    (void)self;
    for (uint32_t i = 0; i < milliseconds && !hprpc_request_cancelled(request); i++)
        soak_sleep_ms(1);
    return soak_target_linger_reply(request);
}

static int note(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    (void)request;
    (void)data;
    return 0;
}

static const struct soak_target_service service = { .echo = echo, .fill = fill, .linger = linger, .note = note };

/* ---- Its lives ---- */

static void *run(void *server)
{
    check(hprpc_server_run(server) == 0);
    return NULL;
}

/* Listens at the URI that the server had before. */
static struct hprpc_server *begin(struct soak_server *server, const char *uri)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    struct hprpc_server *life;

    options.loops = 2;
    options.workers = 4;
    options.stop_timeout_ms = 100;
    check(hprpc_server_new(server->context, &options, &life) == 0);
    check(soak_target_add(life, &service, NULL) == 0);
    if (hprpc_server_listen(life, uri, &detail) < 0)
        soak_fail("the server cannot listen again: %s", detail.text);
    server->lives++;
    return life;
}

static void end(struct hprpc_server *life, pthread_t thread)
{
    hprpc_server_stop(life);
    pthread_join(thread, NULL);
    hprpc_server_free(life);
}

struct first {
    struct soak_server *server;
    struct hprpc_server *life;
};

static void *live(void *argument)
{
    struct first *first = argument;
    struct soak_server *server = first->server;
    struct hprpc_server *life = first->life;
    struct random random = { server->seed };
    pthread_t thread;

    free(first);
    for (;;) {
        uint64_t time = random_between(&random, LIFE_MIN, LIFE_MAX);

        check(pthread_create(&thread, NULL, run, life) == 0);
        for (uint64_t spent = 0; spent < time && !atomic_load(&server->over); spent += 10)
            soak_sleep_ms(10);
        end(life, thread);
        if (atomic_load(&server->over))
            return NULL;
        soak_sleep_ms((unsigned)random_below(&random, PAUSE_MAX));
        life = begin(server, server->uri);
    }
}

void soak_server_start(struct soak_server *server, struct hprpc_context *context, const char *uri, uint64_t seed)
{
    struct first *first = malloc(sizeof(*first));

    check(first);
    server->context = context;
    server->seed = seed;
    server->lives = 0;
    atomic_init(&server->over, false);
    *first = (struct first){ server, begin(server, uri) };
    check(hprpc_server_address(first->life, 0, server->uri, sizeof(server->uri)) == 0);
    check(pthread_create(&server->thread, NULL, live, first) == 0);
}

void soak_server_end(struct soak_server *server)
{
    atomic_store(&server->over, true);
    pthread_join(server->thread, NULL);
}
