/* SPDX-License-Identifier: MIT */
/* Names on this host: private directories, claims and how they are handed over, and the removal of stale names. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "channel/names/claim.h"
#include "channel/names/local.h"

enum { SOMEBODY = 54321, CONTENDERS = 4, ROUNDS = 200 };

static char base[40];

static int set_up(void **state)
{
    (void)state;
    snprintf(base, sizeof(base), "/tmp/rendezvous-XXXXXX");
    return mkdtemp(base) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", base);
    return system(command);
}

static const char *in_base(const char *name)
{
    static char paths[32][160];
    static unsigned next;
    char *path = paths[next++ % 32];

    snprintf(path, sizeof(paths[0]), "%s/%s", base, name);
    return path;
}

static const char *private_directory(void)
{
    char name[32];

    snprintf(name, sizeof(name), "hprpc-%lu", (unsigned long)geteuid());
    return in_base(name);
}

static int find(const char *rest, bool create, struct hprpc_detail *detail, char *ret_path)
{
    const char *const directories[] = { "/nowhere", base, NULL };
    struct hprpc_uri uri = { .scheme = "shm", .rest = rest };

    return hprpc__place_find_in(directories, &uri, ".shm", create, detail, ret_path);
}

static bool exists(const char *path)
{
    struct stat status;

    return !lstat(path, &status);
}

static int bind_socket(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    assert_true(fd >= 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Makes what a killed listener leaves: a name on which nothing listens. */
static void leave_socket(const char *path)
{
    close(bind_socket(path));
}

static void test_path_of_a_bare_name(void **state)
{
    char path[HPRPC__PATH_MAX] = "untouched", expected[200];
    struct hprpc_detail detail;
    struct stat status;

    (void)state;
    assert_int_equal(find("greeter", true, &detail, path), 0);
    snprintf(expected, sizeof(expected), "%s/greeter.shm", private_directory());
    assert_string_equal(path, expected);
    assert_int_equal(lstat(private_directory(), &status), 0);
    assert_int_equal(status.st_mode, S_IFDIR | 0700);
    assert_int_equal(status.st_uid, geteuid());
    assert_int_equal(find("greeter", true, &detail, path), 0);
}

static void test_client_makes_nothing(void **state)
{
    char path[HPRPC__PATH_MAX];

    (void)state;
    assert_int_equal(find("greeter", false, NULL, path), 0);
    assert_false(exists(private_directory()));
}

static void test_client_finds_the_name_in_either_place(void **state)
{
    const char *first = in_base("first"), *second = in_base("second");
    const char *const directories[] = { first, second, NULL }, *const only_second[] = { second, NULL };
    struct hprpc_uri uri = { .scheme = "shm", .rest = "greeter" };
    char made[HPRPC__PATH_MAX], found[HPRPC__PATH_MAX];

    (void)state;
    assert_int_equal(mkdir(second, 0755), 0);
    assert_int_equal(hprpc__place_find_in(only_second, &uri, "", true, NULL, made), 0);
    leave_socket(made);
    assert_int_equal(mkdir(first, 0755), 0);
    assert_int_equal(hprpc__place_find_in(directories, &uri, "", false, NULL, found), 0);
    assert_string_equal(found, made);
    assert_int_equal(unlink(made), 0);
    assert_int_equal(hprpc__place_find_in(directories, &uri, "", false, NULL, found), 0);
    assert_memory_equal(found, first, strlen(first));
}

static void test_absolute_path_is_itself(void **state)
{
    char path[HPRPC__PATH_MAX];

    (void)state;
    assert_int_equal(find("/run/app/door", true, NULL, path), 0);
    assert_string_equal(path, "/run/app/door");
    assert_false(exists(private_directory()));
}

static void test_bad_names(void **state)
{
    static const char *const names[] = { "", "a/b", ".", "..", ".hidden", "/run/app/", "/" };
    char path[HPRPC__PATH_MAX] = "untouched", longest[HPRPC__PATH_MAX + 1];
    struct hprpc_detail detail;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(find(names[i], true, &detail, path), HPRPC_EURI);
    memset(longest, 'x', sizeof(longest));
    longest[HPRPC__PATH_MAX] = '\0';
    assert_int_equal(find(longest, true, &detail, path), HPRPC_EURI);
    longest[0] = '/';
    assert_int_equal(find(longest, true, &detail, path), HPRPC_EURI);
    assert_non_null(strstr(detail.text, "99 is the limit"));
    longest[HPRPC__PATH_MAX - 1] = '\0';
    assert_string_equal(path, "untouched");
    assert_int_equal(find(longest, true, &detail, path), 0);
}

static void test_nowhere_to_live(void **state)
{
    const char *const directories[] = { "/nowhere", NULL };
    struct hprpc_uri uri = { .scheme = "shm", .rest = "greeter" };
    struct hprpc_detail detail;
    char path[HPRPC__PATH_MAX];

    (void)state;
    assert_int_equal(hprpc__place_find_in(directories, &uri, "", true, &detail, path), HPRPC_EADDRESS);
    assert_non_null(strstr(detail.text, "/nowhere"));
}

/* A place that is a file, or whose name leaves no room for another, cannot be used. */
static void test_places_that_are_none(void **state)
{
    const char *file = in_base("file"),
               *deep = in_base("a-directory-whose-name-is-so-long-that-no-name-fits-behind-it");
    const char *const files[] = { file, file, file, file, file, file, file, file, NULL }, *const deeps[] = { deep,
                                                                                                             NULL };
    struct hprpc_uri uri = { .scheme = "shm", .rest = "greeter" };
    struct hprpc_detail detail;
    char path[HPRPC__PATH_MAX];

    (void)state;
    assert_int_equal(close(open(file, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(hprpc__place_find_in(files, &uri, "", true, &detail, path), HPRPC_EADDRESS);
    assert_non_null(strstr(detail.text, file));
    assert_false(hprpc__place_of(file, &uri, "", path));
    assert_int_equal(mkdir(deep, 0700), 0);
    for (int create = 0; create < 2; create++)
        assert_int_equal(hprpc__place_find_in(deeps, &uri, "", create, &detail, path), HPRPC_EADDRESS);
    assert_non_null(strstr(detail.text, "too long"));
    assert_false(hprpc__place_of(deep, &uri, "", path));
}

static void test_open_directory_is_refused(void **state)
{
    static const mode_t modes[] = { 0755, 0770, 0701, 0500, 01700 };
    struct hprpc_detail detail;
    char path[HPRPC__PATH_MAX];
    size_t i;

    (void)state;
    assert_int_equal(mkdir(private_directory(), 0700), 0);
    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(private_directory(), modes[i]), 0);
        assert_int_equal(find("greeter", true, &detail, path), HPRPC_EPERMISSION);
        assert_non_null(strstr(detail.text, "0700"));
        assert_int_equal(find("greeter", false, &detail, path), HPRPC_EPERMISSION);
    }
    assert_int_equal(chmod(private_directory(), 0700), 0);
    assert_int_equal(find("greeter", false, &detail, path), 0);
}

static void test_link_instead_of_directory_is_refused(void **state)
{
    struct hprpc_detail detail;
    char path[HPRPC__PATH_MAX];

    (void)state;
    assert_int_equal(mkdir(in_base("elsewhere"), 0700), 0);
    assert_int_equal(symlink("elsewhere", private_directory()), 0);
    assert_int_equal(find("greeter", true, &detail, path), HPRPC_EPERMISSION);
    assert_non_null(strstr(detail.text, "not a directory"));
}

static void test_directory_of_another_is_refused(void **state)
{
    struct hprpc_detail detail;
    char path[HPRPC__PATH_MAX];

    (void)state;
    if (geteuid())
        skip();
    assert_int_equal(mkdir(private_directory(), 0700), 0);
    assert_int_equal(chown(private_directory(), SOMEBODY, SOMEBODY), 0);
    assert_int_equal(find("greeter", true, &detail, path), HPRPC_EPERMISSION);
    assert_non_null(strstr(detail.text, "54321"));
}

static void test_the_system_places(void **state)
{
    struct hprpc_uri uri = { .scheme = "shm", .rest = "rendezvous-test" };
    char path[HPRPC__PATH_MAX], runtime[64];

    (void)state;
    assert_int_equal(hprpc__place_find(&uri, ".shm", false, NULL, path), 0);
    snprintf(runtime, sizeof(runtime), "/run/user/%lu/", (unsigned long)geteuid());
    assert_true(!strncmp(path, runtime, strlen(runtime)) || !strncmp(path, "/dev/shm/", 9));
}

static void test_claim_excludes_and_drops(void **state)
{
    const char *path = in_base("door");
    struct hprpc__claim first = { .lock_fd = -1 }, second = { .lock_fd = -1 };
    struct hprpc_detail detail;

    (void)state;
    assert_int_equal(hprpc__claim_take(&first, path, S_IFSOCK, &detail), 0);
    assert_string_equal(first.path, path);
    leave_socket(path);
    assert_int_equal(hprpc__claim_made(&first), 0);
    assert_int_equal(hprpc__claim_take(&second, path, S_IFSOCK, &detail), HPRPC_EINUSE);
    assert_non_null(strstr(detail.text, path));
    assert_int_equal(second.lock_fd, -1);
    assert_true(exists(path));
    hprpc__claim_drop(&first);
    assert_int_equal(first.lock_fd, -1);
    assert_false(exists(path));
    assert_false(exists(in_base("door.lock")));
    assert_int_equal(hprpc__claim_take(&second, path, S_IFSOCK, &detail), 0);
    hprpc__claim_drop(&first); /* already dropped: this changes nothing */
    assert_true(exists(in_base("door.lock")));
    hprpc__claim_drop(&second);
}

/* A relative path starts at the working directory, and the sweep looks there too. */
static void test_claim_of_a_relative_path(void **state)
{
    struct hprpc__claim claim = { .lock_fd = -1 };
    int before = open(".", O_RDONLY | O_DIRECTORY);

    (void)state;
    assert_true(before >= 0);
    assert_int_equal(chdir(base), 0);
    assert_int_equal(mkfifo("door.7", 0600), 0);
    assert_int_equal(hprpc__claim_take(&claim, "door", S_IFIFO, NULL), 0);
    assert_true(exists(in_base("door.lock")));
    assert_false(exists(in_base("door.7")));
    hprpc__claim_drop(&claim);
    assert_false(exists(in_base("door.lock")));
    assert_int_equal(fchdir(before), 0);
    close(before);
}

static void test_claim_of_a_long_path(void **state)
{
    struct hprpc__claim claim = { .lock_fd = -1 };
    char path[HPRPC__PATH_MAX + 1];
    struct hprpc_detail detail;

    (void)state;
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[HPRPC__PATH_MAX] = '\0';
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, &detail), HPRPC_EURI);
    assert_non_null(strstr(detail.text, "too long"));
    assert_int_equal(claim.lock_fd, -1);
}

/* hprpc__claim_made fails if a cleaner removed the name after hprpc__claim_take; the claim can still be dropped. */
static void test_made_and_gone(void **state)
{
    const char *path = in_base("door");
    struct hprpc__claim claim = { .lock_fd = -1 };

    (void)state;
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, NULL), 0);
    assert_int_equal(hprpc__claim_made(&claim), HPRPC_ESYSTEM);
    hprpc__claim_drop(&claim);
    assert_false(exists(in_base("door.lock")));
    hprpc__claim_drop(&claim);
}

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);

static const char *removed_before_flock; /* once */

int __wrap_flock(int fd, int operation)
{
    const char *path = removed_before_flock;

    removed_before_flock = NULL;
    if (path)
        assert_int_equal(unlink(path), 0);
    return __real_flock(fd, operation);
}

/* The listener that had the name removes the lock file between its opening and its taking: then another one is made and taken. */
static void test_lock_removed_meanwhile(void **state)
{
    char lock[HPRPC__PATH_MAX + 8];
    struct hprpc__claim claim = { .lock_fd = -1 };
    struct stat taken, there;

    (void)state;
    snprintf(lock, sizeof(lock), "%s", in_base("door.lock"));
    removed_before_flock = lock;
    assert_int_equal(hprpc__claim_take(&claim, in_base("door"), S_IFSOCK, NULL), 0);
    assert_null(removed_before_flock);
    assert_int_equal(fstat(claim.lock_fd, &taken), 0);
    assert_int_equal(stat(lock, &there), 0);
    assert_int_equal(taken.st_ino, there.st_ino);
    hprpc__claim_drop(&claim);
    assert_false(exists(lock));
}

/* ---- Two listeners of one name ---- */

/* A small listener: a claim, and the socket or FIFO at its path, which answers while it is open. */
struct holder {
    struct hprpc__claim claim;
    int fd;
};

static int hold(struct holder *holder, const char *path, mode_t type)
{
    int r;

    *holder = (struct holder){ .claim = { .lock_fd = -1 }, .fd = -1 };
    r = hprpc__claim_take(&holder->claim, path, type, NULL);
    if (r < 0)
        return r;
    if (type == S_IFIFO) {
        assert_int_equal(mkfifo(path, 0600), 0);
        holder->fd = open(path, O_RDWR);
    } else {
        holder->fd = bind_socket(path);
        assert_int_equal(listen(holder->fd, 1), 0);
    }
    assert_int_equal(hprpc__claim_made(&holder->claim), 0);
    return 0;
}

static void let_go(struct holder *holder)
{
    hprpc__claim_drop(&holder->claim);
    if (holder->fd >= 0)
        close(holder->fd);
    holder->fd = -1;
}

/*
 * A cleaner removes some names of the first holder, and a second one starts; then they stop in either order. The holder that
 * has the names at the end keeps them until it stops, and then nothing is left.
 */
static void test_a_stop_removes_only_its_own(void **state)
{
    static const mode_t types[] = { S_IFSOCK, S_IFIFO };
    const char *path = in_base("door"), *lock = in_base("door.lock");
    struct holder first, second, third;

    (void)state;
    for (unsigned i = 0; i < 2 * 4 * 2; i++) {
        mode_t type = types[i & 1];
        bool no_path = i & 2, no_lock = i & 4, second_first = i & 8;

        assert_int_equal(hold(&first, path, type), 0);
        if (no_path)
            unlink(path);
        if (no_lock)
            unlink(lock);
        assert_int_equal(hold(&second, path, type), no_path && no_lock ? 0 : HPRPC_EINUSE);
        if (second_first) {
            let_go(&second);
        } else {
            let_go(&first);
            assert_int_equal(exists(path), no_path && no_lock);
            assert_int_equal(exists(lock), no_path && no_lock);
            if (no_path && no_lock)
                assert_int_equal(hold(&third, path, type), HPRPC_EINUSE);
        }
        let_go(second_first ? &first : &second);
        assert_false(exists(path));
        assert_false(exists(lock));
    }
}

/* A directory appears between the starts of two listeners, as /run/user/UID does when a user logs in, and disappears again. */
static void test_one_name_in_two_places_is_taken_once(void **state)
{
    static const mode_t types[] = { S_IFSOCK, S_IFIFO };
    const char *first = in_base("first"), *second = in_base("second");
    const char *const directories[] = { first, second, NULL };
    struct hprpc_uri uri = { .scheme = "shm", .rest = "greeter" };
    struct hprpc_detail detail = { "" };

    (void)state;
    assert_int_equal(mkdir(second, 0755), 0);
    for (unsigned i = 0; i < 4; i++) {
        struct hprpc__claim early = { .lock_fd = -1 }, late = { .lock_fd = -1 };
        mode_t type = types[i & 1];
        bool unlocked = i & 2;
        char lock[HPRPC__PATH_MAX + 8];
        int fd;

        assert_int_equal(hprpc__claim_take_name(&early, directories, &uri, "", type, NULL), 0);
        assert_memory_equal(early.path, second, strlen(second));
        if (type == S_IFIFO) {
            assert_int_equal(mkfifo(early.path, 0600), 0);
            fd = open(early.path, O_RDWR);
        } else {
            fd = bind_socket(early.path);
            assert_int_equal(listen(fd, 1), 0);
        }
        assert_int_equal(hprpc__claim_made(&early), 0);
        snprintf(lock, sizeof(lock), "%s.lock", early.path);
        if (unlocked)
            assert_int_equal(unlink(lock), 0);
        assert_int_equal(mkdir(first, 0755), 0);
        assert_int_equal(hprpc__claim_take_name(&late, directories, &uri, "", type, &detail), HPRPC_EINUSE);
        assert_non_null(strstr(detail.text, early.path));
        assert_int_equal(late.lock_fd, -1);
        /* another name is free */
        assert_int_equal(hprpc__claim_take_name(&late, directories, &uri, ".x", type, NULL), 0);
        hprpc__claim_drop(&late);
        hprpc__claim_drop(&early);
        close(fd);
        /* this name is free once the first has stopped */
        assert_int_equal(hprpc__claim_take_name(&late, directories, &uri, "", type, NULL), 0);
        assert_memory_equal(late.path, first, strlen(first));
        hprpc__claim_drop(&late);
        snprintf(lock, sizeof(lock), "rm -rf '%s'", first);
        assert_int_equal(system(lock), 0);
    }
}

static void leave_fifo(const char *path)
{
    assert_int_equal(mkfifo(path, 0600), 0);
}

static void test_names_of_the_dead_are_swept(void **state)
{
    const char *path = in_base("door");
    struct hprpc__claim claim = { .lock_fd = -1 };

    (void)state;
    leave_fifo(path);
    leave_fifo(in_base("door.12.a"));
    leave_fifo(in_base("doors"));
    leave_fifo(in_base("another.1"));
    leave_socket(in_base("door.13"));
    assert_int_equal(close(open(in_base("door.14"), O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(close(open(in_base("door.lock"), O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFIFO, NULL), 0);
    assert_false(exists(path));
    assert_false(exists(in_base("door.12.a")));
    assert_true(exists(in_base("doors")));
    assert_true(exists(in_base("another.1")));
    assert_true(exists(in_base("door.13")));
    assert_true(exists(in_base("door.14")));
    hprpc__claim_drop(&claim);
}

/* A listener with a socket makes no other names, so those beside it are of others, and stay. */
static void test_nothing_beside_a_socket_is_swept(void **state)
{
    const char *path = in_base("door");
    struct hprpc__claim claim = { .lock_fd = -1 };

    (void)state;
    leave_socket(path);
    leave_socket(in_base("door.control"));
    leave_fifo(in_base("door.12.a"));
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, NULL), 0);
    assert_false(exists(path));
    assert_true(exists(in_base("door.control")));
    assert_true(exists(in_base("door.12.a")));
    hprpc__claim_drop(&claim);
}

static void test_sweep_spares_a_claim_with_a_longer_name(void **state)
{
    struct hprpc__claim claim = { .lock_fd = -1 }, longer = { .lock_fd = -1 };
    const char *path = in_base("door");

    (void)state;
    assert_int_equal(hprpc__claim_take(&longer, in_base("door.two"), S_IFIFO, NULL), 0);
    leave_fifo(in_base("door.two"));
    leave_fifo(in_base("door.two.7"));
    leave_fifo(in_base("door.twofold"));
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFIFO, NULL), 0);
    assert_true(exists(in_base("door.two")));
    assert_true(exists(in_base("door.two.7")));
    assert_false(exists(in_base("door.twofold")));
    hprpc__claim_drop(&claim);
    hprpc__claim_drop(&longer);
}

static void test_squatted_path_is_refused(void **state)
{
    const char *path = in_base("door");
    struct hprpc__claim claim = { .lock_fd = -1 };
    struct hprpc_detail detail;

    (void)state;
    assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, &detail), HPRPC_EADDRESS);
    assert_true(exists(path));
    assert_false(exists(in_base("door.lock")));
    assert_int_equal(unlink(path), 0);
    leave_socket(in_base("target"));
    assert_int_equal(symlink("target", path), 0);
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, &detail), HPRPC_EADDRESS);
    assert_int_equal(hprpc__claim_take(&claim, in_base("no/such/door"), S_IFSOCK, &detail), HPRPC_EADDRESS);
    assert_int_equal(claim.lock_fd, -1);
}

static void test_lock_that_is_a_link_is_refused(void **state)
{
    struct hprpc__claim claim = { .lock_fd = -1 };

    (void)state;
    assert_int_equal(symlink("target", in_base("door.lock")), 0);
    assert_int_equal(hprpc__claim_take(&claim, in_base("door"), S_IFSOCK, NULL), HPRPC_EPERMISSION);
    assert_false(exists(in_base("target")));
}

static void test_names_of_another_user_are_refused(void **state)
{
    const char *path = in_base("door");
    struct hprpc__claim claim = { .lock_fd = -1 };

    (void)state;
    if (geteuid())
        skip();
    leave_socket(path);
    assert_int_equal(chown(path, SOMEBODY, SOMEBODY), 0);
    leave_socket(in_base("door.1"));
    assert_int_equal(chown(in_base("door.1"), SOMEBODY, SOMEBODY), 0);
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, NULL), HPRPC_EPERMISSION);
    assert_true(exists(path));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, NULL), 0);
    assert_true(exists(in_base("door.1")));
    hprpc__claim_drop(&claim);
    assert_int_equal(close(open(in_base("door.lock"), O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(chown(in_base("door.lock"), SOMEBODY, SOMEBODY), 0);
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, NULL), HPRPC_EPERMISSION);
}

static void test_listener_without_a_lock_is_respected(void **state)
{
    const char *path = in_base("door"), *fifo = in_base("fifo");
    struct hprpc__claim claim = { .lock_fd = -1 };
    int fd;

    (void)state;
    fd = bind_socket(path);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, NULL), HPRPC_EINUSE);
    assert_true(exists(path));
    close(fd);
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, NULL), 0);
    hprpc__claim_drop(&claim);

    assert_int_equal(mkfifo(fifo, 0600), 0);
    fd = open(fifo, O_RDWR);
    assert_int_equal(hprpc__claim_take(&claim, fifo, S_IFIFO, NULL), HPRPC_EINUSE);
    close(fd);
    assert_int_equal(hprpc__claim_take(&claim, fifo, S_IFIFO, NULL), 0);
    hprpc__claim_drop(&claim);
}

static void test_killed_holder_leaves_no_claim(void **state)
{
    const char *path = in_base("door");
    struct hprpc__claim claim = { .lock_fd = -1 };
    int ready[2], status;
    pid_t child;
    char byte;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (!child) {
        if (!hprpc__claim_take(&claim, path, S_IFSOCK, NULL) && bind_socket(path) >= 0 && write(ready[1], "r", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, NULL), HPRPC_EINUSE);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(exists(path));
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, NULL), 0);
    assert_false(exists(path));
    hprpc__claim_drop(&claim);
    close(ready[0]);
    close(ready[1]);
}

static bool refuses_to_listen;
static mode_t mode_before; /* of a socket's name, when it began to listen */

int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);

int __wrap_listen(int fd, int backlog)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t size = sizeof(address);
    struct stat status;

    mode_before = getsockname(fd, (struct sockaddr *)&address, &size) || lstat(address.sun_path, &status)
                      ? 0
                      : status.st_mode & 07777;
    if (!refuses_to_listen)
        return __real_listen(fd, backlog);
    errno = ENOBUFS;
    return -1;
}

/* Until a socket listens, its name is its user's alone, whatever this process's mask; and one that cannot listen is closed. */
static void test_a_socket_opens_when_it_listens(void **state)
{
    struct hprpc__claim claim = { .lock_fd = -1 };
    const char *path = in_base("opens");
    mode_t mask = umask(0);
    struct stat status;
    int fd, free_fd;

    (void)state;
    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, NULL), 0);
    fd = hprpc__local_listen(SOCK_STREAM, &claim, 0666, NULL);
    assert_true(fd >= 0);
    assert_int_equal(mode_before, 0600);
    assert_int_equal(lstat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0666);
    hprpc__claim_drop(&claim);
    close(fd);

    assert_int_equal(hprpc__claim_take(&claim, path, S_IFSOCK, NULL), 0);
    free_fd = dup(0);
    close(free_fd);
    refuses_to_listen = true;
    assert_int_equal(hprpc__local_listen(SOCK_STREAM, &claim, 0666, NULL), HPRPC_ESYSTEM);
    assert_int_equal(hprpc__local_listen_abstract(SOCK_STREAM, "@refused-to-listen", NULL), HPRPC_ESYSTEM);
    refuses_to_listen = false;
    fd = dup(0);
    assert_int_equal(fd, free_fd);
    close(fd);
    hprpc__claim_drop(&claim);
    assert_false(exists(path));
    umask(mask);
}

/* Takes and drops the claim again and again. The file `inside` shows that no other process holds the claim at that time. */
static int contend(const char *path, const char *inside)
{
    struct hprpc__claim claim = { .lock_fd = -1 };
    int taken, fd, result;

    for (taken = 0; taken < ROUNDS;) {
        result = hprpc__claim_take(&claim, path, S_IFSOCK, NULL);
        if (result == HPRPC_EINUSE)
            continue;
        fd = result ? -1 : open(inside, O_CREAT | O_EXCL | O_WRONLY, 0600);
        if (fd < 0)
            return 1;
        close(fd);
        unlink(inside);
        hprpc__claim_drop(&claim);
        taken++;
    }
    return 0;
}

static void test_handover_between_processes(void **state)
{
    const char *path = in_base("door"), *inside = in_base("inside");
    pid_t children[CONTENDERS];
    int i, status;

    (void)state;
    for (i = 0; i < CONTENDERS; i++) {
        children[i] = fork();
        if (!children[i])
            _exit(contend(path, inside));
    }
    for (i = 0; i < CONTENDERS; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_false(exists(in_base("door.lock")));
}

#define ROOM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM(test_path_of_a_bare_name),
        ROOM(test_client_makes_nothing),
        ROOM(test_client_finds_the_name_in_either_place),
        ROOM(test_absolute_path_is_itself),
        ROOM(test_bad_names),
        ROOM(test_nowhere_to_live),
        ROOM(test_places_that_are_none),
        ROOM(test_open_directory_is_refused),
        ROOM(test_link_instead_of_directory_is_refused),
        ROOM(test_directory_of_another_is_refused),
        ROOM(test_the_system_places),
        ROOM(test_claim_excludes_and_drops),
        ROOM(test_claim_of_a_relative_path),
        ROOM(test_claim_of_a_long_path),
        ROOM(test_made_and_gone),
        ROOM(test_lock_removed_meanwhile),
        ROOM(test_a_stop_removes_only_its_own),
        ROOM(test_one_name_in_two_places_is_taken_once),
        ROOM(test_names_of_the_dead_are_swept),
        ROOM(test_nothing_beside_a_socket_is_swept),
        ROOM(test_sweep_spares_a_claim_with_a_longer_name),
        ROOM(test_squatted_path_is_refused),
        ROOM(test_lock_that_is_a_link_is_refused),
        ROOM(test_names_of_another_user_are_refused),
        ROOM(test_listener_without_a_lock_is_respected),
        ROOM(test_killed_holder_leaves_no_claim),
        ROOM(test_a_socket_opens_when_it_listens),
        ROOM(test_handover_between_processes),
    };

    return cmocka_run_group_tests_name("rendezvous", tests, NULL, NULL);
}
