/* SPDX-License-Identifier: MIT */
/* Reads the command line of hprpc-bench. */
#include "bench/program/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hprpc/channel/transport.h>

#include "bench/paper/operations.h"

static const char help[] =
    "Usage: hprpc-bench [OPTION...] [URI...]\n"
    "Measures calls over transports, side by side, and beside the least C that moves the same bytes (the floor).\n"
    "Without URIs: tcp, unix, pipe and shm on this host. Lists are separated by commas; every combination is measured.\n"
    "\n"
    "What is called\n"
    "  -o, --operation=LIST    SayHello, Average, GetRandNums, SendRcvLargeData, Echo, Put (default: SayHello),\n"
    "                          and streams: Numbers, Pour, Crowd\n"
    "  -s, --size=LIST         numbers (Average, GetRandNums), members (SendRcvLargeData) or bytes (Echo, Put), as in\n"
    "                          100 or 64KiB; default: the sizes of the paper, or 1 MiB\n"
    "\n"
    "How\n"
    "  -d, --depth=LIST        calls in flight on each connection, 1 to 1024 (default: 1)\n"
    "  -c, --connections=LIST  connections (default: 1)\n"
    "  -t, --threads=LIST      threads that they are divided among, each with one at least (default: 1)\n"
    "      --shared            the threads share the connections instead, as in --connections=1 --threads=4\n"
    "      --idle=LIST         further connections that stay silent (default: 0)\n"
    "      --greedy=NUMBER     connections of other clients, each with 64 calls in flight (default: 0)\n"
    "      --bulk=NUMBER       connections of other clients, each with a body of 8 MB under way (default: 0)\n"
    "  -r, --rate=NUMBER       calls a second; latency then counts from when a call was due\n"
    "  -w, --wait=LIST         adaptive, spin, block (default: all three)\n"
    "  -p, --placement=LIST    split-core, same-core, unpinned (default: split-core)\n"
    "      --connect           the URIs are of servers that run already (paper-server)\n"
    "      --no-floor          without the floors\n"
    "\n"
    "How long\n"
    "  -n, --rounds=NUMBER     rounds, 1 to 101 (default: 7)\n"
    "  -T, --time=NUMBER       milliseconds of each round of each subject (default: 100); unpinned, in five parts\n"
    "  -N, --calls=NUMBER      at most so many calls in each round\n"
    "\n"
    "Whole programmes\n"
    "      --goals             every goal of the project: ratio, goal, aim, met or short\n"
    "      --peers[=FOLDER]    beside other frameworks (see make bench-peers)\n"
    "      --paper             the paper's experiment: the total time of 1,000 calls\n"
    "      --scaling           how cost grows with the size of bodies, calls in flight, clients, and threads on one client;\n"
    "                          with --size, --depth, --connections or --threads at these points\n"
    "      --engines           the engines of a server's TCP connections, beside a raw epoll loop; with --connections, --depth\n"
    "                          or --size at these points (14 bytes are SayHello)\n"
    "      --system-calls      system calls per call, of each side\n"
    "      --list              the floors and peers there are\n"
    "\n"
    "Results\n"
    "  -j, --json=FILE         as JSON too, with the machine described; '-' is standard output, and tables then go to\n"
    "                          standard error\n"
    "      --csv=FILE          as CSV too\n"
    "  -q, --quiet             no progress bar\n"
    "  -h, --help\n";

enum {
    OPTION_IDLE = 256,
    OPTION_CONNECT,
    OPTION_NO_FLOOR,
    OPTION_GOALS,
    OPTION_PEERS,
    OPTION_PAPER,
    OPTION_LIST,
    OPTION_CALLS,
    OPTION_SCALING,
    OPTION_ENGINES,
    OPTION_SHARED,
    OPTION_GREEDY,
    OPTION_BULK,
    OPTION_CSV
};

static const struct option long_options[] = {
    { "operation", required_argument, NULL, 'o' },
    { "size", required_argument, NULL, 's' },
    { "depth", required_argument, NULL, 'd' },
    { "connections", required_argument, NULL, 'c' },
    { "threads", required_argument, NULL, 't' },
    { "idle", required_argument, NULL, OPTION_IDLE },
    { "rate", required_argument, NULL, 'r' },
    { "wait", required_argument, NULL, 'w' },
    { "placement", required_argument, NULL, 'p' },
    { "connect", no_argument, NULL, OPTION_CONNECT },
    { "no-floor", no_argument, NULL, OPTION_NO_FLOOR },
    { "rounds", required_argument, NULL, 'n' },
    { "time", required_argument, NULL, 'T' },
    { "calls", required_argument, NULL, 'N' },
    { "goals", no_argument, NULL, OPTION_GOALS },
    { "peers", optional_argument, NULL, OPTION_PEERS },
    { "paper", no_argument, NULL, OPTION_PAPER },
    { "scaling", no_argument, NULL, OPTION_SCALING },
    { "engines", no_argument, NULL, OPTION_ENGINES },
    { "greedy", required_argument, NULL, OPTION_GREEDY },
    { "bulk", required_argument, NULL, OPTION_BULK },
    { "shared", no_argument, NULL, OPTION_SHARED },
    { "list", no_argument, NULL, OPTION_LIST },
    { "system-calls", no_argument, NULL, OPTION_CALLS },
    { "json", required_argument, NULL, 'j' },
    { "csv", required_argument, NULL, OPTION_CSV },
    { "quiet", no_argument, NULL, 'q' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static void refuse(const char *what, const char *text)
{
    fprintf(stderr, "hprpc-bench: %s: %s (see --help)\n", what, text);
    exit(2);
}

/* Parses a number with an optional unit of bytes. */
static uint64_t number(const char *option, const char *text, uint64_t least, uint64_t most)
{
    static const struct {
        const char *name;
        uint64_t factor;
    } units[] = { { "", 1 }, { "B", 1 }, { "K", 1024 }, { "KiB", 1024 }, { "M", 1 << 20 }, { "MiB", 1 << 20 } };
    char *end;
    uint64_t value = strtoull(text, &end, 10);

    for (size_t i = 0; end != text && text[0] != '-' && i < sizeof(units) / sizeof(*units); i++) {
        if (strcmp(end, units[i].name) == 0 && value <= most / units[i].factor && value * units[i].factor >= least)
            return value * units[i].factor;
    }
    refuse(option, text);
    return 0;
}

static bool parse_wait(const char *text, uint32_t *ret_value)
{
    static const char *const names[] = {
        [HPRPC_WAIT_ADAPTIVE] = "adaptive",
        [HPRPC_WAIT_SPIN] = "spin",
        [HPRPC_WAIT_BLOCK] = "block",
    };

    for (uint32_t i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_value = i;
            return true;
        }
    }
    return false;
}

static bool parse_placement(const char *text, uint32_t *ret_value)
{
    enum bench_placement placement;

    if (!bench_placement_parse(text, &placement))
        return false;
    *ret_value = (uint32_t)placement;
    return true;
}

static bool parse_operation(const char *text, uint32_t *ret_value)
{
    enum bench_operation operation;

    if (!bench_operation_parse(text, &operation))
        return false;
    *ret_value = (uint32_t)operation;
    return true;
}

/* Splits a list at commas. An item is a word that `parse` knows, or a number if `parse` is NULL. */
static void read_list(const char *option, char *text, struct list *list, bool (*parse)(const char *, uint32_t *),
                      uint64_t least, uint64_t most)
{
    char *rest = NULL;

    list->count = 0;
    for (char *item = strtok_r(text, ",", &rest); item; item = strtok_r(NULL, ",", &rest)) {
        if (list->count == OPTIONS_LIST_MAX)
            refuse(option, "too many values");
        if (!parse)
            list->values[list->count] = (uint32_t)number(option, item, least, most);
        else if (!parse(item, &list->values[list->count]))
            refuse(option, item);
        list->count++;
    }
    if (!list->count)
        refuse(option, "no value");
}

static void apply(struct bench_options *options, int option, char *value)
{
    switch (option) {
    case 'o':
        read_list("--operation", value, &options->operations, parse_operation, 0, 0);
        break;
    case 's':
        read_list("--size", value, &options->sizes, NULL, 0, 64 << 20);
        break;
    case 'd':
        read_list("--depth", value, &options->depths, NULL, 1, 1024);
        break;
    case 'c':
        read_list("--connections", value, &options->connections, NULL, 1, 100000);
        break;
    case 't':
        read_list("--threads", value, &options->threads, NULL, 1, 256);
        break;
    case OPTION_IDLE:
        read_list("--idle", value, &options->idle, NULL, 0, 100000);
        break;
    case 'w':
        read_list("--wait", value, &options->waits, parse_wait, 0, 0);
        break;
    case 'p':
        read_list("--placement", value, &options->placements, parse_placement, 0, 0);
        break;
    case 'r':
        options->rate = number("--rate", value, 1, 100000000);
        break;
    case 'n':
        options->plan.rounds = (uint32_t)number("--rounds", value, 1, BENCH_ROUNDS_MAX);
        break;
    case 'T':
        options->plan.run_ns = number("--time", value, 1, 3600000) * 1000000u;
        break;
    case 'N':
        options->plan.run_calls = number("--calls", value, 1, UINT32_MAX);
        break;
    case OPTION_CONNECT:
        options->connect = true;
        break;
    case OPTION_NO_FLOOR:
        options->floors = false;
        break;
    case OPTION_GOALS:
        options->task = BENCH_TASK_GOALS;
        break;
    case OPTION_PEERS:
        if (options->task == BENCH_TASK_COMPARE)
            options->task = BENCH_TASK_PEERS;
        if (value)
            options->peers = value;
        break;
    case OPTION_PAPER:
        options->task = BENCH_TASK_PAPER;
        break;
    case OPTION_CALLS:
        options->task = BENCH_TASK_CALLS;
        break;
    case OPTION_SCALING:
        options->task = BENCH_TASK_SCALING;
        break;
    case OPTION_ENGINES:
        options->task = BENCH_TASK_ENGINES;
        break;
    case OPTION_GREEDY:
        options->greedy = (uint32_t)number("--greedy", value, 0, 1000);
        break;
    case OPTION_BULK:
        options->bulk = (uint32_t)number("--bulk", value, 0, 100);
        break;
    case OPTION_SHARED:
        options->shared = true;
        break;
    case OPTION_LIST:
        options->task = BENCH_TASK_LIST;
        break;
    case 'j':
        options->json = value;
        break;
    case OPTION_CSV:
        options->csv = value;
        break;
    case 'q':
        options->quiet = true;
        break;
    case 'h':
        fputs(help, stdout);
        exit(fflush(stdout) == EOF);
    default:
        fputs("hprpc-bench: see --help\n", stderr);
        exit(2);
    }
}

/* The folder of the peers' programs, which are built beside this program. */
static const char *default_peers(void)
{
    static char folder[512];
    ssize_t size = readlink("/proc/self/exe", folder, sizeof(folder) - sizeof("/peers"));

    if (size < 0)
        return "peers";
    folder[size] = '\0';
    *strrchr(folder, '/') = '\0';
    strcat(folder, "/peers");
    return folder;
}

/* Uses 1 if the user gave no value. */
static void use_one(struct list *list)
{
    if (!list->count)
        *list = (struct list){ { 1 }, 1 };
}

/* Checks that every operation has every size. */
static void check_sizes(const struct bench_options *options)
{
    struct bench_workload workload = BENCH_WORKLOAD_INIT;
    char name[64];

    for (uint32_t i = 0; i < options->operations.count * options->sizes.count; i++) {
        workload.operation = (enum bench_operation)options->operations.values[i / options->sizes.count];
        workload.size = options->sizes.values[i % options->sizes.count];
        bench_workload_name(&workload, name, sizeof(name));
        if (!paper_operation_find(&workload))
            refuse("--size", workload.operation == BENCH_LARGE_DATA
                                 ? "SendRcvLargeData has 128, 256, 512, 1024, 2048, 4096 or 8192 members"
                                 : name);
    }
}

void bench_options_parse(struct bench_options *options, int argc, char **argv)
{
    int option;

    *options = (struct bench_options){
        .floors = true,
        .operations = { { BENCH_SAY_HELLO }, 1 },
        .idle = { { 0 }, 1 },
        .waits = { { HPRPC_WAIT_ADAPTIVE, HPRPC_WAIT_SPIN, HPRPC_WAIT_BLOCK }, 3 },
        .placements = { { BENCH_SPLIT_CORE }, 1 },
        .plan = { .rounds = 7, .run_ns = 100000000u },
        .peers = default_peers(),
    };
    while ((option = getopt_long(argc, argv, "o:s:d:c:t:r:w:p:n:T:N:j:qh", long_options, NULL)) != -1)
        apply(options, option, optarg);
    for (; optind < argc; optind++) {
        if (options->uri_count == OPTIONS_LIST_MAX)
            refuse(argv[optind], "too many URIs");
        options->uris[options->uri_count++] = argv[optind];
    }
    if (options->task != BENCH_TASK_SCALING && options->task != BENCH_TASK_ENGINES) {
        use_one(&options->depths);
        use_one(&options->connections);
        use_one(&options->threads);
    }
    if (options->shared && (options->depths.count > 1 || options->depths.values[0] > 1))
        refuse("--shared", "threads share connections only for one call at a time each (--depth=1)");
    if (options->rate && (options->depths.count > 1 || options->depths.values[0] > 1))
        refuse("--rate", "calls at a fixed rate go one by one on each connection; use more connections");
    if (options->connect && !options->uri_count)
        refuse("--connect", "needs a URI");
    if (options->json && options->csv && strcmp(options->json, "-") == 0 && strcmp(options->csv, "-") == 0)
        refuse("--csv", "standard output is taken by --json");
    if (options->task != BENCH_TASK_ENGINES)
        check_sizes(options);
}
