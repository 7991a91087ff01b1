/* SPDX-License-Identifier: MIT */
/*
 * What another thread, the other side or the system does between two steps of one function. Random tests hit these moments too
 * seldom, so the linker's --wrap puts the test between the steps.
 */
#include "tests/channel-shm/end.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/system-calls.h"

enum { SLOTS = 16, ARENA = 64 * 1024 };

static struct pair pair;
static struct {
    void (*at_yield)(void), (*at_drain)(void), (*at_growth)(void);
    bool never_starved; /* as if the receiver cleared the word `starved` each time */
    int send_error;     /* the errno of each send, or 0 */
    unsigned sends, yields, waits;
} moment;

int __real_sched_yield(void);
int __wrap_sched_yield(void);
ssize_t __real_hprpc__send_bytes(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_hprpc__send_bytes(int fd, const void *bytes, size_t size, int flags);
bool __real_hprpc__shm_bell_drain(struct shm_bell bell);
bool __wrap_hprpc__shm_bell_drain(struct shm_bell bell);
bool __real_hprpc__shm_waits_for_room(struct shm_sender *sender);
bool __wrap_hprpc__shm_waits_for_room(struct shm_sender *sender);

bool __real_hprpc__shm_grow(struct shm_channel *channel, uint32_t size);
bool __wrap_hprpc__shm_grow(struct shm_channel *channel, uint32_t size);

int __wrap_sched_yield(void)
{
    moment.yields++;
    if (moment.at_yield)
        moment.at_yield();
    return __real_sched_yield();
}

ssize_t __wrap_hprpc__send_bytes(int fd, const void *bytes, size_t size, int flags)
{
    moment.sends++;
    if (!moment.send_error)
        return __real_hprpc__send_bytes(fd, bytes, size, flags);
    errno = moment.send_error;
    return -1;
}

bool __wrap_hprpc__shm_bell_drain(struct shm_bell bell)
{
    if (moment.at_drain)
        moment.at_drain();
    return __real_hprpc__shm_bell_drain(bell);
}

bool __wrap_hprpc__shm_waits_for_room(struct shm_sender *sender)
{
    moment.waits++;
    return __real_hprpc__shm_waits_for_room(sender) && !moment.never_starved;
}

bool __wrap_hprpc__shm_grow(struct shm_channel *channel, uint32_t size)
{
    if (!moment.at_growth)
        return __real_hprpc__shm_grow(channel, size);
    moment.at_growth();
    return true;
}

static int set_up(void **state)
{
    (void)state;
    memset(&moment, 0, sizeof(moment));
    pair_make(&pair, NULL, SLOTS, ARENA, false);
    return 0;
}

static int set_up_untrusted(void **state)
{
    (void)state;
    memset(&moment, 0, sizeof(moment));
    pair_make(&pair, NULL, SLOTS, ARENA, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    memset(&moment, 0, sizeof(moment));
    pair_free(&pair);
    return 0;
}

static bool is_rung(struct hprpc_channel *channel)
{
    struct pollfd watched = { .fd = shm_channel(channel)->bell.fd, .events = POLLIN };

    return poll(&watched, 1, 0) == 1;
}

/* ---- Ringing ---- */

/* Packets need memory. If there is none for a long time, ringing gives up. */
static void test_ringing_gives_up(void **state)
{
    static const int errors[] = { ENOBUFS, ENOMEM, EINTR };
    struct shm_bell bell = shm_channel(pair.client)->peer_bell;

    (void)state;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        moment.send_error = errors[i];
        moment.sends = 0;
        hprpc__shm_bell_ring(bell);
        assert_in_range(moment.sends, 2, 1000);
        assert_int_equal(moment.yields, moment.sends - 1);
        moment.yields = 0;
    }
    /* too many rings wait already, or the other side is gone: one more ring would change nothing */
    moment.send_error = EAGAIN;
    moment.sends = 0;
    hprpc__shm_bell_ring(bell);
    assert_int_equal(moment.sends, 1);
}

/* The server keeps a body in a chunk, and the client waits for that chunk. */
static void keep_a_chunk(struct hprpc_message *ret_message)
{
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 1, 1000), 0);
    take(pair.server, pair.client, ret_message);
    shm_park(&shm_channel(pair.client)->sender.words->starved);
    assert_false(is_rung(pair.client));
}

/*
 * A body that is released after the end of its connection rings nothing: the descriptor of the doorbell may be another file by
 * then.
 */
static void test_no_ring_after_the_end(void **state)
{
    struct hprpc_message message;

    (void)state;
    for (int over = 0; over < 2; over++) {
        keep_a_chunk(&message);
        pair.server->over = over;
        if (over)
            pair.server->ops->close(pair.server);
        hprpc__shm_bell_drain(shm_channel(pair.client)->bell); /* the ring of the close */
        pair.server->ops->release(pair.server, &message);
        assert_int_equal(is_rung(pair.client), !over);
        hprpc__shm_bell_drain(shm_channel(pair.client)->bell);
    }
}

static void end_ringing(void)
{
    if (moment.yields == 3)
        atomic_fetch_sub(&shm_channel(pair.server)->receiver.ringing, 1);
}

/* While a thread is about to ring, the doorbell is not closed. */
static void test_the_end_waits_for_a_ring(void **state)
{
    (void)state;
    atomic_fetch_add(&shm_channel(pair.server)->receiver.ringing, 1);
    moment.at_yield = end_ringing;
    hprpc__shm_receiver_let_go(shm_channel(pair.server));
    assert_int_equal(moment.yields, 3);
}

/* ---- Closing ---- */

static void close_the_server(void)
{
    moment.at_drain = NULL;
    pair.server->ops->close(pair.server);
}

/* Another thread closes the channel while this thread is about to sleep on it. */
static void test_closed_while_it_arms(void **state)
{
    (void)state;
    shm_channel(pair.server)->receiver.unread = true; /* makes arm() drain the bell, where `at_drain` is called */
    moment.at_drain = close_the_server;
    assert_true(pair.server->ops->arm(pair.server));
    assert_null(moment.at_drain);
    assert_int_equal(receive_end(pair.server), HPRPC_ECLOSED);
}

/* All slots are taken and no message waits: there is no slot for the end, and only the lifeline tells of it. */
static void test_no_slot_for_the_end(void **state)
{
    (void)state;
    for (uint32_t call = 0; call < SLOTS; call++)
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, call, 10), 0);
    assert_int_equal(pair.client->queued, 0);
    pair.client->ops->close(pair.client);
    for (uint32_t call = 0; call < SLOTS; call++)
        expect(pair.server, NULL, HPRPC_MESSAGE_REPLY, call, 10);
    assert_int_equal(receive_end(pair.server), HPRPC_EPEERDIED);
}

/* ---- Room ---- */

static void fill_arena(void)
{
    for (uint32_t call = 0; call < 3; call++)
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, call, ARENA / 2), 0);
    assert_true(pair.client->queued > 0);
}

/* A receiver that clears the wish for room each time, and makes no room, does not hold up a flush for ever. */
static void test_looks_for_room_end(void **state)
{
    (void)state;
    fill_arena();
    moment.never_starved = true;
    moment.waits = 0;
    assert_int_equal(pair.client->ops->flush(pair.client), HPRPC_EAGAIN);
    assert_int_equal(moment.waits, SHM_LOOKS);
    moment.never_starved = false;
    for (uint32_t call = 0; call < 3; call++)
        expect(pair.server, pair.client, HPRPC_MESSAGE_REPLY, call, ARENA / 2);
}

static void return_falsely(void)
{
    atomic_store(&shm_channel(pair.client)->sender.arena.returns[0], 0x00010003);
}

/* The other side returns a chunk that it never had, when a waiting message is tried again: at once, or after growth. */
static void test_a_false_return_while_messages_wait(void **state)
{
    for (int grown = 0; grown < 2; grown++) {
        fill_arena();
        if (grown)
            moment.at_growth = return_falsely;
        else
            return_falsely();
        assert_int_equal(pair.client->ops->flush(pair.client), HPRPC_EPROTOCOL);
        assert_non_null(strstr(pair.client->reason.text, "returned a chunk"));
        tear_down(state);
        set_up(state);
    }
}

#define TRUSTED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define UNTRUSTED(test) cmocka_unit_test_setup_teardown(test, set_up_untrusted, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNTRUSTED(test_ringing_gives_up),
        TRUSTED(test_no_ring_after_the_end),
        TRUSTED(test_the_end_waits_for_a_ring),
        TRUSTED(test_closed_while_it_arms),
        TRUSTED(test_no_slot_for_the_end),
        TRUSTED(test_looks_for_room_end),
        TRUSTED(test_a_false_return_while_messages_wait),
    };

    return cmocka_run_group_tests_name("shm-moments", tests, NULL, NULL);
}
