/* SPDX-License-Identifier: MIT */
/* Makes calls on threads and connections, one at a time or several in flight. */
#include "bench/paper/drive.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/paper/flow.h"
#include "bench/paper/operations.h"

enum { IDLE_PER_PROCESS = 4000, GREEDY_DEPTH = 64, BULK_BYTES = 8000000 };

struct connection;

/* A call whose callback makes it again at once: so the messages of several calls are sent in one batch. */
struct repeat {
    struct connection *connection;
    struct hprpc_call call;
    uint64_t begun, number;
    struct repeat *next; /* the next that is held back */
};

struct connection {
    struct bench_session *session;
    struct paper_caller caller;
    struct bench_run *run; /* of the thread that uses the connection */
    uint64_t number;       /* calls made so far */
    uint32_t open;         /* repeats in flight */
    bool starting;         /* a call is being started, and may wait for room */
    struct repeat *held;   /* repeats to make again after that call, in their order */
    struct repeat **held_end;
    struct hprpc_call call; /* the call that the thread waits for */
    uint64_t begun, expected;
    struct repeat *repeats; /* the other calls in flight */
};

struct drive {
    struct bench_session *session;
    struct paper_values values;
    struct connection *connections; /* if there are more threads than connections, one for each thread */
    uint32_t callers;
};

static void check(struct connection *connection, const struct hprpc_call *call, int result)
{
    if (result < 0)
        bench_fail(connection->session, "%s", paper_result_text(call, result));
}

/* ---- Calls that repeat themselves ---- */

static void completed(void *self, struct hprpc_pending_call *pending);

static int start_call(struct connection *connection, struct hprpc_call *call, uint64_t number)
{
    int result;

    connection->starting = true;
    result = connection->caller.operation->start(&connection->caller, call, number);
    connection->starting = false;
    return result;
}

static void launch(struct repeat *repeat)
{
    struct connection *connection = repeat->connection;

    repeat->begun = connection->run->last;
    repeat->number = connection->number++;
    connection->open++;
    check(connection, &repeat->call, start_call(connection, &repeat->call, repeat->number));
    hprpc_pending_call_notify(repeat->call.pending, completed, repeat);
}

/*
 * Holds a repeat back while a call is being started. That call may wait for room and receive meanwhile; a repeat made then
 * would take the room before it, again and again. So it is made after that call, in the order of completion.
 */
static void hold_back(struct repeat *repeat)
{
    struct connection *connection = repeat->connection;

    repeat->next = NULL;
    *(connection->held ? connection->held_end : &connection->held) = repeat;
    connection->held_end = &repeat->next;
}

static void launch_held(struct connection *connection)
{
    while (connection->held && bench_run_more(connection->run)) {
        struct repeat *repeat = connection->held;

        connection->held = repeat->next;
        launch(repeat);
    }
}

static void completed(void *self, struct hprpc_pending_call *pending)
{
    struct repeat *repeat = self;
    struct connection *connection = repeat->connection;

    (void)pending;
    check(connection, &repeat->call,
          connection->caller.operation->finish(&connection->caller, &repeat->call, repeat->number));
    hprpc_call_clear(&repeat->call);
    bench_run_end(connection->run, repeat->begun);
    connection->open--;
    if (!bench_run_more(connection->run))
        return;
    if (connection->starting) {
        hold_back(repeat);
    } else {
        launch(repeat);
        launch_held(connection);
    }
}

/* ---- The call that the thread waits for ---- */

static void ask(struct connection *connection, uint64_t begun)
{
    connection->begun = begun;
    connection->expected = connection->number++;
    check(connection, &connection->call, start_call(connection, &connection->call, connection->expected));
    launch_held(connection);
}

static void collect(struct connection *connection)
{
    check(connection, &connection->call,
          connection->caller.operation->finish(&connection->caller, &connection->call, connection->expected));
    hprpc_call_clear(&connection->call);
    bench_run_end(connection->run, connection->begun);
}

/* Makes calls one after the other on one connection, with the synchronous stub. */
static void run_single(struct connection *connection, struct bench_run *run)
{
    while (bench_run_more(run)) {
        uint64_t begun = bench_run_begin(run);
        uint64_t number = connection->number++;

        check(connection, &connection->call,
              connection->caller.operation->call(&connection->caller, &connection->call, number));
        hprpc_call_clear(&connection->call);
        bench_run_end(run, begun);
    }
}

/* Keeps several calls in flight: on each connection, the thread waits for one, in turn, and the others repeat themselves. */
static void run_many(struct connection *connections, uint32_t count, struct bench_run *run)
{
    uint32_t repeats = connections->session->workload.depth - 1;
    bool rest;

    for (uint32_t i = 0; i < count; i++) {
        connections[i].held = NULL;
        for (uint32_t j = 0; j < repeats; j++)
            launch(&connections[i].repeats[j]);
        launch_held(&connections[i]);
    }
    do {
        uint64_t begun = bench_run_begin(run);

        for (uint32_t i = 0; i < count; i++)
            ask(&connections[i], i ? bench_ticks() : begun);
        for (uint32_t i = 0; i < count; i++)
            collect(&connections[i]);
        rest = false;
        for (uint32_t i = 0; i < count; i++)
            rest |= connections[i].open > 0;
    } while (rest || bench_run_more(run));
}

/* ---- Threads ---- */

struct worker {
    pthread_t thread;
    struct connection *connections;
    uint32_t count;
    struct bench_run run;
};

static void work(struct worker *worker)
{
    struct bench_session *session = worker->connections->session;

    for (uint32_t i = 0; i < worker->count; i++)
        worker->connections[i].run = &worker->run;
    if (bench_operation_streams(session->workload.operation))
        paper_flow_run(session, &worker->connections->caller, &worker->run);
    else if (worker->count == 1 && worker->connections->session->workload.depth == 1)
        run_single(worker->connections, &worker->run);
    else
        run_many(worker->connections, worker->count, &worker->run);
}

static void *work_on_thread(void *self)
{
    work(self);
    return NULL;
}

static void join(struct worker *worker, struct bench_run *run)
{
    pthread_join(worker->thread, NULL);
    bench_histogram_merge(run->latency, worker->run.latency);
    free(worker->run.latency);
    run->calls += worker->run.calls;
    run->crossed += worker->run.crossed;
    if (worker->run.last > run->last)
        run->last = worker->run.last;
}

/* Gives up if another client has given up; this client has no other children that end. */
static void watch_others(struct bench_session *session)
{
    if (waitpid(-1, NULL, WNOHANG) > 0)
        bench_fail(session, "another client: %s", session->shared->error[0] ? session->shared->error : "it died");
}

void paper_drive_run(void *self, struct bench_run *run)
{
    struct drive *drive = self;
    const struct bench_workload *workload = &drive->session->workload;
    struct worker *workers = calloc(workload->threads, sizeof(*workers));
    uint32_t first = 0;

    if (workload->greedy || workload->bulk)
        watch_others(drive->session);
    for (uint32_t i = 0; i < workload->threads; i++) {
        struct worker *worker = &workers[i];

        worker->connections = &drive->connections[first];
        worker->count = (drive->callers - first) / (workload->threads - i);
        first += worker->count;
        worker->run = *run;
        worker->run.interval *= workload->threads;
        if (run->most != UINT64_MAX)
            worker->run.most = (run->most + workload->threads - 1) / workload->threads;
        if (workload->threads == 1)
            continue;
        worker->run.latency = calloc(1, sizeof(*run->latency));
        if (!worker->run.latency || pthread_create(&worker->thread, NULL, work_on_thread, worker) != 0)
            bench_fail(drive->session, "no more threads");
    }
    if (workload->threads == 1) {
        work(workers);
        *run = workers->run;
    } else {
        for (uint32_t i = 0; i < workload->threads; i++)
            join(&workers[i], run);
    }
    free(workers);
}

/* ---- Opening and closing ---- */

static void open_connection(struct drive *drive, uint32_t index, const char *uri)
{
    const struct bench_workload *workload = &drive->session->workload;
    struct connection *connection = &drive->connections[index];
    struct hprpc_detail detail = { "" };
    int result;

    if (index < workload->connections)
        result = paper_caller_open(&connection->caller, uri, workload, &drive->values, &detail);
    else
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): the options allow no 0 */
        result = paper_caller_borrow(&connection->caller, &drive->connections[index % workload->connections].caller,
                                     workload);
    if (result < 0)
        bench_fail(drive->session, "%s", detail.text[0] ? detail.text : hprpc_error_text(result));
    connection->session = drive->session;
    connection->repeats = calloc(workload->depth, sizeof(*connection->repeats));
    for (uint32_t i = 0; i < workload->depth; i++)
        connection->repeats[i].connection = connection;
}

/* ---- Connections that say nothing ---- */

/* A process that holds a part of the idle connections: one process has not enough descriptors for all. */
static void hold_idle(struct bench_session *session, const char *uri, uint32_t count, int ready)
{
    const struct bench_workload silent = BENCH_WORKLOAD_INIT;
    struct paper_caller *callers = calloc(count, sizeof(*callers));
    struct paper_values values = { 0 };
    struct hprpc_detail detail = { "" };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!callers || !paper_values_make(&values, 0))
        bench_fail(session, "out of memory");
    for (uint32_t i = 0; i < count; i++) {
        if (paper_caller_open(&callers[i], uri, &silent, &values, &detail) < 0)
            bench_fail(session, "an idle connection: %s", detail.text);
    }
    if (write(ready, "r", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static void open_idle(struct bench_session *session, const char *uri)
{
    uint32_t rest = session->workload.idle;

    while (rest) {
        uint32_t count = rest < IDLE_PER_PROCESS ? rest : IDLE_PER_PROCESS;
        int ends[2];
        char word;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0)
            bench_fail(session, "no process for idle connections");
        if (pid == 0)
            hold_idle(session, uri, count, ends[1]);
        close(ends[1]);
        if (read(ends[0], &word, 1) != 1)
            _exit(1); /* the process has said why */
        close(ends[0]);
        rest -= count;
    }
}

/* ---- Other clients ---- */

/* Runs a process that makes calls as `workload` says, until the client ends. */
static void keep_calling(struct bench_session *session, const char *uri, const struct bench_workload *workload,
                         int ready)
{
    struct bench_histogram *latency = calloc(1, sizeof(*latency));
    struct bench_run run = { .deadline = UINT64_MAX, .most = UINT64_MAX, .latency = latency };
    struct bench_session own = *session;
    void *drive;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* the client that is measured shares a CPU with this one, and would wait for its time slices instead of for the server */
    setpriority(PRIO_PROCESS, 0, 19);
    own.workload = *workload;
    drive = paper_drive_open(&own, uri);
    if (!latency || write(ready, "r", 1) != 1)
        _exit(1);
    paper_drive_run(drive, &run);
    _exit(1);
}

static void open_others(struct bench_session *session, const char *uri, const struct bench_workload *workload)
{
    int ends[2];
    char word;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0)
        bench_fail(session, "no process for other clients");
    if (pid == 0)
        keep_calling(session, uri, workload, ends[1]);
    close(ends[1]);
    if (read(ends[0], &word, 1) != 1)
        _exit(1); /* the process has said why */
    close(ends[0]);
}

static void open_greedy(struct bench_session *session, const char *uri)
{
    struct bench_workload greedy = BENCH_WORKLOAD_INIT;

    greedy.depth = GREEDY_DEPTH;
    greedy.connections = session->workload.greedy;
    if (greedy.connections)
        open_others(session, uri, &greedy);
}

/* Each connection has a process of its own, so that none waits for another's body. */
static void open_bulk(struct bench_session *session, const char *uri)
{
    struct bench_workload bulk = BENCH_WORKLOAD_INIT;

    bulk.operation = BENCH_PUT;
    bulk.size = BULK_BYTES;
    for (uint32_t i = 0; i < session->workload.bulk; i++)
        open_others(session, uri, &bulk);
}

void *paper_drive_open(struct bench_session *session, const char *uri)
{
    const struct bench_workload *workload = &session->workload;
    bool list = workload->operation == BENCH_AVERAGE || workload->operation == BENCH_GET_RAND_NUMS;
    struct drive *drive = calloc(1, sizeof(*drive));

    drive->session = session;
    if (!paper_operation_find(workload))
        bench_fail(session, "there is no such operation of this size");
    if (!paper_values_make(&drive->values, list ? workload->size : 0))
        bench_fail(session, "out of memory");
    drive->callers = workload->connections > workload->threads ? workload->connections : workload->threads;
    drive->connections = calloc(drive->callers, sizeof(*drive->connections));
    open_idle(session, uri);
    open_greedy(session, uri);
    open_bulk(session, uri);
    for (uint32_t i = 0; i < drive->callers; i++)
        open_connection(drive, i, uri);
    return drive;
}

void paper_drive_close(void *self)
{
    struct drive *drive = self;

    /* the owner of a connection must be closed after those that borrow it */
    for (uint32_t i = drive->callers; i > 0; i--)
        paper_caller_close(&drive->connections[i - 1].caller);
}
