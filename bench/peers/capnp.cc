/* SPDX-License-Identifier: MIT */
// Cap'n Proto as a subject, over TCP: its two-party RPC system on its own event loop.
#include <cstring>
#include <deque>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>

#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include "bench/measure/subject.h"
#include "bench/paper/values.h"
#include "paper.capnp.h"
#include "peer-sizes.h"

namespace
{

// The members of a structure lie one behind the other in its data section: one loop reaches them all.
const int32_t *members(capnp::AnyStruct::Reader data)
{
    return reinterpret_cast<const int32_t *>(data.getDataSection().begin());
}

int32_t *members(capnp::AnyStruct::Builder data)
{
    return reinterpret_cast<int32_t *>(data.getDataSection().begin());
}

class Service final : public Paper::Server
{
  public:
    Service()
    {
        paper_values_make(&values, 1 << 16);
    }

    kj::Promise<void> sayHello(SayHelloContext context) override
    {
        auto name = context.getParams().getRequest().getName();
        auto text = context.getResults().initReply().initText(6 + name.size());

        memcpy(text.begin(), "Hello ", 6);
        memcpy(text.begin() + 6, name.begin(), name.size());
        return kj::READY_NOW;
    }

    kj::Promise<void> average(AverageContext context) override
    {
        auto numbers = context.getParams().getNumbers();
        int64_t sum = 0;

        for (int32_t number : numbers)
            sum += number;
        context.getResults().setMean(numbers.size() ? static_cast<double>(sum) / numbers.size() : 0);
        return kj::READY_NOW;
    }

    kj::Promise<void> getRandNums(GetRandNumsContext context) override
    {
        int32_t count = context.getParams().getCount();
        const int32_t *numbers = paper_values_random(&values, count);

        if (numbers)
            context.getResults().setNumbers(kj::arrayPtr(numbers, static_cast<size_t>(count)));
        return kj::READY_NOW;
    }

#define PEER_SIZE(n)                                                                            \
    kj::Promise<void> sendRcvLargeData##n(SendRcvLargeData##n##Context context) override        \
    {                                                                                           \
        const int32_t *from = members(capnp::AnyStruct::Reader(context.getParams().getData())); \
        int32_t *to = members(capnp::AnyStruct::Builder(context.getResults().initData()));      \
                                                                                                \
        for (int i = 0; i < n; i++)                                                             \
            to[i] = from[i] + 1;                                                                \
        return kj::READY_NOW;                                                                   \
    }
    PEER_SIZES
#undef PEER_SIZE

  private:
    paper_values values = {};
};

void no_delay(kj::AsyncIoStream &stream)
{
    const int on = 1;

    stream.setsockopt(IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void serve(bench_session *session)
{
    kj::AsyncIoContext io = kj::setupAsyncIo();
    Paper::Client service = kj::heap<Service>();
    auto address = io.provider->getNetwork().parseAddress("127.0.0.1", 0).wait(io.waitScope);
    auto listener = address->listen();
    std::string name = "127.0.0.1:" + std::to_string(listener->getPort());

    bench_ready(session, name.c_str());
    auto stream = listener->accept().wait(io.waitScope);
    no_delay(*stream);
    capnp::TwoPartyVatNetwork network(*stream, capnp::rpc::twoparty::Side::SERVER);
    auto system = capnp::makeRpcServer(network, service);
    network.onDisconnect().wait(io.waitScope);
}

struct Client {
    explicit Client(bench_session *owner)
        : session(owner), io(kj::setupAsyncIo()), stream(io.provider->getNetwork()
                                                             .parseAddress(owner->shared->address)
                                                             .wait(io.waitScope)
                                                             ->connect()
                                                             .wait(io.waitScope)),
          network(*stream, capnp::rpc::twoparty::Side::CLIENT), system(capnp::makeRpcClient(network)),
          paper(bootstrap())
    {
        no_delay(*stream);
        paper_values_make(&values, session->workload.size);
    }

    Paper::Client bootstrap()
    {
        capnp::MallocMessageBuilder message;
        auto vat = message.initRoot<capnp::rpc::twoparty::VatId>();

        vat.setSide(capnp::rpc::twoparty::Side::SERVER);
        return system.bootstrap(vat).castAs<Paper>();
    }

    void check(bool right)
    {
        if (!right)
            bench_fail(session, "a reply differs from what was expected");
    }

    bench_session *session;
    kj::AsyncIoContext io;
    kj::Own<kj::AsyncIoStream> stream;
    capnp::TwoPartyVatNetwork network;
    capnp::RpcSystem<capnp::rpc::twoparty::VatId> system;
    Paper::Client paper;
    paper_values values = {};
    uint64_t call = 0;
};

void *open_client(bench_session *session)
{
    return new Client(session);
}

// The hint spares the first segment of a message from growing, as the documentation advises.
capnp::MessageSize hint(size_t bytes)
{
    return capnp::MessageSize{ bytes / sizeof(capnp::word) + 16, 0 };
}

void say_hello(Client &client)
{
    auto request = client.paper.sayHelloRequest(hint(16));

    request.initRequest().setName("king");
    auto response = request.send().wait(client.io.waitScope);
    client.check(response.getReply().getText() == "Hello king");
}

void average(Client &client)
{
    uint32_t size = client.session->workload.size;
    auto request = client.paper.averageRequest(hint(size * sizeof(int32_t)));

    request.setNumbers(kj::arrayPtr(paper_values_list(&client.values, client.call), size));
    auto response = request.send().wait(client.io.waitScope);
    client.check(response.getMean() == paper_values_average(&client.values, client.call, size));
}

void random_numbers(Client &client)
{
    uint32_t size = client.session->workload.size;
    const int32_t *expected = paper_values_random(&client.values, static_cast<int32_t>(size));
    auto request = client.paper.getRandNumsRequest(hint(8));
    int32_t wrong = 0;

    request.setCount(static_cast<int32_t>(size));
    auto response = request.send().wait(client.io.waitScope);
    auto numbers = response.getNumbers();
    client.check(numbers.size() == size);
    for (uint32_t i = 0; i < size; i++)
        wrong |= numbers[i] ^ expected[i];
    client.check(!wrong);
}

void fill(int32_t *to, uint64_t call, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        to[i] = paper_member(call, i);
}

bool right(const int32_t *from, uint64_t call, uint32_t count)
{
    int32_t wrong = 0;

    for (uint32_t i = 0; i < count; i++)
        wrong |= from[i] ^ (paper_member(call, i) + 1);
    return !wrong;
}

void large_data(Client &client)
{
    switch (client.session->workload.size) {
#define PEER_SIZE(n)                                                                                \
    case n: {                                                                                       \
        auto request = client.paper.sendRcvLargeData##n##Request(hint(n * sizeof(int32_t)));        \
                                                                                                    \
        fill(members(capnp::AnyStruct::Builder(request.initData())), client.call, n);               \
        auto response = request.send().wait(client.io.waitScope);                                   \
        client.check(right(members(capnp::AnyStruct::Reader(response.getData())), client.call, n)); \
        break;                                                                                      \
    }
        PEER_SIZES
#undef PEER_SIZE
    default:
        bench_fail(client.session, "there is no structure of this size");
    }
}

// SayHello, several in flight: promises are awaited in the order of their calls.
void run_many(Client &client, bench_run *run)
{
    using Reply = kj::Promise<capnp::Response<Paper::SayHelloResults>>;
    uint32_t depth = client.session->workload.depth;
    std::deque<std::pair<uint64_t, Reply>> flight;

    while (bench_run_more(run) || !flight.empty()) {
        while (bench_run_more(run) && flight.size() < depth) {
            uint64_t begun = bench_ticks();
            auto request = client.paper.sayHelloRequest(hint(16));

            request.initRequest().setName("king");
            flight.emplace_back(begun, request.send());
        }
        auto response = flight.front().second.wait(client.io.waitScope);
        client.check(response.getReply().getText() == "Hello king");
        bench_run_end(run, flight.front().first);
        flight.pop_front();
    }
}

void run_client(void *self, bench_run *run)
{
    Client &client = *static_cast<Client *>(self);
    void (*const calls[BENCH_OPERATIONS])(
        Client &) = { say_hello, average, random_numbers, large_data, nullptr, nullptr };
    void (*one)(Client &) = calls[client.session->workload.operation];

    if (!one)
        bench_fail(client.session, "Cap'n Proto does not offer this operation here");
    if (client.session->workload.depth > 1) {
        if (one != say_hello)
            bench_fail(client.session, "Cap'n Proto has only SayHello in flight several times here");
        run_many(client, run);
        return;
    }
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
