/* SPDX-License-Identifier: MIT */
/*
 * ZeroMQ as a subject, over ipc and over TCP: a REP socket serves; a REQ socket makes one call after the other, a DEALER many
 * at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zmq.h>

#include "bench/peers/plain.h"

static struct paper_values values;

static void *open_socket(struct bench_session *session, int type)
{
    void *context = zmq_ctx_new();
    void *socket = context ? zmq_socket(context, type) : NULL;

    if (!socket)
        bench_fail(session, "ZeroMQ: %s", zmq_strerror(errno));
    return socket;
}

/* ---- Server ---- */

static void answer(struct bench_session *session, void *socket)
{
    zmq_msg_t request, reply;
    size_t size;

    zmq_msg_init(&request);
    if (zmq_msg_recv(&request, socket, 0) < 0)
        bench_fail(session, "ZeroMQ: %s", zmq_strerror(errno));
    size = plain_reply_size(zmq_msg_data(&request), zmq_msg_size(&request));
    zmq_msg_init_size(&reply, size);
    plain_reply(&values, zmq_msg_data(&request), zmq_msg_size(&request), zmq_msg_data(&reply));
    zmq_msg_close(&request);
    if (zmq_msg_send(&reply, socket, 0) < 0)
        bench_fail(session, "ZeroMQ: %s", zmq_strerror(errno));
}

static void serve(struct bench_session *session)
{
    void *socket = open_socket(session, ZMQ_REP);
    char address[128] = "tcp://127.0.0.1:*";
    size_t size = sizeof(address);

    paper_values_make(&values, 1 << 16);
    if (strstr(session->subject->name, "ipc"))
        snprintf(address, sizeof(address), "ipc://@hprpc-bench-zeromq-%d", (int)getpid());
    if (zmq_bind(socket, address) != 0 || zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, address, &size) != 0)
        bench_fail(session, "ZeroMQ cannot listen on %s: %s", address, zmq_strerror(errno));
    bench_ready(session, address);
    for (;;)
        answer(session, socket);
}

/* ---- Client ---- */

struct client {
    struct bench_session *session;
    void *socket;
    struct plain_flight flight;
};

static void *start(struct bench_session *session)
{
    struct client *client = calloc(1, sizeof(*client));

    client->session = session;
    client->socket = open_socket(session, session->workload.depth == 1 ? ZMQ_REQ : ZMQ_DEALER);
    if (zmq_connect(client->socket, session->shared->address) != 0)
        bench_fail(session, "ZeroMQ: %s", zmq_strerror(errno));
    if (!plain_offers(&session->workload))
        bench_fail(session, "ZeroMQ does not offer this operation here");
    paper_values_make(&values, session->workload.size);
    return client;
}

static void check(struct client *client, bool right)
{
    if (!right)
        bench_fail(client->session, "ZeroMQ: %s", zmq_strerror(errno));
}

static void send_call(void *self, uint64_t call)
{
    struct client *client = self;
    zmq_msg_t request;

    zmq_msg_init_size(&request, plain_request_size(&client->session->workload));
    plain_request(&client->session->workload, &values, call, zmq_msg_data(&request));
    if (client->session->workload.depth > 1)
        check(client, zmq_send(client->socket, "", 0, ZMQ_SNDMORE) == 0); /* a REQ socket sends this by itself */
    check(client, zmq_msg_send(&request, client->socket, 0) >= 0);
}

static void receive_reply(void *self, uint64_t call)
{
    struct client *client = self;
    zmq_msg_t reply;

    zmq_msg_init(&reply);
    if (client->session->workload.depth > 1)
        check(client, zmq_recv(client->socket, NULL, 0, 0) == 0);
    check(client, zmq_msg_recv(&reply, client->socket, 0) >= 0);
    if (!plain_right(&client->session->workload, &values, call, zmq_msg_data(&reply), zmq_msg_size(&reply)))
        bench_fail(client->session, "a reply differs from what was expected");
    zmq_msg_close(&reply);
}

static void run(void *self, struct bench_run *run)
{
    struct client *client = self;

    plain_run(client, &client->flight, client->session->workload.depth, run, send_call, receive_reply);
}

int main(int argc, char **argv)
{
    static const struct bench_subject_ops ops = { .serve = serve, .open = start, .run = run };
    static const struct bench_subject subject = { "ZeroMQ", &ops, NULL };

    return bench_peer_main(argc, argv, &subject);
}
