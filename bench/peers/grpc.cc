/* SPDX-License-Identifier: MIT */
// gRPC C++ as a subject, over TCP and over a Unix-domain socket. As its performance guide has it: one channel and stub,
// messages used again, the channel told to optimise for latency, the callback API on the server.
#include <cstring>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "bench/measure/subject.h"
#include "bench/paper/values.h"
#include "paper.grpc.pb.h"
#include "peer-members.h"

namespace
{

class Service final : public paper::Paper::CallbackService
{
  public:
    grpc::ServerUnaryReactor *SayHello(grpc::CallbackServerContext *context, const paper::HelloRequest *request,
                                       paper::HelloReply *reply) override
    {
        reply->mutable_text()->assign("Hello ").append(request->name());
        return finish(context);
    }

    grpc::ServerUnaryReactor *Average(grpc::CallbackServerContext *context, const paper::Numbers *request,
                                      paper::Mean *reply) override
    {
        reply->set_value(paper_average(request->values().data(), static_cast<size_t>(request->values_size())));
        return finish(context);
    }

    grpc::ServerUnaryReactor *GetRandNums(grpc::CallbackServerContext *context, const paper::Count *request,
                                          paper::Numbers *reply) override
    {
        const int32_t *numbers = paper_values_random(&values, request->value());

        if (numbers)
            reply->mutable_values()->Add(numbers, numbers + request->value());
        return finish(context);
    }

#define PEER_SIZE(n)                                                                                                   \
    grpc::ServerUnaryReactor *SendRcvLargeData##n(                                                                     \
        grpc::CallbackServerContext *context, const paper::LargeData##n *request, paper::LargeData##n *reply) override \
    {                                                                                                                  \
        peer_add_one(*request, *reply);                                                                                \
        return finish(context);                                                                                        \
    }
    GRPC_SIZES
#undef PEER_SIZE

    paper_values values = {};

  private:
    static grpc::ServerUnaryReactor *finish(grpc::CallbackServerContext *context)
    {
        grpc::ServerUnaryReactor *reactor = context->DefaultReactor();

        reactor->Finish(grpc::Status::OK);
        return reactor;
    }
};

std::string address_of(bench_session *session)
{
    if (strstr(session->subject->name, "unix"))
        return "unix-abstract:hprpc-bench-grpc-" + std::to_string(getpid());
    return "127.0.0.1:0";
}

void serve(bench_session *session)
{
    static Service service;
    std::string address = address_of(session);
    grpc::ServerBuilder builder;
    int port = 0;

    paper_values_make(&service.values, 1 << 16);
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
    builder.SetMaxReceiveMessageSize(-1);
    builder.RegisterService(&service);
    std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    if (!server)
        bench_fail(session, "gRPC cannot listen on %s", address.c_str());
    if (address[0] != 'u')
        address = "127.0.0.1:" + std::to_string(port);
    bench_ready(session, address.c_str());
    server->Wait();
}

struct Client {
    bench_session *session;
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<paper::Paper::Stub> stub;
    paper_values values = {};
    uint64_t call = 0;

    void check(const grpc::Status &status, bool right)
    {
        if (!status.ok())
            bench_fail(session, "%s", status.error_message().c_str());
        if (!right)
            bench_fail(session, "a reply differs from what was expected");
    }
};

void *open_client(bench_session *session)
{
    Client *client = new Client{ session, nullptr, nullptr, {}, 0 };
    grpc::ChannelArguments arguments;

    arguments.SetString(GRPC_ARG_OPTIMIZATION_TARGET, "latency");
    arguments.SetMaxReceiveMessageSize(-1);
    client->channel =
        grpc::CreateCustomChannel(session->shared->address, grpc::InsecureChannelCredentials(), arguments);
    client->stub = paper::Paper::NewStub(client->channel);
    paper_values_make(&client->values, session->workload.size);
    return client;
}

// Runs calls of one kind: `prepare` fills in what changes from call to call, `right` looks at the reply.
template <typename Request, typename Reply, typename Prepare, typename Right>
void run_calls(Client *client, bench_run *run,
               grpc::Status (paper::Paper::Stub::*procedure)(grpc::ClientContext *, const Request &, Reply *),
               Prepare prepare, Right right)
{
    Request request;
    Reply reply;

    while (bench_run_more(run)) {
        uint64_t begun = bench_run_begin(run);
        grpc::ClientContext context;

        prepare(request, ++client->call);
        client->check((client->stub.get()->*procedure)(&context, request, &reply), true);
        client->check(grpc::Status::OK, right(reply, client->call));
        bench_run_end(run, begun);
    }
}

void run_average(Client *client, bench_run *run)
{
    uint32_t size = client->session->workload.size;

    run_calls<paper::Numbers, paper::Mean>(
        client, run, &paper::Paper::Stub::Average,
        [&](paper::Numbers &request, uint64_t call) {
            const int32_t *numbers = paper_values_list(&client->values, call);

            request.mutable_values()->Clear();
            request.mutable_values()->Add(numbers, numbers + size);
        },
        [&](const paper::Mean &reply, uint64_t call) {
            return reply.value() == paper_values_average(&client->values, call, size);
        });
}

void run_random(Client *client, bench_run *run)
{
    uint32_t size = client->session->workload.size;
    const int32_t *expected = paper_values_random(&client->values, static_cast<int32_t>(size));

    run_calls<paper::Count, paper::Numbers>(
        client, run, &paper::Paper::Stub::GetRandNums,
        [&](paper::Count &request, uint64_t) { request.set_value(static_cast<int32_t>(size)); },
        [&](const paper::Numbers &reply, uint64_t) {
            return static_cast<uint32_t>(reply.values_size()) == size &&
                   memcmp(reply.values().data(), expected, size * sizeof(int32_t)) == 0;
        });
}

template <typename Data>
void run_large(Client *client, bench_run *run,
               grpc::Status (paper::Paper::Stub::*procedure)(grpc::ClientContext *, const Data &, Data *))
{
    run_calls<Data, Data>(
        client, run, procedure, [](Data &request, uint64_t call) { peer_fill(request, call); },
        [](const Data &reply, uint64_t call) { return peer_right(reply, call); });
}

void run_client(void *self, bench_run *run)
{
    Client *client = static_cast<Client *>(self);

    switch (client->session->workload.operation) {
    case BENCH_SAY_HELLO:
        run_calls<paper::HelloRequest, paper::HelloReply>(
            client, run, &paper::Paper::Stub::SayHello,
            [](paper::HelloRequest &request, uint64_t) { request.set_name("king"); },
            [](const paper::HelloReply &reply, uint64_t) { return reply.text() == "Hello king"; });
        break;
    case BENCH_AVERAGE:
        run_average(client, run);
        break;
    case BENCH_GET_RAND_NUMS:
        run_random(client, run);
        break;
    case BENCH_LARGE_DATA:
        switch (client->session->workload.size) {
#define PEER_SIZE(n)                                                                           \
    case n:                                                                                    \
        run_large<paper::LargeData##n>(client, run, &paper::Paper::Stub::SendRcvLargeData##n); \
        break;
            GRPC_SIZES
#undef PEER_SIZE
        default:
            bench_fail(client->session, "protobuf's code for this structure takes too long to compile");
        }
        break;
    default:
        bench_fail(client->session, "gRPC does not offer this operation here");
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
