/* SPDX-License-Identifier: MIT */
/* Calls between a client and a server of two versions of an interface, each way, and those that do not match. */
#include "kodosis/runtime/cmocka_all.h"

#include <pthread.h>

#include <hprpc/hprpc.h>

#include "versions-one.h"
#include "versions-two.h"

static struct hprpc_server *server;
static struct hprpc_client *client;
static pthread_t thread;

/* ---- The first version's service: gives back what it got ---- */

static int echo_one(void *self, struct hprpc_request *request, const struct codec_versions_order_one *order,
                    uint8_t behind)
{
    (void)self;
    return behind == 7 ? codec_versions_shop_one_echo_reply(request, order) : HPRPC_EINTERNAL;
}

static int happen_one(void *self, struct hprpc_request *request, const struct codec_versions_event_one *event)
{
    (void)self;
    return codec_versions_shop_one_happen_reply(request, event);
}

static int paint_one(void *self, struct hprpc_request *request, codec_versions_hue_one hue,
                     codec_versions_rights_one rights)
{
    (void)self;
    return codec_versions_shop_one_paint_reply(request, rights & CODEC_VERSIONS_RIGHTS_ONE_WRITE ? hue : 0);
}

static int put_one(void *self, struct hprpc_request *request, const struct codec_versions_places_one *places)
{
    (void)self;
    return codec_versions_shop_one_put_reply(request, places);
}

static int flow_one(void *self, struct hprpc_request *request)
{
    struct codec_versions_order_one order;
    int r;

    (void)self;
    while ((r = codec_versions_shop_one_flow_request_next(request, &order)) == 1 &&
           (r = codec_versions_shop_one_flow_request_send(request, &order)) == 0)
        continue;
    return r;
}

static const struct codec_versions_shop_one_service service_one = {
    .echo = echo_one,
    .happen = happen_one,
    .paint = paint_one,
    .put = put_one,
    .flow = flow_one,
};

/* ---- The second version's ---- */

static int echo_two(void *self, struct hprpc_request *request, const struct codec_versions_order_two *order,
                    uint8_t behind)
{
    struct codec_versions_order_two answer = *order;

    (void)self;
    (void)behind;
    answer.price *= 2;
    return codec_versions_shop_two_echo_reply(request, &answer);
}

static int happen_two(void *self, struct hprpc_request *request, const struct codec_versions_event_two *event)
{
    struct codec_versions_event_two answer = { CODEC_VERSIONS_EVENT_TWO_SEEN, { 0 } };

    (void)self;
    (void)event;
    answer.as.seen = CODEC_VERSIONS_HUE_TWO_BLUE;
    return codec_versions_shop_two_happen_reply(request, &answer);
}

static int paint_two(void *self, struct hprpc_request *request, codec_versions_hue_two hue,
                     codec_versions_rights_two rights)
{
    (void)self;
    (void)hue;
    (void)rights;
    return codec_versions_shop_two_paint_reply(request, CODEC_VERSIONS_HUE_TWO_BLUE);
}

static const struct codec_versions_shop_two_service service_two = {
    .echo = echo_two,
    .happen = happen_two,
    .paint = paint_two,
};

/* ---- Both ends ---- */

static void *run(void *self)
{
    (void)self;
    hprpc_server_run(server);
    return NULL;
}

static void open_ends(void)
{
    struct hprpc_detail detail = { "" };
    char address[HPRPC_URI_MAX + 1];

    assert_int_equal(hprpc_server_listen(server, "tcp://127.0.0.1:0", &detail), 0);
    assert_int_equal(hprpc_server_address(server, 0, address, sizeof(address)), 0);
    assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
    assert_int_equal(hprpc_client_connect(NULL, address, NULL, &detail, &client), 0);
}

static int set_up(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;

    (void)state;
    client = NULL;
    options.workers = 2; /* a handler that takes elements waits for them */
    return hprpc_server_new(NULL, &options, &server);
}

static int tear_down(void **state)
{
    (void)state;
    hprpc_client_free(client);
    hprpc_server_stop(server);
    if (client)
        pthread_join(thread, NULL);
    hprpc_server_free(server);
    return 0;
}

/* ---- What happens ---- */

static void a_new_client_calls_an_old_server(void **state)
{
    struct codec_versions_shop_two_proxy proxy;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct codec_versions_order_two back, order = { .article = kodosis_str("tea"),
                                                    .count = 3,
                                                    .price = 1.25,
                                                    .note = &order.article,
                                                    .unit = kodosis_str("box"),
                                                    .last = 5 };
    const struct codec_versions_event_two event = { CODEC_VERSIONS_EVENT_TWO_SEVERAL, { 0 } };
    struct codec_versions_event_two same;
    codec_versions_hue_two hue;

    (void)state;
    assert_int_equal(codec_versions_shop_one_add(server, &service_one, NULL), 0);
    open_ends();
    assert_int_equal(codec_versions_shop_two_bind(client, NULL, &proxy), 0);
    assert_int_equal(codec_versions_shop_two_echo(&proxy, &call, &order, 7, &back), 0);
    assert_true(codec_versions_order_two_equal(&order, &back));
    assert_int_equal(codec_versions_shop_two_happen(&proxy, &call, &event, &same), 0);
    assert_true(codec_versions_event_two_equal(&event, &same));
    assert_int_equal(codec_versions_shop_two_paint(&proxy, &call, CODEC_VERSIONS_HUE_TWO_BLUE, 6, &hue), 0);
    assert_int_equal(hue, CODEC_VERSIONS_HUE_TWO_BLUE);
    hprpc_call_clear(&call);
}

static void an_old_client_calls_a_new_server(void **state)
{
    struct codec_versions_shop_one_proxy proxy;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct codec_versions_order_one back, order = { kodosis_str("tea"), 3, { NULL, 0 } };
    const struct codec_versions_event_one event = { CODEC_VERSIONS_EVENT_ONE_COUNTED, { 3 } };
    struct codec_versions_event_one other;
    codec_versions_hue_one hue;
    struct kodosis_reader reader;

    (void)state;
    assert_int_equal(codec_versions_shop_two_add(server, &service_two, NULL), 0);
    open_ends();
    assert_int_equal(codec_versions_shop_one_bind(client, NULL, &proxy), 0);
    assert_int_equal(codec_versions_shop_one_echo(&proxy, &call, &order, 7, &back), 0);
    assert_string_equal(back.article.data, "tea");
    assert_true(back.unknown.size > 8);
    kodosis_reader_init(&reader, back.unknown.data, back.unknown.size, NULL);
    assert_true(kodosis_read_float64(&reader) == 2 * CODEC_VERSIONS_PRICE); /* the server saw the default */
    assert_int_equal(codec_versions_shop_one_happen(&proxy, &call, &event, &other), 0);
    assert_int_equal(other.tag, CODEC_VERSIONS_EVENT_TWO_SEEN);
    assert_int_equal(other.as.unknown.size, 1);
    assert_int_equal(other.as.unknown.data[0], CODEC_VERSIONS_HUE_TWO_BLUE);
    assert_int_equal(codec_versions_shop_one_paint(&proxy, &call, 1, 1, &hue), 0);
    assert_int_equal(hue, CODEC_VERSIONS_HUE_TWO_BLUE);
    hprpc_call_clear(&call);
}

/* Everything at once, through a value that is empty but for one list. */
static void all_places_go_there_and_back(void **state)
{
    struct codec_versions_shop_two_proxy proxy;
    struct hprpc_call call = HPRPC_CALL_INIT;
    const struct codec_versions_order_two orders[] = { { .article = kodosis_str("a"), .last = 1 },
                                                       { .article = kodosis_str("bcd"), .price = 4 } };
    const struct codec_versions_places_two places = {
        .many = { orders, 2 },
        .plain = { .event = { CODEC_VERSIONS_EVENT_TWO_COUNTED, { 3 } }, .hue = 99, .last = 5 },
    };
    struct codec_versions_places_two back, given = places;

    (void)state;
    given.pair[0].article = given.pair[1].article = kodosis_str("");
    given.pair[0].unit = given.pair[1].unit = kodosis_str("x");
    assert_int_equal(codec_versions_shop_one_add(server, &service_one, NULL), 0);
    open_ends();
    assert_int_equal(codec_versions_shop_two_bind(client, NULL, &proxy), 0);
    assert_int_equal(codec_versions_shop_two_put(&proxy, &call, &given, &back), 0);
    assert_true(codec_versions_places_two_equal(&given, &back));
    hprpc_call_clear(&call);
}

static void elements_go_there_and_back(void **state)
{
    struct codec_versions_shop_two_proxy proxy;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct codec_versions_order_two back, order = { .article = kodosis_str("tea"), .count = 3, .last = 9 };

    (void)state;
    assert_int_equal(codec_versions_shop_one_add(server, &service_one, NULL), 0);
    open_ends();
    assert_int_equal(codec_versions_shop_two_bind(client, NULL, &proxy), 0);
    assert_int_equal(codec_versions_shop_two_flow_start(&proxy, &call), 0);
    for (order.count = 0; order.count < 5; order.count++) {
        assert_int_equal(codec_versions_shop_two_flow_send(&call, &order), 0);
        assert_int_equal(codec_versions_shop_two_flow_next(&call, &back), 1);
        assert_true(codec_versions_order_two_equal(&order, &back));
    }
    assert_int_equal(codec_versions_shop_two_flow_finish(&call), 0);
    hprpc_call_clear(&call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_client_calls_an_old_server, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_old_client_calls_a_new_server, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_places_go_there_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(elements_go_there_and_back, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
