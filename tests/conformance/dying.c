/* SPDX-License-Identifier: MIT */
/*
 * Deaths at every kind of moment: a process is killed right after it sent something, in the middle of an opening, inside a
 * handler, while the other side sleeps, spins or is busy. No caller waits until its deadline, and nothing of the dead process
 * is left.
 */
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/suite.h"

enum { LIVES_MS = 25000 }; /* longer than any step takes, shorter than the time limit of the test */

static const char *const waits[] = { "?wait=block", "?wait=adaptive", "?wait=spin" };

static void die(void)
{
    kill(getpid(), SIGKILL);
}

static int say_done(const char *line)
{
    printf("%s\n", line);
    fflush(stdout);
    return 0;
}

/* ---- Clients that die ---- */

/* When a client dies. */
enum client_moment {
    OPENING,
    CONNECTED,
    BINDING,
    BEHIND_REQUEST,
    BEHIND_ONEWAY,
    BEHIND_CANCEL,
    BEHIND_GOODBYE,
    HANDLING
};

static const struct {
    enum client_moment moment;
    size_t size; /* of its last message: in a slot, in a chunk, in a large chunk, in pieces */
} ends_of_clients[] = {
    { OPENING, 0 },
    { CONNECTED, 0 },
    { BINDING, 0 },
    { BEHIND_REQUEST, 0 },
    { BEHIND_REQUEST, 20 },
    { BEHIND_REQUEST, 200 },
    { BEHIND_REQUEST, 5000 },
    { BEHIND_REQUEST, 70000 },
    { BEHIND_REQUEST, 600000 },
    { BEHIND_REQUEST, 3000000 },
    { BEHIND_ONEWAY, 20 },
    { BEHIND_ONEWAY, 5000 },
    { BEHIND_CANCEL, 20 },
    { BEHIND_GOODBYE, 0 },
    { HANDLING, 0 },
};

enum { CLIENTS = sizeof(ends_of_clients) / sizeof(ends_of_clients[0]) };

static int die_inside(void *self, struct hprpc_request *request, int32_t depth)
{
    (void)self;
    (void)request;
    (void)depth;
    die();
    return 0;
}

static const struct conform_probe_service deadly_service = { .bounce = die_inside };

/* Runs in a process of its own: connects, sends what the moment asks for, and dies. */
static void live_and_die(struct hprpc_context *context, const char *uri, enum hprpc_pump pump,
                         enum client_moment moment, size_t size)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    uint8_t *data = calloc(1, size + 1);
    int32_t count;

    options.pump = pump;
    if (moment == OPENING && hprpc_client_open(context, uri, &options, NULL, &client) == 0)
        die();
    if (hprpc_client_connect(context, uri, &options, NULL, &client) < 0)
        _exit(1);
    if (moment == CONNECTED || (moment == BINDING && conform_probe_bind_start(client, &call) == 0))
        die();
    if (conform_probe_bind(client, NULL, &proxy) < 0)
        _exit(2);
    if (moment == BEHIND_REQUEST || moment == BEHIND_CANCEL)
        conform_probe_echo_start(&proxy, &call, suite_bytes(data, size));
    if (moment == BEHIND_CANCEL)
        hprpc_pending_call_cancel(call.pending);
    if (moment == BEHIND_ONEWAY)
        conform_probe_note(&proxy, NULL, 0, suite_bytes(data, size));
    if (moment == BEHIND_GOODBYE)
        hprpc_client_close(client);
    if (moment == HANDLING &&
        (conform_probe_serve(hprpc_client_controller(client), &deadly_service, NULL) < 0 ||
         conform_probe_bounce_start(&proxy, &call, 1) < 0 || conform_probe_bounce_finish(&call, &count) == 0))
        _exit(3);
    die();
}

int dying_clients_main(struct hprpc_context *context, const char *argument)
{
    int round = atoi(argument);

    for (int i = 0; i < CLIENTS; i++) {
        int status;
        pid_t pid = fork();

        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            live_and_die(context, strchr(argument, ' ') + 1, suite_pumps[(i + round) % 3], ends_of_clients[i].moment,
                         ends_of_clients[i].size);
            _exit(4);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status)) {
            printf("client %d of %d did not die as it should\n", i, (int)CLIENTS);
            return 1;
        }
    }
    return say_done("all are dead");
}

static void clients_die_at_any_moment(void **state)
{
    (void)state;
    if (!transport->processes)
        skip();
    for (int i = 0; i < 6; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct patience patience = patience_begin();
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct process dying;
        struct room room;
        char argument[300], line[80];
        int before;

        options.workers = i / 3 ? 2 : 0;
        room_serve(&room, waits[i % 3], &options);
        room.uri[strcspn(room.uri, "?")] = '\0';
        client = room_connect(&room, "", NULL, &proxy);
        before = suite_descriptors();
        snprintf(argument, sizeof(argument), "%d %s", i / 3 + i, room.uri);
        process_start(&dying, "die", argument, line, sizeof(line));
        assert_string_equal(line, "all are dead");
        process_wait(&dying);
        while (suite_descriptors() != before && try_again(&patience))
            continue;
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        hprpc_client_free(client);
        /* Note counts the notes of many connections as if they came from one */
        atomic_store(&room.probe.out_of_order, 0);
        room_close(&room);
    }
}

/* ---- Servers that die ---- */

enum server_moment { INSIDE, BEHIND_CORKED, BEHIND_REPLY, BEHIND_STOP };

static const struct {
    enum server_moment moment;
    uint32_t size;
} ends_of_servers[] = {
    { INSIDE, 0 },          { BEHIND_CORKED, 20 },   { BEHIND_REPLY, 20 },      { BEHIND_REPLY, 200 },
    { BEHIND_REPLY, 5000 }, { BEHIND_REPLY, 70000 }, { BEHIND_REPLY, 3000000 }, { BEHIND_STOP, 0 },
};

enum { SERVERS = sizeof(ends_of_servers) / sizeof(ends_of_servers[0]) };

struct mortal {
    struct probe probe; /* first, so that a pointer to it is one to the whole */
    struct hprpc_server *server;
    enum server_moment moment;
    struct hprpc_request *request;
    uint32_t size;
};

static int reply_to(const struct mortal *mortal, struct hprpc_request *request)
{
    uint8_t *data = calloc(1, mortal->size + 1);
    int r = conform_probe_fill_reply(request, suite_bytes(data, mortal->size));

    free(data);
    return r;
}

static void *reply_and_die(void *argument)
{
    struct mortal *mortal = argument;

    reply_to(mortal, mortal->request);
    die();
    return NULL;
}

static int fill_and_die(void *self, struct hprpc_request *request, uint32_t size)
{
    struct mortal *mortal = self;
    pthread_t thread;
    int r = 0;

    mortal->size = size;
    mortal->request = request;
    if (mortal->moment == INSIDE)
        die();
    if (mortal->moment == BEHIND_STOP) {
        hprpc_server_stop(mortal->server);
        return reply_to(mortal, request);
    }
    if (mortal->moment == BEHIND_CORKED) {
        reply_to(mortal, request);
        die();
    }
    r = hprpc_request_defer(request);
    if (r == 0 && pthread_create(&thread, NULL, reply_and_die, mortal))
        die();
    return r;
}

int dying_server_main(struct hprpc_context *context, const char *argument)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct conform_probe_service service = probe_service;
    struct mortal mortal = { .moment = (enum server_moment)atoi(argument) };
    char address[256];

    service.fill = fill_and_die;
    options.stop_timeout_ms = 20;
    probe_init(&mortal.probe);
    if (hprpc_server_new(context, &options, &mortal.server) < 0 ||
        conform_probe_add(mortal.server, &service, &mortal) < 0 ||
        hprpc_server_listen(mortal.server, strchr(argument, ' ') + 1, NULL) < 0 ||
        hprpc_server_address(mortal.server, 0, address, sizeof(address)) < 0)
        return 1;
    say_done(address);
    if (hprpc_server_run(mortal.server) == 0)
        die();
    return 2;
}

/* Waits until the call is complete, in any pump mode. In loop mode, fails if the descriptor does not tell of the end. */
static void await(struct hprpc_client *client, enum hprpc_pump pump, const struct hprpc_pending_call *pending)
{
    struct patience patience = patience_begin();

    if (pump != HPRPC_PUMP_LOOP)
        return;
    while (!hprpc_pending_call_done(pending)) {
        struct pollfd poll_fd = { hprpc_client_descriptor(client), POLLIN, 0 };
        int timeout = hprpc_client_timeout(client);

        if (poll(&poll_fd, 1, timeout < 0 || timeout > LIVES_MS ? LIVES_MS : timeout) || timeout <= LIVES_MS)
            hprpc_client_process(client);
        else if (!is_patient(&patience))
            fail_msg("the descriptor did not tell of a death");
    }
}

static void server_dies_at(int end, enum hprpc_pump pump, const char *query)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call unanswered = HPRPC_CALL_INIT, last = HPRPC_CALL_INIT;
    struct conform_probe_proxy proxy;
    struct kodosis_bytes reply;
    struct hprpc_client *client;
    struct process dying;
    struct room room;
    char argument[300];
    int32_t value;
    int r;

    room_open(&room);
    snprintf(argument, sizeof(argument), "%d ", (int)ends_of_servers[end].moment);
    suite_uri(transport, "", argument + strlen(argument), sizeof(argument) - strlen(argument));
    process_start(&dying, "serve-and-die", argument, dying.uri, sizeof(dying.uri));
    strcpy(room.uri, dying.uri);
    options.pump = pump;
    client = room_connect(&room, query, &options, &proxy);
    unanswered.timeout_ms = last.timeout_ms = 4 * LIVES_MS;
    assert_int_equal(conform_probe_later_start(&proxy, &unanswered, 1, true), 0);
    assert_int_equal(conform_probe_fill_start(&proxy, &last, ends_of_servers[end].size), 0);
    await(client, pump, last.pending);
    r = conform_probe_fill_finish(&last, &reply);
    if (r != HPRPC_EPEERDIED && r != HPRPC_EMAYBE && (r != 0 || ends_of_servers[end].moment == INSIDE))
        fail_msg("at end %d: %s", end, hprpc_error_name(r));
    await(client, pump, unanswered.pending);
    r = conform_probe_later_finish(&unanswered, &value);
    if (r != HPRPC_EPEERDIED &&
        (ends_of_servers[end].moment != BEHIND_STOP || (r != HPRPC_EMAYBE && r != HPRPC_ECANCELLED)))
        fail_msg("at end %d: %s", end, hprpc_error_name(r));
    hprpc_call_clear(&last);
    hprpc_call_clear(&unanswered);
    hprpc_client_free(client);
    process_wait(&dying);
    process_sweep(&dying);
    room_close(&room);
}

static void servers_die_at_any_moment(void **state)
{
    (void)state;
    if (!transport->processes)
        skip();
    for (int end = 0; end < SERVERS; end++) {
        for (int pump = 0; pump < 3; pump++)
            server_dies_at(end, suite_pumps[pump], waits[(pump + end) % 3]);
    }
}

static const struct CMUnitTest tests[] = {
    fixture_test(clients_die_at_any_moment),
    fixture_test(servers_die_at_any_moment),
};

const struct chapter dying_chapter = { "dying", tests, sizeof(tests) / sizeof(tests[0]) };
