/* SPDX-License-Identifier: MIT */
/* Where a thread that pumps a client sleeps: a set of descriptors that is kept, and an alarm in it. */
#ifndef HPRPC_RPC_PUMP_SLEEPER_H
#define HPRPC_RPC_PUMP_SLEEPER_H

#include "base/alarm.h"
#include "base/deadline.h"
#include "rpc/connection/connection.h"

/* The set and the alarm. One thread at a time sleeps there: the pump's owner. */
struct hprpc__sleeper {
    struct hprpc__poller poller;
    struct hprpc__alarm alarm;
};

/* Makes a sleeper that `wake_fd` wakes as well. HPRPC_ESYSTEM; hprpc__sleeper_clear is safe after it. */
int hprpc__sleeper_init(struct hprpc__sleeper *sleeper, int wake_fd);
void hprpc__sleeper_clear(struct hprpc__sleeper *sleeper);

/* Sleeps until a watched descriptor is ready or `until` has come; true when `wake_fd` is readable. */
bool hprpc__sleeper_sleep(struct hprpc__sleeper *sleeper, uint64_t now, hprpc__deadline until);

#endif
