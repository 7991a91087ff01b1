/* SPDX-License-Identifier: MIT */
/* The procedures with streams that scripts call through the client of the library. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hprpc/stream.h>

#include "vectors/calls.h"

static int bind_flow(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                     const char *argument)
{
    (void)proxies;
    (void)argument;
    return vectors_flow_bind_start(client, call);
}

static int bound_flow(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    snprintf(ret_outcome, capacity, "bound");
    return vectors_flow_bind_finish(call, &proxies->flow);
}

static int start_count(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                       const char *argument)
{
    (void)client;
    return vectors_flow_count_start(&proxies->flow, call, atoi(argument));
}

static int next_of_count(struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    int32_t value = 0;
    int r = vectors_flow_count_next(call, &value);

    snprintf(ret_outcome, capacity, "%d", (int)value);
    return r;
}

static int finish_count(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    (void)proxies;
    snprintf(ret_outcome, capacity, "done");
    return vectors_flow_count_finish(call);
}

static int start_total(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                       const char *argument)
{
    (void)client;
    (void)argument;
    return vectors_flow_total_start(&proxies->flow, call);
}

static int send_to_total(struct hprpc_call *call, const char *argument)
{
    return vectors_flow_total_send(call, atoi(argument));
}

static int finish_total(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    int32_t value = 0;
    int r = vectors_flow_total_finish(call, &value);

    (void)proxies;
    snprintf(ret_outcome, capacity, "%d", (int)value);
    return r;
}

static int start_turn(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                      const char *argument)
{
    (void)client;
    (void)argument;
    return vectors_flow_turn_start(&proxies->flow, call);
}

/* `abc`, or `*100` for so many bytes of an x. */
static int send_to_turn(struct hprpc_call *call, const char *argument)
{
    static uint8_t many[4096];
    struct kodosis_bytes part = { (const uint8_t *)argument, strlen(argument) };

    memset(many, 'x', sizeof(many));
    if (*argument == '*')
        part = (struct kodosis_bytes){ many, strtoul(argument + 1, NULL, 10) % sizeof(many) };
    return vectors_flow_turn_send(call, part);
}

static int next_of_turn(struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    struct kodosis_bytes part = { NULL, 0 };
    int r = vectors_flow_turn_next(call, &part);

    if (r == 1 && part.size > 16)
        snprintf(ret_outcome, capacity, "%u bytes", (unsigned)part.size);
    else if (r == 1)
        snprintf(ret_outcome, capacity, "%.*s", (int)part.size, (const char *)part.data);
    return r;
}

static int finish_turn(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    (void)proxies;
    snprintf(ret_outcome, capacity, "done");
    return vectors_flow_turn_finish(call);
}

const struct procedure flow_procedures[] = {
    { .name = "Flow", .start = bind_flow, .finish = bound_flow },
    { .name = "Flow.Count", .start = start_count, .finish = finish_count, .next = next_of_count },
    { .name = "Flow.Total", .start = start_total, .finish = finish_total, .send = send_to_total },
    { .name = "Flow.Turn", .start = start_turn, .finish = finish_turn, .send = send_to_turn, .next = next_of_turn },
    { .name = NULL },
};
