/* SPDX-License-Identifier: MIT */
/* Whatever a process is allowed, HPRPC says what it lacks, with a sentence, and no signal ends the process. */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hprpc/hprpc.h>

#include "target.h"

enum { NOBODY = 65534, KIB = 1024, URI = 128, CALLED = 7 };

struct limit {
    const char *name;
    int resource;
    rlim_t value;
};

static const struct limit limits[] = {
    { "threads", RLIMIT_NPROC, 0 },
    { "locked memory", RLIMIT_MEMLOCK, 0 },
    { "file size", RLIMIT_FSIZE, 0 },
    { "file size", RLIMIT_FSIZE, 64 * KIB },
    { "file size", RLIMIT_FSIZE, 10240 * KIB },
    { "address space", RLIMIT_AS, 6144 * KIB },
    { "address space", RLIMIT_AS, 8192 * KIB },
    { "address space", RLIMIT_AS, 12288 * KIB },
    { "address space", RLIMIT_AS, 24576 * KIB },
    { "descriptors", RLIMIT_NOFILE, 4 },
    { "descriptors", RLIMIT_NOFILE, 6 },
    { "descriptors", RLIMIT_NOFILE, 8 },
    { "descriptors", RLIMIT_NOFILE, 10 },
    { "descriptors", RLIMIT_NOFILE, 12 },
};

static int twice(void *self, struct hprpc_request *request, int32_t value)
{
    (void)self;
    return limited_target_twice_reply(request, 2 * value);
}

static const struct limited_target_service handlers = { twice };

/* Every user may come: the limit on threads does not hold for root. */
static void become_limited(const struct limit *limit)
{
    const struct rlimit rlimit = { limit->value, limit->value };

    if (getuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
        _exit(90);
    if (setrlimit(limit->resource, &rlimit) < 0)
        _exit(91);
}

/* ---- The two sides: an exit status of 0 where everything is as it should be ---- */

static int serve(struct hprpc_server **ret_server, const char *uri, uint32_t threads)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    int r;

    options.workers = threads;
    options.loops = threads;
    r = hprpc_server_new(NULL, &options, ret_server);
    if (r < 0)
        return r;
    r = limited_target_add(*ret_server, &handlers, NULL);
    if (r == 0)
        r = hprpc_server_listen(*ret_server, uri, &detail);
    if (r < 0 && !detail.text[0])
        _exit(92);
    return r;
}

/* A server that is limited: it may fail, and else runs until it is stopped. */
static int limited_server(const struct limit *limit, const char *uri)
{
    struct hprpc_server *server = NULL;
    int r;

    become_limited(limit);
    r = serve(&server, uri, 2);
    if (r == 0) {
        hprpc_server_stop(server);
        hprpc_server_run(server); /* may lack threads */
    }
    hprpc_server_free(server);
    return 0;
}

/* A client that is limited: it fails with a sentence, or calls. */
static int limited_client(const struct limit *limit, const char *uri, enum hprpc_pump pump)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct limited_target_proxy proxy;
    struct hprpc_detail detail = { "" };
    struct hprpc_client *client = NULL;
    int32_t value = 0;
    int r;

    become_limited(limit);
    options.pump = pump;
    r = hprpc_client_connect(NULL, uri, &options, &detail, &client);
    if (r < 0)
        return detail.text[0] && r != HPRPC_EDEADLINE ? 0 : 93;
    r = limited_target_bind(client, &detail, &proxy);
    if (r == 0)
        r = limited_target_twice(&proxy, &call, 21, &value);
    if (r == 0 ? value != 42 : r == HPRPC_EDEADLINE)
        return 94;
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    return r == 0 ? CALLED : 0;
}

/* ---- All of them ---- */

/* A server that is not limited, in a process of its own, which ends with this one; and where it listens. */
static pid_t start_server(const char *uri, char ret_uri[URI])
{
    struct hprpc_server *server;
    char address[URI] = "";
    int ends[2];
    pid_t child;

    if (pipe(ends) < 0 || (child = fork()) < 0)
        exit(2);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (serve(&server, uri, 0) < 0 || hprpc_server_address(server, 0, address, sizeof(address)) < 0 ||
            write(ends[1], address, sizeof(address)) != sizeof(address))
            _exit(1);
        close(ends[1]);
        hprpc_server_stop_on_signal(server, SIGTERM);
        hprpc_server_run(server);
        hprpc_server_free(server);
        _exit(0);
    }
    close(ends[1]);
    if (read(ends[0], ret_uri, URI) != URI) {
        fprintf(stderr, "no server at %s\n", uri);
        exit(1);
    }
    close(ends[0]);
    return child;
}

static int called; /* clients that had enough of everything */

static bool ends_well(pid_t child, const char *side, const struct limit *limit, const char *uri)
{
    int status;

    waitpid(child, &status, 0);
    called += WIFEXITED(status) && WEXITSTATUS(status) == CALLED;
    if (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CALLED))
        return true;
    fprintf(stderr, "%s at %s with a limit of %llu on %s: status %x\n", side, uri, (unsigned long long)limit->value,
            limit->name, (unsigned)status);
    return false;
}

static bool try_limits(const char *door, const char *other)
{
    bool well = true;
    int before = called;
    char uri[URI];
    pid_t server = start_server(door, uri), child;

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        for (int pump = HPRPC_PUMP_CALLER; pump <= HPRPC_PUMP_THREAD; pump++) {
            if (pump == HPRPC_PUMP_LOOP)
                continue;
            child = fork();
            if (child == 0)
                _exit(limited_client(&limits[i], uri, (enum hprpc_pump)pump));
            well = ends_well(child, "a client", &limits[i], uri) && well;
        }
        child = fork();
        if (child == 0)
            _exit(limited_server(&limits[i], other));
        well = ends_well(child, "a server", &limits[i], other) && well;
    }
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    if (called == before)
        fprintf(stderr, "no client at %s could call\n", uri);
    return well && called > before;
}

int main(void)
{
    char folder[] = "/tmp/hprpc-limits.XXXXXX";
    static const char *const schemes[] = { "unix", "pipe", "shm" };
    char uri[URI], other[URI], command[64];
    bool well;

    if (!mkdtemp(folder) || chmod(folder, 0777) < 0)
        return 2;
    well = try_limits("tcp://127.0.0.1:0", "tcp://127.0.0.1:0");
    well = try_limits("tcp://localhost:0", "tcp://localhost:0") && well;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        snprintf(uri, sizeof(uri), "%s://%s/door?mode=0666", schemes[i], folder);
        snprintf(other, sizeof(other), "%s://%s/other", schemes[i], folder);
        well = try_limits(uri, other) && well;
    }
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command) || !well;
}
