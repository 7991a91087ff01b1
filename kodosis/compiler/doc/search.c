/* SPDX-License-Identifier: MIT */
/* What can be searched for: declarations, and the names of their parts. */
#include "kodosis/compiler/doc/search.h"

#include "kodosis/compiler/doc/html.h"
#include "kodosis/compiler/syntax/keyword.h"

static void add_part(struct kodosis_text *html, const char *name, size_t i)
{
    kodosis_text_add(html, "%s%s", i ? " " : "", name);
}

static void add_entry(const struct doc_page *page, const struct kodosis_declaration *declaration)
{
    struct kodosis_text url = KODOSIS_TEXT_INIT;
    struct kodosis_text name = KODOSIS_TEXT_INIT;

    doc_add_page_name(&name, declaration->file);
    doc_add_path(&url, name.data);
    kodosis_text_add(&url, "#%s", doc_anchor(declaration));
    kodosis_text_add(page->html, "[\"%s.%s\",\"%s\",", declaration->file->namespace_name, doc_anchor(declaration),
                     kodosis_declaration_words[declaration->kind]);
    doc_add_script_string(page->html, url.data);
    kodosis_text_add(page->html, ",\"");
    for (size_t i = 0; i < declaration->member_count; i++)
        add_part(page->html, declaration->members[i].name, i);
    for (size_t i = 0; i < declaration->enumerator_count; i++)
        add_part(page->html, declaration->enumerators[i].name, i);
    for (size_t i = 0; i < declaration->procedure_count; i++)
        add_part(page->html, declaration->procedures[i].name, i);
    kodosis_text_add(page->html, "\"],\n");
    kodosis_text_clear(&url);
    kodosis_text_clear(&name);
}

void doc_add_index(const struct doc_page *page)
{
    kodosis_text_add(page->html, "var index=[\n");
    for (size_t i = 0; i < page->model->file_count; i++)
        for (size_t k = 0; k < page->model->files[i]->declaration_count; k++)
            add_entry(page, page->model->files[i]->declarations[k]);
    kodosis_text_add(page->html, "];\n");
}
