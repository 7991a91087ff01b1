/* SPDX-License-Identifier: MIT */
/* Measures the serializer on a list of int32. */
#include "bench/paper/codec.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kodosis/reader.h>
#include <kodosis/writer.h>

#include "bench/paper/values.h"

enum kind { KIND_COPY, KIND_ENCODE, KIND_VIEW, KIND_BOTH };

struct codec {
    struct bench_session *session;
    enum kind kind;
    uint32_t count;
    size_t capacity;
    uint64_t number;
    struct paper_values values;
    uint8_t *memory;
};

/* Keeps the compiler from removing writes to a buffer that the program never reads. */
static void use(const void *memory)
{
    __asm__ volatile("" : : "r"(memory) : "memory");
}

static void serve(struct bench_session *session)
{
    bench_ready(session, NULL);
    for (;;)
        pause();
}

static size_t encode(struct codec *codec, const int32_t *numbers)
{
    size_t size = (size_t)kodosis_size_list(0, codec->count, sizeof(*numbers), sizeof(*numbers));
    struct kodosis_writer writer;

    kodosis_writer_init(&writer, codec->memory, size);
    kodosis_write_list(&writer, numbers, codec->count, sizeof(*numbers), sizeof(*numbers));
    if (kodosis_writer_finish(&writer) != KODOSIS_OK)
        bench_fail(codec->session, "the list was not encoded");
    return size;
}

static struct kodosis_int32_list view(struct codec *codec, size_t size)
{
    struct kodosis_int32_list list;
    struct kodosis_reader reader;

    kodosis_reader_init(&reader, codec->memory, size, NULL);
    list.data = kodosis_read_list(&reader, sizeof(*list.data), sizeof(*list.data), &list.count);
    if (kodosis_reader_finish(&reader) != KODOSIS_OK || list.count != codec->count)
        bench_fail(codec->session, "the list was not decoded");
    return list;
}

static void *start(struct bench_session *session)
{
    struct codec *codec = calloc(1, sizeof(*codec));
    size_t size;

    codec->session = session;
    codec->kind = *(const enum kind *)session->subject->config;
    codec->count = session->workload.size;
    codec->capacity = (codec->count * sizeof(int32_t) + 64 + 4095) / 4096 * 4096;
    codec->memory = aligned_alloc(4096, codec->capacity);
    if (!codec->memory || !paper_values_make(&codec->values, codec->count))
        bench_fail(session, "out of memory");
    memset(codec->memory, 0, codec->capacity);
    size = encode(codec, codec->values.numbers);
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): an empty list may begin at NULL */
    if (memcmp(view(codec, size).data, codec->values.numbers, codec->count * sizeof(int32_t)) != 0)
        bench_fail(session, "the list came back different");
    return codec;
}

static void once(struct codec *codec)
{
    const int32_t *numbers = paper_values_list(&codec->values, codec->number++);

    switch (codec->kind) {
    case KIND_COPY:
        memcpy(codec->memory, numbers, codec->count * sizeof(*numbers));
        use(codec->memory);
        break;
    case KIND_ENCODE:
        encode(codec, numbers);
        use(codec->memory);
        break;
    case KIND_VIEW:
        for (int i = 0; i < BENCH_CODEC_REPEATS; i++) {
            size_t size = (size_t)kodosis_size_list(0, codec->count, sizeof(*numbers), sizeof(*numbers));

            use(codec->memory);
            use(view(codec, size).data);
        }
        break;
    case KIND_BOTH:
        use(view(codec, encode(codec, numbers)).data);
        break;
    }
}

static void run(void *self, struct bench_run *run)
{
    while (bench_run_more(run)) {
        uint64_t begun = bench_run_begin(run);

        once(self);
        bench_run_end(run, begun);
    }
}

static const struct bench_subject_ops ops = { .serve = serve, .open = start, .run = run };

static const enum kind kinds[] = { KIND_COPY, KIND_ENCODE, KIND_VIEW, KIND_BOTH };

const struct bench_subject bench_codec_copy = { "memcpy of the list", &ops, &kinds[0] };
const struct bench_subject bench_codec_encode = { "Kodosis encode", &ops, &kinds[1] };
const struct bench_subject bench_codec_view = { "Kodosis view", &ops, &kinds[2] };
const struct bench_subject bench_codec_both = { "Kodosis codec", &ops, &kinds[3] };

const struct bench_subject *const bench_codecs[] = { &bench_codec_copy, &bench_codec_encode, &bench_codec_view,
                                                     &bench_codec_both, NULL };
