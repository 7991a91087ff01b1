/* SPDX-License-Identifier: MIT */
/* Values as C writes them. */
#include "kodosis/compiler/c/literals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kodosis/compiler/c/names.h"

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
