/* SPDX-License-Identifier: MIT */
/* Descriptors in values: generated code and the schema say the same of them, in every place that a type may have. */
#include "kodosis/runtime/cmocka_all.h"

#include "kodosis/runtime/schema.h"
#include "kodosis/runtime/values.h"
#include "descriptors.h"

VALUES_TYPE(codec_descriptors_places, "codec.descriptors.Places");

enum { ROOM = 256, FIRST = 10, GIVEN = 8 }; /* a value has descriptors 10 to 17 */

static const struct kodosis_schema *const schema = &codec_descriptors_descriptors_schema;
static const struct values_type *const places = &codec_descriptors_places_type;
static struct kodosis_arena arena;

/* A body, and what goes along with it. */
struct body {
    uint8_t bytes[ROOM];
    size_t size;
    int given[KODOSIS_DESCRIPTORS_MAX];
    uint32_t count;
};

static struct codec_descriptors_places make_value(void)
{
    static const struct codec_descriptors_handed many[] = {
        { { "a", 1 }, 12, CODEC_DESCRIPTORS_WAYS_READ | CODEC_DESCRIPTORS_WAYS_WRITE },
        { { "b", 1 }, 13, CODEC_DESCRIPTORS_WAYS_NONE },
    };
    static const struct kodosis_string_fd_map_entry named[] = { { { "c", 1 }, 14 } };
    static const int maybe = 15, files[] = { 16, 17 };
    struct codec_descriptors_places value = {
        .pair = { 10, 11 },
        .many = { many, 2 },
        .named = { named, 1 },
        .maybe = &maybe,
        .found = { .tag = 3, .as = { .files = { files, 2 } } },
    };

    return value;
}

static void encode(const void *value, bool by_schema, struct body *ret_body)
{
    uint32_t index = kodosis_schema_find(schema, places->name);
    struct kodosis_writer writer;

    memset(ret_body, 0, sizeof(*ret_body));
    ret_body->size = (size_t)places->measure(value, 0);
    assert_true(ret_body->size <= ROOM);
    assert_int_equal(kodosis_schema_size(schema, index, value, 0), ret_body->size);
    kodosis_writer_init(&writer, ret_body->bytes, ret_body->size);
    writer.descriptors = ret_body->given;
    writer.descriptor_capacity = KODOSIS_DESCRIPTORS_MAX;
    if (by_schema)
        kodosis_schema_write(schema, index, &writer, value);
    else
        places->write(&writer, value);
    assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_OK);
    ret_body->count = writer.descriptor_count;
}

static enum kodosis_status decode(const struct body *body, bool by_schema, void *ret_value)
{
    struct kodosis_reader reader;

    kodosis_reader_init(&reader, body->bytes, body->size, &arena);
    kodosis_reader_attach(&reader, body->given, body->count);
    if (by_schema)
        kodosis_schema_read(schema, kodosis_schema_find(schema, places->name), &reader, ret_value);
    else
        places->read(&reader, ret_value);
    return kodosis_reader_finish(&reader);
}

static void both_ways_write_the_same(void **state)
{
    struct codec_descriptors_places value = make_value();
    struct body generated, described;

    (void)state;
    encode(&value, false, &generated);
    encode(&value, true, &described);
    assert_memory_equal(&generated, &described, sizeof(generated));
    assert_int_equal(generated.count, GIVEN);
    for (int i = 0; i < GIVEN; i++)
        assert_int_equal(generated.given[i], FIRST + i);
}

static void both_ways_read_the_same(void **state)
{
    struct codec_descriptors_places value = make_value(), read;
    struct body body;

    (void)state;
    encode(&value, false, &body);
    for (int by_schema = 0; by_schema < 2; by_schema++) {
        memset(&read, 0xee, sizeof(read));
        assert_int_equal(decode(&body, by_schema, &read), KODOSIS_OK);
        assert_true(places->equal(&value, &read));
        assert_int_equal(read.found.as.files.data[1], FIRST + GIVEN - 1);
    }
}

/* Fewer or more than the body names, by either way. */
static void the_number_has_to_fit(void **state)
{
    struct codec_descriptors_places value = make_value(), read;
    struct body body;

    (void)state;
    encode(&value, false, &body);
    for (uint32_t count = 0; count <= KODOSIS_DESCRIPTORS_MAX; count++) {
        body.count = count;
        for (int by_schema = 0; by_schema < 2; by_schema++)
            assert_int_equal(decode(&body, by_schema, &read), count == GIVEN ? KODOSIS_OK : KODOSIS_BAD_DESCRIPTOR);
    }
}

static void each_of_them_counts_in_a_comparison(void **state)
{
    struct codec_descriptors_places value = make_value(), other;
    const int different = 3;

    (void)state;
    other = value;
    assert_true(places->equal(&value, &other));
    other.pair[1] = different;
    assert_false(places->equal(&value, &other));
    other = value;
    other.maybe = &different;
    assert_false(places->equal(&value, &other));
    other = value;
    other.found.as.files.data = &different;
    other.found.as.files.count = 1;
    assert_false(places->equal(&value, &other));
    other = value;
    other.found.tag = 2;
    other.found.as.file = different;
    assert_false(places->equal(&value, &other));
}

static void they_are_printed(void **state)
{
    struct codec_descriptors_places value = make_value();
    char text[400];

    (void)state;
    places->print(&value, text, sizeof(text));
    assert_string_equal(
        text, "{ pair: [fd 10, fd 11], "
              "many: [{ name: \"a\", file: fd 12, ways: Read | Write }, { name: \"b\", file: fd 13, ways: None }], "
              "named: { \"c\": fd 14 }, maybe: fd 15, found: files: [fd 16, fd 17] }");
}

static int set_up(void **state)
{
    (void)state;
    kodosis_arena_init(&arena, NULL, 1 << 16);
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
        cmocka_unit_test(both_ways_write_the_same), cmocka_unit_test(both_ways_read_the_same),
        cmocka_unit_test(the_number_has_to_fit),    cmocka_unit_test(each_of_them_counts_in_a_comparison),
        cmocka_unit_test(they_are_printed),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
