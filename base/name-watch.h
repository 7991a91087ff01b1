/* SPDX-License-Identifier: MIT */
/* Noticing that a name appears in a directory: a listener that comes back makes its own. */
#ifndef HPRPC_BASE_NAME_WATCH_H
#define HPRPC_BASE_NAME_WATCH_H

#include <stdbool.h>

enum { HPRPC__WATCHED_NAME_MAX = 256 };

struct hprpc__name_watch {
    int fd; /* readable when something happened in the directory; -1: there is no watch */
    char name[HPRPC__WATCHED_NAME_MAX];
};

/* Watches for the last part of an absolute path. False, and no watch, where the system has none, or the directory is not there. */
bool hprpc__name_watch_open(struct hprpc__name_watch *watch, const char *path);

/* Ends the watch, if there is one. */
void hprpc__name_watch_close(struct hprpc__name_watch *watch);

/* Takes what has happened so far. True: the name appeared, or its permissions changed. */
bool hprpc__name_watch_take(struct hprpc__name_watch *watch);

#endif
