/* What the stages of the checker share. */
#ifndef KODOSIS_COMPILER_CHECK_H
#define KODOSIS_COMPILER_CHECK_H

#include "kodosis/compiler/unit.h"

struct kodosis_checker {
    struct kodosis_compilation *compilation;
    struct kodosis_memory *memory;           /* the compilation's */
    struct kodosis_diagnostics *diagnostics; /* the compilation's */
    struct kodosis_unit **units;             /* each behind what it imports */
    size_t unit_count;
    size_t current;                   /* the unit being resolved, counted from 1 */
    struct kodosis_table names;       /* full names of declarations to entries; services by their alias */
    struct kodosis_table enumerators; /* "paper.Color.Red" to enumerators */
    struct kodosis_table lower;       /* generated names of types and services to entries */
    struct kodosis_table upper;       /* generated names of constants, enum values and union tags to positions */
    struct kodosis_table versions;    /* "paper.Paper version 2" to entries */
    struct kodosis_table interned;    /* types by their text */
    struct kodosis_type **types;      /* all of them, in order of first appearance */
    size_t type_count;
    size_t type_capacity;
    size_t const_depth; /* constants being evaluated */
    size_t shape_size;  /* of all canonical texts so far */
};

/* Calls `visit` for each declaration of each file, in order. */
void kodosis__for_each_entry(struct kodosis_checker *checker,
                             void (*visit)(struct kodosis_checker *checker, struct kodosis_entry *entry));

/* ---- declare.c: declarations and their names ---- */
void kodosis__declare_unit(struct kodosis_checker *checker, struct kodosis_unit *unit);
void kodosis__check_scopes(struct kodosis_checker *checker, struct kodosis_entry *entry);

/* ---- lookup.c: names that stand for something ---- */

/* The declaration that a dotted name means in this unit; NULL if there is none, without a complaint. */
struct kodosis_entry *kodosis__find(struct kodosis_checker *checker, struct kodosis_unit *unit, const char *name);
struct kodosis_enumerator *kodosis__find_enumerator(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                                    const char *name);

/* Whether the unit may use it: it is its own or directly imported. Complains if it may not. */
bool kodosis__use(struct kodosis_checker *checker, struct kodosis_unit *unit, const struct kodosis_entry *entry,
                  const struct kodosis_position *position);

/* "unknown WHAT 'name'; did you mean ...?", among declarations of the kinds whose bits (1 << kind) are set. */
void kodosis__unknown(struct kodosis_checker *checker, struct kodosis_unit *unit, const struct kodosis_ast_name *name,
                      const char *what, unsigned kinds);

/* Whether a search for what was meant is worth its time: there are not many errors yet. */
bool kodosis__may_guess(const struct kodosis_checker *checker);

/* "a struct", "an error" */
const char *kodosis__kind_text(enum kodosis_declaration_kind kind);

/* ---- constant.c ---- */
void kodosis__check_constant(struct kodosis_checker *checker, struct kodosis_entry *entry);
void kodosis__check_enum(struct kodosis_checker *checker, struct kodosis_entry *entry);

/* Evaluates to a value of the type. False with an error reported. */
bool kodosis__evaluate(struct kodosis_checker *checker, struct kodosis_unit *unit,
                       const struct kodosis_ast_value *value, const struct kodosis_type *type,
                       struct kodosis_value *ret_value);

/* ---- resolve.c: types ---- */

/* The one type like `wanted`, whose text is `text`; made if it is new. */
struct kodosis_type *kodosis__intern(struct kodosis_checker *checker, const struct kodosis_type *wanted,
                                     const char *text);
const struct kodosis_type *kodosis__builtin(struct kodosis_checker *checker, enum kodosis_type_kind kind);

/* The type that the syntax means; int8, with an error reported, if it means none. */
const struct kodosis_type *kodosis__resolve(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                            const struct kodosis_ast_type *type);
void kodosis__resolve_members(struct kodosis_checker *checker, struct kodosis_unit *unit,
                              const struct kodosis_ast_member *syntax, struct kodosis_member *members);

/* ---- recursion.c, layout.c: what holds what, and how large it is ---- */
void kodosis__check_recursion(struct kodosis_checker *checker);
void kodosis__check_layout(struct kodosis_checker *checker);

/* The entry of the struct, union or error that a type is made of (through arrays, lists, optionals, maps), or NULL. */
struct kodosis_entry *kodosis__innermost(struct kodosis_checker *checker, const struct kodosis_type *type);

/* The same, of what a value of the type holds within itself. */
struct kodosis_entry *kodosis__embedded(struct kodosis_checker *checker, const struct kodosis_entry *holder,
                                        const struct kodosis_type *type);

/* ---- service.c, shape.c ---- */
void kodosis__check_service(struct kodosis_checker *checker, struct kodosis_entry *entry);
void kodosis__shape(struct kodosis_checker *checker, struct kodosis_procedure *procedure);

#endif
