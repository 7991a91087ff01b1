/* SPDX-License-Identifier: MIT */
/*
 * Kills and stops real processes, and looks at the other side: kill [ROUNDS [SEED [FIRST]]]. A round has a transport with or
 * without trust, a pump, a side, SIGKILL or SIGSTOP, and a moment: a random one, or the nth time that the victim comes to a
 * step. With SEED 0 the rounds are new ones each time, and HPRPC_LONG times as many.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>

#include "base/ring.h"
#include "kill/kill.h"
#include "support/memory.h"
#include "support/patience.h"

enum { TURNS = 60 };

static const struct kind {
    const char *name, *uri; /* %d stands for this process */
    bool opens_late;        /* a server has descriptors that it opens at its first connection */
} kinds[] = {
    { "tcp", "tcp://127.0.0.1:0", false },
    { "tcp by io_uring", "tcp://127.0.0.1:0?engine=uring", true },
    { "unix", "unix://kill-%d-%s", false },
    { "unix by io_uring", "unix://kill-%d-%s-u?engine=uring", true },
    { "pipe", "pipe://kill-%d-%s", false },
    { "shm", "shm://kill-%d-%s", false },
    { "shm, trust=none", "shm://kill-%d-%s-n?trust=none", false },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct round {
    unsigned number;
    const struct kind *kind;
    enum hprpc_pump pump;
    bool server; /* true: the victim is the server */
    struct fate fate;
    unsigned turns; /* of traffic, before a random moment */
    unsigned delay_us;
};

/* The side that is not killed. */
struct survivor {
    struct memory memory;
    struct hprpc_context *context;
    struct hprpc_server *server;
    pthread_t thread;
    char uri[200];
    bool visited;
};

static struct round round;
static unsigned long long state; /* of the random numbers */
static unsigned long long seed;
static unsigned parts, relayed; /* of streams from victims, in all rounds */

/* ---- Saying what is wrong ---- */

void kill_fail(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "kill, seed %llu, round %u (%s, pump %d, %s of a %s, step %d, time %d): ", seed, round.number,
            round.kind ? round.kind->name : "none", (int)round.pump, round.fate.number == SIGSTOP ? "stop" : "kill",
            round.server ? "server" : "client", round.fate.step, round.fate.nth);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

/* ---- Chance ---- */

static unsigned chance(unsigned below)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(state >> 33) % below;
}

/* Transport, pump and side come in turn; the signal and the moment are random. */
static void choose_round(unsigned number)
{
    state = seed * 6364136223846793005ull + number;
    for (int i = 0; i < 4; i++)
        chance(2);
    round = (struct round){
        .number = number,
        .kind = &kinds[number % KINDS],
        .pump = (enum hprpc_pump)(number / KINDS % 3),
        .server = number / KINDS / 3 % 2 == 0,
    };
    round.fate.number = chance(4) ? SIGKILL : SIGSTOP;
    round.fate.step = chance(4) ? (int)chance(HPRPC__STEP_COUNT) : -1;
    round.fate.nth = 1 + (int)chance(chance(2) ? 4 : 40);
    round.turns = chance(TURNS / 2);
    round.delay_us = chance(800);
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

    snprintf(path, sizeof(path), format, (unsigned)geteuid(), (unsigned)geteuid());
    snprintf(prefix, sizeof(prefix), "kill-%d-", (int)getpid());
    directory = opendir(path);
    while (directory && (entry = readdir(directory))) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            kill_fail("%s/%s was left", path, entry->d_name);
    }
    if (directory)
        closedir(directory);
}

static void check_no_names(void)
{
    check_names("/dev/shm");
    check_names("/dev/shm/hprpc-%u");
    check_names("/run/user/%u/hprpc-%u");
}

static void uri_of(const struct kind *kind, const char *name, char *ret_uri, size_t capacity)
{
    snprintf(ret_uri, capacity, kind->uri, (int)getpid(), name);
}

/* ---- Survivors ---- */

static void *run(void *server)
{
    hprpc_server_run(server);
    return NULL;
}

static void survivor_open(struct survivor *survivor)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;

    memset(survivor, 0, sizeof(*survivor));
    memory_init(&survivor->memory);
    options.allocator = memory_allocator(&survivor->memory);
    check(hprpc_context_new(&options, &survivor->context) == 0);
}

static void survivor_serve(struct survivor *survivor, const struct kind *kind, const char *name)
{
    char uri[200];

    survivor_open(survivor);
    uri_of(kind, name, uri, sizeof(uri));
    check(hprpc_server_new(survivor->context, NULL, &survivor->server) == 0);
    check(target_target_add(survivor->server, &target_service, NULL) == 0);
    check(hprpc_server_listen(survivor->server, uri, NULL) == 0);
    hprpc_server_address(survivor->server, 0, survivor->uri, sizeof(survivor->uri));
    check(pthread_create(&survivor->thread, NULL, run, survivor->server) == 0);
}

static void survivor_close(struct survivor *survivor)
{
    if (survivor->server) {
        hprpc_server_stop(survivor->server);
        pthread_join(survivor->thread, NULL);
        hprpc_server_free(survivor->server);
    }
    hprpc_context_free(survivor->context);
    check(atomic_load(&survivor->memory.pieces) == 0 && atomic_load(&survivor->memory.bytes) == 0);
}

/* ---- Victims ---- */

/* Returns 0 if the victim runs, else SIGSTOP or SIGKILL. */
static int fate_of(pid_t pid)
{
    int status;

    if (waitpid(pid, &status, WNOHANG | WUNTRACED) != pid)
        return 0;
    if (WIFSTOPPED(status))
        return SIGSTOP;
    if (WIFEXITED(status))
        kill_fail("the victim ended by itself");
    if (WTERMSIG(status) != SIGKILL)
        kill_fail("the victim died of signal %d", WTERMSIG(status));
    return SIGKILL;
}

/* Kills the victim, unless it is dead. */
static void finish(pid_t pid, int fate)
{
    int status = 0;

    if (fate == SIGKILL)
        return;
    kill(pid, SIGKILL);
    check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}

/* Stops or kills the victim after a random delay, and waits until that has happened. */
static int strike(pid_t pid)
{
    const struct timespec delay = { 0, round.delay_us * 1000l };
    struct patience patience = patience_begin();
    int fate;

    nanosleep(&delay, NULL);
    kill(pid, round.fate.number);
    while (!(fate = fate_of(pid)) && try_again(&patience))
        continue;
    return fate;
}

/* ---- A client that survives ---- */

/* While the server is stopped, calls end at their deadlines; when it continues, calls are answered again. */
static void outlast_stop(struct traffic *traffic, pid_t pid)
{
    struct patience patience = patience_begin();
    unsigned answered;

    traffic_drain(traffic);
    check(!traffic->broken);
    check(kill(pid, SIGCONT) == 0);
    traffic->timeout_ms = 20000;
    traffic->late = 0;
    answered = traffic->answered;
    while (traffic->answered < answered + 10 && try_again(&patience))
        if (!traffic_turn(traffic, true) || traffic->late)
            kill_fail("after the stop: %u of %u calls were late, and the last failure was %s", traffic->late,
                      traffic->number, hprpc_error_name(traffic->code));
}

static void survive_server(void)
{
    struct survivor survivor;
    struct traffic traffic;
    char uri[200], address[200];
    uint32_t patience_ms = round.fate.number == SIGSTOP ? 300 : 20000;
    int before = count_descriptors(), fate = 0;
    pid_t pid;

    survivor_open(&survivor);
    uri_of(round.kind, "victim", uri, sizeof(uri));
    pid = victim_start("serve", uri, HPRPC_PUMP_CALLER, &round.fate, address, sizeof(address));
    if (!strstr(address, "://"))
        kill_fail("the server did not come: %s", address);
    if (traffic_open(&traffic, survivor.context, address, round.pump, patience_ms) == 0) {
        for (unsigned turn = 0; turn < TURNS && !fate && traffic_turn(&traffic, true); turn++) {
            fate = fate_of(pid);
            if (!fate && round.fate.step < 0 && turn == round.turns)
                fate = strike(pid);
        }
        if (!fate && !traffic.broken)
            fate = strike(pid);
        if (fate == SIGSTOP)
            outlast_stop(&traffic, pid);
        finish(pid, fate);
        traffic.late = 0;
        traffic_drain(&traffic);
        /* a death ends calls at once: a call that ended at its deadline did not notice the death */
        check(round.fate.number == SIGSTOP || (!traffic.late && !traffic.relay.late));
        parts += traffic.relay.parts;
        relayed += traffic.relay.relayed;
        traffic_close(&traffic);
    } else {
        finish(pid, fate);
    }
    survivor_close(&survivor);
    check(count_descriptors() == before);
}

/* ---- A server that survives ---- */

/* A client comes and goes; how many descriptors are open then: with that of the ring, where there is one. */
static int visit(struct survivor *survivor)
{
    const struct hprpc__ring_ears ears = { NULL, NULL, NULL };
    struct patience patience = patience_begin();
    struct hprpc__ring *ring = NULL;
    struct traffic traffic;
    int before = count_descriptors();

    if (!round.kind->opens_late || survivor->visited)
        return before;
    survivor->visited = true;
    if (hprpc__ring_open(NULL, 1, &ears, &ring) == 0)
        before++;
    hprpc__ring_close(ring);
    check(traffic_open(&traffic, survivor->context, survivor->uri, round.pump, 20000) == 0);
    traffic_close(&traffic);
    while (count_descriptors() != before && try_again(&patience))
        continue;
    return before;
}

static void survive_client(struct survivor *survivor)
{
    struct patience patience = patience_begin();
    struct traffic traffic;
    char line[80];
    int before = visit(survivor), fate = 0;
    pid_t pid = victim_start("call", survivor->uri, round.pump, &round.fate, line, sizeof(line));

    if (line[0] && strcmp(line, "calling") != 0)
        kill_fail("the client could not call: %s", line);
    if (round.fate.step < 0)
        fate = strike(pid);
    for (unsigned wait = 0; !fate && wait < TURNS * 3; wait++) {
        nanosleep(&(struct timespec){ 0, 500000 }, NULL);
        fate = fate_of(pid);
    }
    if (!fate)
        fate = strike(pid);
    if (fate == SIGSTOP) {
        check(kill(pid, SIGCONT) == 0);
        nanosleep(&(struct timespec){ 0, 2000000 }, NULL);
    }
    finish(pid, fate);
    /* the server closes what belonged to the victim */
    while (count_descriptors() != before && try_again(&patience))
        continue;
    /* and serves the next client */
    check(traffic_open(&traffic, survivor->context, survivor->uri, round.pump, 20000) == 0);
    while (traffic.answered < 5)
        check(traffic_turn(&traffic, true) && !traffic.late);
    traffic_drain(&traffic);
    traffic_close(&traffic);
    while (count_descriptors() != before && try_again(&patience))
        continue;
}

/* ---- All rounds ---- */

/* Listens once at the victim's address, which removes the names that a killed server left. */
static void sweep(const struct kind *kind)
{
    struct survivor survivor;

    survivor_serve(&survivor, kind, "victim");
    survivor_close(&survivor);
}

static void run_rounds(unsigned first, unsigned rounds)
{
    struct survivor servers[KINDS];

    for (int i = 0; i < KINDS; i++)
        survivor_serve(&servers[i], &kinds[i], "server");
    for (unsigned number = first; number < first + rounds; number++) {
        choose_round(number);
        if (round.server)
            survive_server();
        else
            survive_client(&servers[number % KINDS]);
    }
    for (int i = 0; i < KINDS; i++) {
        survivor_close(&servers[i]);
        sweep(&kinds[i]);
    }
    check_no_names();
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 200;
    const char *factor = getenv("HPRPC_LONG");

    if (argc == 7)
        return victim_main(argv + 1);
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    if (!seed) {
        seed = (unsigned long long)time(NULL);
        rounds *= factor ? (unsigned)atoi(factor) : 1;
    }
    run_rounds(argc > 3 ? (unsigned)atoi(argv[3]) : 0, rounds);
    check(parts > rounds && relayed > rounds / 10);
    printf("%u rounds, seed %llu: all survived, with %u parts on %u streams\n", rounds, seed, parts, relayed);
    return 0;
}
