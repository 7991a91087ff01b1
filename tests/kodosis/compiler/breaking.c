/* SPDX-License-Identifier: MIT */
/* What each kind of change breaks: two texts, and all that is said of the step from one to the other. */
#include "kodosis/compiler/memory-sources.h"

#include "kodosis/compiler/breaking/breaking.h"
#include "kodosis/compiler/text/text.h"

struct change {
    const char *old;
    const char *new;
    const char *said; /* "line:column kinds: sentence\n" for each finding, in the order they are found */
};

static const char *said_of(struct kodosis_diagnostics *diagnostics, struct kodosis_text *text)
{
    for (const struct kodosis_diagnostic *each = diagnostics->first; each; each = each->next)
        kodosis_text_line(text, "%u:%u %s: %s", each->position.line, each->position.column, each->rule, each->message);
    return text->size ? text->data : "";
}

static void compare(const struct kodosis_model *old, const struct kodosis_model *new, const char *said)
{
    struct kodosis_comparison comparison = { old, new, KODOSIS_BREAK_ALL };
    struct kodosis_diagnostics diagnostics = { 0 };
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    size_t notices = 0;
    size_t count = kodosis_breaking(&comparison, &diagnostics);

    assert_string_equal(said_of(&diagnostics, &text), said);
    for (const char *at = said; (at = strstr(at, " notice: ")); at++)
        notices++;
    assert_int_equal(diagnostics.note_count, notices);
    assert_int_equal(diagnostics.error_count, count);
    assert_int_equal(diagnostics.kept, count + notices);
    kodosis_text_clear(&text);
    kodosis_diagnostics_clear(&diagnostics);
}

static void check(const struct change *change)
{
    struct kodosis_compilation old_compilation, new_compilation;
    struct kodosis_text old = KODOSIS_TEXT_INIT;
    struct kodosis_text new = KODOSIS_TEXT_INIT;
    const struct kodosis_model *old_model, *new_model;

    kodosis_text_add(&old, "namespace a;\n%s\n", change->old);
    kodosis_text_add(&new, "namespace a;\n%s\n", change->new);
    old_model = compile_good(old.data, &old_compilation);
    new_model = compile_good(new.data, &new_compilation);
    compare(old_model, old_model, "");
    compare(new_model, new_model, "");
    compare(old_model, new_model, change->said);
    kodosis_compilation_clear(&old_compilation);
    kodosis_compilation_clear(&new_compilation);
    kodosis_text_clear(&old);
    kodosis_text_clear(&new);
}

#define SERVICE(procedures) "service S { " procedures " }"
#define TAKES(type) SERVICE("void P(" type " x);")

static void members(void **unused)
{
    static const struct change changes[] = {
        { "struct T { int8 a; }", "struct T { int8 a; int16 b; }", "2:26 wire: the member 'b' was added\n" },
        { "struct T { int8 a; int16 b; }", "struct T { int8 a; }", "2:8 wire, source: the member 'b' was removed\n" },
        { "struct T { int8 a; }", "struct T { int8 b; }", "2:17 source: the member 'a' is called 'b' now\n" },
        { "struct T { int8 a; }", "struct T { int16 a; }",
          "2:18 wire, source: the member 'a' is of type int16 now, and was of type int8\n" },
        { "struct T { int8 a; int16 b; }", "struct T { int16 b; int8 a; }",
          "2:18 wire: the members have another order: 'b' is where 'a' was\n" },
        { "struct T { int8 a; int8 b; }", "struct T { int8 b; int8 a; }",
          "2:17 source, behaviour: the member 'b' stands where 'a' stood, which is of the same type: one side's 'a' is the "
          "other side's 'b'\n"
          "2:25 source, behaviour: the member 'a' stands where 'b' stood, which is of the same type: one side's 'b' is the "
          "other side's 'a'\n" },
        { "struct T { int8 a; int8[3] b; }", "struct T { int8 a; int8[4] b; }",
          "2:28 wire, source: the member 'b' is of type int8[4] now, and was of type int8[3]\n" },
        { "struct T { map<int8, string> a; }", "struct T { map<int16, string> a; }",
          "2:31 wire, source: the member 'a' is of type map<int16, string> now, and was of type map<int8, string>\n" },
        { "struct T { int8 a; int16 b; }", "struct T { int8 c; int16 b; int32 d; }",
          "2:17 source: the member 'a' is called 'c' now\n2:35 wire: the member 'd' was added\n" },
        { "union T { int8 a; }", "union T { int8 a; int16 b; }", "2:25 wire: the member 'b' was added\n" },
        { "error T { int8 a; }", "error T { int8 a; int16 b; }", "2:25 wire: the member 'b' was added\n" },
        { "struct T { int8 a; }", "struct T { int8 a; } " TAKES("string"), "" },
        { "struct T { int8 a; }", "struct T { deprecated \"no\" int8 a; }",
          "2:33 notice: the member 'a' is deprecated now: no\n" },
        { "struct T { deprecated \"no\" int8 a; }", "struct T { int8 a; }", "" },
        { "type I = int8; struct T { I a; }", "type I = int8; struct T { int8 a; }", "" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
        check(&changes[i]);
}

static void extensible_types(void **unused)
{
    static const struct change changes[] = {
        { "extensible struct T { int8 a; }", "extensible struct T { int8 a; int8 b = 1; }", "" },
        { "extensible struct T { int8 a; optional<int8> b; }", "extensible struct T { int8 a; }",
          "2:19 source, behaviour: the last member 'b' was removed: what the other side sends there is not read, and its "
          "place may be given away again\n" },
        { "extensible struct T { int8 a; }", "extensible struct T { int8 a; int8 b; }",
          "2:19 wire: 'T' has 2 members that every version sends, and had 1: members on either side of the first that may be "
          "missing are placed differently\n" },
        { "extensible struct T { int8 a; }", "struct T { int8 a; }", "2:8 wire: 'T' was extensible, and is no more\n" },
        { "struct T { int8 a; }", "extensible struct T { int8 a; }",
          "2:19 wire: 'T' is extensible now, and was not\n" },
        { "extensible struct T { int8 a = 1; int16 b = 1; }", "extensible struct T { int16 b = 1; int8 a = 1; }",
          "2:29 wire: the members have another order: 'b' is where 'a' was\n" },
        { "extensible struct T { int8 a = 1; }", "extensible struct T { int16 b = 1; int8 a = 1; }",
          "2:29 wire: the member 'b' was added, but not at the end\n" },
        { "extensible struct T { int8 a = 1; }", "extensible struct T { int8 a = 2; }",
          "2:28 behaviour: the default of 'a' is another one now: each reader takes its own\n" },
        { "extensible struct T { float64 a = 0.0; }", "extensible struct T { float64 a = -0.0; }",
          "2:31 behaviour: the default of 'a' is another one now: each reader takes its own\n" },
        { "enum E { X, Y } extensible struct T { E a = X; }", "enum E { X, Y } extensible struct T { E a = Y; }",
          "2:41 behaviour: the default of 'a' is another one now: each reader takes its own\n" },
        { "extensible struct T { string a = \"\"; }", "extensible struct T { string a = \"x\"; }",
          "2:30 behaviour: the default of 'a' is another one now: each reader takes its own\n" },
        { "extensible union T { int8 a; }", "extensible union T { int8 a; int16 b; }", "" },
        { "extensible union T { int8 a; int16 b; }", "extensible union T { int16 b; }",
          "2:18 wire, source: the member 'a' was removed\n" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
        check(&changes[i]);
}

static void enums(void **unused)
{
    static const struct change changes[] = {
        { "enum E { A, B }", "enum E { A, B, C }",
          "2:16 wire: the value 'C' was added, which the other side refuses\n" },
        { "enum E { A, B }", "enum E { A }", "2:6 wire, source: the value 'B' was removed\n" },
        { "enum E { A, B }", "enum E { A, C }", "2:13 source: the value 'B' is called 'C' now\n" },
        { "enum E { A, B }", "enum E { A, B = 7 }", "2:13 wire, behaviour: the value 'B' is 7 now, and was 1\n" },
        { "enum E { A, B }", "enum E { B, A }",
          "2:13 behaviour: the value 'A' is 1 now, and was 0\n2:10 behaviour: the value 'B' is 0 now, and was 1\n" },
        { "enum E { A, B }", "enum E { B }",
          "2:10 source, behaviour: the value 'A' was removed, and its number is that of 'B' now\n"
          "2:10 wire, behaviour: the value 'B' is 0 now, and was 1\n" },
        { "enum E { A }", "enum E : uint8 { A }",
          "2:6 wire, source: the values of 'E' are of type uint8 now, and were of type int32\n" },
        { "enum E : uint64 { A = 0xffffffffffffffff }", "enum E : uint64 { A = 0xfffffffffffffffe }",
          "2:19 wire, behaviour: the value 'A' is 18446744073709551614 now, and was 18446744073709551615\n" },
        { "extensible enum E { A }", "extensible enum E { A, B }", "" },
        { "extensible enum E { A, B }", "extensible enum E { A }",
          "2:17 source, behaviour: the value 'B' was removed: it may still arrive, and its number may be given away again\n" },
        { "extensible enum E { A, B }", "extensible enum E { A, B = 2 }",
          "2:24 behaviour: the value 'B' is 2 now, and was 1\n" },
        { "enum E { A }", "extensible enum E { A }", "2:17 wire: 'E' is extensible now, and was not\n" },
        { "flags enum E { A, B }", "flags enum E { A, B, AB = 3 }", "" },
        { "flags enum E { A, B }", "flags enum E { A, B, C }",
          "2:22 wire: the value 'C' was added, which the other side refuses\n" },
        { "flags enum E { A, B, C = 3 }", "flags enum E { A, B }",
          "2:12 source, behaviour: the value 'C' was removed: it may still arrive, and its number may be given away again\n" },
        { "enum E : uint32 { A = 1 }", "flags enum E { A }",
          "2:12 wire, source: 'E' is a flags enum now, and was none\n" },
        { "enum E { A }", "enum E { deprecated \"no\" A }", "2:26 notice: the value 'A' is deprecated now: no\n" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
        check(&changes[i]);
}

static void procedures(void **unused)
{
    static const struct change changes[] = {
        { SERVICE("void P();"), SERVICE("void P(); void Q();"), "" },
        { SERVICE("void P(); int8 Q();"), SERVICE("void P();"),
          "2:9 wire, source: the procedure 'Q' was removed: its callers are told that it is not there\n" },
        { SERVICE("void P();"), SERVICE("void Q();"),
          "2:18 wire, source: the procedure 'P' was removed: its callers are told that it is not there ('Q' has its shape; "
          "procedures are found by their names)\n" },
        { SERVICE("void P(int8 a);"), SERVICE("void P(int8 b);"),
          "2:25 source: the parameter 'a' is called 'b' now\n" },
        { SERVICE("void P(int8 a);"), SERVICE("void P(int8 a, int8 b);"),
          "2:33 wire, source: the parameter 'b' was added\n" },
        { SERVICE("void P(int8 a, int8 b);"), SERVICE("void P(int8 a);"),
          "2:18 wire, source: the parameter 'b' was removed\n" },
        { SERVICE("void P(string a);"), SERVICE("void P(stream<string> a);"),
          "2:35 wire, source: the parameter 'a' is of type stream<string> now, and was of type string\n" },
        { SERVICE("int8 P();"), SERVICE("int16 P();"),
          "2:19 wire, source: 'P' returns int16 now, and returned int8\n" },
        { SERVICE("int8 P();"), SERVICE("stream<int8> P();"),
          "2:26 wire, source: 'P' returns stream<int8> now, and returned int8\n" },
        { SERVICE("void P();"), SERVICE("bool P();"), "2:18 wire, source: 'P' returns bool now, and returned void\n" },
        { SERVICE("void P();"), SERVICE("oneway void P();"), "2:25 wire: 'P' is oneway now, and had a reply\n" },
        { SERVICE("oneway void P();"), SERVICE("void P();"), "2:18 wire: 'P' was oneway, and has a reply now\n" },
        { SERVICE("void P();"), SERVICE("idempotent void P();"), "" },
        { SERVICE("idempotent void P();"), SERVICE("void P();"),
          "2:18 behaviour: 'P' is not idempotent any more; callers that were built before may still send it again\n" },
        { SERVICE("void P();"), SERVICE("deprecated \"no\" void P();"),
          "2:34 notice: the procedure 'P' is deprecated now: no\n" },
        { "error E { } error F { } " SERVICE("void P() raises (E, F);"),
          "error E { } error F { } " SERVICE("void P() raises (F, E);"), "" },
        { "error E { } error F { } " SERVICE("void P() raises (E); void Q() raises (F);"),
          "error E { } error F { } " SERVICE("void P() raises (F); void Q() raises (E);"),
          "2:42 wire: 'P' does not raise a.E any more\n2:42 wire: 'P' raises a.F, and did not\n"
          "2:63 wire: 'Q' does not raise a.F any more\n2:63 wire: 'Q' raises a.E, and did not\n" },
        { "service S version 1 { void P(); }", "service S version 2 { void P(); }",
          "2:9 wire: version 1 of the service 'S' is not there any more: no caller of it can bind\n" },
        { "service S { void P(); }", "service S version 2 { void P(); } service S version 1 as Old { void P(); }",
          "2:58 source: the service is called 'Old' in C now, and was called 'S'\n" },
        { "service S { void P(); }", "service T { void P(); }",
          "2:9 wire, source: the service 'S' is not there any more: no caller of it can bind\n" },
        { "service S { void P(); }", "deprecated \"no\" service S { void P(); }",
          "2:25 notice: the service 'S' is deprecated now: no\n" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
        check(&changes[i]);
}

static void declarations(void **unused)
{
    static const struct change changes[] = {
        { "const int8 A = 1;", "const int8 A = 2;",
          "2:12 behaviour: 'A' has another value now; programs that were built before have the old one\n" },
        { "const int8 A = 1;", "const int16 A = 1;", "2:13 source: 'A' is of type int16 now, and was of type int8\n" },
        { "const int8 A = 1;", "", "2:12 source: the const 'a.A' is not there any more\n" },
        { "const list<int8> A = [1, 2];", "const list<int8> A = [1, 3];",
          "2:18 behaviour: 'A' has another value now; programs that were built before have the old one\n" },
        { "const list<int8> A = [1, 2];", "const list<int8> A = [1, 2];", "" },
        { "type A = int8;", "type A = int16;", "2:6 source: 'A' names int16 now, and named int8\n" },
        { "struct A { }", "union A { int8 a; }", "2:7 source: 'a.A' is of the kind union now, and was of struct\n" },
        { "struct A { }", "deprecated \"no\" struct A { }", "2:24 notice: the struct 'A' is deprecated now: no\n" },
        /* a renamed type is followed to where it is used */
        { "struct A { int8 a; } " TAKES("list<A>"), "struct B { int8 a; } " TAKES("list<B>"),
          "2:8 source: the struct 'a.A' is called 'a.B' now\n" },
        { "struct A { int8 a; } " TAKES("A"), "struct B { int16 a; } " TAKES("B"),
          "2:18 wire, source: the member 'a' is of type int16 now, and was of type int8\n"
          "2:8 source: the struct 'a.A' is called 'a.B' now\n" },
        /* another type that is there on both sides is no renaming */
        { "struct A { int8 a; } struct B { int8 b; } " TAKES("A"),
          "struct A { int8 a; } struct B { int8 b; } " TAKES("B"),
          "2:64 source: 'x' is of type a.B now, and was of type a.A\n" },
        { "struct A { int8 a; } struct B { int16 b; } " TAKES("A"),
          "struct A { int8 a; } struct B { int16 b; } " TAKES("B"),
          "2:65 wire, source: 'x' is of type a.B now, and was of type a.A\n" },
        /* what no procedure uses any more, or did not use yet, is no matter of the wire */
        { "struct A { int8 a; } " TAKES("A"), "struct A { int8 a; int8 b; } struct C { int8 a; } " TAKES("C"),
          "2:72 source: 'x' is of type a.C now, and was of type a.A\n" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
        check(&changes[i]);
}

/* A change of a type is told once, with the procedures that it breaks, of which three are named. */
static void users_are_named(void **unused)
{
    static const char procedures[] = "void P(T t); list<T> Q(); void R(string s); stream<T> U(); void V(T t);";
    struct kodosis_compilation old_compilation, new_compilation;
    struct kodosis_comparison comparison = { .kinds = KODOSIS_BREAK_WIRE };
    struct kodosis_diagnostics diagnostics = { 0 };
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    struct kodosis_text notes = KODOSIS_TEXT_INIT;

    (void)unused;
    kodosis_text_add(&text, "namespace a; struct T { int8 a; } service S { %s }", procedures);
    comparison.old = compile_good(text.data, &old_compilation);
    text.size = 0;
    kodosis_text_add(&text, "namespace a; struct T { int8 a; int8 b; } service S { %s }", procedures);
    comparison.new = compile_good(text.data, &new_compilation);
    assert_int_equal(kodosis_breaking(&comparison, &diagnostics), 1);
    for (const struct kodosis_diagnostic *note = diagnostics.first->notes; note; note = note->next)
        kodosis_text_line(&notes, "%s", note->message);
    assert_string_equal(notes.data, "this is what it was\n"
                                    "so 'S.P' is told apart when binding\n"
                                    "so 'S.Q' is told apart when binding\n"
                                    "so 'S.U' is told apart when binding, and others are\n");
    kodosis_text_clear(&text);
    kodosis_text_clear(&notes);
    kodosis_diagnostics_clear(&diagnostics);
    kodosis_compilation_clear(&old_compilation);
    kodosis_compilation_clear(&new_compilation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members),    cmocka_unit_test(extensible_types), cmocka_unit_test(enums),
        cmocka_unit_test(procedures), cmocka_unit_test(declarations),     cmocka_unit_test(users_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
