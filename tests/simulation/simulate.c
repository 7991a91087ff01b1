/* SPDX-License-Identifier: MIT */
/*
 * Runs simulated worlds, one for each seed: simulate [--seeds FIRST COUNT] [--trace]. At the first seed that fails, the program
 * names it and ends.
 */
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "simulation/cast.h"
#include "simulation/sanitizers.h"
#include "simulation/talk.h"

enum { CLIENTS_MAX = 5, SECONDS_MAX = 60 };

/* What die() and give_up() print: both name the seed that runs. */
static char crashed[96], hung[96];

static void say(const char *text)
{
    ssize_t r = write(STDERR_FILENO, text, strlen(text));

    (void)r;
}

#ifdef HAS_SANITIZER
/* Called by the sanitizers before they end the program. */
static void die(void)
{
    say(crashed);
}
#endif

/* Handles a signal. SIGALRM means that a world took SECONDS_MAX: the library loops in it for ever. */
static void give_up(int number)
{
    say(number == SIGALRM ? hung : crashed);
    signal(number == SIGALRM ? SIGABRT : number, SIG_DFL);
    raise(number == SIGALRM ? SIGABRT : number);
}

/* Handlers run on a stack of their own, because the stack may be what is broken. */
static void catch_crashes(void)
{
    static const int numbers[] = { SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
    static char memory[64 * 1024];
    stack_t stack = { .ss_sp = memory, .ss_size = sizeof(memory) };
    struct sigaction action = { .sa_handler = give_up, .sa_flags = SA_ONSTACK };

    sigaltstack(&stack, NULL);
#ifdef HAS_SANITIZER
    __sanitizer_set_death_callback(die);
    sigaction(SIGALRM, &action, NULL);
    (void)numbers;
#else
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaction(numbers[i], &action, NULL);
#endif
}

static unsigned count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;

    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

static void live_through(uint64_t seed, FILE *trace)
{
    struct world *world = world_new(seed, trace);
    struct server server = { .server = NULL };
    struct client clients[CLIENTS_MAX] = { 0 };
    struct stranger stranger = { .says_hello = false };
    struct actor worker = { .name = "worker" }, stopper = { .name = "stopper" };
    char name[24];

    world->descriptors = count_descriptors();
    snprintf(hung, sizeof(hung), "seed %llu hangs\n", (unsigned long long)seed);
    snprintf(crashed, sizeof(crashed), "seed %llu crashes\n", (unsigned long long)seed);
    alarm(SECONDS_MAX);
    world->server = &server;
    world->clients = 1 + (uint32_t)world_random(world, CLIENTS_MAX);
    if (world_chance(world, 200)) {
        server.stop_ms = 1 + (uint32_t)world_random(world, 100);
        server.actor.runs = true;
        world_add(world, &stopper, "stopper", stopper_act);
    }
    world_add(world, &worker, "worker", work_off_deferred);
    world_add(world, &server.actor, "server", server_act);
    for (uint32_t i = 0, count = world->clients; i < count; i++) {
        snprintf(name, sizeof(name), "client %u", i + 1);
        world_add(world, &clients[i].actor, name, client_act);
    }
    if (world_chance(world, 100)) {
        stranger.says_hello = world->rules.keepalive_ms && world_chance(world, 500);
        world->clients++;
        world_add(world, &stranger.actor, "stranger", stranger_act);
    }
    world_run(world);
    calls_check(world);
    talks_check(world);
    world_check(world, count_descriptors() == world->descriptors, "descriptors are left over");
    world_free(world);
    alarm(0);
}

static int explain_usage(FILE *file, int status)
{
    fputs("Usage: simulate [--seeds FIRST COUNT] [--trace]\n"
          "Lives through worlds of clients, servers and faults, one for each seed (1 to 100 if left out).\n",
          file);
    return fflush(file) == EOF ? 1 : status;
}

int main(int argc, char **argv)
{
    unsigned long long first = 1, count = 100;
    FILE *trace = NULL;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--trace") == 0) {
            trace = stdout;
        } else if (strcmp(argv[i], "--seeds") == 0 && i + 2 < argc) {
            first = strtoull(argv[++i], NULL, 10);
            count = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return explain_usage(stdout, 0);
        } else {
            fprintf(stderr, "simulate: what is %s?\n", argv[i]);
            return explain_usage(stderr, 2);
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    catch_crashes();
    for (unsigned long long seed = first; seed - first < count; seed++) {
        if (trace)
            fprintf(trace, "seed %llu\n", seed);
        live_through(seed, trace);
    }
    printf("%llu worlds came to a good end\n", count);
    return 0;
}
