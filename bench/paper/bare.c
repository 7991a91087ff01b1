/* SPDX-License-Identifier: MIT */
/* A client without the library's costs: the library connects and binds, and then the socket is used directly. */
#include "bench/paper/bare.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hprpc/stub.h>

#include "channel/framed/header.h"
#include "paper.h"
#include "rpc/call/binding.h"

/* A message as it is on the wire. */
struct message {
    uint8_t *bytes;
    size_t size;
};

struct bare {
    struct bench_session *session;
    struct hprpc_context *context;
    uint32_t count, depth;
    int *fds;
    uint64_t *begun;
    struct message *requests, *replies; /* for each call in flight of a connection */
    uint8_t *room;                      /* for one reply */
    unsigned numbers;                   /* service << 16 | procedure, the same on each connection */
};

/* ---- Messages ---- */

/* Makes a message of a header and a body: a string, or without one `size` bytes. */
static struct message make(const struct hprpc_header *header, const char *text, uint32_t size)
{
    uint64_t body =
        text ? kodosis_size_string(0, kodosis_str(text)) : kodosis_size_bytes(0, (struct kodosis_bytes){ NULL, size });
    struct message message = { .bytes = malloc(HPRPC__HEADER_MAX + body) };
    struct kodosis_writer writer;

    if (!message.bytes)
        abort();
    message.size = (size_t)hprpc__header_write(header, (uint32_t)body, message.bytes);
    kodosis_writer_init(&writer, message.bytes + message.size, body);
    if (text) {
        kodosis_write_string(&writer, kodosis_str(text));
    } else {
        kodosis_write_varint(&writer, size);
        memset(kodosis_writer_claim(&writer, size), 'x', size);
    }
    message.size += body;
    return message;
}

static void make_messages(struct bare *bare)
{
    bool hello = bare->session->workload.operation == BENCH_SAY_HELLO;
    uint32_t size = bare->session->workload.size;

    bare->requests = calloc(bare->depth, sizeof(*bare->requests));
    bare->replies = calloc(bare->depth, sizeof(*bare->replies));
    for (uint32_t i = 0; i < bare->depth; i++) {
        const struct hprpc_header asks = { .call = i,
                                           .type = HPRPC_MESSAGE_REQUEST,
                                           .service = (uint16_t)(bare->numbers >> 16),
                                           .procedure = (uint16_t)bare->numbers };
        const struct hprpc_header answers = { .call = i, .type = HPRPC_MESSAGE_REPLY };

        bare->requests[i] = make(&asks, hello ? "king" : NULL, size);
        bare->replies[i] = make(&answers, hello ? "Hello king" : NULL, size);
    }
    bare->room = malloc(bare->replies[bare->depth - 1].size);
}

/* ---- Connecting ---- */

static int connect_to(struct bare *bare, unsigned port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        bench_fail(bare->session, "cannot connect to port %u", port);
    return fd;
}

/* Binds the service on a connection. Returns the numbers of the procedure. */
static unsigned bind_on(struct bare *bare, struct hprpc_client *client)
{
    struct hprpc_detail detail = { "" };
    struct paper_paper_proxy paper;
    struct paper_bytes_proxy bytes;
    struct hprpc_binding *binding;
    int r;

    if (bare->session->workload.operation == BENCH_SAY_HELLO) {
        r = paper_paper_bind(client, &detail, &paper);
        binding = paper.binding;
    } else {
        r = paper_bytes_bind(client, &detail, &bytes);
        binding = bytes.binding;
    }
    if (r < 0)
        bench_fail(bare->session, "%s", detail.text);
    /* SayHello and Echo are the first procedures of their services */
    return atomic_load(&binding->procedures[0].numbers);
}

/* Opens a connection by the library, whose client stays, and is not used any more. */
static void open_one(struct bare *bare, uint32_t index, unsigned port)
{
    struct hprpc_client *client = NULL;
    struct hprpc_detail detail = { "" };
    int fd = connect_to(bare, port);
    unsigned numbers;

    bare->fds[index] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (bare->fds[index] < 0 || hprpc_client_from_fd(bare->context, fd, NULL, NULL, &detail, &client) < 0)
        bench_fail(bare->session, "a connection: %s", detail.text);
    numbers = bind_on(bare, client);
    if (index && numbers != bare->numbers)
        bench_fail(bare->session, "the numbers of a procedure differ between connections");
    bare->numbers = numbers;
    fcntl(bare->fds[index], F_SETFL, fcntl(bare->fds[index], F_GETFL) & ~O_NONBLOCK);
}

void *bench_bare_open(struct bench_session *session, const char *uri)
{
    struct bare *bare = calloc(1, sizeof(*bare));
    unsigned port = 0;

    bare->session = session;
    bare->count = session->workload.connections;
    bare->depth = session->workload.depth;
    bare->fds = calloc(bare->count, sizeof(*bare->fds));
    bare->begun = calloc(bare->count, sizeof(*bare->begun));
    if (sscanf(uri, "tcp://127.0.0.1:%u", &port) != 1 || hprpc_context_new(NULL, &bare->context) < 0)
        bench_fail(session, "this client does not reach %s", uri);
    for (uint32_t i = 0; i < bare->count; i++)
        open_one(bare, i, port);
    make_messages(bare);
    return bare;
}

/* ---- Running ---- */

static void ask(struct bare *bare, uint32_t i)
{
    for (uint32_t j = 0; j < bare->depth; j++) {
        const struct message *request = &bare->requests[j];

        if (send(bare->fds[i], request->bytes, request->size, MSG_NOSIGNAL) != (ssize_t)request->size)
            bench_fail(bare->session, "the server is gone");
    }
}

static void collect(struct bare *bare, uint32_t i, struct bench_run *run)
{
    for (uint32_t j = 0; j < bare->depth; j++) {
        const struct message *reply = &bare->replies[j];

        if (recv(bare->fds[i], bare->room, reply->size, MSG_WAITALL) != (ssize_t)reply->size)
            bench_fail(bare->session, "the server is gone");
        if (memcmp(bare->room, reply->bytes, reply->size) != 0)
            bench_fail(bare->session, "a reply differs from what was expected");
        bench_run_end(run, bare->begun[i]);
    }
}

void bench_bare_run(void *self, struct bench_run *run)
{
    struct bare *bare = self;

    while (bench_run_more(run)) {
        uint64_t begun = bench_run_begin(run);

        for (uint32_t i = 0; i < bare->count; i++) {
            bare->begun[i] = i ? bench_ticks() : begun;
            ask(bare, i);
        }
        for (uint32_t i = 0; i < bare->count; i++)
            collect(bare, i, run);
    }
}
