/* SPDX-License-Identifier: MIT */
/* Sleeping in the set of a client: watched descriptors, the alarm, and the wake-up of other threads. */
#include "rpc/pump/sleeper.h"

#include "rpc/pump/watcher.h"
#include "base/deadline.h"

int hprpc__sleeper_init(struct hprpc__sleeper *sleeper, int wake_fd)
{
    sleeper->alarm.fd = -1;
    if (hprpc__poller_init(&sleeper->poller) < 0 || hprpc__alarm_init(&sleeper->alarm) < 0)
        return HPRPC_ESYSTEM;
    if (!hprpc__watcher_add(&sleeper->poller, wake_fd, sleeper) ||
        !hprpc__watcher_add(&sleeper->poller, sleeper->alarm.fd, &sleeper->alarm))
        return HPRPC_ESYSTEM;
    return 0;
}

void hprpc__sleeper_clear(struct hprpc__sleeper *sleeper)
{
    hprpc__alarm_clear(&sleeper->alarm);
    hprpc__poller_clear(&sleeper->poller);
}

bool hprpc__sleeper_sleep(struct hprpc__sleeper *sleeper, uint64_t now, hprpc__deadline until)
{
    void *owners[HPRPC__POLLER_EVENTS];
    bool woken = false;
    int count;

    hprpc__alarm_set(&sleeper->alarm, now, until);
    count = hprpc__poller_wait(&sleeper->poller, -1, owners);
    for (int i = 0; i < count; i++) {
        void *other = hprpc__watcher_other(owners[i]);

        if (other == &sleeper->alarm)
            hprpc__alarm_take(&sleeper->alarm);
        else if (other == sleeper)
            woken = true;
    }
    return woken;
}
