/* SPDX-License-Identifier: MIT */
/* The bindings of a client: one for each interface that was bound, with its numbers and the sentences of its refusals. */
#include "rpc/call/binding.h"

#include "base/text.h"
#include "rpc/connection/descriptors.h"

struct hprpc__sentence {
    struct hprpc__sentence *next;
    size_t size;
    char text[];
};

static unsigned refused(int code)
{
    return HPRPC__REFUSED << 16 | (uint16_t)code;
}

static size_t size_of(const struct hprpc_interface *interface)
{
    return sizeof(struct hprpc_binding) + interface->procedure_count * sizeof(struct hprpc__bound);
}

static struct hprpc_binding *find(struct hprpc_controller *controller, const struct hprpc_interface *interface)
{
    struct hprpc_binding *binding = controller->client.bindings;

    hprpc__assert_locked(&controller->lock);
    while (binding && binding->interface != interface)
        binding = binding->next;
    return binding;
}

static struct hprpc_binding *make(struct hprpc_controller *controller, const struct hprpc_interface *interface)
{
    struct hprpc_binding *binding = hprpc_context_allocate(controller->context, size_of(interface));

    if (!binding)
        return NULL;
    binding->interface = interface;
    binding->sentences = NULL;
    binding->now = NULL;
    binding->failure = 0;
    binding->asked = false;
    for (uint32_t i = 0; i < interface->procedure_count; i++) {
        atomic_init(&binding->procedures[i].numbers, refused(HPRPC_EUNIMPLEMENTED));
        atomic_init(&binding->procedures[i].sentence, NULL);
    }
    binding->next = controller->client.bindings;
    controller->client.bindings = binding;
    return binding;
}

struct hprpc_binding *hprpc__binding_of(struct hprpc_controller *controller, const struct hprpc_interface *interface)
{
    struct hprpc_binding *binding;

    hprpc__mutex_lock(&controller->lock);
    binding = find(controller, interface);
    if (!binding)
        binding = make(controller, interface);
    hprpc__mutex_unlock(&controller->lock);
    return binding;
}

/* Copies a sentence into memory that lives as long as the handle, unless an equal one is there. NULL: no memory. Under the lock. */
static const char *keep_sentence(struct hprpc_controller *controller, struct hprpc_binding *binding,
                                 struct kodosis_string text)
{
    struct hprpc__sentence *sentence = binding->sentences;
    char clean[HPRPC__TEXT_MAX + 1];
    size_t size = hprpc__text_copy(text.data, text.size, true, clean, sizeof(clean));

    hprpc__assert_locked(&controller->lock);
    while (sentence && strcmp(sentence->text, clean) != 0)
        sentence = sentence->next;
    if (sentence)
        return sentence->text;
    sentence = hprpc_context_allocate(controller->context, sizeof(*sentence) + size + 1);
    if (!sentence)
        return NULL;
    memcpy(sentence->text, clean, size + 1);
    sentence->size = size;
    sentence->next = binding->sentences;
    binding->sentences = sentence;
    return sentence->text;
}

/* `numbers` is relaxed: a thread that calls meanwhile may see the old or the new value. The bytes of a sentence never change. */
static int set_one(struct hprpc_controller *controller, struct hprpc_binding *binding, uint32_t index, uint16_t service,
                   const struct hprpc__bound_procedure *procedure)
{
    struct hprpc__bound *bound = &binding->procedures[index];
    const char *sentence;

    if (procedure->number >= 0) {
        atomic_store_explicit(&bound->numbers, (unsigned)service << 16 | (uint16_t)procedure->number,
                              memory_order_relaxed);
        return 0;
    }
    sentence = keep_sentence(controller, binding, procedure->text);
    if (!sentence)
        return HPRPC_ENOMEM;
    /* release: pairs with the acquire in refuse (stub.c) */
    atomic_store_explicit(&bound->sentence, sentence, memory_order_release);
    atomic_store_explicit(&bound->numbers, refused(procedure->number), memory_order_relaxed);
    return 0;
}

/* What a procedure with streams becomes where the other side does not understand streams, whatever it has answered. */
static struct hprpc__bound_procedure without_streams(struct hprpc_controller *controller,
                                                     const struct hprpc_binding *binding, uint32_t index,
                                                     const struct hprpc__bound_procedure *procedure)
{
    uint32_t streams = HPRPC_PROCEDURE_STREAMS_IN | HPRPC_PROCEDURE_STREAMS_OUT;

    if (procedure->number < 0 || !(binding->interface->procedures[index].flags & streams) ||
        controller->peer.features & HPRPC__FEATURE_STREAMS)
        return *procedure;
    return (struct hprpc__bound_procedure){
        HPRPC_EUNIMPLEMENTED, kodosis_str("the procedure has streams, which the other side does not understand")
    };
}

/* What a procedure with descriptors becomes where the connection carries none, whatever the other side has answered. */
static struct hprpc__bound_procedure without_descriptors(const struct hprpc_controller *controller,
                                                         const struct hprpc_binding *binding, uint32_t index,
                                                         const struct hprpc__bound_procedure *procedure)
{
    if (procedure->number < 0 || !(binding->interface->procedures[index].flags & HPRPC_PROCEDURE_DESCRIPTORS) ||
        hprpc__carries_descriptors(controller))
        return *procedure;
    return (struct hprpc__bound_procedure){
        HPRPC_EUNIMPLEMENTED, kodosis_str("the procedure passes descriptors, which this connection does not carry")
    };
}

int hprpc__binding_set(struct hprpc_controller *controller, struct hprpc_binding *binding, uint16_t service,
                       const struct hprpc__bound_procedure *procedures)
{
    int r = 0;

    hprpc__mutex_lock(&controller->lock);
    for (uint32_t i = 0; i < binding->interface->procedure_count && r == 0; i++) {
        struct hprpc__bound_procedure procedure = without_streams(controller, binding, i, &procedures[i]);

        procedure = without_descriptors(controller, binding, i, &procedure);
        r = set_one(controller, binding, i, service, &procedure);
    }
    hprpc__mutex_unlock(&controller->lock);
    return r;
}

int hprpc__binding_refuse(struct hprpc_controller *controller, struct hprpc_binding *binding, int code,
                          const char *text)
{
    const struct hprpc__bound_procedure refusal = { (int16_t)code, kodosis_str(text) };
    int r = 0;

    hprpc__mutex_lock(&controller->lock);
    for (uint32_t i = 0; i < binding->interface->procedure_count && r == 0; i++)
        r = set_one(controller, binding, i, 0, &refusal);
    hprpc__mutex_unlock(&controller->lock);
    return r;
}

void hprpc__bindings_clear(struct hprpc_controller *controller)
{
    struct hprpc_binding *binding;
    struct hprpc__sentence *sentence;

    while ((binding = controller->client.bindings)) {
        controller->client.bindings = binding->next;
        while ((sentence = binding->sentences)) {
            binding->sentences = sentence->next;
            hprpc_context_release(controller->context, sentence, sizeof(*sentence) + sentence->size + 1);
        }
        hprpc_context_release(controller->context, binding, size_of(binding->interface));
    }
}
