/* SPDX-License-Identifier: MIT */
/* The table of transports, the room of a test, and the suite's helpers. */
#include "conformance/suite.h"

#include <dirent.h>
#include <poll.h>
#include <unistd.h>

const struct transport transports[] = {
    { "fake", "fake", "fake://%s", false, false, NULL, 0, NULL },
    { "tcp", "tcp", "tcp://127.0.0.1:0", true, false, NULL, 0, NULL },
    { "tcp-name", "tcp", "tcp://localhost:0", true, false, NULL, 0, NULL },
    { "tcp-uring", "tcp", "tcp://127.0.0.1:0", true, false, &variant_uring, 1, variant_uring_obstacle },
    { "tcp-buffers", "tcp", "tcp://127.0.0.1:0", true, false, &variant_uring, 1, variant_uring_obstacle },
    { "unix", "unix", "unix://%s", true, true, NULL, 0, NULL },
    { "unix-uring", "unix", "unix://%s", true, true, &variant_unix_uring, 1, variant_uring_obstacle },
    { "unix-users", "unix", "unix://%s", true, true, &variant_unix_users, 0, variant_users_obstacle },
    { "pipe", "pipe", "pipe://%s", true, true, NULL, 0, NULL },
    { "shm", "shm", "shm://%s", true, true, NULL, 0, NULL },
    { "shm-sealed", "shm", "shm://%s", true, true, &variant_sealed, 0, NULL },
    { "shm-users", "shm", "shm://%s", true, true, &variant_users, 0, variant_users_obstacle },
    { "local", "local", "local://%s", false, false, NULL, 0, NULL },
};

const size_t transport_count = sizeof(transports) / sizeof(transports[0]);

_Static_assert(sizeof(transports) / sizeof(transports[0]) <= TRANSPORTS_MAX, "tests have an element for each");

const struct transport *transport;

const struct hprpc_transport *suite_transports[] = { &fake_transport, NULL, NULL };

/* ---- What there is before and after ---- */

int suite_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static atomic_uint names; /* how many were given out */

static void own_prefix(char *ret_prefix, size_t capacity)
{
    snprintf(ret_prefix, capacity, "conform-%d-", (int)getpid());
}

/* Visits this process's names from number `first` on, in a directory and those right below it. */
static void each_name_in(const char *path, unsigned first, int levels, void (*visit)(const char *path))
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    char prefix[32], below[512];

    own_prefix(prefix, sizeof(prefix));
    while (directory && (entry = readdir(directory))) {
        snprintf(below, sizeof(below), "%s/%.200s", path, entry->d_name);
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
            strtoul(entry->d_name + strlen(prefix), NULL, 10) >= first)
            visit(below);
        if (levels && entry->d_type == DT_DIR && entry->d_name[0] != '.')
            each_name_in(below, first, levels - 1, visit);
    }
    if (directory)
        closedir(directory);
}

static void each_name(unsigned first, void (*visit)(const char *path))
{
    char path[64];

    each_name_in("/dev/shm", first, 1, visit);
    snprintf(path, sizeof(path), "/run/user/%u", (unsigned)getuid());
    each_name_in(path, first, 1, visit);
}

static void refuse_name(const char *path)
{
    fail_msg("%s was left behind", path);
}

static void remove_name(const char *path)
{
    unlink(path);
}

void suite_expect_no_names(unsigned first)
{
    each_name(first, refuse_name);
}

void suite_sweep(void)
{
    each_name(0, remove_name);
}

void suite_uri(const struct transport *of, const char *query, char *ret_uri, size_t capacity)
{
    char prefix[32], name[48], uri[128];

    own_prefix(prefix, sizeof(prefix));
    snprintf(name, sizeof(name), "%s%u", prefix, atomic_fetch_add(&names, 1));
    snprintf(uri, sizeof(uri), of->listen, name);
    snprintf(ret_uri, capacity, "%s%s", uri, query);
}

uint8_t *suite_data(size_t size, unsigned seed)
{
    uint8_t *data = malloc(size + 1);

    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i + seed + (i >> 8) * 31 + (i >> 16) * 7);
    return data;
}

/* ---- Waiting and pumping ---- */

void suite_await(atomic_uint *counter, unsigned value)
{
    struct patience patience = patience_begin();

    while (atomic_load(counter) < value && is_patient(&patience))
        continue;
    assert_true(atomic_load(counter) >= value);
}

void suite_await_state(struct hprpc_client *client, enum hprpc_client_state state)
{
    struct patience patience = patience_begin();

    while (hprpc_client_state(client) != state && try_again(&patience)) {
        if (hprpc_client_descriptor(client) >= 0)
            hprpc_client_process(client);
    }
}

const enum hprpc_pump suite_pumps[3] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };

int suite_drive(struct hprpc_client *client, const struct hprpc_pending_call *pending)
{
    struct pollfd poll_fd = { hprpc_client_descriptor(client), POLLIN, 0 };
    int r = 0;

    while (!hprpc_pending_call_done(pending)) {
        assert_true(poll(&poll_fd, 1, hprpc_client_timeout(client)) >= 0);
        r = hprpc_client_process(client);
    }
    return r;
}

/* ---- The diary ---- */

static void write_down(void *self, enum hprpc_client_state state, int code, const char *reason)
{
    struct diary *diary = self;
    unsigned at = atomic_load(&diary->count);

    if (at == 8)
        return;
    diary->entries[at].state = state;
    diary->entries[at].code = code;
    snprintf(diary->entries[at].reason, sizeof(diary->entries[at].reason), "%s", reason);
    atomic_store(&diary->count, at + 1);
}

void diary_open(struct diary *diary, struct hprpc_client_options *options)
{
    memset(diary, 0, sizeof(*diary));
    options->changed = write_down;
    options->changed_self = diary;
}

void diary_check(struct diary *diary, enum hprpc_client_state state, int code)
{
    assert_int_equal(atomic_load(&diary->count), 3);
    assert_int_equal(diary->entries[0].state, HPRPC_CLIENT_CONNECTING);
    assert_int_equal(diary->entries[1].state, HPRPC_CLIENT_READY);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(diary->entries[i].code, 0);
        assert_string_equal(diary->entries[i].reason, "");
    }
    assert_int_equal(diary->entries[2].state, state);
    assert_int_equal(diary->entries[2].code, code);
    assert_true(diary->entries[2].reason[0]);
}

/* ---- The room ---- */

void (*suite_log)(void *self, enum hprpc_log_level level, const char *text);
void *suite_log_self;

void room_open(struct room *room)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;

    memset(room, 0, sizeof(*room));
    room->descriptors = suite_descriptors();
    room->first_name = atomic_load(&names);
    memory_init(&room->memory);
    options.allocator = memory_allocator(&room->memory);
    options.transports = suite_transports;
    options.log = suite_log;
    options.log_self = suite_log_self;
    assert_int_equal(hprpc_context_new(&options, &room->context), 0);
}

static void *serve(void *argument)
{
    return (void *)(intptr_t)hprpc_server_run(argument);
}

void room_prepare(struct room *room, const struct hprpc_server_options *options)
{
    struct hprpc_server_options few = HPRPC_SERVER_OPTIONS_INIT;

    room_open(room);
    probe_init(&room->probe);
    if (strcmp(transport->name, "tcp-buffers") == 0) {
        if (options)
            few = *options;
        few.ring_buffers = 2;
        options = &few;
    }
    assert_int_equal(hprpc_server_new(room->context, options, &room->server), 0);
    assert_int_equal(conform_probe_add(room->server, &probe_service, &room->probe), 0);
}

void room_run(struct room *room)
{
    assert_int_equal(pthread_create(&room->thread, NULL, serve, room->server), 0);
    room->runs = true;
}

void room_serve(struct room *room, const char *query, const struct hprpc_server_options *options)
{
    struct hprpc_detail detail = { "" };

    room_prepare(room, options);
    suite_uri(transport, query, room->uri, sizeof(room->uri));
    if (hprpc_server_listen(room->server, room->uri, &detail) < 0)
        fail_msg("listening at %s: %s", room->uri, detail.text);
    assert_int_equal(hprpc_server_address(room->server, 0, room->uri, sizeof(room->uri)), 0);
    room_run(room);
}

void room_serve_again(struct room *room, const struct hprpc_server_options *options)
{
    struct hprpc_detail detail = { "" };

    assert_int_equal(hprpc_server_new(room->context, options, &room->server), 0);
    assert_int_equal(conform_probe_add(room->server, &probe_service, &room->probe), 0);
    if (hprpc_server_listen(room->server, room->uri, &detail) < 0)
        fail_msg("listening again at %s: %s", room->uri, detail.text);
    room_run(room);
}

struct hprpc_client *room_connect(struct room *room, const char *query, const struct hprpc_client_options *options,
                                  struct conform_probe_proxy *ret_proxy)
{
    struct hprpc_client *client = NULL;
    struct hprpc_detail detail = { "" };
    char uri[300];

    snprintf(uri, sizeof(uri), "%s%s", room->uri, query);
    if (hprpc_client_connect(room->context, uri, options, &detail, &client) < 0)
        fail_msg("connecting to %s: %s", uri, detail.text);
    if (conform_probe_bind(client, &detail, ret_proxy) < 0)
        fail_msg("binding: %s", detail.text);
    return client;
}

struct hprpc_client *room_connect_pumped(struct room *room, enum hprpc_pump pump, struct conform_probe_proxy *ret_proxy)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;

    options.pump = pump;
    return room_connect(room, "", &options, ret_proxy);
}

void room_stop(struct room *room)
{
    void *result = NULL;

    if (room->runs) {
        hprpc_server_stop(room->server);
        assert_int_equal(pthread_join(room->thread, &result), 0);
        assert_int_equal((intptr_t)result, 0);
        room->runs = false;
    }
    hprpc_server_free(room->server);
    room->server = NULL;
}

void room_close(struct room *room)
{
    room_stop(room);
    probe_clear(&room->probe);
    hprpc_context_free(room->context);
    assert_int_equal(atomic_load(&room->probe.out_of_order), 0);
    assert_true(memory_is_empty(&room->memory));
    assert_int_equal(suite_descriptors(), room->descriptors);
    suite_expect_no_names(room->first_name);
}

bool suite_call_every_way(const struct conform_probe_proxy *proxy, int round)
{
    enum { POSTED = 8 };
    struct hprpc_call calls[POSTED], echo = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;
    uint8_t data[3000];
    size_t size = (size_t)round * 431 % sizeof(data);
    int32_t value;
    bool right = true;

    memset(data, round, sizeof(data));
    for (int i = 0; i < POSTED; i++) {
        calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
        right &= conform_probe_later_start(proxy, &calls[i], round + i, false) == 0;
    }
    right &= conform_probe_bounce(proxy, NULL, 3, &value) == 0 && value == 4;
    right &= conform_probe_echo(proxy, &echo, suite_bytes(data, size), &reply) == 0 && reply.size == size &&
             memcmp(reply.data, data, size) == 0;
    for (int i = POSTED - 1; i >= 0; i--) {
        right &= conform_probe_later_finish(&calls[i], &value) == 0 && value == round + i;
        hprpc_call_clear(&calls[i]);
    }
    hprpc_call_clear(&echo);
    return right;
}
