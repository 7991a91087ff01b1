/* SPDX-License-Identifier: MIT */
/* A reason takes memory when something is said, and gives it back; without memory it says something static. */
#include "base/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/memory.h"

static struct hprpc_context *new_context(struct memory *memory)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_context *context;

    memory_init(memory);
    options.allocator = memory_allocator(memory);
    assert_int_equal(hprpc_context_new(&options, &context), 0);
    return context;
}

static void a_reason_has_its_own_memory(void **state)
{
    struct hprpc_reason reason = { NULL, 0 };
    struct memory memory;
    struct hprpc_context *context = new_context(&memory);
    long pieces = atomic_load(&memory.pieces);
    char said[] = "the first";

    (void)state;
    assert_string_equal(hprpc__reason_text(&reason), "");
    hprpc__reason_copy(&reason, context, said, "static");
    said[0] = 'T';
    assert_string_equal(reason.text, "the first");
    hprpc__reason_copy(&reason, context, "the second, which is longer", "static");
    assert_string_equal(reason.text, "the second, which is longer");
    hprpc__reason_copy(&reason, context, reason.text + 4, "static");
    assert_string_equal(hprpc__reason_text(&reason), "second, which is longer");
    assert_int_equal(atomic_load(&memory.pieces), pieces + 1);
    hprpc__reason_clear(&reason, context);
    hprpc__reason_clear(&reason, context);
    assert_null(reason.text);
    assert_int_equal(atomic_load(&memory.pieces), pieces);
    hprpc_context_free(context);
    assert_int_equal(atomic_load(&memory.bytes), 0);
}

static void without_memory_it_says_something_static(void **state)
{
    struct hprpc_reason reason = { NULL, 0 };
    struct memory memory;
    struct hprpc_context *context = new_context(&memory);
    long pieces = atomic_load(&memory.pieces);

    (void)state;
    for (int before = 0; before < 2; before++) {
        if (before)
            hprpc__reason_copy(&reason, context, "before", "static");
        memory_fail(&memory, 1, true);
        hprpc__reason_copy(&reason, context, "said", "static");
        assert_string_equal(reason.text, "static");
        memory_fail(&memory, 0, false);
        assert_int_equal(atomic_load(&memory.pieces), pieces);
        hprpc__reason_clear(&reason, context);
        assert_null(reason.text);
    }
    hprpc_context_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reason_has_its_own_memory),
        cmocka_unit_test(without_memory_it_says_something_static),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
