/* SPDX-License-Identifier: MIT */
/* Sessions of editing: diagnostics, hover, definitions, references, renaming, completion, formatting. */
#include "kodosis/lsp/client.h"

#include <stdio.h>

#define ABOUT "{'textDocument':{'uri':'file:///main.kod'}}"

static const char COMMON[] = "/// What is shared.\n"
                             "namespace acme.common;\n"
                             "/// How bad it is.\n"
                             "enum Severity : uint8 { Debug = 1, Info, Error = 17 }\n"
                             "struct Stamp { int64 seconds; Severity severity; }\n";

static const char MAIN[] = "namespace acme.main;\n"
                           "import \"common.kod\";\n"
                           "/* \u00e9\U0001f600 */ struct Point { float64 x; float64 y; }\n"
                           "const common.Severity WORST = Error;\n"
                           "const acme . common . Severity BEST = common.Severity.Debug;\n"
                           "const int32 SIZE = 4;\n"
                           "struct Path { list<Point> points; Point[SIZE] ends; /* \U0001f600 */ Point last; }\n"
                           "type Line = Point[2];\n"
                           "const Line UNIT = [{ 0, 0 }, { 1, 1 }];\n"
                           "error Lost { string name; }\n"
                           "/// Finds the way.\n"
                           "service Walker {\n"
                           "    /// One path.\n"
                           "    idempotent Path Find(string name, common.Stamp when) raises (Lost);\n"
                           "}\n";

static void begin(struct client *client)
{
    client_begin(client);
    client_put(client, "/common.kod", COMMON);
    client_edit(client, "/main.kod", MAIN);
}

static struct json_object *result_of(struct json_object *answer)
{
    if (lsp_has(answer, "error"))
        fail_msg("%s", json_object_to_json_string(answer));
    return lsp_member(answer, "result");
}

static struct json_object *at(struct client *client, const char *method, const char *needle, size_t behind)
{
    return result_of(client_ask_at(client, method, "/main.kod", MAIN, needle, behind, ""));
}

static struct json_object *item(struct json_object *array, size_t index)
{
    return json_object_array_get_idx(array, index);
}

/* ---- Diagnostics ---- */

static void expect_one(struct client *client, const char *path, const char *range, const char *message)
{
    struct json_object *list = client_diagnostics(client, path);

    if (json_object_array_length(list) != 1 || !strstr(json_object_to_json_string(item(list, 0)), message))
        fail_msg("%s", json_object_to_json_string(list));
    assert_string_equal(range_text(lsp_member(item(list, 0), "range")), range);
}

static void change(struct client *client, const char *range, const char *text)
{
    client_tell(client, "textDocument/didChange",
                "{'textDocument':{'uri':'file:///main.kod','version':2},'contentChanges':[{%s'text':'%s'}]}", range,
                text);
}

static void errors_while_typing(void **unused)
{
    struct client client;

    (void)unused;
    begin(&client);
    assert_int_equal(json_object_array_length(client_diagnostics(&client, "/main.kod")), 0);
    /* behind two bytes and a pair of units: "Point" at character 10 + ... of line 6 */
    change(&client, "'range':{'start':{'line':6,'character':61},'end':{'line':6,'character':66}},", "Piont");
    expect_one(&client, "/main.kod", "6:61-6:66", "did you mean 'Point'");
    change(&client, "'range':{'start':{'line':6,'character':61},'end':{'line':6,'character':66}},", "Point");
    assert_int_equal(json_object_array_length(client_diagnostics(&client, "/main.kod")), 0);
    change(&client, "", "namespace a;");
    assert_int_equal(json_object_array_length(client_diagnostics(&client, "/main.kod")), 0);
    change(&client, "", "namespace a; struct A { B b; C c; B d; }");
    assert_int_equal(json_object_array_length(client_diagnostics(&client, "/main.kod")), 3);
    client_close(&client);
}

/* An open file counts with its text, not with that of the disk, also where it is imported. */
static void unsaved_imports(void **unused)
{
    struct client client;

    (void)unused;
    begin(&client);
    client_edit(&client, "/common.kod", "namespace acme.common; enum Severity { Debug } struct Stamp {}");
    expect_one(&client, "/main.kod", "3:30-3:35", "enum 'Severity' has no value 'Error'");
    client_edit(&client, "/common.kod",
                "namespace acme.common; enum Severity { Debug, Error } struct Stamp { Gone g; }");
    expect_one(&client, "/main.kod", "1:7-1:19", "'common.kod' has 1 error");
    client_tell(&client, "textDocument/didClose", "{'textDocument':{'uri':'file:///common.kod'}}");
    assert_int_equal(json_object_array_length(client_diagnostics(&client, "/main.kod")), 0);
    client_put(&client, "/common.kod", "namespace acme.common;");
    client_tell(&client, "workspace/didChangeWatchedFiles", "{'changes':[]}");
    assert_true(json_object_array_length(client_diagnostics(&client, "/main.kod")) > 1);
    client_close(&client);
}

/* A file that was never saved imports, and is imported. */
static void new_files(void **unused)
{
    struct client client;

    (void)unused;
    client_begin(&client);
    client_edit(&client, "/new.kod", "namespace n; import \"other.kod\"; struct A { o.B b; }");
    expect_one(&client, "/new.kod", "0:20-0:31", "cannot find 'other.kod'");
    client_edit(&client, "/other.kod", "namespace o; struct B {}");
    assert_int_equal(json_object_array_length(client_diagnostics(&client, "/new.kod")), 0);
    client_close(&client);
}

/* All errors of a file are told, each once, also where there are more than the compiler prints. */
static void many_errors(void **unused)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    struct client client;
    struct json_object *list;

    (void)unused;
    kodosis_text_add(&text, "namespace a;\n");
    for (int i = 0; i < 200; i++)
        kodosis_text_add(&text, "struct S%d { Missing%d m; }\n", i, i);
    client_begin(&client);
    client_edit(&client, "/many.kod", text.data);
    list = client_diagnostics(&client, "/many.kod");
    assert_int_equal(json_object_array_length(list), 200);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(
            json_object_get_int(lsp_member(lsp_member(lsp_member(item(list, i), "range"), "start"), "line")),
            (int)i + 1);
    client_close(&client);
    kodosis_text_clear(&text);
}

static void related_places(void **unused)
{
    struct client client;
    struct json_object *list;

    (void)unused;
    client_begin(&client);
    client_edit(&client, "/twice.kod", "namespace a;\nstruct A {}\nstruct A {}\n");
    list = lsp_member(item(client_diagnostics(&client, "/twice.kod"), 0), "relatedInformation");
    assert_int_equal(json_object_array_length(list), 1);
    assert_string_equal(range_text(lsp_member(lsp_member(item(list, 0), "location"), "range")), "1:7-1:8");
    client_close(&client);
}

/* ---- Hover and definition ---- */

static void expect_hover(struct client *client, const char *needle, size_t behind, const char *range,
                         const char *const *texts)
{
    struct json_object *found = at(client, "textDocument/hover", needle, behind);
    const char *value = lsp_string(lsp_member(found, "contents"), "value");

    assert_non_null(value);
    assert_string_equal(range_text(lsp_member(found, "range")), range);
    for (; *texts; texts++)
        if (!strstr(value, *texts))
            fail_msg("no '%s' in:\n%s", *texts, value);
}

static void hover(void **unused)
{
    struct client client;

    (void)unused;
    begin(&client);
    expect_hover(&client, "Point> points", 2, "6:19-6:24",
                 (const char *const[]){ "```kodosis\nstruct Point { float64 x; float64 y; }\n```",
                                        "`acme.main.Point: 16 bytes, aligned to 8, blittable`", NULL });
    expect_hover(&client, "Severity WORST", 0, "3:13-3:21",
                 (const char *const[]){ "How bad it is.", "acme.common.Severity: 1 byte", NULL });
    expect_hover(&client, "= Error", 3, "3:30-3:35", (const char *const[]){ "Severity.Error = 17 (0x11)", NULL });
    expect_hover(&client, "float64 y", 8, "2:44-2:45", (const char *const[]){ "float64 y;", "at offset 8", NULL });
    expect_hover(&client, "Find(", 4, "13:20-13:24",
                 (const char *const[]){ "idempotent Path Find(string name, common.Stamp when) raises (Lost);",
                                        "One path.", "hash 0x", "of (string,struct{int64,enum uint8{1,2,17}})->",
                                        NULL });
    expect_hover(&client, "when)", 0, "13:51-13:55",
                 (const char *const[]){ "common.Stamp when\n", "acme.common.Stamp, at least 9 bytes", NULL });
    expect_hover(&client, "\"common.kod", 3, "1:7-1:19",
                 (const char *const[]){ "common.kod: namespace acme.common", "What is shared.", NULL });
    expect_hover(&client, "Walker", 0, "11:8-11:14",
                 (const char *const[]){ "Finds the way.", "version 1, 1 procedure", NULL });
    assert_null(at(&client, "textDocument/hover", "float64 x", 3));
    assert_null(at(&client, "textDocument/hover", "/* ", 1));
    client_close(&client);
}

/* Hover and definition work in files with errors; only what the bytes are is not known then. */
static void broken_files(void **unused)
{
    static const char text[] = "namespace a;\nstruct A { int32 b; }\nstruct B { A a; Missing m }\nstruct C { ";
    struct client client;
    struct json_object *found;

    (void)unused;
    client_begin(&client);
    client_edit(&client, "/b.kod", text);
    found = result_of(client_ask_at(&client, "textDocument/hover", "/b.kod", text, "A a;", 0, ""));
    assert_non_null(strstr(lsp_string(lsp_member(found, "contents"), "value"), "struct A { int32 b; }"));
    assert_null(strstr(lsp_string(lsp_member(found, "contents"), "value"), "blittable"));
    found = result_of(client_ask_at(&client, "textDocument/definition", "/b.kod", text, "A a;", 0, ""));
    assert_string_equal(range_text(lsp_member(found, "range")), "1:7-1:8");
    client_close(&client);
}

static void expect_definition(struct client *client, const char *needle, size_t behind, const char *uri,
                              const char *range)
{
    struct json_object *found = at(client, "textDocument/definition", needle, behind);

    assert_non_null(found);
    assert_string_equal(lsp_string(found, "uri"), uri);
    assert_string_equal(range_text(lsp_member(found, "range")), range);
}

static void definition(void **unused)
{
    struct client client;

    (void)unused;
    begin(&client);
    expect_definition(&client, "Point> points", 0, "file:///main.kod", "2:17-2:22");
    expect_definition(&client, "Point last", 5, "file:///main.kod", "2:17-2:22");
    expect_definition(&client, "SIZE] ends", 1, "file:///main.kod", "5:12-5:16");
    expect_definition(&client, "common.Severity WORST", 9, "file:///common.kod", "3:5-3:13");
    expect_definition(&client, "Severity BEST", 0, "file:///common.kod", "3:5-3:13");
    expect_definition(&client, "Debug;", 1, "file:///common.kod", "3:24-3:29");
    expect_definition(&client, "Severity.Debug", 1, "file:///common.kod", "3:5-3:13");
    expect_definition(&client, "(Lost)", 1, "file:///main.kod", "9:6-9:10");
    expect_definition(&client, "Line UNIT", 0, "file:///main.kod", "7:5-7:9");
    expect_definition(&client, "\"common.kod\"", 3, "file:///common.kod", "0:0-0:0");
    expect_definition(&client, "Find(", 1, "file:///main.kod", "13:20-13:24");
    assert_null(at(&client, "textDocument/definition", "string name;", 1));
    client_close(&client);
}

/* The file that the compiler has in itself is known, and is nowhere. */
static void built_in(void **unused)
{
    static const char text[] = "namespace a;\nimport \"kodosis.kod\";\nstruct A { kodosis.Timestamp when; }\n";
    struct client client;
    struct json_object *found;

    (void)unused;
    client_begin(&client);
    client_edit(&client, "/main.kod", text);
    assert_int_equal(json_object_array_length(client_diagnostics(&client, "/main.kod")), 0);
    found = result_of(client_ask_at(&client, "textDocument/hover", "/main.kod", text, "Timestamp", 0, ""));
    assert_non_null(strstr(lsp_string(lsp_member(found, "contents"), "value"), "8 bytes"));
    assert_null(result_of(client_ask_at(&client, "textDocument/definition", "/main.kod", text, "Timestamp", 0, "")));
    assert_null(result_of(client_ask_at(&client, "textDocument/prepareRename", "/main.kod", text, "Timestamp", 0, "")));
    found = result_of(client_ask_at(&client, "textDocument/references", "/main.kod", text, "Timestamp", 0,
                                    ",'context':{'includeDeclaration':true}"));
    assert_int_equal(json_object_array_length(found), 1);
    found = client_ask_at(&client, "textDocument/rename", "/main.kod", text, "Timestamp", 0, ",'newName':'Moment'");
    assert_int_equal(client_code(found), LSP_REQUEST_FAILED);
    client_close(&client);
}

/* ---- References and renaming ---- */

static void references(void **unused)
{
    struct client client;
    struct json_object *list;

    (void)unused;
    begin(&client);
    list = result_of(client_ask_at(&client, "textDocument/references", "/main.kod", MAIN, "Point { float64", 0,
                                   ",'context':{'includeDeclaration':true}"));
    assert_int_equal(json_object_array_length(list), 5);
    list = result_of(client_ask_at(&client, "textDocument/references", "/main.kod", MAIN, "Point { float64", 0, ""));
    assert_int_equal(json_object_array_length(list), 4);
    assert_string_equal(range_text(lsp_member(item(list, 2), "range")), "6:61-6:66");
    /* of what another file declares, there and here */
    list = result_of(client_ask_at(&client, "textDocument/references", "/main.kod", MAIN, "Severity WORST", 0,
                                   ",'context':{'includeDeclaration':true}"));
    assert_int_equal(json_object_array_length(list), 5);
    client_close(&client);
}

static struct json_object *rename_to(struct client *client, const char *needle, const char *name)
{
    char more[128];

    snprintf(more, sizeof(more), ",'newName':'%s'", name);
    return client_ask_at(client, "textDocument/rename", "/main.kod", MAIN, needle, 0, more);
}

static void expect_refused(struct client *client, const char *needle, const char *name, const char *why)
{
    struct json_object *answer = rename_to(client, needle, name);

    if (client_code(answer) != LSP_REQUEST_FAILED || !strstr(lsp_string(lsp_member(answer, "error"), "message"), why))
        fail_msg("%s to %s: %s", needle, name, json_object_to_json_string(answer));
}

static void renaming(void **unused)
{
    struct client client;
    struct json_object *changes;

    (void)unused;
    begin(&client);
    changes = lsp_member(result_of(rename_to(&client, "Point { float64", "Vertex")), "changes");
    assert_int_equal(json_object_object_length(changes), 1);
    changes = lsp_member(changes, "file:///main.kod");
    assert_int_equal(json_object_array_length(changes), 5);
    assert_string_equal(range_text(lsp_member(item(changes, 0), "range")), "2:17-2:22");
    assert_string_equal(lsp_string(item(changes, 0), "newText"), "Vertex");
    changes = lsp_member(result_of(rename_to(&client, "Debug;", "Trace")), "changes");
    assert_int_equal(json_object_object_length(changes), 2);
    assert_int_equal(json_object_array_length(lsp_member(changes, "file:///common.kod")), 1);
    assert_int_equal(json_object_array_length(lsp_member(changes, "file:///main.kod")), 1);
    changes = lsp_member(result_of(rename_to(&client, "Severity.Debug", "S")), "changes");
    assert_int_equal(json_object_array_length(lsp_member(changes, "file:///main.kod")), 3);
    assert_int_equal(json_object_array_length(lsp_member(changes, "file:///common.kod")), 2);
    result_of(rename_to(&client, "x; float64 y", "version"));
    result_of(rename_to(&client, "Find(", "Search"));
    client_close(&client);
}

static void names_that_cannot_be(void **unused)
{
    struct client client;

    (void)unused;
    begin(&client);
    expect_refused(&client, "Point { float64", "struct", "a word of the language");
    expect_refused(&client, "Point { float64", "version", "a word of the language");
    expect_refused(&client, "x; float64 y", "string", "a word of the language");
    expect_refused(&client, "Point { float64", "", "is no name");
    expect_refused(&client, "Point { float64", "2d", "is no name");
    expect_refused(&client, "Point { float64", "a__b", "is no name");
    expect_refused(&client, "Point { float64", "a_", "is no name");
    expect_refused(&client, "Point { float64", "a b", "is no name");
    expect_refused(&client, "Point { float64", "a.b", "is no name");
    expect_refused(&client, "Point { float64", "Path", "declared twice");
    expect_refused(&client, "Point { float64", "path", "same name in generated code");
    expect_refused(&client, "x; float64 y", "y", "two members are called 'y'");
    expect_refused(&client, "Debug;", "Info", "");
    expect_refused(&client, "\"common.kod", "other", "files are not renamed");
    expect_refused(&client, "float64 x", "other", "nothing is named here");
    client_close(&client);
}

/* A name that is free, but hides another one where this one is used, is refused. */
static void hidden_names(void **unused)
{
    static const char near[] = "namespace a.b;\nimport \"far.kod\";\nstruct Near {}\nstruct User { Far f; Near n; }\n";
    struct client client;
    struct json_object *answer;

    (void)unused;
    client_begin(&client);
    client_put(&client, "/far.kod", "namespace a;\nstruct Far {}\n");
    client_edit(&client, "/near.kod", near);
    answer = client_ask_at(&client, "textDocument/rename", "/near.kod", near, "Near {", 0, ",'newName':'Far'");
    assert_int_equal(client_code(answer), LSP_REQUEST_FAILED);
    assert_non_null(strstr(lsp_string(lsp_member(answer, "error"), "message"), "something else"));
    answer = client_ask_at(&client, "textDocument/rename", "/near.kod", near, "Near {", 0, ",'newName':'Closer'");
    assert_int_equal(client_code(answer), 0);
    client_close(&client);
}

static void prepared(void **unused)
{
    struct client client;
    struct json_object *found;

    (void)unused;
    begin(&client);
    found = at(&client, "textDocument/prepareRename", "Severity.Debug", 2);
    assert_string_equal(range_text(lsp_member(found, "range")), "4:45-4:53");
    assert_string_equal(lsp_string(found, "placeholder"), "Severity");
    assert_null(at(&client, "textDocument/prepareRename", "\"common", 2));
    assert_null(at(&client, "textDocument/prepareRename", "struct Path", 2));
    client_close(&client);
}

/* ---- Completion ---- */

static bool offers(struct json_object *list, const char *label)
{
    for (size_t i = 0; i < json_object_array_length(list); i++)
        if (!strcmp(lsp_string(item(list, i), "label"), label))
            return true;
    return false;
}

static void expect_completion(const char *text, const char *const *wanted, const char *const *unwanted)
{
    const char *bar = strchr(text, '|');
    char *whole = strdup(text);
    struct client client;
    struct json_object *list;
    char needle[] = "\x01";

    memmove(whole + (bar - text), bar + 1, strlen(bar));
    client_begin(&client);
    client_put(&client, "/common.kod", COMMON);
    client_edit(&client, "/main.kod", whole);
    whole = realloc(whole, strlen(text) + 2);
    memmove(whole + (bar - text) + 1, whole + (bar - text), strlen(whole + (bar - text)) + 1);
    whole[bar - text] = *needle;
    list = result_of(client_ask_at(&client, "textDocument/completion", "/main.kod", whole, needle, 0, ""));
    for (; *wanted; wanted++)
        if (!offers(list, *wanted))
            fail_msg("%s: no %s", text, *wanted);
    for (; *unwanted; unwanted++)
        if (offers(list, *unwanted))
            fail_msg("%s: %s", text, *unwanted);
    free(whole);
    client_close(&client);
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define HEAD "namespace acme.main; import \"common.kod\"; enum Colour { Red, Blue } const int32 ONE = 1; error Gone {} "

static void completion(void **unused)
{
    (void)unused;
    expect_completion(HEAD "|", LIST("struct", "service", "deprecated", "import"), LIST("int32", "Colour", "raises"));
    expect_completion(HEAD "struct A { |", LIST("int32", "list", "Colour", "A", "common.Stamp", "common.Severity"),
                      LIST("Gone", "ONE", "oneway", "Stamp"));
    expect_completion(HEAD "struct A { common.|", LIST("Stamp", "Severity"), LIST("Colour", "int32"));
    expect_completion(HEAD "struct A { list<Co|", LIST("Colour", "string"), LIST("Red"));
    expect_completion(HEAD "extensible struct A { Colour a = |", LIST("Red", "Blue"), LIST("ONE", "Debug", "int32"));
    expect_completion(HEAD "extensible struct A { common.Severity a = |", LIST("Debug", "Error"), LIST("Red"));
    expect_completion(HEAD "type Shade = Colour; const Shade A = |", LIST("Red", "Blue"), LIST("Debug"));
    expect_completion(HEAD "const bool A = |", LIST("true", "false"), LIST("Red"));
    expect_completion(HEAD "const int32 A = |", LIST("ONE"), LIST("true", "Red"));
    expect_completion(HEAD "const common.Severity A = common.Severity.|", LIST("Info"), LIST("Red", "ONE"));
    expect_completion(HEAD "struct A { int8[|", LIST("ONE"), LIST("int32"));
    expect_completion(HEAD "service A { |", LIST("oneway", "idempotent", "void", "stream", "Colour"), LIST("raises"));
    expect_completion(HEAD "service A { void F() |", LIST("raises"), LIST("Gone"));
    expect_completion(HEAD "service A { void F() raises (|", LIST("Gone"), LIST("Colour"));
    expect_completion(HEAD "// struct A { |", LIST("nothing") + 1, LIST("int32", "struct"));
}

/* ---- Outline and formatting ---- */

static void outline(void **unused)
{
    struct client client;
    struct json_object *list;
    struct json_object *walker;

    (void)unused;
    begin(&client);
    list = result_of(client_ask(&client, "textDocument/documentSymbol", ABOUT));
    assert_int_equal(json_object_array_length(list), 9);
    walker = item(list, 8);
    assert_string_equal(lsp_string(walker, "name"), "Walker");
    assert_string_equal(range_text(lsp_member(walker, "range")), "11:0-14:1");
    assert_string_equal(range_text(lsp_member(walker, "selectionRange")), "11:8-11:14");
    assert_string_equal(lsp_string(item(lsp_member(walker, "children"), 0), "name"), "Find");
    assert_string_equal(range_text(lsp_member(item(list, 0), "range")), "2:10-2:48");
    client.server.hierarchical = false;
    list = result_of(client_ask(&client, "textDocument/documentSymbol", ABOUT));
    assert_int_equal(json_object_array_length(list), 16);
    assert_string_equal(lsp_string(item(list, 1), "containerName"), "Point");
    client_close(&client);
}

static void formatting(void **unused)
{
    struct client client;
    struct json_object *edits;

    (void)unused;
    client_begin(&client);
    client_edit(&client, "/main.kod", "namespace a;\nstruct A { int32 b; }\nstruct  \u00e9");
    assert_int_equal(client_code(client_ask(&client, "textDocument/formatting", ABOUT)), LSP_REQUEST_FAILED);
    client_edit(&client, "/main.kod", "namespace a;\nstruct  B{int32 c ;}\nstruct C {}\n");
    edits = result_of(client_ask(&client, "textDocument/formatting", ABOUT));
    assert_int_equal(json_object_array_length(edits), 1);
    assert_string_equal(range_text(lsp_member(item(edits, 0), "range")), "1:0-2:0");
    assert_string_equal(lsp_string(item(edits, 0), "newText"), "struct B { int32 c; }\n");
    client_edit(&client, "/main.kod", "namespace a;\n\n\n");
    edits = result_of(client_ask(&client, "textDocument/formatting", ABOUT));
    assert_string_equal(range_text(lsp_member(item(edits, 0), "range")), "1:0-3:0");
    assert_string_equal(lsp_string(item(edits, 0), "newText"), "");
    client_edit(&client, "/main.kod", "namespace a;\nstruct A {}\n");
    edits = result_of(client_ask(&client, "textDocument/formatting", ABOUT));
    assert_int_equal(json_object_array_length(edits), 0);
    client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_while_typing),
        cmocka_unit_test(unsaved_imports),
        cmocka_unit_test(new_files),
        cmocka_unit_test(many_errors),
        cmocka_unit_test(related_places),
        cmocka_unit_test(hover),
        cmocka_unit_test(broken_files),
        cmocka_unit_test(definition),
        cmocka_unit_test(built_in),
        cmocka_unit_test(references),
        cmocka_unit_test(renaming),
        cmocka_unit_test(names_that_cannot_be),
        cmocka_unit_test(hidden_names),
        cmocka_unit_test(prepared),
        cmocka_unit_test(completion),
        cmocka_unit_test(outline),
        cmocka_unit_test(formatting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
