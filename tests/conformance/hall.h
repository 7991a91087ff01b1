/* SPDX-License-Identifier: MIT */
/*
 * The room of a test of streams: a server that offers Stream beside Probe, and answers in one of three ways, and a client of
 * any pump.
 */
#ifndef CONFORMANCE_HALL_H
#define CONFORMANCE_HALL_H

#include <hprpc/stream.h>

#include "conformance/suite.h"
#include "stream-probe.h"

enum { STREAM_TIMEOUT_MS = 40000, HELD_MAX = 8 };

/* Which thread sends and takes the elements of a request. */
enum stream_way {
    STREAM_INLINE, /* the handler, as far as it goes without waiting, and then functions that hprpc_request_notify calls */
    STREAM_WORKER,  /* the handler on a worker, which waits */
    STREAM_DEFERRED /* a thread of the test that has the deferred request, and waits */
};

enum { STREAM_WAYS = 3 };

/* The state of the service. */
struct streams {
    enum stream_way way;
    atomic_uint started;  /* requests that a handler got */
    atomic_uint over;     /* of those: that were answered or given up */
    atomic_uint given_up; /* of those: whose caller was gone or had cancelled */
    atomic_int code;      /* the code with which the last one was given up */
    atomic_uint waits;    /* how often a request waited for hprpc_request_notify */
    atomic_uint refusals; /* how often a handler on the pumping thread was told HPRPC_EBUSY */
    atomic_uint held_count;
    struct hprpc_request *held[HELD_MAX]; /* requests of Hold */
    pthread_mutex_t lock;
    pthread_t *threads; /* of deferred requests, under the lock */
    size_t thread_count;
};

extern const struct conform_stream_service stream_service;

void streams_init(struct streams *streams, enum stream_way way);

/* Answers the requests of Hold. */
void streams_release(struct streams *streams);

/* Waits until all requests are over. No request starts meanwhile. */
void streams_clear(struct streams *streams);

/* The bytes of an element of Read and Upload, which the caller frees; and whether they are right. */
uint8_t *stream_part(uint32_t size, uint32_t number);
bool stream_part_is_right(struct kodosis_bytes part, uint32_t number);

struct hall {
    struct room room;
    struct streams streams;
    struct hprpc_client *client;
    struct conform_probe_proxy probe;
    struct conform_stream_proxy stream;
};

/* Serves and connects. Both options may be NULL. hall_serve() serves alone, and hall_connect() connects a further client. */
void hall_open(struct hall *hall, enum stream_way way, const struct hprpc_server_options *server,
               const struct hprpc_client_options *client);
void hall_serve(struct hall *hall, enum stream_way way, const struct hprpc_server_options *options);
struct hprpc_client *hall_connect(struct hall *hall, const struct hprpc_client_options *options,
                                  struct conform_probe_proxy *ret_probe, struct conform_stream_proxy *ret_stream);

/* Opens a hall with this pump, and server's options that are no other than the defaults. */
void hall_open_pumped(struct hall *hall, enum stream_way way, enum hprpc_pump pump);

/* Frees the client if there is one still, waits until all requests are over, and checks that nothing is left. */
void hall_close(struct hall *hall);

/* A call whose deadline ends a test that would hang. */
struct hprpc_call stream_call(void);

/* Takes the next element of Watch, Read, Mirror, and checks that it is the one with that number. */
void expect_sample(struct hprpc_call *call, int64_t number);
void expect_part(struct hprpc_call *call, uint32_t size, uint32_t number);
void expect_record(struct hprpc_call *call, int32_t number);

/* Sends the element with that number to Upload or Mirror. */
void send_part(struct hprpc_call *call, uint32_t size, uint32_t number);
void send_record(struct hprpc_call *call, const char *name, int32_t number);

/* Calls Watch and checks all that comes. */
void hall_watch(struct hall *hall, uint32_t count);

/* Checks a result, and says the sentence of the call if it is another. */
#define expect_code(call, r, expected) expect_code_at(call, r, expected, __FILE__, __LINE__)
void expect_code_at(const struct hprpc_call *call, int r, int expected, const char *file, int line);

#endif
