/* SPDX-License-Identifier: MIT */
// iceoryx as a subject: request and response through its shared memory, sleeping in a wait set or polling. RouDi, its daemon, which
// gives out the memory, is a child of the server's process, with pools of the sizes that are sent here, and without
// monitoring, since the sides of a measurement are stopped between their turns. A client holds at most 16 replies.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/peers/plain.h"

#include <iceoryx_posh/iceoryx_posh_types.hpp>
#include <iceoryx_posh/internal/roudi/roudi.hpp>
#include <iceoryx_posh/popo/untyped_client.hpp>
#include <iceoryx_posh/popo/untyped_server.hpp>
#include <iceoryx_posh/popo/wait_set.hpp>
#include <iceoryx_posh/roudi/iceoryx_roudi_components.hpp>
#include <iceoryx_posh/runtime/posh_runtime.hpp>

namespace
{

constexpr uint32_t in_flight_max = 16;

// Where a payload begins, so that numbers lie well.
constexpr uint32_t alignment = 8;

uint32_t payload_size(const void *payload)
{
    return iox::mepoo::ChunkHeader::fromUserPayload(payload)->userPayloadSize();
}

bool polls(const bench_session *session)
{
    return strstr(session->subject->name, "polling") != nullptr;
}

iox::capro::ServiceDescription service(const char *address)
{
    return { "bench", "paper", iox::capro::IdString_t(iox::cxx::TruncateToCapacity, address) };
}

// ---- RouDi ----

pid_t roudi = 0;

// It tells standard output and error what it does, and that RouDi is gone when a measurement ends. What matters here is said
// by bench_fail.
void be_quiet()
{
    if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
        _exit(1);
}

// RouDi's process: serves until it is asked to end, and takes its memory away then.
[[noreturn]] void run_roudi(int ready)
{
    iox::mepoo::MePooConfig pools;
    iox::RouDiConfig_t config;
    sigset_t ending;
    int signal;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpgid(0, 0); // it is not stopped with the server: another pair may need it
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigprocmask(SIG_BLOCK, &ending, nullptr);
    pools.addMemPool({ 256, 1024 });
    pools.addMemPool({ 8192, 256 });
    pools.addMemPool({ 65536, 256 });
    config.m_sharedMemorySegments.push_back({ iox::posix::PosixGroup::getGroupOfCurrentProcess().getName(),
                                              iox::posix::PosixGroup::getGroupOfCurrentProcess().getName(), pools });
    {
        iox::roudi::IceOryxRouDiComponents components(config);
        iox::roudi::RouDi daemon(components.rouDiMemoryManager, components.portManager,
                                 { iox::roudi::MonitoringMode::OFF, false });

        if (write(ready, "r", 1) == 1)
            sigwait(&ending, &signal);
    }
    _exit(0);
}

void end_roudi(int)
{
    kill(roudi, SIGTERM);
    waitpid(roudi, nullptr, 0);
    _exit(0);
}

// There can be only one: where the server of another pair has started it, this one uses that.
void start_roudi(bench_session *session)
{
    int lock = open("/tmp/hprpc-bench-roudi.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int ends[2];
    char word;

    if (lock < 0)
        bench_fail(session, "no lock for RouDi");
    if (flock(lock, LOCK_EX | LOCK_NB) != 0)
        return;
    if (pipe2(ends, O_CLOEXEC) != 0)
        bench_fail(session, "no pipe");
    roudi = fork();
    if (roudi == 0)
        run_roudi(ends[1]);
    close(ends[1]);
    if (read(ends[0], &word, 1) != 1)
        bench_fail(session, "RouDi did not start; does another one run?");
    close(ends[0]);
    signal(SIGTERM, end_roudi);
}

// ---- Server ----

paper_values values;

// Answers one request, if there is one.
bool answer(bench_session *session, iox::popo::UntypedServer &server)
{
    auto request = server.take();

    if (request.has_error())
        return false;
    auto head = iox::popo::RequestHeader::fromPayload(request.value());
    uint32_t size = payload_size(request.value());
    auto reply = server.loan(head, static_cast<uint32_t>(plain_reply_size(request.value(), size)), alignment);
    if (reply.has_error())
        bench_fail(session, "iceoryx has no memory for a reply");
    plain_reply(&values, request.value(), size, reply.value());
    server.releaseRequest(request.value());
    if (server.send(reply.value()).has_error())
        bench_fail(session, "iceoryx does not send a reply");
    return true;
}

void serve(bench_session *session)
{
    std::string name = "hprpc-bench-" + std::to_string(getpid());

    be_quiet();
    start_roudi(session);
    paper_values_make(&values, 1 << 16);
    iox::runtime::PoshRuntime::initRuntime(iox::RuntimeName_t(iox::cxx::TruncateToCapacity, name + "-server"));
    iox::popo::UntypedServer server(service(name.c_str()));
    iox::popo::WaitSet<> waiting;
    bool polling = polls(session);

    if (!polling && waiting.attachState(server, iox::popo::ServerState::HAS_REQUEST).has_error())
        bench_fail(session, "iceoryx cannot wait");
    bench_ready(session, name.c_str());
    for (;;) {
        if (!polling)
            waiting.wait();
        while (answer(session, server))
            ;
        bench_pause();
    }
}

// ---- Client ----

struct Client {
    explicit Client(bench_session *owner)
        : session(owner), client(service(owner->shared->address)), polling(polls(owner))
    {
        if (!polling && waiting.attachState(client, iox::popo::ClientState::HAS_RESPONSE).has_error())
            bench_fail(session, "iceoryx cannot wait");
    }

    bench_session *session;
    iox::popo::UntypedClient client;
    iox::popo::WaitSet<> waiting;
    bool polling;
    plain_flight flight = {};
};

void *open_client(bench_session *session)
{
    std::string name = std::string(session->shared->address) + "-client";

    if (!plain_offers(&session->workload))
        bench_fail(session, "iceoryx does not offer this operation here");
    paper_values_make(&values, session->workload.size);
    be_quiet();
    iox::runtime::PoshRuntime::initRuntime(iox::RuntimeName_t(iox::cxx::TruncateToCapacity, name));
    Client *client = new Client(session);
    while (client->client.getConnectionState() != iox::ConnectionState::CONNECTED)
        usleep(1000);
    return client;
}

void send_call(void *self, uint64_t call)
{
    Client *client = static_cast<Client *>(self);
    const bench_workload *workload = &client->session->workload;
    auto request = client->client.loan(static_cast<uint32_t>(plain_request_size(workload)), alignment);

    if (request.has_error())
        bench_fail(client->session, "iceoryx has no memory for a request");
    plain_request(workload, &values, call, request.value());
    if (client->client.send(request.value()).has_error())
        bench_fail(client->session, "iceoryx does not send a request");
}

void receive_reply(void *self, uint64_t call)
{
    Client *client = static_cast<Client *>(self);
    auto reply = client->client.take();

    while (reply.has_error()) {
        if (client->polling)
            bench_pause();
        else
            client->waiting.wait();
        reply = client->client.take();
    }
    if (!plain_right(&client->session->workload, &values, call, reply.value(), payload_size(reply.value())))
        bench_fail(client->session, "a reply differs from what was expected");
    client->client.releaseResponse(reply.value());
}

void run_client(void *self, bench_run *run)
{
    Client *client = static_cast<Client *>(self);
    uint32_t depth = client->session->workload.depth;

    plain_run(client, &client->flight, depth < in_flight_max ? depth : in_flight_max, run, send_call, receive_reply);
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
