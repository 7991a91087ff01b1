/* SPDX-License-Identifier: MIT */
/* Sleeping and waking: each message, each room and each end is noticed, however the two sides race. */
#include "tests/channel-shm/end.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
enum { ROUNDS = 20000 }; /* what it sees, it sees by the order of the steps, and not by chance */
#else
enum { ROUNDS = 100000 };
#endif

enum { TIMEOUT_MS = 5000 };

static struct pair pair;

static int set_up(void **state)
{
    (void)state;
    pair_make(&pair, NULL, SHM_SLOTS_MIN, SHM_ARENA_MIN, false);
    return 0;
}

/* Without trust, packets on the lifeline replace the doorbells. */
static int set_up_untrusted(void **state)
{
    (void)state;
    pair_make(&pair, NULL, SHM_SLOTS_MIN, SHM_ARENA_MIN, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pair_free(&pair);
    return 0;
}

static bool is_ready(struct hprpc_channel *channel)
{
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    struct pollfd polls[HPRPC_WATCH_MAX];
    size_t count = channel->ops->watch(channel, watches), i;

    for (i = 0; i < count; i++)
        polls[i] = (struct pollfd){ .fd = watches[i].fd, .events = watches[i].events };
    return poll(polls, count, 0) > 0;
}

static void nothing_comes(struct hprpc_channel *channel)
{
    struct hprpc_message message;

    assert_int_equal(channel->ops->receive(channel, &message), 0);
}

/*
 * Sleeps as a side that watches levels. Another side need not drain its doorbell: if an old ring is still there when the
 * channel sleeps, the channel takes that for a side that watches levels.
 */
static void sleep_by_levels(struct hprpc_channel *channel)
{
    struct hprpc_message message;

    if (shm_channel(channel)->bell.packets)
        return; /* packets are drained in any case */
    hprpc__shm_bell_ring(shm_channel(channel == pair.client ? pair.server : pair.client)->peer_bell);
    assert_false(channel->ops->arm(channel));
    assert_true(is_ready(channel));
    channel->ops->disarm(channel);
    assert_int_equal(channel->ops->receive(channel, &message), 0);
    assert_true(shm_channel(channel)->receiver.drains);
}

static void test_doorbell_is_not_drained_for_edges(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < 5; i++) {
        assert_false(pair.server->ops->arm(pair.server));
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, i, 10), 0);
        pair.server->ops->disarm(pair.server);
        expect(pair.server, NULL, HPRPC_MESSAGE_REQUEST, i, 10);
        nothing_comes(pair.server);
    }
    /* this bell was not drained, unless it is made of packets */
    assert_false(pair.server->ops->arm(pair.server));
    assert_true(is_ready(pair.server) == !shm_channel(pair.server)->bell.packets);
    pair.server->ops->disarm(pair.server);
    sleep_by_levels(pair.server);
    assert_false(pair.server->ops->arm(pair.server));
    assert_false(is_ready(pair.server));
}

/* However many rings were not read, the next ring is noticed, also by an edge. */
static void test_many_old_rings(void **state)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLET };
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    int epoll = epoll_create1(0), i;

    (void)state;
    pair.server->ops->watch(pair.server, watches);
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, watches[0].fd, &event), 0);
    for (i = 0; i < 2000; i++)
        hprpc__shm_bell_ring(shm_channel(pair.client)->peer_bell);
    for (i = 0; i < 10; i++) {
        assert_false(pair.server->ops->arm(pair.server));
        while (epoll_wait(epoll, &event, 1, 0) > 0)
            ;
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 1, 10), 0);
        assert_int_equal(epoll_wait(epoll, &event, 1, 5000), 1);
        pair.server->ops->disarm(pair.server);
        expect(pair.server, NULL, HPRPC_MESSAGE_REQUEST, 1, 10);
        nothing_comes(pair.server);
    }
    close(epoll);
}

static void test_armed_channel_is_rung_once(void **state)
{
    (void)state;
    sleep_by_levels(pair.server);
    assert_false(pair.server->ops->arm(pair.server));
    assert_false(is_ready(pair.server));
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 1, 10), 0);
    assert_true(is_ready(pair.server));
    pair.server->ops->disarm(pair.server);
    expect(pair.server, NULL, HPRPC_MESSAGE_REQUEST, 1, 10);
    nothing_comes(pair.server);
    assert_false(pair.server->ops->arm(pair.server));
    assert_false(is_ready(pair.server));
    pair.server->ops->disarm(pair.server);
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 2, 10), 0);
    assert_false(is_ready(pair.server));
    assert_true(pair.server->ops->arm(pair.server));
    pair.server->ops->disarm(pair.server);
    expect(pair.server, NULL, HPRPC_MESSAGE_REQUEST, 2, 10);
    assert_false(is_ready(pair.server));
}

/* Rings without a reason are noticed, and a sleeper does sleep in the end. */
static void test_spurious_rings(void **state)
{
    int i, awake = 0;

    (void)state;
    for (i = 0; i < 10; i++) {
        hprpc__shm_bell_ring(shm_channel(pair.client)->peer_bell);
        while (true) {
            if (!pair.server->ops->arm(pair.server) && !is_ready(pair.server))
                break;
            pair.server->ops->disarm(pair.server);
            nothing_comes(pair.server);
            assert_true(++awake <= 3 * (i + 1));
        }
        pair.server->ops->disarm(pair.server);
    }
}

static void fill(void)
{
    uint32_t call = 0;

    while (send_message(pair.client, HPRPC_MESSAGE_REQUEST, call, 16000) == 0)
        call++;
}

static void test_room_rings_who_was_turned_away(void **state)
{
    struct hprpc_message message;

    (void)state;
    fill();
    assert_false(pair.client->ops->arm(pair.client));
    assert_false(is_ready(pair.client));
    take(pair.server, NULL, &message);
    pair.server->ops->release(pair.server, &message);
    assert_true(is_ready(pair.client));
    pair.client->ops->disarm(pair.client);
    nothing_comes(pair.client);
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 100, 16000), 0);

    /* arm() drains the ring before it sleeps, and then finds the room by looking at the word */
    fill();
    shm_channel(pair.client)->receiver.unread = true;
    take(pair.server, NULL, &message);
    pair.server->ops->release(pair.server, &message);
    assert_true(pair.client->ops->arm(pair.client));
    /* arm() says so once; a side that does not want to send may sleep */
    assert_false(pair.client->ops->arm(pair.client));
    pair.client->ops->disarm(pair.client);
}

static void test_room_for_what_waits_for_flush(void **state)
{
    struct hprpc_message message;

    (void)state;
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 1, 3 * SHM_ARENA_MIN), 0);
    assert_true(pair.client->queued);
    assert_false(pair.client->ops->arm(pair.client));
    assert_false(is_ready(pair.client));
    nothing_comes(pair.server);
    assert_true(is_ready(pair.client));
    pair.client->ops->disarm(pair.client);
    take(pair.server, pair.client, &message);
    check_body(&message, 1, 3 * SHM_ARENA_MIN);
    pair.server->ops->release(pair.server, &message);
}

/* A receiver that sleeps has published all slots that it consumed. */
static void test_sleeper_holds_no_slots_back(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, i, 1), 0);
        expect(pair.server, NULL, HPRPC_MESSAGE_REQUEST, i, 1);
    }
    nothing_comes(pair.server);
    assert_false(pair.server->ops->arm(pair.server));
    assert_int_equal(atomic_load(&shm_channel(pair.server)->receiver.words->consumed), 3);
    pair.server->ops->disarm(pair.server);
}

static void test_close_wakes_both_sides(void **state)
{
    struct hprpc_message message;

    (void)state;
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 1, 10), 0);
    expect(pair.server, NULL, HPRPC_MESSAGE_REPLY, 1, 10);
    assert_false(pair.client->ops->arm(pair.client));
    assert_false(pair.server->ops->arm(pair.server));
    assert_int_equal(send_message(pair.server, HPRPC_MESSAGE_REPLY, 2, 10), 0);
    pair.server->ops->close(pair.server);
    pair.server->ops->close(pair.server);
    assert_true(is_ready(pair.client));
    assert_true(is_ready(pair.server));
    pair.client->ops->disarm(pair.client);
    pair.server->ops->disarm(pair.server);
    assert_int_equal(pair.server->ops->receive(pair.server, &message), HPRPC_ECLOSED);
    assert_int_equal(send_message(pair.server, HPRPC_MESSAGE_REPLY, 3, 10), HPRPC_ECLOSED);
    assert_int_equal(pair.server->ops->flush(pair.server), HPRPC_ECLOSED);
    assert_true(pair.server->ops->arm(pair.server));
    /* messages that came before the end are received first */
    expect(pair.client, NULL, HPRPC_MESSAGE_REPLY, 2, 10);
    assert_int_equal(pair.client->ops->receive(pair.client, &message), HPRPC_EPEERDIED);
    assert_non_null(strstr(pair.client->reason.text, "closed"));
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 3, 10), HPRPC_EPEERDIED);
    assert_true(pair.client->ops->arm(pair.client));
}

static void test_close_between_start_and_end(void **state)
{
    static const uint32_t sizes[] = { 10, 1000, 2 * SHM_ARENA_MIN };
    struct hprpc_header header = { .call = 1, .type = HPRPC_MESSAGE_REPLY };
    struct hprpc_reservation reservation;
    size_t i;

    for (i = 0; i < 3; i++) {
        assert_int_equal(pair.client->ops->start_call(pair.client, &header, sizes[i], &reservation), 0);
        memset(reservation.writer.start, 1, sizes[i]);
        reservation.writer.cursor = reservation.writer.end;
        pair.client->ops->close(pair.client);
        assert_int_equal(pair.client->ops->end_call(pair.client, &reservation), HPRPC_ECLOSED);
        assert_int_equal(receive_end(pair.server), HPRPC_EPEERDIED);
        tear_down(state);
        i % 2 ? set_up(state) : set_up_untrusted(state);
    }
}

/* ---- Races: both ends as threads ---- */

struct racer {
    struct hprpc_channel *in, *out;
    uint32_t rounds;
    bool answers; /* true: echoes each message; false: sends first */
    uint32_t size_max;
    const char *problem;
};

static uint32_t size_of_round(const struct racer *racer, uint32_t round)
{
    return round * 2654435761u % racer->size_max;
}

/* Waits for the next message by sleeping, at once or after a random number of looks. Returns NULL, or what went wrong. */
static const char *wait_for(struct racer *racer, uint32_t round, unsigned *seed)
{
    struct hprpc_message message;
    double deadline = seconds() + 20;
    unsigned spins = (unsigned)rand_r(seed) % 4 * 50;
    int result;

    while (!(result = racer->in->ops->receive(racer->in, &message))) {
        if (racer->out->queued)
            racer->out->ops->flush(racer->out);
        if (spins) {
            spins--;
            continue;
        }
        sleep_on(racer->in, TIMEOUT_MS);
        if (seconds() > deadline)
            return "a wake-up was lost";
    }
    if (result < 0)
        return "the channel broke";
    if (message.header.call != round || message.size != size_of_round(racer, round))
        return "another message came";
    racer->in->ops->release(racer->in, &message);
    return NULL;
}

static const char *send_round(struct racer *racer, uint32_t round)
{
    struct hprpc_header header = { .call = round, .type = HPRPC_MESSAGE_REPLY };
    struct hprpc_reservation reservation;
    uint32_t size = size_of_round(racer, round);

    if (racer->out->ops->start_call(racer->out, &header, size, &reservation))
        return "there was no room";
    memset(reservation.writer.start, (int)round, size);
    reservation.writer.cursor = reservation.writer.end;
    return racer->out->ops->end_call(racer->out, &reservation) ? "it could not be sent" : NULL;
}

static void *race(void *argument)
{
    struct racer *racer = argument;
    unsigned seed = racer->answers ? 1 : 2;
    uint32_t round;

    for (round = 0; round < racer->rounds && !racer->problem; round++) {
        if (!racer->answers)
            racer->problem = send_round(racer, round);
        if (!racer->problem)
            racer->problem = wait_for(racer, round, &seed);
        if (!racer->problem && racer->answers)
            racer->problem = send_round(racer, round);
    }
    while (!racer->problem && racer->out->queued)
        racer->out->ops->flush(racer->out);
    return NULL;
}

static void run_race(uint32_t rounds, uint32_t size_max)
{
    struct racer first = { pair.client, pair.client, rounds, false, size_max, NULL };
    struct racer second = { pair.server, pair.server, rounds, true, size_max, NULL };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, race, &second), 0);
    race(&first);
    pthread_join(thread, NULL);
    assert_null(first.problem);
    assert_null(second.problem);
}

static void test_no_wake_up_is_lost(void **state)
{
    (void)state;
    run_race(ROUNDS, 40);
}

static void test_no_wake_up_is_lost_with_pieces(void **state)
{
    (void)state;
    run_race(2000, 3 * SHM_ARENA_MIN);
}

/* A sender that sleeps when there is no room, and a receiver that sleeps when there is no message. */
struct stream {
    uint32_t count;
    uint32_t size;
    const char *problem;
};

static void *stream_in(void *argument)
{
    struct stream *stream = argument;
    struct hprpc_message message;
    double deadline = seconds() + 60;
    uint32_t received = 0;
    int result;

    while (received < stream->count && !stream->problem) {
        result = pair.server->ops->receive(pair.server, &message);
        if (result == 1) {
            if (message.header.call != received++ || message.size != stream->size)
                stream->problem = "another message came";
            pair.server->ops->release(pair.server, &message);
        } else if (result < 0) {
            stream->problem = "the channel broke";
        } else {
            sleep_on(pair.server, TIMEOUT_MS);
            if (seconds() > deadline)
                stream->problem = "the receiver was not woken";
        }
    }
    return NULL;
}

static void run_stream(uint32_t count, uint32_t size)
{
    struct stream stream = { count, size, NULL };
    struct hprpc_message message;
    double deadline = seconds() + 60;
    pthread_t thread;
    uint32_t sent = 0;
    int result;

    assert_int_equal(pthread_create(&thread, NULL, stream_in, &stream), 0);
    while (sent < count) {
        result = send_message(pair.client, HPRPC_MESSAGE_REQUEST, sent, size);
        if (result == HPRPC_EAGAIN) {
            assert_int_equal(pair.client->ops->receive(pair.client, &message), 0);
            pair.client->ops->flush(pair.client);
            sleep_on(pair.client, TIMEOUT_MS);
            assert_true(seconds() < deadline);
        } else {
            assert_int_equal(result, 0);
            sent++;
        }
    }
    while (pair.client->ops->flush(pair.client) == HPRPC_EAGAIN)
        sleep_on(pair.client, TIMEOUT_MS);
    pthread_join(thread, NULL);
    assert_null(stream.problem);
}

static void test_no_room_is_lost(void **state)
{
    (void)state;
    run_stream(ROUNDS, 20);
    run_stream(ROUNDS / 5, 3000);
    run_stream(200, SHM_ARENA_MIN + 1);
}

/* ---- A peer that dies ---- */

/* Does to the lifeline what the system does when a process dies. Other descriptors of that end stay open. */
static void cut_lifeline(struct hprpc_channel *channel)
{
    int *socket = &shm_channel(channel)->socket, nothing = eventfd(0, EFD_CLOEXEC);

    assert_true(nothing >= 0);
    assert_int_equal(dup2(nothing, *socket), *socket);
    close(nothing);
}

/* Sleeps when arm() allows it, and receives after each wake-up. Only the watched descriptors can wake it. */
static int sleep_until_the_end(struct hprpc_channel *channel)
{
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    struct hprpc_message message;
    int epoll = epoll_create1(0), result = 0, rounds;
    struct epoll_event event = { .events = 0 };
    size_t count = channel->ops->watch(channel, watches), i;

    for (i = 0; i < count; i++) {
        event.events = (watches[i].events & POLLIN ? EPOLLIN : 0u) | (watches[i].edge ? EPOLLET : 0u);
        assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, watches[i].fd, &event), 0);
    }
    for (rounds = 0; result >= 0; rounds++) {
        assert_true(rounds < 100);
        while ((result = channel->ops->receive(channel, &message)) == 1)
            channel->ops->release(channel, &message);
        if (result < 0)
            break;
        if (!channel->ops->arm(channel))
            assert_int_equal(epoll_wait(epoll, &event, 1, TIMEOUT_MS), 1);
        channel->ops->disarm(channel);
    }
    close(epoll);
    return result;
}

static void test_end_right_behind_rings_and_messages(void **state)
{
    static const int counts[] = { 0, 1, 2, 63, 64, 65, 200 };
    static const uint32_t sizes[] = { 0, 10, 1000 };
    size_t i, j, half;
    bool untrusted;
    int n;

    for (half = 0; half < 2; half++) {
        for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
                /* half a shutdown ends a lifeline that is also the doorbell; another lifeline does not wake */
                if (half && !shm_channel(pair.server)->bell.packets)
                    continue;
                assert_false(pair.server->ops->arm(pair.server));
                for (n = 0; n < counts[i]; n++)
                    hprpc__shm_bell_ring(shm_channel(pair.client)->peer_bell);
                assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 1, sizes[j]), 0);
                if (half)
                    shutdown(shm_channel(pair.client)->socket, SHUT_WR);
                else
                    cut_lifeline(pair.client);
                pair.server->ops->disarm(pair.server);
                assert_int_equal(sleep_until_the_end(pair.server), HPRPC_EPEERDIED);
                untrusted = shm_channel(pair.server)->options.untrusted;
                tear_down(state);
                pair_make(&pair, NULL, SHM_SLOTS_MIN, SHM_ARENA_MIN, untrusted);
            }
        }
    }
}

static bool is_rung(struct hprpc_channel *channel)
{
    struct pollfd watched = { .fd = shm_channel(channel)->bell.fd, .events = POLLIN };

    return poll(&watched, 1, 0) == 1;
}

/* A batch rings once, when it is flushed. */
static void test_a_flush_rings_for_what_was_corked(void **state)
{
    (void)state;
    for (uint32_t call = 0; call < 3; call++) {
        assert_false(pair.server->ops->arm(pair.server));
        pair.client->corked = true;
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, call, 10), 0);
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, call + 1, 10), 0);
        pair.client->corked = false;
        assert_true(pair.client->queued);
        assert_false(is_rung(pair.server));
        assert_int_equal(pair.client->ops->flush(pair.client), 0);
        assert_false(pair.client->queued);
        assert_true(is_rung(pair.server));
        pair.server->ops->disarm(pair.server);
        expect(pair.server, NULL, HPRPC_MESSAGE_REQUEST, call, 10);
        expect(pair.server, NULL, HPRPC_MESSAGE_REQUEST, call + 1, 10);
        hprpc__shm_bell_drain(shm_channel(pair.server)->bell);
    }
}

/* Replaces poll() (the linker's --wrap). */
int __real_poll(struct pollfd *polls, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *polls, nfds_t count, int timeout);
typedef void act(void);
static _Atomic(act *) before_poll;

int __wrap_poll(struct pollfd *polls, nfds_t count, int timeout)
{
    act *first = atomic_exchange(&before_poll, NULL);

    if (first)
        first();
    return __real_poll(polls, count, timeout);
}

static void speak_and_die(void)
{
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 1, 100), 0);
    cut_lifeline(pair.client);
}

/* The other side sends and dies at the moment when the receiver, which found nothing, looks at the lifeline. */
static void test_last_words_between_two_looks(void **state)
{
    struct hprpc_message message;
    double deadline = seconds() + 10;

    (void)state;
    atomic_store(&before_poll, speak_and_die);
    while (atomic_load(&before_poll) && seconds() < deadline)
        assert_int_equal(pair.server->ops->receive(pair.server, &message), 0);
    expect(pair.server, NULL, HPRPC_MESSAGE_REPLY, 1, 100);
    assert_int_equal(receive_end(pair.server), HPRPC_EPEERDIED);
}

/* Replaces the function that sends (the linker's --wrap). */
ssize_t __real_hprpc__send_bytes(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_hprpc__send_bytes(int fd, const void *bytes, size_t size, int flags);
static atomic_uint sends;      /* how many there were */
static atomic_uint loud_sends; /* how many could raise a signal, or wait */

ssize_t __wrap_hprpc__send_bytes(int fd, const void *bytes, size_t size, int flags)
{
    atomic_fetch_add(&sends, 1);
    if (!(flags & MSG_NOSIGNAL) || !(flags & MSG_DONTWAIT))
        atomic_fetch_add(&loud_sends, 1);
    return __real_hprpc__send_bytes(fd, bytes, size, flags);
}

/* Ringing a dead side raises no signal, neither at once nor when the signal is unblocked. Some kernels raise none anyway. */
static void test_ringing_the_dead_raises_no_signal(void **state)
{
    sigset_t pipe_signal, before, pending;

    (void)state;
    assert_false(pair.server->ops->arm(pair.server));
    cut_lifeline(pair.server);
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, 1, 10), 0);
    hprpc__shm_bell_ring(shm_channel(pair.client)->peer_bell);
    sigpending(&pending);
    assert_false(sigismember(&pending, SIGPIPE));
    assert_int_equal(atomic_load(&loud_sends), 0);
    /* the wrapper was in between: bells that are packets are sent */
    assert_true(!shm_channel(pair.client)->peer_bell.packets || atomic_load(&sends) > 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(receive_end(pair.client), HPRPC_EPEERDIED);
}

#define PAIR(test)                                                   \
    { #test, test, set_up, tear_down, NULL },                        \
    {                                                                \
#test ", untrusted", test, set_up_untrusted, tear_down, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR(test_doorbell_is_not_drained_for_edges),   PAIR(test_many_old_rings),
        PAIR(test_armed_channel_is_rung_once),          PAIR(test_spurious_rings),
        PAIR(test_room_rings_who_was_turned_away),      PAIR(test_room_for_what_waits_for_flush),
        PAIR(test_sleeper_holds_no_slots_back),         PAIR(test_close_wakes_both_sides),
        PAIR(test_close_between_start_and_end),         PAIR(test_no_wake_up_is_lost),
        PAIR(test_no_wake_up_is_lost_with_pieces),      PAIR(test_no_room_is_lost),
        PAIR(test_end_right_behind_rings_and_messages), PAIR(test_ringing_the_dead_raises_no_signal),
        PAIR(test_a_flush_rings_for_what_was_corked),   PAIR(test_last_words_between_two_looks),
    };

    return cmocka_run_group_tests_name("shm-sleep", tests, NULL, NULL);
}
