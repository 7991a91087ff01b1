/* SPDX-License-Identifier: MIT */
/* How a stream breaks: the code for each error, which of two reasons counts, and a reason that is still being written. */
#include <errno.h>

#include "tests/channel/framed/wire.h"

static struct hprpc_framed *half_broken;
static unsigned yields;

/* Replaces the sched_yield() of libc: while this thread yields, the other side of the stream finishes its reason. */
int sched_yield(void)
{
    if (half_broken && ++yields == 3)
        __atomic_store_n(&half_broken->broken, HPRPC_EPEERDIED, __ATOMIC_RELEASE);
    return 0;
}

static void a_reason_that_is_being_written_is_waited_for(void **state)
{
    struct wire *wire = new_wire(NULL);

    (void)state;
    wire->stream.broken = 1; /* as hprpc_framed_fail leaves it while it writes the reason */
    half_broken = &wire->stream;
    assert_int_equal(channel_of(wire)->ops->flush(channel_of(wire)), HPRPC_EPEERDIED);
    half_broken = NULL;
    assert_int_equal(yields, 3);
    free_wire(wire);
}

/* An error that means a lack of memory, or a bug, does not blame the other side. */
static void each_error_has_its_code(void **state)
{
    static const struct {
        int error, code;
    } cases[] = {
        { ENOBUFS, HPRPC_ESYSTEM },      { ENOMEM, HPRPC_ESYSTEM },      { EBADF, HPRPC_ESYSTEM },
        { EINVAL, HPRPC_ESYSTEM },       { EFAULT, HPRPC_ESYSTEM },      { EPIPE, HPRPC_EPEERDIED },
        { ECONNRESET, HPRPC_EPEERDIED }, { ETIMEDOUT, HPRPC_EPEERDIED }, { EPROTO, HPRPC_EPEERDIED },
    };
    struct hprpc_header header = test_request(1);
    struct hprpc_message message;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire *wire = new_wire(NULL);

        wire->write_error = -cases[i].error;
        assert_int_equal(test_send(channel_of(wire), &header, 10), cases[i].code);
        free_wire(wire);

        wire = new_wire(NULL);
        wire->at_end = -cases[i].error;
        assert_int_equal(receive_patiently(wire, &message), cases[i].code);
        free_wire(wire);
    }
}

/* Sending fails, then noise comes: the first reason stays, and the bytes after the noise are not read. */
static void the_first_of_two_reasons_stands(void **state)
{
    static const uint8_t noise[] = "noise, and more of it";
    struct hprpc_header header = test_request(1);
    struct wire *wire = new_wire(NULL);
    struct hprpc_message message;

    (void)state;
    wire->write_error = -EPIPE;
    assert_int_equal(test_send(channel_of(wire), &header, 10), HPRPC_EPEERDIED);
    feed(wire, noise, sizeof(noise), SIZE_MAX);
    for (int i = 0; i < 3; i++)
        assert_int_equal(receive(wire, &message), HPRPC_EPEERDIED);
    assert_string_equal(channel_of(wire)->reason.text, "cannot send: Broken pipe");
    free_wire(wire);
}

/* A message that was started before the close is not sent: end_call returns HPRPC_ECLOSED. */
static void a_message_that_the_close_overtakes_does_not_leave(void **state)
{
    struct hprpc_header header = test_request(1);
    struct hprpc_reservation reservation;
    struct wire *wire = new_wire(NULL);

    (void)state;
    assert_int_equal(channel_of(wire)->ops->start_call(channel_of(wire), &header, 10, &reservation), 0);
    memset(reservation.writer.cursor, 0, 10);
    channel_of(wire)->ops->close(channel_of(wire));
    assert_int_equal(channel_of(wire)->ops->end_call(channel_of(wire), &reservation), HPRPC_ECLOSED);
    assert_int_equal(wire->writes, 0);
    free_wire(wire);
}

/* The queue of unsent messages is freed with the last use of the stream, not later with the stream. */
static void a_stream_that_is_over_keeps_no_queue(void **state)
{
    struct hprpc_header header = test_request(1);
    struct wire *wire = new_wire(NULL);

    (void)state;
    wire->room = 0;
    assert_int_equal(test_send(channel_of(wire), &header, 100000), 0);
    channel_of(wire)->ops->close(channel_of(wire));
    assert_true(channel_of(wire)->queued > 0);
    channel_of(wire)->over = true;
    for (int i = 0; i < 2; i++) {
        channel_of(wire)->ops->close(channel_of(wire));
        assert_int_equal(channel_of(wire)->queued, 0);
        assert_null(wire->stream.first);
    }
    assert_int_equal(wire->shuts, 1);
    free_wire(wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_reason_that_is_being_written_is_waited_for),
        fixture_test(each_error_has_its_code),
        fixture_test(the_first_of_two_reasons_stands),
        fixture_test(a_message_that_the_close_overtakes_does_not_leave),
        fixture_test(a_stream_that_is_over_keeps_no_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
