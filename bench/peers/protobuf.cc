/* SPDX-License-Identifier: MIT */
// protobuf C++ alone, without any transport: a list of int32 serialized into memory that is there, and parsed again into a
// message that is used again. Filling the message is not counted. As int32, and as sfixed32, which its documentation
// advises for numbers that are mostly large.
#include <cstring>
#include <string>
#include <unistd.h>
#include <vector>

#include "bench/measure/subject.h"
#include "bench/paper/values.h"
#include "codec.pb.h"

namespace
{

class Codec
{
  public:
    virtual ~Codec() = default;
    virtual bool once() = 0;
};

template <typename Message> class CodecOf final : public Codec
{
  public:
    explicit CodecOf(const bench_session *session) : count(session->workload.size)
    {
        paper_values values = {};

        paper_values_make(&values, count);
        message.mutable_values()->Add(values.numbers, values.numbers + count);
        memory.resize(message.ByteSizeLong());
        expected.assign(values.numbers, values.numbers + count);
    }

    bool once() override
    {
        bool good = message.SerializeToArray(memory.data(), static_cast<int>(memory.size())) &&
                    decoded.ParseFromArray(memory.data(), static_cast<int>(memory.size()));

        return good && static_cast<uint32_t>(decoded.values_size()) == count;
    }

    bool right() const
    {
        return memcmp(decoded.values().data(), expected.data(), count * sizeof(int32_t)) == 0;
    }

  private:
    uint32_t count;
    Message message, decoded;
    std::vector<char> memory;
    std::vector<int32_t> expected;
};

struct Client {
    bench_session *session;
    Codec *codec;
};

template <typename Message> Codec *make(bench_session *session)
{
    auto *codec = new CodecOf<Message>(session);

    if (!codec->once() || !codec->right())
        bench_fail(session, "the list came back different");
    return codec;
}

void serve(bench_session *session)
{
    bench_ready(session, nullptr);
    for (;;)
        pause();
}

void *open_client(bench_session *session)
{
    bool fixed = strstr(session->subject->name, "fixed");

    return new Client{ session, fixed ? make<codec::FixedNumbers>(session) : make<codec::Numbers>(session) };
}

void run_client(void *self, bench_run *run)
{
    Client *client = static_cast<Client *>(self);

    while (bench_run_more(run)) {
        uint64_t begun = bench_run_begin(run);

        if (!client->codec->once())
            bench_fail(client->session, "the list was not coded");
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
