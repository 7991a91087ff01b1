/* SPDX-License-Identifier: MIT */
/* Options of contexts that are refused, and codes that this version does not know. */
#include <hprpc/context.h>

#include "base/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void *allocate(void *self, size_t size)
{
    return self ? malloc(size) : NULL;
}

static void release(void *self, void *memory, size_t size)
{
    (void)self;
    (void)size;
    free(memory);
}

static void expect_refused(const struct hprpc_context_options *options, int code)
{
    struct hprpc_context *context = NULL;

    assert_int_equal(hprpc_context_new(options, &context), code);
    assert_null(context);
}

static void options_that_are_refused(void **state)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;

    (void)state;
    options.size = 0;
    expect_refused(&options, HPRPC_EINVAL);
    options.size = sizeof(options) + 1; /* of a later version */
    expect_refused(&options, HPRPC_EINVAL);
    options.size = sizeof(options);
    options.allocator.allocate = allocate;
    expect_refused(&options, HPRPC_EINVAL);
    options.allocator.release = release;
    expect_refused(&options, HPRPC_ENOMEM);
    options.allocator.allocate = NULL;
    expect_refused(&options, HPRPC_EINVAL);
    hprpc_context_free(NULL);
}

/* The fields that an older program knows; the others have their defaults. */
static void options_of_an_older_program(void **state)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_context *context;
    int self;

    (void)state;
    options.allocator = (struct kodosis_allocator){ allocate, release, &self };
    options.size = offsetof(struct hprpc_context_options, log);
    options.now = (uint64_t(*)(void *))(uintptr_t)1; /* is not read */
    assert_int_equal(hprpc_context_new(&options, &context), 0);
    assert_true(hprpc_context_now(context) > 1);
    hprpc_context_free(context);
}

static uint64_t same_number(void *self)
{
    return *(uint64_t *)self;
}

/* Random numbers are the application's, where it has some, and the system's otherwise, which differ. */
static void random_numbers(void **state)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_context *context;
    uint64_t number = 42;

    (void)state;
    assert_true(hprpc__context_random(NULL) != hprpc__context_random(NULL));
    options.random = same_number;
    options.random_self = &number;
    assert_int_equal(hprpc_context_new(&options, &context), 0);
    assert_int_equal(hprpc__context_random(context), 42);
    hprpc_context_free(context);
}

static void codes_without_a_name(void **state)
{
    (void)state;
    assert_string_equal(hprpc_error_name(3), hprpc_error_name(0));
    assert_string_equal(hprpc_error_text(3), hprpc_error_text(0));
    assert_string_equal(hprpc_error_name(-1000), "UNKNOWN");
    assert_string_not_equal(hprpc_error_text(-1000), "");
    for (int code = 0; code >= HPRPC_ETWOWAY; code--) {
        assert_string_not_equal(hprpc_error_name(code), "UNKNOWN");
        assert_string_not_equal(hprpc_error_text(code), hprpc_error_text(-1000));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_that_are_refused),
        cmocka_unit_test(options_of_an_older_program),
        cmocka_unit_test(random_numbers),
        cmocka_unit_test(codes_without_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
