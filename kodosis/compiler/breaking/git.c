/* SPDX-License-Identifier: MIT */
/* Runs git. Its revision is resolved to a tree once, so that all files are of one state. */
#include "kodosis/compiler/breaking/git.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kodosis/compiler/text/name.h"

extern char **environ;

enum {
    ARGUMENTS_MAX = 8,
    LIST_MAX = 256 * 1024 * 1024, /* bytes of the names of all files of a revision */
    REASON_MAX = 4096,
};

/* One run of git. */
struct run {
    struct kodosis_text out;
    struct kodosis_text err;
    size_t limit; /* of `out` */
    bool cut;     /* there was more */
    int status;   /* of its end; -1: it could not be run, `error` says why */
    int error;
};

static void clear_run(struct run *run)
{
    kodosis_text_clear(&run->out);
    kodosis_text_clear(&run->err);
}

/* Takes what can be read. False at the end. */
static bool take(int descriptor, struct kodosis_text *text, size_t limit, bool *ret_cut)
{
    char piece[16 * 1024];
    ssize_t size = read(descriptor, piece, sizeof(piece));

    if (size < 0)
        return errno == EINTR;
    if ((size_t)size > limit - text->size) {
        size = (ssize_t)(limit - text->size);
        *ret_cut = true;
    }
    kodosis_text_add_bytes(text, piece, (size_t)size);
    return size > 0 && !*ret_cut;
}

/* Reads both outputs until they end, or the first one is longer than its limit. */
static void read_outputs(struct run *run, int out, int err)
{
    struct pollfd polled[2] = { { .fd = out, .events = POLLIN }, { .fd = err, .events = POLLIN } };
    bool ignored = false;

    while (polled[0].fd >= 0 || (polled[1].fd >= 0 && !run->cut)) {
        if (poll(polled, 2, -1) < 0)
            continue;
        if (polled[0].revents && !take(out, &run->out, run->limit, &run->cut))
            polled[0].fd = -1;
        if (polled[1].revents && !take(err, &run->err, REASON_MAX, &ignored))
            polled[1].fd = -1;
    }
}

static int spawn(const char *const *arguments, const int *out, const int *err, pid_t *ret_process)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);

    if (error)
        return error;
    error = posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    if (!error)
        error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
    if (!error)
        error = posix_spawnp(ret_process, "git", &actions, NULL, (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void run_between(struct run *run, const char *const *arguments, const int *out, const int *err)
{
    pid_t process;
    int status = 0;

    run->status = -1;
    run->error = spawn(arguments, out, err, &process);
    close(out[1]);
    close(err[1]);
    if (!run->error)
        read_outputs(run, out[0], err[0]);
    close(out[0]);
    close(err[0]);
    if (run->error)
        return;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR)
        ;
    run->status = run->cut ? 0 : WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* Runs `git -C directory ARGUMENT...`; the arguments end with NULL. */
static void run_git(struct run *run, const char *directory, const char *const *arguments, size_t limit)
{
    const char *all[ARGUMENTS_MAX + 4] = { "git", "-C", directory };
    int out[2];
    int err[2];

    *run = (struct run){ .limit = limit, .status = -1 };
    for (size_t i = 0; arguments[i] && i < ARGUMENTS_MAX; i++)
        all[3 + i] = arguments[i];
    if (pipe2(out, O_CLOEXEC)) {
        run->error = errno;
        return;
    }
    if (pipe2(err, O_CLOEXEC)) {
        run->error = errno;
        close(out[0]);
        close(out[1]);
        return;
    }
    run_between(run, all, out, err);
}

/* What git said: its last line, without "fatal: ". */
static const char *reason_of(struct run *run)
{
    char *line;

    if (run->status < 0)
        return strerror(run->error);
    while (run->err.size && run->err.data[run->err.size - 1] == '\n')
        run->err.data[--run->err.size] = '\0';
    if (!run->err.size)
        return "it does not say why";
    line = strrchr(run->err.data, '\n');
    line = line ? line + 1 : run->err.data;
    return strncmp(line, "fatal: ", 7) ? line : line + 7;
}

static bool complain(struct run *run, const char *what, const char *name)
{
    fprintf(stderr, "kodosis: error: git: %s%s: %s\n", what, name, reason_of(run));
    clear_run(run);
    return false;
}

/* The n-th line of what git printed. */
static const char *line_of(struct kodosis_memory *memory, const struct kodosis_text *text, unsigned number)
{
    const char *line = text->size ? text->data : "";

    while (number--) {
        line = strchr(line, '\n');
        if (!line)
            return "";
        line++;
    }
    return kodosis_memory_copy(memory, line, strcspn(line, "\n"));
}

static bool find_top(struct kodosis_git *git)
{
    struct run run;

    run_git(&run, git->directory, (const char *const[]){ "rev-parse", "--git-dir", NULL }, REASON_MAX);
    if (run.status)
        return complain(&run, "no repository at ", git->directory);
    clear_run(&run);
    run_git(&run, git->directory, (const char *const[]){ "rev-parse", "--show-toplevel", "--show-prefix", NULL },
            REASON_MAX);
    git->top = run.status ? "" : line_of(git->memory, &run.out, 0); /* a bare repository has no working tree */
    git->prefix = run.status ? "" : line_of(git->memory, &run.out, 1);
    clear_run(&run);
    return true;
}

static bool find_tree(struct kodosis_git *git)
{
    const char *wanted = kodosis_join(git->memory, git->revision, "^{", "tree}");
    struct run run;

    if (*git->revision == '-' || !*git->revision) {
        fprintf(stderr, "kodosis: error: '%s' is no git revision\n", git->revision);
        return false;
    }
    run_git(&run, git->directory, (const char *const[]){ "rev-parse", "--verify", "--quiet", wanted, NULL },
            REASON_MAX);
    if (run.status < 0)
        return complain(&run, "cannot be run for ", git->revision);
    if (run.status) {
        fprintf(stderr, "kodosis: error: git knows no revision '%s' at %s\n", git->revision, git->directory);
        clear_run(&run);
        return false;
    }
    git->tree = line_of(git->memory, &run.out, 0);
    clear_run(&run);
    return true;
}

static void add_entry(struct kodosis_git *git, const char *name, size_t size)
{
    char *file = kodosis_memory_copy(git->memory, name, size);

    git->files[git->file_count++] = file;
    kodosis_table_add(&git->entries, file, (void *)"f");
    for (char *slash = strrchr(file, '/'); slash; slash = memrchr(file, '/', (size_t)(slash - file))) {
        const char *directory = kodosis_memory_copy(git->memory, file, (size_t)(slash - file));

        if (kodosis_table_add(&git->entries, directory, (void *)"d"))
            break;
    }
}

static bool list_tree(struct kodosis_git *git)
{
    struct run run;
    size_t count = 0;

    run_git(&run, git->directory,
            (const char *const[]){ "ls-tree", "-r", "-z", "--full-tree", "--name-only", git->tree, NULL }, LIST_MAX);
    if (run.status)
        return complain(&run, "cannot list ", git->revision);
    for (size_t i = 0; i < run.out.size; i++)
        count += !run.out.data[i];
    git->files = kodosis_reallocate(NULL, count + 1, sizeof(*git->files));
    kodosis_table_add(&git->entries, "", (void *)"d");
    for (size_t from = 0; from < run.out.size;) {
        size_t size = strlen(run.out.data + from);

        add_entry(git, run.out.data + from, size);
        from += size + 1;
    }
    clear_run(&run);
    return true;
}

bool kodosis_git_find_prefix(struct kodosis_git *git, const char *directory, struct kodosis_memory *memory)
{
    *git = (struct kodosis_git){ .memory = memory, .directory = directory };
    return find_top(git);
}

bool kodosis_git_open(struct kodosis_git *git, const char *directory, const char *revision,
                      struct kodosis_memory *memory)
{
    *git = (struct kodosis_git){
        .memory = memory,
        .directory = directory,
        .revision = revision,
    };
    return find_top(git) && find_tree(git) && list_tree(git);
}

void kodosis_git_close(struct kodosis_git *git)
{
    kodosis_table_clear(&git->entries);
    free(git->files);
    *git = (struct kodosis_git){ 0 };
}

/* ---- Paths ---- */

const char *kodosis_git_normalize(struct kodosis_memory *memory, const char *path)
{
    char *normal = kodosis_memory_take(memory, strlen(path) + 2);
    size_t size = 0;

    while (*path) {
        size_t part = strcspn(path, "/");

        if (part == 2 && !strncmp(path, "..", 2)) {
            if (!size)
                return NULL;
            while (size && normal[--size] != '/')
                ;
        } else if (part && !(part == 1 && *path == '.')) {
            if (size)
                normal[size++] = '/';
            memcpy(normal + size, path, part);
            size += part;
        }
        path += part + (path[part] == '/');
    }
    normal[size] = '\0';
    return normal;
}

char kodosis_git_kind(const struct kodosis_git *git, const char *path)
{
    const char *kind = kodosis_table_find(&git->entries, path);

    return kind ? *kind : 0;
}

const char *kodosis_git_path(struct kodosis_git *git, const char *below_top)
{
    return kodosis_join(git->memory, git->revision, strchr(below_top, '/') ? ":" : ":./", below_top);
}

/* The normalized path below the top for "REVISION:path"; NULL for another path, or one that leads out. */
static const char *below_top(struct kodosis_git *git, const char *path)
{
    size_t size = strlen(git->revision);

    if (strncmp(path, git->revision, size) != 0 || path[size] != ':')
        return NULL;
    return kodosis_git_normalize(git->memory, path + size + 1);
}

/* ---- Sources ---- */

static int read_blob(struct kodosis_git *git, const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
    const char *blob = kodosis_join(git->memory, git->tree, ":", path);
    struct run run;

    run_git(&run, git->directory, (const char *const[]){ "cat-file", "blob", blob, NULL }, limit);
    if (run.status) {
        int error = run.status < 0 ? run.error : EIO;

        clear_run(&run);
        return error;
    }
    kodosis_text_add_bytes(&run.out, "", 0);
    *ret_data = run.out.data;
    *ret_size = run.out.size;
    kodosis_text_clear(&run.err);
    return 0;
}

static int read_file(void *self, const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
    struct kodosis_git *git = self;
    const char *name = below_top(git, path);

    if (!name)
        return kodosis_file_system.read(NULL, path, limit, ret_data, ret_size);
    if (kodosis_git_kind(git, name) != 'f')
        return kodosis_git_kind(git, name) ? EISDIR : ENOENT;
    return read_blob(git, name, limit, ret_data, ret_size);
}

static char *identify(void *self, const char *path)
{
    struct kodosis_git *git = self;
    const char *name = below_top(git, path);
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    if (!name)
        return kodosis_file_system.identify(NULL, path);
    if (!kodosis_git_kind(git, name))
        return NULL;
    kodosis_text_add(&text, "%s:/%s", git->revision, name); /* also the top ends in front of a '/' */
    return text.data;
}

struct kodosis_sources kodosis_git_sources(struct kodosis_git *git)
{
    return (struct kodosis_sources){ git, read_file, identify };
}
