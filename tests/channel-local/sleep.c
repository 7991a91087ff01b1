/* SPDX-License-Identifier: MIT */
/* When a bell rings: for a side that sleeps and has something to do, once, and for no other. */
#include "tests/channel-local/end.h"

#include "channel-local/local.h"

static int send_request(struct hprpc_channel *channel, uint32_t call)
{
    struct hprpc_header header = test_request(call);

    return test_send(channel, &header, 10);
}

static void take_all(struct hprpc_channel *channel, uint32_t count)
{
    while (count--)
        take(channel);
    assert_int_equal(take_nothing(channel), 0);
}

static void only_a_sleeper_is_rung(void **state)
{
    struct pair pair = open_pair(NULL, NULL);

    (void)state;
    assert_int_equal(send_request(pair.client, 1), 0);
    assert_false(is_rung(pair.server));
    assert_true(pair.server->ops->arm(pair.server)); /* the message is there */
    pair.server->ops->disarm(pair.server);
    take_all(pair.server, 1);

    for (uint32_t i = 0; i < 3; i++) {
        assert_false(pair.server->ops->arm(pair.server));
        assert_int_equal(send_request(pair.client, 2), 0);
        assert_true(is_rung(pair.server));
        pair.server->ops->disarm(pair.server);
        take_all(pair.server, 1);
        /* awake, it is not rung again; the ring before is taken by the next arm */
        assert_int_equal(send_request(pair.client, 3), 0);
        take_all(pair.server, 1);
    }
    assert_false(pair.server->ops->arm(pair.server));
    assert_false(is_rung(pair.server));
    close_pair(&pair);
}

/* A corked message waits for the flush, which does not ring if the receiver took it meanwhile. */
static void a_flush_rings_for_what_was_corked(void **state)
{
    struct pair pair = open_pair(NULL, NULL);

    (void)state;
    assert_false(pair.server->ops->arm(pair.server));
    for (int taken = 0; taken < 2; taken++) {
        pair.client->corked = true;
        assert_int_equal(send_request(pair.client, 1), 0);
        pair.client->corked = false;
        assert_true(pair.client->queued);
        assert_false(is_rung(pair.server));
        if (!taken)
            take_all(pair.server, 1);
        assert_int_equal(pair.client->ops->flush(pair.client), 0);
        assert_false(pair.client->queued);
        assert_int_equal(is_rung(pair.server), taken);
    }
    close_pair(&pair);
}

/* The next message that is not corked rings for those that were. */
static void a_later_message_rings_as_well(void **state)
{
    struct pair pair = open_pair(NULL, NULL);

    (void)state;
    assert_false(pair.server->ops->arm(pair.server));
    pair.client->corked = true;
    assert_int_equal(send_request(pair.client, 1), 0);
    pair.client->corked = false;
    assert_int_equal(send_request(pair.client, 2), 0);
    assert_true(is_rung(pair.server));
    assert_false(pair.client->queued);
    take_all(pair.server, 2);
    close_pair(&pair);
}

static void room_rings_a_sender_that_waits(void **state)
{
    struct pair pair = open_pair(NULL, NULL);
    uint32_t sent = 0;

    (void)state;
    assert_false(pair.client->ops->arm(pair.client));
    while (send_request(pair.client, sent) == 0)
        sent++;
    assert_false(pair.client->ops->arm(pair.client));
    take(pair.server);
    assert_false(is_rung(pair.client)); /* one slot is not worth it */
    take_all(pair.server, sent - 1);
    assert_true(is_rung(pair.client));
    assert_true(pair.client->ops->arm(pair.client)); /* a request may be sent now */
    assert_false(pair.client->ops->arm(pair.client));
    pair.client->ops->disarm(pair.client);
    assert_int_equal(send_request(pair.client, sent), 0);
    take_all(pair.server, 1);
    assert_false(is_rung(pair.client));
    close_pair(&pair);
}

static void the_end_rings_both(void **state)
{
    struct pair pair = open_pair(NULL, NULL);

    (void)state;
    assert_false(pair.server->ops->arm(pair.server));
    assert_false(pair.client->ops->arm(pair.client));
    pair.client->ops->close(pair.client);
    assert_true(is_rung(pair.client));
    assert_true(is_rung(pair.server));
    assert_true(pair.client->ops->arm(pair.client));
    assert_true(pair.server->ops->arm(pair.server));
    assert_int_equal(take_nothing(pair.server), HPRPC_EPEERDIED);
    close_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(only_a_sleeper_is_rung),
        fixture_test(a_flush_rings_for_what_was_corked),
        fixture_test(a_later_message_rings_as_well),
        fixture_test(room_rings_a_sender_that_waits),
        fixture_test(the_end_rings_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
