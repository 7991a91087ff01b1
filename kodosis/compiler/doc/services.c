/* SPDX-License-Identifier: MIT */
/* Procedures on a page. */
#include "kodosis/compiler/doc/services.h"

#include <inttypes.h>

#include "kodosis/compiler/doc/comment.h"
#include "kodosis/compiler/doc/html.h"
#include "kodosis/compiler/doc/layout.h"
#include "kodosis/compiler/doc/sections.h"

static void add_streamed(const struct doc_page *page, const struct kodosis_type *type, bool stream)
{
    kodosis_text_add(page->html, "%s", stream ? "<b>stream</b>&lt;" : "");
    doc_add_type(page, type);
    kodosis_text_add(page->html, "%s", stream ? "&gt;" : "");
}

static bool is_stream(const struct kodosis_procedure *procedure, size_t parameter)
{
    return parameter == kodosis_argument_count(procedure);
}

static void add_signature(const struct doc_page *page, const struct kodosis_procedure *procedure)
{
    kodosis_text_add(page->html, "<p class=\"signature\"><code>");
    if (procedure->result)
        add_streamed(page, procedure->result, procedure->streams_out);
    else
        kodosis_text_add(page->html, "void");
    kodosis_text_add(page->html, " <b>%s</b>(", procedure->name);
    for (size_t i = 0; i < procedure->parameter_count; i++) {
        kodosis_text_add(page->html, "%s", i ? ", " : "");
        add_streamed(page, procedure->parameters[i].type, is_stream(procedure, i));
        kodosis_text_add(page->html, " %s", procedure->parameters[i].name);
    }
    kodosis_text_add(page->html, ")");
    for (size_t i = 0; i < procedure->raise_count; i++) {
        kodosis_text_add(page->html, "%s", i ? ", " : " raises (");
        doc_add_link(page, procedure->raises[i]);
    }
    kodosis_text_add(page->html, "%s</code></p>\n", procedure->raise_count ? ")" : "");
}

static void add_row(const struct doc_page *page, const struct kodosis_member *parameter, struct doc_offset *offset)
{
    kodosis_text_add(page->html, "<tr><td class=\"number%s\">", offset ? " at" : "");
    if (offset)
        doc_add_offset(page->html, offset, parameter->type, parameter->name);
    else
        kodosis_text_add(page->html, "stream");
    kodosis_text_add(page->html, "</td><td class=\"said\"><code>%s</code>", parameter->name);
    doc_add_comment(page, parameter->doc);
    kodosis_text_add(page->html, "</td><td><code>");
    doc_add_type(page, parameter->type);
    kodosis_text_add(page->html, "</code></td><td class=\"number size\">");
    doc_add_size(page->html, parameter->type);
    kodosis_text_add(page->html, "</td><td class=\"wire\">");
    doc_add_encoding(page->html, parameter->type);
    kodosis_text_add(page->html, "</td></tr>\n");
}

static void add_request(const struct doc_page *page, const struct kodosis_procedure *procedure)
{
    struct doc_offset offset = { .known = true, .aligned = true };

    if (!procedure->parameter_count)
        return;
    kodosis_text_add(
        page->html,
        "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Offset</th><th scope=\"col\">Parameter"
        "</th><th scope=\"col\">Type</th><th scope=\"col\">Bytes</th><th scope=\"col\">On the wire</th></tr>"
        "</thead>\n<tbody>\n");
    for (size_t i = 0; i < procedure->parameter_count; i++)
        add_row(page, &procedure->parameters[i], is_stream(procedure, i) ? NULL : &offset);
    kodosis_text_add(page->html, "</tbody></table></div>\n");
}

static void add_result(const struct doc_page *page, const struct kodosis_procedure *procedure)
{
    kodosis_text_add(page->html, "<p class=\"facts\">");
    if (procedure->oneway) {
        kodosis_text_add(page->html, "Nothing comes back.");
    } else if (!procedure->result) {
        kodosis_text_add(page->html, "The reply is empty.");
    } else {
        kodosis_text_add(page->html, procedure->streams_out ? "Each element: " : "The reply: ");
        doc_add_size(page->html, procedure->result);
        kodosis_text_add(page->html, " bytes, ");
        doc_add_encoding(page->html, procedure->result);
        kodosis_text_add(page->html, ".");
    }
    kodosis_text_add(page->html, "</p>\n");
}

static void add_procedure(const struct doc_page *page, const struct kodosis_procedure *procedure)
{
    const char *holder = doc_anchor(procedure->service);

    kodosis_text_add(
        page->html, "<article class=\"procedure\" id=\"%s.%s\">\n<h4><a class=\"name%s\" href=\"#%s.%s\">%s</a>",
        holder, procedure->name, procedure->deprecated ? " old" : "", holder, procedure->name, procedure->name);
    if (procedure->idempotent)
        doc_add_badge(page, "idempotent");
    if (procedure->oneway)
        doc_add_badge(page, "oneway");
    if (kodosis_is_streamed(procedure))
        doc_add_badge(page, "stream");
    if (procedure->deprecated)
        doc_add_badge(page, "deprecated");
    kodosis_text_add(page->html, "</h4>\n");
    add_signature(page, procedure);
    doc_add_deprecated(page, procedure->deprecated);
    doc_add_comment(page, procedure->doc);
    add_request(page, procedure);
    add_result(page, procedure);
    kodosis_text_add(page->html, "<p class=\"hash\">hash <code>0x%016" PRIx64 "</code> of <code>", procedure->hash);
    doc_add_text(page->html, procedure->shape);
    kodosis_text_add(page->html, "</code></p>\n</article>\n");
}

void doc_add_procedures(const struct doc_page *page, const struct kodosis_declaration *service)
{
    for (size_t i = 0; i < service->procedure_count; i++)
        add_procedure(page, &service->procedures[i]);
}
