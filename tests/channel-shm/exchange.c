/* SPDX-License-Identifier: MIT */
/* Messages of every size and kind, in both directions, until there is no room, and released in any order. */
#include "tests/channel-shm/end.h"

#include <pthread.h>
#include <stdlib.h>

enum { SLOTS = 16, ARENA = 64 * 1024, LENT_MAX = 200 };

static struct pair pair;

static int set_up(void **state)
{
    (void)state;
    pair_make(&pair, NULL, SLOTS, ARENA, false);
    return 0;
}

static int set_up_untrusted(void **state)
{
    (void)state;
    pair_make(&pair, NULL, SLOTS, ARENA, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pair_free(&pair);
    return 0;
}

static void exchange_size(uint32_t call, uint32_t size)
{
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, call, size), 0);
    expect(pair.server, pair.client, HPRPC_MESSAGE_REQUEST, call, size);
    assert_int_equal(send_message(pair.server, HPRPC_MESSAGE_REPLY, call, size), 0);
    expect(pair.client, pair.server, HPRPC_MESSAGE_REPLY, call, size);
    assert_false(pair.client->queued);
    assert_false(pair.server->queued);
}

static void test_every_size_around_the_boundaries(void **state)
{
    static const uint32_t places[] = { 64, 256, ARENA / 8, ARENA / 4, ARENA / 2, ARENA, 2 * ARENA, 3 * ARENA };
    uint32_t call = 1, size;
    size_t i;

    (void)state;
    for (size = 0; size <= 200; size++)
        exchange_size(call++, size);
    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        for (size = places[i] - 9; size <= places[i] + 9; size++)
            exchange_size(call++, size);
    exchange_size(call, 5 * 1024 * 1024 + 3);
}

static void test_header_fields_travel(void **state)
{
    static const uint8_t flags[] = { 0,
                                     HPRPC_FLAG_TIMEOUT,
                                     HPRPC_FLAG_DEPTH,
                                     HPRPC_FLAG_TIMEOUT | HPRPC_FLAG_DEPTH,
                                     HPRPC_FLAG_ONEWAY,
                                     HPRPC_FLAG_TIMEOUT | HPRPC_FLAG_ONEWAY };
    static const uint32_t sizes[] = { 0, 39, 40, 41, 47, 48, 49, 1000, ARENA };
    struct hprpc_message message;
    size_t i, j;

    (void)state;
    for (i = 0; i < sizeof(flags); i++) {
        for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
            struct hprpc_header header = { .call = flags[i] & HPRPC_FLAG_ONEWAY ? 0 : 0xfedcba98,
                                           .service = 0xffff,
                                           .procedure = 0x8001,
                                           .type = HPRPC_MESSAGE_REQUEST,
                                           .flags = flags[i] };

            header.timeout_ms = flags[i] & HPRPC_FLAG_TIMEOUT ? 0xffffffff : 0;
            header.depth = flags[i] & HPRPC_FLAG_DEPTH ? 0xfffe : 0;
            assert_int_equal(send_header(pair.client, &header, sizes[j]), 0);
            take(pair.server, pair.client, &message);
            assert_int_equal(message.header.call, header.call);
            assert_int_equal(message.header.timeout_ms, header.timeout_ms);
            assert_int_equal(message.header.service, header.service);
            assert_int_equal(message.header.procedure, header.procedure);
            assert_int_equal(message.header.depth, header.depth);
            assert_int_equal(message.header.type, header.type);
            assert_int_equal(message.header.flags, header.flags);
            check_body(&message, header.call, sizes[j]);
            pair.server->ops->release(pair.server, &message);
        }
    }
}

static void test_many_laps(void **state)
{
    uint32_t call;

    (void)state;
    for (call = 0; call < 70000; call++)
        exchange_size(call, call % 100);
}

/* Positions are counted with 64 bits, and only 32 bits of a lap are shared, which wrap around. */
static void test_positions_wrap(void **state)
{
    const uint64_t start = (uint64_t)-5 << 4; /* laps of 16 slots: five before 2^32 laps are full */
    struct shm_channel *client = shm_channel(pair.client), *server = shm_channel(pair.server);
    uint32_t call, i;

    (void)state;
    client->sender.head = client->sender.consumed = server->receiver.tail = server->receiver.published = start;
    client->sender.tag = server->receiver.tag = (uint32_t)(start >> 4) + 1;
    atomic_store(&client->sender.words->consumed, (uint32_t)start);
    for (i = 0; i < SLOTS; i++)
        atomic_store(&client->sender.slots[i].commit, (uint32_t)(start >> 4));
    for (call = 0; call < 10 * SLOTS; call++) {
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, call, 30), 0);
        expect(pair.server, NULL, HPRPC_MESSAGE_REQUEST, call, 30);
    }
}

static void test_requests_stop_and_answers_pass(void **state)
{
    uint32_t sent, i;

    (void)state;
    for (sent = 0; send_message(pair.client, HPRPC_MESSAGE_REQUEST, sent, 10) == 0; sent++)
        assert_true(sent < SLOTS);
    assert_int_equal(sent, SLOTS - SLOTS / 4);
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, sent, 10), HPRPC_EAGAIN);
    for (i = 0; i < 100; i++)
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 1000 + i, 10 * i), 0);
    assert_true(pair.client->queued);
    assert_int_equal(pair.client->ops->flush(pair.client), HPRPC_EAGAIN);
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, sent, 10), HPRPC_EAGAIN);
    for (i = 0; i < sent; i++)
        expect(pair.server, pair.client, HPRPC_MESSAGE_REQUEST, i, 10);
    for (i = 0; i < 100; i++)
        expect(pair.server, pair.client, HPRPC_MESSAGE_REPLY, 1000 + i, 10 * i);
    assert_int_equal(pair.client->ops->flush(pair.client), 0);
    assert_false(pair.client->queued);
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, sent, 10), 0);
    expect(pair.server, pair.client, HPRPC_MESSAGE_REQUEST, sent, 10);
}

/* A body that is read in its slot stays there, also while the receiver sleeps. */
static void test_a_lent_slot_is_kept_while_its_receiver_sleeps(void **state)
{
    struct hprpc_message message;
    uint32_t i;

    (void)state;
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 1, 40), 0);
    take(pair.server, NULL, &message);
    assert_false(pair.server->ops->arm(pair.server));
    for (i = 0; i < 2 * SLOTS; i++)
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 2 + i, 40), 0);
    check_body(&message, 1, 40);
    pair.server->ops->release(pair.server, &message);
    pair.server->ops->disarm(pair.server);
    for (i = 0; i < 2 * SLOTS; i++)
        expect(pair.server, pair.client, HPRPC_MESSAGE_REPLY, 2 + i, 40);
}

/* After any traffic, the counters of both sides are as at the start. */
static void test_nothing_drifts(void **state)
{
    static const uint32_t sizes[] = { 0, 40, 1000, ARENA / 2, ARENA, 3 * ARENA };
    struct shm_channel *client = shm_channel(pair.client), *server = shm_channel(pair.server);
    uint32_t units = client->sender.arena.base.free_units;
    size_t i;
    int round, n;

    (void)state;
    for (round = 0; round < 20; round++) {
        for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            for (n = 0; n < 5; n++)
                assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, (uint32_t)n, sizes[i]), 0);
            for (n = 0; n < 5; n++)
                expect(pair.server, pair.client, HPRPC_MESSAGE_REPLY, (uint32_t)n, sizes[i]);
        }
        assert_int_equal(pair.client->ops->flush(pair.client), 0);
        assert_int_equal(pair.client->queued, 0);
        assert_int_equal(client->sender.staged, 0);
        assert_true(hprpc__list_is_empty(&client->sender.queue));
        assert_int_equal(hprpc__shm_arena_collect(&client->sender.arena), 0);
        assert_int_equal(client->sender.arena.base.free_units, units);
        assert_int_equal(client->sender.arena.base.chunks, 0);
        assert_int_equal(atomic_load(&server->receiver.held[0]), 0);
    }
}

static void test_both_directions_full(void **state)
{
    struct hprpc_channel *ends[2];
    uint32_t sent[2] = { 0, 0 }, call;
    int end, i;

    (void)state;
    ends[0] = pair.client;
    ends[1] = pair.server;
    for (end = 0; end < 2; end++)
        while (send_message(ends[end], HPRPC_MESSAGE_REQUEST, sent[end], ARENA / 16) == 0)
            sent[end]++;
    for (end = 0; end < 2; end++)
        for (i = 0; i < 3; i++)
            assert_int_equal(send_message(ends[end], HPRPC_MESSAGE_REPLY, 100 + (uint32_t)i, 3 * ARENA), 0);
    for (end = 0; end < 2; end++)
        for (call = 0; call < sent[!end]; call++)
            expect(ends[end], ends[!end], HPRPC_MESSAGE_REQUEST, call, ARENA / 16);
    for (end = 0; end < 2; end++)
        for (i = 0; i < 3; i++)
            expect(ends[end], ends[!end], HPRPC_MESSAGE_REPLY, 100 + (uint32_t)i, 3 * ARENA);
}

/* The arena runs out, and the slots do not. */
static void test_arena_exhausted(void **state)
{
    struct hprpc_message held[2];
    struct shm_channel *client = shm_channel(pair.client);
    uint64_t head;

    (void)state;
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 1, ARENA / 2), 0);
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 2, ARENA / 2), 0);
    head = client->sender.head;
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 3, 49), HPRPC_EAGAIN);
    assert_int_equal(client->sender.head, head);
    assert_int_equal(client->sender.arena.base.free_units, 0);
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 4, 48), 0);
    take(pair.server, NULL, &held[0]);
    assert_true(held[0].lendable);
    take(pair.server, NULL, &held[1]);
    assert_false(held[1].lendable);
    pair.server->ops->release(pair.server, &held[1]);
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 3, 49), 0);
    expect(pair.server, NULL, HPRPC_MESSAGE_REQUEST, 4, 48);
    expect(pair.server, NULL, HPRPC_MESSAGE_REQUEST, 3, 49);
    check_body(&held[0], 1, ARENA / 2);
    pair.server->ops->release(pair.server, &held[0]);
}

/* The free memory is in small runs: a request that fits in no run is sent in pieces. */
static void test_scattered_arena(void **state)
{
    struct hprpc_message messages[8];
    uint32_t i;

    (void)state;
    for (i = 0; i < 8; i++) {
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, i, ARENA / 8), 0);
        take(pair.server, NULL, &messages[i]);
    }
    for (i = 0; i < 8; i += 2)
        pair.server->ops->release(pair.server, &messages[i]);
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 100, ARENA / 4), 0);
    expect(pair.server, pair.client, HPRPC_MESSAGE_REQUEST, 100, ARENA / 4);
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 101, ARENA / 2), 0);
    expect(pair.server, pair.client, HPRPC_MESSAGE_REPLY, 101, ARENA / 2);
    for (i = 1; i < 8; i += 2) {
        check_body(&messages[i], i, ARENA / 8);
        pair.server->ops->release(pair.server, &messages[i]);
    }
}

static void test_cancelled_messages_never_were(void **state)
{
    static const uint32_t sizes[] = { 10, 500, ARENA / 2, 2 * ARENA };
    struct hprpc_header header = { .call = 1, .type = HPRPC_MESSAGE_REQUEST };
    struct hprpc_reservation reservation;
    int i, j;

    (void)state;
    for (i = 0; i < 100; i++) {
        for (j = 0; j < 4; j++) {
            assert_int_equal(pair.client->ops->start_call(pair.client, &header, sizes[j], &reservation), 0);
            memset(reservation.writer.cursor, 0xff, sizes[j]);
            pair.client->ops->cancel_call(pair.client, &reservation);
        }
    }
    assert_int_equal(shm_channel(pair.client)->sender.arena.base.free_units,
                     shm_channel(pair.client)->sender.arena.base.end);
    exchange_size(5, 1000);
}

/* Sends long runs that may be borrowed instead of copied. What is not sent at once is copied before end_call returns. */
static void send_with_references(uint32_t call, uint32_t size, const uint32_t *starts, uint32_t count, uint32_t run)
{
    struct hprpc_header header = { .call = call, .type = HPRPC_MESSAGE_REPLY };
    struct hprpc_reservation reservation;
    uint8_t *runs = malloc(count * run), *body;
    uint32_t i, j;

    assert_int_equal(pair.client->ops->start_call(pair.client, &header, size, &reservation), 0);
    assert_true(reservation.writer.reference_capacity >= count);
    body = reservation.writer.start;
    for (i = 0; i < size; i++)
        body[i] = pattern(call, i);
    for (i = 0; i < count; i++) {
        memset(body + starts[i], 0xee, run);
        for (j = 0; j < run; j++)
            runs[i * run + j] = pattern(call, starts[i] + j);
        reservation.writer.references[i] = (struct kodosis_reference){ runs + i * run, body + starts[i], run };
    }
    reservation.writer.reference_count = count;
    reservation.writer.cursor = reservation.writer.end;
    assert_int_equal(pair.client->ops->end_call(pair.client, &reservation), 0);
    memset(runs, 0xdd, count * run);
    free(runs);
}

static void test_borrowed_runs(void **state)
{
    static const uint32_t starts[] = { 0, 20000, 40000, 65536 };
    uint32_t call;

    (void)state;
    for (call = 0; call < 4; call++) {
        send_with_references(2 * call, ARENA + 32768, starts, 4, 16384 + call);
        send_with_references(2 * call + 1, 100001, starts + call, 4 - call, 20000);
        expect(pair.server, pair.client, HPRPC_MESSAGE_REPLY, 2 * call, ARENA + 32768);
        expect(pair.server, pair.client, HPRPC_MESSAGE_REPLY, 2 * call + 1, 100001);
    }
}

static void test_limit_of_the_receiver(void **state)
{
    static const uint32_t sizes[] = { 48, 1000, ARENA + 1 };
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        pair.server->receive_limit = sizes[i];
        exchange_size(1, sizes[i]);
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 2, sizes[i] + 1), 0);
        assert_int_equal(receive_end(pair.server), HPRPC_EPROTOCOL);
        assert_non_null(strstr(pair.server->reason.text, "is the limit"));
        assert_int_equal(send_message(pair.server, HPRPC_MESSAGE_REPLY, 2, 1), HPRPC_EPROTOCOL);
        tear_down(state);
        set_up(state);
    }
}

static void test_untrusted_bodies_are_copied(void **state)
{
    static const uint32_t sizes[] = { 49, 5000, ARENA / 2, ARENA };
    struct hprpc_message message;
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 1, sizes[i]), 0);
        take(pair.server, pair.client, &message);
        assert_true(message.lendable);
        assert_true(message.body < (uint8_t *)pair.memory ||
                    message.body >= (uint8_t *)pair.memory + pair.geometry.size);
        memset(shm_channel(pair.client)->sender.arena.base.memory, 0xcc, ARENA);
        check_body(&message, 1, sizes[i]);
        pair.server->ops->release(pair.server, &message);
    }
}

static void test_corked_messages_ring_once(void **state)
{
    uint32_t i;

    (void)state;
    assert_false(pair.server->ops->arm(pair.server));
    pair.client->corked = true;
    for (i = 0; i < 5; i++)
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, i, 10), 0);
    pair.client->corked = false;
    assert_true(pair.client->queued);
    assert_int_equal(atomic_load(&shm_channel(pair.client)->sender.words->sleeping), 1);
    assert_int_equal(pair.client->ops->flush(pair.client), 0);
    assert_false(pair.client->queued);
    assert_int_equal(atomic_load(&shm_channel(pair.client)->sender.words->sleeping), 0);
    pair.server->ops->disarm(pair.server);
    for (i = 0; i < 5; i++)
        expect(pair.server, NULL, HPRPC_MESSAGE_REPLY, i, 10);
}

/* ---- Many threads give messages back ---- */

struct shelf {
    pthread_mutex_t lock;
    struct hprpc_message messages[LENT_MAX];
    uint32_t count;
    bool over;
};

static struct shelf shelf;

static void *release_at_random(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;
    struct hprpc_message message;
    uint32_t place;
    bool over = false;

    while (!over) {
        pthread_mutex_lock(&shelf.lock);
        over = shelf.over && !shelf.count;
        if (shelf.count) {
            place = (uint32_t)rand_r(&seed) % shelf.count;
            message = shelf.messages[place];
            shelf.messages[place] = shelf.messages[--shelf.count];
            pthread_mutex_unlock(&shelf.lock);
            check_body(&message, message.header.call, message.size);
            pair.server->ops->release(pair.server, &message);
        } else {
            pthread_mutex_unlock(&shelf.lock);
        }
    }
    return NULL;
}

static void put_on_shelf(const struct hprpc_message *message)
{
    bool kept = false;

    while (!kept) {
        pthread_mutex_lock(&shelf.lock);
        if (shelf.count < LENT_MAX) {
            shelf.messages[shelf.count++] = *message;
            kept = true;
        }
        pthread_mutex_unlock(&shelf.lock);
    }
}

static void test_releases_from_other_threads_in_any_order(void **state)
{
    struct hprpc_message message;
    pthread_t threads[2];
    uint32_t sent = 0, received = 0, size;
    unsigned seed = 4711;
    uintptr_t i;

    (void)state;
    shelf = (struct shelf){ .lock = PTHREAD_MUTEX_INITIALIZER };
    for (i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, release_at_random, (void *)(i + 1)), 0);
    while (received < 20000) {
        size = 49 + (uint32_t)rand_r(&seed) % 3000;
        if (sent < 20000 && send_message(pair.client, HPRPC_MESSAGE_REQUEST, sent, size) == 0)
            sent++;
        while (pair.server->ops->receive(pair.server, &message) == 1) {
            assert_int_equal(message.header.call, received++);
            if (message.lendable)
                put_on_shelf(&message);
            else
                pair.server->ops->release(pair.server, &message);
        }
        pair.client->ops->flush(pair.client);
    }
    pthread_mutex_lock(&shelf.lock);
    shelf.over = true;
    pthread_mutex_unlock(&shelf.lock);
    for (i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&shm_channel(pair.server)->receiver.held[0]), 0);
    exchange_size(1, ARENA / 2);
    exchange_size(2, ARENA / 2);
}

/* ---- Both sides of both ends at once ---- */

enum { DUPLEX = 20000 };

struct side {
    struct hprpc_channel *channel;
    const char *problem;
};

static uint32_t duplex_size(uint32_t call)
{
    return call % 1000 == 999 ? 2 * ARENA : call * 2654435761u % (call % 50 ? 300 : 10000);
}

static void *send_all(void *argument)
{
    struct side *side = argument;
    double deadline = seconds() + 60;
    uint32_t call = 0;
    int result;

    while (call < DUPLEX && !side->problem) {
        result = send_message(side->channel, HPRPC_MESSAGE_REQUEST, call, duplex_size(call));
        if (!result)
            call++;
        else if (result != HPRPC_EAGAIN)
            side->problem = "it could not be sent";
        else if (seconds() > deadline)
            side->problem = "there was no room for too long";
    }
    while (!side->problem && side->channel->ops->flush(side->channel) == HPRPC_EAGAIN)
        if (seconds() > deadline)
            side->problem = "there was no room for too long";
    return NULL;
}

static void *receive_all(void *argument)
{
    struct side *side = argument;
    double deadline = seconds() + 60;
    struct hprpc_message message;
    uint32_t call = 0;
    int result;

    while (call < DUPLEX && !side->problem) {
        result = side->channel->ops->receive(side->channel, &message);
        if (result == 1) {
            if (message.header.call != call || message.size != duplex_size(call) ||
                (message.size && message.body[message.size - 1] != pattern(call, message.size - 1)))
                side->problem = "another message came";
            side->channel->ops->release(side->channel, &message);
            call++;
        } else if (result < 0) {
            side->problem = "the channel broke";
        } else if (seconds() > deadline) {
            side->problem = "nothing came for too long";
        }
    }
    return NULL;
}

static void test_four_threads(void **state)
{
    struct side sides[4] = {
        { pair.client, NULL }, { pair.client, NULL }, { pair.server, NULL }, { pair.server, NULL }
    };
    pthread_t threads[4];
    int i;

    (void)state;
    for (i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i % 2 ? receive_all : send_all, &sides[i]), 0);
    for (i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (i = 0; i < 4; i++)
        assert_null(sides[i].problem);
}

#define PAIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR(test_every_size_around_the_boundaries),
        PAIR(test_header_fields_travel),
        PAIR(test_many_laps),
        PAIR(test_positions_wrap),
        PAIR(test_requests_stop_and_answers_pass),
        PAIR(test_both_directions_full),
        PAIR(test_arena_exhausted),
        PAIR(test_scattered_arena),
        PAIR(test_cancelled_messages_never_were),
        PAIR(test_borrowed_runs),
        PAIR(test_limit_of_the_receiver),
        cmocka_unit_test_setup_teardown(test_untrusted_bodies_are_copied, set_up_untrusted, tear_down),
        PAIR(test_corked_messages_ring_once),
        PAIR(test_releases_from_other_threads_in_any_order),
        PAIR(test_four_threads),
        PAIR(test_a_lent_slot_is_kept_while_its_receiver_sleeps),
        PAIR(test_nothing_drifts),
    };

    return cmocka_run_group_tests_name("shm-exchange", tests, NULL, NULL);
}
