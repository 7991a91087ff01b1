/* SPDX-License-Identifier: MIT */
/* Receiving: truncation, corruption, limits, pace, and when the stream reads. */
#include <errno.h>

#include "channel/framed/header.h"
#include "tests/channel/framed/wire.h"

static void every_truncation_is_found(void **state)
{
    struct script script = { .count = 0 };
    struct hprpc_message message;
    size_t cut, whole = 0;

    (void)state;
    add_small(&script);
    for (cut = 0; cut <= script.size; cut++) {
        struct wire *wire = new_wire(NULL);

        if (whole < script.count && cut == script.ends[whole])
            whole++;
        /* the copy ends with the bytes, so that a sanitizer sees each access beyond them */
        uint8_t *bytes = malloc(cut ? cut : 1);
        memcpy(bytes, script.bytes, cut);
        feed(wire, bytes, cut, 1 + cut % 50);
        expect(wire, &script, whole);
        assert_int_equal(receive_patiently(wire, &message), 0);
        assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
        wire->at_end = 0;
        assert_int_equal(receive_patiently(wire, &message), HPRPC_EPEERDIED);
        assert_true(!!strstr(channel_of(wire)->reason.text, "in the middle of a message") ==
                    (cut != (whole ? script.ends[whole - 1] : 0)));
        assert_true(channel_of(wire)->ops->arm(channel_of(wire)));
        assert_int_equal(receive(wire, &message), HPRPC_EPEERDIED);
        free_wire(wire);
        free(bytes);
    }
    free_script(&script);
}

static void any_cutting_into_reads_works(void **state)
{
    static const size_t pieces[] = { 1, 2, 3, 5, 7, 8, 13, 64, 100, 1000, 4096, 16384, 65536, 66000, 100000, SIZE_MAX };
    struct script script = { .count = 0 };

    (void)state;
    add_small(&script);
    add_large(&script);
    add_small(&script);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct wire *wire = new_wire(NULL);

        feed(wire, script.bytes, script.size, pieces[i]);
        expect(wire, &script, script.count);
        free_wire(wire);
    }
    free_script(&script);
}

/* Every truncation of a large body would take long; these cuts are around the edges of its parts. */
static void large_bodies_are_cut_anywhere(void **state)
{
    static const size_t cuts[] = { 0, 1, 5, 9, 10, 11, 16384, 16400, 65525, 65526, 65527, 65536, 70000, 99999, 100009 };
    struct script script = { .count = 0 };
    struct hprpc_message message;

    (void)state;
    add(&script, test_request(1), 100000);
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        struct wire *wire = new_wire(NULL);

        feed(wire, script.bytes, cuts[i], SIZE_MAX);
        assert_int_equal(receive_patiently(wire, &message), 0);
        wire->at_end = 0;
        assert_int_equal(receive_patiently(wire, &message), HPRPC_EPEERDIED);
        free_wire(wire);
    }
    free_script(&script);
}

static void corruption_breaks_after_what_was_whole(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        int code;
        const char *text;
    } cases[] = {
        { 0, 0xb6, HPRPC_EPROTOCOL, "begins with 0xb6" },    { 1, 0x24, HPRPC_EVERSION, "version 2" },
        { 1, 0x10, HPRPC_EPROTOCOL, "unknown type 0" },      { 1, 0x1f, HPRPC_EPROTOCOL, "unknown type 15" },
        { 2, 0x20, HPRPC_EPROTOCOL, "flags 0x20" },          { 3, 0x01, HPRPC_EPROTOCOL, "reserved byte" },
        { 4, 0x00, HPRPC_EPROTOCOL, "goes beyond" },         { 4, 0x02, HPRPC_EPROTOCOL, "goes beyond" },
        { 5, 0xff, HPRPC_EPROTOCOL, "not in its shortest" },
    };
    const struct hprpc_header goodbye = { .type = HPRPC_MESSAGE_GOODBYE };
    struct hprpc_message message;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct script script = { .count = 0 };
        struct wire *wire = new_wire(NULL);
        size_t start;

        add(&script, test_reply(1), 10);
        start = script.size;
        add(&script, test_request(0x7f), 20);
        /* for the overlong varint: the call id 0xff 0x00 */
        script.bytes[start + 6] = cases[i].at == 5 ? 0 : script.bytes[start + 6];
        script.bytes[start + cases[i].at] = cases[i].value;
        feed(wire, script.bytes, script.size, SIZE_MAX);
        expect(wire, &script, 1);
        assert_true(channel_of(wire)->ops->arm(channel_of(wire)));
        assert_int_equal(receive_patiently(wire, &message), cases[i].code);
        if (!strstr(channel_of(wire)->reason.text, cases[i].text))
            fail_msg("expected \"%s\" in \"%s\"", cases[i].text, channel_of(wire)->reason.text);
        assert_int_equal(receive(wire, &message), cases[i].code);
        /* one GOODBYE can still be sent */
        assert_true(channel_of(wire)->ops->arm(channel_of(wire)));
        assert_int_equal(test_send(channel_of(wire), &goodbye, 30), 0);
        assert_true(wire->out_size > 30);
        assert_int_equal(channel_of(wire)->ops->flush(channel_of(wire)), 0);
        channel_of(wire)->ops->close(channel_of(wire));
        assert_true(receive(wire, &message) < 0);
        assert_int_equal(test_send(channel_of(wire), &goodbye, 30), HPRPC_ECLOSED);
        assert_non_null(strstr(channel_of(wire)->reason.text, cases[i].text));
        free_wire(wire);
        free_script(&script);
    }
}

/* Random bytes in random pieces give messages or a break, and no access outside the buffers. */
static void noise_is_survived(void **state)
{
    struct script script = { .count = 0 };
    uint64_t random = 88172645463325252ull;

    (void)state;
    add_small(&script);
    for (int round = 0; round < 1500; round++) {
        struct wire *wire = new_wire(NULL);
        uint8_t *bytes = malloc(script.size);
        struct hprpc_message message;
        int r;

        channel_of(wire)->receive_limit = 100000;
        memcpy(bytes, script.bytes, script.size);
        for (int k = 0; k <= round % 4; k++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            bytes[random % script.size] = (uint8_t)(random >> 40);
        }
        feed(wire, bytes, script.size, 1 + (random >> 20) % 700);
        wire->at_end = 0;
        while ((r = receive_patiently(wire, &message)) == 1) {
            volatile uint8_t sum = 0;

            assert_true(hprpc_header_valid(&message.header));
            for (size_t i = 0; i < message.size; i++)
                sum = (uint8_t)(sum + message.body[i]);
            release(wire, &message);
        }
        assert_true(r == HPRPC_EPEERDIED || r == HPRPC_EPROTOCOL || r == HPRPC_EVERSION);
        assert_non_null(channel_of(wire)->reason.text);
        free_wire(wire);
        free(bytes);
    }
    free_script(&script);
}

static void the_limit_comes_before_memory(void **state)
{
    static const uint32_t sizes[] = { 1001, 4096, 16385, 1u << 24, UINT32_MAX - 1 };
    struct test_memory memory;
    struct hprpc_message message;
    uint8_t bytes[HPRPC__HEADER_MAX];
    struct hprpc_header header = test_reply(1);

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct script script = { .count = 0 };
        struct wire *wire;
        int count;

        test_memory_init(&memory);
        memory.allocations = 0;
        wire = new_wire(memory.context);
        channel_of(wire)->receive_limit = 1000;
        add(&script, test_reply(1), 1000);
        feed(wire, script.bytes, script.size, SIZE_MAX);
        expect(wire, &script, 1);
        assert_int_equal(memory.allocations, 1);
        count = hprpc__header_write(&header, sizes[i], bytes);
        feed(wire, bytes, (size_t)count, SIZE_MAX);
        assert_int_equal(receive_patiently(wire, &message), HPRPC_EPROTOCOL);
        assert_non_null(strstr(channel_of(wire)->reason.text, "over the limit of 1000"));
        assert_int_equal(memory.allocations, 2); /* for the reason */
        free_wire(wire);
        test_memory_free(&memory);
        free_script(&script);
    }
}

/* So is a small message, of which all has come. */
static void a_small_message_over_the_limit_is_refused(void **state)
{
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_message message;

    (void)state;
    add(&script, test_reply(1), 100);
    add(&script, test_reply(1), 101);
    channel_of(wire)->receive_limit = 100;
    feed(wire, script.bytes, script.size, SIZE_MAX);
    expect(wire, &script, 1);
    assert_int_equal(receive_patiently(wire, &message), HPRPC_EPROTOCOL);
    assert_non_null(strstr(channel_of(wire)->reason.text, "over the limit of 100"));
    free_wire(wire);
    free_script(&script);
}

/* A length above the limit is refused as soon as it is known, although no body has come. */
static void a_length_over_the_limit_is_refused_when_it_is_known(void **state)
{
    static const uint32_t sizes[] = { 1000 + 2 * HPRPC__HEADER_MAX, 4096, 1u << 24, UINT32_MAX - 100 };
    struct hprpc_header header = test_request(70000);
    uint8_t bytes[HPRPC__HEADER_MAX];
    struct hprpc_message message;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct wire *wire = new_wire(NULL);
        size_t known = 5;

        channel_of(wire)->receive_limit = 1000;
        hprpc__header_write(&header, sizes[i], bytes);
        while (bytes[known - 1] & 0x80)
            known++;
        feed(wire, bytes, known - 1, 1);
        assert_int_equal(receive_patiently(wire, &message), 0);
        wire->in_size = known;
        assert_int_equal(receive_patiently(wire, &message), HPRPC_EPROTOCOL);
        assert_non_null(strstr(channel_of(wire)->reason.text, "over the limit of 1000"));
        free_wire(wire);
    }
}

static void an_error_comes_after_what_was_whole(void **state)
{
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_message message;

    (void)state;
    add_small(&script);
    feed(wire, script.bytes, script.size, SIZE_MAX);
    wire->at_end = -ECONNRESET;
    expect(wire, &script, script.count);
    assert_int_equal(receive_patiently(wire, &message), HPRPC_EPEERDIED);
    assert_string_equal(channel_of(wire)->reason.text, "cannot receive: Connection reset by peer");
    free_wire(wire);
    free_script(&script);
}

static void a_failed_send_lets_the_rest_be_received(void **state)
{
    struct hprpc_header header = test_request(1);
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_message message;

    (void)state;
    add_small(&script);
    wire->write_error = -EPIPE;
    assert_int_equal(test_send(channel_of(wire), &header, 10), HPRPC_EPEERDIED);
    assert_int_equal(test_send(channel_of(wire), &header, 10), HPRPC_EPEERDIED);
    assert_string_equal(channel_of(wire)->reason.text, "cannot send: Broken pipe");
    feed(wire, script.bytes, script.size, 100);
    expect(wire, &script, script.count);
    assert_int_equal(receive(wire, &message), HPRPC_EPEERDIED);
    free_wire(wire);
    free_script(&script);
}

static void close_is_final_and_idempotent(void **state)
{
    struct hprpc_header header = test_request(1);
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_message held, message;

    (void)state;
    add_small(&script);
    feed(wire, script.bytes, script.size, SIZE_MAX);
    assert_int_equal(receive(wire, &held), 1);
    channel_of(wire)->ops->close(channel_of(wire));
    channel_of(wire)->ops->close(channel_of(wire));
    assert_int_equal(wire->shuts, 1);
    assert_int_equal(receive(wire, &message), HPRPC_ECLOSED);
    assert_int_equal(test_send(channel_of(wire), &header, 10), HPRPC_ECLOSED);
    assert_int_equal(channel_of(wire)->ops->flush(channel_of(wire)), HPRPC_ECLOSED);
    assert_true(channel_of(wire)->ops->arm(channel_of(wire)));
    release(wire, &held); /* releasing works after the channel broke too */
    free_wire(wire);
    free_script(&script);
}

/* ---- Pace ---- */

static uint64_t test_clock(void *self)
{
    return *(uint64_t *)self;
}

/* Feeds `piece` bytes each second. Returns 1 when the message has arrived, or the code of the break. */
static int trickle_after(unsigned seconds, size_t first_piece, uint32_t size, size_t piece, unsigned paused_at,
                         unsigned *ret_seconds)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    struct script script = { .count = 0 };
    struct hprpc_context *context;
    struct hprpc_message message;
    uint64_t clock = 1;
    struct wire *wire;
    size_t given;
    int r = 0;

    options.now = test_clock;
    options.now_self = &clock;
    assert_int_equal(hprpc_context_new(&options, &context), 0);
    wire = new_wire(context);
    add(&script, test_request(1), size);
    feed(wire, script.bytes, 0, SIZE_MAX);
    *ret_seconds = 0;
    for (given = 0; !r && given < script.size; ++*ret_seconds) {
        given += *ret_seconds < seconds ? first_piece : piece;
        given = given < script.size ? given : script.size;
        clock += 1000000000u;
        if (paused_at && *ret_seconds >= paused_at && *ret_seconds < paused_at + 100)
            continue; /* the controller does not read for a while */
        wire->in_size = given;
        r = receive_patiently(wire, &message);
    }
    if (r == 1) {
        test_check(&message, &script.entries[0].header, size);
        release(wire, &message);
    } else {
        assert_string_equal(channel_of(wire)->reason.text, "a message stayed incomplete for 30 seconds");
        /* the code is final, whatever comes */
        wire->in_size = script.size;
        for (int i = 0; i < 3; i++)
            assert_int_equal(receive(wire, &message), HPRPC_EPROTOCOL);
    }
    free_wire(wire);
    hprpc_context_free(context);
    free_script(&script);
    return r;
}

static int trickle(uint32_t size, size_t piece, unsigned paused_at, unsigned *ret_seconds)
{
    return trickle_after(0, 0, size, piece, paused_at, ret_seconds);
}

static void messages_that_trickle_break_the_stream(void **state)
{
    unsigned seconds;

    (void)state;
    assert_int_equal(trickle(100, 1, 0, &seconds), HPRPC_EPROTOCOL);
    assert_in_range(seconds, 30, 32);
    assert_int_equal(trickle(1000000, 400, 0, &seconds), HPRPC_EPROTOCOL);
    assert_in_range(seconds, 30, 32);
    assert_int_equal(trickle(20, 1, 0, &seconds), 1);
    assert_int_equal(trickle(1000000, 1000, 0, &seconds), 1);
    assert_int_equal(seconds, 1001);
    assert_int_equal(trickle(1000000, 1000, 10, &seconds), 1);
    /* a steady pace is enough, unless it is nearly nothing */
    assert_int_equal(trickle(1000000, 3000, 0, &seconds), 1);
    /* bytes that came early do not make up for the pace later */
    assert_int_equal(trickle_after(40, 10000, 1000000, 1, 0, &seconds), HPRPC_EPROTOCOL);
    assert_in_range(seconds, 40, 110);
    assert_int_equal(trickle_after(31, 1000, 1000000, 400, 0, &seconds), HPRPC_EPROTOCOL);
    assert_in_range(seconds, 31, 100);
}

/* ---- Turns ---- */

static void a_round_trip_costs_one_read(void **state)
{
    struct hprpc_header header = test_request(1);
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_message message;

    (void)state;
    add(&script, test_reply(1), 12);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(test_send(channel_of(wire), &header, 10), 0);
        if (i) /* the last read found the wire empty, so this receive() makes no read */
            assert_int_equal(receive(wire, &message), 0);
        assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
        feed(wire, script.bytes, script.size, SIZE_MAX);
        channel_of(wire)->ops->disarm(channel_of(wire));
        assert_int_equal(receive(wire, &message), 1);
        release(wire, &message);
        assert_int_equal(receive(wire, &message), 0);
        assert_int_equal(wire->reads, i + 1);
        assert_int_equal(wire->writes, i + 1);
    }
    /* a side that spins and does not arm reads again soon */
    feed(wire, script.bytes, script.size, SIZE_MAX);
    for (int looks = 0; receive(wire, &message) != 1; looks++)
        assert_true(looks < 3);
    release(wire, &message);
    free_wire(wire);
    free_script(&script);
}

static void arm_knows_what_is_buffered(void **state)
{
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_message message;

    (void)state;
    add(&script, test_reply(1), 12);
    add(&script, test_reply(2), 200);
    feed(wire, script.bytes, script.size, SIZE_MAX);
    assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
    assert_int_equal(receive(wire, &message), 1);
    release(wire, &message);
    assert_true(channel_of(wire)->ops->arm(channel_of(wire)));
    assert_int_equal(receive(wire, &message), 1);
    release(wire, &message);
    assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
    free_wire(wire);
    free_script(&script);
}

/* After a message comes one that is too large: arm() returns true, although no more bytes come. */
static void arm_knows_what_is_over_the_limit(void **state)
{
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_message message;

    (void)state;
    channel_of(wire)->receive_limit = 1000;
    add(&script, test_reply(1), 12);
    add(&script, test_reply(2), 1001);
    feed(wire, script.bytes, script.ends[0] + 100, SIZE_MAX);
    assert_int_equal(receive(wire, &message), 1);
    release(wire, &message);
    assert_true(channel_of(wire)->ops->arm(channel_of(wire)));
    assert_int_equal(receive(wire, &message), HPRPC_EPROTOCOL);
    free_wire(wire);
    free_script(&script);
}

/* An idle stream frees its memory, but not the part of a message that has come. */
static void idling_keeps_what_is_incomplete(void **state)
{
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_message message;

    (void)state;
    add(&script, test_reply(1), 100);
    feed(wire, script.bytes, 50, SIZE_MAX);
    assert_int_equal(receive_patiently(wire, &message), 0);
    for (int i = 0; i < 3; i++) {
        assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
        channel_of(wire)->ops->disarm(channel_of(wire));
    }
    wire->in_size = script.size;
    expect(wire, &script, 1);
    for (int i = 0; i < 3; i++) {
        assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
        channel_of(wire)->ops->disarm(channel_of(wire));
    }
    assert_null(wire->stream.block);
    free_wire(wire);
    free_script(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(every_truncation_is_found),
        fixture_test(any_cutting_into_reads_works),
        fixture_test(large_bodies_are_cut_anywhere),
        fixture_test(corruption_breaks_after_what_was_whole),
        fixture_test(noise_is_survived),
        fixture_test(the_limit_comes_before_memory),
        fixture_test(a_small_message_over_the_limit_is_refused),
        fixture_test(a_length_over_the_limit_is_refused_when_it_is_known),
        fixture_test(an_error_comes_after_what_was_whole),
        fixture_test(a_failed_send_lets_the_rest_be_received),
        fixture_test(close_is_final_and_idempotent),
        fixture_test(messages_that_trickle_break_the_stream),
        fixture_test(a_round_trip_costs_one_read),
        fixture_test(arm_knows_what_is_buffered),
        fixture_test(arm_knows_what_is_over_the_limit),
        fixture_test(idling_keeps_what_is_incomplete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
