/* SPDX-License-Identifier: MIT */
/* The methods that ask about a document. */
#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/format/format.h"
#include "kodosis/lsp/completion.h"
#include "kodosis/lsp/diagnose.h"
#include "kodosis/lsp/hover.h"
#include "kodosis/lsp/methods.h"
#include "kodosis/lsp/outline.h"
#include "kodosis/lsp/references.h"
#include "kodosis/lsp/rename.h"

/* ---- What a question is about ---- */

struct question {
    const struct lsp_document *document;
    struct lsp_world world;
    struct lsp_analysis analysis; /* of the document; its root is there */
    size_t offset;
    bool found; /* a symbol is at the offset */
    struct lsp_occurrence occurrence;
};

/* Reads the document that a question is about. False, with the answer failed, if it is not open or cannot be read. */
static bool open_question(struct question *question, struct lsp_server *server, struct json_object *params,
                          struct lsp_answer *answer)
{
    const char *uri = lsp_string(lsp_member(params, "textDocument"), "uri");

    question->document = uri ? lsp_document_find(&server->documents, uri) : NULL;
    if (!question->document) {
        lsp_fail(answer, LSP_INVALID_PARAMS,
                 uri ? "this file is not open" : "\"textDocument\" with a \"uri\" is missing");
        return false;
    }
    lsp_documents_identify(&server->documents);
    question->world = lsp_world_of(server);
    lsp_analyse(&question->analysis, &question->world, question->document->path);
    if (question->analysis.root && !question->document->lost)
        return true;
    lsp_analysis_clear(&question->analysis);
    lsp_fail(answer, LSP_REQUEST_FAILED, "this file cannot be read");
    return false;
}

/* The same for a place in it, and what is named there. */
static bool open_at_place(struct question *question, struct lsp_server *server, struct json_object *params,
                          struct lsp_answer *answer)
{
    struct lsp_place place;
    struct lsp_analysis *analysis = &question->analysis;

    if (!lsp_take_place(params, "position", &place)) {
        lsp_fail(answer, LSP_INVALID_PARAMS, "\"position\" with \"line\" and \"character\" is missing");
        return false;
    }
    if (!open_question(question, server, params, answer))
        return false;
    question->offset = lsp_offset_of(lsp_lines_of(analysis, analysis->root->file), place);
    question->found = lsp_occurrence_at(analysis, analysis->root, question->offset, &question->occurrence);
    return true;
}

static void close_question(struct question *question)
{
    lsp_analysis_clear(&question->analysis);
}

static struct json_object *range_of(const struct lsp_analysis *analysis, const struct kodosis_position *position)
{
    size_t start = lsp_offset_in(analysis, position);

    return lsp_make_range(lsp_lines_of(analysis, position->file), start, start + position->length);
}

/* ---- One file ---- */

void lsp_hover(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    struct question question;
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    struct json_object *contents;

    if (!open_at_place(&question, server, params, answer))
        return;
    if (question.found) {
        lsp_analysis_check(&question.analysis);
        lsp_describe(&text, &question.analysis, &question.occurrence.symbol, server->markdown);
        contents = json_object_new_object();
        lsp_put_string(contents, "kind", server->markdown ? "markdown" : "plaintext");
        lsp_put_string(contents, "value", text.data);
        answer->result = json_object_new_object();
        lsp_put(answer->result, "contents", contents);
        lsp_put(answer->result, "range", range_of(&question.analysis, &question.occurrence.position));
        kodosis_text_clear(&text);
    }
    close_question(&question);
}

/* A place in a file; takes the range. NULL if the file is nowhere. */
static struct json_object *make_location(const struct lsp_documents *documents, const char *identity,
                                         struct json_object *range)
{
    char *uri = lsp_uri_of_identity(documents, identity);
    struct json_object *location;

    if (!uri) {
        json_object_put(range);
        return NULL;
    }
    location = json_object_new_object();
    lsp_put_string(location, "uri", uri);
    lsp_put(location, "range", range);
    free(uri);
    return location;
}

void lsp_definition(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    struct question question;
    const struct lsp_symbol *symbol = &question.occurrence.symbol;

    if (!open_at_place(&question, server, params, answer))
        return;
    if (question.found)
        answer->result =
            make_location(&server->documents, symbol->unit->identity, range_of(&question.analysis, &symbol->position));
    close_question(&question);
}

void lsp_document_symbol(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    struct question question;

    if (!open_question(&question, server, params, answer))
        return;
    answer->result = server->hierarchical ? lsp_outline(&question.analysis)
                                          : lsp_flat_outline(&question.analysis, question.document->uri);
    close_question(&question);
}

void lsp_completion(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    struct question question;

    if (!open_at_place(&question, server, params, answer))
        return;
    answer->result = lsp_complete(&question.analysis, question.offset);
    close_question(&question);
}

/* ---- Formatting ---- */

/* The one edit that makes `old` into `new`: what both begin and end with is left alone, in whole lines. */
static struct json_object *make_change(const struct lsp_lines *lines, const struct kodosis_text *new)
{
    struct json_object *edits = json_object_new_array();
    size_t least = lines->size < new->size ? lines->size : new->size;
    size_t front = 0;
    size_t back = 0;

    while (front < least && lines->text[front] == new->data[front])
        front++;
    if (front == lines->size && front == new->size)
        return edits;
    while (front && new->data[front - 1] != '\n')
        front--;
    while (back < least - front && lines->text[lines->size - 1 - back] == new->data[new->size - 1 - back])
        back++;
    while (back && lines->text[lines->size - 1 - back] != '\n')
        back--;
    json_object_array_add(edits,
                          lsp_make_edit(lines, front, lines->size - back, new->data + front, new->size - back - front));
    return edits;
}

void lsp_formatting(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    struct question question;
    struct kodosis_diagnostics diagnostics = { 0 };
    struct kodosis_memory memory = { 0 };
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    const struct kodosis_file *file;

    if (!open_question(&question, server, params, answer))
        return;
    file = question.analysis.root->file;
    kodosis_text_add_bytes(&text, "", 0);
    if (kodosis_format(file, &memory, &diagnostics, &text))
        answer->result = make_change(lsp_lines_of(&question.analysis, file), &text);
    else
        lsp_fail(answer, LSP_REQUEST_FAILED, "a file with errors of syntax is not formatted");
    kodosis_text_clear(&text);
    kodosis_diagnostics_clear(&diagnostics);
    kodosis_memory_clear(&memory);
    close_question(&question);
}

/* ---- The whole project ---- */

static void find_all(struct question *question, struct lsp_server *server, struct kodosis_memory *memory,
                     struct lsp_paths *ret_paths, struct lsp_references *ret_references)
{
    lsp_paths_collect(ret_paths, &server->documents, server->folders.items, server->folders.count, memory);
    lsp_references_find(ret_references, &question->world, &question->occurrence.symbol, ret_paths);
}

static void add_locations(struct json_object *list, const struct lsp_documents *documents,
                          const struct lsp_mentions *file, bool declarations)
{
    struct lsp_lines lines;

    lsp_lines_read(&lines, file->text, file->text_size);
    for (size_t i = 0; i < file->count; i++) {
        const struct lsp_mention *mention = &file->items[i];
        struct json_object *location = NULL;

        if (!mention->declares || declarations)
            location = make_location(documents, file->identity,
                                     lsp_make_range(&lines, mention->start, mention->start + mention->size));
        if (location)
            json_object_array_add(list, location);
    }
    lsp_lines_clear(&lines);
}

void lsp_references(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    struct question question;
    struct kodosis_memory memory = { 0 };
    struct lsp_paths paths;
    struct lsp_references references;
    bool declarations = lsp_is_true(lsp_member(params, "context"), "includeDeclaration");

    if (!open_at_place(&question, server, params, answer))
        return;
    answer->result = json_object_new_array();
    if (question.found) {
        find_all(&question, server, &memory, &paths, &references);
        for (size_t i = 0; i < references.count; i++)
            add_locations(answer->result, &server->documents, &references.files[i], declarations);
        lsp_references_clear(&references);
        lsp_paths_clear(&paths);
        kodosis_memory_clear(&memory);
    }
    close_question(&question);
}

void lsp_prepare_rename(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    struct question question;

    if (!open_at_place(&question, server, params, answer))
        return;
    if (question.found && question.occurrence.symbol.kind != LSP_IMPORT &&
        !question.occurrence.symbol.unit->file->built_in) {
        answer->result = json_object_new_object();
        lsp_put(answer->result, "range", range_of(&question.analysis, &question.occurrence.position));
        lsp_put_string(answer->result, "placeholder", question.occurrence.symbol.name);
    }
    close_question(&question);
}

static struct json_object *make_edits(const struct lsp_mentions *file, const char *name)
{
    struct json_object *edits = json_object_new_array();
    struct lsp_lines lines;

    lsp_lines_read(&lines, file->text, file->text_size);
    for (size_t i = 0; i < file->count; i++)
        json_object_array_add(edits, lsp_make_edit(&lines, file->items[i].start,
                                                   file->items[i].start + file->items[i].size, name, strlen(name)));
    lsp_lines_clear(&lines);
    return edits;
}

/* Fills the answer with the edits, or with why there are none. */
static void rename_symbol(struct question *question, struct lsp_server *server, const char *name,
                          struct lsp_answer *answer)
{
    struct kodosis_memory memory = { 0 };
    struct kodosis_text fault = KODOSIS_TEXT_INIT;
    struct lsp_paths paths;
    struct lsp_references references;
    struct json_object *changes;

    find_all(question, server, &memory, &paths, &references);
    lsp_rename_try(&fault, &question->world, &question->occurrence.symbol, &references, &paths, name);
    if (fault.size) {
        lsp_fail(answer, LSP_REQUEST_FAILED, "%s", fault.data);
    } else {
        changes = json_object_new_object();
        for (size_t i = 0; i < references.count; i++) {
            char *uri = lsp_uri_of_identity(&server->documents, references.files[i].identity);

            lsp_put(changes, uri, make_edits(&references.files[i], name));
            free(uri);
        }
        answer->result = json_object_new_object();
        lsp_put(answer->result, "changes", changes);
    }
    kodosis_text_clear(&fault);
    lsp_references_clear(&references);
    lsp_paths_clear(&paths);
    kodosis_memory_clear(&memory);
}

void lsp_rename(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    const char *name = lsp_string(params, "newName");
    struct kodosis_text fault = KODOSIS_TEXT_INIT;
    struct question question;

    if (!name) {
        lsp_fail(answer, LSP_INVALID_PARAMS, "\"newName\" is missing");
        return;
    }
    if (!open_at_place(&question, server, params, answer))
        return;
    if (!question.found)
        lsp_fail(answer, LSP_REQUEST_FAILED, "nothing is named here");
    else
        lsp_name_fault(&fault, &question.occurrence.symbol, name);
    if (fault.size)
        lsp_fail(answer, LSP_REQUEST_FAILED, "%s", fault.data);
    else if (question.found)
        rename_symbol(&question, server, name, answer);
    kodosis_text_clear(&fault);
    close_question(&question);
}
