/* SPDX-License-Identifier: MIT */
/*
 * Threads on one client and one server: torture TRANSPORT [ROUNDS [SEED [FIRST]]]. A round has a pump, a wait and an end; the
 * actions of its threads, and the moment of the end, are random. Each call ends once and is told once, no call runs twice,
 * replies are right, and memory, descriptors and names are afterwards as before. With SEED 0 the rounds are new ones each time,
 * and HPRPC_LONG times as many.
 */
#include "torture/torture.h"

#include <dirent.h>
#include <poll.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name, *uri; /* %d stands for this process, %s for the wait */
} transports[] = {
    { "tcp", "tcp://127.0.0.1:0?wait=%2$s" },
    { "uring", "tcp://127.0.0.1:0?wait=%2$s&engine=uring" },
    { "unix", "unix://torture-%1$d?wait=%2$s" },
    { "pipe", "pipe://torture-%1$d?wait=%2$s" },
    { "shm", "shm://torture-%1$d?wait=%2$s" },
    { "sealed", "shm://torture-%1$d?wait=%2$s&trust=none&ring=64KiB&slots=16" },
    { "local", "local://torture-%1$d?wait=%2$s" },
};

enum { TRANSPORTS = sizeof(transports) / sizeof(transports[0]) };

static struct game game;
static struct player players[PLAYERS];
static unsigned long long seed;
static unsigned transport;

void torture_fail(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "torture %s 1 %llu %u (pump %d, %s, end %d): ", transports[transport].name, seed, game.number,
            (int)game.pump, game.wait, (int)game.end);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

/* ---- Both sides ---- */

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

static void arrived(void *self, struct hprpc_controller *controller)
{
    (void)self;
    (void)controller;
    atomic_fetch_add(&game.arrivals, 1);
}

static void departed(void *self, struct hprpc_controller *controller, int code, const char *reason)
{
    (void)self;
    (void)controller;
    check(code <= 0 && reason);
    atomic_fetch_add(&game.departures, 1);
}

static void *serve(void *server)
{
    check(hprpc_server_run(server) == 0);
    return NULL;
}

static void open_server(pthread_t *ret_thread)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };

    options.loops = 1 + game.number % 2;
    options.workers = 3;
    options.max_calls = 12;
    options.max_message = BODY_MAX + 100;
    options.connected = arrived;
    options.disconnected = departed;
    check(hprpc_server_new(game.context, &options, &game.server) == 0);
    check(torture_target_add(game.server, &target_service, &game.target) == 0);
    snprintf(game.uri, sizeof(game.uri), transports[transport].uri, (int)getpid(), game.wait);
    if (hprpc_server_listen(game.server, game.uri, &detail) < 0)
        torture_fail("%s", detail.text);
    check(hprpc_server_address(game.server, 0, game.uri, sizeof(game.uri)) == 0);
    strcat(game.uri, strchr(game.uri, '?') ? "&wait=" : "?wait=");
    strcat(game.uri, game.wait);
    check(pthread_create(ret_thread, NULL, serve, game.server) == 0);
}

static void open_client(void)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };

    options.pump = game.pump;
    options.max_message = BODY_MAX + 100;
    if (hprpc_client_connect(game.context, game.uri, &options, &detail, &game.client) < 0)
        torture_fail("connecting to %s: %s", game.uri, detail.text);
    check(torture_target_serve(hprpc_client_controller(game.client), &target_service, &game.target) == 0);
    check(torture_target_bind(game.client, NULL, &game.proxy) == 0);
}

/* The thread that drives a client with HPRPC_PUMP_LOOP goes on while `drives` is true. It sleeps at most 5 ms. */
static atomic_bool drives;

static void *drive(void *argument)
{
    struct pollfd poll_fd = { hprpc_client_descriptor(game.client), POLLIN, 0 };

    (void)argument;
    while (atomic_load(&drives)) {
        int timeout_ms = hprpc_client_timeout(game.client);

        poll(&poll_fd, 1, timeout_ms < 0 || timeout_ms > 5 ? 5 : timeout_ms);
        if (hprpc_client_process(game.client) < 0)
            check(atomic_load(&game.ending));
    }
    return NULL;
}

/* ---- A round ---- */

static void start_players(void)
{
    for (unsigned i = 0; i < PLAYERS; i++) {
        struct player *player = &players[i];

        memset(player, 0, sizeof(*player));
        player->game = &game;
        player->index = i;
        player->random.state = seed * 1000003u + game.number * 1009u + i * 17u + transport;
        player->body = calloc(1, BODY_MAX * 2);
        check(player->body);
        for (unsigned nth = 0; nth < CALLS; nth++)
            player->outcome[nth] = NOT_KNOWN;
    }
    for (unsigned i = 0; i < PLAYERS; i++)
        check(pthread_create(&players[i].thread, NULL, play, &players[i]) == 0);
}

/* Ends the connection in the middle of the play, at a random number of actions. */
static void bring_the_end(void)
{
    struct random random = { seed + game.number };
    unsigned moment = (unsigned)random_below(&random, PLAYERS * ACTIONS);
    struct patience patience = patience_begin();

    while (atomic_load(&game.actions) < moment && try_again(&patience))
        continue;
    atomic_store(&game.ending, true);
    if (game.end == END_SERVER)
        hprpc_server_stop(game.server);
    else
        hprpc_client_close(game.client);
}

/* Waits until all that is under way has ended, while the connection lives. */
static void settle(void)
{
    struct patience patience = patience_begin();

    while ((atomic_load(&game.alone) || atomic_load(&game.target.noted) < atomic_load(&game.notes)) &&
           try_again(&patience))
        check(torture_target_poke(&game.proxy, NULL) == 0);
    check(atomic_load(&game.target.noted) == atomic_load(&game.notes));
    for (unsigned i = 0; i < PLAYERS; i++)
        for (unsigned j = 0; j < HELD; j++) {
            struct posted *held = players[i].held[j];

            if (held)
                check(hprpc_pending_call_wait(held->call.pending, HPRPC_NO_TIMEOUT) == 0);
        }
    atomic_store(&game.ending, true);
}

static void check_player(struct player *player)
{
    for (unsigned nth = 0; nth < player->calls; nth++) {
        unsigned times = times_run(&game.target, number_of(player->index, nth));
        int r = player->outcome[nth];

        check(r != 0 || times == 1);
        /* these codes say that the call did not run */
        if ((r == HPRPC_ENOTSENT || r == HPRPC_EBUSY || r == HPRPC_ETOOBIG) && times)
            torture_fail("call %u of player %u came to %s, and ran", nth, player->index, hprpc_error_name(r));
    }
    while (player->all) {
        struct posted *posted = player->all;

        check(atomic_load(&posted->ends) == 1);
        player->all = posted->next;
        free(posted);
    }
    free(player->body);
}

static void close_all(pthread_t server)
{
    struct posted *gift = atomic_load(&game.gift);

    hprpc_client_free(game.client);
    check(atomic_load(&game.alone) == 0);
    hprpc_server_stop(game.server);
    pthread_join(server, NULL);
    hprpc_server_free(game.server);
    check(atomic_load(&game.arrivals) == atomic_load(&game.departures));
    if (gift)
        hprpc_call_clear(&gift->call);
    /* a player may hold a call that another player posted */
    for (unsigned i = 0; i < PLAYERS; i++)
        call_release(&players[i]);
    for (unsigned i = 0; i < PLAYERS; i++)
        check_player(&players[i]);
    target_clear(&game.target);
    hprpc_context_free(game.context);
    pthread_mutex_destroy(&game.board);
    check(atomic_load(&game.memory.pieces) == 0 && atomic_load(&game.memory.bytes) == 0);
}

static void run_round(unsigned number)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    int descriptors = count_descriptors();
    pthread_t server, driver;

    memset(&game, 0, sizeof(game));
    game.number = number;
    game.pump = (enum hprpc_pump)(number % 3);
    game.end = (enum end)(number / 3 % ENDS);
    game.wait = number % 2 ? "adaptive" : "block";
    pthread_mutex_init(&game.board, NULL);
    memory_init(&game.memory);
    options.allocator = memory_allocator(&game.memory);
    check(hprpc_context_new(&options, &game.context) == 0);
    target_init(&game.target);
    open_server(&server);
    open_client();
    atomic_store(&drives, true);
    if (game.pump == HPRPC_PUMP_LOOP)
        check(pthread_create(&driver, NULL, drive, NULL) == 0);
    start_players();
    if (game.end != END_QUIET)
        bring_the_end();
    for (unsigned i = 0; i < PLAYERS; i++)
        pthread_join(players[i].thread, NULL);
    if (game.end == END_QUIET)
        settle();
    atomic_store(&drives, false);
    if (game.pump == HPRPC_PUMP_LOOP)
        pthread_join(driver, NULL);
    close_all(server);
    check(count_descriptors() == descriptors);
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 18, first = argc > 4 ? (unsigned)atoi(argv[4]) : 0;
    const char *factor = getenv("HPRPC_LONG");

    while (transport < TRANSPORTS && argc > 1 && strcmp(argv[1], transports[transport].name) != 0)
        transport++;
    if (argc < 2 || transport == TRANSPORTS) {
        fprintf(stderr, "usage: torture tcp|uring|unix|pipe|shm|sealed|local [ROUNDS [SEED [FIRST]]]\n");
        return 2;
    }
    seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    if (!seed) {
        seed = (unsigned long long)time(NULL);
        rounds *= factor ? (unsigned)atoi(factor) : 1;
    }
    for (unsigned i = first; i < first + rounds; i++)
        run_round(i);
    printf("%u rounds, seed %llu\n", rounds, seed);
    return 0;
}
