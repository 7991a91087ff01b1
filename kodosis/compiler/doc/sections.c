/* SPDX-License-Identifier: MIT */
/* Sections about constants and types. */
#include "kodosis/compiler/doc/sections.h"

#include <inttypes.h>
#include <string.h>

#include "kodosis/compiler/doc/comment.h"
#include "kodosis/compiler/doc/html.h"
#include "kodosis/compiler/doc/layout.h"
#include "kodosis/compiler/doc/services.h"
#include "kodosis/compiler/doc/values.h"
#include "kodosis/compiler/syntax/keyword.h"

void doc_add_deprecated(const struct doc_page *page, const char *sentence)
{
    if (!sentence)
        return;
    kodosis_text_add(page->html, "<p class=\"deprecated\"><b>Deprecated:</b> ");
    doc_add_text(page->html, sentence);
    kodosis_text_add(page->html, "</p>\n");
}

void doc_add_badge(const struct doc_page *page, const char *word)
{
    kodosis_text_add(page->html, " <span class=\"badge\">%s</span>", word);
}

void doc_add_c(const struct doc_page *page, const char *excerpt)
{
    size_t size = strlen(excerpt);

    while (size && excerpt[size - 1] == '\n')
        size--;
    kodosis_text_add(page->html, "<details class=\"c\"><summary>In C</summary><pre><code>");
    doc_add_bytes(page->html, excerpt, size);
    kodosis_text_add(page->html, "</code></pre></details>\n");
}

static void add_heading(const struct doc_page *page, const struct kodosis_declaration *declaration)
{
    const char *anchor = doc_anchor(declaration);

    kodosis_text_add(page->html, "<h3><span class=\"kind\">%s%s%s</span> <a class=\"name%s\" href=\"#%s\">%s</a>",
                     declaration->extensible ? "extensible " : "", declaration->flags ? "flags " : "",
                     kodosis_declaration_words[declaration->kind], declaration->deprecated ? " old" : "", anchor,
                     declaration->name);
    if (declaration->kind == KODOSIS_SERVICE)
        kodosis_text_add(page->html, " <span class=\"version\">version %u</span>", (unsigned)declaration->version);
    if (declaration->alias)
        kodosis_text_add(page->html, " <span class=\"kind\">as</span> %s", declaration->alias);
    if (declaration->deprecated)
        doc_add_badge(page, "deprecated");
    if (declaration->members && declaration->type->blittable)
        doc_add_badge(page, "blittable");
    if (declaration->members && declaration->type->recursive)
        doc_add_badge(page, "recursive");
    kodosis_text_add(page->html, "</h3>\n<p class=\"full\"><code>%s</code></p>\n", declaration->full_name);
}

/* ---- Tables ---- */

static void open_table(const struct doc_page *page, const char *const *heads)
{
    kodosis_text_add(page->html, "<div class=\"wide\"><table>\n<thead><tr>");
    for (; *heads; heads++)
        kodosis_text_add(page->html, "<th scope=\"col\">%s</th>", *heads);
    kodosis_text_add(page->html, "</tr></thead>\n<tbody>\n");
}

static void close_table(const struct doc_page *page)
{
    kodosis_text_add(page->html, "</tbody></table></div>\n");
}

/* Appends the cell of a name with what is said of it, but for its end: `holder` and the name make the anchor. */
static void open_name_cell(const struct doc_page *page, const char *holder, const char *name, const char *doc,
                           const char *deprecated)
{
    kodosis_text_add(page->html, "<td class=\"said\"><code id=\"%s.%s\"%s>%s</code>", holder, name,
                     deprecated ? " class=\"old\"" : "", name);
    doc_add_deprecated(page, deprecated);
    doc_add_comment(page, doc);
}

static void add_type_cells(const struct doc_page *page, const struct kodosis_type *type)
{
    kodosis_text_add(page->html, "<td><code>");
    doc_add_type(page, type);
    kodosis_text_add(page->html, "</code></td><td class=\"number size\">");
    doc_add_size(page->html, type);
    kodosis_text_add(page->html, "</td><td class=\"wire\">");
    doc_add_encoding(page->html, type);
    kodosis_text_add(page->html, "</td>");
}

static void add_default(const struct doc_page *page, const struct kodosis_member *member)
{
    kodosis_text_add(page->html, "<p class=\"default\">");
    if (member->initial) {
        kodosis_text_add(page->html, "= <code>");
        doc_add_value(page->html, member->initial);
        kodosis_text_add(page->html, "</code> where it is missing");
    } else {
        kodosis_text_add(page->html, member->type->kind == KODOSIS_TYPE_OPTIONAL ? "absent where it is missing"
                                                                                 : "empty where it is missing");
    }
    kodosis_text_add(page->html, "</p>");
}

static void add_member(const struct doc_page *page, const struct kodosis_declaration *declaration, size_t index,
                       struct doc_offset *offset)
{
    const struct kodosis_member *member = &declaration->members[index];
    bool may_miss = declaration->kind == KODOSIS_STRUCT && declaration->extensible && index >= declaration->required;

    if (may_miss)
        doc_pad_offset(offset);
    kodosis_text_add(page->html, "<tr><td class=\"number %s\">", declaration->kind == KODOSIS_UNION ? "tag" : "at");
    if (declaration->kind == KODOSIS_UNION)
        kodosis_text_add(page->html, "%zu", index + 1);
    else
        doc_add_offset(page->html, offset, member->type, member->name);
    kodosis_text_add(page->html, "</td>");
    open_name_cell(page, doc_anchor(declaration), member->name, member->doc, member->deprecated);
    if (may_miss)
        add_default(page, member);
    kodosis_text_add(page->html, "</td>");
    add_type_cells(page, member->type);
    kodosis_text_add(page->html, "</tr>\n");
}

static void add_members(const struct doc_page *page, const struct kodosis_declaration *declaration)
{
    static const char *const of_struct[] = { "Offset", "Member", "Type", "Bytes", "On the wire", NULL };
    static const char *const of_union[] = { "Tag", "Member", "Type", "Bytes", "On the wire", NULL };
    struct doc_offset offset = { .known = true, .aligned = declaration->extensible || declaration->type->blittable };

    kodosis_text_add(page->html, "<p class=\"facts\">");
    doc_add_facts(page->html, declaration->type);
    if (declaration->kind != KODOSIS_UNION && declaration->extensible && declaration->member_count)
        kodosis_text_add(page->html, "; offsets count from the content");
    kodosis_text_add(page->html, ".</p>\n");
    if (!declaration->member_count)
        return;
    open_table(page, declaration->kind == KODOSIS_UNION ? of_union : of_struct);
    for (size_t i = 0; i < declaration->member_count; i++)
        add_member(page, declaration, i, &offset);
    close_table(page);
}

static void add_enumerator(const struct doc_page *page, const struct kodosis_declaration *declaration,
                           const struct kodosis_enumerator *enumerator)
{
    bool is_signed = declaration->type->element->kind <= KODOSIS_TYPE_INT64;
    const char *format = is_signed ? "%" PRId64 : "%" PRIu64;

    kodosis_text_add(page->html, "<tr><td class=\"number\">");
    if (declaration->flags)
        kodosis_text_add(page->html, "0x%" PRIx64, (uint64_t)enumerator->value);
    else
        kodosis_text_add(page->html, format, enumerator->value);
    kodosis_text_add(page->html, "</td>");
    open_name_cell(page, doc_anchor(declaration), enumerator->name, enumerator->doc, enumerator->deprecated);
    kodosis_text_add(page->html, "</td></tr>\n");
}

static void add_enum(const struct doc_page *page, const struct kodosis_declaration *declaration)
{
    static const char *const heads[] = { "Value", "Name", NULL };

    kodosis_text_add(page->html, "<p class=\"facts\">A <code>%s</code>: <b>%" PRIu64 "</b> byte%s%s.</p>\n",
                     declaration->type->element->text, declaration->type->size, declaration->type->size == 1 ? "" : "s",
                     declaration->extensible ? "; other values may come from later versions"
                     : declaration->flags    ? ", any union of these"
                                             : "");
    open_table(page, heads);
    for (size_t i = 0; i < declaration->enumerator_count; i++)
        add_enumerator(page, declaration, &declaration->enumerators[i]);
    close_table(page);
}

static void add_constant(const struct doc_page *page, const struct kodosis_declaration *declaration)
{
    kodosis_text_add(page->html, "<p class=\"facts\"><code>");
    doc_add_type(page, declaration->type);
    kodosis_text_add(page->html, "</code> = <code>");
    doc_add_value(page->html, &declaration->value);
    kodosis_text_add(page->html, "</code></p>\n");
}

static void add_alias(const struct doc_page *page, const struct kodosis_declaration *declaration)
{
    kodosis_text_add(page->html, "<p class=\"facts\">Another name for <code>");
    doc_add_type(page, declaration->type);
    kodosis_text_add(page->html, "</code>: ");
    doc_add_size(page->html, declaration->type);
    kodosis_text_add(page->html, " bytes, ");
    doc_add_encoding(page->html, declaration->type);
    kodosis_text_add(page->html, ".</p>\n");
}

static void add_body(const struct doc_page *page, const struct kodosis_declaration *declaration)
{
    switch (declaration->kind) {
    case KODOSIS_CONST:
        add_constant(page, declaration);
        break;
    case KODOSIS_ENUM:
        add_enum(page, declaration);
        break;
    case KODOSIS_STRUCT:
    case KODOSIS_UNION:
    case KODOSIS_ERROR:
        add_members(page, declaration);
        break;
    case KODOSIS_SERVICE:
        doc_add_procedures(page, declaration);
        break;
    case KODOSIS_ALIAS:
        add_alias(page, declaration);
        break;
    }
}

void doc_add_section(const struct doc_page *page, const struct kodosis_declaration *declaration, const char *excerpt)
{
    kodosis_text_add(page->html, "<section class=\"card\" id=\"%s\">\n", doc_anchor(declaration));
    add_heading(page, declaration);
    doc_add_deprecated(page, declaration->deprecated);
    doc_add_comment(page, declaration->doc);
    add_body(page, declaration);
    doc_add_c(page, excerpt);
    kodosis_text_add(page->html, "</section>\n");
}
