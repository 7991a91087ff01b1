/*
 * Sleeping on descriptors until a time, in an epoll set that stands ready. A wait with a time-out of its own makes the
 * kernel set up a timer for every sleep and take it down again, which costs a good part of a round trip where both sides
 * share a processor. An alarm is set once instead: it rings no later than it should, and whoever is woken too early sets
 * it anew.
 */
#ifndef HPRPC_RPC_PUMP_SLEEPER_H
#define HPRPC_RPC_PUMP_SLEEPER_H

#include "rpc/connection/connection.h"

struct hprpc__alarm {
    int fd;
    uint64_t due; /* when it rings, by the context's clock; HPRPC__NEVER while it is not set */
};

/* Makes an alarm that makes the set ready when it rings: an event that it owns. HPRPC_ESYSTEM. */
int hprpc__alarm_init(struct hprpc__alarm *alarm, int epoll_fd);

/* Safe after a failure of init, and where init never was but `fd` is -1. */
void hprpc__alarm_clear(struct hprpc__alarm *alarm);

/* Has it ring by `until`, unless it rings earlier anyway. */
void hprpc__alarm_set(struct hprpc__alarm *alarm, uint64_t now, uint64_t until);

/* It rang: takes note, so that the set is quiet again. */
void hprpc__alarm_take(struct hprpc__alarm *alarm);

/* Where the threads of a client sleep that pump it, one at a time. */
struct hprpc__sleeper {
    int epoll_fd;
    struct hprpc__alarm alarm;
};

/* Makes a sleeper that `wake_fd` wakes as well. HPRPC_ESYSTEM; hprpc__sleeper_clear is safe after it. */
int hprpc__sleeper_init(struct hprpc__sleeper *sleeper, int wake_fd);
void hprpc__sleeper_clear(struct hprpc__sleeper *sleeper);

/* Sleeps until a watched descriptor is ready or `until` has come; true when `wake_fd` is readable. */
bool hprpc__sleeper_sleep(struct hprpc__sleeper *sleeper, uint64_t now, uint64_t until);

#endif
