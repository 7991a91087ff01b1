/* SPDX-License-Identifier: MIT */
/*
 * The command line.
 */
#ifndef KODOSIS_COMPILER_OPTIONS_H
#define KODOSIS_COMPILER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    KODOSIS_EXIT_OK = 0,
    KODOSIS_EXIT_ERRORS = 1, /* in the interface files */
    KODOSIS_EXIT_USAGE = 2,
    KODOSIS_EXIT_IO = 3,
    KODOSIS_EXIT_FOUND = 4, /* breaks, or what lint finds */
};

enum kodosis_command {
    KODOSIS_COMMAND_COMPILE,
    KODOSIS_COMMAND_CHECK,
    KODOSIS_COMMAND_DESCRIBE,
    KODOSIS_COMMAND_FORMAT,
    KODOSIS_COMMAND_LINT,
    KODOSIS_COMMAND_BREAKING,
    KODOSIS_COMMAND_DOC,
    KODOSIS_COMMAND_LSP, /* a program of its own, which the caller runs */
    KODOSIS_COMMAND_HELP,
    KODOSIS_COMMAND_VERSION,
};

struct kodosis_options {
    enum kodosis_command command;
    const char *output;  /* directory; NULL: the current one */
    const char *depfile; /* or NULL */
    bool flat;           /* no directories in the names of outputs */
    const char *stamp;   /* or NULL: a file to be written when all others are */
    bool if_changed;     /* leave outputs alone that are as they would be written */
    bool print_names;    /* print the names of outputs, write none */
    enum {
        KODOSIS_FORMAT_PRINT,    /* the formatted text */
        KODOSIS_FORMAT_IN_PLACE, /* write what differs */
        KODOSIS_FORMAT_CHECK,    /* print the names of files that differ */
        KODOSIS_FORMAT_DIFF,     /* print the differences */
    } format;
    const char *against; /* breaking: the revision, or NULL: two sides are given */
    unsigned kinds;      /* breaking: bits of what is looked for */
    bool list;           /* lint: print the rules */
    const char *explain; /* lint: print this rule, or NULL */
    const char **rules;  /* lint: malloc'ed; rules that are switched on, and with a '-' in front those switched off */
    size_t rule_count;
    bool json_errors; /* errors and warnings as JSON */
    enum { KODOSIS_COLOUR_AUTO, KODOSIS_COLOUR_ALWAYS, KODOSIS_COLOUR_NEVER } colour;
    const char **import_paths; /* malloc'ed, the strings are the caller's */
    size_t import_path_count;
    const char *const *files;
    size_t file_count;
};

/* Reads the arguments, which it reorders. False, with a line on the standard error, if they make no sense. */
bool kodosis_options_parse(int argc, char **argv, struct kodosis_options *ret_options);
void kodosis_options_clear(struct kodosis_options *options);

extern const char kodosis_usage[];

#endif
