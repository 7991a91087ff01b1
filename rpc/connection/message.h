/* SPDX-License-Identifier: MIT */
/*
 * The bodies of the messages that two controllers exchange, each read and written side by side. docs/wire-format.md is the
 * law; tests/rpc/connection/message.c holds their golden bytes.
 */
#ifndef HPRPC_RPC_CONNECTION_MESSAGE_H
#define HPRPC_RPC_CONNECTION_MESSAGE_H

#include <hprpc/stub.h>

enum {
    HPRPC__HELLO_SIZE = 49,       /* what this version writes; later ones may append */
    HPRPC__HELLO_SIZE_LEAST = 21, /* without the features */
    HPRPC__CREDIT_SIZE = 12,
    HPRPC__DRAIN_SIZE = 8,
    HPRPC__TEXT_MAX = 1024,         /* bytes of a sentence */
    HPRPC__LEAST_MAX_MESSAGE = 256, /* the smallest limit on bodies that a side may have */
    HPRPC__PROCEDURES_MAX = 4096,   /* in one BIND */
};

/* What a side can do beyond the first version of the protocol. Nothing optional is sent to a side that did not claim it. */
enum hprpc__feature {
    HPRPC__FEATURE_DRAIN = 1,
    HPRPC__FEATURE_STREAMS = 2,
    HPRPC__FEATURE_SHAPES = 4,      /* it compares canonical texts where the hashes of extensible shapes differ */
    HPRPC__FEATURE_DESCRIPTORS = 8, /* open descriptors come and go with messages: where the channel carries them */
    /* what this library has on every channel */
    HPRPC__FEATURES = HPRPC__FEATURE_DRAIN | HPRPC__FEATURE_STREAMS | HPRPC__FEATURE_SHAPES,
};

/* A count of requests that is not known: all of them may have been taken. */
#define HPRPC__TAKEN_UNKNOWN UINT64_MAX

/* ---- HELLO ---- */

struct hprpc__hello {
    uint32_t max_message;
    uint32_t max_calls;
    uint64_t max_call_bytes;
    uint32_t timeout_ms;
    bool pumps_always;
    uint64_t features; /* enum hprpc__feature; bits that are not known are ignored */
    /* with HPRPC__FEATURE_STREAMS, else 0: what the other side may send before it is read */
    uint32_t stream_elements;
    uint64_t stream_bytes;
    uint64_t streams_bytes; /* of all streams together */
};

/* Without the numbers of a feature that it does not claim. */
void hprpc__hello_write(struct kodosis_writer *writer, const struct hprpc__hello *hello);

/* NULL, or what is wrong with it. */
const char *hprpc__hello_read(const void *body, size_t size, struct hprpc__hello *ret_hello);

/* ---- CREDIT ---- */

struct hprpc__credit {
    uint32_t calls;
    uint64_t bytes;
};

void hprpc__credit_write(struct kodosis_writer *writer, const struct hprpc__credit *credit);
bool hprpc__credit_read(const void *body, size_t size, struct hprpc__credit *ret_credit);

/* ---- ERROR ---- */

struct hprpc__error_body {
    int32_t code;
    struct kodosis_string text;
    struct kodosis_string raised; /* the typed error's name; its members follow */
};

uint64_t hprpc__error_size(const struct hprpc__error_body *error);
void hprpc__error_write(struct kodosis_writer *writer, const struct hprpc__error_body *error);

/* Leaves the reader at the members of the typed error. */
bool hprpc__error_read(struct kodosis_reader *reader, struct hprpc__error_body *ret_error);

/* ---- GOODBYE and DRAIN ---- */

struct hprpc__goodbye {
    int32_t code;
    struct kodosis_string text;
    uint64_t taken; /* REQUESTs taken since HELLO, or HPRPC__TAKEN_UNKNOWN */
};

uint64_t hprpc__goodbye_size(const struct hprpc__goodbye *goodbye);
void hprpc__goodbye_write(struct kodosis_writer *writer, const struct hprpc__goodbye *goodbye);
bool hprpc__goodbye_read(const void *body, size_t size, struct hprpc__goodbye *ret_goodbye);

void hprpc__drain_write(struct kodosis_writer *writer, uint64_t taken);
bool hprpc__drain_read(const void *body, size_t size, uint64_t *ret_taken);

/* ---- BIND ---- */

struct hprpc__bind_body {
    struct kodosis_string name;
    uint32_t version;
    uint32_t count; /* procedures, each of which hprpc__bind_read_next gives */
};

/* Whether some procedure's shape holds something extensible, so that the canonical texts say more than the hashes. */
bool hprpc__bind_has_shapes(const struct hprpc_interface *interface);

/* With `shapes`, the canonical texts come behind the hashes. */
uint64_t hprpc__bind_size(const struct hprpc_interface *interface, bool shapes);
void hprpc__bind_write(struct kodosis_writer *writer, const struct hprpc_interface *interface, bool shapes);
bool hprpc__bind_read(struct kodosis_reader *reader, struct hprpc__bind_body *ret_bind);
bool hprpc__bind_read_next(struct kodosis_reader *reader, struct kodosis_string *ret_name, uint64_t *ret_hash);

/* ---- BOUND ---- */

/* One procedure that was asked for: its number, or the negative code of its refusal and a sentence. */
struct hprpc__bound_procedure {
    int16_t number;
    struct kodosis_string text; /* of a refusal, else empty */
};

uint64_t hprpc__bound_size(const struct hprpc__bound_procedure *procedures, uint32_t count);
void hprpc__bound_write(struct kodosis_writer *writer, uint16_t service,
                        const struct hprpc__bound_procedure *procedures, uint32_t count);

/* Reads what was answered about `count` procedures. False: it makes no sense. */
bool hprpc__bound_read(const void *body, size_t size, uint32_t count, uint16_t *ret_service,
                       struct hprpc__bound_procedure *ret_procedures);

#endif
