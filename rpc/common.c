#include "rpc/common.h"

#include <hprpc/channel.h>

#include "rpc/guard.h"

int hprpc__common_new(struct hprpc_context *context, struct hprpc__common **ret_common)
{
    struct hprpc__common *common = hprpc_allocate(context, sizeof(*common));

    if (!common)
        return HPRPC_ENOMEM;
    memset(common, 0, sizeof(*common));
    common->context = context;
    common->alive = hprpc__guard_new();
    if (!common->alive) {
        hprpc_release(context, common, sizeof(*common));
        return HPRPC_ESYSTEM;
    }
    atomic_init(&common->references, 1);
    *ret_common = common;
    return 0;
}

struct hprpc__common *hprpc__common_keep(struct hprpc__common *common)
{
    atomic_fetch_add_explicit(&common->references, 1, memory_order_relaxed);
    return common;
}

void hprpc__common_drop(struct hprpc__common *common)
{
    /* release and acquire: pair with each other, so that everything the others did is over before it is freed */
    if (!common || atomic_fetch_sub_explicit(&common->references, 1, memory_order_acq_rel) != 1)
        return;
    hprpc__guard_free(common->alive);
    hprpc_release(common->context, common, sizeof(*common));
}
