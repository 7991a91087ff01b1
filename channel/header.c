/* SPDX-License-Identifier: MIT */
/* Which headers make sense, over any transport. */
#include <hprpc/channel/message.h>

/* Whether a message belongs to no call: it is about the connection, or a request without an answer. */
static bool has_no_call(const struct hprpc_header *header)
{
    switch (header->type) {
    case HPRPC_MESSAGE_HELLO:
    case HPRPC_MESSAGE_GOODBYE:
    case HPRPC_MESSAGE_DRAIN:
        return true;
    case HPRPC_MESSAGE_CREDIT:
        return !(header->flags & HPRPC_FLAG_STREAM);
    default:
        return header->flags & HPRPC_FLAG_ONEWAY;
    }
}

uint8_t hprpc_message_flags(uint8_t type)
{
    static const uint8_t flags[] = {
        [HPRPC_MESSAGE_REQUEST] =
            HPRPC_FLAG_TIMEOUT | HPRPC_FLAG_DEPTH | HPRPC_FLAG_ONEWAY | HPRPC_FLAG_STREAM | HPRPC_FLAG_DESCRIPTORS,
        [HPRPC_MESSAGE_REPLY] = HPRPC_FLAG_DESCRIPTORS,
        [HPRPC_MESSAGE_ERROR] = HPRPC_FLAG_DESCRIPTORS,
        [HPRPC_MESSAGE_CREDIT] = HPRPC_FLAG_STREAM | HPRPC_FLAG_CALLEE,
        [HPRPC_MESSAGE_DATA] = HPRPC_FLAG_MORE | HPRPC_FLAG_CALLEE,
        [HPRPC_MESSAGE_END] = HPRPC_FLAG_CALLEE,
    };

    return type < sizeof(flags) ? flags[type] : 0;
}

/* Whether flags that are allowed each by itself contradict each other. */
static bool is_contradiction(const struct hprpc_header *header)
{
    uint8_t both = HPRPC_FLAG_ONEWAY | HPRPC_FLAG_STREAM;

    if (header->type == HPRPC_MESSAGE_CREDIT)
        return header->flags == HPRPC_FLAG_CALLEE;
    return (header->flags & both) == both;
}

bool hprpc_header_valid(const struct hprpc_header *header)
{
    if (header->type < HPRPC_MESSAGE_HELLO || header->type > HPRPC_MESSAGE_DRAIN)
        return false;
    if (header->flags & ~hprpc_message_flags(header->type) || is_contradiction(header))
        return false;
    if (!(header->flags & HPRPC_FLAG_TIMEOUT) && header->timeout_ms)
        return false;
    if (!(header->flags & HPRPC_FLAG_DEPTH) && header->depth)
        return false;
    if (header->call && has_no_call(header))
        return false;
    /* only requests have the two numbers */
    return header->type == HPRPC_MESSAGE_REQUEST || (!header->service && !header->procedure);
}
