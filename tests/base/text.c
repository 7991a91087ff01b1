/* SPDX-License-Identifier: MIT */
/* What a stranger wrote, inside our sentences: cut at a character, valid, printable. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void copies(void **state)
{
    static const struct {
        const char *given;
        bool printable;
        const char *wanted;
    } cases[] = {
        { "plain", true, "plain" },
        { "", true, "" },
        { "a\nb\x1b[31m\x7f", true, "a?b?[31m?" },
        { "a\nb", false, "a\nb" },
        { "\xe2\x82\xac", true, "\xe2\x82\xac" },
        { "\xc2\x85\xe2\x80\xae", true, "??" },
        /* the first and the last of each row of characters that turn the direction of a line or end it, and their neighbours */
        { "\x1f \x7e\x7f\xc2\x9f\xc2\xa0", true, "? ~??\xc2\xa0" },
        { "\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9", true, "\xe2\x80\xa7??" },
        { "\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf", true, "??\xe2\x80\xaf" },
        { "\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa", true, "\xe2\x81\xa5??\xe2\x81\xaa" },
        { "\xff\xc0\xaf\xed\xa0\x80", false, "??????" },
        { "\xf4\x90\x80\x80\xf0\x9f\x98\x80", false, "????\xf0\x9f\x98\x80" },
        { "cut\xe2\x82", false, "cut??" },
        /* the last overlong form of each length, and the first that is none */
        { "\xc1\xbf\xc2\x80", false, "??\xc2\x80" },
        { "\xe0\x9f\xbf\xe0\xa0\x80", false, "???\xe0\xa0\x80" },
        { "\xf0\x8f\xbf\xbf\xf0\x90\x80\x80", false, "????\xf0\x90\x80\x80" },
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size = hprpc__text_copy(cases[i].given, SIZE_MAX, cases[i].printable, text, sizeof(text));

        assert_string_equal(text, cases[i].wanted);
        assert_int_equal(size, strlen(cases[i].wanted));
    }
}

/* Wherever it is cut, only whole characters are left. */
static void cuts_between_characters(void **state)
{
    char euros[601], text[700];

    (void)state;
    for (int i = 0; i < 200; i++)
        memcpy(euros + 3 * i, "\xe2\x82\xac", 4);
    for (size_t capacity = 1; capacity < 650; capacity++) {
        size_t size = hprpc__text_copy(euros, SIZE_MAX, true, text, capacity);

        assert_int_equal(size, (capacity - 1 < 600 ? capacity - 1 : 600) / 3 * 3);
        assert_memory_equal(text, euros, size);
        assert_int_equal(text[size], 0);
    }
    assert_int_equal(strlen(hprpc__quote(euros, 600).text), 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(copies), cmocka_unit_test(cuts_between_characters) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
