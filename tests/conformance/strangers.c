/* SPDX-License-Identifier: MIT */
/*
 * Strangers that connect to a listener: they send nonsense, parts of a client's first bytes, or those bytes with single bits
 * turned.
 */
#include "conformance/suite.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A place with a listener. Where it has a path, that is in a directory of its own. */
struct door {
    char directory[32];
    char path[64];
    char uri[256];
    union {
        struct sockaddr any;
        struct sockaddr_in tcp;
        struct sockaddr_un local;
    } address;
    socklen_t address_size;
};

static bool is(const char *scheme)
{
    return strcmp(transport->scheme, scheme) == 0;
}

static void door_open(struct door *door)
{
    memset(door, 0, sizeof(*door));
    if (!transport->named) {
        snprintf(door->uri, sizeof(door->uri), "tcp://127.0.0.1:0");
        return;
    }
    strcpy(door->directory, "/tmp/hprpc-test-XXXXXX");
    assert_non_null(mkdtemp(door->directory));
    assert_int_equal(chmod(door->directory, 0711), 0);
    snprintf(door->path, sizeof(door->path), "%s/door", door->directory);
    snprintf(door->uri, sizeof(door->uri), "%s://%s", transport->scheme, door->path);
}

/* Fills in the address of the listener. */
static void door_locate(struct door *door)
{
    if (is("shm") || is("unix")) {
        door->address.local.sun_family = AF_UNIX;
        strcpy(door->address.local.sun_path, door->path);
        door->address_size = sizeof(door->address.local);
    } else if (is("tcp")) {
        door->address.tcp.sin_family = AF_INET;
        door->address.tcp.sin_port = htons((uint16_t)atoi(strrchr(door->uri, ':') + 1));
        door->address.tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        door->address_size = sizeof(door->address.tcp);
    }
}

static void door_close(struct door *door)
{
    if (door->path[0])
        assert_int_equal(rmdir(door->directory), 0);
}

static int new_socket(void)
{
    int fd = socket(is("tcp") ? AF_INET : AF_UNIX, (is("shm") ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    return fd;
}

/* Records the first bytes that a client sends: listens at the door in the server's place. Returns how many. */
static size_t record_client(struct hprpc_context *context, struct door *door, uint8_t *ret_bytes, size_t capacity)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client;
    int listener = -1, fd = -1;
    ssize_t size;

    if (is("pipe")) {
        assert_int_equal(mkfifo(door->path, 0600), 0);
        fd = open(door->path, O_RDWR | O_CLOEXEC);
    } else {
        listener = new_socket();
        door_locate(door);
        assert_int_equal(bind(listener, &door->address.any, door->address_size), 0);
        assert_int_equal(listen(listener, 1), 0);
        if (door->path[0])
            assert_int_equal(chmod(door->path, 0666), 0);
        if (is("tcp")) {
            assert_int_equal(getsockname(listener, &door->address.any, &door->address_size), 0);
            snprintf(door->uri, sizeof(door->uri), "tcp://127.0.0.1:%u", ntohs(door->address.tcp.sin_port));
        }
    }
    options.connect_timeout_ms = 20;
    assert_int_equal(hprpc_client_connect(context, door->uri, &options, NULL, &client), HPRPC_EDEADLINE);
    if (listener >= 0)
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    size = read(fd, ret_bytes, capacity);
    assert_true(size > 0);
    close(fd);
    if (listener >= 0)
        close(listener);
    if (door->path[0])
        assert_int_equal(unlink(door->path), 0);
    return (size_t)size;
}

/* Connects and sends `bytes`. On a stream socket, waits until the listener has closed the connection. */
static void knock(const struct door *door, const void *bytes, size_t size)
{
    char answer[512];
    int fd;

    if (is("pipe")) {
        fd = open(door->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, bytes, size), size);
        close(fd);
        return;
    }
    fd = new_socket();
    assert_int_equal(connect(fd, &door->address.any, door->address_size), 0);
    if (size)
        assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
    shutdown(fd, SHUT_WR);
    while (!is("shm") && read(fd, answer, sizeof(answer)) > 0)
        continue;
    close(fd);
}

/* A server behind a door, and a client that must not notice the strangers. */
struct house {
    struct room room;
    struct door door;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    int descriptors;
};

static void house_open(struct house *house)
{
    struct hprpc_detail detail = { "" };
    struct room *room = &house->room;

    door_open(&house->door);
    room_prepare(room, NULL);
    if (hprpc_server_listen(room->server, house->door.uri, &detail) < 0)
        fail_msg("%s", detail.text);
    assert_int_equal(hprpc_server_address(room->server, 0, room->uri, sizeof(room->uri)), 0);
    strcpy(house->door.uri, room->uri);
    door_locate(&house->door);
    room_run(room);
    house->client = room_connect(room, "", NULL, &house->proxy);
    house->descriptors = suite_descriptors();
}

/* Checks that the client works, that a new client gets in, and that no descriptor of a stranger is left. */
static void house_check(struct house *house)
{
    struct conform_probe_proxy proxy;
    struct hprpc_client *client = room_connect(&house->room, "", NULL, &proxy);

    assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    hprpc_client_free(client);
    assert_int_equal(conform_probe_poke(&house->proxy, NULL), 0);
    for (struct patience patience = patience_begin();
         suite_descriptors() != house->descriptors && try_again(&patience);)
        continue;
}

static void house_close(struct house *house)
{
    hprpc_client_free(house->client);
    room_close(&house->room);
    door_close(&house->door);
}

static void garbage(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        { "", 0 },
        { "GET / HTTP/1.0\r\n\r\n", 18 },
        { "\xb7", 1 },
        { "\xb7\x11\x00\x00\xff\xff\xff\xff\x0f\x00\x00", 11 },
        { "\xb7\x11\x00\x00\xff\xff\xff\xff\xff\xff", 10 },
        { "\xb7\x21\x00\x00\x02\x00\x00", 7 },
        { "\xb7\x14\x00\x00\x04\x00\x00\x00\x00", 9 },
        { "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16 },
        { "\nhprpc 1 ../../../etc/passwd\n", 29 },
        { "\nhprpc 1 0123456789abcdef0123456789abcdef\n", 42 },
        { "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", 30 },
    };
    struct house house;
    uint8_t *much;

    (void)state;
    if (!transport->processes)
        skip();
    much = suite_data(3000, 7);
    house_open(&house);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        knock(&house.door, cases[i].bytes, cases[i].size);
        house_check(&house);
    }
    for (size_t i = 0; i < 10; i++)
        knock(&house.door, much + i * 100, 3000 - i * 100);
    house_check(&house);
    house_close(&house);
    free(much);
}

/* Sends the first bytes of a client, cut off at every byte, and with every bit turned. */
static void half_sentences(void **state)
{
    uint8_t said[4096];
    struct house house;
    struct door door;
    struct room room;
    size_t size;

    (void)state;
    if (!transport->processes)
        skip();
    room_open(&room);
    door_open(&door);
    size = record_client(room.context, &door, said, sizeof(said));
    door_close(&door);
    room_close(&room);

    house_open(&house);
    for (size_t n = 0; n < size; n++) {
        knock(&house.door, said, n);
        assert_int_equal(conform_probe_poke(&house.proxy, NULL), 0);
    }
    house_check(&house);
    for (size_t bit = 0; bit < size * 8; bit++) {
        said[bit / 8] ^= (uint8_t)(1 << bit % 8);
        knock(&house.door, said, size);
        said[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (bit % 16 == 0)
            house_check(&house);
    }
    house_check(&house);
    house_close(&house);
}

/* Strangers that stay and send nothing take up only connections, and only until the handshake's deadline. */
static void silent_strangers(void **state)
{
    enum { COUNT = 20 };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    struct door door;
    struct room room;
    char byte;
    int fds[COUNT];

    (void)state;
    if (!transport->processes || is("pipe"))
        skip();                         /* a stranger at a FIFO has no connection */
    options.handshake_timeout_ms = 500; /* not shorter: the client must also make it on a busy machine */
    door_open(&door);
    room_prepare(&room, &options);
    assert_int_equal(hprpc_server_listen(room.server, door.uri, NULL), 0);
    assert_int_equal(hprpc_server_address(room.server, 0, room.uri, sizeof(room.uri)), 0);
    strcpy(door.uri, room.uri);
    door_locate(&door);
    room_run(&room);
    for (int i = 0; i < COUNT; i++) {
        fds[i] = new_socket();
        assert_int_equal(connect(fds[i], &door.address.any, door.address_size), 0);
    }
    client = room_connect(&room, "", NULL, &proxy);
    for (int i = 0; i < COUNT; i++) {
        while (read(fds[i], &byte, 1) > 0)
            continue;
        close(fds[i]);
    }
    assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    hprpc_client_free(client);
    room_close(&room);
    door_close(&door);
}

static const struct CMUnitTest tests[] = {
    fixture_test(garbage),
    fixture_test(half_sentences),
    fixture_test(silent_strangers),
};

const struct chapter strangers_chapter = { "strangers", tests, sizeof(tests) / sizeof(tests[0]) };
