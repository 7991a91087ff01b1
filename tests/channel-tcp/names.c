/* SPDX-License-Identifier: MIT */
/* The names that a test sets, and the getaddrinfo() that finds them. */
#include "tests/channel-tcp/names.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

int __real_getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **);
int __wrap_getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **);
void __real_freeaddrinfo(struct addrinfo *);
void __wrap_freeaddrinfo(struct addrinfo *);

enum { OURS = 0x4e414d45 }; /* in ai_flags: names.c made the list */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static const struct name *names;
static bool open_gate, signals_came;
static unsigned begun, ended;

void names_set(const struct name *list)
{
    pthread_mutex_lock(&lock);
    names = list;
    open_gate = signals_came = false;
    begun = ended = 0;
    pthread_mutex_unlock(&lock);
}

void names_let_go(void)
{
    pthread_mutex_lock(&lock);
    open_gate = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static unsigned locked(const unsigned *count)
{
    unsigned value;

    pthread_mutex_lock(&lock);
    value = *count;
    pthread_mutex_unlock(&lock);
    return value;
}

unsigned names_begun(void)
{
    return locked(&begun);
}

unsigned names_ended(void)
{
    return locked(&ended);
}

bool names_signals_were_blocked(void)
{
    bool blocked;

    pthread_mutex_lock(&lock);
    blocked = !signals_came;
    pthread_mutex_unlock(&lock);
    return blocked;
}

/* Whether a signal of the process might run its handler on this thread. */
static bool takes_signals(void)
{
    sigset_t set;

    pthread_sigmask(SIG_BLOCK, NULL, &set);
    return !sigismember(&set, SIGTERM) || !sigismember(&set, SIGUSR1) || !sigismember(&set, SIGPROF);
}

static const struct name *find(const char *host)
{
    for (const struct name *name = names; name && name->host; name++) {
        if (!strcmp(name->host, host))
            return name;
    }
    return NULL;
}

/* Makes an entry of a list, followed by its address. */
static struct addrinfo *entry_of(const char *address, const char *port)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found, *entry;

    if (__real_getaddrinfo(address, port, &hints, &found))
        abort();
    entry = calloc(1, sizeof(*entry) + found->ai_addrlen);
    if (!entry)
        abort();
    *entry = *found;
    entry->ai_flags = OURS;
    entry->ai_canonname = NULL;
    entry->ai_next = NULL;
    entry->ai_addr = memcpy(entry + 1, found->ai_addr, found->ai_addrlen);
    __real_freeaddrinfo(found);
    return entry;
}

static void make_list(const struct name *name, const char *port, struct addrinfo **ret_list)
{
    struct addrinfo **end = ret_list;

    *ret_list = NULL;
    for (int i = 0; i < NAME_ADDRESSES && name->addresses[i]; i++) {
        *end = entry_of(name->addresses[i], port);
        end = &(*end)->ai_next;
    }
}

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **ret_list)
{
    const struct name *name;
    int number;

    if (hints->ai_flags & AI_NUMERICHOST)
        return __real_getaddrinfo(host, port, hints, ret_list);
    pthread_mutex_lock(&lock);
    begun++;
    signals_came = signals_came || takes_signals();
    pthread_cond_broadcast(&changed);
    name = find(host);
    while (name && name->waits && !open_gate)
        pthread_cond_wait(&changed, &lock);
    number = name ? name->number : EAI_NONAME;
    if (!number)
        make_list(name, port, ret_list);
    ended++;
    pthread_mutex_unlock(&lock);
    return number;
}

void __wrap_freeaddrinfo(struct addrinfo *list)
{
    struct addrinfo *next;

    if (list && list->ai_flags != OURS) {
        __real_freeaddrinfo(list);
        return;
    }
    for (; list; list = next) {
        next = list->ai_next;
        free(list);
    }
}
