/* SPDX-License-Identifier: MIT */
/* The service test.Flow: proxies, stubs and elements that are written by hand. */
#include "support/flow.h"

/* ---- What both sides share ---- */

static int invoke_watch(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader)
{
    uint32_t count = kodosis_read_uint32(reader), size = kodosis_read_uint32(reader);
    const struct flow_handlers *flow = handlers;

    if (kodosis_reader_finish(reader) != KODOSIS_OK)
        return HPRPC_EBODY;
    return flow->watch ? flow->watch(self, request, count, size) : HPRPC_EUNIMPLEMENTED;
}

static int invoke(int (*handler)(void *, struct hprpc_request *, uint32_t), void *self, struct hprpc_request *request,
                  struct kodosis_reader *reader)
{
    uint32_t number = kodosis_read_uint32(reader);

    if (kodosis_reader_finish(reader) != KODOSIS_OK)
        return HPRPC_EBODY;
    return handler ? handler(self, request, number) : HPRPC_EUNIMPLEMENTED;
}

static int invoke_upload(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader)
{
    return invoke(((const struct flow_handlers *)handlers)->upload, self, request, reader);
}

static int invoke_chat(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader)
{
    return invoke(((const struct flow_handlers *)handlers)->chat, self, request, reader);
}

static int invoke_plain(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader)
{
    return invoke(((const struct flow_handlers *)handlers)->plain, self, request, reader);
}

static const struct hprpc_procedure procedures[] = {
    [FLOW_WATCH] = { "Watch", 0x3001, HPRPC_PROCEDURE_STREAMS_OUT | HPRPC_PROCEDURE_VOID, invoke_watch, NULL },
    [FLOW_UPLOAD] = { "Upload", 0x3002, HPRPC_PROCEDURE_STREAMS_IN, invoke_upload, NULL },
    [FLOW_CHAT] = { "Chat", 0x3003, HPRPC_PROCEDURE_STREAMS_IN | HPRPC_PROCEDURE_STREAMS_OUT | HPRPC_PROCEDURE_VOID,
                    invoke_chat, NULL },
    [FLOW_PLAIN] = { "Plain", 0x3004, 0, invoke_plain, NULL },
};

const struct hprpc_interface flow_interface = { "test.Flow", 1, FLOW_COUNT, procedures };

/* ---- Client side ---- */

int flow_bind(struct hprpc_client *client, struct hprpc_detail *detail, struct flow *ret_flow)
{
    struct flow flow = { .client = client };
    int r = hprpc_stub_bind(client, &flow_interface, detail, &flow.binding);

    if (r == 0)
        *ret_flow = flow;
    return r;
}

int flow_watch_start(struct flow *flow, struct hprpc_call *call, uint32_t count, uint32_t size)
{
    struct hprpc_stub stub;
    int r = hprpc_stub_begin_stream(&stub, flow->client, flow->binding, call, FLOW_WATCH, 8);

    if (r < 0)
        return r;
    kodosis_write_uint32(stub.writer, count);
    kodosis_write_uint32(stub.writer, size);
    return hprpc_stub_post(&stub);
}

static int start(struct flow *flow, struct hprpc_call *call, uint32_t procedure, uint32_t what)
{
    struct hprpc_stub stub;
    int r = hprpc_stub_begin_stream(&stub, flow->client, flow->binding, call, procedure, 4);

    if (r < 0)
        return r;
    kodosis_write_uint32(stub.writer, what);
    return hprpc_stub_post(&stub);
}

int flow_upload_start(struct flow *flow, struct hprpc_call *call, uint32_t what)
{
    return start(flow, call, FLOW_UPLOAD, what);
}

int flow_chat_start(struct flow *flow, struct hprpc_call *call, uint32_t what)
{
    return start(flow, call, FLOW_CHAT, what);
}

int flow_plain(struct flow *flow, struct hprpc_call *call, uint32_t number, uint32_t *ret_number)
{
    struct hprpc_stub stub;
    uint32_t answer;
    int r = hprpc_stub_begin(&stub, flow->client, flow->binding, call, FLOW_PLAIN, 4);

    if (r < 0)
        return r;
    kodosis_write_uint32(stub.writer, number);
    r = hprpc_stub_exchange(&stub);
    if (r < 0)
        return r;
    answer = kodosis_read_uint32(&stub.reader);
    r = hprpc_stub_end(&stub);
    if (r == 0)
        *ret_number = answer;
    return r;
}

int flow_send(struct hprpc_call *call, const void *data, size_t size)
{
    struct kodosis_bytes item = { data, size };
    struct hprpc_stub stub;
    int r = hprpc_stub_element_begin(&stub, call, kodosis_size_bytes(0, item));

    if (r < 0)
        return r;
    kodosis_write_bytes(stub.writer, item);
    return hprpc_stub_element_send(&stub);
}

int flow_next(struct hprpc_call *call, struct kodosis_bytes *ret_item)
{
    struct hprpc_stub stub;
    struct kodosis_bytes item;
    int r = hprpc_stub_next(&stub, call);

    if (r <= 0)
        return r;
    item = kodosis_read_bytes(&stub.reader);
    r = hprpc_stub_next_end(&stub);
    if (r < 0)
        return r;
    *ret_item = item;
    return 1;
}

int flow_finish(struct hprpc_call *call)
{
    struct hprpc_stub stub;
    int r = hprpc_stub_collect(&stub, call);

    return r < 0 ? r : hprpc_stub_end(&stub);
}

int flow_upload_finish(struct hprpc_call *call, uint64_t *ret_total)
{
    struct hprpc_stub stub;
    uint64_t total;
    int r = hprpc_stub_collect(&stub, call);

    if (r < 0)
        return r;
    total = kodosis_read_uint64(&stub.reader);
    r = hprpc_stub_end(&stub);
    if (r == 0)
        *ret_total = total;
    return r;
}

/* ---- Server side ---- */

int flow_request_send(struct hprpc_request *request, const void *data, size_t size)
{
    struct kodosis_bytes item = { data, size };
    struct kodosis_writer *writer;
    int r = hprpc_request_element_begin(request, kodosis_size_bytes(0, item), &writer);

    if (r < 0)
        return r;
    kodosis_write_bytes(writer, item);
    return hprpc_request_element_send(request);
}

int flow_request_next(struct hprpc_request *request, struct kodosis_bytes *ret_item)
{
    struct kodosis_reader reader;
    struct kodosis_bytes item;
    int r = hprpc_request_next_begin(request, &reader);

    if (r <= 0)
        return r;
    item = kodosis_read_bytes(&reader);
    r = hprpc_request_next_end(request, &reader);
    if (r < 0)
        return r;
    *ret_item = item;
    return 1;
}

int flow_upload_reply(struct hprpc_request *request, uint64_t total)
{
    struct kodosis_writer *writer;
    int r = hprpc_request_reply_begin(request, 8, &writer);

    if (r < 0)
        return r;
    kodosis_write_uint64(writer, total);
    return hprpc_request_reply_send(request);
}

int flow_plain_reply(struct hprpc_request *request, uint32_t number)
{
    struct kodosis_writer *writer;
    int r = hprpc_request_reply_begin(request, 4, &writer);

    if (r < 0)
        return r;
    kodosis_write_uint32(writer, number);
    return hprpc_request_reply_send(request);
}

int flow_reply(struct hprpc_request *request)
{
    struct kodosis_writer *writer;
    int r = hprpc_request_reply_begin(request, 0, &writer);

    return r < 0 ? r : hprpc_request_reply_send(request);
}

/* ---- Elements ---- */

void flow_fill(uint32_t number, void *data, size_t size)
{
    uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(number * 31 + i * 7 + (i >> 8));
}

bool flow_is(struct kodosis_bytes item, uint32_t number, size_t size)
{
    if (item.size != size)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (item.data[i] != (uint8_t)(number * 31 + i * 7 + (i >> 8)))
            return false;
    }
    return true;
}
