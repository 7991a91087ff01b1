/* SPDX-License-Identifier: MIT */
/*
 * Every file in bad/ begins with the messages that it must give, one a line and in order, as
 *     // error 12:5: unknown type 'Piont'; did you mean 'Point'?
 * and must give these and no others.
 */
#include <dirent.h>
#include <stdio.h>

#include "kodosis/compiler/memory-sources.h"
#include "kodosis/compiler/text/render.h"

#include "kodosis/compiler/c/c.h"

enum { FILES_AT_LEAST = 60 };

static void append_expected(struct kodosis_text *expected, const char *path)
{
    char line[1024];
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    while (fgets(line, sizeof(line), file) && (!strncmp(line, "// error ", 9) || !strncmp(line, "// warning ", 11)))
        kodosis_text_add(expected, "%s", line + 3);
    fclose(file);
    if (!expected->size)
        fail_msg("%s names no expected message", path);
}

/* From "PATH:12:5: error: TEXT" to "error 12:5: TEXT"; notes and source lines are left out. */
static void append_actual(struct kodosis_text *actual, const char *path, char *rendered)
{
    size_t path_size = strlen(path);

    for (char *line = strtok(rendered, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned row;
        unsigned column;
        char severity[16];
        int behind = 0;

        if (strncmp(line, path, path_size) ||
            sscanf(line + path_size, ":%u:%u: %15[a-z]: %n", &row, &column, severity, &behind) != 3 || !behind)
            continue;
        if (strcmp(severity, "note"))
            kodosis_text_line(actual, "%s %u:%u: %s", severity, row, column, line + path_size + behind);
    }
}

static void check_file(const char *path)
{
    struct kodosis_compilation compilation = { .sources = &kodosis_file_system };
    struct kodosis_text expected = KODOSIS_TEXT_INIT;
    struct kodosis_text actual = KODOSIS_TEXT_INIT;
    struct kodosis_text rendered = KODOSIS_TEXT_INIT;
    const struct kodosis_model *model;

    append_expected(&expected, path);
    model = kodosis_compile(&compilation, &path, 1);
    if (model)
        kodosis_c_emitter.check(model, &compilation.diagnostics);
    else
        assert_true(compilation.diagnostics.error_count > 0);
    kodosis_diagnostics_render(&compilation.diagnostics, &rendered, false);
    append_actual(&actual, path, rendered.data);
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): append_expected() fails where there is no text */
    if (!actual.data || strcmp(expected.data, actual.data))
        fail_msg("%s: expected\n%sbut got\n%s", path, expected.data, actual.data ? actual.data : "nothing\n");
    kodosis_text_clear(&expected);
    kodosis_text_clear(&actual);
    kodosis_text_clear(&rendered);
    kodosis_compilation_clear(&compilation);
}

static void test_bad_files(void **state)
{
    DIR *directory = opendir(BAD_FILES);
    struct dirent *entry;
    size_t count = 0;

    (void)state;
    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        const char *suffix = strrchr(entry->d_name, '.');
        struct kodosis_text path = KODOSIS_TEXT_INIT;

        if (!suffix || strcmp(suffix, ".kod"))
            continue;
        kodosis_text_add(&path, "%s/%s", BAD_FILES, entry->d_name);
        check_file(path.data);
        kodosis_text_clear(&path);
        count++;
    }
    closedir(directory);
    assert_true(count >= FILES_AT_LEAST);
}

/* What a person sees, letter by letter. */
static void test_rendering(void **state)
{
    static const char text[] = "namespace demo;\nstruct A {\n\tPiont é, x;\n}\nstruct A {}\n";
    static const char plain[] = "a.kod:3:9: error: expected the name of the member, found 'x'\n";
    struct kodosis_compilation compilation;
    struct kodosis_text messages = KODOSIS_TEXT_INIT;

    (void)state;
    (void)plain;
    assert_null(compile_text(text, strlen(text), &compilation));
    kodosis_diagnostics_render(&compilation.diagnostics, &messages, false);
    assert_string_equal(messages.data, "a.kod:3:8: error: unexpected 'é'\n"
                                       "    3 |  Piont é, x;\n"
                                       "      |        ^\n"
                                       "a.kod:3:10: error: expected the name of the member, found ','\n"
                                       "    3 |  Piont é, x;\n"
                                       "      |         ^\n"
                                       "a.kod:5:8: error: 'A' is declared twice\n"
                                       "    5 | struct A {}\n"
                                       "      |        ^\n"
                                       "a.kod:2:8: note: the other one is here\n"
                                       "    2 | struct A {\n"
                                       "      |        ^\n"
                                       "3 errors\n");
    kodosis_text_clear(&messages);
    kodosis_diagnostics_render(&compilation.diagnostics, &messages, true);
    assert_non_null(strstr(messages.data, "\033[1;31merror: \033[0m\033[1m'A' is declared twice\033[0m\n"));
    kodosis_text_clear(&messages);
    kodosis_compilation_clear(&compilation);
}

/* A long line is shown around the caret; control characters never reach the terminal. */
static void test_long_line(void **state)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    struct kodosis_text messages = KODOSIS_TEXT_INIT;
    struct kodosis_compilation compilation;

    (void)state;
    kodosis_text_add(&text, "namespace demo; struct A { ");
    for (unsigned i = 0; i < 1000; i++)
        kodosis_text_add(&text, "int32 a%u; ", i);
    kodosis_text_add(&text, "int33 z; }\n");
    assert_null(compile_text(text.data, text.size, &compilation));
    kodosis_diagnostics_render(&compilation.diagnostics, &messages, false);
    assert_non_null(strstr(messages.data, "unknown type 'int33'; did you mean 'int32'?"));
    assert_true(messages.size < 600);
    kodosis_text_clear(&messages);
    kodosis_compilation_clear(&compilation);
    kodosis_text_clear(&text);
}

static void test_many_errors(void **state)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    struct kodosis_text messages = KODOSIS_TEXT_INIT;
    struct kodosis_compilation compilation;

    (void)state;
    kodosis_text_add(&text, "namespace demo;\n");
    for (unsigned i = 0; i < 200; i++)
        kodosis_text_add(&text, "const uint8 A%u = 256;\n", i);
    assert_null(compile_text(text.data, text.size, &compilation));
    assert_int_equal(compilation.diagnostics.error_count, 200);
    kodosis_diagnostics_render(&compilation.diagnostics, &messages, false);
    assert_non_null(strstr(messages.data, "kodosis: only the first 50 are shown\n200 errors\n"));
    kodosis_text_clear(&messages);
    kodosis_compilation_clear(&compilation);
    kodosis_text_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_rendering),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_many_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
