/* SPDX-License-Identifier: MIT */
/* The version of the library. */
#include <hprpc/hprpc.h>

#define TEXT(number) #number
#define VERSION_OF(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

/* NOLINTNEXTLINE(misc-redundant-expression): the two must be equal */
_Static_assert(sizeof(HPRPC_VERSION) ==
                   sizeof(VERSION_OF(HPRPC_VERSION_MAJOR, HPRPC_VERSION_MINOR, HPRPC_VERSION_PATCH)),
               "HPRPC_VERSION says what the three numbers say");

const char *hprpc_version(void)
{
    return VERSION_OF(HPRPC_VERSION_MAJOR, HPRPC_VERSION_MINOR, HPRPC_VERSION_PATCH);
}
