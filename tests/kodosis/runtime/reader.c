/* SPDX-License-Identifier: MIT */
/* Every primitive of the reader against bytes written by hand, cut short everywhere, and malformed in every way. */
#include "kodosis/runtime/cmocka_all.h"

#include <kodosis/reader.h>

/* The body lies in memory of exactly its size, so that the sanitizer sees a read beyond it. */
static uint8_t *body;
static struct kodosis_arena arena;

static struct kodosis_reader open_reader(const void *bytes, size_t size)
{
    struct kodosis_reader reader;

    free(body);
    body = malloc(size ? size : 1);
    assert_non_null(body);
    memcpy(body, bytes, size);
    kodosis_arena_reset(&arena);
    kodosis_reader_init(&reader, body, size, &arena);
    return reader;
}

/* clang-format off */
#define READER(...) open_reader((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
/* clang-format on */

static void assert_fault(struct kodosis_reader *reader, enum kodosis_status status)
{
    assert_int_equal(reader->status, status);
    assert_int_equal(kodosis_reader_remaining(reader), 0);
    assert_non_null(reader->fault);
    assert_true(reader->fault >= reader->start && reader->fault <= reader->end);
    assert_int_equal(kodosis_reader_finish(reader), status);
}

static void scalars_are_little_endian(void **state)
{
    struct kodosis_reader reader =
        READER(0xfe, 0x34, 0x12, 0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0xfe, 0xff, 0xef, 0xcd, 0xab,
               0x89, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, 1, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0);

    (void)state;
    assert_int_equal(kodosis_read_int8(&reader), -2);
    assert_int_equal(kodosis_read_int16(&reader), 0x1234);
    assert_int_equal(kodosis_read_int32(&reader), -2);
    assert_true(kodosis_read_int64(&reader) == INT64_MIN);
    assert_int_equal(kodosis_read_uint8(&reader), 0xff);
    assert_int_equal(kodosis_read_uint16(&reader), 0xfffe);
    assert_int_equal(kodosis_read_uint32(&reader), 0x89abcdef);
    assert_true(kodosis_read_uint64(&reader) == 0x0123456789abcdef);
    assert_true(kodosis_read_bool(&reader));
    assert_false(kodosis_read_bool(&reader));
    assert_true(kodosis_read_float32(&reader) == 1.0f);
    assert_true(kodosis_read_float64(&reader) == -2.0);
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_OK);
}

static void a_scalar_cut_short_is_zero(void **state)
{
    static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    size_t size;

    (void)state;
    for (size = 0; size < 8; size++) {
        struct kodosis_reader reader = open_reader(bytes, size);

        assert_true(kodosis_read_uint64(&reader) == 0);
        assert_fault(&reader, KODOSIS_TRUNCATED);
        assert_int_equal(kodosis_read_uint8(&reader), 0);
        assert_false(kodosis_read_bool(&reader));
        assert_int_equal(kodosis_read_varint(&reader), 0);
        assert_int_equal(kodosis_read_string(&reader).size, 0);
        assert_int_equal(kodosis_read_bytes(&reader).size, 0);
        assert_null(kodosis_read_view(&reader, 1, 1));
        assert_fault(&reader, KODOSIS_TRUNCATED);
    }
}

static void bools_are_0_or_1(void **state)
{
    unsigned byte;

    (void)state;
    for (byte = 2; byte < 256; byte++) {
        struct kodosis_reader reader = READER((uint8_t)byte, 0);

        assert_false(kodosis_read_bool(&reader));
        assert_fault(&reader, KODOSIS_BAD_BOOL);
    }
}

static void varints_are_read_in_their_shortest_form(void **state)
{
    struct kodosis_reader reader =
        READER(0, 0x7f, 0x80, 1, 0xff, 0x7f, 0x80, 0x80, 1, 0xff, 0xff, 0x7f, 0x80, 0x80, 0x80, 1, 0xff, 0xff, 0xff,
               0x7f, 0x80, 0x80, 0x80, 0x80, 1, 0xff, 0xff, 0xff, 0xff, 0x0f);

    (void)state;
    assert_int_equal(kodosis_read_varint(&reader), 0);
    assert_int_equal(kodosis_read_varint(&reader), 127);
    assert_int_equal(kodosis_read_varint(&reader), 128);
    assert_int_equal(kodosis_read_varint(&reader), 16383);
    assert_int_equal(kodosis_read_varint(&reader), 16384);
    assert_int_equal(kodosis_read_varint(&reader), 2097151);
    assert_int_equal(kodosis_read_varint(&reader), 2097152);
    assert_int_equal(kodosis_read_varint(&reader), 268435455);
    assert_int_equal(kodosis_read_varint(&reader), 268435456);
    assert_int_equal(kodosis_read_varint(&reader), UINT32_MAX);
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_OK);
}

static void assert_bad_varint(const void *bytes, size_t size, enum kodosis_status status)
{
    struct kodosis_reader reader = open_reader(bytes, size);

    assert_int_equal(kodosis_read_varint(&reader), 0);
    assert_fault(&reader, status);
}

static void other_varints_are_faults(void **state)
{
    (void)state;
    assert_bad_varint("\x80\x00", 2, KODOSIS_BAD_LENGTH);
    assert_bad_varint("\xff\x00", 2, KODOSIS_BAD_LENGTH);
    assert_bad_varint("\x80\x80\x00", 3, KODOSIS_BAD_LENGTH);
    assert_bad_varint("\x80\x80\x80\x80\x00", 5, KODOSIS_BAD_LENGTH);
    assert_bad_varint("\xff\xff\xff\xff\x10", 5, KODOSIS_BAD_LENGTH);
    assert_bad_varint("\xff\xff\xff\xff\x8f\x00", 6, KODOSIS_BAD_LENGTH);
    assert_bad_varint("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 10, KODOSIS_BAD_LENGTH);
    assert_bad_varint("\x80", 1, KODOSIS_TRUNCATED);
    assert_bad_varint("\xff\xff\xff\xff", 4, KODOSIS_TRUNCATED);
    assert_bad_varint("", 0, KODOSIS_TRUNCATED);
}

static void strings_and_bytes_are_views(void **state)
{
    struct kodosis_reader reader = READER(4, 'd', 'o', 'o', 'r', 0, 0, 0, 2, 0, 0xff, 0);
    struct kodosis_string string = kodosis_read_string(&reader);
    struct kodosis_string empty = kodosis_read_string(&reader);
    struct kodosis_bytes bytes = kodosis_read_bytes(&reader);
    struct kodosis_bytes none = kodosis_read_bytes(&reader);

    (void)state;
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_OK);
    assert_ptr_equal(string.data, body + 1);
    assert_string_equal(string.data, "door");
    assert_int_equal(string.size, 4);
    assert_string_equal(empty.data, "");
    assert_ptr_equal(bytes.data, body + 9);
    assert_int_equal(bytes.size, 2);
    assert_int_equal(none.size, 0);
}

static void a_string_cut_short_is_empty(void **state)
{
    static const uint8_t bytes[] = { 4, 'd', 'o', 'o', 'r', 0 };
    size_t size;

    (void)state;
    for (size = 0; size < sizeof(bytes); size++) {
        struct kodosis_reader reader = open_reader(bytes, size);

        assert_int_equal(kodosis_read_string(&reader).size, 0);
        assert_fault(&reader, KODOSIS_TRUNCATED);
    }
}

static void bytes_cut_short_are_empty(void **state)
{
    static const uint8_t bytes[] = { 4, 1, 2, 3, 4 };
    size_t size;

    (void)state;
    for (size = 0; size < sizeof(bytes); size++) {
        struct kodosis_reader reader = open_reader(bytes, size);

        assert_int_equal(kodosis_read_bytes(&reader).size, 0);
        assert_fault(&reader, KODOSIS_TRUNCATED);
    }
}

static void huge_lengths_are_faults(void **state)
{
    struct kodosis_reader reader = READER(0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0);

    (void)state;
    assert_int_equal(kodosis_read_string(&reader).size, 0);
    assert_fault(&reader, KODOSIS_TRUNCATED);
    reader = READER(0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0);
    assert_int_equal(kodosis_read_bytes(&reader).size, 0);
    assert_fault(&reader, KODOSIS_TRUNCATED);
}

static void lists_are_aligned_views(void **state)
{
    struct kodosis_reader reader = READER(2, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0);
    size_t count = 9;
    const int32_t *numbers = kodosis_read_list(&reader, 4, 4, &count);

    (void)state;
    assert_int_equal(count, 2);
    assert_ptr_equal(numbers, body + 4);
    assert_int_equal(numbers[0], 1);
    assert_int_equal(numbers[1], -1);
    assert_null(kodosis_read_list(&reader, 8, 8, &count));
    assert_int_equal(count, 0);
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_OK);
}

static void a_list_cut_short_is_empty(void **state)
{
    static const uint8_t bytes[] = { 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0 };
    size_t size;

    (void)state;
    for (size = 0; size < sizeof(bytes); size++) {
        struct kodosis_reader reader = open_reader(bytes, size);
        size_t count = 9;

        assert_null(kodosis_read_list(&reader, 4, 4, &count));
        assert_int_equal(count, 0);
        assert_fault(&reader, size < 4 ? KODOSIS_TRUNCATED : KODOSIS_BAD_COUNT);
    }
}

static void huge_counts_are_faults(void **state)
{
    struct kodosis_reader reader = READER(0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0);
    size_t count = 9;

    (void)state;
    /* 2^32 - 1 elements of 2^32 bytes: the product has 64 bits */
    assert_null(kodosis_read_list(&reader, sizeof(size_t) < 8 ? 64 : (size_t)1 << 32, 1, &count));
    assert_int_equal(count, 0);
    assert_fault(&reader, KODOSIS_BAD_COUNT);
    reader = READER(0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0);
    assert_int_equal(kodosis_read_count(&reader, 1), 0);
    assert_fault(&reader, KODOSIS_BAD_COUNT);
}

/* A string takes two bytes at least, bytes one: a count that needs more than there are takes no memory. */
static void counts_of_strings_and_bytes_need_room(void **state)
{
    struct kodosis_reader reader = READER(5, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    struct kodosis_arena none;

    (void)state;
    kodosis_arena_init(&none, NULL, 0);
    reader.arena = &none;
    assert_null(kodosis_read_string_list(&reader).data);
    assert_fault(&reader, KODOSIS_BAD_COUNT);
    reader = READER(5, 0, 0, 0, 0);
    reader.arena = &none;
    assert_null(kodosis_read_bytes_list(&reader).data);
    assert_fault(&reader, KODOSIS_BAD_COUNT);
}

static void each_element_takes_its_smallest_size(void **state)
{
    struct kodosis_reader reader = READER(2, 0, 0, 0, 0);

    (void)state;
    assert_int_equal(kodosis_read_count(&reader, 2), 2);
    assert_int_equal(reader.status, KODOSIS_OK);
    reader = READER(2, 0, 0, 0);
    assert_int_equal(kodosis_read_count(&reader, 2), 0);
    assert_fault(&reader, KODOSIS_BAD_COUNT);
    reader = READER(3, 0, 0);
    assert_int_equal(kodosis_read_count(&reader, 0), 0);
    assert_fault(&reader, KODOSIS_BAD_COUNT);
}

static void padding_is_zero(void **state)
{
    size_t bad;

    (void)state;
    for (bad = 1; bad < 8; bad++) {
        uint8_t bytes[16] = { 1, 0, 0, 0, 0, 0, 0, 0, 5 };
        struct kodosis_reader reader = open_reader(bytes, sizeof(bytes));
        size_t count;

        assert_non_null(kodosis_read_list(&reader, 8, 8, &count));
        bytes[bad] = 0x10;
        reader = open_reader(bytes, sizeof(bytes));
        assert_null(kodosis_read_list(&reader, 8, 8, &count));
        assert_fault(&reader, KODOSIS_BAD_PADDING);
    }
}

static void copies_are_zero_after_a_fault(void **state)
{
    struct kodosis_reader reader = READER(1, 2, 3);
    uint8_t copy[4] = { 9, 9, 9, 9 };

    (void)state;
    kodosis_read_copy(&reader, copy, 2, 1);
    assert_memory_equal(copy, "\1\2\11\11", 4);
    kodosis_read_copy(&reader, copy, 2, 1);
    assert_memory_equal(copy, "\0\0\11\11", 4);
    assert_fault(&reader, KODOSIS_TRUNCATED);
}

static void rows_of_bools_are_checked(void **state)
{
    static const uint8_t good[] = { 0, 1, 1, 0, 1, 0, 0, 1, 1 };
    struct kodosis_reader reader = READER(0);
    uint8_t row[9];
    size_t i;

    (void)state;
    kodosis_check_bools(&reader, good, sizeof(good), 1);
    kodosis_check_bools(&reader, NULL, 0, 1);
    assert_int_equal(reader.status, KODOSIS_OK);
    for (i = 0; i < sizeof(good); i++) {
        memcpy(row, good, sizeof(good));
        row[i] = 2;
        reader = READER(0);
        kodosis_check_bools(&reader, row, sizeof(row), 1);
        assert_fault(&reader, KODOSIS_BAD_BOOL);
    }
    memset(row, 7, sizeof(row));
    row[0] = row[3] = row[6] = 1;
    reader = READER(0);
    kodosis_check_bools(&reader, row, 3, 3);
    assert_int_equal(reader.status, KODOSIS_OK);
    row[6] = 128;
    kodosis_check_bools(&reader, row, 3, 3);
    assert_fault(&reader, KODOSIS_BAD_BOOL);
}

static void empty_structs_are_one_zero(void **state)
{
    struct kodosis_reader reader = READER(0, 1);

    (void)state;
    assert_int_equal(kodosis_read_empty(&reader), 0);
    assert_int_equal(reader.status, KODOSIS_OK);
    assert_int_equal(kodosis_read_empty(&reader), 0);
    assert_fault(&reader, KODOSIS_BAD_PADDING);
}

static void enums_are_checked(void **state)
{
    struct kodosis_reader reader = READER(0);

    (void)state;
    kodosis_check_enum(&reader, true);
    assert_int_equal(reader.status, KODOSIS_OK);
    kodosis_check_enum(&reader, false);
    assert_fault(&reader, KODOSIS_BAD_ENUM);
}

static void nesting_has_a_limit(void **state)
{
    struct kodosis_reader reader = READER(0);
    int i;

    (void)state;
    for (i = 0; i < KODOSIS_DEPTH_MAX; i++)
        assert_true(kodosis_reader_enter(&reader));
    kodosis_reader_leave(&reader);
    assert_true(kodosis_reader_enter(&reader));
    assert_false(kodosis_reader_enter(&reader));
    assert_fault(&reader, KODOSIS_TOO_DEEP);
}

static void the_first_fault_stays(void **state)
{
    struct kodosis_reader reader = READER(2, 9, 9);

    (void)state;
    kodosis_read_bool(&reader);
    assert_ptr_equal(reader.fault, body + 1);
    kodosis_read_uint32(&reader);
    kodosis_reader_fail(&reader, KODOSIS_BAD_TAG);
    assert_null(kodosis_read_array(&reader, 1, 1));
    assert_ptr_equal(reader.fault, body + 1);
    assert_fault(&reader, KODOSIS_BAD_BOOL);
}

static void bytes_left_over_are_a_fault(void **state)
{
    struct kodosis_reader reader = READER(1, 2);

    (void)state;
    kodosis_read_uint8(&reader);
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_TRAILING);
    assert_ptr_equal(reader.fault, body + 1);
}

static void arrays_come_from_the_arena(void **state)
{
    struct kodosis_reader reader = READER(0);
    struct kodosis_arena small;

    (void)state;
    assert_null(kodosis_read_array(&reader, 0, 8));
    assert_non_null(kodosis_read_array(&reader, 3, 8));
    assert_int_equal(reader.status, KODOSIS_OK);

    kodosis_arena_init(&small, NULL, 64);
    reader.arena = &small;
    assert_non_null(kodosis_read_array(&reader, 4, 16));
    assert_null(kodosis_read_array(&reader, 1, 1));
    assert_fault(&reader, KODOSIS_TOO_MUCH_MEMORY);
    kodosis_arena_clear(&small);

    reader = READER(0);
    assert_null(kodosis_read_array(&reader, SIZE_MAX / 8 + 1, 16));
    assert_fault(&reader, KODOSIS_TOO_MUCH_MEMORY);

    reader = READER(0);
    reader.arena = NULL;
    assert_null(kodosis_read_array(&reader, 1, 1));
    assert_fault(&reader, KODOSIS_TOO_MUCH_MEMORY);
}

static void *refuse(void *self, size_t size)
{
    (void)self;
    (void)size;
    return NULL;
}

static void release_nothing(void *self, void *memory, size_t size)
{
    (void)self;
    (void)memory;
    (void)size;
}

static void an_allocator_that_refuses_is_a_fault(void **state)
{
    static const struct kodosis_allocator allocator = { refuse, release_nothing, NULL };
    struct kodosis_reader reader = READER(1, 1, 'a', 0);
    struct kodosis_arena empty;

    (void)state;
    kodosis_arena_init(&empty, &allocator, 1024);
    reader.arena = &empty;
    assert_int_equal(kodosis_read_string_list(&reader).count, 0);
    assert_fault(&reader, KODOSIS_NO_MEMORY);
    kodosis_arena_clear(&empty);
}

static void lists_of_strings_and_bytes_are_read(void **state)
{
    struct kodosis_reader reader = READER(2, 1, 'a', 0, 0, 0, 2, 1, 9, 0, 0);
    struct kodosis_string_list strings = kodosis_read_string_list(&reader);
    struct kodosis_bytes_list bytes = kodosis_read_bytes_list(&reader);
    struct kodosis_string_list none = kodosis_read_string_list(&reader);

    (void)state;
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_OK);
    assert_int_equal(strings.count, 2);
    assert_string_equal(strings.data[0].data, "a");
    assert_int_equal(strings.data[1].size, 0);
    assert_int_equal(bytes.count, 2);
    assert_int_equal(bytes.data[0].data[0], 9);
    assert_int_equal(none.count, 0);
}

static void lists_of_strings_cut_short_are_faults(void **state)
{
    static const uint8_t bytes[] = { 2, 1, 'a', 0, 1, 'b', 0 };
    size_t size;

    (void)state;
    for (size = 0; size < sizeof(bytes); size++) {
        struct kodosis_reader reader = open_reader(bytes, size);

        kodosis_read_string_list(&reader);
        assert_true(reader.status == KODOSIS_TRUNCATED || reader.status == KODOSIS_BAD_COUNT);
    }
}

static void map_keys_are_distinct(void **state)
{
    static const uint8_t ascending[] = { 1, 2, 9 };
    static const uint8_t mixed[] = { 9, 1, 7, 3, 200 };
    static const uint8_t twice[] = { 9, 1, 7, 3, 9 };
    static const uint16_t shorts[] = { 2, 1, 2 };
    static const uint32_t words[] = { 1, 1 };
    static const uint64_t longs[] = { UINT64_MAX, 0, 5, 0 };
    struct kodosis_reader reader = READER(0);

    (void)state;
    kodosis_check_keys(&reader, ascending, 3, 1, 1);
    kodosis_check_keys(&reader, mixed, 5, 1, 1);
    kodosis_check_keys(&reader, longs, 3, 8, 8);
    kodosis_check_keys(&reader, NULL, 0, 8, 8);
    assert_int_equal(reader.status, KODOSIS_OK);
    kodosis_check_keys(&reader, twice, 5, 1, 1);
    assert_fault(&reader, KODOSIS_BAD_KEY);
    reader = READER(0);
    kodosis_check_keys(&reader, shorts, 3, 2, 2);
    assert_fault(&reader, KODOSIS_BAD_KEY);
    reader = READER(0);
    kodosis_check_keys(&reader, words, 2, 4, 4);
    assert_fault(&reader, KODOSIS_BAD_KEY);
    reader = READER(0);
    kodosis_check_keys(&reader, longs, 4, 8, 8);
    assert_fault(&reader, KODOSIS_BAD_KEY);
}

/* Keys that differ in one byte alone are distinct, and keys that are alike are found, whatever their size. */
static void every_byte_of_a_key_counts(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 8; size *= 2) {
        for (size_t place = 0; place < size; place++) {
            _Alignas(8) uint8_t keys[3][8] = { { 0 } };
            struct kodosis_reader reader = READER(0);
            uint8_t *rows = keys[0];

            rows[place] = 0x55;
            rows[2 * size + place] = 0xaa;
            kodosis_check_keys(&reader, rows, 3, size, size);
            assert_int_equal(reader.status, KODOSIS_OK);
            rows[2 * size + place] = 0x55;
            kodosis_check_keys(&reader, rows, 3, size, size);
            assert_fault(&reader, KODOSIS_BAD_KEY);
        }
    }
}

static void string_keys_are_distinct(void **state)
{
    struct kodosis_string keys[4];
    struct kodosis_reader reader = READER(0);

    (void)state;
    keys[0] = kodosis_str("b");
    keys[1] = kodosis_str("a");
    keys[2] = kodosis_str("");
    keys[3] = kodosis_str("ab");
    kodosis_check_string_keys(&reader, keys, 4, sizeof(keys[0]));
    assert_int_equal(reader.status, KODOSIS_OK);
    keys[3] = kodosis_str("b");
    kodosis_check_string_keys(&reader, keys, 4, sizeof(keys[0]));
    assert_fault(&reader, KODOSIS_BAD_KEY);
}

/* Keys that do not ascend are sorted, in memory that counts like that of what is decoded. */
static void sorting_keys_takes_memory(void **state)
{
    static const uint8_t mixed[] = { 9, 1, 7, 3, 200 };
    struct kodosis_reader reader = READER(0);
    struct kodosis_arena small;

    (void)state;
    kodosis_arena_init(&small, NULL, 64);
    reader.arena = &small;
    kodosis_check_keys(&reader, mixed, 5, 1, 1);
    assert_fault(&reader, KODOSIS_TOO_MUCH_MEMORY);
    kodosis_arena_clear(&small);
}

static void descriptors_come_in_order(void **state)
{
    static const int came[] = { 7, 9 };
    struct kodosis_reader reader = READER(0, 1, 1);

    (void)state;
    kodosis_reader_attach(&reader, came, 2);
    assert_int_equal(kodosis_read_fd(&reader), 7);
    assert_int_equal(kodosis_read_fd(&reader), 9);
    assert_int_equal(kodosis_read_fd(&reader), -1);
    assert_fault(&reader, KODOSIS_BAD_DESCRIPTOR);
    reader = READER(0, 0);
    kodosis_reader_attach(&reader, came, 2);
    assert_int_equal(kodosis_read_fd(&reader), 7);
    assert_int_equal(kodosis_read_fd(&reader), -1);
    assert_fault(&reader, KODOSIS_BAD_DESCRIPTOR);
    reader = READER(1, 0);
    kodosis_reader_attach(&reader, came, 2);
    assert_int_equal(kodosis_read_fd(&reader), -1);
    assert_fault(&reader, KODOSIS_BAD_DESCRIPTOR);
    reader = READER(0);
    assert_int_equal(kodosis_read_fd(&reader), -1);
    assert_fault(&reader, KODOSIS_BAD_DESCRIPTOR);
    reader = READER(0);
    kodosis_reader_attach(&reader, came, 2);
    assert_int_equal(kodosis_read_uint8(&reader), 0);
    assert_int_equal(kodosis_read_fd(&reader), -1);
    assert_fault(&reader, KODOSIS_TRUNCATED);
}

static void descriptors_that_are_left_are_a_fault(void **state)
{
    static const int came[] = { 7, 9 };
    struct kodosis_reader reader = READER(0);

    (void)state;
    kodosis_reader_attach(&reader, came, 2);
    assert_int_equal(kodosis_read_fd(&reader), 7);
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_BAD_DESCRIPTOR);
    reader = READER(0);
    kodosis_reader_attach(&reader, came, 1);
    assert_int_equal(kodosis_read_fd(&reader), 7);
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_OK);
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
        cmocka_unit_test(scalars_are_little_endian),
        cmocka_unit_test(a_scalar_cut_short_is_zero),
        cmocka_unit_test(descriptors_come_in_order),
        cmocka_unit_test(descriptors_that_are_left_are_a_fault),
        cmocka_unit_test(bools_are_0_or_1),
        cmocka_unit_test(varints_are_read_in_their_shortest_form),
        cmocka_unit_test(other_varints_are_faults),
        cmocka_unit_test(strings_and_bytes_are_views),
        cmocka_unit_test(a_string_cut_short_is_empty),
        cmocka_unit_test(bytes_cut_short_are_empty),
        cmocka_unit_test(huge_lengths_are_faults),
        cmocka_unit_test(lists_are_aligned_views),
        cmocka_unit_test(a_list_cut_short_is_empty),
        cmocka_unit_test(huge_counts_are_faults),
        cmocka_unit_test(counts_of_strings_and_bytes_need_room),
        cmocka_unit_test(each_element_takes_its_smallest_size),
        cmocka_unit_test(padding_is_zero),
        cmocka_unit_test(copies_are_zero_after_a_fault),
        cmocka_unit_test(rows_of_bools_are_checked),
        cmocka_unit_test(empty_structs_are_one_zero),
        cmocka_unit_test(enums_are_checked),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(the_first_fault_stays),
        cmocka_unit_test(bytes_left_over_are_a_fault),
        cmocka_unit_test(arrays_come_from_the_arena),
        cmocka_unit_test(an_allocator_that_refuses_is_a_fault),
        cmocka_unit_test(lists_of_strings_and_bytes_are_read),
        cmocka_unit_test(lists_of_strings_cut_short_are_faults),
        cmocka_unit_test(map_keys_are_distinct),
        cmocka_unit_test(every_byte_of_a_key_counts),
        cmocka_unit_test(string_keys_are_distinct),
        cmocka_unit_test(sorting_keys_takes_memory),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
