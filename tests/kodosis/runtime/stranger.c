/* SPDX-License-Identifier: MIT */
/* A program that was not compiled with the generated header: all it has is the description at run time. */
#include "kodosis/runtime/cmocka_all.h"

#include <stdio.h>

#include "kodosis/runtime/build-value.h"

extern const struct kodosis_schema codec_features_everything_schema;

static const struct kodosis_schema *const schema = &codec_features_everything_schema;
static struct kodosis_arena arena;

static const char *print_bytes(const char *name, const void *bytes, size_t size)
{
    static char text[1024];
    static uint64_t value[64];
    static uint64_t body[32];
    uint32_t type = kodosis_schema_find(schema, name);
    struct kodosis_reader reader;

    assert_int_not_equal(type, UINT32_MAX);
    assert_true(schema->types[type].size <= sizeof(value) && size <= sizeof(body));
    memcpy(body, bytes, size);
    kodosis_reader_init(&reader, body, size, &arena);
    kodosis_schema_read(schema, type, &reader, value);
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_OK);
    kodosis_schema_print(schema, type, value, text, sizeof(text));
    return text;
}

static void messages_are_printed(void **state)
{
    (void)state;
    assert_string_equal(print_bytes("codec.features.Event", "\2\1n\0", 4), "renamed: \"n\"");
    assert_string_equal(print_bytes("codec.common.Label", "\3abc\0", 5), "{ text: \"abc\" }");
    assert_string_equal(print_bytes("codec.features.Expression", "\3\1\5\0\0\0\2\1\5\0\0\0", 12),
                        "sum: { left: literal: 5, right: negated: literal: 5 }");
    assert_string_equal(print_bytes("codec.features.NotFound", "\1k\0\2", 4), "{ key: \"k\", color: Green }");
    assert_string_equal(print_bytes("codec.features.Empties", "\0\1\0", 3), "{ one: {}, many: [{}] }");
    assert_string_equal(print_bytes("codec.features.Maps", "\1\1a\0\1\0\0\0\0\0\0\0\1\3\1b\0\0\0\0", 20),
                        "{ tags: { \"a\": 1 }, names: { Blue: \"b\" }, points: {}, lists: {}, nested: {} }");
}

/* Builds, encodes, decodes, compares and prints a value of every type there is. */
static void every_type_is_handled(void **state)
{
    uint64_t random = 7;
    uint32_t type;

    (void)state;
    for (type = 0; type < schema->type_count; type++) {
        size_t memory = schema->types[type].size + sizeof(struct kodosis_any_list);
        uint8_t *value = calloc(2, memory);
        uint8_t *body;
        struct kodosis_writer writer;
        struct kodosis_reader reader;
        int parts = 40;
        size_t size;

        assert_non_null(value);
        build_value(schema, type, &arena, &random, &parts, value);
        size = (size_t)kodosis_schema_size(schema, type, value, 0);
        body = malloc(size);
        assert_non_null(body);
        kodosis_writer_init(&writer, body, size);
        kodosis_schema_write(schema, type, &writer, value);
        assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_OK);
        kodosis_reader_init(&reader, body, size, &arena);
        kodosis_schema_read(schema, type, &reader, value + memory);
        assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_OK);
        assert_true(kodosis_schema_equal(schema, type, value, value + memory));
        assert_true(kodosis_schema_print(schema, type, value, NULL, 0) > 0);
        free(body);
        free(value);
    }
}

static void declarations_are_described(void **state)
{
    uint32_t color = kodosis_schema_find(schema, "codec.features.Color");
    uint32_t point = kodosis_schema_find(schema, "codec.common.Point");
    const struct kodosis_type_description *type = &schema->types[point];

    (void)state;
    assert_string_equal(schema->file, "everything.kod");
    assert_int_equal(kodosis_schema_find(schema, "codec.features.Missing"), UINT32_MAX);
    assert_int_equal(schema->types[color].kind, KODOSIS_ENUM);
    assert_int_equal(schema->types[color].element, KODOSIS_UINT8);
    assert_string_equal(kodosis_schema_enumerator(schema, color, 2), "Green");
    assert_null(kodosis_schema_enumerator(schema, color, 4));
    assert_int_equal(type->kind, KODOSIS_STRUCT);
    assert_string_equal(type->doc, "Blittable: 16 bytes.");
    assert_int_equal(type->count, 2);
    assert_string_equal(schema->members[type->first + 1].name, "y");
    assert_int_equal(schema->members[type->first + 1].offset, 8);
    assert_int_equal(schema->types[schema->members[type->first].type].kind, KODOSIS_FLOAT64);
}

static const struct kodosis_procedure_description *find_procedure(uint32_t in, const char *name)
{
    const struct kodosis_service_description *service = &schema->services[in];
    uint32_t i;

    for (i = 0; i < service->count; i++)
        if (strcmp(schema->procedures[service->first + i].name, name) == 0)
            return &schema->procedures[service->first + i];
    return NULL;
}

static void services_are_described(void **state)
{
    const struct kodosis_procedure_description *say = find_procedure(0, "Say");
    const struct kodosis_procedure_description *tell = find_procedure(0, "Tell");
    const struct kodosis_procedure_description *add = find_procedure(0, "Add");

    (void)state;
    assert_int_equal(schema->service_count, 3);
    assert_string_equal(schema->services[0].name, "codec.features.Everything");
    assert_int_equal(schema->services[0].version, 3);
    assert_string_equal(schema->services[0].doc, "Every way to pass and return.");
    assert_int_equal(schema->services[1].count, 0);
    assert_non_null(say);
    assert_int_equal(say->count, 1);
    assert_string_equal(schema->members[say->first].name, "text");
    assert_string_equal(schema->types[say->result].name, "codec.features.Text");
    assert_int_equal(say->raise_count, 3);
    assert_string_equal(schema->types[schema->raises[say->first_raise]].name, "codec.features.NotFound");
    assert_non_null(tell);
    assert_int_equal(tell->flags, 1);
    assert_int_equal(tell->result, UINT32_MAX);
    assert_int_equal(tell->count, 2);
    assert_non_null(add);
    assert_int_equal(add->flags, 2);
}

/* A stream is a flag beside the type of its elements. */
static void streams_are_described(void **state)
{
    const struct kodosis_procedure_description *bigs = find_procedure(2, "Bigs");
    const struct kodosis_procedure_description *behind = find_procedure(2, "Behind");
    const struct kodosis_procedure_description *numbered = find_procedure(2, "Numbered");

    (void)state;
    assert_string_equal(schema->services[2].name, "codec.features.Streams");
    assert_non_null(bigs);
    assert_int_equal(bigs->flags, 4 | 8);
    assert_string_equal(schema->types[bigs->result].name, "codec.features.Big");
    assert_int_equal(bigs->count, 1);
    assert_int_equal(schema->members[bigs->first].type, bigs->result);
    assert_non_null(behind);
    assert_int_equal(behind->flags, 2 | 4);
    assert_int_equal(behind->count, 5);
    assert_string_equal(schema->members[behind->first + 4].name, "values");
    assert_int_equal(schema->types[schema->members[behind->first + 4].type].kind, KODOSIS_INT64);
    assert_non_null(numbered);
    assert_int_equal(numbered->flags, 8);
    assert_int_equal(numbered->count, 2);
}

static int set_up(void **state)
{
    (void)state;
    kodosis_arena_init(&arena, NULL, 1 << 24);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kodosis_arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_printed),       cmocka_unit_test(every_type_is_handled),
        cmocka_unit_test(declarations_are_described), cmocka_unit_test(services_are_described),
        cmocka_unit_test(streams_are_described),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
