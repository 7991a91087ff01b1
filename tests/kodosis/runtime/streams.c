/* SPDX-License-Identifier: MIT */
/* The generated functions of streams, for every kind of element, over a connection of this process with itself. */
#include "kodosis/runtime/cmocka_all.h"

#include <pthread.h>
#include <stdio.h>

#include <hprpc/hprpc.h>

#include "everything.h"

static struct hprpc_server *server;
static struct hprpc_client *client;
static struct codec_features_streams_proxy proxy;
static pthread_t thread;

/* ---- The service: most procedures give back what they take, and end by returning 0 ---- */

/* ISO C does not convert a pointer to an array into one to an array of constants. */
static const int32_t (*constant_rows(int32_t (*rows)[4]))[4]
{
    return (const int32_t(*)[4])rows;
}

static int colors(void *self, struct hprpc_request *request)
{
    codec_features_color value;
    int r;

    (void)self;
    while ((r = codec_features_streams_colors_request_next(request, &value)) == 1 &&
           (r = codec_features_streams_colors_request_send(request, value)) == 0)
        continue;
    return r;
}

static int checks(void *self, struct hprpc_request *request)
{
    struct codec_features_checked value;
    int r;

    (void)self;
    while ((r = codec_features_streams_checks_request_next(request, &value)) == 1 &&
           (r = codec_features_streams_checks_request_send(request, &value)) == 0)
        continue;
    return r;
}

static int texts(void *self, struct hprpc_request *request)
{
    struct codec_features_text value;
    int r;

    (void)self;
    while ((r = codec_features_streams_texts_request_next(request, &value)) == 1 &&
           (r = codec_features_streams_texts_request_send(request, &value)) == 0)
        continue;
    return r;
}

static int numbers(void *self, struct hprpc_request *request)
{
    struct kodosis_int32_list value;
    int r;

    (void)self;
    while ((r = codec_features_streams_numbers_request_next(request, &value)) == 1 &&
           (r = codec_features_streams_numbers_request_send(request, value)) == 0)
        continue;
    return r;
}

static int tags(void *self, struct hprpc_request *request)
{
    struct kodosis_string_int64_map value;
    int r;

    (void)self;
    while ((r = codec_features_streams_tags_request_next(request, &value)) == 1 &&
           (r = codec_features_streams_tags_request_send(request, value)) == 0)
        continue;
    return r;
}

static int maybes(void *self, struct hprpc_request *request)
{
    const int32_t *value;
    int r;

    (void)self;
    while ((r = codec_features_streams_maybes_request_next(request, &value)) == 1 &&
           (r = codec_features_streams_maybes_request_send(request, value)) == 0)
        continue;
    return r;
}

static int smalls(void *self, struct hprpc_request *request)
{
    uint8_t value[16];
    int r;

    (void)self;
    while ((r = codec_features_streams_smalls_request_next(request, value)) == 1 &&
           (r = codec_features_streams_smalls_request_send(request, value)) == 0)
        continue;
    return r;
}

static int larges(void *self, struct hprpc_request *request)
{
    const uint8_t(*value)[300];
    int r;

    (void)self;
    while ((r = codec_features_streams_larges_request_next(request, &value)) == 1 &&
           (r = codec_features_streams_larges_request_send(request, *value)) == 0)
        continue;
    return r;
}

static int bools(void *self, struct hprpc_request *request)
{
    const bool(*value)[257];
    int r;

    (void)self;
    while ((r = codec_features_streams_bools_request_next(request, &value)) == 1 &&
           (r = codec_features_streams_bools_request_send(request, *value)) == 0)
        continue;
    return r;
}

static int pairs(void *self, struct hprpc_request *request)
{
    struct kodosis_string value[2];
    int r;

    (void)self;
    while ((r = codec_features_streams_pairs_request_next(request, value)) == 1 &&
           (r = codec_features_streams_pairs_request_send(request, value)) == 0)
        continue;
    return r;
}

static int grids(void *self, struct hprpc_request *request)
{
    int32_t value[3][4];
    int r;

    (void)self;
    while ((r = codec_features_streams_grids_request_next(request, value)) == 1 &&
           (r = codec_features_streams_grids_request_send(request, constant_rows(value))) == 0)
        continue;
    return r;
}

static int bigs(void *self, struct hprpc_request *request)
{
    const struct codec_features_big *value;
    int r;

    (void)self;
    while ((r = codec_features_streams_bigs_request_next(request, &value)) == 1 &&
           (r = codec_features_streams_bigs_request_send(request, value)) == 0)
        continue;
    return r;
}

static int events(void *self, struct hprpc_request *request)
{
    struct codec_features_event value;
    int r;

    (void)self;
    while ((r = codec_features_streams_events_request_next(request, &value)) == 1 &&
           (r = codec_features_streams_events_request_send(request, &value)) == 0)
        continue;
    return r;
}

static int nodes(void *self, struct hprpc_request *request)
{
    struct codec_features_node value;
    int r;

    (void)self;
    while ((r = codec_features_streams_nodes_request_next(request, &value)) == 1 &&
           (r = codec_features_streams_nodes_request_send(request, &value)) == 0)
        continue;
    return r;
}

static int empties(void *self, struct hprpc_request *request)
{
    struct codec_features_empty value;
    int r;

    (void)self;
    while ((r = codec_features_streams_empties_request_next(request, &value)) == 1 &&
           (r = codec_features_streams_empties_request_send(request, &value)) == 0)
        continue;
    return r;
}

static int chains(void *self, struct hprpc_request *request)
{
    struct codec_features_chain value;
    int r;

    (void)self;
    while ((r = codec_features_streams_chains_request_next(request, &value)) == 1 &&
           (r = codec_features_streams_chains_request_send(request, &value)) == 0)
        continue;
    return r;
}

/* Adds up the values, and what the other parameters hold. */
static int behind(void *self, struct hprpc_request *request, struct kodosis_string line,
                  const struct codec_features_event *event, int32_t more, const uint8_t id[16])
{
    struct codec_features_code code = { more };
    int64_t sum = (int64_t)line.size + event->as.counted + id[15];
    int64_t value;
    int r;

    (void)self;
    while ((r = codec_features_streams_behind_next(request, &value)) == 1)
        if (value < 0)
            return codec_features_code_raise(request, &code);
        else
            sum += value;
    return r < 0 ? r : codec_features_streams_behind_reply(request, sum);
}

/* Sends as many numbers as there are, then raises Gone if there are no names. */
static int numbered(void *self, struct hprpc_request *request, int32_t count, struct kodosis_string_list names)
{
    struct codec_features_gone gone = { 0 };
    int r = 0;

    (void)self;
    for (int64_t i = 0; i < count && r == 0; i++)
        r = codec_features_streams_numbered_send(request, i);
    if (r < 0)
        return r;
    return names.count ? codec_features_streams_numbered_reply(request) : codec_features_gone_raise(request, &gone);
}

static int forget(void *self, struct hprpc_request *request)
{
    int32_t value;
    int r;

    (void)self;
    while ((r = codec_features_streams_forget_next(request, &value)) == 1)
        continue;
    return r;
}

static const struct codec_features_streams_service service = {
    .colors = colors,
    .checks = checks,
    .texts = texts,
    .numbers = numbers,
    .tags = tags,
    .maybes = maybes,
    .smalls = smalls,
    .larges = larges,
    .bools = bools,
    .pairs = pairs,
    .grids = grids,
    .bigs = bigs,
    .events = events,
    .nodes = nodes,
    .empties = empties,
    .chains = chains,
    .behind = behind,
    .numbered = numbered,
    .forget = forget,
};

/* ---- Elements there and back ---- */

static struct hprpc_call started(void)
{
    struct hprpc_call call = HPRPC_CALL_INIT;

    call.timeout_ms = 40000;
    return call;
}

static void numbers_and_flags(void **state)
{
    struct hprpc_call call = started();
    struct codec_features_checked checked = { .number = 7, .on = true, .color = CODEC_FEATURES_COLOR_BLUE }, back;
    codec_features_color color;

    (void)state;
    checked.only = CODEC_FEATURES_BYTE_ONLY;
    for (int i = 0; i < 2; i++) {
        checked.headings[i] = CODEC_COMMON_HEADING_NORTH;
        checked.inner[i].first = CODEC_FEATURES_COLOR_RED;
    }
    assert_int_equal(codec_features_streams_colors_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_colors_send(&call, CODEC_FEATURES_COLOR_GREEN), 0);
    assert_int_equal(codec_features_streams_colors_send(&call, CODEC_FEATURES_COLOR_RED), 0);
    assert_int_equal(codec_features_streams_colors_next(&call, &color), 1);
    assert_int_equal(color, CODEC_FEATURES_COLOR_GREEN);
    assert_int_equal(hprpc_call_end(&call), 0);
    assert_int_equal(codec_features_streams_colors_next(&call, &color), 1);
    assert_int_equal(color, CODEC_FEATURES_COLOR_RED);
    assert_int_equal(codec_features_streams_colors_next(&call, &color), 0);
    assert_int_equal(color, CODEC_FEATURES_COLOR_RED);
    assert_int_equal(codec_features_streams_colors_finish(&call), 0);

    assert_int_equal(codec_features_streams_checks_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_checks_send(&call, &checked), 0);
    assert_int_equal(codec_features_streams_checks_next(&call, &back), 1);
    assert_true(codec_features_checked_equal(&checked, &back));
    assert_int_equal(codec_features_streams_checks_finish(&call), 0);
    hprpc_call_clear(&call);
}

static void texts_and_lists(void **state)
{
    struct kodosis_string strings[] = { kodosis_str("one"), kodosis_str("") };
    struct codec_features_text text = { .s = kodosis_str("text"), .ss = { strings, 2 } }, back;
    const int32_t values[] = { 3, -4, 5 };
    struct kodosis_string_int64_map_entry entries[] = { { kodosis_str("key"), 77 } };
    struct kodosis_int32_list numbers;
    struct kodosis_string_int64_map tags;
    struct kodosis_string pair[2];
    struct hprpc_call call = started();

    (void)state;
    assert_int_equal(codec_features_streams_texts_start(&proxy, &call), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(codec_features_streams_texts_send(&call, &text), 0);
        assert_int_equal(codec_features_streams_texts_next(&call, &back), 1);
        assert_true(codec_features_text_equal(&text, &back));
    }
    assert_int_equal(codec_features_streams_texts_finish(&call), 0);

    assert_int_equal(codec_features_streams_numbers_start(&proxy, &call), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(codec_features_streams_numbers_send(&call, (struct kodosis_int32_list){ values, i }), 0);
        assert_int_equal(codec_features_streams_numbers_next(&call, &numbers), 1);
        assert_int_equal(numbers.count, i);
        assert_true(i == 0 || numbers.data[i - 1] == values[i - 1]);
    }
    assert_int_equal(codec_features_streams_numbers_finish(&call), 0);

    assert_int_equal(codec_features_streams_tags_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_tags_send(&call, (struct kodosis_string_int64_map){ entries, 1 }), 0);
    assert_int_equal(codec_features_streams_tags_next(&call, &tags), 1);
    assert_int_equal(tags.count, 1);
    assert_string_equal(tags.data[0].key.data, "key");
    assert_int_equal(tags.data[0].value, 77);
    assert_int_equal(codec_features_streams_tags_finish(&call), 0);

    assert_int_equal(codec_features_streams_pairs_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_pairs_send(&call, strings), 0);
    assert_int_equal(codec_features_streams_pairs_next(&call, pair), 1);
    assert_string_equal(pair[0].data, "one");
    assert_int_equal(pair[1].size, 0);
    assert_int_equal(codec_features_streams_pairs_finish(&call), 0);
    hprpc_call_clear(&call);
}

static void arrays_and_views(void **state)
{
    uint8_t small[16] = { [3] = 9 }, small_back[16], large[300] = { [299] = 8 };
    bool bools[257] = { [256] = true };
    int32_t grid[3][4] = { { 1 }, { 2 }, { 0, 0, 0, 3 } }, grid_back[3][4];
    struct codec_features_big big = { .numbers = { [39] = -1 } };
    const struct codec_features_big *big_back;
    const uint8_t(*large_back)[300];
    const bool(*bools_back)[257];
    struct hprpc_call call = started();

    (void)state;
    assert_int_equal(codec_features_streams_smalls_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_smalls_send(&call, small), 0);
    assert_int_equal(codec_features_streams_smalls_next(&call, small_back), 1);
    assert_memory_equal(small, small_back, sizeof(small));
    assert_int_equal(codec_features_streams_smalls_finish(&call), 0);

    assert_int_equal(codec_features_streams_larges_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_larges_send(&call, large), 0);
    assert_int_equal(codec_features_streams_larges_next(&call, &large_back), 1);
    assert_memory_equal(large, *large_back, sizeof(large));
    assert_int_equal(codec_features_streams_larges_finish(&call), 0);

    assert_int_equal(codec_features_streams_bools_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_bools_send(&call, bools), 0);
    assert_int_equal(codec_features_streams_bools_next(&call, &bools_back), 1);
    assert_memory_equal(bools, *bools_back, sizeof(bools));
    assert_int_equal(codec_features_streams_bools_finish(&call), 0);

    assert_int_equal(codec_features_streams_grids_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_grids_send(&call, constant_rows(grid)), 0);
    assert_int_equal(codec_features_streams_grids_next(&call, grid_back), 1);
    assert_memory_equal(grid, grid_back, sizeof(grid));
    assert_int_equal(codec_features_streams_grids_finish(&call), 0);

    assert_int_equal(codec_features_streams_bigs_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_bigs_send(&call, &big), 0);
    assert_int_equal(codec_features_streams_bigs_next(&call, &big_back), 1);
    assert_true(codec_features_big_equal(&big, big_back));
    assert_int_equal(codec_features_streams_bigs_finish(&call), 0);
    hprpc_call_clear(&call);
}

static void unions_and_what_may_be_missing(void **state)
{
    struct codec_features_event event = { .tag = CODEC_FEATURES_EVENT_RENAMED, .as.renamed = kodosis_str("new") },
                                other;
    struct codec_features_node leaf = { .value = 2 };
    struct codec_features_node node = { .value = 1, .next = &leaf }, node_back;
    struct codec_features_empty empty = { 0 };
    struct hprpc_call call = started();
    const int32_t number = 5;
    const int32_t *maybe;

    (void)state;
    assert_int_equal(codec_features_streams_events_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_events_send(&call, &event), 0);
    assert_int_equal(codec_features_streams_events_next(&call, &other), 1);
    assert_true(codec_features_event_equal(&event, &other));
    assert_int_equal(codec_features_streams_events_finish(&call), 0);

    assert_int_equal(codec_features_streams_nodes_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_nodes_send(&call, &node), 0);
    assert_int_equal(codec_features_streams_nodes_next(&call, &node_back), 1);
    assert_true(codec_features_node_equal(&node, &node_back));
    assert_int_equal(codec_features_streams_nodes_finish(&call), 0);

    assert_int_equal(codec_features_streams_empties_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_empties_send(&call, &empty), 0);
    assert_int_equal(codec_features_streams_empties_next(&call, &empty), 1);
    assert_int_equal(codec_features_streams_empties_finish(&call), 0);

    assert_int_equal(codec_features_streams_maybes_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_maybes_send(&call, NULL), 0);
    assert_int_equal(codec_features_streams_maybes_send(&call, &number), 0);
    assert_int_equal(codec_features_streams_maybes_next(&call, &maybe), 1);
    assert_null(maybe);
    assert_int_equal(codec_features_streams_maybes_next(&call, &maybe), 1);
    assert_int_equal(*maybe, 5);
    assert_int_equal(codec_features_streams_maybes_finish(&call), 0);
    hprpc_call_clear(&call);
}

/* ---- Beside parameters, results and errors ---- */

static void streams_stand_behind_parameters(void **state)
{
    struct codec_features_event event = { .tag = CODEC_FEATURES_EVENT_COUNTED, .as.counted = 1000 };
    struct kodosis_string name = kodosis_str("name");
    struct codec_features_code code;
    struct codec_features_gone gone;
    struct hprpc_call call = started();
    const uint8_t id[16] = { [15] = 100 };
    int64_t sum, number;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(codec_features_streams_behind_start(&proxy, &call, kodosis_str("four"), &event, 9, id), 0);
        assert_int_equal(codec_features_streams_behind_send(&call, 10000), 0);
        assert_int_equal(codec_features_streams_behind_send(&call, i ? -1 : 1), 0);
        assert_int_equal(codec_features_streams_behind_finish(&call, &sum), i ? HPRPC_EAPPLICATION : 0);
        assert_int_equal(sum, 11105);
        assert_int_equal(codec_features_code_get(&call, &code), i);
    }
    assert_int_equal(code.code, 9);
    for (int i = 0; i < 2; i++) {
        struct kodosis_string_list names = { &name, (size_t)i };

        assert_int_equal(codec_features_streams_numbered_start(&proxy, &call, 3, names), 0);
        for (int k = 0; k < 3; k++) {
            assert_int_equal(codec_features_streams_numbered_next(&call, &number), 1);
            assert_int_equal(number, k);
        }
        assert_int_equal(codec_features_streams_numbered_next(&call, &number), i ? 0 : HPRPC_EAPPLICATION);
        assert_int_equal(codec_features_gone_get(&call, &gone), !i);
        assert_int_equal(codec_features_streams_numbered_finish(&call), i ? 0 : HPRPC_EAPPLICATION);
    }
    assert_int_equal(codec_features_streams_forget_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_forget_send(&call, 1), 0);
    assert_int_equal(codec_features_streams_forget_finish(&call), 0);
    hprpc_call_clear(&call);
}

/* ---- Elements that are no values ---- */

static void what_cannot_be_encoded_is_not_sent(void **state)
{
    struct codec_features_chain endless = { .tag = CODEC_FEATURES_CHAIN_NEXT },
                                end = { .tag = CODEC_FEATURES_CHAIN_END }, back;
    struct hprpc_call call = started();

    (void)state;
    endless.as.next = &endless;
    end.as.end = 5;
    assert_int_equal(codec_features_streams_chains_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_chains_send(&call, &end), 0);
    assert_int_equal(codec_features_streams_chains_send(&call, &endless), HPRPC_EINVAL);
    assert_int_equal(codec_features_streams_chains_send(&call, &end), 0);
    assert_int_equal(hprpc_call_end(&call), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(codec_features_streams_chains_next(&call, &back), 1);
        assert_true(codec_features_chain_equal(&back, &end));
    }
    assert_int_equal(codec_features_streams_chains_next(&call, &back), 0);
    assert_int_equal(codec_features_streams_chains_finish(&call), 0);
    hprpc_call_clear(&call);
}

/* The handler gives up with the code that it got; another one could go on with the next element. */
static void what_cannot_be_decoded_is_told(void **state)
{
    struct hprpc_call call = started();
    codec_features_color color;

    (void)state;
    assert_int_equal(codec_features_streams_colors_start(&proxy, &call), 0);
    assert_int_equal(codec_features_streams_colors_send(&call, CODEC_FEATURES_COLOR_RED), 0);
    assert_int_equal(codec_features_streams_colors_send(&call, 99), 0);
    assert_int_equal(codec_features_streams_colors_next(&call, &color), 1);
    assert_int_equal(codec_features_streams_colors_next(&call, &color), HPRPC_EBODY);
    assert_int_equal(codec_features_streams_colors_finish(&call), HPRPC_EBODY);
    hprpc_call_clear(&call);
}

/* ---- Both ends ---- */

static void *run(void *self)
{
    (void)self;
    hprpc_server_run(server);
    return NULL;
}

static int set_up(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    char address[HPRPC_URI_MAX + 1];

    (void)state;
    options.workers = 1;
    if (hprpc_server_new(NULL, &options, &server) < 0 || codec_features_streams_add(server, &service, NULL) < 0 ||
        hprpc_server_listen(server, "tcp://127.0.0.1:0", &detail) < 0 ||
        hprpc_server_address(server, 0, address, sizeof(address)) < 0)
        return -1;
    if (pthread_create(&thread, NULL, run, NULL))
        return -1;
    if (hprpc_client_connect(NULL, address, NULL, &detail, &client) < 0)
        return -1;
    return codec_features_streams_bind(client, &detail, &proxy);
}

static int tear_down(void **state)
{
    (void)state;
    hprpc_client_free(client);
    hprpc_server_stop(server);
    pthread_join(thread, NULL);
    hprpc_server_free(server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_flags),
        cmocka_unit_test(texts_and_lists),
        cmocka_unit_test(arrays_and_views),
        cmocka_unit_test(unions_and_what_may_be_missing),
        cmocka_unit_test(streams_stand_behind_parameters),
        cmocka_unit_test(what_cannot_be_encoded_is_not_sent),
        cmocka_unit_test(what_cannot_be_decoded_is_told),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
