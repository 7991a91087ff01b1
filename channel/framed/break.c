/* SPDX-License-Identifier: MIT */
/* How a byte stream breaks: its two sides may find out at the same time, and one reason stands. */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>

#include <hprpc/channel/framed.h>

#include "base/errno-text.h"
#include "channel/framed/sides.h"

enum { BREAKING = 1 }; /* in `broken`: the reason is being written */

int hprpc_framed_broken(struct hprpc_framed *stream)
{
    /* acquire, here and below: pairs with the release in hprpc_framed_fail; a thread that sees the code sees the reason */
    int code = __atomic_load_n(&stream->broken, __ATOMIC_ACQUIRE);

    while (code == BREAKING) {
        sched_yield(); /* the other side of the stream is writing the reason */
        code = __atomic_load_n(&stream->broken, __ATOMIC_ACQUIRE);
    }
    return code;
}

int hprpc_framed_fail(struct hprpc_framed *stream, int code, const char *format, ...)
{
    struct hprpc_detail detail;
    va_list arguments;
    int whole = 0;

    /* acquire: pairs with the release in hprpc__framed_breach, which may have written the reason */
    if (!__atomic_compare_exchange_n(&stream->broken, &whole, BREAKING, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return hprpc_framed_broken(stream);
    va_start(arguments, format);
    vsnprintf(detail.text, sizeof(detail.text), format, arguments);
    va_end(arguments);
    hprpc_channel_fail(&stream->channel, code, "%s", detail.text);
    /* release: pairs with the acquire in hprpc_framed_broken */
    __atomic_store_n(&stream->broken, code, __ATOMIC_RELEASE);
    return code;
}

int hprpc__framed_breach(struct hprpc_framed *stream, int code, const char *text)
{
    int whole = 0;

    /* relaxed: this only decides which side writes the reason */
    if (!__atomic_compare_exchange_n(&stream->broken, &whole, BREAKING, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return hprpc_framed_broken(stream);
    hprpc_channel_fail(&stream->channel, code, "%s", text);
    /* release: pairs with the acquire in hprpc_framed_broken; a side that breaks later finds the reason written */
    __atomic_store_n(&stream->broken, 0, __ATOMIC_RELEASE);
    return code;
}

int hprpc_framed_fail_errno(struct hprpc_framed *stream, const char *verb, int number)
{
    bool system = number == ENOBUFS || number == ENOMEM || number == EBADF || number == EINVAL || number == EFAULT;

    return hprpc_framed_fail(stream, system ? HPRPC_ESYSTEM : HPRPC_EPEERDIED, "cannot %s: %s", verb,
                             hprpc__errno_text(number));
}
