/*
 * The server's loop. Connections that were active lately are looked at turn by turn, without a system call where the
 * transport allows it; the others are parked: armed, and asleep in one epoll set at no cost.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "rpc/pump.h"
#include "rpc/server.h"
#include "rpc/watcher.h"

enum {
    EVENTS = 64,            /* taken from epoll at once */
    ACCEPTS = 64,           /* connections accepted in one turn */
    PROCESS_TURNS = 16,     /* in one hprpc_server_process */
    ACTIVE_MAX = 8,         /* spinning over more connections than this would starve them all */
    POLL_EVERY = 25 * 1000, /* nanoseconds between two looks at epoll while somebody is active */
    CLOCK_EVERY = 16,       /* turns between two looks at the clock */
};

#define ACCEPT_PAUSE (100ull * 1000 * 1000)

/* ---- Active and parked ---- */

static void activate(struct hprpc_server *server, struct hprpc_controller *controller)
{
    if (controller->active)
        return;
    controller->channel->ops->disarm(controller->channel);
    controller->active = true;
    hprpc__spin_start(&controller->spin, controller->channel->wait, &controller->pump.spins_failed);
    server->active[server->active_count++] = controller;
}

static void deactivate(struct hprpc_server *server, uint32_t index)
{
    server->active[index]->active = false;
    server->active[index] = server->active[--server->active_count];
}

/* Puts a connection to sleep; false when it turns out to have something to do. */
static bool park(struct hprpc_server *server, struct hprpc_controller *controller)
{
    struct hprpc_channel *channel = controller->channel;

    pthread_mutex_lock(&controller->lock);
    hprpc__watcher_update(server->epoll_fd, controller);
    pthread_mutex_unlock(&controller->lock);
    if (!channel->ops->arm(channel))
        return true;
    channel->ops->disarm(channel);
    return false;
}

void hprpc__server_attend(struct hprpc__host *host, struct hprpc_controller *controller)
{
    hprpc__watcher_update(((struct hprpc_server *)host)->epoll_fd, controller);
}

/* ---- Connections come and go ---- */

static int reserve_active(struct hprpc_server *server)
{
    uint32_t capacity = server->active_capacity ? server->active_capacity * 2 : 16;
    struct hprpc_controller **active;

    if (server->connection_count < server->active_capacity)
        return 0;
    active = hprpc_allocate(server->context, capacity * sizeof(*active));
    if (!active)
        return HPRPC_ENOMEM;
    if (server->active_count)
        memcpy(active, server->active, server->active_count * sizeof(*active));
    hprpc_release(server->context, server->active, server->active_capacity * sizeof(*active));
    server->active = active;
    server->active_capacity = capacity;
    return 0;
}

static int add_connection(struct hprpc_server *server, struct hprpc_channel *channel, uint64_t now)
{
    struct hprpc_controller *controller;
    struct hprpc__controller_setup setup = {
        .context = server->context,
        .channel = channel,
        .limits = server->limits,
        .services = &server->services,
        .host = &server->host,
        .alive = server->guard,
        .wake_fd = server->wake_fd,
        .opening_deadline = now + server->opening_ms * 1000000ull,
    };

    if (reserve_active(server) < 0 || hprpc__controller_new(&setup, &controller) < 0)
        return HPRPC_ENOMEM;
    atomic_store_explicit(&controller->pump.owner, (uintptr_t)pthread_self(), memory_order_relaxed);
    controller->next = server->connections;
    if (controller->next)
        controller->next->previous = controller;
    server->connections = controller;
    server->connection_count++;
    if (setup.opening_deadline < server->next_deadline)
        server->next_deadline = setup.opening_deadline;
    activate(server, controller);
    return 0;
}

static void drop_connection(struct hprpc_server *server, struct hprpc_controller *controller)
{
    pthread_mutex_lock(&controller->lock);
    hprpc__watcher_remove(server->epoll_fd, controller);
    pthread_mutex_unlock(&controller->lock);
    if (controller->previous)
        controller->previous->next = controller->next;
    else
        server->connections = controller->next;
    if (controller->next)
        controller->next->previous = controller->previous;
    server->connection_count--;
    hprpc_controller_drop(controller);
}

void hprpc__server_close_all(struct hprpc_server *server)
{
    struct hprpc_controller *controller;

    while ((controller = server->connections)) {
        atomic_store_explicit(&controller->pump.owner, (uintptr_t)pthread_self(), memory_order_relaxed);
        hprpc__controller_end(controller);
        hprpc__controller_break(controller, HPRPC_EMAYBE, "the server was freed");
        drop_connection(server, controller);
    }
    hprpc_release(server->context, server->active, server->active_capacity * sizeof(*server->active));
}

/* ---- Accepting ---- */

static void watch_listeners(struct hprpc_server *server, bool on)
{
    struct hprpc_watch watches[HPRPC_WATCH_MAX];

    for (struct hprpc__listening *listening = server->listeners; listening; listening = listening->next) {
        size_t count = listening->listener->ops->watch(listening->listener, watches);

        for (size_t i = 0; i < count; i++) {
            if (on)
                hprpc__watcher_add(server->epoll_fd, watches[i].fd, listening);
            else
                epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, watches[i].fd, NULL);
        }
    }
}

/* Descriptors, memory or the limit on connections are used up: stops listening for a moment instead of spinning. */
static void pause_accepting(struct hprpc_server *server, const char *reason, uint64_t now)
{
    if (server->accept_again)
        return;
    hprpc_log(server->context, HPRPC_LOG_ERROR, "accepting pauses: %s", reason);
    watch_listeners(server, false);
    server->accept_again = now + ACCEPT_PAUSE;
}

static void accept_from(struct hprpc_server *server, struct hprpc__listening *listening, uint64_t now)
{
    struct hprpc_detail detail = { "" };
    struct hprpc_channel *channel;
    int r;

    for (int i = 0; i < ACCEPTS && !server->accept_again; i++) {
        if (server->connection_count >= server->max_connections) {
            pause_accepting(server, "the limit on connections is reached", now);
            return;
        }
        r = listening->listener->ops->accept(listening->listener, &detail, &channel);
        if (r == 0)
            return;
        if (r < 0) {
            pause_accepting(server, detail.text, now);
        } else if (add_connection(server, channel, now) < 0) {
            channel->ops->free(channel);
            pause_accepting(server, "out of memory", now);
        }
    }
}

static void resume_accepting(struct hprpc_server *server, uint64_t now)
{
    if (!server->accept_again || now < server->accept_again)
        return;
    server->accept_again = 0;
    watch_listeners(server, true);
    for (struct hprpc__listening *listening = server->listeners; listening; listening = listening->next)
        accept_from(server, listening, now);
}

/* ---- A turn ---- */

enum look { BUSY, IDLE, PARKED, GONE };

static void note_deadline(struct hprpc_server *server, struct hprpc_controller *controller)
{
    uint64_t deadline = hprpc__controller_deadline(controller);

    if (deadline < server->next_deadline)
        server->next_deadline = deadline;
}

static bool is_through_spinning(struct hprpc_server *server, struct hprpc_controller *controller, bool may_spin)
{
    if (!may_spin || hprpc__spin_sleeps_at_once(&controller->spin))
        return true;
    if (controller->channel->wait != HPRPC_WAIT_SPIN && server->active_count > ACTIVE_MAX)
        return true;
    return hprpc__spin_wants_clock(&controller->spin) &&
           !hprpc__spin_goes_on(&controller->spin, hprpc_now(server->context));
}

/* Serves one active connection. */
static enum look look_at(struct hprpc_server *server, struct hprpc_controller *controller, bool may_spin)
{
    int count = hprpc__controller_turn(controller);

    if (count < 0)
        return GONE;
    if (count > 0) {
        hprpc__spin_paid(&controller->spin);
        hprpc__spin_start(&controller->spin, controller->channel->wait, &controller->pump.spins_failed);
        note_deadline(server, controller);
        /* who sleeps at once is not looked at a second time: that look would be a system call in vain */
        if (!hprpc__spin_sleeps_at_once(&controller->spin) || !park(server, controller))
            return BUSY;
        return PARKED;
    }
    if (!is_through_spinning(server, controller, may_spin) || !park(server, controller))
        return IDLE;
    hprpc__spin_slept(&controller->spin, controller->channel->wait);
    return PARKED;
}

static bool look_at_active(struct hprpc_server *server, bool may_spin)
{
    bool busy = false;

    for (uint32_t i = 0; i < server->active_count;) {
        struct hprpc_controller *controller = server->active[i];
        enum look look = look_at(server, controller, may_spin);

        busy = busy || look == BUSY || look == PARKED;
        if (look == PARKED || look == GONE)
            deactivate(server, i);
        else
            i++;
        if (look == GONE)
            drop_connection(server, controller);
    }
    return busy;
}

static struct hprpc__listening *find_listener(struct hprpc_server *server, const void *owner)
{
    struct hprpc__listening *listening = server->listeners;

    while (listening && listening != owner)
        listening = listening->next;
    return listening;
}

static void drain_wake(struct hprpc_server *server)
{
    uint64_t count;

    if (read(server->wake_fd, &count, sizeof(count)) < 0)
        return;
    /* whoever rang may have set a deadline earlier than those known here */
    server->next_deadline = 0;
}

static int take_events(struct hprpc_server *server, int timeout)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(server->epoll_fd, events, EVENTS, timeout);

    if (count < 0)
        return errno == EINTR ? 0 : HPRPC_ESYSTEM;
    for (int i = 0; i < count; i++) {
        void *owner = events[i].data.ptr;
        struct hprpc__listening *listening = find_listener(server, owner);

        if (owner == &server->wake_fd)
            drain_wake(server);
        else if (listening)
            accept_from(server, listening, hprpc_now(server->context));
        else
            activate(server, owner);
    }
    return 0;
}

static void expire(struct hprpc_server *server, uint64_t now)
{
    struct hprpc_controller *next;

    if (now < server->next_deadline)
        return;
    server->next_deadline = HPRPC__NEVER;
    for (struct hprpc_controller *controller = server->connections; controller; controller = next) {
        next = controller->next;
        hprpc__controller_expire(controller, now);
        note_deadline(server, controller);
        if (hprpc__state(controller) == HPRPC__BROKEN)
            activate(server, controller);
    }
}

int hprpc__server_timeout(struct hprpc_server *server)
{
    uint64_t deadline = server->next_deadline;
    uint64_t now;

    if (server->active_count)
        return 0;
    if (server->accept_again && server->accept_again < deadline)
        deadline = server->accept_again;
    if (deadline == HPRPC__NEVER)
        return -1;
    now = hprpc_now(server->context);
    return deadline <= now ? 0 : hprpc__milliseconds(deadline - now);
}

/* Whether to leave epoll alone this time: somebody is active, and the others can wait a few microseconds. */
static bool skip_epoll(struct hprpc_server *server)
{
    uint64_t now;

    if (!server->active_count)
        return false;
    if (++server->turns % CLOCK_EVERY)
        return true;
    now = hprpc_now(server->context);
    if (now - server->polled < POLL_EVERY)
        return true;
    server->polled = now;
    return false;
}

static int look_around(struct hprpc_server *server, int timeout)
{
    int r = take_events(server, timeout);
    uint64_t now;

    if (r < 0)
        return r;
    now = hprpc_now(server->context);
    resume_accepting(server, now);
    expire(server, now);
    return 0;
}

/* For an application's own loop: everything that can be done now; then all are parked, so that the descriptor tells. */
static int process(struct hprpc_server *server)
{
    uint64_t one = 1;
    int r = look_around(server, 0);

    for (int turn = 0; r == 0 && server->active_count && turn < PROCESS_TURNS; turn++)
        look_at_active(server, false);
    /* still not through: the descriptor must stay ready */
    if (server->active_count && write(server->wake_fd, &one, sizeof(one)) < 0)
        return r;
    return r;
}

static void own_connections(struct hprpc_server *server)
{
    uintptr_t self = (uintptr_t)pthread_self();

    if (server->owner == self)
        return;
    server->owner = self;
    for (struct hprpc_controller *controller = server->connections; controller; controller = controller->next)
        atomic_store_explicit(&controller->pump.owner, self, memory_order_relaxed);
}

int hprpc__server_turn(struct hprpc_server *server, bool may_sleep)
{
    own_connections(server);
    if (!may_sleep)
        return process(server);
    look_at_active(server, true);
    return skip_epoll(server) ? 0 : look_around(server, hprpc__server_timeout(server));
}
