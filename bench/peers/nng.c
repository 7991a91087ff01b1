/* SPDX-License-Identifier: MIT */
/* nng as a subject, over ipc and over TCP: req and rep sockets, and one context for each call in flight. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#include "bench/peers/plain.h"

static struct paper_values values;

static void demand(struct bench_session *session, int result)
{
    if (result != 0)
        bench_fail(session, "nng: %s", nng_strerror(result));
}

/* ---- Server ---- */

static void answer(struct bench_session *session, nng_socket socket)
{
    nng_msg *request, *reply;

    demand(session, nng_recvmsg(socket, &request, 0));
    demand(session, nng_msg_alloc(&reply, plain_reply_size(nng_msg_body(request), nng_msg_len(request))));
    plain_reply(&values, nng_msg_body(request), nng_msg_len(request), nng_msg_body(reply));
    nng_msg_free(request);
    demand(session, nng_sendmsg(socket, reply, 0));
}

static void serve(struct bench_session *session)
{
    char address[128] = "tcp://127.0.0.1:0";
    nng_listener listener;
    nng_socket socket;
    int port;

    paper_values_make(&values, 1 << 16);
    demand(session, nng_rep0_open(&socket));
    if (strstr(session->subject->name, "ipc"))
        snprintf(address, sizeof(address), "abstract://hprpc-bench-nng-%d", (int)getpid());
    demand(session, nng_listen(socket, address, &listener, 0));
    if (address[0] == 't') {
        demand(session, nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port));
        snprintf(address, sizeof(address), "tcp://127.0.0.1:%d", port);
    }
    bench_ready(session, address);
    for (;;)
        answer(session, socket);
}

/* ---- Client ---- */

/* A call in flight. */
struct slot {
    nng_ctx context;
    nng_aio *aio;
};

struct client {
    struct bench_session *session;
    nng_socket socket;
    struct slot *slots;
    struct plain_flight flight;
};

static void *start(struct bench_session *session)
{
    struct client *client = calloc(1, sizeof(*client));
    uint32_t depth = session->workload.depth;

    client->session = session;
    if (!plain_offers(&session->workload))
        bench_fail(session, "nng does not offer this operation here");
    demand(session, nng_req0_open(&client->socket));
    demand(session, nng_dial(client->socket, session->shared->address, NULL, 0));
    client->slots = calloc(depth, sizeof(*client->slots));
    for (uint32_t i = 0; i < depth && depth > 1; i++) {
        demand(session, nng_ctx_open(&client->slots[i].context, client->socket));
        demand(session, nng_aio_alloc(&client->slots[i].aio, NULL, NULL));
    }
    paper_values_make(&values, session->workload.size);
    return client;
}

static nng_msg *make_request(struct client *client, uint64_t call)
{
    nng_msg *request;

    demand(client->session, nng_msg_alloc(&request, plain_request_size(&client->session->workload)));
    plain_request(&client->session->workload, &values, call, nng_msg_body(request));
    return request;
}

static void check_reply(struct client *client, uint64_t call, nng_msg *reply)
{
    if (!plain_right(&client->session->workload, &values, call, nng_msg_body(reply), nng_msg_len(reply)))
        bench_fail(client->session, "a reply differs from what was expected");
    nng_msg_free(reply);
}

static void send_one(void *self, uint64_t call)
{
    struct client *client = self;

    demand(client->session, nng_sendmsg(client->socket, make_request(client, call), 0));
}

static void receive_one(void *self, uint64_t call)
{
    struct client *client = self;
    nng_msg *reply;

    demand(client->session, nng_recvmsg(client->socket, &reply, 0));
    check_reply(client, call, reply);
}

static void send_of_many(void *self, uint64_t call)
{
    struct client *client = self;
    struct slot *slot = &client->slots[call % client->session->workload.depth];

    nng_aio_set_msg(slot->aio, make_request(client, call));
    nng_ctx_send(slot->context, slot->aio);
    nng_aio_wait(slot->aio);
    demand(client->session, nng_aio_result(slot->aio));
}

static void receive_of_many(void *self, uint64_t call)
{
    struct client *client = self;
    struct slot *slot = &client->slots[call % client->session->workload.depth];

    nng_ctx_recv(slot->context, slot->aio);
    nng_aio_wait(slot->aio);
    demand(client->session, nng_aio_result(slot->aio));
    check_reply(client, call, nng_aio_get_msg(slot->aio));
}

static void run(void *self, struct bench_run *run)
{
    struct client *client = self;
    uint32_t depth = client->session->workload.depth;

    if (depth == 1)
        plain_run(client, &client->flight, 1, run, send_one, receive_one);
    else
        plain_run(client, &client->flight, depth, run, send_of_many, receive_of_many);
}

int main(int argc, char **argv)
{
    static const struct bench_subject_ops ops = { .serve = serve, .open = start, .run = run };
    static const struct bench_subject subject = { "nng", &ops, NULL };

    return bench_peer_main(argc, argv, &subject);
}
