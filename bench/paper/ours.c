/* SPDX-License-Identifier: MIT */
/* Makes subjects of our transports from URIs. */
#include "bench/paper/ours.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/paper/bare.h"
#include "bench/paper/drive.h"
#include "bench/paper/service.h"

struct ours {
    struct bench_subject subject;
    char name[128];
    const char *uri;
    enum hprpc_wait wait;
    bool connect;
    bool bare;
    struct ours *next;
};

/* Copies `uri`, and adds the option `wait` unless it has one. */
static void with_wait(char *ret_uri, size_t capacity, const char *uri, enum hprpc_wait wait)
{
    static const char *const names[] = {
        [HPRPC_WAIT_ADAPTIVE] = "adaptive",
        [HPRPC_WAIT_SPIN] = "spin",
        [HPRPC_WAIT_BLOCK] = "block",
    };

    if (strstr(uri, "wait="))
        snprintf(ret_uri, capacity, "%s", uri);
    else
        snprintf(ret_uri, capacity, "%s%cwait=%s", uri, strchr(uri, '?') ? '&' : '?', names[wait]);
}

/* Gives each subject an address of its own: a port that the system chooses, or a name with the number of the process. */
static void make_unique(char *ret_uri, size_t capacity, const char *uri)
{
    size_t size = strcspn(uri, "?");
    size_t colon = size;

    if (strncmp(uri, "tcp://", 6) == 0) {
        while (colon > 6 && uri[colon] != ':')
            colon--;
        snprintf(ret_uri, capacity, "%.*s:0%s", (int)colon, uri, uri + size);
    } else {
        snprintf(ret_uri, capacity, "%.*s-%d%s", (int)size, uri, (int)getpid(), uri + size);
    }
}

/* ---- The server's process ---- */

static void serve(struct bench_session *session)
{
    const struct ours *ours = session->subject->config;
    char unique[HPRPC_URI_MAX], uri[HPRPC_URI_MAX + 32];
    const char *uris[] = { uri };
    struct hprpc_detail detail = { "" };
    struct hprpc_server *server = NULL;
    int result;

    if (ours->connect) {
        session->shared->elsewhere = true;
        bench_ready(session, ours->uri);
        for (;;)
            pause();
    }
    make_unique(unique, sizeof(unique), ours->uri);
    with_wait(uri, sizeof(uri), unique, ours->wait);
    result = paper_server_new(uris, 1, &detail, &server);
    if (result < 0)
        bench_fail(session, "%s", detail.text[0] ? detail.text : hprpc_error_text(result));
    if (hprpc_server_stop_on_signal(server, SIGTERM) < 0)
        bench_fail(session, "cannot watch for SIGTERM");
    if (hprpc_server_address(server, 0, unique, sizeof(unique)) < 0)
        bench_fail(session, "the server has no address");
    bench_ready(session, unique);
    hprpc_server_run(server);
    hprpc_server_free(server);
}

/* ---- The client's process ---- */

static void *start(struct bench_session *session)
{
    const struct ours *ours = session->subject->config;
    char uri[HPRPC_URI_MAX + 32];

    with_wait(uri, sizeof(uri), session->shared->address, ours->wait);
    return ours->bare ? bench_bare_open(session, uri) : paper_drive_open(session, uri);
}

static const struct bench_subject_ops ops = {
    .serve = serve,
    .open = start,
    .run = paper_drive_run,
    .close = paper_drive_close,
};

static const struct bench_subject_ops bare_ops = {
    .serve = serve,
    .open = start,
    .run = bench_bare_run,
    .close = NULL,
};

/* "tcp block", or, where the URI names an engine, "tcp uring block". */
static void name_subject(struct ours *ours, const char *wait)
{
    const char *engine = strstr(ours->uri, "engine=");
    int length = ours->connect ? 100 : (int)strcspn(ours->uri, ":");

    if (engine && !ours->connect)
        snprintf(ours->name, sizeof(ours->name), "%.*s %.*s %s", length, ours->uri, (int)strcspn(engine + 7, "&"),
                 engine + 7, wait);
    else
        snprintf(ours->name, sizeof(ours->name), "%.*s %s", length, ours->uri, wait);
}

static const struct bench_subject *find_or_make(const char *uri, enum hprpc_wait wait, bool connect, bool bare)
{
    static const char *const names[] = {
        [HPRPC_WAIT_ADAPTIVE] = "adaptive",
        [HPRPC_WAIT_SPIN] = "spin",
        [HPRPC_WAIT_BLOCK] = "block",
    };
    static struct ours *all;
    struct ours *ours;

    for (ours = all; ours; ours = ours->next) {
        if (strcmp(ours->uri, uri) == 0 && ours->wait == wait && ours->connect == connect && ours->bare == bare)
            return &ours->subject;
    }
    ours = calloc(1, sizeof(*ours));
    if (!ours)
        abort();
    ours->uri = uri;
    ours->wait = wait;
    ours->connect = connect;
    ours->bare = bare;
    name_subject(ours, names[wait]);
    ours->subject = (struct bench_subject){ ours->name, bare ? &bare_ops : &ops, ours };
    ours->next = all;
    all = ours;
    return &ours->subject;
}

const struct bench_subject *bench_ours(const char *uri, enum hprpc_wait wait, bool connect)
{
    return find_or_make(uri, wait, connect, false);
}

const struct bench_subject *bench_ours_bare(const char *uri, enum hprpc_wait wait)
{
    return find_or_make(uri, wait, false, true);
}
