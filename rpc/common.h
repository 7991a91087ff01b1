/* What a host and its controllers have in common. A controller that is kept may outlive its host, but not this. */
#ifndef HPRPC_RPC_COMMON_H
#define HPRPC_RPC_COMMON_H

#include <hprpc/context.h>

#include "rpc/quota.h"

struct hprpc__common {
    struct hprpc_context *context;
    atomic_uint references;
    atomic_uint *alive; /* in memory that a fork wipes: 0 in a child */
    struct hprpc__quota quota;
};

/* With one reference. HPRPC_ENOMEM; HPRPC_ESYSTEM, with errno. */
int hprpc__common_new(struct hprpc_context *context, struct hprpc__common **ret_common);

struct hprpc__common *hprpc__common_keep(struct hprpc__common *common);

/* False in a child of fork(): the handles are its parent's, and it must not touch what they share. */
static inline bool hprpc__common_is_ours(const struct hprpc__common *common)
{
    return atomic_load_explicit(common->alive, memory_order_relaxed);
}

/* NULL is accepted. */
void hprpc__common_drop(struct hprpc__common *common);

#endif
