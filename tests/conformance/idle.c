/* SPDX-License-Identifier: MIT */
/*
 * Rest: after any traffic, over any number of connections, the loops of the server and the pumps of its clients stop making
 * turns. The test counts the turns, and measures no time.
 */
#include <poll.h>

#include "conformance/suite.h"
#include "rpc/server.h"

/* STILL looks in a row find no new turn when all sleep; between two of them, a spinning loop makes thousands. */
enum { STILL = 8, MOST = 17, SEATS = 2 * TRANSPORTS_MAX };

struct crowd {
    struct room room;
    struct probe own; /* the state of the service that the clients offer */
    unsigned count;
    struct hprpc_client *clients[SEATS];
    struct conform_probe_proxy proxies[SEATS];
    enum hprpc_pump pumps[SEATS];
    struct hprpc_call posted[SEATS];
};

/* Counts the turns so far of all loops and pumps. */
static uint64_t turns(const struct crowd *crowd)
{
    const struct hprpc_server *server = crowd->room.server;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < server->loop_count; i++)
        sum += atomic_load(&server->loops[i].loop.turns);
    for (unsigned i = 0; i < crowd->count; i++)
        sum += atomic_load(&hprpc_client_controller(crowd->clients[i])->turns);
    return sum;
}

/* Does what an application's loop does. Returns true if there was something to do. */
static bool drive(struct hprpc_client *client)
{
    struct pollfd poll_fd = { hprpc_client_descriptor(client), POLLIN, 0 };

    if (poll(&poll_fd, 1, 0) <= 0 && hprpc_client_timeout(client) != 0)
        return false;
    hprpc_client_process(client);
    return true;
}

static bool drive_all(const struct crowd *crowd)
{
    bool busy = false;

    for (unsigned i = 0; i < crowd->count; i++)
        busy |= crowd->pumps[i] == HPRPC_PUMP_LOOP && drive(crowd->clients[i]);
    return busy;
}

static void await_standstill(const struct crowd *crowd, const char *what)
{
    struct patience patience = patience_begin();
    uint64_t before = turns(crowd);
    int still = 0;

    while (still < STILL) {
        bool busy = drive_all(crowd);

        if (!is_patient(&patience))
            fail_msg("%u connections take turns without end after %s", crowd->count, what);
        still = busy || turns(crowd) != before ? 0 : still + 1;
        before = turns(crowd);
    }
}

/* ---- Kinds of traffic ---- */

static void finish_all(struct crowd *crowd, int wanted)
{
    int32_t value;

    for (unsigned i = 0; i < crowd->count; i++) {
        int r;

        if (crowd->pumps[i] == HPRPC_PUMP_LOOP)
            suite_drive(crowd->clients[i], crowd->posted[i].pending);
        r = conform_probe_later_finish(&crowd->posted[i], &value);
        if (r != wanted)
            fail_msg("%s", hprpc_error_name(r));
        hprpc_call_clear(&crowd->posted[i]);
    }
}

static void call_one_by_one(struct crowd *crowd)
{
    for (unsigned n = 0; n < 5 * crowd->count; n++)
        assert_int_equal(conform_probe_poke(&crowd->proxies[n % crowd->count], NULL), 0);
}

/* Calls on all clients at once, so that their connections are active in the loops together. */
static void call_together(struct crowd *crowd)
{
    struct hprpc_call calls[SEATS];
    struct kodosis_bytes reply;

    for (int round = 0; round < 30; round++) {
        for (unsigned i = 0; i < crowd->count; i++) {
            calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
            assert_int_equal(conform_probe_echo_start(&crowd->proxies[i], &calls[i], suite_bytes("x", 1)), 0);
        }
        for (unsigned i = 0; i < crowd->count; i++) {
            assert_int_equal(conform_probe_echo_finish(&calls[i], &reply), 0);
            hprpc_call_clear(&calls[i]);
        }
    }
}

static void call_every_way(struct crowd *crowd)
{
    for (unsigned i = 0; i < crowd->count; i++)
        assert_true(suite_call_every_way(&crowd->proxies[i], (int)i));
}

static void call_deeply(struct crowd *crowd)
{
    enum { DEPTH = 64 };
    struct hprpc_call calls[DEPTH];
    struct kodosis_bytes reply;

    for (unsigned i = 0; i < crowd->count; i++) {
        for (int n = 0; n < DEPTH; n++) {
            calls[n] = (struct hprpc_call)HPRPC_CALL_INIT;
            assert_int_equal(conform_probe_echo_start(&crowd->proxies[i], &calls[n], suite_bytes(&n, sizeof(n))), 0);
        }
        for (int n = 0; n < DEPTH; n++) {
            assert_int_equal(conform_probe_echo_finish(&calls[n], &reply), 0);
            hprpc_call_clear(&calls[n]);
        }
    }
}

static void tell_one_way(struct crowd *crowd)
{
    for (unsigned i = 0; i < crowd->count; i++) {
        for (int n = 0; n < 50; n++)
            assert_int_equal(conform_probe_note(&crowd->proxies[i], NULL, 0, suite_bytes("x", 1)), 0);
    }
    /* the note numbers do not matter here */
    atomic_store(&crowd->room.probe.out_of_order, 0);
}

static void send_much(struct crowd *crowd)
{
    enum { SIZE = 700000 };
    uint8_t *data = suite_data(SIZE, 3);
    struct kodosis_bytes reply;

    for (unsigned i = 0; i < crowd->count && i < 3; i++) {
        struct hprpc_call call = HPRPC_CALL_INIT;

        assert_int_equal(conform_probe_echo(&crowd->proxies[i], &call, suite_bytes(data, SIZE), &reply), 0);
        hprpc_call_clear(&call);
    }
    free(data);
}

static void post_all(struct crowd *crowd, uint32_t timeout_ms, bool when_cancelled)
{
    for (unsigned i = 0; i < crowd->count; i++) {
        crowd->posted[i] = (struct hprpc_call)HPRPC_CALL_INIT;
        crowd->posted[i].timeout_ms = timeout_ms;
        assert_int_equal(conform_probe_later_start(&crowd->proxies[i], &crowd->posted[i], 1, when_cancelled), 0);
    }
}

static void cancel(struct crowd *crowd)
{
    post_all(crowd, 0, true);
    for (unsigned i = 0; i < crowd->count; i++)
        hprpc_pending_call_cancel(crowd->posted[i].pending);
    finish_all(crowd, HPRPC_ECANCELLED);
}

static void miss_deadlines(struct crowd *crowd)
{
    post_all(crowd, 2, true);
    finish_all(crowd, HPRPC_EDEADLINE);
}

/* Posts calls that are not answered, so they stay open. */
static void leave_deferred(struct crowd *crowd)
{
    unsigned kept = atomic_load(&crowd->room.probe.kept);

    atomic_store(&crowd->room.probe.hold, true);
    post_all(crowd, 0, false);
    suite_await(&crowd->room.probe.kept, kept + crowd->count);
}

static void end_deferred(struct crowd *crowd)
{
    atomic_store(&crowd->room.probe.hold, false);
    finish_all(crowd, 0);
}

/* Starts calls whose answers do not fit the medium, on clients that do not read: only those with HPRPC_PUMP_CALLER. */
static void do_not_read(struct crowd *crowd)
{
    unsigned filled = atomic_load(&crowd->room.probe.filled), count = 0;

    for (unsigned i = 0; i < crowd->count; i++) {
        crowd->posted[i] = (struct hprpc_call)HPRPC_CALL_INIT;
        if (crowd->pumps[i] != HPRPC_PUMP_CALLER || count == 3)
            continue;
        assert_int_equal(conform_probe_fill_start(&crowd->proxies[i], &crowd->posted[i], 6000000), 0);
        count++;
    }
    suite_await(&crowd->room.probe.filled, filled + count);
}

static void read_at_last(struct crowd *crowd)
{
    struct kodosis_bytes reply;

    for (unsigned i = 0; i < crowd->count; i++) {
        if (crowd->posted[i].pending)
            assert_int_equal(conform_probe_fill_finish(&crowd->posted[i], &reply), 0);
        hprpc_call_clear(&crowd->posted[i]);
    }
}

static void leave_and_come_again(struct crowd *crowd)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;

    for (unsigned i = 0; i < crowd->count; i += 2) {
        hprpc_client_free(crowd->clients[i]);
        options.pump = crowd->pumps[i];
        crowd->clients[i] = room_connect(&crowd->room, "", &options, &crowd->proxies[i]);
        assert_int_equal(conform_probe_serve(hprpc_client_controller(crowd->clients[i]), &probe_service, &crowd->own),
                         0);
    }
}

static const struct {
    const char *name;
    void (*make)(struct crowd *crowd);
    void (*end)(struct crowd *crowd); /* ends what `make` left under way, or NULL */
} traffic[] = {
    { "the handshake", NULL, NULL },
    { "calls of all at once", call_together, NULL },
    { "calls one by one", call_one_by_one, NULL },
    { "calls of every kind", call_every_way, NULL },
    { "64 calls at once", call_deeply, NULL },
    { "one-way calls", tell_one_way, NULL },
    { "large bodies", send_much, NULL },
    { "cancelled calls", cancel, NULL },
    { "calls that were too late", miss_deadlines, NULL },
    { "calls that were deferred", leave_deferred, end_deferred },
    { "answers that are not read", do_not_read, read_at_last },
    { "clients that left", leave_and_come_again, NULL },
};

enum { KINDS = sizeof(traffic) / sizeof(traffic[0]) };

/* ---- Crowds ---- */

static void crowd_open(struct crowd *crowd, unsigned count, const char *query, uint32_t loops, uint32_t workers)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;

    memset(crowd, 0, sizeof(*crowd));
    options.loops = loops;
    options.workers = workers;
    /* keepalive would add turns */
    options.keepalive_ms = 3600 * 1000;
    room_serve(&crowd->room, query, &options);
    crowd->room.uri[strcspn(crowd->room.uri, "?")] = '\0';
    probe_init(&crowd->own);
    for (; crowd->count < count; crowd->count++) {
        struct hprpc_client_options own = HPRPC_CLIENT_OPTIONS_INIT;
        unsigned i = crowd->count;

        own.pump = crowd->pumps[i] = suite_pumps[i % 3];
        own.keepalive_ms = 3600 * 1000;
        crowd->clients[i] = room_connect(&crowd->room, query, &own, &crowd->proxies[i]);
        assert_int_equal(conform_probe_serve(hprpc_client_controller(crowd->clients[i]), &probe_service, &crowd->own),
                         0);
    }
}

static void crowd_close(struct crowd *crowd)
{
    for (unsigned i = 0; i < crowd->count; i++)
        hprpc_client_free(crowd->clients[i]);
    atomic_store(&crowd->room.probe.out_of_order, 0);
    probe_clear(&crowd->own);
    room_close(&crowd->room);
}

static void rest_after_everything(unsigned count, const char *query, uint32_t loops, uint32_t workers)
{
    struct crowd crowd;

    crowd_open(&crowd, count, query, loops, workers);
    for (int kind = 0; kind < KINDS; kind++) {
        if (traffic[kind].make)
            traffic[kind].make(&crowd);
        await_standstill(&crowd, traffic[kind].name);
        if (traffic[kind].end) {
            traffic[kind].end(&crowd);
            await_standstill(&crowd, traffic[kind].name);
        }
    }
    crowd_close(&crowd);
}

static void any_number_rests(void **state)
{
    static const unsigned counts[] = { 1, 2, 3, 8, 9, MOST };

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        rest_after_everything(counts[i], "", 1, 0);
}

static void every_kind_of_server_rests(void **state)
{
    (void)state;
    rest_after_everything(3, "?wait=block", 1, 0);
    rest_after_everything(5, "", 3, 0);
    rest_after_everything(3, "", 1, 2);
}

/* One server listens on all transports, with one loop. */
static void a_mixed_server_rests(void **state)
{
    struct crowd crowd;
    char uri[256];

    (void)state;
    memset(&crowd, 0, sizeof(crowd));
    room_prepare(&crowd.room, NULL);
    probe_init(&crowd.own);
    for (size_t i = 0; i < transport_count; i++) {
        suite_uri(&transports[i], "", uri, sizeof(uri));
        assert_int_equal(hprpc_server_listen(crowd.room.server, uri, NULL), 0);
    }
    room_run(&crowd.room);
    for (unsigned i = 0; i < 2 * transport_count; i++) {
        crowd.pumps[i] = HPRPC_PUMP_CALLER;
        assert_int_equal(hprpc_server_address(crowd.room.server, i / 2, crowd.room.uri, sizeof(crowd.room.uri)), 0);
        crowd.clients[i] = room_connect(&crowd.room, "", NULL, &crowd.proxies[i]);
        assert_int_equal(conform_probe_serve(hprpc_client_controller(crowd.clients[i]), &probe_service, &crowd.own), 0);
        crowd.count++;
    }
    for (int kind = 0; kind < KINDS - 1; kind++) {
        if (traffic[kind].make)
            traffic[kind].make(&crowd);
        await_standstill(&crowd, traffic[kind].name);
        if (traffic[kind].end)
            traffic[kind].end(&crowd);
    }
    crowd_close(&crowd);
}

static const struct CMUnitTest tests[] = {
    fixture_test(any_number_rests),
    fixture_test(every_kind_of_server_rests),
    fixture_test(a_mixed_server_rests),
};

const struct chapter idle_chapter = { "idle", tests, sizeof(tests) / sizeof(tests[0]) };
