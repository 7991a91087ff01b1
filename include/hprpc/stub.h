/* SPDX-License-Identifier: MIT */
/* What generated code calls. Applications use the generated functions; a hand-written stub would call these. */
#ifndef HPRPC_STUB_H
#define HPRPC_STUB_H

#include <hprpc/channel/message.h>
#include <hprpc/server.h>
#include <kodosis/reader.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What an interface file says about a service ---- */

enum hprpc_procedure_flag {
    HPRPC_PROCEDURE_ONEWAY = 1,
    HPRPC_PROCEDURE_IDEMPOTENT = 2,
    HPRPC_PROCEDURE_VOID = 4,         /* returns nothing: a handler that just returns 0 has answered */
    HPRPC_PROCEDURE_STREAMS_IN = 8,   /* its last parameter is a stream: the caller sends elements */
    HPRPC_PROCEDURE_STREAMS_OUT = 16, /* it returns a stream: the callee sends elements */
    HPRPC_PROCEDURE_DESCRIPTORS = 32, /* its parameters, result or errors hold an fd */
};

struct hprpc_procedure {
    const char *name; /* as in the interface file */
    uint64_t hash;    /* of the canonical text of its wire shape, see docs/wire-format.md */
    uint32_t flags;   /* enum hprpc_procedure_flag */

    /*
     * Decodes the arguments, checks that the reader is at its end, and runs the handler. Returns what the handler returned;
     * HPRPC_EBODY if the reader has found a fault; HPRPC_EUNIMPLEMENTED if the handler is NULL.
     */
    int (*invoke)(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader);

    /*
     * The canonical text where it holds something extensible, else NULL. Where the two sides' hashes differ, their texts decide
     * whether the procedure can be called.
     */
    const char *shape;
};

struct hprpc_interface {
    const char *name; /* dotted full name, "paper.Paper" */
    uint32_t version;
    uint32_t procedure_count;
    const struct hprpc_procedure *procedures;
};

/* ---- Client side ---- */

/*
 * What a client knows of a service that it is bound to: which procedures the other side has, and their numbers. The client owns
 * it, and it lives as long; binding the interface again gives the same one, so copies of a proxy stay valid.
 */
struct hprpc_binding;

/*
 * Asks the other side for a service, procedure by procedure. `interface` is borrowed as long as the client lives. A procedure
 * that the other side refuses (it has none: HPRPC_EUNIMPLEMENTED; it has another shape of it: HPRPC_ESCHEMA; it does not permit
 * it: HPRPC_EPERMISSION) fails with that code and a sentence when this client calls it.
 * Errors: HPRPC_EUNIMPLEMENTED (no such service), HPRPC_ESCHEMA (other versions of it only), or as a call.
 */
HPRPC_API int hprpc_stub_bind(struct hprpc_client *client, const struct hprpc_interface *interface,
                              struct hprpc_detail *detail, struct hprpc_binding **ret_binding);

/*
 * The two halves of that. `post` never blocks: the ticket is in the call (which must not be NULL), and if the BIND cannot be sent
 * yet, the thread that pumps sends it later. `collect` waits for the answer, and says which client was asked.
 */
HPRPC_API int hprpc_stub_bind_post(struct hprpc_client *client, const struct hprpc_interface *interface,
                                   struct hprpc_call *call);
HPRPC_API int hprpc_stub_bind_collect(struct hprpc_call *call, const struct hprpc_interface *interface,
                                      struct hprpc_client **ret_client, struct hprpc_binding **ret_binding);

/* One call in the making. Lives on the stub's stack; the fields but `writer` and `reader` are the library's own. */
struct hprpc_stub {
    struct hprpc_client *client;
    struct hprpc_call *call;
    const struct hprpc_binding *binding;
    struct hprpc_pending_call *pending;
    struct kodosis_writer *writer; /* from begin on: the arguments go here */
    struct kodosis_reader reader;  /* from exchange or collect on: the reply comes from here */
    struct hprpc_reservation reservation;
    uint32_t procedure;
    bool waited; /* for credit or room: others may wait behind it */
};

/*
 * Takes a ticket, credit and room for `size` bytes of arguments of a procedure, by its index in the interface. On success the
 * connection's send lock is held until exchange, post or send, which must follow at once. `call` may be NULL.
 */
HPRPC_API int hprpc_stub_begin(struct hprpc_stub *stub, struct hprpc_client *client,
                               const struct hprpc_binding *binding, struct hprpc_call *call, uint32_t procedure,
                               uint64_t size);

/* The same for a one-way procedure: `send` must follow. */
HPRPC_API int hprpc_stub_begin_oneway(struct hprpc_stub *stub, struct hprpc_client *client,
                                      const struct hprpc_binding *binding, struct hprpc_call *call, uint32_t procedure,
                                      uint64_t size);

/*
 * The same for a procedure with a stream: `post` must follow, and `call` must not be NULL. The waiting for credit and room has the
 * client's default as its deadline; the call itself has one only if call->timeout_ms says so.
 */
HPRPC_API int hprpc_stub_begin_stream(struct hprpc_stub *stub, struct hprpc_client *client,
                                      const struct hprpc_binding *binding, struct hprpc_call *call, uint32_t procedure,
                                      uint64_t size);

/* Publishes, waits for the answer and opens `stub->reader` over it; `end` must follow success. */
HPRPC_API int hprpc_stub_exchange(struct hprpc_stub *stub);

/* Publishes; the ticket stays in the call (which must not be NULL). */
HPRPC_API int hprpc_stub_post(struct hprpc_stub *stub);

/* Publishes a one-way request. */
HPRPC_API int hprpc_stub_send(struct hprpc_stub *stub);

/*
 * For `_finish`: waits until the posted call is complete and opens `stub->reader` over its reply; `end` must follow success. Of a
 * call with streams it says first that no further element follows, and discards the elements that were not read.
 */
HPRPC_API int hprpc_stub_collect(struct hprpc_stub *stub, struct hprpc_call *call);

/* The slow half of hprpc_stub_end. */
HPRPC_API int hprpc_stub_end_slowly(struct hprpc_stub *stub);

/*
 * Closes the reader: HPRPC_EBODY if it has found a fault or bytes are left. The reply's memory stays with the call, if there
 * is one, until hprpc_call_clear; otherwise it is freed.
 */
static inline int hprpc_stub_end(struct hprpc_stub *stub)
{
    if (KODOSIS_UNLIKELY(!stub->call || kodosis_reader_finish(&stub->reader) != KODOSIS_OK))
        return hprpc_stub_end_slowly(stub);
    stub->call->pending = stub->pending;
    return 0;
}

/*
 * For `<error>_get`: after HPRPC_EAPPLICATION, opens `ret_reader` over the typed error, if the one that was raised has this
 * dotted name. HPRPC_EINVAL otherwise.
 */
HPRPC_API int hprpc_stub_raised(struct hprpc_call *call, const char *name, struct kodosis_reader *ret_reader);

/*
 * For `_next`: takes the next element. 1: `stub->reader` is over it, and hprpc_stub_next_end must follow; 0: the end; or a
 * negative code. Drops the element before. What the element decodes beyond its bytes lives as long as its views.
 */
HPRPC_API int hprpc_stub_next(struct hprpc_stub *stub, struct hprpc_call *call);

/* Closes the reader: 0, or HPRPC_EBODY if it has found a fault or bytes are left; the next element can be read all the same. */
HPRPC_API int hprpc_stub_next_end(struct hprpc_stub *stub);

/*
 * For `_send`: takes window, and room for an element of `size` bytes, which is written to stub->writer; then
 * hprpc_stub_element_send must follow at once. Waits for both, or is HPRPC_EBUSY. HPRPC_ETOOBIG: the other side accepts no such
 * element; HPRPC_EINVAL: it cannot be encoded, or the call sends no elements, or has said that none follows; or the code of the call
 * that has ended (0 as a result of the call is HPRPC_ECLOSED here: the other side has answered, and takes no more elements).
 */
HPRPC_API int hprpc_stub_element_begin(struct hprpc_stub *stub, struct hprpc_call *call, uint64_t size);

/* Publishes the element. HPRPC_EINVAL: it cannot be encoded, and nothing was sent; else as above. */
HPRPC_API int hprpc_stub_element_send(struct hprpc_stub *stub);

/* ---- Server side ---- */

/* Takes room for `size` bytes of reply. `hprpc_request_reply_send` must follow at once, on the same thread. */
HPRPC_API int hprpc_request_reply_begin(struct hprpc_request *request, uint64_t size,
                                        struct kodosis_writer **ret_writer);

/* Publishes the reply; the request is answered. */
HPRPC_API int hprpc_request_reply_send(struct hprpc_request *request);

/* The same for a typed error: `name` is its dotted full name; hprpc_request_reply_send follows. */
HPRPC_API int hprpc_request_raise_begin(struct hprpc_request *request, const char *name, uint64_t size,
                                        struct kodosis_writer **ret_writer);

/*
 * The same as hprpc_stub_next and hprpc_stub_next_end for a request. `ret_reader` is the caller's. Negative: HPRPC_ECANCELLED,
 * HPRPC_EDEADLINE (the caller has given up, or its deadline has passed; or nothing came for stream_idle_ms), HPRPC_ECLOSED (the
 * connection is gone), HPRPC_EBUSY (it would wait on the thread that pumps), HPRPC_EINVAL (the procedure reads no elements, or the
 * request is answered), HPRPC_EFORKED.
 */
HPRPC_API int hprpc_request_next_begin(struct hprpc_request *request, struct kodosis_reader *ret_reader);
HPRPC_API int hprpc_request_next_end(struct hprpc_request *request, struct kodosis_reader *reader);

/* The same as hprpc_stub_element_begin and hprpc_stub_element_send for a request. Codes as above, and HPRPC_ETOOBIG, HPRPC_ENOMEM. */
HPRPC_API int hprpc_request_element_begin(struct hprpc_request *request, uint64_t size,
                                          struct kodosis_writer **ret_writer);
HPRPC_API int hprpc_request_element_send(struct hprpc_request *request);

#ifdef __cplusplus
}
#endif

#endif
