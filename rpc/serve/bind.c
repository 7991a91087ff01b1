/*
 * BIND and BOUND at the side that offers: from a service's name, version and hashes to numbers. The body of BIND is the
 * service's name, its version, and for each procedure its name and hash; BOUND has the service's number and one number for
 * each procedure.
 */
#include "rpc/serve/bind.h"

#include <stdio.h>

#include "rpc/connection/control.h"
#include "rpc/connection/life.h"
#include "rpc/connection/send.h"

enum { PROCEDURES_MAX = 4096 };

static const struct hprpc__services *own_services(struct hprpc_controller *controller)
{
    /* acquire: pairs with the release in hprpc_controller_serve */
    return atomic_load_explicit(&controller->own_services, memory_order_acquire);
}

const struct hprpc__service *hprpc__service_find(struct hprpc_controller *controller, uint16_t number)
{
    const struct hprpc__services *own;

    if (number < HPRPC__OWN_SERVICES)
        return controller->services ? hprpc__services_at(controller->services, number) : NULL;
    own = own_services(controller);
    return own ? hprpc__services_at(own, number - HPRPC__OWN_SERVICES) : NULL;
}

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

    *ret_service = find_in(own_services(controller), name, version, &other);
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

    hprpc__mutex_lock(&controller->lock);
    if (r == 0)
        r = hprpc__send(controller, &header, writer->start, (uint32_t)(writer->cursor - writer->start));
    else
        r = hprpc__error_send(controller, call, r, text);
    if (r == HPRPC_ENOMEM)
        r = hprpc__error_send(controller, call, HPRPC_EBUSY, "");
    if (r == HPRPC_ENOMEM)
        hprpc__controller_starve(controller);
    hprpc__mutex_unlock(&controller->lock);
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
    if (r == 0 && !(body = hprpc_context_allocate(controller->context, room))) {
        snprintf(text, sizeof(text), "out of memory for the answer");
        r = HPRPC_EBUSY;
    }
    if (r == 0) {
        kodosis_writer_init(&writer, body, room);
        r = write_bound(service, reader, count, &writer, text);
    }
    if (r != HPRPC_EBODY)
        r = send_bound(controller, call, r, text, &writer);
    hprpc_context_release(controller->context, body, room);
    return r;
}

int hprpc__bind_receive(struct hprpc_controller *controller, const struct hprpc_message *message)
{
    struct kodosis_reader reader;
    int r;

    hprpc__assert_pumping(&controller->pump);
    kodosis_reader_init(&reader, message->body, message->size, NULL);
    r = answer_bind(controller, message->header.call, &reader);
    if (r == HPRPC_EBODY) {
        return hprpc__controller_fault(controller, HPRPC_EPROTOCOL, "a malformed BIND");
    }
    return 0;
}
