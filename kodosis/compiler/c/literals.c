/* SPDX-License-Identifier: MIT */
/* Values as C writes them. */
#include "kodosis/compiler/c/literals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/shapes.h"

const char *c_integer_literal(struct c_emitter *emitter, const struct kodosis_type *type, int64_t value)
{
    switch (type->kind) {
    case KODOSIS_TYPE_UINT32:
        return c_format(emitter, "%" PRIu32 "u", (uint32_t)value);
    case KODOSIS_TYPE_UINT64:
        return c_format(emitter, "UINT64_C(%" PRIu64 ")", (uint64_t)value);
    case KODOSIS_TYPE_INT64:
        if (value == INT64_MIN)
            return "INT64_MIN";
        if (value < 0)
            return c_format(emitter, "(-INT64_C(%" PRId64 "))", -value);
        return c_format(emitter, "INT64_C(%" PRId64 ")", value);
    default:
        if (value == INT32_MIN)
            return "INT32_MIN";
        return c_format(emitter, value < 0 ? "(%" PRId64 ")" : "%" PRId64, value);
    }
}

/* The shortest decimal that reads back as the same number. */
static const char *real_literal(struct c_emitter *emitter, const struct kodosis_type *type, double value)
{
    bool single = type->kind == KODOSIS_TYPE_FLOAT32;
    char text[40];
    int digits;
    bool whole;

    for (digits = 1; digits <= 17; digits++) {
        double back = 0;

        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (sscanf(text, "%lf", &back) == 1 && (single ? (float)back == (float)value : back == value))
            break;
    }
    whole = !strpbrk(text, ".e");
    return c_format(emitter, value < 0 || text[0] == '-' ? "(%s%s%s)" : "%s%s%s", text, whole ? ".0" : "",
                    single ? "f" : "");
}

static const char *quote(struct c_emitter *emitter, const char *bytes, size_t size)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    const char *literal;

    kodosis_text_add_quoted(&text, bytes, size);
    literal = kodosis_memory_copy(&emitter->memory, text.data, text.size);
    kodosis_text_clear(&text);
    return literal;
}

const char *c_literal(struct c_emitter *emitter, const struct kodosis_value *value)
{
    switch (value->type->kind) {
    case KODOSIS_TYPE_STRING:
        return quote(emitter, value->text, value->text_size);
    case KODOSIS_TYPE_BOOL:
        return value->boolean ? "true" : "false";
    case KODOSIS_TYPE_ENUM:
        return c_enumerator(emitter, value->enumerator);
    case KODOSIS_TYPE_FLOAT32:
    case KODOSIS_TYPE_FLOAT64:
        return real_literal(emitter, value->type, value->real);
    case KODOSIS_TYPE_UINT8:
    case KODOSIS_TYPE_UINT16:
    case KODOSIS_TYPE_UINT32:
    case KODOSIS_TYPE_UINT64:
        return c_integer_literal(emitter, value->type, (int64_t)value->natural);
    default:
        return c_integer_literal(emitter, value->type, value->integer);
    }
}

const char *c_deprecated_behind(struct c_emitter *emitter, const char *sentence)
{
    return sentence ? c_format(emitter, " KODOSIS_DEPRECATED(%s)", quote(emitter, sentence, strlen(sentence))) : "";
}

const char *c_deprecated_before(struct c_emitter *emitter, const char *sentence)
{
    return sentence ? c_format(emitter, "KODOSIS_DEPRECATED(%s) ", quote(emitter, sentence, strlen(sentence))) : "";
}

void c_emit_long_text(struct c_emitter *emitter, const char *name, const char *text)
{
    size_t i;

    c_line(emitter, "static const char %s[] = {", name);
    for (i = 0; text[i]; i++)
        kodosis_text_add(emitter->text, "%s'\\%03o',%s", i % 14 ? " " : "    ", (unsigned)(unsigned char)text[i],
                         i % 14 == 13 ? "\n" : "");
    c_line(emitter, "%s0,", i % 14 ? " " : "    ");
    c_line(emitter, "};");
    c_gap(emitter);
}

/* ---- Constants that are made of several values ---- */

enum { COLUMNS = 116 };

/* A constant that is being written: how many arrays of elements stand in front of it. */
struct object {
    struct c_emitter *emitter;
    const char *name;
    unsigned rows;
};

static const char *initialiser(struct object *object, const struct kodosis_value *value);

/* The initialisers of the items; those of nested lists are emitted on the way. */
static const char **initialisers(struct object *object, const struct kodosis_value *value)
{
    const char **items = kodosis_memory_take_array(&object->emitter->memory, value->item_count + 1, sizeof(*items));
    size_t i;

    for (i = 0; i < value->item_count; i++)
        items[i] = initialiser(object, &value->items[i]);
    if (!value->item_count)
        items[0] = "0";
    return items;
}

/* "1, 2, 3", on as many lines as that takes if `wraps`. */
static const char *join(struct c_emitter *emitter, const char *const *items, size_t count, bool wraps)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    size_t column = 0;
    const char *copy;
    size_t i;

    for (i = 0; i < count; i++) {
        size_t size = strlen(items[i]) + 2;

        kodosis_text_add(&text, "%s%s%s", i ? "," : "",
                         !i                                 ? ""
                         : wraps && column + size > COLUMNS ? "\n"
                                                            : " ",
                         items[i]);
        column = wraps && column + size > COLUMNS ? size : column + size;
    }
    copy = kodosis_memory_copy(&emitter->memory, text.data, text.size);
    kodosis_text_clear(&text);
    return copy;
}

/* Emits `head = { items };`. */
static void define(struct object *object, const char *head, const struct kodosis_value *value)
{
    struct c_emitter *emitter = object->emitter;
    const char **items = initialisers(object, value);
    size_t count = value->item_count ? value->item_count : 1;
    const char *line = join(emitter, items, count, false);

    if (strlen(head) + strlen(line) + strlen(" = {  };") <= COLUMNS) {
        c_line(emitter, "%s = { %s };", head, line);
        return;
    }
    c_line(emitter, "%s = {", head);
    kodosis_text_indent(emitter->text);
    c_line(emitter, "%s", join(emitter, items, count, true));
    kodosis_text_outdent(emitter->text);
    c_line(emitter, "};");
}

/* The initialiser of a list, whose elements are emitted as an array. */
static const char *row(struct object *object, const struct kodosis_value *value)
{
    struct c_emitter *emitter = object->emitter;
    const char *name;

    if (!value->item_count)
        return "{ NULL, 0 }";
    name = c_static(emitter, c_format(emitter, "%s_items_%u", object->name, ++object->rows));
    define(
        object,
        c_format(emitter, "static %s", c_declare(emitter, value->type->element, c_format(emitter, "%s[]", name), true)),
        value);
    return c_format(emitter, "{ %s, %zu }", name, value->item_count);
}

static const char *initialiser(struct object *object, const struct kodosis_value *value)
{
    size_t count = value->item_count ? value->item_count : 1;

    switch (value->type->kind) {
    case KODOSIS_TYPE_STRUCT:
    case KODOSIS_TYPE_ARRAY:
        return c_format(object->emitter, "{ %s }", join(object->emitter, initialisers(object, value), count, false));
    case KODOSIS_TYPE_LIST:
        return row(object, value);
    case KODOSIS_TYPE_STRING:
        return c_format(object->emitter, "{ %s, %zu }", c_literal(object->emitter, value), value->text_size);
    default:
        return c_literal(object->emitter, value);
    }
}

void c_emit_object(struct c_emitter *emitter, const char *name, const struct kodosis_type *type,
                   const struct kodosis_value *value)
{
    struct object object = { .emitter = emitter, .name = name };
    const char *head = c_declare(emitter, type, name, true);

    if (type->kind == KODOSIS_TYPE_LIST) {
        const char *list = row(&object, value);

        c_line(emitter, "%s = %s;", head, list);
    } else
        define(&object, head, value);
}
