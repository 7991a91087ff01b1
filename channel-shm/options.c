/* SPDX-License-Identifier: MIT */
/* The options of shm:// URIs, and the peer of a socket. */
#include "channel-shm/options.h"

#include "channel-shm/shm.h"

#include <unistd.h>

#include "channel/names/local.h"

static uint32_t next_power_of_two(uint64_t number)
{
    uint32_t power = 1;

    while (power < number)
        power *= 2;
    return power;
}

static int parse_power(const struct hprpc_uri *uri, const char *key, uint32_t least, uint32_t most,
                       struct hprpc_detail *detail, uint32_t *ret_power)
{
    uint64_t number = 0;
    int result;

    if (!hprpc_uri_option(uri, key))
        return 0;
    result = hprpc_uri_size(uri, key, least, most, least, detail, &number);
    if (!result)
        *ret_power = next_power_of_two(number);
    return result;
}

int hprpc__shm_options(const struct hprpc_uri *uri, struct hprpc_detail *detail, struct shm_options *ret_options)
{
    static const char *const known[] = { "wait", "ring", "grow", "slots", "trust", "mode", NULL };
    struct shm_options options = { 0 };
    const char *trust = hprpc_uri_option(uri, "trust"), *grow = hprpc_uri_option(uri, "grow");
    int result = hprpc_uri_check_options(uri, known, detail);

    if (!result)
        result = hprpc_uri_wait(uri, detail, &options.wait);
    if (!result)
        result = hprpc_uri_mode(uri, 0600, detail, &options.mode);
    if (!result)
        result = parse_power(uri, "slots", SHM_SLOTS_MIN, SHM_SLOTS_MAX, detail, &options.slots);
    if (!result)
        result = parse_power(uri, "ring", SHM_ARENA_MIN, SHM_ARENA_MAX, detail, &options.arena);
    if (!result && grow && !strcmp(grow, "0"))
        options.extension = SHM_NO_EXTENSION;
    else if (!result)
        result = parse_power(uri, "grow", SHM_EXTENSION_MIN, SHM_EXTENSION_MAX, detail, &options.extension);
    if (!result && trust && strcmp(trust, "none"))
        result = hprpc_detail_set(detail, HPRPC_EURI, "trust=\"%.32s\": the only value is \"none\"", trust);
    if (result)
        return result;
    options.untrusted = trust;
    *ret_options = options;
    return 0;
}

int hprpc__shm_learn_peer(struct shm_channel *channel)
{
    struct hprpc__local_peer peer;
    struct hprpc_detail detail;
    int result = hprpc__local_peer(channel->socket, &detail, &peer);

    if (result)
        return hprpc__shm_break(channel, result, "%s", detail.text);
    channel->pid = peer.pid;
    channel->uid = peer.uid;
    channel->gid = peer.gid;
    if (peer.uid != geteuid())
        channel->options.untrusted = true;
    return 0;
}
