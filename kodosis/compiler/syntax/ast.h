/* SPDX-License-Identifier: MIT */
/*
 * The syntax tree: what the parser read, before names are resolved. Lists are linked in source order; everything lives
 * in one arena.
 */
#ifndef KODOSIS_COMPILER_SYNTAX_AST_H
#define KODOSIS_COMPILER_SYNTAX_AST_H

#include "kodosis/compiler/syntax/lexer.h"

/* A name, dotted or not: "Point", "acme.sensors.Point". */
struct kodosis_ast_name {
    const char *text; /* NUL-terminated, without spaces; NULL if the source has no name there */
    struct kodosis_position position;
};

enum kodosis_ast_value_kind {
    KODOSIS_AST_INTEGER,
    KODOSIS_AST_FLOAT,
    KODOSIS_AST_STRING,
    KODOSIS_AST_BOOL,
    KODOSIS_AST_NAME,
    KODOSIS_AST_EMPTY,  /* "[]", only as the default of a member */
    KODOSIS_AST_ROW,    /* "[1, 2]", only in constants */
    KODOSIS_AST_BRACES, /* "{ 1, 2 }", only in constants */
};

struct kodosis_ast_item;

struct kodosis_ast_value {
    enum kodosis_ast_value_kind kind;
    bool present;
    bool negative;
    bool too_large;
    bool too_small;   /* FLOAT: not 0, but `real` is */
    uint64_t integer; /* also 0 and 1 for BOOL */
    double real;
    const char *text; /* STRING */
    size_t text_size;
    struct kodosis_ast_name name;
    struct kodosis_ast_item *items; /* ROW, BRACES */
    size_t item_count;
    struct kodosis_position position;
};

struct kodosis_ast_item {
    struct kodosis_ast_value value;
    struct kodosis_ast_item *next;
};

/* A type. `kind` is NAMED until the checker has resolved the name to an enum, struct, union or error. */
enum kodosis_ast_type_kind {
    KODOSIS_AST_TYPE_NAMED,
    KODOSIS_AST_TYPE_BUILTIN, /* `builtin` says which scalar, string or bytes */
    KODOSIS_AST_TYPE_LIST,
    KODOSIS_AST_TYPE_OPTIONAL,
    KODOSIS_AST_TYPE_MAP,
    KODOSIS_AST_TYPE_ARRAY,
    KODOSIS_AST_TYPE_STREAM, /* only as the last parameter or the result of a procedure */
    KODOSIS_AST_TYPE_VOID,   /* only as the result of a procedure */
};

struct kodosis_ast_type {
    enum kodosis_ast_type_kind kind;
    enum kodosis_type_kind builtin;
    struct kodosis_ast_name name;
    struct kodosis_ast_type *key;
    struct kodosis_ast_type *element;
    struct kodosis_ast_value count;
    struct kodosis_position position;
};

struct kodosis_ast_member {
    const char *doc;
    const char *deprecated; /* the sentence, or NULL */
    struct kodosis_ast_type *type;
    struct kodosis_ast_name name;
    struct kodosis_ast_value initial; /* the default behind '=', of members */
    struct kodosis_ast_member *next;
};

struct kodosis_ast_enumerator {
    const char *doc;
    const char *deprecated; /* the sentence, or NULL */
    struct kodosis_ast_name name;
    struct kodosis_ast_value value;
    struct kodosis_ast_enumerator *next;
};

struct kodosis_ast_raise {
    struct kodosis_ast_name name;
    struct kodosis_ast_raise *next;
};

struct kodosis_ast_procedure {
    const char *doc;
    const char *deprecated; /* the sentence, or NULL */
    bool oneway;
    bool idempotent;
    struct kodosis_ast_type *result;
    struct kodosis_ast_name name;
    struct kodosis_ast_member *parameters;
    size_t parameter_count;
    struct kodosis_ast_raise *raises;
    size_t raise_count;
    struct kodosis_ast_procedure *next;
};

struct kodosis_ast_declaration {
    enum kodosis_declaration_kind kind;
    const char *doc;
    const char *deprecated; /* the sentence, or NULL */
    bool extensible;        /* STRUCT, UNION, ENUM */
    bool flags;             /* ENUM */
    struct kodosis_ast_name name;
    struct kodosis_ast_name alias;    /* SERVICE */
    struct kodosis_ast_value version; /* SERVICE */
    struct kodosis_ast_type *type;    /* CONST, ALIAS; the underlying type of ENUM, or NULL */
    struct kodosis_ast_value value;   /* CONST */
    struct kodosis_ast_enumerator *enumerators;
    struct kodosis_ast_member *members;       /* STRUCT, UNION, ERROR */
    struct kodosis_ast_procedure *procedures; /* SERVICE */
    size_t count;                             /* of members, enumerators or procedures */
    bool broken;                              /* some of them were not understood */
    struct kodosis_position start;
    struct kodosis_ast_declaration *next;
};

struct kodosis_ast_import {
    const char *path;
    struct kodosis_position position;
    struct kodosis_ast_import *next;
};

struct kodosis_ast {
    const char *doc;
    struct kodosis_ast_name namespace_name;
    struct kodosis_ast_import *imports;
    size_t import_count;
    struct kodosis_ast_declaration *declarations;
    size_t declaration_count;
    bool incomplete; /* some declaration was not understood, so that names may be missing */
};

#endif
