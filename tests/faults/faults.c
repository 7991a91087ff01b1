/* SPDX-License-Identifier: MIT */
/*
 * System calls and allocations fail, one after the other: faults TRANSPORT [EVERY | all]. A case is a kind of call, a side, an
 * error, and the number of the call that fails. A client connects, calls in every way, and leaves. Each call ends once, in
 * time, with success or a fair error; calls that fail with EINTR or EAGAIN are made again. Then the next client is served, the
 * server stops, and memory, mappings, descriptors and names are as before. Only one case in EVERY (default 1) is tried. With
 * "all" there is a case for each error, each call and each pump.
 */
#include "faults/play.h"

#include <dirent.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

static const struct {
    const char *name, *uri; /* %d stands for this process */
} transports[] = {
    { "tcp", "tcp://127.0.0.1:0?wait=block" },
    { "name", "tcp://localhost:0?wait=block&stagger=10" },
    { "uring", "tcp://127.0.0.1:0?wait=block&engine=uring" },
    { "unix", "unix://faults-%d?wait=block" },
    { "pipe", "pipe://faults-%d?wait=block" },
    { "door", "pipe:///tmp/faults-%d?wait=block&mode=0660" },
    { "shm", "shm://faults-%d?wait=block&ring=128KiB&slots=16" },
    { "sealed", "shm://faults-%d?wait=block&ring=128KiB&slots=16&trust=none" },
    { "local", "local://faults-%d?wait=block" },
};

enum {
    TRANSPORTS = sizeof(transports) / sizeof(transports[0]),
    FIRST = 8, /* without "all": the first FIRST calls of a kind fail, and some of the later ones */
};

static const char *const pumps[] = { "caller", "loop", "thread" };

static unsigned transport;
static bool thorough;
static struct fault fault;
static enum hprpc_pump pump;
static unsigned cases, tried, every = 1;
static const char *stage = "nothing";

/* ---- Saying what is wrong ---- */

void play_fail(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "faults, %s, pump %s, %s: ", transports[transport].name, pumps[pump], stage);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nthe %s's %s number %ld failed with %s%s, %ld times; the first time here:\n",
            fault.side == SIDE_CLIENT ? "client" : "server", faults_calls[fault.call].name, fault.nth,
            fault.call == CALL_GETADDRINFO ? "an error of its own" : strerror(fault.error),
            fault.for_ever ? ", and all later ones" : "", faults_hits());
    faults_print_place();
    abort();
}

/* ---- What must be as before ---- */

static int count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    check(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void check_names(const char *format)
{
    char path[80], prefix[32];
    struct dirent *entry;
    DIR *directory;

    snprintf(path, sizeof(path), format, (unsigned)geteuid());
    snprintf(prefix, sizeof(prefix), "faults-%d", (int)getpid());
    directory = opendir(path);
    while (directory && (entry = readdir(directory))) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            play_fail("%s/%s was left", path, entry->d_name);
    }
    if (directory)
        closedir(directory);
}

/* ---- The server ---- */

struct side {
    struct hprpc_context *context;
    struct memory memory;
    struct hprpc_server *server;
    pthread_t thread;
    pthread_mutex_t lock; /* guards `server`, which the serving thread frees if it cannot go on */
    sem_t ready;
    int code;   /* why it does not listen, or 0 */
    int result; /* of hprpc_server_run */
    bool over;
    char uri[200];
};

/* The allocator of a side's context: that of support/memory.h, in which an allocation may fail. */
static void *allocate(void *self, size_t size)
{
    struct kodosis_allocator allocator = memory_allocator(self);

    return faults_hit(CALL_ALLOCATE) ? NULL : allocator.allocate(self, size);
}

static void side_open(struct side *side)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;

    memory_init(&side->memory);
    options.allocator = memory_allocator(&side->memory);
    options.allocator.allocate = allocate;
    check(hprpc_context_new(&options, &side->context) == 0);
}

static void side_close(struct side *side)
{
    hprpc_context_free(side->context);
    check(atomic_load(&side->memory.pieces) == 0 && atomic_load(&side->memory.bytes) == 0);
}

static int make_server(struct side *side)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    char uri[200];
    int r;

    options.loops = 2;
    options.workers = 2;
    options.worker_idle_ms = 1;
    side->server = NULL;
    r = hprpc_server_new(side->context, &options, &side->server);
    if (r < 0)
        return r;
    r = faults_target_add(side->server, &play_service, NULL);
    if (r == 0)
        r = hprpc_server_stop_on_signal(side->server, SIGUSR2);
    if (r == 0) {
        snprintf(uri, sizeof(uri), transports[transport].uri, (int)getpid());
        r = hprpc_server_listen(side->server, uri, &detail);
        check(r == 0 || detail.text[0]);
    }
    if (r == 0)
        r = hprpc_server_address(side->server, 0, side->uri, sizeof(side->uri));
    if (r < 0) {
        hprpc_server_free(side->server);
        side->server = NULL;
    }
    return r;
}

static void *serve(void *argument)
{
    struct side *side = argument;

    faults_side = SIDE_SERVER;
    side->code = make_server(side);
    sem_post(&side->ready);
    if (side->code == 0)
        side->result = hprpc_server_run(side->server);
    if (side->result < 0) {
        pthread_mutex_lock(&side->lock);
        hprpc_server_free(side->server);
        side->server = NULL;
        side->over = true;
        pthread_mutex_unlock(&side->lock);
    }
    return NULL;
}

static void side_serve(struct side *side)
{
    pthread_mutex_init(&side->lock, NULL);
    sem_init(&side->ready, 0, 0);
    side->result = 0;
    side->over = false;
    /* this thread is not the library's, so it does not fail */
    check(__real_pthread_create(&side->thread, NULL, serve, side) == 0);
    while (sem_wait(&side->ready) < 0)
        continue;
}

/* True if the server could not go on. It is true before any client sees the end. */
static bool is_over(struct side *side)
{
    bool over;

    pthread_mutex_lock(&side->lock);
    over = side->over;
    pthread_mutex_unlock(&side->lock);
    return over;
}

static void side_end(struct side *side)
{
    pthread_mutex_lock(&side->lock);
    hprpc_server_stop(side->server);
    pthread_mutex_unlock(&side->lock);
    pthread_join(side->thread, NULL);
    hprpc_server_free(side->server);
    pthread_mutex_destroy(&side->lock);
    sem_destroy(&side->ready);
}

/* ---- A case ---- */

/* True if the library makes the failed call again, so that a user notices nothing. */
static bool is_harmless(void)
{
    return faults_calls[fault.call].passes && (fault.error == EINTR || fault.error == EAGAIN || fault.error == EBUSY) &&
           !fault.for_ever;
}

/* Lets a client play with this server. */
static void play(struct side *server, struct side *client, enum hprpc_pump client_pump, bool must_succeed)
{
    struct play part = {
        .context = client->context,
        .uri = server->uri,
        .pump = client_pump,
        .must_succeed = must_succeed,
        .may_be_late = fault.for_ever && !must_succeed,
    };

    play_part(&part);
}

/* Lets a client play while no call fails. */
static void play_well(struct side *server, struct side *client)
{
    faults_arm(NULL);
    stage = "the next client";
    play(server, client, HPRPC_PUMP_CALLER, true);
}

/* Frees the server that failed, and serves the next client with a new one. */
static void start_over(struct side *server, struct side *client)
{
    faults_arm(NULL);
    stage = "the next server";
    side_end(server);
    side_close(server);
    side_open(server);
    side_serve(server);
    if (server->code)
        play_fail("%s", hprpc_error_name(server->code));
    play(server, client, HPRPC_PUMP_CALLER, true);
}

/* A server may end with a code only if a call of its own side failed, and not harmlessly. */
static void check_result(const struct side *server)
{
    if (server->result && (!faults_hits() || is_harmless() || fault.side != SIDE_SERVER))
        play_fail("the server ended with %s", hprpc_error_name(server->result));
}

static void run_case(void)
{
    static struct side server, client;
    int descriptors = count_descriptors();
    long mappings = faults_mappings();
    /* if names cannot be removed or seen, those of this case stay; the next listener removes them */
    bool left = fault.nth && (fault.call == CALL_UNLINK || fault.call == CALL_UNLINKAT || fault.call == CALL_LSTAT);

    if (fault.nth && cases++ % every)
        return;
    tried += fault.nth != 0;
    side_open(&server);
    side_open(&client);
    faults_arm(&fault);
    stage = "making a server";
    side_serve(&server);
    if (server.code) {
        if (!faults_hits() || is_harmless())
            play_fail("%s", hprpc_error_name(server.code));
        start_over(&server, &client);
    } else {
        stage = "the first client";
        play(&server, &client, pump, !fault.nth || is_harmless());
    }
    if (faults_hits() && is_over(&server)) {
        check_result(&server);
        start_over(&server, &client);
    } else if (faults_hits()) {
        play_well(&server, &client);
    }
    stage = "the end";
    side_end(&server);
    check_result(&server);
    faults_arm(NULL);
    side_close(&server);
    side_close(&client);
    /* the thread that looked a name up may be about to end */
    for (struct patience p = patience_begin(); faults_mappings() != mappings && try_again(&p);)
        continue;
    if (faults_mappings() != mappings)
        play_fail("%ld mappings are left", faults_mappings() - mappings);
    if (count_descriptors() != descriptors)
        play_fail("%d descriptors are left", count_descriptors() - descriptors);
    if (!left) {
        check_names("/dev/shm/hprpc-%u");
        check_names("/run/user/%u/hprpc-%u");
        check_names("/tmp");
    }
}

/* ---- All cases ---- */

static unsigned count_errors(enum faults_call call)
{
    unsigned count = 0;

    while (count < FAULTS_ERRORS && faults_calls[call].errors[count])
        count++;
    return count;
}

/*
 * False for a fault that cannot happen: where packets on a socket ring, EAGAIN would say that other rings wait to be read; and where they
 * bring descriptors, ahead of messages, that they have not come. Of recvmsg, it may happen to the first one, which opens the connection.
 */
static bool is_true_of_rings(void)
{
    bool sealed = strcmp(transports[transport].name, "sealed") == 0;
    bool shm = sealed || strcmp(transports[transport].name, "shm") == 0;

    if (fault.error != EAGAIN)
        return true;
    return !(sealed && fault.call == CALL_SEND) && !(shm && fault.call == CALL_RECVMSG && fault.nth > 1);
}

/* Fails the nth call with each of its errors, or with one that depends on `nth`. */
static void fail_nth(long nth)
{
    unsigned errors = count_errors(fault.call);
    bool all = thorough || nth == 1;

    fault.nth = nth;
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): each kind has an error */
    for (unsigned i = all ? 0 : (unsigned)nth % errors; i < (all ? errors : (unsigned)nth % errors + 1); i++) {
        fault.error = faults_calls[fault.call].errors[i];
        fault.for_ever = false;
        if (!is_true_of_rings())
            continue;
        run_case();
        /* a call that is repeated after its error would be repeated for ever */
        if (!faults_calls[fault.call].passes && fault.error != EINTR && (thorough || nth <= 2)) {
            fault.for_ever = true;
            run_case();
        }
    }
}

static void fail_each(enum faults_call call, enum faults_side side, long count)
{
    long step = thorough || count <= FIRST * 2 ? 1 : count / FIRST;

    fault = (struct fault){ .call = call, .side = side };
    for (long nth = 1; nth <= count; nth += nth < FIRST ? 1 : step)
        fail_nth(nth);
}

static void fail_all(void)
{
    long counts[2][CALLS];

    fault = (struct fault){ .nth = 0 };
    run_case();
    for (int side = 0; side < 2; side++)
        for (int call = 0; call < CALLS; call++)
            counts[side][call] = faults_count((enum faults_call)call, (enum faults_side)side);
    for (int side = 0; side < 2; side++)
        for (int call = 0; call < CALLS; call++) {
            /* the server's calls do not depend on the client's pump */
            if (thorough || pump == HPRPC_PUMP_CALLER || side == SIDE_CLIENT)
                fail_each((enum faults_call)call, (enum faults_side)side, counts[side][call]);
        }
}

/* The names of local:// take a page, which the process keeps for good. */
static void make_names(void)
{
    struct hprpc_server *server;

    check(hprpc_server_new(NULL, NULL, &server) == 0);
    check(hprpc_server_listen(server, "local://faults", NULL) == 0);
    hprpc_server_free(server);
}

int main(int argc, char **argv)
{
    while (transport < TRANSPORTS && argc > 1 && strcmp(argv[1], transports[transport].name) != 0)
        transport++;
    if (argc < 2 || transport == TRANSPORTS) {
        fprintf(stderr, "usage: faults tcp|name|uring|unix|pipe|door|shm|sealed|local [EVERY | all]\n");
        return 2;
    }
    thorough = argc > 2 && strcmp(argv[2], "all") == 0;
    if (argc > 2 && !thorough)
        every = (unsigned)atoi(argv[2]);
    if (!every)
        every = 1;
    make_names();
    for (int i = 0; i < 3; i++) {
        pump = (enum hprpc_pump)i;
        fail_all();
    }
    printf("%u of %u cases\n", tried, cases);
    return 0;
}
