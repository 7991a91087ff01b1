/* SPDX-License-Identifier: MIT */
/* The way of a request: checked, kept, run (now or when the handler that it must not nest into returns), and put away. */
#include "rpc/serve/request.h"

#include <stdio.h>

#include "rpc/connection/control.h"
#include "rpc/connection/descriptors.h"
#include "rpc/connection/life.h"
#include "rpc/serve/call-ids.h"
#include "rpc/serve/grants.h"
#include "rpc/serve/workers.h"

/* ---- Making and freeing ---- */

/* Takes a request that other threads have put back, or makes one. NULL: no memory. */
static __attribute__((noinline)) struct hprpc_request *new_request(struct hprpc_controller *controller)
{
    struct hprpc_request *request;

    hprpc__mutex_lock(&controller->lock);
    controller->spare = controller->returned;
    controller->returned = (struct hprpc__list){ 0 };
    hprpc__mutex_unlock(&controller->lock);
    request = hprpc__request_of(hprpc__list_take(&controller->spare));
    if (request)
        return request;
    request = hprpc_context_allocate(controller->context, sizeof(*request));
    if (!request)
        return NULL;
    request->controller = controller;
    request->stream = NULL;
    request->body.place = HPRPC__BODY_NONE;
    kodosis_arena_init(&request->arena, hprpc_context_allocator(controller->context),
                       (size_t)controller->own->max_decoded);
    return request;
}

/* Frees the streams of a request. Not under the lock. */
static __attribute__((noinline)) void free_stream(struct hprpc_request *request)
{
    hprpc__mutex_lock(&request->controller->lock);
    hprpc__stream_free(request->stream);
    hprpc__mutex_unlock(&request->controller->lock);
    request->stream = NULL;
}

static void empty(struct hprpc_request *request)
{
    hprpc__body_drop(&request->body, request->controller->channel);
    kodosis_arena_reset(&request->arena);
}

/* Puts a request that was never shared into the pool; it has no streams. By the pump's owner. */
static void put_away(struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;

    empty(request);
    hprpc__list_put_in_front(&controller->spare, &request->link);
}

void hprpc__request_uncount(struct hprpc_request *request)
{
    if (request->counted)
        hprpc__quota_give(request->controller->quota, request->charge);
    request->counted = false;
}

void hprpc__request_put_back(struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;

    if (request->stream)
        free_stream(request);
    empty(request);
    hprpc__request_uncount(request);
    hprpc__mutex_lock(&controller->lock);
    controller->told -= request->told;
    hprpc__list_put_in_front(&controller->returned, &request->link);
    hprpc__mutex_unlock(&controller->lock);
    hprpc_controller_drop(controller);
}

static void free_all(struct hprpc__list *requests)
{
    struct hprpc_request *request;

    while ((request = hprpc__request_of(hprpc__list_take(requests)))) {
        kodosis_arena_clear(&request->arena);
        hprpc_context_release(request->controller->context, request, sizeof(*request));
    }
}

void hprpc__requests_clear(struct hprpc_controller *controller)
{
    free_all(&controller->spare);
    free_all(&controller->returned);
}

/* ---- Credit ---- */

/* Gives the credit of a consumed one-way request back, in batches. */
static void credit_back(struct hprpc_controller *controller, uint32_t charge)
{
    hprpc__mutex_lock(&controller->lock);
    controller->oneway_done++;
    controller->oneway_bytes_done += charge;
    if (hprpc__state(controller) == HPRPC__READY &&
        (controller->oneway_done >= (controller->own->max_calls + 3) / 4 ||
         controller->oneway_bytes_done >= controller->own->max_call_bytes / 4)) {
        int r = hprpc__credit_send(controller, controller->oneway_done, controller->oneway_bytes_done);

        if (r == HPRPC_ENOMEM) {
            hprpc__controller_starve(controller);
        } else if (r == 0) {
            controller->oneway_calls -= controller->oneway_done;
            controller->oneway_bytes -= controller->oneway_bytes_done;
            controller->oneway_done = 0;
            controller->oneway_bytes_done = 0;
        }
    }
    hprpc__mutex_unlock(&controller->lock);
}

/* Requests that still want an answer. */
static uint64_t open_calls(const struct hprpc_controller *controller)
{
    return controller->calls_received -
           atomic_load_explicit(&((struct hprpc_controller *)controller)->calls_answered, memory_order_relaxed);
}

/* Whether a one-way request is within its sender's credit; if so, charges it. */
static bool charge_oneway(struct hprpc_controller *controller, uint32_t size)
{
    bool within;

    hprpc__mutex_lock(&controller->lock);
    within = controller->oneway_calls + open_calls(controller) < controller->own->max_calls &&
             hprpc__within_credit(controller->oneway_bytes, size, controller->own->max_call_bytes);
    if (within) {
        controller->oneway_calls++;
        controller->oneway_bytes += size;
    }
    hprpc__mutex_unlock(&controller->lock);
    return within;
}

static bool charge_call(struct hprpc_controller *controller, uint32_t size)
{
    uint64_t taken =
        controller->bytes_received - atomic_load_explicit(&controller->bytes_answered, memory_order_relaxed);

    if (!hprpc__within_credit(taken, size, controller->own->max_call_bytes))
        return false;
    controller->bytes_received += size;
    controller->calls_received++;
    return true;
}

/* ---- Running ---- */

static void refuse(struct hprpc_request *request, int code, const char *text)
{
    if (!(request->header.flags & HPRPC_FLAG_ONEWAY))
        hprpc_request_fail(request, code, text);
}

static int explain_body(struct hprpc_request *request)
{
    const struct kodosis_reader *reader = &request->reader;
    const uint8_t *place = reader->fault ? reader->fault : reader->cursor;
    char text[160];

    if (hprpc__descriptors_are_lost(&request->body)) {
        refuse(request, HPRPC_ESYSTEM, "descriptors came with the request, and no more may be open here");
        return 0;
    }
    if (reader->status == KODOSIS_NO_MEMORY) {
        refuse(request, HPRPC_ENOMEM, "no memory to decode the arguments");
        return 0;
    }
    snprintf(text, sizeof(text), "the arguments cannot be decoded: %s, at byte %zu of %u",
             kodosis_status_text(reader->status), (size_t)(place - reader->start), request->body.size);
    refuse(request, HPRPC_EBODY, text);
    return 0;
}

/* The procedure that a request calls; it was granted. */
static inline const struct hprpc_procedure *procedure_of(const struct hprpc_request *request)
{
    return &request->service->interface->procedures[request->header.procedure];
}

enum {
    STREAMS = HPRPC_PROCEDURE_STREAMS_IN | HPRPC_PROCEDURE_STREAMS_OUT,
    UNUSUAL = HPRPC_PROCEDURE_ONEWAY | STREAMS,
};

/* Whether a request is as its procedure wants it, which is one-way or has streams. */
static inline bool is_fit(const struct hprpc_request *request, const struct hprpc_procedure *procedure)
{
    uint8_t wanted = procedure->flags & STREAMS ? HPRPC_FLAG_STREAM : HPRPC_FLAG_ONEWAY;

    return request->header.flags & wanted;
}

/* The procedure that a request calls, if it was granted, and may be called in that manner; NULL otherwise. */
static inline const struct hprpc_procedure *find_procedure(const struct hprpc_request *request)
{
    const struct hprpc_procedure *procedure = request->service ? procedure_of(request) : NULL;

    if (!procedure || (procedure->flags & UNUSUAL && !is_fit(request, procedure)))
        return NULL;
    return procedure;
}

/* Refuses a request that says that its procedure has streams, and it has none; or the other way round. */
static void refuse_manner_of_streams(struct hprpc_request *request)
{
    bool has = procedure_of(request)->flags & STREAMS;
    char text[256];

    snprintf(text, sizeof(text), "%.100s.%.80s has %sstreams, and was called with%s", request->service->interface->name,
             procedure_of(request)->name, has ? "" : "no ", has ? "out" : " some");
    refuse(request, HPRPC_EBODY, text);
}

/* Refuses a request for which find_procedure found none. */
static __attribute__((noinline)) void refuse_uncallable(struct hprpc_request *request)
{
    char text[256];

    if (!request->service) {
        snprintf(text, sizeof(text),
                 "procedure %u of service %u was not granted on this connection: a BIND asks for it",
                 request->header.procedure, request->header.service);
        refuse(request, HPRPC_EUNIMPLEMENTED, text);
        return;
    }
    if (procedure_of(request)->flags & STREAMS) {
        refuse_manner_of_streams(request);
        return;
    }
    snprintf(text, sizeof(text), "%.100s.%.80s is one-way: it has no answer to wait for",
             request->service->interface->name, procedure_of(request)->name);
    refuse(request, HPRPC_EONEWAY, text);
}

/* Fails a request whose reply did not fit. The handler has run, which HPRPC_EBUSY would deny. */
static void explain_unfit(struct hprpc_request *request, const struct hprpc_procedure *procedure, int code)
{
    const char *service = request->service->interface->name;
    char text[256];

    if (code == HPRPC_ETOOBIG) {
        snprintf(text, sizeof(text), "the answer of %.80s.%.60s takes %llu bytes, and the side that asked accepts %lu",
                 service, procedure->name, (unsigned long long)request->unfit,
                 (unsigned long)request->controller->peer.max_message);
    } else {
        code = HPRPC_EINTERNAL;
        snprintf(text, sizeof(text), "the answer of %.80s.%.60s, of %llu bytes, is lost: too many wait to be read",
                 service, procedure->name, (unsigned long long)request->unfit);
    }
    hprpc_request_fail(request, code, text);
}

/* Fails a request whose handler runs on the thread that pumps, and would have had to wait there for an element, or for window. */
static void explain_stuck(struct hprpc_request *request, const struct hprpc_procedure *procedure)
{
    char text[256];

    snprintf(
        text, sizeof(text),
        "%.80s.%.60s would have to wait for its stream on the thread that serves the connection: it must defer, or run on a "
        "worker",
        request->service->interface->name, procedure->name);
    hprpc_request_fail(request, HPRPC_EINTERNAL, text);
}

/* The callback for the end of the pieces: the answer follows them. */
static void answer_drained(void *self, uint32_t events)
{
    struct hprpc_request *request = self;
    struct kodosis_writer *writer;
    int r = hprpc_request_reply_begin(request, 0, &writer);

    (void)events;
    if (r == 0)
        hprpc_request_reply_send(request);
    /* after any other code the request is over */
    else if (r == HPRPC_EBUSY || r == HPRPC_ENOMEM || r == HPRPC_ETOOBIG)
        hprpc_request_fail(request, r, NULL);
}

/* Answers a request that returns nothing once the pieces of its last element are sent. False: that cannot be. */
static bool answer_later(struct hprpc_request *request)
{
    const struct hprpc__notice notice = { answer_drained, request, HPRPC__STREAM_DRAINED };

    if (!request->stream || hprpc_request_defer(request) < 0)
        return false;
    return hprpc__stream_register(request->stream, &notice) == 0;
}

/* Gives the answer that the handler's result implies, for a handler that neither answered nor deferred. */
static __attribute__((noinline)) void answer_for_handler(struct hprpc_request *request, int r)
{
    const struct hprpc_procedure *procedure = procedure_of(request);
    struct kodosis_writer *writer;

    if (request->header.flags & HPRPC_FLAG_ONEWAY)
        return;
    if (r == HPRPC_EBODY && request->reader.status != KODOSIS_OK)
        explain_body(request);
    else if (request->stuck && r == HPRPC_EBUSY)
        explain_stuck(request, procedure);
    else if (request->unfit && (r == HPRPC_ETOOBIG || r == HPRPC_EBUSY))
        explain_unfit(request, procedure, r);
    else if (r < 0)
        hprpc_request_fail(request, r, NULL);
    else if (!(procedure->flags & HPRPC_PROCEDURE_VOID))
        hprpc_request_fail(request, HPRPC_EINTERNAL, "the procedure returned without an answer");
    else if ((r = hprpc_request_reply_begin(request, 0, &writer)) == 0)
        hprpc_request_reply_send(request);
    else if (r != HPRPC_EBUSY || !answer_later(request))
        hprpc_request_fail(request, r, NULL);
}

/* Notes that the handler has returned. Another thread may be answering, or may have answered. */
void hprpc__request_leave_shared(struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;
    bool over;

    hprpc__mutex_lock(&controller->lock);
    request->handler_over = true;
    over = request->answered || (request->header.flags & HPRPC_FLAG_ONEWAY);
    hprpc__mutex_unlock(&controller->lock);
    if (over)
        hprpc__request_put_back(request);
}

/*
 * Decodes, runs the handler, and answers if the handler leaves that to its result. False in a child of fork that came out of the
 * handler: the request belongs to the parent.
 */
static inline bool invoke(struct hprpc_request *request)
{
    const struct hprpc__service *service = request->service;
    const struct hprpc_procedure *procedure = find_procedure(request);
    int r = 0;

    if (KODOSIS_LIKELY(procedure)) {
        kodosis_reader_init(&request->reader, request->body.data, request->body.size, &request->arena);
        hprpc__descriptors_open(&request->body, &request->reader);
        r = procedure->invoke(service->handlers, service->self, request, &request->reader);
    } else {
        refuse_uncallable(request);
    }
    if (KODOSIS_UNLIKELY(!hprpc__shared_is_ours(request->controller->shared)))
        return false;
    if (KODOSIS_UNLIKELY(request->deferred)) {
        if (r < 0)
            hprpc_request_fail(request, r, NULL);
    } else if (!request->answered && procedure) {
        answer_for_handler(request, r);
    }
    if (request->header.flags & HPRPC_FLAG_ONEWAY)
        credit_back(request->controller, request->charge);
    return true;
}

/* A client's handler, on the application's thread. A server's runs inside hprpc_server_run, where cancellation is disabled. */
static __attribute__((noinline)) bool invoke_for_client(struct hprpc_request *request)
{
    int cancellation = hprpc__cancellation_disable();
    bool ours = invoke(request);

    hprpc__cancellation_restore(cancellation);
    return ours;
}

/* Runs a request inline: on the pumping thread, nested in the handler that runs there, if any. 0 or HPRPC_EFORKED. */
static inline int run(struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;
    bool ours;

    request->outer = controller->running;
    controller->running = request;
    ours = KODOSIS_LIKELY(controller->quota) ? invoke(request) : invoke_for_client(request);
    if (KODOSIS_UNLIKELY(!ours))
        return HPRPC_EFORKED;
    controller->running = request->outer;
    if (KODOSIS_UNLIKELY(request->shared))
        hprpc__request_leave_shared(request);
    else
        put_away(request);
    return 0;
}

/* Refuses a request that waited past its deadline, or was cancelled meanwhile. False: it is to run. */
static bool refuse_late(struct hprpc_request *request)
{
    if ((request->header.flags & HPRPC_FLAG_ONEWAY) || !hprpc_request_cancelled(request))
        return false;
    /* relaxed: a counter; workers also come here, and hold no lock, so it takes a read-modify-write */
    atomic_fetch_add_explicit(&request->controller->statistics.expired, 1, memory_order_relaxed);
    hprpc_request_fail(request, hprpc_request_remaining(request) ? HPRPC_ECANCELLED : HPRPC_EDEADLINE,
                       "nobody waited any more when the request's turn came");
    return true;
}

bool hprpc__request_run_shared(struct hprpc_request *request)
{
    const struct hprpc__shared *shared = request->controller->shared;

    return refuse_late(request) ? hprpc__shared_is_ours(shared) : invoke(request);
}

void hprpc__request_drop_shared(struct hprpc_request *request)
{
    hprpc_request_fail(request, HPRPC_EBUSY, "the server stopped before the request could run");
    hprpc__request_leave_shared(request);
}

/* Puts a request away that was answered in place of its handler. By the pump's owner. */
static void leave(struct hprpc_request *request)
{
    if (request->shared)
        hprpc__request_leave_shared(request);
    else
        put_away(request);
}

static __attribute__((noinline)) int run_late(struct hprpc_request *request)
{
    hprpc__quota_give(request->controller->quota, request->charge);
    if (!refuse_late(request))
        return run(request);
    leave(request);
    return 0;
}

static void wait_in_line(struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;

    request->arrived = hprpc_context_now(controller->context);
    hprpc__list_append(&controller->waiting, &request->link);
}

/* Runs the requests that waited for the innermost handler to return. HPRPC_EFORKED in a child that came out of a handler. */
static __attribute__((noinline)) int run_waiting(struct hprpc_controller *controller)
{
    struct hprpc_request *request;
    int r = 0;

    while (r == 0 && !controller->running && (request = hprpc__request_of(hprpc__list_take(&controller->waiting))))
        r = run_late(request);
    return r;
}

/* ---- Receiving ---- */

static __attribute__((noinline)) int violation(struct hprpc_controller *controller, struct hprpc_message *message,
                                               const char *reason)
{
    controller->channel->ops->release(controller->channel, message);
    return hprpc__controller_fault(controller, HPRPC_EPROTOCOL, "%s", reason);
}

/* Finds where the call id is marked as in use, and charges the credit; NULL or the protocol's violation. */
static inline const char *admit(struct hprpc_controller *controller, const struct hprpc_message *message, bool oneway,
                                _Atomic(struct hprpc_request *) **ret_cell)
{
    uint32_t call = message->header.call;

    *ret_cell = NULL;
    if (oneway)
        return charge_oneway(controller, message->size) ? NULL : "one-way requests beyond the credit";
    if (call >= controller->own->max_calls)
        return "a call id beyond the credit";
    *ret_cell = hprpc__call_ids_cell(controller, call);
    /* acquire: pairs with the release in send_answer (answer.c), after which the id may come again */
    if (*ret_cell && atomic_load_explicit(*ret_cell, memory_order_acquire))
        return "a call id that is still in use";
    return charge_call(controller, message->size) ? NULL : "requests beyond the credit in bytes";
}

static __attribute__((noinline)) int refuse_without_memory(struct hprpc_controller *controller, uint32_t call,
                                                           bool oneway, uint32_t size)
{
    if (oneway) {
        credit_back(controller, size);
        return 0;
    }
    hprpc__mutex_lock(&controller->lock);
    hprpc__answered(controller, size);
    if (hprpc__error_send(controller, call, HPRPC_ENOMEM, "no memory for the request") == HPRPC_ENOMEM)
        hprpc__controller_starve(controller);
    hprpc__mutex_unlock(&controller->lock);
    return 0;
}

/* Gives a request its streams, if its procedure has any. False: no memory. */
static bool add_stream(struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;
    int r;

    if (!request->service || !(procedure_of(request)->flags & STREAMS))
        return true;
    hprpc__mutex_lock(&controller->lock);
    r = hprpc__stream_new(controller, request->header.call, true, procedure_of(request)->flags, &request->stream);
    hprpc__mutex_unlock(&controller->lock);
    return r == 0;
}

static inline struct hprpc_request *make_request(struct hprpc_controller *controller, struct hprpc_message *message,
                                                 _Atomic(struct hprpc_request *) *cell, bool streams)
{
    struct hprpc_request *request = hprpc__request_of(hprpc__list_take(&controller->spare));

    if (KODOSIS_UNLIKELY(!request))
        request = new_request(controller);
    if (KODOSIS_UNLIKELY(!request)) {
        controller->channel->ops->release(controller->channel, message);
        return NULL;
    }
    request->header = message->header;
    request->service = hprpc__granted(controller, message->header.service, message->header.procedure);
    request->charge = message->size;
    request->cell = cell;
    request->told = false;
    request->shared = false;
    request->counted = false;
    request->deferred = false;
    request->answered = false;
    request->handler_over = false;
    request->stuck = false;
    request->unfit = 0;
    request->arrived = 0;
    atomic_store_explicit(&request->cancelled, false, memory_order_relaxed);
    if (hprpc__body_take(&request->body, controller->channel, message) < 0) {
        put_away(request);
        return NULL;
    }
    if (streams && !add_stream(request)) {
        put_away(request);
        return NULL;
    }
    if (cell)
        atomic_store_explicit(cell, request, memory_order_relaxed);
    if (request->charge > HPRPC__BODY_SMALL)
        hprpc__count(request->body.place == HPRPC__BODY_LENT ? &controller->statistics.lent
                                                             : &controller->statistics.copied);
    return request;
}

/* Whether a request follows from a call that this side has open. Its depth is what the other side says, and may be wrong. */
static bool is_nested(struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;
    struct hprpc__tickets *tickets = &controller->tickets;
    bool found = false;

    if (!request->header.depth)
        return false;
    hprpc__mutex_lock(&controller->lock);
    for (uint32_t id = 0; id < tickets->capacity && !found; id++)
        found = tickets->slots[id].ticket && tickets->slots[id].depth == request->header.depth - 1;
    hprpc__mutex_unlock(&controller->lock);
    return found;
}

/* Hands a request to the workers: NULL, or why not. */
static const char *hand_over(struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;
    bool was_shared = request->shared;

    if (hprpc__request_share(request) < 0)
        return "the server holds as many requests as it may";
    if (hprpc__workers_submit(controller->workers, request, is_nested(request)))
        return NULL;
    if (!was_shared) {
        hprpc__request_uncount(request);
        request->shared = false;
        hprpc_controller_drop(controller);
    }
    return "no worker can be started";
}

/* Refuses a request that cannot be placed. */
static __attribute__((noinline)) int refuse_busy(struct hprpc_request *request, const char *why)
{
    struct hprpc_controller *controller = request->controller;

    hprpc__count(&controller->statistics.busy);
    refuse(request, HPRPC_EBUSY, why);
    if (request->header.flags & HPRPC_FLAG_ONEWAY)
        credit_back(controller, request->charge);
    leave(request);
    return 0;
}

/* Whether a request may run at once on this thread: no handler runs here, or the request follows from a call of that handler. */
static inline bool may_run(struct hprpc_request *request)
{
    const struct hprpc_request *running = request->controller->running;

    return !running || (request->header.depth > running->header.depth && is_nested(request));
}

/* Runs a request, puts it where it will be run, or refuses it. 0, or HPRPC_EFORKED. */
static inline __attribute__((always_inline)) int place(struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;
    const char *why;

    if (request->header.depth >= controller->own->max_depth)
        return refuse_busy(request, "calls are nested too deeply");
    if (hprpc__quota_refuses(controller->quota))
        return refuse_busy(request, "the server is stopping");
    if (controller->workers) {
        why = hand_over(request);
        return why ? refuse_busy(request, why) : 0;
    }
    if (may_run(request))
        return run(request);
    if (!hprpc__quota_take(controller->quota, request->charge))
        return refuse_busy(request, "the server holds as many requests as it may");
    wait_in_line(request);
    return 0;
}

/* Drops a request that came after the other side was told how many are taken; it gets no answer. */
static __attribute__((noinline)) int pass_over(struct hprpc_controller *controller, struct hprpc_message *message)
{
    controller->channel->ops->release(controller->channel, message);
    return 0;
}

/* Whether a request is for a procedure that has an answer. */
static bool wants_answer(const struct hprpc_controller *controller, const struct hprpc_header *header)
{
    const struct hprpc__service *service = hprpc__granted(controller, header->service, header->procedure);

    return service && !(service->interface->procedures[header->procedure].flags & HPRPC_PROCEDURE_ONEWAY);
}

/* Breaks the connection: a one-way request is for a procedure with an answer, and ONEWAY requests get no error. */
static __attribute__((noinline)) int refuse_manner(struct hprpc_controller *controller, struct hprpc_message *message)
{
    const struct hprpc_header header = message->header;
    const struct hprpc_interface *interface = hprpc__granted(controller, header.service, header.procedure)->interface;

    controller->channel->ops->release(controller->channel, message);
    return hprpc__controller_fault(controller, HPRPC_ETWOWAY, "%.100s.%.60s has an answer, and was called one-way",
                                   interface->name, interface->procedures[header.procedure].name);
}

/*
 * Shares a request with streams, from its beginning: so one that is not shared has none, and does not ask. False: there is no room for
 * it; its streams are freed, and it is to be refused.
 */
static bool keep_streams(struct hprpc_request *request)
{
    if (!request->stream || hprpc__request_share(request) == 0)
        return true;
    free_stream(request);
    return false;
}

/* Whether a request says that its procedure has streams, and it has none. */
static bool has_no_streams(const struct hprpc_request *request)
{
    return request->service && !(procedure_of(request)->flags & STREAMS);
}

/* Refuses such a request. */
static int refuse_streams(struct hprpc_request *request)
{
    refuse_manner_of_streams(request);
    put_away(request);
    return 0;
}

/* Receives a request: one-way, with streams, or as most are. */
static inline __attribute__((always_inline)) int receive(struct hprpc_controller *controller,
                                                         struct hprpc_message *message, bool oneway, bool streams)
{
    _Atomic(struct hprpc_request *) *cell;
    const char *fault;
    struct hprpc_request *request;
    uint32_t call = message->header.call, size = message->size;
    int r;

    if (oneway && wants_answer(controller, &message->header))
        return refuse_manner(controller, message);
    fault = admit(controller, message, oneway, &cell);
    if (KODOSIS_UNLIKELY(fault))
        return violation(controller, message, fault);
    hprpc__count(&controller->requests_taken);
    if (!oneway && KODOSIS_UNLIKELY(!cell)) {
        controller->forgot_streams |= streams;
        controller->channel->ops->release(controller->channel, message);
        return refuse_without_memory(controller, call, oneway, size);
    }
    if (streams)
        hprpc__call_ids_set_streamed(controller, call);
    request = make_request(controller, message, cell, streams);
    if (KODOSIS_UNLIKELY(!request))
        return refuse_without_memory(controller, call, oneway, size);
    if (streams && has_no_streams(request))
        return refuse_streams(request);
    if (streams && !keep_streams(request))
        return refuse_busy(request, "the server holds as many requests as it may");

    r = place(request);
    if (KODOSIS_UNLIKELY(r < 0))
        return r;
    return KODOSIS_LIKELY(hprpc__list_is_empty(&controller->waiting)) ? 0 : run_waiting(controller);
}

/* Whether descriptors came with a request for a procedure that has none among its parameters, results and errors, or was not granted. */
static bool has_stray_descriptors(const struct hprpc_controller *controller, const struct hprpc_header *header)
{
    const struct hprpc__service *service = hprpc__granted(controller, header->service, header->procedure);

    if (!(header->flags & HPRPC_FLAG_DESCRIPTORS))
        return false;
    return !service || !(service->interface->procedures[header->procedure].flags & HPRPC_PROCEDURE_DESCRIPTORS);
}

static __attribute__((noinline)) int receive_unusual(struct hprpc_controller *controller, struct hprpc_message *message)
{
    uint8_t flags = message->header.flags;

    if (has_stray_descriptors(controller, &message->header))
        return violation(controller, message, "descriptors came with a request that asks for none");
    return flags & HPRPC_FLAG_ONEWAY ? receive(controller, message, true, false)
                                     : receive(controller, message, false, flags & HPRPC_FLAG_STREAM);
}

int hprpc__request_receive(struct hprpc_controller *controller, struct hprpc_message *message)
{
    hprpc__assert_pumping(&controller->pump);
    if (KODOSIS_UNLIKELY(atomic_load_explicit(&controller->takes_none, memory_order_relaxed)))
        return pass_over(controller, message);
    if (KODOSIS_LIKELY(!(message->header.flags & (HPRPC_FLAG_ONEWAY | HPRPC_FLAG_STREAM | HPRPC_FLAG_DESCRIPTORS))))
        return receive(controller, message, false, false);
    return receive_unusual(controller, message);
}

struct hprpc__stream *hprpc__request_find_stream(struct hprpc_controller *controller, uint32_t call, bool *ret_known)
{
    _Atomic(struct hprpc_request *) *cell = hprpc__call_ids_find(controller, call);
    /* relaxed: the lock keeps the request from being answered meanwhile */
    struct hprpc_request *request = cell ? atomic_load_explicit(cell, memory_order_relaxed) : NULL;

    hprpc__assert_locked(&controller->lock);
    /* elements may be under way for requests that were not taken, or that there was no memory to remember */
    *ret_known = request ? request->header.flags & HPRPC_FLAG_STREAM
                         : hprpc__call_ids_was_streamed(controller, call) || controller->forgot_streams ||
                               atomic_load_explicit(&controller->takes_none, memory_order_relaxed);
    return request ? request->stream : NULL;
}

/* ---- Cancelling ---- */

/* Under the lock. */
static void cancel(struct hprpc_request *request)
{
    atomic_store_explicit(&request->cancelled, true, memory_order_relaxed);
    if (request->stream)
        hprpc__stream_cut(request->stream);
}

void hprpc__request_cancel(struct hprpc_controller *controller, uint32_t call)
{
    _Atomic(struct hprpc_request *) *cell = hprpc__call_ids_find(controller, call);
    struct hprpc_request *request;

    /* the lock keeps a deferred request from being answered, and put away, meanwhile */
    hprpc__mutex_lock(&controller->lock);
    request = cell ? atomic_load_explicit(cell, memory_order_relaxed) : NULL;
    if (request) {
        cancel(request);
        if (request->shared && !request->answered)
            hprpc__request_answer_cancelled(request);
    }
    hprpc__mutex_unlock(&controller->lock);
}

void hprpc__request_cancel_all(struct hprpc_controller *controller)
{
    struct hprpc_request *request;

    hprpc__mutex_lock(&controller->lock);
    hprpc__call_ids_each(controller, cancel);
    hprpc__mutex_unlock(&controller->lock);
    while ((request = hprpc__request_of(hprpc__list_take(&controller->waiting)))) {
        hprpc__quota_give(controller->quota, request->charge);
        if (request->shared)
            hprpc__request_drop_shared(request);
        else
            put_away(request);
    }
}
