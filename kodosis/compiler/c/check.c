/* SPDX-License-Identifier: MIT */
/* Checks what only C forbids: the library's namespaces, names of system headers, names that would mean two things. */
#include "kodosis/compiler/c/check.h"

#include <string.h>

#include "kodosis/compiler/c/claims.h"
#include "kodosis/compiler/text/name.h"

/* The namespaces kodosis and hprpc belong to the runtime and the library. */
static void check_namespace(struct kodosis_diagnostics *diagnostics, const struct kodosis_file *file)
{
    static const char *const reserved[] = { "kodosis", "hprpc" };
    size_t i;

    for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        size_t size = strlen(reserved[i]);

        if (file->requested && !file->built_in && strncmp(file->namespace_snake, reserved[i], size) == 0 &&
            (file->namespace_snake[size] == '\0' || file->namespace_snake[size] == '_'))
            kodosis_error(diagnostics, &file->namespace_position,
                          "the names of the generated C would be mistaken for the library's: "
                          "no namespace begins with '%s'",
                          reserved[i]);
    }
}

/*
 * A generated header with the name of one of C, POSIX or C++ would be included in its place: the C compiler's errors
 * hide that.
 */
static void check_header(struct kodosis_diagnostics *diagnostics, const struct kodosis_file *file)
{
    static const char *const standard[] = {
        "assert", "complex", "ctype",  "dirent", "errno",   "fcntl",  "fenv",   "float",   "inttypes", "limits",
        "locale", "math",    "memory", "poll",   "pthread", "sched",  "search", "setjmp",  "signal",   "spawn",
        "stdarg", "stdbool", "stddef", "stdint", "stdio",   "stdlib", "string", "strings", "syslog",   "termios",
        "tgmath", "threads", "time",   "uchar",  "unistd",  "utime",  "wchar",  "wctype",  "err",      "semaphore",
    };
    struct kodosis_text header = KODOSIS_TEXT_INIT;
    size_t i;

    kodosis_add_output_name(&header, file->name, "");
    for (i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
        if (file->requested && strcmp(header.data, standard[i]) == 0)
            kodosis_error(diagnostics, &file->namespace_position,
                          "'%s.h' would hide a header of the system; the file needs another name", standard[i]);
    kodosis_text_clear(&header);
}

void c_check(const struct kodosis_model *model, struct kodosis_diagnostics *diagnostics)
{
    struct c_emitter emitter = { .model = model }; /* computes names and writes nothing */
    size_t i;

    for (i = 0; i < model->file_count; i++) {
        check_namespace(diagnostics, model->files[i]);
        check_header(diagnostics, model->files[i]);
    }
    c_claims_open(&emitter, diagnostics);
    c_claims_close(&emitter);
    kodosis_memory_clear(&emitter.memory);
}
