/* SPDX-License-Identifier: MIT */
/* What the protocol says of every method in every state of the server, and of what is no message at all. */
#include "kodosis/lsp/client.h"

#include <stdio.h>

static const char TEXT[] = "namespace a;\nstruct A { int32 b; }\nstruct B { A a; }\n";

/* ---- Methods and states ---- */

enum state { FRESH, RUNNING, OPEN, SHUT_DOWN, STATES };

static const struct {
    const char *method;
    bool in_document; /* it needs an open document */
} requests[] = {
    { "textDocument/hover", true },      { "textDocument/definition", true },     { "textDocument/references", true },
    { "textDocument/completion", true }, { "textDocument/prepareRename", true },  { "textDocument/rename", true },
    { "textDocument/formatting", true }, { "textDocument/documentSymbol", true }, { "shutdown", false },
};

static const char *const params[] = {
    "{'textDocument':{'uri':'file:///a.kod'},'position':{'line':2,'character':11},'newName':'Ccc'}",
    "{'textDocument':{'uri':'file:///other.kod'},'position':{'line':2,'character':11},'newName':'Ccc'}",
    "{'textDocument':{'uri':'nonsense%zz'},'position':{'line':2,'character':11},'newName':'Ccc'}",
    "{'textDocument':{'uri':'file:///a.kod'},'position':{'line':999999,'character':999999},'newName':'Ccc'}",
    "{'textDocument':{'uri':'file:///a.kod'},'position':{'line':-1,'character':0},'newName':'Ccc'}",
    "{'textDocument':{'uri':'file:///a.kod'},'position':{'line':1.5,'character':'x'},'newName':3}",
    "{'textDocument':{'uri':7},'position':[],'newName':null}",
    "{'textDocument':'file:///a.kod','position':{'line':0}}",
    "{}",
    "[]",
    "null",
    "'text'",
    "17",
};

enum { REQUESTS = sizeof(requests) / sizeof(*requests), PARAMS = sizeof(params) / sizeof(*params) };

static void reach(struct client *client, enum state state)
{
    if (state == FRESH) {
        client_open(client);
        return;
    }
    client_begin(client);
    if (state == OPEN)
        client_edit(client, "/a.kod", TEXT);
    if (state == SHUT_DOWN)
        assert_int_equal(client_code(client_ask(client, "shutdown", "null")), 0);
}

/* The codes that a request may be answered with. */
static bool is_expected(size_t request, size_t param, enum state state, int code)
{
    if (state == FRESH)
        return code == LSP_NOT_INITIALIZED;
    if (state == SHUT_DOWN)
        return code == LSP_INVALID_REQUEST;
    if (!requests[request].in_document)
        return code == 0;
    if (state != OPEN || (param != 0 && param < 3))
        return code == LSP_INVALID_PARAMS;
    if (param == 0)
        return code == 0;
    if (param == 3) /* a place behind the end, where nothing is named */
        return code == (strstr(requests[request].method, "/rename") ? LSP_REQUEST_FAILED : 0);
    if (param < 6 && (strstr(requests[request].method, "formatting") || strstr(requests[request].method, "Symbol")))
        return code == 0;
    return code == LSP_INVALID_PARAMS;
}

static void every_request_in_every_state(void **unused)
{
    (void)unused;
    for (int state = FRESH; state < STATES; state++) {
        for (size_t request = 0; request < REQUESTS; request++) {
            for (size_t param = 0; param < PARAMS; param++) {
                struct client client;
                struct json_object *answer;

                reach(&client, (enum state)state);
                answer = client_ask(&client, requests[request].method, "%s", params[param]);
                if (!is_expected(request, param, (enum state)state, client_code(answer)))
                    fail_msg("state %d, %s, %s: %s", state, requests[request].method, params[param],
                             json_object_to_json_string(answer));
                client_close(&client);
            }
        }
    }
}

/* Notifications are never answered, and leave the server as it should be. */
static void every_notification_in_every_state(void **unused)
{
    static const char *const methods[] = { "textDocument/didOpen",
                                           "textDocument/didChange",
                                           "textDocument/didSave",
                                           "textDocument/didClose",
                                           "workspace/didChangeWatchedFiles",
                                           "workspace/didChangeWorkspaceFolders",
                                           "$/cancelRequest",
                                           "$/setTrace",
                                           "initialize",
                                           "no/such/method" };

    (void)unused;
    for (int state = FRESH; state < STATES; state++) {
        for (size_t method = 0; method < sizeof(methods) / sizeof(*methods); method++) {
            for (size_t param = 0; param < PARAMS; param++) {
                struct client client;
                enum lsp_state before;

                reach(&client, (enum state)state);
                before = client.server.state;
                client_tell(&client, methods[method], "%s", params[param]);
                assert_int_equal(client.server.state, before);
                lsp_server_rest(&client.server);
                assert_true(state == RUNNING || state == OPEN || !client.server.out.size);
                client_close(&client);
            }
        }
    }
}

static void beginning_and_end(void **unused)
{
    struct client client;

    (void)unused;
    client_begin(&client);
    assert_int_equal(client_code(client_ask(&client, "initialize", "{}")), LSP_INVALID_REQUEST);
    assert_int_equal(client_code(client_ask(&client, "no/such", "{}")), LSP_METHOD_NOT_FOUND);
    assert_int_equal(client_code(client_ask(&client, "$/no", "{}")), LSP_METHOD_NOT_FOUND);
    assert_int_equal(client_code(client_ask(&client, "textDocument/didOpen", "{}")), LSP_INVALID_REQUEST);
    assert_int_equal(client_code(client_ask(&client, "shutdown", "null")), 0);
    assert_int_equal(client_code(client_ask(&client, "shutdown", "null")), LSP_INVALID_REQUEST);
    client_tell(&client, "exit", "null");
    assert_int_equal(client.server.state, LSP_ENDED);
    assert_true(client.server.ended_in_order);
    client_close(&client);
    client_begin(&client);
    client_tell(&client, "exit", "null");
    assert_int_equal(client.server.state, LSP_ENDED);
    assert_false(client.server.ended_in_order);
    client_close(&client);
    client_open(&client);
    client_tell(&client, "exit", "null");
    assert_int_equal(client.server.state, LSP_ENDED);
    client_close(&client);
}

/* ---- What is no message ---- */

static const struct {
    const char *body;
    int code; /* 0: no answer */
    const char *id;
} bodies[] = {
    { "", LSP_PARSE_ERROR, "null" },
    { "{", LSP_PARSE_ERROR, "null" },
    { "nonsense", LSP_PARSE_ERROR, "null" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"shutdown\"} x", LSP_PARSE_ERROR, "null" },
    { "{'jsonrpc':'2.0','id':1,'method':'shutdown'}", LSP_PARSE_ERROR, "null" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", LSP_PARSE_ERROR, "null" },
    { "null", LSP_PARSE_ERROR, "null" },
    { "[]", LSP_INVALID_REQUEST, "null" },
    { "true ", LSP_INVALID_REQUEST, "null" },
    { "\"text\"", LSP_INVALID_REQUEST, "null" },
    { "{}", LSP_INVALID_REQUEST, "null" },
    { "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"shutdown\"}", LSP_INVALID_REQUEST, "1" },
    { "{\"id\":\"one\",\"method\":\"shutdown\"}", LSP_INVALID_REQUEST, "\"one\"" },
    { "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"shutdown\"}", LSP_INVALID_REQUEST, "null" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"shutdown\"}", LSP_INVALID_REQUEST, "null" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", LSP_INVALID_REQUEST, "1" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1}", LSP_INVALID_REQUEST, "1" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\u0000b\"}", LSP_INVALID_REQUEST, "1" },
    { "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"no\"}", LSP_METHOD_NOT_FOUND, "\"x\"" },
    { "{\"jsonrpc\":\"2.0\",\"id\":9007199254740993,\"method\":\"no\"}", LSP_METHOD_NOT_FOUND, "9007199254740993" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}", 0, NULL },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}", 0, NULL },
    { "{\"jsonrpc\":\"2.0\",\"method\":\"no\"}", 0, NULL },
};

static void no_messages(void **unused)
{
    struct client client;

    (void)unused;
    client_begin(&client);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        struct json_object *answer = client_send(&client, bodies[i].body, strlen(bodies[i].body));

        if (!bodies[i].code) {
            assert_null(answer);
            continue;
        }
        if (client_code(answer) != bodies[i].code ||
            strcmp(json_object_to_json_string(lsp_member(answer, "id")), bodies[i].id))
            fail_msg("%s: %s", bodies[i].body, json_object_to_json_string(answer));
    }
    assert_int_equal(client_code(client_ask(&client, "shutdown", "null")), 0);
    client_close(&client);
}

/* JSON that nests deep is refused, not followed down. */
static void deep(void **unused)
{
    static char body[200000];
    struct client client;

    (void)unused;
    client_begin(&client);
    memset(body, '[', sizeof(body));
    assert_int_equal(client_code(client_send(&client, body, sizeof(body))), LSP_PARSE_ERROR);
    assert_int_equal(client_code(client_ask(&client, "shutdown", "null")), 0);
    client_close(&client);
}

static void refused_frames(void **unused)
{
    struct client client;

    (void)unused;
    client_begin(&client);
    lsp_server_refuse(&client.server, "no \"frame\"");
    assert_non_null(strstr(client.server.out.data, "-32700"));
    assert_non_null(strstr(client.server.out.data, "no \\\"frame\\\""));
    client_close(&client);
}

/* ---- Limits ---- */

static void too_many_documents(void **unused)
{
    struct client client;
    char path[32];

    (void)unused;
    client_begin(&client);
    for (int i = 0; i <= LSP_DOCUMENTS_MAX; i++) {
        snprintf(path, sizeof(path), "/%d.kod", i);
        client_edit(&client, path, "namespace a;");
    }
    assert_int_equal(client.server.documents.count, LSP_DOCUMENTS_MAX);
    assert_int_equal(
        client_code(client_ask(&client, "textDocument/documentSymbol", "{'textDocument':{'uri':'file://%s'}}", path)),
        LSP_INVALID_PARAMS);
    client_close(&client);
}

static void a_document_that_is_too_large(void **unused)
{
    struct client client;
    size_t size = LSP_DOCUMENT_SIZE + 1;
    char *text = malloc(size + 1);
    struct json_object *list;

    (void)unused;
    assert_non_null(text);
    memset(text, ' ', size);
    text[size] = '\0';
    client_begin(&client);
    client_edit(&client, "/a.kod", text);
    list = client_diagnostics(&client, "/a.kod");
    assert_int_equal(json_object_array_length(list), 1);
    assert_non_null(strstr(json_object_to_json_string(list), "too large"));
    assert_int_equal(
        client_code(client_ask(&client, "textDocument/formatting", "{'textDocument':{'uri':'file:///a.kod'}}")),
        LSP_REQUEST_FAILED);
    text[5 * 1024 * 1024] = '\0'; /* too large for the compiler alone */
    client_edit(&client, "/a.kod", text);
    list = client_diagnostics(&client, "/a.kod");
    assert_non_null(strstr(json_object_to_json_string(list), "larger than"));
    client_edit(&client, "/a.kod", TEXT);
    assert_int_equal(json_object_array_length(client_diagnostics(&client, "/a.kod")), 0);
    free(text);
    client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_in_every_state),
        cmocka_unit_test(every_notification_in_every_state),
        cmocka_unit_test(beginning_and_end),
        cmocka_unit_test(no_messages),
        cmocka_unit_test(deep),
        cmocka_unit_test(refused_frames),
        cmocka_unit_test(too_many_documents),
        cmocka_unit_test(a_document_that_is_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
