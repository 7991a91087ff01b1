/* SPDX-License-Identifier: MIT */
/* Descriptors: whose they are, that none stays open, and that transports without them refuse their procedures alone. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "conformance/suite.h"
#include "fd-probe.h"

enum { MANY = 200 };

/* The state of the service. */
struct files {
    atomic_uint dropped; /* requests of Drop */
    atomic_uint opened;  /* pipes that Open has sent and closed */
    atomic_int taken;    /* a descriptor that Swap took, or -1 */
    atomic_bool gate;    /* Late answers */
    atomic_uint late;    /* requests of Late that have begun */
    _Atomic(struct hprpc_request *) held;
};

/* ---- Pipes that hold a text ---- */

/* Makes a pipe with a text in it and no writer, and returns the end for reading. */
static int new_pipe(const char *text)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    if (write(ends[1], text, strlen(text)) != (ssize_t)strlen(text))
        abort();
    close(ends[1]);
    return ends[0];
}

/* Checks that a descriptor is the end for reading of a pipe with that text, and reads it. */
static void expect_text(int fd, const char *text)
{
    char got[64] = "";

    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(text));
    assert_string_equal(got, text);
}

/* Checks that a pipe has lost its other end. */
static void expect_alone(int fd)
{
    struct pollfd poll_fd = { fd, POLLIN, 0 };

    assert_int_equal(poll(&poll_fd, 1, 20000), 1);
    assert_true(poll_fd.revents & (POLLHUP | POLLERR));
}

/* Waits until so many are open: a handler's are closed behind its answer. */
static void expect_descriptors(int count)
{
    struct patience patience = patience_begin();

    while (suite_descriptors() != count && is_patient(&patience))
        continue;
    assert_int_equal(suite_descriptors(), count);
}

/* ---- The service ---- */

static int do_ping(void *self, struct hprpc_request *request, int32_t value)
{
    (void)self;
    return conform_files_ping_reply(request, value + 1);
}

static int do_write(void *self, struct hprpc_request *request, int file, struct kodosis_string text)
{
    ssize_t n = write(file, text.data, text.size);

    (void)self;
    return n < 0 ? HPRPC_ESYSTEM : conform_files_write_reply(request, (uint64_t)n);
}

static int do_open(void *self, struct hprpc_request *request, struct kodosis_string text)
{
    int fd = new_pipe(text.data), r;

    if (fd < 0)
        return HPRPC_ESYSTEM;
    r = conform_files_open_reply(request, fd);
    close(fd);
    atomic_fetch_add(&((struct files *)self)->opened, 1);
    return r;
}

static int do_swap(void *self, struct hprpc_request *request, const struct conform_drawer *given, bool take)
{
    struct files *files = self;
    struct conform_drawer back = *given;

    if (take && given->files.count)
        atomic_store(&files->taken, hprpc_request_fd_take(request, given->files.data[0]));
    return conform_files_swap_reply(request, &back);
}

static int do_knock(void *self, struct hprpc_request *request, struct kodosis_string text)
{
    int fd = new_pipe(text.data), r;

    (void)self;
    if (fd < 0)
        return HPRPC_ESYSTEM;
    r = conform_locked_raise(request, &(struct conform_locked){ fd });
    close(fd);
    return r;
}

static int do_late(void *self, struct hprpc_request *request)
{
    struct files *files = self;
    int r = hprpc_request_defer(request);

    if (r == 0) {
        atomic_store(&files->held, request);
        atomic_fetch_add(&files->late, 1);
    }
    return r;
}

static int do_drop(void *self, struct hprpc_request *request, int file)
{
    struct files *files = self;

    (void)request;
    (void)file;
    atomic_fetch_add(&files->dropped, 1);
    return 0;
}

static const struct conform_files_service files_service = {
    .ping = do_ping,
    .write = do_write,
    .open = do_open,
    .swap = do_swap,
    .knock = do_knock,
    .late = do_late,
    .drop = do_drop,
};

/* ---- The room ---- */

struct office {
    struct room room;
    struct files files;
    struct hprpc_client *client;
    struct conform_files_proxy proxy;
};

static bool carries(void)
{
    return strcmp(transport->scheme, "local") == 0 || strcmp(transport->scheme, "shm") == 0 ||
           (strcmp(transport->scheme, "unix") == 0 && strcmp(transport->name, "unix-uring") != 0);
}

static struct hprpc_client *connect_to(struct office *office, enum hprpc_pump pump,
                                       struct conform_files_proxy *ret_proxy)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client = NULL;
    struct hprpc_detail detail = { "" };

    options.pump = pump;
    assert_int_equal(hprpc_client_connect(office->room.context, office->room.uri, &options, &detail, &client), 0);
    assert_int_equal(conform_files_bind(client, &detail, ret_proxy), 0);
    return client;
}

static void office_open(struct office *office, enum hprpc_pump pump, bool workers)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };

    options.workers = workers ? 2 : 0;
    memset(&office->files, 0, sizeof(office->files));
    atomic_store(&office->files.taken, -1);
    room_prepare(&office->room, &options);
    assert_int_equal(conform_files_add(office->room.server, &files_service, &office->files), 0);
    suite_uri(transport, "", office->room.uri, sizeof(office->room.uri));
    assert_int_equal(hprpc_server_listen(office->room.server, office->room.uri, &detail), 0);
    assert_int_equal(hprpc_server_address(office->room.server, 0, office->room.uri, sizeof(office->room.uri)), 0);
    room_run(&office->room);
    office->client = connect_to(office, pump, &office->proxy);
}

static void office_close(struct office *office)
{
    hprpc_client_free(office->client);
    room_close(&office->room);
}

/* ---- Tests ---- */

static void other_transports_refuse_those_procedures_alone(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct office office;
    int32_t value;
    int fd = -1;

    (void)state;
    if (carries())
        return;
    for (size_t p = 0; p < 3; p++) {
        office_open(&office, suite_pumps[p], false);
        assert_int_equal(conform_files_ping(&office.proxy, NULL, 1, &value), 0);
        assert_int_equal(value, 2);
        assert_int_equal(conform_files_open(&office.proxy, &call, kodosis_str("no"), &fd), HPRPC_EUNIMPLEMENTED);
        assert_non_null(strstr(call.detail, "conform.Files"));
        assert_non_null(strstr(call.detail, "Open"));
        assert_non_null(strstr(call.detail, "passes descriptors"));
        assert_non_null(strstr(call.detail, transport->scheme));
        assert_int_equal(conform_files_drop(&office.proxy, NULL, 0), HPRPC_EUNIMPLEMENTED);
        assert_int_equal(conform_files_ping(&office.proxy, NULL, 2, &value), 0);
        hprpc_call_clear(&call);
        office_close(&office);
    }
}

/* What is given stays the caller's, and the handler's copy is closed with the request. */
static void an_argument_stays_the_callers(void **state)
{
    struct office office;
    uint64_t size;
    int ends[2];

    (void)state;
    for (size_t p = 0; carries() && p < 6; p++) {
        office_open(&office, suite_pumps[p % 3], p >= 3);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        for (int i = 0; i < 100; i++)
            assert_int_equal(conform_files_write(&office.proxy, NULL, ends[1], kodosis_str("x"), &size), 0);
        assert_int_equal(size, 1);
        assert_int_equal(fcntl(ends[1], F_GETFD), FD_CLOEXEC);
        assert_int_equal(conform_files_drop(&office.proxy, NULL, ends[1]), 0);
        suite_await(&office.files.dropped, 1);
        close(ends[1]);
        for (int i = 0; i < 100; i++)
            assert_int_equal(read(ends[0], &(char){ 0 }, 1), 1);
        expect_alone(ends[0]);
        close(ends[0]);
        office_close(&office);
    }
}

/* What arrives belongs to the call until it is taken. */
static void a_result_belongs_to_the_call(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct office office;
    int fd = -1, before;

    (void)state;
    for (size_t p = 0; carries() && p < 6; p++) {
        office_open(&office, suite_pumps[p % 3], p >= 3);
        assert_int_equal(conform_files_ping(&office.proxy, NULL, 1, &(int32_t){ 0 }), 0);
        before = suite_descriptors();
        assert_int_equal(conform_files_open(&office.proxy, &call, kodosis_str("first"), &fd), 0);
        expect_text(fd, "first");
        hprpc_call_clear(&call);
        assert_int_equal(fcntl(fd, F_GETFD), -1);

        assert_int_equal(conform_files_open(&office.proxy, &call, kodosis_str("second"), &fd), 0);
        assert_int_equal(hprpc_call_fd_take(&call, fd + 1), HPRPC_EINVAL);
        assert_int_equal(hprpc_call_fd_take(&call, -1), HPRPC_EINVAL);
        assert_int_equal(hprpc_call_fd_take(&call, fd), fd);
        assert_int_equal(hprpc_call_fd_take(&call, fd), HPRPC_EINVAL);
        hprpc_call_clear(&call);
        expect_text(fd, "second");
        close(fd);

        assert_int_equal(conform_files_open(&office.proxy, NULL, kodosis_str("third"), &fd), HPRPC_EINVAL);
        assert_int_equal(conform_files_open_start(&office.proxy, &call, kodosis_str("fourth")), 0);
        assert_int_equal(hprpc_call_fd_take(&call, 0), HPRPC_EINVAL);
        hprpc_call_clear(&call);
        assert_int_equal(conform_files_ping(&office.proxy, NULL, 1, &(int32_t){ 0 }), 0);
        expect_descriptors(before);
        office_close(&office);
    }
}

/* Many in one message, in a list and an optional, behind a body of any length; and one more than there may be. */
static void a_message_carries_sixteen(void **state)
{
    enum { MOST = 16 };
    static const size_t sizes[] = { 0, 300, 20000, 1000000 };
    struct hprpc_call call = HPRPC_CALL_INIT;
    int fds[MOST + 1], spare = -1, before;
    struct conform_drawer given, back;
    struct office office;

    (void)state;
    for (size_t p = 0; carries() && p < 6; p++) {
        office_open(&office, suite_pumps[p % 3], p >= 3);
        before = suite_descriptors();
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            char *label = (char *)suite_data(sizes[s], 0), text[16];

            memset(label, 'a', sizes[s]);
            label[sizes[s]] = '\0';
            for (int i = 0; i <= MOST; i++) {
                snprintf(text, sizeof(text), "file %d", i);
                fds[i] = new_pipe(text);
            }
            spare = fds[MOST - 1];
            given = (struct conform_drawer){ { label, sizes[s] }, { fds, MOST - 1 }, &spare };
            assert_int_equal(conform_files_swap(&office.proxy, &call, &given, true, &back), 0);
            assert_int_equal(back.files.count, MOST - 1);
            assert_int_equal(back.label.size, sizes[s]);
            for (int i = 0; i < MOST - 1; i++) {
                snprintf(text, sizeof(text), "file %d", i);
                expect_text(back.files.data[i], text);
            }
            expect_text(*back.spare, "file 15");
            assert_true(atomic_load(&office.files.taken) >= 0);
            assert_int_equal(close(atomic_exchange(&office.files.taken, -1)), 0);
            hprpc_call_clear(&call);

            given.files.count = MOST;
            assert_int_equal(conform_files_swap(&office.proxy, &call, &given, false, &back), HPRPC_EINVAL);
            assert_non_null(strstr(call.detail, "more than 16"));
            given.files.count = 1;
            given.spare = NULL;
            assert_int_equal(conform_files_swap(&office.proxy, &call, &given, false, &back), 0);
            assert_null(back.spare);
            hprpc_call_clear(&call);
            for (int i = 0; i <= MOST; i++)
                assert_int_equal(close(fds[i]), 0);
            free(label);
        }
        assert_int_equal(conform_files_ping(&office.proxy, NULL, 1, &(int32_t){ 0 }), 0);
        expect_descriptors(before);
        office_close(&office);
    }
}

/* Calls that are not cleared hold what came; a connection holds 256, and those beyond fail their calls. */
static void a_connection_holds_so_many(void **state)
{
    enum { MOST = 16, CALLS = 20, HELD = 256 };
    struct hprpc_call calls[CALLS];
    struct conform_drawer given, back;
    struct office office;
    int fds[MOST], before;

    (void)state;
    for (size_t p = 0; carries() && p < 3; p++) {
        office_open(&office, suite_pumps[p], false);
        for (int i = 0; i < MOST; i++)
            fds[i] = new_pipe("");
        given = (struct conform_drawer){ kodosis_str(""), { fds, MOST }, NULL };
        before = suite_descriptors();
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < CALLS; i++) {
                calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
                assert_int_equal(conform_files_swap(&office.proxy, &calls[i], &given, false, &back),
                                 i < HELD / MOST ? 0 : HPRPC_ESYSTEM);
            }
            assert_int_equal(conform_files_ping(&office.proxy, NULL, 1, &(int32_t){ 0 }), 0);
            expect_descriptors(before + HELD);
            for (int i = 0; i < CALLS; i++)
                hprpc_call_clear(&calls[i]);
            expect_descriptors(before);
        }
        for (int i = 0; i < MOST; i++)
            close(fds[i]);
        office_close(&office);
    }
}

static void an_error_carries_one(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct conform_locked locked;
    struct office office;

    (void)state;
    for (size_t p = 0; carries() && p < 3; p++) {
        office_open(&office, suite_pumps[p], false);
        assert_int_equal(conform_files_knock(&office.proxy, &call, kodosis_str("why")), HPRPC_EAPPLICATION);
        assert_true(conform_locked_get(&call, &locked));
        expect_text(locked.reason, "why");
        hprpc_call_clear(&call);
        assert_int_equal(fcntl(locked.reason, F_GETFD), -1);
        assert_int_equal(conform_files_knock(&office.proxy, NULL, kodosis_str("unread")), HPRPC_EAPPLICATION);
        office_close(&office);
    }
}

/* Many calls at once, most of which are not collected. */
static void calls_that_nobody_reads_close_theirs(void **state)
{
    static struct hprpc_call calls[MANY];
    struct office office;
    int before;

    (void)state;
    for (size_t p = 0; carries() && p < 6; p++) {
        office_open(&office, suite_pumps[p % 3], p >= 3);
        before = suite_descriptors();
        for (int i = 0; i < MANY; i++) {
            char text[16];

            calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
            snprintf(text, sizeof(text), "number %d", i);
            assert_int_equal(conform_files_open_start(&office.proxy, &calls[i], kodosis_str(text)), 0);
            if (i % 3 == 0)
                hprpc_pending_call_cancel(calls[i].pending);
        }
        for (int i = 0; i < MANY; i++) {
            char text[16];
            int fd;

            snprintf(text, sizeof(text), "number %d", i);
            if (i % 3 == 1) {
                assert_int_equal(conform_files_open_finish(&calls[i], &fd), 0);
                expect_text(fd, text);
            }
            hprpc_call_clear(&calls[i]);
        }
        assert_int_equal(conform_files_ping(&office.proxy, NULL, 1, &(int32_t){ 0 }), 0);
        expect_descriptors(before);
        office_close(&office);
    }
}

/* A reply that comes behind the deadline of its call. */
static void a_late_answer_is_closed(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct office office;
    int fd, ends[2];

    (void)state;
    for (size_t p = 0; carries() && p < 3; p++) {
        office_open(&office, suite_pumps[p], false);
        call.timeout_ms = 100;
        assert_int_equal(conform_files_late(&office.proxy, &call, &fd), HPRPC_EDEADLINE);
        suite_await(&office.files.late, 1);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        /* the answer may be too late to be sent, and the descriptor is still ours */
        conform_files_late_reply(atomic_load(&office.files.held), ends[1]);
        close(ends[1]);
        assert_int_equal(conform_files_ping(&office.proxy, NULL, 1, &(int32_t){ 0 }), 0);
        expect_alone(ends[0]);
        close(ends[0]);
        hprpc_call_clear(&call);
        call.timeout_ms = 0;
        office_close(&office);
    }
}

static void what_is_not_open_is_not_sent(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct office office;
    uint64_t size;
    int fd;

    (void)state;
    for (size_t p = 0; carries() && p < 3; p++) {
        office_open(&office, suite_pumps[p], false);
        fd = new_pipe("x");
        close(fd);
        assert_int_equal(conform_files_write(&office.proxy, &call, fd, kodosis_str("x"), &size), HPRPC_EINVAL);
        assert_non_null(strstr(call.detail, "not open"));
        assert_int_equal(conform_files_write(&office.proxy, &call, -1, kodosis_str("x"), &size), HPRPC_EINVAL);
        assert_non_null(strstr(call.detail, "negative"));
        assert_int_equal(conform_files_write_start(&office.proxy, &call, fd, kodosis_str("x")), HPRPC_EINVAL);
        assert_int_equal(conform_files_drop(&office.proxy, &call, fd), HPRPC_EINVAL);
        assert_int_equal(conform_files_ping(&office.proxy, NULL, 1, &(int32_t){ 0 }), 0);
        hprpc_call_clear(&call);
        office_close(&office);
    }
}

static void listen_again(struct office *office)
{
    struct hprpc_detail detail = { "" };

    assert_int_equal(hprpc_server_new(office->room.context, NULL, &office->room.server), 0);
    assert_int_equal(conform_files_add(office->room.server, &files_service, &office->files), 0);
    assert_int_equal(hprpc_server_listen(office->room.server, office->room.uri, &detail), 0);
    room_run(&office->room);
}

/* What is started without a connection keeps a copy, also of its descriptors: it is sent later, or closed with the call. */
static void started_without_a_connection(void **state)
{
    struct hprpc_call given_up = HPRPC_CALL_INIT, call = HPRPC_CALL_INIT;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    struct office office;
    uint64_t size;
    int ends[2];

    (void)state;
    for (size_t p = 0; carries() && p < 3; p++) {
        office_open(&office, suite_pumps[p], false);
        hprpc_client_free(office.client);
        options.pump = suite_pumps[p];
        options.reconnect = true;
        assert_int_equal(hprpc_client_connect(office.room.context, office.room.uri, &options, &detail, &office.client),
                         0);
        assert_int_equal(conform_files_bind(office.client, &detail, &office.proxy), 0);
        room_stop(&office.room);
        suite_await_state(office.client, HPRPC_CLIENT_RECONNECTING);

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(conform_files_write_start(&office.proxy, &call, ends[1], kodosis_str("later")), 0);
        assert_int_equal(conform_files_write_start(&office.proxy, &given_up, ends[1], kodosis_str("never")), 0);
        hprpc_call_clear(&given_up);
        close(ends[1]);
        listen_again(&office);
        if (suite_pumps[p] == HPRPC_PUMP_LOOP)
            suite_drive(office.client, call.pending);
        assert_int_equal(conform_files_write_finish(&call, &size), 0);
        assert_int_equal(size, 5);
        hprpc_call_clear(&call);
        expect_text(ends[0], "later");
        expect_alone(ends[0]);
        close(ends[0]);
        office_close(&office);
    }
}

/* Sets how many descriptors this process may have open, and returns how many those were. */
static rlim_t set_limit(rlim_t limit)
{
    struct rlimit limits;
    rlim_t before;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limits), 0);
    before = limits.rlim_cur;
    limits.rlim_cur = limit;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limits), 0);
    return before;
}

/* Leaves the process room for so many more descriptors. Returns the limit before. */
static rlim_t leave(int left)
{
    int lowest = dup(0);

    assert_true(lowest >= 0);
    close(lowest);
    return set_limit((rlim_t)lowest + (rlim_t)left);
}

/* Both sides are this process, which has room for the copy that is sent, and none for the one that arrives. */
static void without_room_the_call_fails_and_nothing_else(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct office office;
    uint64_t size;
    rlim_t limit;
    int fd, r;

    (void)state;
    for (size_t p = 0; carries() && p < 6; p++) {
        office_open(&office, suite_pumps[p % 3], p >= 3);
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        assert_int_equal(conform_files_write(&office.proxy, &call, fd, kodosis_str("x"), &size), 0);
        for (int left = 0; left < 2; left++) {
            limit = leave(left);
            r = conform_files_write(&office.proxy, &call, fd, kodosis_str("x"), &size);
            set_limit(limit);
            if (left == 0) {
                assert_int_equal(r, HPRPC_ESYSTEM);
                assert_non_null(strstr(call.detail, "cannot be copied"));
            } else if (r != 0) {
                /* the copy that is sent is closed before, or after, the other one arrives */
                assert_int_equal(r, HPRPC_ESYSTEM);
            }
            assert_int_equal(conform_files_write(&office.proxy, &call, fd, kodosis_str("x"), &size), 0);
        }
        hprpc_call_clear(&call);
        close(fd);
        office_close(&office);
    }
}

/* The answer waits to be received, and there is no room for what comes with it. */
static void without_room_an_answer_fails(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct office office;
    struct pollfd poll_fd;
    rlim_t limit;
    int fd, before;

    (void)state;
    /* within one process the copy that was sent is the one that arrives */
    if (!carries() || strcmp(transport->scheme, "local") == 0)
        return;
    office_open(&office, HPRPC_PUMP_LOOP, false);
    assert_int_equal(conform_files_open(&office.proxy, &call, kodosis_str("x"), &fd), 0);
    hprpc_call_clear(&call);
    /* the handler before has closed its own by then */
    assert_int_equal(conform_files_ping(&office.proxy, NULL, 1, &(int32_t){ 0 }), 0);
    before = suite_descriptors();
    assert_int_equal(conform_files_open_start(&office.proxy, &call, kodosis_str("x")), 0);
    poll_fd = (struct pollfd){ hprpc_client_descriptor(office.client), POLLIN, 0 };
    suite_await(&office.files.opened, 2);
    assert_int_equal(poll(&poll_fd, 1, 20000), 1);
    limit = leave(0);
    while (!hprpc_pending_call_done(call.pending))
        hprpc_client_process(office.client);
    set_limit(limit);
    assert_int_equal(conform_files_open_finish(&call, &fd), HPRPC_ESYSTEM);
    assert_non_null(strstr(call.detail, "descriptors came"));
    assert_int_equal(conform_files_open(&office.proxy, &call, kodosis_str("y"), &fd), 0);
    expect_text(fd, "y");
    hprpc_call_clear(&call);
    expect_descriptors(before);
    office_close(&office);
}

static const struct CMUnitTest tests[] = {
    fixture_test(other_transports_refuse_those_procedures_alone),
    fixture_test(an_argument_stays_the_callers),
    fixture_test(a_result_belongs_to_the_call),
    fixture_test(a_message_carries_sixteen),
    fixture_test(a_connection_holds_so_many),
    fixture_test(an_error_carries_one),
    fixture_test(calls_that_nobody_reads_close_theirs),
    fixture_test(a_late_answer_is_closed),
    fixture_test(what_is_not_open_is_not_sent),
    fixture_test(started_without_a_connection),
    fixture_test(without_room_the_call_fails_and_nothing_else),
    fixture_test(without_room_an_answer_fails),
};

const struct chapter descriptors_chapter = { "descriptors", tests, sizeof(tests) / sizeof(tests[0]) };
