/* SPDX-License-Identifier: MIT */
/* How connections begin: names, options, users, refusals, and that nothing is left behind. */
#include "tests/channel-shm/end.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel-shm/handshake.h"

enum { SOMEBODY = 54321 };

static struct hprpc_listener *listener;
static struct hprpc_channel *client, *server;
static char uri[160], folder[40];
static int descriptors;

static int set_up(void **state)
{
    (void)state;
    descriptors = count_descriptors();
    snprintf(folder, sizeof(folder), "/tmp/shm-opening-XXXXXX");
    assert_non_null(mkdtemp(folder));
    client = server = NULL;
    listener = NULL;
    return 0;
}

static void hang_up(void)
{
    if (client)
        client->ops->free(client);
    if (server)
        server->ops->free(server);
    client = server = NULL;
}

static void stop(void)
{
    if (listener)
        listener->ops->free(listener);
    listener = NULL;
}

static int tear_down(void **state)
{
    char command[64];

    (void)state;
    hang_up();
    stop();
    assert_int_equal(count_descriptors(), descriptors);
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

static void start(const char *options)
{
    fresh_name(uri, sizeof(uri), options);
    listener = listen_at(NULL, uri);
}

static void meet(void)
{
    connect_pair(NULL, listener, uri, &client, &server);
}

static void exchange(void)
{
    assert_int_equal(send_message(client, HPRPC_MESSAGE_REQUEST, 1, 20000), 0);
    expect(server, client, HPRPC_MESSAGE_REQUEST, 1, 20000);
    assert_int_equal(send_message(server, HPRPC_MESSAGE_REPLY, 1, 12), 0);
    expect(client, server, HPRPC_MESSAGE_REPLY, 1, 12);
}

/* Connects; the server does nothing. Returns the code; `detail` gets the sentence. */
static int try_connect(const char *text, struct hprpc_detail *detail)
{
    struct hprpc_uri parsed;
    int result;

    detail->text[0] = '\0';
    assert_int_equal(hprpc_uri_parse(text, NULL, &parsed), 0);
    result = hprpc_transport_shm.connect(NULL, &parsed, detail, &client);
    if (result)
        assert_null(client);
    return result;
}

static int try_listen(const char *text, struct hprpc_detail *detail)
{
    struct hprpc_uri parsed;
    int result;

    detail->text[0] = '\0';
    assert_int_equal(hprpc_uri_parse(text, NULL, &parsed), 0);
    result = hprpc_transport_shm.listen(NULL, &parsed, detail, &listener);
    if (result)
        assert_null(listener);
    return result;
}

static void test_bare_name(void **state)
{
    struct hprpc_peer peer;
    char address[64];

    (void)state;
    start("");
    listener->ops->address(listener, address, sizeof(address));
    assert_string_equal(address, uri);
    meet();
    exchange();
    client->ops->describe(client, &peer);
    assert_string_equal(peer.transport, "shm");
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(peer.gid, getegid());
    snprintf(address, sizeof(address), "pid %d", (int)getpid());
    assert_string_equal(peer.address, address);
    server->ops->describe(server, &peer);
    assert_string_equal(peer.address, address);
    stop();
    exchange(); /* a connection works after its listener is freed */
}

static void test_absolute_path(void **state)
{
    struct stat status;

    (void)state;
    snprintf(uri, sizeof(uri), "shm://%s/door?mode=0666", folder);
    listener = listen_at(NULL, uri);
    assert_int_equal(stat(strchr(uri, '/') + 2, &status), -1);
    *strchr(uri, '?') = '\0';
    assert_int_equal(stat(uri + 6, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0666);
    meet();
    exchange();
    stop();
    assert_int_equal(stat(uri + 6, &status), -1);
    listener = listen_at(NULL, uri);
    assert_int_equal(stat(uri + 6, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void test_many_clients(void **state)
{
    struct hprpc_channel *clients[20], *servers[20];
    int i;

    (void)state;
    start("");
    for (i = 0; i < 20; i++)
        connect_pair(NULL, listener, uri, &clients[i], &servers[i]);
    for (i = 0; i < 20; i++)
        assert_int_equal(send_message(clients[i], HPRPC_MESSAGE_REQUEST, (uint32_t)i, 1000), 0);
    for (i = 19; i >= 0; i--) {
        expect(servers[i], clients[i], HPRPC_MESSAGE_REQUEST, (uint32_t)i, 1000);
        clients[i]->ops->free(clients[i]);
        servers[i]->ops->free(servers[i]);
    }
}

static void test_options(void **state)
{
    static const struct {
        const char *options;
        uint32_t slots, arena, extension;
    } cases[] = {
        { "", SHM_SLOTS_DEFAULT, SHM_ARENA_DEFAULT, SHM_EXTENSION_DEFAULT },
        { "?ring=64KiB&slots=16", 16, 64 * 1024, SHM_EXTENSION_DEFAULT },
        { "?ring=65KiB&slots=17&grow=0", 32, 128 * 1024, 0 },
        { "?ring=4MiB&wait=spin&grow=1025KiB", SHM_SLOTS_DEFAULT, 4 * 1024 * 1024, 2 * 1024 * 1024 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start(cases[i].options);
        *strchrnul(uri, '?') = '\0';
        meet();
        assert_int_equal(shm_channel(client)->geometry.slots, cases[i].slots);
        assert_int_equal(shm_channel(client)->geometry.arena, cases[i].arena);
        assert_int_equal(shm_channel(client)->geometry.extension, cases[i].extension);
        exchange();
        hang_up();
        stop();
    }

    /* a client may choose options that the listener leaves open, within limits */
    start("");
    strcat(uri, "?ring=8MiB&slots=64&wait=block&grow=0");
    meet();
    assert_int_equal(shm_channel(server)->geometry.arena, 8 * 1024 * 1024);
    assert_int_equal(shm_channel(server)->geometry.slots, 64);
    assert_int_equal(shm_channel(server)->geometry.extension, 0);
    assert_int_equal(client->wait, HPRPC_WAIT_BLOCK);
    assert_int_equal(server->wait, HPRPC_WAIT_ADAPTIVE);
    hang_up();
    *strchr(uri, '?') = '\0';
    strcat(uri, "?ring=1GiB&slots=16384&grow=1GiB");
    meet();
    assert_int_equal(shm_channel(server)->geometry.arena, 16 * 1024 * 1024);
    assert_int_equal(shm_channel(server)->geometry.slots, 4096);
    assert_int_equal(shm_channel(server)->geometry.extension, 16 * 1024 * 1024);
}

static void test_bad_uris(void **state)
{
    static const char *const uris[] = {
        "shm://a/b",         "shm://.a",          "shm://a?ring=1",        "shm://a?ring=2GiB",
        "shm://a?ring=x",    "shm://a?slots=8",   "shm://a?slots=1000000", "shm://a?wait=never",
        "shm://a?trust=all", "shm://a?color=red", "shm://a?grow=1",        "shm://a?grow=2GiB",
    };
    static const char *const listening[] = {
        "shm://a?mode=0600",
        "shm:///tmp/a?mode=888",
        "shm:///tmp/a?mode=",
        "shm:///tmp/a?mode=7777",
    };
    struct hprpc_detail detail;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        assert_int_equal(try_connect(uris[i], &detail), HPRPC_EURI);
        assert_true(detail.text[0]);
        assert_int_equal(try_listen(uris[i], &detail), HPRPC_EURI);
        assert_true(detail.text[0]);
    }
    for (i = 0; i < sizeof(listening) / sizeof(listening[0]); i++)
        assert_int_equal(try_listen(listening[i], &detail), HPRPC_EURI);
    assert_int_equal(try_connect("shm:///tmp/a?mode=0600", &detail), HPRPC_EREFUSED);
}

static void test_nobody_listens(void **state)
{
    struct hprpc_detail detail;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd;

    (void)state;
    fresh_name(uri, sizeof(uri), "");
    assert_int_equal(try_connect(uri, &detail), HPRPC_EREFUSED);
    assert_non_null(strstr(detail.text, ".shm"));

    snprintf(uri, sizeof(uri), "shm://%s/stream", folder);
    strcpy(address.sun_path, uri + 6);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(try_connect(uri, &detail), HPRPC_EADDRESS);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(try_connect(uri, &detail), HPRPC_EADDRESS);
    close(fd);
}

static void test_name_in_use(void **state)
{
    struct hprpc_listener *first;
    struct hprpc_detail detail;

    (void)state;
    start("");
    first = listener;
    listener = NULL;
    assert_int_equal(try_listen(uri, &detail), HPRPC_EINUSE);
    first->ops->free(first);
    assert_int_equal(try_listen(uri, &detail), 0);
    meet();
    exchange();
}

static void test_killed_listener_leaves_its_name_to_the_next(void **state)
{
    struct hprpc_detail detail;
    int ready[2], status;
    char byte;
    pid_t child;

    (void)state;
    fresh_name(uri, sizeof(uri), "");
    assert_int_equal(pipe(ready), 0);
    child = start_child();
    if (!child) {
        if (try_listen(uri, &detail) == 0 && write(ready[1], "r", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    assert_int_equal(try_listen(uri, &detail), HPRPC_EINUSE);
    assert_int_equal(try_connect(uri, &detail), 0);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    assert_int_equal(receive_end(client), HPRPC_EREFUSED);
    hang_up();
    assert_int_equal(try_connect(uri, &detail), HPRPC_EREFUSED);
    assert_int_equal(try_listen(uri, &detail), 0);
    meet();
    exchange();
}

static void test_listener_goes_while_a_client_waits(void **state)
{
    struct hprpc_header header = { .call = 1, .type = HPRPC_MESSAGE_HELLO };
    struct hprpc_reservation reservation;
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    struct hprpc_message message;
    struct hprpc_detail detail;

    (void)state;
    start("");
    assert_int_equal(try_connect(uri, &detail), 0);
    assert_int_equal(client->ops->receive(client, &message), 0);
    assert_int_equal(client->ops->start_call(client, &header, 10, &reservation), HPRPC_EAGAIN);
    assert_int_equal(client->ops->watch(client, watches), 1);
    assert_false(client->ops->arm(client));
    client->ops->disarm(client);
    stop();
    sleep_on(client, 10000);
    assert_int_equal(receive_end(client), HPRPC_EREFUSED);
    assert_int_equal(client->ops->start_call(client, &header, 10, &reservation), HPRPC_EREFUSED);
}

static void test_closed_while_opening(void **state)
{
    struct hprpc_message message;
    struct hprpc_detail detail;

    (void)state;
    start("");
    assert_int_equal(try_connect(uri, &detail), 0);
    client->ops->close(client);
    assert_int_equal(client->ops->receive(client, &message), HPRPC_ECLOSED);
    assert_int_equal(listener->ops->accept(listener, &detail, &server), 0);
}

/* ---- No descriptors are left ---- */

static struct rlimit limit_descriptors(int count)
{
    struct rlimit old, limit;

    getrlimit(RLIMIT_NOFILE, &old);
    limit = old;
    limit.rlim_cur = (rlim_t)count;
    setrlimit(RLIMIT_NOFILE, &limit);
    return old;
}

static void test_listener_out_of_descriptors(void **state)
{
    struct hprpc_detail detail;
    struct rlimit old;
    int spare, free_one;

    (void)state;
    start("");
    for (spare = 0; spare < 4; spare++) {
        assert_int_equal(try_connect(uri, &detail), 0);
        free_one = dup(0);
        close(free_one);
        old = limit_descriptors(free_one + spare);
        assert_int_equal(listener->ops->accept(listener, &detail, &server), HPRPC_ESYSTEM);
        setrlimit(RLIMIT_NOFILE, &old);
        assert_true(detail.text[0]);
        assert_null(server);
        /* if no descriptor is left, the listener uses its spare one to refuse the client */
        assert_int_equal(receive_end(client), HPRPC_EREFUSED);
        hang_up();
    }
    meet();
    exchange();
}

static void test_client_out_of_descriptors(void **state)
{
    struct hprpc_message message;
    struct hprpc_detail detail;
    struct rlimit old;
    int spare, free_one;

    (void)state;
    start("");
    for (spare = 0; spare < 3; spare++) {
        assert_int_equal(try_connect(uri, &detail), 0);
        assert_int_equal(listener->ops->accept(listener, &detail, &server), 1);
        free_one = dup(0);
        close(free_one);
        old = limit_descriptors(free_one + spare);
        assert_int_equal(client->ops->receive(client, &message), HPRPC_ESYSTEM);
        setrlimit(RLIMIT_NOFILE, &old);
        assert_non_null(strstr(client->reason.text, "descriptors"));
        client->ops->free(client);
        client = NULL;
        assert_int_equal(receive_end(server), HPRPC_EPEERDIED);
        hang_up();
    }
    free_one = dup(0);
    close(free_one);
    old = limit_descriptors(free_one);
    assert_int_equal(try_connect(uri, &detail), HPRPC_ESYSTEM);
    setrlimit(RLIMIT_NOFILE, &old);
    meet();
    exchange();
}

/* ---- Interrupted all the time ---- */

static _Atomic int signals;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
}

static void test_storm_of_signals(void **state)
{
    struct sigaction action = { .sa_handler = count_signal }, old;
    struct itimerval storm = { { 0, 100 }, { 0, 100 } }, calm = { { 0, 0 }, { 0, 0 } };
    double deadline = seconds() + 20;
    int i;

    (void)state;
    sigaction(SIGALRM, &action, &old);
    setitimer(ITIMER_REAL, &storm, NULL);
    for (i = 0; i < 3 || (atomic_load(&signals) < 100 && seconds() < deadline); i++) {
        start("?ring=4MiB");
        meet();
        exchange();
        assert_int_equal(send_message(client, HPRPC_MESSAGE_REQUEST, 2, 5000000), 0);
        expect(server, client, HPRPC_MESSAGE_REQUEST, 2, 5000000);
        hang_up();
        stop();
    }
    setitimer(ITIMER_REAL, &calm, NULL);
    sigaction(SIGALRM, &old, NULL);
    assert_true(atomic_load(&signals) >= 100);
}

/* ---- Clients that are none ---- */

static int raw_client(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", shm_channel(client)->path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void test_bad_hellos(void **state)
{
    static const struct shm_hello good = { .magic = SHM_MAGIC, .version = SHM_VERSION };
    struct shm_hello hellos[5] = { good, good, good, good, good };
    struct shm_answer answer;
    struct hprpc_channel *other = NULL;
    struct hprpc_detail detail;
    int fd;
    size_t i;

    (void)state;
    start("");
    meet();
    hellos[0].magic = 0;
    hellos[1].version++;
    hellos[2].slots = 17;
    hellos[3].extension = 17;
    hellos[4].arena = hellos[4].extension = 0x7fffffff;
    for (i = 0; i < 5; i++) {
        fd = raw_client();
        assert_int_equal(write(fd, &hellos[i], sizeof(good)), sizeof(good));
        assert_int_equal(listener->ops->accept(listener, &detail, &other), i == 4);
        if (i == 4)
            other->ops->free(other); /* a size beyond the limit is reduced to the limit */
        else if (i)
            assert_true(recv(fd, &answer, sizeof(answer), 0) == sizeof(answer) && answer.code && answer.reason[0]);
        close(fd);
    }
    for (i = 1; i < sizeof(good); i++) {
        fd = raw_client();
        assert_int_equal(write(fd, &good, i), i);
        assert_int_equal(listener->ops->accept(listener, &detail, &other), 0);
        close(fd);
    }
    fd = raw_client();
    assert_int_equal(write(fd, &answer, sizeof(answer)), sizeof(answer));
    close(fd);
    fd = raw_client();
    close(fd);
    assert_int_equal(listener->ops->accept(listener, &detail, &other), 0);
    exchange(); /* the other connection still works */
}

static void test_late_hello(void **state)
{
    static const struct shm_hello good = { .magic = SHM_MAGIC, .version = SHM_VERSION };
    struct hprpc_header header = { .call = 1, .type = HPRPC_MESSAGE_HELLO };
    struct hprpc_reservation reservation;
    struct hprpc_channel *other = NULL;
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    struct hprpc_message message;
    struct hprpc_detail detail;
    int fd;

    (void)state;
    start("");
    meet();
    fd = raw_client();
    assert_int_equal(listener->ops->accept(listener, &detail, &other), 1);
    assert_int_equal(other->ops->receive(other, &message), 0);
    assert_int_equal(other->ops->start_call(other, &header, 10, &reservation), HPRPC_EAGAIN);
    assert_int_equal(other->ops->watch(other, watches), 1);
    assert_int_equal(write(fd, &good, sizeof(good)), sizeof(good));
    assert_int_equal(other->ops->receive(other, &message), 0);
    assert_int_equal(other->ops->watch(other, watches), 2); /* the doorbell and the lifeline */
    assert_int_equal(send_message(other, HPRPC_MESSAGE_HELLO, 1, 10), 0);
    close(fd);
    assert_int_equal(receive_end(other), HPRPC_EPEERDIED);
    other->ops->free(other);
}

/* ---- Servers that are none ---- */

struct false_server {
    struct shm_answer answer;
    size_t size;
    int fds[4];
    size_t count;
    int expected;
};

static void play_server(int listening, const struct false_server *play)
{
    struct hprpc_detail detail;
    int fd;

    assert_int_equal(try_connect(uri, &detail), 0);
    fd = accept(listening, NULL, NULL);
    assert_int_equal(hprpc__shm_packet_send(fd, &play->answer, play->size, play->fds, play->count, NULL), 0);
    assert_int_equal(receive_end(client), play->expected);
    assert_non_null(client->reason.text);
    close(fd);
    hang_up();
}

static void test_bad_answers(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct false_server good = { .size = sizeof(struct shm_answer), .count = 3, .expected = HPRPC_EPROTOCOL }, play;
    struct shm_geometry geometry;
    int fd, other, i;

    (void)state;
    snprintf(uri, sizeof(uri), "shm://%s/door", folder);
    strcpy(address.sun_path, uri + 6);
    fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 5), 0);

    assert_int_equal(hprpc__shm_geometry_init(16, 65536, 0, &geometry), 0);
    assert_int_equal(hprpc__shm_segment_make("/dev/shm", geometry.size, geometry.size, false, NULL, &good.fds[0]), 0);
    good.fds[1] = eventfd(0, EFD_NONBLOCK);
    good.fds[2] = eventfd(0, EFD_NONBLOCK);
    good.answer = (struct shm_answer){
        .magic = SHM_MAGIC, .version = SHM_VERSION, .slots = 16, .arena = 65536, .size = geometry.size
    };

    play = good;
    play.answer.magic++;
    play_server(fd, &play);
    play = good;
    play.answer.version++;
    play.expected = HPRPC_EVERSION;
    play_server(fd, &play);
    play = good;
    play.answer.slots = 24;
    play_server(fd, &play);
    play = good;
    play.answer.slots = 128;
    play_server(fd, &play);
    play = good;
    play.answer.arena *= 2;
    play_server(fd, &play);
    play = good;
    play.answer.size++;
    play_server(fd, &play);
    play = good;
    play.count = 2;
    play_server(fd, &play);
    play = good;
    play.count = 0;
    play_server(fd, &play);
    play = good;
    play.size -= 1;
    play_server(fd, &play);
    play = good;
    play.answer.code = HPRPC_EBUSY;
    play.count = 0;
    memset(play.answer.reason, 'x', sizeof(play.answer.reason));
    play.expected = HPRPC_EREFUSED;
    play_server(fd, &play);

    /* a segment that is shorter than announced, or of another kind, and a doorbell that blocks */
    play = good;
    assert_int_equal(
        hprpc__shm_segment_make("/dev/shm", geometry.size - 4096, geometry.size - 4096, false, NULL, &play.fds[0]), 0);
    play_server(fd, &play);
    close(play.fds[0]);
    play.fds[0] = memfd_create("sparse", MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(play.fds[0], (off_t)geometry.size), 0);
    play_server(fd, &play);
    /* half of its memory exists */
    assert_int_equal(posix_fallocate(play.fds[0], 0, (off_t)geometry.size / 2), 0);
    play_server(fd, &play);
    close(play.fds[0]);
    play = good;
    play.fds[0] = good.fds[1];
    play_server(fd, &play);
    play = good;
    other = eventfd(0, 0);
    play.fds[2] = other;
    play_server(fd, &play);
    close(other);

    /* a client without trust needs a segment that cannot shrink, whatever the flag says */
    strcat(uri, "?trust=none");
    play = good;
    play_server(fd, &play);
    play.answer.flags = SHM_SEALED;
    play_server(fd, &play);
    play.count = 1;
    play_server(fd, &play);

    for (i = 0; i < 3; i++)
        close(good.fds[i]);
    close(fd);
}

/* ---- Trust and users ---- */

static int is_memfd(const struct hprpc_channel *channel)
{
    char path[64], line[256], name[200] = "";
    unsigned long start, address = (unsigned long)(uintptr_t)shm_channel((struct hprpc_channel *)channel)->memory;
    FILE *maps;

    snprintf(path, sizeof(path), "/proc/self/maps");
    maps = fopen(path, "r");
    while (fgets(line, sizeof(line), maps))
        if (sscanf(line, "%lx-%*x %*s %*s %*s %*s %199[^\n]", &start, name) >= 1 && start == address)
            break;
    fclose(maps);
    return strstr(name, "memfd:hprpc") != NULL;
}

static void test_trust_none(void **state)
{
    struct hprpc_watch watch;

    (void)state;
    start("");
    meet();
    assert_int_equal(is_memfd(client), 0);
    assert_false(shm_channel(client)->options.untrusted);
    hang_up();
    strcat(uri, "?trust=none");
    meet();
    assert_int_equal(is_memfd(client), 1);
    assert_int_equal(is_memfd(server), 1);
    assert_true(shm_channel(client)->options.untrusted);
    assert_false(shm_channel(server)->options.untrusted);
    exchange();
    assert_int_equal(server->ops->watch(server, &watch), 1);
    assert_false(server->ops->arm(server));
    assert_int_equal(poll(&(struct pollfd){ .fd = watch.fd, .events = watch.events }, 1, 0), 0);
    assert_int_equal(send_message(client, HPRPC_MESSAGE_REQUEST, 2, 10), 0);
    assert_int_equal(poll(&(struct pollfd){ .fd = watch.fd, .events = watch.events }, 1, 0), 1);
    server->ops->disarm(server);
    expect(server, client, HPRPC_MESSAGE_REQUEST, 2, 10);
    hang_up();
    stop();
    start("?trust=none");
    *strchr(uri, '?') = '\0';
    meet();
    assert_int_equal(is_memfd(client), 1);
    assert_true(shm_channel(server)->options.untrusted);
    exchange();
}

static int as_somebody(int (*play)(void))
{
    int status;
    pid_t child = start_child();

    if (!child)
        _exit(setegid(SOMEBODY) || seteuid(SOMEBODY) ? 99 : play());
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static int play_connect(void)
{
    struct hprpc_detail detail;

    return -try_connect(uri, &detail);
}

static int play_exchange(void)
{
    struct hprpc_detail detail;
    double deadline = seconds() + 10;
    struct hprpc_message message;
    int result = try_connect(uri, &detail);

    if (result)
        return -result;
    while (!result && seconds() < deadline)
        result = client->ops->receive(client, &message);
    /* the segment of another user is sealed, and bodies are copied */
    return result == 1 && message.size == 5000 && is_memfd(client) && shm_channel(client)->options.untrusted ? 42 : 1;
}

static void test_other_users(void **state)
{
    struct hprpc_detail detail;
    struct hprpc_peer peer;
    int status;
    pid_t child;

    (void)state;
    if (geteuid())
        skip();
    assert_int_equal(chmod(folder, 0755), 0);
    snprintf(uri, sizeof(uri), "shm://%s/door", folder);
    assert_int_equal(try_listen(uri, &detail), 0);
    assert_int_equal(as_somebody(play_connect), -HPRPC_EPERMISSION);
    stop();

    snprintf(uri, sizeof(uri), "shm://%s/door?mode=0666", folder);
    assert_int_equal(try_listen(uri, &detail), 0);
    *strchr(uri, '?') = '\0';
    child = start_child();
    if (!child)
        _exit(setegid(SOMEBODY) || seteuid(SOMEBODY) ? 99 : play_exchange());
    while (!listener->ops->accept(listener, &detail, &server))
        sched_yield();
    while (send_message(server, HPRPC_MESSAGE_REPLY, 1, 5000) == HPRPC_EAGAIN)
        server->ops->receive(server, &(struct hprpc_message){ 0 });
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 42);
    server->ops->describe(server, &peer);
    assert_int_equal(peer.uid, SOMEBODY);
    assert_int_equal(peer.pid, child);
    assert_true(shm_channel(server)->options.untrusted);
    assert_int_equal(receive_end(server), HPRPC_EPEERDIED);
}

/* ---- The segment's memory ---- */

static bool is_sealed(int fd)
{
    int seals = fcntl(fd, F_GET_SEALS);

    return seals >= 0 && seals & F_SEAL_SHRINK;
}

/* Checks that the first part of a segment has memory, and no other part. */
static void check_segment(int fd, size_t size, size_t allocated, bool sealed)
{
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_size, size);
    assert_int_equal((size_t)status.st_blocks * 512, allocated);
    assert_true(is_sealed(fd) == sealed);
    assert_int_equal(ftruncate(fd, 4096), sealed ? -1 : 0);
    close(fd);
}

static void test_segments(void **state)
{
    const size_t size = 300 * 4096, sizes[] = { size, 100 * 4096 };
    struct hprpc_detail detail;
    int fd;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hprpc__shm_segment_make("/dev/shm", size, sizes[i], false, &detail, &fd), 0);
        check_segment(fd, size, sizes[i], false);
        assert_int_equal(hprpc__shm_segment_make("/dev/shm", size, sizes[i], true, &detail, &fd), 0);
        check_segment(fd, size, sizes[i], true);
        assert_int_equal(hprpc__shm_segment_make("/nowhere", size, sizes[i], false, &detail, &fd), 0);
        check_segment(fd, size, sizes[i], true);
    }
}

/* Runs with a /dev/shm of its own, which has too little room for a segment. */
static int play_small_tmpfs(void)
{
    struct hprpc_detail detail;
    int fd;

    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", folder, "tmpfs", 0, "size=64k"))
        return 77;
    if (hprpc__shm_segment_make(folder, 1024 * 1024, 1024 * 1024, false, &detail, &fd))
        return 1;
    return is_sealed(fd) ? 42 : 2;
}

static void test_no_room_on_tmpfs(void **state)
{
    int status;
    pid_t child = start_child();

    (void)state;
    if (!child)
        _exit(play_small_tmpfs());
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 42);
}

/* Runs in a process that may make no files above a size: the client gets an error, and no signal ends the process. */
static int live_with_limit(rlim_t bytes, const char *options, int client_code)
{
    struct rlimit limit = { bytes, bytes };
    struct hprpc_channel *client, *server;
    struct hprpc_listener *own;
    struct hprpc_detail detail = { "" };
    struct hprpc_message message;
    struct hprpc_uri parsed;
    char place[160];
    int result, accepted;

    if (setrlimit(RLIMIT_FSIZE, &limit))
        return 1;
    fresh_name(place, sizeof(place), "");
    own = listen_at(NULL, place);
    strcat(place, options);
    if (hprpc_uri_parse(place, NULL, &parsed) || hprpc_transport_shm.connect(NULL, &parsed, &detail, &client))
        return 2;
    accepted = own->ops->accept(own, &detail, &server);
    result = client->ops->receive(client, &message);
    /* the listener does not pause because of a client that is refused */
    if (accepted != !client_code || result != client_code)
        return 3;
    if (client_code && (!strstr(client->reason.text, "ulimit") || !strstr(client->reason.text, "over the limit")))
        return 4;
    /* the limit leaves no room for an extension */
    if (accepted && shm_channel(client)->geometry.extension)
        return 5;
    if (accepted)
        server->ops->free(server);
    client->ops->free(client);
    own->ops->free(own);
    return 42;
}

static void test_limit_on_files(void **state)
{
    static const struct {
        rlim_t bytes;
        const char *options;
        int code;
    } cases[] = {
        { 10 << 20, "", 0 },
        { 10 << 20, "?ring=16MiB", HPRPC_EREFUSED },
        { 10 << 20, "?ring=16MiB&trust=none", HPRPC_EREFUSED },
        { 10 << 20, "?trust=none", 0 },
        { 64 << 10, "", HPRPC_EREFUSED },
        { 0, "?trust=none", HPRPC_EREFUSED },
    };
    int status;
    pid_t child;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        child = start_child();
        if (!child)
            _exit(live_with_limit(cases[i].bytes, cases[i].options, cases[i].code));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 42);
    }
}

/* A /dev/shm that is read-only: the segment is a memory file. */
static int play_read_only(void)
{
    struct hprpc_detail detail = { "" };
    int fd;

    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", folder, "tmpfs", MS_RDONLY, NULL))
        return 77;
    if (hprpc__shm_segment_make(folder, 1024 * 1024, 1024 * 1024, false, &detail, &fd))
        return 1;
    return is_sealed(fd) ? 42 : 2;
}

static void test_read_only(void **state)
{
    int status;
    pid_t child = start_child();

    (void)state;
    if (!child)
        _exit(play_read_only());
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 42);
}

static void test_geometry(void **state)
{
    struct shm_geometry geometry;
    uint32_t slots, arena, extension;
    int i;

    (void)state;
    for (slots = SHM_SLOTS_MIN; slots <= SHM_SLOTS_MAX; slots *= 2) {
        for (arena = SHM_ARENA_MIN; arena <= SHM_ARENA_MAX; arena *= 2) {
            extension = arena < SHM_EXTENSION_MIN ? 0 : arena;
            assert_int_equal(hprpc__shm_geometry_init(slots, arena, extension, &geometry), 0);
            assert_true(geometry.units <= SHM_UNITS_MAX && (uint64_t)geometry.units << geometry.unit_shift == arena);
            for (i = 0; i < 2; i++) {
                assert_true(geometry.slots_at[i] % 4096 == 0 && geometry.returns_at[i] % 4096 == 0);
                assert_true(geometry.arena_at[i] % 4096 == 0);
                assert_true(geometry.returns_at[i] >= geometry.slots_at[i] + slots * 64);
                assert_true(geometry.arena_at[0] >= geometry.returns_at[i] + geometry.units * 4);
            }
            assert_int_equal(geometry.arena_at[1], geometry.arena_at[0] + arena);
            assert_int_equal(geometry.allocated, geometry.arena_at[1] + arena);
            assert_int_equal(geometry.size, geometry.allocated + 2 * (size_t)extension);
            assert_true(geometry.extension_units <= SHM_EXTENSION_UNITS_MAX);
            assert_int_equal((uint64_t)geometry.extension_units << geometry.extension_shift, extension);
        }
    }
    assert_int_equal(hprpc__shm_geometry_init(0, 65536, 0, &geometry), HPRPC_EINVAL);
    assert_int_equal(hprpc__shm_geometry_init(48, 65536, 0, &geometry), HPRPC_EINVAL);
    assert_int_equal(hprpc__shm_geometry_init(16, 65537, 0, &geometry), HPRPC_EINVAL);
    assert_int_equal(hprpc__shm_geometry_init(16, 32768, 0, &geometry), HPRPC_EINVAL);
    assert_int_equal(hprpc__shm_geometry_init(16, 0x80000000, 0, &geometry), HPRPC_EINVAL);
    assert_int_equal(hprpc__shm_geometry_init(16, 65536, SHM_EXTENSION_MIN + 65536, &geometry), HPRPC_EINVAL);
    assert_int_equal(hprpc__shm_geometry_init(16, 65536, SHM_EXTENSION_MIN / 2, &geometry), HPRPC_EINVAL);
    assert_int_equal(hprpc__shm_geometry_init(16, 65536, 0x80000000, &geometry), HPRPC_EINVAL);
}

#define OPENING(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPENING(test_bare_name),
        OPENING(test_absolute_path),
        OPENING(test_many_clients),
        OPENING(test_options),
        OPENING(test_bad_uris),
        OPENING(test_nobody_listens),
        OPENING(test_name_in_use),
        OPENING(test_killed_listener_leaves_its_name_to_the_next),
        OPENING(test_listener_goes_while_a_client_waits),
        OPENING(test_closed_while_opening),
        OPENING(test_listener_out_of_descriptors),
        OPENING(test_client_out_of_descriptors),
        OPENING(test_storm_of_signals),
        OPENING(test_bad_hellos),
        OPENING(test_late_hello),
        OPENING(test_bad_answers),
        OPENING(test_trust_none),
        OPENING(test_other_users),
        OPENING(test_segments),
        OPENING(test_no_room_on_tmpfs),
        OPENING(test_limit_on_files),
        OPENING(test_read_only),
        OPENING(test_geometry),
    };

    return cmocka_run_group_tests_name("shm-opening", tests, NULL, NULL);
}
