/* SPDX-License-Identifier: MIT */
/*
 * The bodies of HELLO, CREDIT, ERROR, GOODBYE, DRAIN, BIND and BOUND as a peer wrote them: refused, or read; and what was read is
 * written as the same bytes again, where the format has one way to write it. The first byte says which.
 */
#include <stdlib.h>
#include <string.h>

#include "rpc/connection/message.h"

enum { PROCEDURES = 3, WRITTEN_MAX = 8192 };

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void same(const struct kodosis_writer *writer, const uint8_t *data, size_t size)
{
    must(writer->status == KODOSIS_OK && (size_t)(writer->cursor - writer->start) == size);
    must(memcmp(writer->start, data, size) == 0);
}

/* How long a HELLO is depends on the features in it; one may be shorter, and more may stand behind it. */
static void read_hello(struct kodosis_writer *writer, const uint8_t *data, size_t size)
{
    struct hprpc__hello hello;

    if (hprpc__hello_read(data, size, &hello))
        return;
    hprpc__hello_write(writer, &hello);
    if ((size_t)(writer->cursor - writer->start) == size)
        same(writer, data, size);
}

static void read_bind(struct kodosis_reader *reader)
{
    struct hprpc__bind_body bind;
    struct kodosis_string name;
    uint64_t hash;

    if (!hprpc__bind_read(reader, &bind))
        return;
    must(bind.count <= HPRPC__PROCEDURES_MAX && strlen(bind.name.data) == bind.name.size);
    for (uint32_t i = 0; i < bind.count && hprpc__bind_read_next(reader, &name, &hash); i++)
        must(strlen(name.data) == name.size);
}

static void read_bound(struct kodosis_writer *writer, const uint8_t *data, size_t size)
{
    struct hprpc__bound_procedure procedures[PROCEDURES];
    uint16_t service;

    if (!hprpc__bound_read(data, size, PROCEDURES, &service, procedures))
        return;
    must(hprpc__bound_size(procedures, PROCEDURES) <= WRITTEN_MAX || size > WRITTEN_MAX);
    hprpc__bound_write(writer, service, procedures, PROCEDURES);
    for (int i = 0; i < PROCEDURES; i++)
        must(procedures[i].number >= 0 ? !procedures[i].text.size : strlen(procedures[i].text.data) <= size);
}

static void read_error(const uint8_t *data, size_t size, struct kodosis_reader *reader)
{
    struct hprpc__error_body error;

    (void)data;
    if (hprpc__error_read(reader, &error))
        must(strlen(error.text.data) == error.text.size && strlen(error.raised.data) == error.raised.size &&
             error.text.size + error.raised.size <= size);
}

static void read_body(uint8_t which, const uint8_t *data, size_t size, struct kodosis_reader *reader)
{
    static uint8_t written[WRITTEN_MAX];
    struct kodosis_writer writer;
    struct hprpc__credit credit;
    struct hprpc__goodbye goodbye;
    uint64_t taken;

    kodosis_writer_init(&writer, written, sizeof(written));
    switch (which % 7) {
    case 0:
        read_hello(&writer, data, size);
        break;
    case 1:
        if (hprpc__credit_read(data, size, &credit)) {
            hprpc__credit_write(&writer, &credit);
            same(&writer, data, size);
        }
        break;
    case 2:
        read_error(data, size, reader);
        break;
    case 3:
        if (hprpc__goodbye_read(data, size, &goodbye) && hprpc__goodbye_size(&goodbye) <= sizeof(written))
            hprpc__goodbye_write(&writer, &goodbye);
        break;
    case 4:
        if (hprpc__drain_read(data, size, &taken)) {
            hprpc__drain_write(&writer, taken);
            same(&writer, data, size);
        }
        break;
    case 5:
        read_bind(reader);
        break;
    default:
        read_bound(&writer, data, size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kodosis_reader reader;
    struct kodosis_arena arena;
    uint8_t *body;

    if (!size)
        return 0;
    body = aligned_alloc(16, (size + 15) / 16 * 16);
    must(body);
    memcpy(body, data + 1, size - 1);
    kodosis_arena_init(&arena, NULL, 1 << 20);
    kodosis_reader_init(&reader, body, size - 1, &arena);
    read_body(data[0], body, size - 1, &reader);
    kodosis_arena_clear(&arena);
    free(body);
    return 0;
}
