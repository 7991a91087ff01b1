/* SPDX-License-Identifier: MIT */
/* Each rule finds what it is about, leaves alone what it is not about, and is switched off by comments and options. */
#include "kodosis/compiler/memory-sources.h"

#include "kodosis/compiler/lint/lint.h"
#include "kodosis/compiler/text/text.h"

struct sample {
    const char *rule;
    const char *bad;
    const char *found; /* "line:column message\n" for each finding; the text has a line with the namespace in front */
    const char *good;
};

static const struct sample samples[] = {
    { "type-name", "struct order { int8 a; }", "2:8 the struct 'order' is not spelt like OrderBook\n",
      "struct Order { int8 a; } type Sum = int32; const int8 ONE = 1;" },
    { "type-name", "union Order_Book { int8 a; }", "2:7 the union 'Order_Book' is not spelt like OrderBook\n",
      "union URI { int8 a; }" },
    { "type-name", "service S version 2 as s2 { void P(); }", "2:24 the service 's2' is not spelt like OrderBook\n",
      "service S version 2 as S2 { void P(); }" },
    { "member-name", "struct T { int8 unitPrice; }", "2:17 the member 'unitPrice' is not spelt like unit_price\n",
      "struct T { int8 unit_price; int8 a2; }" },
    { "member-name", "service S { void P(int8 Price); }", "2:25 the parameter 'Price' is not spelt like unit_price\n",
      "service S { void P(int8 price); }" },
    { "value-name", "enum E { RED, Green, blue, Dark_Red }",
      "2:22 the value 'blue' is not spelt like DarkRed\n2:28 the value 'Dark_Red' is not spelt like DarkRed\n",
      "enum E { Red, DarkGreen, B2 }" },
    { "procedure-name", "service S { void place(); }", "2:18 the procedure 'place' is not spelt like PlaceOrder\n",
      "service S { void Place(); }" },
    { "constant-name", "const int8 Max = 1;", "2:12 the constant 'Max' is not spelt like MAX_NAMES\n",
      "const int8 MAX_2 = 1;" },
    { "repeated-name", "enum Color { ColorRed }", "2:14 the value 'ColorRed' repeats the name of its enum\n",
      "enum Color { Colorful, Color }" },
    { "repeated-name", "service Shop { void ShopClose(); }",
      "2:21 the procedure 'ShopClose' repeats the name of its service\n",
      "service Shop { void Close(); void Shopping(); }" },
    { "version-in-name", "service PaperV2 { void P(); }",
      "2:9 the version of the service is in its name 'PaperV2'; write 'version' behind it\n",
      "service Paper version 2 { void P(); } service V8 { void P(); } service IPv4 { void P(); }" },
    { "padded-struct", "struct T { int8 a; int32 b; int8 c; int16 d; }",
      "2:8 'T' would be blittable with its members in another order, the widest first\n",
      "struct T { int32 b; int16 d; int8 a; int8 c; } struct U { int8 a; int32 b; } struct V { string s; int8 a; int32 b; "
      "int8 c; int16 d; } extensible struct W { int8 a; int32 b; int8 c; int16 d; }" },
    { "empty-struct", "struct T { }",
      "2:8 'T' has no members, and cannot get any later; make it extensible, or leave it out\n",
      "extensible struct T { } error E { }" },
    { "large-value", "struct T { uint8[65537] a; }", "2:25 'a' is 65537 bytes, by value\n",
      "struct T { uint8[65536] a; list<uint32> b; }" },
    { "list-of-bytes", "struct T { list<uint8> a; }", "2:24 'a' is a list<uint8>; that is what bytes are for\n",
      "struct T { bytes a; uint8[4] b; list<uint16> c; list<bool> d; }" },
    { "optional-list", "struct T { optional<list<int32>> a; optional<map<int8, int8>> b; }",
      "2:34 'a' can be none and it can be empty: do these differ?\n"
      "2:63 'b' can be none and it can be empty: do these differ?\n",
      "struct T { list<optional<int32>> a; optional<string> b; }" },
    { "looks-like-flags", "enum E { None = 0, A = 1, B = 2, C = 4, D = 32 }",
      "2:6 the values of 'E' are bits; is it a flags enum?\n",
      "enum E { A = 1, B = 2, C = 3, D = 4 } enum F { A = 1, B = 2 } flags enum G { A, B, C }" },
    { "enum-without-zero", "enum E { A = 1 }", "2:6 'E' has no value 0\n",
      "enum E { A, B } flags enum F { A } extensible enum G { A = 1 }" },
    { "many-parameters", "service S { void P(int8 a, int8 b, int8 c, int8 d, int8 e, int8 f, int8 g); }",
      "2:18 'P' has 7 parameters; an extensible struct could hold them\n",
      "service S { void P(int8 a, int8 b, int8 c, int8 d, int8 e, int8 f); }" },
    { "bools-in-a-row", "service S { void P(bool a, bool b); }",
      "2:33 'a' and 'b' are bools side by side; a flags enum has names for them\n",
      "service S { void P(bool a, int8 b, bool c); }" },
    { "getter-not-idempotent", "service S { int8 GetIt(); stream<int8> List(); }",
      "2:18 'GetIt' sounds as if it changed nothing; it is not idempotent, though\n"
      "2:40 'List' sounds as if it changed nothing; it is not idempotent, though\n",
      "service S { idempotent int8 GetIt(); int8 Getaway(); void GetUp(); int8 Take(); int8 Count(stream<int8> x); }" },
    { "closed-parameters", "service S { int8 P(int8 a); void Q(); }",
      "2:18 'P' does not take one extensible struct, so nothing can be added to its parameters\n"
      "2:18 'P' does not return an extensible struct, so nothing can be added to its result\n"
      "2:34 'Q' does not take one extensible struct, so nothing can be added to its parameters\n",
      "extensible struct T { } service S { T P(T t); void Q(T t); }" },
    { "unused-type", "struct T { int8 a; } enum E { A } service S { void P(); }",
      "2:8 no procedure, error or constant is made of the struct 'T'\n"
      "2:27 no procedure, error or constant is made of the enum 'E'\n",
      "struct T { list<U> u; } struct U { optional<T> t; map<K, int8> m; } enum K { A } enum C { A } const C FIRST = A; struct X { } "
      "error E { X x; } service S { void P(T t) raises (E); }" },
    { "unused-type", "", "", "struct T { int8 a; }" },
    { "deprecated-use", "deprecated \"no\" struct D { } struct T { list<D> d; } service S { D P(map<int8, D> d); }",
      "2:49 'd' uses 'D', which is deprecated: no\n2:83 'd' uses 'D', which is deprecated: no\n"
      "2:68 'P' uses 'D', which is deprecated: no\n",
      "deprecated \"no\" struct D { } deprecated \"no\" struct T { D d; } struct U { deprecated \"no\" D d; } service S { "
      "deprecated \"no\" D P(D d); } deprecated \"no\" service R { D P(D d); }" },
    { "deprecated-use", "deprecated \"no\" enum D { A } struct T { map<D, int8> d; }",
      "2:54 'd' uses 'D', which is deprecated: no\n", "enum D { deprecated \"no\" A } struct T { map<D, int8> d; }" },
    { "deprecated-use", "deprecated \"no\" error D { } service S { void P() raises (D); }",
      "2:46 'P' uses 'D', which is deprecated: no\n", "error D { } service S { void P() raises (D); }" },
    { "undocumented", "struct T { } service S {\nvoid P();\n}",
      "2:8 the struct 'T' has no comment (///)\n2:22 the service 'S' has no comment (///)\n"
      "3:6 the procedure 'P' has no comment (///)\n",
      "/// A t.\nstruct T { int8 a; }\n/// An s.\nservice S {\n/// A p.\nvoid P();\n}" },
    { "needless-allow", "struct T { int8 a; } // lint: allow(type-name, nonsense, type-nam)",
      "2:37 nothing here needs 'type-name' to be allowed\n2:48 there is no rule 'nonsense'\n"
      "2:58 there is no rule 'type-nam'; did you mean 'type-name'?\n",
      "struct t { int8 a; } // lint: allow(type-name): it is like this elsewhere\n" },
};

enum { SAMPLES = sizeof(samples) / sizeof(*samples) };

/* Lints one text with the rules that are named. Returns how much was found; what is in `ret_found`. */
static size_t lint(const char *path, const char *text, const char *const *rules, struct kodosis_text *ret_found)
{
    struct memory_sources *sources = calloc(1, sizeof(*sources));
    struct kodosis_compilation compilation;
    struct kodosis_lint run;
    size_t warnings;
    size_t count;

    assert_non_null(sources);
    memory_sources_add(sources, path, text, strlen(text));
    kodosis_lint_init(&run, memory_sources_compile(sources, path, &compilation), &compilation.diagnostics);
    free(sources);
    assert_non_null(run.model);
    for (; *rules; rules++)
        assert_true(kodosis_lint_switch(&run, *rules));
    warnings = compilation.diagnostics.warning_count;
    count = kodosis_lint_run(&run);
    assert_int_equal(compilation.diagnostics.warning_count - warnings, count);
    assert_int_equal(compilation.diagnostics.error_count, 0);
    kodosis_text_add_bytes(ret_found, "", 0);
    for (const struct kodosis_diagnostic *each = compilation.diagnostics.first; each; each = each->next)
        if (each->rule)
            kodosis_text_line(ret_found, "%u:%u %s", each->position.line, each->position.column, each->message);
    kodosis_compilation_clear(&compilation);
    return count;
}

/* Fails unless this is what the rule finds. `comment` is in front of the namespace, and `behind` behind the text. */
static void expect(const char *rule, const char *comment, const char *source, const char *behind, const char *found)
{
    const char *const rules[] = { "-all", "needless-allow", rule, NULL };
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    struct kodosis_text said = KODOSIS_TEXT_INIT;

    kodosis_text_add(&text, "%snamespace a;\n%s%s\n", comment, source, behind);
    lint("a.kod", text.data, !strcmp(rule, "needless-allow") ? (const char *const[]){ NULL } : rules, &said);
    if (strcmp(said.data, found) != 0)
        fail_msg("%s:\n%s\nfinds\n%s\nnot\n%s", rule, text.data, said.data, found);
    kodosis_text_clear(&text);
    kodosis_text_clear(&said);
}

static void rules_find_and_leave_alone(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < SAMPLES; i++) {
        expect(samples[i].rule, "", samples[i].bad, "", samples[i].found);
        expect(samples[i].rule, "", samples[i].good, "", "");
    }
}

static void every_rule_has_a_sample(void **unused)
{
    (void)unused;
    for (size_t i = 0; kodosis_rules[i]; i++) {
        const char *name = kodosis_rules[i]->name;
        bool seen = !strcmp(name, "namespace-name") || !strcmp(name, "file-name"); /* these have tests of their own */

        for (size_t k = 0; k < SAMPLES; k++)
            seen |= !strcmp(samples[k].rule, name) && *samples[k].found;
        if (!seen)
            fail_msg("no sample of %s", name);
        assert_true(strlen(kodosis_rules[i]->wants) > 10 && strlen(kodosis_rules[i]->reason) > 40);
    }
}

/* In front of the namespace, or behind it, a comment is about the whole file. */
static void comments_allow_all_of_a_file(void **unused)
{
    struct kodosis_text comment = KODOSIS_TEXT_INIT;

    (void)unused;
    for (size_t i = 0; i < SAMPLES; i++) {
        if (!strcmp(samples[i].rule, "needless-allow"))
            continue;
        comment.size = 0;
        kodosis_text_add(&comment, "// lint: allow(%s): so it is\n", samples[i].rule);
        if (*samples[i].found)
            expect(samples[i].rule, comment.data, samples[i].bad, "", "");
        else
            expect(samples[i].rule, comment.data, samples[i].bad, "",
                   "1:16 nothing here needs 'unused-type' to be allowed\n");
    }
    kodosis_text_clear(&comment);
}

static void comments_reach_as_far_as_they_say(void **unused)
{
    static const char one[] = "2:17 the member 'A' is not spelt like unit_price\n";
    const char *rule = "member-name";

    (void)unused;
    expect(rule, "", "struct T { int8 A; } // lint: allow(member-name)\n", "", "");
    expect(rule, "", "struct T { int8 A; } // lint:allow(member-name)\n", "", one);
    expect(rule, "", "struct T { int8 A; } /// lint: allow(member-name)\n", "", one);
    expect(rule, "", "struct T { int8 A; } //lint: allow( member-name ,member-name )\n", "", "");
    /* behind code: that line and no other */
    expect(rule, "", "struct T {\nint8 A; // lint: allow(member-name)\nint8 B;\n}", "",
           "4:6 the member 'B' is not spelt like unit_price\n");
    /* in front of a member: up to its end */
    expect(rule, "", "struct T {\n// lint: allow(member-name)\nint8\nA;\nint8 B;\n}", "",
           "6:6 the member 'B' is not spelt like unit_price\n");
    /* in front of a procedure, whose parameters are on several lines */
    expect(rule, "", "service S {\n// lint: allow(member-name)\nvoid P(int8 A,\nint8 B);\nvoid Q(int8 A);\n}", "",
           "6:13 the parameter 'A' is not spelt like unit_price\n");
    /* in front of a declaration, with a comment between */
    expect(rule, "", "// lint: allow(member-name)\n/// A t.\nstruct T {\nint8 A;\nint8 B;\n}\nstruct U { int8 C; }", "",
           "8:17 the member 'C' is not spelt like unit_price\n");
    expect("value-name", "", "enum E {\n// lint: allow(value-name)\na,\nb }", "",
           "5:1 the value 'b' is not spelt like DarkRed\n");
    expect("value-name", "", "enum E {\na,\n// lint: allow(value-name)\nb\n}\nenum F { c }", "",
           "3:1 the value 'a' is not spelt like DarkRed\n7:10 the value 'c' is not spelt like DarkRed\n");
    expect(rule, "", "struct T { int8 a; }\n// lint: allow(member-name)", "",
           "3:16 nothing here needs 'member-name' to be allowed\n");
    expect(rule, "", "", "struct T { string s; } // \"lint: allow(member-name)\"", "");
}

static void files_and_namespaces(void **unused)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    (void)unused;
    assert_int_equal(lint("a/Order.kod", "namespace a;", (const char *const[]){ NULL }, &text), 1);
    assert_int_equal(lint("b/o rder.kod", "namespace a.B;", (const char *const[]){ NULL }, &text), 2);
    assert_int_equal(lint("C/order-2_x.kod", "namespace a.b;", (const char *const[]){ NULL }, &text), 0);
    assert_int_equal(lint("b/oRder.kod", "namespace a.B; // lint: allow(file-name, namespace-name)\n",
                          (const char *const[]){ NULL }, &text),
                     0);
    assert_string_equal(text.data,
                        "1:11 the name of the file, 'Order.kod', has more than small letters, digits, '-' and '_'\n"
                        "1:11 the namespace 'a.B' has capitals\n"
                        "1:11 the name of the file, 'o rder.kod', has more than small letters, digits, '-' and '_'\n");
    kodosis_text_clear(&text);
}

static void rules_are_switched(void **unused)
{
    static const char source[] = "namespace a;\nstruct t { int8 A; }\nenum E { X = 1 }\n";
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    struct kodosis_lint run;

    (void)unused;
    assert_int_equal(lint("a.kod", source, (const char *const[]){ NULL }, &text), 2);
    assert_int_equal(lint("a.kod", source, (const char *const[]){ "-type-name", NULL }, &text), 1);
    assert_int_equal(lint("a.kod", source, (const char *const[]){ "-all", NULL }, &text), 0);
    assert_int_equal(lint("a.kod", source, (const char *const[]){ "-all", "enum-without-zero", NULL }, &text), 1);
    assert_int_equal(lint("a.kod", source, (const char *const[]){ "all", NULL }, &text), 5);
    kodosis_lint_init(&run, NULL, NULL);
    assert_false(kodosis_lint_switch(&run, "type-nam"));
    assert_false(kodosis_lint_switch(&run, "--type-name"));
    assert_string_equal(kodosis_rule_guess("type-nam", 8), "type-name");
    kodosis_text_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_find_and_leave_alone),   cmocka_unit_test(every_rule_has_a_sample),
        cmocka_unit_test(comments_allow_all_of_a_file), cmocka_unit_test(comments_reach_as_far_as_they_say),
        cmocka_unit_test(files_and_namespaces),         cmocka_unit_test(rules_are_switched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
