/* SPDX-License-Identifier: MIT */
/*
 * The formatter: what the style is, and what it leaves alone. Files of the tree are torn into tokens and comments, put together
 * with random blanks and line breaks, and formatted: tokens and comments stay, and a second time changes nothing.
 */
#include "kodosis/compiler/memory-sources.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>

#include "kodosis/compiler/describe.h"
#include "kodosis/compiler/format/format.h"
#include "kodosis/compiler/format/items.h"
#include "kodosis/runtime/random.h"

enum { FORMS = 60 };

static uint64_t state;

static struct kodosis_file file_of(const char *text, size_t size)
{
    return (struct kodosis_file){ .path = "a.kod", .name = "a.kod", .source = text, .source_size = size };
}

/* Formats a text; false, and nothing in ret_text, if it has errors of syntax. */
static bool format(const char *text, size_t size, struct kodosis_text *ret_text)
{
    struct kodosis_file file = file_of(text, size);
    struct kodosis_diagnostics diagnostics = { 0 };
    bool done = kodosis_format(&file, &diagnostics.memory, &diagnostics, ret_text);

    assert_true(done == !diagnostics.error_count);
    assert_true(done || !ret_text->size);
    kodosis_diagnostics_clear(&diagnostics);
    return done;
}

static void expect(const char *text, const char *wanted)
{
    struct kodosis_text once = KODOSIS_TEXT_INIT;
    struct kodosis_text twice = KODOSIS_TEXT_INIT;

    assert_true(format(text, strlen(text), &once));
    assert_string_equal(once.data, wanted);
    assert_true(format(once.data, once.size, &twice));
    assert_string_equal(twice.data, wanted);
    kodosis_text_clear(&once);
    kodosis_text_clear(&twice);
}

static void blanks(void **unused)
{
    (void)unused;
    expect("\xef\xbb\xbf  namespace  a . b ;", "namespace a.b;\n");
    expect("namespace a;struct A{list < int32 >b;int8 [ 3 ] [2] c ;}",
           "namespace a;\nstruct A { list<int32> b; int8[3][2] c; }\n");
    expect("namespace a; struct A { map<string,list<A> >  b ; }",
           "namespace a;\nstruct A { map<string, list<A>> b; }\n");
    expect("namespace a; enum E:uint8{A=1,B}", "namespace a;\nenum E : uint8 { A = 1, B }\n");
    expect("namespace a; const int8 X=- 3; const P Q={1,{2 ,[3 ]}};",
           "namespace a;\nconst int8 X = -3;\nconst P Q = { 1, { 2, [3] } };\n");
    expect("namespace a; service S{void F ( int8 a,int8 b )raises( E,F );}",
           "namespace a;\nservice S { void F(int8 a, int8 b) raises (E, F); }\n");
    expect("namespace a; service S{void raises ( );}", "namespace a;\nservice S { void raises(); }\n");
    expect("namespace a; struct A{ }\r\n", "namespace a;\nstruct A {}\n");
    expect("namespace a; struct A\n{\n\n}\n\n\n", "namespace a;\nstruct A {}\n");
    expect("namespace a; extensible struct A { list<int8> b=[ ]; }",
           "namespace a;\nextensible struct A { list<int8> b = []; }\n");
}

static void lines(void **unused)
{
    (void)unused;
    expect("\n\nnamespace a;\n\n\n\nstruct A { int8 a; int8 b;\n}",
           "namespace a;\n\nstruct A {\n    int8 a;\n    int8 b;\n}\n");
    expect("namespace a;\nstruct A {\n\n  int8 a;\n\n\n int8 b;\n\n}",
           "namespace a;\nstruct A {\n    int8 a;\n\n    int8 b;\n}\n");
    expect("namespace a;\nenum A\n{\nX,Y,\nZ }", "namespace a;\nenum A {\n    X, Y,\n    Z\n}\n");
    expect("namespace a;\nservice S {\nvoid F(int8 a,\nint8 b)\nraises (E); } ;",
           "namespace a;\nservice S {\n    void F(int8 a,\n        int8 b)\n        raises (E);\n};\n");
    expect("namespace a;\nconst list<int8> L = [\n1,\n2\n];",
           "namespace a;\nconst list<int8> L = [\n    1,\n    2\n];\n");
    expect("namespace a;\nconst P Q = {\n{ 1 }, { 2\n}\n}\n;",
           "namespace a;\nconst P Q = {\n    { 1 }, {\n        2\n    }\n};\n");
    expect("namespace a;\ndeprecated \"x\"\nstruct A {}", "namespace a;\ndeprecated \"x\"\nstruct A {}\n");
}

static void comments(void **unused)
{
    (void)unused;
    expect("// a\n/// b  \nnamespace a;// c\n//d", "// a\n/// b\nnamespace a; // c\n//d\n");
    expect("namespace a;\nstruct A { // b\nint8 a;/* c */int8 b; /* d */ }",
           "namespace a;\nstruct A { // b\n    int8 a;\n    /* c */ int8 b; /* d */\n}\n");
    expect("namespace a;\nstruct A {\nint8 a;\n// the last\n}",
           "namespace a;\nstruct A {\n    int8 a;\n    // the last\n}\n");
    expect("namespace a;\nstruct A {\n/*\n* b\n  c\n     */\nint8 a; }",
           "namespace a;\nstruct A {\n    /*\n     * b\n  c\n     */\n    int8 a;\n}\n");
    expect("namespace a;\nservice S { void F(/* none */); }", "namespace a;\nservice S { void F(/* none */); }\n");
    expect("namespace a;\nstruct A /* why */\n{\nint8 a; }", "namespace a;\nstruct A /* why */\n{\n    int8 a;\n}\n");
}

static void faults(void **unused)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    static const char *const wrong[] = { "",
                                         "struct A {}",
                                         "namespace a; struct A { int8 a }",
                                         "namespace a; /* open",
                                         "namespace a; const string S = \"open;",
                                         "namespace a; \x01" };

    (void)unused;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_false(format(wrong[i], strlen(wrong[i]), &text));
    assert_null(text.data);
    expect("namespace a; import \"nowhere.kod\"; struct A { Unknown b; }",
           "namespace a;\nimport \"nowhere.kod\";\nstruct A { Unknown b; }\n"); /* the syntax is right */
}

/* ---- Files of the tree ---- */

/* Appends an item without what the style may change in a comment: blanks at the ends of its lines. */
static void add_words(struct kodosis_text *text, const struct kodosis_item *item)
{
    for (size_t i = 0; i < item->size; i++)
        if (!kodosis_item_is_comment(item) || !isspace((unsigned char)item->start[i]))
            kodosis_text_add_bytes(text, item->start + i, 1);
    kodosis_text_add_bytes(text, "\n", 1);
}

static void words_of(const struct kodosis_text *source, struct kodosis_text *ret_words)
{
    struct kodosis_file file = file_of(source->data, source->size);
    struct kodosis_items items;

    kodosis_items_read(&items, &file);
    for (size_t i = 0; i < items.count; i++)
        add_words(ret_words, &items.data[i]);
    kodosis_items_clear(&items);
}

static void expect_same(const struct kodosis_text *one, const struct kodosis_text *other)
{
    assert_int_equal(one->size, other->size);
    assert_memory_equal(one->data, other->data, one->size);
}

static void add_random_space(struct kodosis_text *text, bool needs_newline)
{
    static const char *const spaces[] = { " ",          "  ",        "\t",      "\n", "\n\n\n",          "\r\n",
                                          " /* so */ ", "\n  ",      " // x\n", " ",  "\n /* a\n* b */", " ",
                                          " ",          "/**//*\n*/" };

    if (needs_newline)
        kodosis_text_add_bytes(text, "\n", 1);
    for (unsigned i = random_below(&state, 3) + 1; i; i--) {
        const char *space = spaces[random_below(&state, sizeof(spaces) / sizeof(*spaces))];

        kodosis_text_add_bytes(text, space, strlen(space));
    }
}

static bool is_deprecated(const struct kodosis_item *item)
{
    return item->size == strlen("deprecated") && !memcmp(item->start, "deprecated", item->size);
}

/* Writes the items of a source with random blanks, line breaks and further comments between them; sometimes drops one. */
static void scatter(const struct kodosis_text *source, bool may_drop, struct kodosis_text *ret_text)
{
    struct kodosis_file file = file_of(source->data, source->size);
    struct kodosis_items items;

    kodosis_items_read(&items, &file);
    for (size_t i = 0; i < items.count; i++) {
        const struct kodosis_item *item = &items.data[i];

        if (may_drop && !random_below(&state, 200))
            continue;
        kodosis_text_add_bytes(ret_text, item->start, item->size);
        if (is_deprecated(item))
            kodosis_text_add_bytes(ret_text, " ", 1); /* the sentence is on the same line */
        else
            add_random_space(ret_text, item->kind == KODOSIS_ITEM_LINE_COMMENT);
    }
    kodosis_items_clear(&items);
}

/* Returns whether the source has the right syntax. */
static bool check_properties(const struct kodosis_text *source)
{
    struct kodosis_text once = KODOSIS_TEXT_INIT;
    struct kodosis_text twice = KODOSIS_TEXT_INIT;
    struct kodosis_text before = KODOSIS_TEXT_INIT;
    struct kodosis_text after = KODOSIS_TEXT_INIT;
    bool right = format(source->data, source->size, &once);

    if (right) {
        assert_true(format(once.data, once.size, &twice));
        expect_same(&once, &twice);
        words_of(source, &before);
        words_of(&once, &after);
        expect_same(&before, &after);
    }
    kodosis_text_clear(&once);
    kodosis_text_clear(&twice);
    kodosis_text_clear(&before);
    kodosis_text_clear(&after);
    return right;
}

static void read_file(const char *path, struct kodosis_text *ret_text)
{
    assert_int_equal(kodosis_file_system.read(NULL, path, 1 << 22, &ret_text->data, &ret_text->size), 0);
}

/* Formats a file of the tree as it is and in random forms. Returns how many of these have the right syntax. */
static unsigned check_file(const char *path)
{
    struct kodosis_text source = KODOSIS_TEXT_INIT;
    unsigned right;

    read_file(path, &source);
    right = check_properties(&source);
    for (unsigned i = 0; right && i < FORMS; i++) {
        struct kodosis_text form = KODOSIS_TEXT_INIT;

        scatter(&source, i >= FORMS / 2, &form);
        right += check_properties(&form);
        kodosis_text_clear(&form);
    }
    kodosis_text_clear(&source);
    return right;
}

static void tree(void **unused)
{
    static const char *const patterns[] = { "/tests/*/*.kod", "/tests/kodosis/*/*.kod",
                                            "/tests/kodosis/compiler/*/*.kod", "/examples/*.kod", "/bench/*.kod" };
    glob_t found;
    unsigned right = 0;

    (void)unused;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
        char pattern[4096];

        snprintf(pattern, sizeof(pattern), "%s%s", SOURCE_TREE, patterns[i]);
        assert_int_equal(glob(pattern, i ? GLOB_APPEND : 0, NULL, &found), 0);
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        state = i;
        right += check_file(found.gl_pathv[i]);
    }
    assert_true(right > found.gl_pathc * FORMS / 4); /* most files are right, and stay so where nothing is dropped */
    globfree(&found);
}

/* What a text declares, without the places, which the style moves. */
static void describe(const struct kodosis_text *text, struct kodosis_text *ret_text)
{
    struct kodosis_compilation compilation = { 0 };
    const struct kodosis_model *model = compile_text(text->data, text->size, &compilation);
    struct kodosis_text all = KODOSIS_TEXT_INIT;

    assert_non_null(model);
    kodosis_describe(model, &all);
    for (const char *cursor = all.data; *cursor; cursor++) {
        if (!strncmp(cursor, "\"line\":", 7) || !strncmp(cursor, "\"column\":", 9))
            cursor = strpbrk(cursor, ",}");
        kodosis_text_add_bytes(ret_text, cursor, 1);
    }
    kodosis_text_clear(&all);
    kodosis_compilation_clear(&compilation);
}

/* Doc comments still belong to what they belonged to, and hashes, offsets and values are the same. */
static void schema(void **unused)
{
    static const char *const names[] = { "/goldens/paper.kod", "/goldens/streams.kod", "/goldens/growing.kod",
                                         "/goldens/constants.kod" };

    (void)unused;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names) * FORMS; i++) {
        struct kodosis_text source = KODOSIS_TEXT_INIT;
        struct kodosis_text form = KODOSIS_TEXT_INIT;
        struct kodosis_text formatted = KODOSIS_TEXT_INIT;
        struct kodosis_text before = KODOSIS_TEXT_INIT;
        struct kodosis_text after = KODOSIS_TEXT_INIT;
        char path[4096];

        state = i;
        snprintf(path, sizeof(path), "%s/tests/kodosis/compiler%s", SOURCE_TREE, names[i / FORMS]);
        read_file(path, &source);
        scatter(&source, false, &form);
        assert_true(format(form.data, form.size, &formatted));
        describe(&form, &before);
        describe(&formatted, &after);
        expect_same(&before, &after);
        kodosis_text_clear(&source);
        kodosis_text_clear(&form);
        kodosis_text_clear(&formatted);
        kodosis_text_clear(&before);
        kodosis_text_clear(&after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks), cmocka_unit_test(lines), cmocka_unit_test(comments),
        cmocka_unit_test(faults), cmocka_unit_test(tree),  cmocka_unit_test(schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
