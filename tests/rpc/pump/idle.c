/* SPDX-License-Identifier: MIT */
/*
 * A loop comes to its sleep: whatever its connections did, and however many they are, after a bounded number of turns it looks
 * at none of them. The test makes the turns of the loop, on a clock that moves by a microsecond at each reading.
 */
#include "rpc/stage.h"

#include "rpc/server.h"

enum {
    MOST = 150,        /* connections */
    TURNS_MAX = 20000, /* far more than a spin takes on this clock: 50 readings, one every 16 turns */
};

struct crowd {
    struct stage stage;
    struct hprpc__loop *loop;
    unsigned count;
    struct fake_end *ends[MOST];
    uint32_t asked; /* requests so far */
    char door[80];
    unsigned kept_count;
    struct hprpc_request *kept[MOST]; /* deferred */
};

static uint64_t moving_clock(void *self)
{
    return atomic_fetch_add(&((struct stage *)self)->time, 1000) + 1000;
}

/* Makes a turn as hprpc_server_run does, but without sleep: its end is past. */
static void turn(struct crowd *crowd)
{
    assert_int_equal(hprpc__loop_turn(crowd->loop, true, 1), 0);
}

/* Makes turns until the loop would sleep. */
static void turn_until_idle(struct crowd *crowd)
{
    unsigned turns = 0;

    do
        turn(crowd);
    while (crowd->loop->active_count && ++turns < TURNS_MAX);
    if (crowd->loop->active_count)
        fail_msg("after %u turns %u of %u connections are still looked at", turns, crowd->loop->active_count,
                 crowd->count);
}

static uint64_t looks(const struct crowd *crowd)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < crowd->count; i++)
        sum += fake_looks(fake_peer(crowd->ends[i]));
    return sum;
}

/* Checks that an idle loop stays idle: more turns look at no connection. */
static void assert_idle(struct crowd *crowd)
{
    uint64_t before;

    turn_until_idle(crowd);
    before = looks(crowd);
    for (int i = 0; i < 100; i++)
        turn(crowd);
    assert_int_equal(crowd->loop->active_count, 0);
    assert_int_equal(looks(crowd), before);
}

static void crowd_open(struct crowd *crowd, unsigned count, const char *query, const struct tiny_handlers *handlers)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    char uri[80];

    memset(crowd, 0, sizeof(*crowd));
    stage_open(&crowd->stage, true);
    /* the clock of a stage stands still, so no spin would end */
    hprpc_context_free(crowd->stage.context);
    options.allocator = memory_allocator(&crowd->stage.memory);
    options.transports = fake_transports;
    options.now = moving_clock;
    options.now_self = &crowd->stage;
    assert_int_equal(hprpc_context_new(&options, &crowd->stage.context), 0);
    assert_int_equal(hprpc_server_new(crowd->stage.context, NULL, &crowd->stage.server), 0);
    assert_int_equal(hprpc_server_add(crowd->stage.server, &tiny_interface, handlers, crowd), 0);
    snprintf(uri, sizeof(uri), "%s%s", crowd->stage.uri, query);
    assert_int_equal(hprpc_server_listen(crowd->stage.server, uri, NULL), 0);
    crowd->loop = &crowd->stage.server->loops[0].loop;
    for (crowd->count = 0; crowd->count < count; crowd->count++)
        crowd->ends[crowd->count] = raw_connect(&crowd->stage, NULL);
}

static void crowd_close(struct crowd *crowd)
{
    for (unsigned i = 0; i < crowd->count; i++)
        fake_leave(crowd->ends[i]);
    stage_close(&crowd->stage);
}

static void ask(struct crowd *crowd, unsigned index)
{
    raw_request(crowd->ends[index], crowd->asked++ % 8, TINY_ECHO, 0, "x", 1);
}

static void take_answers(struct crowd *crowd)
{
    struct fake_message message;

    for (unsigned i = 0; i < crowd->count; i++) {
        while (fake_poll(crowd->ends[i], &message))
            fake_message_clear(&message);
    }
}

static void set_manner(struct crowd *crowd, enum hprpc__spin_manner manner)
{
    for (struct hprpc_controller *one = crowd->loop->connections; one; one = one->next)
        hprpc__spin_change(&one->pump.spins, manner);
}

static int reply(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    return tiny_echo_reply(request, data.data, data.size);
}

static const struct tiny_handlers replies = { .echo = reply };

static const unsigned counts[] = { 1, 2, 3, 7, 8, 9, 16, 17, MOST };

enum { COUNTS = sizeof(counts) / sizeof(counts[0]) };

/* Each connection asks at another time, so that the spins begin at different distances. */
static void any_number_falls_asleep_after_calls(void **state)
{
    static const unsigned distances[] = { 0, 1, 3, 5, 16, 23 };

    (void)state;
    for (unsigned i = 0; i < COUNTS; i++) {
        struct crowd crowd;

        crowd_open(&crowd, counts[i], "", &replies);
        for (unsigned manner = HPRPC__SPIN_PLAINLY; manner <= HPRPC__SPIN_SLEEPING; manner++) {
            for (size_t d = 0; d < sizeof(distances) / sizeof(distances[0]); d++) {
                set_manner(&crowd, (enum hprpc__spin_manner)manner);
                for (unsigned one = 0; one < crowd.count; one++) {
                    ask(&crowd, one);
                    for (unsigned turns = 0; turns < distances[d]; turns++)
                        turn(&crowd);
                }
                assert_idle(&crowd);
                take_answers(&crowd);
            }
        }
        crowd_close(&crowd);
    }
}

/* ---- Every way to wait, at once ---- */

/* Adds a listener to the server. Its connections wait as `query` says. */
static void open_door(struct crowd *crowd, const char *query, char name[80])
{
    char uri[120];

    snprintf(name, 80, "%s-%s", crowd->stage.name, query + 1);
    snprintf(uri, sizeof(uri), "fake://%s%s", name, query);
    assert_int_equal(hprpc_server_listen(crowd->stage.server, uri, NULL), 0);
}

static void come_in(struct crowd *crowd, const char *name, unsigned count)
{
    const struct raw_limits limits = RAW_LIMITS_INIT;
    struct fake_message hello;

    while (count--) {
        struct fake_end *end = crowd->ends[crowd->count++] = fake_connect(name);

        assert_non_null(end);
        raw_hello(end, &limits);
        raw_bind(end);
        for (int i = 0; i < 4; i++) {
            atomic_fetch_add(&crowd->stage.time, HPRPC__NAP_NANOSECONDS);
            assert_int_equal(hprpc_server_process(crowd->stage.server), 0);
        }
        assert_true(fake_expect(end, HPRPC_MESSAGE_HELLO, &hello));
        fake_message_clear(&hello);
    }
}

/* Connections that spin are looked at for ever; all others fall asleep. */
static void who_spins_keeps_nobody_else_awake(void **state)
{
    static const unsigned spinning[] = { 1, 2, 8, 9 }, others[] = { 1, 2, 7, 8, 17 };

    (void)state;
    for (unsigned i = 0; i < 4 * 5; i++) {
        struct crowd crowd;
        char spin[80], block[80];
        uint64_t before = 0;

        crowd_open(&crowd, 0, "", &replies);
        open_door(&crowd, "?wait=spin", spin);
        open_door(&crowd, "?wait=block", block);
        come_in(&crowd, crowd.stage.name, others[i / 4]);
        come_in(&crowd, block, 2);
        come_in(&crowd, spin, spinning[i % 4]);
        for (unsigned n = 0; n < crowd.count; n++) {
            ask(&crowd, n);
            turn(&crowd);
        }
        /* enough turns for the loop to look at its epoll set more than once; while connections are active it seldom does */
        for (unsigned turns = 0; turns < 1000 || (crowd.loop->active_count > spinning[i % 4] && turns < TURNS_MAX);
             turns++)
            turn(&crowd);
        assert_int_equal(crowd.loop->active_count, spinning[i % 4]);
        for (unsigned n = 0; n < others[i / 4] + 2; n++)
            before += fake_looks(fake_peer(crowd.ends[n]));
        for (int n = 0; n < 100; n++)
            turn(&crowd);
        for (unsigned n = 0; n < others[i / 4] + 2; n++)
            before -= fake_looks(fake_peer(crowd.ends[n]));
        assert_true(before == 0);
        crowd_close(&crowd);
    }
}

/* ---- Whatever else a connection may be in ---- */

static int keep(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct crowd *crowd = self;

    (void)data;
    crowd->kept[crowd->kept_count++] = request;
    return hprpc_request_defer(request);
}

static const struct tiny_handlers keeps = { .echo = keep };

/* The states in which bring_into() puts a connection. In UNSENT, HELD and WITHOUT_MEMORY it is stuck. */
enum state { SILENT, DEFERRED, UNSENT, HELD, WITHOUT_MEMORY, ENDED, STATES };

static void bring_into(struct crowd *crowd, unsigned index, enum state state)
{
    struct fake_end *end = crowd->ends[index];

    switch (state) {
    case DEFERRED:
        ask(crowd, index);
        break;
    case UNSENT: /* the client does not read, so its answers are not sent */
        fake_stall(fake_peer(end));
        ask(crowd, index);
        break;
    case HELD:
        fake_hold(fake_peer(end));
        ask(crowd, index);
        break;
    case WITHOUT_MEMORY:
        fake_starve(fake_peer(end), true);
        ask(crowd, index);
        break;
    case ENDED:
        fake_leave(end);
        crowd->ends[index] = NULL;
        break;
    default:
        break;
    }
}

static void relieve(struct crowd *crowd, unsigned index)
{
    if (!crowd->ends[index])
        return;
    fake_unstall(fake_peer(crowd->ends[index]));
    fake_let_go(fake_peer(crowd->ends[index]));
    fake_starve(fake_peer(crowd->ends[index]), false);
}

/* Checks that the loop wakes only for naps, and not too often. */
static void assert_idle_but_for_naps(struct crowd *crowd)
{
    unsigned naps = 0;

    turn_until_idle(crowd);
    for (unsigned turns = 0; turns < 100; turns++) {
        uint64_t before = atomic_load(&crowd->stage.time);

        turn(crowd);
        if (crowd->loop->active_count)
            naps++;
        turn_until_idle(crowd);
        /* move the clock as a sleep would, not as a spin */
        atomic_store(&crowd->stage.time, before + HPRPC__NAP_NANOSECONDS / 10);
    }
    assert_in_range(naps, crowd->loop->napping_count ? 5 : 0, 12);
}

static void any_state_lets_a_loop_sleep(void **unused)
{
    static const char *const doors[] = { "", "?doorbell=edge", "?doorbell=none", "?wait=block" };

    (void)unused;
    for (unsigned i = 0; i < STATES * 4 * 3; i++) {
        enum state state = (enum state)(i % STATES);
        unsigned count = (const unsigned[]){ 1, 2, 9 }[i / STATES / 4], out = 0;
        const char *door = doors[i / STATES % 4];
        struct fake_message message;
        struct crowd crowd;

        crowd_open(&crowd, 0, "", state == DEFERRED ? &keeps : &replies);
        open_door(&crowd, *door ? door : "?wait=adaptive", crowd.door);
        if (state == SILENT) {
            while (crowd.count < count)
                crowd.ends[crowd.count++] = fake_connect(crowd.door);
            stage_turn(&crowd.stage);
        } else {
            come_in(&crowd, crowd.door, count);
        }
        for (unsigned n = 0; n < count; n++)
            bring_into(&crowd, n, state);
        turn(&crowd);
        assert_idle_but_for_naps(&crowd);
        assert_int_equal(crowd.loop->napping_count, state == ENDED ? 0
                                                    : state == WITHOUT_MEMORY || strcmp(door, "?doorbell=none") == 0
                                                        ? count
                                                        : 0);

        /* and the loop notices what happens then */
        for (unsigned n = 0; n < count; n++)
            relieve(&crowd, n);
        for (unsigned n = 0; n < crowd.kept_count; n++)
            assert_int_equal(tiny_echo_reply(crowd.kept[n], "x", 1), 0);
        atomic_fetch_add(&crowd.stage.time, 2 * HPRPC__NAP_NANOSECONDS);
        turn(&crowd);
        turn_until_idle(&crowd);
        for (unsigned n = 0; n < count; n++) {
            while (crowd.ends[n] && fake_poll(crowd.ends[n], &message)) {
                out += message.header.type == HPRPC_MESSAGE_REPLY;
                fake_message_clear(&message);
            }
        }
        assert_int_equal(out, state == SILENT || state == ENDED ? 0 : count);
        crowd_close(&crowd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(any_number_falls_asleep_after_calls),
        fixture_test(who_spins_keeps_nobody_else_awake),
        fixture_test(any_state_lets_a_loop_sleep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
