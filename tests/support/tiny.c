/* SPDX-License-Identifier: MIT */
/* The service test.Tiny: proxies, stubs and handlers that are written by hand. */
#include "support/tiny.h"

/* ---- What both sides share ---- */

static int invoke(int (*handler)(void *, struct hprpc_request *, struct kodosis_bytes), void *self,
                  struct hprpc_request *request, struct kodosis_reader *reader)
{
    struct kodosis_bytes data = kodosis_read_bytes(reader);

    if (kodosis_reader_finish(reader) != KODOSIS_OK)
        return HPRPC_EBODY;
    return handler ? handler(self, request, data) : HPRPC_EUNIMPLEMENTED;
}

static int invoke_echo(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader)
{
    return invoke(((const struct tiny_handlers *)handlers)->echo, self, request, reader);
}

static int invoke_poke(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader)
{
    return invoke(((const struct tiny_handlers *)handlers)->poke, self, request, reader);
}

static int invoke_note(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader)
{
    return invoke(((const struct tiny_handlers *)handlers)->note, self, request, reader);
}

static const struct hprpc_procedure procedures[] = {
    [TINY_ECHO] = { "Echo", 0x1001, 0, invoke_echo, NULL },
    [TINY_POKE] = { "Poke", 0x1002, HPRPC_PROCEDURE_VOID, invoke_poke, NULL },
    [TINY_NOTE] = { "Note", 0x1003, HPRPC_PROCEDURE_ONEWAY, invoke_note, NULL },
    [TINY_EXTRA] = { "Extra", 0x1004, 0, invoke_echo, NULL },
};

static const struct hprpc_procedure other_procedures[] = {
    { "Echo", 0x2001, 0, invoke_echo, NULL },
};

const struct hprpc_interface tiny_interface = { "test.Tiny", 1, TINY_EXTRA, procedures };
const struct hprpc_interface tiny_larger_interface = { "test.Tiny", 1, TINY_COUNT, procedures };
const struct hprpc_interface tiny_newer_interface = { "test.Tiny", 2, TINY_EXTRA, procedures };
const struct hprpc_interface tiny_other_interface = { "test.Tiny", 1, 1, other_procedures };

/* ---- Client side ---- */

int tiny_bind(struct hprpc_client *client, const struct hprpc_interface *interface, struct hprpc_detail *detail,
              struct tiny *ret_tiny)
{
    struct tiny tiny = { .client = client };
    int r = hprpc_stub_bind(client, interface, detail, &tiny.binding);

    if (r == 0)
        *ret_tiny = tiny;
    return r;
}

static int begin(struct hprpc_stub *stub, struct tiny *tiny, struct hprpc_call *call, int procedure, const void *data,
                 size_t size)
{
    struct kodosis_bytes bytes = { data, size };
    uint64_t total = kodosis_size_bytes(0, bytes);
    int r;

    r = procedure == TINY_NOTE
            ? hprpc_stub_begin_oneway(stub, tiny->client, tiny->binding, call, (uint32_t)procedure, total)
            : hprpc_stub_begin(stub, tiny->client, tiny->binding, call, (uint32_t)procedure, total);
    if (r == 0)
        kodosis_write_bytes(stub->writer, bytes);
    return r;
}

static int end_bytes(struct hprpc_stub *stub, struct kodosis_bytes *ret_data)
{
    struct kodosis_bytes data = kodosis_read_bytes(&stub->reader);
    int r = hprpc_stub_end(stub);

    if (r == 0 && ret_data)
        *ret_data = data;
    return r;
}

int tiny_echo(struct tiny *tiny, struct hprpc_call *call, const void *data, size_t size, struct kodosis_bytes *ret_data)
{
    struct hprpc_stub stub;
    int r = begin(&stub, tiny, call, TINY_ECHO, data, size);

    if (r == 0)
        r = hprpc_stub_exchange(&stub);
    return r < 0 ? r : end_bytes(&stub, ret_data);
}

int tiny_echo_start(struct tiny *tiny, struct hprpc_call *call, const void *data, size_t size)
{
    struct hprpc_stub stub;
    int r = begin(&stub, tiny, call, TINY_ECHO, data, size);

    return r < 0 ? r : hprpc_stub_post(&stub);
}

int tiny_echo_finish(struct hprpc_call *call, struct kodosis_bytes *ret_data)
{
    struct hprpc_stub stub;
    int r = hprpc_stub_collect(&stub, call);

    return r < 0 ? r : end_bytes(&stub, ret_data);
}

int tiny_extra(struct tiny *tiny, struct hprpc_call *call)
{
    struct hprpc_stub stub;
    int r = begin(&stub, tiny, call, TINY_EXTRA, "", 0);

    if (r == 0)
        r = hprpc_stub_exchange(&stub);
    return r < 0 ? r : end_bytes(&stub, NULL);
}

int tiny_poke(struct tiny *tiny, struct hprpc_call *call, const void *data, size_t size)
{
    struct hprpc_stub stub;
    int r = begin(&stub, tiny, call, TINY_POKE, data, size);

    if (r == 0)
        r = hprpc_stub_exchange(&stub);
    return r < 0 ? r : hprpc_stub_end(&stub);
}

int tiny_poke_start(struct tiny *tiny, struct hprpc_call *call, const void *data, size_t size)
{
    struct hprpc_stub stub;
    int r = begin(&stub, tiny, call, TINY_POKE, data, size);

    return r < 0 ? r : hprpc_stub_post(&stub);
}

int tiny_poke_finish(struct hprpc_call *call)
{
    struct hprpc_stub stub;
    int r = hprpc_stub_collect(&stub, call);

    return r < 0 ? r : hprpc_stub_end(&stub);
}

int tiny_note(struct tiny *tiny, struct hprpc_call *call, const void *data, size_t size)
{
    struct hprpc_stub stub;
    int r = begin(&stub, tiny, call, TINY_NOTE, data, size);

    return r < 0 ? r : hprpc_stub_send(&stub);
}

int tiny_trouble_get(struct hprpc_call *call, struct kodosis_bytes *ret_data)
{
    struct kodosis_reader reader;
    struct kodosis_bytes data;
    int r = hprpc_stub_raised(call, "test.Trouble", &reader);

    if (r < 0)
        return r;
    data = kodosis_read_bytes(&reader);
    if (kodosis_reader_finish(&reader) != KODOSIS_OK)
        return HPRPC_EBODY;
    *ret_data = data;
    return 0;
}

/* ---- Server side ---- */

int tiny_echo_reply(struct hprpc_request *request, const void *data, size_t size)
{
    struct kodosis_bytes bytes = { data, size };
    struct kodosis_writer *writer;
    int r = hprpc_request_reply_begin(request, kodosis_size_bytes(0, bytes), &writer);

    if (r < 0)
        return r;
    kodosis_write_bytes(writer, bytes);
    return hprpc_request_reply_send(request);
}

int tiny_trouble_raise(struct hprpc_request *request, const void *data, size_t size)
{
    struct kodosis_bytes bytes = { data, size };
    struct kodosis_writer *writer;
    int r = hprpc_request_raise_begin(request, "test.Trouble", kodosis_size_bytes(0, bytes), &writer);

    if (r < 0)
        return r;
    kodosis_write_bytes(writer, bytes);
    return hprpc_request_reply_send(request);
}

static int plain_echo(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    return tiny_echo_reply(request, data.data, data.size);
}

static int plain_nothing(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    (void)request;
    (void)data;
    return 0;
}

const struct tiny_handlers tiny_plain = { plain_echo, plain_nothing, plain_nothing };
