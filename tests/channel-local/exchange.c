/* SPDX-License-Identifier: MIT */
/* Messages of all sizes, what happens where there is no room, whose memory they are in, and how connections end. */
#include <sys/eventfd.h>
#include <poll.h>
#include <unistd.h>

#include "tests/channel-local/end.h"

#include "channel-local/local.h"

static int send_request(struct hprpc_channel *channel, uint32_t call, uint32_t size)
{
    struct hprpc_header header = test_request(call);

    return test_send(channel, &header, size);
}

static int send_reply(struct hprpc_channel *channel, uint32_t call, uint32_t size)
{
    struct hprpc_header header = test_reply(call);

    return test_send(channel, &header, size);
}

/* Receives one message, checks and releases it. */
static void expect(struct hprpc_channel *channel, struct hprpc_header header, uint32_t size)
{
    struct hprpc_message message = take(channel);

    test_check(&message, &header, size);
    channel->ops->release(channel, &message);
}

static void exchanges_messages(void **state)
{
    static const uint32_t sizes[] = { 0,      1,      LOCAL_INLINE, LOCAL_INLINE + 1, LOCAL_SMALL, LOCAL_SMALL + 1,
                                      100000, 3000000 };
    struct hprpc_header borrowed = test_request(99);
    struct pair pair = open_pair(NULL, NULL);

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            assert_int_equal(send_request(pair.client, i, sizes[i]), 0);
            expect(pair.server, test_request(i), sizes[i]);
            assert_int_equal(send_reply(pair.server, i, sizes[i]), 0);
            expect(pair.client, test_reply(i), sizes[i]);
        }
    }
    assert_int_equal(test_send_borrowed(pair.client, &borrowed, 1 << 20, 2), 0);
    expect(pair.server, borrowed, 1 << 20);
    assert_int_equal(take_nothing(pair.server), 0);
    close_pair(&pair);
}

/* Requests leave slots to answers, and answers that find none wait in the channel. */
static void a_full_inbox(void **state)
{
    struct pair pair = open_pair(NULL, NULL);
    uint32_t sent = 0, answers;

    (void)state;
    while (send_request(pair.client, sent, sent % 200) == 0)
        sent++;
    assert_int_equal(sent, LOCAL_SLOTS - LOCAL_RESERVE);
    assert_int_equal(send_request(pair.client, sent, 0), HPRPC_EAGAIN);
    for (answers = 0; answers < LOCAL_SLOTS; answers++)
        assert_int_equal(send_reply(pair.client, answers, answers % 200), 0);
    assert_true(pair.client->queued);
    assert_int_equal(pair.client->ops->flush(pair.client), HPRPC_EAGAIN);
    assert_int_equal(send_request(pair.client, sent, 0), HPRPC_EAGAIN);
    for (uint32_t i = 0; i < sent; i++)
        expect(pair.server, test_request(i), i % 200);
    for (uint32_t i = 0; i < answers; i++) {
        if (i == LOCAL_RESERVE) {
            assert_int_equal(take_nothing(pair.server), 0);
            assert_int_equal(pair.client->ops->flush(pair.client), 0);
            assert_int_equal(pair.client->queued, 0);
        }
        expect(pair.server, test_reply(i), i % 200);
    }
    assert_int_equal(take_nothing(pair.server), 0);
    assert_int_equal(send_request(pair.client, sent, 0), 0);
    close_pair(&pair);
}

/* One more body of any size goes into an inbox with few bytes. */
static void bytes_are_bounded(void **state)
{
    const uint32_t size = LOCAL_BYTES / 4;
    struct pair pair = open_pair(NULL, NULL);

    (void)state;
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(send_request(pair.client, i, size), 0);
    assert_int_equal(send_request(pair.client, 4, size), HPRPC_EAGAIN);
    assert_int_equal(send_reply(pair.client, 4, size), 0);
    assert_true(pair.client->queued >= size);
    for (uint32_t i = 0; i < 4; i++)
        expect(pair.server, test_request(i), size);
    assert_int_equal(take_nothing(pair.server), 0);
    assert_int_equal(send_request(pair.client, 5, 4 * LOCAL_BYTES), 0);
    assert_int_equal(send_request(pair.client, 6, size), HPRPC_EAGAIN);
    assert_int_equal(send_request(pair.client, 7, 10), 0);
    expect(pair.server, test_reply(4), size);
    expect(pair.server, test_request(5), 4 * LOCAL_BYTES);
    expect(pair.server, test_request(7), 10);
    close_pair(&pair);
}

static void a_message_beyond_the_limit(void **state)
{
    struct pair pair = open_pair(NULL, NULL);

    (void)state;
    pair.server->receive_limit = 1000;
    assert_int_equal(send_request(pair.client, 1, 1000), 0);
    assert_int_equal(send_request(pair.client, 2, 1001), 0);
    assert_int_equal(send_request(pair.client, 3, 10), 0);
    expect(pair.server, test_request(1), 1000);
    for (int i = 0; i < 2; i++)
        assert_int_equal(take_nothing(pair.server), HPRPC_EPROTOCOL);
    assert_string_equal(pair.server->reason.text, "a message is longer than this side accepts");
    assert_int_equal(send_reply(pair.server, 1, 0), HPRPC_EPROTOCOL);
    close_pair(&pair);
}

static void both_ways_at_once(void **state)
{
    (void)state;
    for (int closing = 0; closing < 4; closing++) {
        struct pair pair = open_pair(NULL, NULL);

        test_duplex(pair.client, pair.server, closing % 2);
        close_pair(&pair);
    }
}

/* ---- Memory ---- */

/* Whatever one side has received is its own: the other side, and its context, may be gone. */
static void a_context_may_end_first(void **state)
{
    struct test_memory client, server;
    struct hprpc_message held;
    struct pair pair;

    (void)state;
    test_memory_init(&client);
    test_memory_init(&server);
    pair = open_pair(client.context, server.context);
    assert_int_equal(send_request(pair.client, 1, 5000), 0);
    assert_int_equal(send_request(pair.client, 2, 50000), 0);
    held = take(pair.server);
    /* something of each side is staged */
    for (uint32_t i = 0; i < LOCAL_SLOTS + 5; i++) {
        assert_int_equal(send_reply(pair.client, i, 300), 0);
        assert_int_equal(send_reply(pair.server, i, 300), 0);
    }
    assert_true(pair.client->queued && pair.server->queued);
    pair.client->ops->free(pair.client);
    pair.client = NULL;
    test_memory_free(&client);
    test_check(&held, &(struct hprpc_header){ .type = HPRPC_MESSAGE_REQUEST, .call = 1, .service = 1, .procedure = 2 },
               5000);
    pair.server->ops->release(pair.server, &held);
    expect(pair.server, test_request(2), 50000);
    assert_int_equal(send_reply(pair.server, 1, 0), HPRPC_EPEERDIED);
    close_pair(&pair);
    test_memory_free(&server);
}

static void a_reservation_is_given_back(void **state)
{
    static const uint32_t sizes[] = { 10, 500, 5000 };
    struct test_memory memory;
    struct pair pair;

    (void)state;
    test_memory_init(&memory);
    pair = open_pair(NULL, memory.context);
    for (int i = 0; i < 3; i++) {
        struct hprpc_header header = test_request(7);
        struct hprpc_reservation reservation;

        assert_int_equal(pair.client->ops->start_call(pair.client, &header, sizes[i], &reservation), 0);
        pair.client->ops->cancel_call(pair.client, &reservation);
        assert_int_equal(take_nothing(pair.server), 0);
        assert_int_equal(send_request(pair.client, 8, sizes[i]), 0);
        expect(pair.server, test_request(8), sizes[i]);
    }
    close_pair(&pair);
    test_memory_free(&memory);
}

/* Bodies are in memory of the side that receives them; once there is some, it is used again. */
static void without_memory(void **state)
{
    struct test_memory memory;
    struct pair pair;
    long allocations;

    (void)state;
    test_memory_init(&memory);
    pair = open_pair(NULL, memory.context);
    memory.fail_at = 1;
    assert_int_equal(send_request(pair.client, 1, 500), HPRPC_ENOMEM);
    assert_int_equal(send_request(pair.client, 2, 10), 0);
    assert_int_equal(send_request(pair.client, 3, 500), 0);
    expect(pair.server, test_request(2), 10);
    expect(pair.server, test_request(3), 500);
    assert_int_equal(send_request(pair.client, 4, 70000), 0);
    expect(pair.server, test_request(4), 70000);
    allocations = memory.allocations;
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(send_request(pair.client, i, i % 2 ? 1000 : 65000), 0);
        expect(pair.server, test_request(i), i % 2 ? 1000 : 65000);
    }
    assert_int_equal(memory.allocations, allocations);
    close_pair(&pair);
    test_memory_free(&memory);
}

static void connecting_without_memory(void **state)
{
    (void)state;
    for (long at = 1; at < 4; at++) {
        struct hprpc_listener *listener = NULL;
        struct hprpc_channel *channel = NULL;
        struct hprpc_detail detail = { "" };
        struct test_memory client, server;
        int r;

        test_memory_init(&client);
        test_memory_init(&server);
        server.fail_at = at == 1;
        r = try_listen(server.context, "local://poor", &detail, &listener);
        assert_int_equal(r, at == 1 ? HPRPC_ENOMEM : 0);
        client.fail_at = at == 2;
        server.fail_at = at == 3;
        if (r == 0)
            assert_int_equal(try_connect(client.context, "local://poor", &detail, &channel), HPRPC_ENOMEM);
        assert_true(strstr(detail.text, "no memory"));
        if (listener)
            listener->ops->free(listener);
        test_memory_free(&client);
        test_memory_free(&server);
    }
}

/* ---- The end ---- */

static void the_end_comes_after_the_messages(void **state)
{
    struct pair pair = open_pair(NULL, NULL);

    (void)state;
    assert_int_equal(send_request(pair.client, 1, 10), 0);
    assert_int_equal(send_request(pair.client, 2, 300), 0);
    assert_int_equal(send_reply(pair.server, 1, 10), 0);
    pair.client->ops->close(pair.client);
    pair.client->ops->close(pair.client);
    assert_int_equal(take_nothing(pair.client), HPRPC_ECLOSED);
    assert_int_equal(send_request(pair.client, 3, 10), HPRPC_ECLOSED);
    assert_int_equal(pair.client->ops->flush(pair.client), HPRPC_ECLOSED);
    /* the side that sends may be the first to notice */
    assert_int_equal(send_reply(pair.server, 2, 10), HPRPC_EPEERDIED);
    expect(pair.server, test_request(1), 10);
    expect(pair.server, test_request(2), 300);
    assert_int_equal(take_nothing(pair.server), HPRPC_EPEERDIED);
    assert_string_equal(pair.server->reason.text, "the other side went away");
    close_pair(&pair);
}

/* The channel is over while messages are lent: its descriptor is gone, and no thread rings what has its number now. */
static void over_and_lent(void **state)
{
    struct pair pair = open_pair(NULL, NULL);
    struct hprpc_watch watch;
    struct hprpc_message held;
    struct pollfd other = { .events = POLLIN };
    unsigned before = test_descriptors();

    (void)state;
    assert_int_equal(send_request(pair.client, 1, 5000), 0);
    held = take(pair.server);
    assert_int_equal(pair.server->ops->watch(pair.server, &watch), 1);
    pair.server->over = true;
    pair.server->ops->close(pair.server);
    assert_int_equal(test_descriptors(), before - 1);
    other.fd = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(other.fd, watch.fd);
    pair.client->ops->close(pair.client);
    assert_int_equal(poll(&other, 1, 0), 0);
    close(other.fd);
    test_check(&held, &(struct hprpc_header){ .type = HPRPC_MESSAGE_REQUEST, .call = 1, .service = 1, .procedure = 2 },
               5000);
    pair.server->ops->release(pair.server, &held);
    close_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(exchanges_messages),
        fixture_test(a_full_inbox),
        fixture_test(bytes_are_bounded),
        fixture_test(a_message_beyond_the_limit),
        fixture_test(both_ways_at_once),
        fixture_test(a_context_may_end_first),
        fixture_test(a_reservation_is_given_back),
        fixture_test(without_memory),
        fixture_test(connecting_without_memory),
        fixture_test(the_end_comes_after_the_messages),
        fixture_test(over_and_lent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
