#include "kodosis/compiler/c/names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Words that a generated name must not be: keywords of C and C++, and what usual headers define as macros or types. */
static const char *const reserved[] = {
    /* sorted, for bsearch */
    "BUFSIZ",
    "CHAR_BIT",
    "CHAR_MAX",
    "CHAR_MIN",
    "DBL_DIG",
    "DBL_EPSILON",
    "DBL_MAX",
    "DBL_MIN",
    "EOF",
    "EXIT_FAILURE",
    "EXIT_SUCCESS",
    "FALSE",
    "FILENAME_MAX",
    "FLT_DIG",
    "FLT_EPSILON",
    "FLT_MAX",
    "FLT_MIN",
    "FLT_RADIX",
    "FOPEN_MAX",
    "HUGE_VAL",
    "INT16_C",
    "INT16_MAX",
    "INT16_MIN",
    "INT32_C",
    "INT32_MAX",
    "INT32_MIN",
    "INT64_C",
    "INT64_MAX",
    "INT64_MIN",
    "INT8_C",
    "INT8_MAX",
    "INT8_MIN",
    "INTMAX_C",
    "INTMAX_MAX",
    "INTMAX_MIN",
    "INTPTR_MAX",
    "INTPTR_MIN",
    "INT_MAX",
    "INT_MIN",
    "IOV_MAX",
    "LLONG_MAX",
    "LLONG_MIN",
    "LONG_MAX",
    "LONG_MIN",
    "MB_CUR_MAX",
    "MB_LEN_MAX",
    "NAME_MAX",
    "NULL",
    "OPEN_MAX",
    "PATH_MAX",
    "PIPE_BUF",
    "PTRDIFF_MAX",
    "PTRDIFF_MIN",
    "RAND_MAX",
    "SCHAR_MAX",
    "SCHAR_MIN",
    "SEEK_CUR",
    "SEEK_END",
    "SEEK_SET",
    "SHRT_MAX",
    "SHRT_MIN",
    "SIG_DFL",
    "SIG_ERR",
    "SIG_IGN",
    "SIZE_MAX",
    "SSIZE_MAX",
    "TMP_MAX",
    "TRUE",
    "UCHAR_MAX",
    "UINT16_C",
    "UINT16_MAX",
    "UINT32_C",
    "UINT32_MAX",
    "UINT64_C",
    "UINT64_MAX",
    "UINT8_C",
    "UINT8_MAX",
    "UINTMAX_C",
    "UINTMAX_MAX",
    "UINTPTR_MAX",
    "UINT_MAX",
    "ULLONG_MAX",
    "ULONG_MAX",
    "USHRT_MAX",
    "WCHAR_MAX",
    "WCHAR_MIN",
    "WEOF",
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "assert",
    "atomic_cancel",
    "atomic_commit",
    "atomic_noexcept",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "complex",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "double_t",
    "dynamic_cast",
    "else",
    "enum",
    "errno",
    "explicit",
    "export",
    "extern",
    "false",
    "far",
    "float",
    "float_t",
    "for",
    "friend",
    "goto",
    "htobe16",
    "htobe32",
    "htobe64",
    "htole16",
    "htole32",
    "htole64",
    "i386",
    "if",
    "imaginary",
    "inline",
    "int",
    "int16_t",
    "int32_t",
    "int64_t",
    "int8_t",
    "int_fast16_t",
    "int_fast32_t",
    "int_fast64_t",
    "int_fast8_t",
    "int_least16_t",
    "int_least32_t",
    "int_least64_t",
    "int_least8_t",
    "intmax_t",
    "intptr_t",
    "isinf",
    "isnan",
    "linux",
    "long",
    "major",
    "makedev",
    "max",
    "max_align_t",
    "min",
    "minor",
    "mutable",
    "namespace",
    "near",
    "new",
    "noexcept",
    "noreturn",
    "not",
    "not_eq",
    "nullptr",
    "off_t",
    "offsetof",
    "operator",
    "or",
    "or_eq",
    "pid_t",
    "private",
    "protected",
    "ptrdiff_t",
    "public",
    "reflexpr",
    "register",
    "reinterpret_cast",
    "requires",
    "restrict",
    "return",
    "short",
    "signed",
    "size_t",
    "sizeof",
    "ssize_t",
    "static",
    "static_assert",
    "static_cast",
    "stderr",
    "stdin",
    "stdout",
    "struct",
    "switch",
    "synchronized",
    "template",
    "this",
    "thread_local",
    "throw",
    "time_t",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "typeof",
    "uint16_t",
    "uint32_t",
    "uint64_t",
    "uint8_t",
    "uint_fast16_t",
    "uint_fast32_t",
    "uint_fast64_t",
    "uint_fast8_t",
    "uint_least16_t",
    "uint_least32_t",
    "uint_least64_t",
    "uint_least8_t",
    "uintmax_t",
    "uintptr_t",
    "union",
    "unix",
    "unsigned",
    "using",
    "va_arg",
    "va_copy",
    "va_end",
    "va_list",
    "va_start",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "wint_t",
    "xor",
    "xor_eq",
};

static int compare(const void *name, const void *word)
{
    return strcmp((const char *)name, *(const char *const *)word);
}

const char *c_safe(struct c_emitter *emitter, const char *name)
{
    size_t count = sizeof(reserved) / sizeof(reserved[0]);

    if (bsearch(name, reserved, count, sizeof(reserved[0]), compare))
        return c_format(emitter, "%s_", name);
    return name;
}

const char *c_scoped(struct c_emitter *emitter, const struct kodosis_file *file, const char *suffix)
{
    if (!file->namespace_snake || !*file->namespace_snake)
        return c_safe(emitter, suffix);
    return c_safe(emitter, c_format(emitter, "%s_%s", file->namespace_snake, suffix));
}

const char *c_name(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    return c_scoped(emitter, declaration->file, declaration->snake);
}

const char *c_upper(struct c_emitter *emitter, const char *name)
{
    char *upper = kodosis_memory_copy(&emitter->memory, name, strlen(name));
    char *at;

    for (at = upper; *at; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    return c_safe(emitter, upper);
}

const char *c_enumerator(struct c_emitter *emitter, const struct kodosis_enumerator *enumerator)
{
    const struct kodosis_declaration *declaration = enumerator->declaration;
    const char *name = c_format(emitter, "%s_%s", declaration->snake, enumerator->snake);

    return c_upper(emitter, c_scoped(emitter, declaration->file, name));
}

const char *c_tag(struct c_emitter *emitter, const struct kodosis_declaration *declaration, size_t index)
{
    const char *name = c_format(emitter, "%s_%s", declaration->snake, declaration->members[index].snake);

    return c_upper(emitter, c_scoped(emitter, declaration->file, name));
}

const char *c_member(struct c_emitter *emitter, const struct kodosis_member *member)
{
    return c_safe(emitter, member->snake);
}

const char *c_parameter(struct c_emitter *emitter, const struct kodosis_member *parameter, const char *const *taken)
{
    for (; *taken; taken++)
        if (strcmp(*taken, parameter->snake) == 0)
            return c_format(emitter, "%s_", parameter->snake);
    return c_safe(emitter, parameter->snake);
}

const char *c_word(const struct kodosis_type *type)
{
    static const char *const words[] = {
        "bool",   "int8",   "int16",   "int32",   "int64",  "uint8", "uint16",
        "uint32", "uint64", "float32", "float64", "string", "bytes",
    };

    return words[type->kind == KODOSIS_TYPE_ENUM ? type->element->kind : type->kind];
}

/* The file whose namespace names a composite type: that of the first declared type in it, looking at elements first. */
static const struct kodosis_file *home(const struct kodosis_type *type)
{
    const struct kodosis_file *file;

    if (type->declaration)
        return type->declaration->file;
    file = type->element ? home(type->element) : NULL;
    return file || !type->key ? file : home(type->key);
}

/* The stem without the namespace of `file`. */
static const char *stem_within(struct c_emitter *emitter, const struct kodosis_type *type,
                               const struct kodosis_file *file)
{
    const char *element;

    if (type->declaration) {
        if (file && strcmp(type->declaration->file->namespace_name, file->namespace_name) == 0)
            return type->declaration->snake;
        return c_name(emitter, type->declaration);
    }
    if (!type->element)
        return c_word(type);
    element = stem_within(emitter, type->element, file);
    switch (type->kind) {
    case KODOSIS_TYPE_ARRAY:
        return c_format(emitter, "%s_%llu", element, (unsigned long long)type->count);
    case KODOSIS_TYPE_OPTIONAL:
        return c_format(emitter, "%s_optional", element);
    case KODOSIS_TYPE_MAP:
        return c_format(emitter, "%s_%s_map", stem_within(emitter, type->key, file), element);
    default:
        return c_format(emitter, "%s_list", element);
    }
}

const char *c_stem(struct c_emitter *emitter, const struct kodosis_type *type)
{
    const struct kodosis_file *file = home(type);
    const char *stem = stem_within(emitter, type, file);

    return file ? c_scoped(emitter, file, stem) : stem;
}

/* `<stem>_suffix` in the namespace of the type's home, or the runtime's; aside where a declared type has that name. */
static const char *composite_name(struct c_emitter *emitter, const struct kodosis_type *type, const char *suffix)
{
    const struct kodosis_file *file = home(type);
    const char *name = c_format(emitter, "%s%s", stem_within(emitter, type, file), suffix);
    size_t i;

    if (!file)
        return c_format(emitter, "kodosis_%s", name);
    for (i = 0; i < file->declaration_count; i++)
        if (strcmp(file->declarations[i]->snake, name) == 0)
            return c_format(emitter, "%s_", c_scoped(emitter, file, name));
    return c_scoped(emitter, file, name);
}

const char *c_list_name(struct c_emitter *emitter, const struct kodosis_type *type)
{
    return composite_name(emitter, type, "");
}

const char *c_entry_name(struct c_emitter *emitter, const struct kodosis_type *map)
{
    return composite_name(emitter, map, "_entry");
}

const char *c_base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

const char *c_file_word(struct c_emitter *emitter, const struct kodosis_file *file)
{
    const char *base = c_base_of(file->name);
    size_t size = strlen(base);
    char *word;
    char *at;

    if (size > 4 && strcmp(base + size - 4, ".kod") == 0)
        size -= 4;
    word = kodosis_memory_copy(&emitter->memory, base, size);
    for (at = word; *at; at++)
        if (!isalnum((unsigned char)*at))
            *at = '_';
    return word;
}
