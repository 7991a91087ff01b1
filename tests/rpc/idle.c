/*
 * That a loop comes to its sleep: whatever its connections did, and however many they are, a bounded number of turns later
 * none of them is looked at any more. The test turns the loop itself, on a clock that moves by a microsecond a look.
 */
#include "rpc/stage.h"

#include "rpc/server.h"

enum {
    MOST = 150,        /* connections */
    TURNS_MAX = 20000, /* far more than any spin takes on this clock: 50 looks at it, each after 16 turns */
};

struct crowd {
    struct stage stage;
    struct hprpc__loop *loop;
    unsigned count;
    struct fake_end *ends[MOST];
    uint32_t asked; /* requests so far */
};

static uint64_t moving_clock(void *self)
{
    return atomic_fetch_add(&((struct stage *)self)->time, 1000) + 1000;
}

/* A turn as in hprpc_server_run, but for the sleep: its end has come already. */
static void turn(struct crowd *crowd)
{
    assert_int_equal(hprpc__loop_turn(crowd->loop, true, 1), 0);
}

/* Turns until the loop would sleep. */
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
        sum += fake_looks(crowd->ends[i]);
    return sum;
}

/* And it stays that way: more turns look at no connection. */
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
    /* the stage's clock stands still, and no spin would end */
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

/* Each asks at a time of its own, so that their spins begin at any distance from each other. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_falls_asleep_after_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
