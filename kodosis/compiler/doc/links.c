/* SPDX-License-Identifier: MIT */
/* Where things are, and how to get there. */
#include "kodosis/compiler/doc/links.h"

#include <inttypes.h>
#include <string.h>

#include "kodosis/compiler/doc/html.h"

void doc_add_page_name(struct kodosis_text *text, const struct kodosis_file *file)
{
    size_t size = strlen(file->name);
    bool ends = size > 4 && !strcmp(file->name + size - 4, ".kod");

    kodosis_text_add(text, "%s%s.html", file->name, ends ? "" : ".kod");
}

void doc_add_way_up(const struct doc_page *page)
{
    for (const char *at = page->file ? page->file->name : ""; *at; at++)
        if (*at == '/')
            kodosis_text_add(page->html, "../");
}

const char *doc_anchor(const struct kodosis_declaration *declaration)
{
    return declaration->alias ? declaration->alias : declaration->name;
}

void doc_add_url(const struct doc_page *page, const struct kodosis_declaration *declaration)
{
    if (declaration->file != page->file) {
        struct kodosis_text name = KODOSIS_TEXT_INIT;

        doc_add_way_up(page);
        doc_add_page_name(&name, declaration->file);
        doc_add_path(page->html, name.data);
        kodosis_text_clear(&name);
    }
    kodosis_text_add(page->html, "#%s", doc_anchor(declaration));
}

void doc_add_link(const struct doc_page *page, const struct kodosis_declaration *declaration)
{
    bool near = page->file && !strcmp(page->file->namespace_name, declaration->file->namespace_name);

    kodosis_text_add(page->html, "<a href=\"");
    doc_add_url(page, declaration);
    kodosis_text_add(page->html, "\" title=\"%s\">%s</a>", declaration->full_name,
                     near ? declaration->name : declaration->full_name);
}

void doc_add_type(const struct doc_page *page, const struct kodosis_type *type)
{
    const struct kodosis_type *base = type;

    switch (type->kind) {
    case KODOSIS_TYPE_ARRAY:
        while (base->kind == KODOSIS_TYPE_ARRAY)
            base = base->element;
        doc_add_type(page, base);
        for (; type->kind == KODOSIS_TYPE_ARRAY; type = type->element)
            kodosis_text_add(page->html, "[%" PRIu64 "]", type->count);
        return;
    case KODOSIS_TYPE_LIST:
        kodosis_text_add(page->html, "list&lt;");
        break;
    case KODOSIS_TYPE_OPTIONAL:
        kodosis_text_add(page->html, "optional&lt;");
        break;
    case KODOSIS_TYPE_MAP:
        kodosis_text_add(page->html, "map&lt;");
        doc_add_type(page, type->key);
        kodosis_text_add(page->html, ", ");
        break;
    default:
        if (type->declaration)
            doc_add_link(page, type->declaration);
        else
            kodosis_text_add(page->html, "%s", type->text);
        return;
    }
    doc_add_type(page, type->element);
    kodosis_text_add(page->html, "&gt;");
}

/* Whether a dotted name is the end of a full name, and begins where a part of it does. */
static bool is_end_of(const char *full, const char *name, size_t size)
{
    size_t whole = strlen(full);

    return whole >= size && !memcmp(full + whole - size, name, size) &&
           (whole == size || full[whole - size - 1] == '.');
}

const struct kodosis_declaration *doc_find(const struct doc_page *page, const char *name, size_t size)
{
    const struct kodosis_declaration *found = NULL;

    for (size_t i = 0; i < page->model->file_count; i++) {
        const struct kodosis_file *file = page->model->files[i];

        for (size_t k = 0; k < file->declaration_count; k++) {
            const struct kodosis_declaration *declaration = file->declarations[k];

            if (!is_end_of(declaration->full_name, name, size))
                continue;
            if (file == page->file)
                return declaration;
            found = found ? found : declaration;
        }
    }
    return found;
}
