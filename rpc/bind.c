/*
 * BIND and BOUND: from a service's name, version and hashes to numbers. The body of BIND is the service's name, its version,
 * and for each procedure its name and hash; BOUND has the service's number and one number for each procedure.
 */
#include <stdio.h>

#include "rpc/pending.h"
#include "rpc/pump.h"

enum { PROCEDURES_MAX = 4096 };

const struct hprpc__service *hprpc__service_find(struct hprpc_controller *controller, uint16_t number)
{
    if (number < HPRPC__OWN_SERVICES)
        return controller->services ? hprpc__services_at(controller->services, number) : NULL;
    return controller->own_services ? hprpc__services_at(controller->own_services, number - HPRPC__OWN_SERVICES) : NULL;
}

/* ---- The side that offers ---- */

static bool has_name(const struct hprpc__service *service, struct kodosis_string name)
{
    const char *own = service->interface->name;

    return strlen(own) == name.size && memcmp(own, name.data, name.size) == 0;
}

/* The service of that name and version. Where only other versions are there, `ret_version` is one of them, else 0. */
static const struct hprpc__service *find_in(const struct hprpc__services *services, struct kodosis_string name,
                                            uint32_t version, uint32_t *ret_version)
{
    const struct hprpc__service *service;

    for (uint32_t i = 0; services && (service = hprpc__services_at(services, i)); i++) {
        if (!has_name(service, name))
            continue;
        *ret_version = service->interface->version;
        if (service->interface->version == version)
            return service;
    }
    return NULL;
}

static uint16_t find_procedure(const struct hprpc_interface *interface, struct kodosis_string name)
{
    for (uint32_t i = 0; i < interface->procedure_count; i++) {
        const char *own = interface->procedures[i].name;

        if (strlen(own) == name.size && memcmp(own, name.data, name.size) == 0)
            return (uint16_t)i;
    }
    return HPRPC_PROCEDURE_ABSENT;
}

/* Reads the procedures asked for and writes their numbers. 0, or HPRPC_ESCHEMA with the sentence. */
static int match_procedures(const struct hprpc__service *service, struct kodosis_reader *reader, uint32_t count,
                            struct kodosis_writer *writer, char text[static 256])
{
    const struct hprpc_interface *interface = service->interface;

    kodosis_write_uint16(writer, service->number);
    kodosis_write_varint(writer, count);
    for (uint32_t i = 0; i < count; i++) {
        struct kodosis_string name = kodosis_read_string(reader);
        uint64_t hash = kodosis_read_uint64(reader);
        uint16_t number;

        if (reader->status != KODOSIS_OK)
            return HPRPC_EBODY;
        number = find_procedure(interface, name);
        if (number != HPRPC_PROCEDURE_ABSENT && interface->procedures[number].hash != hash) {
            snprintf(text, 256,
                     "%.100s version %u: the procedure %.60s has other parameters, results or errors on this side",
                     interface->name, interface->version, name.data);
            return HPRPC_ESCHEMA;
        }
        kodosis_write_uint16(writer, number);
    }
    return 0;
}

static int find_service(struct hprpc_controller *controller, struct kodosis_string name, uint32_t version,
                        const struct hprpc__service **ret_service, char text[static 256])
{
    uint32_t other = 0;

    *ret_service = find_in(controller->own_services, name, version, &other);
    if (!*ret_service)
        *ret_service = find_in(controller->services, name, version, &other);
    if (*ret_service)
        return 0;
    if (!other) {
        snprintf(text, 256, "no service is called %.100s here", name.data);
        return HPRPC_EUNIMPLEMENTED;
    }
    snprintf(text, 256, "%.100s is served in version %u here, not in version %u", name.data, other, version);
    return HPRPC_ESCHEMA;
}

/* Writes the answer to a BIND for a service that is there. 0, or why it is refused, with the sentence. */
static int write_bound(const struct hprpc__service *service, struct kodosis_reader *reader, uint32_t count,
                       struct kodosis_writer *writer, char text[static 256])
{
    int r = match_procedures(service, reader, count, writer, text);

    return r == 0 && kodosis_reader_finish(reader) != KODOSIS_OK ? HPRPC_EBODY : r;
}

/* Sends BOUND, or in its place the error that `r` is. */
static int send_bound(struct hprpc_controller *controller, uint32_t call, int r, const char *text,
                      const struct kodosis_writer *writer)
{
    struct hprpc_header header = { .call = call, .type = HPRPC_MESSAGE_BOUND };

    pthread_mutex_lock(&controller->lock);
    if (r == 0)
        r = hprpc__send(controller, &header, writer->start, (uint32_t)(writer->cursor - writer->start));
    else
        r = hprpc__error_send(controller, call, r, text);
    if (r == HPRPC_ENOMEM)
        r = hprpc__error_send(controller, call, HPRPC_EBUSY, "");
    if (r == HPRPC_ENOMEM)
        hprpc__controller_starve(controller);
    pthread_mutex_unlock(&controller->lock);
    return r;
}

static int answer_bind(struct hprpc_controller *controller, uint32_t call, struct kodosis_reader *reader)
{
    struct kodosis_string name = kodosis_read_string(reader);
    uint32_t version = kodosis_read_uint32(reader);
    uint32_t count = kodosis_read_count(reader, 10);
    const struct hprpc__service *service;
    struct kodosis_writer writer;
    uint8_t *body = NULL;
    char text[256] = "";
    size_t room = 8 + 2 * (size_t)count;
    int r;

    if (reader->status != KODOSIS_OK || count > PROCEDURES_MAX)
        return HPRPC_EBODY;
    r = find_service(controller, name, version, &service, text);
    if (r == 0 && !(body = hprpc_allocate(controller->context, room))) {
        snprintf(text, sizeof(text), "out of memory for the answer");
        r = HPRPC_EBUSY;
    }
    if (r == 0) {
        kodosis_writer_init(&writer, body, room);
        r = write_bound(service, reader, count, &writer, text);
    }
    if (r != HPRPC_EBODY)
        r = send_bound(controller, call, r, text, &writer);
    hprpc_release(controller->context, body, room);
    return r;
}

int hprpc__bind_receive(struct hprpc_controller *controller, const struct hprpc_message *message)
{
    struct kodosis_reader reader;
    int r;

    kodosis_reader_init(&reader, message->body, message->size, NULL);
    r = answer_bind(controller, message->header.call, &reader);
    if (r == HPRPC_EBODY) {
        hprpc__controller_break(controller, HPRPC_EPROTOCOL, "a malformed BIND");
        return HPRPC_EPROTOCOL;
    }
    return 0;
}

/* ---- The side that asks ---- */

static uint64_t bind_size(const struct hprpc_interface *interface)
{
    uint64_t size = kodosis_size_string(0, kodosis_str(interface->name)) + 4;

    size = kodosis_size_varint(size, interface->procedure_count);
    for (uint32_t i = 0; i < interface->procedure_count; i++)
        size = kodosis_size_string(size, kodosis_str(interface->procedures[i].name)) + 8;
    return size;
}

static void write_bind(struct kodosis_writer *writer, const struct hprpc_interface *interface)
{
    kodosis_write_string(writer, kodosis_str(interface->name));
    kodosis_write_uint32(writer, interface->version);
    kodosis_write_varint(writer, interface->procedure_count);
    for (uint32_t i = 0; i < interface->procedure_count; i++) {
        kodosis_write_string(writer, kodosis_str(interface->procedures[i].name));
        kodosis_write_uint64(writer, interface->procedures[i].hash);
    }
}

static int read_bound(struct kodosis_reader *reader, const struct hprpc_interface *interface, uint16_t *ret_service,
                      uint16_t *ret_procedures)
{
    uint16_t service = kodosis_read_uint16(reader);
    uint32_t count = kodosis_read_count(reader, 2);

    if (reader->status != KODOSIS_OK || count != interface->procedure_count ||
        kodosis_reader_remaining(reader) != 2 * (size_t)count)
        return HPRPC_EPROTOCOL;
    *ret_service = service;
    for (uint32_t i = 0; i < count; i++)
        ret_procedures[i] = kodosis_read_uint16(reader);
    return 0;
}

/* Sends BIND in a ticket's name. Waits for credit as a call does. */
static int begin_bind(struct hprpc_controller *controller, const struct hprpc_interface *interface,
                      struct hprpc_pending_call **ret_pending)
{
    struct hprpc_header header = { .type = HPRPC_MESSAGE_BIND };
    struct hprpc_reservation reservation;
    struct hprpc_pending_call *pending;
    int r;

    r = hprpc__pending_take(controller, 0, controller->own.timeout_ms, &pending);
    if (r < 0)
        return r;
    header.call = pending->id;
    r = controller->channel->ops->start_call(controller->channel, &header, (uint32_t)bind_size(interface),
                                             &reservation);
    if (r == 0) {
        write_bind(&reservation.writer, interface);
        pending->sent = true;
        r = hprpc__publish(controller, &reservation);
    }
    if (r < 0) {
        hprpc__pending_untake(pending);
        return r;
    }
    *ret_pending = pending;
    return 0;
}

static int finish_bind(struct hprpc_pending_call *pending, const struct hprpc_interface *interface,
                       struct hprpc_detail *detail, uint16_t *ret_service, uint16_t *ret_procedures)
{
    struct kodosis_reader reader;
    int r = pending->code;

    if (r < 0)
        return hprpc_detail_set(detail, r, "%s", pending->text ? pending->text : hprpc_error_text(r));
    kodosis_reader_init(&reader, pending->body.data, pending->body.size, NULL);
    r = pending->answer == HPRPC_MESSAGE_BOUND ? read_bound(&reader, interface, ret_service, ret_procedures)
                                               : HPRPC_EPROTOCOL;
    if (r < 0)
        hprpc_detail_set(detail, r, "the answer to BIND %s makes no sense", interface->name);
    return r;
}

/* One attempt under the lock: 0; HPRPC_EAGAIN; HPRPC_ENOTSENT where the connection is gone; HPRPC_ETOOBIG, HPRPC_ENOMEM. */
static int try_bind(struct hprpc_controller *controller, const struct hprpc_interface *interface,
                    struct hprpc_pending_call **ret_pending)
{
    int r;

    if (hprpc__state(controller) != HPRPC__READY)
        return HPRPC_ENOTSENT;
    if (bind_size(interface) > controller->peer.max_message)
        return HPRPC_ETOOBIG;
    r = begin_bind(controller, interface, ret_pending);
    return r == 0 || r == HPRPC_EAGAIN || r == HPRPC_ENOMEM ? r : HPRPC_ENOTSENT;
}

static int explain_attempt(struct hprpc_controller *controller, const struct hprpc_interface *interface, int code,
                           struct hprpc_detail *detail)
{
    const char *reason = hprpc_error_text(code);

    /* the reason is written once, before the state says BROKEN */
    if (code == HPRPC_ENOTSENT && hprpc__state(controller) == HPRPC__BROKEN)
        reason = controller->reason.text;
    return hprpc_detail_set(detail, code, "cannot ask for the service %.60s: %s", interface->name, reason);
}

int hprpc_stub_bind(struct hprpc_client *client, const struct hprpc_interface *interface, struct hprpc_detail *detail,
                    uint16_t *ret_service, uint16_t *ret_procedures)
{
    struct hprpc_controller *controller = client->controller;
    struct hprpc_pending_call *pending = NULL;
    const struct hprpc__awaited answer = { .pending = &pending, .count = 1 };
    struct hprpc__room room = { 0 };
    int r = HPRPC_EAGAIN;

    if (!hprpc__common_is_ours(controller->common))
        return explain_attempt(controller, interface, HPRPC_EFORKED, detail);
    while (r == HPRPC_EAGAIN) {
        pthread_mutex_lock(&controller->lock);
        hprpc__room_before(&room, controller);
        r = try_bind(controller, interface, &pending);
        hprpc__room_after(&room, controller);
        pthread_mutex_unlock(&controller->lock);
        if (r == HPRPC_EAGAIN &&
            hprpc__pump_wait_for_room(controller, &room, controller->own.timeout_ms) == HPRPC_EAGAIN)
            return explain_attempt(controller, interface, HPRPC_EDEADLINE, detail);
    }
    if (r < 0)
        return explain_attempt(controller, interface, r, detail);

    hprpc__pump_wait_on(controller, &answer, controller->own.timeout_ms, &room.deadline);
    if (!hprpc__pending_done(pending) && !hprpc__pending_abandon(pending, HPRPC_EDEADLINE))
        hprpc__pump_wait(controller, &answer, HPRPC_NO_TIMEOUT);
    r = finish_bind(pending, interface, detail, ret_service, ret_procedures);
    hprpc__pending_drop(pending);
    return r;
}
