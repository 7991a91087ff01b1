/* SPDX-License-Identifier: MIT */
/*
 * The canonical text of a procedure's wire shape, and its hash; docs/wire-format.md has the grammar. A declared type is
 * written out where it is first met, one inside the other without a limit, so the walk has its own stack.
 */
#include "kodosis/compiler/check/shape.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/limits.h"

struct frame {
    const struct kodosis_declaration *declaration;
    const struct kodosis_type *around; /* the lists, maps and so on that are closed behind it */
    size_t next;                       /* member */
};

struct shape {
    struct kodosis_checker *checker;
    struct kodosis_text text;
    struct frame *frames;
    size_t depth;
    size_t capacity;
    uint32_t *numbers; /* by type index; 0: not met yet */
    uint32_t count;
    bool growing; /* something extensible was met */
};

static int compare_values(const void *left, const void *right)
{
    const struct kodosis_enumerator *a = *(const struct kodosis_enumerator *const *)left;
    const struct kodosis_enumerator *b = *(const struct kodosis_enumerator *const *)right;

    if (a->declaration->type->element->kind == KODOSIS_TYPE_UINT64)
        return (uint64_t)a->value < (uint64_t)b->value ? -1 : 1;
    return a->value < b->value ? -1 : 1;
}

/* Adds an enum whose values are not told one by one. */
static void add_open_enum(struct shape *shape, const struct kodosis_type *type)
{
    const struct kodosis_declaration *declaration = type->declaration;

    kodosis_text_add(&shape->text, "%s%s %s", declaration->extensible ? "extensible " : "",
                     declaration->flags ? "flags" : "enum", type->element->text);
    if (!declaration->extensible)
        kodosis_text_add(&shape->text, "{%" PRIu64 "}", kodosis_flags_mask(declaration));
}

static void add_enum(struct shape *shape, const struct kodosis_type *type)
{
    const struct kodosis_declaration *declaration = type->declaration;
    const struct kodosis_enumerator **sorted = kodosis_reallocate(NULL, declaration->enumerator_count, sizeof(*sorted));
    bool is_unsigned = type->element->kind == KODOSIS_TYPE_UINT64;

    /* any value may come, so the declared ones are not part of the shape */
    if (declaration->extensible || declaration->flags) {
        free(sorted);
        add_open_enum(shape, type);
        return;
    }
    for (size_t i = 0; i < declaration->enumerator_count; i++)
        sorted[i] = &declaration->enumerators[i];
    qsort(sorted, declaration->enumerator_count, sizeof(*sorted), compare_values);
    kodosis_text_add(&shape->text, "enum %s", type->element->text);
    for (size_t i = 0; i < declaration->enumerator_count; i++)
        if (is_unsigned)
            kodosis_text_add(&shape->text, "%c%" PRIu64, i ? ',' : '{', (uint64_t)sorted[i]->value);
        else
            kodosis_text_add(&shape->text, "%c%" PRId64, i ? ',' : '{', sorted[i]->value);
    kodosis_text_add(&shape->text, "}");
    free(sorted);
}

static void open_record(struct shape *shape, const struct kodosis_declaration *declaration)
{
    kodosis_text_add(&shape->text, "%s%s", declaration->extensible ? "extensible " : "",
                     declaration->kind == KODOSIS_UNION ? "union{" : "struct{");
    if (shape->depth == shape->capacity) {
        shape->capacity = shape->capacity ? shape->capacity * 2 : 32;
        shape->frames = kodosis_reallocate(shape->frames, shape->capacity, sizeof(*shape->frames));
    }
    shape->frames[shape->depth++] = (struct frame){ .declaration = declaration };
}

/*
 * Adds a declared type: its number if it was met before, otherwise its text, of which a struct or union opens a frame
 * for the rest.
 */
static void add_declared(struct shape *shape, const struct kodosis_type *type)
{
    if (shape->numbers[type->index]) {
        kodosis_text_add(&shape->text, "#%u", (unsigned)shape->numbers[type->index]);
        return;
    }
    shape->numbers[type->index] = ++shape->count;
    shape->growing |= type->declaration->extensible;
    if (type->kind == KODOSIS_TYPE_ENUM)
        add_enum(shape, type);
    else
        open_record(shape, type->declaration);
}

/*
 * Adds the lists, arrays and so on around a type, then the type, or the beginning of it. The parser bounds the
 * recursion.
 */
static void begin_type(struct shape *shape, const struct kodosis_type *type)
{
    switch (type->kind) {
    case KODOSIS_TYPE_ARRAY:
        kodosis_text_add(&shape->text, "array<");
        break;
    case KODOSIS_TYPE_LIST:
        kodosis_text_add(&shape->text, "list<");
        break;
    case KODOSIS_TYPE_OPTIONAL:
        kodosis_text_add(&shape->text, "optional<");
        break;
    case KODOSIS_TYPE_MAP:
        kodosis_text_add(&shape->text, "map<");
        begin_type(shape, type->key);
        kodosis_text_add(&shape->text, ",");
        break;
    default:
        if (type->declaration)
            add_declared(shape, type);
        else
            kodosis_text_add(&shape->text, "%s", type->text);
        return;
    }
    begin_type(shape, type->element);
}

static void end_type(struct shape *shape, const struct kodosis_type *type)
{
    if (type->declaration || !type->element)
        return;
    end_type(shape, type->element);
    if (type->kind == KODOSIS_TYPE_ARRAY)
        kodosis_text_add(&shape->text, ",%" PRIu64, type->count);
    kodosis_text_add(&shape->text, ">");
}

static void add_member(struct shape *shape, const struct kodosis_type *type)
{
    size_t depth = shape->depth;

    begin_type(shape, type);
    if (shape->depth == depth)
        end_type(shape, type);
    else
        shape->frames[depth].around = type;
}

static bool is_full(const struct shape *shape)
{
    return shape->text.size + shape->checker->shape_size > KODOSIS_LIMIT_SHAPES;
}

/* Adds what stands in front of the frame's next member: ';' in front of the first that may be missing. */
static void add_separator(struct shape *shape, const struct frame *frame)
{
    const struct kodosis_declaration *declaration = frame->declaration;

    if (declaration->kind == KODOSIS_STRUCT && declaration->extensible && frame->next == declaration->required)
        kodosis_text_add(&shape->text, ";");
    else if (frame->next)
        kodosis_text_add(&shape->text, ",");
}

static void add_type(struct shape *shape, const struct kodosis_type *type)
{
    add_member(shape, type);
    while (shape->depth && !is_full(shape)) {
        struct frame *frame = &shape->frames[shape->depth - 1];

        if (frame->next < frame->declaration->member_count) {
            add_separator(shape, frame);
            add_member(shape, frame->declaration->members[frame->next++].type);
        } else {
            kodosis_text_add(&shape->text, "}");
            shape->depth--;
            end_type(shape, frame->around);
        }
    }
}

static void add_streamed(struct shape *shape, const struct kodosis_type *type, bool stream)
{
    if (stream)
        kodosis_text_add(&shape->text, "stream<");
    add_type(shape, type);
    if (stream)
        kodosis_text_add(&shape->text, ">");
}

static int compare_errors(const void *left, const void *right)
{
    const struct kodosis_declaration *const *a = left;
    const struct kodosis_declaration *const *b = right;

    return strcmp((*a)->full_name, (*b)->full_name);
}

static void add_raises(struct shape *shape, const struct kodosis_procedure *procedure)
{
    const struct kodosis_declaration **sorted = kodosis_reallocate(NULL, procedure->raise_count, sizeof(*sorted));

    memcpy(sorted, procedure->raises, procedure->raise_count * sizeof(*sorted));
    qsort(sorted, procedure->raise_count, sizeof(*sorted), compare_errors);
    for (size_t i = 0; i < procedure->raise_count; i++) {
        kodosis_text_add(&shape->text, "%s%s=", i ? "," : " raises(", sorted[i]->full_name);
        add_type(shape, sorted[i]->type);
    }
    kodosis_text_add(&shape->text, ")");
    free(sorted);
}

static void add_procedure(struct shape *shape, const struct kodosis_procedure *procedure)
{
    kodosis_text_add(&shape->text, "(");
    for (size_t i = 0; i < procedure->parameter_count; i++) {
        kodosis_text_add(&shape->text, "%s", i ? "," : "");
        add_streamed(shape, procedure->parameters[i].type, i == kodosis_argument_count(procedure));
    }
    kodosis_text_add(&shape->text, ")->");
    if (procedure->result)
        add_streamed(shape, procedure->result, procedure->streams_out);
    else
        kodosis_text_add(&shape->text, procedure->oneway ? "oneway" : "void");
    if (procedure->raise_count)
        add_raises(shape, procedure);
}

void kodosis__shape(struct kodosis_checker *checker, struct kodosis_procedure *procedure)
{
    struct shape shape = { .checker = checker };

    if (checker->shape_size > KODOSIS_LIMIT_SHAPES)
        return;
    shape.numbers = calloc(checker->type_count + 1, sizeof(*shape.numbers));
    if (!shape.numbers)
        shape.numbers = kodosis_reallocate(NULL, SIZE_MAX, 1); /* reports it and ends the program */
    add_procedure(&shape, procedure);
    checker->shape_size += shape.text.size;
    if (checker->shape_size > KODOSIS_LIMIT_SHAPES)
        kodosis_error(checker->diagnostics, &procedure->position,
                      "the types of all procedures together are too large: their texts exceed %d bytes",
                      KODOSIS_LIMIT_SHAPES);
    procedure->shape = kodosis_memory_copy(checker->memory, shape.text.data, shape.text.size);
    procedure->hash = kodosis_hash(shape.text.data, shape.text.size);
    procedure->growing = shape.growing;
    kodosis_text_clear(&shape.text);
    free(shape.frames);
    free(shape.numbers);
}
