/* SPDX-License-Identifier: MIT */
/* A client of the language server inside of a test. */
#include "kodosis/lsp/client.h"

#include <errno.h>
#include <stdio.h>

#include "kodosis/compiler/text/text.h"

/* ---- Files in memory ---- */

static const char *find(const struct client *client, const char *path)
{
    for (size_t i = 0; i < client->file_count; i++)
        if (!strcmp(client->paths[i], path))
            return client->texts[i];
    return NULL;
}

static int read_file(void *self, const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
    const char *text = find(self, path);

    if (!text)
        return ENOENT;
    *ret_size = strlen(text) < limit ? strlen(text) : limit;
    *ret_data = malloc(*ret_size + 1);
    assert_non_null(*ret_data);
    memcpy(*ret_data, text, *ret_size);
    return 0;
}

static char *identify(void *self, const char *path)
{
    return find(self, path) ? strdup(path) : NULL;
}

void client_put(struct client *client, const char *path, const char *text)
{
    for (size_t i = 0; i < client->file_count; i++) {
        if (!strcmp(client->paths[i], path)) {
            client->texts[i] = text;
            return;
        }
    }
    assert_true(client->file_count < CLIENT_FILES_MAX);
    client->paths[client->file_count] = path;
    client->texts[client->file_count++] = text;
}

/* ---- Messages ---- */

/* Takes all that the server has said, frame by frame. */
static void listen_to(struct client *client)
{
    struct lsp_reader reader = { 0 };
    const char *body;
    const char *fault;
    size_t size;

    lsp_reader_add(&reader, client->server.out.data ? client->server.out.data : "", client->server.out.size);
    kodosis_text_clear(&client->server.out);
    for (;;) {
        enum lsp_found found = lsp_reader_next(&reader, &body, &size, &fault);
        struct json_tokener *tokener;

        if (found == LSP_NEEDS_MORE)
            break;
        assert_int_equal(found, LSP_MESSAGE);
        tokener = json_tokener_new();
        json_object_array_add(client->heard, json_tokener_parse_ex(tokener, body, (int)size));
        assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
        json_tokener_free(tokener);
    }
    assert_int_equal(reader.bytes.size, reader.at);
    lsp_reader_clear(&reader);
}

struct json_object *client_send(struct client *client, const char *body, size_t size)
{
    char *exact = malloc(size + 1); /* so that one byte too far is seen */
    struct json_object *answer = NULL;

    assert_non_null(exact);
    memcpy(exact, body, size);
    exact[size] = '\0';
    json_object_put(client->heard);
    client->heard = json_object_new_array();
    lsp_server_receive(&client->server, exact, size);
    free(exact);
    listen_to(client);
    for (size_t i = 0; i < json_object_array_length(client->heard); i++) {
        struct json_object *message = json_object_array_get_idx(client->heard, i);

        if (!lsp_has(message, "id"))
            continue;
        assert_null(answer);
        answer = message;
        assert_true(lsp_has(answer, "result") != lsp_has(answer, "error"));
    }
    return answer;
}

static void add_params(struct kodosis_text *text, const char *params, va_list arguments)
{
    size_t start;

    kodosis_text_add(text, ",\"params\":");
    start = text->size;
    kodosis_text_add_list(text, params, arguments);
    for (size_t i = start; i < text->size; i++)
        if (text->data[i] == '\'')
            text->data[i] = '"';
}

void client_tell(struct client *client, const char *method, const char *params, ...)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    va_list arguments;

    kodosis_text_add(&text, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\"", method);
    va_start(arguments, params);
    add_params(&text, params, arguments);
    va_end(arguments);
    kodosis_text_add(&text, "}");
    assert_null(client_send(client, text.data, text.size));
    kodosis_text_clear(&text);
}

struct json_object *client_ask(struct client *client, const char *method, const char *params, ...)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    struct json_object *answer;
    va_list arguments;

    kodosis_text_add(&text, "{\"jsonrpc\":\"2.0\",\"id\":%lld,\"method\":\"%s\"", (long long)++client->last_id, method);
    va_start(arguments, params);
    add_params(&text, params, arguments);
    va_end(arguments);
    kodosis_text_add(&text, "}");
    answer = client_send(client, text.data, text.size);
    kodosis_text_clear(&text);
    assert_non_null(answer);
    assert_int_equal(json_object_get_int64(lsp_member(answer, "id")), client->last_id);
    return answer;
}

int client_code(struct json_object *answer)
{
    return json_object_get_int(lsp_member(lsp_member(answer, "error"), "code"));
}

/* ---- Sessions ---- */

void client_open(struct client *client)
{
    *client = (struct client){ .disk = { client, read_file, identify } };
    client->heard = json_object_new_array();
    lsp_server_open(&client->server, &client->disk, "0", NULL, 0);
}

void client_begin(struct client *client)
{
    client_open(client);
    assert_int_equal(client_code(client_ask(client, "initialize",
                                            "{'capabilities':{'textDocument':{"
                                            "'hover':{'contentFormat':['markdown','plaintext']},"
                                            "'documentSymbol':{"
                                            "'hierarchicalDocumentSymbolSupport':true}}}}")),
                     0);
    client_tell(client, "initialized", "{}");
}

void client_close(struct client *client)
{
    lsp_server_close(&client->server);
    json_object_put(client->heard);
}

void client_edit(struct client *client, const char *path, const char *text)
{
    struct json_object *quoted = json_object_new_string(text);

    client_tell(client, "textDocument/didOpen",
                "{'textDocument':{'uri':'file://%s','languageId':'kodosis','version':1,'text':%s}}", path,
                json_object_to_json_string(quoted));
    json_object_put(quoted);
}

struct json_object *client_diagnostics(struct client *client, const char *path)
{
    struct json_object *found = NULL;

    json_object_put(client->heard);
    client->heard = json_object_new_array();
    lsp_server_rest(&client->server);
    listen_to(client);
    for (size_t i = 0; i < json_object_array_length(client->heard); i++) {
        struct json_object *params = lsp_member(json_object_array_get_idx(client->heard, i), "params");
        const char *uri = lsp_string(params, "uri");

        if (uri && !strcmp(uri + strlen("file://"), path)) {
            assert_null(found);
            found = lsp_member(params, "diagnostics");
        }
    }
    assert_non_null(found);
    return found;
}

struct json_object *client_ask_at(struct client *client, const char *method, const char *path, const char *text,
                                  const char *needle, size_t behind, const char *more)
{
    const char *at = strstr(text, needle);
    struct lsp_lines lines;
    struct lsp_place place;

    if (!at)
        fail_msg("no '%s' in the text", needle);
    lsp_lines_read(&lines, text, strlen(text));
    place = lsp_place_of(&lines, (size_t)(at - text) + behind);
    lsp_lines_clear(&lines);
    return client_ask(client, method, "{'textDocument':{'uri':'file://%s'},'position':{'line':%u,'character':%u}%s}",
                      path, place.line, place.character, more);
}

const char *range_text(struct json_object *range)
{
    static char texts[8][64];
    static size_t next;
    char *text = texts[next++ % 8];
    struct json_object *start = lsp_member(range, "start");
    struct json_object *end = lsp_member(range, "end");

    snprintf(text, sizeof(texts[0]), "%d:%d-%d:%d", json_object_get_int(lsp_member(start, "line")),
             json_object_get_int(lsp_member(start, "character")), json_object_get_int(lsp_member(end, "line")),
             json_object_get_int(lsp_member(end, "character")));
    return text;
}
