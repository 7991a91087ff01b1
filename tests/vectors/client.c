/* SPDX-License-Identifier: MIT */
/* The client of the library, to whom scripts speak as servers. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hprpc/hprpc.h>

#include "support/patience.h"
#include "vectors/bounce.h"
#include "vectors/calls.h"
#include "vectors/play.h"

enum { STARTED = 16 };

/* A call that was started: which, and its place in time. */
struct started {
    const struct procedure *procedure;
    struct hprpc_call call;
};

struct stage {
    struct hprpc_context *context;
    struct hprpc_client *client;
    struct door door;
    struct proxies proxies;
    struct started started[STARTED]; /* in the order in which they were started */
    uint32_t timeout_ms;             /* of calls that are started from now on */

    pthread_mutex_t lock;
    bool ended;
    int code;
    struct hprpc_detail end;
};

/* ---- Up and down ---- */

static void changed(void *self, enum hprpc_client_state state, int code, const char *reason)
{
    struct stage *stage = self;

    if (state != HPRPC_CLIENT_BROKEN && state != HPRPC_CLIENT_CLOSED)
        return;
    pthread_mutex_lock(&stage->lock);
    stage->code = hprpc_detail_set(&stage->end, code, "%s", reason);
    stage->ended = true;
    pthread_mutex_unlock(&stage->lock);
}

/* On a thread of its own it reads all the time, and so answers whatever the script says. */
static int open_stage(struct stage *stage, const struct settings *settings)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    int r;

    options.pump = HPRPC_PUMP_THREAD;
    options.max_message = settings->message;
    options.max_calls = settings->calls;
    options.max_call_bytes = settings->bytes;
    options.timeout_ms = settings->timeout;
    options.max_depth = settings->depth;
    options.stream_elements = 4;
    options.stream_bytes = 512;
    options.max_stream_bytes = 1024;
    options.changed = changed;
    options.changed_self = stage;
    r = hprpc_context_new(NULL, &stage->context);
    if (r == 0)
        r = hprpc_client_open(stage->context, stage->door.uri, &options, &stage->end, &stage->client);
    return r < 0 ? r : vectors_bounce_serve(hprpc_client_controller(stage->client), &bounce_service, stage);
}

static void close_client(void *self)
{
    struct stage *stage = self;

    for (unsigned i = 0; i < STARTED; i++)
        hprpc_call_clear(&stage->started[i].call);
    hprpc_client_free(stage->client);
    hprpc_context_free(stage->context);
    door_close(&stage->door);
    pthread_mutex_destroy(&stage->lock);
    free(stage);
}

static void *open_client(const char *scheme, const struct conversation *conversation, struct wire *ret_wire)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    if (!stage)
        abort();
    pthread_mutex_init(&stage->lock, NULL);
    if (door_open(scheme, &stage->door) && open_stage(stage, &conversation->settings[CLIENT]) == 0 &&
        door_accept(&stage->door, ret_wire))
        return stage;
    fprintf(stderr, "%s\n", stage->end.text);
    close_client(stage);
    return NULL;
}

/* ---- Acts ---- */

/* `ECODE: sentence`. Which peer it was is not of the script's making, and left out. */
static void write_code(int code, const char *text, char *ret_outcome, size_t capacity)
{
    if (text && (strncmp(text, "tcp ", 4) == 0 || strncmp(text, "unix ", 5) == 0 || strncmp(text, "pipe ", 5) == 0) &&
        strstr(text, ": "))
        text = strstr(text, ": ") + 2;
    snprintf(ret_outcome, capacity, "%s: %s", hprpc_error_name(code), text ? text : "");
}

static void start(struct stage *stage, const struct procedure *procedure, const char *argument, char *ret_outcome,
                  size_t capacity)
{
    unsigned i = 0;
    int r;

    while (i < STARTED && stage->started[i].procedure)
        i++;
    if (i == STARTED)
        abort();
    stage->started[i].call = (struct hprpc_call){ stage->timeout_ms, HPRPC_CALL_NO_WAIT, NULL, NULL };
    r = procedure->start(&stage->proxies, stage->client, &stage->started[i].call, argument);
    if (r == 0)
        snprintf(ret_outcome, capacity, "sent");
    else
        write_code(r, stage->started[i].call.detail, ret_outcome, capacity);
    if (r == 0 && procedure->finish)
        stage->started[i].procedure = procedure;
    else
        hprpc_call_clear(&stage->started[i].call);
}

/* The oldest of a procedure's calls, or NULL. */
static struct started *find_started(struct stage *stage, const struct procedure *procedure)
{
    for (unsigned i = 0; i < STARTED; i++) {
        if (stage->started[i].procedure == procedure)
            return &stage->started[i];
    }
    return NULL;
}

static void finish(struct stage *stage, const struct procedure *procedure, char *ret_outcome, size_t capacity)
{
    struct started *started = find_started(stage, procedure);
    int r;

    if (!started) {
        snprintf(ret_outcome, capacity, "was not started");
        return;
    }
    r = procedure->finish(&stage->proxies, &started->call, ret_outcome, capacity);
    if (r < 0)
        write_code(r, started->call.detail, ret_outcome, capacity);
    if (r == HPRPC_EAPPLICATION)
        describe_raised(&started->call, ret_outcome, capacity);
    hprpc_call_clear(&started->call);
    memmove(started, started + 1, (size_t)(stage->started + STARTED - 1 - started) * sizeof(*started));
    stage->started[STARTED - 1] = (struct started){ .procedure = NULL };
}

/* Calls do not wait; what the script has said is on its way. */
static int await_next(const struct procedure *procedure, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    struct patience patience = patience_begin();
    int r;

    while ((r = procedure->next(call, ret_outcome, capacity)) == HPRPC_EBUSY && is_patient(&patience))
        continue;
    return r;
}

/* An act on the stream of a call: an element to send, one to take, or the end. */
static void stream(struct stage *stage, const struct procedure *procedure, const char *verb, const char *argument,
                   char *ret_outcome, size_t capacity)
{
    struct started *started = find_started(stage, procedure);
    struct hprpc_call *call = started ? &started->call : NULL;
    int r = HPRPC_EINVAL;

    if (call && strcmp(verb, "end") == 0)
        r = hprpc_call_end(call);
    else if (call && strcmp(verb, "send") == 0)
        r = procedure->send(call, argument);
    else if (call)
        r = await_next(procedure, call, ret_outcome, capacity);
    if (r < 0)
        write_code(r, call ? call->detail : NULL, ret_outcome, capacity);
    else if (r == 0)
        snprintf(ret_outcome, capacity, strcmp(verb, "next") == 0 ? "none" : "done");
    if (r == HPRPC_EAPPLICATION && call)
        describe_raised(call, ret_outcome, capacity);
}

/* Waits for the answer, and leaves it where it is. */
static void await(struct stage *stage, const struct procedure *procedure)
{
    struct started *started = find_started(stage, procedure);

    if (started)
        hprpc_pending_call_wait(started->call.pending, HPRPC_NO_TIMEOUT);
}

static void cancel(struct stage *stage, const struct procedure *procedure)
{
    struct started *started = find_started(stage, procedure);

    if (started)
        hprpc_pending_call_cancel(started->call.pending);
}

static bool has_ended(struct stage *stage)
{
    bool ended;

    pthread_mutex_lock(&stage->lock);
    ended = stage->ended;
    pthread_mutex_unlock(&stage->lock);
    return ended;
}

static void await_end(struct stage *stage, char *ret_outcome, size_t capacity)
{
    for (struct patience patience = patience_begin(); !has_ended(stage) && try_again(&patience);)
        continue;
    write_code(stage->code, stage->end.text, ret_outcome, capacity);
}

/* An act on one call: `start Sum.Add 2 3`. False: there is no such procedure. */
static bool act_on_call(struct stage *stage, const char *verb, const char *argument, char *ret_outcome, size_t capacity)
{
    char name[40] = "";
    const struct procedure *procedure;

    snprintf(name, sizeof(name), "%.*s", (int)strcspn(argument, " "), argument);
    procedure = procedure_find(name);
    argument += strcspn(argument, " ");
    argument += *argument == ' ';
    if (!procedure)
        return false;
    if (strcmp(verb, "start") == 0)
        start(stage, procedure, argument, ret_outcome, capacity);
    else if (strcmp(verb, "finish") == 0)
        finish(stage, procedure, ret_outcome, capacity);
    else if (strcmp(verb, "cancel") == 0)
        cancel(stage, procedure);
    else if (strcmp(verb, "await") == 0)
        await(stage, procedure);
    else if (strcmp(verb, "send") == 0 || strcmp(verb, "next") == 0 || strcmp(verb, "end") == 0)
        stream(stage, procedure, verb, argument, ret_outcome, capacity);
    else
        return false;
    return true;
}

static bool act(void *self, const char *verb, const char *argument, char *ret_outcome, size_t capacity)
{
    struct stage *stage = self;

    if (strcmp(verb, "timeout") == 0)
        stage->timeout_ms = (uint32_t)strtoul(argument, NULL, 10);
    else if (strcmp(verb, "ended") == 0)
        await_end(stage, ret_outcome, capacity);
    else if (strcmp(verb, "close") == 0)
        hprpc_client_close(stage->client);
    else
        return act_on_call(stage, verb, argument, ret_outcome, capacity);
    return true;
}

int main(int count, char **arguments)
{
    static const struct cast cast = { CLIENT, "client", open_client, act, close_client };

    return play_all(&cast, count, arguments);
}
