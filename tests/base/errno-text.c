/* SPDX-License-Identifier: MIT */
/* The text of every errno number, also of those that there are not, and that asking changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/errno-text.h"

static void test_every_number_has_a_text(void **state)
{
    (void)state;
    for (int number = -2; number < 200; number++) {
        errno = number;
        assert_non_null(hprpc__errno_text(number));
        assert_true(strlen(hprpc__errno_text(number)) > 0);
        assert_int_equal(errno, number);
    }
}

static void test_texts_stay(void **state)
{
    const char *first = hprpc__errno_text(ECONNREFUSED);

    (void)state;
    assert_string_equal(first, "Connection refused");
    assert_string_equal(hprpc__errno_text(ENOENT), "No such file or directory");
    assert_string_equal(first, "Connection refused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_number_has_a_text),
        cmocka_unit_test(test_texts_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
