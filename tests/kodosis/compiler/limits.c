/* SPDX-License-Identifier: MIT */
/* Input that is too much: each limit holds at its value and complains beyond it, and nothing takes long. */
#include "kodosis/compiler/memory-sources.h"
#include "kodosis/compiler/text/render.h"

#include <stdio.h>

#include "kodosis/compiler/limits.h"

/* Compiles what is in the text, empties it, and returns the first line of the messages, or "" for none. */
static const char *outcome(struct kodosis_text *text)
{
    static char line[256];
    struct kodosis_compilation compilation;
    struct kodosis_text messages = KODOSIS_TEXT_INIT;
    const struct kodosis_model *model = compile_text(text->data, text->size, &compilation);

    kodosis_diagnostics_render(&compilation.diagnostics, &messages, false);
    snprintf(line, sizeof(line), "%.*s", messages.data ? (int)strcspn(messages.data, "\n") : 0,
             messages.data ? messages.data : "");
    assert_int_equal(!model, compilation.diagnostics.error_count > 0);
    kodosis_text_clear(&messages);
    kodosis_compilation_clear(&compilation);
    kodosis_text_clear(text);
    return line;
}

/* head, then `count` times `each` with a number in it, then tail */
static const char *repeat(const char *head, const char *each, unsigned count, const char *tail)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    kodosis_text_add(&text, "namespace demo;\n%s", head);
    for (unsigned i = 0; i < count; i++) {
        const char *mark = strchr(each, '@');

        kodosis_text_add_bytes(&text, each, (size_t)(mark - each));
        kodosis_text_add(&text, "%u%s", i, mark + 1);
    }
    kodosis_text_add(&text, "%s", tail);
    return outcome(&text);
}

static void test_counts(void **state)
{
    (void)state;
    assert_string_equal(repeat("", "struct A@ {}\n", KODOSIS_LIMIT_DECLARATIONS, ""), "");
    assert_string_equal(repeat("", "struct A@ {}\n", KODOSIS_LIMIT_DECLARATIONS + 1, ""),
                        "a.kod:16386:1: error: more than 16384 declarations in one file");
    assert_string_equal(repeat("struct A {\n", "int8 a@;\n", KODOSIS_LIMIT_MEMBERS, "}"), "");
    assert_string_equal(repeat("struct A {\n", "int8 a@;\n", KODOSIS_LIMIT_MEMBERS + 1, "}"),
                        "a.kod:16387:6: error: more than 16384 members in one struct");
    assert_string_equal(repeat("enum A {\n", "a@,\n", KODOSIS_LIMIT_MEMBERS, "}"), "");
    assert_string_equal(repeat("enum A {\n", "a@,\n", KODOSIS_LIMIT_MEMBERS + 1, "}"),
                        "a.kod:16387:1: error: more than 16384 values in one enum");
    assert_string_equal(repeat("union A {\n", "int8 a@;\n", KODOSIS_LIMIT_UNION_MEMBERS, "}"), "");
    assert_string_equal(repeat("union A {\n", "int8 a@;\n", KODOSIS_LIMIT_UNION_MEMBERS + 1, "}"),
                        "a.kod:258:6: error: more than 255 members in one union");
    assert_string_equal(repeat("service A {\n", "void a@();\n", KODOSIS_LIMIT_PROCEDURES, "}"), "");
    assert_string_equal(repeat("service A {\n", "void a@();\n", KODOSIS_LIMIT_PROCEDURES + 1, "}"),
                        "a.kod:4099:6: error: more than 4096 procedures in one service");
    assert_string_equal(repeat("service A { void f(int8 b", ",\nint8 a@", KODOSIS_LIMIT_PARAMETERS - 1, "); }"), "");
    assert_string_equal(repeat("service A { void f(int8 b", ",\nint8 a@", KODOSIS_LIMIT_PARAMETERS, "); }"),
                        "a.kod:66:6: error: more than 64 parameters of one procedure");
    assert_string_equal(repeat("", "import \"x@\";\n", KODOSIS_LIMIT_FILES + 1, ""),
                        "a.kod:2:8: error: cannot find 'x0' beside this file or in the import paths (-I)");
}

static void test_names_and_strings(void **state)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    (void)state;
    kodosis_text_add(&text, "namespace demo; struct %0128d {}", 0);
    memset(strchr(text.data, '0'), 'a', 128);
    assert_string_equal(outcome(&text), "");
    kodosis_text_add(&text, "namespace demo; const string A = \"%065536d\";", 0);
    assert_string_equal(outcome(&text), "");
    kodosis_text_add(&text, "namespace demo; const string A = \"%065537d\";", 0);
    assert_string_equal(outcome(&text), "a.kod:1:34: error: this string is longer than 65536 bytes");
    kodosis_text_add(&text, "namespace demo; const float64 A = %0100000d.5;", 1);
    assert_string_equal(outcome(&text), "");
    kodosis_text_add(&text, "namespace demo; const uint8 A = 1%0100000d;", 0);
    assert_string_equal(outcome(&text), "a.kod:1:33: error: this is out of range for uint8, which goes from 0 to 255");
}

static void test_file_size(void **state)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    (void)state;
    kodosis_text_add(&text, "namespace demo;%*s", KODOSIS_LIMIT_FILE_SIZE - 15, "");
    assert_int_equal(text.size, KODOSIS_LIMIT_FILE_SIZE);
    assert_string_equal(outcome(&text), "");
    kodosis_text_add(&text, "namespace demo;%*s", KODOSIS_LIMIT_FILE_SIZE - 14, "");
    assert_string_equal(outcome(&text), "kodosis: error: a.kod: larger than 4194304 bytes");
}

/* The same few characters, up to the largest file. */
static void test_deep(void **state)
{
    static const char *const pieces[] = {
        "list<", "{",  "}", "(",  "[", "<",         "optional<map<",     "struct A{",     "/*",      "//\n", "///x\n",
        "\"",    "-",  ".", "a.", ";", "import \"", "service S{void a(", "const int8 A=", "enum E{", "\\",   "'",
        "@",     "0x", "1e"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        static const char *const fronts[] = { "", "namespace d;", "namespace d; struct S{", "namespace d; service S{" };

        for (size_t j = 0; j < sizeof(fronts) / sizeof(*fronts); j++) {
            struct kodosis_text text = KODOSIS_TEXT_INIT;

            kodosis_text_add(&text, "%s", fronts[j]);
            while (text.size < KODOSIS_LIMIT_FILE_SIZE / 64)
                kodosis_text_add_bytes(&text, pieces[i], strlen(pieces[i]));
            outcome(&text);
        }
    }
}

/* A long chain through lists is no depth at all; one by value is limited. Cycles of any length are found. */
static void test_chains(void **state)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    (void)state;
    kodosis_text_add(&text, "namespace demo;\n");
    for (unsigned i = 0; i < 10000; i++)
        kodosis_text_add(&text, "struct A%u { list<A%u> a; }\n", i, i + 1);
    kodosis_text_add(&text, "struct A10000 { list<A0> a; }\nservice S { void f(A0 a); }\n");
    assert_string_equal(outcome(&text), "");

    kodosis_text_add(&text, "namespace demo;\n");
    for (unsigned i = 0; i < 5000; i++)
        kodosis_text_add(&text, "union A%u { A%u a; }\n", i, i + 1);
    kodosis_text_add(&text, "union A5000 { A0 a; int8 end; }\n");
    assert_string_equal(outcome(&text), "");
}

/* Many procedures over many types: what is to be hashed would be the product. */
static void test_shapes(void **state)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    (void)state;
    kodosis_text_add(&text, "namespace demo;\n");
    for (unsigned i = 0; i < 10000; i++)
        kodosis_text_add(&text, "struct A%u { list<A%u> a; }\n", i, i + 1);
    kodosis_text_add(&text, "struct A10000 {}\nservice S {\n");
    for (unsigned i = 0; i < 4096; i++)
        kodosis_text_add(&text, "void f%u(A0 a);\n", i);
    kodosis_text_add(&text, "}\n");
    assert_non_null(strstr(outcome(&text), "the types of all procedures together are too large"));
}

static void test_bytes(void **state)
{
    static const char nul[] = "namespace demo;\nstruct A { int32 \0a; }\n";
    static const char control[] = "namespace demo;\n\tstruct\x1b[2J A {}\n";
    static const char latin[] = "namespace demo;\n// caf\xe9\n";
    static const char surrogate[] = "namespace demo; // \xed\xa0\x80\n";
    static const char overlong[] = "namespace demo; // \xc0\xaf\n";
    static const char hidden[] = "namespace demo; // \xe2\x80\xae\n";
    static const char windows[] = "\xef\xbb\xbfnamespace demo;\r\n/// Doc \r\nstruct A {\r\n    int33 a;\r\n}\r\n";

    (void)state;
    expect_error(nul, sizeof(nul) - 1, "a.kod:2:18: error: a NUL byte: this is not a text file");
    expect_error(control, sizeof(control) - 1,
                 "a.kod:2:8: error: a control character does not belong in an interface file");
    expect_error(latin, sizeof(latin) - 1, "a.kod:2:7: error: this is not UTF-8 text");
    expect_error(surrogate, sizeof(surrogate) - 1, "a.kod:1:20: error: this is not UTF-8 text");
    expect_error(overlong, sizeof(overlong) - 1, "a.kod:1:20: error: this is not UTF-8 text");
    expect_error(hidden, sizeof(hidden) - 1,
                 "a.kod:1:20: error: a bidirectional control character would make this line read differently from what "
                 "it says");
    expect_error(windows, sizeof(windows) - 1, "a.kod:4:5: error: unknown type 'int33'; did you mean 'int32'?");
    expect_error("", 0,
                 "a.kod:1:1: error: expected 'namespace' and its name at the beginning of the file, found the "
                 "end of the file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),    cmocka_unit_test(test_names_and_strings),
        cmocka_unit_test(test_file_size), cmocka_unit_test(test_deep),
        cmocka_unit_test(test_chains),    cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
