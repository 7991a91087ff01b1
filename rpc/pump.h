/* Waiting: of the threads that wait for something on a connection, one pumps for all and hands over when it leaves. */
#ifndef HPRPC_RPC_PUMP_H
#define HPRPC_RPC_PUMP_H

#include "rpc/controller.h"

/*
 * What a thread waits for: the first of these tickets; or, with `room`, that credit or room may have come since the
 * controller's `progress` was `seen`; with neither, only that the connection breaks.
 */
struct hprpc__awaited {
    struct hprpc_pending_call *const *pending;
    size_t count;
    bool room;
    uint32_t seen;
};

int hprpc__pump_init(struct hprpc__pump *pump, struct hprpc__host *host, int wake_fd);
void hprpc__pump_clear(struct hprpc__pump *pump);

/*
 * Waits, pumping if nobody else does or if this thread is inside one of its handlers. `timeout_ms` counts from the first
 * look at the clock, which comes only after a moment of spinning. 0: it is there; HPRPC_EAGAIN: the time is over;
 * HPRPC_ECLOSED: the connection is broken (tickets are complete by then).
 */
int hprpc__pump_wait(struct hprpc_controller *controller, const struct hprpc__awaited *awaited, uint32_t timeout_ms);

/* The same for one of several waits under one deadline: 0 before the first, kept in `deadline` for those that follow. */
int hprpc__pump_wait_on(struct hprpc_controller *controller, const struct hprpc__awaited *awaited, uint32_t timeout_ms,
                        uint64_t *deadline);

/* The same for credit or room, after an attempt at progress `seen` that found none. */
int hprpc__pump_wait_for_room(struct hprpc_controller *controller, uint32_t seen, uint32_t timeout_ms,
                              uint64_t *deadline);

/* Pumps once without sleeping, if nobody else does. */
void hprpc__pump_once(struct hprpc_controller *controller);

/* Whether this thread owns the pump. */
bool hprpc__pump_is_mine(const struct hprpc__pump *pump);

/* Takes the pump for this thread; false when another has it. */
bool hprpc__pump_try_own(struct hprpc__pump *pump);

/* Gives it up and wakes a thread that may want it. */
void hprpc__pump_disown(struct hprpc__pump *pump);

/* Wakes threads that wait for this ticket. Cheap when nobody waits. */
void hprpc__pump_wake(struct hprpc__pump *pump, const struct hprpc_pending_call *pending);

/* After a turn: has those try again who wait for credit or room. Cheap when nobody does. */
void hprpc__pump_stir(struct hprpc_controller *controller);

/* Wakes the pumping thread out of its sleep. Any thread. */
void hprpc__pump_kick(const struct hprpc__pump *pump);

#endif
