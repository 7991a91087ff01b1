/* SPDX-License-Identifier: MIT */
/* Which engine serves a server's TCP connections, what says so, and that epoll serves where io_uring is refused. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ring.h"
#include "support/fixture.h"
#include "support/memory.h"
#include "support/patience.h"
#include "support/refuse.h"
#include "support/tiny.h"

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#define SYS_io_uring_enter 426
#define SYS_io_uring_register 427
#endif

enum { CLIENTS = 12, MANY = 40 };

/* A server, and what its log says of engines. */
struct house {
    struct memory memory;
    struct hprpc_context *context;
    struct hprpc_server *server;
    pthread_t thread;
    bool runs;
    char uri[100];
    atomic_uint by_uring, by_epoll; /* lines */
};

static void read_log(void *self, enum hprpc_log_level level, const char *text)
{
    struct house *house = self;

    (void)level;
    atomic_fetch_add(&house->by_uring, strstr(text, "are served by io_uring") != NULL);
    atomic_fetch_add(&house->by_epoll, strstr(text, "are served by epoll: ") != NULL);
}

static bool there_is_a_ring(void)
{
    const struct hprpc__ring_ears ears = { NULL, NULL, NULL };
    struct hprpc__ring *ring = NULL;
    int r = hprpc__ring_open(NULL, 1, &ears, &ring);

    hprpc__ring_close(ring);
    return r == 0;
}

static bool open_house(struct house *house, const struct hprpc_server_options *options, const char *query)
{
    struct hprpc_context_options context = HPRPC_CONTEXT_OPTIONS_INIT;
    char uri[100];

    memset(house, 0, sizeof(*house));
    memory_init(&house->memory);
    context.allocator = memory_allocator(&house->memory);
    context.log = read_log;
    context.log_self = house;
    snprintf(uri, sizeof(uri), "tcp://127.0.0.1:0%s", query);
    return hprpc_context_new(&context, &house->context) == 0 &&
           hprpc_server_new(house->context, options, &house->server) == 0 &&
           hprpc_server_add(house->server, &tiny_interface, &tiny_plain, NULL) == 0 &&
           hprpc_server_listen(house->server, uri, NULL) == 0 &&
           hprpc_server_address(house->server, 0, house->uri, sizeof(house->uri)) == 0;
}

static void *serve(void *argument)
{
    return (void *)(intptr_t)hprpc_server_run(argument);
}

static bool run_house(struct house *house)
{
    house->runs = pthread_create(&house->thread, NULL, serve, house->server) == 0;
    return house->runs;
}

/* Whether it ended well, and nothing is left of it. */
static bool close_house(struct house *house)
{
    void *result = NULL;

    hprpc_server_stop(house->server);
    if (house->runs)
        pthread_join(house->thread, &result);
    hprpc_server_free(house->server);
    hprpc_context_free(house->context);
    return !result && atomic_load(&house->memory.pieces) == 0;
}

/* Calls with bodies of several sizes; whether the answers are right. */
static bool call(struct tiny *tiny, unsigned round)
{
    static const size_t sizes[] = { 0, 14, 300, 20000, 300000 };
    size_t size = sizes[round % 5];
    struct hprpc_call calls[3] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT, HPRPC_CALL_INIT };
    uint8_t *data = malloc(size + 1);
    bool right = true;

    memset(data, (int)round, size + 1);
    for (int i = 0; i < 3; i++)
        right = tiny_echo_start(tiny, &calls[i], data, size) == 0 && right;
    for (int i = 0; i < 3; i++) {
        struct kodosis_bytes reply;

        right =
            tiny_echo_finish(&calls[i], &reply) == 0 && reply.size == size && !memcmp(reply.data, data, size) && right;
        hprpc_call_clear(&calls[i]);
    }
    free(data);
    return right;
}

/* Several clients call in turn, and go one by one but for the first. */
static bool visit_with(struct house *house, unsigned count, struct hprpc_client **ret_first)
{
    struct hprpc_client *clients[MANY] = { NULL };
    struct tiny tiny[MANY];
    bool right = true;

    for (unsigned i = 0; i < count && right; i++)
        right = hprpc_client_connect(house->context, house->uri, NULL, NULL, &clients[i]) == 0 &&
                tiny_bind(clients[i], &tiny_interface, NULL, &tiny[i]) == 0;
    for (unsigned round = 0; round < 10; round++)
        for (unsigned i = 0; i < count && right; i++)
            right = call(&tiny[i], round + i);
    for (unsigned i = 1; i < count; i++)
        hprpc_client_free(clients[i]);
    *ret_first = clients[0];
    return right;
}

static bool visit(struct house *house, struct hprpc_client **ret_first)
{
    return visit_with(house, CLIENTS, ret_first);
}

static int read_engine(void *self, struct hprpc_controller *controller)
{
    struct hprpc_peer peer;

    hprpc_controller_peer(controller, &peer);
    snprintf(self, 200, "%s", peer.engine ? peer.engine : "none");
    return 0;
}

/* Serves some clients; what the description of a connection says. */
static bool try_engine(enum hprpc_engine engine, uint32_t loops, const char *query, char *ret_engine,
                       unsigned *ret_uring_lines, unsigned *ret_epoll_lines)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client *first = NULL;
    struct house house;
    bool right;

    options.engine = engine;
    options.loops = loops;
    options.ring_buffers = 16;
    right = open_house(&house, &options, query) && run_house(&house) && visit(&house, &first) &&
            hprpc_server_connections(house.server, read_engine, ret_engine) == 0;
    hprpc_client_free(first);
    right = close_house(&house) && right;
    *ret_uring_lines = atomic_load(&house.by_uring);
    *ret_epoll_lines = atomic_load(&house.by_epoll);
    return right;
}

/* ---- The choice ---- */

static void the_uri_or_the_server_chooses(void **state)
{
    static const struct {
        enum hprpc_engine engine;
        const char *query;
        bool uring;
    } cases[] = {
        { HPRPC_ENGINE_EPOLL, "", false },
        { HPRPC_ENGINE_URING, "", true },
        { HPRPC_ENGINE_EPOLL, "?engine=uring", true },
        { HPRPC_ENGINE_URING, "?engine=epoll", false },
        { HPRPC_ENGINE_URING, "?engine=auto", true },
        { HPRPC_ENGINE_EPOLL, "?engine=auto", false },
        { HPRPC_ENGINE_AUTO, "?engine=uring", true },
        { HPRPC_ENGINE_AUTO, "?engine=epoll", false },
    };
    unsigned by_uring, by_epoll;
    char engine[200];

    (void)state;
    if (!there_is_a_ring())
        skip();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (uint32_t loops = 1; loops <= 3; loops += 2) {
            assert_true(try_engine(cases[i].engine, loops, cases[i].query, engine, &by_uring, &by_epoll));
            assert_string_equal(engine, cases[i].uring ? "uring" : "epoll");
            /* each loop says it once */
            assert_int_equal(by_uring, cases[i].uring ? loops : 0);
            assert_int_equal(by_epoll, 0);
        }
    }
}

static void the_default_serves(void **state)
{
    unsigned by_uring, by_epoll;
    char engine[200];

    (void)state;
    assert_true(try_engine(HPRPC_ENGINE_AUTO, 1, "", engine, &by_uring, &by_epoll));
    assert_string_equal(engine, "epoll");
    assert_int_equal(by_uring + by_epoll, 0);
}

/* Without a choice, many connections have the ring, those that were there before them as well; one that is left keeps it. */
static void many_have_the_ring(void **state)
{
    struct hprpc_client *first = NULL;
    struct house house;
    char engine[200] = "";
    struct tiny tiny;

    (void)state;
    if (!there_is_a_ring())
        skip();
    assert_true(open_house(&house, NULL, "") && run_house(&house) && visit_with(&house, MANY, &first));
    assert_int_equal(tiny_bind(first, &tiny_interface, NULL, &tiny), 0);
    for (unsigned round = 0; round < 10; round++)
        assert_true(call(&tiny, round));
    assert_int_equal(hprpc_server_connections(house.server, read_engine, engine), 0);
    assert_string_equal(engine, "uring");
    assert_int_equal(atomic_load(&house.by_uring), 1);
    hprpc_client_free(first);
    assert_true(close_house(&house));
}

static void what_is_none_is_refused(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_server *server = NULL;
    struct hprpc_client *client = NULL;
    struct hprpc_detail detail = { "" };

    (void)state;
    options.engine = (enum hprpc_engine)3;
    assert_int_equal(hprpc_server_new(NULL, &options, &server), HPRPC_EINVAL);
    options.engine = HPRPC_ENGINE_URING;
    options.ring_buffers = 4097;
    assert_int_equal(hprpc_server_new(NULL, &options, &server), HPRPC_EINVAL);
    options.ring_buffers = 4096;
    assert_int_equal(hprpc_server_new(NULL, &options, &server), 0);
    assert_int_equal(hprpc_server_listen(server, "tcp://127.0.0.1:0?engine=kqueue", &detail), HPRPC_EURI);
    assert_string_equal(detail.text, "the option engine=kqueue is none of auto, epoll and uring");
    hprpc_server_free(server);
    assert_int_equal(hprpc_client_open(NULL, "tcp://127.0.0.1:1?engine=none", NULL, &detail, &client), HPRPC_EURI);
}

/* A client says it of itself: it polls, whatever its URI wants. */
static void a_client_polls(void **state)
{
    struct hprpc_client *first = NULL, *client = NULL;
    struct house house;
    char uri[140], engine[200];

    (void)state;
    assert_true(open_house(&house, NULL, "") && run_house(&house) && visit(&house, &first));
    snprintf(uri, sizeof(uri), "%s?engine=uring", house.uri);
    assert_int_equal(hprpc_client_connect(house.context, uri, NULL, NULL, &client), 0);
    read_engine(engine, hprpc_client_controller(client));
    assert_string_equal(engine, "epoll");
    hprpc_client_free(client);
    hprpc_client_free(first);
    assert_true(close_house(&house));
}

/* A server in an application's loop: its descriptor tells of everything, so epoll serves. */
static void an_application_loop_has_no_ring(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client_options looped = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client = NULL;
    struct patience patience = patience_begin();
    struct house house;
    char engine[200] = "";

    (void)state;
    options.engine = HPRPC_ENGINE_URING;
    looped.pump = HPRPC_PUMP_LOOP;
    assert_true(open_house(&house, &options, ""));
    assert_int_equal(hprpc_client_open(house.context, house.uri, &looped, NULL, &client), 0);
    while (!engine[0] && try_again(&patience)) {
        assert_int_equal(hprpc_server_process(house.server), 0);
        assert_int_equal(hprpc_client_process(client), 0);
        assert_int_equal(hprpc_server_connections(house.server, read_engine, engine), 0);
    }
    assert_string_equal(engine, "epoll: io_uring serves only under hprpc_server_run");
    hprpc_client_free(client);
    assert_true(close_house(&house));
}

/* ---- Refusals ---- */

struct refusal {
    long number;
    int error;
    const char *engine;
};

/* In a child whose kernel refuses: epoll serves, in every respect, and the description and the log say why. */
static int serve_refused(void *argument)
{
    const struct refusal *refusal = argument;
    unsigned by_uring, by_epoll;
    char engine[200];

    if (!try_engine(HPRPC_ENGINE_URING, 2, "", engine, &by_uring, &by_epoll))
        return 1;
    return strstr(engine, refusal->engine) && by_uring == 0 && by_epoll == 2 ? 0 : 2;
}

static void epoll_serves_where_it_is_refused(void **state)
{
    static const struct refusal refusals[] = {
        { SYS_io_uring_setup, EPERM, "epoll: io_uring is not permitted" },
        { SYS_io_uring_setup, ENOSYS, "epoll: the kernel, or this build" },
        { SYS_io_uring_setup, ENOMEM, "epoll: there is no memory" },
        { SYS_io_uring_register, EPERM, "epoll: io_uring is not permitted" },
        { SYS_io_uring_enter, EPERM, "epoll: io_uring is not permitted" },
    };

    (void)state;
    if (!there_is_a_ring())
        skip();
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        int r = refuse_in_child(refusals[i].number, refusals[i].error, serve_refused, (void *)&refusals[i]);

        if (r == 77)
            skip();
        assert_int_equal(r, 0);
    }
}

/* ---- Fork ---- */

/* Children of fork come and go, some after a long time, while the ring is at work. */
static void children_leave_the_ring_alone(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client *first = NULL;
    struct house house;
    struct tiny tiny;
    int pipes[2], status;
    pid_t last;
    char end;

    (void)state;
    options.engine = HPRPC_ENGINE_URING;
    options.loops = 2;
    assert_int_equal(pipe(pipes), 0);
    assert_true(open_house(&house, &options, "") && run_house(&house) && visit(&house, &first));
    assert_int_equal(tiny_bind(first, &tiny_interface, NULL, &tiny), 0);
    last = fork();
    if (!last) {
        close(pipes[1]);
        _exit(read(pipes[0], &end, 1) != 0);
    }
    for (unsigned i = 0; i < 10; i++) {
        pid_t child = fork();

        if (!child) {
            hprpc_server_stop(house.server); /* it does nothing, as does the rest */
            hprpc_server_free(house.server);
            _exit(0);
        }
        assert_true(call(&tiny, i));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_true(call(&tiny, i));
    }
    hprpc_client_free(first);
    assert_true(close_house(&house));
    close(pipes[0]);
    close(pipes[1]);
    assert_int_equal(waitpid(last, &status, 0), last);
    assert_int_equal(status, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        fixture_test(the_uri_or_the_server_chooses),
        fixture_test(the_default_serves),
        fixture_test(many_have_the_ring),
        fixture_test(what_is_none_is_refused),
        fixture_test(a_client_polls),
        fixture_test(an_application_loop_has_no_ring),
        fixture_test(epoll_serves_where_it_is_refused),
        fixture_test(children_leave_the_ring_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
