/* SPDX-License-Identifier: MIT */
/* The command line of programs without options, except --help. */
#ifndef USAGE_H
#define USAGE_H

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Prints `usage` and ends the program if --help is among the arguments. Refuses an option among the first `count` arguments;
 * later arguments may look like options.
 */
static inline void usage_check(int argc, char **argv, int count, const char *usage)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            printf("Usage: %s\n", usage);
            if (fflush(stdout) == EOF)
                err(1, "standard output");
            exit(0);
        }
    }
    for (int i = 1; i < argc && i <= count; i++)
        if (argv[i][0] == '-')
            errx(2, "there is no option %s (see --help)", argv[i]);
}

#endif
