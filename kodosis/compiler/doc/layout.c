/* SPDX-License-Identifier: MIT */
/* Offsets, sizes and encodings. */
#include "kodosis/compiler/doc/layout.h"

#include <inttypes.h>

#include "kodosis/compiler/doc/html.h"

/* The alignment that padding in front of a value goes to. A scalar that stands alone has none. */
static uint32_t padding_of(const struct kodosis_type *type)
{
    bool stands_alone = kodosis_type_is_scalar(type) || type->kind == KODOSIS_TYPE_ENUM;

    return type->blittable && !stands_alone ? type->alignment : 1;
}

/* The bytes of every value of the type; 0 if they differ. */
static uint64_t fixed_size(const struct kodosis_type *type)
{
    if (type->blittable)
        return type->size;
    return type->exact ? type->smallest : 0;
}

static uint64_t align(uint64_t offset, uint32_t alignment)
{
    return (offset + alignment - 1) / alignment * alignment;
}

void doc_pad_offset(struct doc_offset *offset)
{
    offset->padded = true;
}

void doc_add_offset(struct kodosis_text *html, struct doc_offset *offset, const struct kodosis_type *type,
                    const char *name)
{
    uint32_t padding = offset->padded ? 8 : padding_of(type);

    if (offset->known && (offset->aligned || padding == 1)) {
        offset->offset = align(offset->offset, padding);
        kodosis_text_add(html, "%" PRIu64, offset->offset);
    } else {
        offset->known = false;
        if (offset->behind) {
            kodosis_text_add(html, "behind <i>");
            doc_add_text(html, offset->behind);
            kodosis_text_add(html, "</i>");
        } else {
            kodosis_text_add(html, "the beginning");
        }
        if (padding > 1)
            kodosis_text_add(html, ", padded to %u", (unsigned)padding);
    }
    offset->known = offset->known && fixed_size(type);
    offset->offset += fixed_size(type);
    offset->behind = name;
    offset->padded = false;
}

void doc_add_size(struct kodosis_text *html, const struct kodosis_type *type)
{
    uint64_t size = fixed_size(type);

    if (size)
        kodosis_text_add(html, "%" PRIu64, size);
    else
        kodosis_text_add(html, "%" PRIu64 " or more", type->smallest);
}

static void add_record(struct kodosis_text *html, const struct kodosis_type *type)
{
    const struct kodosis_declaration *declaration = type->declaration;

    if (type->blittable)
        kodosis_text_add(html, "its %" PRIu64 " bytes", type->size);
    else if (declaration->kind == KODOSIS_UNION)
        kodosis_text_add(html, declaration->extensible ? "tag, uint32 size, padding to 8, the member's value"
                                                       : "tag, the member's value");
    else if (declaration->extensible)
        kodosis_text_add(html, "uint32 size, padding to 8, its members");
    else
        kodosis_text_add(html, declaration->member_count ? "its members in order" : "one 0 byte");
}

static void add_elements(struct kodosis_text *html, const struct kodosis_type *element)
{
    if (!element->blittable)
        kodosis_text_add(html, "each element");
    else if (element->alignment > 1)
        kodosis_text_add(html, "padding to %u, %" PRIu64 " bytes each", (unsigned)element->alignment, element->size);
    else
        kodosis_text_add(html, "%" PRIu64 " byte%s each", element->size, element->size == 1 ? "" : "s");
}

void doc_add_encoding(struct kodosis_text *html, const struct kodosis_type *type)
{
    switch (type->kind) {
    case KODOSIS_TYPE_BOOL:
        kodosis_text_add(html, "0 or 1");
        break;
    case KODOSIS_TYPE_STRING:
        kodosis_text_add(html, "varint size, UTF-8, one 0 byte");
        break;
    case KODOSIS_TYPE_BYTES:
        kodosis_text_add(html, "varint size, the bytes");
        break;
    case KODOSIS_TYPE_FD:
        kodosis_text_add(html, "number of the descriptor in the message");
        break;
    case KODOSIS_TYPE_ENUM:
        kodosis_text_add(html, "%s, little-endian", type->element->text);
        break;
    case KODOSIS_TYPE_ARRAY:
        kodosis_text_add(html, "%" PRIu64 " times: ", type->count);
        add_elements(html, type->element);
        break;
    case KODOSIS_TYPE_LIST:
        kodosis_text_add(html, "varint count, ");
        add_elements(html, type->element);
        break;
    case KODOSIS_TYPE_OPTIONAL:
        kodosis_text_add(html, "0, or 1 and the value");
        break;
    case KODOSIS_TYPE_MAP:
        kodosis_text_add(html, "varint count, each key and its value");
        break;
    case KODOSIS_TYPE_STRUCT:
    case KODOSIS_TYPE_UNION:
    case KODOSIS_TYPE_ERROR:
        add_record(html, type);
        break;
    default:
        kodosis_text_add(html, "%s, little-endian", type->text);
        break;
    }
}

void doc_add_facts(struct kodosis_text *html, const struct kodosis_type *type)
{
    if (type->blittable)
        kodosis_text_add(html, "<b>%" PRIu64 "</b> byte%s, aligned to %u; its bytes in memory are its encoding",
                         type->size, type->size == 1 ? "" : "s", (unsigned)type->alignment);
    else
        kodosis_text_add(html, "<b>%" PRIu64 "</b> byte%s or more", type->smallest, type->smallest == 1 ? "" : "s");
    if (type->declaration->extensible)
        kodosis_text_add(html, "; a uint32 with the size of the content stands in front, then padding to 8");
    if (type->recursive)
        kodosis_text_add(html, "; may contain itself");
    if (type->carries)
        kodosis_text_add(html, "; carries file descriptors");
}
