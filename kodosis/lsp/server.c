/* SPDX-License-Identifier: MIT */
/* Taking messages apart, and putting answers together. */
#include "kodosis/lsp/server.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/lsp/diagnose.h"
#include "kodosis/lsp/frame.h"
#include "kodosis/lsp/methods.h"

enum { JSON_DEPTH = 64 };

struct method {
    const char *name;
    lsp_method *run;
    bool asks; /* a request: it has an answer */
};

static const struct method methods[] = {
    { "initialize", lsp_initialize, true },
    { "shutdown", lsp_shutdown, true },
    { "exit", lsp_exit, false },
    { "textDocument/didOpen", lsp_did_open, false },
    { "textDocument/didChange", lsp_did_change, false },
    { "textDocument/didSave", lsp_did_save, false },
    { "textDocument/didClose", lsp_did_close, false },
    { "workspace/didChangeWatchedFiles", lsp_did_change_files, false },
    { "workspace/didChangeWorkspaceFolders", lsp_did_change_folders, false },
    { "textDocument/hover", lsp_hover, true },
    { "textDocument/definition", lsp_definition, true },
    { "textDocument/references", lsp_references, true },
    { "textDocument/documentSymbol", lsp_document_symbol, true },
    { "textDocument/completion", lsp_completion, true },
    { "textDocument/formatting", lsp_formatting, true },
    { "textDocument/prepareRename", lsp_prepare_rename, true },
    { "textDocument/rename", lsp_rename, true },
};

/* ---- What the server has ---- */

void lsp_strings_add(struct lsp_strings *strings, const char *text)
{
    size_t size = strlen(text) + 1;

    strings->items = kodosis_reallocate(strings->items, strings->count + 1, sizeof(*strings->items));
    strings->items[strings->count] = kodosis_reallocate(NULL, size, 1);
    memcpy(strings->items[strings->count++], text, size);
}

void lsp_strings_clear(struct lsp_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct lsp_strings){ 0 };
}

struct lsp_world lsp_world_of(struct lsp_server *server)
{
    return (struct lsp_world){
        .documents = &server->documents,
        .import_paths = (const char *const *)server->import_paths.items,
        .import_path_count = server->import_paths.count,
    };
}

void lsp_server_open(struct lsp_server *server, const struct kodosis_sources *disk, const char *version,
                     const char *const *import_paths, size_t import_path_count)
{
    *server = (struct lsp_server){ .version = version, .documents = { .disk = disk } };
    for (size_t i = 0; i < import_path_count; i++)
        lsp_strings_add(&server->import_paths, import_paths[i]);
}

void lsp_server_close(struct lsp_server *server)
{
    lsp_documents_clear(&server->documents);
    lsp_strings_clear(&server->import_paths);
    lsp_strings_clear(&server->folders);
    kodosis_text_clear(&server->out);
}

/* ---- Sending ---- */

/* Sends a message, and gives it back. */
static void send(struct lsp_server *server, struct json_object *message)
{
    const char *text;

    lsp_put_string(message, "jsonrpc", "2.0");
    text = json_object_to_json_string_ext(message, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    lsp_frame_add(&server->out, text, strlen(text));
    json_object_put(message);
}

void lsp_notify(struct lsp_server *server, const char *method, struct json_object *params)
{
    struct json_object *message = json_object_new_object();

    lsp_put_string(message, "method", method);
    lsp_put(message, "params", params);
    send(server, message);
}

void lsp_fail(struct lsp_answer *answer, int code, const char *format, ...)
{
    va_list arguments;

    answer->code = code;
    va_start(arguments, format);
    kodosis_text_add_list(&answer->sentence, format, arguments);
    va_end(arguments);
}

/* Sends the answer to the request with this id, which is NULL where it is not known, and clears it. */
static void send_answer(struct lsp_server *server, struct json_object *id, struct lsp_answer *answer)
{
    struct json_object *message = json_object_new_object();

    lsp_put(message, "id", json_object_get(id));
    if (answer->code) {
        struct json_object *error = json_object_new_object();

        lsp_put(error, "code", json_object_new_int(answer->code));
        lsp_put_string(error, "message", answer->sentence.data);
        lsp_put(message, "error", error);
        json_object_put(answer->result);
    } else {
        lsp_put(message, "result", answer->result);
    }
    kodosis_text_clear(&answer->sentence);
    send(server, message);
}

static void send_error(struct lsp_server *server, struct json_object *id, int code, const char *sentence)
{
    struct lsp_answer answer = { 0 };

    lsp_fail(&answer, code, "%s", sentence);
    send_answer(server, id, &answer);
}

/* ---- Receiving ---- */

static const struct method *find_method(const char *name)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
        if (!strcmp(methods[i].name, name))
            return &methods[i];
    return NULL;
}

/* Why a request with this method is not answered now; 0 if it is. */
static int fault_of(const struct lsp_server *server, const struct method *method, const char **ret_sentence)
{
    bool begins = method && method->run == lsp_initialize;

    if (server->state == LSP_FRESH && !begins) {
        *ret_sentence = "the first request is \"initialize\"";
        return LSP_NOT_INITIALIZED;
    }
    if (server->state == LSP_SHUT_DOWN || (begins && server->state != LSP_FRESH)) {
        *ret_sentence = begins ? "\"initialize\" comes once" : "the server is shut down";
        return LSP_INVALID_REQUEST;
    }
    if (!method) {
        *ret_sentence = "there is no such method";
        return LSP_METHOD_NOT_FOUND;
    }
    *ret_sentence = "this method is a notification, which has no id";
    return method->asks ? 0 : LSP_INVALID_REQUEST;
}

static void answer_request(struct lsp_server *server, struct json_object *id, const char *name,
                           struct json_object *params)
{
    const struct method *method = find_method(name);
    struct lsp_answer answer = { 0 };
    const char *sentence;
    int code = fault_of(server, method, &sentence);

    if (code) {
        send_error(server, id, code, sentence);
        return;
    }
    method->run(server, params, &answer);
    send_answer(server, id, &answer);
}

/* A notification that makes no sense is dropped: nothing answers it. */
static void take_notification(struct lsp_server *server, const char *name, struct json_object *params)
{
    const struct method *method = find_method(name);
    struct lsp_answer answer = { 0 };

    if (!method || method->asks || (server->state != LSP_RUNNING && method->run != lsp_exit))
        return;
    method->run(server, params, &answer);
    json_object_put(answer.result);
    kodosis_text_clear(&answer.sentence);
}

static bool is_id(struct json_object *id)
{
    return json_object_is_type(id, json_type_int) || json_object_is_type(id, json_type_string);
}

static void take_message(struct lsp_server *server, struct json_object *message)
{
    struct json_object *id = lsp_member(message, "id");
    const char *version = lsp_string(message, "jsonrpc");
    const char *name = lsp_string(message, "method");
    bool is_answer = lsp_has(message, "result") || lsp_has(message, "error");

    if (!version || strcmp(version, "2.0") || (id && !is_id(id)) || (!name && !(id && is_answer)))
        send_error(server, id && is_id(id) ? id : NULL, LSP_INVALID_REQUEST, "this is no request of JSON-RPC 2.0");
    else if (name && id)
        answer_request(server, id, name, lsp_member(message, "params"));
    else if (name)
        take_notification(server, name, lsp_member(message, "params"));
}

/* Parses one value with nothing behind it. NULL if it is none; a JSON null is taken for none. */
static struct json_object *parse(const char *body, size_t size, const char **ret_fault)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
    struct json_object *value = NULL;

    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    *ret_fault = "this is no whole JSON";
    if (size) {
        enum json_tokener_error error;

        value = json_tokener_parse_ex(tokener, body, (int)size);
        error = json_tokener_get_error(tokener);
        if (!value && error != json_tokener_success && error != json_tokener_continue)
            *ret_fault = json_tokener_error_desc(error);
        if (value && json_tokener_get_parse_end(tokener) < size &&
            strspn(body + json_tokener_get_parse_end(tokener), " \t\r\n") <
                size - json_tokener_get_parse_end(tokener)) {
            json_object_put(value);
            value = NULL;
            *ret_fault = "something stands behind the JSON";
        }
    }
    json_tokener_free(tokener);
    return value;
}

void lsp_server_receive(struct lsp_server *server, const char *body, size_t size)
{
    const char *fault;
    struct json_object *message = parse(body, size, &fault);

    if (!message)
        send_error(server, NULL, LSP_PARSE_ERROR, fault);
    else
        take_message(server, message);
    json_object_put(message);
}

void lsp_server_refuse(struct lsp_server *server, const char *fault)
{
    send_error(server, NULL, LSP_PARSE_ERROR, fault);
}

/* ---- Diagnostics ---- */

static struct json_object *lost(const struct lsp_document *document)
{
    struct json_object *list = json_object_new_array();
    struct json_object *made = json_object_new_object();
    struct lsp_place start = { 0, 0 };
    struct json_object *range = json_object_new_object();

    (void)document;
    lsp_put(range, "start", lsp_make_place(start));
    lsp_put(range, "end", lsp_make_place(start));
    lsp_put(made, "range", range);
    lsp_put_number(made, "severity", 1);
    lsp_put_string(made, "source", "kodosis");
    lsp_put_string(made, "message", "this file is too large");
    json_object_array_add(list, made);
    return list;
}

static void publish(struct lsp_server *server, const struct lsp_document *document)
{
    struct json_object *params = json_object_new_object();
    struct lsp_world world = lsp_world_of(server);
    struct lsp_analysis analysis;

    lsp_put_string(params, "uri", document->uri);
    lsp_put(params, "version", json_object_new_int64(document->version));
    if (document->lost) {
        lsp_put(params, "diagnostics", lost(document));
    } else {
        lsp_analyse(&analysis, &world, document->path);
        lsp_analysis_check(&analysis);
        lsp_put(params, "diagnostics", lsp_diagnose(&analysis, &server->documents));
        lsp_analysis_clear(&analysis);
    }
    lsp_notify(server, "textDocument/publishDiagnostics", params);
}

void lsp_server_rest(struct lsp_server *server)
{
    if (!server->dirty || server->state != LSP_RUNNING)
        return;
    server->dirty = false;
    lsp_documents_identify(&server->documents);
    for (const struct lsp_document *each = server->documents.first; each; each = each->next)
        publish(server, each);
}
