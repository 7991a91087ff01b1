/* SPDX-License-Identifier: MIT */
/* A server, and guests that are driven in three ways. */
#include "network/world.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The server ---- */

static int echo(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    return tiny_echo_reply(request, data.data, data.size);
}

/* Stays until the world lets it go, or its caller has. */
static int hold(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct world *world = self;

    (void)data;
    atomic_fetch_add(&world->inside, 1);
    for (struct patience p = patience_begin();
         !atomic_load(&world->release) && !hprpc_request_cancelled(request) && try_again(&p);)
        continue;
    return 0;
}

static void gone(void *self, struct hprpc_controller *controller, int code, const char *reason)
{
    struct world *world = self;

    (void)controller;
    check(code < 0 && reason[0]);
    atomic_fetch_add(&world->gone, 1);
}

static void *serve(void *argument)
{
    struct world *world = argument;

    check(hprpc_server_run(world->server) == 0);
    return NULL;
}

/* Listens at one more port, with an engine; the port. */
static uint16_t listen_with(struct hprpc_server *server, size_t engine, const char *options)
{
    static const char *const engines[ENGINES] = { "epoll", "uring" };
    struct hprpc_detail detail = { "" };
    char uri[HPRPC_URI_MAX];

    snprintf(uri, sizeof(uri), "tcp://[::]:0?engine=%s%s", engines[engine], options);
    if (hprpc_server_listen(server, uri, &detail))
        fprintf(stderr, "%s\n", detail.text);
    check(hprpc_server_address(server, engine, uri, sizeof(uri)) == 0);
    return (uint16_t)atoi(strrchr(uri, ':') + 1);
}

void world_open(struct world *world, const char *listener_options)
{
    static const struct tiny_handlers handlers = { .echo = echo, .poke = hold };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;

    memset(world, 0, sizeof(*world));
    options.workers = GUESTS;
    options.stop_timeout_ms = 200;
    options.disconnected = gone;
    options.connected_self = world;
    pthread_barrier_init(&world->barrier, NULL, GUESTS + 1);
    link_enter(FAR);
    check(hprpc_server_new(NULL, &options, &world->server) == 0);
    check(hprpc_server_add(world->server, &tiny_interface, &handlers, world) == 0);
    for (size_t i = 0; i < ENGINES; i++)
        world->ports[i] = listen_with(world->server, i, listener_options);
    link_enter(NEAR);
    check(pthread_create(&world->thread, NULL, serve, world) == 0);
}

void world_close(struct world *world)
{
    atomic_store(&world->release, true);
    hprpc_server_stop(world->server);
    pthread_join(world->thread, NULL);
    hprpc_server_free(world->server);
    pthread_barrier_destroy(&world->barrier);
}

/* ---- Guests on their threads ---- */

static void *act(void *argument)
{
    struct guest *guest = argument;

    link_enter(NEAR);
    guest->act(guest);
    return NULL;
}

void world_begin(struct world *world, void (*do_it)(struct guest *guest))
{
    atomic_store(&world->over, false);
    for (int i = 0; i < GUESTS; i++) {
        struct guest *guest = &world->guests[i];

        memset(guest, 0, sizeof(*guest));
        guest->world = world;
        guest->number = i;
        guest->pump = (enum hprpc_pump)(i % PUMPS);
        guest->host = i / PUMPS % FAMILIES ? "[2001:db8::2]" : "192.0.2.2";
        guest->port = world->ports[i / PUMPS / FAMILIES];
        guest->act = do_it;
        check(pthread_create(&guest->thread, NULL, act, guest) == 0);
    }
}

void world_end(struct world *world)
{
    for (int i = 0; i < GUESTS; i++)
        pthread_join(world->guests[i].thread, NULL);
}

void meet(struct world *world)
{
    pthread_barrier_wait(&world->barrier);
}

/* ---- What they do ---- */

static void changed(void *self, enum hprpc_client_state state, int code, const char *reason)
{
    struct guest *guest = self;

    if (state != HPRPC_CLIENT_BROKEN && state != HPRPC_CLIENT_CLOSED)
        return;
    check(reason[0]);
    atomic_store(&guest->code, code);
    atomic_fetch_add(&guest->ends, 1);
}

int guest_try(struct guest *guest, const char *host, unsigned port, const char *query, uint32_t timeout_ms,
              struct hprpc_detail *detail)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    char uri[HPRPC_URI_MAX];
    int r;

    snprintf(uri, sizeof(uri), "tcp://%s:%u%s", host, port, query);
    options.pump = guest->pump;
    options.timeout_ms = HPRPC_NO_TIMEOUT;
    options.connect_timeout_ms = timeout_ms;
    options.changed = changed;
    options.changed_self = guest;
    atomic_store(&guest->ends, 0);
    r = hprpc_client_connect(NULL, uri, &options, detail, &guest->client);
    if (r == 0) {
        r = tiny_bind(guest->client, &tiny_interface, detail, &guest->tiny);
        if (r < 0)
            guest_leave(guest);
    }
    check(r == 0 || detail->text[0]);
    return r;
}

void guest_connect(struct guest *guest, const char *query)
{
    struct hprpc_detail detail = { "" };

    if (guest_try(guest, guest->host, guest->port, query, 0, &detail))
        fprintf(stderr, "%s\n", detail.text);
    check(guest->client);
}

void guest_connect_again(struct guest *guest, const char *query)
{
    struct patience patience = patience_begin();
    struct hprpc_detail detail = { "" };
    int r;

    while ((r = guest_try(guest, guest->host, guest->port, query, 1000, &detail)) < 0) {
        if (r != HPRPC_EADDRESS && r != HPRPC_EDEADLINE)
            fprintf(stderr, "%s\n", detail.text);
        check(r == HPRPC_EADDRESS || r == HPRPC_EDEADLINE);
        check(try_again(&patience));
    }
}

/* Does what the application's loop does, once. */
static void drive(struct guest *guest)
{
    struct pollfd watched = { .fd = hprpc_client_descriptor(guest->client), .events = POLLIN };
    int timeout = hprpc_client_timeout(guest->client);

    poll(&watched, 1, timeout < 0 || timeout > 100 ? 100 : timeout);
    hprpc_client_process(guest->client);
}

int guest_call(struct guest *guest, size_t size, uint32_t timeout_ms)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes reply = { NULL, 0 };
    char *data = malloc(size + 1);
    int r;

    check(data);
    memset(data, (int)(size % 251), size + 1);
    call.timeout_ms = timeout_ms;
    r = tiny_echo_start(&guest->tiny, &call, data, size);
    while (r == 0 && guest->pump == HPRPC_PUMP_LOOP && !hprpc_pending_call_done(call.pending))
        drive(guest);
    if (r == 0)
        r = tiny_echo_finish(&call, &reply);
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a success has data */
    check(r < 0 || (reply.size == size && memcmp(reply.data, data, size) == 0));
    check(r == 0 || (call.detail && call.detail[0]));
    if (r == 0)
        atomic_fetch_add(&guest->calls, 1);
    hprpc_call_clear(&call);
    free(data);
    return r;
}

int guest_await_end(struct guest *guest)
{
    struct patience patience = patience_begin();

    while (hprpc_client_state(guest->client) != HPRPC_CLIENT_BROKEN || !atomic_load(&guest->ends)) {
        if (guest->pump == HPRPC_PUMP_LOOP)
            drive(guest);
        check(try_again(&patience));
    }
    check(atomic_load(&guest->ends) == 1);
    return atomic_load(&guest->code);
}

void guest_leave(struct guest *guest)
{
    hprpc_client_free(guest->client);
    guest->client = NULL;
}
