/* SPDX-License-Identifier: MIT */
/*
 * Values that nest deeper than readers go, and values that contain themselves: sizes, writers and comparisons stop, whatever
 * the way down, and generated code and the schema agree.
 */
#include "kodosis/runtime/cmocka_all.h"

#include "kodosis/runtime/values.h"
#include "everything.h"

VALUES_TYPE(codec_features_node, "codec.features.Node");
VALUES_TYPE(codec_features_expression, "codec.features.Expression");
VALUES_TYPE(codec_features_chain, "codec.features.Chain");

enum { DEEPEST = 200000, ROOM = 4 << 20 };

/* One way down: makes a value of `depth` levels, the last of which is whole. */
struct way {
    const struct values_type *type;
    void (*link)(void *values, size_t from, size_t to); /* makes one value contain another */
};

static struct codec_features_int32_node_map_entry
    entries[DEEPEST + 1]; /* the nodes are in these, so that a map can hold them */
static struct codec_features_expression expressions[DEEPEST + 1];
static struct codec_features_chain chains[DEEPEST + 1];

static void through_list(void *values, size_t from, size_t to)
{
    struct codec_features_int32_node_map_entry *nodes = values;

    nodes[from].value.children.data = &nodes[to].value;
    nodes[from].value.children.count = 1;
}

static void through_optional(void *values, size_t from, size_t to)
{
    struct codec_features_int32_node_map_entry *nodes = values;

    nodes[from].value.next = &nodes[to].value;
}

static void through_map(void *values, size_t from, size_t to)
{
    struct codec_features_int32_node_map_entry *nodes = values;

    nodes[from].value.named.data = &nodes[to];
    nodes[from].value.named.count = 1;
}

static void through_union(void *values, size_t from, size_t to)
{
    struct codec_features_chain *all = values;

    all[from].tag = CODEC_FEATURES_CHAIN_NEXT;
    all[from].as.next = &all[to];
}

static void through_unions_list(void *values, size_t from, size_t to)
{
    struct codec_features_expression *all = values;

    all[from].tag = CODEC_FEATURES_EXPRESSION_ALL;
    all[from].as.all.data = &all[to];
    all[from].as.all.count = 1;
}

static void through_unions_optional(void *values, size_t from, size_t to)
{
    struct codec_features_expression *all = values;

    all[from].tag = CODEC_FEATURES_EXPRESSION_MAYBE;
    all[from].as.maybe = &all[to];
}

static const struct way ways[] = {
    { &codec_features_node_type, through_list },
    { &codec_features_node_type, through_optional },
    { &codec_features_node_type, through_map },
    { &codec_features_chain_type, through_union },
    { &codec_features_expression_type, through_unions_list },
    { &codec_features_expression_type, through_unions_optional },
};

enum { WAYS = sizeof(ways) / sizeof(*ways) };

static uint8_t *room;

/* Clears all values and gives those of the type. */
static void *values_of(const struct way *way)
{
    size_t i;

    memset(entries, 0, sizeof(entries));
    for (i = 0; i <= DEEPEST; i++) {
        expressions[i].tag = CODEC_FEATURES_EXPRESSION_LITERAL;
        chains[i].tag = CODEC_FEATURES_CHAIN_END;
    }
    return way->type == &codec_features_node_type    ? (void *)entries
           : way->type == &codec_features_chain_type ? (void *)chains
                                                     : (void *)expressions;
}

/* The first value: a node is the value of its entry. */
static const void *first_of(const struct way *way, void *values)
{
    return way->type == &codec_features_node_type ? (const void *)&entries[0].value : values;
}

static enum kodosis_status write(const struct way *way, const void *value, size_t size, bool by_schema)
{
    struct kodosis_writer writer;

    kodosis_writer_init(&writer, room, size);
    if (by_schema)
        kodosis_schema_write(&codec_features_everything_schema,
                             kodosis_schema_find(&codec_features_everything_schema, way->type->name), &writer, value);
    else
        way->type->write(&writer, value);
    return writer.status;
}

static uint64_t size_of(const struct way *way, const void *value, uint64_t offset, bool by_schema)
{
    if (!by_schema)
        return way->type->measure(value, offset);
    return kodosis_schema_size(&codec_features_everything_schema,
                               kodosis_schema_find(&codec_features_everything_schema, way->type->name), value, offset);
}

static void refused(const struct way *way, const void *value)
{
    int by_schema;

    for (by_schema = 0; by_schema < 2; by_schema++) {
        assert_true(size_of(way, value, 0, by_schema) >= KODOSIS_SIZE_TOO_DEEP);
        assert_true(size_of(way, value, 12345, by_schema) >= KODOSIS_SIZE_TOO_DEEP);
        assert_int_equal(write(way, value, ROOM, by_schema), KODOSIS_TOO_DEEP);
    }
    assert_true(way->type->equal(value, value));
    assert_true(way->type->print(value, NULL, 0) > 0);
}

/* As deep as a reader goes, and not a level deeper, which is the same for both kinds of code. */
static void the_limit_is_the_readers(void **state)
{
    size_t way;
    size_t depth;
    int by_schema;

    (void)state;
    for (way = 0; way < WAYS; way++)
        for (depth = 1; depth <= KODOSIS_DEPTH_MAX; depth++) {
            void *values = depth == 1 ? values_of(&ways[way]) : NULL;
            static void *all;
            uint64_t size;

            all = values ? values : all;
            if (depth > 1)
                ways[way].link(all, depth - 2, depth - 1);
            size = size_of(&ways[way], first_of(&ways[way], all), 0, false);
            assert_true(size < ROOM);
            for (by_schema = 0; by_schema < 2; by_schema++) {
                assert_int_equal(size_of(&ways[way], first_of(&ways[way], all), 7, by_schema), size + 7);
                assert_int_equal(write(&ways[way], first_of(&ways[way], all), size, by_schema), KODOSIS_OK);
            }
            if (depth == KODOSIS_DEPTH_MAX) {
                ways[way].link(all, depth - 1, depth);
                refused(&ways[way], first_of(&ways[way], all));
            }
        }
}

static void no_depth_is_too_much(void **state)
{
    size_t way;
    size_t i;

    (void)state;
    for (way = 0; way < WAYS; way++) {
        void *values = values_of(&ways[way]);

        for (i = 0; i < DEEPEST; i++)
            ways[way].link(values, i, i + 1);
        refused(&ways[way], first_of(&ways[way], values));
    }
}

static void what_contains_itself_is_refused(void **state)
{
    size_t way;

    (void)state;
    for (way = 0; way < WAYS; way++) {
        void *values = values_of(&ways[way]);

        ways[way].link(values, 0, 0);
        refused(&ways[way], first_of(&ways[way], values));
    }
}

/* Each level holds the whole value several times: the way is left at the first fault. */
static void what_contains_itself_often_costs_no_time(void **state)
{
    const struct way node = ways[0];
    const struct way expression = ways[4];
    static struct codec_features_expression_2 both;
    static struct codec_features_expression twice;

    (void)state;
    values_of(&node);
    through_list(entries, 0, 0);
    entries[0].value.children.count = 1;
    through_optional(entries, 0, 0);
    through_map(entries, 0, 0);
    refused(&node, &entries[0].value);
    twice.tag = CODEC_FEATURES_EXPRESSION_BOTH;
    twice.as.both = &both;
    both.items[0] = twice;
    both.items[1] = twice;
    refused(&expression, &twice);
}

/* Two values of one shape without end are compared to an end. */
static void comparison_ends(void **state)
{
    size_t way;
    size_t i;

    (void)state;
    for (way = 0; way < WAYS; way++) {
        void *values = values_of(&ways[way]);

        for (i = 0; i + 2 < 2000; i++)
            ways[way].link(values, i, i + 2);
        assert_false(
            ways[way].type->equal(first_of(&ways[way], values), ways[way].type == &codec_features_node_type
                                                                    ? (const void *)&entries[1].value
                                                                    : (const uint8_t *)values + ways[way].type->size));
    }
}

static int set_up(void **state)
{
    (void)state;
    room = calloc(1, ROOM);
    return room ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(room);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_is_the_readers),
        cmocka_unit_test(no_depth_is_too_much),
        cmocka_unit_test(what_contains_itself_is_refused),
        cmocka_unit_test(what_contains_itself_often_costs_no_time),
        cmocka_unit_test(comparison_ends),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
