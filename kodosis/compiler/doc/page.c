/* SPDX-License-Identifier: MIT */
/* Pages: heading, navigation, search, and the sections in their order. */
#include "kodosis/compiler/doc/page.h"

#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/c/excerpts.h"
#include "kodosis/compiler/doc/comment.h"
#include "kodosis/compiler/doc/html.h"
#include "kodosis/compiler/doc/search.h"
#include "kodosis/compiler/doc/sections.h"
#include "kodosis/compiler/doc/style.h"
#include "kodosis/compiler/text/memory.h"

/* The groups of declarations on a page, in their order. */
static const struct group {
    const char *title;
    unsigned kinds; /* bits (1 << kind) */
} groups[] = {
    { "Services", 1u << KODOSIS_SERVICE },
    { "Types", 1u << KODOSIS_STRUCT | 1u << KODOSIS_UNION | 1u << KODOSIS_ENUM | 1u << KODOSIS_ALIAS },
    { "Errors", 1u << KODOSIS_ERROR },
    { "Constants", 1u << KODOSIS_CONST },
};

enum { GROUPS = sizeof(groups) / sizeof(*groups) };

static bool is_in(const struct kodosis_declaration *declaration, const struct group *group)
{
    return group->kinds & 1u << declaration->kind;
}

static bool has_any(const struct kodosis_file *file, const struct group *group)
{
    for (size_t i = 0; i < file->declaration_count; i++)
        if (is_in(file->declarations[i], group))
            return true;
    return false;
}

/* ---- Around the sections ---- */

static void add_pieces(const struct doc_page *page, const char *const *pieces)
{
    for (; *pieces; pieces++)
        kodosis_text_add_bytes(page->html, *pieces, strlen(*pieces));
}

static void add_head(const struct doc_page *page, const char *title)
{
    kodosis_text_add(
        page->html,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n<title>");
    doc_add_text(page->html, title);
    kodosis_text_add(page->html, "</title>\n<style>\n");
    add_pieces(page, doc_style);
    kodosis_text_add(page->html, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the text</a>\n"
                                 "<header><a href=\"");
    doc_add_way_up(page);
    kodosis_text_add(page->html,
                     "index.html\">Interfaces</a><div class=\"search\" role=\"search\">"
                     "<input id=\"search\" type=\"search\" placeholder=\"Search: / \" aria-label=\"Search\" "
                     "autocomplete=\"off\" spellcheck=\"false\"><ul id=\"found\" hidden></ul></div></header>\n"
                     "<div class=\"page\">\n");
}

/* Appends a link to the page of a file, called by its namespace or by its name: several files may share a namespace. */
static void add_file_link(const struct doc_page *page, const struct kodosis_file *file, bool by_name)
{
    struct kodosis_text name = KODOSIS_TEXT_INIT;

    doc_add_page_name(&name, file);
    kodosis_text_add(page->html, "<a href=\"");
    doc_add_way_up(page);
    doc_add_path(page->html, name.data);
    kodosis_text_add(page->html, "\"%s>", file == page->file ? " aria-current=\"page\"" : "");
    doc_add_text(page->html, by_name ? file->name : file->namespace_name);
    kodosis_text_add(page->html, "</a>");
    kodosis_text_clear(&name);
}

static void add_navigation(const struct doc_page *page)
{
    const struct kodosis_file *file = page->file;

    kodosis_text_add(page->html, "<nav aria-label=\"Contents\"><details id=\"nav\" open><summary>Contents</summary>\n");
    for (size_t g = 0; file && g < GROUPS; g++) {
        if (!has_any(file, &groups[g]))
            continue;
        kodosis_text_add(page->html, "<h2>%s</h2>\n<ul>", groups[g].title);
        for (size_t i = 0; i < file->declaration_count; i++) {
            const struct kodosis_declaration *declaration = file->declarations[i];

            if (is_in(declaration, &groups[g]))
                kodosis_text_add(page->html, "<li><a href=\"#%s\"%s>%s</a></li>\n", doc_anchor(declaration),
                                 declaration->deprecated ? " class=\"old\"" : "", doc_anchor(declaration));
        }
        kodosis_text_add(page->html, "</ul>\n");
    }
    kodosis_text_add(page->html, "<h2>Files</h2>\n<ul>");
    for (size_t i = 0; i < page->model->file_count; i++) {
        kodosis_text_add(page->html, "<li>");
        add_file_link(page, page->model->files[i], true);
        kodosis_text_add(page->html, "</li>\n");
    }
    kodosis_text_add(page->html, "</ul>\n</details></nav>\n<main id=\"main\">\n");
}

static void add_end(const struct doc_page *page, const char *version)
{
    kodosis_text_add(page->html, "</main>\n</div>\n<footer>Made by kodosis %s.</footer>\n<script>\nvar up=\"", version);
    doc_add_way_up(page);
    kodosis_text_add(page->html, "\";\n");
    doc_add_index(page);
    add_pieces(page, doc_script);
    kodosis_text_add(page->html, "</script>\n</body>\n</html>\n");
}

/* ---- Pages ---- */

static void add_sections(const struct doc_page *page, const struct kodosis_text *excerpts)
{
    const struct kodosis_file *file = page->file;

    for (size_t g = 0; g < GROUPS; g++) {
        if (!has_any(file, &groups[g]))
            continue;
        kodosis_text_add(page->html, "<h2 class=\"group\">%s</h2>\n", groups[g].title);
        for (size_t i = 0; i < file->declaration_count; i++)
            if (is_in(file->declarations[i], &groups[g]))
                doc_add_section(page, file->declarations[i], excerpts[i].data ? excerpts[i].data : "");
    }
}

static void add_about(const struct doc_page *page)
{
    const struct kodosis_file *file = page->file;

    kodosis_text_add(page->html, "<h1>%s</h1>\n<p class=\"about\"><code>", file->namespace_name);
    doc_add_text(page->html, file->name);
    kodosis_text_add(page->html, "</code>");
    for (size_t i = 0; i < file->import_count; i++) {
        kodosis_text_add(page->html, i ? ", " : " imports ");
        add_file_link(page, file->imports[i], true);
    }
    kodosis_text_add(page->html, "</p>\n");
    doc_add_comment(page, file->doc);
}

void doc_add_file_page(const struct kodosis_model *model, const struct kodosis_file *file, const char *version,
                       struct kodosis_text *html)
{
    struct doc_page page = { model, file, html };
    struct kodosis_text *excerpts = kodosis_reallocate(NULL, file->declaration_count, sizeof(*excerpts));

    for (size_t i = 0; i < file->declaration_count; i++)
        excerpts[i] = (struct kodosis_text)KODOSIS_TEXT_INIT;
    kodosis_c_excerpts(model, file, excerpts);
    add_head(&page, file->namespace_name);
    add_navigation(&page);
    add_about(&page);
    add_sections(&page, excerpts);
    add_end(&page, version);
    for (size_t i = 0; i < file->declaration_count; i++)
        kodosis_text_clear(&excerpts[i]);
    free(excerpts);
}

static void add_card(const struct doc_page *page, const struct kodosis_file *file)
{
    kodosis_text_add(page->html, "<section class=\"card\"><h3>");
    add_file_link(page, file, false);
    kodosis_text_add(page->html, "</h3>\n<p class=\"full\"><code>");
    doc_add_text(page->html, file->name);
    kodosis_text_add(page->html, "</code></p>\n");
    doc_add_comment(page, file->doc);
    for (size_t g = 0; g < GROUPS; g++) {
        bool any = false;

        for (size_t i = 0; i < file->declaration_count; i++) {
            const struct kodosis_declaration *declaration = file->declarations[i];

            if (!is_in(declaration, &groups[g]))
                continue;
            kodosis_text_add(page->html, any ? ", " : "<p class=\"facts\"><b>%s:</b> ", groups[g].title);
            any = true;
            kodosis_text_add(page->html, "<a href=\"");
            doc_add_url(page, declaration);
            kodosis_text_add(page->html, "\">%s</a>", doc_anchor(declaration));
        }
        kodosis_text_add(page->html, any ? "</p>\n" : "");
    }
    kodosis_text_add(page->html, "</section>\n");
}

void doc_add_overview(const struct kodosis_model *model, const char *version, struct kodosis_text *html)
{
    struct doc_page page = { model, NULL, html };

    add_head(&page, "Interfaces");
    add_navigation(&page);
    kodosis_text_add(html, "<h1>Interfaces</h1>\n");
    for (size_t i = 0; i < model->file_count; i++)
        add_card(&page, model->files[i]);
    add_end(&page, version);
}
