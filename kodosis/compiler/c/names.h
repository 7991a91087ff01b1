/* What things are called in C. */
#ifndef KODOSIS_COMPILER_C_NAMES_H
#define KODOSIS_COMPILER_C_NAMES_H

#include "kodosis/compiler/c/state.h"

/* The part of a path behind its last slash. */
const char *c_base_of(const char *path);

/* A file's base name without ".kod" as part of a name: "connection_tester". */
const char *c_file_word(struct c_emitter *emitter, const struct kodosis_file *file);

/* The name with an underscore behind it if C, C++ or a usual header has another use for it. */
const char *c_safe(struct c_emitter *emitter, const char *name);

/* "paper_shape" */
const char *c_name(struct c_emitter *emitter, const struct kodosis_declaration *declaration);

/* `namespace_suffix`, for what is not named by a declaration alone. */
const char *c_scoped(struct c_emitter *emitter, const struct kodosis_file *file, const char *suffix);
const char *c_upper(struct c_emitter *emitter, const char *name);
const char *c_enumerator(struct c_emitter *emitter, const struct kodosis_enumerator *enumerator);
const char *c_tag(struct c_emitter *emitter, const struct kodosis_declaration *declaration, size_t index);
const char *c_member(struct c_emitter *emitter, const struct kodosis_member *member);

/* The name of a parameter in a function that uses the names of `taken`, a NULL-terminated array, itself. */
const char *c_parameter(struct c_emitter *emitter, const struct kodosis_member *parameter, const char *const *taken);

/* A word for any type, for the names of helpers: "paper_shape_list", "string_int64_map". */
const char *c_stem(struct c_emitter *emitter, const struct kodosis_type *type);

/* The word that the runtime has for a scalar, string or bytes, or for an enum's integer: "int32". */
const char *c_word(const struct kodosis_type *type);

#endif
