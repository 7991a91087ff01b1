/* SPDX-License-Identifier: MIT */
/* Which canonical texts match: pairs by hand, and texts that a hostile peer may send. */
#include "kodosis/runtime/cmocka_all.h"

#include <stdio.h>

#include <kodosis/shape.h>

#include "kodosis/runtime/random.h"

static struct kodosis_arena arena;

static bool match(const char *left, const char *right)
{
    kodosis_arena_reset(&arena);
    return kodosis_shapes_match(left, strlen(left), right, strlen(right), &arena);
}

/* Checks the answer both ways round. */
static void check(const char *left, const char *right, bool wanted)
{
    if (match(left, right) != wanted || match(right, left) != wanted)
        fail_msg("%s and %s should%s match", left, right, wanted ? "" : " not");
}

static void equal_texts_match(void **state)
{
    static const char *const texts[] = {
        "()->void",
        "()->oneway",
        "(int32)->bool",
        "(struct{enum uint8{1,2,3},list<#1>},#2)->void raises(paper.Busy=struct{},paper.NotFound=struct{string,#2})",
        "(string,stream<bytes>)->uint64",
        "(array<array<int8,3>,2>)->map<string,union{int32,optional<map<int8,array<#1,2>>>}>",
        "(flags uint8{7})->extensible flags uint16",
        "(extensible struct{;})->extensible union{bool}",
        "(extensible struct{})->void",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++)
            if (i < 7 || i == k)
                check(texts[i], texts[k], i == k);
}

static void additions_match(void **state)
{
    (void)state;
    check("(extensible struct{int32})->void", "(extensible struct{int32;bool})->void", true);
    check("(extensible struct{int32})->void", "(extensible struct{int32;optional<string>,bool})->void", true);
    check("(extensible struct{})->void", "(extensible struct{;bool})->void", true);
    check("(extensible union{int32})->void", "(extensible union{int32,string})->void", true);
    check("()->list<extensible struct{int8}>", "()->list<extensible struct{int8;int8}>", true);
    check("()->void raises(a.B=struct{extensible struct{}})", "()->void raises(a.B=struct{extensible struct{;bool}})",
          true);
    check("(stream<extensible struct{}>)->void", "(stream<extensible struct{;bool}>)->void", true);
    /* both sides may have grown, where one of them has all that the other must have */
    check("(extensible struct{bool;int8})->extensible union{bool,int8}",
          "(extensible struct{bool})->extensible union{bool,int8,int16}", true);
}

static void other_changes_do_not_match(void **state)
{
    (void)state;
    check("(extensible struct{int32})->void", "(extensible struct{int32,bool})->void", false);
    check("(extensible struct{int32})->void", "(extensible struct{int64})->void", false);
    check("(extensible struct{int32})->void", "(extensible struct{bool,int32})->void", false);
    check("(extensible struct{int32})->void", "(struct{int32})->void", false);
    check("(struct{int32})->void", "(struct{int32,bool})->void", false);
    check("(extensible struct{;int32})->void", "(extensible struct{;int64})->void", false);
    check("(extensible struct{bool;int32})->void", "(extensible struct{bool,int32,int8})->void", false);
    check("(extensible struct{int32;bool})->void", "(extensible struct{int32,bool;int8})->void", false);
    check("(extensible struct{int32;bool})->void", "(extensible struct{int32,bool})->void", false);
    check("(extensible union{int32})->void", "(extensible union{int64,string})->void", false);
    check("(extensible union{int32})->void", "(union{int32})->void", false);
    check("(union{int32})->void", "(union{int32,bool})->void", false);
    check("(extensible enum uint8)->void", "(extensible enum uint16)->void", false);
    check("(extensible enum uint8)->void", "(extensible flags uint8)->void", false);
    check("(enum uint8{1,2})->void", "(enum uint8{1,2,3})->void", false);
    check("(flags uint8{3})->void", "(flags uint8{7})->void", false);
    check("(extensible struct{})->void", "(extensible struct{},bool)->void", false);
    check("(extensible struct{})->void", "(extensible struct{})->bool", false);
    check("(extensible struct{})->void", "(extensible struct{})->oneway", false);
    check("(extensible struct{})->void", "(extensible struct{})->void raises(a.B=struct{})", false);
    check("()->void raises(a.B=struct{})", "()->void raises(a.C=struct{})", false);
    check("()->void raises(a.B=struct{})", "()->void raises(a.B=struct{},a.C=struct{})", false);
    check("(array<extensible struct{},2>)->void", "(array<extensible struct{;bool},3>)->void", false);
    check("(list<extensible struct{}>)->void", "(optional<extensible struct{}>)->void", false);
    check("(stream<extensible struct{}>)->void", "(extensible struct{})->void", false);
    check("(int8;bool)->void", "(int8,bool)->void", false);
}

/* The numbers of types differ where an addition brought types along, and a type may be written out on one side only. */
static void numbers_need_not_agree(void **state)
{
    (void)state;
    check("(extensible struct{int32},struct{bool},#2)->void",
          "(extensible struct{int32;struct{int8}},struct{bool},#3)->void", true);
    check("(extensible struct{int32},struct{bool},#2)->void",
          "(extensible struct{int32;struct{int8}},struct{bool},#2)->void", false);
    check("(extensible struct{int32},struct{bool})->#2", "(extensible struct{int32;struct{bool}},#2)->#2", true);
    check("(struct{bool},#1)->void", "(struct{bool},struct{bool})->void", true);
    /* recursion, also where one side goes round once more before it meets itself */
    check("(extensible struct{list<#1>})->void", "(extensible struct{list<#1>;bool})->void", true);
    check("(extensible struct{list<#1>})->void", "(extensible struct{list<extensible struct{list<#1>}>})->void", true);
    check("(extensible struct{list<#1>})->void", "(extensible struct{list<extensible struct{bool}>})->void", false);
    check("(extensible struct{optional<extensible union{#1,#2}>})->void",
          "(extensible struct{optional<extensible union{#1,#2,int8}>;bool})->void", true);
}

static void nonsense_matches_nothing(void **state)
{
    static const char *const texts[] = {
        "",
        "(",
        ")",
        "()",
        "()->",
        "()-",
        "->void",
        "()void",
        "(#1)->void",
        "(#0)->void",
        "(#)->void",
        "(#99999999999)->void",
        "(#x)->void",
        "(list<)->void",
        "(list>)->void",
        "(struct{)->void",
        "(}})->void",
        "(<>)->void",
        "(={})->void",
        "()->void raises(",
        "()->voidraises()",
        "()->(",
        "()->a=b<",
        "(a=b=c>)->void",
        "(list<int8})->void",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (match(texts[i], texts[i]))
            fail_msg("%s matches", texts[i]);
}

/* Types within types, in hundred thousands, and references that all mean each other. */
static void size_is_no_matter(void **state)
{
    enum { DEPTH = 100000, TYPES = 2000 };
    static char deep[DEPTH * 8 + 64], wide[TYPES * 40 + 64];
    size_t size = 0;

    (void)state;
    size += (size_t)sprintf(deep, "(");
    for (int i = 0; i < DEPTH; i++)
        size += (size_t)sprintf(deep + size, "struct{");
    for (int i = 0; i < DEPTH; i++)
        deep[size++] = '}';
    strcpy(deep + size, ")->void");
    assert_true(match(deep, deep));
    size = 0;
    size += (size_t)sprintf(wide, "(");
    for (int i = 1; i <= TYPES; i++)
        size += (size_t)sprintf(wide + size, "%sstruct{#%d,#%d,#%d}", i > 1 ? "," : "", i * 7 % TYPES + 1,
                                i * 13 % TYPES + 1, i * 31 % TYPES + 1);
    strcpy(wide + size, ")->void");
    match(wide, wide); /* whatever the answer is, it comes soon */
    match(deep, wide);
}

/* Appends a type that holds itself at a depth of `depth`. */
static size_t add_round(char *text, int depth)
{
    size_t size = 0;

    for (int i = 0; i < depth; i++)
        size += (size_t)sprintf(text + size, "struct{");
    size += (size_t)sprintf(text + size, "#1");
    for (int i = 0; i < depth; i++)
        text[size++] = '}';
    text[size] = 0;
    return size;
}

/* Two rounds of types, whose lengths have no common divisor, have as many pairs as the product of their lengths. */
static void patience_ends(void **state)
{
    char short_round[1000], long_round[1000], left[1100], right[1100];

    (void)state;
    add_round(short_round, 5);
    add_round(long_round, 7);
    sprintf(left, "(%s)->void", short_round);
    sprintf(right, "(%s)->void", long_round);
    check(left, right, true);
    add_round(short_round, 101);
    add_round(long_round, 103);
    sprintf(left, "(%s)->void", short_round);
    sprintf(right, "(%s)->void", long_round);
    check(left, right, false);
    check(left, left, true);
}

/* A size that no text in memory has is refused before a byte of it is read. */
static void a_size_beyond_reason_is_refused(void **state)
{
    (void)state;
    kodosis_arena_reset(&arena);
    assert_false(kodosis_shapes_match("()->void", UINT32_MAX / 8, "()->void", 8, &arena));
    assert_false(kodosis_shapes_match("()->void", 8, "()->void", UINT32_MAX / 8, &arena));
}

/* Texts with random damage: no step beyond them, which the sanitizer would see. */
static void damage_is_survived(void **state)
{
    static const char text[] = "(extensible struct{list<#1>;optional<string>},union{int32,#2},enum int8{-1,2})->"
                               "map<string,array<#1,3>> raises(a.B=struct{#2},a.C=struct{})";
    static const char bytes[] = "<>{}(),;=#0123456789- >abc";
    uint64_t random = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t size = 1 + random_below(&random, sizeof(text) - 1);
        char *damaged = malloc(size);

        assert_non_null(damaged);
        memcpy(damaged, text, size);
        for (uint32_t i = random_below(&random, 4); i; i--)
            damaged[random_below(&random, (uint32_t)size)] = bytes[random_below(&random, sizeof(bytes) - 1)];
        kodosis_arena_reset(&arena);
        kodosis_shapes_match(damaged, size, text, sizeof(text) - 1, &arena);
        kodosis_shapes_match(text, sizeof(text) - 1, damaged, size, &arena);
        free(damaged);
    }
}

static void without_memory_nothing_matches(void **state)
{
    enum { TYPES = 50 };
    char text[TYPES * 9 + 32];
    size_t size = (size_t)sprintf(text, "(");
    bool matched = false;

    (void)state;
    for (int i = 0; i < TYPES; i++)
        size += (size_t)sprintf(text + size, "%sstruct{}", i ? "," : "");
    size += (size_t)sprintf(text + size, ")->void");
    for (size_t limit = 16; limit < 1 << 16 && !matched; limit += 16) {
        struct kodosis_arena small;

        kodosis_arena_init(&small, NULL, limit);
        matched = kodosis_shapes_match(text, size, text, size, &small);
        kodosis_arena_clear(&small);
        assert_true(!matched || limit > 1000);
    }
    assert_true(matched);
}

static int set_up(void **state)
{
    (void)state;
    kodosis_arena_init(&arena, NULL, 1 << 28);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kodosis_arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_match),
        cmocka_unit_test(additions_match),
        cmocka_unit_test(other_changes_do_not_match),
        cmocka_unit_test(numbers_need_not_agree),
        cmocka_unit_test(nonsense_matches_nothing),
        cmocka_unit_test(size_is_no_matter),
        cmocka_unit_test(damage_is_survived),
        cmocka_unit_test(without_memory_nothing_matches),
        cmocka_unit_test(patience_ends),
        cmocka_unit_test(a_size_beyond_reason_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
