/* SPDX-License-Identifier: MIT */
/* The pairs that are compared, and what was found in them. */
#include "kodosis/compiler/breaking/graph.h"

#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/text/name.h"

const char *kodosis__break_name_of(struct kodosis_breaks *breaks, const struct kodosis_declaration *declaration)
{
    if (!declaration->alias)
        return declaration->full_name;
    return kodosis_join(breaks->memory, declaration->file->namespace_name, ".", declaration->alias);
}

static void add_names(struct kodosis_breaks *breaks, const struct kodosis_model *model, struct kodosis_table *table)
{
    for (size_t i = 0; i < model->file_count; i++)
        for (size_t k = 0; k < model->files[i]->declaration_count; k++) {
            const struct kodosis_declaration *declaration = model->files[i]->declarations[k];

            kodosis_table_add(table, kodosis__break_name_of(breaks, declaration), (void *)declaration);
        }
}

void kodosis__breaks_open(struct kodosis_breaks *breaks, const struct kodosis_comparison *comparison,
                          struct kodosis_memory *memory)
{
    *breaks = (struct kodosis_breaks){ .old = comparison->old, .new = comparison->new, .memory = memory };
    breaks->last = &breaks->first;
    add_names(breaks, breaks->old, &breaks->old_names);
    add_names(breaks, breaks->new, &breaks->new_names);
}

void kodosis__breaks_close(struct kodosis_breaks *breaks)
{
    kodosis_table_clear(&breaks->old_names);
    kodosis_table_clear(&breaks->new_names);
    kodosis_table_clear(&breaks->pairs);
    free(breaks->nodes);
    free(breaks->first_edges);
    free(breaks->edges);
}

/* Adds a node. Returns its number, counted from 1. */
static size_t add_node(struct kodosis_breaks *breaks, const struct kodosis_break_node *node)
{
    if (breaks->node_count == breaks->node_capacity) {
        breaks->node_capacity = breaks->node_capacity ? 2 * breaks->node_capacity : 64;
        breaks->nodes = kodosis_reallocate(breaks->nodes, breaks->node_capacity, sizeof(*breaks->nodes));
        breaks->first_edges =
            kodosis_reallocate(breaks->first_edges, breaks->node_capacity, sizeof(*breaks->first_edges));
    }
    breaks->nodes[breaks->node_count] = *node;
    breaks->first_edges[breaks->node_count] = 0;
    return ++breaks->node_count;
}

size_t kodosis__break_add_procedures(struct kodosis_breaks *breaks, const struct kodosis_procedure *old,
                                     const struct kodosis_procedure *new)
{
    return add_node(breaks, &(struct kodosis_break_node){
                                .old_procedure = old,
                                .new_procedure = new,
                                .broken = !kodosis_procedures_match(old, new),
                                .met = true,
                                .told = true,
                            });
}

/* Whether the two are not one type under two names. */
static bool is_foreign(const struct kodosis_breaks *breaks, const struct kodosis_declaration *old,
                       const struct kodosis_declaration *new)
{
    return strcmp(old->full_name, new->full_name) != 0 && (kodosis_table_find(&breaks->new_names, old->full_name) ||
                                                           kodosis_table_find(&breaks->old_names, new->full_name));
}

size_t kodosis__break_add_types(struct kodosis_breaks *breaks, const struct kodosis_declaration *old,
                                const struct kodosis_declaration *new)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    const char *key;
    const size_t *known;
    size_t *number;

    kodosis_text_add(&text, "%u:%u", (unsigned)old->type->index, (unsigned)new->type->index);
    known = kodosis_table_find(&breaks->pairs, text.data);
    if (known) {
        kodosis_text_clear(&text);
        return *known;
    }
    key = kodosis_memory_copy(breaks->memory, text.data, text.size);
    kodosis_text_clear(&text);
    number = kodosis_memory_take(breaks->memory, sizeof(*number));
    *number = add_node(breaks, &(struct kodosis_break_node){
                                   .old_type = old,
                                   .new_type = new,
                                   .foreign = is_foreign(breaks, old, new),
                               });
    kodosis_table_add(&breaks->pairs, key, number);
    return *number;
}

void kodosis__break_add_edge(struct kodosis_breaks *breaks, size_t to)
{
    size_t from = breaks->current;

    if (!from)
        return;
    if (breaks->edge_count == breaks->edge_capacity) {
        breaks->edge_capacity = breaks->edge_capacity ? 2 * breaks->edge_capacity : 64;
        breaks->edges = kodosis_reallocate(breaks->edges, breaks->edge_capacity, sizeof(*breaks->edges));
    }
    breaks->edges[breaks->edge_count++] = (struct kodosis_break_edge){ from, to, breaks->first_edges[from - 1] };
    breaks->first_edges[from - 1] = breaks->edge_count;
}

static void add_finding(struct kodosis_breaks *breaks, const struct kodosis_break_finding *finding, const char *format,
                        va_list arguments)
{
    struct kodosis_break_finding *kept = kodosis_memory_take(breaks->memory, sizeof(*kept));
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    kodosis_text_add_list(&text, format, arguments);
    *kept = *finding;
    kept->node = breaks->current;
    kept->message = kodosis_memory_copy(breaks->memory, text.data, text.size);
    kodosis_text_clear(&text);
    *breaks->last = kept;
    breaks->last = &kept->next;
    if (breaks->current && finding->kinds & KODOSIS_BREAK_WIRE)
        breaks->nodes[breaks->current - 1].wire = true;
}

void kodosis__break_find(struct kodosis_breaks *breaks, unsigned kinds, const struct kodosis_position *place,
                         const struct kodosis_position *before, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_finding(breaks, &(struct kodosis_break_finding){ .kinds = kinds, .place = place, .before = before }, format,
                arguments);
    va_end(arguments);
}

void kodosis__break_find_if(struct kodosis_breaks *breaks, size_t condition, unsigned kinds,
                            const struct kodosis_position *place, const struct kodosis_position *before,
                            const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_finding(
        breaks,
        &(struct kodosis_break_finding){ .kinds = kinds, .condition = condition, .place = place, .before = before },
        format, arguments);
    va_end(arguments);
}
