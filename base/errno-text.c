/* SPDX-License-Identifier: MIT */
#include "base/errno-text.h"

#include <string.h>

const char *hprpc__errno_text(int number)
{
#ifdef __GLIBC__
    const char *text = strerrordesc_np(number); /* strerror translates, and shares its buffer between threads */

    return text ? text : "unknown error";
#else
    return strerror(number); /* musl's is a constant, whatever the thread */
#endif
}
