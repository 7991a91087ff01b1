/* SPDX-License-Identifier: MIT */
/*
 * Hundreds of clients of a server that is started again and again: soak TRANSPORT SECONDS [SEED]. Each client calls with bodies of
 * all sizes, cancels, gives up, leaves and comes back; half of them reconnect by themselves. Every answer is what was asked for, every
 * failure is one that an end of the server, a deadline or a cancellation explains, and at the end no memory, descriptor or name is left. SEED
 * 0 is a seed of this moment.
 */
#include "soak/soak.h"

#include <dirent.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS = 6,
    CLIENTS = 50, /* of each thread */
    LARGEST = 1 << 20,
};

static const struct {
    const char *name, *uri; /* %d: this process */
} transports[] = {
    { "tcp", "tcp://127.0.0.1:0" },
    { "uring", "tcp://127.0.0.1:0?engine=uring" },
    { "unix", "unix://soak-%d" },
    { "pipe", "pipe://soak-%d" },
    { "shm", "shm://soak-%d?ring=64KiB&slots=16" },
    { "sealed", "shm://soak-%d?ring=64KiB&slots=16&trust=none" },
    { "local", "local://soak-%d" },
};

static unsigned transport;
static uint64_t seed;
static struct hprpc_context *context;
static struct soak_server server;
static atomic_bool over;
static uint8_t bytes[LARGEST + 256]; /* that are echoed; written before the first call */

void soak_fail(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "soak %s, seed %llu: ", transports[transport].name, (unsigned long long)seed);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

/* ---- A client ---- */

struct guest {
    struct hprpc_client *client; /* NULL while it is away */
    struct soak_target_proxy proxy;
    bool reconnects;
};

struct player {
    struct random random;
    struct guest guests[CLIENTS];
    uint64_t calls, successes;
    pthread_t thread;
};

/* Whether the end of a server, a full one, or the call's own deadline explains the code. */
static bool is_explained(int r, bool hurries)
{
    switch (r) {
    case 0:
    case HPRPC_ENOTSENT:
    case HPRPC_EMAYBE:
    case HPRPC_EPEERDIED:
    case HPRPC_EREFUSED:
    case HPRPC_EADDRESS:
    case HPRPC_EBUSY:
    case HPRPC_ECLOSED:
        return true;
    default:
        return hurries && (r == HPRPC_EDEADLINE || r == HPRPC_ECANCELLED);
    }
}

static void expect(const char *what, int r, bool hurries, const char *detail)
{
    if (!is_explained(r, hurries))
        soak_fail("%s: %s (%s)", what, hprpc_error_name(r), detail ? detail : "");
}

static void come(struct player *player, struct guest *guest)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    int r;

    guest->reconnects = random_chance(&player->random, 500);
    options.pump = random_chance(&player->random, 50) ? HPRPC_PUMP_THREAD : HPRPC_PUMP_CALLER;
    options.reconnect = guest->reconnects;
    if (guest->reconnects)
        r = hprpc_client_open(context, server.uri, &options, &detail, &guest->client);
    else
        r = hprpc_client_connect(context, server.uri, &options, &detail, &guest->client);
    expect("connecting", r, false, detail.text);
    if (r < 0) {
        guest->client = NULL;
        return;
    }
    r = soak_target_bind(guest->client, &detail, &guest->proxy);
    expect("binding", r, false, detail.text);
    if (r < 0) {
        hprpc_client_free(guest->client);
        guest->client = NULL;
    }
}

static void leave(struct guest *guest)
{
    hprpc_client_free(guest->client);
    guest->client = NULL;
}

/* ---- The calls ---- */

/* Most bodies are small, some are large. */
static uint32_t some_size(struct random *random)
{
    static const uint32_t limits[] = { 40, 40, 40, 300, 5000, 5000, 70000, LARGEST };

    return (uint32_t)random_below(random, limits[random_below(random, sizeof(limits) / sizeof(limits[0]))]);
}

static bool is_right(struct kodosis_bytes data, uint32_t first, size_t size)
{
    if (data.size != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (data.data[i] != soak_byte(first, i))
            return false;
    return true;
}

static int call_echo(struct player *player, struct guest *guest, struct hprpc_call *call)
{
    uint32_t size = some_size(&player->random), first = (uint32_t)random_below(&player->random, 256);
    struct kodosis_bytes reply;
    int r = soak_target_echo(&guest->proxy, call, (struct kodosis_bytes){ bytes + first, size }, &reply);

    if (r == 0 && (reply.size != size || memcmp(reply.data, bytes + first, size) != 0))
        soak_fail("an echo of %lu bytes is wrong", (unsigned long)size);
    return r;
}

static int call_fill(struct player *player, struct guest *guest, struct hprpc_call *call)
{
    uint32_t size = some_size(&player->random), first = (uint32_t)random_next(&player->random);
    struct kodosis_bytes reply;
    int r = soak_target_fill(&guest->proxy, call, first, size, &reply);

    if (r == 0 && !is_right(reply, first, size))
        soak_fail("a fill of %lu bytes is wrong", (unsigned long)size);
    return r;
}

/* Posts calls, and cancels some of them. */
static int call_several(struct player *player, struct guest *guest)
{
    enum { SEVERAL = 8 };
    struct hprpc_call calls[SEVERAL];
    struct kodosis_bytes reply;
    uint32_t first = (uint32_t)random_next(&player->random);
    int r = 0, started;

    for (started = 0; started < SEVERAL && r == 0; started++) {
        calls[started] = (struct hprpc_call)HPRPC_CALL_INIT;
        r = soak_target_fill_start(&guest->proxy, &calls[started], first, (uint32_t)started * 700);
        expect("starting a call", r, false, calls[started].detail);
    }
    for (int i = 0; i < started; i++) {
        bool cancels = random_chance(&player->random, 200);

        if (calls[i].pending && cancels)
            hprpc_pending_call_cancel(calls[i].pending);
        if (calls[i].pending && !random_chance(&player->random, 100)) {
            r = soak_target_fill_finish(&calls[i], &reply);
            expect("a posted call", r, cancels, calls[i].detail);
            if (r == 0 && !is_right(reply, first, (size_t)i * 700))
                soak_fail("a posted fill is wrong");
        }
        hprpc_call_clear(&calls[i]);
    }
    return r;
}

static int call_late(struct guest *guest, struct hprpc_call *call)
{
    call->timeout_ms = 1;
    return soak_target_linger(&guest->proxy, call, 20);
}

/* One call of some kind. Clients that reconnect wait for the server, so their calls fail only if they were sent. */
static void play(struct player *player, struct guest *guest)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    uint64_t kind = random_below(&player->random, 100);
    bool hurries = false;
    int r;

    if (kind < 40) {
        r = call_echo(player, guest, &call);
    } else if (kind < 75) {
        r = call_fill(player, guest, &call);
    } else if (kind < 85) {
        r = call_several(player, guest);
        hurries = true;
    } else if (kind < 90) {
        r = call_late(guest, &call);
        hurries = true;
    } else {
        r = soak_target_note(&guest->proxy, &call, (struct kodosis_bytes){ (const uint8_t *)"note", 4 });
    }
    expect("a call", r, hurries, call.detail);
    player->calls++;
    player->successes += r == 0;
    hprpc_call_clear(&call);
    if (r < 0 && !hurries && !guest->reconnects)
        leave(guest);
}

static void *play_all(void *argument)
{
    struct player *player = argument;

    while (!atomic_load(&over)) {
        struct guest *guest = &player->guests[random_below(&player->random, CLIENTS)];

        if (!guest->client)
            come(player, guest);
        else if (random_chance(&player->random, 10))
            leave(guest);
        else
            play(player, guest);
    }
    for (int i = 0; i < CLIENTS; i++)
        leave(&player->guests[i]);
    return NULL;
}

/* ---- What is left ---- */

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
    snprintf(prefix, sizeof(prefix), "soak-%d", (int)getpid());
    directory = opendir(path);
    while (directory && (entry = readdir(directory)))
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            soak_fail("%s/%s was left", path, entry->d_name);
    if (directory)
        closedir(directory);
}

/* ---- The whole ---- */

/* Each client has some descriptors, and so has its connection on the server's side. */
static void allow_descriptors(void)
{
    struct rlimit limit;

    check(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    check(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void soak(unsigned seconds)
{
    static struct player players[THREADS];
    uint64_t calls = 0, successes = 0;
    char uri[200];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = soak_byte(0, i);
    snprintf(uri, sizeof(uri), transports[transport].uri, (int)getpid());
    soak_server_start(&server, context, uri, seed);
    for (unsigned i = 0; i < THREADS; i++) {
        players[i].random.state = seed * THREADS + i;
        check(pthread_create(&players[i].thread, NULL, play_all, &players[i]) == 0);
    }
    for (unsigned i = 0; i < seconds; i++)
        soak_sleep_ms(1000);
    atomic_store(&over, true);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(players[i].thread, NULL);
        calls += players[i].calls;
        successes += players[i].successes;
    }
    soak_server_end(&server);
    printf("%llu calls, %llu of them answered, by %d clients of %u servers\n", (unsigned long long)calls,
           (unsigned long long)successes, THREADS * CLIENTS, server.lives);
    check(successes > 0);
}

int main(int argc, char **argv)
{
    enum { COUNT = sizeof(transports) / sizeof(transports[0]) };
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    static struct memory memory;
    int descriptors;

    while (transport < COUNT && argc > 1 && strcmp(argv[1], transports[transport].name) != 0)
        transport++;
    if (argc < 3 || transport == COUNT) {
        fprintf(stderr, "usage: soak tcp|uring|unix|pipe|shm|sealed|local SECONDS [SEED]\n");
        return 2;
    }
    seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    if (!seed)
        seed = (uint64_t)time(NULL);
    allow_descriptors();
    descriptors = count_descriptors();
    memory_init(&memory);
    options.allocator = memory_allocator(&memory);
    check(hprpc_context_new(&options, &context) == 0);
    soak((unsigned)atoi(argv[2]));
    hprpc_context_free(context);
    check(atomic_load(&memory.pieces) == 0 && atomic_load(&memory.bytes) == 0);
    check(count_descriptors() == descriptors);
    check_names("/dev/shm/hprpc-%u");
    check_names("/run/user/%u/hprpc-%u");
    return 0;
}
