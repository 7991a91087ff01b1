/* SPDX-License-Identifier: MIT */
/* Clients that connect by a host's name: looked up beside them, given up, without an answer, with several addresses. */
#include <dirent.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/patience.h"
#include "support/tiny.h"
#include "tests/channel-tcp/end.h"
#include "tests/channel-tcp/names.h"

enum { PUMPS = 3 };

static const struct name names[] = {
    { .host = "here", .addresses = { "127.0.0.1" } },
    { .host = "slow", .waits = true, .addresses = { "127.0.0.1" } },
    { .host = "both", .addresses = { "::1", "127.0.0.1" } },
    { .host = "second", .addresses = { "127.0.0.2", "127.0.0.1" } },
    { .host = "two", .addresses = { "127.0.0.2", "127.0.0.3" } },
    { .host = "many",
      .addresses = { "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7",
                     "127.0.0.8", "127.0.0.9" } },
    { .host = "late", .number = EAI_AGAIN },
    { .host = "large", .number = EAI_MEMORY },
    { .host = "broken", .number = EAI_SYSTEM },
    { .host = NULL },
};

/* ---- A server on a thread ---- */

struct place {
    struct hprpc_server *server;
    pthread_t thread;
    unsigned port;
};

static void *serve(void *argument)
{
    hprpc_server_run(argument);
    return NULL;
}

static void place_open(struct place *place)
{
    char uri[HPRPC_URI_MAX];

    names_set(names);
    assert_int_equal(hprpc_server_new(NULL, NULL, &place->server), 0);
    assert_int_equal(hprpc_server_add(place->server, &tiny_interface, &tiny_plain, NULL), 0);
    assert_int_equal(hprpc_server_listen(place->server, "tcp://127.0.0.1:0", NULL), 0);
    assert_int_equal(hprpc_server_address(place->server, 0, uri, sizeof(uri)), 0);
    place->port = (unsigned)atoi(strrchr(uri, ':') + 1);
    assert_int_equal(pthread_create(&place->thread, NULL, serve, place->server), 0);
}

static void place_close(struct place *place)
{
    hprpc_server_stop(place->server);
    pthread_join(place->thread, NULL);
    hprpc_server_free(place->server);
}

static void uri_of(const char *host, unsigned port, char ret_uri[96])
{
    snprintf(ret_uri, 96, "tcp://%s:%u?stagger=10", host, port);
}

/* The threads of lookups that were given up have nothing more to do with this test. */
static void await_threads(void)
{
    names_let_go();
    for (struct patience p = patience_begin(); names_ended() < names_begun() && try_again(&p);)
        continue;
    assert_int_equal(names_ended(), names_begun());
}

static unsigned count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned count = 0;

    assert_non_null(tasks);
    for (struct dirent *entry; (entry = readdir(tasks));)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

/* As await_threads; and there are no more threads than before, so what they do after the name is known is over as well. */
static void await_threads_entirely(unsigned before)
{
    await_threads();
    for (struct patience p = patience_begin(); count_threads() > before && try_again(&p);)
        continue;
    assert_true(count_threads() <= before); /* those of earlier tests may have ended since */
}

static int connect_by(int pump, const char *host, unsigned port, uint32_t timeout_ms, struct hprpc_detail *detail,
                      struct hprpc_client **ret_client)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    char uri[96];

    uri_of(host, port, uri);
    options.pump = (enum hprpc_pump)pump;
    options.connect_timeout_ms = timeout_ms;
    return hprpc_client_connect(NULL, uri, &options, detail, ret_client);
}

static void expect_answer(struct hprpc_client *client)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct hprpc_detail detail = { "" };
    struct kodosis_bytes reply;
    struct tiny tiny;

    if (tiny_bind(client, &tiny_interface, &detail, &tiny))
        fail_msg("%s", detail.text);
    assert_int_equal(tiny_echo(&tiny, &call, "king", 4, &reply), 0);
    assert_memory_equal(reply.data, "king", 4);
    hprpc_call_clear(&call);
}

/* ---- Names that are found ---- */

static void a_name_connects(void **state)
{
    static const char *const hosts[] = { "here", "both", "second", "many" };
    unsigned before = test_descriptors();
    struct place place;

    (void)state;
    place_open(&place);
    for (int pump = 0; pump < PUMPS; pump++) {
        for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
            struct hprpc_detail detail = { "" };
            struct hprpc_client *client;
            struct hprpc_peer peer;
            char text[64];

            if (connect_by(pump, hosts[i], place.port, 0, &detail, &client))
                fail_msg("%s", detail.text);
            expect_answer(client);
            hprpc_controller_peer(hprpc_client_controller(client), &peer);
            snprintf(text, sizeof(text), "127.0.0.1:%u", place.port);
            assert_string_equal(peer.address, text);
            hprpc_client_free(client);
        }
    }
    place_close(&place);
    assert_true(names_begun() > 0);
    assert_true(names_signals_were_blocked());
    assert_int_equal(test_descriptors(), before);
}

/* An application's loop: no call blocks while the name is looked up. */
static void a_loop_goes_on_meanwhile(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct patience patience = patience_begin();
    struct hprpc_client *client;
    struct hprpc_peer peer;
    struct pollfd watched;
    struct place place;
    char uri[96];

    (void)state;
    place_open(&place);
    uri_of("slow", place.port, uri);
    options.pump = HPRPC_PUMP_LOOP;
    assert_int_equal(hprpc_client_open(NULL, uri, &options, NULL, &client), 0);
    watched = (struct pollfd){ .fd = hprpc_client_descriptor(client), .events = POLLIN };
    while (!names_begun() && try_again(&patience))
        assert_int_equal(hprpc_client_process(client), 0);
    assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_CONNECTING);
    hprpc_controller_peer(hprpc_client_controller(client), &peer);
    assert_int_equal(strncmp(peer.address, "slow:", 5), 0);
    /* the descriptor is quiet until there is something to do */
    while (poll(&watched, 1, 0) == 1)
        assert_int_equal(hprpc_client_process(client), 0);
    names_let_go();
    while (hprpc_client_state(client) == HPRPC_CLIENT_CONNECTING && try_again(&patience)) {
        assert_true(poll(&watched, 1, hprpc_client_timeout(client)) >= 0);
        assert_int_equal(hprpc_client_process(client), 0);
    }
    assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_READY);
    expect_answer(client);
    hprpc_client_free(client);
    place_close(&place);
}

/* A thread that waits for a call is woken when the name is known, in the modes that have no loop. */
static void a_waiting_thread_is_woken(void **state)
{
    struct place place;

    (void)state;
    for (int pump = 0; pump < PUMPS; pump++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct hprpc_client *client;
        char uri[96];

        place_open(&place);
        uri_of("slow", place.port, uri);
        options.pump = (enum hprpc_pump)pump;
        assert_int_equal(hprpc_client_open(NULL, uri, &options, NULL, &client), 0);
        for (struct patience p = patience_begin(); !names_begun() && try_again(&p);)
            continue;
        names_let_go();
        expect_answer(client);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        place_close(&place);
    }
}

/* ---- Names that are not ---- */

static void what_cannot_be_resolved_is_told(void **state)
{
    static const struct {
        const char *host, *text;
        int code;
    } cases[] = {
        { "unknown", "cannot resolve the host \"unknown\"", HPRPC_EADDRESS },
        { "late", "cannot resolve the host \"late\"", HPRPC_EADDRESS },
        { "large", "no memory to resolve large", HPRPC_ESYSTEM },
        { "broken", "cannot resolve the host \"broken\"", HPRPC_ESYSTEM },
    };
    unsigned before = test_descriptors();

    (void)state;
    names_set(names);
    for (int pump = 0; pump < PUMPS; pump++) {
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct hprpc_client *client = NULL;
            struct hprpc_detail detail = { "" };
            int r = connect_by(pump, cases[i].host, 7788, 0, &detail, &client);

            if (r != cases[i].code || !strstr(detail.text, cases[i].text))
                fail_msg("%s: %s, %s", cases[i].host, hprpc_error_name(r), detail.text);
            assert_null(client);
        }
    }
    await_threads();
    assert_int_equal(test_descriptors(), before);
}

/* The deadline of connecting holds for the name as well, and the client's descriptors do not wait for it. */
static void a_name_has_until_the_deadline(void **state)
{
    unsigned before = test_descriptors();

    (void)state;
    names_set(names);
    for (int pump = 0; pump < PUMPS; pump++) {
        struct hprpc_client *client = NULL;
        struct hprpc_detail detail = { "" };

        assert_int_equal(connect_by(pump, "slow", 7788, 20, &detail, &client), HPRPC_EDEADLINE);
        assert_non_null(strstr(detail.text, "the host \"slow\" is still being looked up"));
        assert_null(client);
    }
    assert_int_equal(test_descriptors(), before);
    await_threads();
}

/* ---- Given up ---- */

/* The memory of a client is given back to its context at once, and the context may go. */
static void a_client_does_not_wait_for_its_name(void **state)
{
    enum { TIMES = 8 };
    unsigned before = test_descriptors();

    (void)state;
    names_set(names);
    for (int i = 0; i < TIMES * PUMPS; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct test_memory memory;
        struct hprpc_client *client;

        test_memory_init(&memory);
        options.pump = (enum hprpc_pump)(i % PUMPS);
        assert_int_equal(hprpc_client_open(memory.context, "tcp://slow:7788", &options, NULL, &client), 0);
        if (i % 2)
            hprpc_client_close(client);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        test_memory_free(&memory);
    }
    assert_int_equal(test_descriptors(), before);
    await_threads();
}

/* A thread that sleeps on the channel sees its end. */
static void closing_wakes_a_sleeper(void **state)
{
    struct hprpc_channel *channel = NULL;
    struct hprpc_header header = test_request(1);
    struct hprpc_detail detail;
    pthread_t thread;
    void *result;

    (void)state;
    names_set(names);
    assert_int_equal(try_connect("tcp://slow:7788", &detail, &channel), 0);
    assert_int_equal(test_send(channel, &header, 1), HPRPC_EAGAIN);
    assert_int_equal(pthread_create(&thread, NULL, sleep_until_broken, channel), 0);
    channel->ops->close(channel);
    pthread_join(thread, &result);
    assert_int_equal((intptr_t)result, HPRPC_ECLOSED);
    channel->ops->free(channel);
    await_threads();
}

/* The number of a descriptor that was given back may be another timer's by the time the name is known. */
static void a_result_that_comes_late_rings_no_stranger(void **state)
{
    struct hprpc_channel *channel = NULL;
    struct hprpc_detail detail;
    unsigned threads = count_threads();
    int timers[8];

    (void)state;
    names_set(names);
    assert_int_equal(try_connect("tcp://slow:7788", &detail, &channel), 0);
    channel->ops->free(channel);
    for (int i = 0; i < 8; i++)
        timers[i] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    await_threads_entirely(threads);
    for (int i = 0; i < 8; i++) {
        struct pollfd timer = { .fd = timers[i], .events = POLLIN };

        assert_int_equal(poll(&timer, 1, 0), 0);
        close(timers[i]);
    }
}

/* Results come while clients leave: neither waits for the other. */
static void leaving_meets_the_result(void **state)
{
    struct place place;

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct hprpc_channel *channel = NULL;
        struct hprpc_message message;
        struct hprpc_detail detail;

        names_set(names);
        assert_int_equal(try_connect("tcp://slow:1", &detail, &channel), 0);
        for (struct patience p = patience_begin(); i % 2 && !names_begun() && try_again(&p);)
            continue;
        names_let_go();
        if (i % 3 == 0)
            channel->ops->receive(channel, &message);
        channel->ops->free(channel);
        await_threads();
    }
    place_open(&place);
    place_close(&place);
}

/* A child that is forked meanwhile has none of the lookup's thread, and its parent goes on. */
static void a_fork_leaves_the_name_to_the_parent(void **state)
{
    struct hprpc_client *client;
    struct place place;
    int status = 0;
    char uri[96];
    pid_t child;

    (void)state;
    place_open(&place);
    uri_of("slow", place.port, uri);
    assert_int_equal(hprpc_client_open(NULL, uri, NULL, NULL, &client), 0);
    child = fork();
    if (child == 0) {
        int r = hprpc_client_state(client) == HPRPC_CLIENT_CLOSED ? 0 : 1;

        hprpc_client_close(client);
        hprpc_client_free(client);
        _exit(r);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    names_let_go();
    expect_answer(client);
    hprpc_client_free(client);
    place_close(&place);
}

/* ---- Several addresses ---- */

enum { FILLERS = 4 };

/* Makes a place that leaves connections on their way: a listener whose queue is full. Returns its descriptor. */
static int dig(uint32_t host, unsigned port, int fillers[FILLERS])
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(host) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)port);
    assert_false(bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 0));
    for (int i = 0; i < FILLERS; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&address, sizeof(address));
    }
    return fd;
}

static void a_silent_address_gives_way(void **state)
{
    struct place place;

    (void)state;
    place_open(&place);
    for (int pump = 0; pump < PUMPS; pump++) {
        int fillers[FILLERS], fd = dig(INADDR_LOOPBACK + 1, place.port, fillers);
        struct hprpc_client *client;
        struct hprpc_detail detail;

        if (connect_by(pump, "second", place.port, 0, &detail, &client))
            fail_msg("%s", detail.text);
        expect_answer(client);
        hprpc_client_free(client);
        for (int i = 0; i < FILLERS; i++)
            close(fillers[i]);
        close(fd);
    }
    place_close(&place);
}

/* Where all fail, each is named, as far as a sentence holds. */
static void all_that_failed_is_told(void **state)
{
    struct hprpc_client *client = NULL;
    struct hprpc_detail detail;
    char uri[64], expected[160];
    unsigned port;

    (void)state;
    names_set(names);
    closed_port(uri, sizeof(uri));
    port = (unsigned)atoi(strrchr(uri, ':') + 1);
    for (int pump = 0; pump < PUMPS; pump++) {
        assert_int_equal(connect_by(pump, "two", port, 0, &detail, &client), HPRPC_EREFUSED);
        snprintf(expected, sizeof(expected),
                 "nobody listens at 127.0.0.2:%u (Connection refused); 127.0.0.3:%u: Connection refused", port, port);
        if (!strstr(detail.text, expected))
            fail_msg("%s", detail.text);
        assert_int_equal(connect_by(pump, "many", port, 0, &detail, &client), HPRPC_EREFUSED);
        if (!strstr(detail.text, "; ..."))
            fail_msg("%s", detail.text);
    }
    assert_null(client);
}

/* After the deadline, the addresses that are silent are named, and those that have failed. */
static void what_was_tried_is_told_at_the_deadline(void **state)
{
    int fillers[FILLERS], fd;
    char uri[64], expected[160];
    unsigned port;

    (void)state;
    names_set(names);
    closed_port(uri, sizeof(uri));
    port = (unsigned)atoi(strrchr(uri, ':') + 1);
    fd = dig(INADDR_LOOPBACK + 1, port, fillers);
    snprintf(expected, sizeof(expected), "no answer from 127.0.0.2:%u; 127.0.0.1:%u: Connection refused", port, port);
    for (int pump = 0; pump < PUMPS; pump++) {
        struct hprpc_client *client = NULL;
        struct hprpc_detail detail = { "" };

        assert_int_equal(connect_by(pump, "second", port, 200, &detail, &client), HPRPC_EDEADLINE);
        if (!strstr(detail.text, expected))
            fail_msg("%s", detail.text);
        assert_null(client);
    }
    for (int i = 0; i < FILLERS; i++)
        close(fillers[i]);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_name_connects),
        fixture_test(a_loop_goes_on_meanwhile),
        fixture_test(a_waiting_thread_is_woken),
        fixture_test(what_cannot_be_resolved_is_told),
        fixture_test(a_name_has_until_the_deadline),
        fixture_test(a_client_does_not_wait_for_its_name),
        fixture_test(closing_wakes_a_sleeper),
        fixture_test(a_result_that_comes_late_rings_no_stranger),
        fixture_test(leaving_meets_the_result),
        fixture_test(a_fork_leaves_the_name_to_the_parent),
        fixture_test(a_silent_address_gives_way),
        fixture_test(all_that_failed_is_told),
        fixture_test(what_was_tried_is_told_at_the_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
