/* SPDX-License-Identifier: MIT */
/* Noticing that a name appears: which events count, and where there can be no watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/name-watch.h"

static char directory[] = "/tmp/hprpc-name-watch-XXXXXX";

static void path_of(const char *name, char ret_path[128])
{
    snprintf(ret_path, 128, "%s/%s", directory, name);
}

static void make(const char *name)
{
    char path[128];
    int fd;

    path_of(name, path);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void take_away(const char *name)
{
    char path[128];

    path_of(name, path);
    assert_int_equal(unlink(path), 0);
}

static void begin(struct hprpc__name_watch *watch)
{
    char path[128];

    path_of("door", path);
    assert_true(hprpc__name_watch_open(watch, path));
}

static bool is_readable(const struct hprpc__name_watch *watch)
{
    struct pollfd look = { .fd = watch->fd, .events = POLLIN };

    return poll(&look, 1, 0) > 0;
}

static void a_name_appears(void **state)
{
    struct hprpc__name_watch watch;

    (void)state;
    begin(&watch);
    assert_false(is_readable(&watch));
    assert_false(hprpc__name_watch_take(&watch));
    make("door");
    assert_true(is_readable(&watch));
    assert_true(hprpc__name_watch_take(&watch));
    assert_false(is_readable(&watch));
    assert_false(hprpc__name_watch_take(&watch));
    hprpc__name_watch_close(&watch);
    take_away("door");
}

/* A name that is moved there, or opened to others, may be a listener as well. */
static void a_name_is_moved_or_opened(void **state)
{
    struct hprpc__name_watch watch;
    char from[128], to[128];

    (void)state;
    make("elsewhere");
    begin(&watch);
    path_of("elsewhere", from);
    path_of("door", to);
    assert_int_equal(rename(from, to), 0);
    assert_true(hprpc__name_watch_take(&watch));
    assert_int_equal(chmod(to, 0666), 0);
    assert_true(hprpc__name_watch_take(&watch));
    hprpc__name_watch_close(&watch);
    take_away("door");
}

static void other_names_do_not_count(void **state)
{
    struct hprpc__name_watch watch;
    char path[128];
    int fd;

    (void)state;
    make("door");
    begin(&watch);
    make("door.lock");
    make("doo");
    take_away("door.lock");
    take_away("doo");
    assert_false(hprpc__name_watch_take(&watch));
    /* nor does what clients do with the name */
    path_of("door", path);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    assert_false(hprpc__name_watch_take(&watch));
    hprpc__name_watch_close(&watch);
    take_away("door");
}

static int lowest_free_descriptor(void)
{
    int fd = dup(0);

    assert_true(fd >= 0);
    close(fd);
    return fd;
}

/* A watch that cannot be leaves nothing open. */
static void no_watch_costs_no_descriptor(void **state)
{
    struct hprpc__name_watch watch;
    char path[128];
    int before = lowest_free_descriptor();

    (void)state;
    path_of("nowhere/door", path);
    assert_false(hprpc__name_watch_open(&watch, path));
    assert_int_equal(watch.fd, -1);
    assert_int_equal(lowest_free_descriptor(), before);
}

/* Makes more events than the kernel keeps; two in a row that are alike would count as one. */
static void fill(void)
{
    FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
    unsigned most = 16384;

    if (file) {
        assert_int_equal(fscanf(file, "%u", &most), 1);
        fclose(file);
    }
    if (most > 100000)
        skip();
    for (unsigned i = 0; i <= most; i++) {
        make(i % 2 ? "odd" : "even");
        take_away(i % 2 ? "odd" : "even");
    }
}

/* Where so much happens that events are lost, one may have been about the name. */
static void what_was_lost_may_have_counted(void **state)
{
    struct hprpc__name_watch watch;

    (void)state;
    begin(&watch);
    fill();
    assert_true(hprpc__name_watch_take(&watch));
    assert_false(hprpc__name_watch_take(&watch));
    hprpc__name_watch_close(&watch);
}

static void where_there_is_no_watch(void **state)
{
    struct hprpc__name_watch watch;
    char path[128], lengthy[600];

    (void)state;
    path_of("missing/door", path);
    assert_false(hprpc__name_watch_open(&watch, path));
    assert_int_equal(watch.fd, -1);
    assert_false(hprpc__name_watch_open(&watch, "door"));
    assert_false(hprpc__name_watch_open(&watch, "/tmp/"));
    snprintf(lengthy, sizeof(lengthy), "/tmp/%0500d", 7);
    assert_false(hprpc__name_watch_open(&watch, lengthy));
    assert_false(hprpc__name_watch_take(&watch));
    hprpc__name_watch_close(&watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_appears),
        cmocka_unit_test(a_name_is_moved_or_opened),
        cmocka_unit_test(other_names_do_not_count),
        cmocka_unit_test(no_watch_costs_no_descriptor),
        cmocka_unit_test(what_was_lost_may_have_counted),
        cmocka_unit_test(where_there_is_no_watch),
    };
    int failures;

    if (!mkdtemp(directory))
        return 1;
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failures;
}
