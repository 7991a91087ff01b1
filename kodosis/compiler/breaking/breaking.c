/* SPDX-License-Identifier: MIT */
/*
 * Compares two models. Whether a procedure still binds is decided by its hash and canonical text, as a server decides it; the
 * graph of pairs then says why, with places, and what else has changed.
 */
#include "kodosis/compiler/breaking/breaking.h"

#include <stdlib.h>

#include "kodosis/compiler/breaking/declarations.h"
#include "kodosis/compiler/breaking/services.h"
#include "kodosis/compiler/breaking/types.h"

/* ---- What leads where ---- */

/* Numbers of nodes that are still to be looked at. */
struct walk {
    size_t *nodes; /* malloc'ed; each node is in it at most once */
    size_t count;
};

static void push(struct walk *walk, size_t number)
{
    walk->nodes[walk->count++] = number;
}

/* Marks the pairs of types that a node leads to as told, and as met where a procedure leads to them. Foreign pairs end the way. */
static void tell_from(struct kodosis_breaks *breaks, struct walk *walk, size_t root, bool met)
{
    push(walk, root);
    while (walk->count) {
        size_t number = walk->nodes[--walk->count];

        if (breaks->nodes[number - 1].foreign)
            continue;
        for (size_t i = breaks->first_edges[number - 1]; i; i = breaks->edges[i - 1].next) {
            struct kodosis_break_node *node = &breaks->nodes[breaks->edges[i - 1].to - 1];

            if (node->told && (node->met || !met))
                continue;
            node->told = true;
            node->met |= met;
            push(walk, breaks->edges[i - 1].to);
        }
    }
}

static void tell_all(struct kodosis_breaks *breaks, struct walk *walk)
{
    for (size_t i = 1; i <= breaks->node_count; i++)
        if (breaks->nodes[i - 1].new_procedure)
            tell_from(breaks, walk, i, true);
    for (size_t i = 1; i <= breaks->node_count; i++)
        if (breaks->nodes[i - 1].by_name) {
            breaks->nodes[i - 1].told = true;
            tell_from(breaks, walk, i, breaks->nodes[i - 1].met);
        }
}

/* Marks all nodes that lead to a difference on the wire. */
static void spread_differences(struct kodosis_breaks *breaks)
{
    bool again = true;

    for (size_t i = 0; i < breaks->node_count; i++)
        breaks->nodes[i].differs = breaks->nodes[i].wire;
    while (again) {
        again = false;
        for (size_t i = breaks->edge_count; i > 0; i--) {
            struct kodosis_break_node *from = &breaks->nodes[breaks->edges[i - 1].from - 1];

            if (!from->differs && breaks->nodes[breaks->edges[i - 1].to - 1].differs)
                again = from->differs = true;
        }
    }
}

/* Notes a broken procedure in all pairs of types that it leads to. */
static void add_user(struct kodosis_breaks *breaks, struct walk *walk, size_t root)
{
    const struct kodosis_procedure *procedure = breaks->nodes[root - 1].new_procedure;

    push(walk, root);
    while (walk->count) {
        size_t number = walk->nodes[--walk->count];

        for (size_t i = breaks->first_edges[number - 1]; i; i = breaks->edges[i - 1].next) {
            struct kodosis_break_node *node = &breaks->nodes[breaks->edges[i - 1].to - 1];

            if (node->mark == root)
                continue;
            node->mark = root;
            if (node->user_count < KODOSIS_BREAK_USERS)
                node->users[node->user_count] = procedure;
            node->user_count++;
            push(walk, breaks->edges[i - 1].to);
        }
    }
}

/* ---- Types that no procedure uses ---- */

static void push_type(const struct kodosis_type *type, bool *used, const struct kodosis_type **stack, size_t *count)
{
    if (type && !used[type->index]) {
        used[type->index] = true;
        stack[(*count)++] = type;
    }
}

static void use(const struct kodosis_type *type, bool *used, const struct kodosis_type **stack)
{
    size_t count = 0;

    push_type(type, used, stack, &count);
    while (count) {
        const struct kodosis_type *one = stack[--count];

        push_type(one->element, used, stack, &count);
        push_type(one->key, used, stack, &count);
        for (size_t i = 0; one->declaration && i < one->declaration->member_count; i++)
            push_type(one->declaration->members[i].type, used, stack, &count);
    }
}

static void use_procedure(const struct kodosis_procedure *procedure, bool *used, const struct kodosis_type **stack)
{
    for (size_t i = 0; i < procedure->parameter_count; i++)
        use(procedure->parameters[i].type, used, stack);
    use(procedure->result, used, stack);
    for (size_t i = 0; i < procedure->raise_count; i++)
        use(procedure->raises[i]->type, used, stack);
}

/* By type: whether a procedure of the model uses it. malloc'ed. */
static bool *used_types(const struct kodosis_model *model)
{
    bool *used = kodosis_reallocate(NULL, model->type_count + 1, sizeof(*used));
    const struct kodosis_type **stack = kodosis_reallocate(NULL, model->type_count + 1, sizeof(*stack));

    for (size_t i = 0; i < model->type_count; i++)
        used[i] = false;
    for (size_t i = 0; i < model->file_count; i++)
        for (size_t k = 0; k < model->files[i]->declaration_count; k++)
            for (size_t n = 0; n < model->files[i]->declarations[k]->procedure_count; n++)
                use_procedure(&model->files[i]->declarations[k]->procedures[n], used, stack);
    free(stack);
    return used;
}

/* ---- Reporting ---- */

struct report {
    struct kodosis_breaks *breaks;
    struct kodosis_diagnostics *diagnostics;
    unsigned kinds;
    bool *old_used;
    bool *new_used;
    size_t count;
};

/* The kinds as a text; one for each set. */
static const char *label_of(unsigned kinds)
{
    static const char *const labels[] = {
        "",
        "wire",
        "source",
        "wire, source",
        "behaviour",
        "wire, behaviour",
        "source, behaviour",
        "wire, source, behaviour",
    };

    return kinds == KODOSIS_BREAK_NOTICE ? "notice" : labels[kinds & 7];
}

/* The kinds of a finding, now that everything is known; 0 where it is not to be told. */
static unsigned kinds_of(const struct report *report, const struct kodosis_break_finding *finding)
{
    const struct kodosis_break_node *node = finding->node ? &report->breaks->nodes[finding->node - 1] : NULL;
    unsigned kinds = finding->kinds;

    if (finding->condition && report->breaks->nodes[finding->condition - 1].differs)
        kinds |= KODOSIS_BREAK_WIRE;
    if (!node || node->new_procedure)
        return kinds;
    if (!node->told || node->foreign)
        return 0;
    /* where procedures use a type and none leads to this pair, the wire is what the procedures say it is */
    if (!node->met && (report->old_used[node->old_type->type->index] || report->new_used[node->new_type->type->index]))
        kinds &= ~(unsigned)KODOSIS_BREAK_WIRE;
    return kinds;
}

/* Adds which procedures a change of a type has broken. */
static void add_users(struct report *report, const struct kodosis_break_node *node)
{
    size_t shown = node->user_count < KODOSIS_BREAK_USERS ? node->user_count : KODOSIS_BREAK_USERS;

    for (size_t i = 0; i < shown; i++)
        kodosis_note(report->diagnostics, &node->users[i]->position, "so '%s.%s' is told apart when binding%s",
                     node->users[i]->service->name, node->users[i]->name,
                     i + 1 == shown && node->user_count > shown ? ", and others are" : "");
}

static void tell(struct report *report, const struct kodosis_break_finding *finding)
{
    unsigned kinds = kinds_of(report, finding);
    bool is_notice = kinds == KODOSIS_BREAK_NOTICE;

    if (!(kinds & report->kinds))
        return;
    kodosis_finding(report->diagnostics, is_notice ? KODOSIS_SEVERITY_NOTE : KODOSIS_SEVERITY_ERROR, finding->place,
                    label_of(kinds), "%s", finding->message);
    if (finding->before)
        kodosis_note(report->diagnostics, finding->before, "this is what it was");
    if (finding->node && kinds & KODOSIS_BREAK_WIRE)
        add_users(report, &report->breaks->nodes[finding->node - 1]);
    report->count += !is_notice;
}

/* Reports broken procedures of which the graph does not say why. There are none, unless two texts are too large to be compared. */
static void tell_unexplained(struct report *report, const struct kodosis_break_node *node)
{
    if (!node->broken || node->differs || !(report->kinds & KODOSIS_BREAK_WIRE))
        return;
    kodosis_finding(report->diagnostics, KODOSIS_SEVERITY_ERROR, &node->new_procedure->position,
                    label_of(KODOSIS_BREAK_WIRE), "'%s' is told apart when binding: its shape is another one",
                    node->new_procedure->name);
    kodosis_note(report->diagnostics, &node->old_procedure->position, "this is what it was");
    report->count++;
}

static void tell_findings(struct report *report)
{
    for (const struct kodosis_break_finding *each = report->breaks->first; each; each = each->next)
        tell(report, each);
    for (size_t i = 0; i < report->breaks->node_count; i++)
        tell_unexplained(report, &report->breaks->nodes[i]);
}

/* Compares the pairs of types that were added and were not compared yet. Comparing one may add others behind it. */
static void compare_pairs(struct kodosis_breaks *breaks)
{
    for (size_t i = 1; i <= breaks->node_count; i++)
        if (breaks->nodes[i - 1].new_type && !breaks->nodes[i - 1].compared)
            kodosis__break_types(breaks, i);
}

size_t kodosis_breaking(const struct kodosis_comparison *comparison, struct kodosis_diagnostics *diagnostics)
{
    struct kodosis_breaks breaks;
    struct walk walk;
    struct report report = { .breaks = &breaks, .diagnostics = diagnostics, .kinds = comparison->kinds };

    kodosis__breaks_open(&breaks, comparison, &diagnostics->memory);
    kodosis__break_services(&breaks);
    compare_pairs(&breaks);
    kodosis__break_declarations(&breaks);
    compare_pairs(&breaks);
    walk = (struct walk){ kodosis_reallocate(NULL, breaks.edge_count + 1, sizeof(*walk.nodes)), 0 };
    tell_all(&breaks, &walk);
    spread_differences(&breaks);
    for (size_t i = 1; i <= breaks.node_count; i++)
        if (breaks.nodes[i - 1].broken)
            add_user(&breaks, &walk, i);
    report.old_used = used_types(breaks.old);
    report.new_used = used_types(breaks.new);
    tell_findings(&report);
    free(report.old_used);
    free(report.new_used);
    free(walk.nodes);
    kodosis__breaks_close(&breaks);
    return report.count;
}
