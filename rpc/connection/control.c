/* What two controllers say to each other about themselves. docs/wire-format.md has the bodies. */
#include "rpc/connection/control.h"

#include "rpc/connection/send.h"

enum { HELLO_SIZE = 21, CREDIT_SIZE = 12, TEXT_MAX = 1024 };

int hprpc__signal_send(struct hprpc_controller *controller, enum hprpc_message_type type, uint32_t call)
{
    struct hprpc_header header = { .call = call, .type = (uint8_t)type };

    hprpc__assert_locked(&controller->lock);
    if (hprpc__state(controller) != HPRPC__READY)
        return HPRPC_ECLOSED;
    return hprpc__send(controller, &header, "", 0);
}

/* ---- HELLO ---- */

int hprpc__hello_send(struct hprpc_controller *controller)
{
    struct hprpc_header header = { .type = HPRPC_MESSAGE_HELLO };
    struct kodosis_writer writer;
    uint8_t body[HELLO_SIZE];

    hprpc__assert_locked(&controller->lock);
    kodosis_writer_init(&writer, body, sizeof(body));
    kodosis_write_uint32(&writer, controller->own.max_message);
    kodosis_write_uint32(&writer, controller->own.max_calls);
    kodosis_write_uint64(&writer, controller->own.max_call_bytes);
    kodosis_write_uint32(&writer, controller->own.timeout_ms);
    kodosis_write_bool(&writer, controller->pump.host->attentive);
    return hprpc__send(controller, &header, body, sizeof(body));
}

/* ---- CREDIT ---- */

int hprpc__credit_send(struct hprpc_controller *controller, uint32_t calls, uint64_t bytes)
{
    struct hprpc_header header = { .type = HPRPC_MESSAGE_CREDIT };
    struct kodosis_writer writer;
    uint8_t body[CREDIT_SIZE];

    hprpc__assert_locked(&controller->lock);
    kodosis_writer_init(&writer, body, sizeof(body));
    kodosis_write_uint32(&writer, calls);
    kodosis_write_uint64(&writer, bytes);
    return hprpc__send(controller, &header, body, sizeof(body));
}

/* ---- ERROR and GOODBYE: a code and a sentence ---- */

static int send_sentence(struct hprpc_controller *controller, const struct hprpc_header *header, int code,
                         const char *text)
{
    uint8_t body[TEXT_MAX + 16];
    struct kodosis_writer writer;
    struct kodosis_string string = { text, text ? strnlen(text, TEXT_MAX) : 0 };

    kodosis_writer_init(&writer, body, sizeof(body));
    kodosis_write_int32(&writer, code);
    kodosis_write_string(&writer, string);
    kodosis_write_string(&writer, kodosis_str(""));
    return hprpc__send(controller, header, body, (uint32_t)(writer.cursor - writer.start));
}

int hprpc__error_send(struct hprpc_controller *controller, uint32_t call, int code, const char *text)
{
    struct hprpc_header header = { .call = call, .type = HPRPC_MESSAGE_ERROR };

    hprpc__assert_locked(&controller->lock);
    return send_sentence(controller, &header, code, text);
}

int hprpc__goodbye_send(struct hprpc_controller *controller, const char *text)
{
    struct hprpc_header header = { .type = HPRPC_MESSAGE_GOODBYE };

    hprpc__assert_locked(&controller->lock);
    return send_sentence(controller, &header, 0, text);
}
