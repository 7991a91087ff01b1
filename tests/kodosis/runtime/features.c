/* SPDX-License-Identifier: MIT */
/* Generated code for every feature: bytes written by hand, there and back, at the boundaries, and what must be refused. */
#include "kodosis/runtime/cmocka_all.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "kodosis/runtime/schema.h"
#include "kodosis/runtime/values.h"
#include "common.h"
#include "everything.h"

VALUES_TYPE(codec_features_scalars, "codec.features.Scalars");
VALUES_TYPE(codec_features_checked, "codec.features.Checked");
VALUES_TYPE(codec_features_text, "codec.features.Text");
VALUES_TYPE(codec_features_lists, "codec.features.Lists");
VALUES_TYPE(codec_features_odd_holder, "codec.features.OddHolder");
VALUES_TYPE(codec_features_empties, "codec.features.Empties");
VALUES_TYPE(codec_features_arrays, "codec.features.Arrays");
VALUES_TYPE(codec_features_optionals, "codec.features.Optionals");
VALUES_TYPE(codec_features_maps, "codec.features.Maps");
VALUES_TYPE(codec_features_nested, "codec.features.Nested");
VALUES_TYPE(codec_features_node, "codec.features.Node");
VALUES_TYPE(codec_features_expression, "codec.features.Expression");
VALUES_TYPE(codec_features_event, "codec.features.Event");
VALUES_TYPE(codec_features_row, "codec.features.Row");
VALUES_TYPE(codec_features_words, "codec.features.Words");

enum { VALUE_MAX = 1024 };

static struct kodosis_arena arena;
static uint8_t *body; /* of exactly the size, so that the sanitizer sees a step beyond it */

static uint8_t *open_body(size_t size)
{
    free(body);
    body = malloc(size ? size : 1);
    assert_non_null(body);
    return body;
}

static enum kodosis_status decode(const struct values_type *type, const void *bytes, size_t size, void *ret_value)
{
    struct kodosis_reader reader;

    memcpy(open_body(size), bytes, size);
    kodosis_arena_reset(&arena);
    kodosis_reader_init(&reader, body, size, &arena);
    type->read(&reader, ret_value);
    return kodosis_reader_finish(&reader);
}

static size_t encode(const struct values_type *type, const void *value, uint8_t *ret_bytes)
{
    uint64_t size = type->measure(value, 0);
    struct kodosis_writer writer;

    assert_true(size <= VALUE_MAX);
    kodosis_writer_init(&writer, open_body((size_t)size), (size_t)size);
    type->write(&writer, value);
    assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_OK);
    memcpy(ret_bytes, body, (size_t)size);
    return (size_t)size;
}

/* The same bytes and checks by the schema alone. */
static void assert_schema_agrees(const struct values_type *type, const void *value, const uint8_t *bytes, size_t size)
{
    const struct kodosis_schema *schema = &codec_features_everything_schema;
    uint32_t index = kodosis_schema_find(schema, type->name);
    uint8_t again[VALUE_MAX];
    uint8_t decoded[VALUE_MAX];
    struct kodosis_writer writer;
    struct kodosis_reader reader;

    assert_int_not_equal(index, UINT32_MAX);
    assert_int_equal(schema->types[index].size, type->size);
    assert_int_equal(kodosis_schema_size(schema, index, value, 0), size);
    kodosis_writer_init(&writer, again, size);
    kodosis_schema_write(schema, index, &writer, value);
    assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_OK);
    assert_memory_equal(again, bytes, size);
    memcpy(open_body(size), bytes, size);
    kodosis_reader_init(&reader, body, size, &arena);
    kodosis_schema_read(schema, index, &reader, decoded);
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_OK);
    assert_true(type->equal(value, decoded));
}

/* Every truncation is refused; every flipped bit is refused or gives a value that encodes to those very bytes. */
static void assert_damage_is_safe(const struct values_type *type, const uint8_t *bytes, size_t size)
{
    uint8_t damaged[VALUE_MAX];
    uint8_t again[VALUE_MAX];
    uint8_t decoded[VALUE_MAX];
    size_t i;

    for (i = 0; i < size; i++)
        assert_int_not_equal(decode(type, bytes, i, decoded), KODOSIS_OK);
    memcpy(damaged, bytes, size);
    for (i = 0; i < 8 * size; i++) {
        damaged[i / 8] ^= (uint8_t)(1 << i % 8);
        if (decode(type, damaged, size, decoded) == KODOSIS_OK) {
            uint8_t *held = body;

            body = NULL;
            assert_int_equal(encode(type, decoded, again), size);
            assert_memory_equal(again, damaged, size);
            free(held);
        }
        damaged[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    damaged[size] = 0;
    assert_int_equal(decode(type, damaged, size + 1, decoded), KODOSIS_TRAILING);
}

static void assert_there_and_back(const struct values_type *type, const void *value)
{
    uint8_t bytes[VALUE_MAX];
    uint8_t decoded[VALUE_MAX];
    size_t size = encode(type, value, bytes);

    assert_true(type->size <= VALUE_MAX);
    assert_int_equal(decode(type, bytes, size, decoded), KODOSIS_OK);
    assert_true(type->equal(value, decoded));
    assert_true(type->equal(decoded, decoded));
    assert_schema_agrees(type, value, bytes, size);
    assert_damage_is_safe(type, bytes, size);
}

/* The value's encoding is these bytes. */
static void assert_bytes(const struct values_type *type, const void *value, const void *expected, size_t size)
{
    uint8_t bytes[VALUE_MAX];

    assert_int_equal(encode(type, value, bytes), size);
    assert_memory_equal(bytes, expected, size);
    assert_there_and_back(type, value);
}

static void assert_refused(const struct values_type *type, const void *bytes, size_t size, enum kodosis_status status)
{
    uint8_t decoded[VALUE_MAX];

    assert_int_equal(decode(type, bytes, size, decoded), status);
}

static void assert_prints(const struct values_type *type, const void *value, const char *expected)
{
    char text[2048];

    assert_int_equal(type->print(value, text, sizeof(text)), strlen(expected));
    assert_string_equal(text, expected);
}

/* ---- Constants and enums ---- */

static void constants_are_c(void **state)
{
    const char text[] = CODEC_FEATURES_QUOTED;

    (void)state;
    assert_int_equal(CODEC_FEATURES_ANSWER, 42);
    assert_true(CODEC_FEATURES_LEAST8 == INT8_MIN && CODEC_FEATURES_LEAST16 == INT16_MIN);
    assert_true(CODEC_FEATURES_LEAST32 == INT32_MIN && CODEC_FEATURES_LEAST64 == INT64_MIN);
    assert_true(CODEC_FEATURES_MOST8 == UINT8_MAX && CODEC_FEATURES_MOST16 == UINT16_MAX);
    assert_true(CODEC_FEATURES_MOST32 == UINT32_MAX && CODEC_FEATURES_MOST64 == UINT64_MAX);
    assert_true(CODEC_FEATURES_YES && !CODEC_FEATURES_NO);
    assert_true(CODEC_FEATURES_THIRD == 1.0f / 3.0f && sizeof(CODEC_FEATURES_THIRD) == sizeof(float));
    assert_true(CODEC_FEATURES_TENTH32 == 0.1f && sizeof(CODEC_FEATURES_TENTH32) == sizeof(float));
    assert_true(CODEC_FEATURES_MOST_REAL == FLT_MAX && CODEC_FEATURES_LEAST_REAL == FLT_TRUE_MIN);
    assert_true(CODEC_FEATURES_MINUS_TENTH == -0.1f && CODEC_FEATURES_SHORT_TENTH == 0.1f);
    assert_true(CODEC_FEATURES_EXACT == 16777216.0f && sizeof(CODEC_FEATURES_EXACT) == sizeof(float));
    assert_true(CODEC_FEATURES_TENTH == 0.1 && CODEC_FEATURES_WHOLE == 3.0 && CODEC_FEATURES_HUGE == 1e300);
    assert_true(1 - CODEC_FEATURES_NEGATIVE == 3.5 && sizeof(CODEC_FEATURES_WHOLE) == sizeof(double));
    assert_string_equal(text, "tab\t quote\" back\\ line\n");
    assert_int_equal(CODEC_FEATURES_FAVOURITE, CODEC_FEATURES_COLOR_GREEN);
    assert_int_equal(CODEC_COMMON_FULL, 255);
}

static void enums_are_c(void **state)
{
    (void)state;
    assert_int_equal(sizeof(codec_features_color), 1);
    assert_int_equal(sizeof(codec_common_heading), 2);
    assert_int_equal(sizeof(codec_features_sparse), 4);
    assert_int_equal(CODEC_COMMON_HEADING_EAST, 0);
    assert_true(CODEC_FEATURES_WIDE_TOP == UINT64_MAX && CODEC_FEATURES_DEEP_LOW == INT64_MIN);
    assert_string_equal(codec_features_color_name(CODEC_FEATURES_COLOR_BLUE), "Blue");
    assert_null(codec_features_color_name(0));
    assert_string_equal(codec_features_wide_name(CODEC_FEATURES_WIDE_TOP), "Top");
    assert_string_equal(codec_features_deep_name(CODEC_FEATURES_DEEP_LOW), "Low");
}

static void enums_know_their_values(void **state)
{
    static const int32_t declared[] = { -5, 0, 7, 8, 100, INT32_MAX, INT32_MIN };
    int value;
    size_t i;

    (void)state;
    for (value = 0; value < 256; value++) {
        assert_int_equal(codec_features_color_is_valid((uint8_t)value), value >= 1 && value <= 3);
        assert_int_equal(codec_features_byte_is_valid((uint8_t)value), value == 255);
    }
    for (value = -200; value < 200; value++) {
        bool found = false;

        for (i = 0; i < 7; i++)
            found |= declared[i] == value;
        assert_int_equal(codec_features_sparse_is_valid(value), found);
    }
    assert_true(codec_features_sparse_is_valid(INT32_MIN) && codec_features_sparse_is_valid(INT32_MAX));
    assert_true(codec_features_wide_is_valid(0) && codec_features_wide_is_valid(UINT64_MAX));
    assert_false(codec_features_wide_is_valid(1) || codec_features_wide_is_valid(UINT64_MAX - 1));
    assert_true(codec_features_deep_is_valid(INT64_MIN) && codec_features_deep_is_valid(INT64_MAX));
    assert_false(codec_features_deep_is_valid(0));
    assert_true(codec_common_heading_is_valid(-1) && codec_common_heading_is_valid(300));
    assert_false(codec_common_heading_is_valid(-2) || codec_common_heading_is_valid(1));
}

/* ---- Scalars ---- */

static void scalars_are_packed(void **state)
{
    struct codec_features_scalars value = {
        .b = true, .i8 = -1, .i16 = 2, .i32 = 3, .i64 = 4, .u8 = 5, .u16 = 6, .u32 = 7, .u64 = 8, .f32 = 1, .f64 = -2
    };

    (void)state;
    assert_bytes(&codec_features_scalars_type, &value,
                 "\1\xff\2\0\3\0\0\0\4\0\0\0\0\0\0\0\5\6\0\7\0\0\0\10\0\0\0\0\0\0\0\0\0\x80\x3f\0\0\0\0\0\0\0\xc0", 43);
    assert_prints(&codec_features_scalars_type, &value,
                  "{ b: true, i8: -1, i16: 2, i32: 3, i64: 4, u8: 5, u16: 6, u32: 7, u64: 8, f32: 1, f64: -2 }");
}

static void scalars_at_their_limits(void **state)
{
    struct codec_features_scalars low = {
        false, INT8_MIN, INT16_MIN, INT32_MIN, INT64_MIN, 0, 0, 0, 0, -INFINITY, NAN
    };
    struct codec_features_scalars high = { true,       INT8_MAX,   INT16_MAX,  INT32_MAX, INT64_MAX, UINT8_MAX,
                                           UINT16_MAX, UINT32_MAX, UINT64_MAX, -0.0f,     5e-324 };

    (void)state;
    assert_there_and_back(&codec_features_scalars_type, &low);
    assert_there_and_back(&codec_features_scalars_type, &high);
    assert_false(codec_features_scalars_equal(&low, &high));
    low = high;
    low.f32 = 0;
    assert_false(codec_features_scalars_equal(&low, &high));
    assert_prints(&codec_features_scalars_type, &high,
                  "{ b: true, i8: 127, i16: 32767, i32: 2147483647, i64: 9223372036854775807, u8: 255, u16: 65535, "
                  "u32: 4294967295, u64: 18446744073709551615, f32: -0, f64: 4.94065645841247e-324 }");
}

/* ---- Blittable structs ---- */

static struct codec_features_checked checked_value(void)
{
    struct codec_features_checked value = { 0x0102, true,        CODEC_FEATURES_COLOR_BLUE,    { true, false, true },
                                            255,    { -1, 300 }, { { 1, true }, { 2, false } } };

    return value;
}

static void blittable_structs_are_their_bytes(void **state)
{
    struct codec_features_checked value = checked_value();

    (void)state;
    assert_int_equal(sizeof(value), 16);
    assert_bytes(&codec_features_checked_type, &value, "\2\1\1\3\1\0\1\xff\xff\xff\x2c\1\1\1\2\0", 16);
    assert_prints(&codec_features_checked_type, &value,
                  "{ number: 258, on: true, color: Blue, bits: [true, false, true], only: Only, "
                  "headings: [North, South], inner: [{ first: Red, second: true }, { first: Green, second: false }] }");
}

static void blittable_structs_are_viewed_and_checked(void **state)
{
    struct codec_features_checked value = checked_value();
    struct kodosis_reader reader;
    uint8_t bytes[16];
    static const struct {
        uint8_t place;
        uint8_t byte;
        enum kodosis_status status;
    } faults[] = {
        { 2, 2, KODOSIS_BAD_BOOL },    { 3, 0, KODOSIS_BAD_ENUM },   { 3, 4, KODOSIS_BAD_ENUM },
        { 6, 255, KODOSIS_BAD_BOOL },  { 7, 254, KODOSIS_BAD_ENUM }, { 8, 5, KODOSIS_BAD_ENUM },
        { 10, 45, KODOSIS_BAD_ENUM },  { 12, 9, KODOSIS_BAD_ENUM },  { 13, 2, KODOSIS_BAD_BOOL },
        { 14, 200, KODOSIS_BAD_ENUM }, { 15, 8, KODOSIS_BAD_BOOL },
    };
    size_t i;

    (void)state;
    memcpy(open_body(16), &value, 16);
    kodosis_reader_init(&reader, body, 16, NULL);
    assert_ptr_equal(codec_features_checked_view(&reader), body);
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_OK);
    for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        memcpy(bytes, &value, 16);
        bytes[faults[i].place] = faults[i].byte;
        assert_refused(&codec_features_checked_type, bytes, 16, faults[i].status);
        memcpy(open_body(16), bytes, 16);
        kodosis_reader_init(&reader, body, 16, NULL);
        assert_null(codec_features_checked_view(&reader));
    }
}

/* ---- Strings, bytes and lists ---- */

static void text_is_views(void **state)
{
    static const uint8_t raw[] = { 0, 255 };
    struct kodosis_string strings[2] = { { "", 0 }, { "\xc3\xa4", 2 } };
    struct kodosis_bytes rows[1] = { { raw, 2 } };
    struct codec_features_text value = { { "door", 4 }, { raw, 2 }, { strings, 2 }, { rows, 1 } };
    struct codec_features_text decoded;
    struct codec_features_text nothing;

    (void)state;
    memset(&nothing, 0, sizeof(nothing));
    assert_bytes(&codec_features_text_type, &value, "\4door\0\2\0\xff\2\0\0\2\xc3\xa4\0\1\2\0\xff", 20);
    assert_bytes(&codec_features_text_type, &nothing, "\0\0\0\0\0", 5);
    assert_int_equal(decode(&codec_features_text_type, "\4door\0\2\0\xff\0\0", 11, &decoded), KODOSIS_OK);
    assert_ptr_equal(decoded.s.data, body + 1);
    assert_ptr_equal(decoded.b.data, body + 7);
    assert_prints(&codec_features_text_type, &value,
                  "{ s: \"door\", b: <00ff>, ss: [\"\", \"\xc3\xa4\"], bs: [<00ff>] }");
    assert_refused(&codec_features_text_type, "\1\xff\0\0\0\0", 6, KODOSIS_BAD_TEXT);
}

static void lists_are_aligned_views(void **state)
{
    static const bool bools[] = { true, false, true };
    static const int8_t i8[] = { -1 };
    static const int16_t i16[] = { -2, 2 };
    static const int32_t i32[] = { -3 };
    static const int64_t i64[] = { INT64_MIN };
    static const uint8_t u8[] = { 1, 2, 3, 4, 5 };
    static const float f32[] = { 1.5f };
    static const double f64[] = { 0.1, -0.1 };
    static const codec_features_color colors[] = { 1, 2, 3, 1 };
    static const struct codec_common_point points[] = { { 1, 2 }, { 3, 4 } };
    static const struct codec_features_odd odd[] = { { 1, 2, true }, { 3, 4, false } };
    struct codec_common_label labels[] = { { { "a", 1 } }, { { "", 0 } } };
    struct codec_features_checked checked[2];
    struct codec_features_lists value = { { bools, 3 },   { i8, 1 },  { i16, 2 },   { i32, 1 },    { i64, 1 },
                                          { u8, 5 },      { f32, 1 }, { f64, 2 },   { colors, 4 }, { points, 2 },
                                          { checked, 2 }, { odd, 2 }, { labels, 2 } };
    struct codec_features_lists nothing;
    struct codec_features_lists decoded;
    uint8_t bytes[VALUE_MAX];

    (void)state;
    memset(&nothing, 0, sizeof(nothing));
    checked[0] = checked[1] = checked_value();
    assert_there_and_back(&codec_features_lists_type, &value);
    assert_bytes(&codec_features_lists_type, &nothing, "\0\0\0\0\0\0\0\0\0\0\0\0\0", 13);
    assert_int_equal(
        decode(&codec_features_lists_type, bytes, encode(&codec_features_lists_type, &value, bytes), &decoded),
        KODOSIS_OK);
    assert_true((const uint8_t *)decoded.f64.data > body && (const uint8_t *)decoded.f64.data < body + 200);
    assert_int_equal((uintptr_t)decoded.f64.data % 8, 0);
    assert_int_equal((uintptr_t)decoded.points.data % 8, 0);
    assert_true(decoded.f64.data[1] == -0.1 && decoded.points.data[1].y == 4);
}

static void elements_of_lists_are_checked(void **state)
{
    struct codec_features_lists value;
    static const bool bools[] = { true, false };
    uint8_t bytes[VALUE_MAX];

    (void)state;
    memset(&value, 0, sizeof(value));
    value.bools.data = bools;
    value.bools.count = 2;
    assert_int_equal(encode(&codec_features_lists_type, &value, bytes), 15);
    bytes[2] = 2;
    assert_refused(&codec_features_lists_type, bytes, 15, KODOSIS_BAD_BOOL);
    assert_refused(&codec_features_lists_type, "\0\0\0\0\0\0\0\0\1\4\0\0\0\0", 14, KODOSIS_BAD_ENUM);
    /* ten bytes that claim 2^32 - 1 elements */
    assert_refused(&codec_features_lists_type, "\xff\xff\xff\xff\x0f\0\0\0\0\0", 10, KODOSIS_BAD_COUNT);
    assert_refused(&codec_features_lists_type, "\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\x0f\0\0", 18, KODOSIS_BAD_COUNT);
    assert_refused(&codec_features_lists_type, "\0\0\2\0\1\0\2\0\0\0\0\0\0\0\0\0\0\0", 18, KODOSIS_OK);
    assert_refused(&codec_features_lists_type, "\0\0\2\1\1\0\2\0\0\0\0\0\0\0\0\0\0\0", 18, KODOSIS_BAD_PADDING);
}

/* ---- Fixed size, but not blittable; empty ---- */

static void odd_structs_have_no_padding(void **state)
{
    struct codec_features_odd_holder value = { 9, { 1, -2, true }, 0x0102 };

    (void)state;
    assert_bytes(&codec_features_odd_holder_type, &value, "\x09\1\xfe\xff\xff\xff\1\2\1", 9);
    assert_refused(&codec_features_odd_holder_type, "\x09\1\xfe\xff\xff\xff\2\2\1", 9, KODOSIS_BAD_BOOL);
}

static void empty_structs_take_a_byte(void **state)
{
    static const struct codec_features_empty many[3];
    struct codec_features_empties value = { { 0 }, { many, 3 } };

    (void)state;
    assert_bytes(&codec_features_empties_type, &value, "\0\3\0\0\0", 5);
    assert_prints(&codec_features_empties_type, &value, "{ one: {}, many: [{}, {}, {}] }");
    assert_refused(&codec_features_empties_type, "\1\0", 2, KODOSIS_BAD_PADDING);
    assert_refused(&codec_features_empties_type, "\0\xff\xff\xff\xff\x0f", 6, KODOSIS_BAD_COUNT);
}

static void arrays_are_c_arrays(void **state)
{
    struct codec_features_arrays value;
    int i;

    (void)state;
    memset(&value, 0, sizeof(value));
    for (i = 0; i < 12; i++)
        value.grid[i / 4][i % 4] = i;
    memcpy(value.id, "0123456789abcdef", 16);
    value.names[1] = kodosis_str("x");
    value.table[1][0] = kodosis_str("yz");
    value.odd[1].b = 7;
    value.ends[1].y = 8;
    value.flags[4] = true;
    for (i = 0; i < 4; i++)
        value.colors[i / 2][i % 2] = CODEC_FEATURES_COLOR_RED;
    assert_bytes(&codec_features_arrays_type, &value,
                 "0123456789abcdef"
                 "\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5\0\0\0\6\0\0\0\7\0\0\0\10\0\0\0\11\0\0\0\12\0\0\0\13\0\0\0"
                 "\0\0\1x\0"
                 "\0\0\0\0\0\0\0\7\0\0\0\0"
                 "\0\0\0\0\0\0\0"
                 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x20\x40"
                 "\0\0\0\0\1"
                 "\1\1\1\1"
                 "\0\0\0\0\2yz\0\0\0",
                 139);
}

/* ---- Optionals, maps, unions ---- */

static void optionals_are_pointers(void **state)
{
    static const int32_t number = -1;
    static const struct codec_common_point point = { 1, 2 };
    static const struct codec_features_odd odd = { 1, 2, true };
    static const codec_features_color color = CODEC_FEATURES_COLOR_RED;
    static const int32_t pair[2] = { 1, 2 };
    static const bool yes = true;
    const bool *twice = &yes;
    struct kodosis_string text = { "t", 1 };
    struct kodosis_string names[2] = { { "a", 1 }, { "b", 1 } };
    struct kodosis_int32_list list = { &number, 1 };
    struct codec_features_optionals value = { &number, &text, &point, &odd, &color, &list, &pair, &twice, NULL };
    struct codec_features_optionals none;
    struct codec_features_optionals decoded;

    (void)state;
    memset(&none, 0, sizeof(none));
    assert_bytes(&codec_features_optionals_type, &none, "\0\0\0\0\0\0\0\0\0", 9);
    assert_there_and_back(&codec_features_optionals_type, &value);
    value.names = (const struct kodosis_string(*)[2])names;
    assert_there_and_back(&codec_features_optionals_type, &value);
    assert_false(codec_features_optionals_equal(&value, &none));
    assert_prints(&codec_features_optionals_type, &value,
                  "{ number: -1, text: \"t\", point: { x: 1, y: 2 }, odd: { a: 1, b: 2, c: true }, color: Red, "
                  "row: [-1], pair: [1, 2], twice: true, names: [\"a\", \"b\"] }");
    assert_int_equal(decode(&codec_features_optionals_type, "\1\5\0\0\0\0\0\0\0\0\0\1\0\0", 14, &decoded), KODOSIS_OK);
    assert_int_equal(*decoded.number, 5);
    assert_null(*decoded.twice);
    assert_refused(&codec_features_optionals_type, "\2\5\0\0\0\0\0\0\0\0\0\0\0", 13, KODOSIS_BAD_BOOL);
}

static void maps_have_entries(void **state)
{
    struct kodosis_string_int64_map_entry tags[] = { { { "b", 1 }, 1 }, { { "a", 1 }, -1 } };
    struct kodosis_string_int64_map_entry other[] = { { { "a", 1 }, -1 }, { { "b", 1 }, 1 } };
    struct codec_features_color_string_map_entry names[] = { { CODEC_FEATURES_COLOR_RED, { "red", 3 } } };
    struct codec_common_int32_point_map_entry points[] = { { 1, { 2, 3 } } };
    struct kodosis_string strings[] = { { "x", 1 } };
    struct kodosis_bool_string_list_map_entry lists[] = { { true, { strings, 1 } }, { false, { NULL, 0 } } };
    struct kodosis_string_bool_map_entry inner[] = { { { "", 0 }, true } };
    struct kodosis_uint64_string_bool_map_map_entry nested[] = { { UINT64_MAX, { inner, 1 } } };
    struct codec_features_maps value = { { tags, 2 }, { names, 1 }, { points, 1 }, { lists, 2 }, { nested, 1 } };
    struct codec_features_maps swapped = value;
    struct codec_features_maps none;

    (void)state;
    memset(&none, 0, sizeof(none));
    assert_bytes(&codec_features_maps_type, &none, "\0\0\0\0\0", 5);
    assert_there_and_back(&codec_features_maps_type, &value);
    swapped.tags.data = other;
    assert_true(codec_features_maps_equal(&value, &swapped));
    other[0].value = 5;
    assert_false(codec_features_maps_equal(&value, &swapped));
    assert_prints(&codec_features_maps_type, &value,
                  "{ tags: { \"b\": 1, \"a\": -1 }, names: { Red: \"red\" }, points: { 1: { x: 2, y: 3 } }, "
                  "lists: { true: [\"x\"], false: [] }, nested: { 18446744073709551615: { \"\": true } } }");
}

static void keys_come_once(void **state)
{
    (void)state;
    assert_refused(&codec_features_maps_type, "\2\1a\0\0\0\0\0\0\0\0\0\1a\0\0\0\0\0\0\0\0\0\0\0\0\0", 27,
                   KODOSIS_BAD_KEY);
    assert_refused(&codec_features_maps_type, "\2\1b\0\0\0\0\0\0\0\0\0\1a\0\0\0\0\0\0\0\0\0\0\0\0\0", 27, KODOSIS_OK);
    assert_refused(&codec_features_maps_type, "\0\3\2\0\0\1\0\0\2\0\0\0\0\0", 14, KODOSIS_BAD_KEY);
    assert_refused(&codec_features_maps_type, "\0\1\4\0\0\0\0\0", 8, KODOSIS_BAD_ENUM);
}

static void unions_have_a_tag(void **state)
{
    struct codec_features_event value;
    struct codec_features_event other;

    (void)state;
    memset(&value, 0, sizeof(value));
    value.tag = CODEC_FEATURES_EVENT_MOVED;
    value.as.moved.x = 1;
    assert_bytes(&codec_features_event_type, &value, "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\0", 24);
    value.tag = CODEC_FEATURES_EVENT_RENAMED;
    value.as.renamed = kodosis_str("n");
    assert_bytes(&codec_features_event_type, &value, "\2\1n\0", 4);
    assert_prints(&codec_features_event_type, &value, "renamed: \"n\"");
    value.tag = CODEC_FEATURES_EVENT_PAINTED;
    value.as.painted = CODEC_FEATURES_COLOR_GREEN;
    assert_bytes(&codec_features_event_type, &value, "\3\2", 2);
    value.tag = CODEC_FEATURES_EVENT_COUNTED;
    value.as.counted = -1;
    assert_bytes(&codec_features_event_type, &value, "\4\xff\xff\xff\xff\xff\xff\xff\xff", 9);
    value.tag = CODEC_FEATURES_EVENT_ODD;
    memset(&value.as.odd, 0, sizeof(value.as.odd));
    assert_bytes(&codec_features_event_type, &value, "\5\0\0\0\0\0\0", 7);
    other = value;
    value.tag = CODEC_FEATURES_EVENT_NOTHING;
    value.as.nothing.empty = 0;
    assert_bytes(&codec_features_event_type, &value, "\6\0", 2);
    assert_false(codec_features_event_equal(&value, &other));
    assert_refused(&codec_features_event_type, "\0", 1, KODOSIS_BAD_TAG);
    assert_refused(&codec_features_event_type, "\7", 1, KODOSIS_BAD_TAG);
}

static void a_bad_tag_is_not_written(void **state)
{
    struct codec_features_event value;
    struct kodosis_writer writer;
    uint8_t bytes[8];

    (void)state;
    memset(&value, 0, sizeof(value));
    value.tag = 9;
    assert_int_equal(codec_features_event_size(&value, 0), 1);
    kodosis_writer_init(&writer, bytes, 1);
    codec_features_event_write(&writer, &value);
    assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_BAD_TAG);
    assert_prints(&codec_features_event_type, &value, "tag 9");
    /* and the same by the schema alone; also with no tag at all */
    for (value.tag = 0;; value.tag = 9) {
        const struct kodosis_schema *schema = &codec_features_everything_schema;
        uint32_t index = kodosis_schema_find(schema, "codec.features.Event");
        struct codec_features_event other = value;

        assert_int_equal(kodosis_schema_size(schema, index, &value, 0), 1);
        kodosis_writer_init(&writer, bytes, 1);
        kodosis_schema_write(schema, index, &writer, &value);
        assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_BAD_TAG);
        assert_true(kodosis_schema_equal(schema, index, &value, &other));
        other.tag = CODEC_FEATURES_EVENT_NOTHING;
        assert_false(kodosis_schema_equal(schema, index, &value, &other));
        assert_ptr_equal(kodosis__union_value(schema, &schema->types[index], (const uint8_t *)&value),
                         (const uint8_t *)&value + schema->types[index].value_offset);
        if (value.tag)
            break;
    }
}

/* What is not declared may be in memory, though no reader lets it through; printing tells it. */
static void an_undeclared_enumerator_prints_as_its_number(void **state)
{
    struct codec_features_event value;

    (void)state;
    memset(&value, 0, sizeof(value));
    value.tag = CODEC_FEATURES_EVENT_PAINTED;
    value.as.painted = 200;
    assert_prints(&codec_features_event_type, &value, "painted: 200");
}

/* How deep a value is counts, and not how many of its parts are deep. */
static void a_wide_value_is_compared_to_its_end(void **state)
{
    enum { WIDE = 3 * KODOSIS_DEPTH_MAX };
    const struct kodosis_schema *schema = &codec_features_everything_schema;
    uint32_t index = kodosis_schema_find(schema, "codec.features.Node");
    static struct codec_features_node mine[WIDE], other[WIDE];
    struct codec_features_node left = { .children = { mine, WIDE } }, right = { .children = { other, WIDE } };

    (void)state;
    for (int32_t i = 0; i < WIDE; i++)
        mine[i].value = other[i].value = i;
    assert_true(kodosis_schema_equal(schema, index, &left, &right));
    other[WIDE - 1].value++;
    assert_false(kodosis_schema_equal(schema, index, &left, &right));
}

static void types_nest_freely(void **state)
{
    static const int32_t number = 5;
    static const uint8_t bytes[][4] = { { 1, 2, 3, 4 }, { 5, 6, 7, 8 } };
    const int32_t *numbers[] = { &number, NULL };
    struct kodosis_string strings[] = { { "a", 1 }, { "", 0 } };
    struct kodosis_string_list lists[] = { { strings, 2 }, { NULL, 0 } };
    struct kodosis_string pairs[1][2] = { { { "p", 1 }, { "q", 1 } } };
    struct codec_features_string_odd_map_entry entries[] = { { { "k", 1 }, { 1, 2, true } } };
    struct codec_features_string_odd_map maps[] = { { entries, 1 }, { NULL, 0 } };
    struct kodosis_int32_list rows[] = { { &number, 1 }, { NULL, 0 }, { &number, 1 } };
    struct codec_features_nested value = { { lists, 2 }, { numbers, 2 },
                                           { bytes, 2 }, { (const struct kodosis_string(*)[2])pairs, 1 },
                                           { maps, 2 },  { rows, 3 } };

    (void)state;
    assert_bytes(&codec_features_nested_type, &value,
                 "\2\2\1a\0\0\0\0"
                 "\2\1\5\0\0\0\0"
                 "\2\1\2\3\4\5\6\7\10"
                 "\1\1p\0\1q\0"
                 "\2\1\1k\0\1\2\0\0\0\1\0"
                 "\3\1\0\0\0\5\0\0\0\0\1\0\0\5\0\0\0",
                 8 + 7 + 9 + 7 + 12 + 17);
}

/* A count that the values alone would allow, but not with their keys, is refused before anything is taken for it. */
static void a_maps_count_needs_room_for_keys_and_values(void **state)
{
    /* the maps of struct Maps: where each count is, behind those that are empty; smallest key and value */
    static const struct {
        size_t place;
        size_t key;
        size_t value;
    } maps[] = { { 0, 2, 8 }, { 1, 1, 2 }, { 2, 4, 16 }, { 3, 1, 1 }, { 4, 8, 1 } };
    struct codec_features_maps decoded;
    uint8_t bytes[VALUE_MAX];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
        enum { COUNT = 20 };
        size_t size = maps[i].place + 1 + COUNT * (maps[i].key + maps[i].value) - 1;
        struct kodosis_arena none;
        struct kodosis_reader reader;

        assert_true(size > maps[i].place + 1 + COUNT * maps[i].value);
        memset(bytes, 0, sizeof(bytes));
        bytes[maps[i].place] = COUNT;
        assert_int_equal(decode(&codec_features_maps_type, bytes, size, &decoded), KODOSIS_BAD_COUNT);
        kodosis_arena_init(&none, NULL, 0);
        kodosis_reader_init(&reader, memcpy(open_body(size), bytes, size), size, &none);
        kodosis_schema_read(&codec_features_everything_schema,
                            kodosis_schema_find(&codec_features_everything_schema, "codec.features.Maps"), &reader,
                            &decoded);
        assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_BAD_COUNT);
    }
}

/* A value and a longer one that begins with it are different, from either side. */
static void what_is_longer_is_different(void **state)
{
    const struct kodosis_string_int64_map_entry tags[] = { { { "a", 1 }, 1 }, { { "b", 1 }, 2 } };
    const struct codec_features_color_string_map_entry names[] = { { 1, { "x", 1 } }, { 2, { "y", 1 } } };
    const struct kodosis_string strings[] = { { "a", 1 }, { "b", 1 } };
    struct codec_features_maps map = { .tags = { tags, 1 } };
    struct codec_features_maps longer_map = { .tags = { tags, 2 } };
    struct codec_features_text text = { .s = { "ab", 1 }, .ss = { strings, 1 } };
    struct codec_features_text longer_text = text;

    (void)state;
    assert_false(codec_features_maps_equal(&map, &longer_map));
    assert_false(codec_features_maps_equal(&longer_map, &map));
    longer_map = map;
    map.names.data = names;
    longer_map.names.data = names;
    longer_map.names.count = 2;
    for (map.names.count = 0; map.names.count < 2; map.names.count++) {
        assert_false(codec_features_maps_equal(&map, &longer_map));
        assert_false(codec_features_maps_equal(&longer_map, &map));
    }
    longer_text.s.size = 2;
    assert_false(codec_features_text_equal(&text, &longer_text));
    assert_false(codec_features_text_equal(&longer_text, &text));
    longer_text = text;
    longer_text.ss.count = 2;
    assert_false(codec_features_text_equal(&text, &longer_text));
    assert_false(codec_features_text_equal(&longer_text, &text));
}

/* Values of one length that differ in a part, the first or the last. */
static void each_part_counts(void **state)
{
    struct kodosis_string_int64_map_entry tags[] = { { { "a", 1 }, 1 }, { { "b", 1 }, 2 } };
    struct kodosis_string_int64_map_entry other_tags[] = { { { "b", 1 }, 2 }, { { "c", 1 }, 1 } };
    struct codec_features_maps map = { .tags = { tags, 2 } }, other_map = { .tags = { other_tags, 2 } };
    struct codec_features_arrays arrays, other_arrays;
    struct codec_features_empties empties = { .many = { NULL, 0 } }, other_empties = empties;
    struct codec_features_text text = { .s = { "", 0 } }, other_text = text;

    (void)state;
    assert_false(codec_features_maps_equal(&map, &other_map));
    assert_false(codec_features_maps_equal(&other_map, &map));
    memset(&arrays, 0, sizeof(arrays));
    for (int i = 0; i < 2; i++)
        arrays.names[i] = arrays.table[0][i] = arrays.table[1][i] = kodosis_str("same");
    for (int i = 0; i < 4; i++) {
        other_arrays = arrays;
        assert_true(codec_features_arrays_equal(&arrays, &other_arrays));
        if (i < 2)
            other_arrays.names[i] = kodosis_str("else");
        else
            other_arrays.table[i % 2][1] = kodosis_str("else");
        assert_false(codec_features_arrays_equal(&arrays, &other_arrays));
    }
    assert_true(codec_features_empties_equal(&empties, &other_empties));
    assert_true(codec_features_text_equal(&text, &other_text));
    text.b.data = other_text.b.data = (const uint8_t *)"x";
    text.b.size = other_text.b.size = 1;
    assert_true(codec_features_text_equal(&text, &other_text));
    other_text.b.data = (const uint8_t *)"y";
    assert_false(codec_features_text_equal(&text, &other_text));
}

/* ---- Recursion ---- */

static void trees_are_decoded(void **state)
{
    struct codec_features_node leaves[2];
    struct codec_features_node next;
    struct codec_features_int32_node_map_entry entries[1];
    struct codec_features_node root;

    (void)state;
    memset(leaves, 0, sizeof(leaves));
    memset(&next, 0, sizeof(next));
    memset(&root, 0, sizeof(root));
    memset(entries, 0, sizeof(entries));
    leaves[1].value = 2;
    next.value = 3;
    entries[0].key = 7;
    entries[0].value.value = 4;
    root.children.data = leaves;
    root.children.count = 2;
    root.next = &next;
    root.named.data = entries;
    root.named.count = 1;
    assert_bytes(&codec_features_node_type, &root,
                 "\0\0\0\0\2\0\0\0\0\0\0\0\2\0\0\0\0\0\0\1\3\0\0\0\0\0\0\1\7\0\0\0\4\0\0\0\0\0\0", 39);
}

/* A chain of `depth` nodes: each but the last has a next. */
static size_t chain(uint8_t *bytes, size_t depth)
{
    size_t size = 0;
    size_t i;

    for (i = 0; i < depth; i++) {
        memset(bytes + size, 0, 5);
        bytes[size + 5] = i + 1 < depth;
        size += 6;
    }
    memset(bytes + size, 0, depth);
    return size + depth;
}

static void depth_is_limited(void **state)
{
    uint8_t bytes[VALUE_MAX];
    const struct kodosis_schema *schema = &codec_features_everything_schema;
    struct codec_features_node decoded;
    struct kodosis_reader reader;
    size_t size = chain(bytes, KODOSIS_DEPTH_MAX);

    (void)state;
    assert_int_equal(decode(&codec_features_node_type, bytes, size, &decoded), KODOSIS_OK);
    size = chain(bytes, KODOSIS_DEPTH_MAX + 1);
    assert_int_equal(decode(&codec_features_node_type, bytes, size, &decoded), KODOSIS_TOO_DEEP);
    kodosis_arena_reset(&arena);
    kodosis_reader_init(&reader, bytes, size, &arena);
    kodosis_schema_read(schema, kodosis_schema_find(schema, "codec.features.Node"), &reader, &decoded);
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_TOO_DEEP);
}

static void decoded_memory_is_limited(void **state)
{
    struct kodosis_arena small;
    struct kodosis_reader reader;
    struct codec_features_node decoded;
    uint8_t bytes[VALUE_MAX];
    size_t size = chain(bytes, 20);

    (void)state;
    kodosis_arena_init(&small, NULL, 19 * sizeof(struct codec_features_node) - 1);
    kodosis_reader_init(&reader, bytes, size, &small);
    codec_features_node_read(&reader, &decoded);
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_TOO_MUCH_MEMORY);
    kodosis_arena_clear(&small);
}

/* An allocator that gives `left` blocks and then no more. */
struct budget {
    int left;
    int live;
};

static void *budget_allocate(void *self, size_t size)
{
    struct budget *budget = self;

    if (budget->left-- <= 0)
        return NULL;
    budget->live++;
    return malloc(size);
}

static void budget_release(void *self, void *memory, size_t size)
{
    struct budget *budget = self;

    (void)size;
    budget->live -= memory != NULL;
    free(memory);
}

static void memory_that_runs_out_fails_the_decoding(void **state)
{
    enum { CHILDREN = 2000 };
    size_t size = 4 + 2 + CHILDREN * 7 + 2;
    uint8_t *bytes = calloc(1, size);
    enum kodosis_status status = KODOSIS_NO_MEMORY;
    int left;

    (void)state;
    assert_non_null(bytes);
    bytes[4] = 0x80 | (CHILDREN & 0x7f);
    bytes[5] = CHILDREN >> 7;
    for (left = 0; status != KODOSIS_OK; left++) {
        struct budget budget = { left, 0 };
        struct kodosis_allocator allocator = { budget_allocate, budget_release, &budget };
        struct kodosis_arena meagre;
        struct kodosis_reader reader;
        struct codec_features_node decoded;

        assert_true(left < 4);
        kodosis_arena_init(&meagre, &allocator, 1 << 24);
        kodosis_reader_init(&reader, bytes, size, &meagre);
        codec_features_node_read(&reader, &decoded);
        status = kodosis_reader_finish(&reader);
        assert_true(status == KODOSIS_OK || status == KODOSIS_NO_MEMORY);
        kodosis_arena_clear(&meagre);
        assert_int_equal(budget.live, 0);
    }
    assert_true(left > 1);
    free(bytes);
}

/* What an optional and a union point to lies in memory that the reader has to get, and may not get. */
static void memory_for_a_pointer_runs_out(void **state)
{
    static const struct {
        const char *type, *bytes;
        size_t size;
    } cases[] = {
        { "codec.features.Optionals", "\1\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0", 16 },
        { "codec.features.Chain", "\2\1\0\0\0\0\0\0\0", 8 },
    };
    const struct kodosis_schema *schema = &codec_features_everything_schema;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int left = 0; left < 2; left++) {
            struct budget budget = { left, 0 };
            struct kodosis_allocator allocator = { budget_allocate, budget_release, &budget };
            struct codec_features_optionals decoded; /* has room for either */
            struct kodosis_arena meagre;
            struct kodosis_reader reader;
            enum kodosis_status status;

            kodosis_arena_init(&meagre, &allocator, 1 << 24);
            kodosis_reader_init(&reader, cases[i].bytes, cases[i].size, &meagre);
            kodosis_schema_read(schema, kodosis_schema_find(schema, cases[i].type), &reader, &decoded);
            status = kodosis_reader_finish(&reader);
            if ((status == KODOSIS_NO_MEMORY) != !left)
                fail_msg("%s with %d blocks: %s", cases[i].type, left, kodosis_status_text(status));
            kodosis_arena_clear(&meagre);
            assert_int_equal(budget.live, 0);
        }
    }
}

static void expressions_are_decoded(void **state)
{
    struct codec_features_expression literal;
    struct codec_features_expression negated;
    struct codec_features_expression_2 both;
    struct codec_features_sum sum;
    struct codec_features_expression value;

    (void)state;
    memset(&literal, 0, sizeof(literal));
    memset(&value, 0, sizeof(value));
    memset(&negated, 0, sizeof(negated));
    literal.tag = CODEC_FEATURES_EXPRESSION_LITERAL;
    literal.as.literal = 5;
    negated.tag = CODEC_FEATURES_EXPRESSION_NEGATED;
    negated.as.negated = &literal;
    sum.left = literal;
    sum.right = negated;
    value.tag = CODEC_FEATURES_EXPRESSION_SUM;
    value.as.sum = &sum;
    assert_bytes(&codec_features_expression_type, &value, "\3\1\5\0\0\0\2\1\5\0\0\0", 12);
    both.items[0] = value;
    both.items[1] = literal;
    value.tag = CODEC_FEATURES_EXPRESSION_ALL;
    value.as.all.data = both.items;
    value.as.all.count = 2;
    assert_there_and_back(&codec_features_expression_type, &value);
    value.tag = CODEC_FEATURES_EXPRESSION_BOTH;
    value.as.both = &both;
    assert_there_and_back(&codec_features_expression_type, &value);
    value.tag = CODEC_FEATURES_EXPRESSION_MAYBE;
    value.as.maybe = &negated;
    assert_bytes(&codec_features_expression_type, &value, "\5\1\2\1\5\0\0\0", 8);
    assert_prints(&codec_features_expression_type, &value, "maybe: negated: literal: 5");
}

static void rows_of_numbers_are_copied(void **state)
{
    struct codec_features_row value;

    (void)state;
    memset(&value, 0, sizeof(value));
    value.name = kodosis_str("r");
    value.a0 = 1;
    value.a19 = -1;
    value.last = 0x0102;
    value.end = true;
    assert_bytes(&codec_features_row_type, &value,
                 "\1r\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\2\1\1",
                 86);
}

/* ---- Names and printing ---- */

static void reserved_words_are_moved_aside(void **state)
{
    struct codec_features_words value;

    (void)state;
    memset(&value, 0, sizeof(value));
    value.int_value = 1;
    value.class_ = 2;
    value.errno_ = 3;
    value.new_ = 4;
    value.linux_ = 5;
    value.register_ = kodosis_str("\"\n\t\x01\x7f");
    value.this_ = true;
    value.camel_case = 6;
    assert_there_and_back(&codec_features_words_type, &value);
    assert_prints(
        &codec_features_words_type, &value,
        "{ int_value: 1, class: 2, errno: 3, new: 4, linux: 5, register: \"\\\"\\n\\t\\x01\\x7f\", this: true, "
        "camelCase: 6 }");
}

static void printing_is_cut_like_snprintf(void **state)
{
    struct codec_common_point value = { 1, 2 };
    char text[32];
    size_t capacity;

    (void)state;
    for (capacity = 0; capacity < 20; capacity++) {
        memset(text, '#', sizeof(text));
        assert_int_equal(codec_common_point_print(&value, text, capacity), 14);
        if (capacity)
            assert_int_equal(strlen(text), capacity < 15 ? capacity - 1 : 14);
        assert_int_equal(text[capacity], '#');
    }
    assert_string_equal(text, "{ x: 1, y: 2 }");
}

static int set_up(void **state)
{
    (void)state;
    kodosis_arena_init(&arena, NULL, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kodosis_arena_clear(&arena);
    free(body);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_are_c),
        cmocka_unit_test(enums_are_c),
        cmocka_unit_test(enums_know_their_values),
        cmocka_unit_test(scalars_are_packed),
        cmocka_unit_test(scalars_at_their_limits),
        cmocka_unit_test(blittable_structs_are_their_bytes),
        cmocka_unit_test(blittable_structs_are_viewed_and_checked),
        cmocka_unit_test(text_is_views),
        cmocka_unit_test(lists_are_aligned_views),
        cmocka_unit_test(elements_of_lists_are_checked),
        cmocka_unit_test(odd_structs_have_no_padding),
        cmocka_unit_test(empty_structs_take_a_byte),
        cmocka_unit_test(arrays_are_c_arrays),
        cmocka_unit_test(optionals_are_pointers),
        cmocka_unit_test(maps_have_entries),
        cmocka_unit_test(keys_come_once),
        cmocka_unit_test(unions_have_a_tag),
        cmocka_unit_test(a_bad_tag_is_not_written),
        cmocka_unit_test(an_undeclared_enumerator_prints_as_its_number),
        cmocka_unit_test(a_wide_value_is_compared_to_its_end),
        cmocka_unit_test(types_nest_freely),
        cmocka_unit_test(a_maps_count_needs_room_for_keys_and_values),
        cmocka_unit_test(what_is_longer_is_different),
        cmocka_unit_test(each_part_counts),
        cmocka_unit_test(trees_are_decoded),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(decoded_memory_is_limited),
        cmocka_unit_test(memory_that_runs_out_fails_the_decoding),
        cmocka_unit_test(memory_for_a_pointer_runs_out),
        cmocka_unit_test(expressions_are_decoded),
        cmocka_unit_test(rows_of_numbers_are_copied),
        cmocka_unit_test(reserved_words_are_moved_aside),
        cmocka_unit_test(printing_is_cut_like_snprintf),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
