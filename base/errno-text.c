/* SPDX-License-Identifier: MIT */
/* The text of an errno number, with glibc and with musl. */
#include "base/errno-text.h"

#include <string.h>

const char *hprpc__errno_text(int number)
{
#ifdef __GLIBC__
    const char *text = strerrordesc_np(number); /* glibc's strerror translates, and threads share its buffer */

    return text ? text : "unknown error";
#else
    return strerror(number); /* musl returns a constant, on any thread */
#endif
}
