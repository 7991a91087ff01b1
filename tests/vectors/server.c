/* SPDX-License-Identifier: MIT */
/* The server of the library, with whom scripts speak as clients. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hprpc/hprpc.h>

#include "served.h"
#include "support/patience.h"
#include "vectors.h"
#include "vectors/bounce.h"
#include "vectors/flow.h"
#include "vectors/play.h"

enum { HELD = 16 };

struct stage {
    struct hprpc_context *context;
    struct hprpc_server *server;
    pthread_t thread;
    pthread_mutex_t lock;
    struct hprpc_request *held[HELD]; /* that wait for "release" */
    unsigned held_count, noted;
    char directory[64]; /* of a FIFO */
};

/* ---- Handlers ---- */

static int add(void *self, struct hprpc_request *request, int32_t one, int32_t other)
{
    (void)self;
    return vectors_sum_add_reply(request, one + other);
}

static int note(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct stage *stage = self;

    (void)request;
    (void)data;
    pthread_mutex_lock(&stage->lock);
    stage->noted++;
    pthread_mutex_unlock(&stage->lock);
    return 0;
}

static int hold(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct stage *stage = self;
    int r;

    (void)data;
    pthread_mutex_lock(&stage->lock);
    r = stage->held_count < HELD ? hprpc_request_defer(request) : HPRPC_EBUSY;
    if (r == 0)
        stage->held[stage->held_count++] = request;
    pthread_mutex_unlock(&stage->lock);
    return r;
}

/* Fails with a sentence of 1,999 bytes: an x, and characters of two bytes each. */
static int fail_at_length(struct hprpc_request *request)
{
    char text[2000] = "x";

    for (size_t i = 1; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa9", 3);
    return hprpc_request_fail(request, HPRPC_EPERMISSION, text);
}

static int check(void *self, struct hprpc_request *request, int32_t code)
{
    struct vectors_denied denied = { kodosis_str("no"), code };

    (void)self;
    if (code == 2)
        return fail_at_length(request);
    if (code == 0)
        return hprpc_request_fail(request, HPRPC_EPERMISSION, "not for you");
    return code == 1 ? 0 : vectors_denied_raise(request, &denied);
}

static int same(void *self, struct hprpc_request *request, int32_t value)
{
    (void)self;
    return vectors_shape_same_reply(request, value);
}

static int changed(void *self, struct hprpc_request *request, struct kodosis_string value)
{
    (void)self;
    return vectors_shape_changed_reply(request, value);
}

static int keep(void *self, struct hprpc_request *request, const struct vectors_item *item)
{
    (void)self;
    return vectors_grown_keep_reply(request, item);
}

static int look(void *self, struct hprpc_request *request, const int32_t grid[2][3], uint8_t row, uint8_t column)
{
    (void)self;
    if (row > 1 || column > 2)
        return hprpc_request_fail(request, HPRPC_EINVAL, "not in the grid");
    return vectors_grid_at_reply(request, grid[row][column]);
}

static int go(void *self, struct hprpc_request *request)
{
    (void)self;
    (void)request;
    return 0;
}

static const struct vectors_sum_service sum_service = { add };
static const struct vectors_notes_service notes_service = { note };
static const struct vectors_gate_service gate_service = { hold };
static const struct vectors_grid_service grid_service = { look };
static const struct vectors_doubt_service doubt_service = { check };
static const struct vectors_shape_service shape_service = { same, changed };
static const struct vectors_grown_service grown_service = { keep };
static const struct vectors_future_service future_service = { go };

/* ---- Up and down ---- */

/* The numbers of the services are their places in this order. */
static bool offer(struct stage *stage)
{
    return vectors_sum_add(stage->server, &sum_service, stage) == 0 &&
           vectors_notes_add(stage->server, &notes_service, stage) == 0 &&
           vectors_gate_add(stage->server, &gate_service, stage) == 0 &&
           vectors_doubt_add(stage->server, &doubt_service, stage) == 0 &&
           vectors_bounce_add(stage->server, &bounce_service, stage) == 0 &&
           vectors_shape_add(stage->server, &shape_service, stage) == 0 &&
           vectors_future_add(stage->server, &future_service, stage) == 0 &&
           vectors_grid_add(stage->server, &grid_service, stage) == 0 &&
           vectors_flow_add(stage->server, &flow_service, NULL) == 0 &&
           vectors_grown_add(stage->server, &grown_service, stage) == 0;
}

static bool make_server(struct stage *stage, const struct settings *settings)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;

    options.max_message = settings->message;
    options.max_calls = settings->calls;
    options.max_call_bytes = settings->bytes;
    options.timeout_ms = settings->timeout;
    options.max_depth = settings->depth;
    options.stream_elements = 4;
    options.stream_bytes = 512;
    options.max_stream_bytes = 1024;
    options.workers = settings->workers;
    return hprpc_context_new(NULL, &stage->context) == 0 &&
           hprpc_server_new(stage->context, &options, &stage->server) == 0 && offer(stage);
}

static bool listen_at(struct stage *stage, const char *scheme, char *ret_uri, size_t capacity)
{
    struct hprpc_detail detail = { "" };

    snprintf(ret_uri, capacity, "tcp://127.0.0.1:0");
    if (strcmp(scheme, "tcp") != 0) {
        strcpy(stage->directory, "/tmp/hprpc-test-XXXXXX");
        if (!mkdtemp(stage->directory))
            return false;
        snprintf(ret_uri, capacity, "%s://%s/door", scheme, stage->directory);
    }
    if (hprpc_server_listen(stage->server, ret_uri, &detail) == 0)
        return hprpc_server_address(stage->server, 0, ret_uri, capacity) == 0;
    fprintf(stderr, "cannot listen at %s: %s\n", ret_uri, detail.text);
    return false;
}

static void *run(void *server)
{
    hprpc_server_run(server);
    return NULL;
}

static void clear(struct stage *stage)
{
    hprpc_server_free(stage->server);
    hprpc_context_free(stage->context);
    if (stage->directory[0])
        rmdir(stage->directory);
    pthread_mutex_destroy(&stage->lock);
    free(stage);
}

static void *open_server(const char *scheme, const struct conversation *conversation, struct wire *ret_wire)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    char uri[200];

    if (!stage)
        abort();
    pthread_mutex_init(&stage->lock, NULL);
    if (!make_server(stage, &conversation->settings[SERVER]) || !listen_at(stage, scheme, uri, sizeof(uri)) ||
        pthread_create(&stage->thread, NULL, run, stage->server) != 0) {
        clear(stage);
        return NULL;
    }
    if (!wire_connect(uri, ret_wire))
        abort();
    return stage;
}

/* ---- Acts ---- */

static unsigned look_at(struct stage *stage, const unsigned *count)
{
    unsigned value;

    pthread_mutex_lock(&stage->lock);
    value = *count;
    pthread_mutex_unlock(&stage->lock);
    return value;
}

/* Answers what is held, in the order in which it came. */
static void release(struct stage *stage)
{
    struct hprpc_request *requests[HELD];
    unsigned count;

    pthread_mutex_lock(&stage->lock);
    count = stage->held_count;
    stage->held_count = 0;
    memcpy(requests, stage->held, sizeof(requests));
    pthread_mutex_unlock(&stage->lock);
    for (unsigned i = 0; i < count; i++)
        vectors_gate_hold_reply(requests[i]);
}

static void await_held(struct stage *stage, unsigned count)
{
    for (struct patience patience = patience_begin();
         look_at(stage, &stage->held_count) < count && try_again(&patience);)
        continue;
}

/* `holds 2`: so many requests are held. `release`: they are answered. `stop`: the server stops. `noted`: the one-way calls. */
static bool act(void *self, const char *verb, const char *argument, char *ret_outcome, size_t capacity)
{
    struct stage *stage = self;

    if (strcmp(verb, "holds") == 0)
        await_held(stage, (unsigned)atoi(argument));
    else if (strcmp(verb, "release") == 0)
        release(stage);
    else if (strcmp(verb, "stop") == 0)
        hprpc_server_stop(stage->server);
    else if (strcmp(verb, "noted") == 0)
        snprintf(ret_outcome, capacity, "%u", look_at(stage, &stage->noted));
    else
        return false;
    return true;
}

static void close_server(void *self)
{
    struct stage *stage = self;

    release(stage);
    hprpc_server_stop(stage->server);
    pthread_join(stage->thread, NULL);
    release(stage);
    clear(stage);
}

int main(int count, char **arguments)
{
    static const struct cast cast = { SERVER, "server", open_server, act, close_server };

    return play_all(&cast, count, arguments);
}
