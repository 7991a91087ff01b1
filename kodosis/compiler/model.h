/* SPDX-License-Identifier: MIT */
/*
 * The checked model of one or more interface files: what every emitter reads, whatever language it writes. It is built by
 * the checker, complete and free of errors, and never changes afterwards. Everything lives in the model's arena.
 *
 * An emitter takes one file of the model (one with `requested` set) and writes texts; the driver writes the files.
 */
#ifndef KODOSIS_COMPILER_MODEL_H
#define KODOSIS_COMPILER_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kodosis_declaration;
struct kodosis_file;

/* Lines and columns count from 1; columns count bytes. */
struct kodosis_position {
    const struct kodosis_file *file;
    uint32_t line;
    uint32_t column;
    uint32_t length; /* bytes to underline, on that line */
};

/* ---- Types ---- */

enum kodosis_type_kind {
    KODOSIS_TYPE_BOOL,
    KODOSIS_TYPE_INT8,
    KODOSIS_TYPE_INT16,
    KODOSIS_TYPE_INT32,
    KODOSIS_TYPE_INT64,
    KODOSIS_TYPE_UINT8,
    KODOSIS_TYPE_UINT16,
    KODOSIS_TYPE_UINT32,
    KODOSIS_TYPE_UINT64,
    KODOSIS_TYPE_FLOAT32,
    KODOSIS_TYPE_FLOAT64, /* the last scalar */
    KODOSIS_TYPE_STRING,
    KODOSIS_TYPE_BYTES,
    KODOSIS_TYPE_FD,       /* the last one without parts */
    KODOSIS_TYPE_ENUM,     /* `declaration`; `element` is the underlying integer type */
    KODOSIS_TYPE_STRUCT,   /* `declaration` */
    KODOSIS_TYPE_UNION,    /* `declaration` */
    KODOSIS_TYPE_ERROR,    /* `declaration`; only in raises, never inside another type */
    KODOSIS_TYPE_ARRAY,    /* `count` times `element`; int32[3][4] is 3 times int32[4], as in C */
    KODOSIS_TYPE_LIST,     /* of `element` */
    KODOSIS_TYPE_OPTIONAL, /* `element` */
    KODOSIS_TYPE_MAP,      /* from `key` (integer, bool, enum or string) to `element` */
};

/*
 * Each type exists once in a model, so equal pointers mean equal types. The layout facts follow docs/wire-format.md.
 */
struct kodosis_type {
    enum kodosis_type_kind kind;
    uint32_t index; /* in model->types */
    const struct kodosis_type *element;
    const struct kodosis_type *key;
    const struct kodosis_declaration *declaration;
    uint64_t count;   /* of a fixed array; at least 1 */
    const char *text; /* as in an interface file, declared types by their full name: "list<paper.Point>" */

    bool blittable;     /* fixed size and no padding: the C value's bytes are the encoding */
    bool exact;         /* every value at every offset encodes to `smallest` bytes: no padding, nothing variable */
    bool views;         /* has strings, bytes, lists, maps or pointers somewhere: decoded values point elsewhere */
    bool checked;       /* has bools or enums (or anything else that a copy of the bytes does not validate) */
    bool carries;       /* holds an fd somewhere: only messages that carry descriptors can hold it */
    bool recursive;     /* STRUCT, UNION: a value may contain another of its own type; others: made of such a one */
    uint32_t alignment; /* blittable: that of its widest scalar; otherwise 1 */
    uint64_t size;      /* blittable: sizeof; otherwise 0 */
    uint64_t smallest;  /* fewest bytes a value encodes to, padding left out; 1 for a struct without members */
};

/* ---- Values of constants ---- */

struct kodosis_enumerator;

/* The type says which field holds: BOOL; the signed; the unsigned; the floating; STRING; ENUM; what is made of values. */
struct kodosis_value {
    const struct kodosis_type *type;
    bool boolean;
    int64_t integer;
    uint64_t natural;
    double real;      /* a float32 is already rounded to one; always finite */
    const char *text; /* UTF-8 without U+0000 */
    size_t text_size;
    const struct kodosis_enumerator *enumerator;
    const struct kodosis_value *items; /* STRUCT: its members; ARRAY, LIST: its elements; of constants only */
    size_t item_count;
    size_t total; /* single values in it, where it is made of values */
};

/* ---- Declarations ---- */

/*
 * Names are letters, digits and single underscores, begin with a letter and do not end in an underscore. `snake` is the
 * name in snake case ("HelloRequest": "hello_request", "HTTPServer": "http_server", "MAX_NAMES": "max_names"); the
 * checker has made sure that it is unique in its scope. An emitter whose language reserves a word appends an underscore,
 * which can never meet another name.
 *
 * `doc` is the text of the doc comments in front, lines separated by '\n', without the slashes, the one space behind them
 * and a final newline; NULL if there is none.
 */
struct kodosis_member { /* of a struct, union or error, and a parameter of a procedure */
    const char *name;
    const char *snake;
    const char *doc;
    const char *deprecated; /* the sentence, on one line; NULL if it is not; here and below */
    struct kodosis_position position;
    const struct kodosis_type *type;
    uint64_t offset; /* in the C struct: members of blittable structs only; otherwise 0 */

    /*
     * What a reader takes where an extensible struct ends in front of the member: NULL for nothing (an empty text, list, map
     * or optional), else a value of its type. Members of extensible structs from `required` on.
     */
    const struct kodosis_value *initial;
};

struct kodosis_enumerator {
    const char *name;
    const char *snake;
    const char *doc;
    const char *deprecated;
    struct kodosis_position position;
    const struct kodosis_declaration *declaration;
    int64_t value; /* of an enum whose underlying type is uint64: the bits of the unsigned value */
};

struct kodosis_procedure {
    const char *name;
    const char *snake;
    const char *doc;
    const char *deprecated;
    struct kodosis_position position;
    const struct kodosis_declaration *service;
    uint32_t index; /* in its service */
    bool oneway;
    bool idempotent;
    bool streams_in;  /* the last parameter is a stream: its type is that of the elements, which the caller sends */
    bool streams_out; /* the result is a stream: its type is that of the elements, which the callee sends */
    const struct kodosis_member *parameters;
    size_t parameter_count;
    const struct kodosis_type *result;               /* NULL for void */
    const struct kodosis_declaration *const *raises; /* errors, in source order */
    size_t raise_count;
    const char *shape; /* the canonical text of the wire shape, see docs/wire-format.md */
    uint64_t hash;     /* of `shape` */
    bool growing;      /* some type in the shape is extensible, so that another text may match */
};

enum kodosis_declaration_kind {
    KODOSIS_CONST,
    KODOSIS_ENUM,
    KODOSIS_STRUCT,
    KODOSIS_UNION,
    KODOSIS_ERROR,
    KODOSIS_SERVICE,
    KODOSIS_ALIAS, /* another name for a type; types never refer to it */
};

struct kodosis_declaration {
    enum kodosis_declaration_kind kind;
    const char *name;      /* "Paper" */
    const char *full_name; /* "paper.Paper": the wire name of services and errors */
    const char *alias;     /* SERVICE: the name behind `as`, or NULL */
    const char *snake;     /* of the alias if there is one, else of the name */
    const char *doc;
    const char *deprecated;
    struct kodosis_position position;
    const struct kodosis_file *file;

    bool extensible; /* STRUCT, UNION, ENUM: later versions may add members or values */
    bool flags;      /* ENUM: a value is any union of declared ones */
    size_t required; /* extensible STRUCT: the members that every version sends; those behind may be missing */
    const struct kodosis_type
        *type;                  /* ENUM, STRUCT, UNION, ERROR: itself; CONST: that of its value; ALIAS: what it names */
    struct kodosis_value value; /* CONST */
    const struct kodosis_enumerator *enumerators; /* ENUM: at least one, values distinct */
    size_t enumerator_count;
    const struct kodosis_member *members; /* STRUCT, ERROR: any number; UNION: 1 to 255, tags count from 1 */
    size_t member_count;
    uint32_t version;                           /* SERVICE: at least 1 */
    const struct kodosis_procedure *procedures; /* SERVICE: any number */
    size_t procedure_count;
};

/* ---- Files ---- */

struct kodosis_file {
    uint32_t index;   /* in model->files */
    const char *path; /* as it was opened */
    const char *name; /* its path below the import path it is in, else its last part: names what is generated */
    bool built_in;    /* the "kodosis.kod" that the compiler has in itself: its C is part of the library */
    bool requested;   /* given on the command line: to be emitted; false for what is only imported */
    const char *doc;  /* of the namespace line */
    const char *namespace_name;                 /* "acme.sensors" */
    const char *namespace_snake;                /* "acme_sensors" */
    struct kodosis_position namespace_position; /* of the name */
    const char *source;                         /* the text, NUL-terminated */
    size_t source_size;
    const struct kodosis_file *const *imports; /* direct ones, in source order; never a cycle */
    size_t import_count;
    const struct kodosis_declaration *const *declarations; /* in source order */
    size_t declaration_count;

    /*
     * The enums, structs, unions and errors so that each comes after all that it holds by value: the order in which C wants
     * them. A union member or optional whose type is `recursive` is not held by value: it must be a pointer.
     */
    const struct kodosis_declaration *const *ordered;
    size_t ordered_count;
};

struct kodosis_model {
    const struct kodosis_file *const *files; /* each after what it imports */
    size_t file_count;
    const struct kodosis_type *const *types; /* every type that occurs, in order of first appearance */
    size_t type_count;
};

static inline bool kodosis_type_is_integer(const struct kodosis_type *type)
{
    return type->kind >= KODOSIS_TYPE_INT8 && type->kind <= KODOSIS_TYPE_UINT64;
}

static inline bool kodosis_is_streamed(const struct kodosis_procedure *procedure)
{
    return procedure->streams_in || procedure->streams_out;
}

/* How many parameters the request itself holds: all but a stream. */
static inline size_t kodosis_argument_count(const struct kodosis_procedure *procedure)
{
    return procedure->parameter_count - (procedure->streams_in ? 1 : 0);
}

/* The elements that the caller sends behind the request, or NULL. */
static inline const struct kodosis_type *kodosis_elements_in(const struct kodosis_procedure *procedure)
{
    return procedure->streams_in ? procedure->parameters[procedure->parameter_count - 1].type : NULL;
}

/* The elements that the callee sends before it answers, or NULL. */
static inline const struct kodosis_type *kodosis_elements_out(const struct kodosis_procedure *procedure)
{
    return procedure->streams_out ? procedure->result : NULL;
}

/* What the answer itself holds, or NULL: the answer behind a stream holds nothing. */
static inline const struct kodosis_type *kodosis_answer(const struct kodosis_procedure *procedure)
{
    return procedure->streams_out ? NULL : procedure->result;
}

/* The bits that a value of a flags enum may have. */
static inline uint64_t kodosis_flags_mask(const struct kodosis_declaration *declaration)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < declaration->enumerator_count; i++)
        mask |= (uint64_t)declaration->enumerators[i].value;
    return mask;
}

static inline bool kodosis_type_is_scalar(const struct kodosis_type *type)
{
    return type->kind <= KODOSIS_TYPE_FLOAT64;
}

#endif
