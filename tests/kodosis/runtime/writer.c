/* SPDX-License-Identifier: MIT */
/* Every primitive of the writer against bytes written by hand, and what happens where there is no room. */
#include "kodosis/runtime/cmocka_all.h"

#include <sys/mman.h>

#include <kodosis/writer.h>

static uint8_t room[64];

static struct kodosis_writer open_writer(size_t size)
{
    struct kodosis_writer writer;

    memset(room, 0xee, sizeof(room));
    kodosis_writer_init(&writer, room, size);
    return writer;
}

#define assert_wrote(writer, ...)                                             \
    do {                                                                      \
        static const uint8_t expected[] = { __VA_ARGS__ };                    \
        assert_int_equal((writer).status, KODOSIS_OK);                        \
        assert_int_equal((writer).cursor - (writer).start, sizeof(expected)); \
        assert_memory_equal((writer).start, expected, sizeof(expected));      \
    } while (0)

static void scalars_are_little_endian(void **state)
{
    struct kodosis_writer writer = open_writer(sizeof(room));

    (void)state;
    kodosis_write_int8(&writer, -2);
    kodosis_write_int16(&writer, 0x1234);
    kodosis_write_int32(&writer, -2);
    kodosis_write_int64(&writer, INT64_MIN);
    kodosis_write_uint8(&writer, 0xff);
    kodosis_write_uint16(&writer, 0xfffe);
    kodosis_write_uint32(&writer, 0x89abcdef);
    kodosis_write_uint64(&writer, 0x0123456789abcdef);
    kodosis_write_bool(&writer, true);
    kodosis_write_bool(&writer, false);
    kodosis_write_float32(&writer, 1.0f);
    kodosis_write_float64(&writer, -2.0);
    assert_wrote(writer, 0xfe, 0x34, 0x12, 0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0xfe, 0xff, 0xef,
                 0xcd, 0xab, 0x89, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, 1, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0,
                 0, 0, 0, 0xc0);
}

static void varints_are_shortest(void **state)
{
    struct kodosis_writer writer = open_writer(sizeof(room));

    (void)state;
    kodosis_write_varint(&writer, 0);
    kodosis_write_varint(&writer, 127);
    kodosis_write_varint(&writer, 128);
    kodosis_write_varint(&writer, 16383);
    kodosis_write_varint(&writer, 16384);
    kodosis_write_varint(&writer, 2097151);
    kodosis_write_varint(&writer, 2097152);
    kodosis_write_varint(&writer, 268435455);
    kodosis_write_varint(&writer, 268435456);
    kodosis_write_varint(&writer, UINT32_MAX);
    assert_wrote(writer, 0, 0x7f, 0x80, 1, 0xff, 0x7f, 0x80, 0x80, 1, 0xff, 0xff, 0x7f, 0x80, 0x80, 0x80, 1, 0xff, 0xff,
                 0xff, 0x7f, 0x80, 0x80, 0x80, 0x80, 1, 0xff, 0xff, 0xff, 0xff, 0x0f);
    assert_int_equal(kodosis_size_varint(3, 127), 4);
    assert_int_equal(kodosis_size_varint(3, 16383), 5);
    assert_int_equal(kodosis_size_varint(3, 2097151), 6);
    assert_int_equal(kodosis_size_varint(3, 268435455), 7);
    assert_int_equal(kodosis_size_varint(3, UINT32_MAX), 8);
}

static void a_varint_has_32_bits(void **state)
{
    struct kodosis_writer writer = open_writer(sizeof(room));

    (void)state;
    kodosis_write_varint(&writer, (uint64_t)UINT32_MAX + 1);
    assert_int_equal(writer.status, KODOSIS_OVERFLOW);
    assert_ptr_equal(writer.cursor, writer.start);
}

static void strings_end_in_nul(void **state)
{
    struct kodosis_writer writer = open_writer(sizeof(room));
    struct kodosis_string nothing = { NULL, 0 };

    (void)state;
    kodosis_write_string(&writer, kodosis_str("door"));
    kodosis_write_string(&writer, nothing);
    assert_wrote(writer, 4, 'd', 'o', 'o', 'r', 0, 0, 0);
    assert_int_equal(kodosis_size_string(10, kodosis_str("door")), 16);
    assert_int_equal(kodosis_size_string(10, nothing), 12);
}

static void bytes_do_not(void **state)
{
    static const uint8_t data[] = { 0, 0xff };
    struct kodosis_bytes value = { data, 2 };
    struct kodosis_bytes nothing = { NULL, 0 };
    struct kodosis_writer writer = open_writer(sizeof(room));

    (void)state;
    kodosis_write_bytes(&writer, value);
    kodosis_write_bytes(&writer, nothing);
    assert_wrote(writer, 2, 0, 0xff, 0);
    assert_int_equal(kodosis_size_bytes(0, value), 3);
}

static void lists_are_padded_unless_empty(void **state)
{
    static const int32_t numbers[] = { 1, -1 };
    struct kodosis_writer writer = open_writer(sizeof(room));

    (void)state;
    kodosis_write_list(&writer, numbers, 2, sizeof(numbers[0]), 4);
    kodosis_write_list(&writer, NULL, 0, 8, 8);
    kodosis_write_uint8(&writer, 7);
    assert_wrote(writer, 2, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 7);
    assert_int_equal(kodosis_size_list(0, 2, 4, 4), 12);
    assert_int_equal(kodosis_size_list(12, 0, 8, 8), 13);
    assert_int_equal(kodosis_size_list(3, 2, 4, 4), 12);
    assert_int_equal(kodosis_size_list(4, 2, 4, 4), 16);
}

static void lists_of_strings_are_a_row(void **state)
{
    struct kodosis_string strings[2];
    struct kodosis_string_list value = { strings, 2 };
    struct kodosis_writer writer = open_writer(sizeof(room));

    (void)state;
    strings[0] = kodosis_str("a");
    strings[1] = kodosis_str("");
    kodosis_write_string_list(&writer, value);
    assert_wrote(writer, 2, 1, 'a', 0, 0, 0);
    assert_int_equal(kodosis_size_string_list(5, value), 11);
}

static void lists_of_bytes_are_a_row(void **state)
{
    static const uint8_t data[] = { 9 };
    struct kodosis_bytes rows[2] = { { data, 1 }, { NULL, 0 } };
    struct kodosis_bytes_list value = { rows, 2 };
    struct kodosis_writer writer = open_writer(sizeof(room));

    (void)state;
    kodosis_write_bytes_list(&writer, value);
    assert_wrote(writer, 2, 1, 9, 0);
    assert_int_equal(kodosis_size_bytes_list(5, value), 9);
}

static void a_list_beyond_32_bits_is_too_big(void **state)
{
    struct kodosis_writer writer = open_writer(sizeof(room));
    volatile size_t count = SIZE_MAX; /* or the compiler knows it, and warns */

    (void)state;
    if (sizeof(size_t) < 8)
        skip();
    assert_true(kodosis_size_list(0, count, 8, 8) > UINT32_MAX);
    kodosis_write_list(&writer, room, count, 8, 8);
    assert_int_equal(writer.status, KODOSIS_OVERFLOW);
}

/* The first value that does not fit sticks: nothing that comes later is written, even if it would fit. */
static void faults_stick(void **state)
{
    struct kodosis_writer writer = open_writer(5);

    (void)state;
    kodosis_write_uint32(&writer, 1);
    kodosis_write_uint32(&writer, 2);
    assert_int_equal(writer.status, KODOSIS_OVERFLOW);
    kodosis_write_uint8(&writer, 3);
    kodosis_write_string(&writer, kodosis_str("x"));
    kodosis_write_list(&writer, room, 1, 8, 8);
    kodosis_writer_fail(&writer, KODOSIS_BAD_TAG);
    assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_OVERFLOW);
    assert_int_equal(room[4], 0xee);
}

static void room_that_is_left_is_a_fault(void **state)
{
    struct kodosis_writer writer = open_writer(2);

    (void)state;
    kodosis_write_uint8(&writer, 1);
    assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_TRAILING);
    kodosis_write_uint8(&writer, 1);
    assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_OK);
}

/* Every value, in every room that is too small for it. */
static void nothing_is_written_past_the_end(void **state)
{
    struct kodosis_string strings[1];
    struct kodosis_string_list list = { strings, 1 };
    size_t size;

    (void)state;
    strings[0] = kodosis_str("abc");
    for (size = 0; size <= 24; size++) {
        struct kodosis_writer writer = open_writer(size);

        kodosis_write_string_list(&writer, list);
        kodosis_write_list(&writer, "12345678", 1, 8, 8);
        kodosis_write_uint16(&writer, 1);
        assert_int_equal(writer.status, size < 18 ? KODOSIS_OVERFLOW : KODOSIS_OK);
        assert_int_equal(room[size], 0xee);
    }
}

/* Every scalar, with each number of bytes too few for it. */
static void no_scalar_is_written_in_part(void **state)
{
    static const size_t sizes[] = { 1, 2, 4, 8, 1, 2, 4, 8, 1, 4, 8 };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t size = 0; size <= sizes[i]; size++) {
            struct kodosis_writer writer = open_writer(size);

            switch (i) {
            case 0:
                kodosis_write_int8(&writer, 1);
                break;
            case 1:
                kodosis_write_int16(&writer, 1);
                break;
            case 2:
                kodosis_write_int32(&writer, 1);
                break;
            case 3:
                kodosis_write_int64(&writer, 1);
                break;
            case 4:
                kodosis_write_uint8(&writer, 1);
                break;
            case 5:
                kodosis_write_uint16(&writer, 1);
                break;
            case 6:
                kodosis_write_uint32(&writer, 1);
                break;
            case 7:
                kodosis_write_uint64(&writer, 1);
                break;
            case 8:
                kodosis_write_bool(&writer, true);
                break;
            case 9:
                kodosis_write_float32(&writer, 1);
                break;
            default:
                kodosis_write_float64(&writer, 1);
            }
            assert_int_equal(kodosis_writer_finish(&writer), size == sizes[i] ? KODOSIS_OK : KODOSIS_OVERFLOW);
            if (size < sizes[i])
                assert_int_equal(room[0], 0xee);
        }
    }
}

/* No text is the empty text. */
static void no_text_is_empty(void **state)
{
    struct kodosis_writer writer = open_writer(sizeof(room));

    (void)state;
    kodosis_write_string(&writer, kodosis_str(NULL));
    assert_wrote(writer, 0, 0);
}

static void long_runs_are_borrowed_while_references_last(void **state)
{
    static uint8_t data[KODOSIS_REFERENCE_MIN];
    static uint8_t large[3 * KODOSIS_REFERENCE_MIN];
    struct kodosis_reference references[1];
    struct kodosis_writer writer;

    (void)state;
    memset(data, 0x55, sizeof(data));
    memset(large, 0xee, sizeof(large));
    kodosis_writer_init(&writer, large, sizeof(large));
    writer.references = references;
    writer.reference_capacity = 1;
    kodosis_write_run(&writer, data, sizeof(data) - 1);
    assert_int_equal(writer.reference_count, 0);
    kodosis_write_list(&writer, data, sizeof(data) / 8, 8, 8);
    assert_int_equal(writer.reference_count, 1);
    assert_ptr_equal(references[0].data, data);
    assert_int_equal(references[0].place - large, sizeof(data) + 8);
    assert_int_equal(references[0].size, sizeof(data));
    assert_int_equal(*references[0].place, 0xee);
    kodosis_write_run(&writer, data, 16);
    assert_int_equal(large[2 * sizeof(data) + 8], 0x55);
    kodosis_write_run(&writer, data, sizeof(data));
    assert_int_equal(writer.reference_count, 1);
    assert_int_equal(writer.status, KODOSIS_OVERFLOW);
}

static void a_borrowed_run_needs_room_too(void **state)
{
    static uint8_t data[KODOSIS_REFERENCE_MIN];
    struct kodosis_reference references[1];
    struct kodosis_writer writer = open_writer(sizeof(room));

    (void)state;
    writer.references = references;
    writer.reference_capacity = 1;
    kodosis_write_run(&writer, data, sizeof(data));
    assert_int_equal(writer.status, KODOSIS_OVERFLOW);
    assert_int_equal(writer.reference_count, 0);
}

static void descriptors_are_numbered(void **state)
{
    int given[KODOSIS_DESCRIPTORS_MAX];
    struct kodosis_writer writer = open_writer(KODOSIS_DESCRIPTORS_MAX);

    (void)state;
    writer.descriptors = given;
    writer.descriptor_capacity = KODOSIS_DESCRIPTORS_MAX;
    for (int i = 0; i < KODOSIS_DESCRIPTORS_MAX; i++) {
        kodosis_write_fd(&writer, 100 - i);
        assert_int_equal(writer.start[i], i);
        assert_int_equal(given[i], 100 - i);
    }
    assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_OK);
    assert_int_equal(writer.descriptor_count, KODOSIS_DESCRIPTORS_MAX);
    kodosis_write_fd(&writer, 1);
    assert_int_equal(writer.status, KODOSIS_BAD_DESCRIPTOR);
    assert_int_equal(writer.descriptor_count, KODOSIS_DESCRIPTORS_MAX);
}

static void not_every_number_is_a_descriptor(void **state)
{
    int given[KODOSIS_DESCRIPTORS_MAX];
    struct kodosis_writer writer = open_writer(1);

    (void)state;
    kodosis_write_fd(&writer, 1); /* a message that carries none */
    assert_int_equal(writer.status, KODOSIS_BAD_DESCRIPTOR);
    writer = open_writer(1);
    writer.descriptors = given;
    writer.descriptor_capacity = KODOSIS_DESCRIPTORS_MAX;
    kodosis_write_fd(&writer, -1);
    assert_int_equal(writer.status, KODOSIS_BAD_DESCRIPTOR);
    writer = open_writer(0);
    writer.descriptors = given;
    writer.descriptor_capacity = KODOSIS_DESCRIPTORS_MAX;
    kodosis_write_fd(&writer, 1);
    assert_int_equal(writer.status, KODOSIS_OVERFLOW);
    kodosis_write_fd(&writer, 1);
    assert_int_equal(writer.status, KODOSIS_OVERFLOW);
    assert_int_equal(writer.descriptor_count, 0);
}

/* What is behind an extent is written nowhere if the extent was not. */
static void an_extent_without_room_ends_the_writing(void **state)
{
    static const uint8_t rest[] = { 1, 2, 3 };
    struct kodosis_writer writer = open_writer(3);
    uint8_t *extent = kodosis_write_extent(&writer);

    (void)state;
    assert_null(extent);
    assert_int_equal(writer.status, KODOSIS_OVERFLOW);
    kodosis_write_rest(&writer, extent, (struct kodosis_bytes){ rest, sizeof(rest) });
    assert_int_equal(room[3], 0xee);
    writer = open_writer(16);
    extent = kodosis_write_extent(&writer);
    assert_non_null(extent);
    kodosis_write_rest(&writer, extent, (struct kodosis_bytes){ room, 9 });
    assert_int_equal(writer.status, KODOSIS_OVERFLOW);
    assert_int_equal(room[16], 0xee);
}

/* An extent has its size in 32 bits. No byte of this one is touched. */
static void an_extent_has_32_bits(void **state)
{
    const uint64_t most = UINT32_MAX;

    (void)state;
    if (sizeof(size_t) <= 4)
        skip();
    for (uint64_t over = 0; over < 2; over++) {
        struct kodosis_writer writer;
        uint8_t *extent, *start = mmap(NULL, (size_t)(most + 4096), PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        assert_ptr_not_equal(start, MAP_FAILED);
        kodosis_writer_init(&writer, start, (size_t)(most + 4096));
        kodosis_write_uint32(&writer, 7);
        extent = kodosis_write_extent(&writer);
        writer.cursor = start + 8 + most + over;
        kodosis_write_rest(&writer, extent, (struct kodosis_bytes){ NULL, 0 });
        assert_int_equal(writer.status, over ? KODOSIS_OVERFLOW : KODOSIS_OK);
        if (!over)
            assert_memory_equal(extent, "\xff\xff\xff\xff", 4);
        munmap(start, (size_t)(most + 4096));
    }
}

static void every_status_has_a_sentence(void **state)
{
    int status;

    (void)state;
    for (status = KODOSIS_OK; status <= KODOSIS_BAD_DESCRIPTOR; status++)
        assert_string_not_equal(kodosis_status_text((enum kodosis_status)status), "unknown status");
    assert_string_equal(kodosis_status_text((enum kodosis_status)(KODOSIS_BAD_DESCRIPTOR + 1)), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_are_little_endian),
        cmocka_unit_test(varints_are_shortest),
        cmocka_unit_test(a_varint_has_32_bits),
        cmocka_unit_test(strings_end_in_nul),
        cmocka_unit_test(bytes_do_not),
        cmocka_unit_test(lists_are_padded_unless_empty),
        cmocka_unit_test(lists_of_strings_are_a_row),
        cmocka_unit_test(lists_of_bytes_are_a_row),
        cmocka_unit_test(a_list_beyond_32_bits_is_too_big),
        cmocka_unit_test(faults_stick),
        cmocka_unit_test(room_that_is_left_is_a_fault),
        cmocka_unit_test(nothing_is_written_past_the_end),
        cmocka_unit_test(no_scalar_is_written_in_part),
        cmocka_unit_test(no_text_is_empty),
        cmocka_unit_test(long_runs_are_borrowed_while_references_last),
        cmocka_unit_test(a_borrowed_run_needs_room_too),
        cmocka_unit_test(descriptors_are_numbered),
        cmocka_unit_test(not_every_number_is_a_descriptor),
        cmocka_unit_test(every_status_has_a_sentence),
        cmocka_unit_test(an_extent_without_room_ends_the_writing),
        cmocka_unit_test(an_extent_has_32_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
