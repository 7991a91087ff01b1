/* SPDX-License-Identifier: MIT */
/* The methods that begin and end a server, and those that tell it of documents. */
#include <stdlib.h>
#include <string.h>

#include "kodosis/lsp/methods.h"
#include "kodosis/lsp/uri.h"
#include "kodosis/lsp/workspace.h"

/* ---- Beginning ---- */

static void add_folder(struct lsp_server *server, const char *uri)
{
    char *path = uri && server->folders.count < LSP_FOLDERS_MAX ? lsp_path_of(uri) : NULL;

    if (path && *path == '/')
        lsp_strings_add(&server->folders, path);
    free(path);
}

static void remove_folder(struct lsp_server *server, const char *uri)
{
    char *path = uri ? lsp_path_of(uri) : NULL;
    struct lsp_strings *folders = &server->folders;

    for (size_t i = 0; path && i < folders->count; i++) {
        if (strcmp(folders->items[i], path))
            continue;
        free(folders->items[i]);
        folders->items[i] = folders->items[--folders->count];
        break;
    }
    free(path);
}

static void each_folder(struct lsp_server *server, struct json_object *folders,
                        void (*run)(struct lsp_server *server, const char *uri))
{
    if (!json_object_is_type(folders, json_type_array))
        return;
    for (size_t i = 0; i < json_object_array_length(folders); i++)
        run(server, lsp_string(json_object_array_get_idx(folders, i), "uri"));
}

/* Import paths of the options are relative to the project's first folder. */
static void take_import_paths(struct lsp_server *server, struct json_object *paths)
{
    if (!json_object_is_type(paths, json_type_array))
        return;
    for (size_t i = 0; i < json_object_array_length(paths) && i < LSP_FOLDERS_MAX; i++) {
        struct json_object *item = json_object_array_get_idx(paths, i);
        const char *path = json_object_is_type(item, json_type_string) ? json_object_get_string(item) : "";
        struct kodosis_text text = KODOSIS_TEXT_INIT;

        if (*path && *path != '/' && server->folders.count)
            kodosis_text_add(&text, "%s/", server->folders.items[0]);
        kodosis_text_add(&text, "%s", path);
        if (*path)
            lsp_strings_add(&server->import_paths, text.data);
        kodosis_text_clear(&text);
    }
}

static void take_capabilities(struct lsp_server *server, struct json_object *capabilities)
{
    struct json_object *document = lsp_member(capabilities, "textDocument");

    server->markdown = lsp_has_string(lsp_member(document, "hover"), "contentFormat", "markdown");
    server->hierarchical = lsp_is_true(lsp_member(document, "documentSymbol"), "hierarchicalDocumentSymbolSupport");
}

static void put_true(struct json_object *object, const char *name)
{
    lsp_put(object, name, json_object_new_boolean(true));
}

static struct json_object *make_sync(void)
{
    struct json_object *sync = json_object_new_object();

    put_true(sync, "openClose");
    lsp_put_number(sync, "change", 2); /* parts of the text */
    put_true(sync, "save");
    return sync;
}

static struct json_object *make_completion(void)
{
    struct json_object *completion = json_object_new_object();
    struct json_object *characters = json_object_new_array();

    json_object_array_add(characters, json_object_new_string("."));
    json_object_array_add(characters, json_object_new_string("<"));
    lsp_put(completion, "triggerCharacters", characters);
    return completion;
}

static struct json_object *make_workspace(void)
{
    struct json_object *workspace = json_object_new_object();
    struct json_object *folders = json_object_new_object();

    put_true(folders, "supported");
    put_true(folders, "changeNotifications");
    lsp_put(workspace, "workspaceFolders", folders);
    return workspace;
}

static struct json_object *make_capabilities(void)
{
    struct json_object *capabilities = json_object_new_object();
    struct json_object *rename = json_object_new_object();

    lsp_put_string(capabilities, "positionEncoding", "utf-16");
    lsp_put(capabilities, "textDocumentSync", make_sync());
    put_true(capabilities, "hoverProvider");
    put_true(capabilities, "definitionProvider");
    put_true(capabilities, "referencesProvider");
    put_true(capabilities, "documentSymbolProvider");
    put_true(capabilities, "documentFormattingProvider");
    lsp_put(capabilities, "completionProvider", make_completion());
    put_true(rename, "prepareProvider");
    lsp_put(capabilities, "renameProvider", rename);
    lsp_put(capabilities, "workspace", make_workspace());
    return capabilities;
}

void lsp_initialize(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    struct json_object *folders = lsp_member(params, "workspaceFolders");
    struct json_object *about = json_object_new_object();

    if (json_object_is_type(folders, json_type_array))
        each_folder(server, folders, add_folder);
    else
        add_folder(server, lsp_string(params, "rootUri"));
    take_import_paths(server, lsp_member(lsp_member(params, "initializationOptions"), "importPaths"));
    take_capabilities(server, lsp_member(params, "capabilities"));
    server->state = LSP_RUNNING;
    lsp_put_string(about, "name", "kodosis-lsp");
    lsp_put_string(about, "version", server->version);
    answer->result = json_object_new_object();
    lsp_put(answer->result, "capabilities", make_capabilities());
    lsp_put(answer->result, "serverInfo", about);
}

/* ---- Ending ---- */

void lsp_shutdown(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    (void)params;
    (void)answer;
    server->state = LSP_SHUT_DOWN;
}

void lsp_exit(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    (void)params;
    (void)answer;
    server->ended_in_order = server->state == LSP_SHUT_DOWN;
    server->state = LSP_ENDED;
}

/* ---- Documents ---- */

static struct lsp_document *document_of(const struct lsp_server *server, struct json_object *params)
{
    const char *uri = lsp_string(lsp_member(params, "textDocument"), "uri");

    return uri ? lsp_document_find(&server->documents, uri) : NULL;
}

static int64_t version_of(struct json_object *params)
{
    struct json_object *version = lsp_member(lsp_member(params, "textDocument"), "version");

    return json_object_is_type(version, json_type_int) ? json_object_get_int64(version) : 0;
}

void lsp_did_open(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    struct json_object *document = lsp_member(params, "textDocument");
    struct json_object *text = lsp_member(document, "text");
    const char *uri = lsp_string(document, "uri");

    (void)answer;
    if (!uri || !json_object_is_type(text, json_type_string))
        return;
    lsp_document_open(&server->documents, uri, json_object_get_string(text), (size_t)json_object_get_string_len(text),
                      version_of(params));
    server->dirty = true;
}

/* Applies one change: of a part, if it names a range, else of everything. */
static void apply(struct lsp_document *document, struct json_object *change)
{
    struct json_object *text = lsp_member(change, "text");
    struct lsp_place start;
    struct lsp_place end;

    if (!json_object_is_type(text, json_type_string))
        return;
    if (lsp_take_range(change, "range", &start, &end))
        lsp_document_change(document, start, end, json_object_get_string(text),
                            (size_t)json_object_get_string_len(text));
    else if (!lsp_member(change, "range"))
        lsp_document_set(document, json_object_get_string(text), (size_t)json_object_get_string_len(text));
}

void lsp_did_change(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    struct lsp_document *document = document_of(server, params);
    struct json_object *changes = lsp_member(params, "contentChanges");

    (void)answer;
    if (!document || !json_object_is_type(changes, json_type_array))
        return;
    for (size_t i = 0; i < json_object_array_length(changes); i++)
        apply(document, json_object_array_get_idx(changes, i));
    document->version = version_of(params);
    server->dirty = true;
}

void lsp_did_save(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    (void)params;
    (void)answer;
    server->dirty = true; /* it may be a new file, which others import */
}

void lsp_did_close(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    struct lsp_document *document = document_of(server, params);
    struct json_object *empty;

    (void)answer;
    if (!document)
        return;
    empty = json_object_new_object();
    lsp_put_string(empty, "uri", document->uri);
    lsp_put(empty, "diagnostics", json_object_new_array());
    lsp_notify(server, "textDocument/publishDiagnostics", empty);
    lsp_document_close(&server->documents, document);
    server->dirty = true;
}

void lsp_did_change_files(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    (void)params;
    (void)answer;
    server->dirty = true;
}

void lsp_did_change_folders(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer)
{
    struct json_object *event = lsp_member(params, "event");

    (void)answer;
    each_folder(server, lsp_member(event, "removed"), remove_folder);
    each_folder(server, lsp_member(event, "added"), add_folder);
}
