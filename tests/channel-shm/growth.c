/* SPDX-License-Identifier: MIT */
/*
 * An arena that grows if bodies are long and frequent: when it grows, what is sent whole, and what happens if it cannot grow.
 */
#include "tests/channel-shm/end.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SLOTS = 64,
    ARENA = 64 * 1024,
    EXTENSION = 1024 * 1024,
    UNIT = 64 * 1024,
    LONG = 100000,
    ENOUGH = 5,
    FAR = 1100
};

static struct pair pair;

static int set_up(void **state)
{
    (void)state;
    pair_make_growing(&pair, NULL, SLOTS, ARENA, EXTENSION, false, -1);
    return 0;
}

static int set_up_untrusted(void **state)
{
    (void)state;
    pair_make_growing(&pair, NULL, SLOTS, ARENA, EXTENSION, true, -1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pair_free(&pair);
    return 0;
}

/* Returns by how many bytes the arena of this end has grown. */
static uint32_t grown(struct hprpc_channel *end)
{
    return shm_zone_size(&shm_channel(end)->sender.arena.extension);
}

/* Returns how many bytes of the segment have memory. */
static size_t resident(void)
{
    static unsigned char pages[16384];
    size_t count = (pair.geometry.size + 4095) / 4096, all = 0, i;

    assert_true(count <= sizeof(pages));
    assert_int_equal(mincore(pair.memory, pair.geometry.size, pages), 0);
    for (i = 0; i < count; i++)
        all += pages[i] & 1;
    return all * 4096;
}

static void exchange_size(uint32_t call, uint32_t size)
{
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, call, size), 0);
    expect(pair.server, pair.client, HPRPC_MESSAGE_REQUEST, call, size);
    assert_int_equal(send_message(pair.server, HPRPC_MESSAGE_REPLY, call, size), 0);
    expect(pair.client, pair.server, HPRPC_MESSAGE_REPLY, call, size);
    assert_false(pair.client->queued);
    assert_false(pair.server->queued);
}

/* Exchanges bodies of this size until both arenas have grown. */
static void grow(uint32_t size)
{
    for (uint32_t call = 0; call < ENOUGH; call++)
        exchange_size(call, size);
    assert_true(grown(pair.client) >= size && grown(pair.server) >= size);
}

static void assert_all_free(void)
{
    struct hprpc_channel *ends[] = { pair.client, pair.server };
    struct shm_arena *arena;

    for (int i = 0; i < 2; i++) {
        arena = &shm_channel(ends[i])->sender.arena;
        assert_int_equal(hprpc__shm_arena_collect(arena), 0);
        assert_int_equal(arena->base.chunks + arena->extension.chunks, 0);
        assert_int_equal(arena->base.free_units, arena->base.end);
        assert_int_equal(arena->extension.free_units, arena->extension.end - arena->extension.first);
        assert_int_equal(atomic_load(&shm_channel(ends[i])->receiver.held[0]), 0);
        assert_int_equal(atomic_load(&shm_channel(ends[i])->receiver.held[1]), 0);
    }
}

static void test_every_size_around_the_boundaries(void **state)
{
    static const uint32_t places[] = { ARENA / 8, ARENA / 2,        ARENA,
                                       2 * UNIT,  EXTENSION / 4,    EXTENSION / 2,
                                       EXTENSION, EXTENSION + UNIT, 3 * EXTENSION };
    uint32_t call = 1, size, i, again;

    (void)state;
    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        for (size = places[i] - 1; size <= places[i] + 1; size++)
            for (again = 0; again < 4; again++)
                exchange_size(call++, size);
    assert_int_equal(grown(pair.client), EXTENSION);
    assert_int_equal(grown(pair.server), EXTENSION);
    assert_all_free();
}

/* A side that sends long bodies seldom or never gets no more memory than an arena that cannot grow. */
static void test_memory_comes_with_need(void **state)
{
    uint32_t call = 0, i, round;

    (void)state;
    for (round = 0; round < 3; round++) {
        for (i = 0; i < ENOUGH - 1; i++)
            exchange_size(call++, LONG);
        for (i = 0; i < FAR; i++)
            exchange_size(call++, i % 100);
    }
    for (i = 0; i < 1000; i++)
        exchange_size(call++, ARENA / 2);
    assert_int_equal(grown(pair.client) + grown(pair.server), 0);
    assert_true(resident() <= pair.geometry.allocated);

    grow(LONG);
    for (i = 0; i < 100; i++)
        exchange_size(call++, LONG);
    /* each arena has room for two such bodies */
    assert_int_equal(grown(pair.client), 4 * UNIT);
    assert_int_equal(grown(pair.server), 4 * UNIT);
    assert_true(resident() <= pair.geometry.allocated + 8 * UNIT);
}

/* The arena also grows if bodies that fit in it often find no room. */
static void test_short_of_room(void **state)
{
    struct hprpc_message messages[2 * ENOUGH];
    uint32_t i, call = 0;

    (void)state;
    for (i = 0; i < 100 && !grown(pair.client); i++) {
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, call, UNIT), 0);
        expect(pair.server, pair.client, HPRPC_MESSAGE_REPLY, call++, UNIT);
    }
    for (i = 0; i < 2 * ENOUGH; i++) {
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, call + i, LONG), 0);
        take(pair.server, pair.client, &messages[i]);
    }
    assert_true(grown(pair.client) >= 6 * LONG);
    for (i = 0; i < 2 * ENOUGH; i++) {
        check_body(&messages[i], call + i, LONG);
        pair.server->ops->release(pair.server, &messages[i]);
    }
    assert_all_free();
}

static bool is_in_extension(const struct hprpc_message *message)
{
    const uint8_t *start = (const uint8_t *)pair.memory + pair.geometry.extension_at[0];

    return message->body >= start && message->body < start + EXTENSION;
}

/* Long bodies are written once and read where they lie. Half of the extension may be kept. */
static void test_whole_and_lent(void **state)
{
    struct hprpc_reservation reservation;
    struct hprpc_header header = { .type = HPRPC_MESSAGE_REQUEST };
    struct hprpc_message messages[8];
    const uint8_t *start = (const uint8_t *)pair.memory + pair.geometry.extension_at[0];
    int i, result, count = 0;

    (void)state;
    for (i = 0; i < 100 && grown(pair.client) < EXTENSION; i++) {
        exchange_size(1, LONG);
        exchange_size(1, EXTENSION);
    }
    assert_int_equal(grown(pair.client), EXTENSION);
    assert_int_equal(pair.client->ops->start_call(pair.client, &header, LONG, &reservation), 0);
    assert_true(reservation.writer.start >= start && reservation.writer.start < start + EXTENSION);
    pair.client->ops->cancel_call(pair.client, &reservation);
    assert_all_free();

    /* the extension is full, eight bodies of two units, and the base is free: requests wait, and answers go in pieces */
    while ((result = send_message(pair.client, HPRPC_MESSAGE_REQUEST, (uint32_t)count, LONG)) == 0)
        take(pair.server, NULL, &messages[count++]);
    assert_int_equal(result, HPRPC_EAGAIN);
    assert_int_equal(count, EXTENSION / UNIT / 2);
    for (i = 0; i < count; i++) {
        assert_true(is_in_extension(&messages[i]));
        assert_true(messages[i].lendable == (i < count / 2));
    }
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 100, LONG), 0);
    expect(pair.server, pair.client, HPRPC_MESSAGE_REPLY, 100, LONG);
    for (i = 0; i < count; i++) {
        check_body(&messages[i], (uint32_t)i, LONG);
        pair.server->ops->release(pair.server, &messages[i]);
    }
    /* longer than half of the base, and shorter than a unit: the first to look for what was given back */
    exchange_size(101, ARENA / 2 + 1);
    exchange_size(102, LONG);
    assert_all_free();
}

static void test_untrusted_bodies_are_copied(void **state)
{
    struct hprpc_message message;

    (void)state;
    grow(LONG);
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 9, LONG), 0);
    take(pair.server, NULL, &message);
    memset((uint8_t *)pair.memory + pair.geometry.extension_at[0], 0xcc, grown(pair.client));
    check_body(&message, 9, LONG);
    pair.server->ops->release(pair.server, &message);
    assert_all_free();
}

/* Both ends send whatever there is room for, and release in any order. */
static void test_both_directions_at_random(void **state)
{
    enum { STEPS = 2000, KEPT = 12 };
    static const uint32_t sizes[] = { 10, 1000, ARENA / 2, UNIT, LONG, 3 * UNIT, EXTENSION / 2, 2 * EXTENSION };
    struct hprpc_channel *ends[] = { pair.client, pair.server };
    struct hprpc_message kept[2][KEPT];
    uint32_t sent[2] = { 0, 0 }, taken[2] = { 0, 0 }, count[2] = { 0, 0 }, size;
    static uint8_t kinds[2][STEPS + 1];
    unsigned seed = 1;
    int result;

    (void)state;
    for (int step = 0; step < STEPS || taken[0] < sent[1] || taken[1] < sent[0] || count[0] || count[1]; step++) {
        int end = (int)(rand_r(&seed) % 2), place;

        ends[end]->ops->flush(ends[end]);
        if (step < STEPS && rand_r(&seed) % 2) {
            kinds[end][sent[end]] = (uint8_t)(rand_r(&seed) % (sizeof(sizes) / sizeof(sizes[0])));
            size = sizes[kinds[end][sent[end]]];
            result = send_message(ends[end], rand_r(&seed) % 2 ? HPRPC_MESSAGE_REQUEST : HPRPC_MESSAGE_REPLY, sent[end],
                                  size);
            assert_true(result == 0 || result == HPRPC_EAGAIN);
            sent[end] += result == 0;
        } else if (count[end] < KEPT && (result = ends[end]->ops->receive(ends[end], &kept[end][count[end]])) != 0) {
            assert_int_equal(result, 1);
            assert_int_equal(kept[end][count[end]].header.call, taken[end]);
            size = sizes[kinds[!end][taken[end]]];
            check_body(&kept[end][count[end]], taken[end]++, size);
            /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Branch): `receive` has filled it in */
            if (kept[end][count[end]].lendable)
                count[end]++;
            else
                ends[end]->ops->release(ends[end], &kept[end][count[end]]);
        } else if (count[end]) {
            place = (int)(rand_r(&seed) % count[end]);
            size = sizes[kinds[!end][kept[end][place].header.call]];
            check_body(&kept[end][place], kept[end][place].header.call, size);
            ends[end]->ops->release(ends[end], &kept[end][place]);
            kept[end][place] = kept[end][--count[end]];
        }
    }
    assert_true(grown(pair.client) > EXTENSION / 2 && grown(pair.server) > EXTENSION / 2);
    assert_all_free();
}

/* The return ring has as many entries as the base has units, and there are never more chunks than that. */
static void test_no_more_chunks_than_returns(void **state)
{
    enum { MANY = 2048, UNITS = 1024 };
    struct hprpc_message *messages = calloc(MANY, sizeof(*messages));
    int i, round;

    (void)state;
    pair_free(&pair);
    pair_make_growing(&pair, NULL, MANY, ARENA, EXTENSION, false, -1);
    grow(LONG);
    for (round = 0; round < 3; round++) {
        for (i = 0; i < UNITS; i++) {
            assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, (uint32_t)i, 49), 0);
            take(pair.server, NULL, &messages[i]);
        }
        assert_int_equal(shm_channel(pair.client)->sender.arena.base.free_units, 0);
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 7, LONG), 0);
        assert_int_not_equal(pair.client->queued, 0);
        for (i = 0; i < UNITS; i++)
            pair.server->ops->release(pair.server, &messages[i]);
        expect(pair.server, pair.client, HPRPC_MESSAGE_REPLY, 7, LONG);
        assert_all_free();
    }
    free(messages);
}

/* A side without the extension, or on a system that cannot look for its memory, sends and receives long bodies in pieces. */
static void test_one_side_without_extension(void **state)
{
    (void)state;
    atomic_store(&shm_channel(pair.client)->sender.words->extensible, 0);
    for (uint32_t call = 0; call < 50; call++)
        exchange_size(call, LONG);
    assert_int_equal(grown(pair.client), 0);
    assert_int_not_equal(grown(pair.server), 0);
    pair_free(&pair);

    pair_make_growing(&pair, NULL, SLOTS, ARENA, EXTENSION, false, -1);
    shm_channel(pair.client)->sender.arena.extension.memory = NULL;
    for (uint32_t call = 0; call < 50; call++)
        exchange_size(call, LONG);
    assert_int_equal(grown(pair.client), 0);
    assert_int_not_equal(grown(pair.server), 0);
}

/* ---- What the other side says of chunks ---- */

static void receive_chunk(uint32_t unit, uint32_t size, const char *reason)
{
    struct shm_slot *slot = shm_channel(pair.client)->sender.next;
    struct hprpc_message message;

    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 1, LONG), 0);
    atomic_store(&slot->rest[0], unit | (uint64_t)size << 32);
    if (reason) {
        assert_int_equal(pair.server->ops->receive(pair.server, &message), HPRPC_EPROTOCOL);
        assert_non_null(strstr(pair.server->reason.text, reason));
        return;
    }
    assert_int_equal(pair.server->ops->receive(pair.server, &message), 1);
    assert_int_equal(message.size, size);
    pair.server->ops->release(pair.server, &message);
}

static void test_chunks_outside(void **state)
{
    static const struct {
        uint32_t unit, size;
        bool unmapped;
    } cases[] = {
        { ARENA / 64 + EXTENSION / UNIT, 1, false },
        { ARENA / 64 + EXTENSION / UNIT - 1, UNIT + 1, false },
        { ARENA / 64, EXTENSION + 1, false },
        { ARENA / 64 - 1, LONG, false }, /* from the base into the extension */
        { 0xffffffff, LONG, false },
        { ARENA / 64, LONG, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        grow(LONG);
        if (cases[i].unmapped)
            shm_channel(pair.server)->receiver.extension = NULL;
        receive_chunk(cases[i].unit, cases[i].size, "not inside the arena");
        pair_free(&pair);
        pair_make_growing(&pair, NULL, SLOTS, ARENA, EXTENSION, false, -1);
    }
}

/* Replaces hprpc__shm_extension_find() (the linker's --wrap). */
int __real_hprpc__shm_extension_find(uint8_t *memory, size_t size);
int __wrap_hprpc__shm_extension_find(uint8_t *memory, size_t size);
static int find_error;

int __wrap_hprpc__shm_extension_find(uint8_t *memory, size_t size)
{
    return find_error ? find_error : __real_hprpc__shm_extension_find(memory, size);
}

/* If the system has no memory to map what the sender allocated, the message waits, and the connection goes on. */
static void test_no_memory_to_find_a_chunk(void **state)
{
    static const int errors[] = { ENOMEM, EAGAIN };
    struct hprpc_message message;

    for (size_t i = 0; i < 2; i++) {
        for (uint32_t call = 0; grown(pair.client) < LONG; call++) {
            assert_int_equal(shm_channel(pair.server)->receiver.found, 0);
            assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, call, LONG), 0);
            if (grown(pair.client) < LONG)
                expect(pair.server, pair.client, HPRPC_MESSAGE_REQUEST, call, LONG);
        }
        find_error = errors[i];
        for (int look = 0; look < 3; look++)
            assert_int_equal(pair.server->ops->receive(pair.server, &message), HPRPC_ENOMEM);
        find_error = 0;
        assert_int_equal(pair.server->ops->receive(pair.server, &message), 1);
        assert_int_equal(message.size, LONG);
        pair.server->ops->release(pair.server, &message);
        /* the sender names a unit that has no memory */
        find_error = EFAULT;
        receive_chunk(shm_channel(pair.client)->sender.arena.extension.first + 5, LONG, "is not there");
        find_error = 0;
        tear_down(state);
        set_up(state);
    }
}

/* A system that cannot look for memory: this side says so, and the other side does not grow. */
static void test_a_system_that_cannot_find(void **state)
{
    tear_down(state);
    find_error = EINVAL;
    set_up(state);
    find_error = 0;
    for (uint32_t call = 0; call < 50; call++)
        exchange_size(call, LONG);
    assert_int_equal(grown(pair.client), 0);
    assert_int_equal(grown(pair.server), 0);
}

/* ---- No memory, no addresses ---- */

enum { SKIPPED = 77, FINE = 42 };

static int run(int (*play)(void))
{
    int status;
    pid_t child = start_child();

    if (!child)
        _exit(play());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Makes a small file system for this process alone, with a file for the segment, and one that leaves `room` bytes. */
static int make_small(size_t room, int *ret_segment, int *ret_filler)
{
    char folder[] = "/tmp/hprpc-growth-XXXXXX";
    struct statfs status;
    int result = -1;

    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || !mkdtemp(folder))
        return -1;
    if (!mount("none", folder, "tmpfs", 0, "size=16m")) {
        *ret_segment = open(folder, O_TMPFILE | O_RDWR, 0600);
        *ret_filler = open(folder, O_TMPFILE | O_RDWR, 0600);
        result = ftruncate(*ret_segment, (off_t)pair.geometry.size) ||
                 posix_fallocate(*ret_segment, 0, (off_t)pair.geometry.allocated) || fstatfs(*ret_filler, &status) ||
                 posix_fallocate(*ret_filler, 0, (off_t)(status.f_bfree * (uint64_t)status.f_bsize - room));
        umount2(folder, MNT_DETACH);
    }
    rmdir(folder);
    return result;
}

static size_t room_at(int fd)
{
    struct statfs status;

    assert_int_equal(fstatfs(fd, &status), 0);
    return (size_t)status.f_bfree * (size_t)status.f_bsize;
}

/* There is room for the growth of the client's arena, and too little for the server's. No signal may end this process. */
static int play_full(void)
{
    uint32_t call, first;
    int segment, filler;
    off_t filled;

    assert_int_equal(hprpc__shm_geometry_init(SLOTS, ARENA, EXTENSION, &pair.geometry), 0);
    if (make_small(5 * UNIT, &segment, &filler))
        return SKIPPED;
    pair_make_growing(&pair, NULL, SLOTS, ARENA, EXTENSION, false, segment);
    for (call = 0; call < 50; call++)
        exchange_size(call, LONG);
    assert_int_equal(grown(pair.client), 4 * UNIT);
    assert_int_equal(grown(pair.server), 0);
    /* the refused growth takes no room, and is tried again much later */
    assert_int_equal(room_at(filler), UNIT);
    assert_true(shm_channel(pair.server)->sender.growth.wishes < -900);
    assert_all_free();

    filled = lseek(filler, 0, SEEK_END);
    assert_int_equal(ftruncate(filler, filled - UNIT), 0);
    shm_channel(pair.server)->sender.growth.wishes = 0;
    for (call = 0; call < 50; call++)
        exchange_size(call, LONG);
    assert_int_equal(grown(pair.server), 2 * UNIT);
    assert_int_equal(room_at(filler), 0);

    /* the sender names memory that it did not allocate */
    first = shm_channel(pair.client)->sender.arena.extension.first;
    receive_chunk(first + 5, LONG, "is not there");
    pair_free(&pair);
    return FINE;
}

static void test_full(void **state)
{
    int status = run(play_full);

    (void)state;
    if (status == SKIPPED)
        print_message("skipped: this process may not mount a file system\n");
    if (status == SKIPPED)
        skip();
    assert_int_equal(status, FINE);
}

/* If addresses are limited, only the part that is needed at once is mapped. */
static int play_few_addresses(void)
{
    struct rlimit limit = { 512 << 20, 512 << 20 };
    struct shm_geometry geometry;
    struct shm_lane lane;
    void *memory;
    size_t mapped;
    int fd;

    if (hprpc__shm_geometry_init(SLOTS, 1 << 20, 16 << 20, &geometry) ||
        hprpc__shm_segment_make("/dev/shm", geometry.size, geometry.allocated, false, NULL, &fd))
        return 1;
    if (hprpc__shm_segment_map(fd, geometry.size, geometry.allocated, false, NULL, &memory, &mapped) ||
        mapped != geometry.size)
        return 2;
    hprpc__shm_lane_init(&lane, &geometry, memory, mapped, 1);
    if (!lane.extension || munmap(memory, mapped) || setrlimit(RLIMIT_AS, &limit))
        return 3;
    if (hprpc__shm_segment_map(fd, geometry.size, geometry.allocated, false, NULL, &memory, &mapped) ||
        mapped != geometry.allocated)
        return 4;
    hprpc__shm_lane_init(&lane, &geometry, memory, mapped, 1);
    return lane.extension ? 5 : FINE;
}

static void test_few_addresses(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* sanitizers take terabytes of addresses */
#endif
    assert_int_equal(run(play_few_addresses), FINE);
}

#define PAIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define UNTRUSTED(test)                                               \
    {                                                                 \
#test " (untrusted)", test, set_up_untrusted, tear_down, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR(test_every_size_around_the_boundaries),
        UNTRUSTED(test_every_size_around_the_boundaries),
        PAIR(test_memory_comes_with_need),
        PAIR(test_short_of_room),
        PAIR(test_whole_and_lent),
        UNTRUSTED(test_untrusted_bodies_are_copied),
        PAIR(test_both_directions_at_random),
        UNTRUSTED(test_both_directions_at_random),
        PAIR(test_no_more_chunks_than_returns),
        PAIR(test_one_side_without_extension),
        PAIR(test_chunks_outside),
        PAIR(test_no_memory_to_find_a_chunk),
        PAIR(test_a_system_that_cannot_find),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_few_addresses),
    };

    return cmocka_run_group_tests_name("shm-growth", tests, NULL, NULL);
}
