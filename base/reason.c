/* SPDX-License-Identifier: MIT */
/* How a reason gets its memory, and gives it back. */
#include "base/reason.h"

#include <string.h>

void hprpc__reason_clear(struct hprpc_reason *reason, struct hprpc_context *context)
{
    if (reason->size)
        hprpc_context_release(context, (void *)(uintptr_t)reason->text, reason->size);
    *reason = (struct hprpc_reason){ NULL, 0 };
}

void hprpc__reason_copy(struct hprpc_reason *reason, struct hprpc_context *context, const char *text,
                        const char *otherwise)
{
    size_t size = strlen(text) + 1;
    char *copy = hprpc_context_allocate(context, size);

    if (copy)
        memcpy(copy, text, size);
    hprpc__reason_clear(reason, context);
    *reason = copy ? (struct hprpc_reason){ copy, size } : (struct hprpc_reason){ otherwise, 0 };
}
