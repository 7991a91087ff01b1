/* SPDX-License-Identifier: MIT */
/* What applications do to threads: they cancel threads that wait in the library, and direct signals away from its threads. */
#include <dirent.h>
#include <sched.h>
#include <signal.h>

#include "conformance/suite.h"

#ifdef __SANITIZE_ADDRESS__
void __asan_handle_no_return(void); /* a function of the sanitizer */
#endif

enum { VICTIMS_MAX = 3 };

/* ---- Cancellation ---- */

enum victim_wait { FOR_REPLY, FOR_ONE_OF_TWO, FOR_ROOM, FOR_BOUND, FOR_MUCH, WAITS };

struct victim {
    const struct conform_probe_proxy *proxy;
    struct hprpc_client *client;
    enum victim_wait wait;
    atomic_bool begun, cancelled;
    pthread_t thread;
};

static void wait_once(struct victim *victim)
{
    struct hprpc_call calls[2] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT };
    static const uint8_t much[3 << 20]; /* large enough to be sent in pieces, and to make a FIFO grow */
    struct conform_probe_proxy other;
    struct kodosis_bytes echo;
    int32_t value;

    atomic_store(&victim->begun, true);
    if (victim->wait == FOR_REPLY) {
        conform_probe_later(victim->proxy, NULL, 1, false, &value);
    } else if (victim->wait == FOR_ROOM) {
        conform_probe_poke(victim->proxy, NULL);
    } else if (victim->wait == FOR_BOUND) {
        conform_probe_bind(victim->client, NULL, &other);
    } else if (victim->wait == FOR_MUCH) {
        conform_probe_echo(victim->proxy, &calls[0], suite_bytes(much, sizeof(much)), &echo);
        hprpc_call_clear(&calls[0]);
    } else {
        for (int i = 0; i < 2; i++)
            conform_probe_later_start(victim->proxy, &calls[i], i, false);
        hprpc_pending_call_wait_any((struct hprpc_pending_call *[]){ calls[0].pending, calls[1].pending }, 2,
                                    HPRPC_NO_TIMEOUT);
        for (int i = 0; i < 2; i++)
            hprpc_call_clear(&calls[i]);
    }
}

/* Ends the thread if it was cancelled. Tells the address sanitizer first, which does not notice that the frames are left. */
static void act_on_cancellation(void)
{
#ifdef __SANITIZE_ADDRESS__
    __asan_handle_no_return();
#endif
    pthread_testcancel();
}

static void *wait_for_it(void *argument)
{
    struct victim *victim = argument;

    wait_once(victim);
    while (!atomic_load(&victim->cancelled))
        sched_yield();
    act_on_cancellation();
    return NULL;
}

/* Several threads wait, and some or all of them are cancelled; the client then serves others as before. */
static void cancelled(enum hprpc_pump pump, enum victim_wait wait, int victims)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_call blocking = HPRPC_CALL_INIT;
    struct victim waiting[VICTIMS_MAX];
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    struct patience patience;
    struct room room;
    int32_t value;
    int r;

    if (wait == FOR_ROOM)
        options.max_calls = 1;
    room_serve(&room, "", &options);
    client = room_connect_pumped(&room, pump, &proxy);
    atomic_store(&room.probe.hold, true);
    if (wait == FOR_ROOM)
        assert_int_equal(conform_probe_later_start(&proxy, &blocking, 5, false), 0);
    for (int i = 0; i < victims; i++) {
        waiting[i].proxy = &proxy;
        waiting[i].client = client;
        waiting[i].wait = wait;
        atomic_init(&waiting[i].begun, false);
        atomic_init(&waiting[i].cancelled, false);
        assert_int_equal(pthread_create(&waiting[i].thread, NULL, wait_for_it, &waiting[i]), 0);
    }
    patience = patience_begin();
    for (int i = 0; i < victims; i++)
        while (!atomic_load(&waiting[i].begun) && try_again(&patience))
            ;
    if (wait == FOR_REPLY)
        suite_await(&room.probe.kept, (unsigned)victims);
    for (int i = 0; i < victims; i++) {
        assert_int_equal(pthread_cancel(waiting[i].thread), 0);
        atomic_store(&waiting[i].cancelled, true);
    }
    atomic_store(&room.probe.hold, false);
    for (int i = 0; i < victims; i++) {
        void *result;

        assert_int_equal(pthread_join(waiting[i].thread, &result), 0);
        assert_ptr_equal(result, PTHREAD_CANCELED);
    }
    if (wait == FOR_ROOM)
        assert_int_equal(conform_probe_later_finish(&blocking, &value), 0);
    hprpc_call_clear(&blocking);
    r = conform_probe_poke(&proxy, &blocking);
    if (r < 0)
        fail_msg("pump %d, wait %d, %d victims: %s", (int)pump, (int)wait, victims, blocking.detail);
    hprpc_call_clear(&blocking);
    assert_int_equal(conform_probe_later(&proxy, NULL, 7, false, &value), 0);
    assert_int_equal(value, 7);
    hprpc_client_free(client);
    room_close(&room);
}

static void cancelled_while_they_wait(void **state)
{
    (void)state;
    for (int pump = 0; pump < 3; pump++)
        for (int wait = 0; wait < WAITS; wait++)
            for (int victims = 1; victims <= VICTIMS_MAX; victims += 2)
                cancelled(suite_pumps[pump], (enum victim_wait)wait, victims);
}

/* ---- Signals ---- */

/* Counts the threads of this process that do not block the signal. */
static int open_to(int number)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;
    int count = 0;

    assert_non_null(tasks);
    while ((entry = readdir(tasks))) {
        unsigned long long blocked = ~0ull;
        char path[300], line[128];
        FILE *status;

        snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
        status = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        while (status && fgets(line, sizeof(line), status))
            if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
                break;
        if (status)
            fclose(status);
        count += !(blocked & 1ull << (number - 1));
    }
    closedir(tasks);
    return count;
}

static void signals_are_for_the_application(void **state)
{
    enum { OF_THE_ROOM = 2 }; /* the thread that serves, and the keeper */
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    struct room room;
    struct patience patience;
    int before = open_to(SIGUSR1), now;

    (void)state;
    options.loops = 2;
    options.workers = 2;
    room_serve(&room, "", &options);
    client = room_connect_pumped(&room, HPRPC_PUMP_THREAD, &proxy);
    for (int i = 0; i < 20; i++)
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    /* a thread that is starting another one blocks all its signals meanwhile */
    patience = patience_begin();
    while ((now = open_to(SIGUSR1)) < before + OF_THE_ROOM && try_again(&patience))
        ;
    assert_int_equal(now, before + OF_THE_ROOM);
    hprpc_client_free(client);
    room_close(&room);
}

static const struct CMUnitTest tests[] = { fixture_test(cancelled_while_they_wait),
                                           fixture_test(signals_are_for_the_application) };

const struct chapter threads_chapter = { "threads", tests, sizeof(tests) / sizeof(tests[0]) };
