/* Waiting: of the threads that wait for something on a connection, one pumps for all and hands over when it leaves. */
#ifndef HPRPC_RPC_PUMP_H
#define HPRPC_RPC_PUMP_H

#include "rpc/controller.h"

/* What a thread waits for: the first of these tickets, or, with none, any progress at all. */
struct hprpc__awaited {
    struct hprpc_pending_call *const *pending;
    size_t count;
};

int hprpc__pump_init(struct hprpc__pump *pump, struct hprpc__host *host, int wake_fd);
void hprpc__pump_clear(struct hprpc__pump *pump);

/*
 * Waits, pumping if nobody else does or if this thread is inside one of its handlers. `timeout_ms` counts from the first
 * look at the clock, which comes only after a moment of spinning. 0: it is there; HPRPC_EAGAIN: the time is over;
 * HPRPC_ECLOSED: the connection is broken (tickets are complete by then).
 */
int hprpc__pump_wait(struct hprpc_controller *controller, const struct hprpc__awaited *awaited, uint32_t timeout_ms);

/* Pumps once without sleeping, if nobody else does. */
void hprpc__pump_once(struct hprpc_controller *controller);

/* Whether this thread owns the pump. */
bool hprpc__pump_is_mine(const struct hprpc__pump *pump);

/* Takes the pump for this thread; false when another has it. */
bool hprpc__pump_try_own(struct hprpc__pump *pump);

/* Gives it up and wakes a thread that may want it. */
void hprpc__pump_disown(struct hprpc__pump *pump);

/* Wakes threads that wait: for this ticket, or all that wait for any progress (NULL). Cheap when nobody does. */
void hprpc__pump_wake(struct hprpc__pump *pump, const struct hprpc_pending_call *pending);

/* Wakes the pumping thread out of its sleep. Any thread. */
void hprpc__pump_kick(const struct hprpc__pump *pump);

#endif
