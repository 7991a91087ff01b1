/* SPDX-License-Identifier: MIT */
/* Sockets that are handed in: to a server, to a client, and by a service manager. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <linux/vm_sockets.h> /* it needs what is above */
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/fixture.h"
#include "support/memory.h"
#include "support/patience.h"
#include "support/tiny.h"

/* ---- Sockets ---- */

/* A socket that listens at a port of 127.0.0.1 or of another family's loopback. */
static int listening(int family)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = { .any.sa_family = (sa_family_t)family };
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (family == AF_INET)
        address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        address.v6.sin6_addr = in6addr_loopback;
    if (fd < 0 || bind(fd, &address.any, sizeof(address.v6)) || listen(fd, 16))
        abort();
    return fd;
}

/* A socket that is connected to a server at "tcp://127.0.0.1:port". */
static int connected(const char *uri)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)atoi(strrchr(uri, ':') + 1));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
        abort();
    return fd;
}

/* The address of a path, or of "@" and an abstract name. */
static socklen_t local_address(const char *place, struct sockaddr_un *ret_address)
{
    memset(ret_address, 0, sizeof(*ret_address));
    ret_address->sun_family = AF_UNIX;
    strcpy(ret_address->sun_path, place);
    if (place[0] != '@')
        return sizeof(*ret_address);
    ret_address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(place));
}

static int local_listening(const char *place)
{
    struct sockaddr_un address;
    socklen_t size = local_address(place, &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, 16))
        abort();
    return fd;
}

static int local_connected(const char *place)
{
    struct sockaddr_un address;
    socklen_t size = local_address(place, &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, size))
        abort();
    return fd;
}

static bool is_there(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += is_open(fd);
    return count;
}

/* ---- A server on a thread ---- */

struct place {
    struct hprpc_server *server;
    pthread_t thread;
    char uri[HPRPC_URI_MAX];
};

static void *serve(void *argument)
{
    return (void *)(intptr_t)hprpc_server_run(argument);
}

static void make(struct place *place)
{
    assert_int_equal(hprpc_server_new(NULL, NULL, &place->server), 0);
    assert_int_equal(hprpc_server_add(place->server, &tiny_interface, &tiny_plain, NULL), 0);
}

static void run(struct place *place)
{
    assert_int_equal(hprpc_server_address(place->server, 0, place->uri, sizeof(place->uri)), 0);
    assert_int_equal(pthread_create(&place->thread, NULL, serve, place->server), 0);
}

static void end(struct place *place)
{
    void *result;

    hprpc_server_stop(place->server);
    pthread_join(place->thread, &result);
    assert_int_equal((intptr_t)result, 0);
    hprpc_server_free(place->server);
}

/* Binds and calls. */
static void expect_answer(struct hprpc_client *client)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct hprpc_detail detail = { "" };
    struct kodosis_bytes reply;
    struct tiny tiny;

    if (tiny_bind(client, &tiny_interface, &detail, &tiny))
        fail_msg("%s", detail.text);
    assert_int_equal(tiny_echo(&tiny, &call, "king", 4, &reply), 0);
    assert_int_equal(reply.size, 4);
    assert_memory_equal(reply.data, "king", 4);
    hprpc_call_clear(&call);
}

static void expect_reached(const char *uri)
{
    struct hprpc_detail detail = { "" };
    struct hprpc_client *client;

    if (hprpc_client_connect(NULL, uri, NULL, &detail, &client))
        fail_msg("%s", detail.text);
    expect_answer(client);
    hprpc_client_free(client);
}

/* ---- A server ---- */

static void a_server_takes_a_listening_socket(void **state)
{
    static const int families[] = { AF_INET, AF_INET6 };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct hprpc_detail detail = { "" };
        int fd = listening(families[i]), copy = dup(fd), value = 0;
        socklen_t size = sizeof(value);
        struct place place;

        make(&place);
        if (hprpc_server_listen_fd(place.server, fd, "keepalive=30", &detail))
            fail_msg("%s", detail.text);
        run(&place);
        assert_int_equal(strncmp(place.uri, families[i] == AF_INET ? "tcp://127.0.0.1:" : "tcp://[::1]:", 12), 0);
        /* connections inherit the options */
        assert_int_equal(getsockopt(copy, IPPROTO_TCP, TCP_KEEPIDLE, &value, &size), 0);
        assert_int_equal(value, 21);
        close(copy);
        expect_reached(place.uri);
        expect_reached(place.uri);
        end(&place);
    }
}

/* The name is of the process that made it: it stays when the server ends, until another listener takes it. */
static void a_server_takes_a_socket_with_a_name(void **state)
{
    char path[60], abstract[60], relative[40], uri[120], before[200];
    const char *const places[] = { path, abstract, relative };

    (void)state;
    snprintf(relative, sizeof(relative), "hprpc-handed-%d.relative", (int)getpid());
    snprintf(path, sizeof(path), "/tmp/hprpc-handed-%d", (int)getpid());
    snprintf(abstract, sizeof(abstract), "@hprpc-handed-%d", (int)getpid());
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir("/tmp"), 0);
    for (size_t i = 0; i < 3; i++) {
        struct hprpc_detail detail = { "" };
        struct place place, second;
        int fd = local_listening(places[i]);

        make(&place);
        make(&second);
        if (hprpc_server_listen_fd(place.server, fd, "wait=block&engine=epoll", &detail))
            fail_msg("%s", detail.text);
        run(&place);
        snprintf(uri, sizeof(uri), "unix://%s%s", i == 2 ? "/tmp/" : "", places[i]);
        assert_string_equal(place.uri, uri);
        expect_reached(uri);
        assert_int_equal(hprpc_server_listen(second.server, uri, &detail), HPRPC_EINUSE);
        assert_non_null(strstr(detail.text, "already listens"));
        end(&place);
        assert_int_equal(is_there(places[i]), i != 1);
        assert_int_equal(hprpc_server_listen(second.server, uri, NULL), 0);
        run(&second);
        expect_reached(uri);
        end(&second);
        assert_false(is_there(places[i]));
    }
    assert_int_equal(chdir(before), 0);
}

/* Each is refused with a sentence, and stays open. */
static void a_server_refuses_other_descriptors(void **state)
{
    struct hprpc_detail detail;
    struct place place;
    int pair[2], before = count_descriptors(), good = listening(AF_INET);
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int idle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_vm anywhere = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = VMADDR_PORT_ANY };
    int other = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    /* not each kernel has sockets for virtual machines */
    if (other >= 0 && (bind(other, (struct sockaddr *)&anywhere, sizeof(anywhere)) || listen(other, 1))) {
        close(other);
        other = -1;
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    /* a Unix-domain socket without a name gets one by itself */
    assert_int_equal(bind(local, &(struct sockaddr){ .sa_family = AF_UNIX }, sizeof(sa_family_t)), 0);
    assert_int_equal(listen(local, 1), 0);
    const struct {
        int fd;
        const char *query;
        int code;
        const char *text;
    } cases[] = {
        { -1, NULL, HPRPC_EINVAL, "the descriptor -1: it is not open" },
        { 1 << 20, NULL, HPRPC_EINVAL, "it is not open" },
        { file, NULL, HPRPC_EINVAL, "it is not a socket" },
        { datagrams, NULL, HPRPC_EINVAL, "it is not a stream socket" },
        { idle, NULL, HPRPC_EINVAL, "it is a socket that does not listen" },
        { pair[0], NULL, HPRPC_EINVAL, "it is a socket that does not listen" },
        { local, "mode=0666", HPRPC_EURI, "it has its name already" },
        { local, "keepalive=30", HPRPC_EURI, "knows no option \"keepalive\"" },
        { other, NULL, HPRPC_ESCHEME, "a kind that no transport takes" },
        { good, "wait=long", HPRPC_EURI, "wait=long" },
        { good, "ring=4MiB", HPRPC_EURI, "knows no option \"ring\"" },
        { good, "wait", HPRPC_EURI, "an option has no value" },
        { good, "v6only=yes", HPRPC_EURI, "it has its address already" },
        { good, "reconnect=yes", HPRPC_EURI, "a listener does not connect" },
        { local, "reconnect=no", HPRPC_EURI, "a listener does not connect" },
    };
    make(&place);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int r;

        if (cases[i].code == HPRPC_ESCHEME && other < 0) /* `other` is -1 there */
            continue;
        r = hprpc_server_listen_fd(place.server, cases[i].fd, cases[i].query, &detail);

        if (r != cases[i].code || !strstr(detail.text, cases[i].text))
            fail_msg("case %zu: %s, %s", i, hprpc_error_name(r), detail.text);
        assert_true(cases[i].fd < 0 || cases[i].fd == 1 << 20 || is_open(cases[i].fd));
    }
    assert_int_equal(hprpc_server_address(place.server, 0, place.uri, sizeof(place.uri)), HPRPC_EINVAL);
    assert_int_equal(hprpc_server_listen_fd(place.server, good, NULL, &detail), 0);
    run(&place);
    expect_reached(place.uri);
    end(&place);
    close(file);
    close(datagrams);
    close(idle);
    close(local);
    if (other >= 0)
        close(other);
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(count_descriptors(), before);
}

static void a_server_that_has_stopped_takes_none(void **state)
{
    struct hprpc_detail detail;
    struct place place;
    int fd = listening(AF_INET);

    (void)state;
    make(&place);
    hprpc_server_stop(place.server);
    while (hprpc_server_process(place.server) == 0)
        continue;
    assert_int_equal(hprpc_server_listen_fd(place.server, fd, NULL, &detail), HPRPC_ECLOSED);
    assert_true(is_open(fd));
    close(fd);
    hprpc_server_free(place.server);
}

/* ---- A client ---- */

static void a_client_takes_a_connected_socket(void **state)
{
    struct place place;

    (void)state;
    make(&place);
    assert_int_equal(hprpc_server_listen(place.server, "tcp://127.0.0.1:0", NULL), 0);
    run(&place);
    for (int pump = HPRPC_PUMP_CALLER; pump <= HPRPC_PUMP_THREAD; pump++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_detail detail = { "" };
        int fd = connected(place.uri);
        struct hprpc_client *client;
        struct hprpc_peer peer;

        options.pump = (enum hprpc_pump)pump;
        if (hprpc_client_from_fd(NULL, fd, "wait=block", &options, &detail, &client))
            fail_msg("%s", detail.text);
        expect_answer(client);
        hprpc_controller_peer(hprpc_client_controller(client), &peer);
        assert_string_equal(peer.address, place.uri + strlen("tcp://"));
        hprpc_client_free(client);
    }
    end(&place);
}

static void a_client_takes_a_connected_socket_of_this_host(void **state)
{
    static const char *const uris[] = { "unix:///tmp/hprpc-handed-%d", "unix://@hprpc-handed-%d" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct hprpc_client *client;
        struct hprpc_peer peer;
        struct place place;
        char uri[60];

        make(&place);
        snprintf(uri, sizeof(uri), uris[i], (int)getpid());
        assert_int_equal(hprpc_server_listen(place.server, uri, NULL), 0);
        run(&place);
        assert_int_equal(hprpc_client_from_fd(NULL, local_connected(uri + 7), "wait=block", NULL, NULL, &client), 0);
        expect_answer(client);
        hprpc_controller_peer(hprpc_client_controller(client), &peer);
        assert_string_equal(peer.transport, "unix");
        assert_int_equal(peer.pid, getpid());
        assert_int_equal(peer.uid, geteuid());
        assert_int_equal(peer.gid, getegid());
        hprpc_client_free(client);
        end(&place);
    }
}

static void a_client_refuses_other_descriptors(void **state)
{
    struct hprpc_client_options wrong = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client = NULL;
    struct hprpc_detail detail;
    struct place place;
    int pair[2], good, waits = listening(AF_INET), idle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    make(&place);
    assert_int_equal(hprpc_server_listen(place.server, "tcp://127.0.0.1:0", NULL), 0);
    run(&place);
    good = connected(place.uri);
    wrong.max_message = 1;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const struct {
        int fd;
        const char *query;
        const struct hprpc_client_options *options;
        int code;
        const char *text;
    } cases[] = {
        { -1, NULL, NULL, HPRPC_EINVAL, "the descriptor -1: it is not open" },
        { waits, NULL, NULL, HPRPC_EINVAL, "it is a socket that listens, not a connection" },
        { idle, NULL, NULL, HPRPC_EINVAL, "it is a socket that is not connected" },
        { pair[0], "mode=0600", NULL, HPRPC_EURI, "it has its name already" },
        { pair[0], "trust=all", NULL, HPRPC_EURI, "the only value is \"none\"" },
        { good, "keepalive=never", NULL, HPRPC_EURI, "keepalive=never" },
        { good, "reconnect=yes", NULL, HPRPC_EURI, "there is nothing to reconnect to" },
        { good, NULL, &wrong, HPRPC_EINVAL, "options make no sense" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int r = hprpc_client_from_fd(NULL, cases[i].fd, cases[i].query, cases[i].options, &detail, &client);

        if (r != cases[i].code || !strstr(detail.text, cases[i].text))
            fail_msg("case %zu: %s, %s", i, hprpc_error_name(r), detail.text);
        assert_true(cases[i].fd < 0 || is_open(cases[i].fd));
        assert_null(client);
    }
    /* it is as good as before */
    assert_int_equal(hprpc_client_from_fd(NULL, good, NULL, NULL, &detail, &client), 0);
    expect_answer(client);
    hprpc_client_free(client);
    end(&place);
    close(waits);
    close(idle);
    close(pair[0]);
    close(pair[1]);
}

/* A socket whose other end has closed meanwhile: the client breaks, as another one would. */
static void a_connection_that_is_over_says_so(void **state)
{
    int waits = listening(AF_INET), fd, other;
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    struct hprpc_client *client;
    struct hprpc_detail detail;
    struct tiny tiny;
    char uri[32];

    (void)state;
    assert_int_equal(getsockname(waits, (struct sockaddr *)&address, &size), 0);
    snprintf(uri, sizeof(uri), ":%u", ntohs(address.sin_port));
    fd = connected(uri);
    other = accept(waits, NULL, NULL);
    close(other);
    close(waits);
    assert_int_equal(hprpc_client_from_fd(NULL, fd, NULL, NULL, &detail, &client), 0);
    assert_true(tiny_bind(client, &tiny_interface, &detail, &tiny) < 0);
    hprpc_client_free(client);
}

/* ---- Failures later than that ---- */

/* Whatever allocation fails, the descriptor is the caller's until the call has succeeded. */
static void without_memory_the_caller_keeps_it(void **state)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_context *context;
    struct memory memory;
    struct place place;
    int before, r = HPRPC_ENOMEM;

    (void)state;
    memory_init(&memory);
    options.allocator = memory_allocator(&memory);
    assert_int_equal(hprpc_context_new(&options, &context), 0);
    make(&place);
    /* io_uring would open a descriptor of its own when the server runs */
    assert_int_equal(hprpc_server_listen(place.server, "tcp://127.0.0.1:0?engine=epoll", NULL), 0);
    run(&place);
    before = count_descriptors();
    for (long nth = 1; r == HPRPC_ENOMEM; nth++) {
        int fd = connected(place.uri);
        struct hprpc_client *client;

        memory_fail(&memory, nth, false);
        r = hprpc_client_from_fd(context, fd, NULL, NULL, NULL, &client);
        memory_fail(&memory, 0, false);
        if (r == 0) {
            expect_answer(client);
            hprpc_client_free(client);
        } else {
            assert_true(is_open(fd));
            close(fd);
        }
        /* the server, which is in this process, sees the end a moment later */
        for (struct patience p = patience_begin(); count_descriptors() != before && try_again(&p);)
            continue;
    }
    assert_int_equal(r, 0);
    end(&place);
    r = HPRPC_ENOMEM;
    for (long nth = 1; r == HPRPC_ENOMEM; nth++) {
        struct hprpc_server *server;
        int fd = listening(AF_INET), without;

        assert_int_equal(hprpc_server_new(context, NULL, &server), 0);
        without = count_descriptors();
        memory_fail(&memory, nth, false);
        r = hprpc_server_listen_fd(server, fd, NULL, NULL);
        memory_fail(&memory, 0, false);
        if (r < 0) {
            assert_true(is_open(fd));
            assert_int_equal(count_descriptors(), without);
            close(fd);
        }
        hprpc_server_free(server);
    }
    assert_int_equal(r, 0);
    assert_int_equal(atomic_load(&memory.failures) > 4, 1);
    hprpc_context_free(context);
    assert_int_equal(atomic_load(&memory.pieces), 0);
}

/* ---- A service manager ---- */

/* Puts sockets at 3 and on, as a service manager does, and closes all others. */
static void hand(const int *fds, int count, const char *names, pid_t process)
{
    char text[24];

    for (int i = 0; i < count; i++)
        if (fcntl(fds[i], F_DUPFD, 100 + i) != 100 + i)
            abort();
    for (int fd = 3; fd < 100; fd++)
        close(fd);
    for (int i = 0; i < count; i++) {
        if (dup2(100 + i, 3 + i) != 3 + i)
            abort();
        close(100 + i);
    }
    snprintf(text, sizeof(text), "%d", count);
    setenv("LISTEN_FDS", text, 1);
    snprintf(text, sizeof(text), "%d", (int)process);
    setenv("LISTEN_PID", text, 1);
    if (names)
        setenv("LISTEN_FDNAMES", names, 1);
    else
        unsetenv("LISTEN_FDNAMES");
}

/* What a process is to do with what it is handed. */
struct activation {
    const char *names, *wanted; /* LISTEN_FDNAMES; the name that is asked for */
    int count;                  /* sockets that are handed */
    bool other_process;         /* they are another process's */
    const char *fds;            /* LISTEN_FDS, where it is no number */
    bool local;                 /* the sockets have paths */
    int file_at;                /* the index of a descriptor that is no socket; -1: none */
    int result;
    const char *text; /* of the sentence, where it fails */
};

static const char *path_of(int index, char *ret_path, size_t capacity)
{
    snprintf(ret_path, capacity, "/tmp/hprpc-handed-%d.%d", (int)getpid(), index);
    return ret_path;
}

/* In the child: 0, or the number of the step that went wrong. */
static int activate(const struct activation *activation)
{
    struct hprpc_detail detail = { "" };
    struct hprpc_server *server;
    char path[60];
    int fds[3], r;

    for (int i = 0; i < activation->count; i++)
        fds[i] = i == activation->file_at ? open("/dev/null", O_RDONLY)
                 : activation->local      ? local_listening(path_of(i, path, sizeof(path)))
                                          : listening(AF_INET);
    hand(fds, activation->count, activation->names, activation->other_process ? getppid() : getpid());
    if (activation->fds)
        setenv("LISTEN_FDS", activation->fds, 1);
    if (hprpc_server_new(NULL, NULL, &server))
        return 1;
    r = hprpc_server_listen_activated(server, activation->wanted, activation->local ? "trust=none" : "keepalive=30",
                                      &detail);
    if (r != activation->result)
        return 2;
    if (r < 0 && !strstr(detail.text, activation->text))
        return 3;
    for (int i = 0; i < r; i++) {
        char uri[HPRPC_URI_MAX];

        if (hprpc_server_address(server, (size_t)i, uri, sizeof(uri)) ||
            (activation->local ? strcmp(uri + 7, path_of(i, path, sizeof(path))) != 0
                               : strncmp(uri, "tcp://127.0.0.1:", 16) != 0))
            return 4;
    }
    hprpc_server_free(server);
    /* the names are the service manager's */
    for (int i = 0; activation->local && i < activation->count; i++)
        if (unlink(path_of(i, path, sizeof(path))))
            return 7;
    /* what was handed is there as before, for others in the process, but not for programs that it executes */
    for (int i = 0; i < activation->count; i++) {
        int flags = fcntl(3 + i, F_GETFD);

        if (flags < 0 || (r == activation->count && !(flags & FD_CLOEXEC)))
            return 5;
    }
    return getenv("LISTEN_FDS") && getenv("LISTEN_PID") ? 0 : 6;
}

static void a_service_manager_hands_sockets(void **state)
{
    static const struct activation cases[] = {
        { .count = 1, .result = 1, .file_at = -1 },
        { .count = 3, .names = "web:rpc:rpc", .result = 3, .file_at = -1 },
        { .count = 2, .local = true, .result = 2, .file_at = -1 },
        { .count = 3, .names = "web:rpc:rpc", .wanted = "rpc", .result = 2, .file_at = -1 },
        { .count = 3, .names = "web:rpc:rpc", .wanted = "web", .result = 1, .file_at = -1 },
        { .count = 3, .names = "web:rpc", .wanted = "rpc", .result = 1, .file_at = -1 },
        { .count = 3, .names = "web:rpc:rpc", .wanted = "rpc", .result = 2, .file_at = 0 },
        { .count = 3,
          .names = "web:rpc:rpc",
          .wanted = "r",
          .result = HPRPC_EADDRESS,
          .file_at = -1,
          .text = "called \"r\"" },
        { .count = 2, .wanted = "rpc", .result = HPRPC_EADDRESS, .file_at = -1, .text = "none of the 2 descriptors" },
        { .count = 2,
          .names = "web:log",
          .result = HPRPC_EINVAL,
          .file_at = 1,
          .text = "the descriptor 4 of LISTEN_FDS, called log: it is not a socket" },
        { .count = 1, .result = 0, .other_process = true, .file_at = -1 },
        { .count = 0, .result = 0, .file_at = -1 },
        { .count = 1, .fds = "1x", .result = HPRPC_EINVAL, .file_at = -1, .text = "LISTEN_FDS is \"1x\"" },
        { .count = 1, .fds = "99999", .result = HPRPC_EINVAL, .file_at = -1, .text = "LISTEN_FDS is \"99999\"" },
        { .count = 1,
          .fds = "2",
          .result = HPRPC_EINVAL,
          .file_at = -1,
          .text = "the descriptor 4 of LISTEN_FDS: it is not " },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pid_t child = fork();
        int status = 0;

        if (child == 0)
            _exit(activate(&cases[i]));
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFEXITED(status) || WEXITSTATUS(status))
            fail_msg("case %zu: status %x", i, (unsigned)status);
    }
}

static void without_a_service_manager_there_are_none(void **state)
{
    struct hprpc_detail detail;
    struct place place;

    (void)state;
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    make(&place);
    assert_int_equal(hprpc_server_listen_activated(place.server, NULL, NULL, &detail), 0);
    assert_int_equal(hprpc_server_listen_activated(place.server, "rpc", NULL, &detail), 0);
    hprpc_server_free(place.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_server_takes_a_listening_socket),
        fixture_test(a_server_refuses_other_descriptors),
        fixture_test(a_server_takes_a_socket_with_a_name),
        fixture_test(a_client_takes_a_connected_socket_of_this_host),
        fixture_test(a_server_that_has_stopped_takes_none),
        fixture_test(a_client_takes_a_connected_socket),
        fixture_test(a_client_refuses_other_descriptors),
        fixture_test(a_connection_that_is_over_says_so),
        fixture_test(without_memory_the_caller_keeps_it),
        fixture_test(a_service_manager_hands_sockets),
        fixture_test(without_a_service_manager_there_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
