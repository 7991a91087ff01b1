/* SPDX-License-Identifier: MIT */
/* Values, written out. */
#include "kodosis/compiler/doc/values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "kodosis/compiler/doc/html.h"

enum { ITEMS_SHOWN = 64 };

/* The shortest decimal number that is read as this one. */
static void add_real(struct kodosis_text *html, double real, bool narrow)
{
    char text[40];

    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, real);
        if (narrow ? (double)strtof(text, NULL) == real : strtod(text, NULL) == real)
            break;
    }
    kodosis_text_add(html, "%s", text);
}

static void add_string(struct kodosis_text *html, const char *text, size_t size)
{
    kodosis_text_add(html, "&quot;");
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte == '\n')
            kodosis_text_add(html, "\\n");
        else if (byte == '"' || byte == '\\')
            kodosis_text_add(html, byte == '"' ? "\\&quot;" : "\\\\");
        else if (byte < 0x20 || byte == 0x7f)
            kodosis_text_add(html, "\\u%04x", byte);
        else
            doc_add_bytes(html, text + i, 1);
    }
    kodosis_text_add(html, "&quot;");
}

static void add_items(struct kodosis_text *html, const struct kodosis_value *value)
{
    bool is_struct = value->type->kind == KODOSIS_TYPE_STRUCT;

    kodosis_text_add(html, is_struct ? "{ " : "[");
    for (size_t i = 0; i < value->item_count && i < ITEMS_SHOWN; i++) {
        kodosis_text_add(html, "%s", i ? ", " : "");
        doc_add_value(html, &value->items[i]);
    }
    kodosis_text_add(html, "%s%s", value->item_count > ITEMS_SHOWN ? ", ..." : "", is_struct ? " }" : "]");
}

void doc_add_value(struct kodosis_text *html, const struct kodosis_value *value)
{
    switch (value->type->kind) {
    case KODOSIS_TYPE_BOOL:
        kodosis_text_add(html, value->boolean ? "true" : "false");
        break;
    case KODOSIS_TYPE_FLOAT32:
    case KODOSIS_TYPE_FLOAT64:
        add_real(html, value->real, value->type->kind == KODOSIS_TYPE_FLOAT32);
        break;
    case KODOSIS_TYPE_STRING:
        add_string(html, value->text, value->text_size);
        break;
    case KODOSIS_TYPE_ENUM:
        kodosis_text_add(html, "%s", value->enumerator->name);
        break;
    case KODOSIS_TYPE_STRUCT:
    case KODOSIS_TYPE_ARRAY:
    case KODOSIS_TYPE_LIST:
        add_items(html, value);
        break;
    default:
        kodosis_text_add(html, value->type->kind <= KODOSIS_TYPE_INT64 ? "%" PRId64 : "%" PRIu64, value->integer);
        break;
    }
}
