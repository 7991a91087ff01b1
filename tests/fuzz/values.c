/* SPDX-License-Identifier: MIT */
/*
 * Decodes anything as one of the types of values.kod, by the generated code and by the schema: both judge alike, and what they
 * accept is an encoding of what they made of it. The first byte says which type. Values with extensible structs have more than one
 * encoding: members may be missing; the one that is written has them, and stays as it is.
 */
#include <stdlib.h>

#include "kodosis/runtime/values.h"
#include "values.h"

VALUES_TYPE(fuzz_point, "fuzz.Point");
VALUES_TYPE(fuzz_checked, "fuzz.Checked");
VALUES_TYPE(fuzz_odd, "fuzz.Odd");
VALUES_TYPE(fuzz_empty, "fuzz.Empty");
VALUES_TYPE(fuzz_text, "fuzz.Text");
VALUES_TYPE(fuzz_scalars, "fuzz.Scalars");
VALUES_TYPE(fuzz_lists, "fuzz.Lists");
VALUES_TYPE(fuzz_arrays, "fuzz.Arrays");
VALUES_TYPE(fuzz_optionals, "fuzz.Optionals");
VALUES_TYPE(fuzz_maps, "fuzz.Maps");
VALUES_TYPE(fuzz_nested, "fuzz.Nested");
VALUES_TYPE(fuzz_node, "fuzz.Node");
VALUES_TYPE(fuzz_expression, "fuzz.Expression");
VALUES_TYPE(fuzz_sum, "fuzz.Sum");
VALUES_TYPE(fuzz_event, "fuzz.Event");
VALUES_TYPE(fuzz_all, "fuzz.All");
VALUES_TYPE(fuzz_grown, "fuzz.Grown");
VALUES_TYPE(fuzz_choice, "fuzz.Choice");
VALUES_TYPE(fuzz_holder, "fuzz.Holder");

static const struct values_type *const types[] = {
    &fuzz_point_type,   &fuzz_checked_type, &fuzz_odd_type,        &fuzz_empty_type,     &fuzz_text_type,
    &fuzz_scalars_type, &fuzz_lists_type,   &fuzz_arrays_type,     &fuzz_optionals_type, &fuzz_maps_type,
    &fuzz_nested_type,  &fuzz_node_type,    &fuzz_expression_type, &fuzz_sum_type,       &fuzz_event_type,
    &fuzz_all_type,     &fuzz_grown_type,   &fuzz_choice_type,     &fuzz_holder_type,
};

enum { MEMORY_MAX = 1 << 20, FIXED = 16 }; /* types that have one encoding for each value come first */

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* One decoding, with memory of exactly the size for the sanitizer. */
struct decoding {
    struct kodosis_arena arena;
    void *body;
    void *value;
    enum kodosis_status status;
};

static void decode(struct decoding *decoding, const struct values_type *type, const uint8_t *data, size_t size,
                   bool by_schema)
{
    struct kodosis_reader reader;

    kodosis_arena_init(&decoding->arena, NULL, MEMORY_MAX);
    decoding->body = malloc(size ? size : 1);
    decoding->value = calloc(1, type->size);
    must(decoding->body && decoding->value);
    if (size)
        memcpy(decoding->body, data, size);
    kodosis_reader_init(&reader, decoding->body, size, &decoding->arena);
    if (by_schema)
        kodosis_schema_read(&fuzz_values_schema, kodosis_schema_find(&fuzz_values_schema, type->name), &reader,
                            decoding->value);
    else
        type->read(&reader, decoding->value);
    decoding->status = kodosis_reader_finish(&reader);
}

static void clear(struct decoding *decoding)
{
    kodosis_arena_clear(&decoding->arena);
    free(decoding->body);
    free(decoding->value);
}

/* What was accepted is encoded again, by the other way. */
static void check_bytes(const struct values_type *type, const void *value, const uint8_t *data, size_t size,
                        bool by_schema)
{
    uint32_t index = kodosis_schema_find(&fuzz_values_schema, type->name);
    struct kodosis_writer writer;
    uint8_t *bytes = malloc(size ? size : 1);

    must(bytes != NULL);
    must(type->measure(value, 0) == size && kodosis_schema_size(&fuzz_values_schema, index, value, 0) == size);
    kodosis_writer_init(&writer, bytes, size);
    if (by_schema)
        kodosis_schema_write(&fuzz_values_schema, index, &writer, value);
    else
        type->write(&writer, value);
    must(kodosis_writer_finish(&writer) == KODOSIS_OK);
    must(!size || memcmp(bytes, data, size) == 0);
    free(bytes);
}

static uint8_t *encode(const struct values_type *type, const void *value, size_t *ret_size)
{
    size_t size = (size_t)type->measure(value, 0);
    uint8_t *bytes = malloc(size ? size : 1);
    struct kodosis_writer writer;

    must(bytes != NULL);
    kodosis_writer_init(&writer, bytes, size);
    type->write(&writer, value);
    must(kodosis_writer_finish(&writer) == KODOSIS_OK);
    *ret_size = size;
    return bytes;
}

/* What was accepted is encoded, decoded and encoded again, to the same bytes. */
static void check_again(const struct values_type *type, const void *value)
{
    struct decoding again;
    size_t size, same_size;
    uint8_t *bytes = encode(type, value, &size);
    uint8_t *same;

    decode(&again, type, bytes, size, true);
    must(again.status == KODOSIS_OK);
    must(type->equal(value, again.value));
    same = encode(type, again.value, &same_size);
    must(size == same_size && memcmp(bytes, same, size) == 0);
    free(bytes);
    free(same);
    clear(&again);
}

static void check_text(const struct values_type *type, const void *value)
{
    size_t size = type->print(value, NULL, 0);
    char *text = malloc(size + 1);

    must(text != NULL);
    must(type->print(value, text, size + 1) == size && strlen(text) == size);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct values_type *type;
    size_t number;
    struct decoding generated;
    struct decoding described;

    if (!size)
        return 0;
    number = *data % (sizeof(types) / sizeof(*types));
    type = types[number];
    data++;
    size--;
    decode(&generated, type, data, size, false);
    decode(&described, type, data, size, true);
    must((generated.status == KODOSIS_OK) == (described.status == KODOSIS_OK));
    if (generated.status == KODOSIS_OK) {
        must(type->equal(generated.value, described.value));
        if (number < FIXED) {
            check_bytes(type, generated.value, data, size, true);
            check_bytes(type, described.value, data, size, false);
        } else {
            check_again(type, generated.value);
        }
        check_text(type, generated.value);
    }
    clear(&generated);
    clear(&described);
    return 0;
}
