/* SPDX-License-Identifier: MIT */
/* Descriptors that travel with messages, over any transport. */
#include <hprpc/channel/channel.h>

#include <unistd.h>

struct hprpc_descriptors *hprpc_descriptors_new(struct hprpc_context *context)
{
    struct hprpc_descriptors *descriptors = hprpc_context_allocate(context, sizeof(*descriptors));

    if (!descriptors)
        return NULL;
    descriptors->next = NULL;
    descriptors->from = descriptors->to = 0;
    descriptors->count = 0;
    descriptors->lost = false;
    return descriptors;
}

void hprpc_descriptors_close(struct hprpc_descriptors *descriptors)
{
    for (uint32_t i = 0; i < descriptors->count; i++) {
        if (descriptors->fds[i] >= 0)
            close(descriptors->fds[i]);
    }
    descriptors->count = 0;
}

void hprpc_descriptors_free(struct hprpc_context *context, struct hprpc_descriptors *descriptors)
{
    if (!descriptors)
        return;
    hprpc_descriptors_close(descriptors);
    hprpc_context_release(context, descriptors, sizeof(*descriptors));
}
