/* SPDX-License-Identifier: MIT */
/*
 * Two versions of an interface: what one of them writes, the other one reads, keeps and writes back, in every place that an
 * extensible type may have; and sizes that lie.
 */
#include "kodosis/runtime/cmocka_all.h"

#include <stdio.h>

#include "kodosis/runtime/build-value.h"
#include "kodosis/runtime/values.h"
#include "versions-one.h"
#include "versions-two.h"

VALUES_TYPE(codec_versions_order_one, "codec.versions.OrderOne");
VALUES_TYPE(codec_versions_order_two, "codec.versions.OrderTwo");
VALUES_TYPE(codec_versions_event_one, "codec.versions.EventOne");
VALUES_TYPE(codec_versions_event_two, "codec.versions.EventTwo");
VALUES_TYPE(codec_versions_plain_one, "codec.versions.PlainOne");
VALUES_TYPE(codec_versions_plain_two, "codec.versions.PlainTwo");
VALUES_TYPE(codec_versions_places_one, "codec.versions.PlacesOne");
VALUES_TYPE(codec_versions_places_two, "codec.versions.PlacesTwo");
VALUES_TYPE(codec_versions_refused_one, "codec.versions.RefusedOne");
VALUES_TYPE(codec_versions_refused_two, "codec.versions.RefusedTwo");
VALUES_TYPE(codec_versions_nothing_one, "codec.versions.NothingOne");
VALUES_TYPE(codec_versions_nothing_two, "codec.versions.NothingTwo");

static const struct kodosis_schema *const one = &codec_versions_versions_one_schema;
static const struct kodosis_schema *const two = &codec_versions_versions_two_schema;

enum { VALUE_MAX = 4096, BODY_MAX = 1 << 16, ROUNDS = 300, LIES = 40 };

/* A type of either version. */
struct pair {
    const struct values_type *old;
    const struct values_type *new;
};

static const struct pair pairs[] = {
    { &codec_versions_order_one_type, &codec_versions_order_two_type },
    { &codec_versions_event_one_type, &codec_versions_event_two_type },
    { &codec_versions_plain_one_type, &codec_versions_plain_two_type },
    { &codec_versions_places_one_type, &codec_versions_places_two_type },
    { &codec_versions_refused_one_type, &codec_versions_refused_two_type },
    { &codec_versions_nothing_one_type, &codec_versions_nothing_two_type },
};

enum { PAIRS = sizeof(pairs) / sizeof(*pairs) };

/* A body in memory of exactly its size, for the sanitizer. */
struct body {
    uint8_t *bytes;
    size_t size;
};

static struct kodosis_arena arena;

static struct body make_body(const void *bytes, size_t size)
{
    struct body made = { malloc(size ? size : 1), size };

    assert_non_null(made.bytes);
    memcpy(made.bytes, bytes, size);
    return made;
}

/* Encodes by generated code and by the schema, which agree. */
static struct body encode(const struct values_type *type, const struct kodosis_schema *schema, const void *value)
{
    static uint64_t room[BODY_MAX / 8], again[BODY_MAX / 8];
    size_t size = (size_t)type->measure(value, 0);
    uint32_t index = kodosis_schema_find(schema, type->name);
    struct kodosis_writer writer;

    assert_true(size <= BODY_MAX);
    assert_int_equal(kodosis_schema_size(schema, index, value, 0), size);
    kodosis_writer_init(&writer, room, size);
    type->write(&writer, value);
    assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_OK);
    kodosis_writer_init(&writer, again, size);
    kodosis_schema_write(schema, index, &writer, value);
    assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_OK);
    assert_memory_equal(room, again, size);
    return make_body(room, size);
}

/* Decodes by the schema and by generated code, which judge alike; the value is that of the generated code. */
static enum kodosis_status decode(const struct values_type *type, const struct kodosis_schema *schema,
                                  const struct body *body, void *ret_value)
{
    uint32_t index = kodosis_schema_find(schema, type->name);
    static uint64_t by_schema[VALUE_MAX / 8];
    struct kodosis_reader reader;
    enum kodosis_status status;

    assert_true(type->size <= VALUE_MAX);
    kodosis_reader_init(&reader, body->bytes, body->size, &arena);
    kodosis_schema_read(schema, index, &reader, by_schema);
    status = kodosis_reader_finish(&reader);
    kodosis_reader_init(&reader, body->bytes, body->size, &arena);
    type->read(&reader, ret_value);
    assert_int_equal(kodosis_reader_finish(&reader), status);
    assert_int_equal(reader.depth, KODOSIS_DEPTH_MAX);
    if (status == KODOSIS_OK)
        assert_true(kodosis_schema_equal(schema, index, by_schema, ret_value));
    return status;
}

static void build(const struct values_type *type, const struct kodosis_schema *schema, uint64_t *random,
                  void *ret_value)
{
    int parts = 30;

    memset(ret_value, 0, type->size);
    build_value(schema, kodosis_schema_find(schema, type->name), &arena, random, &parts, ret_value);
}

/* ---- By hand ---- */

static void bytes_of_a_first_version(void **state)
{
    static const char bytes[] = "\x08\0\0\0\0\0\0\0"
                                "\x02"
                                "ab\0\7\0\0\0";
    struct codec_versions_order_one order = { kodosis_str("ab"), 7, { NULL, 0 } };
    struct codec_versions_order_two read;
    struct body body = encode(&codec_versions_order_one_type, one, &order);

    (void)state;
    assert_int_equal(body.size, sizeof(bytes) - 1);
    assert_memory_equal(body.bytes, bytes, body.size);
    assert_int_equal(decode(&codec_versions_order_two_type, two, &body, &read), KODOSIS_OK);
    assert_string_equal(read.article.data, "ab");
    assert_int_equal(read.count, 7);
    assert_true(read.price == CODEC_VERSIONS_PRICE);
    assert_null(read.note);
    assert_int_equal(read.tags.count, 0);
    assert_true(read.urgent);
    assert_string_equal(read.unit.data, "piece");
    assert_int_equal(read.unit.size, 5);
    assert_int_equal(read.hue, CODEC_VERSIONS_HUE_TWO_GREEN);
    assert_int_equal(read.raw.size, 0);
    assert_int_equal(read.hues.count, 0);
    assert_null(read.next);
    assert_int_equal(read.last, -3);
    assert_int_equal(read.unknown.size, 0);
    free(body.bytes);
}

/* Members that may be missing begin at multiples of 8, so that what is behind a member keeps its places when that one grows. */
static void what_is_not_known_keeps_its_place(void **state)
{
    struct codec_versions_order_two order = {
        .article = kodosis_str("a"), .price = 2.5, .unit = kodosis_str("box"), .hue = 77
    };
    struct codec_versions_order_one old;
    struct codec_versions_order_two back;
    struct body body = encode(&codec_versions_order_two_type, two, &order);
    size_t size;

    (void)state;
    assert_int_equal(decode(&codec_versions_order_one_type, one, &body, &old), KODOSIS_OK);
    for (size = 0; size < 20; size++) {
        struct body changed;

        old.article = (struct kodosis_string){ "aaaaaaaaaaaaaaaaaaaa", size };
        changed = encode(&codec_versions_order_one_type, one, &old);
        assert_int_equal(decode(&codec_versions_order_two_type, two, &changed, &back), KODOSIS_OK);
        assert_int_equal(back.article.size, size);
        back.article = order.article;
        assert_true(codec_versions_order_two_equal(&order, &back));
        free(changed.bytes);
    }
    free(body.bytes);
}

static void unknown_things_are_printed(void **state)
{
    const uint8_t bytes[] = { 1, 0xff };
    struct codec_versions_order_one order = { kodosis_str("a"), 1, { bytes, 2 } };
    struct codec_versions_event_one event = { 9, { 0 } };
    struct codec_versions_nothing_one nothing = { { bytes, 2 } };
    struct codec_versions_plain_one plain = { .event = { 1, { 5 } }, .hue = 9, .rights = 0x83 };
    char text[300];

    (void)state;
    event.as.unknown.data = bytes;
    event.as.unknown.size = 1;
    codec_versions_order_one_print(&order, text, sizeof(text));
    assert_string_equal(text, "{ article: \"a\", count: 1, unknown: <01ff> }");
    codec_versions_event_one_print(&event, text, sizeof(text));
    assert_string_equal(text, "tag 9: <01>");
    codec_versions_nothing_one_print(&nothing, text, sizeof(text));
    assert_string_equal(text, "{ unknown: <01ff> }");
    nothing.unknown.size = 0;
    codec_versions_nothing_one_print(&nothing, text, sizeof(text));
    assert_string_equal(text, "{}");
    codec_versions_plain_one_print(&plain, text, sizeof(text));
    assert_string_equal(text, "{ first: 0, order: { article: \"\", count: 0 }, event: counted: 5, hue: 9, "
                              "rights: Read | Write | 128, last: 0 }");
}

static void unknown_things_are_compared(void **state)
{
    const uint8_t bytes[] = { 1, 2, 1, 3 };
    struct codec_versions_order_one left = { kodosis_str("a"), 1, { bytes, 2 } };
    struct codec_versions_order_one right = left;
    struct codec_versions_event_one mine = { 9, { 0 } };
    struct codec_versions_event_one other;

    (void)state;
    right.unknown.data = bytes + 2;
    assert_false(codec_versions_order_one_equal(&left, &right));
    right.unknown.size = left.unknown.size = 1;
    assert_true(codec_versions_order_one_equal(&left, &right));
    right.unknown.size = 0;
    assert_false(codec_versions_order_one_equal(&left, &right));
    mine.as.unknown.data = bytes;
    mine.as.unknown.size = 2;
    other = mine;
    assert_true(codec_versions_event_one_equal(&mine, &other));
    other.as.unknown.data = bytes + 2;
    assert_false(codec_versions_event_one_equal(&mine, &other));
}

/* A tag that is no member is kept where a later version may have it, and refused where no version can. */
static void a_tag_is_never_zero(void **state)
{
    struct codec_versions_event_one event = { 1, { 5 } }, read;
    struct body body = encode(&codec_versions_event_one_type, one, &event);

    (void)state;
    assert_int_equal(body.bytes[0], 1);
    body.bytes[0] = 200;
    assert_int_equal(decode(&codec_versions_event_one_type, one, &body, &read), KODOSIS_OK);
    assert_int_equal(read.tag, 200);
    assert_int_equal(read.as.unknown.size, 8);
    body.bytes[0] = 0;
    assert_int_equal(decode(&codec_versions_event_one_type, one, &body, &read), KODOSIS_BAD_TAG);
    free(body.bytes);
}

static void enums_know_what_is_declared(void **state)
{
    (void)state;
    assert_true(codec_versions_hue_one_is_valid(2) && !codec_versions_hue_one_is_valid(3));
    assert_null(codec_versions_hue_one_name(3));
    assert_true(codec_versions_rights_one_is_valid(3) && !codec_versions_rights_one_is_valid(4));
    assert_true(codec_versions_modes_is_valid(0) && codec_versions_modes_is_valid(5) &&
                !codec_versions_modes_is_valid(2));
    assert_int_equal(CODEC_VERSIONS_RIGHTS_TWO_OWN, 4);
    assert_int_equal(CODEC_VERSIONS_MODES_SLOW, 1);
}

/* ---- All types, both ways ---- */

/* The newer version's value goes through the older one and back, and is the same. */
static void what_is_not_known_is_kept(void **state)
{
    static uint64_t value[VALUE_MAX / 8], old[VALUE_MAX / 8], back[VALUE_MAX / 8];
    uint64_t random = 3;

    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        for (int round = 0; round < ROUNDS; round++) {
            struct body first, second;

            kodosis_arena_reset(&arena);
            build(pairs[i].new, two, &random, value);
            first = encode(pairs[i].new, two, value);
            assert_int_equal(decode(pairs[i].old, one, &first, old), KODOSIS_OK);
            second = encode(pairs[i].old, one, old);
            assert_int_equal(first.size, second.size);
            assert_memory_equal(first.bytes, second.bytes, first.size);
            assert_int_equal(decode(pairs[i].new, two, &second, back), KODOSIS_OK);
            assert_true(pairs[i].new->equal(value, back));
            free(first.bytes);
            free(second.bytes);
        }
    }
}

/* Takes what the older version does not know out of a value, as an older program would never have put it there. */
static void forget_unknown(const struct kodosis_schema *schema, uint32_t index, uint8_t *value)
{
    const struct kodosis_type_description *type = &schema->types[index];

    if (type->kind == KODOSIS_STRUCT && type->flags & KODOSIS_EXTENSIBLE)
        memset(value + type->value_offset, 0, sizeof(struct kodosis_bytes));
}

/* The older version's value goes to the newer one and back: the older one knows all that it knew. */
static void old_values_are_read(void **state)
{
    static uint64_t value[VALUE_MAX / 8], new[VALUE_MAX / 8], back[VALUE_MAX / 8];
    uint64_t random = 4;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct codec_versions_order_one *order = (struct codec_versions_order_one *)value;
        struct codec_versions_order_one *again = (struct codec_versions_order_one *)back;
        struct body first, second;

        kodosis_arena_reset(&arena);
        build(&codec_versions_order_one_type, one, &random, value);
        forget_unknown(one, kodosis_schema_find(one, "codec.versions.OrderOne"), (uint8_t *)value);
        first = encode(&codec_versions_order_one_type, one, value);
        assert_int_equal(decode(&codec_versions_order_two_type, two, &first, new), KODOSIS_OK);
        second = encode(&codec_versions_order_two_type, two, new);
        assert_int_equal(decode(&codec_versions_order_one_type, one, &second, back), KODOSIS_OK);
        assert_true(again->unknown.size > 0);
        assert_int_equal(order->count, again->count);
        assert_int_equal(order->article.size, again->article.size);
        assert_memory_equal(order->article.data, again->article.data, order->article.size);
        free(first.bytes);
        free(second.bytes);
    }
}

/* ---- Sizes that lie ---- */

/* Puts every small size, and some large ones, into each four bytes of a body; what is accepted can be encoded again. */
static void lie_about_sizes(const struct values_type *type, const struct kodosis_schema *schema,
                            const struct body *body)
{
    static uint64_t value[VALUE_MAX / 8];
    struct body lying = make_body(body->bytes, body->size);

    for (size_t at = 0; at + 4 <= body->size && at < 64; at++) {
        for (uint32_t lie = 0; lie < LIES; lie++) {
            uint32_t size = lie < LIES - 4 ? lie : UINT32_MAX - (lie - (LIES - 4)) * 7;

            memcpy(lying.bytes + at, &size, sizeof(size));
            if (decode(type, schema, &lying, value) == KODOSIS_OK) {
                struct body again = encode(type, schema, value);

                free(again.bytes);
            }
            kodosis_arena_reset(&arena);
        }
        memcpy(lying.bytes + at, body->bytes + at, 4);
    }
    free(lying.bytes);
}

static void sizes_may_lie(void **state)
{
    static uint64_t value[VALUE_MAX / 8];
    uint64_t random = 5;

    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        for (int round = 0; round < 8; round++) {
            struct body body;

            build(pairs[i].new, two, &random, value);
            body = encode(pairs[i].new, two, value);
            lie_about_sizes(pairs[i].new, two, &body);
            lie_about_sizes(pairs[i].old, one, &body);
            free(body.bytes);
        }
    }
}

static enum kodosis_status status_of(const struct values_type *type, const struct kodosis_schema *schema,
                                     const void *bytes, size_t size)
{
    static uint64_t value[VALUE_MAX / 8];
    struct body body = make_body(bytes, size);
    enum kodosis_status status = decode(type, schema, &body, value);

    free(body.bytes);
    return status;
}

/* Each row of docs/wire-format.md about extents, broken. */
static void each_lie_has_its_name(void **state)
{
    const struct values_type *order = &codec_versions_order_one_type;
    const struct values_type *event = &codec_versions_event_one_type;

    (void)state;
    /* the size is larger than the body, or ends in front of the known members' end */
    assert_int_equal(status_of(order, one, "\x09\0\0\0\0\0\0\0\2ab\0\7\0\0\0", 16), KODOSIS_TRUNCATED);
    assert_int_equal(status_of(order, one, "\x07\0\0\0\0\0\0\0\2ab\0\7\0\0\0", 16), KODOSIS_TRUNCATED);
    assert_int_equal(status_of(order, one, "\xff\xff\xff\xff\0\0\0\0\2ab\0\7\0\0\0", 16), KODOSIS_TRUNCATED);
    assert_int_equal(status_of(order, one, "\0\0\0\0\0\0\0\0", 8), KODOSIS_TRUNCATED);
    assert_int_equal(status_of(order, one, "\x08\0\0", 3), KODOSIS_TRUNCATED);
    assert_int_equal(status_of(order, one, "\x08\0\0\0\0\0", 6), KODOSIS_TRUNCATED);
    /* padding that is not zero: in front of the content, and in front of a member */
    assert_int_equal(status_of(order, one, "\x08\0\0\0\0\0\0\1\2ab\0\7\0\0\0", 16), KODOSIS_BAD_PADDING);
    assert_int_equal(status_of(order, one, "\x09\0\0\0\0\0\0\0\1a\0\7\0\0\0\1\1", 17), KODOSIS_BAD_PADDING);
    /* padding with no member behind it, and with one */
    assert_int_equal(status_of(order, one, "\x08\0\0\0\0\0\0\0\1a\0\7\0\0\0\0", 16), KODOSIS_TRAILING);
    assert_int_equal(status_of(order, one, "\x09\0\0\0\0\0\0\0\1a\0\7\0\0\0\0\1", 17), KODOSIS_OK);
    /* behind the content */
    assert_int_equal(status_of(order, one, "\x08\0\0\0\0\0\0\0\2ab\0\7\0\0\0\0", 17), KODOSIS_TRAILING);
    /* a union's member that goes on, or ends early; no tag; a tag that is not known, with and without content */
    assert_int_equal(status_of(event, one, "\1\x09\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0", 17), KODOSIS_TRAILING);
    assert_int_equal(status_of(event, one, "\1\x07\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16), KODOSIS_TRUNCATED);
    assert_int_equal(status_of(event, one, "\0\x08\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16), KODOSIS_BAD_TAG);
    assert_int_equal(status_of(event, one, "\x09\1\0\0\0\0\0\0\x05", 9), KODOSIS_OK);
    assert_int_equal(status_of(event, one, "\x09\0\0\0\0\0\0\0", 8), KODOSIS_OK);
    assert_int_equal(status_of(event, one, "\x09\2\0\0\0\0\0\0\x05", 9), KODOSIS_TRUNCATED);
    assert_int_equal(status_of(event, one, "\1\x08\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16), KODOSIS_OK);
}

/* A union's content that takes in what stands behind the union: it is not read as if it stood there. */
static void content_ends_with_its_value(void **state)
{
    enum { PLACE = 15, REST = 5 }; /* of the union's size; bytes behind the union */
    struct codec_versions_plain_one read, plain = { .order = { kodosis_str(""), 0, { NULL, 0 } },
                                                    .event = { CODEC_VERSIONS_EVENT_ONE_COUNTED, { 3 } },
                                                    .hue = 1 };
    struct body body = encode(&codec_versions_plain_one_type, one, &plain);

    (void)state;
    assert_int_equal(body.bytes[PLACE], 8);
    assert_int_equal(decode(&codec_versions_plain_one_type, one, &body, &read), KODOSIS_OK);
    body.bytes[PLACE] += REST;
    assert_int_equal(decode(&codec_versions_plain_one_type, one, &body, &read), KODOSIS_TRAILING);
    free(body.bytes);
}

static void bad_tags_are_not_written(void **state)
{
    struct codec_versions_event_one event = { 0, { 0 } };
    uint8_t bytes[64];
    struct kodosis_writer writer;

    (void)state;
    kodosis_writer_init(&writer, bytes, sizeof(bytes));
    codec_versions_event_one_write(&writer, &event);
    assert_int_equal(writer.status, KODOSIS_BAD_TAG);
    kodosis_writer_init(&writer, bytes, sizeof(bytes));
    kodosis_schema_write(one, kodosis_schema_find(one, "codec.versions.EventOne"), &writer, &event);
    assert_int_equal(writer.status, KODOSIS_BAD_TAG);
}

static int set_up(void **state)
{
    (void)state;
    kodosis_arena_init(&arena, NULL, 1 << 26);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kodosis_arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_a_first_version),
        cmocka_unit_test(what_is_not_known_keeps_its_place),
        cmocka_unit_test(unknown_things_are_printed),
        cmocka_unit_test(unknown_things_are_compared),
        cmocka_unit_test(a_tag_is_never_zero),
        cmocka_unit_test(enums_know_what_is_declared),
        cmocka_unit_test(what_is_not_known_is_kept),
        cmocka_unit_test(old_values_are_read),
        cmocka_unit_test(sizes_may_lie),
        cmocka_unit_test(each_lie_has_its_name),
        cmocka_unit_test(content_ends_with_its_value),
        cmocka_unit_test(bad_tags_are_not_written),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
