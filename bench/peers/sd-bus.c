/* SPDX-License-Identifier: MIT */
/*
 * D-Bus through systemd's sd-bus as a subject: two peers on one socket, without a daemon, and, as a second subject, through a
 * dbus-daemon of their own. Numbers are arrays of D-Bus's int32.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>

#include "bench/peers/plain.h"

static const char *const bus_name = "bench.Paper";
static const char *const object = "/paper";
static const char *const interface = "bench.Paper";

static struct paper_values values;

static bool through_daemon(const struct bench_session *session)
{
    return strstr(session->subject->name, "daemon") != NULL;
}

static void demand(struct bench_session *session, int result, const char *what)
{
    if (result < 0)
        bench_fail(session, "sd-bus: %s: %s", what, strerror(-result));
}

/* ---- Server ---- */

static int say_hello(sd_bus_message *request, void *self, sd_bus_error *error)
{
    const char *name;
    char text[64];
    int result = sd_bus_message_read_basic(request, 's', &name);

    (void)self;
    (void)error;
    if (result < 0)
        return result;
    snprintf(text, sizeof(text), "Hello %s", name);
    return sd_bus_reply_method_return(request, "s", text);
}

static int average(sd_bus_message *request, void *self, sd_bus_error *error)
{
    const void *numbers;
    size_t size;
    int result = sd_bus_message_read_array(request, 'i', &numbers, &size);

    (void)self;
    (void)error;
    return result < 0 ? result
                      : sd_bus_reply_method_return(request, "d", paper_average(numbers, size / sizeof(int32_t)));
}

/* Begins a reply with an array. `ret_numbers` points to the room for its numbers. */
static int begin_array(sd_bus_message *request, uint32_t count, sd_bus_message **ret_reply, int32_t **ret_numbers)
{
    void *room;
    int result = sd_bus_message_new_method_return(request, ret_reply);

    if (result >= 0)
        result = sd_bus_message_append_array_space(*ret_reply, 'i', count * sizeof(int32_t), &room);
    if (result >= 0)
        *ret_numbers = room;
    return result;
}

static int get_rand_nums(sd_bus_message *request, void *self, sd_bus_error *error)
{
    sd_bus_message *reply = NULL;
    int32_t *numbers;
    int32_t count;
    int result = sd_bus_message_read_basic(request, 'i', &count);

    (void)self;
    (void)error;
    if (result >= 0)
        result = begin_array(request, (uint32_t)count, &reply, &numbers);
    if (result >= 0) {
        memcpy(numbers, paper_values_random(&values, count), (size_t)count * sizeof(*numbers));
        result = sd_bus_send(NULL, reply, NULL);
    }
    sd_bus_message_unref(reply);
    return result;
}

static int send_rcv_large_data(sd_bus_message *request, void *self, sd_bus_error *error)
{
    sd_bus_message *reply = NULL;
    const int32_t *members;
    const void *array;
    int32_t *results;
    size_t size;
    int result = sd_bus_message_read_array(request, 'i', &array, &size);

    (void)self;
    (void)error;
    if (result >= 0)
        result = begin_array(request, (uint32_t)(size / sizeof(int32_t)), &reply, &results);
    if (result >= 0) {
        members = array;
        for (size_t i = 0; i < size / sizeof(int32_t); i++)
            results[i] = members[i] + 1;
        result = sd_bus_send(NULL, reply, NULL);
    }
    sd_bus_message_unref(reply);
    return result;
}

static const sd_bus_vtable methods[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("SayHello", "s", "s", say_hello, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Average", "ai", "d", average, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("GetRandNums", "i", "ai", get_rand_nums, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("SendRcvLargeData", "ai", "ai", send_rcv_large_data, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

/* Starts a dbus-daemon, which dies with this process, and waits until it has printed its address. */
static void start_daemon(struct bench_session *session, char *ret_address, size_t capacity)
{
    char out[32], listens[96];
    ssize_t size;
    int ends[2];

    if (pipe(ends) != 0)
        bench_fail(session, "no pipe");
    snprintf(out, sizeof(out), "--print-address=%d", ends[1]);
    snprintf(listens, sizeof(listens), "--address=unix:abstract=hprpc-bench-dbus-%d", (int)getpid());
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!freopen("/dev/null", "w", stderr)) /* it prints an error if it may not raise its limit of descriptors */
            _exit(1);
        execlp("dbus-daemon", "dbus-daemon", "--session", "--nofork", "--nosyslog", out, listens, NULL);
        bench_fail(session, "there is no dbus-daemon");
    }
    close(ends[1]);
    size = read(ends[0], ret_address, capacity - 1);
    if (size <= 0)
        bench_fail(session, "dbus-daemon did not start");
    ret_address[size] = '\0';
    ret_address[strcspn(ret_address, "\n")] = '\0';
    close(ends[0]);
}

/* Starts a daemon, or listens on a socket of our own. Returns the bus that serves there. */
static sd_bus *serve_daemon(struct bench_session *session)
{
    char address[256];
    sd_bus *bus;

    start_daemon(session, address, sizeof(address));
    demand(session, sd_bus_new(&bus), "new");
    demand(session, sd_bus_set_address(bus, address), "address");
    demand(session, sd_bus_set_bus_client(bus, true), "client");
    demand(session, sd_bus_start(bus), "start");
    demand(session, sd_bus_request_name(bus, bus_name, 0), "name");
    demand(session, sd_bus_add_object_vtable(bus, NULL, object, interface, methods, NULL), "methods");
    bench_ready(session, address);
    return bus;
}

static sd_bus *serve_peer(struct bench_session *session)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char text[128];
    sd_id128_t id;
    sd_bus *bus;
    int size = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "hprpc-bench-bus-%d", (int)getpid());
    int fd;

    if (bind(listener, (struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size)) != 0 ||
        listen(listener, 8) != 0)
        bench_fail(session, "cannot listen");
    snprintf(text, sizeof(text), "unix:abstract=%s", address.sun_path + 1);
    bench_ready(session, text);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    demand(session, fd, "accept");
    demand(session, sd_id128_randomize(&id), "id");
    demand(session, sd_bus_new(&bus), "new");
    demand(session, sd_bus_set_fd(bus, fd, fd), "socket");
    demand(session, sd_bus_set_server(bus, true, id), "server");
    demand(session, sd_bus_add_object_vtable(bus, NULL, object, interface, methods, NULL), "methods");
    demand(session, sd_bus_start(bus), "start");
    return bus;
}

static void serve(struct bench_session *session)
{
    sd_bus *bus;

    paper_values_make(&values, 1 << 16);
    bus = through_daemon(session) ? serve_daemon(session) : serve_peer(session);
    for (;;) {
        int result = sd_bus_process(bus, NULL);

        if (result == 0)
            result = sd_bus_wait(bus, UINT64_MAX);
        if (result < 0)
            return; /* the client is gone */
    }
}

/* ---- Client ---- */

/* A call in flight. */
struct slot {
    struct client *client;
    uint64_t call, begun;
};

struct client {
    struct bench_session *session;
    sd_bus *bus;
    const char *destination; /* NULL without a daemon */
    struct bench_run *run;
    uint64_t call;
    uint32_t open; /* calls in flight */
    struct slot *slots;
    int32_t *members;
};

static void *start(struct bench_session *session)
{
    struct client *client = calloc(1, sizeof(*client));

    client->session = session;
    if (!plain_offers(&session->workload))
        bench_fail(session, "sd-bus does not offer this operation here");
    demand(session, sd_bus_new(&client->bus), "new");
    demand(session, sd_bus_set_address(client->bus, session->shared->address), "address");
    if (through_daemon(session)) {
        demand(session, sd_bus_set_bus_client(client->bus, true), "client");
        client->destination = bus_name;
    }
    demand(session, sd_bus_start(client->bus), "start");
    client->slots = calloc(session->workload.depth, sizeof(*client->slots));
    client->members = calloc(session->workload.size + 1, sizeof(*client->members));
    paper_values_make(&values, session->workload.size);
    return client;
}

static sd_bus_message *make_request(struct client *client, uint64_t call)
{
    const struct bench_workload *workload = &client->session->workload;
    sd_bus_message *request;
    int result = sd_bus_message_new_method_call(client->bus, &request, client->destination, object, interface,
                                                bench_operation_name(workload->operation));

    demand(client->session, result, "request");
    if (workload->operation == BENCH_SAY_HELLO) {
        result = sd_bus_message_append_basic(request, 's', plain_name);
    } else if (workload->operation == BENCH_GET_RAND_NUMS) {
        result = sd_bus_message_append_basic(request, 'i', &(int32_t){ (int32_t)workload->size });
    } else if (workload->operation == BENCH_AVERAGE) {
        result = sd_bus_message_append_array(request, 'i', paper_values_list(&values, call),
                                             workload->size * sizeof(int32_t));
    } else {
        for (uint32_t i = 0; i < workload->size; i++)
            client->members[i] = paper_member(call, i);
        result = sd_bus_message_append_array(request, 'i', client->members, workload->size * sizeof(int32_t));
    }
    demand(client->session, result, "arguments");
    return request;
}

static void check_reply(struct client *client, uint64_t call, sd_bus_message *reply)
{
    const struct bench_workload *workload = &client->session->workload;
    const void *data = NULL;
    size_t size = sizeof(double);
    const char *text;
    double mean;
    int result;

    if (sd_bus_message_is_method_error(reply, NULL))
        bench_fail(client->session, "sd-bus: %s", sd_bus_message_get_error(reply)->message);
    if (workload->operation == BENCH_SAY_HELLO) {
        result = sd_bus_message_read_basic(reply, 's', &text);
        data = text;
        size = result >= 0 ? strlen(text) : 0;
    } else if (workload->operation == BENCH_AVERAGE) {
        result = sd_bus_message_read_basic(reply, 'd', &mean);
        data = &mean;
    } else {
        result = sd_bus_message_read_array(reply, 'i', &data, &size);
    }
    demand(client->session, result, "reply");
    if (!plain_right(workload, &values, call, data, size))
        bench_fail(client->session, "a reply differs from what was expected");
}

static void run_single(struct client *client, struct bench_run *run)
{
    while (bench_run_more(run)) {
        uint64_t begun = bench_run_begin(run);
        sd_bus_message *request = make_request(client, client->call);
        sd_bus_message *reply = NULL;

        demand(client->session, sd_bus_call(client->bus, request, UINT64_MAX, NULL, &reply), "call");
        check_reply(client, client->call++, reply);
        sd_bus_message_unref(request);
        sd_bus_message_unref(reply);
        bench_run_end(run, begun);
    }
}

static void launch(struct slot *slot);

static int completed(sd_bus_message *reply, void *self, sd_bus_error *error)
{
    struct slot *slot = self;

    (void)error;
    check_reply(slot->client, slot->call, reply);
    slot->client->open--;
    bench_run_end(slot->client->run, slot->begun);
    if (bench_run_more(slot->client->run))
        launch(slot);
    return 0;
}

static void launch(struct slot *slot)
{
    struct client *client = slot->client;
    sd_bus_message *request;

    slot->call = client->call++;
    slot->begun = bench_ticks();
    request = make_request(client, slot->call);
    demand(client->session, sd_bus_call_async(client->bus, NULL, request, completed, slot, UINT64_MAX), "call");
    sd_bus_message_unref(request);
    client->open++;
}

static void run_many(struct client *client, struct bench_run *run)
{
    client->run = run;
    for (uint32_t i = 0; i < client->session->workload.depth; i++) {
        client->slots[i].client = client;
        launch(&client->slots[i]);
    }
    while (client->open) {
        int result = sd_bus_process(client->bus, NULL);

        if (result == 0)
            result = sd_bus_wait(client->bus, UINT64_MAX);
        demand(client->session, result, "replies");
    }
}

static void run(void *self, struct bench_run *run)
{
    struct client *client = self;

    if (client->session->workload.depth == 1)
        run_single(client, run);
    else
        run_many(client, run);
}

int main(int argc, char **argv)
{
    static const struct bench_subject_ops ops = { .serve = serve, .open = start, .run = run };
    static const struct bench_subject subject = { "sd-bus", &ops, NULL };

    return bench_peer_main(argc, argv, &subject);
}
