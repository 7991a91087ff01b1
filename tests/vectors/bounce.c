/* SPDX-License-Identifier: MIT */
/* The handlers of the service Bounce: each calls the other side back. */
#include "vectors/bounce.h"

#include <hprpc/hprpc.h>

/* Binds each time, so that every conversation shows it. */
static int bounce(void *self, struct hprpc_request *request, int32_t depth)
{
    struct hprpc_client *back = hprpc_controller_client(hprpc_request_controller(request));
    struct vectors_bounce_proxy proxy;
    int32_t calls = 0;
    int r = 0;

    (void)self;
    if (depth > 0) {
        r = vectors_bounce_bind(back, NULL, &proxy);
        if (r == 0)
            r = vectors_bounce_bounce(&proxy, NULL, depth - 1, &calls);
    }
    return r < 0 ? r : vectors_bounce_bounce_reply(request, calls + 1);
}

const struct vectors_bounce_service bounce_service = { bounce };
