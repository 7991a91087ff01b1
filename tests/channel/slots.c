/* SPDX-License-Identifier: MIT */
/* A backend whose operations lack a slot gets an error when its channel is made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "channel-shm/shm.h"

typedef void slot(void);

static void every_slot_is_wanted(void **state)
{
    enum { SLOTS = sizeof(struct hprpc_channel_ops) / sizeof(slot *) };
    struct hprpc_channel_ops ops;
    struct hprpc_channel channel;

    (void)state;
    for (size_t i = 0; i <= SLOTS; i++) {
        ops = hprpc__shm_channel_ops;
        memset(&channel, 0, sizeof(channel));
        if (i < SLOTS)
            memset((uint8_t *)&ops + i * sizeof(slot *), 0, sizeof(slot *));
        assert_int_equal(hprpc_channel_init(&channel, &ops, NULL, HPRPC_WAIT_BLOCK), i < SLOTS ? HPRPC_EINVAL : 0);
        assert_true(channel.ops == (i < SLOTS ? NULL : &ops));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_slot_is_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
