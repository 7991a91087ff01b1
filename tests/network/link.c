/* SPDX-License-Identifier: MIT */
/* Two networks joined by a cable. */
#include "network/link.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP_ADDRESSES "echo 1 > /proc/sys/net/ipv6/conf/all/keep_addr_on_down"

static int networks[2] = { -1, -1 };
static _Thread_local enum side here;

void check_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: it does not hold: %s\n", file, line, condition);
    _exit(1);
}

/* Makes a network and takes the calling thread into it; its descriptor, or -1. */
static int make_network(void)
{
    return unshare(CLONE_NEWNET) ? -1 : open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

void link_enter(enum side side)
{
    check(setns(networks[side], CLONE_NEWNET) == 0);
    here = side;
}

/* Runs a command where the calling thread is; its exit status, or -1. */
static int run(const char *command)
{
    char *const arguments[] = { "sh", "-c", (char *)command, NULL };
    int status = 0;
    pid_t child;

    if (posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool link_try(enum side side, const char *command)
{
    enum side before = here;
    int status;

    link_enter(side);
    status = run(command);
    link_enter(before);
    if (status)
        fprintf(stderr, "%s: status %d\n", command, status);
    return status == 0;
}

void link_do(enum side side, const char *command)
{
    check(link_try(side, command));
}

bool link_set_names(const char *hosts, const char *resolver)
{
    char command[1200];

    /* /mnt and /etc are hidden in this program alone */
    snprintf(
        command, sizeof(command),
        "mount --make-rprivate / && mount -t tmpfs names /mnt && printf '%s' > /mnt/hosts && "
        "printf '%s' > /mnt/resolv.conf && echo 'hosts: files dns' > /mnt/nsswitch.conf && cd /mnt && for file in *; do "
        "[ ! -e /etc/$file ] || mount --bind $file /etc/$file || exit 1; done",
        hosts, resolver);
    return unshare(CLONE_NEWNS) == 0 && run(command) == 0;
}

static bool cannot(const char *why)
{
    printf("skipped: %s\n", why);
    return false;
}

bool link_open(void)
{
    char command[120];

    if (geteuid())
        return cannot("only root can make networks");
    if (run("command -v ip > /dev/null && command -v tc > /dev/null"))
        return cannot("there are no ip and tc (package iproute2)");
    networks[FAR] = make_network();
    networks[NEAR] = networks[FAR] < 0 ? -1 : make_network();
    if (networks[NEAR] < 0)
        return cannot("the system makes no networks");
    here = NEAR;
    snprintf(command, sizeof(command), "ip link add near type veth peer name far netns /proc/%d/fd/%d 2> /dev/null",
             (int)getpid(), networks[FAR]);
    if (run(command))
        return cannot("the system makes no veth devices");
    /* a link that goes down keeps its IPv6 addresses, as it does its IPv4 addresses */
    if (!link_try(NEAR, KEEP_ADDRESSES) || !link_try(FAR, KEEP_ADDRESSES) ||
        !link_try(NEAR, "ip link set lo up && ip addr add 192.0.2.1/24 dev near && ip link set near up && "
                        "ip -6 addr add 2001:db8::1/64 dev near nodad && ip -6 addr add fe80::1/64 dev near nodad") ||
        !link_try(FAR, "ip link set lo up && ip addr add 192.0.2.2/24 dev far && ip link set far up && "
                       "ip -6 addr add 2001:db8::2/64 dev far nodad && ip -6 addr add fe80::2/64 dev far nodad"))
        return cannot("the system gives them no addresses of both families");
    return true;
}
