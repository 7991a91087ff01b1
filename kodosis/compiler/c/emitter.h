/*
 * What the parts of the C emitter share. Texts that they build on the way (names, expressions) live in the emitter's
 * memory until the file is done.
 */
#ifndef KODOSIS_COMPILER_C_EMITTER_H
#define KODOSIS_COMPILER_C_EMITTER_H

#include "kodosis/compiler/c/c.h"
#include "kodosis/compiler/memory.h"

struct c_emitter {
    const struct kodosis_model *model;
    const struct kodosis_file *file;
    struct kodosis_text *text; /* what is being written: the header or the source */
    struct kodosis_memory memory;
    bool *declared; /* by type index: the struct of this list or map stands in the header */
    bool *wrapped;  /* by type index: the header has a pointer to the struct around this array */
    bool *listed;   /* by type index: `listing` has lists of this type in its declarations */
    const struct kodosis_file *listing;
    bool *renewed; /* by type index: the static function that reads a new one stands in the source */
    bool *helped;  /* by type index: the static functions for this type stand in the source */

    /* schema.c: the types in its table, and by type index the place in it plus one */
    const struct kodosis_type **schema_types;
    uint32_t *schema_index;
    uint32_t schema_count;
};

/* A value with the C expression for it. The expression of what a pointer `p` points to is "*p". */
struct c_field {
    const struct kodosis_type *type;
    const char *expression;
    const char *record;                      /* the pointer to the struct that it is a member of, or NULL */
    const struct kodosis_declaration *owner; /* that struct */
    size_t index;                            /* in its members */
};

/* ---- emit.c: lines and strings ---- */

void c_line(struct c_emitter *emitter, const char *format, ...) KODOSIS_PRINTF(2, 3);
const char *c_format(struct c_emitter *emitter, const char *format, ...) KODOSIS_PRINTF(2, 3);

static inline void c_gap(struct c_emitter *emitter)
{
    kodosis_text_add_bytes(emitter->text, "\n", 1);
}

static inline void c_open(struct c_emitter *emitter)
{
    c_line(emitter, "{");
    kodosis_text_indent(emitter->text);
}

static inline void c_close(struct c_emitter *emitter)
{
    kodosis_text_outdent(emitter->text);
    c_line(emitter, "}");
}

/*
 * What is written between these two becomes the body of `head`, a loop or condition: with braces if it has more lines than
 * one.
 */
struct c_body {
    struct kodosis_text *outer;
    struct kodosis_text text;
};

void c_body_begin(struct c_emitter *emitter, struct c_body *body);
void c_body_end(struct c_emitter *emitter, struct c_body *body, const char *head);

/* The part of a path behind its last slash. */
const char *c_base_of(const char *path);

/* A file's base name without ".kod" as part of a name: "connection_tester". */
const char *c_file_word(struct c_emitter *emitter, const struct kodosis_file *file);

/* A doc comment of the interface file, as a C comment; nothing for NULL. */
void c_doc(struct c_emitter *emitter, const char *doc);

/* `head` with its arguments, `tail` behind the parenthesis; broken at 120 columns and aligned to the parenthesis. */
void c_call(struct c_emitter *emitter, const char *head, const char *const *arguments, size_t count, const char *tail);

/* ---- names.c ---- */

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

/* ---- shapes.c: C types ---- */

/* A declaration of `name` with this type: "const struct paper_point *name", "uint8_t id[16]". */
const char *c_declare(struct c_emitter *emitter, const struct kodosis_type *type, const char *name, bool constant);

/* The same of a pointer to such a value; an array's pointer is one to its first element. */
const char *c_declare_pointer(struct c_emitter *emitter, const struct kodosis_type *type, const char *name,
                              bool constant);

/*
 * The same of a pointer to a whole value: to an array, not to its first element. An array of structs or unions is wrapped
 * in a struct for that, whose member `items` it is. c_whole is the expression for the value.
 */
const char *c_declare_whole(struct c_emitter *emitter, const struct kodosis_type *type, const char *name,
                            bool constant);
const char *c_whole(struct c_emitter *emitter, const struct kodosis_type *type, const char *pointer);
bool c_whole_is_wrapped(const struct kodosis_type *type);

/* The type alone, for sizeof and casts. */
const char *c_type(struct c_emitter *emitter, const struct kodosis_type *type);

/* How a function takes a value: structs and unions by const pointer, arrays as C does, all else by value. */
const char *c_argument(struct c_emitter *emitter, const struct kodosis_type *type, const char *name);

/* The name of the struct of a list or map, or around an array. */
const char *c_list_name(struct c_emitter *emitter, const struct kodosis_type *type);
const char *c_entry_name(struct c_emitter *emitter, const struct kodosis_type *map);

bool c_is_record(const struct kodosis_type *type);        /* struct, union or error */
bool c_has_runtime_list(const struct kodosis_type *list); /* its struct and functions are the runtime's */
bool c_is_pointer_member(const struct kodosis_declaration *declaration, const struct kodosis_member *member);

/*
 * Declares the list and map structs that a type needs, once. A list of a declared type stands in that type's header if it is
 * used there. All others are guarded, because several headers may need the same one.
 */
void c_declare_composites(struct c_emitter *emitter, const struct kodosis_type *type);

/* Notes that the header has a pointer to a whole value of this type. */
void c_note_pointer(struct c_emitter *emitter, const struct kodosis_type *type);

/* Declares the entries of all maps that were declared, and the structs around arrays. */
void c_declare_entries(struct c_emitter *emitter);

/* ---- declarations.c: the header's types and prototypes ---- */

void c_emit_constants(struct c_emitter *emitter);
void c_emit_declarations(struct c_emitter *emitter);

/* ---- codec.c: size, write and read ---- */

/* `offset` becomes what is behind the fields, which begin at `from`: the same string as `offset`, or "0". */
void c_size_fields(struct c_emitter *emitter, const struct c_field *fields, size_t count, const char *offset,
                   const char *from);
void c_write_fields(struct c_emitter *emitter, const struct c_field *fields, size_t count);

/* Runs longer than the runtime's zeros end the function after clearing `record`, if that is not NULL, or are split. */
void c_read_fields(struct c_emitter *emitter, const struct c_field *fields, size_t count, const char *record);

/* Whether writing or reading the fields uses a pointer `at`. */
bool c_fields_have_run(struct c_emitter *emitter, const struct c_field *fields, size_t count);

/* "&x" for "x", "p" for "*p". */
const char *c_address(struct c_emitter *emitter, const char *expression);

/* "x.member", "p->member" for "*p". */
const char *c_dot(struct c_emitter *emitter, const char *expression, const char *member);

/* The check of `count` values that were copied or viewed as bytes, for types that are `checked`. */
void c_check_values(struct c_emitter *emitter, const struct kodosis_type *type, const char *first, const char *count,
                    const char *stride);

/* The same for a fixed array. */
void c_check_array(struct c_emitter *emitter, const struct kodosis_type *type, const char *expression);

/* The size of a blittable value; of an array by its parts, because a parameter forgets its size. */
const char *c_size_of(struct c_emitter *emitter, const struct kodosis_type *type);

/* ---- helpers.c: static functions for lists, maps, optionals and arrays ---- */

void c_emit_helpers(struct c_emitter *emitter, const struct kodosis_type *type);

/* ---- records.c, enums.c, unions.c: the functions of what an interface declares ---- */

void c_emit_records(struct c_emitter *emitter);
void c_emit_enum(struct c_emitter *emitter, const struct kodosis_declaration *declaration);
void c_emit_union(struct c_emitter *emitter, const struct kodosis_declaration *declaration);

/* Decoding steps down where a value may contain its own kind. */
void c_enter(struct c_emitter *emitter);

/* ---- schema.c ---- */

void c_declare_schema(struct c_emitter *emitter);
void c_emit_schema(struct c_emitter *emitter);

/* ---- client.c, server.c ---- */

/* The table of a service, with the functions in it: both sides use it. */
void c_emit_interface(struct c_emitter *emitter, const struct kodosis_declaration *service);

void c_declare_client(struct c_emitter *emitter, const struct kodosis_declaration *service);
void c_emit_client(struct c_emitter *emitter, const struct kodosis_declaration *service);
void c_declare_server(struct c_emitter *emitter, const struct kodosis_declaration *service);
void c_emit_server(struct c_emitter *emitter, const struct kodosis_declaration *service);
void c_declare_error(struct c_emitter *emitter, const struct kodosis_declaration *error);
void c_emit_error(struct c_emitter *emitter, const struct kodosis_declaration *error);

#endif
