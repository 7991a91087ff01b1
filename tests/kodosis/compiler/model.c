/* SPDX-License-Identifier: MIT */
/* The checked model: names, values, layout facts, order, and the canonical text of procedures. */
#include "kodosis/compiler/memory-sources.h"
#include "kodosis/compiler/text/render.h"

#include <float.h>
#include <stdio.h>

#include "kodosis/compiler/text/name.h"
#include "kodosis/compiler/text/table.h"

static void test_snake_case(void **state)
{
    static const char *const pairs[][2] = {
        { "HelloRequest", "hello_request" },
        { "HTTPServer", "http_server" },
        { "MAX_NAMES", "max_names" },
        { "getURL", "get_url" },
        { "Vec3D", "vec3_d" },
        { "int32", "int32" },
        { "A", "a" },
        { "aB", "a_b" },
        { "acme.Sensors", "acme_sensors" },
        { "LargeData8192", "large_data8192" },
        { "X_Y", "x_y" },
        { "ABc", "a_bc" },
    };
    struct kodosis_memory memory = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
        assert_string_equal(kodosis_snake_case(&memory, pairs[i][0]), pairs[i][1]);
    kodosis_memory_clear(&memory);
}

static void test_constants(void **state)
{
    struct kodosis_compilation compilation;
    const struct kodosis_model *model = compile_good("namespace demo;\n"
                                                     "enum Color : uint8 { Red = 1, Green, Blue = LIMIT }\n"
                                                     "const int64 LEAST = -9223372036854775808;\n"
                                                     "const uint64 MOST = 18446744073709551615;\n"
                                                     "const int8 HEX = 0x7F;\n"
                                                     "const uint8 LIMIT = HEX;\n"
                                                     "const float32 TENTH = 0.1;\n"
                                                     "const float64 FROM_INTEGER = LEAST;\n"
                                                     "const float64 SMALL = -2.5e-3;\n"
                                                     "const float64 LARGEST = 1.7976931348623157e308;\n"
                                                     "const bool YES = true;\n"
                                                     "const bool ALSO = YES;\n"
                                                     "const string TEXT = \"a\\t\\\"\\u00e9\\U0001f600\";\n"
                                                     "const Color FAVOURITE = Color.Green;\n"
                                                     "const Color BARE = Blue;\n",
                                                     &compilation);

    (void)state;
    assert_true(declaration_of(model, "LEAST")->value.integer == INT64_MIN);
    assert_true(declaration_of(model, "MOST")->value.natural == UINT64_MAX);
    assert_int_equal(declaration_of(model, "HEX")->value.integer, 127);
    assert_int_equal(declaration_of(model, "LIMIT")->value.natural, 127);
    assert_int_equal(declaration_of(model, "LIMIT")->value.type->kind, KODOSIS_TYPE_UINT8);
    assert_true(declaration_of(model, "TENTH")->value.real == (double)0.1f);
    assert_true(declaration_of(model, "FROM_INTEGER")->value.real == -9223372036854775808.0);
    assert_true(declaration_of(model, "SMALL")->value.real == -2.5e-3);
    assert_true(declaration_of(model, "LARGEST")->value.real == DBL_MAX);
    assert_true(declaration_of(model, "YES")->value.boolean);
    assert_true(declaration_of(model, "ALSO")->value.boolean);
    assert_string_equal(declaration_of(model, "TEXT")->value.text, "a\t\"\xc3\xa9\xf0\x9f\x98\x80");
    assert_int_equal(declaration_of(model, "TEXT")->value.text_size, 9);
    assert_string_equal(declaration_of(model, "FAVOURITE")->value.enumerator->name, "Green");
    assert_int_equal(declaration_of(model, "FAVOURITE")->value.enumerator->value, 2);
    assert_int_equal(declaration_of(model, "BARE")->value.enumerator->value, 127);
    kodosis_compilation_clear(&compilation);
}

/* Constants that are made of several values, also before what they are made of. */
static void test_constant_items(void **state)
{
    struct kodosis_compilation compilation;
    const struct kodosis_model *model =
        compile_good("namespace demo;\n"
                     "const Line DIAGONAL = { [ORIGIN, { 1, -1 }], \"d\", [Red] };\n"
                     "const Point ORIGIN = { ZERO, 0 };\n"
                     "const int8 ZERO = 0;\n"
                     "struct Line { Point[SIZE] ends; string name; list<Colour> colours; }\n"
                     "struct Point { int32 x; int32 y; }\n"
                     "enum Colour { Red = 7 }\n"
                     "const uint8 SIZE = 2;\n"
                     "const list<Point> NONE = [];\n",
                     &compilation);
    const struct kodosis_value *diagonal = &declaration_of(model, "DIAGONAL")->value;

    (void)state;
    assert_string_equal(diagonal->type->text, "demo.Line");
    assert_int_equal(diagonal->item_count, 3);
    assert_int_equal(diagonal->total, 6);
    assert_int_equal(diagonal->items[0].items[1].items[1].integer, -1);
    assert_int_equal(diagonal->items[0].items[0].items[0].type->kind, KODOSIS_TYPE_INT32);
    assert_string_equal(diagonal->items[1].text, "d");
    assert_int_equal(diagonal->items[2].items[0].enumerator->value, 7);
    assert_int_equal(declaration_of(model, "NONE")->value.item_count, 0);
    assert_string_equal(declaration_of(model, "NONE")->value.type->text, "list<demo.Point>");
    kodosis_compilation_clear(&compilation);
}

static void check_layout(const struct kodosis_model *model, const char *name, bool blittable, uint64_t size,
                         uint32_t alignment, uint64_t smallest)
{
    const struct kodosis_type *type = declaration_of(model, name)->type;

    assert_int_equal(type->blittable, blittable);
    assert_int_equal(type->size, size);
    assert_int_equal(type->alignment, alignment);
    assert_int_equal(type->smallest, smallest);
}

static void test_layout(void **state)
{
    struct kodosis_compilation compilation;
    const struct kodosis_model *model = compile_good("namespace demo;\n"
                                                     "enum Small : uint8 { A }\n"
                                                     "enum Plain { A }\n"
                                                     "struct Empty {}\n"
                                                     "struct Point { float64 x; float64 y; }\n"
                                                     "struct Full { uint8 a; bool b; Small c; int8 d; Plain e; }\n"
                                                     "struct Gap { uint8 a; uint16 b; }\n"
                                                     "struct Tail { uint16 a; uint8 b; }\n"
                                                     "struct Wide { Point[2] p; uint32[2][3] n; uint64 last; }\n"
                                                     "struct Holds { Gap gap; }\n"
                                                     "struct Text { string s; bytes b; list<int8> l; }\n"
                                                     "struct Choice { optional<Point> p; map<int8, Point> m; }\n"
                                                     "union One { Point p; string s; int16 n; }\n"
                                                     "struct HasOne { One one; Empty[3] e; }\n",
                                                     &compilation);
    const struct kodosis_declaration *full;

    (void)state;
    check_layout(model, "Small", true, 1, 1, 1);
    check_layout(model, "Plain", true, 4, 4, 4);
    check_layout(model, "Empty", false, 0, 1, 1);
    check_layout(model, "Point", true, 16, 8, 16);
    check_layout(model, "Full", true, 8, 4, 8);
    check_layout(model, "Gap", false, 0, 1, 3);
    check_layout(model, "Tail", false, 0, 1, 3);
    check_layout(model, "Wide", true, 64, 8, 64);
    check_layout(model, "Holds", false, 0, 1, 3);
    check_layout(model, "Text", false, 0, 1, 4);
    check_layout(model, "Choice", false, 0, 1, 2);
    check_layout(model, "One", false, 0, 1, 3);
    check_layout(model, "HasOne", false, 0, 1, 6);

    full = declaration_of(model, "Full");
    assert_int_equal(full->members[3].offset, 3);
    assert_int_equal(full->members[4].offset, 4);
    assert_true(full->type->checked);
    assert_false(full->type->views);
    assert_false(declaration_of(model, "Point")->type->checked);
    assert_false(declaration_of(model, "Point")->type->exact);
    assert_true(declaration_of(model, "Gap")->type->exact);
    assert_true(declaration_of(model, "Holds")->type->exact);
    assert_true(declaration_of(model, "Empty")->type->exact);
    assert_true(declaration_of(model, "Choice")->members[0].type->views);
    assert_true(declaration_of(model, "Choice")->type->views);
    assert_true(declaration_of(model, "HasOne")->type->views);
    kodosis_compilation_clear(&compilation);
}

static size_t place_of(const struct kodosis_model *model, const char *name)
{
    const struct kodosis_file *file = model->files[model->file_count - 1];

    for (size_t i = 0; i < file->ordered_count; i++)
        if (!strcmp(file->ordered[i]->name, name))
            return i;
    fail();
    return 0;
}

static void test_recursion(void **state)
{
    struct kodosis_compilation compilation;
    const struct kodosis_model *model = compile_good("namespace demo;\n"
                                                     "struct Outer { Middle m; optional<Inner> i; }\n"
                                                     "struct Middle { Inner[2] i; list<Outer> back; }\n"
                                                     "struct Inner { int32 x; }\n"
                                                     "struct Sum { Expression left; Expression right; }\n"
                                                     "union Expression { int32 leaf; Sum sum; Inner inner; }\n"
                                                     "struct Chain { optional<Chain> next; }\n"
                                                     "error Deep { Chain chain; Inner inner; }\n",
                                                     &compilation);

    (void)state;
    assert_true(declaration_of(model, "Outer")->type->recursive);
    assert_true(declaration_of(model, "Middle")->type->recursive);
    assert_false(declaration_of(model, "Inner")->type->recursive);
    assert_true(declaration_of(model, "Sum")->type->recursive);
    assert_true(declaration_of(model, "Expression")->type->recursive);
    assert_true(declaration_of(model, "Chain")->type->recursive);
    assert_true(declaration_of(model, "Chain")->members[0].type->recursive);
    assert_true(declaration_of(model, "Chain")->type->views);
    assert_false(declaration_of(model, "Deep")->type->recursive);
    assert_int_equal(declaration_of(model, "Expression")->type->smallest, 5);
    assert_int_equal(declaration_of(model, "Sum")->type->smallest, 10);
    assert_true(place_of(model, "Inner") < place_of(model, "Middle"));
    assert_true(place_of(model, "Middle") < place_of(model, "Outer"));
    assert_true(place_of(model, "Expression") < place_of(model, "Sum"));
    assert_true(place_of(model, "Inner") < place_of(model, "Expression"));
    assert_true(place_of(model, "Chain") < place_of(model, "Deep"));
    assert_int_equal(model->files[0]->ordered_count, 7);
    kodosis_compilation_clear(&compilation);
}

static void test_types(void **state)
{
    struct kodosis_compilation compilation;
    const struct kodosis_model *model =
        compile_good("namespace demo;\n"
                     "const uint8 N = 3;\n"
                     "struct P { int32 x; }\n"
                     "struct A { int32[N][4] grid; list<P>[2] pair; map<string, optional<demo.P>> m; list<P> l; }\n"
                     "struct B { list<P> same; }\n",
                     &compilation);
    const struct kodosis_member *members = declaration_of(model, "A")->members;

    (void)state;
    assert_string_equal(members[0].type->text, "int32[3][4]");
    assert_int_equal(members[0].type->count, 3);
    assert_int_equal(members[0].type->element->count, 4);
    assert_int_equal(members[0].type->size, 48);
    assert_string_equal(members[1].type->text, "list<demo.P>[2]");
    assert_int_equal(members[1].type->kind, KODOSIS_TYPE_ARRAY);
    assert_string_equal(members[2].type->text, "map<string, optional<demo.P>>");
    assert_ptr_equal(members[3].type, declaration_of(model, "B")->members[0].type);
    for (size_t i = 0; i < model->type_count; i++)
        assert_int_equal(model->types[i]->index, i);
    kodosis_compilation_clear(&compilation);
}

static const struct kodosis_procedure *procedure_of(const struct kodosis_model *model, const char *name)
{
    const struct kodosis_declaration *service = declaration_of(model, "S");

    for (size_t i = 0; i < service->procedure_count; i++)
        if (!strcmp(service->procedures[i].name, name))
            return &service->procedures[i];
    fail();
    return NULL;
}

/* The examples of docs/wire-format.md without streams, and what they leave out. */
static void test_shapes(void **state)
{
    struct kodosis_compilation compilation;
    const struct kodosis_model *model = compile_good("namespace paper;\n"
                                                     "struct HelloRequest { string name; }\n"
                                                     "struct HelloReply { string greeting; }\n"
                                                     "enum Kind : uint8 { A = 1, B, C }\n"
                                                     "enum Big : uint64 { Max = 18446744073709551615, Min = 0 }\n"
                                                     "enum Down : int8 { Up = 1, Low = -1 }\n"
                                                     "struct Node { Kind kind; list<Node> children; }\n"
                                                     "union U { int32 a; optional<map<Kind, U[2]>> b; }\n"
                                                     "error NotFound { string key; Kind kind; }\n"
                                                     "error Busy {}\n"
                                                     "service S {\n"
                                                     "    HelloReply SayHello(HelloRequest request);\n"
                                                     "    void Plant(Node root, Kind kind) raises (NotFound, Busy);\n"
                                                     "    oneway void Log(int8[2][3] n);\n"
                                                     "    U Change(U u, Big big, Down down);\n"
                                                     "}\n",
                                                     &compilation);

    (void)state;
    assert_string_equal(procedure_of(model, "SayHello")->shape, "(struct{string})->struct{string}");
    assert_true(procedure_of(model, "SayHello")->hash == 0x6814c0fb0fbf988du);
    assert_string_equal(procedure_of(model, "Plant")->shape,
                        "(struct{enum uint8{1,2,3},list<#1>},#2)->void "
                        "raises(paper.Busy=struct{},paper.NotFound=struct{string,#2})");
    assert_true(procedure_of(model, "Plant")->hash == 0x6cb124a1621e99d8u);
    assert_string_equal(procedure_of(model, "Log")->shape, "(array<array<int8,3>,2>)->oneway");
    assert_string_equal(procedure_of(model, "Change")->shape,
                        "(union{int32,optional<map<enum uint8{1,2,3},array<#1,2>>>},"
                        "enum uint64{0,18446744073709551615},enum int8{-1,1})->#1");
    kodosis_compilation_clear(&compilation);
}

/* Extensible types: what is laid out, what may be missing, and what the canonical text says of it. */
static void test_extensible(void **state)
{
    struct kodosis_compilation compilation;
    const struct kodosis_model *model =
        compile_good("namespace demo;\n"
                     "const int16 FIVE = 5;\n"
                     "extensible enum Hue : uint8 { Red = 1, Green }\n"
                     "flags enum Mode : uint16 { A, B, C = 8, D, All = 0x8003 }\n"
                     "extensible flags enum Open { X, None = 0, Y }\n"
                     "struct Row { Hue hue; Hue[3] more; Open open; }\n"
                     "extensible struct Grown { string s; int64 n; optional<Grown> next;\n"
                     "    int8 small = FIVE; Hue hue = Red; list<Mode> modes = []; }\n"
                     "extensible struct Nothing {}\n"
                     "extensible struct Later { optional<bool> b; }\n"
                     "extensible union Choice { Row row; Choice again; }\n"
                     "service S {\n"
                     "    Choice Take(Grown grown, Nothing nothing, Later later, Mode mode);\n"
                     "    void Plain(Mode mode);\n"
                     "    void Hues(list<Hue> hues);\n"
                     "}\n",
                     &compilation);
    const struct kodosis_declaration *grown = declaration_of(model, "Grown");
    const struct kodosis_declaration *mode = declaration_of(model, "Mode");

    (void)state;
    check_layout(model, "Hue", true, 1, 1, 1);
    check_layout(model, "Row", true, 8, 4, 8);
    check_layout(model, "Grown", false, 0, 1, 14);
    check_layout(model, "Nothing", false, 0, 1, 4);
    check_layout(model, "Later", false, 0, 1, 4);
    check_layout(model, "Choice", false, 0, 1, 5);
    assert_false(declaration_of(model, "Hue")->type->checked);
    assert_false(declaration_of(model, "Row")->type->checked);
    assert_true(mode->type->checked);
    assert_true(declaration_of(model, "Nothing")->type->views);
    assert_true(grown->type->recursive);
    assert_int_equal(grown->required, 2);
    assert_int_equal(declaration_of(model, "Later")->required, 0);
    assert_null(grown->members[2].initial);
    assert_int_equal(grown->members[3].initial->integer, 5);
    assert_string_equal(grown->members[4].initial->enumerator->name, "Red");
    assert_null(grown->members[5].initial);
    assert_int_equal(mode->enumerators[1].value, 2);
    assert_int_equal(mode->enumerators[3].value, 16);
    assert_int_equal(kodosis_flags_mask(mode), 0x801b);
    assert_int_equal(declaration_of(model, "Open")->enumerators[2].value, 2);
    assert_string_equal(
        procedure_of(model, "Take")->shape,
        "(extensible struct{string,int64;optional<#1>,int8,extensible enum uint8,list<flags uint16{32795}>},"
        "extensible struct{},extensible struct{;optional<bool>},#3)->"
        "extensible union{struct{#2,array<#2,3>,extensible flags uint32},#6}");
    assert_true(procedure_of(model, "Take")->growing);
    assert_string_equal(procedure_of(model, "Plain")->shape, "(flags uint16{32795})->void");
    assert_false(procedure_of(model, "Plain")->growing);
    assert_true(procedure_of(model, "Hues")->growing);
    kodosis_compilation_clear(&compilation);
}

/* A name of a type is the type. */
static void test_aliases(void **state)
{
    struct kodosis_compilation compilation;
    const struct kodosis_model *model =
        compile_good("namespace demo;\n"
                     "type Row = Cell[4];\n"
                     "type Cell = int32;\n"
                     "type Grid = Row[3];\n"
                     "type Small = uint8;\n"
                     "type Names = map<Kind, list<string>>;\n"
                     "const Small MOST = 255;\n"
                     "enum Kind : Small { A }\n"
                     "struct S1 { Grid grid; int32[3][4] same; Names names; optional<Cell> cell; }\n"
                     "service S { Names P(Grid grid); Names Q(int32[3][4] grid); }\n",
                     &compilation);
    const struct kodosis_member *members = declaration_of(model, "S1")->members;

    (void)state;
    assert_string_equal(members[0].type->text, "int32[3][4]");
    assert_ptr_equal(members[0].type, members[1].type);
    assert_string_equal(members[2].type->text, "map<demo.Kind, list<string>>");
    assert_string_equal(members[3].type->text, "optional<int32>");
    assert_int_equal(declaration_of(model, "Grid")->kind, KODOSIS_ALIAS);
    assert_ptr_equal(declaration_of(model, "Grid")->type, members[0].type);
    assert_true(procedure_of(model, "P")->hash == procedure_of(model, "Q")->hash);
    kodosis_compilation_clear(&compilation);
}

/* A stream is a flag beside the type of its elements, and part of the shape. */
static void test_streams(void **state)
{
    struct kodosis_compilation compilation;
    const struct kodosis_model *model = compile_good("namespace demo;\n"
                                                     "struct Point { float64 x; float64 y; }\n"
                                                     "enum Kind : uint8 { A = 1, B, C }\n"
                                                     "struct Node { Kind kind; list<Node> children; }\n"
                                                     "service S {\n"
                                                     "    stream<Point> Watch(string sensor);\n"
                                                     "    uint64 Upload(string name, stream<bytes> parts);\n"
                                                     "    idempotent stream<Point> Chat(stream<list<Point>> in);\n"
                                                     "    Point Watched(string sensor);\n"
                                                     "    uint64 Uploaded(string name, bytes parts);\n"
                                                     "    void Feed(stream<Point[2]> stream_of_points);\n"
                                                     "    stream<Node> Walk(Node root);\n"
                                                     "}\n",
                                                     &compilation);
    const struct kodosis_procedure *watch = procedure_of(model, "Watch");
    const struct kodosis_procedure *upload = procedure_of(model, "Upload");
    const struct kodosis_procedure *chat = procedure_of(model, "Chat");

    (void)state;
    assert_true(watch->streams_out && !watch->streams_in);
    assert_string_equal(kodosis_elements_out(watch)->text, "demo.Point");
    assert_null(kodosis_elements_in(watch));
    assert_null(kodosis_answer(watch));
    assert_int_equal(kodosis_argument_count(watch), 1);
    assert_string_equal(watch->shape, "(string)->stream<struct{float64,float64}>");

    assert_true(upload->streams_in && !upload->streams_out);
    assert_string_equal(kodosis_elements_in(upload)->text, "bytes");
    assert_null(kodosis_elements_out(upload));
    assert_string_equal(kodosis_answer(upload)->text, "uint64");
    assert_int_equal(upload->parameter_count, 2);
    assert_int_equal(kodosis_argument_count(upload), 1);
    assert_string_equal(upload->shape, "(string,stream<bytes>)->uint64");

    assert_true(chat->streams_in && chat->streams_out && chat->idempotent);
    assert_int_equal(kodosis_argument_count(chat), 0);
    assert_string_equal(chat->shape, "(stream<list<struct{float64,float64}>>)->stream<#1>");
    /* these two are in docs/wire-format.md */
    assert_true(upload->hash == 0x84addf8a6545761du);
    assert_string_equal(procedure_of(model, "Walk")->shape, "(struct{enum uint8{1,2,3},list<#1>})->stream<#1>");
    assert_true(procedure_of(model, "Walk")->hash == 0x8a2077df8201b765u);

    assert_string_equal(procedure_of(model, "Feed")->shape, "(stream<array<struct{float64,float64},2>>)->void");
    assert_string_equal(procedure_of(model, "Watched")->shape, "(string)->struct{float64,float64}");
    assert_string_equal(procedure_of(model, "Uploaded")->shape, "(string,bytes)->uint64");
    assert_true(procedure_of(model, "Watched")->hash != watch->hash);
    assert_true(procedure_of(model, "Uploaded")->hash != upload->hash);
    kodosis_compilation_clear(&compilation);
}

/* A diamond of imports, namespaces seen from within, and where files are found. */
static void test_imports(void **state)
{
    static const char base[] = "namespace acme.base; struct Id { uint64 n; } const uint8 SIZE = 4;";
    static const char left[] = "namespace acme; import \"base.kod\"; struct Left { base.Id id; }";
    static const char right[] = "namespace acme; import \"lib/base.kod\"; struct Right { acme.base.Id id; }";
    static const char top[] =
        "namespace acme.top; import \"lib/left.kod\"; import \"right.kod\"; import \"lib/base.kod\";\n"
        "struct Top { Left left; acme.Right right; base.Id[base.SIZE] ids; }";
    struct memory_sources *sources = calloc(1, sizeof(*sources));
    struct kodosis_compilation compilation;
    const struct kodosis_model *model;

    (void)state;
    assert_non_null(sources);
    memory_sources_add(sources, "include/lib/base.kod", base, strlen(base));
    memory_sources_add(sources, "include/lib/left.kod", left, strlen(left));
    memory_sources_add(sources, "src/right.kod", right, strlen(right));
    memory_sources_add(sources, "src/top.kod", top, strlen(top));
    model = memory_sources_compile(sources, "src/top.kod", &compilation);
    assert_non_null(model);
    assert_int_equal(compilation.diagnostics.warning_count, 0);
    assert_int_equal(model->file_count, 4);
    assert_string_equal(model->files[0]->name, "lib/base.kod");
    assert_string_equal(model->files[1]->name, "lib/left.kod");
    assert_string_equal(model->files[2]->name, "right.kod");
    assert_string_equal(model->files[3]->name, "top.kod");
    assert_true(model->files[3]->requested);
    assert_false(model->files[0]->requested);
    assert_int_equal(model->files[3]->import_count, 3);
    assert_string_equal(declaration_of(model, "Top")->members[2].type->text, "acme.base.Id[4]");
    kodosis_compilation_clear(&compilation);
    free(sources);
}

static void expect_import_error(struct memory_sources *sources, const char *expected)
{
    struct kodosis_compilation compilation;
    struct kodosis_text messages = KODOSIS_TEXT_INIT;

    assert_null(memory_sources_compile(sources, "a.kod", &compilation));
    kodosis_diagnostics_render(&compilation.diagnostics, &messages, false);
    assert_non_null(strstr(messages.data, expected));
    kodosis_text_clear(&messages);
    kodosis_compilation_clear(&compilation);
    sources->count = 0;
}

static void test_import_faults(void **state)
{
    static const char to_b[] = "namespace a; import \"b.kod\";";
    static const char to_c[] = "namespace b; import \"c.kod\";";
    static const char to_a[] = "namespace c; import \"a.kod\";";
    static const char twin[] = "namespace b;";
    static const char twins[] = "namespace a; import \"x/b.kod\"; import \"y/b.kod\";";
    static const char broken[] = "namespace b; struct {";
    static const char user[] = "namespace a; import \"b.kod\"; struct A { b.Thing t; }";
    struct memory_sources *sources = calloc(1, sizeof(*sources));
    char(*texts)[64] = calloc(128, sizeof(*texts));
    char(*names)[16] = calloc(128, sizeof(*names));

    (void)state;
    memory_sources_add(sources, "a.kod", to_b, strlen(to_b));
    memory_sources_add(sources, "b.kod", to_c, strlen(to_c));
    memory_sources_add(sources, "c.kod", to_a, strlen(to_a));
    expect_import_error(sources, "c.kod:1:21: error: files import each other: a.kod imports b.kod imports c.kod "
                                 "imports a.kod\n");
    memory_sources_add(sources, "a.kod", twins, strlen(twins));
    memory_sources_add(sources, "x/b.kod", twin, strlen(twin));
    memory_sources_add(sources, "y/b.kod", twin, strlen(twin));
    expect_import_error(sources, "a.kod:1:39: error: x/b.kod and y/b.kod would both become 'b.h'; name a directory "
                                 "above both with -I\n");
    memory_sources_add(sources, "a.kod", user, strlen(user));
    memory_sources_add(sources, "b.kod", broken, strlen(broken));
    expect_import_error(sources, "b.kod:1:21: error: expected the name of the struct, found '{'\n"
                                 "    1 | namespace b; struct {\n"
                                 "      |                     ^\n"
                                 "1 error\n");
    memory_sources_add(sources, "a.kod", to_b, strlen(to_b));
    for (int i = 0; i < 80; i++) {
        snprintf(names[i], sizeof(names[i]), i ? "%d.kod" : "b.kod", i);
        snprintf(texts[i], sizeof(texts[i]), "namespace n%d; import \"%d.kod\";", i, i + 1);
        memory_sources_add(sources, names[i], texts[i], strlen(texts[i]));
    }
    expect_import_error(sources, "62.kod:1:23: error: imports nest more than 64 deep\n");
    free(names);
    free(texts);
    free(sources);
}

static void test_docs(void **state)
{
    struct kodosis_compilation compilation;
    const struct kodosis_model *model = compile_good("/// The file.\n"
                                                     "namespace demo;\n"
                                                     "/// First line.  \n"
                                                     "///\n"
                                                     "///   Indented.\n"
                                                     "// not this one\n"
                                                     "//// nor this\n"
                                                     "struct A {\n"
                                                     "    /// Member.\n"
                                                     "    int32 a;\n"
                                                     "    int32 b; // no\n"
                                                     "    /* no */ int32 c;\n"
                                                     "}\n",
                                                     &compilation);
    const struct kodosis_declaration *a = declaration_of(model, "A");

    (void)state;
    assert_string_equal(model->files[0]->doc, "The file.");
    assert_string_equal(a->doc, "First line.\n\n  Indented.");
    assert_string_equal(a->members[0].doc, "Member.");
    assert_null(a->members[1].doc);
    assert_null(a->members[2].doc);
    kodosis_compilation_clear(&compilation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snake_case),     cmocka_unit_test(test_constants),     cmocka_unit_test(test_layout),
        cmocka_unit_test(test_recursion),      cmocka_unit_test(test_types),         cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_imports),        cmocka_unit_test(test_import_faults), cmocka_unit_test(test_docs),
        cmocka_unit_test(test_streams),        cmocka_unit_test(test_extensible),    cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_constant_items),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
