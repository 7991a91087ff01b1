/* Which headers make sense, whatever carries them. */
#include <hprpc/channel/message.h>

bool hprpc_header_valid(const struct hprpc_header *header)
{
    if (header->type < HPRPC_MESSAGE_HELLO || header->type > HPRPC_MESSAGE_GOODBYE)
        return false;
    if (header->flags & ~HPRPC_FLAGS)
        return false;
    if (!(header->flags & HPRPC_FLAG_TIMEOUT) && header->timeout_ms)
        return false;
    if (!(header->flags & HPRPC_FLAG_DEPTH) && header->depth)
        return false;
    /* every known flag and both numbers belong to requests */
    return header->type == HPRPC_MESSAGE_REQUEST || (!header->flags && !header->service && !header->procedure);
}
