/* SPDX-License-Identifier: MIT */
/* Sockets that a service manager opened before it started this process: LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES. */
#include "rpc/server.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/thread.h"
#include "rpc/handed.h"

enum { FIRST = 3, MOST = 1024 };

/* Reads a decimal number of up to ten digits, with nothing after it; -1: it is none. */
static long read_number(const char *text)
{
    long long number = 0;
    size_t i;

    for (i = 0; i < 10 && text[i] >= '0' && text[i] <= '9'; i++)
        number = number * 10 + (text[i] - '0');
    return i && !text[i] && number <= INT32_MAX ? (long)number : -1;
}

/* How many descriptors were handed to this process; 0 where they are none, or another process's. */
static int count_handed(struct hprpc_detail *detail)
{
    const char *process = getenv("LISTEN_PID"), *text = getenv("LISTEN_FDS");
    long count;

    if (!process || !text || read_number(process) != (long)getpid())
        return 0;
    count = read_number(text);
    if (count < 0 || count > MOST)
        return hprpc_detail_set(detail, HPRPC_EINVAL, "LISTEN_FDS is \"%.40s\", not a number up to %d", text, MOST);
    return (int)count;
}

/* The name of the `index`-th descriptor, which is not terminated; "" where it has none. */
static size_t name_of(int index, const char **ret_name)
{
    const char *names = getenv("LISTEN_FDNAMES");

    for (; names && index; index--) {
        names = strchr(names, ':');
        names = names ? names + 1 : NULL;
    }
    *ret_name = names ? names : "";
    return strcspn(*ret_name, ":");
}

/* Listens with a duplicate of one descriptor, which stays as it is for others in this process. */
static int listen_with(struct hprpc_server *server, int index, const char *query, struct hprpc_detail *detail)
{
    struct hprpc_detail why = { "" };
    const char *name;
    size_t length = name_of(index, &name);
    int own = hprpc__handed_duplicate(FIRST + index, &why);
    int r = own < 0 ? own : hprpc__acceptor_listen_fd(&server->acceptor, own, query, &why);

    if (r < 0)
        return hprpc_detail_set(detail, r, "the descriptor %d of LISTEN_FDS%s%.*s: %s", FIRST + index,
                                length ? ", called " : "", (int)(length < 40 ? length : 40), name, why.text);
    hprpc__handed_hide(FIRST + index);
    return 0;
}

static int listen_with_all(struct hprpc_server *server, const char *wanted, const char *query,
                           struct hprpc_detail *detail)
{
    int count = hprpc__server_may_listen(server, detail), taken = 0;

    if (count == 0)
        count = count_handed(detail);
    for (int i = 0; i < count; i++) {
        const char *name;
        size_t length = name_of(i, &name);
        int r;

        if (wanted && (strlen(wanted) != length || memcmp(wanted, name, length) != 0))
            continue;
        r = listen_with(server, i, query, detail);
        if (r < 0)
            return r;
        taken++;
    }
    if (count > 0 && !taken)
        return hprpc_detail_set(detail, HPRPC_EADDRESS, "none of the %d descriptors of LISTEN_FDS is called \"%.60s\"",
                                count, wanted);
    return count < 0 ? count : taken;
}

int hprpc_server_listen_activated(struct hprpc_server *server, const char *name, const char *query,
                                  struct hprpc_detail *detail)
{
    int cancellation = hprpc__cancellation_disable();
    int r = listen_with_all(server, name, query, detail);

    hprpc__cancellation_restore(cancellation);
    return r;
}
