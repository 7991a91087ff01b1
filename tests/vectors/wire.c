/* SPDX-License-Identifier: MIT */
/* One end of a byte stream, over sockets and FIFOs. */
#include "vectors/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/patience.h"

enum { PATIENCE_MS = 30000 };

static bool complain(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return false;
}

/* ---- Sockets ---- */

static struct sockaddr_in address_of(unsigned port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* What a script says in pieces leaves at once. */
static void hurry(int fd)
{
    const int yes = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

static bool is_local(const char *uri)
{
    return strncmp(uri, "unix", 4) == 0;
}

static bool connect_socket(const char *uri, struct wire *wire)
{
    struct sockaddr_in address = address_of((unsigned)atoi(strrchr(uri, ':') + 1));

    wire->in = wire->out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (wire->in < 0 || connect(wire->in, (struct sockaddr *)&address, sizeof(address)) < 0)
        return complain("cannot connect");
    hurry(wire->in);
    return true;
}

static bool connect_local(const char *uri, struct wire *wire)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", uri + strlen("unix://"));
    wire->in = wire->out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return (wire->in >= 0 && connect(wire->in, (struct sockaddr *)&address, sizeof(address)) == 0) ||
           complain("cannot connect");
}

static bool make_place(const char *scheme, struct door *door)
{
    strcpy(door->path, "/tmp/hprpc-test-XXXXXX");
    if (!mkdtemp(door->path))
        return complain(door->path);
    strcat(door->path, "/door");
    snprintf(door->uri, sizeof(door->uri), "%s://%s", scheme, door->path);
    return true;
}

static bool listen_local(struct door *door)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (!make_place("unix", door))
        return false;
    strcpy(address.sun_path, door->path);
    door->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return (door->fd >= 0 && bind(door->fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
            listen(door->fd, 1) == 0) ||
           complain("cannot listen");
}

static bool listen_socket(struct door *door)
{
    struct sockaddr_in address = address_of(0);
    socklen_t size = sizeof(address);

    door->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (door->fd < 0 || bind(door->fd, (struct sockaddr *)&address, size) < 0 || listen(door->fd, 1) < 0 ||
        getsockname(door->fd, (struct sockaddr *)&address, &size) < 0)
        return complain("cannot listen");
    snprintf(door->uri, sizeof(door->uri), "tcp://127.0.0.1:%u", ntohs(address.sin_port));
    return true;
}

static bool accept_socket(struct door *door, struct wire *wire)
{
    struct pollfd poll_for = { .fd = door->fd, .events = POLLIN };

    if (poll(&poll_for, 1, PATIENCE_MS) <= 0)
        return complain("nobody connects");
    wire->in = wire->out = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC);
    if (wire->in < 0)
        return complain("cannot accept");
    hurry(wire->in);
    return true;
}

/* ---- FIFOs ---- */

static int open_end(const struct wire *wire, const char *suffix, int flags)
{
    char path[240];

    snprintf(path, sizeof(path), "%s%s", wire->names, suffix);
    return open(path, flags | O_NONBLOCK | O_CLOEXEC);
}

static bool make_end(const struct wire *wire, const char *suffix)
{
    char path[240];

    snprintf(path, sizeof(path), "%s%s", wire->names, suffix);
    return mkfifo(path, 0600) == 0 || complain(path);
}

static void remove_end(const struct wire *wire, const char *suffix)
{
    char path[240];

    snprintf(path, sizeof(path), "%s%s", wire->names, suffix);
    unlink(path);
}

static bool say_at_door(const char *path, const char *token)
{
    char line[60];
    int size = snprintf(line, sizeof(line), "\nhprpc 1 %s\n", token), fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, line, (size_t)size) == size;

    if (fd >= 0)
        close(fd);
    return written || complain("nobody is at the door");
}

static bool connect_fifo(const char *uri, struct wire *wire)
{
    static const char token[] = "0123456789abcdef0123456789abcdef";
    const char *path = uri + strlen("pipe://");

    snprintf(wire->names, sizeof(wire->names), "%s.%s", path, token);
    if (!make_end(wire, ".up") || !make_end(wire, ".down"))
        return false;
    wire->in = open_end(wire, ".down", O_RDONLY);
    wire->out = open_end(wire, ".up", O_RDWR);
    return wire->in >= 0 && wire->out >= 0 && say_at_door(path, token);
}

static bool listen_fifo(struct door *door)
{
    if (!make_place("pipe", door))
        return false;
    if (mkfifo(door->path, 0600) < 0)
        return complain(door->path);
    door->fd = open(door->path, O_RDWR | O_CLOEXEC);
    return door->fd >= 0 || complain(door->path);
}

static bool accept_fifo(struct door *door, struct wire *wire)
{
    struct pollfd poll_for = { .fd = door->fd, .events = POLLIN };
    char line[43] = "", token[33];
    int end = 0;

    if (poll(&poll_for, 1, PATIENCE_MS) <= 0 || read(door->fd, line, 42) != 42)
        return complain("nobody registers");
    if (sscanf(line, "\nhprpc 1 %32[0-9a-f]\n%n", token, &end) != 1 || end != 42 || strlen(token) != 32)
        return complain("this is no registration");
    snprintf(wire->names, sizeof(wire->names), "%s.%s", door->path, token);
    wire->in = open_end(wire, ".up", O_RDONLY);
    wire->out = open_end(wire, ".down", O_RDWR);
    remove_end(wire, ".up");
    remove_end(wire, ".down");
    wire->heard = true; /* the client has opened both, or it could not have registered */
    return (wire->in >= 0 && wire->out >= 0) || complain(wire->names);
}

bool wire_is_nameless(const struct wire *wire)
{
    struct stat status;
    char path[240];

    snprintf(path, sizeof(path), "%s.up", wire->names);
    if (!wire->names[0] || lstat(path, &status) < 0) {
        snprintf(path, sizeof(path), "%s.down", wire->names);
        return !wire->names[0] || lstat(path, &status) < 0;
    }
    return false;
}

/* ---- Either ---- */

static bool is_fifo(const char *uri)
{
    return strncmp(uri, "pipe", 4) == 0;
}

bool wire_connect(const char *uri, struct wire *ret_wire)
{
    *ret_wire = (struct wire){ .in = -1, .out = -1, .heard = !is_fifo(uri) };
    return is_fifo(uri)    ? connect_fifo(uri, ret_wire)
           : is_local(uri) ? connect_local(uri, ret_wire)
                           : connect_socket(uri, ret_wire);
}

bool door_open(const char *scheme, struct door *ret_door)
{
    *ret_door = (struct door){ .fd = -1 };
    return is_fifo(scheme)    ? listen_fifo(ret_door)
           : is_local(scheme) ? listen_local(ret_door)
                              : listen_socket(ret_door);
}

bool door_accept(struct door *door, struct wire *ret_wire)
{
    *ret_wire = (struct wire){ .in = -1, .out = -1, .heard = true };
    return is_fifo(door->uri) ? accept_fifo(door, ret_wire) : accept_socket(door, ret_wire);
}

void door_close(struct door *door)
{
    if (door->fd >= 0)
        close(door->fd);
    door->fd = -1;
    if (!door->path[0])
        return;
    unlink(door->path);
    *strrchr(door->path, '/') = '\0';
    rmdir(door->path);
    door->path[0] = '\0';
}

static ssize_t write_some(struct wire *wire, const uint8_t *bytes, size_t size)
{
    return wire->in == wire->out ? send(wire->out, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT)
                                 : write(wire->out, bytes, size);
}

bool wire_write(struct wire *wire, const uint8_t *bytes, size_t size)
{
    while (size) {
        struct pollfd poll_for = { .fd = wire->out, .events = POLLOUT };
        ssize_t n = write_some(wire, bytes, size);

        if (n < 0 && errno != EAGAIN)
            return false;
        if (n < 0 && poll(&poll_for, 1, PATIENCE_MS) <= 0)
            return false;
        bytes += n < 0 ? 0 : n;
        size -= n < 0 ? 0 : (size_t)n;
    }
    return true;
}

/* Whether a FIFO's writer has been there and is gone: before the first one there is no hang-up. */
static bool is_hung_up(const struct wire *wire)
{
    struct pollfd poll_for = { .fd = wire->in, .events = POLLIN };

    return poll(&poll_for, 1, 0) > 0 && (poll_for.revents & POLLHUP);
}

ssize_t wire_read(struct wire *wire, uint8_t *ret_bytes, size_t capacity, bool at_once)
{
    struct patience patience = patience_begin();
    struct pollfd poll_for = { .fd = wire->in, .events = POLLIN };
    bool ended;
    ssize_t n;

    for (;;) {
        ended = wire->heard || is_hung_up(wire);
        if (wire->heard && poll(&poll_for, 1, at_once ? 0 : PATIENCE_MS) <= 0)
            return -1;
        n = read(wire->in, ret_bytes, capacity);
        wire->heard = wire->heard || n > 0;
        if (n > 0 || (n == 0 && ended))
            return n;
        if (n < 0 && errno == ECONNRESET)
            return 0;
        if (at_once || !is_patient(&patience))
            return -1;
    }
}

void wire_end(struct wire *wire)
{
    if (wire->in == wire->out) {
        shutdown(wire->out, SHUT_WR);
    } else if (wire->out >= 0) {
        close(wire->out);
        wire->out = -1;
    }
}

void wire_close(struct wire *wire)
{
    if (wire->out >= 0 && wire->out != wire->in)
        close(wire->out);
    if (wire->in >= 0)
        close(wire->in);
    if (wire->names[0]) {
        remove_end(wire, ".up");
        remove_end(wire, ".down");
    }
    wire->in = wire->out = -1;
}
