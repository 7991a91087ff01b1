/* SPDX-License-Identifier: MIT */
/* Keeps files that clients send, and gives them back: depot-server tcp://127.0.0.1:7789 shm://depot */
#include <err.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include <hprpc/hprpc.h>
#include "depot.h"
#include "usage.h"

enum {
    WORKERS = 16, /* as many streams at once; each has a thread, which waits for its client */
    PART = 65536,
    LARGEST = 1 << 30,
};

struct file {
    struct file *next;
    uint8_t *data;
    size_t size;
    char name[]; /* ends with a 0 byte */
};

/* Files are never removed, so who has found one may read it without the lock. */
struct depot {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    struct file *first;
    struct file **end; /* where the next one goes */
};

static int append(struct file *file, size_t *room, struct kodosis_bytes part)
{
    uint8_t *data = file->data;

    if (part.size > LARGEST - file->size)
        return HPRPC_ETOOBIG;
    if (part.size > *room - file->size) {
        *room = 2 * *room + part.size;
        data = realloc(data, *room);
    }
    if (!data)
        return HPRPC_ENOMEM;
    file->data = data;
    memcpy(data + file->size, part.data, part.size);
    file->size += part.size;
    return 0;
}

/* Waits for each part: handlers run on workers. */
static int take_parts(struct hprpc_request *request, struct file *file)
{
    struct kodosis_bytes part;
    size_t room = 0;
    int result;

    while ((result = example_depot_put_next(request, &part)) == 1) {
        result = part.size ? append(file, &room, part) : 0;
        if (result < 0)
            break;
    }
    return result;
}

static int put(void *self, struct hprpc_request *request, struct kodosis_string name)
{
    struct file *file = calloc(1, sizeof(*file) + name.size + 1);
    struct depot *depot = self;
    int result = file ? take_parts(request, file) : HPRPC_ENOMEM;
    uint64_t size;

    if (result < 0) {
        if (file)
            free(file->data);
        free(file);
        return result;
    }
    memcpy(file->name, name.data, name.size);
    size = file->size;
    pthread_mutex_lock(&depot->lock);
    *depot->end = file;
    depot->end = &file->next;
    pthread_cond_broadcast(&depot->arrived);
    pthread_mutex_unlock(&depot->lock);
    return example_depot_put_reply(request, size);
}

static const struct file *find(struct depot *depot, const char *name)
{
    const struct file *found = NULL;

    pthread_mutex_lock(&depot->lock);
    for (const struct file *file = depot->first; file; file = file->next)
        if (strcmp(file->name, name) == 0)
            found = file;
    pthread_mutex_unlock(&depot->lock);
    return found;
}

static int get(void *self, struct hprpc_request *request, struct kodosis_string name)
{
    const struct file *file = find(self, name.data);
    struct example_no_file none = { name };
    int result = 0;

    if (!file)
        return example_no_file_raise(request, &none);
    for (size_t at = 0; at < file->size && result == 0; at += PART) {
        size_t size = file->size - at < PART ? file->size - at : PART;

        result = example_depot_get_send(request, (struct kodosis_bytes){ file->data + at, size });
    }
    return result < 0 ? result : example_depot_get_reply(request);
}

/* Waits for the file behind `seen`, or the first one. NULL if the caller has enough. */
static const struct file *await_file(struct depot *depot, struct hprpc_request *request, const struct file *seen)
{
    const struct file *file = NULL;

    pthread_mutex_lock(&depot->lock);
    while (!(file = seen ? seen->next : depot->first) && !hprpc_request_cancelled(request)) {
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until); /* a cancellation rings no condition, so it is looked for now and then */
        until.tv_nsec += 100000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&depot->arrived, &depot->lock, &until);
    }
    pthread_mutex_unlock(&depot->lock);
    return file;
}

static int watch(void *self, struct hprpc_request *request)
{
    const struct file *file = NULL;
    int result = 0;

    while (result == 0 && (file = await_file(self, request, file))) {
        struct example_arrival arrival = { kodosis_str(file->name), file->size };

        result = example_depot_watch_send(request, &arrival);
    }
    return result < 0 ? result : HPRPC_ECANCELLED;
}

static int serve(struct hprpc_server *server, char **uris, struct depot *depot, struct hprpc_detail *detail)
{
    static const struct example_depot_service service = { .put = put, .get = get, .watch = watch };
    char address[HPRPC_URI_MAX + 1];
    int result = example_depot_add(server, &service, depot);

    for (size_t i = 0; uris[i] && result == 0; i++) {
        result = hprpc_server_listen(server, uris[i], detail);
        if (result == 0 && hprpc_server_address(server, i, address, sizeof(address)) == 0)
            printf("listening on %s\n", address);
    }
    fflush(stdout);
    return result == 0 ? hprpc_server_run(server) : result;
}

static void clear(struct depot *depot)
{
    while (depot->first) {
        struct file *file = depot->first;

        depot->first = file->next;
        free(file->data);
        free(file);
    }
}

int main(int argc, char **argv)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct depot depot = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, &depot.first };
    struct hprpc_detail detail = { "" };
    struct hprpc_server *server = NULL;
    int result;

    usage_check(argc, argv, argc, "depot-server URI...\nKeeps files in memory, until SIGINT or SIGTERM.");
    if (argc < 2)
        errx(1, "usage: depot-server URI...");
    options.workers = WORKERS;
    options.stop_timeout_ms = 500; /* watchers never end by themselves */
    result = hprpc_server_new(NULL, &options, &server);
    if (result == 0)
        result = hprpc_server_stop_on_signal(server, SIGINT);
    if (result == 0)
        result = hprpc_server_stop_on_signal(server, SIGTERM);
    if (result == 0)
        result = serve(server, argv + 1, &depot, &detail);
    if (result < 0)
        warnx("%s", detail.text[0] ? detail.text : hprpc_error_text(result));
    hprpc_server_free(server);
    clear(&depot);
    return result < 0;
}
