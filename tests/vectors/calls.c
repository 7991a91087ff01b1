/* SPDX-License-Identifier: MIT */
/* The procedures that scripts call through the client of the library. */
#include "vectors/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- BIND ---- */

static int bind_sum(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call, const char *argument)
{
    (void)proxies;
    (void)argument;
    return vectors_sum_bind_start(client, call);
}

static int bound_sum(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    snprintf(ret_outcome, capacity, "bound");
    return vectors_sum_bind_finish(call, &proxies->sum);
}

static int bind_notes(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                      const char *argument)
{
    (void)proxies;
    (void)argument;
    return vectors_notes_bind_start(client, call);
}

static int bound_notes(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    snprintf(ret_outcome, capacity, "bound");
    return vectors_notes_bind_finish(call, &proxies->notes);
}

static int bind_gate(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                     const char *argument)
{
    (void)proxies;
    (void)argument;
    return vectors_gate_bind_start(client, call);
}

static int bound_gate(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    snprintf(ret_outcome, capacity, "bound");
    return vectors_gate_bind_finish(call, &proxies->gate);
}

static int bind_doubt(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                      const char *argument)
{
    (void)proxies;
    (void)argument;
    return vectors_doubt_bind_start(client, call);
}

static int bound_doubt(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    snprintf(ret_outcome, capacity, "bound");
    return vectors_doubt_bind_finish(call, &proxies->doubt);
}

static int bind_grid(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                     const char *argument)
{
    (void)proxies;
    (void)argument;
    return vectors_grid_bind_start(client, call);
}

static int bound_grid(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    snprintf(ret_outcome, capacity, "bound");
    return vectors_grid_bind_finish(call, &proxies->grid);
}

static int bind_bounce(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                       const char *argument)
{
    (void)proxies;
    (void)argument;
    return vectors_bounce_bind_start(client, call);
}

static int bound_bounce(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    snprintf(ret_outcome, capacity, "bound");
    return vectors_bounce_bind_finish(call, &proxies->bounce);
}

static int bind_shape(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                      const char *argument)
{
    (void)proxies;
    (void)argument;
    return vectors_shape_bind_start(client, call);
}

static int bound_shape(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    snprintf(ret_outcome, capacity, "bound");
    return vectors_shape_bind_finish(call, &proxies->shape);
}

static int bind_grown(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                      const char *argument)
{
    (void)proxies;
    (void)argument;
    return vectors_grown_bind_start(client, call);
}

static int bound_grown(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    snprintf(ret_outcome, capacity, "bound");
    return vectors_grown_bind_finish(call, &proxies->grown);
}

static int bind_future(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                       const char *argument)
{
    (void)proxies;
    (void)argument;
    return vectors_future_bind_start(client, call);
}

static int bound_future(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    snprintf(ret_outcome, capacity, "bound");
    return vectors_future_bind_finish(call, &proxies->future);
}

static int bind_missing(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                        const char *argument)
{
    (void)proxies;
    (void)argument;
    return vectors_missing_bind_start(client, call);
}

static int bound_missing(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    snprintf(ret_outcome, capacity, "bound");
    return vectors_missing_bind_finish(call, &proxies->missing);
}
/* ---- Calls ---- */

static struct kodosis_bytes bytes_of(const char *text)
{
    return (struct kodosis_bytes){ (const uint8_t *)text, strlen(text) };
}

static int start_add(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                     const char *argument)
{
    int one = 0, other = 0;

    (void)client;
    sscanf(argument, "%d %d", &one, &other);
    return vectors_sum_add_start(&proxies->sum, call, one, other);
}

static int finish_add(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    int32_t value = 0;
    int r = vectors_sum_add_finish(call, &value);

    (void)proxies;
    snprintf(ret_outcome, capacity, "%d", (int)value);
    return r;
}

static int start_note(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                      const char *argument)
{
    (void)client;
    return vectors_notes_note(&proxies->notes, call, bytes_of(argument));
}

static int start_hold(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                      const char *argument)
{
    (void)client;
    return vectors_gate_hold_start(&proxies->gate, call, bytes_of(argument));
}

static int finish_hold(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    (void)proxies;
    snprintf(ret_outcome, capacity, "done");
    return vectors_gate_hold_finish(call);
}

static int start_check(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                       const char *argument)
{
    (void)client;
    return vectors_doubt_check_start(&proxies->doubt, call, atoi(argument));
}

static int finish_check(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    int32_t value = 0;
    int r = vectors_doubt_check_finish(call, &value);

    (void)proxies;
    snprintf(ret_outcome, capacity, "%d", (int)value);
    return r;
}

static int start_at(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call, const char *argument)
{
    static const int32_t grid[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
    int row = 0, column = 0;

    (void)client;
    sscanf(argument, "%d %d", &row, &column);
    return vectors_grid_at_start(&proxies->grid, call, grid, (uint8_t)row, (uint8_t)column);
}

static int finish_at(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    int32_t value = 0;
    int r = vectors_grid_at_finish(call, &value);

    (void)proxies;
    snprintf(ret_outcome, capacity, "%d", (int)value);
    return r;
}

static int start_bounce(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                        const char *argument)
{
    (void)client;
    return vectors_bounce_bounce_start(&proxies->bounce, call, atoi(argument));
}

static int finish_bounce(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    int32_t value = 0;
    int r = vectors_bounce_bounce_finish(call, &value);

    (void)proxies;
    snprintf(ret_outcome, capacity, "%d", (int)value);
    return r;
}

static int start_same(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                      const char *argument)
{
    (void)client;
    return vectors_shape_same_start(&proxies->shape, call, atoi(argument));
}

static int finish_same(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    int32_t value = 0;
    int r = vectors_shape_same_finish(call, &value);

    (void)proxies;
    snprintf(ret_outcome, capacity, "%d", (int)value);
    return r;
}

static int start_keep(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                      const char *argument)
{
    const struct vectors_item item = { .number = atoi(argument), .more = 9 };

    (void)client;
    return vectors_grown_keep_start(&proxies->grown, call, &item);
}

static int finish_keep(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    struct vectors_item item = { 0 };
    int r = vectors_grown_keep_finish(call, &item);

    (void)proxies;
    snprintf(ret_outcome, capacity, "%d and %d", (int)item.number, (int)item.more);
    return r;
}

static int start_changed(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                         const char *argument)
{
    (void)client;
    return vectors_shape_changed_start(&proxies->shape, call, kodosis_str(argument), true);
}

static int finish_changed(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    struct kodosis_string value = { "", 0 };
    int r = vectors_shape_changed_finish(call, &value);

    (void)proxies;
    snprintf(ret_outcome, capacity, "%s", value.data);
    return r;
}

static int start_added(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call,
                       const char *argument)
{
    (void)client;
    (void)argument;
    return vectors_shape_added_start(&proxies->shape, call);
}

static int finish_added(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity)
{
    (void)proxies;
    snprintf(ret_outcome, capacity, "done");
    return vectors_shape_added_finish(call);
}

static const struct procedure procedures[] = {
    { .name = "Sum", .start = bind_sum, .finish = bound_sum },
    { .name = "Notes", .start = bind_notes, .finish = bound_notes },
    { .name = "Gate", .start = bind_gate, .finish = bound_gate },
    { .name = "Doubt", .start = bind_doubt, .finish = bound_doubt },
    { .name = "Bounce", .start = bind_bounce, .finish = bound_bounce },
    { .name = "Shape", .start = bind_shape, .finish = bound_shape },
    { .name = "Grown", .start = bind_grown, .finish = bound_grown },
    { .name = "Future", .start = bind_future, .finish = bound_future },
    { .name = "Missing", .start = bind_missing, .finish = bound_missing },
    { .name = "Sum.Add", .start = start_add, .finish = finish_add },
    { .name = "Notes.Note", .start = start_note, .finish = NULL },
    { .name = "Gate.Hold", .start = start_hold, .finish = finish_hold },
    { .name = "Doubt.Check", .start = start_check, .finish = finish_check },
    { .name = "Grid", .start = bind_grid, .finish = bound_grid },
    { .name = "Grid.At", .start = start_at, .finish = finish_at },
    { .name = "Bounce.Bounce", .start = start_bounce, .finish = finish_bounce },
    { .name = "Shape.Same", .start = start_same, .finish = finish_same },
    { .name = "Grown.Keep", .start = start_keep, .finish = finish_keep },
    { .name = "Shape.Changed", .start = start_changed, .finish = finish_changed },
    { .name = "Shape.Added", .start = start_added, .finish = finish_added },
};

const struct procedure *procedure_find(const char *name)
{
    for (size_t i = 0; i < sizeof(procedures) / sizeof(procedures[0]); i++) {
        if (strcmp(procedures[i].name, name) == 0)
            return &procedures[i];
    }
    for (const struct procedure *procedure = flow_procedures; procedure->name; procedure++) {
        if (strcmp(procedure->name, name) == 0)
            return procedure;
    }
    return NULL;
}

void describe_raised(struct hprpc_call *call, char *outcome, size_t capacity)
{
    struct vectors_denied denied;
    size_t used = strlen(outcome);

    if (vectors_denied_get(call, &denied))
        snprintf(outcome + used, capacity - used, " (Denied %s %d)", denied.why.data, (int)denied.code);
}
