/* SPDX-License-Identifier: MIT */
/*
 * Writes two random interface files whose names are made to meet: random-names SEED FOLDER
 *
 * base.kod and main.kod, which imports it, use every construct of the language. Types, services, members and parameters are
 * called like what is generated for each other, like variables of generated functions, like words of C and C++ and macros
 * of the system's headers.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/runtime/random.h"

enum { DECLARATIONS = 9, KNOWN_MAX = 64, NAME_SIZE = 160 };

struct known {
    char name[NAME_SIZE];  /* as written */
    char snake[NAME_SIZE]; /* with the namespace */
    char kind;             /* e, s, u, x (error), v (service), c (constant) */
    bool base;
};

static uint64_t state;
static struct known known[KNOWN_MAX];
static unsigned count;
static const char *space; /* the namespace being written */
static const char *spaces[2];
static FILE *out;
static bool in_base;

static const char *const namespaces[] = {
    "n",   "n.a",   "a.b", "size",  "read",  "write", "int",     "st",     "std",
    "ret", "linux", "job", "posix", "class", "sa",    "pthread", "memory", "body"
};
static const char *const stems[] = { "X",    "Y",   "XList", "String",    "Bytes", "T",
                                     "Item", "Map", "Color", "Int32List", "Say",   "Size" };
static const char *const suffixes[] = {
    "Size",   "Write", "Read",     "View",        "Check",       "Equal",    "Print",     "Name",      "IsValid",
    "List",   "Map",   "Entry",    "Raise",       "Get",         "Proxy",    "Service",   "Bind",      "Add",
    "Serve",  "Start", "Finish",   "Reply",       "Begin",       "End",      "Invoke",    "Interface", "Procedures",
    "Schema", "Types", "Optional", "4",           "H",           "MapEntry", "BindStart", "ListList",  "SchemaMembers",
    "New",    "Send",  "Next",     "RequestSend", "RequestNext",
};
static const char *const words[] = {
    "value",
    "offset",
    "writer",
    "reader",
    "at",
    "i",
    "data",
    "count",
    "r",
    "stub",
    "body",
    "element",
    "reply",
    "proxy",
    "call",
    "request",
    "self",
    "handlers",
    "service",
    "body_size",
    "ret_value",
    "ret_proxy",
    "client",
    "server",
    "detail",
    "controller",
    "first",
    "stride",
    "place",
    "left",
    "right",
    "tag",
    "as",
    "key",
    "empty",
    "items",
    "procedures",
    "size",
    "text",
    "capacity",
    "ret_text",
    "valid",
    "unix",
    "linux",
    "errno",
    "stdin",
    "assert",
    "offsetof",
    "major",
    "minor",
    "i386",
    "int",
    "class",
    "new",
    "this",
    "template",
    "requires",
    "concept",
    "co_await",
    "char8_t",
    "constexpr",
    "nullptr",
    "typeof",
    "typeof_unqual",
    "alignas",
    "thread_local",
    "register",
    "restrict",
    "inline",
    "auto",
    "operator",
    "and_eq",
    "st_mtime",
    "sa_handler",
    "s6_addr",
    "h_errno",
    "si_addr",
    "memcpy",
    "memset",
    "uint8_t",
    "size_t",
    "wchar_t",
    "NULL",
    "EOF",
    "INT_MAX",
    "I",
    "TRUE",
    "kodosis_reader",
    "kodosis_write_string",
    "hprpc_stub_begin",
    "hprpc_call",
    "kodosis_string",
    "log",
    "exp",
    "index",
    "time",
    "read",
    "write",
    "y0",
    "environ",
    "optarg",
    "timezone",
    "main",
    "isalpha",
    "signal",
    "stat",
    "index_of",
    "export",
    "import_",
    "module",
    "final",
    "override",
};

static uint32_t below(uint32_t limit)
{
    return random_below(&state, limit);
}

#define PICK(array) array[below(sizeof(array) / sizeof(*(array)))]

static void put(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(out, format, arguments);
    va_end(arguments);
}

/* As the page of the language says: snake case, dots to underscores. */
static void add_snake(char *to, const char *from)
{
    size_t at = strlen(to);
    size_t i;

    for (i = 0; from[i] && at + 3 < NAME_SIZE; i++) {
        bool capital = from[i] >= 'A' && from[i] <= 'Z';
        bool after = i && ((from[i - 1] >= 'a' && from[i - 1] <= 'z') || (from[i - 1] >= '0' && from[i - 1] <= '9'));
        bool before = i && from[i - 1] >= 'A' && from[i - 1] <= 'Z' && from[i + 1] >= 'a' && from[i + 1] <= 'z';

        if (capital && (after || before))
            to[at++] = '_';
        to[at++] = from[i] == '.' ? '_' : capital ? (char)(from[i] - 'A' + 'a') : from[i];
    }
    to[at] = '\0';
}

/* ---- Names ---- */

static bool is_new(const char *name)
{
    unsigned i;

    for (i = 0; i < count; i++)
        if (strcmp(known[i].name, name) == 0)
            return false;
    return true;
}

static const char *earlier(void)
{
    static char name[NAME_SIZE];

    strcpy(name, known[below(count)].name);
    return name;
}

/* A declaration's name: a stem, or an earlier name with something behind it that is generated for one. */
static const struct known *declare(char kind)
{
    struct known *entry = &known[count];

    do {
        if (count && below(3))
            snprintf(entry->name, sizeof(entry->name), "%.60s%s", earlier(), PICK(suffixes));
        else
            snprintf(entry->name, sizeof(entry->name), "%s", PICK(stems));
    } while (!is_new(entry->name));
    entry->snake[0] = '\0';
    add_snake(entry->snake, space);
    strcat(entry->snake, "_");
    add_snake(entry->snake, entry->name);
    entry->kind = kind;
    entry->base = in_base;
    count++;
    return entry;
}

/* The name of a member, parameter, procedure or value. */
static const char *inner(void)
{
    static char name[2 * NAME_SIZE];
    static const char *const verbs[] = { "size", "read", "write", "read_new" };
    const struct known *entry = count ? &known[below(count)] : NULL;
    uint32_t choice = below(entry ? 8 : 2);
    size_t end;

    if (choice < 2)
        snprintf(name, sizeof(name), "%s", PICK(words));
    else if (choice < 4)
        snprintf(name, sizeof(name), "%s", entry->snake);
    else if (choice == 4)
        snprintf(name, sizeof(name), "%s_list", entry->snake);
    else if (choice == 5)
        snprintf(name, sizeof(name), "%s_%s_%s", PICK(verbs), entry->snake, below(2) ? "list" : "optional");
    else {
        char snake[NAME_SIZE] = "";

        add_snake(snake, PICK(suffixes));
        snprintf(name, sizeof(name), "%s_%s", entry->snake, snake);
    }
    end = strlen(name);
    while (end && name[end - 1] == '_')
        name[--end] = '\0';
    if (end > 120)
        name[120] = '\0', name[119] = 'z';
    return name;
}

/* Inner names of one scope, each once; snake case decides. */
struct scope {
    char names[16][2 * NAME_SIZE];
    unsigned count;
};

static const char *inner_of(struct scope *scope)
{
    char snake[2 * NAME_SIZE];
    const char *name;
    unsigned i;

    for (;;) {
        name = inner();
        snake[0] = '\0';
        add_snake(snake, name);
        for (i = 0; i < scope->count && strcmp(scope->names[i], snake); i++)
            continue;
        if (i == scope->count)
            break;
    }
    strcpy(scope->names[scope->count++], snake);
    return name;
}

/* ---- Types ---- */

static const struct known *pick_type(const char *kinds)
{
    unsigned tries;

    for (tries = 0; tries < 20 && count; tries++) {
        const struct known *entry = &known[below(count)];

        if (strchr(kinds, entry->kind))
            return entry;
    }
    return NULL;
}

static void put_name(const struct known *entry)
{
    put("%s.%s", spaces[entry->base ? 0 : 1], entry->name);
}

static void put_type(unsigned depth, bool by_value)
{
    static const char *const builtins[] = { "bool",    "int8",   "int32", "uint64", "float32",
                                            "float64", "string", "bytes", "uint8" };
    static const char *const keys[] = { "string", "int32", "bool", "uint8" };
    const struct known *entry = pick_type(by_value ? "e" : "esu");
    uint32_t choice = below(depth < 3 ? 10 : 5);

    if (choice < 3 && entry) {
        put_name(entry);
    } else if (choice < 5) {
        put("%s", PICK(builtins));
    } else if (choice == 5) {
        put_type(depth + 1, by_value);
        put("[%u]", 1 + below(4));
    } else if (choice < 8) {
        put("list<");
        put_type(depth + 1, false);
        put(">");
    } else if (choice == 8) {
        put("optional<");
        put_type(depth + 1, false);
        put(">");
    } else {
        const struct known *key = pick_type("e");

        put("map<");
        if (key && below(2))
            put_name(key);
        else
            put("%s", PICK(keys));
        put(", ");
        put_type(depth + 1, false);
        put(">");
    }
}

/* ---- Declarations ---- */

static void put_members(unsigned least)
{
    unsigned members = least + below(5);
    struct scope scope = { .count = 0 };

    put(" {");
    while (members--) {
        put(" ");
        put_type(0, true);
        put(" %s;", inner_of(&scope));
    }
    put(" }\n");
}

static void put_enum(void)
{
    static const char *const integers[] = { "", " : uint8", " : int16", " : uint64", " : int64" };
    struct scope scope = { .count = 0 };
    unsigned values = 1 + below(4);

    put("enum %s%s {", declare('e')->name, PICK(integers));
    while (values--)
        put(" %s,", inner_of(&scope));
    put(" }\n");
}

static void put_streamed(bool stream)
{
    put(stream ? "stream<" : "");
    put_type(0, false);
    put(stream ? ">" : "");
}

static void put_procedure(struct scope *scope)
{
    bool oneway = below(6) == 0;
    bool takes = !oneway && below(3) == 0;
    unsigned parameters = below(5);
    struct scope inside = { .count = 0 };
    const struct known *raised = pick_type("x");

    put(oneway ? "    oneway void" : "    ");
    if (!oneway)
        put_streamed(below(3) == 0);
    put(" %s(", inner_of(scope));
    while (parameters--) {
        put_streamed(takes && !parameters);
        put(" %s%s", inner_of(&inside), parameters ? ", " : "");
    }
    put(")");
    if (raised && !oneway && below(2)) {
        put(" raises (");
        put_name(raised);
        put(")");
    }
    put(";\n");
}

static void put_service(void)
{
    unsigned procedures = 1 + below(5);
    struct scope scope = { .count = 0 };

    put("service %s {\n", declare('v')->name);
    while (procedures--)
        put_procedure(&scope);
    put("}\n");
}

static void put_declaration(void)
{
    switch (below(8)) {
    case 0:
        put("const %s %s = 1;\n", below(2) ? "int32" : "uint64", declare('c')->name);
        break;
    case 1:
    case 2:
        put_enum();
        break;
    case 3:
        put("union %s", declare('u')->name);
        put_members(1);
        break;
    case 4:
        put("error %s", declare('x')->name);
        put_members(0);
        break;
    case 5:
        put_service();
        break;
    default:
        put("struct %s", declare('s')->name);
        put_members(0);
        break;
    }
}

static void put_file(const char *folder, const char *name, const char *import)
{
    char path[4096];
    unsigned i;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    out = fopen(path, "w");
    if (!out)
        exit(1);
    put("namespace %s;\n%s", space, import);
    for (i = 0; i < DECLARATIONS; i++)
        put_declaration();
    if (fclose(out))
        exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    state = strtoull(argv[1], NULL, 10);
    spaces[0] = PICK(namespaces);
    spaces[1] = below(2) ? spaces[0] : PICK(namespaces);
    space = spaces[0];
    in_base = true;
    put_file(argv[2], "base.kod", "");
    space = spaces[1];
    in_base = false;
    put_file(argv[2], "main.kod", "import \"base.kod\";\n");
    return 0;
}
