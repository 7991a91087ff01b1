/* SPDX-License-Identifier: MIT */
/* The directory of a test, and listeners and connections of the pipe backend in it. */
#include "tests/channel-pipe/end.h"

#include <dirent.h>
#include <ftw.h>
#include <grp.h>
#include <unistd.h>

char base[40];
char uri[64];
char door[48];

static struct {
    uid_t user;
    gid_t group, groups[64];
    int count;
} before;

static int remove_name(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    return place->level ? remove(path) : 0;
}

/* Cleans up after a failed test, which may have left another effective user, and names. */
static void sweep(void)
{
    if (before.user == 0 && (seteuid(0) || setegid(before.group) || setgroups((size_t)before.count, before.groups)))
        return;
    nftw(base, remove_name, 8, FTW_DEPTH | FTW_PHYS);
}

int set_up(void **state)
{
    before.user = geteuid();
    before.group = getegid();
    before.count = getgroups(64, before.groups);
    /* tests/sweep/sweep knows this name */
    snprintf(base, sizeof(base), "/dev/shm/pipe-%ld-XXXXXX", (long)getpid());
    if (before.count < 0 || !mkdtemp(base))
        return -1;
    snprintf(door, sizeof(door), "%.30s/door", base);
    snprintf(uri, sizeof(uri), "pipe://%s", door);
    fixture_sweep = sweep;
    return fixture_begin(state);
}

unsigned names_left(void)
{
    DIR *directory = opendir(base);
    struct dirent *entry;
    unsigned count = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory)))
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

int tear_down(void **state)
{
    int r = fixture_end(state);
    unsigned left = names_left();

    if (left) {
        fprintf(stderr, "a test returned and left %u names\n", left);
        sweep();
    }
    return rmdir(base) || left ? -1 : r;
}

int try_listen(const char *text, struct hprpc_detail *detail, struct hprpc_listener **ret_listener)
{
    struct hprpc_uri parsed;

    assert_int_equal(hprpc_uri_parse(text, NULL, &parsed), 0);
    return hprpc_transport_pipe.listen(NULL, &parsed, detail, ret_listener);
}

int try_connect(const char *text, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct hprpc_uri parsed;

    assert_int_equal(hprpc_uri_parse(text, NULL, &parsed), 0);
    return hprpc_transport_pipe.connect(NULL, &parsed, detail, ret_channel);
}

struct hprpc_listener *listen_at(const char *text)
{
    struct hprpc_listener *listener = NULL;
    struct hprpc_detail detail;

    if (try_listen(text, &detail, &listener))
        fail_msg("%s: %s", text, detail.text);
    return listener;
}

struct hprpc_channel *connect_to(const char *text)
{
    struct hprpc_channel *channel = NULL;
    struct hprpc_detail detail;

    if (try_connect(text, &detail, &channel))
        fail_msg("%s: %s", text, detail.text);
    return channel;
}

struct pair open_pair(const char *text)
{
    struct pair pair = { .listener = listen_at(text) };

    pair.client = connect_to(text);
    pair.server = test_accept(pair.listener, pair.client);
    return pair;
}

void close_pair(struct pair *pair)
{
    pair->client->ops->free(pair->client);
    pair->server->ops->free(pair->server);
    pair->listener->ops->free(pair->listener);
}

void refuses(const char *text, int code, const char *sentence)
{
    struct hprpc_detail detail = { "" };
    struct hprpc_channel *channel = NULL;
    unsigned names = names_left(), descriptors = test_descriptors();

    assert_int_equal(try_connect(text, &detail, &channel), code);
    if (!strstr(detail.text, sentence))
        fail_msg("expected \"%s\" in \"%s\"", sentence, detail.text);
    assert_null(channel);
    assert_int_equal(names_left(), names);
    assert_int_equal(test_descriptors(), descriptors);
}

void accepts_nobody(struct hprpc_listener *listener)
{
    struct hprpc_channel *channel = NULL;
    struct hprpc_detail detail;

    assert_int_equal(listener->ops->accept(listener, &detail, &channel), 0);
    assert_null(channel);
}
