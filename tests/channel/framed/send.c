/* SPDX-License-Identifier: MIT */
/* Sending: partial writes, borrowed runs, corked batches, lack of memory, and a break that both sides find. */
#include <errno.h>
#include <pthread.h>

#include "tests/channel/framed/wire.h"

/* ---- Sending ---- */

static void what_is_sent_is_the_script(void **state)
{
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);

    (void)state;
    add_small(&script);
    add_large(&script);
    for (size_t i = 0; i < script.count; i++) {
        assert_int_equal(test_send(channel_of(wire), &script.entries[i].header, script.entries[i].size), 0);
        assert_int_equal(wire->out_size, script.ends[i]);
        assert_false(channel_of(wire)->queued);
    }
    assert_int_equal(wire->writes, script.count);
    assert_memory_equal(wire->out, script.bytes, script.size);
    free_wire(wire);
    free_script(&script);
}

/* Sends one message of the script. While it must wait, flushes `step` bytes at a time. */
static void send_entry(struct wire *wire, const struct entry *entry, size_t step, unsigned pieces)
{
    int r;

    for (;;) {
        r = pieces ? test_send_borrowed(channel_of(wire), &entry->header, entry->size, pieces)
                   : test_send(channel_of(wire), &entry->header, entry->size);
        if (r != HPRPC_EAGAIN)
            break;
        wire->room = step;
        channel_of(wire)->ops->flush(channel_of(wire));
    }
    assert_int_equal(r, 0);
}

/* The wire takes `cut` bytes, then none, then `step` at a time. */
static void send_in_pieces(const struct script *script, size_t cut, size_t step, unsigned pieces, size_t borrowing)
{
    struct wire *wire = new_wire(NULL);
    struct hprpc_channel *channel = channel_of(wire);
    int r;

    wire->room = cut;
    for (size_t i = 0; i < script->count; i++) {
        send_entry(wire, &script->entries[i], step, i == borrowing ? pieces : 0);
        assert_true((channel->queued > 0) == (wire->out_size < script->ends[i]));
    }
    assert_true(wire->out_size >= (cut < script->size ? cut : script->size));
    while (channel->queued) {
        wire->room = step;
        r = channel->ops->flush(channel);
        assert_int_equal(r, wire->out_size < script->size ? HPRPC_EAGAIN : 0);
    }
    assert_int_equal(channel->ops->flush(channel), 0);
    assert_int_equal(wire->out_size, script->size);
    assert_memory_equal(wire->out, script->bytes, script->size);
    free_wire(wire);
}

static void partial_writes_at_every_offset(void **state)
{
    struct script script = { .count = 0 };

    (void)state;
    add(&script, test_request(1), 20);
    add(&script, test_reply(2), 333);
    add(&script, test_request(3), 60);
    for (size_t cut = 0; cut <= script.size; cut++)
        for (size_t step = 1; step < 400; step += 57)
            send_in_pieces(&script, cut, step, 0, SIZE_MAX);
    free_script(&script);
}

static void borrowed_runs_at_every_offset(void **state)
{
    struct script script = { .count = 0 };

    (void)state;
    add(&script, test_request(1), 20);
    add(&script, test_reply(2), 333);
    add(&script, test_request(3), 60);
    for (unsigned pieces = 1; pieces <= 4; pieces++)
        for (size_t cut = 0; cut <= script.size; cut++) {
            send_in_pieces(&script, cut, 100, pieces, 0);
            send_in_pieces(&script, cut, 100, pieces, 1);
        }
    free_script(&script);
}

static void large_messages_leave_in_pieces(void **state)
{
    struct script script = { .count = 0 };

    (void)state;
    add_large(&script);
    for (size_t cut = 0; cut < script.size; cut += 99991) {
        send_in_pieces(&script, cut, 50000, 0, SIZE_MAX);
        send_in_pieces(&script, cut, 50000, 3, 16);
    }
    free_script(&script);
}

static void borrowed_runs_are_not_copied_when_taken(void **state)
{
    struct hprpc_header header = test_request(1);
    struct hprpc_reservation reservation;
    struct wire *wire = new_wire(NULL);
    static uint8_t body[50000];

    (void)state;
    test_fill(body, 1, sizeof(body));
    assert_int_equal(channel_of(wire)->ops->start_call(channel_of(wire), &header, sizeof(body), &reservation), 0);
    reservation.writer.start[0] = 0x11;
    reservation.references[0] =
        (struct kodosis_reference){ .data = body, .place = reservation.writer.start, .size = sizeof(body) };
    reservation.writer.reference_count = 1;
    assert_int_equal(channel_of(wire)->ops->end_call(channel_of(wire), &reservation), 0);
    assert_int_equal(wire->writes, 1);
    assert_memory_equal(wire->out + wire->out_size - sizeof(body), body, sizeof(body));
    assert_int_equal(reservation.writer.start[0], 0x11);
    free_wire(wire);
}

/* A message borrows its body while others wait before it: corked, refused by the wire, or in blocks of their own. */
static void borrowed_runs_wait_their_turn(void **state)
{
    struct script script = { .count = 0 };

    (void)state;
    add(&script, test_request(1), 100000);
    add(&script, test_request(2), 100000);
    add(&script, test_reply(3), 50000);
    for (int how = 0; how < 3; how++) {
        struct wire *wire = new_wire(NULL);
        struct hprpc_channel *channel = channel_of(wire);

        channel->corked = how != 1;
        wire->room = how == 1 ? 0 : SIZE_MAX;
        for (size_t i = 0; i < 3; i++) {
            if (i == 2 && how == 2)
                channel->corked = false;
            assert_int_equal(i == 2 ? test_send_borrowed(channel, &script.entries[i].header, script.entries[i].size, 2)
                                    : test_send(channel, &script.entries[i].header, script.entries[i].size),
                             0);
        }
        assert_int_equal(channel->queued > 0, how < 2);
        channel->corked = false;
        wire->room = SIZE_MAX;
        assert_int_equal(channel->ops->flush(channel), 0);
        assert_int_equal(wire->out_size, script.size);
        assert_memory_equal(wire->out, script.bytes, script.size);
        free_wire(wire);
    }
    free_script(&script);
}

static void requests_wait_where_replies_do_not(void **state)
{
    struct hprpc_header request = test_request(1), reply = test_reply(2), ping = { .type = HPRPC_MESSAGE_PING };
    struct wire *wire = new_wire(NULL);
    struct hprpc_channel *channel = channel_of(wire);
    struct hprpc_reservation reservation;
    unsigned sent = 0;
    size_t out;

    (void)state;
    wire->room = 0;
    while (test_send(channel, &request, 10000) == 0)
        assert_in_range(++sent, 1, 26);
    assert_int_equal(sent, 26);
    assert_int_equal(channel->ops->start_call(channel, &request, 10000, &reservation), HPRPC_EAGAIN);
    assert_int_equal(test_send(channel, &reply, 3000000), 0);
    assert_int_equal(test_send(channel, &ping, 0), 0);
    assert_int_equal(wire->writes, 1); /* once the wire is full, only flush() writes */
    assert_int_equal(channel->ops->flush(channel), HPRPC_EAGAIN);
    wire->room = 3000000;
    assert_int_equal(channel->ops->flush(channel), HPRPC_EAGAIN);
    assert_int_equal(channel->ops->start_call(channel, &request, 10000, &reservation), HPRPC_EAGAIN);
    wire->room = SIZE_MAX;
    assert_int_equal(channel->ops->flush(channel), 0);
    /* when nothing is queued, a message of any size is taken */
    out = wire->out_size;
    wire->room = 0;
    assert_int_equal(test_send(channel, &request, 3000000), 0);
    assert_int_equal(test_send(channel, &request, 1), HPRPC_EAGAIN);
    wire->room = SIZE_MAX;
    assert_int_equal(channel->ops->flush(channel), 0);
    assert_in_range(wire->out_size - out, 3000000, 3000020);
    free_wire(wire);
}

static void a_corked_batch_leaves_in_one_write(void **state)
{
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_channel *channel = channel_of(wire);

    (void)state;
    add_small(&script);
    channel->corked = true;
    for (size_t i = 0; i < script.count; i++) {
        assert_int_equal(test_send(channel, &script.entries[i].header, script.entries[i].size), 0);
        assert_true(channel->queued);
    }
    assert_int_equal(wire->writes, 0);
    channel->corked = false;
    assert_int_equal(channel->ops->flush(channel), 0);
    assert_false(channel->queued);
    assert_int_equal(wire->writes, 1);
    assert_int_equal(wire->out_size, script.size);
    assert_memory_equal(wire->out, script.bytes, script.size);
    free_wire(wire);

    /* the next message that is not corked also sends the batch */
    wire = new_wire(NULL);
    channel = channel_of(wire);
    for (size_t i = 0; i < script.count; i++) {
        channel->corked = i + 1 < script.count;
        assert_int_equal(test_send(channel, &script.entries[i].header, script.entries[i].size), 0);
    }
    assert_int_equal(wire->writes, 1);
    assert_memory_equal(wire->out, script.bytes, script.size);
    free_wire(wire);
    free_script(&script);
}

static void cancelled_messages_leave_no_trace(void **state)
{
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_channel *channel = channel_of(wire);
    struct hprpc_header other = test_request(99);
    struct hprpc_reservation reservation;

    (void)state;
    add_small(&script);
    for (size_t i = 0; i < script.count; i++) {
        wire->room = i % 3 ? 40 : 0;
        assert_int_equal(channel->ops->start_call(channel, &other, i % 2 ? 100000 : 10, &reservation), 0);
        memset(reservation.writer.cursor, 0xcc, reservation.size);
        channel->ops->cancel_call(channel, &reservation);
        assert_int_equal(test_send(channel, &script.entries[i].header, script.entries[i].size), 0);
    }
    wire->room = SIZE_MAX;
    assert_int_equal(channel->ops->flush(channel), 0);
    assert_int_equal(wire->out_size, script.size);
    assert_memory_equal(wire->out, script.bytes, script.size);
    free_wire(wire);
    free_script(&script);
}

static void sending_without_memory_changes_nothing(void **state)
{
    struct script script = { .count = 0 };
    bool failed = true;
    long fail_at;

    (void)state;
    add_small(&script);
    add_large(&script);
    for (fail_at = 1; failed; fail_at++) {
        struct test_memory memory;
        struct wire *wire;
        size_t i = 0;
        int r;

        test_memory_init(&memory);
        wire = new_wire(memory.context);
        wire->room = 0;
        memory.fail_at = fail_at;
        failed = false;
        while (i < script.count) {
            r = test_send(channel_of(wire), &script.entries[i].header, script.entries[i].size);
            if (r == HPRPC_EAGAIN) {
                wire->room = SIZE_MAX;
                r = channel_of(wire)->ops->flush(channel_of(wire));
                wire->room = 0;
                assert_int_equal(r, 0);
            } else if (r == HPRPC_ENOMEM) {
                assert_false(failed);
                failed = true;
            } else {
                assert_int_equal(r, 0);
                i++;
            }
        }
        wire->room = SIZE_MAX;
        assert_int_equal(channel_of(wire)->ops->flush(channel_of(wire)), 0);
        assert_int_equal(wire->out_size, script.size);
        assert_memory_equal(wire->out, script.bytes, script.size);
        free_wire(wire);
        test_memory_free(&memory);
    }
    assert_true(fail_at > 3);
    free_script(&script);
}

static void an_impossible_size_is_told(void **state)
{
    struct wire *wire = new_wire(NULL);
    struct hprpc_header header = test_request(UINT32_MAX);
    struct hprpc_reservation reservation;

    (void)state;
    assert_int_equal(channel_of(wire)->ops->start_call(channel_of(wire), &header, UINT32_MAX, &reservation),
                     HPRPC_ETOOBIG);
    assert_int_equal(test_send(channel_of(wire), &header, 5), 0);
    free_wire(wire);
}

/* ---- Both sides at once ---- */

static void *send_until_broken(void *argument)
{
    struct wire *wire = argument;
    struct hprpc_header header = test_request(1);
    int r;

    while (!(r = test_send(channel_of(wire), &header, 100)))
        ;
    return (void *)(intptr_t)r;
}

static void both_sides_may_find_it_broken(void **state)
{
    struct script script = { .count = 0 };

    (void)state;
    add_small(&script);
    for (int i = 0; i < 50; i++) {
        struct wire *wire = new_wire(NULL);
        struct hprpc_message message;
        pthread_t thread;
        void *result;

        wire->write_error = i % 2 ? -EPIPE : 0;
        feed(wire, script.bytes, script.size, 64);
        wire->at_end = 0;
        assert_int_equal(pthread_create(&thread, NULL, send_until_broken, wire), 0);
        expect(wire, &script, script.count);
        assert_int_equal(receive_patiently(wire, &message), HPRPC_EPEERDIED);
        assert_non_null(channel_of(wire)->reason.text);
        pthread_join(thread, &result);
        assert_int_equal((intptr_t)result, HPRPC_EPEERDIED);
        free_wire(wire);
    }
    free_script(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(what_is_sent_is_the_script),
        fixture_test(partial_writes_at_every_offset),
        fixture_test(borrowed_runs_at_every_offset),
        fixture_test(large_messages_leave_in_pieces),
        fixture_test(borrowed_runs_are_not_copied_when_taken),
        fixture_test(borrowed_runs_wait_their_turn),
        fixture_test(requests_wait_where_replies_do_not),
        fixture_test(a_corked_batch_leaves_in_one_write),
        fixture_test(cancelled_messages_leave_no_trace),
        fixture_test(sending_without_memory_changes_nothing),
        fixture_test(an_impossible_size_is_told),
        fixture_test(both_sides_may_find_it_broken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
