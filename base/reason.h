/* SPDX-License-Identifier: MIT */
/* Why a channel or a connection broke: a sentence that takes memory only once it is said. */
#ifndef HPRPC_BASE_REASON_H
#define HPRPC_BASE_REASON_H

#include <hprpc/channel/channel.h>

/*
 * Copies `text`, which may be what the reason says now, into memory of its own, in place of that. Without memory the reason
 * says `otherwise`, which is static.
 */
void hprpc__reason_copy(struct hprpc_reason *reason, struct hprpc_context *context, const char *text,
                        const char *otherwise);

/* Gives the memory back; the reason says nothing then. */
void hprpc__reason_clear(struct hprpc_reason *reason, struct hprpc_context *context);

/* What was said, or "". */
static inline const char *hprpc__reason_text(const struct hprpc_reason *reason)
{
    return reason->text ? reason->text : "";
}

#endif
