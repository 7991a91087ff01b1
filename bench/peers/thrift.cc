/* SPDX-License-Identifier: MIT */
// Apache Thrift C++ as a subject, over TCP: code generated with templates, so that the protocol is inlined, a buffered
// transport, and the server that keeps its one connection on one thread.
#include <cstring>
#include <memory>
#include <string>

#include <thrift/server/TSimpleServer.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TServerSocket.h>
#include <thrift/transport/TSocket.h>

#include "bench/measure/subject.h"
#include "bench/paper/values.h"
#include "peer-instances.h"
#include "peer-sizes.h"

using apache::thrift::protocol::TBinaryProtocolFactoryT;
using apache::thrift::server::TServerEventHandler;
using apache::thrift::server::TSimpleServer;
using apache::thrift::transport::TBufferedTransport;
using apache::thrift::transport::TBufferedTransportFactory;
using apache::thrift::transport::TServerSocket;
using apache::thrift::transport::TSocket;

namespace
{

using Protocol = PeerProtocol;

// The members of a structure lie one behind the other, as in a C structure.
template <typename Data> int32_t *members(Data &data)
{
    return &data.m0;
}

template <typename Data> const int32_t *members(const Data &data)
{
    return &data.m0;
}

class Service final : public paper::PaperIf
{
  public:
    Service()
    {
        paper_values_make(&values, 1 << 16);
    }

    void SayHello(paper::HelloReply &reply, const paper::HelloRequest &request) override
    {
        reply.text.assign("Hello ").append(request.name);
    }

    double Average(const std::vector<int32_t> &numbers) override
    {
        return paper_average(numbers.data(), numbers.size());
    }

    void GetRandNums(std::vector<int32_t> &reply, const int32_t count) override
    {
        const int32_t *numbers = paper_values_random(&values, count);

        if (numbers)
            reply.assign(numbers, numbers + count);
    }

#define PEER_SIZE(n)                                                                                  \
    void SendRcvLargeData##n(paper::LargeData##n &reply, const paper::LargeData##n &request) override \
    {                                                                                                 \
        for (int i = 0; i < n; i++)                                                                   \
            members(reply)[i] = members(request)[i] + 1;                                              \
    }
    PEER_SIZES
#undef PEER_SIZE

  private:
    paper_values values = {};
};

class Announce final : public TServerEventHandler
{
  public:
    Announce(bench_session *owner, std::shared_ptr<TServerSocket> listener) : session(owner), socket(listener)
    {
    }

    void preServe() override
    {
        bench_ready(session, std::to_string(socket->getPort()).c_str());
    }

  private:
    bench_session *session;
    std::shared_ptr<TServerSocket> socket;
};

void serve(bench_session *session)
{
    auto socket = std::make_shared<TServerSocket>("127.0.0.1", 0);
    TSimpleServer server(std::make_shared<paper::PaperProcessorT<Protocol>>(std::make_shared<Service>()), socket,
                         std::make_shared<TBufferedTransportFactory>(),
                         std::make_shared<TBinaryProtocolFactoryT<TBufferedTransport>>());

    server.setServerEventHandler(std::make_shared<Announce>(session, socket));
    server.serve();
}

struct Client {
    explicit Client(bench_session *owner)
        : session(owner), socket(std::make_shared<TSocket>("127.0.0.1", atoi(owner->shared->address))),
          transport(std::make_shared<TBufferedTransport>(socket)), paper(std::make_shared<Protocol>(transport))
    {
        socket->setNoDelay(true);
        transport->open();
        paper_values_make(&values, session->workload.size);
    }

    void check(bool right)
    {
        if (!right)
            bench_fail(session, "a reply differs from what was expected");
    }

    bench_session *session;
    std::shared_ptr<TSocket> socket;
    std::shared_ptr<TBufferedTransport> transport;
    paper::PaperClientT<Protocol> paper;
    paper_values values = {};
    uint64_t call = 0;
    paper::HelloRequest hello;
    paper::HelloReply greeting;
    std::vector<int32_t> numbers;
};

void *open_client(bench_session *session)
{
    if (session->workload.depth > 1)
        bench_fail(session, "Thrift makes one call at a time");
    return new Client(session);
}

void say_hello(Client &client)
{
    client.hello.name = "king";
    client.paper.SayHello(client.greeting, client.hello);
    client.check(client.greeting.text == "Hello king");
}

void average(Client &client)
{
    uint32_t size = client.session->workload.size;
    const int32_t *numbers = paper_values_list(&client.values, client.call);

    client.numbers.assign(numbers, numbers + size);
    client.check(client.paper.Average(client.numbers) == paper_values_average(&client.values, client.call, size));
}

void random_numbers(Client &client)
{
    uint32_t size = client.session->workload.size;
    const int32_t *expected = paper_values_random(&client.values, static_cast<int32_t>(size));

    client.paper.GetRandNums(client.numbers, static_cast<int32_t>(size));
    client.check(client.numbers.size() == size && memcmp(client.numbers.data(), expected, size * sizeof(int32_t)) == 0);
}

template <typename Data>
void large_data(Client &client, void (paper::PaperClientT<Protocol>::*procedure)(Data &, const Data &), uint32_t count)
{
    static Data request, reply;
    int32_t wrong = 0;

    for (uint32_t i = 0; i < count; i++)
        members(request)[i] = paper_member(client.call, i);
    (client.paper.*procedure)(reply, request);
    for (uint32_t i = 0; i < count; i++)
        wrong |= members(reply)[i] ^ (paper_member(client.call, i) + 1);
    client.check(!wrong);
}

void call_large(Client &client)
{
    switch (client.session->workload.size) {
#define PEER_SIZE(n)                                                                                     \
    case n:                                                                                              \
        large_data<paper::LargeData##n>(client, &paper::PaperClientT<Protocol>::SendRcvLargeData##n, n); \
        break;
        PEER_SIZES
#undef PEER_SIZE
    default:
        bench_fail(client.session, "there is no structure of this size");
    }
}

void run_client(void *self, bench_run *run)
{
    Client &client = *static_cast<Client *>(self);
    void (*const calls[BENCH_OPERATIONS])(
        Client &) = { say_hello, average, random_numbers, call_large, nullptr, nullptr };
    void (*one)(Client &) = calls[client.session->workload.operation];

    if (!one)
        bench_fail(client.session, "Thrift does not offer this operation here");
    while (bench_run_more(run)) {
        uint64_t begun = bench_run_begin(run);

        client.call++;
        one(client);
        bench_run_end(run, begun);
    }
}

} // namespace

int main(int argc, char **argv)
{
    bench_subject_ops ops = {};
    bench_subject subject = {};

    ops.serve = serve;
    ops.open = open_client;
    ops.run = run_client;
    subject.ops = &ops;
    return bench_peer_main(argc, argv, &subject);
}
