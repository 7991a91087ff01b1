/* SPDX-License-Identifier: MIT */
/* The types of kodosis.kod in values of a program's own types, and their helpers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <kodosis/time.h>

#include "known-user.h"

static void values_come_back(void **unused)
{
    const struct kodosis_timestamp reminders[] = { { 5 }, { -7 } };
    const struct kodosis_uuid previous = { { 1, 2, 3 } };
    const struct kodosis_string_duration_map_entry breaks[] = { { kodosis_str("tea"), { 900 } } };
    struct known_user_meeting meeting = {
        .at = { INT64_MAX },
        .length = { INT64_MIN },
        .id = { { 0xff, 0, 0x80 } },
        .place = kodosis_str("https://example.org/"),
        .reminders = { reminders, 2 },
        .previous = &previous,
        .breaks = { breaks, 1 },
    };
    struct known_user_meeting copy;
    struct kodosis_writer writer;
    struct kodosis_reader reader;
    struct kodosis_arena arena;
    _Alignas(8) uint8_t body[512];
    uint64_t size = known_user_meeting_size(&meeting, 0);
    char text[64];

    (void)unused;
    assert_true(size <= sizeof(body));
    kodosis_writer_init(&writer, body, size);
    known_user_meeting_write(&writer, &meeting);
    kodosis_arena_init(&arena, NULL, 1 << 16);
    kodosis_reader_init(&reader, body, size, &arena);
    known_user_meeting_read(&reader, &copy);
    assert_int_equal(reader.status, 0);
    assert_true(known_user_meeting_equal(&meeting, &copy));
    assert_int_equal(copy.reminders.data[1].nanoseconds, -7);
    kodosis_timestamp_print(&copy.reminders.data[0], text, sizeof(text));
    assert_non_null(strchr(text, '5'));
    kodosis_arena_clear(&arena);
}

static void check_time(int64_t seconds, long nanoseconds, int64_t total)
{
    struct timespec time = { .tv_sec = (time_t)seconds, .tv_nsec = nanoseconds };
    struct timespec back;

    assert_int_equal(kodosis_timestamp_from_timespec(time).nanoseconds, total);
    assert_int_equal(kodosis_duration_from_timespec(time).nanoseconds, total);
    back = kodosis_timestamp_to_timespec((struct kodosis_timestamp){ total });
    assert_int_equal(back.tv_sec, seconds);
    assert_int_equal(back.tv_nsec, nanoseconds);
    back = kodosis_duration_to_timespec((struct kodosis_duration){ total });
    assert_int_equal(back.tv_sec, seconds);
    assert_int_equal(back.tv_nsec, nanoseconds);
}

static void times_are_converted(void **unused)
{
    (void)unused;
    check_time(0, 0, 0);
    check_time(1, 5, 1000000005);
    check_time(-1, 999999999, -1);
    check_time(-2, 0, -2000000000);
    check_time(9223372036, 854775807, INT64_MAX);
    check_time(-9223372037, 145224192, INT64_MIN);
    check_time(-9223372037, 200000000, -9223372036800000000);
    assert_int_equal(kodosis_timestamp_from_timespec((struct timespec){ 9223372036, 854775808 }).nanoseconds, INT64_MAX);
    assert_int_equal(kodosis_timestamp_from_timespec((struct timespec){ -9223372037, 145224191 }).nanoseconds, INT64_MIN);
    assert_int_equal(kodosis_duration_from_timespec((struct timespec){ 10000000000, 0 }).nanoseconds, INT64_MAX);
    assert_int_equal(kodosis_duration_from_timespec((struct timespec){ -10000000000, 0 }).nanoseconds, INT64_MIN);
}

static void spans_are_bounded(void **unused)
{
    struct kodosis_timestamp first = { INT64_MIN };
    struct kodosis_timestamp zero = { 0 };
    struct kodosis_timestamp last = { INT64_MAX };

    (void)unused;
    assert_int_equal(kodosis_timestamp_between(zero, last).nanoseconds, INT64_MAX);
    assert_int_equal(kodosis_timestamp_between(last, zero).nanoseconds, -INT64_MAX);
    assert_int_equal(kodosis_timestamp_between(first, last).nanoseconds, INT64_MAX);
    assert_int_equal(kodosis_timestamp_between(last, first).nanoseconds, INT64_MIN);
    assert_int_equal(kodosis_timestamp_between(zero, first).nanoseconds, INT64_MIN);
}

/* Two readings of one clock, and one of the system's between them. */
static void now_is_now(void **unused)
{
    struct kodosis_timestamp before = kodosis_timestamp_now();
    time_t now = time(NULL);
    struct kodosis_timestamp after = kodosis_timestamp_now();

    (void)unused;
    /* time() may be a tick of the clock behind */
    assert_in_range((uint64_t)now, (uint64_t)(before.nanoseconds / 1000000000) - 1, (uint64_t)(after.nanoseconds / 1000000000));
}

static void uuids_are_printed_and_read(void **unused)
{
    static const char sample[] = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    static const char *const wrong[] = {
        "", "f81d4fae-7dec-11d0-a765-00a0c91e6bf", "f81d4fae-7dec-11d0-a765-00a0c91e6bf61", "f81d4fae_7dec-11d0-a765-00a0c91e6bf6",
        "f81d4fag-7dec-11d0-a765-00a0c91e6bf6", "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}", "f81d4fae7dec11d0a76500a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6 ", "-",
    };
    static const uint8_t octets[16] = { 0xf8, 0x1d, 0x4f, 0xae, 0x7d, 0xec, 0x11, 0xd0, 0xa7, 0x65, 0x00, 0xa0, 0xc9, 0x1e, 0x6b, 0xf6 };
    struct kodosis_uuid uuid;
    struct kodosis_uuid kept;
    char text[KODOSIS_UUID_TEXT];

    (void)unused;
    assert_true(kodosis_uuid_parse(sample, &uuid));
    assert_memory_equal(uuid.octets, octets, sizeof(octets));
    kodosis_uuid_format(&uuid, text);
    assert_string_equal(text, sample);
    assert_true(kodosis_uuid_parse("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", &kept));
    assert_true(kodosis_uuid_equal(&uuid, &kept));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        if (kodosis_uuid_parse(wrong[i], &kept))
            fail_msg("%s is a UUID", wrong[i]);
        assert_true(kodosis_uuid_equal(&uuid, &kept));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back),  cmocka_unit_test(times_are_converted), cmocka_unit_test(spans_are_bounded),
        cmocka_unit_test(now_is_now),        cmocka_unit_test(uuids_are_printed_and_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
