/* SPDX-License-Identifier: MIT */
/*
 * Names in C. The file whose header or source has a name at file scope owns that name; a name inside of functions and
 * structs differs from all names that its file and the files it includes own. A name that would meet another one gets
 * an underscore behind it, because no name of an interface file ends in one. Each name depends only on its own file and
 * what that imports, so that all files that include a header agree on it.
 */
#ifndef KODOSIS_COMPILER_C_NAMES_H
#define KODOSIS_COMPILER_C_NAMES_H

#include "kodosis/compiler/c/state.h"

/* ---- File scope ---- */

/* A type's own name, without "struct": "paper_shape". */
const char *c_name(struct c_emitter *emitter, const struct kodosis_declaration *declaration);

/* A function or table of a type or service: "paper_shape_size" for "_size". */
const char *c_own(struct c_emitter *emitter, const struct kodosis_declaration *declaration, const char *suffix);

/* A public function of a procedure: "paper_paper_say_hello_start" for "_start". */
const char *c_procedure(struct c_emitter *emitter, const struct kodosis_procedure *procedure, const char *suffix);

/* A name that only the source has: `name`, with underscores behind it while another thing has that name. */
const char *c_static(struct c_emitter *emitter, const char *name);

/* The same of a procedure: "paper_paper_say_hello_begin". */
const char *c_procedure_static(struct c_emitter *emitter, const struct kodosis_procedure *procedure,
                               const char *suffix);

/* The description of a file: "paper_paper_schema". */
const char *c_schema(struct c_emitter *emitter, const struct kodosis_file *file);

/* The static function that does what `verb` says to values of a type: "read_paper_shape_list" for "read". */
const char *c_helper(struct c_emitter *emitter, const char *verb, const struct kodosis_type *type);

/* Gives the type's helpers their names, before anything is emitted. */
void c_claim_helpers(struct c_emitter *emitter, const struct kodosis_type *type);

/* The struct of a list or map, or around an array; and of a map's entries. */
const char *c_list_name(struct c_emitter *emitter, const struct kodosis_type *type);
const char *c_entry_name(struct c_emitter *emitter, const struct kodosis_type *map);

/* ---- Macros and enumerators ---- */

const char *c_constant(struct c_emitter *emitter, const struct kodosis_declaration *constant);
const char *c_enumerator(struct c_emitter *emitter, const struct kodosis_enumerator *enumerator);
const char *c_tag(struct c_emitter *emitter, const struct kodosis_declaration *declaration, size_t index);

/* The macro that guards the header against a second inclusion, or a struct against a second declaration. */
const char *c_header_guard(struct c_emitter *emitter, const struct kodosis_file *file);
const char *c_guard(struct c_emitter *emitter, const char *name);

/* ---- Inside of structs and functions ---- */

const char *c_member(struct c_emitter *emitter, const struct kodosis_declaration *declaration,
                     const struct kodosis_member *member);

/* The bytes that an extensible struct or union does not know. */
const char *c_unknown(struct c_emitter *emitter, const struct kodosis_declaration *declaration);

/* The pointer to a procedure's handler. */
const char *c_handler(struct c_emitter *emitter, const struct kodosis_procedure *procedure);

/* The name of a parameter in a function that uses the names of `taken`, a NULL-terminated array, itself. */
const char *c_parameter(struct c_emitter *emitter, const struct kodosis_procedure *procedure,
                        const struct kodosis_member *parameter, const char *const *taken);

/* ---- Words ---- */

/* The part of a path behind its last slash. */
const char *c_base_of(const char *path);

/* A file's base name without ".kod" as part of a name: "connection_tester". */
const char *c_file_word(struct c_emitter *emitter, const struct kodosis_file *file);

#endif
