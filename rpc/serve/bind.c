/* SPDX-License-Identifier: MIT */
/*
 * BIND and BOUND at the side that offers: from a service's name, version and hashes to numbers. Each procedure is granted or
 * refused by itself; a service or version that does not exist refuses all.
 */
#include "rpc/serve/bind.h"

#include <stdio.h>

#include <kodosis/shape.h>

#include "base/text.h"
#include "rpc/connection/control.h"
#include "rpc/connection/descriptors.h"
#include "rpc/connection/life.h"
#include "rpc/connection/message.h"
#include "rpc/connection/send.h"
#include "rpc/serve/call-ids.h"
#include "rpc/serve/grants.h"

enum {
    ANSWER_MEMORY = 4 * 1024 * 1024,  /* 4,096 refusals with their sentences */
    SHAPES_MEMORY = 64 * 1024 * 1024, /* for comparing two canonical texts, of a megabyte or so */
};

/* A BIND that is being answered. */
struct answer {
    struct hprpc_controller *controller;
    uint32_t call;
    const struct hprpc__service *service;
    struct hprpc__bound_procedure *procedures;
    int16_t *others; /* beside each procedure that has another hash here: its number, or -1 */
    uint32_t count;
    struct kodosis_arena arena; /* of what the answer holds */
    char text[400];             /* why all of it is refused */
};

static const struct hprpc__services *own_services(struct hprpc_controller *controller)
{
    /* acquire: pairs with the release in hprpc_controller_serve */
    return atomic_load_explicit(&controller->own_services, memory_order_acquire);
}

/* ---- The service ---- */

static bool has_name(const struct hprpc__service *service, struct kodosis_string name)
{
    const char *own = service->interface->name;

    return strlen(own) == name.size && memcmp(own, name.data, name.size) == 0;
}

static const struct hprpc__service *find_in(const struct hprpc__services *services, struct kodosis_string name,
                                            uint32_t version)
{
    const struct hprpc__service *service;

    for (uint32_t i = 0; services && (service = hprpc__services_at(services, i)); i++) {
        if (service->interface->version == version && has_name(service, name))
            return service;
    }
    return NULL;
}

/* Appends the versions that a service is offered in to a list of numbers. */
static void list_versions(const struct hprpc__services *services, struct kodosis_string name, char *text,
                          size_t capacity)
{
    const struct hprpc__service *service;

    for (uint32_t i = 0; services && (service = hprpc__services_at(services, i)); i++) {
        size_t used = strlen(text);

        if (has_name(service, name))
            snprintf(text + used, capacity - used, "%s%lu", used ? ", " : "",
                     (unsigned long)service->interface->version);
    }
}

static int find_service(struct answer *answer, const struct hprpc__bind_body *bind)
{
    struct hprpc_controller *controller = answer->controller;
    struct hprpc__quote name = hprpc__quote(bind->name.data, bind->name.size);
    char versions[100] = "";

    answer->service = find_in(own_services(controller), bind->name, bind->version);
    if (!answer->service)
        answer->service = find_in(controller->shared->services, bind->name, bind->version);
    if (answer->service)
        return 0;
    list_versions(own_services(controller), bind->name, versions, sizeof(versions));
    list_versions(controller->shared->services, bind->name, versions, sizeof(versions));
    if (versions[0])
        snprintf(answer->text, sizeof(answer->text),
                 "%s is asked for in version %lu, and the side that was asked serves it in version %s", name.text,
                 (unsigned long)bind->version, versions);
    else
        snprintf(answer->text, sizeof(answer->text),
                 "the side that was asked serves nothing that is called %s (version %lu)", name.text,
                 (unsigned long)bind->version);
    return versions[0] ? HPRPC_ESCHEMA : HPRPC_EUNIMPLEMENTED;
}

/* ---- Its procedures ---- */

static int find_procedure(const struct hprpc_interface *interface, struct kodosis_string name)
{
    for (uint32_t i = 0; i < interface->procedure_count; i++) {
        const char *own = interface->procedures[i].name;

        if (strlen(own) == name.size && memcmp(own, name.data, name.size) == 0)
            return (int)i;
    }
    return HPRPC_EUNIMPLEMENTED;
}

/* Refuses one procedure, with a sentence in the answer's memory. False: there is no memory. */
static bool refuse(struct answer *answer, struct hprpc__bound_procedure *procedure, int code, const char *why,
                   struct kodosis_string name)
{
    const struct hprpc_interface *interface = answer->service->interface;
    struct hprpc__quote quote = hprpc__quote(name.data, name.size);
    char text[400], *copy;
    int size = snprintf(text, sizeof(text), "%.150s.%s %s (version %lu)", interface->name, quote.text, why,
                        (unsigned long)interface->version);

    copy = kodosis_arena_allocate(&answer->arena, (size_t)size + 1);
    if (!copy)
        return false;
    memcpy(copy, text, (size_t)size + 1);
    *procedure = (struct hprpc__bound_procedure){ (int16_t)code, { copy, (size_t)size } };
    return true;
}

/* Whether the side that asks can call a procedure: not one with streams, unless it claims to understand them. */
static bool is_understood(const struct answer *answer, int number)
{
    uint32_t streams = HPRPC_PROCEDURE_STREAMS_IN | HPRPC_PROCEDURE_STREAMS_OUT;

    return !(answer->service->interface->procedures[number].flags & streams) ||
           answer->controller->peer.features & HPRPC__FEATURE_STREAMS;
}

/* Whether the messages of a procedure can be carried: those with descriptors not on every connection. */
static bool is_carried(const struct answer *answer, int number)
{
    return !(answer->service->interface->procedures[number].flags & HPRPC_PROCEDURE_DESCRIPTORS) ||
           hprpc__carries_descriptors(answer->controller);
}

/* NULL, or why the side that asks cannot call a procedure with descriptors. */
static const char *fault_of_descriptors(const struct answer *answer, int number, char text[100])
{
    const struct hprpc_channel *channel = answer->controller->channel;
    struct hprpc_peer peer;

    if (is_carried(answer, number))
        return NULL;
    channel->ops->describe((struct hprpc_channel *)channel, &peer);
    snprintf(text, 100, "passes descriptors, which this connection by %.20s:// does not carry", peer.transport);
    return text;
}

/* Decides about the procedure with this index, by its hash. 0, HPRPC_EBODY, HPRPC_ENOMEM. */
static int match_one(struct answer *answer, struct kodosis_reader *reader, uint32_t index)
{
    const struct hprpc_interface *interface = answer->service->interface;
    struct hprpc__bound_procedure *procedure = &answer->procedures[index];
    const char *why = "is unknown to the side that serves it";
    const char *fault;
    char text[100];
    struct kodosis_string name;
    uint64_t hash;
    int number;

    if (!hprpc__bind_read_next(reader, &name, &hash))
        return HPRPC_EBODY;
    number = find_procedure(interface, name);
    answer->others[index] = -1;
    if (number >= 0 && interface->procedures[number].hash != hash) {
        answer->others[index] = (int16_t)number;
        number = HPRPC_ESCHEMA;
        why = "has other parameters, results or errors at the side that serves it";
    } else if (number >= 0 && !is_understood(answer, number)) {
        number = HPRPC_EUNIMPLEMENTED;
        why = "has streams, which the side that asks does not understand";
    } else if (number >= 0 && (fault = fault_of_descriptors(answer, number, text))) {
        number = HPRPC_EUNIMPLEMENTED;
        why = fault;
    }
    *procedure = (struct hprpc__bound_procedure){ .number = (int16_t)number };
    return number >= 0 || refuse(answer, procedure, number, why, name) ? 0 : HPRPC_ENOMEM;
}

static int match_procedures(struct answer *answer, struct kodosis_reader *reader, uint32_t count)
{
    int r = 0;

    answer->procedures = kodosis_arena_allocate(&answer->arena, (count + 1) * sizeof(*answer->procedures));
    answer->others = kodosis_arena_allocate(&answer->arena, (count + 1) * sizeof(*answer->others));
    if (!answer->procedures || !answer->others)
        return HPRPC_ENOMEM;
    for (answer->count = 0; answer->count < count && r == 0; answer->count++)
        r = match_one(answer, reader, answer->count);
    return r;
}

/* Whether the procedure with this number has a shape that matches the text. */
static bool has_shape(const struct answer *answer, int number, struct kodosis_string text)
{
    const char *own = answer->service->interface->procedures[number].shape;
    struct kodosis_arena arena;
    bool match;

    if (!own || !text.size)
        return false;
    kodosis_arena_init(&arena, hprpc_context_allocator(answer->controller->context), SHAPES_MEMORY);
    match = kodosis_shapes_match(own, strlen(own), text.data, text.size, &arena);
    kodosis_arena_clear(&arena);
    return match;
}

/* Reads the canonical texts behind the hashes, if there are any, and grants what was refused for its hash and matches. */
static int match_shapes(struct answer *answer, struct kodosis_reader *reader)
{
    if (!kodosis_reader_remaining(reader))
        return 0;
    for (uint32_t i = 0; i < answer->count; i++) {
        struct kodosis_string text = kodosis_read_string(reader);
        int number = answer->others[i];

        if (number >= 0 && is_understood(answer, number) && is_carried(answer, number) &&
            has_shape(answer, number, text))
            answer->procedures[i] = (struct hprpc__bound_procedure){ .number = (int16_t)number };
    }
    return reader->status == KODOSIS_OK ? 0 : HPRPC_EBODY;
}

/* Grants the procedures that the answer has numbers for. */
static int grant(struct answer *answer)
{
    struct hprpc__grant *granted = hprpc__grant_of(answer->controller, answer->service);

    if (!granted)
        return HPRPC_ENOMEM;
    for (uint32_t i = 0; i < answer->count; i++) {
        if (answer->procedures[i].number >= 0)
            hprpc__grant_add(granted, (uint16_t)answer->procedures[i].number);
    }
    return 0;
}

/* ---- The answer ---- */

/* Sends BOUND. HPRPC_ETOOBIG, with the sentence; HPRPC_ENOMEM; broken. Under the lock. */
static int send_bound(struct answer *answer)
{
    struct hprpc_controller *controller = answer->controller;
    struct hprpc_header header = { .call = answer->call, .type = HPRPC_MESSAGE_BOUND };
    uint64_t size = hprpc__bound_size(answer->procedures, answer->count);
    struct hprpc_reservation reservation;
    int r;

    if (size > controller->peer.max_message) {
        snprintf(answer->text, sizeof(answer->text), "the answer takes %llu bytes, and the side that asked accepts %lu",
                 (unsigned long long)size, (unsigned long)controller->peer.max_message);
        return HPRPC_ETOOBIG;
    }
    r = controller->channel->ops->start_call(controller->channel, &header, (uint32_t)size, &reservation);
    if (r < 0)
        return r;
    hprpc__bound_write(&reservation.writer, answer->service->number, answer->procedures, answer->count);
    return hprpc__publish(controller, &reservation);
}

/* Sends BOUND, or, if `r` is negative, an error in its place. */
static void send_answer(struct answer *answer, int r)
{
    struct hprpc_controller *controller = answer->controller;

    hprpc__mutex_lock(&controller->lock);
    if (r == 0)
        r = send_bound(answer);
    if (r == HPRPC_ENOMEM)
        r = hprpc__error_send(controller, answer->call, HPRPC_EBUSY, "out of memory for the answer");
    else if (r == HPRPC_ETOOBIG || r == HPRPC_ESCHEMA || r == HPRPC_EUNIMPLEMENTED)
        r = hprpc__error_send(controller, answer->call, r, answer->text);
    if (r == HPRPC_ENOMEM)
        hprpc__controller_starve(controller);
    hprpc__mutex_unlock(&controller->lock);
}

/* Reads a BIND and fills the answer. 0; HPRPC_EBODY: the BIND is malformed; or the code to answer with. */
static int answer_bind(struct answer *answer, struct kodosis_reader *reader)
{
    struct hprpc__bind_body bind;
    int r;

    if (!hprpc__bind_read(reader, &bind))
        return HPRPC_EBODY;
    r = find_service(answer, &bind);
    if (r < 0)
        return r;
    r = match_procedures(answer, reader, bind.count);
    if (r == 0)
        r = match_shapes(answer, reader);
    if (r == 0 && kodosis_reader_finish(reader) != KODOSIS_OK)
        return HPRPC_EBODY;
    return r == 0 ? grant(answer) : r;
}

/* NULL, or what is wrong with the id of a BIND; BINDs and requests share their ids. */
static const char *fault_of(struct hprpc_controller *controller, uint32_t call)
{
    _Atomic(struct hprpc_request *) *cell;

    if (call >= controller->own->max_calls)
        return "a BIND with a call id beyond the credit";
    cell = hprpc__call_ids_find(controller, call);
    /* acquire: pairs with the release in send_answer (answer.c), after which the id may come again */
    return cell && atomic_load_explicit(cell, memory_order_acquire) ? "a BIND with a call id that is in use" : NULL;
}

int hprpc__bind_receive(struct hprpc_controller *controller, const struct hprpc_message *message)
{
    struct answer answer = { .controller = controller, .call = message->header.call };
    const char *fault = fault_of(controller, answer.call);
    struct kodosis_reader reader;
    int r;

    hprpc__assert_pumping(&controller->pump);
    if (fault)
        return hprpc__controller_fault(controller, HPRPC_EPROTOCOL, "%s", fault);
    kodosis_arena_init(&answer.arena, hprpc_context_allocator(controller->context), ANSWER_MEMORY);
    kodosis_reader_init(&reader, message->body, message->size, NULL);
    r = answer_bind(&answer, &reader);
    if (r != HPRPC_EBODY)
        send_answer(&answer, r);
    kodosis_arena_clear(&answer.arena);
    return r == HPRPC_EBODY ? hprpc__controller_fault(controller, HPRPC_EPROTOCOL, "a malformed BIND") : 0;
}
