/*
 * Lives through simulated worlds, one for each seed: simulate [--seeds FIRST COUNT] [--trace]. The first seed that goes
 * wrong is named, and ends the program.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "simulation/cast.h"

enum { CLIENTS_MAX = 5, SECONDS_MAX = 60 };

static char hung[96];

/* No world takes this long: one that does turns round and round in the library. */
static void give_up(int signal)
{
    ssize_t r = write(STDERR_FILENO, hung, strlen(hung));

    (void)signal;
    (void)r;
    abort();
}

static void draw_limits(struct world *world)
{
    world->tight = world_chance(world, 300);
    world->max_depth = world_chance(world, 150) ? 1 + (uint32_t)world_random(world, 3) : 0;
}

static void live_through(uint64_t seed, FILE *trace)
{
    struct world *world = world_new(seed, trace);
    struct server server = { .lives = 1 };
    struct client clients[CLIENTS_MAX] = { 0 };
    struct actor worker = { .name = "worker" };
    char name[24];

    snprintf(hung, sizeof(hung), "seed %llu hangs\n", (unsigned long long)seed);
    alarm(SECONDS_MAX);
    draw_limits(world);
    world->server = &server;
    world->clients = 1 + (uint32_t)world_random(world, CLIENTS_MAX);
    world_add(world, &worker, "worker", work_off_deferred);
    world_add(world, &server.actor, "server", server_act);
    for (uint32_t i = 0, count = world->clients; i < count; i++) {
        snprintf(name, sizeof(name), "client %u", i + 1);
        world_add(world, &clients[i].actor, name, client_act);
    }
    world_run(world);
    calls_check(world);
    world_free(world);
    alarm(0);
}

static int explain_usage(void)
{
    fputs("usage: simulate [--seeds FIRST COUNT] [--trace]\n", stderr);
    return 2;
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
        } else {
            return explain_usage();
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGALRM, give_up);
    for (unsigned long long seed = first; seed - first < count; seed++) {
        if (trace)
            fprintf(trace, "seed %llu\n", seed);
        live_through(seed, trace);
    }
    printf("%llu worlds came to a good end\n", count);
    return 0;
}
