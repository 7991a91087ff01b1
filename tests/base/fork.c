/* SPDX-License-Identifier: MIT */
/* The guard that tells a child of fork from its parent, where the kernel wipes its page and where it does not. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <hprpc/hprpc.h>

#include "base/fork.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

/* From now on madvise(MADV_WIPEONFORK) is an invalid argument to this process, as for a kernel before 4.14. */
static int forbid_wiping(void)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_WIPEONFORK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof(steps) / sizeof(steps[0]), steps };

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Runs in a child: what it returns is the child's exit status. */
static int run(int (*body)(void *argument), void *argument)
{
    int status = -1;
    pid_t child = fork();

    if (!child)
        _exit(body(argument));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int is_ours(void *guard)
{
    return hprpc__fork_guard_is_ours(guard);
}

static int check_guard(void)
{
    struct hprpc__fork_guard *guard = hprpc__fork_guard_new();
    int wrong = !guard || !is_ours(guard) || run(is_ours, guard) || !is_ours(guard);

    hprpc__fork_guard_free(guard);
    return wrong;
}

static int listen_once(void *server)
{
    return hprpc_server_listen(server, "tcp://127.0.0.1:0", NULL) != HPRPC_EFORKED;
}

/* A server can be made, knows its children, and serves on. */
static int check_server(void)
{
    struct hprpc_server *server = NULL;
    int wrong = hprpc_server_new(NULL, NULL, &server) || run(listen_once, server) ||
                hprpc_server_listen(server, "tcp://127.0.0.1:0", NULL);

    hprpc_server_free(server);
    return wrong;
}

static int check(void *forbids)
{
    if (forbids && forbid_wiping())
        return 77;
    return check_guard() || check_server();
}

static void children_are_known_where_pages_are_wiped(void **state)
{
    (void)state;
    assert_int_equal(run(check, NULL), 0);
}

static void children_are_known_where_pages_are_not_wiped(void **state)
{
    int result = run(check, &result);

    (void)state;
    if (result == 77)
        skip();
    assert_int_equal(result, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_are_known_where_pages_are_wiped),
        cmocka_unit_test(children_are_known_where_pages_are_not_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
