/* SPDX-License-Identifier: MIT */
/*
 * Deaths amid streams: a process is killed at each step of one, the client's or the server's. The other side ends each stream
 * with a code, and nothing of the dead process is left.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/hall.h"

static void die(void)
{
    kill(getpid(), SIGKILL);
}

static int say(const char *line)
{
    printf("%s\n", line);
    fflush(stdout);
    return 0;
}

/* ---- Clients that die ---- */

enum client_step {
    BEHIND_START,   /* of a stream down, of which nothing was read */
    BEHIND_READ,    /* of one element, with others on their way */
    BEHIND_VERDICT, /* which came, with elements that were not read */
    BEHIND_SENT,    /* of one element */
    BEHIND_LARGE,   /* of an element in pieces */
    BEHIND_END,     /* that was said, with the answer on its way */
    FULL_WINDOW,
    CLIENT_STEPS
};

/* Sends until there is no window, or one element. */
static void send_and_die(const struct conform_stream_proxy *stream, enum client_step step)
{
    uint32_t size = step == BEHIND_LARGE ? 3000000 : 50000;
    struct hprpc_call call = HPRPC_CALL_INIT;
    uint8_t *data = stream_part(size, 0);
    int r;

    call.flags = step == FULL_WINDOW ? HPRPC_CALL_NO_WAIT : 0;
    r = step == FULL_WINDOW ? conform_stream_hold_start(stream, &call)
                            : conform_stream_upload_start(stream, &call, 100);
    while (r == 0 && step == FULL_WINDOW)
        r = conform_stream_hold_send(&call, suite_bytes(data, size));
    if (r == 0)
        r = conform_stream_upload_send(&call, suite_bytes(data, size));
    if (step == BEHIND_END)
        hprpc_call_end(&call);
    if (r == 0 || r == HPRPC_EBUSY)
        die();
}

static void read_and_die(const struct conform_stream_proxy *stream, enum client_step step)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct conform_sample sample;
    int64_t number;

    if (step == BEHIND_VERDICT) {
        if (conform_stream_watch_start(stream, &call, 10, true) == 0 &&
            conform_stream_watch_next(&call, &sample) == 1 &&
            hprpc_pending_call_wait(call.pending, STREAM_TIMEOUT_MS) == 0)
            die();
    } else if (conform_stream_endless_start(stream, &call) == 0 &&
               (step == BEHIND_START || conform_stream_endless_next(&call, &number) == 1)) {
        die();
    }
}

int stream_dying_clients_main(struct hprpc_context *context, const char *argument)
{
    int round = atoi(argument);

    for (int step = 0; step < CLIENT_STEPS; step++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct conform_stream_proxy stream;
        struct hprpc_client *client;
        int status;
        pid_t pid = fork();

        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            options.pump = suite_pumps[(step + round) % 3];
            if (hprpc_client_connect(context, strchr(argument, ' ') + 1, &options, NULL, &client) == 0 &&
                conform_stream_bind(client, NULL, &stream) == 0)
                (step < BEHIND_SENT ? read_and_die : send_and_die)(&stream, (enum client_step)step);
            _exit(1);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status)) {
            printf("the client of step %d did not die as it should\n", step);
            return 1;
        }
    }
    return say("all are dead");
}

static void clients_die_at_any_step(void **state)
{
    (void)state;
    if (!transport->processes)
        skip();
    for (int way = 0; way < STREAM_WAYS; way++) {
        struct patience patience = patience_begin();
        struct process dying;
        struct hall hall;
        char argument[300], line[80];
        int before;

        hall_open(&hall, (enum stream_way)way, NULL, NULL);
        hall_watch(&hall, 10);
        before = suite_descriptors();
        snprintf(argument, sizeof(argument), "%d %s", way, hall.room.uri);
        process_start(&dying, "stream-and-die", argument, line, sizeof(line));
        assert_string_equal(line, "all are dead");
        process_wait(&dying);
        streams_clear(&hall.streams);
        while (suite_descriptors() != before && try_again(&patience))
            continue;
        hall_watch(&hall, 10);
        hall_close(&hall);
    }
}

/* ---- Servers that die ---- */

enum server_step {
    BEFORE_ELEMENT,
    BEHIND_ELEMENT,
    BEHIND_PIECES, /* of a large element */
    BEHIND_HALF,   /* it has said that no more come */
    BEFORE_TAKING, /* with a window that fills up */
    BEHIND_TAKING,
    SERVER_STEPS
};

struct mortal {
    enum server_step step;
    uint8_t *data;
};

/* Runs on a worker, so that what it has sent is on its way when it dies. */
static int read_until_death(void *self, struct hprpc_request *request, uint32_t count, uint32_t size)
{
    struct mortal *mortal = self;

    (void)count;
    if (mortal->step != BEFORE_ELEMENT)
        conform_stream_read_send(request, suite_bytes(mortal->data, mortal->step == BEHIND_PIECES ? 3000000 : size));
    if (mortal->step == BEHIND_HALF)
        hprpc_request_end(request);
    die();
    return 0;
}

static int upload_until_death(void *self, struct hprpc_request *request, uint32_t most)
{
    struct mortal *mortal = self;
    struct kodosis_bytes part;

    (void)most;
    if (mortal->step == BEHIND_TAKING)
        conform_stream_upload_next(request, &part);
    die();
    return 0;
}

int stream_dying_server_main(struct hprpc_context *context, const char *argument)
{
    static const struct conform_stream_service service = { .read = read_until_death, .upload = upload_until_death };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct mortal mortal = { .step = (enum server_step)atoi(argument), .data = stream_part(3000000, 0) };
    struct hprpc_server *server;
    char address[256];

    options.workers = 2;
    if (hprpc_server_new(context, &options, &server) < 0 || conform_stream_add(server, &service, &mortal) < 0 ||
        hprpc_server_listen(server, strchr(argument, ' ') + 1, NULL) < 0 ||
        hprpc_server_address(server, 0, address, sizeof(address)) < 0)
        return 1;
    say(address);
    return hprpc_server_run(server) < 0;
}

/* Goes on with the stream until it ends. Returns the code. */
static int go_on_until_death(const struct conform_stream_proxy *stream, struct hprpc_call *call, enum server_step step)
{
    uint8_t *data = stream_part(50000, 0);
    struct kodosis_bytes part;
    int r;

    if (step < BEFORE_TAKING) {
        expect_code(call, conform_stream_read_start(stream, call, 2, 100), 0);
        while ((r = conform_stream_read_next(call, &part)) == 1)
            continue;
        if (r == 0) /* the server's half was over, the answer is missing */
            r = conform_stream_read_finish(call);
    } else {
        expect_code(call, conform_stream_upload_start(stream, call, 100), 0);
        while ((r = conform_stream_upload_send(call, suite_bytes(data, 50000))) == 0)
            continue;
    }
    free(data);
    return r;
}

static void server_dies_at(enum server_step step, enum hprpc_pump pump)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call call = stream_call();
    struct conform_stream_proxy stream;
    struct hprpc_client *client;
    struct process dying;
    struct room room;
    char argument[300];

    room_open(&room);
    snprintf(argument, sizeof(argument), "%d ", (int)step);
    suite_uri(transport, "", argument + strlen(argument), sizeof(argument) - strlen(argument));
    process_start(&dying, "serve-streams-and-die", argument, dying.uri, sizeof(dying.uri));
    strcpy(room.uri, dying.uri);
    options.pump = pump;
    assert_int_equal(hprpc_client_connect(room.context, room.uri, &options, NULL, &client), 0);
    assert_int_equal(conform_stream_bind(client, NULL, &stream), 0);
    expect_code(&call, go_on_until_death(&stream, &call, step), HPRPC_EPEERDIED);
    assert_true(hprpc_pending_call_done(call.pending));
    assert_true(call.detail && call.detail[0]);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    process_wait(&dying);
    process_sweep(&dying);
    room_close(&room);
}

static void servers_die_at_any_step(void **state)
{
    (void)state;
    if (!transport->processes)
        skip();
    for (int step = 0; step < SERVER_STEPS; step++)
        for (int pump = 0; pump < 3; pump++)
            server_dies_at((enum server_step)step, suite_pumps[pump]);
}

static const struct CMUnitTest tests[] = {
    fixture_test(clients_die_at_any_step),
    fixture_test(servers_die_at_any_step),
};

const struct chapter stream_death_chapter = { "stream-death", tests, sizeof(tests) / sizeof(tests[0]) };
