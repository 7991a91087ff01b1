/* SPDX-License-Identifier: MIT */
/* A client of the language server inside of a test: files in memory, and questions in a line. */
#ifndef TESTS_LSP_CLIENT_H
#define TESTS_LSP_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kodosis/lsp/frame.h"
#include "kodosis/lsp/server.h"

enum { CLIENT_FILES_MAX = 16 };

struct client {
    struct lsp_server server;
    struct kodosis_sources disk;
    const char *paths[CLIENT_FILES_MAX]; /* of files on the disk */
    const char *texts[CLIENT_FILES_MAX];
    size_t file_count;
    struct json_object *heard; /* an array of all messages of the server that were not looked at */
    int64_t last_id;
};

/* Starts a server that is not initialized, or one that is. */
void client_open(struct client *client);
void client_begin(struct client *client);
void client_close(struct client *client);

/* Puts a file on the disk, or replaces it. Both are borrowed. */
void client_put(struct client *client, const char *path, const char *text);

/* Sends a notification. The parameters are JSON, printf-style, in which ' stands for ". */
void client_tell(struct client *client, const char *method, const char *params, ...) KODOSIS_PRINTF(3, 4);

/* Sends a request and returns its answer, which lives until the next question. */
struct json_object *client_ask(struct client *client, const char *method, const char *params, ...) KODOSIS_PRINTF(3, 4);

/* Sends a body as it is, and returns the only answer; NULL if there is none. */
struct json_object *client_send(struct client *client, const char *body, size_t size);

/* The code of an answer's error; 0 if it has none. */
int client_code(struct json_object *answer);

/* Opens "/PATH" with a text, escaped here; asks for diagnostics, of which it returns the array. */
void client_edit(struct client *client, const char *path, const char *text);
struct json_object *client_diagnostics(struct client *client, const char *path);

/* Asks about the place of the first "needle" in a text, `behind` bytes behind its beginning. */
struct json_object *client_ask_at(struct client *client, const char *method, const char *path, const char *text,
                                  const char *needle, size_t behind, const char *more);

/* "3:4-3:9" */
const char *range_text(struct json_object *range);

#endif
