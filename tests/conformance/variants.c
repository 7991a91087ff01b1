/* SPDX-License-Identifier: MIT */
/*
 * Cases that a URI of the suite does not say: sockets by io_uring, shared memory without trust, and what two users may do with
 * shared memory and Unix-domain sockets.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/ring.h"
#include "conformance/suite.h"

extern const struct hprpc_transport hprpc_transport_shm, hprpc_transport_tcp, hprpc_transport_unix;

enum { OTHER_USER = 65534 };

/* Adds an option to a URI. */
static void say(struct hprpc_uri *uri, const char *key, const char *value)
{
    assert_true(uri->option_count < HPRPC_URI_OPTIONS_MAX);
    uri->options[uri->option_count].key = key;
    uri->options[uri->option_count++].value = value;
}

/* ---- By io_uring ---- */

/* The transport that the one under test stands for. */
static const struct hprpc_transport *own(void)
{
    static const struct hprpc_transport *const all[] = { &hprpc_transport_shm, &hprpc_transport_tcp,
                                                         &hprpc_transport_unix };
    const size_t last = sizeof(all) / sizeof(all[0]) - 1;
    size_t i = 0;

    while (i < last && strcmp(all[i]->scheme, transport->scheme) != 0)
        i++;
    return all[i];
}

static int connect_plainly(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                           struct hprpc_channel **ret_channel)
{
    return own()->connect(context, uri, detail, ret_channel);
}

static int listen_by_uring(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                           struct hprpc_listener **ret_listener)
{
    struct hprpc_uri more = *uri;

    if (!hprpc_uri_option(uri, "engine"))
        say(&more, "engine", "uring");
    return own()->listen(context, &more, detail, ret_listener);
}

static bool name_plainly(const struct hprpc_uri *uri, char *ret_path, size_t capacity)
{
    return own()->name(uri, ret_path, capacity);
}

const struct hprpc_transport variant_uring = {
    .version = HPRPC_CHANNEL_VERSION, .scheme = "tcp", .connect = connect_plainly, .listen = listen_by_uring
};

const struct hprpc_transport variant_unix_uring = {
    .version = HPRPC_CHANNEL_VERSION,
    .scheme = "unix",
    .connect = connect_plainly,
    .listen = listen_by_uring,
    .name = name_plainly,
};

const char *variant_uring_obstacle(void)
{
    const struct hprpc__ring_ears ears = { NULL, NULL, NULL };
    struct hprpc__ring *ring = NULL;
    int r = hprpc__ring_open(NULL, 1, &ears, &ring);

    hprpc__ring_close(ring);
    return r < 0 ? hprpc__ring_refusal(r) : NULL;
}

/* ---- Without trust ---- */

static int connect_sealed(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                          struct hprpc_channel **ret_channel)
{
    struct hprpc_uri more = *uri;

    say(&more, "trust", "none");
    return hprpc_transport_shm.connect(context, &more, detail, ret_channel);
}

static int listen_sealed(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                         struct hprpc_listener **ret_listener)
{
    struct hprpc_uri more = *uri;

    say(&more, "trust", "none");
    return hprpc_transport_shm.listen(context, &more, detail, ret_listener);
}

const struct hprpc_transport variant_sealed = {
    .version = HPRPC_CHANNEL_VERSION,
    .scheme = "shm",
    .connect = connect_sealed,
    .listen = listen_sealed,
    .name = name_plainly,
};

/* ---- Two users ---- */

const char *variant_users_obstacle(void)
{
    return geteuid() ? "only root can be two users" : NULL;
}

/* The system call changes the calling thread only; the C library's function would change all threads. */
static void act_as(uid_t user)
{
    assert_int_equal(syscall(SYS_setresuid, -1, user, -1), 0);
}

void variant_become_client(void)
{
    if (transport->variant != &variant_users && transport->variant != &variant_unix_users)
        return;
    if (setresgid(OTHER_USER, OTHER_USER, OTHER_USER) || setresuid(OTHER_USER, OTHER_USER, OTHER_USER))
        exit(3);
    /* a change of the user clears this setting */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Bare names are private to a user, so both users take a path instead. */
static void use_path(struct hprpc_uri *uri, char *place, size_t capacity)
{
    if (!uri->rest[0] || uri->rest[0] == '/')
        return;
    snprintf(place, capacity, "/dev/shm/%s", uri->rest);
    uri->rest = place;
}

static int connect_as_other(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                            struct hprpc_channel **ret_channel)
{
    struct hprpc_uri more = *uri;
    bool root = geteuid() == 0;
    char place[256];
    int r;

    use_path(&more, place, sizeof(place));
    if (root)
        act_as(OTHER_USER);
    r = own()->connect(context, &more, detail, ret_channel);
    if (root)
        act_as(0);
    return r;
}

static int listen_for_others(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                             struct hprpc_listener **ret_listener)
{
    struct hprpc_uri more = *uri;
    char place[256];

    use_path(&more, place, sizeof(place));
    if (more.rest[0])
        say(&more, "mode", "0666");
    return own()->listen(context, &more, detail, ret_listener);
}

static bool name_for_others(const struct hprpc_uri *uri, char *ret_path, size_t capacity)
{
    struct hprpc_uri more = *uri;
    char place[256];

    use_path(&more, place, sizeof(place));
    return own()->name(&more, ret_path, capacity);
}

const struct hprpc_transport variant_users = {
    .version = HPRPC_CHANNEL_VERSION,
    .scheme = "shm",
    .connect = connect_as_other,
    .listen = listen_for_others,
    .name = name_for_others,
};

const struct hprpc_transport variant_unix_users = {
    .version = HPRPC_CHANNEL_VERSION,
    .scheme = "unix",
    .connect = connect_as_other,
    .listen = listen_for_others,
    .name = name_for_others,
};
