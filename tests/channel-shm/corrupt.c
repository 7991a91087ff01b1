/* SPDX-License-Identifier: MIT */
/*
 * A peer writes nonsense into the shared memory, or changes it while it is read. Every slot still returns one of its codes,
 * nothing outside the segment is touched, and each word that matters is loaded once.
 */
#include "tests/channel-shm/end.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { SLOTS = 16, ARENA = 64 * 1024, OPERATIONS = 60, HELD_MAX = 8 };
#if defined(__SANITIZE_THREAD__)
enum { SEEDS = 100 }; /* the thread sanitizer is slow, and finds nothing in these tests */
#else
enum { SEEDS = 1000 };
#endif

static struct pair pair;

static int set_up(void **state)
{
    (void)state;
    pair_make(&pair, NULL, SLOTS, ARENA, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pair_free(&pair);
    return 0;
}

/* ---- Each word, one by one ---- */

/* The server receives a slot that was changed after the client had sent it. Returns the code of receive. */
static int receive_changed(uint32_t size, size_t word, uint64_t value, uint64_t mask)
{
    struct hprpc_message message = { .size = 0 };
    struct shm_slot *slot = shm_channel(pair.client)->sender.next;
    _Atomic uint64_t *words = &slot->commit;
    int result;

    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 1, size), 0);
    atomic_store(&words[word], (atomic_load(&words[word]) & ~mask) | (value & mask));
    result = pair.server->ops->receive(pair.server, &message);
    if (result == 1)
        pair.server->ops->release(pair.server, &message);
    return result;
}

/* The word of these two options is in the slot, and takes room from the body. */
#define BOTH_OPTIONS ((uint64_t)(HPRPC_FLAG_TIMEOUT | HPRPC_FLAG_DEPTH) << 40)

static void test_changed_slots(void **state)
{
    static const struct {
        uint32_t size, word;
        uint64_t value, mask;
        const char *reason;
    } cases[] = {
        { 10, 0, 3, 0xffffffff, "lap 3" }, /* a lap too far */
        { 10, 0, 0xffffffff, 0xffffffff, "lap" },
        { 10, 0, (uint64_t)0 << 32, (uint64_t)0xff << 32, "type 0" }, /* message types */
        { 10, 0, (uint64_t)12 << 32, (uint64_t)0xff << 32, "type 12" },
        { 10, 0, (uint64_t)5 << 32, (uint64_t)0xff << 32, "makes no sense" }, /* a reply with a procedure */
        { 10, 0, (uint64_t)0x80 << 40, (uint64_t)0xff << 40, "flags 0x80" },
        { 10, 0, (uint64_t)5 << 48, (uint64_t)0xff << 48, "kind 5" },
        { 10, 0, (uint64_t)255 << 48, (uint64_t)0xff << 48, "kind 255" },
        { 10, 0, (uint64_t)3 << 48, (uint64_t)0xff << 48, "piece of no body" },
        { 10, 0, (uint64_t)49 << 56, (uint64_t)0xff << 56, "not inside a slot" },
        { 10, 0, (uint64_t)255 << 56, (uint64_t)0xff << 56, "not inside a slot" },
        { 10, 0, BOTH_OPTIONS | (uint64_t)41 << 56, (uint64_t)0xff00ff << 40, "not inside a slot" },
        { 10, 0, BOTH_OPTIONS | (uint64_t)48 << 56, (uint64_t)0xff00ff << 40, "not inside a slot" },
        { 1000, 2, 1024, 0xffffffff, "not inside the arena" }, /* units */
        { 1000, 2, 1023, 0xffffffff, "not inside the arena" },
        { 1000, 2, 0xffffffff, 0xffffffff, "not inside the arena" },
        { 1000, 2, (uint64_t)0 << 32, (uint64_t)0xffffffff << 32, "not inside the arena" }, /* sizes */
        { 1000, 2, (uint64_t)(ARENA + 1) << 32, (uint64_t)0xffffffff << 32, "not inside the arena" },
        { 1000, 2, (uint64_t)0xffffffff << 32, (uint64_t)0xffffffff << 32, "not inside the arena" },
        { ARENA, 3, 100, 0xffffffff, "not inside a body" }, /* the size of the whole body, of which this is a piece */
        { ARENA, 3, 0xffffffff, 0xffffffff, "is the limit" },
        { ARENA, 3, (uint64_t)8 << 32, (uint64_t)0xffffffff << 32, "was expected" }, /* the offset of a piece */
        { ARENA, 3, (uint64_t)0xffffffff << 32, (uint64_t)0xffffffff << 32, "not inside a body" },
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(receive_changed(cases[i].size, cases[i].word, cases[i].value, cases[i].mask), HPRPC_EPROTOCOL);
        if (!strstr(pair.server->reason.text, cases[i].reason))
            fail_msg("case %zu said \"%s\" instead of \"%s\"", i, pair.server->reason.text, cases[i].reason);
        assert_int_equal(receive_end(pair.server), HPRPC_EPROTOCOL);
        assert_int_equal(send_message(pair.server, HPRPC_MESSAGE_REPLY, 1, 1), HPRPC_EPROTOCOL);
        tear_down(state);
        set_up(state);
    }
}

static void test_pieces_out_of_turn(void **state)
{
    struct hprpc_message message;
    struct shm_slot *second = shm_channel(pair.client)->sender.slots + 1;

    /* a message of another kind between two pieces */
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 1, ARENA), 0);
    atomic_fetch_and(&second->commit, ~((uint64_t)0xff << 48));
    assert_int_equal(receive_end(pair.server), HPRPC_EPROTOCOL);
    assert_non_null(strstr(pair.server->reason.text, "before its last piece"));
    tear_down(state);
    set_up(state);

    /* the same, after the first piece was received alone */
    second = shm_channel(pair.client)->sender.slots + 1;
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 1, ARENA), 0);
    atomic_store(&second->commit, 0);
    assert_int_equal(pair.server->ops->receive(pair.server, &message), 0);
    atomic_store(&second->commit, 1 | (uint64_t)HPRPC_MESSAGE_REPLY << 32);
    assert_int_equal(pair.server->ops->receive(pair.server, &message), HPRPC_EPROTOCOL);
    assert_non_null(strstr(pair.server->reason.text, "before its last piece"));
    tear_down(state);
    set_up(state);

    /* pieces of different bodies */
    second = shm_channel(pair.client)->sender.slots + 1;
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 1, ARENA), 0);
    atomic_fetch_add(&second->rest[1], 1);
    assert_int_equal(pair.server->ops->receive(pair.server, &message), HPRPC_EPROTOCOL);
    assert_non_null(strstr(pair.server->reason.text, "was expected"));
}

static void test_changed_words_of_the_receiver(void **state)
{
    static const uint32_t returns[] = { 0x00010003, 0x00020000, 0x0001ffff, 0x00010400, 0xffff0000 };
    struct shm_channel *client = shm_channel(pair.client);
    struct hprpc_header header = { .call = 1, .type = HPRPC_MESSAGE_REQUEST };
    struct hprpc_reservation reservation;
    size_t i;
    int j, result;

    /* the receiver gives back slots that were never filled */
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 1, 1), 0);
    atomic_store(&client->sender.words->consumed, 100);
    for (j = 0, result = 0; j < SLOTS && !result; j++)
        result = send_message(pair.client, HPRPC_MESSAGE_REQUEST, 1, 1);
    assert_int_equal(result, HPRPC_EPROTOCOL);
    assert_non_null(strstr(pair.client->reason.text, "gave back"));

    /* the receiver returns chunks that it does not have */
    for (i = 0; i < sizeof(returns) / sizeof(returns[0]); i++) {
        tear_down(state);
        set_up(state);
        client = shm_channel(pair.client);
        assert_int_equal(pair.client->ops->start_call(pair.client, &header, 100, &reservation), 0);
        atomic_store(&client->sender.arena.returns[0], returns[i]);
        assert_int_equal(hprpc__shm_arena_collect(&client->sender.arena), HPRPC_EPROTOCOL);
        pair.client->ops->cancel_call(pair.client, &reservation);
        for (j = 0, result = 0; j < SLOTS && !result; j++)
            result = send_message(pair.client, HPRPC_MESSAGE_REQUEST, 1, 30000);
        assert_int_equal(result, HPRPC_EPROTOCOL);
        assert_non_null(strstr(pair.client->reason.text, "returned a chunk"));
    }
}

/* A receiver may not return a chunk that is being written, nor one whose message was cancelled. */
static void test_return_of_what_is_written(void **state)
{
    struct shm_arena *arena = &shm_channel(pair.client)->sender.arena;
    struct hprpc_header header = { .call = 1, .type = HPRPC_MESSAGE_REQUEST };
    struct hprpc_reservation reservation;
    uint32_t units = arena->base.free_units, left;

    (void)state;
    assert_int_equal(pair.client->ops->start_call(pair.client, &header, 100, &reservation), 0);
    left = arena->base.free_units;
    assert_true(left < units);
    atomic_store(&arena->returns[0], 1u << 16 | (uint32_t)reservation.token[2]);
    assert_int_equal(hprpc__shm_arena_collect(arena), HPRPC_EPROTOCOL);
    assert_int_equal(arena->base.free_units, left);
    assert_int_equal(arena->base.chunks, 1);
    pair.client->ops->cancel_call(pair.client, &reservation);
    assert_int_equal(hprpc__shm_arena_collect(arena), HPRPC_EPROTOCOL);
    assert_int_equal(arena->base.free_units, units);
}

/* ---- At random ---- */

struct held {
    struct hprpc_message messages[HELD_MAX];
    uint32_t count;
};

static void release_one(struct hprpc_channel *channel, struct held *held)
{
    if (held->count)
        channel->ops->release(channel, &held->messages[--held->count]);
}

static void check_code(int result)
{
    if (result > 1 || (result < 0 && result != HPRPC_EAGAIN && result != HPRPC_EPROTOCOL && result != HPRPC_EPEERDIED))
        fail_msg("a code that nothing explains: %s", hprpc_error_name(result));
}

static void operate(unsigned *seed, struct hprpc_channel *channel, struct held *held)
{
    static const uint32_t sizes[] = { 0, 10, 48, 49, 200, 5000, ARENA / 2, ARENA, 3 * ARENA };
    struct hprpc_message message;
    uint32_t sum = 0, i;
    int result;

    switch (rand_r(seed) % 6) {
    case 0:
    case 1:
        check_code(send_message(channel, rand_r(seed) % 2 ? HPRPC_MESSAGE_REQUEST : HPRPC_MESSAGE_REPLY, 1,
                                sizes[rand_r(seed) % 9]));
        break;
    case 2:
    case 3:
        result = channel->ops->receive(channel, &message);
        check_code(result);
        if (result != 1)
            break;
        for (i = 0; i < message.size; i++)
            sum += message.body[i];
        if (held->count < HELD_MAX && message.lendable && sum != 1)
            held->messages[held->count++] = message;
        else
            channel->ops->release(channel, &message);
        break;
    case 4:
        release_one(channel, held);
        check_code(channel->ops->flush(channel));
        break;
    default:
        channel->ops->arm(channel);
        channel->ops->disarm(channel);
        break;
    }
}

/* Changes any shared word that is not part of a body. */
static void spoil(unsigned *seed)
{
    size_t end = pair.geometry.arena_at[0], offset = (size_t)rand_r(seed) % (end / 4) * 4;
    uint32_t *word;

    if (rand_r(seed) % 2) /* half of the time, a word that traffic uses */
        offset = pair.geometry.slots_at[rand_r(seed) % 2] + (size_t)rand_r(seed) % (SLOTS * 16) * 4;
    else if (rand_r(seed) % 2)
        offset = pair.geometry.returns_at[rand_r(seed) % 2] + (size_t)rand_r(seed) % 16 * 4;
    else if (rand_r(seed) % 2)
        offset = (size_t)rand_r(seed) % 6 * 128;
    word = (uint32_t *)(void *)((uint8_t *)pair.memory + offset);
    switch (rand_r(seed) % 4) {
    case 0:
        *word ^= 1u << rand_r(seed) % 32;
        break;
    case 1:
        *word += (uint32_t)rand_r(seed) % 3;
        break;
    case 2:
        *word = (uint32_t)rand_r(seed) * 2654435761u;
        break;
    default:
        *word = rand_r(seed) % 2 ? 0 : 0xffffffff;
        break;
    }
}

static void test_random_corruption(void **state)
{
    struct held held[2];
    unsigned seed, random;
    int i, end;

    for (seed = 1; seed <= SEEDS; seed++) {
        random = seed;
        memset(held, 0, sizeof(held));
        pair.client->receive_limit = pair.server->receive_limit = 4 * ARENA;
        for (i = 0; i < OPERATIONS; i++) {
            end = rand_r(&random) % 2;
            operate(&random, end ? pair.client : pair.server, &held[end]);
            if (rand_r(&random) % 8 == 0)
                spoil(&random);
        }
        for (end = 0; end < 2; end++)
            while (held[end].count)
                release_one(end ? pair.client : pair.server, &held[end]);
        tear_down(state);
        set_up(state);
    }
}

/* ---- Changed under the reader's eyes: each access to a guarded page is caught, and what it read changes behind it ---- */

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)

enum { PAGE = 4096, TRAP_FLAG = 0x100 };

static struct {
    uint8_t *page;
    uint8_t *last; /* where the access happened that is being stepped over */
    uint8_t fetches[PAGE / 8];
} guard;

static void on_access(int number, siginfo_t *info, void *context)
{
    uint8_t *place = info->si_addr;

    if (place < guard.page || place >= guard.page + PAGE) {
        signal(number, SIG_DFL); /* a real fault: it happens again and ends the test */
        return;
    }
    guard.last = place;
    guard.fetches[(place - guard.page) / 8]++;
    mprotect(guard.page, PAGE, PROT_READ | PROT_WRITE);
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void after_access(int number, siginfo_t *info, void *context)
{
    uint64_t *word = (uint64_t *)(void *)(guard.page + (guard.last - guard.page) / 8 * 8);

    (void)number;
    (void)info;
    *word = ~*word;
    mprotect(guard.page, PAGE, PROT_NONE);
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}

static void guard_page(void *page)
{
    struct sigaction access = { .sa_sigaction = on_access, .sa_flags = SA_SIGINFO };
    struct sigaction step = { .sa_sigaction = after_access, .sa_flags = SA_SIGINFO };

    memset(&guard, 0, sizeof(guard));
    guard.page = page;
    sigaction(SIGSEGV, &access, NULL);
    sigaction(SIGTRAP, &step, NULL);
    mprotect(page, PAGE, PROT_NONE);
}

static void lift_guard(void)
{
    mprotect(guard.page, PAGE, PROT_READ | PROT_WRITE);
    signal(SIGSEGV, SIG_DFL);
    signal(SIGTRAP, SIG_DFL);
}

static void check_single_fetches(uint32_t at_least)
{
    uint32_t i, count = 0;

    for (i = 0; i < PAGE / 8; i++) {
        count += guard.fetches[i];
        if (guard.fetches[i] > 1)
            fail_msg("word %u of slot %u was loaded %u times", i % 8, i / 8, guard.fetches[i]);
    }
    assert_true(count >= at_least);
}

static void test_no_word_is_loaded_twice(void **state)
{
    static const struct {
        uint32_t size, fetches;
        uint8_t flags;
    } cases[] = {
        { 10, 2, 0 },    { 10, 3, HPRPC_FLAG_TIMEOUT },    { 1000, 3, 0 }, { 1000, 4, HPRPC_FLAG_DEPTH },
        { ARENA, 4, 0 }, { ARENA, 5, HPRPC_FLAG_TIMEOUT },
    };
    struct hprpc_header header = {
        .call = 0x12345678, .service = 0x9abc, .procedure = 0xdef0, .type = HPRPC_MESSAGE_REQUEST
    };
    struct hprpc_message message;
    size_t i;
    int result;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        header.flags = cases[i].flags;
        header.timeout_ms = header.flags & HPRPC_FLAG_TIMEOUT ? 99 : 0;
        header.depth = header.flags & HPRPC_FLAG_DEPTH ? 3 : 0;
        assert_int_equal(send_header(pair.client, &header, cases[i].size), 0);
        guard_page(shm_channel(pair.server)->receiver.slots);
        result = pair.server->ops->receive(pair.server, &message);
        lift_guard();
        check_single_fetches(cases[i].fetches);
        assert_int_equal(result, 1);
        assert_memory_equal(&message.header, &header, sizeof(header));
        assert_int_equal(message.size, cases[i].size);
        if (cases[i].size > 48)
            check_body(&message, header.call, cases[i].size);
        pair.server->ops->release(pair.server, &message);
        tear_down(state);
        set_up(state);
    }
}

static void test_no_return_is_loaded_twice(void **state)
{
    struct shm_arena *arena = &shm_channel(pair.client)->sender.arena;
    uint32_t i;

    (void)state;
    for (i = 0; i < 5; i++) {
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, i, 100), 0);
        expect(pair.server, NULL, HPRPC_MESSAGE_REQUEST, i, 100);
    }
    /*
     * the guard changes a word after its load, and its neighbour in the same eight bytes: so only one may be loaded at a time
     */
    for (i = 0; i < 2; i++)
        atomic_store(&arena->returns[2 * i + 1], 0);
    guard_page((void *)arena->returns);
    assert_int_equal(hprpc__shm_arena_collect(arena), HPRPC_EPROTOCOL);
    lift_guard();
    assert_int_equal(guard.fetches[0], 2); /* the first entry, and its changed neighbour */
    assert_int_equal(arena->base.chunks, 4);
}

/* ---- Changed all the time by another thread ---- */

static _Atomic bool over;

static void *keep_spoiling(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;

    while (!atomic_load(&over))
        spoil(&seed);
    return NULL;
}

static void test_concurrent_corruption(void **state)
{
    struct held held[2];
    unsigned seed, random;
    pthread_t thread;
    int i, end;

    for (seed = 1; seed <= 100; seed++) {
        random = seed;
        memset(held, 0, sizeof(held));
        pair.client->receive_limit = pair.server->receive_limit = 4 * ARENA;
        atomic_store(&over, false);
        assert_int_equal(pthread_create(&thread, NULL, keep_spoiling, (void *)(uintptr_t)seed), 0);
        for (i = 0; i < 300; i++) {
            end = rand_r(&random) % 2;
            operate(&random, end ? pair.client : pair.server, &held[end]);
        }
        atomic_store(&over, true);
        pthread_join(thread, NULL);
        for (end = 0; end < 2; end++)
            while (held[end].count)
                release_one(end ? pair.client : pair.server, &held[end]);
        tear_down(state);
        set_up(state);
    }
}

#endif

#define PAIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR(test_changed_slots),
        PAIR(test_pieces_out_of_turn),
        PAIR(test_changed_words_of_the_receiver),
        PAIR(test_return_of_what_is_written),
        PAIR(test_random_corruption),
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
        PAIR(test_no_word_is_loaded_twice),
        PAIR(test_no_return_is_loaded_twice),
        PAIR(test_concurrent_corruption),
#endif
    };

    return cmocka_run_group_tests_name("shm-corrupt", tests, NULL, NULL);
}
