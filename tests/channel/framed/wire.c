/* SPDX-License-Identifier: MIT */
/* A wire in memory, and scripts of messages for it. */
#include "tests/channel/framed/wire.h"

#include <errno.h>

#include "channel/framed/header.h"
#include "channel/framed/pool.h"
#include "support/fixture.h"

/* ---- The wire ---- */

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

/* Ends the wire of a failed test: a thread that still sends over it gets HPRPC_ECLOSED. */
static void stop(uintptr_t thing)
{
    struct wire *wire = (struct wire *)thing;

    channel_of(wire)->ops->close(channel_of(wire));
}

static void forget(uintptr_t thing);

static const struct fixture_kind fixture_wire = { "wire", FIXTURE_END, stop, forget };

static void forget(uintptr_t thing)
{
    fixture_leave(&fixture_wire, thing);
}

struct wire *new_wire(struct hprpc_context *context)
{
    struct wire *wire = calloc(1, sizeof(*wire));

    assert_non_null(wire);
    hprpc_framed_init(&wire->stream, &wire_ops, context, HPRPC_WAIT_BLOCK, true);
    wire->stream.channel.receive_limit = 1 << 22;
    wire->read_most = SIZE_MAX;
    wire->room = SIZE_MAX;
    wire->at_end = -EAGAIN;
    fixture_enter(&fixture_wire, (uintptr_t)wire);
    return wire;
}

struct hprpc_channel *channel_of(struct wire *wire)
{
    return &wire->stream.channel;
}

void free_wire(struct wire *wire)
{
    fixture_leave(&fixture_wire, (uintptr_t)wire);
    channel_of(wire)->ops->free(channel_of(wire));
}

void feed(struct wire *wire, const uint8_t *bytes, size_t count, size_t read_most)
{
    wire->in = bytes;
    wire->in_size = count;
    wire->in_at = 0;
    wire->read_most = read_most;
}

int receive(struct wire *wire, struct hprpc_message *ret_message)
{
    return channel_of(wire)->ops->receive(channel_of(wire), ret_message);
}

void release(struct wire *wire, struct hprpc_message *message)
{
    channel_of(wire)->ops->release(channel_of(wire), message);
}

int receive_patiently(struct wire *wire, struct hprpc_message *ret_message)
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

void add(struct script *script, struct hprpc_header header, uint32_t size)
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

void add_small(struct script *script)
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

void add_large(struct script *script)
{
    static const uint32_t sizes[] = { 16383, 16384, 16385, 40000, 65500, 65536, 65537, 130000, 1000000 };

    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        add(script, test_request(i), sizes[i]);
        add(script, test_reply(i), 3 + i);
    }
}

void free_script(struct script *script)
{
    free(script->bytes);
}

void expect(struct wire *wire, const struct script *script, size_t count)
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
