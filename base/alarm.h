/* SPDX-License-Identifier: MIT */
/*
 * An alarm in a set of descriptors. A wait with a time-out makes the kernel start and cancel a timer for every sleep, which costs
 * a good part of a round trip where both sides share a processor. An alarm is set once instead: it rings no later than its
 * deadline, and a thread that it wakes too early sets it again.
 */
#ifndef HPRPC_BASE_ALARM_H
#define HPRPC_BASE_ALARM_H

#include "base/clock.h"
#include "base/poller.h"
#include "base/deadline.h"

struct hprpc__alarm {
    int fd;              /* -1: there is none */
    hprpc__deadline due; /* when it rings, by the context's clock; HPRPC__NEVER while it is not set */
};

/* Makes an alarm. HPRPC_ESYSTEM. hprpc__alarm_clear is safe after it, and where `fd` is -1. */
int hprpc__alarm_init(struct hprpc__alarm *alarm);
void hprpc__alarm_clear(struct hprpc__alarm *alarm);

/* Makes the alarm ring by `until`, unless it rings earlier anyway. */
void hprpc__alarm_set(struct hprpc__alarm *alarm, uint64_t now, hprpc__deadline until);

/* Makes the alarm with this descriptor ring at once, unless it is set. Any thread: it knows nothing of `due`. */
void hprpc__alarm_ring(int fd);

/* Takes the ring of an alarm, so that the set is quiet again. */
void hprpc__alarm_take(struct hprpc__alarm *alarm);

#endif
