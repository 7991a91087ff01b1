/* SPDX-License-Identifier: MIT */
/* The listeners of this process, by name. A child of fork begins with none: those of its parent are not its own. */
#ifndef HPRPC_CHANNEL_LOCAL_REGISTRY_H
#define HPRPC_CHANNEL_LOCAL_REGISTRY_H

#include "base/fork.h"
#include "base/lock.h"

struct local_listener;

struct local_registry {
    struct hprpc__fork_guard guard; /* first: the registry lies in its page */
    struct hprpc__mutex lock;       /* of the listeners and their backlogs, and of which ends know each other */
    struct local_listener *listeners;
};

/* The registry of this process; made by the first call, and never freed. Any thread. NULL: there is no memory. */
struct local_registry *hprpc__local_registry(void);

#endif
