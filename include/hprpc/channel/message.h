/* SPDX-License-Identifier: MIT */
/* Messages between two controllers: the header (the paper's RpcHeader), the room to write one, and one that was received. */
#ifndef HPRPC_CHANNEL_MESSAGE_H
#define HPRPC_CHANNEL_MESSAGE_H

#include <kodosis/writer.h>

#include <hprpc/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum hprpc_message_type {
    HPRPC_MESSAGE_HELLO = 1, /* the first message of each side: versions, limits, credits */
    HPRPC_MESSAGE_BIND = 2,  /* ask for a service's numbers by name, version and hashes */
    HPRPC_MESSAGE_BOUND = 3, /* the answer to BIND */
    HPRPC_MESSAGE_REQUEST = 4,
    HPRPC_MESSAGE_REPLY = 5,
    HPRPC_MESSAGE_ERROR = 6,  /* the other answer to REQUEST or BIND */
    HPRPC_MESSAGE_CANCEL = 7, /* the caller no longer waits for this call */
    HPRPC_MESSAGE_CREDIT = 8, /* one-way requests, or elements of a stream, were consumed */
    HPRPC_MESSAGE_PING = 9,
    HPRPC_MESSAGE_PONG = 10,
    HPRPC_MESSAGE_GOODBYE = 11, /* the end, with its reason */
    HPRPC_MESSAGE_DATA = 12,    /* an element of a stream, or a piece of one */
    HPRPC_MESSAGE_END = 13,     /* no further element of a stream follows */
    HPRPC_MESSAGE_DRAIN = 14,   /* no more requests; those that were taken will be answered */
    /* 15: reserved for further types */
};

enum hprpc_message_flag {
    HPRPC_FLAG_TIMEOUT = 0x01, /* the header carries a timeout that differs from the caller's default */
    HPRPC_FLAG_DEPTH = 0x02,   /* the header carries a nesting depth: the caller is itself inside a handler */
    HPRPC_FLAG_ONEWAY = 0x04,  /* no answer is wanted */
    /* 0x08 metadata: reserved */
    HPRPC_FLAG_STREAM = 0x10,      /* of REQUEST: the call has streams; of CREDIT: it is for a stream of the call */
    HPRPC_FLAG_MORE = 0x20,        /* of DATA: a further piece of the element follows */
    HPRPC_FLAG_CALLEE = 0x40,      /* of DATA, END, and CREDIT with STREAM: the sender is the callee of the call */
    HPRPC_FLAG_DESCRIPTORS = 0x80, /* of REQUEST, REPLY, ERROR: open descriptors came along with the message */
};

struct hprpc_header {
    uint32_t call;       /* chosen by the caller; the answer carries the same */
    uint32_t timeout_ms; /* with HPRPC_FLAG_TIMEOUT, else 0 */
    uint16_t service;    /* of requests, else 0 */
    uint16_t procedure;  /* of requests, else 0 */
    uint16_t depth;      /* with HPRPC_FLAG_DEPTH, else 0 */
    uint8_t type;        /* enum hprpc_message_type */
    uint8_t flags;       /* enum hprpc_message_flag */
};

/*
 * Whether a message takes its room from the share of requests, so that answers and control messages find some where requests no
 * longer do: REQUEST and DATA, whose numbers differ in one bit.
 */
static inline bool hprpc_message_takes_share(const struct hprpc_header *header)
{
    return (header->type & ~(HPRPC_MESSAGE_REQUEST ^ HPRPC_MESSAGE_DATA)) == HPRPC_MESSAGE_REQUEST;
}

/* All flags that a message of this type may carry; 0 for a type that is not known. */
HPRPC_API uint8_t hprpc_message_flags(uint8_t type);

/* Whether a header of the other side makes sense by itself: known type, known flags, flags that suit the type. */
HPRPC_API bool hprpc_header_valid(const struct hprpc_header *header);

/*
 * Open file descriptors that travel with a message. It owns them: hprpc_descriptors_free closes those that are left, all of
 * them close-on-exec.
 */
struct hprpc_descriptors {
    struct hprpc_descriptors *next; /* for the backend, as the two below */
    uint64_t from, to;
    uint32_t count;                   /* 1 to KODOSIS_DESCRIPTORS_MAX; 0 if they are lost */
    bool lost;                        /* received: this process had no room for all of them, and has none of them now */
    int fds[KODOSIS_DESCRIPTORS_MAX]; /* -1 where one was taken */
};

struct hprpc_context;

/* Makes an empty one. NULL: no memory. Any thread. */
HPRPC_API struct hprpc_descriptors *hprpc_descriptors_new(struct hprpc_context *context);

/* Closes the descriptors, so that it is empty. Any thread. */
HPRPC_API void hprpc_descriptors_close(struct hprpc_descriptors *descriptors);

/* Closes the descriptors and frees the memory. NULL is accepted. Any thread. */
HPRPC_API void hprpc_descriptors_free(struct hprpc_context *context, struct hprpc_descriptors *descriptors);

/* Room for one message between start_call and end_call. Lives in the caller; several may be open on different channels. */
struct hprpc_reservation {
    struct kodosis_writer writer;           /* over `size` bytes of transport memory: the body goes here */
    struct kodosis_reference references[4]; /* runs that the writer was allowed to borrow instead of copying */
    uint32_t size;                          /* the body's exact size */
    uintptr_t token[3];                     /* for the backend */
    /*
     * The descriptors that the writer was given, on a channel that carries them: start_call points the writer at `given`. If the writer
     * has some, `carried` holds copies of them at end_call, which takes that over whatever it returns.
     */
    int given[KODOSIS_DESCRIPTORS_MAX];
    struct hprpc_descriptors *carried;
};

/* One received message. It stays valid until it is released, which happens exactly once. */
struct hprpc_message {
    struct hprpc_header header; /* a private copy */
    const uint8_t *body;        /* aligned to 8; may be shared with the peer, see docs/architecture.md on trust */
    uint32_t size;
    bool lendable; /* may be kept beyond the next `receive`; if not, it must be copied and released first */
    /* Both are false before `receive`, and a backend may set them. */
    bool holds_nothing; /* `release` would do nothing, and need not be called; then `lendable` is false */
    bool followed;      /* more has come, so what is sent meanwhile may as well leave together, a little later */
    uintptr_t token[2]; /* for the backend */
    /* With HPRPC_FLAG_DESCRIPTORS, otherwise not set. `release` frees it; who takes it leaves NULL. */
    struct hprpc_descriptors *descriptors;
};

#ifdef __cplusplus
}
#endif

#endif
