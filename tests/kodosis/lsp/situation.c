/* SPDX-License-Identifier: MIT */
/* What may come at a place of a file: '|' in each text. */
#include "kodosis/lsp/client.h"

#include "kodosis/lsp/situation.h"

enum {
    TYPE = LSP_EXPECTS_TYPE,
    DECLARATION = LSP_EXPECTS_DECLARATION,
    VALUE = LSP_EXPECTS_VALUE,
    DEPRECATED = LSP_EXPECTS_DEPRECATED,
    STREAM = LSP_EXPECTS_STREAM,
    PROCEDURE = LSP_EXPECTS_PROCEDURE,
};

static const struct {
    const char *text;
    unsigned expected;
    const char *prefix;
    const char *type;
} cases[] = {
    { "|", DECLARATION | DEPRECATED, "", "" },
    { "namespace a; |", DECLARATION | DEPRECATED, "", "" },
    { "namespace a; st|ruct", DECLARATION | DEPRECATED, "", "" },
    { "namespace |", 0, "", "" },
    { "import |", 0, "", "" },
    { "import \"co|", LSP_EXPECTS_FILE, "", "" },
    { "const string S = \"a|", 0, "", "" },
    { "// a |", 0, "", "" },
    { "// a\n|", DECLARATION | DEPRECATED, "", "" },
    { "/* a |", 0, "", "" },
    { "/* a |*/", 0, "", "" },
    { "/* a */|", DECLARATION | DEPRECATED, "", "" },
    { "/*/|", 0, "", "" },
    { "deprecated \"x; {\" |", DECLARATION, "", "" },
    { "extensible |", LSP_EXPECTS_KIND, "", "" },
    { "extensible flags |", LSP_EXPECTS_KIND, "", "" },
    { "struct |", 0, "", "" },
    { "const |", TYPE, "", "" },
    { "const Color |", 0, "", "" },
    { "const Color RED = |", VALUE, "", "Color" },
    { "const a.b.Color RED = R|ed;", VALUE, "", "a.b.Color" },
    { "const Color RED = Color.|", VALUE, "Color", "Color" },
    { "const Color RED = a . Color.|", VALUE, "Color", "Color" },
    { "const list<|", TYPE, "", "" },
    { "const list<Color> ALL = [Red, |", VALUE, "", "list<Color>" },
    { "const Pair P = { Red, |", VALUE, "", "Pair" },
    { "const Pair P = { Red, Blue }; |", DECLARATION | DEPRECATED, "", "" },
    { "type |", 0, "", "" },
    { "type A = |", TYPE, "", "" },
    { "type A = map<string, |", TYPE, "", "" },
    { "enum A : |", LSP_EXPECTS_INTEGER_TYPE, "", "" },
    { "enum A { |", DEPRECATED, "", "" },
    { "enum A { B, |", DEPRECATED, "", "" },
    { "enum A { B = |", VALUE, "", "" },
    { "enum A { B = ONE, C = |", VALUE, "", "" },
    { "enum A { B } |", DECLARATION | DEPRECATED, "", "" },
    { "struct A { |", TYPE | DEPRECATED, "", "" },
    { "struct A { deprecated \"x\" |", TYPE, "", "" },
    { "struct A { int32 |", 0, "", "" },
    { "struct A { int32[|", VALUE, "", "" },
    { "struct A { list<list<|", TYPE, "", "" },
    { "struct A { map<string, a.|", TYPE, "a", "" },
    { "struct A { int32 b; |", TYPE | DEPRECATED, "", "" },
    { "struct A { int32 b; } ; |", DECLARATION | DEPRECATED, "", "" },
    { "struct A { int32 b = |", 0, "", "" },
    { "extensible struct A { Color b = |", VALUE, "", "Color" },
    { "extensible struct A { Color b = Color.|", VALUE, "Color", "Color" },
    { "service A |", LSP_EXPECTS_VERSION, "", "" },
    { "service A { |", TYPE | STREAM | PROCEDURE | DEPRECATED, "", "" },
    { "service A { idempotent |", TYPE | STREAM | PROCEDURE, "", "" },
    { "service A { void F(|", TYPE | STREAM, "", "" },
    { "service A { void F(int32 a, |", TYPE | STREAM, "", "" },
    { "service A { void F(map<int32, |", TYPE, "", "" },
    { "service A { void F(int32 |", 0, "", "" },
    { "service A { void F() |", LSP_EXPECTS_RAISES, "", "" },
    { "service A { void F() raises (|", LSP_EXPECTS_ERROR, "", "" },
    { "service A { void F() raises (B, |", LSP_EXPECTS_ERROR, "", "" },
    { "service A { void F() raises (B); |", TYPE | STREAM | PROCEDURE | DEPRECATED, "", "" },
    { "service A { void F(); } error B { |", TYPE | DEPRECATED, "", "" },
};

static bool is(const char *text, struct lsp_span span, const char *wanted)
{
    return span.size == strlen(wanted) && !memcmp(text + span.start, wanted, span.size);
}

static void expected(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *bar = strchr(cases[i].text, '|');
        size_t offset = (size_t)(bar - cases[i].text);
        size_t size = strlen(cases[i].text) - 1;
        char *text = malloc(size + 1);
        struct lsp_situation situation;

        assert_non_null(text);
        memcpy(text, cases[i].text, offset);
        memcpy(text + offset, bar + 1, size - offset);
        situation = lsp_situation_at(text, size, offset);
        if (situation.expected != cases[i].expected || !is(text, situation.prefix, cases[i].prefix) ||
            !is(text, situation.type, cases[i].type))
            fail_msg("%s: expected %x, prefix %zu, type %zu", cases[i].text, situation.expected, situation.prefix.size,
                     situation.type.size);
        free(text);
    }
}

/* Closing brackets that were never opened, and depths beyond all measure, harm nothing. */
static void unbalanced(void **unused)
{
    static char text[4000];

    (void)unused;
    for (const char *byte = "{}()<>[];,=\""; *byte; byte++) {
        memset(text, *byte, sizeof(text));
        for (size_t offset = 0; offset <= sizeof(text); offset += 97)
            (void)lsp_situation_at(text, sizeof(text), offset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expected),
        cmocka_unit_test(unbalanced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
