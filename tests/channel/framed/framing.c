/* SPDX-License-Identifier: MIT */
/*
 * Framing over a wire in memory, which hands out and takes as few bytes as the test wants: truncation, corruption,
 * alignment, limits, borrowed runs, partial writes, memory.
 */
#include "tests/channel/end.h"

#include <errno.h>
#include <pthread.h>

#include "channel/framed/header.h"
#include "channel/framed/pool.h"

/* ---- The wire ---- */

struct wire {
    struct hprpc_framed stream;
    const uint8_t *in;
    size_t in_size, in_at, read_most; /* what the other side sent, and how much of it one read gives */
    int at_end;                       /* what a read says behind it: 0, end of stream, or a negated errno */
    unsigned reads, writes, shuts;
    uint8_t *out;
    size_t out_size, out_capacity, room; /* what was sent, and how much more is taken */
    int write_error;
};

static ssize_t wire_read(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    struct wire *wire = (struct wire *)stream;
    size_t left = wire->in_size - wire->in_at, taken = 0;

    wire->reads++;
    if (!left)
        return wire->at_end;
    if (left > wire->read_most)
        left = wire->read_most;
    for (int i = 0; i < count && left; i++) {
        size_t part = runs[i].iov_len < left ? runs[i].iov_len : left;

        assert_true(runs[i].iov_len);
        memcpy(runs[i].iov_base, wire->in + wire->in_at, part);
        wire->in_at += part;
        taken += part;
        left -= part;
    }
    return (ssize_t)taken;
}

static ssize_t wire_write(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    struct wire *wire = (struct wire *)stream;
    size_t taken = 0;

    wire->writes++;
    assert_in_range(count, 1, HPRPC__FRAMED_RUNS);
    if (wire->write_error)
        return wire->write_error;
    for (int i = 0; i < count; i++) {
        size_t part = runs[i].iov_len < wire->room ? runs[i].iov_len : wire->room;

        assert_true(runs[i].iov_len);
        if (wire->out_size + part > wire->out_capacity) {
            wire->out_capacity = 2 * (wire->out_size + part);
            wire->out = realloc(wire->out, wire->out_capacity);
        }
        if (part)
            memcpy(wire->out + wire->out_size, runs[i].iov_base, part);
        wire->out_size += part;
        wire->room -= part;
        taken += part;
    }
    return taken ? (ssize_t)taken : -EAGAIN;
}

static int wire_open(struct hprpc_framed *stream)
{
    (void)stream;
    return 1;
}

static size_t wire_watch(struct hprpc_framed *stream, bool writing, struct hprpc_watch *ret_watches)
{
    (void)stream;
    ret_watches[0] = (struct hprpc_watch){ .fd = -1, .events = (short)writing };
    return 1;
}

static void wire_shut(struct hprpc_framed *stream)
{
    ((struct wire *)stream)->shuts++;
}

static void wire_dispose(struct hprpc_framed *stream)
{
    free(((struct wire *)stream)->out);
    free(stream);
}

static void wire_describe(struct hprpc_framed *stream, struct hprpc_peer *ret_peer)
{
    (void)stream;
    snprintf(ret_peer->address, sizeof(ret_peer->address), "a wire");
}

static const struct hprpc_framed_ops wire_ops = {
    .name = "wire",
    .open = wire_open,
    .read = wire_read,
    .write = wire_write,
    .watch = wire_watch,
    .shut = wire_shut,
    .dispose = wire_dispose,
    .describe = wire_describe,
};

static struct wire *new_wire(struct hprpc_context *context)
{
    struct wire *wire = calloc(1, sizeof(*wire));

    assert_non_null(wire);
    hprpc_framed_init(&wire->stream, &wire_ops, context, HPRPC_WAIT_BLOCK, true);
    wire->stream.channel.receive_limit = 1 << 22;
    wire->read_most = SIZE_MAX;
    wire->room = SIZE_MAX;
    wire->at_end = -EAGAIN;
    return wire;
}

static struct hprpc_channel *channel_of(struct wire *wire)
{
    return &wire->stream.channel;
}

static void free_wire(struct wire *wire)
{
    channel_of(wire)->ops->free(channel_of(wire));
}

static void feed(struct wire *wire, const uint8_t *bytes, size_t count, size_t read_most)
{
    wire->in = bytes;
    wire->in_size = count;
    wire->in_at = 0;
    wire->read_most = read_most;
}

static int receive(struct wire *wire, struct hprpc_message *ret_message)
{
    return channel_of(wire)->ops->receive(channel_of(wire), ret_message);
}

static void release(struct wire *wire, struct hprpc_message *message)
{
    channel_of(wire)->ops->release(channel_of(wire), message);
}

/* Receives until the wire has no more to give and nothing came of it. */
static int receive_patiently(struct wire *wire, struct hprpc_message *ret_message)
{
    int r, vain;

    for (vain = 0; vain < 4;) {
        r = receive(wire, ret_message);
        if (r)
            return r;
        vain = wire->in_at == wire->in_size ? vain + 1 : 0;
    }
    return 0;
}

/* ---- Scripts: messages as bytes ---- */

struct entry {
    struct hprpc_header header;
    uint32_t size;
};

struct script {
    struct entry entries[96];
    size_t ends[96]; /* where each message's bytes end */
    size_t count, size;
    uint8_t *bytes;
};

static void add(struct script *script, struct hprpc_header header, uint32_t size)
{
    int header_size;

    script->bytes = realloc(script->bytes, script->size + HPRPC__HEADER_MAX + size);
    assert_non_null(script->bytes);
    header_size = hprpc__header_write(&header, size, script->bytes + script->size);
    assert_true(header_size > 0);
    test_fill(script->bytes + script->size + header_size, header.call, size);
    script->size += (size_t)header_size + size;
    script->entries[script->count] = (struct entry){ header, size };
    script->ends[script->count++] = script->size;
}

/* Headers of every length, bodies around every size that matters while small. */
static void add_small(struct script *script)
{
    static const uint32_t sizes[] = { 0, 1, 2, 7, 8, 9, 31, 125, 126, 127, 128, 129, 255, 256, 257, 300 };
    struct hprpc_header header;

    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        add(script, test_reply(i), sizes[i]);
        header = test_request(1u << (2 * i));
        header.procedure = (uint16_t)(1u << i);
        if (i % 3 == 0) {
            header.flags |= HPRPC_FLAG_TIMEOUT;
            header.timeout_ms = 1u << (2 * i);
        }
        if (i % 4 == 0) {
            header.flags |= HPRPC_FLAG_DEPTH;
            header.depth = (uint16_t)i;
        }
        add(script, header, sizes[15 - i]);
    }
}

static void add_large(struct script *script)
{
    static const uint32_t sizes[] = { 16383, 16384, 16385, 40000, 65500, 65536, 65537, 130000, 1000000 };

    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        add(script, test_request(i), sizes[i]);
        add(script, test_reply(i), 3 + i);
    }
}

static void free_script(struct script *script)
{
    free(script->bytes);
}

/* Receives the script's first `count` messages in order. */
static void expect(struct wire *wire, const struct script *script, size_t count)
{
    struct hprpc_message message;

    for (size_t i = 0; i < count; i++) {
        int r = receive_patiently(wire, &message);

        if (r != 1)
            fail_msg("message %zu: %s: %s", i, hprpc_error_name(r), channel_of(wire)->reason.text);
        test_check(&message, &script->entries[i].header, script->entries[i].size);
        release(wire, &message);
    }
}

/* ---- Receiving ---- */

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
        /* the copy ends where the bytes end, so that a sanitizer sees every step beyond */
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

/* The large bodies' every truncation would take long; the edges of each part are what matters. */
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
        { 1, 0x10, HPRPC_EPROTOCOL, "unknown type 0" },      { 1, 0x1d, HPRPC_EPROTOCOL, "unknown type 13" },
        { 2, 0x10, HPRPC_EPROTOCOL, "flags 0x10" },          { 3, 0x01, HPRPC_EPROTOCOL, "reserved byte" },
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
        /* for the overlong varint: a call id of 0xff 0x00 */
        script.bytes[start + 6] = cases[i].at == 5 ? 0 : script.bytes[start + 6];
        script.bytes[start + cases[i].at] = cases[i].value;
        feed(wire, script.bytes, script.size, SIZE_MAX);
        expect(wire, &script, 1);
        assert_true(channel_of(wire)->ops->arm(channel_of(wire)));
        assert_int_equal(receive_patiently(wire, &message), cases[i].code);
        if (!strstr(channel_of(wire)->reason.text, cases[i].text))
            fail_msg("expected \"%s\" in \"%s\"", cases[i].text, channel_of(wire)->reason.text);
        assert_int_equal(receive(wire, &message), cases[i].code);
        /* the other side can still be told why, once and for all */
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

/* Whatever bytes come, in whatever pieces: messages or a break, and nothing touched that is not there. */
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
        assert_true(channel_of(wire)->reason.text[0]);
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
        assert_int_equal(memory.allocations, 1);
        free_wire(wire);
        test_memory_free(&memory);
        free_script(&script);
    }
}

/* Nothing but a length has come, and it is more than there may be: nothing is waited for. */
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
    release(wire, &held); /* also after the channel broke */
    free_wire(wire);
    free_script(&script);
}

/* ---- Pace ---- */

static uint64_t test_clock(void *self)
{
    return *(uint64_t *)self;
}

/* Feeds `piece` bytes each second; 1 when the message arrived, or the code of the break. */
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
        /* that is final, whatever comes */
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
    /* steady, however slow as long as it is not next to nothing */
    assert_int_equal(trickle(1000000, 3000, 0, &seconds), 1);
    /* what was good before does not count */
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
        if (i) /* the last read has drained the wire: to find nothing costs no read */
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
    /* a side that spins without arming reads again soon */
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

/* ---- Memory of received messages ---- */

static void messages_are_released_in_any_order(void **state)
{
    struct script script = { .count = 0 };
    struct hprpc_message messages[96];
    struct test_memory memory;
    struct wire *wire;
    size_t i, k;

    (void)state;
    test_memory_init(&memory);
    wire = new_wire(memory.context);
    for (i = 0; i < 60; i++)
        add(&script, test_request((uint32_t)i), i % 7 == 0 ? 40000 : 300 + (uint32_t)i * 50);
    for (int round = 0; round < 3; round++) {
        feed(wire, script.bytes, script.size, 20000);
        for (i = 0; i < script.count; i++)
            assert_int_equal(receive_patiently(wire, &messages[i]), 1);
        /* all are still what they were, whichever was released before */
        for (i = 0; i < script.count; i++) {
            k = i * 37 % script.count;
            test_check(&messages[k], &script.entries[k].header, script.entries[k].size);
            release(wire, &messages[k]);
        }
    }
    assert_in_range(memory.live, 1, 4); /* the context, the block in use and a spare of each kind */
    free_wire(wire);
    test_memory_free(&memory);
    free_script(&script);
}

/* Small bodies share their block with others, so not all may be kept; large ones cost no more than a copy. */
static void lending_has_a_limit(void **state)
{
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_message messages[64], message;
    size_t lent = 0, i, large = 0;

    (void)state;
    for (i = 0; i < 60; i++)
        add(&script, test_request((uint32_t)i), i == 50 ? 100000 : 16000);
    feed(wire, script.bytes, script.size, SIZE_MAX);
    for (i = 0; i < script.count; i++) {
        assert_int_equal(receive_patiently(wire, &message), 1);
        test_check(&message, &script.entries[i].header, script.entries[i].size);
        large += message.size == 100000 && message.lendable;
        if (message.lendable)
            messages[lent++] = message;
        else
            release(wire, &message);
    }
    assert_int_equal(large, 1);
    /* eight blocks of four such messages, and the large one */
    assert_in_range(lent, HPRPC__FRAMED_BLOCKS / 2 * 3, HPRPC__FRAMED_BLOCKS / 2 * 4 + 2);
    while (lent)
        release(wire, &messages[--lent]);
    feed(wire, script.bytes, script.ends[0], SIZE_MAX);
    assert_int_equal(receive_patiently(wire, &message), 1);
    assert_true(message.lendable);
    release(wire, &message);
    free_wire(wire);
    free_script(&script);
}

/* A body that no place in its block would align lies beside it, where the next one may: so it is not lent. */
static void what_lies_aside_is_not_lent(void **state)
{
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_message message;
    size_t aside = 0;

    (void)state;
    for (uint32_t i = 0; i < 64; i++)
        add(&script, test_reply(i), 1 + i % 20);
    feed(wire, script.bytes, script.size, SIZE_MAX);
    for (size_t i = 0; i < script.count; i++) {
        const struct hprpc__block *block;

        assert_int_equal(receive_patiently(wire, &message), 1);
        test_check(&message, &script.entries[i].header, script.entries[i].size);
        block = (const struct hprpc__block *)message.token[0];
        if (message.body == block->aside) {
            assert_false(message.lendable);
            aside++;
        }
        release(wire, &message);
    }
    assert_true(aside > 0);
    free_wire(wire);
    free_script(&script);
}

/* A queue of messages between the thread that receives and those that release. */
struct releasers {
    struct wire *wire;
    const struct script *script;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct hprpc_message waiting[64];
    size_t entry[64], count;
    bool over;
};

static void *release_all(void *argument)
{
    struct releasers *releasers = argument;

    pthread_mutex_lock(&releasers->lock);
    for (;;) {
        struct hprpc_message message;
        size_t entry, pick;

        while (!releasers->count && !releasers->over)
            pthread_cond_wait(&releasers->changed, &releasers->lock);
        if (!releasers->count)
            break;
        pick = releasers->count / 2;
        message = releasers->waiting[pick];
        entry = releasers->entry[pick];
        releasers->waiting[pick] = releasers->waiting[--releasers->count];
        releasers->entry[pick] = releasers->entry[releasers->count];
        pthread_cond_broadcast(&releasers->changed);
        pthread_mutex_unlock(&releasers->lock);
        test_check(&message, &releasers->script->entries[entry].header, releasers->script->entries[entry].size);
        release(releasers->wire, &message);
        pthread_mutex_lock(&releasers->lock);
    }
    pthread_mutex_unlock(&releasers->lock);
    return NULL;
}

static void messages_are_released_by_other_threads(void **state)
{
    struct script script = { .count = 0 };
    struct releasers releasers = { .wire = new_wire(NULL), .script = &script };
    struct hprpc_message message;
    pthread_t threads[2];

    (void)state;
    pthread_mutex_init(&releasers.lock, NULL);
    pthread_cond_init(&releasers.changed, NULL);
    for (uint32_t i = 0; i < 90; i++)
        add(&script, test_request(i), i % 9 == 0 ? 40000 : i % 2 ? 300 + i : 20 + i);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, release_all, &releasers), 0);
    for (int round = 0; round < 20; round++) {
        feed(releasers.wire, script.bytes, script.size, 3000 + (size_t)round * 1000);
        for (size_t i = 0; i < script.count; i++) {
            assert_int_equal(receive_patiently(releasers.wire, &message), 1);
            if (!message.lendable) {
                test_check(&message, &script.entries[i].header, script.entries[i].size);
                release(releasers.wire, &message);
                continue;
            }
            pthread_mutex_lock(&releasers.lock);
            while (releasers.count == 64)
                pthread_cond_wait(&releasers.changed, &releasers.lock);
            releasers.entry[releasers.count] = i;
            releasers.waiting[releasers.count++] = message;
            pthread_cond_broadcast(&releasers.changed);
            pthread_mutex_unlock(&releasers.lock);
        }
    }
    pthread_mutex_lock(&releasers.lock);
    releasers.over = true;
    pthread_cond_broadcast(&releasers.changed);
    pthread_mutex_unlock(&releasers.lock);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    free_wire(releasers.wire);
    free_script(&script);
}

static void calls_allocate_nothing_and_idling_gives_back(void **state)
{
    struct hprpc_header header = test_request(1);
    struct script script = { .count = 0 };
    struct hprpc_message message;
    struct test_memory memory;
    struct wire *wire;
    long before = 0;

    (void)state;
    test_memory_init(&memory);
    wire = new_wire(memory.context);
    add(&script, test_reply(1), 12);
    add(&script, test_reply(2), 100000);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(test_send(channel_of(wire), &header, 10), 0);
        assert_int_equal(test_send(channel_of(wire), &header, 20000), 0);
        assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
        feed(wire, script.bytes, script.size, SIZE_MAX);
        expect(wire, &script, script.count);
        assert_int_equal(receive(wire, &message), 0);
        if (i == 0)
            before = memory.allocations;
    }
    assert_int_equal(memory.allocations, before);
    assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
    assert_true(memory.live > 1);
    assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
    assert_int_equal(memory.live, 1); /* the context */
    feed(wire, script.bytes, script.size, SIZE_MAX);
    expect(wire, &script, script.count);
    free_wire(wire);
    test_memory_free(&memory);
    free_script(&script);
}

/* Whatever went through, what is counted and what is kept is as before. */
static void nothing_drifts(void **state)
{
    static const uint32_t sizes[] = { 10, 20000, 3 << 20, 12 << 20 };
    struct test_memory memory;
    struct hprpc__pool *pool;
    struct hprpc_message message;

    (void)state;
    for (int shares = 0; shares < 2; shares++) {
        struct wire *wire;
        long live[4] = { 0 };
        unsigned blocks = 0;

        test_memory_init(&memory);
        pool = shares ? hprpc__pool_new(memory.context) : NULL;
        wire = new_wire(memory.context);
        wire->stream.pool = pool;
        channel_of(wire)->receive_limit = 16 << 20;
        for (int round = 0; round < 5; round++) {
            for (size_t i = 0; i < 4; i++) {
                struct hprpc_header header = test_request(1);
                struct script script = { .count = 0 };

                add(&script, test_reply(1), sizes[i]);
                feed(wire, script.bytes, script.size, SIZE_MAX);
                expect(wire, &script, 1);
                assert_int_equal(receive(wire, &message), 0);
                assert_int_equal(test_send(channel_of(wire), &header, sizes[i]), 0);
                assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
                channel_of(wire)->ops->disarm(channel_of(wire));
                assert_int_equal(channel_of(wire)->queued, 0);
                if (!round) {
                    live[i] = memory.live;
                    blocks = wire->stream.blocks;
                }
                assert_int_equal(memory.live, live[i]);
                assert_int_equal(wire->stream.blocks, blocks);
                wire->out_size = 0;
                free_script(&script);
            }
        }
        /* what is huge is not kept for the next one */
        for (size_t i = 0; i < HPRPC__SPARE_COUNT; i++)
            assert_true(!wire->stream.spares[i] || wire->stream.spares[i]->capacity <= HPRPC__FRAMED_SPARE_MAX);
        /* two arms with nothing between them: all of it goes back */
        for (int i = 0; i < 2; i++)
            assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
        assert_int_equal(wire->stream.blocks, 0);
        free_wire(wire);
        assert_int_equal(memory.live, 1);
        test_memory_free(&memory);
    }
}

/* ---- What the connections of one listener share ---- */

static struct wire *new_sharing_wire(struct hprpc_context *context, struct hprpc__pool *pool)
{
    struct wire *wire = new_wire(context);

    wire->stream.pool = hprpc__pool_keep(pool);
    return wire;
}

static void who_sleeps_lends_its_blocks(void **state)
{
    struct hprpc_header header = test_request(1);
    struct script script = { .count = 0 };
    struct hprpc_message message;
    struct wire *wires[50];
    struct test_memory memory;
    struct hprpc__pool *pool;

    (void)state;
    test_memory_init(&memory);
    pool = hprpc__pool_new(memory.context);
    assert_non_null(pool);
    add(&script, test_reply(1), 12);
    for (size_t i = 0; i < 50; i++)
        wires[i] = new_sharing_wire(memory.context, pool);
    hprpc__pool_drop(pool);
    for (size_t i = 0; i < 200; i++) {
        struct wire *wire = wires[i % 50];

        assert_int_equal(test_send(channel_of(wire), &header, 10), 0);
        feed(wire, script.bytes, script.size, SIZE_MAX);
        expect(wire, &script, script.count);
        assert_int_equal(receive(wire, &message), 0);
        assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
        assert_int_equal(memory.live, 4); /* the context, the pool, a block to receive into and one to send from */
        channel_of(wire)->ops->disarm(channel_of(wire));
    }
    for (size_t i = 0; i < 50; i++)
        free_wire(wires[i]);
    assert_int_equal(memory.live, 1);
    test_memory_free(&memory);
    free_script(&script);
}

static void a_full_pool_leaves_the_rest_where_it_is(void **state)
{
    enum { WIRES = HPRPC__POOL_BLOCKS + 8 };
    struct script script = { .count = 0 };
    struct wire *wires[WIRES];
    struct test_memory memory;
    struct hprpc__pool *pool;

    (void)state;
    test_memory_init(&memory);
    pool = hprpc__pool_new(memory.context);
    assert_non_null(pool);
    add(&script, test_reply(1), 12);
    for (size_t i = 0; i < WIRES; i++) {
        wires[i] = new_sharing_wire(memory.context, pool);
        feed(wires[i], script.bytes, script.size, SIZE_MAX);
        expect(wires[i], &script, script.count);
    }
    assert_int_equal(memory.live, 2 + WIRES);
    for (size_t i = 0; i < WIRES; i++)
        assert_false(channel_of(wires[i])->ops->arm(channel_of(wires[i])));
    assert_int_equal(memory.live, 2 + WIRES);
    for (size_t i = 0; i < WIRES; i++)
        assert_false(channel_of(wires[i])->ops->arm(channel_of(wires[i])));
    assert_int_equal(memory.live, 2 + HPRPC__POOL_BLOCKS);
    for (size_t i = 0; i < WIRES; i++)
        free_wire(wires[i]);
    hprpc__pool_drop(pool);
    assert_int_equal(memory.live, 1);
    test_memory_free(&memory);
    free_script(&script);
}

static void what_is_still_held_is_not_lent(void **state)
{
    struct script script = { .count = 0 };
    struct hprpc_message held, other;
    struct wire *first, *second;
    struct hprpc__pool *pool;

    (void)state;
    pool = hprpc__pool_new(NULL);
    assert_non_null(pool);
    first = new_sharing_wire(NULL, pool);
    second = new_sharing_wire(NULL, pool);
    add(&script, test_reply(1), 1000);
    feed(first, script.bytes, script.size, SIZE_MAX);
    assert_int_equal(receive(first, &held), 1);
    assert_false(channel_of(first)->ops->arm(channel_of(first)));
    assert_null(hprpc__pool_take(pool));
    feed(second, script.bytes, script.size, SIZE_MAX);
    assert_int_equal(receive(second, &other), 1);
    assert_true(held.body != other.body);
    channel_of(second)->ops->release(channel_of(second), &other);
    channel_of(first)->ops->release(channel_of(first), &held);
    free_wire(first);
    free_wire(second);
    hprpc__pool_drop(pool);
    free_script(&script);
}

static void a_failed_allocation_is_tried_again(void **state)
{
    struct script script = { .count = 0 };
    long fail_at;
    bool failed = true;

    (void)state;
    add_small(&script);
    add_large(&script);
    for (fail_at = 1; failed; fail_at++) {
        struct test_memory memory;
        struct wire *wire;
        size_t i = 0;

        test_memory_init(&memory);
        wire = new_wire(memory.context);
        memory.fail_at = fail_at;
        memory.for_ever = true;
        failed = false;
        feed(wire, script.bytes, script.size, 50000);
        while (i < script.count) {
            struct hprpc_message message;
            int r = receive_patiently(wire, &message);

            if (r == HPRPC_ENOMEM) {
                failed = true;
                assert_int_equal(receive(wire, &message), HPRPC_ENOMEM);
                memory.fail_at = 0;
                memory.for_ever = false;
                continue;
            }
            assert_int_equal(r, 1);
            test_check(&message, &script.entries[i].header, script.entries[i].size);
            i++;
            release(wire, &message);
        }
        free_wire(wire);
        test_memory_free(&memory);
    }
    assert_true(fail_at > 3);
    free_script(&script);
}

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

/* Sends one message of the script, flushing `step` bytes at a time while it has to wait. */
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

/* The kernel takes `cut` bytes, then nothing, then `step` at a time. */
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
    assert_int_equal(wire->writes, 1); /* once the kernel is full, only flush asks again */
    assert_int_equal(channel->ops->flush(channel), HPRPC_EAGAIN);
    wire->room = 3000000;
    assert_int_equal(channel->ops->flush(channel), HPRPC_EAGAIN);
    assert_int_equal(channel->ops->start_call(channel, &request, 10000, &reservation), HPRPC_EAGAIN);
    wire->room = SIZE_MAX;
    assert_int_equal(channel->ops->flush(channel), 0);
    /* with nothing queued, the size does not matter */
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

    /* and so it does with the next message that is not corked */
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
    assert_int_equal(r, HPRPC_EPEERDIED);
    assert_true(channel_of(wire)->reason.text[0]);
    return NULL;
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

        wire->write_error = i % 2 ? -EPIPE : 0;
        feed(wire, script.bytes, script.size, 64);
        wire->at_end = 0;
        assert_int_equal(pthread_create(&thread, NULL, send_until_broken, wire), 0);
        expect(wire, &script, script.count);
        assert_int_equal(receive_patiently(wire, &message), HPRPC_EPEERDIED);
        assert_true(channel_of(wire)->reason.text[0]);
        pthread_join(thread, NULL);
        free_wire(wire);
    }
    free_script(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_found),
        cmocka_unit_test(any_cutting_into_reads_works),
        cmocka_unit_test(large_bodies_are_cut_anywhere),
        cmocka_unit_test(corruption_breaks_after_what_was_whole),
        cmocka_unit_test(noise_is_survived),
        cmocka_unit_test(the_limit_comes_before_memory),
        cmocka_unit_test(a_length_over_the_limit_is_refused_when_it_is_known),
        cmocka_unit_test(nothing_drifts),
        cmocka_unit_test(an_error_comes_after_what_was_whole),
        cmocka_unit_test(a_failed_send_lets_the_rest_be_received),
        cmocka_unit_test(close_is_final_and_idempotent),
        cmocka_unit_test(messages_that_trickle_break_the_stream),
        cmocka_unit_test(a_round_trip_costs_one_read),
        cmocka_unit_test(arm_knows_what_is_buffered),
        cmocka_unit_test(messages_are_released_in_any_order),
        cmocka_unit_test(lending_has_a_limit),
        cmocka_unit_test(what_lies_aside_is_not_lent),
        cmocka_unit_test(messages_are_released_by_other_threads),
        cmocka_unit_test(calls_allocate_nothing_and_idling_gives_back),
        cmocka_unit_test(who_sleeps_lends_its_blocks),
        cmocka_unit_test(a_full_pool_leaves_the_rest_where_it_is),
        cmocka_unit_test(what_is_still_held_is_not_lent),
        cmocka_unit_test(a_failed_allocation_is_tried_again),
        cmocka_unit_test(what_is_sent_is_the_script),
        cmocka_unit_test(partial_writes_at_every_offset),
        cmocka_unit_test(borrowed_runs_at_every_offset),
        cmocka_unit_test(large_messages_leave_in_pieces),
        cmocka_unit_test(borrowed_runs_are_not_copied_when_taken),
        cmocka_unit_test(requests_wait_where_replies_do_not),
        cmocka_unit_test(a_corked_batch_leaves_in_one_write),
        cmocka_unit_test(cancelled_messages_leave_no_trace),
        cmocka_unit_test(sending_without_memory_changes_nothing),
        cmocka_unit_test(an_impossible_size_is_told),
        cmocka_unit_test(both_sides_may_find_it_broken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
