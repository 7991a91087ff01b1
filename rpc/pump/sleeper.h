/* SPDX-License-Identifier: MIT */
/* Where the threads of a client sleep that pump it: a set of descriptors that stands ready, and an alarm in it. */
#ifndef HPRPC_RPC_PUMP_SLEEPER_H
#define HPRPC_RPC_PUMP_SLEEPER_H

#include "base/alarm.h"
#include "rpc/connection/connection.h"

/* Where the threads of a client sleep that pump it, one at a time. */
struct hprpc__sleeper {
    struct hprpc__poller poller;
    struct hprpc__alarm alarm;
};

/* Makes a sleeper that `wake_fd` wakes as well. HPRPC_ESYSTEM; hprpc__sleeper_clear is safe after it. */
int hprpc__sleeper_init(struct hprpc__sleeper *sleeper, int wake_fd);
void hprpc__sleeper_clear(struct hprpc__sleeper *sleeper);

/* Sleeps until a watched descriptor is ready or `until` has come; true when `wake_fd` is readable. */
bool hprpc__sleeper_sleep(struct hprpc__sleeper *sleeper, uint64_t now, uint64_t until);

#endif
