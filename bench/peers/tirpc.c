/* SPDX-License-Identifier: MIT */
/* ONC RPC (libtirpc) as a subject, over TCP: stubs by rpcgen, and buffers that hold a whole message of usual size. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/measure/subject.h"
#include "bench/paper/values.h"
#include "paper.h"
#include "peer-sizes.h"

enum { BUFFER = 128 * 1024 };

/* rpcgen -m defines this and does not declare it */
void paper_program_1(struct svc_req *request, SVCXPRT *transport);

static struct paper_values values;

/* ---- Server ---- */

bool_t say_hello_1_svc(hello_request *request, hello_reply *reply, struct svc_req *call)
{
    size_t size = strlen(request->name) + sizeof("Hello ");

    (void)call;
    reply->text = malloc(size);
    if (reply->text)
        snprintf(reply->text, size, "Hello %s", request->name);
    return reply->text != NULL;
}

bool_t average_1_svc(numbers *request, double *reply, struct svc_req *call)
{
    (void)call;
    *reply = paper_average(request->values.values_val, request->values.values_len);
    return TRUE;
}

bool_t get_rand_nums_1_svc(int *count, numbers *reply, struct svc_req *call)
{
    (void)call;
    reply->values.values_val = (int *)paper_values_random(&values, *count);
    reply->values.values_len = reply->values.values_val ? (u_int)*count : 0;
    return TRUE;
}

#define PEER_SIZE(n)                                                                                             \
    _Static_assert(sizeof(large_data_##n) == (n) * sizeof(int), "members one behind the other");                 \
    bool_t send_rcv_large_data_##n##_1_svc(large_data_##n *request, large_data_##n *reply, struct svc_req *call) \
    {                                                                                                            \
        (void)call;                                                                                              \
        for (int i = 0; i < (n); i++)                                                                            \
            (&reply->m0)[i] = (&request->m0)[i] + 1;                                                             \
        return TRUE;                                                                                             \
    }
PEER_SIZES
#undef PEER_SIZE

/* Frees what a procedure allocated: only a greeting is allocated; numbers are in the table. */
int paper_program_1_freeresult(SVCXPRT *transport, xdrproc_t procedure, caddr_t result)
{
    (void)transport;
    if (procedure == (xdrproc_t)xdr_hello_reply)
        xdr_free(procedure, result);
    return 1;
}

static void serve(struct bench_session *session)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    SVCXPRT *transport;
    char port[16];

    paper_values_make(&values, 1 << 16);
    if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        bench_fail(session, "cannot listen");
    transport = svc_vc_create(fd, BUFFER, BUFFER);
    if (!transport || !svc_reg(transport, PAPER_PROGRAM, PAPER_VERSION, paper_program_1, NULL))
        bench_fail(session, "libtirpc does not serve");
    snprintf(port, sizeof(port), "%d", ntohs(address.sin_port));
    bench_ready(session, port);
    svc_run();
}

/* ---- Client ---- */

struct client {
    struct bench_session *session;
    CLIENT *handle;
    uint64_t call;
};

static void *start(struct bench_session *session)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct netbuf where = { sizeof(address), sizeof(address), &address };
    struct client *client = calloc(1, sizeof(*client));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;

    if (session->workload.depth > 1)
        bench_fail(session, "ONC RPC makes one call at a time");
    address.sin_port = htons((uint16_t)atoi(session->shared->address));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        bench_fail(session, "cannot connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    client->session = session;
    client->handle = clnt_vc_create(fd, &where, PAPER_PROGRAM, PAPER_VERSION, BUFFER, BUFFER);
    if (!client->handle)
        bench_fail(session, "libtirpc does not connect");
    paper_values_make(&values, session->workload.size);
    return client;
}

static void check(struct client *client, enum clnt_stat status, bool right)
{
    if (status != RPC_SUCCESS)
        bench_fail(client->session, "%s", clnt_sperrno(status));
    if (!right)
        bench_fail(client->session, "a reply differs from what was expected");
}

static void say_hello(struct client *client)
{
    static char name[] = "king";
    hello_request request = { name };
    hello_reply reply = { NULL };
    enum clnt_stat status = say_hello_1(&request, &reply, client->handle);

    check(client, status, reply.text && strcmp(reply.text, "Hello king") == 0);
    xdr_free((xdrproc_t)xdr_hello_reply, (char *)&reply);
}

static void average(struct client *client)
{
    uint32_t size = client->session->workload.size;
    numbers request = { { size, (int *)paper_values_list(&values, client->call) } };
    double reply = 0;
    enum clnt_stat status = average_1(&request, &reply, client->handle);

    check(client, status, reply == paper_values_average(&values, client->call, size));
}

static void random_numbers(struct client *client)
{
    int size = (int)client->session->workload.size;
    const int32_t *expected = paper_values_random(&values, size);
    numbers reply = { { 0, NULL } };
    enum clnt_stat status = get_rand_nums_1(&size, &reply, client->handle);

    check(client, status,
          reply.values.values_len == (u_int)size &&
              memcmp(reply.values.values_val, expected, (size_t)size * sizeof(int)) == 0);
    xdr_free((xdrproc_t)xdr_numbers, (char *)&reply);
}

static void fill(struct client *client, int *members)
{
    for (uint32_t i = 0; i < client->session->workload.size; i++)
        members[i] = paper_member(client->call, i);
}

static bool right(struct client *client, const int *members)
{
    int wrong = 0;

    for (uint32_t i = 0; i < client->session->workload.size; i++)
        wrong |= members[i] ^ (paper_member(client->call, i) + 1);
    return !wrong;
}

#define PEER_SIZE(n)                                                            \
    static void large_data_of_##n(struct client *client)                        \
    {                                                                           \
        static large_data_##n request, reply;                                   \
        enum clnt_stat status;                                                  \
                                                                                \
        fill(client, &request.m0);                                              \
        status = send_rcv_large_data_##n##_1(&request, &reply, client->handle); \
        check(client, status, right(client, &reply.m0));                        \
    }
PEER_SIZES
#undef PEER_SIZE

static void large_data(struct client *client)
{
    switch (client->session->workload.size) {
#define PEER_SIZE(n)               \
    case n:                        \
        large_data_of_##n(client); \
        break;
        PEER_SIZES
#undef PEER_SIZE
    default:
        bench_fail(client->session, "there is no structure of this size");
    }
}

static void run(void *self, struct bench_run *run)
{
    static void (*const calls[BENCH_OPERATIONS])(struct client *) = { say_hello, average, random_numbers, large_data };
    struct client *client = self;
    void (*one)(struct client *) = calls[client->session->workload.operation];

    if (!one)
        bench_fail(client->session, "ONC RPC does not offer this operation here");
    while (bench_run_more(run)) {
        uint64_t begun = bench_run_begin(run);

        client->call++;
        one(client);
        bench_run_end(run, begun);
    }
}

int main(int argc, char **argv)
{
    static const struct bench_subject_ops ops = { .serve = serve, .open = start, .run = run };
    static const struct bench_subject subject = { "ONC RPC", &ops, NULL };

    return bench_peer_main(argc, argv, &subject);
}
