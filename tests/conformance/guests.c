/* SPDX-License-Identifier: MIT */
/* The connections of a server: told to callbacks, counted, named in the log, and refused. */
#include "conformance/suite.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel/names/place.h"

enum { MOST = 12, LINES = 400 };

/* What the callbacks of a server were told about its connections. */
struct guestbook {
    pthread_mutex_t lock;
    struct {
        unsigned came, went;
        int code;
        char reason[160];
    } guests[MOST + 1]; /* indexed by the number of the connection */
    atomic_uint came, went;
    bool closes; /* `came` closes each connection */
    atomic_uint wrong;
};

static void came(void *self, struct hprpc_controller *controller)
{
    struct guestbook *book = self;
    uint64_t number = hprpc_controller_number(controller);

    pthread_mutex_lock(&book->lock);
    if (number < 1 || number > MOST || book->guests[number].came++)
        atomic_fetch_add(&book->wrong, 1);
    pthread_mutex_unlock(&book->lock);
    atomic_fetch_add(&book->came, 1);
    if (book->closes)
        hprpc_controller_close(controller);
}

static void went(void *self, struct hprpc_controller *controller, int code, const char *reason)
{
    struct guestbook *book = self;
    uint64_t number = hprpc_controller_number(controller);

    pthread_mutex_lock(&book->lock);
    if (number < 1 || number > MOST || !book->guests[number].came || book->guests[number].went++) {
        atomic_fetch_add(&book->wrong, 1);
    } else {
        book->guests[number].code = code;
        snprintf(book->guests[number].reason, sizeof(book->guests[number].reason), "%s", reason);
    }
    pthread_mutex_unlock(&book->lock);
    atomic_fetch_add(&book->went, 1);
}

static void book_open(struct guestbook *book, struct hprpc_server_options *options)
{
    memset(book, 0, sizeof(*book));
    pthread_mutex_init(&book->lock, NULL);
    options->connected = came;
    options->disconnected = went;
    options->connected_self = book;
}

/* ---- Visits ---- */

struct visitor {
    unsigned visits, stops_after;
    uint64_t numbers; /* a bit for the number of each connection */
    bool wrong;
};

static int visit(void *self, struct hprpc_controller *controller)
{
    struct visitor *visitor = self;
    uint64_t number = hprpc_controller_number(controller), bit = 1ull << number;
    char text[200], expected[60];

    hprpc_controller_describe(controller, text, sizeof(text));
    snprintf(expected, sizeof(expected), "connection %u from %s ", (unsigned)number, transport->scheme);
    visitor->wrong |= visitor->numbers & bit || strncmp(text, expected, strlen(expected)) != 0 ||
                      !strstr(text, " s, ") || !strstr(text, " call");
    visitor->numbers |= bit;
    return ++visitor->visits == visitor->stops_after ? 7 : 0;
}

static unsigned guests_of(struct room *room)
{
    struct visitor visitor = { 0 };

    assert_int_equal(hprpc_server_connections(room->server, visit, &visitor), 0);
    assert_false(visitor.wrong);
    return visitor.visits;
}

static void each_guest_is_told_once_and_counted(void **state)
{
    static const unsigned counts[] = { 1, 2, MOST };

    (void)state;
    for (unsigned i = 0; i < 3 * 3 * 2; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct visitor visitor = { .stops_after = 1 };
        struct conform_probe_proxy proxies[MOST];
        struct hprpc_client *clients[MOST];
        unsigned count = counts[i % 3], left = count / 2;
        struct guestbook book;
        struct room room;

        book_open(&book, &options);
        options.loops = i / 9 ? 3 : 1;
        room_serve(&room, "", &options);
        assert_int_equal(guests_of(&room), 0);
        for (unsigned c = 0; c < count; c++)
            clients[c] = room_connect_pumped(&room, suite_pumps[i / 3 % 3], &proxies[c]);
        assert_int_equal(atomic_load(&book.came), count);
        assert_int_equal(guests_of(&room), count);
        assert_int_equal(hprpc_server_connections(room.server, visit, &visitor), 7);
        assert_int_equal(visitor.visits, 1);
        for (unsigned c = left; c < count; c++)
            hprpc_client_free(clients[c]);
        suite_await(&book.went, count - left);
        assert_int_equal(guests_of(&room), left);
        room_stop(&room);
        assert_int_equal(atomic_load(&book.went), count);
        assert_int_equal(atomic_load(&book.wrong), 0);
        for (unsigned c = 1; c <= count; c++) {
            assert_true(book.guests[c].came == 1 && book.guests[c].went == 1);
            assert_true(book.guests[c].code < 0 && book.guests[c].reason[0]);
        }
        for (unsigned c = 0; c < left; c++)
            hprpc_client_free(clients[c]);
        room_close(&room);
    }
}

static void a_guest_may_be_shown_out_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_client_options mine = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_client *client = NULL;
        struct guestbook book;
        struct room room;

        book_open(&book, &options);
        book.closes = true;
        room_serve(&room, "", &options);
        mine.pump = suite_pumps[i];
        /* the server answered HELLO, so the client may be ready before it sees the end */
        if (hprpc_client_connect(room.context, room.uri, &mine, NULL, &client) == 0) {
            struct conform_probe_proxy proxy;

            assert_true(conform_probe_bind(client, NULL, &proxy) < 0);
            hprpc_client_free(client);
        }
        suite_await(&book.went, 1);
        assert_int_equal(atomic_load(&book.came), 1);
        assert_int_equal(atomic_load(&book.wrong), 0);
        room_close(&room);
    }
}

/* ---- The log ---- */

struct ledger {
    pthread_mutex_t lock;
    unsigned count;
    struct {
        enum hprpc_log_level level;
        char text[240];
    } lines[LINES];
};

static void write_down(void *self, enum hprpc_log_level level, const char *text)
{
    struct ledger *ledger = self;

    pthread_mutex_lock(&ledger->lock);
    if (ledger->count < LINES) {
        ledger->lines[ledger->count].level = level;
        snprintf(ledger->lines[ledger->count++].text, sizeof(ledger->lines[0].text), "%s", text);
    }
    pthread_mutex_unlock(&ledger->lock);
}

static struct ledger ledger = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void ledger_open(void)
{
    ledger.count = 0;
    suite_log = write_down;
    suite_log_self = &ledger;
}

/* Counts lines of `level` that contain both texts. */
static unsigned written(enum hprpc_log_level level, const char *one, const char *other)
{
    unsigned count = 0;

    pthread_mutex_lock(&ledger.lock);
    for (unsigned i = 0; i < ledger.count; i++)
        count +=
            ledger.lines[i].level == level && strstr(ledger.lines[i].text, one) && strstr(ledger.lines[i].text, other);
    pthread_mutex_unlock(&ledger.lock);
    return count;
}

static void the_log_tells_lives_by_name(void **state)
{
    struct conform_probe_proxy proxies[3];
    struct hprpc_client *clients[3];
    char from[60], to[60];
    struct room room;

    (void)state;
    ledger_open();
    room_serve(&room, "", NULL);
    assert_int_equal(written(HPRPC_LOG_INFO, "listening at ", room.uri), 1);
    for (int i = 0; i < 3; i++)
        clients[i] = room_connect(&room, "", NULL, &proxies[i]);
    assert_int_equal(conform_probe_poke(&proxies[1], NULL), 0);
    for (int i = 0; i < 3; i++)
        hprpc_client_free(clients[i]);
    room_close(&room);
    suite_log = NULL;
    snprintf(to, sizeof(to), "connection to %s ", transport->scheme);
    assert_int_equal(written(HPRPC_LOG_INFO, to, ": open"), 3);
    assert_int_equal(written(HPRPC_LOG_INFO, to, ": ended: "), 3);
    for (int i = 1; i <= 3; i++) {
        snprintf(from, sizeof(from), "connection %d from %s ", i, transport->scheme);
        assert_int_equal(written(HPRPC_LOG_INFO, from, ": open"), 1);
        assert_int_equal(written(HPRPC_LOG_INFO, from, i == 2 ? " s, 1 call: ended: " : " s, 0 calls: ended: "), 1);
    }
    assert_int_equal(written(HPRPC_LOG_INFO, "no longer listening at ", ""), 1);
    assert_int_equal(written(HPRPC_LOG_ERROR, "", ""), 0);
}

static int say_to_tcp(const struct room *room, char *ret_name, size_t capacity)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(strrchr(room->uri, ':') + 1));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    snprintf(ret_name, capacity, "tcp 127.0.0.1:%u", ntohs(address.sin_port));
    return fd;
}

static int say_to_unix(const struct room *room, char *ret_name, size_t capacity)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct hprpc_uri uri;

    assert_int_equal(hprpc_uri_parse(room->uri, NULL, &uri), 0);
    assert_int_equal(hprpc__place_find(&uri, ".sock", false, NULL, address.sun_path), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    snprintf(ret_name, capacity, "unix pid %d", (int)getpid());
    return fd;
}

/*
 * Sends `bytes` on a connection of its own, and reads until the end. Returns how many bytes came; `ret_name` is what the server calls
 * this connection.
 */
static size_t say(const struct room *room, const char *bytes, size_t size, uint8_t *ret_answer, size_t capacity,
                  char *ret_name, size_t name_size)
{
    bool tcp = strcmp(transport->scheme, "tcp") == 0;
    int fd = tcp ? say_to_tcp(room, ret_name, name_size) : say_to_unix(room, ret_name, name_size);
    size_t filled = 0;
    ssize_t n;

    assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
    while (filled < capacity && (n = read(fd, ret_answer + filled, capacity - filled)) > 0)
        filled += (size_t)n;
    close(fd);
    return filled;
}

/* A peer that breaks the framing gets a GOODBYE with the reason, and the log names the peer. */
static void a_stray_client_is_told_and_named(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *sentence;
    } cases[] = {
        { "GET / HTTP/1.1\r\nHost: here\r\n\r\n", 30, "begins with 0x47" },
        { "\xb7\x21\x00\x00\x16\x00", 6, "version 2" },
        { "\xb7\x1f\x00\x00\x16\x00", 6, "unknown type 15" },
        { "\xb7\x11\x40\x00\x16\x00", 6, "flags 0x40" },
        { "\xb7\x11\x00\x01\x16\x00", 6, "reserved byte" },
        { "\xb7\x11\x00\x00\x80\x00", 6, "not in its shortest form" },
        { "\xb7\x11\x00\x00\xff\xff\xff\xff\x0f", 9, "over the limit" },
        { "\xb7\x14\x00\x00\x04\x00\x00\x00\x00", 9, "before HELLO" },
    };
    struct room room;

    (void)state;
    if (strcmp(transport->scheme, "tcp") != 0 && strcmp(transport->scheme, "unix") != 0)
        skip();
    ledger_open();
    room_serve(&room, "", NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t answer[400];
        char peer[40], name[80];
        size_t size = say(&room, cases[i].bytes, cases[i].size, answer, sizeof(answer), peer, sizeof(peer));

        if (size < 10 || answer[0] != 0xb7 || answer[1] != (0x10 | HPRPC_MESSAGE_GOODBYE) ||
            !memmem(answer, size, cases[i].sentence, strlen(cases[i].sentence)))
            fail_msg("no GOODBYE with \"%s\", but %zu bytes", cases[i].sentence, size);
        snprintf(name, sizeof(name), "connection %zu from %s, ", i + 1, peer);
        for (struct patience p = patience_begin(); !written(HPRPC_LOG_ERROR, name, cases[i].sentence) && try_again(&p);)
            continue;
    }
    suite_log = NULL;
    room_close(&room);
}

/* ---- No room ---- */

static void refused_with(struct room *room, enum hprpc_pump pump, const char *sentence)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    struct hprpc_client *client = NULL;
    int r;

    options.pump = pump;
    r = hprpc_client_connect(room->context, room->uri, &options, &detail, &client);
    if (r != HPRPC_EREFUSED)
        fail_msg("%s: %s", hprpc_error_name(r), detail.text);
    if (!strstr(detail.text, sentence))
        fail_msg("expected \"%s\" in \"%s\"", sentence, detail.text);
    assert_null(client);
}

static void a_full_server_says_so_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * 3; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct conform_probe_proxy proxies[3];
        struct hprpc_client *clients[3];
        unsigned most = 1 + (unsigned)i / 3;
        struct room room;

        options.max_connections = most;
        ledger_open();
        room_serve(&room, "", &options);
        for (unsigned c = 0; c < most; c++)
            clients[c] = room_connect(&room, "", NULL, &proxies[c]);
        for (int c = 0; c < 20; c++)
            refused_with(&room, suite_pumps[i % 3], "and takes no more");
        assert_int_equal(guests_of(&room), most);
        for (unsigned c = 0; c < most; c++)
            assert_int_equal(conform_probe_poke(&proxies[c], NULL), 0);
        /* one client leaves, and there is room again */
        hprpc_client_free(clients[0]);
        clients[0] = room_connect_pumped(&room, suite_pumps[i % 3], &proxies[0]);
        for (unsigned c = 0; c < most; c++)
            hprpc_client_free(clients[c]);
        suite_log = NULL;
        room_close(&room);
        assert_int_equal(written(HPRPC_LOG_ERROR, "clients are turned away", "takes no more"), 1);
        assert_int_equal(written(HPRPC_LOG_ERROR, "", ""), 1);
    }
}

/* Returns the lowest descriptor that the process does not use. */
static rlim_t free_descriptor(int pid)
{
    char path[64];

    for (int fd = 0;; fd++) {
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
        if (access(path, F_OK))
            return (rlim_t)fd;
    }
}

static void a_server_out_of_descriptors_says_so_at_once(void **state)
{
    struct rlimit limit, low;
    struct process process;
    struct room room;
    rlim_t idle;

    (void)state;
    if (!transport->processes)
        skip();
    room_open(&room);
    process_serve(&process);
    strcpy(room.uri, process.uri);
    assert_int_equal(prlimit(process.pid, RLIMIT_NOFILE, NULL, &limit), 0);
    idle = free_descriptor(process.pid);
    for (int i = 0; i < 3; i++) {
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;

        /* the server has closed the connection of the round before */
        for (struct patience p = patience_begin(); free_descriptor(process.pid) != idle && try_again(&p);)
            continue;
        low = limit;
        low.rlim_cur = idle;
        assert_int_equal(prlimit(process.pid, RLIMIT_NOFILE, &low, NULL), 0);
        for (int c = 0; c < 5; c++)
            refused_with(&room, suite_pumps[i], "oo many open files");
        assert_int_equal(prlimit(process.pid, RLIMIT_NOFILE, &limit, NULL), 0);
        client = room_connect_pumped(&room, suite_pumps[i], &proxy);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        hprpc_client_free(client);
    }
    process_kill(&process);
    process_sweep(&process);
    hprpc_context_free(room.context);
}

static const struct CMUnitTest tests[] = {
    fixture_test(each_guest_is_told_once_and_counted), fixture_test(a_guest_may_be_shown_out_at_once),
    fixture_test(the_log_tells_lives_by_name),         fixture_test(a_stray_client_is_told_and_named),
    fixture_test(a_full_server_says_so_at_once),       fixture_test(a_server_out_of_descriptors_says_so_at_once),
};

const struct chapter guests_chapter = { "guests", tests, sizeof(tests) / sizeof(tests[0]) };
