/* SPDX-License-Identifier: MIT */
/* What is a string and what is not: UTF-8 at its corners, at every position relative to the fast path's steps. */
#include "kodosis/runtime/cmocka_all.h"

#include <stdio.h>

#include <kodosis/reader.h>

/* Reads a string of these bytes, in memory of exactly its size. */
static enum kodosis_status read_text(const char *text, size_t size, char behind)
{
    uint8_t *body = malloc(size + 2);
    struct kodosis_reader reader;
    struct kodosis_string string;

    assert_non_null(body);
    assert_true(size < 0x80);
    body[0] = (uint8_t)size;
    memcpy(body + 1, text, size);
    body[size + 1] = (uint8_t)behind;
    kodosis_reader_init(&reader, body, size + 2, NULL);
    string = kodosis_read_string(&reader);
    assert_int_equal(string.size, reader.status == KODOSIS_OK ? size : 0);
    kodosis_reader_finish(&reader);
    free(body);
    return reader.status;
}

/* The same with 0 to 17 letters in front and behind. */
static void assert_everywhere(const char *text, size_t size, enum kodosis_status status)
{
    char padded[64];
    size_t before;
    size_t behind;

    for (before = 0; before < 18; before++)
        for (behind = 0; behind < 18; behind++) {
            memset(padded, 'x', sizeof(padded));
            memcpy(padded + before, text, size);
            if (read_text(padded, before + size + behind, 0) != status)
                fail_msg("%zu letters, %.*s, %zu letters", before, (int)size, text, behind);
        }
}

#define ASSERT_TEXT(text) assert_everywhere(text, sizeof(text) - 1, KODOSIS_OK)
#define ASSERT_NO_TEXT(text) assert_everywhere(text, sizeof(text) - 1, KODOSIS_BAD_TEXT)

static void well_formed_text_is_read(void **state)
{
    (void)state;
    ASSERT_TEXT("");
    ASSERT_TEXT("\x01\x7f");
    ASSERT_TEXT("\xc2\x80");
    ASSERT_TEXT("\xdf\xbf");
    ASSERT_TEXT("\xe0\xa0\x80");
    ASSERT_TEXT("\xed\x9f\xbf");
    ASSERT_TEXT("\xee\x80\x80");
    ASSERT_TEXT("\xef\xbf\xbf");
    ASSERT_TEXT("\xf0\x90\x80\x80");
    ASSERT_TEXT("\xf4\x8f\xbf\xbf");
    ASSERT_TEXT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\x89");
}

static void overlong_forms_are_faults(void **state)
{
    (void)state;
    ASSERT_NO_TEXT("\xc0\x80");
    ASSERT_NO_TEXT("\xc1\xbf");
    ASSERT_NO_TEXT("\xe0\x80\x80");
    ASSERT_NO_TEXT("\xe0\x9f\xbf");
    ASSERT_NO_TEXT("\xf0\x80\x80\x80");
    ASSERT_NO_TEXT("\xf0\x8f\xbf\xbf");
}

static void surrogates_are_faults(void **state)
{
    (void)state;
    ASSERT_NO_TEXT("\xed\xa0\x80");
    ASSERT_NO_TEXT("\xed\xbf\xbf");
    ASSERT_NO_TEXT("\xed\xa0\x80\xed\xb0\x80");
}

static void code_points_end_at_10ffff(void **state)
{
    (void)state;
    ASSERT_NO_TEXT("\xf4\x90\x80\x80");
    ASSERT_NO_TEXT("\xf5\x80\x80\x80");
    ASSERT_NO_TEXT("\xf8\x88\x80\x80\x80");
    ASSERT_NO_TEXT("\xff");
    ASSERT_NO_TEXT("\xfe");
}

static void broken_sequences_are_faults(void **state)
{
    (void)state;
    ASSERT_NO_TEXT("\x80");
    ASSERT_NO_TEXT("\xbf");
    ASSERT_NO_TEXT("\xc2");
    ASSERT_NO_TEXT("\xe2\x82");
    ASSERT_NO_TEXT("\xf0\x9f\x8e");
    ASSERT_NO_TEXT("\xc2\xc2");
    ASSERT_NO_TEXT("\xe2\x82\xc0");
    ASSERT_NO_TEXT("\xe2\x41\x80");
    ASSERT_NO_TEXT("\xf0\x9f\x41\x80");
    ASSERT_NO_TEXT("\xf0\x9f\x8e\xc0");
}

static void a_nul_inside_is_a_fault(void **state)
{
    (void)state;
    ASSERT_NO_TEXT("\0");
    ASSERT_NO_TEXT("\1\0\1");
}

static void the_nul_behind_is_required(void **state)
{
    char text[40];
    size_t size;

    (void)state;
    memset(text, 'a', sizeof(text));
    for (size = 0; size < sizeof(text); size++) {
        assert_int_equal(read_text(text, size, 'a'), KODOSIS_BAD_TEXT);
        assert_int_equal(read_text(text, size, 1), KODOSIS_BAD_TEXT);
        assert_int_equal(read_text(text, size, 0), KODOSIS_OK);
    }
}

/* The Unicode standard's table 3-7, written the other way round: encode the code points, and nothing else is text. */
static size_t encode(uint32_t point, uint8_t *to)
{
    if (point < 0x80) {
        to[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (uint8_t)(0xc0 | point >> 6);
        to[1] = (uint8_t)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (uint8_t)(0xe0 | point >> 12);
        to[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
        to[2] = (uint8_t)(0x80 | (point & 0x3f));
        return 3;
    }
    to[0] = (uint8_t)(0xf0 | point >> 18);
    to[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
    to[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
    to[3] = (uint8_t)(0x80 | (point & 0x3f));
    return 4;
}

static void every_code_point_is_text_unless_it_is_a_surrogate(void **state)
{
    uint8_t body[6];
    uint32_t point;

    (void)state;
    for (point = 1; point < 0x110400; point++) {
        bool good = point < 0x110000 && (point < 0xd800 || point > 0xdfff);
        struct kodosis_reader reader;

        body[0] = (uint8_t)encode(point, body + 1);
        body[body[0] + 1] = 0;
        kodosis_reader_init(&reader, body, (size_t)body[0] + 2, NULL);
        kodosis_read_string(&reader);
        if ((kodosis_reader_finish(&reader) == KODOSIS_OK) != good)
            fail_msg("U+%04X", (unsigned)point);
    }
}

static void every_pair_of_bytes_is_judged(void **state)
{
    unsigned pair;

    (void)state;
    for (pair = 0; pair < 0x10000; pair++) {
        char text[2] = { (char)(pair >> 8), (char)(pair & 0xff) };
        unsigned high = pair >> 8;
        unsigned low = pair & 0xff;
        bool ascii = high && high < 0x80 && low && low < 0x80;
        bool two = high >= 0xc2 && high <= 0xdf && low >= 0x80 && low <= 0xbf;

        assert_int_equal(read_text(text, 2, 0), ascii || two ? KODOSIS_OK : KODOSIS_BAD_TEXT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_text_is_read),
        cmocka_unit_test(overlong_forms_are_faults),
        cmocka_unit_test(surrogates_are_faults),
        cmocka_unit_test(code_points_end_at_10ffff),
        cmocka_unit_test(broken_sequences_are_faults),
        cmocka_unit_test(a_nul_inside_is_a_fault),
        cmocka_unit_test(the_nul_behind_is_required),
        cmocka_unit_test(every_code_point_is_text_unless_it_is_a_surrogate),
        cmocka_unit_test(every_pair_of_bytes_is_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
