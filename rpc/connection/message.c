/* SPDX-License-Identifier: MIT */
/* The bodies of the messages between two controllers: each one's size, writing and reading side by side. */
#include "rpc/connection/message.h"

/* ---- HELLO ---- */

void hprpc__hello_write(struct kodosis_writer *writer, const struct hprpc__hello *hello)
{
    kodosis_write_uint32(writer, hello->max_message);
    kodosis_write_uint32(writer, hello->max_calls);
    kodosis_write_uint64(writer, hello->max_call_bytes);
    kodosis_write_uint32(writer, hello->timeout_ms);
    kodosis_write_bool(writer, hello->pumps_always);
    kodosis_write_uint64(writer, hello->features);
    if (!(hello->features & HPRPC__FEATURE_STREAMS))
        return;
    kodosis_write_uint32(writer, hello->stream_elements);
    kodosis_write_uint64(writer, hello->stream_bytes);
    kodosis_write_uint64(writer, hello->streams_bytes);
}

static const char *fault_of(const struct hprpc__hello *hello)
{
    if (hello->max_message < HPRPC__LEAST_MAX_MESSAGE)
        return "a HELLO that accepts bodies of less than 256 bytes";
    if (!hello->max_calls)
        return "a HELLO that allows no calls";
    if (!hello->timeout_ms)
        return "a HELLO with a timeout of 0";
    if (hello->features & HPRPC__FEATURE_STREAMS && !hello->stream_elements)
        return "a HELLO whose streams allow no element";
    return NULL;
}

static void read_streams(struct kodosis_reader *reader, struct hprpc__hello *hello)
{
    hello->stream_elements = kodosis_read_uint32(reader);
    hello->stream_bytes = kodosis_read_uint64(reader);
    hello->streams_bytes = kodosis_read_uint64(reader);
}

const char *hprpc__hello_read(const void *body, size_t size, struct hprpc__hello *ret_hello)
{
    struct kodosis_reader reader;
    struct hprpc__hello hello = { 0 };

    kodosis_reader_init(&reader, body, size, NULL);
    hello.max_message = kodosis_read_uint32(&reader);
    hello.max_calls = kodosis_read_uint32(&reader);
    hello.max_call_bytes = kodosis_read_uint64(&reader);
    hello.timeout_ms = kodosis_read_uint32(&reader);
    hello.pumps_always = kodosis_read_bool(&reader);
    /* a side without features may leave them out; bytes behind them are for later versions of the protocol */
    hello.features = size > HPRPC__HELLO_SIZE_LEAST ? kodosis_read_uint64(&reader) : 0;
    if (hello.features & HPRPC__FEATURE_STREAMS)
        read_streams(&reader, &hello);
    if (reader.status != KODOSIS_OK)
        return "a malformed HELLO";
    *ret_hello = hello;
    return fault_of(&hello);
}

/* ---- CREDIT ---- */

void hprpc__credit_write(struct kodosis_writer *writer, const struct hprpc__credit *credit)
{
    kodosis_write_uint32(writer, credit->calls);
    kodosis_write_uint64(writer, credit->bytes);
}

bool hprpc__credit_read(const void *body, size_t size, struct hprpc__credit *ret_credit)
{
    struct kodosis_reader reader;

    kodosis_reader_init(&reader, body, size, NULL);
    ret_credit->calls = kodosis_read_uint32(&reader);
    ret_credit->bytes = kodosis_read_uint64(&reader);
    return kodosis_reader_finish(&reader) == KODOSIS_OK;
}

/* ---- ERROR ---- */

uint64_t hprpc__error_size(const struct hprpc__error_body *error)
{
    uint64_t size = kodosis_size_string(kodosis_size_string(4, error->text), error->raised);

    return error->raised.size ? size + kodosis_padding(size, 8) : size;
}

void hprpc__error_write(struct kodosis_writer *writer, const struct hprpc__error_body *error)
{
    kodosis_write_int32(writer, error->code);
    kodosis_write_string(writer, error->text);
    kodosis_write_string(writer, error->raised);
    if (error->raised.size)
        kodosis_write_padding(writer, 8);
}

bool hprpc__error_read(struct kodosis_reader *reader, struct hprpc__error_body *ret_error)
{
    ret_error->code = kodosis_read_int32(reader);
    ret_error->text = kodosis_read_string(reader);
    ret_error->raised = kodosis_read_string(reader);
    if (ret_error->raised.size)
        kodosis_read_padding(reader, 8);
    return reader->status == KODOSIS_OK;
}

/* ---- GOODBYE and DRAIN ---- */

uint64_t hprpc__goodbye_size(const struct hprpc__goodbye *goodbye)
{
    return kodosis_size_string(4, goodbye->text) + 8;
}

void hprpc__goodbye_write(struct kodosis_writer *writer, const struct hprpc__goodbye *goodbye)
{
    kodosis_write_int32(writer, goodbye->code);
    kodosis_write_string(writer, goodbye->text);
    kodosis_write_uint64(writer, goodbye->taken);
}

bool hprpc__goodbye_read(const void *body, size_t size, struct hprpc__goodbye *ret_goodbye)
{
    struct kodosis_reader reader;

    kodosis_reader_init(&reader, body, size, NULL);
    ret_goodbye->code = kodosis_read_int32(&reader);
    ret_goodbye->text = kodosis_read_string(&reader);
    ret_goodbye->taken = kodosis_read_uint64(&reader);
    return kodosis_reader_finish(&reader) == KODOSIS_OK;
}

void hprpc__drain_write(struct kodosis_writer *writer, uint64_t taken)
{
    kodosis_write_uint64(writer, taken);
}

bool hprpc__drain_read(const void *body, size_t size, uint64_t *ret_taken)
{
    struct kodosis_reader reader;

    kodosis_reader_init(&reader, body, size, NULL);
    *ret_taken = kodosis_read_uint64(&reader);
    return kodosis_reader_finish(&reader) == KODOSIS_OK;
}

/* ---- BIND ---- */

bool hprpc__bind_has_shapes(const struct hprpc_interface *interface)
{
    for (uint32_t i = 0; i < interface->procedure_count; i++) {
        if (interface->procedures[i].shape)
            return true;
    }
    return false;
}

uint64_t hprpc__bind_size(const struct hprpc_interface *interface, bool shapes)
{
    uint64_t size = kodosis_size_string(0, kodosis_str(interface->name)) + 4;

    size = kodosis_size_varint(size, interface->procedure_count);
    for (uint32_t i = 0; i < interface->procedure_count; i++)
        size = kodosis_size_string(size, kodosis_str(interface->procedures[i].name)) + 8;
    for (uint32_t i = 0; shapes && i < interface->procedure_count; i++)
        size = kodosis_size_string(size, kodosis_str(interface->procedures[i].shape));
    return size;
}

void hprpc__bind_write(struct kodosis_writer *writer, const struct hprpc_interface *interface, bool shapes)
{
    kodosis_write_string(writer, kodosis_str(interface->name));
    kodosis_write_uint32(writer, interface->version);
    kodosis_write_varint(writer, interface->procedure_count);
    for (uint32_t i = 0; i < interface->procedure_count; i++) {
        kodosis_write_string(writer, kodosis_str(interface->procedures[i].name));
        kodosis_write_uint64(writer, interface->procedures[i].hash);
    }
    for (uint32_t i = 0; shapes && i < interface->procedure_count; i++)
        kodosis_write_string(writer, kodosis_str(interface->procedures[i].shape));
}

bool hprpc__bind_read(struct kodosis_reader *reader, struct hprpc__bind_body *ret_bind)
{
    ret_bind->name = kodosis_read_string(reader);
    ret_bind->version = kodosis_read_uint32(reader);
    ret_bind->count = kodosis_read_count(reader, 10); /* the shortest name, its NUL, and the hash */
    return reader->status == KODOSIS_OK && ret_bind->count <= HPRPC__PROCEDURES_MAX;
}

bool hprpc__bind_read_next(struct kodosis_reader *reader, struct kodosis_string *ret_name, uint64_t *ret_hash)
{
    *ret_name = kodosis_read_string(reader);
    *ret_hash = kodosis_read_uint64(reader);
    return reader->status == KODOSIS_OK;
}

/* ---- BOUND ---- */

uint64_t hprpc__bound_size(const struct hprpc__bound_procedure *procedures, uint32_t count)
{
    uint64_t size = kodosis_size_varint(2, count) + 2 * (uint64_t)count;

    for (uint32_t i = 0; i < count; i++) {
        if (procedures[i].number < 0)
            size = kodosis_size_string(size, procedures[i].text);
    }
    return size;
}

void hprpc__bound_write(struct kodosis_writer *writer, uint16_t service,
                        const struct hprpc__bound_procedure *procedures, uint32_t count)
{
    kodosis_write_uint16(writer, service);
    kodosis_write_varint(writer, count);
    for (uint32_t i = 0; i < count; i++)
        kodosis_write_int16(writer, procedures[i].number);
    for (uint32_t i = 0; i < count; i++) {
        if (procedures[i].number < 0)
            kodosis_write_string(writer, procedures[i].text);
    }
}

bool hprpc__bound_read(const void *body, size_t size, uint32_t count, uint16_t *ret_service,
                       struct hprpc__bound_procedure *ret_procedures)
{
    struct kodosis_reader reader;

    kodosis_reader_init(&reader, body, size, NULL);
    *ret_service = kodosis_read_uint16(&reader);
    if (kodosis_read_count(&reader, 2) != count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        ret_procedures[i] = (struct hprpc__bound_procedure){ .number = kodosis_read_int16(&reader) };
    for (uint32_t i = 0; i < count; i++) {
        if (ret_procedures[i].number < 0)
            ret_procedures[i].text = kodosis_read_string(&reader);
    }
    return kodosis_reader_finish(&reader) == KODOSIS_OK;
}
