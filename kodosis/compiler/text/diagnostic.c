/* SPDX-License-Identifier: MIT */
/* Collecting errors and warnings in the order of the source. */
#include "kodosis/compiler/text/diagnostic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same_place(const struct kodosis_position *a, const struct kodosis_position *b)
{
    return a->file == b->file && a->line == b->line && a->column == b->column;
}

/* Whether a finding says what another one said, or an error stands where another one does. */
static bool says_same(const struct kodosis_diagnostic *candidate, const struct kodosis_diagnostic *other)
{
    if (candidate->rule || other->rule)
        return candidate->rule && other->rule && !strcmp(candidate->rule, other->rule) &&
               !strcmp(candidate->message, other->message);
    return candidate->severity == other->severity;
}

/* Whether an error at this place was kept already. The number of those that are kept bounds the search. */
static bool is_echo(const struct kodosis_diagnostics *diagnostics, const struct kodosis_diagnostic *candidate)
{
    for (const struct kodosis_diagnostic *other = diagnostics->first; other; other = other->next)
        if (candidate->position.file && same_place(&candidate->position, &other->position) &&
            says_same(candidate, other))
            return true;
    return false;
}

static struct kodosis_diagnostic *make(struct kodosis_diagnostics *diagnostics, enum kodosis_severity severity,
                                       const struct kodosis_position *position, const char *format, va_list arguments)
{
    struct kodosis_diagnostic *diagnostic = kodosis_memory_take(&diagnostics->memory, sizeof(*diagnostic));
    struct kodosis_text message = KODOSIS_TEXT_INIT;

    kodosis_text_add_list(&message, format, arguments);
    diagnostic->severity = severity;
    if (position)
        diagnostic->position = *position;
    diagnostic->message = kodosis_memory_copy(&diagnostics->memory, message.data, message.size);
    kodosis_text_clear(&message);
    return diagnostic;
}

static void append(struct kodosis_diagnostics *diagnostics, struct kodosis_diagnostic *diagnostic)
{
    if (!diagnostics->last)
        diagnostics->last = &diagnostics->first;
    *diagnostics->last = diagnostic;
    diagnostics->last = &diagnostic->next;
    diagnostics->latest = diagnostic;
    diagnostics->kept++;
}

static void report(struct kodosis_diagnostics *diagnostics, enum kodosis_severity severity,
                   const struct kodosis_position *position, const char *rule, const char *format, va_list arguments)
{
    size_t most = diagnostics->most ? diagnostics->most : KODOSIS_ERRORS_SHOWN;

    diagnostics->latest = NULL;
    if (diagnostics->kept < most) {
        struct kodosis_diagnostic *diagnostic = make(diagnostics, severity, position, format, arguments);

        diagnostic->rule = rule;
        if (is_echo(diagnostics, diagnostic))
            return;
        append(diagnostics, diagnostic);
    }
    if (severity == KODOSIS_SEVERITY_ERROR)
        diagnostics->error_count++;
    else if (severity == KODOSIS_SEVERITY_WARNING)
        diagnostics->warning_count++;
    else
        diagnostics->note_count++;
}

void kodosis_error(struct kodosis_diagnostics *diagnostics, const struct kodosis_position *position, const char *format,
                   ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(diagnostics, KODOSIS_SEVERITY_ERROR, position, NULL, format, arguments);
    va_end(arguments);
}

void kodosis_warning(struct kodosis_diagnostics *diagnostics, const struct kodosis_position *position,
                     const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(diagnostics, KODOSIS_SEVERITY_WARNING, position, NULL, format, arguments);
    va_end(arguments);
}

void kodosis_finding(struct kodosis_diagnostics *diagnostics, enum kodosis_severity severity,
                     const struct kodosis_position *position, const char *rule, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(diagnostics, severity, position, rule, format, arguments);
    va_end(arguments);
}

void kodosis_diagnostics_adopt(struct kodosis_diagnostics *to, struct kodosis_diagnostics *from)
{
    while (from->first) {
        struct kodosis_diagnostic *diagnostic = from->first;

        from->first = diagnostic->next;
        diagnostic->next = NULL;
        append(to, diagnostic);
    }
    to->error_count += from->error_count;
    to->warning_count += from->warning_count;
    to->note_count += from->note_count;
    from->last = NULL;
    from->latest = NULL;
    from->kept = from->error_count = from->warning_count = from->note_count = 0;
}

void kodosis_note(struct kodosis_diagnostics *diagnostics, const struct kodosis_position *position, const char *format,
                  ...)
{
    struct kodosis_diagnostic **link;
    va_list arguments;

    if (!diagnostics->latest)
        return;
    for (link = &diagnostics->latest->notes; *link; link = &(*link)->next)
        ;
    va_start(arguments, format);
    *link = make(diagnostics, KODOSIS_SEVERITY_NOTE, position, format, arguments);
    va_end(arguments);
}

void kodosis_diagnostics_clear(struct kodosis_diagnostics *diagnostics)
{
    kodosis_memory_clear(&diagnostics->memory);
    *diagnostics = (struct kodosis_diagnostics){ 0 };
}
