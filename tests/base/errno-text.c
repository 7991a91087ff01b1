/* SPDX-License-Identifier: MIT */
/* The text of every number of errno and every code of ours, also of those that there are not, and that asking changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include <hprpc/error.h>

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

/* HPRPC_ETWOWAY is the last code. */
static void test_codes_have_names(void **state)
{
    enum { LAST = HPRPC_ETWOWAY, BEYOND = LAST - 1 };

    (void)state;
    for (int code = LAST; code <= 0; code++) {
        assert_non_null(hprpc_error_name(code));
        assert_non_null(hprpc_error_text(code));
        assert_string_not_equal(hprpc_error_name(code), "UNKNOWN");
    }
    assert_string_equal(hprpc_error_name(LAST), "ETWOWAY");
    for (int code = BEYOND; code > BEYOND - 10; code--) {
        assert_string_equal(hprpc_error_name(code), "UNKNOWN");
        assert_string_equal(hprpc_error_text(code), hprpc_error_text(BEYOND));
    }
    assert_string_equal(hprpc_error_name(1), "OK");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_number_has_a_text),
        cmocka_unit_test(test_texts_stay),
        cmocka_unit_test(test_codes_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
