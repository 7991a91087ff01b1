/* SPDX-License-Identifier: MIT */
/* Replaces functions that open and close things (the linker's --wrap), and enters those things in the fixture. */
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hprpc/hprpc.h>

#include "base/thread.h"
#include "support/fixture.h"

/* ---- Clients and servers ---- */

int __real_hprpc_client_open(struct hprpc_context *, const char *, const struct hprpc_client_options *,
                             struct hprpc_detail *, struct hprpc_client **);
int __wrap_hprpc_client_open(struct hprpc_context *, const char *, const struct hprpc_client_options *,
                             struct hprpc_detail *, struct hprpc_client **);
int __real_hprpc_client_connect(struct hprpc_context *, const char *, const struct hprpc_client_options *,
                                struct hprpc_detail *, struct hprpc_client **);
int __wrap_hprpc_client_connect(struct hprpc_context *, const char *, const struct hprpc_client_options *,
                                struct hprpc_detail *, struct hprpc_client **);
int __real_hprpc_client_from_fd(struct hprpc_context *, int, const char *, const struct hprpc_client_options *,
                                struct hprpc_detail *, struct hprpc_client **);
int __wrap_hprpc_client_from_fd(struct hprpc_context *, int, const char *, const struct hprpc_client_options *,
                                struct hprpc_detail *, struct hprpc_client **);
void __real_hprpc_client_free(struct hprpc_client *);
void __wrap_hprpc_client_free(struct hprpc_client *);
int __real_hprpc_server_new(struct hprpc_context *, const struct hprpc_server_options *, struct hprpc_server **);
int __wrap_hprpc_server_new(struct hprpc_context *, const struct hprpc_server_options *, struct hprpc_server **);
void __real_hprpc_server_free(struct hprpc_server *);
void __wrap_hprpc_server_free(struct hprpc_server *);

static void client_stop(uintptr_t thing)
{
    hprpc_client_close((struct hprpc_client *)thing);
}

static void client_close(uintptr_t thing)
{
    __wrap_hprpc_client_free((struct hprpc_client *)thing);
}

static void server_stop(uintptr_t thing)
{
    hprpc_server_stop((struct hprpc_server *)thing);
}

static void server_close(uintptr_t thing)
{
    __wrap_hprpc_server_free((struct hprpc_server *)thing);
}

const struct fixture_kind fixture_client = { "client", FIXTURE_CLIENT, client_stop, client_close };
const struct fixture_kind fixture_server = { "server", FIXTURE_SERVER, server_stop, server_close };

int __wrap_hprpc_client_open(struct hprpc_context *context, const char *uri, const struct hprpc_client_options *options,
                             struct hprpc_detail *detail, struct hprpc_client **ret_client)
{
    int r = __real_hprpc_client_open(context, uri, options, detail, ret_client);

    if (r == 0)
        fixture_enter(&fixture_client, (uintptr_t)*ret_client);
    return r;
}

int __wrap_hprpc_client_connect(struct hprpc_context *context, const char *uri,
                                const struct hprpc_client_options *options, struct hprpc_detail *detail,
                                struct hprpc_client **ret_client)
{
    int r = __real_hprpc_client_connect(context, uri, options, detail, ret_client);

    if (r == 0)
        fixture_enter(&fixture_client, (uintptr_t)*ret_client);
    return r;
}

int __wrap_hprpc_client_from_fd(struct hprpc_context *context, int fd, const char *query,
                                const struct hprpc_client_options *options, struct hprpc_detail *detail,
                                struct hprpc_client **ret_client)
{
    int r = __real_hprpc_client_from_fd(context, fd, query, options, detail, ret_client);

    if (r == 0)
        fixture_enter(&fixture_client, (uintptr_t)*ret_client);
    return r;
}

void __wrap_hprpc_client_free(struct hprpc_client *client)
{
    fixture_leave(&fixture_client, (uintptr_t)client);
    __real_hprpc_client_free(client);
}

int __wrap_hprpc_server_new(struct hprpc_context *context, const struct hprpc_server_options *options,
                            struct hprpc_server **ret_server)
{
    int r = __real_hprpc_server_new(context, options, ret_server);

    if (r == 0)
        fixture_enter(&fixture_server, (uintptr_t)*ret_server);
    return r;
}

void __wrap_hprpc_server_free(struct hprpc_server *server)
{
    fixture_leave(&fixture_server, (uintptr_t)server);
    __real_hprpc_server_free(server);
}

/* ---- Threads: the library joins its own ---- */

int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __real_pthread_join(pthread_t, void **);
int __wrap_pthread_join(pthread_t, void **);
int __real_pthread_detach(pthread_t);
int __wrap_pthread_detach(pthread_t);
int __real_hprpc__thread_start(struct hprpc__thread *, void *(*)(void *), void *);
int __wrap_hprpc__thread_start(struct hprpc__thread *, void *(*)(void *), void *);

static void thread_close(uintptr_t thing)
{
    __wrap_pthread_join((pthread_t)thing, NULL);
}

const struct fixture_kind fixture_thread = { "thread", FIXTURE_THREAD, NULL, thread_close };

static _Thread_local int in_library;

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    int r = __real_pthread_create(thread, attributes, run, argument);

    if (r == 0 && !in_library)
        fixture_enter(&fixture_thread, (uintptr_t)*thread);
    return r;
}

int __wrap_pthread_join(pthread_t thread, void **ret_result)
{
    fixture_leave(&fixture_thread, (uintptr_t)thread);
    return __real_pthread_join(thread, ret_result);
}

int __wrap_pthread_detach(pthread_t thread)
{
    fixture_leave(&fixture_thread, (uintptr_t)thread);
    return __real_pthread_detach(thread);
}

int __wrap_hprpc__thread_start(struct hprpc__thread *thread, void *(*run)(void *), void *argument)
{
    int r;

    in_library++;
    r = __real_hprpc__thread_start(thread, run, argument);
    in_library--;
    return r;
}

/* ---- Processes ---- */

pid_t __real_fork(void);
pid_t __wrap_fork(void);
pid_t __real_waitpid(pid_t, int *, int);
pid_t __wrap_waitpid(pid_t, int *, int);

static void process_stop(uintptr_t thing)
{
    kill((pid_t)thing, SIGKILL);
}

static void process_close(uintptr_t thing)
{
    __real_waitpid((pid_t)thing, NULL, 0);
    fixture_leave(&fixture_process, thing);
}

const struct fixture_kind fixture_process = { "process", FIXTURE_PROCESS, process_stop, process_close };

/* A child dies with the program, also where that is killed: one that sleeps or is stopped would hold names for ever. */
pid_t __wrap_fork(void)
{
    /* the kernel counts from the end of the thread that forks, and only the first thread lives as long as its process */
    bool lasts = gettid() == getpid();
    pid_t pid = __real_fork();

    if (pid > 0)
        fixture_enter(&fixture_process, (uintptr_t)pid);
    else if (pid == 0 && lasts)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

pid_t __wrap_waitpid(pid_t pid, int *ret_status, int options)
{
    int status = 0;
    pid_t r = __real_waitpid(pid, &status, options);

    if (ret_status)
        *ret_status = status;
    if (r > 0 && (WIFEXITED(status) || WIFSIGNALED(status)))
        fixture_leave(&fixture_process, (uintptr_t)r);
    return r;
}
