/* SPDX-License-Identifier: MIT */
/* Diagnostics for the editor. */
#include "kodosis/lsp/diagnose.h"

#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/built-in.h"
#include "kodosis/lsp/uri.h"

/* DiagnosticSeverity of the protocol. */
enum { ERROR = 1, WARNING = 2, INFORMATION = 3 };

char *lsp_uri_of_identity(const struct lsp_documents *documents, const char *identity)
{
    const struct lsp_document *document = lsp_document_identified(documents, identity);

    if (!strcmp(identity, KODOSIS_BUILT_IN_IDENTITY))
        return NULL;
    return document ? strdup(document->uri) : lsp_uri_of(identity);
}

static struct json_object *make_range(const struct lsp_analysis *analysis, const struct kodosis_position *position)
{
    const struct lsp_lines *lines = lsp_lines_of(analysis, position->file);
    size_t start = lsp_offset_in(analysis, position);
    size_t end = start + position->length;

    return lsp_make_range(lines, start, end < lines->size ? end : lines->size);
}

static const struct kodosis_unit *unit_of(const struct lsp_analysis *analysis, const struct kodosis_file *file)
{
    return analysis->loader.units[file->index];
}

static struct json_object *make_note(const struct lsp_analysis *analysis, const struct lsp_documents *documents,
                                     const struct kodosis_diagnostic *note)
{
    struct json_object *made = json_object_new_object();
    struct json_object *location = json_object_new_object();
    char *uri = lsp_uri_of_identity(documents, unit_of(analysis, note->position.file)->identity);

    lsp_put_string(location, "uri", uri);
    lsp_put(location, "range", make_range(analysis, &note->position));
    lsp_put(made, "location", location);
    lsp_put_string(made, "message", note->message);
    free(uri);
    return made;
}

static struct json_object *make(struct json_object *range, uint32_t severity, const char *message)
{
    struct json_object *made = json_object_new_object();

    lsp_put(made, "range", range);
    lsp_put_number(made, "severity", severity);
    lsp_put_string(made, "source", "kodosis");
    lsp_put_string(made, "message", message);
    return made;
}

static void add(struct json_object *list, const struct lsp_analysis *analysis, const struct lsp_documents *documents,
                const struct kodosis_diagnostic *diagnostic)
{
    uint32_t severity = diagnostic->severity == KODOSIS_SEVERITY_ERROR ? ERROR : WARNING;
    struct json_object *range = diagnostic->position.file
                                    ? make_range(analysis, &diagnostic->position)
                                    : lsp_make_range(lsp_lines_of(analysis, analysis->root->file), 0, 0);
    struct json_object *made = make(range, severity, diagnostic->message);
    struct json_object *notes = json_object_new_array();

    for (const struct kodosis_diagnostic *note = diagnostic->notes; note; note = note->next)
        if (note->position.file && !note->position.file->built_in)
            json_object_array_add(notes, make_note(analysis, documents, note));
    lsp_put(made, "relatedInformation", notes);
    json_object_array_add(list, made);
}

/* The number of errors in a file. */
static size_t count_errors(const struct lsp_analysis *analysis, const struct kodosis_file *file)
{
    size_t count = 0;

    for (const struct kodosis_diagnostic *each = analysis->diagnostics.first; each; each = each->next)
        count += each->position.file == file && each->severity == KODOSIS_SEVERITY_ERROR;
    return count;
}

/* Says at each import that the imported file has errors, if it has. */
static void add_imports(struct json_object *list, const struct lsp_analysis *analysis)
{
    const struct kodosis_unit *root = analysis->root;
    size_t i = 0;

    for (const struct kodosis_ast_import *each = root->ast->imports; each && i < root->import_count;
         each = each->next, i++) {
        size_t count = root->imports[i] ? count_errors(analysis, root->imports[i]->file) : 0;
        struct kodosis_text text = KODOSIS_TEXT_INIT;

        if (!count)
            continue;
        kodosis_text_add(&text, "'%s' has %zu error%s", each->path, count, count == 1 ? "" : "s");
        json_object_array_add(list, make(make_range(analysis, &each->position), ERROR, text.data));
        kodosis_text_clear(&text);
    }
}

struct json_object *lsp_diagnose(const struct lsp_analysis *analysis, const struct lsp_documents *documents)
{
    struct json_object *list = json_object_new_array();

    for (const struct kodosis_diagnostic *each = analysis->diagnostics.first; analysis->root && each; each = each->next)
        if (!each->position.file || each->position.file == analysis->root->file)
            add(list, analysis, documents, each);
    if (analysis->root)
        add_imports(list, analysis);
    return list;
}
