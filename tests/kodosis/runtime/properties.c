/* SPDX-License-Identifier: MIT */
/*
 * What must hold for any interface and any value, on interfaces and values made at random: encode, decode, equal; generated
 * code and the schema give the same bytes; damage is refused, or gives another value whose encoding it is.
 */
#include "kodosis/runtime/cmocka_all.h"

#include <stdio.h>

#include "kodosis/runtime/build-value.h"
#include "kodosis/runtime/properties.h"
#include "kodosis/runtime/random.h"

enum {
    VALUES = 60, /* of each type */
#if defined(__SANITIZE_THREAD__)
    DAMAGED = 1, /* of them; here is one thread, so little is lost */
#else
    DAMAGED = 6, /* of them */
#endif
    GARBAGE = 300,       /* bodies of random bytes, for each type */
    PARTS = 60,          /* of a value, about */
    DAMAGED_SIZE = 1500, /* a longer encoding is damaged at some places only */
};

extern const struct properties properties_1, properties_2, properties_3, properties_4, properties_5, properties_6;

static struct kodosis_arena values;  /* what values were built from */
static struct kodosis_arena decoded; /* what decoding took */

/* One type, seen both ways. */
struct subject {
    const struct kodosis_schema *schema;
    const struct values_type *type;
    uint32_t index;
    bool grows; /* something in it may be missing, so that a value has more than one encoding */
    void *value;
    void *copy;
    uint8_t *bytes;
    size_t size;
};

static void *allocate(size_t size)
{
    void *memory = calloc(1, size ? size : 1);

    assert_non_null(memory);
    return memory;
}

/* A body in memory of its own size, for the sanitizer. */
static uint8_t *copy_of(const void *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    return copy;
}

static enum kodosis_status decode(const struct subject *subject, const uint8_t *body, size_t size, bool by_schema)
{
    struct kodosis_reader reader;

    kodosis_arena_reset(&decoded);
    kodosis_reader_init(&reader, body, size, &decoded);
    if (by_schema)
        kodosis_schema_read(subject->schema, subject->index, &reader, subject->copy);
    else
        subject->type->read(&reader, subject->copy);
    return kodosis_reader_finish(&reader);
}

/* Encodes `value` both ways and checks that they agree; the caller frees the bytes. */
static uint8_t *encode(const struct subject *subject, const void *value, size_t *ret_size)
{
    size_t size = (size_t)subject->type->measure(value, 0);
    uint8_t *bytes = allocate(size);
    uint8_t *again = allocate(size);
    struct kodosis_writer writer;
    uint64_t offset;

    for (offset = 0; offset < 9; offset++)
        assert_int_equal(subject->type->measure(value, offset),
                         kodosis_schema_size(subject->schema, subject->index, value, offset));
    kodosis_writer_init(&writer, bytes, size);
    subject->type->write(&writer, value);
    assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_OK);
    kodosis_writer_init(&writer, again, size);
    kodosis_schema_write(subject->schema, subject->index, &writer, value);
    assert_int_equal(kodosis_writer_finish(&writer), KODOSIS_OK);
    assert_memory_equal(bytes, again, size);
    free(again);
    *ret_size = size;
    return bytes;
}

static void check_print(const struct subject *subject)
{
    size_t size = subject->type->print(subject->value, NULL, 0);
    char *text = allocate(size + 1);

    assert_int_equal(subject->type->print(subject->value, text, size + 1), size);
    assert_int_equal(strlen(text), size);
    free(text);
}

static void check_round_trip(struct subject *subject)
{
    int way;

    for (way = 0; way < 2; way++) {
        uint8_t *body = copy_of(subject->bytes, subject->size);

        assert_int_equal(decode(subject, body, subject->size, way), KODOSIS_OK);
        assert_true(subject->type->equal(subject->value, subject->copy));
        free(body);
    }
}

/* What was decoded and encoded is decoded and encoded once more, to the same bytes. */
static void check_again(const struct subject *subject, const uint8_t *bytes, size_t size)
{
    uint8_t *body = copy_of(bytes, size);
    size_t again_size;
    uint8_t *again;

    assert_int_equal(decode(subject, body, size, false), KODOSIS_OK);
    again = encode(subject, subject->copy, &again_size);
    assert_int_equal(again_size, size);
    assert_memory_equal(again, bytes, size);
    free(again);
    free(body);
}

/*
 * Decodes bytes that are not the work of an encoder: both decoders judge alike, and what they accept is an encoding. Where members
 * may be missing, the encoding has them.
 */
static enum kodosis_status check_any(const struct subject *subject, const uint8_t *bytes, size_t size)
{
    uint8_t *body = copy_of(bytes, size);
    enum kodosis_status by_schema = decode(subject, body, size, true);
    enum kodosis_status status = decode(subject, body, size, false);

    assert_int_equal(status == KODOSIS_OK, by_schema == KODOSIS_OK);
    if (status == KODOSIS_OK) {
        size_t again_size;
        uint8_t *again = encode(subject, subject->copy, &again_size);

        if (subject->grows) {
            check_again(subject, again, again_size);
        } else {
            assert_int_equal(again_size, size);
            assert_memory_equal(again, bytes, size);
        }
        free(again);
    }
    free(body);
    return status;
}

static void check_truncations(const struct subject *subject)
{
    size_t size;

    for (size = 0; size < subject->size && size < DAMAGED_SIZE; size++)
        assert_int_not_equal(check_any(subject, subject->bytes, size), KODOSIS_OK);
}

static void check_flips(const struct subject *subject)
{
    size_t bits = 8 * subject->size;
    size_t step = 1 + subject->size / DAMAGED_SIZE;
    size_t i;

    for (i = 0; i < bits; i += step) {
        subject->bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        check_any(subject, subject->bytes, subject->size);
        subject->bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

static void check_garbage(const struct subject *subject, uint64_t *random)
{
    uint8_t bytes[48];
    int round;

    for (round = 0; round < GARBAGE; round++) {
        size_t size = random_below(random, sizeof(bytes) + 1);
        /* NOLINTNEXTLINE(misc-redundant-expression): small counts and bools get further */
        uint8_t mask = (uint8_t)(random_bits(random) & random_bits(random));
        size_t i;

        for (i = 0; i < size; i++)
            bytes[i] = (uint8_t)random_bits(random) & mask;
        check_any(subject, bytes, size);
    }
}

/* Whether an extensible struct is somewhere in the type. */
static bool grows(const struct kodosis_schema *schema, uint32_t index, bool *seen)
{
    const struct kodosis_type_description *type = &schema->types[index];
    uint32_t i;

    if (seen[index])
        return false;
    seen[index] = true;
    if (type->kind == KODOSIS_STRUCT && type->flags & KODOSIS_EXTENSIBLE)
        return true;
    if (type->kind == KODOSIS_STRUCT || type->kind == KODOSIS_UNION) {
        for (i = 0; i < type->count; i++)
            if (grows(schema, schema->members[type->first + i].type, seen))
                return true;
        return false;
    }
    return type->kind >= KODOSIS_ARRAY && grows(schema, type->element, seen);
}

static void check_type(const struct properties *properties, const struct values_type *type, uint64_t *random)
{
    struct subject subject = { .schema = properties->schema, .type = type };
    bool *seen;
    int round;

    subject.index = kodosis_schema_find(properties->schema, type->name);
    assert_int_not_equal(subject.index, UINT32_MAX);
    assert_int_equal(properties->schema->types[subject.index].size, type->size);
    seen = allocate(properties->schema->type_count);
    subject.grows = grows(properties->schema, subject.index, seen);
    free(seen);
    subject.value = allocate(type->size);
    subject.copy = allocate(type->size);
    for (round = 0; round < VALUES; round++) {
        int parts = PARTS;

        kodosis_arena_reset(&values);
        memset(subject.value, 0, type->size);
        build_value(properties->schema, subject.index, &values, random, &parts, subject.value);
        subject.bytes = encode(&subject, subject.value, &subject.size);
        check_round_trip(&subject);
        check_print(&subject);
        if (round < DAMAGED) {
            check_truncations(&subject);
            check_flips(&subject);
        }
        free(subject.bytes);
    }
    check_garbage(&subject, random);
    free(subject.value);
    free(subject.copy);
}

static void holds_for_any_value(void **state)
{
    const struct properties *properties = *state;
    uint64_t random = 1;
    size_t i;

    for (i = 0; i < properties->type_count; i++)
        check_type(properties, properties->types[i], &random);
}

static int set_up(void **state)
{
    (void)state;
    kodosis_arena_init(&values, NULL, 1 << 26);
    kodosis_arena_init(&decoded, NULL, 1 << 26);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kodosis_arena_clear(&values);
    kodosis_arena_clear(&decoded);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(holds_for_any_value, (void *)&properties_1),
        cmocka_unit_test_prestate(holds_for_any_value, (void *)&properties_2),
        cmocka_unit_test_prestate(holds_for_any_value, (void *)&properties_3),
        cmocka_unit_test_prestate(holds_for_any_value, (void *)&properties_4),
        cmocka_unit_test_prestate(holds_for_any_value, (void *)&properties_5),
        cmocka_unit_test_prestate(holds_for_any_value, (void *)&properties_6),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
