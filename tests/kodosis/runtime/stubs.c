/* SPDX-License-Identifier: MIT */
/* The generated stubs of every kind of procedure, called over a connection of this process with itself. */
#include "kodosis/runtime/cmocka_all.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "everything.h"

static struct hprpc_server *server;
static struct hprpc_client *client;
static struct codec_features_everything_proxy proxy;
static pthread_t thread;

static char told[64]; /* by Tell, which is followed by a call on the same connection */
static int32_t told_level;

/* ---- The service: most procedures give back what they got ---- */

static int nothing(void *self, struct hprpc_request *request)
{
    (void)request;
    return self == &proxy ? 0 : HPRPC_EINTERNAL;
}

static int tell(void *self, struct hprpc_request *request, struct kodosis_string line, int32_t level)
{
    (void)self;
    (void)request;
    snprintf(told, sizeof(told), "%s", line.data);
    told_level = level;
    return 0;
}

static int add(void *self, struct hprpc_request *request, int32_t left, int32_t right)
{
    (void)self;
    return codec_features_everything_add_reply(request, left + right);
}

static int check(void *self, struct hprpc_request *request, bool value, codec_features_color color,
                 codec_common_heading heading)
{
    (void)self;
    return codec_features_everything_check_reply(request, value && color == CODEC_FEATURES_COLOR_BLUE &&
                                                              heading == CODEC_COMMON_HEADING_NORTH);
}

static int echo(void *self, struct hprpc_request *request, struct kodosis_string text)
{
    (void)self;
    return codec_features_everything_echo_reply(request, text);
}

static int echo_bytes(void *self, struct hprpc_request *request, struct kodosis_bytes raw)
{
    (void)self;
    return codec_features_everything_echo_bytes_reply(request, raw);
}

static int move(void *self, struct hprpc_request *request, const struct codec_common_point *point, double distance)
{
    struct codec_common_point moved = *point;

    (void)self;
    moved.x += distance;
    return codec_features_everything_move_reply(request, &moved);
}

static int same(void *self, struct hprpc_request *request, const struct codec_features_checked *checked)
{
    (void)self;
    return codec_features_everything_same_reply(request, checked);
}

static int say(void *self, struct hprpc_request *request, const struct codec_features_text *text)
{
    struct codec_features_not_found missing = { text->s, CODEC_FEATURES_COLOR_RED };
    struct codec_features_gone gone = { 0 };
    struct codec_features_code code = { -5 };

    (void)self;
    if (strcmp(text->s.data, "missing") == 0)
        return codec_features_not_found_raise(request, &missing);
    if (strcmp(text->s.data, "gone") == 0)
        return codec_features_gone_raise(request, &gone);
    if (strcmp(text->s.data, "code") == 0)
        return codec_features_code_raise(request, &code);
    return codec_features_everything_say_reply(request, text);
}

static int numbers(void *self, struct hprpc_request *request, struct kodosis_int32_list list)
{
    (void)self;
    return codec_features_everything_numbers_reply(request, list);
}

static int points(void *self, struct hprpc_request *request, struct codec_common_point_list list)
{
    (void)self;
    return codec_features_everything_points_reply(request, list);
}

static int strings(void *self, struct hprpc_request *request, struct kodosis_string_list list)
{
    (void)self;
    return codec_features_everything_strings_reply(request, list);
}

static int tags(void *self, struct hprpc_request *request, struct kodosis_string_int64_map map)
{
    (void)self;
    return codec_features_everything_tags_reply(request, map);
}

static int maybe(void *self, struct hprpc_request *request, const int32_t *number)
{
    (void)self;
    return codec_features_everything_maybe_reply(request, number);
}

static int small(void *self, struct hprpc_request *request, const uint8_t id[16])
{
    (void)self;
    return codec_features_everything_small_reply(request, id);
}

static int large(void *self, struct hprpc_request *request, const uint8_t id[300])
{
    (void)self;
    return codec_features_everything_large_reply(request, id);
}

static int pair(void *self, struct hprpc_request *request, const struct kodosis_string names[2])
{
    (void)self;
    return codec_features_everything_pair_reply(request, names);
}

static int grid(void *self, struct hprpc_request *request, const int32_t values[3][4])
{
    (void)self;
    return codec_features_everything_grid_reply(request, values);
}

static int huge(void *self, struct hprpc_request *request, const struct codec_features_big *big)
{
    (void)self;
    return codec_features_everything_huge_reply(request, big);
}

static int happen(void *self, struct hprpc_request *request, const struct codec_features_event *event)
{
    (void)self;
    return codec_features_everything_happen_reply(request, event);
}

/* Keeps the request, and answers it with what it was given when the next one comes. */
static struct hprpc_request *kept;
static const struct codec_features_node *kept_node;

static int grow(void *self, struct hprpc_request *request, const struct codec_features_node *node)
{
    (void)self;
    if (!kept) {
        kept = request;
        kept_node = node;
        return hprpc_request_defer(request);
    }
    assert_int_equal(codec_features_everything_grow_reply(kept, kept_node), 0);
    kept = NULL;
    return codec_features_everything_grow_reply(request, node);
}

/* Answers with a value without end, and then with the code that it got for that. */
static int follow(void *self, struct hprpc_request *request, const struct codec_features_chain *chain)
{
    struct codec_features_chain loop = { .tag = CODEC_FEATURES_CHAIN_NEXT };

    (void)self;
    (void)chain;
    loop.as.next = &loop;
    return codec_features_everything_follow_reply(request, &loop);
}

static int measure(void *self, struct hprpc_request *request, struct kodosis_string line,
                   const struct codec_features_event *event)
{
    (void)self;
    (void)event;
    return codec_features_everything_measure_reply(request, (int32_t)line.size);
}

static int report(void *self, struct hprpc_request *request, struct kodosis_string line,
                  const struct codec_features_event *event)
{
    (void)self;
    (void)request;
    (void)line;
    (void)event;
    return 0;
}

static const struct codec_features_everything_service service = {
    .nothing = nothing,
    .tell = tell,
    .add = add,
    .check = check,
    .echo = echo,
    .echo_bytes = echo_bytes,
    .move = move,
    .same = same,
    .say = say,
    .numbers = numbers,
    .points = points,
    .strings = strings,
    .tags = tags,
    .maybe = maybe,
    .small = small,
    .large = large,
    .pair = pair,
    .grid = grid,
    .huge = huge,
    .happen = happen,
    .grow = grow,
    .follow = follow,
    .measure = measure,
    .report = report,
};

/* ---- Calls ---- */

/* Whatever points into the reply needs a call to keep it; without one nothing is sent, and the output stays. */
static void every_view_needs_a_call(void **state)
{
    union {
        uint8_t untouched[256];
        struct kodosis_string text;
        struct kodosis_string pair[2];
        struct kodosis_bytes bytes[2];
        struct kodosis_int32_list lists[2];
        const int32_t *optionals[2];
        struct codec_features_chain chain[2];
        struct codec_features_links links;
        struct kodosis_bool_bool_map maps[2];
        struct codec_features_event event;
        struct codec_features_node node;
    } out;
    struct codec_features_chain chain = { .tag = CODEC_FEATURES_CHAIN_END };
    struct codec_features_links links = { .both = { chain, chain } };
    struct codec_features_event event = { .tag = CODEC_FEATURES_EVENT_COUNTED };
    struct codec_features_node node = { 0 };
    const struct kodosis_string names[2] = { { "", 0 }, { "", 0 } };
    size_t i;

    (void)state;
    memset(&out, 0x5a, sizeof(out));
    assert_int_equal(codec_features_everything_echo(&proxy, NULL, names[0], &out.text), HPRPC_EINVAL);
    assert_int_equal(codec_features_everything_pair(&proxy, NULL, names, out.pair), HPRPC_EINVAL);
    assert_int_equal(codec_features_everything_two_bytes(&proxy, NULL, out.bytes), HPRPC_EINVAL);
    assert_int_equal(codec_features_everything_two_lists(&proxy, NULL, out.lists), HPRPC_EINVAL);
    assert_int_equal(codec_features_everything_two_optionals(&proxy, NULL, out.optionals), HPRPC_EINVAL);
    assert_int_equal(codec_features_everything_two_chains(&proxy, NULL, out.chain), HPRPC_EINVAL);
    assert_int_equal(codec_features_everything_two_maps(&proxy, NULL, out.maps), HPRPC_EINVAL);
    assert_int_equal(codec_features_everything_follow(&proxy, NULL, &chain, out.chain), HPRPC_EINVAL);
    assert_int_equal(codec_features_everything_link(&proxy, NULL, &links, &out.links), HPRPC_EINVAL);
    assert_int_equal(codec_features_everything_happen(&proxy, NULL, &event, &out.event), HPRPC_EINVAL);
    assert_int_equal(codec_features_everything_grow(&proxy, NULL, &node, &out.node), HPRPC_EINVAL);
    for (i = 0; i < sizeof(out.untouched); i++)
        assert_int_equal(out.untouched[i], 0x5a);
}

/* What is in the way of encoding costs no credit: far more than there is would be gone. */
static void calls_that_cannot_be_encoded_leave_no_trace(void **state)
{
    enum { ROUNDS = 300, SIZE = 1 << 20 };
    char *text = calloc(1, SIZE);
    struct kodosis_string line = { text, SIZE - 1 };
    struct codec_features_event event = { .tag = 77 };
    struct hprpc_call call = HPRPC_CALL_INIT;
    int32_t length = 5;
    int i;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', SIZE - 1);
    call.flags = HPRPC_CALL_NO_WAIT;
    for (i = 0; i < ROUNDS; i++) {
        assert_int_equal(codec_features_everything_report(&proxy, &call, line, &event), HPRPC_EINVAL);
        assert_non_null(call.detail);
        assert_int_equal(codec_features_everything_measure(&proxy, &call, line, &event, &length), HPRPC_EINVAL);
        assert_int_equal(codec_features_everything_measure_start(&proxy, &call, line, &event), HPRPC_EINVAL);
    }
    assert_int_equal(length, 5);
    event.tag = CODEC_FEATURES_EVENT_COUNTED;
    assert_int_equal(codec_features_everything_report(&proxy, &call, line, &event), 0);
    assert_int_equal(codec_features_everything_nothing(&proxy, NULL), 0);
    hprpc_call_clear(&call);
    free(text);
}

/* Arguments and results that nest too deep, or contain themselves, are refused with a sentence, and nothing else happens. */
static void values_that_are_too_deep_are_refused(void **state)
{
    struct codec_features_chain loop = { .tag = CODEC_FEATURES_CHAIN_NEXT };
    struct codec_features_chain end = { .tag = CODEC_FEATURES_CHAIN_END, .as.end = 7 };
    struct codec_features_chain back;
    struct hprpc_call call = HPRPC_CALL_INIT;

    (void)state;
    loop.as.next = &loop;
    assert_int_equal(codec_features_everything_follow(&proxy, &call, &loop, &back), HPRPC_EINVAL);
    assert_non_null(strstr(call.detail, "nest too deep"));
    assert_int_equal(codec_features_everything_follow_start(&proxy, &call, &loop), HPRPC_EINVAL);
    assert_int_equal(codec_features_everything_follow(&proxy, &call, &end, &back), HPRPC_EINVAL);
    assert_int_equal(codec_features_everything_nothing(&proxy, NULL), 0);
    hprpc_call_clear(&call);
}

static void values_go_there_and_back(void **state)
{
    struct codec_common_point point = { 1, 2 };
    int32_t sum = 0;
    bool checked = false;

    (void)state;
    assert_int_equal(codec_features_everything_nothing(&proxy, NULL), 0);
    assert_int_equal(codec_features_everything_add_(&proxy, NULL, 40, 2, &sum), 0);
    assert_int_equal(sum, 42);
    assert_int_equal(codec_features_everything_check(&proxy, NULL, true, CODEC_FEATURES_COLOR_BLUE,
                                                     CODEC_COMMON_HEADING_NORTH, &checked),
                     0);
    assert_true(checked);
    assert_int_equal(codec_features_everything_move(&proxy, NULL, &point, 0.5, &point), 0);
    assert_true(point.x == 1.5 && point.y == 2);
}

static void oneway_calls_arrive_in_order(void **state)
{
    (void)state;
    assert_int_equal(codec_features_everything_tell(&proxy, NULL, kodosis_str("psst"), 3), 0);
    assert_int_equal(codec_features_everything_nothing(&proxy, NULL), 0);
    assert_string_equal(told, "psst");
    assert_int_equal(told_level, 3);
}

static void views_need_a_call(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_string text = kodosis_str("before");
    struct kodosis_bytes bytes = { (const uint8_t *)"xyz", 3 };

    (void)state;
    assert_int_equal(codec_features_everything_echo(&proxy, NULL, kodosis_str("x"), &text), HPRPC_EINVAL);
    assert_string_equal(text.data, "before");
    assert_int_equal(codec_features_everything_echo(&proxy, &call, kodosis_str("after"), &text), 0);
    assert_string_equal(text.data, "after");
    assert_int_equal(codec_features_everything_echo_bytes(&proxy, &call, bytes, &bytes), 0);
    assert_int_equal(bytes.size, 3);
    assert_memory_equal(bytes.data, "xyz", 3);
    hprpc_call_clear(&call);
}

static void lists_and_maps_go_there_and_back(void **state)
{
    static const int32_t data[] = { 1, 2, 3 };
    static const struct codec_common_point places[] = { { 1, 2 }, { 3, 4 } };
    struct kodosis_string words[] = { { "a", 1 }, { "b", 1 } };
    struct kodosis_string_int64_map_entry entries[] = { { { "k", 1 }, 7 } };
    struct kodosis_int32_list list = { data, 3 };
    struct codec_common_point_list path = { places, 2 };
    struct kodosis_string_list text = { words, 2 };
    struct kodosis_string_int64_map map = { entries, 1 };
    struct hprpc_call call = HPRPC_CALL_INIT;

    (void)state;
    assert_int_equal(codec_features_everything_numbers(&proxy, &call, list, &list), 0);
    assert_int_equal(list.count, 3);
    assert_int_equal(list.data[2], 3);
    assert_ptr_not_equal(list.data, data);
    assert_int_equal(codec_features_everything_points(&proxy, &call, path, &path), 0);
    assert_true(path.count == 2 && path.data[1].y == 4);
    assert_int_equal(codec_features_everything_strings(&proxy, &call, text, &text), 0);
    assert_string_equal(text.data[1].data, "b");
    assert_int_equal(codec_features_everything_tags(&proxy, &call, map, &map), 0);
    assert_true(map.count == 1 && map.data[0].value == 7);
    hprpc_call_clear(&call);
}

static void optionals_go_there_and_back(void **state)
{
    const int32_t five = 5;
    const int32_t *number = NULL;
    struct hprpc_call call = HPRPC_CALL_INIT;

    (void)state;
    assert_int_equal(codec_features_everything_maybe(&proxy, &call, &five, &number), 0);
    assert_non_null(number);
    assert_int_equal(*number, 5);
    assert_int_equal(codec_features_everything_maybe(&proxy, &call, NULL, &number), 0);
    assert_null(number);
    hprpc_call_clear(&call);
}

static void arrays_go_there_and_back(void **state)
{
    uint8_t id[300];
    uint8_t back[16];
    const uint8_t(*view)[300] = NULL;
    struct kodosis_string names[2] = { { "a", 1 }, { "bc", 2 } };
    int32_t values[3][4] = { { 1 } };
    int32_t others[3][4];
    struct hprpc_call call = HPRPC_CALL_INIT;
    int i;

    (void)state;
    for (i = 0; i < 300; i++)
        id[i] = (uint8_t)i;
    values[2][3] = 9;
    assert_int_equal(codec_features_everything_small(&proxy, NULL, id, back), 0);
    assert_memory_equal(id, back, 16);
    assert_int_equal(codec_features_everything_large(&proxy, NULL, id, &view), HPRPC_EINVAL);
    assert_int_equal(codec_features_everything_large(&proxy, &call, id, &view), 0);
    assert_memory_equal(id, *view, 300);
    assert_int_equal(codec_features_everything_pair(&proxy, &call, names, names), 0);
    assert_string_equal(names[1].data, "bc");
    assert_int_equal(codec_features_everything_grid(&proxy, NULL, (const int32_t(*)[4])values, others), 0);
    assert_memory_equal(values, others, sizeof(values));
    hprpc_call_clear(&call);
}

static void large_structs_are_viewed(void **state)
{
    struct codec_features_big big;
    const struct codec_features_big *view = NULL;
    struct hprpc_call call = HPRPC_CALL_INIT;
    int i;

    (void)state;
    for (i = 0; i < 40; i++)
        big.numbers[i] = -i;
    assert_int_equal(codec_features_everything_huge(&proxy, &call, &big, &view), 0);
    assert_true(codec_features_big_equal(&big, view));
    hprpc_call_clear(&call);
}

static void unions_go_there_and_back(void **state)
{
    struct codec_features_event event;
    struct codec_features_event back;
    struct hprpc_call call = HPRPC_CALL_INIT;

    (void)state;
    memset(&event, 0, sizeof(event));
    event.tag = CODEC_FEATURES_EVENT_RENAMED;
    event.as.renamed = kodosis_str("new");
    assert_int_equal(codec_features_everything_happen(&proxy, &call, &event, &back), 0);
    assert_true(codec_features_event_equal(&event, &back));
    hprpc_call_clear(&call);
}

static void typed_errors_arrive(void **state)
{
    struct codec_features_text text;
    struct codec_features_text back;
    struct codec_features_not_found missing;
    struct codec_features_gone gone;
    struct codec_features_code code;
    struct hprpc_call call = HPRPC_CALL_INIT;

    (void)state;
    memset(&text, 0, sizeof(text));
    memset(&back, 0x55, sizeof(back));
    text.s = kodosis_str("missing");
    assert_int_equal(codec_features_everything_say(&proxy, &call, &text, &back), HPRPC_EAPPLICATION);
    assert_int_equal(((const uint8_t *)&back)[0], 0x55);
    assert_false(codec_features_gone_get(&call, &gone));
    assert_false(codec_features_code_get(&call, &code));
    assert_true(codec_features_not_found_get(&call, &missing));
    assert_string_equal(missing.key.data, "missing");
    assert_int_equal(missing.color, CODEC_FEATURES_COLOR_RED);
    text.s = kodosis_str("gone");
    assert_int_equal(codec_features_everything_say(&proxy, &call, &text, &back), HPRPC_EAPPLICATION);
    assert_true(codec_features_gone_get(&call, &gone));
    assert_false(codec_features_not_found_get(&call, &missing));
    text.s = kodosis_str("code");
    assert_int_equal(codec_features_everything_say(&proxy, &call, &text, &back), HPRPC_EAPPLICATION);
    assert_true(codec_features_code_get(&call, &code));
    assert_int_equal(code.code, -5);
    text.s = kodosis_str("fine");
    assert_int_equal(codec_features_everything_say(&proxy, &call, &text, &back), 0);
    assert_true(codec_features_text_equal(&text, &back));
    assert_false(codec_features_not_found_get(&call, &missing));
    hprpc_call_clear(&call);
}

static void calls_are_started_and_finished(void **state)
{
    struct hprpc_call calls[3] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT, HPRPC_CALL_INIT };
    int32_t sum = 0;
    int i;

    (void)state;
    assert_int_equal(codec_features_everything_add_start(&proxy, NULL, 1, 2), HPRPC_EINVAL);
    for (i = 0; i < 3; i++)
        assert_int_equal(codec_features_everything_add_start(&proxy, &calls[i], i, 10), 0);
    for (i = 2; i >= 0; i--) {
        assert_int_equal(codec_features_everything_add_finish(&calls[i], &sum), 0);
        assert_int_equal(sum, 10 + i);
        hprpc_call_clear(&calls[i]);
    }
}

/* What a deferred request's handler was given outlives the handler, also what had to be decoded. */
static void deferred_requests_keep_their_arguments(void **state)
{
    struct codec_features_node leaf;
    struct codec_features_node root;
    struct codec_features_node back;
    struct hprpc_call first = HPRPC_CALL_INIT;
    struct hprpc_call second = HPRPC_CALL_INIT;

    (void)state;
    memset(&leaf, 0, sizeof(leaf));
    memset(&root, 0, sizeof(root));
    leaf.value = 2;
    root.value = 1;
    root.children.data = &leaf;
    root.children.count = 1;
    assert_int_equal(codec_features_everything_grow_start(&proxy, &first, &root), 0);
    assert_int_equal(codec_features_everything_grow(&proxy, &second, &leaf, &back), 0);
    assert_true(codec_features_node_equal(&leaf, &back));
    assert_int_equal(codec_features_everything_grow_finish(&first, &back), 0);
    assert_true(codec_features_node_equal(&root, &back));
    hprpc_call_clear(&first);
    hprpc_call_clear(&second);
}

static void a_procedure_without_handler_is_not_there(void **state)
{
    codec_features_color color = CODEC_FEATURES_COLOR_GREEN;

    (void)state;
    assert_int_equal(codec_features_everything_paint(&proxy, NULL, color, &color), HPRPC_EUNIMPLEMENTED);
    assert_int_equal(color, CODEC_FEATURES_COLOR_GREEN);
}

/* A value that the other side must refuse: only that call fails. */
static void bad_arguments_fail_that_call(void **state)
{
    struct codec_features_event event;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct codec_features_event back;
    bool checked = true;

    (void)state;
    assert_int_equal(codec_features_everything_check(&proxy, NULL, true, 77, CODEC_COMMON_HEADING_NORTH, &checked),
                     HPRPC_EBODY);
    assert_true(checked);
    memset(&event, 0, sizeof(event));
    event.tag = 77;
    assert_true(codec_features_everything_happen(&proxy, &call, &event, &back) < 0);
    assert_int_equal(codec_features_everything_nothing(&proxy, NULL), 0);
    hprpc_call_clear(&call);
}

static void a_service_without_procedures_binds(void **state)
{
    struct codec_features_idle_proxy idle;
    struct hprpc_detail detail;

    (void)state;
    assert_int_equal(codec_features_idle_bind(client, &detail, &idle), 0);
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
    static const struct codec_features_idle_service idle = { 0 };
    struct hprpc_detail detail = { "" };
    char address[HPRPC_URI_MAX + 1];

    (void)state;
    if (hprpc_server_new(NULL, NULL, &server) < 0 || codec_features_everything_add(server, &service, &proxy) < 0 ||
        codec_features_idle_add(server, &idle, NULL) < 0 ||
        hprpc_server_listen(server, "tcp://127.0.0.1:0", &detail) < 0 ||
        hprpc_server_address(server, 0, address, sizeof(address)) < 0)
        return -1;
    if (pthread_create(&thread, NULL, run, NULL))
        return -1;
    if (hprpc_client_connect(NULL, address, NULL, &detail, &client) < 0)
        return -1;
    return codec_features_everything_bind(client, &detail, &proxy);
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
        cmocka_unit_test(values_go_there_and_back),
        cmocka_unit_test(oneway_calls_arrive_in_order),
        cmocka_unit_test(views_need_a_call),
        cmocka_unit_test(every_view_needs_a_call),
        cmocka_unit_test(calls_that_cannot_be_encoded_leave_no_trace),
        cmocka_unit_test(values_that_are_too_deep_are_refused),
        cmocka_unit_test(lists_and_maps_go_there_and_back),
        cmocka_unit_test(optionals_go_there_and_back),
        cmocka_unit_test(arrays_go_there_and_back),
        cmocka_unit_test(large_structs_are_viewed),
        cmocka_unit_test(unions_go_there_and_back),
        cmocka_unit_test(typed_errors_arrive),
        cmocka_unit_test(calls_are_started_and_finished),
        cmocka_unit_test(deferred_requests_keep_their_arguments),
        cmocka_unit_test(a_procedure_without_handler_is_not_there),
        cmocka_unit_test(bad_arguments_fail_that_call),
        cmocka_unit_test(a_service_without_procedures_binds),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
