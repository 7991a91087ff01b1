/* SPDX-License-Identifier: MIT */
/*
 * The limits of an interface file. docs/kodosis-language.md names each, and each has a test. They keep the compiler's
 * time and memory in proportion to its input, and its stack bounded.
 */
#ifndef KODOSIS_COMPILER_LIMITS_H
#define KODOSIS_COMPILER_LIMITS_H

enum {
    KODOSIS_LIMIT_FILE_SIZE = 4 * 1024 * 1024,
    KODOSIS_LIMIT_FILES = 1024,
    KODOSIS_LIMIT_IMPORT_DEPTH = 64,
    KODOSIS_LIMIT_NAME = 128,               /* bytes of an identifier */
    KODOSIS_LIMIT_NAMESPACE = 8,            /* parts of a dotted name */
    KODOSIS_LIMIT_STRING = 64 * 1024,       /* bytes of a string constant */
    KODOSIS_LIMIT_ITEMS = 4096,             /* single values in a constant */
    KODOSIS_LIMIT_DEFAULT = 1024,           /* bytes of a member's default */
    KODOSIS_LIMIT_DECLARATIONS = 16 * 1024, /* in one file */
    KODOSIS_LIMIT_MEMBERS = 16 * 1024,      /* of a struct or error, values of an enum */
    KODOSIS_LIMIT_UNION_MEMBERS = 255,
    KODOSIS_LIMIT_PROCEDURES = 4096, /* of a service */
    KODOSIS_LIMIT_PARAMETERS = 64,
    KODOSIS_LIMIT_RAISES = 64,
    KODOSIS_LIMIT_TYPE_NESTING = 16,             /* list<list<...>> within one type */
    KODOSIS_LIMIT_EMBEDDING = 48,                /* structs within structs within structs, by value */
    KODOSIS_LIMIT_ALIAS_DEPTH = 64,              /* names of types that refer to names of types */
    KODOSIS_LIMIT_CONST_DEPTH = 64,              /* constants that refer to constants */
    KODOSIS_LIMIT_FIXED_SIZE = 64 * 1024 * 1024, /* bytes of a struct or fixed array, encoded */
    KODOSIS_LIMIT_SHAPES = 32 * 1024 * 1024      /* canonical text of all procedures together */
};

#endif
