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

/* Whether an error at this place was kept already. KODOSIS_ERRORS_SHOWN bounds the search. */
static bool is_echo(const struct kodosis_diagnostics *diagnostics, const struct kodosis_diagnostic *candidate)
{
    for (const struct kodosis_diagnostic *other = diagnostics->first; other; other = other->next)
        if (candidate->position.file && candidate->severity == other->severity &&
            same_place(&candidate->position, &other->position))
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

static void report(struct kodosis_diagnostics *diagnostics, enum kodosis_severity severity,
                   const struct kodosis_position *position, const char *format, va_list arguments)
{
    struct kodosis_diagnostic *diagnostic = NULL;

    diagnostics->latest = NULL;
    if (diagnostics->kept < KODOSIS_ERRORS_SHOWN) {
        diagnostic = make(diagnostics, severity, position, format, arguments);
        if (is_echo(diagnostics, diagnostic))
            return;
        if (!diagnostics->last)
            diagnostics->last = &diagnostics->first;
        *diagnostics->last = diagnostic;
        diagnostics->last = &diagnostic->next;
        diagnostics->latest = diagnostic;
        diagnostics->kept++;
    }
    if (severity == KODOSIS_SEVERITY_ERROR)
        diagnostics->error_count++;
    else
        diagnostics->warning_count++;
}

void kodosis_error(struct kodosis_diagnostics *diagnostics, const struct kodosis_position *position, const char *format,
                   ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(diagnostics, KODOSIS_SEVERITY_ERROR, position, format, arguments);
    va_end(arguments);
}

void kodosis_warning(struct kodosis_diagnostics *diagnostics, const struct kodosis_position *position,
                     const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(diagnostics, KODOSIS_SEVERITY_WARNING, position, format, arguments);
    va_end(arguments);
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
