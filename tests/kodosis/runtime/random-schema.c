/* SPDX-License-Identifier: MIT */
/*
 * Writes a random interface file, or the table of its types for properties.c:
 *
 *     random-schema SEED schema > sSEED.kod
 *     random-schema SEED table > sSEED-table.c
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/runtime/random.h"

enum { ENUMS = 3, RECORDS = 14, MEMBERS_MAX = 9, NESTING_MAX = 3 };

static uint64_t state;
static unsigned current; /* the record that is being written: it may hold earlier ones by value */

static const char *const scalars[] = { "bool",   "int8",   "int16",  "int32",   "int64",  "uint8",
                                       "uint16", "uint32", "uint64", "float32", "float64" };

static uint32_t below(uint32_t limit)
{
    return random_below(&state, limit);
}

static void write_scalar(void)
{
    printf("%s", scalars[below(11)]);
}

static void write_key(void)
{
    static const char *const keys[] = { "bool", "int8", "int16", "int32", "uint64", "string", "string", "uint8" };

    if (below(6) == 0)
        printf("E%u", below(ENUMS));
    else
        printf("%s", keys[below(8)]);
}

/* `behind` says that the value is behind a count or a presence byte, so that recursion may end there. */
static void write_type(unsigned nesting, bool behind)
{
    uint32_t choice = below(nesting < NESTING_MAX ? 16 : 8);

    if (choice < 4) {
        write_scalar();
    } else if (choice == 4) {
        printf("string");
    } else if (choice == 5) {
        printf("bytes");
    } else if (choice == 6) {
        printf("E%u", below(ENUMS));
    } else if (choice < 9) {
        if (behind && below(3) == 0)
            printf("T%u", below(RECORDS));
        else if (current)
            printf("T%u", below(current));
        else
            write_scalar();
    } else if (choice < 11) {
        write_type(nesting + 1, behind);
        printf("[%u]", 1 + below(3));
    } else if (choice < 13) {
        printf("list<");
        write_type(nesting + 1, true);
        printf(">");
    } else if (choice < 15) {
        printf("optional<");
        write_type(nesting + 1, true);
        printf(">");
    } else {
        printf("map<");
        write_key();
        printf(", ");
        write_type(nesting + 1, true);
        printf(">");
    }
}

/* A flags enum has 7 bits at most, so that any unsigned integer holds them. */
static void write_flags(unsigned number)
{
    static const char *const integers[] = { "uint8", "uint16", "uint32", "uint64" };
    unsigned count = 1 + below(7);
    unsigned i;

    printf("%sflags enum E%u : %s {", below(2) ? "extensible " : "", number, integers[below(4)]);
    for (i = 0; i < count; i++)
        printf(" V%u,", i);
    printf(" }\n");
}

static void write_enum(unsigned number)
{
    static const char *const integers[] = { "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64" };
    unsigned count = 1 + below(7);
    unsigned value = below(5);
    unsigned i;

    printf("%senum E%u : %s {", number == 1 ? "extensible " : "", number, integers[below(8)]);
    for (i = 0; i < count; i++) {
        printf(" V%u = %u,", i, value);
        value += 1 + below(3) * below(6);
    }
    printf(" }\n");
}

static bool is_union(unsigned number)
{
    return number % 4 == 3;
}

static bool is_extensible(unsigned number)
{
    return number % 8 == 7 || number % 4 == 2;
}

/* Writes members that may be missing: with defaults of every kind, and optional ones. */
static void write_tail(void)
{
    static const char *const defaults[] = { "int8 %s = -5",
                                            "bool %s = true",
                                            "string %s = \"x\\n\"",
                                            "float32 %s = 0.5",
                                            "uint64 %s = 0xffffffffffffffff",
                                            "bytes %s = \"\"",
                                            "list<string> %s = []",
                                            "map<int8, E1> %s = []",
                                            "E0 %s = V0",
                                            "E1 %s = V0",
                                            "E2 %s = V0" };
    unsigned count = below(5);
    char name[16];
    unsigned i;

    for (i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "t%u", i);
        if (below(3) == 0) {
            printf("optional<");
            write_type(1, true);
            printf("> %s", name);
        } else {
            printf(defaults[below(sizeof(defaults) / sizeof(*defaults))], name);
        }
        printf("; ");
    }
}

/* A value that an extensible struct has always: no optional, which would be the first that may be missing. */
static void write_required(void)
{
    switch (below(4)) {
    case 0:
        printf("list<");
        write_type(1, true);
        printf(">");
        break;
    case 1:
        printf("T%u", below(current));
        break;
    case 2:
        printf("string");
        break;
    default:
        write_scalar();
        break;
    }
}

static void write_record(unsigned number)
{
    unsigned count = below(MEMBERS_MAX);
    unsigned i;

    current = number;
    if (is_extensible(number))
        printf("extensible ");
    if (is_union(number)) {
        printf("union T%u { ", number);
        write_scalar();
        printf(" first; ");
    } else {
        printf("struct T%u { ", number);
    }
    for (i = 0; i < count; i++) {
        /* some structs are of scalars alone, so that blittable ones are among them */
        if (number % 4 == 0)
            printf("%s", scalars[number % 8 ? 3 : below(11)]);
        else if (is_extensible(number) && !is_union(number))
            write_required();
        else
            write_type(0, is_union(number));
        printf(" m%u; ", i);
    }
    if (is_extensible(number) && !is_union(number))
        write_tail();
    printf("}\n");
}

static void write_schema(const char *seed)
{
    unsigned i;

    printf("namespace random.s%s;\n", seed);
    for (i = 0; i < ENUMS; i++)
        if (i == 2)
            write_flags(i);
        else
            write_enum(i);
    for (i = 0; i < RECORDS; i++)
        write_record(i);
}

static void write_table(const char *seed)
{
    unsigned i;

    printf("#include \"kodosis/runtime/properties.h\"\n#include \"s%s.h\"\n\n", seed);
    for (i = 0; i < RECORDS; i++)
        printf("VALUES_TYPE(random_s%s_t%u, \"random.s%s.T%u\");\n", seed, i, seed, i);
    printf("\nstatic const struct values_type *const types[] = {\n");
    for (i = 0; i < RECORDS; i++)
        printf("    &random_s%s_t%u_type,\n", seed, i);
    printf("};\n\nconst struct properties properties_%s = { &random_s%s_s%s_schema, types, %u };\n", seed, seed, seed,
           RECORDS);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    state = strtoull(argv[1], NULL, 10);
    if (strcmp(argv[2], "table") == 0)
        write_table(argv[1]);
    else
        write_schema(argv[1]);
    return fflush(stdout) ? 1 : 0;
}
