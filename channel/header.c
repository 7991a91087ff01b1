/* SPDX-License-Identifier: MIT */
/* Which headers make sense, over any transport. */
#include <hprpc/channel/message.h>

static bool is_known(uint8_t type)
{
    return (type >= HPRPC_MESSAGE_HELLO && type <= HPRPC_MESSAGE_GOODBYE) || type == HPRPC_MESSAGE_DRAIN;
}

/* Whether a message belongs to no call: it is about the connection, or a request without an answer. */
static bool has_no_call(const struct hprpc_header *header)
{
    switch (header->type) {
    case HPRPC_MESSAGE_HELLO:
    case HPRPC_MESSAGE_CREDIT:
    case HPRPC_MESSAGE_GOODBYE:
    case HPRPC_MESSAGE_DRAIN:
        return true;
    default:
        return header->flags & HPRPC_FLAG_ONEWAY;
    }
}

bool hprpc_header_valid(const struct hprpc_header *header)
{
    if (!is_known(header->type) || header->flags & ~HPRPC_FLAGS)
        return false;
    if (!(header->flags & HPRPC_FLAG_TIMEOUT) && header->timeout_ms)
        return false;
    if (!(header->flags & HPRPC_FLAG_DEPTH) && header->depth)
        return false;
    if (header->call && has_no_call(header))
        return false;
    /* only requests have flags and the two numbers */
    return header->type == HPRPC_MESSAGE_REQUEST || (!header->flags && !header->service && !header->procedure);
}
