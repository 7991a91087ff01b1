/* SPDX-License-Identifier: MIT */
/*
 * The language server: what it knows, and what it answers. It reads no input and writes no output by itself: messages come by
 * lsp_server_receive(), and what is to be sent collects in `out`.
 */
#ifndef KODOSIS_LSP_SERVER_H
#define KODOSIS_LSP_SERVER_H

#include "kodosis/lsp/analysis.h"
#include "kodosis/lsp/value.h"

enum lsp_state {
    LSP_FRESH, /* until "initialize" */
    LSP_RUNNING,
    LSP_SHUT_DOWN, /* until "exit" */
    LSP_ENDED,
};

/* Codes of errors in answers. */
enum {
    LSP_PARSE_ERROR = -32700,
    LSP_INVALID_REQUEST = -32600,
    LSP_METHOD_NOT_FOUND = -32601,
    LSP_INVALID_PARAMS = -32602,
    LSP_NOT_INITIALIZED = -32002,
    LSP_REQUEST_FAILED = -32803,
};

struct lsp_strings {
    char **items; /* malloc'ed, and each string */
    size_t count;
};

struct lsp_server {
    const char *version;
    enum lsp_state state;
    bool ended_in_order; /* "exit" came behind "shutdown" */
    bool markdown;       /* the client shows Markdown */
    bool hierarchical;   /* the client takes trees of symbols */
    bool dirty;          /* documents have changed since diagnostics were sent */
    struct lsp_documents documents;
    struct lsp_strings import_paths;
    struct lsp_strings folders;
    struct kodosis_text out; /* messages to be sent, with their headers */
};

/* Starts a server over the files of `disk`, which outlives it, as `version` does. The import paths are copied. */
void lsp_server_open(struct lsp_server *server, const struct kodosis_sources *disk, const char *version,
                     const char *const *import_paths, size_t import_path_count);

/* Takes one message. */
void lsp_server_receive(struct lsp_server *server, const char *body, size_t size);

/* Says that what came is no message. */
void lsp_server_refuse(struct lsp_server *server, const char *fault);

/* Sends diagnostics if something has changed: to be called when no message waits. */
void lsp_server_rest(struct lsp_server *server);

void lsp_server_close(struct lsp_server *server);

/* ---- For the methods ---- */

/* The answer to a request: a result, which may be NULL for null, or a code and a sentence. */
struct lsp_answer {
    struct json_object *result;
    int code; /* 0: the result counts */
    struct kodosis_text sentence;
};

void lsp_fail(struct lsp_answer *answer, int code, const char *format, ...) KODOSIS_PRINTF(3, 4);

/* Sends a notification; takes the parameters. */
void lsp_notify(struct lsp_server *server, const char *method, struct json_object *params);

void lsp_strings_add(struct lsp_strings *strings, const char *text);
void lsp_strings_clear(struct lsp_strings *strings);

struct lsp_world lsp_world_of(struct lsp_server *server);

#endif
