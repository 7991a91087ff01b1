/* SPDX-License-Identifier: MIT */
/*
 * Diagnostics: errors and warnings at a place of an interface file. They are collected, so that they come out in the order
 * of the source whichever stage found them, and rendered at the end.
 */
#ifndef KODOSIS_COMPILER_TEXT_DIAGNOSTIC_H
#define KODOSIS_COMPILER_TEXT_DIAGNOSTIC_H

#include "kodosis/compiler/text/memory.h"
#include "kodosis/compiler/model.h"
#include "kodosis/compiler/text/text.h"

/* Errors beyond this number are only counted. */
enum { KODOSIS_ERRORS_SHOWN = 50 };

enum kodosis_severity {
    KODOSIS_SEVERITY_ERROR,
    KODOSIS_SEVERITY_WARNING,
    KODOSIS_SEVERITY_NOTE,
};

struct kodosis_diagnostic {
    enum kodosis_severity severity;
    struct kodosis_position position; /* file NULL: not about a place */
    const char *message;
    const char *rule;                 /* what found it ("wire, source"), or NULL where the language itself forbids it */
    struct kodosis_diagnostic *notes; /* that explain it */
    struct kodosis_diagnostic *next;
};

struct kodosis_diagnostics {
    struct kodosis_memory memory;
    struct kodosis_diagnostic *first;
    struct kodosis_diagnostic **last;  /* where the next one is linked; NULL before the first */
    struct kodosis_diagnostic *latest; /* notes go here; NULL while the latest one was not kept */
    size_t most;                       /* how many are kept; 0 stands for KODOSIS_ERRORS_SHOWN */
    size_t kept;
    size_t error_count;
    size_t warning_count;
    size_t note_count; /* findings that are no more than that */
};

/* Reports an error or a warning. A second error at the same place is dropped: it usually follows from the first. */
void kodosis_error(struct kodosis_diagnostics *diagnostics, const struct kodosis_position *position, const char *format,
                   ...) KODOSIS_PRINTF(3, 4);
void kodosis_warning(struct kodosis_diagnostics *diagnostics, const struct kodosis_position *position,
                     const char *format, ...) KODOSIS_PRINTF(3, 4);

/*
 * Reports what a rule found; `rule` is one name, or several with ", " between them. The same sentence of a rule at the same place is
 * dropped; other sentences are not echoes. The rule's text must stay.
 */
void kodosis_finding(struct kodosis_diagnostics *diagnostics, enum kodosis_severity severity,
                     const struct kodosis_position *position, const char *rule, const char *format, ...)
    KODOSIS_PRINTF(5, 6);

/* Appends what `from` has, which is empty then. `to` borrows from its memory. */
void kodosis_diagnostics_adopt(struct kodosis_diagnostics *to, struct kodosis_diagnostics *from);

/* Adds a note to the error or warning that was reported last. */
void kodosis_note(struct kodosis_diagnostics *diagnostics, const struct kodosis_position *position, const char *format,
                  ...) KODOSIS_PRINTF(3, 4);

void kodosis_diagnostics_clear(struct kodosis_diagnostics *diagnostics);

#endif
