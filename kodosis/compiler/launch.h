/* SPDX-License-Identifier: MIT */
/*
 * Commands that are programs of their own, because they need more than the compiler does.
 */
#ifndef KODOSIS_COMPILER_LAUNCH_H
#define KODOSIS_COMPILER_LAUNCH_H

/*
 * Becomes the program "kodosis-NAME", which lies beside this one or in a folder of PATH, with the arguments behind the command. Returns
 * only, with an exit status and a line on the standard error, if there is no such program.
 */
int kodosis_launch(const char *name, char **arguments);

#endif
