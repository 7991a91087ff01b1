/* SPDX-License-Identifier: MIT */
/* The calls of a play, and the codes that they may end with. */
#include "faults/play.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <time.h>

enum { LARGE = 300000 };

/* ---- The service ---- */

static int echo(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    return faults_target_echo_reply(request, data);
}

static int bounce(void *self, struct hprpc_request *request, int32_t depth)
{
    struct hprpc_client *client = hprpc_controller_client(hprpc_request_controller(request));
    struct faults_target_proxy other;
    int32_t count = 0;
    int r;

    (void)self;
    if (depth == 0)
        return faults_target_bounce_reply(request, 1);
    r = faults_target_bind(client, NULL, &other);
    if (r == 0)
        r = faults_target_bounce(&other, NULL, depth - 1, &count);
    return r < 0 ? r : faults_target_bounce_reply(request, count + 1);
}

static int linger(void *self, struct hprpc_request *request)
{
    const struct timespec moment = { 0, 100000 };

    (void)self;
    for (int i = 0; i < 20 && !hprpc_request_cancelled(request); i++)
        nanosleep(&moment, NULL);
    return 0;
}

static int note(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    (void)request;
    (void)data;
    return 0;
}

static int pass(void *self, struct hprpc_request *request, int file)
{
    (void)self;
    return faults_target_pass_reply(request, file);
}

const struct faults_target_service play_service = {
    .echo = echo, .bounce = bounce, .linger = linger, .note = note, .pass = pass
};

/* ---- What may come ---- */

/* True for the codes that a failing system call may cause. It never causes one that blames the other side or the caller. */
static bool is_fair(int r)
{
    switch (r) {
    case 0:
    case HPRPC_ENOMEM:
    case HPRPC_ESYSTEM:
    case HPRPC_EADDRESS:
    case HPRPC_EINUSE:
    case HPRPC_EREFUSED:
    case HPRPC_EPERMISSION:
    case HPRPC_ENOTSENT:
    case HPRPC_EMAYBE:
    case HPRPC_EPEERDIED:
    case HPRPC_EBUSY:
        return true;
    default:
        return false;
    }
}

static void expect(const struct play *play, const char *what, int r, const char *detail)
{
    bool fair = play->must_succeed ? r == 0 : is_fair(r) || (play->may_be_late && r == HPRPC_EDEADLINE);

    if (!fair)
        play_fail("%s: %s (%s)", what, hprpc_error_name(r), detail ? detail : "");
    /* with this code, the sentence names the system call */
    if (r == HPRPC_ESYSTEM && detail && !detail[0])
        play_fail("%s: no sentence", what);
}

/* ---- The calls ---- */

static void call_echo(const struct play *play, const struct faults_target_proxy *proxy, size_t size)
{
    static uint8_t data[LARGE];
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;
    int r;

    memset(data, (int)(size % 251), size);
    r = faults_target_echo(proxy, &call, (struct kodosis_bytes){ data, size }, &reply);
    if (r == 0)
        check(reply.size == size && memcmp(reply.data, data, size) == 0);
    expect(play, "a call", r, call.detail);
    hprpc_call_clear(&call);
}

static void call_bounce(const struct play *play, const struct faults_target_proxy *proxy)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    int32_t count = 0;
    int r = faults_target_bounce(proxy, &call, 2, &count);

    check(r < 0 || count == 3);
    expect(play, "a call that is called back", r, call.detail);
    hprpc_call_clear(&call);
}

/* The descriptor that comes back is of the same file, and goes with the call. */
static void call_pass(const struct play *play, const struct faults_target_proxy *proxy)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct stat mine, other;
    int fd = -1, r = faults_target_pass(proxy, &call, STDIN_FILENO, &fd);

    if (r == 0)
        check(fd > STDERR_FILENO && fstat(STDIN_FILENO, &mine) == 0 && fstat(fd, &other) == 0 &&
              mine.st_ino == other.st_ino && mine.st_dev == other.st_dev);
    /* on these two BIND has refused it */
    if (r != HPRPC_EUNIMPLEMENTED || (strncmp(play->uri, "tcp:", 4) != 0 && strncmp(play->uri, "pipe:", 5) != 0))
        expect(play, "a call with a descriptor", r, call.detail);
    hprpc_call_clear(&call);
}

static void call_late(const struct play *play, const struct faults_target_proxy *proxy)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    int r;

    call.timeout_ms = 1;
    r = faults_target_linger(proxy, &call);
    if (r != HPRPC_EDEADLINE)
        expect(play, "a call that lingers", r, call.detail);
    hprpc_call_clear(&call);
}

static void count_end(void *self, struct hprpc_pending_call *pending)
{
    (void)pending;
    atomic_fetch_add((atomic_uint *)self, 1);
}

/* Processes as an application's loop does, until the call is complete. */
static void drive(struct hprpc_client *client, const struct hprpc_pending_call *pending)
{
    struct pollfd poll_fd = { hprpc_client_descriptor(client), POLLIN, 0 };

    while (!hprpc_pending_call_done(pending)) {
        poll(&poll_fd, 1, hprpc_client_timeout(client));
        hprpc_client_process(client);
    }
}

static void call_posted(const struct play *play, const struct faults_target_proxy *proxy, struct hprpc_client *client,
                        atomic_uint *ends)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;
    int r = faults_target_echo_start(proxy, &call, (struct kodosis_bytes){ (const uint8_t *)"posted", 6 });

    if (r == 0) {
        hprpc_pending_call_notify(call.pending, count_end, ends);
        if (play->pump == HPRPC_PUMP_LOOP)
            drive(client, call.pending);
        r = faults_target_echo_finish(&call, &reply);
        if (r == 0)
            check(reply.size == 6 && memcmp(reply.data, "posted", 6) == 0);
    } else {
        atomic_fetch_add(ends, 1);
    }
    expect(play, "a posted call", r, call.detail);
    hprpc_call_clear(&call);
}

static void call_every_way(const struct play *play, struct hprpc_client *client)
{
    static const size_t sizes[] = { 10, 5000, LARGE };
    struct faults_target_proxy proxy;
    struct hprpc_detail detail = { "" };
    static atomic_uint ends;
    int r = faults_target_bind(client, &detail, &proxy);

    expect(play, "binding", r, detail.text);
    if (r < 0)
        return;
    atomic_store(&ends, 0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        call_echo(play, &proxy, sizes[i]);
    call_late(play, &proxy);
    r = faults_target_note(&proxy, NULL, (struct kodosis_bytes){ (const uint8_t *)"note", 4 });
    expect(play, "a note", r, NULL);
    call_bounce(play, &proxy);
    call_pass(play, &proxy);
    call_posted(play, &proxy, client, &ends);
    call_echo(play, &proxy, 100);
    hprpc_client_close(client);
    /* the client's thread may be about to call the callback */
    for (struct patience p = patience_begin(); !atomic_load(&ends) && try_again(&p);)
        continue;
    check(atomic_load(&ends) == 1);
}

void play_part(const struct play *play)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    struct hprpc_client *client;
    int r;

    options.pump = play->pump;
    options.timeout_ms = options.connect_timeout_ms = play->may_be_late ? 200 : 20000;
    r = hprpc_client_connect(play->context, play->uri, &options, &detail, &client);
    expect(play, "connecting", r, detail.text);
    if (r < 0)
        return;
    r = faults_target_serve(hprpc_client_controller(client), &play_service, NULL);
    expect(play, "serving", r, NULL);
    if (r == 0)
        call_every_way(play, client);
    hprpc_client_free(client);
}
