/* SPDX-License-Identifier: MIT */
/* The inside of the TCP backend: addresses, sockets and their options, and the two ends of a connection. */
#ifndef HPRPC_CHANNEL_TCP_TCP_H
#define HPRPC_CHANNEL_TCP_TCP_H

#include <netinet/in.h>
#include <sys/socket.h>

#include <hprpc/channel/transport.h>

#include "channel/socket/socket.h"

enum { HPRPC__TCP_ADDRESSES = 16, HPRPC__TCP_HOST_MAX = 256, HPRPC__TCP_TEXT_MAX = 80 };

struct hprpc__tcp_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t size;
};

/* What "host:port" says. */
struct hprpc__tcp_place {
    char host[HPRPC__TCP_HOST_MAX]; /* without brackets */
    uint16_t port;
};

struct hprpc__tcp_options {
    struct hprpc__socket_options socket;
    int keepalive;       /* seconds after which a silent peer counts as dead; 0: never */
    uint32_t stagger_ms; /* a client's: between attempts at several addresses */

    /* a listener's */
    bool v6_only;    /* an IPv6 address takes no IPv4 clients */
    bool reuse_port; /* other sockets that say the same may listen at the same port */
};

/* Sockets that listen at the addresses of one place, with one port. */
struct hprpc__tcp_sockets {
    size_t count;
    int fds[HPRPC__TCP_ADDRESSES];
};

/* Takes "host:port" or "[host]:port" apart. HPRPC_EURI. */
int hprpc__tcp_place(const struct hprpc_uri *uri, struct hprpc_detail *detail, struct hprpc__tcp_place *ret_place);

/* Whether the host is an address. 1: this one; 0: it is a name; HPRPC_EADDRESS: it is neither. Does not block. */
int hprpc__tcp_numeric(const struct hprpc__tcp_place *place, struct hprpc_detail *detail,
                       struct hprpc__tcp_address *ret_address);

/*
 * Resolves a place, and blocks for that. The order is the system's, but IPv6 and IPv4 take turns, and none comes twice.
 * HPRPC_EADDRESS; HPRPC_ESYSTEM where the system lacks something, such as memory.
 */
int hprpc__tcp_resolve(const struct hprpc__tcp_place *place, struct hprpc_detail *detail,
                       struct hprpc__tcp_address ret_addresses[HPRPC__TCP_ADDRESSES], size_t *ret_count);

/*
 * "127.0.0.1:7788", "[::1]:7788" or, of an address that means something on one link only, "[fe80::1%eth0]:7788". An IPv4 client of
 * an IPv6 socket has its IPv4 address; "no address" stands for one that is not known.
 */
void hprpc__tcp_format(const struct hprpc__tcp_address *address, char *ret_text, size_t capacity);

/* Reads the options of a URI. HPRPC_EURI. */
int hprpc__tcp_options(const struct hprpc_uri *uri, struct hprpc_detail *detail,
                       struct hprpc__tcp_options *ret_options);

/* Sets the options that listeners and connections have. */
void hprpc__tcp_set_options(int fd, const struct hprpc__tcp_options *options);

/* A non-blocking socket with the options set (a listener's connections inherit them), or a negated errno. */
int hprpc__tcp_socket(int family, const struct hprpc__tcp_options *options);

/*
 * Listens at all the addresses but those that the machine does not have; `place->port` 0 becomes the one that the system picked.
 * `detail` gets the sentence.
 */
int hprpc__tcp_listen_at(struct hprpc__tcp_place *place, const struct hprpc__tcp_address *addresses, size_t count,
                         const struct hprpc__tcp_options *options, struct hprpc_detail *detail,
                         struct hprpc__tcp_sockets *ret_sockets);
void hprpc__tcp_sockets_close(struct hprpc__tcp_sockets *sockets);

/*
 * Looks whether a descriptor that was handed in is a TCP socket that listens, or is connected; reads and sets its options. As
 * hprpc__handed_look, and HPRPC_EURI; HPRPC_ESCHEME: a socket of another kind.
 */
int hprpc__tcp_handed(int fd, bool listens, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                      struct hprpc__tcp_options *ret_options);

/* The code for a failed connect, bind or listen. */
int hprpc__tcp_code(int number);

/*
 * Makes a channel without a connection, for the next one that is accepted; before that only `free` may be called. It keeps
 * the pool; NULL for none.
 */
struct hprpc_channel *hprpc__tcp_prepare(struct hprpc_context *context, const struct hprpc__socket_options *options,
                                         struct hprpc__pool *pool);

/* Gives such a channel its connection. */
void hprpc__tcp_accepted(struct hprpc_channel *channel, int fd, const struct hprpc__tcp_address *peer);

/*
 * Makes a channel to the first that answers of some addresses, or of those of a host that is looked up. It may still be opening, as
 * after `connect`. One of `place` and `addresses` is NULL.
 */
int hprpc__tcp_open(struct hprpc_context *context, const struct hprpc__tcp_options *options,
                    const struct hprpc__tcp_place *place, const struct hprpc__tcp_address *addresses, size_t count,
                    struct hprpc_detail *detail, struct hprpc_channel **ret_channel);

int hprpc__tcp_connect(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                       struct hprpc_channel **ret_channel);
int hprpc__tcp_listen(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                      struct hprpc_listener **ret_listener);
int hprpc__tcp_listen_fd(struct hprpc_context *context, int fd, const struct hprpc_uri *uri,
                         struct hprpc_detail *detail, struct hprpc_listener **ret_listener);
int hprpc__tcp_connect_fd(struct hprpc_context *context, int fd, const struct hprpc_uri *uri,
                          struct hprpc_detail *detail, struct hprpc_channel **ret_channel);

#endif
