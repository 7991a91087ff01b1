/* SPDX-License-Identifier: MIT */
/* Both ends of a shared-memory connection: makes them, sends, receives and checks messages. */
#include "tests/channel-shm/end.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

pid_t start_child(void)
{
    pid_t child = fork();

    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return child;
}

double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    while (readdir(directory))
        count++;
    closedir(directory);
    return count - 3; /* without the two dots and the directory that is being read */
}

static struct hprpc_channel *make_end(struct pair *pair, struct hprpc_context *context, bool server, int socket,
                                      struct shm_bell bell, struct shm_bell peer_bell, bool untrusted)
{
    struct shm_options options = { .wait = HPRPC_WAIT_ADAPTIVE, .untrusted = untrusted };
    struct shm_channel *channel;

    assert_int_equal(hprpc__shm_channel_new(context, &options, &channel), 0);
    channel->server = server;
    channel->borrowed = true;
    channel->geometry = pair->geometry;
    channel->socket = socket;
    channel->bell = bell;
    channel->peer_bell = peer_bell;
    channel->pid = getpid();
    hprpc__shm_channel_attach(channel, pair->memory, pair->geometry.size);
    channel->base.receive_limit = 64 * 1024 * 1024;
    channel->base.carries_descriptors = false; /* as for most servers */
    return &channel->base;
}

void pair_make(struct pair *pair, struct hprpc_context *context, uint32_t slots, uint32_t arena, bool untrusted)
{
    pair_make_growing(pair, context, slots, arena, 0, untrusted, -1);
}

void pair_make_growing(struct pair *pair, struct hprpc_context *context, uint32_t slots, uint32_t arena,
                       uint32_t extension, bool untrusted, int fd)
{
    struct shm_bell bells[2][2]; /* of the client and of the server: its own bell, and the other's */
    int sockets[2];

    assert_int_equal(hprpc__shm_geometry_init(slots, arena, extension, &pair->geometry), 0);
    pair->memory = mmap(NULL, pair->geometry.size, PROT_READ | PROT_WRITE,
                        fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
    assert_true(pair->memory != MAP_FAILED);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets), 0);
    if (untrusted) {
        bells[0][0] = bells[0][1] = (struct shm_bell){ sockets[0], true };
        bells[1][0] = bells[1][1] = (struct shm_bell){ sockets[1], true };
    } else {
        bells[0][0] = (struct shm_bell){ eventfd(0, EFD_NONBLOCK), false };
        bells[1][0] = (struct shm_bell){ eventfd(0, EFD_NONBLOCK), false };
        bells[0][1] = (struct shm_bell){ dup(bells[1][0].fd), false };
        bells[1][1] = (struct shm_bell){ dup(bells[0][0].fd), false };
    }
    pair->client = make_end(pair, context, false, sockets[0], bells[0][0], bells[0][1], untrusted);
    pair->server = make_end(pair, context, true, sockets[1], bells[1][0], bells[1][1], untrusted);
}

void pair_free(struct pair *pair)
{
    pair->client->ops->free(pair->client);
    pair->server->ops->free(pair->server);
    munmap(pair->memory, pair->geometry.size);
}

void fresh_name(char *ret_uri, size_t capacity, const char *options)
{
    static int count;

    snprintf(ret_uri, capacity, "shm://test-%d-%d%s", (int)getpid(), count++, options);
}

struct hprpc_listener *listen_at(struct hprpc_context *context, const char *uri)
{
    struct hprpc_listener *listener = NULL;
    struct hprpc_detail detail = { "" };
    struct hprpc_uri parsed;
    int result;

    assert_int_equal(hprpc_uri_parse(uri, NULL, &parsed), 0);
    result = hprpc_transport_shm.listen(context, &parsed, &detail, &listener);
    assert_string_equal(detail.text, "");
    assert_int_equal(result, 0);
    return listener;
}

void connect_pair(struct hprpc_context *context, struct hprpc_listener *listener, const char *uri,
                  struct hprpc_channel **ret_client, struct hprpc_channel **ret_server)
{
    struct hprpc_detail detail = { "" };
    struct hprpc_message message;
    struct hprpc_uri parsed;

    assert_int_equal(hprpc_uri_parse(uri, NULL, &parsed), 0);
    assert_int_equal(hprpc_transport_shm.connect(context, &parsed, &detail, ret_client), 0);
    assert_int_equal(listener->ops->accept(listener, &detail, ret_server), 1);
    assert_int_equal((*ret_client)->ops->receive(*ret_client, &message), 0);
    assert_int_equal((*ret_server)->ops->receive(*ret_server, &message), 0);
    (*ret_client)->receive_limit = (*ret_server)->receive_limit = 64 * 1024 * 1024;
}

int send_header(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size)
{
    struct hprpc_reservation reservation;
    uint32_t i;
    int result = channel->ops->start_call(channel, header, size, &reservation);

    if (result)
        return result;
    assert_int_equal(reservation.writer.end - reservation.writer.start, size);
    assert_int_equal((uintptr_t)reservation.writer.start % 8, 0);
    for (i = 0; i < size; i++)
        reservation.writer.cursor[i] = pattern(header->call, i);
    return channel->ops->end_call(channel, &reservation);
}

int send_message(struct hprpc_channel *channel, enum hprpc_message_type type, uint32_t call, uint32_t size)
{
    struct hprpc_header header = { .call = call, .type = (uint8_t)type };

    if (type == HPRPC_MESSAGE_REQUEST) {
        header.service = (uint16_t)call;
        header.procedure = 7;
    }
    return send_header(channel, &header, size);
}

void take(struct hprpc_channel *channel, struct hprpc_channel *other, struct hprpc_message *ret_message)
{
    double deadline = seconds() + 10;
    int result;

    while (!(result = channel->ops->receive(channel, ret_message))) {
        if (other)
            other->ops->flush(other);
        if (seconds() > deadline)
            break;
    }
    if (result < 0)
        fail_msg("receive said %s: %s", hprpc_error_name(result), channel->reason.text);
    assert_int_equal(result, 1);
}

void check_body(const struct hprpc_message *message, uint32_t call, uint32_t size)
{
    uint32_t i;

    assert_int_equal(message->size, size);
    assert_int_equal((uintptr_t)message->body % 8, 0);
    for (i = 0; i < size; i++)
        if (message->body[i] != pattern(call, i))
            fail_msg("byte %u of %u is wrong", i, size);
}

void expect(struct hprpc_channel *channel, struct hprpc_channel *other, enum hprpc_message_type type, uint32_t call,
            uint32_t size)
{
    struct hprpc_message message;

    take(channel, other, &message);
    assert_int_equal(message.header.type, type);
    assert_int_equal(message.header.call, call);
    check_body(&message, call, size);
    channel->ops->release(channel, &message);
}

int receive_end(struct hprpc_channel *channel)
{
    double deadline = seconds() + 10;
    struct hprpc_message message;
    int result;

    while ((result = channel->ops->receive(channel, &message)) >= 0 && seconds() < deadline)
        if (result)
            channel->ops->release(channel, &message);
    return result;
}

void sleep_on(struct hprpc_channel *channel, int timeout_ms)
{
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    struct pollfd polls[HPRPC_WATCH_MAX];
    size_t count = channel->ops->watch(channel, watches), i;

    for (i = 0; i < count; i++)
        polls[i] = (struct pollfd){ .fd = watches[i].fd, .events = watches[i].events };
    if (!channel->ops->arm(channel))
        poll(polls, count, timeout_ms);
    channel->ops->disarm(channel);
}
