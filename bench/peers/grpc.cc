/* SPDX-License-Identifier: MIT */
// gRPC C++ as a subject, over TCP and over a Unix-domain socket. As its performance guide has it: one channel and stub,
// messages used again, the channel told to optimise for latency. The server has its callback API or, as a subject of its own, the
// synchronous one; several calls in flight have a completion queue on the client.
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "bench/measure/subject.h"
#include "bench/paper/values.h"
#include "paper.grpc.pb.h"
#include "peer-members.h"

namespace
{

// What a procedure answers, whichever way the server calls it.
class Answers
{
  public:
    Answers()
    {
        paper_values_make(&values, 1 << 16);
    }

    void SayHello(const paper::HelloRequest *request, paper::HelloReply *reply)
    {
        reply->mutable_text()->assign("Hello ").append(request->name());
    }

    void Average(const paper::Numbers *request, paper::Mean *reply)
    {
        reply->set_value(paper_average(request->values().data(), static_cast<size_t>(request->values_size())));
    }

    void GetRandNums(const paper::Count *request, paper::Numbers *reply)
    {
        const int32_t *numbers = paper_values_random(&values, request->value());

        if (numbers)
            reply->mutable_values()->Add(numbers, numbers + request->value());
    }

#define PEER_SIZE(n)                                                                         \
    void SendRcvLargeData##n(const paper::LargeData##n *request, paper::LargeData##n *reply) \
    {                                                                                        \
        peer_add_one(*request, *reply);                                                      \
    }
    GRPC_SIZES
#undef PEER_SIZE

  private:
    paper_values values = {};
};

#define PROCEDURES(PROCEDURE)                     \
    PROCEDURE(SayHello, HelloRequest, HelloReply) \
    PROCEDURE(Average, Numbers, Mean)             \
    PROCEDURE(GetRandNums, Count, Numbers)

// The callback server: its own threads, and as many calls at a time as come.
class CallbackService final : public paper::Paper::CallbackService
{
  public:
#define PROCEDURE(name, Request, Reply)                                                                 \
    grpc::ServerUnaryReactor *name(grpc::CallbackServerContext *context, const paper::Request *request, \
                                   paper::Reply *reply) override                                        \
    {                                                                                                   \
        grpc::ServerUnaryReactor *reactor = context->DefaultReactor();                                  \
                                                                                                        \
        answers.name(request, reply);                                                                   \
        reactor->Finish(grpc::Status::OK);                                                              \
        return reactor;                                                                                 \
    }
#define PEER_SIZE(n) PROCEDURE(SendRcvLargeData##n, LargeData##n, LargeData##n)
    PROCEDURES(PROCEDURE)
    GRPC_SIZES
#undef PROCEDURE

  private:
    Answers answers;
};

// The synchronous server: a pool of threads, one for each call that is served.
class SynchronousService final : public paper::Paper::Service
{
  public:
#define PROCEDURE(name, Request, Reply)                                                                   \
    grpc::Status name(grpc::ServerContext *, const paper::Request *request, paper::Reply *reply) override \
    {                                                                                                     \
        answers.name(request, reply);                                                                     \
        return grpc::Status::OK;                                                                          \
    }
    PROCEDURES(PROCEDURE)
    GRPC_SIZES
#undef PROCEDURE
#undef PEER_SIZE

  private:
    Answers answers;
};

std::string address_of(bench_session *session)
{
    if (strstr(session->subject->name, "unix"))
        return "unix-abstract:hprpc-bench-grpc-" + std::to_string(getpid());
    return "127.0.0.1:0";
}

void serve(bench_session *session)
{
    static CallbackService callbacks;
    static SynchronousService synchronous;
    std::string address = address_of(session);
    grpc::ServerBuilder builder;
    int port = 0;

    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
    builder.SetMaxReceiveMessageSize(-1);
    if (strstr(session->subject->name, "synchronous"))
        builder.RegisterService(&synchronous);
    else
        builder.RegisterService(&callbacks);
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

// A call of SayHello among several in flight.
struct Slot {
    grpc::ClientContext *context = nullptr;
    std::unique_ptr<grpc::ClientAsyncResponseReader<paper::HelloReply>> reader;
    paper::HelloReply reply;
    grpc::Status status;
    uint64_t begun = 0;
};

void launch(Client *client, Slot *slot, const paper::HelloRequest &request, grpc::CompletionQueue *queue)
{
    delete slot->context;
    slot->context = new grpc::ClientContext;
    slot->begun = bench_ticks();
    slot->reader = client->stub->AsyncSayHello(slot->context, request, queue);
    slot->reader->Finish(&slot->reply, &slot->status, slot);
}

void run_many(Client *client, bench_run *run)
{
    std::vector<Slot> slots(client->session->workload.depth);
    size_t open = slots.size();
    grpc::CompletionQueue queue;
    paper::HelloRequest request;
    void *tag = nullptr;
    bool ok = false;

    request.set_name("king");
    for (Slot &slot : slots)
        launch(client, &slot, request, &queue);
    while (open && queue.Next(&tag, &ok)) {
        Slot *slot = static_cast<Slot *>(tag);

        client->check(slot->status, slot->reply.text() == "Hello king");
        bench_run_end(run, slot->begun);
        if (bench_run_more(run))
            launch(client, slot, request, &queue);
        else
            open--;
    }
    for (Slot &slot : slots)
        delete slot.context;
    queue.Shutdown();
    while (queue.Next(&tag, &ok))
        ;
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

    if (client->session->workload.depth > 1 && client->session->workload.operation != BENCH_SAY_HELLO)
        bench_fail(client->session, "gRPC has only SayHello in flight several times here");
    switch (client->session->workload.operation) {
    case BENCH_SAY_HELLO:
        if (client->session->workload.depth > 1) {
            run_many(client, run);
            break;
        }
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
