/* SPDX-License-Identifier: MIT */
/* Why a ring could not be opened, in words. */
#include <errno.h>

#include "base/ring.h"

const char *hprpc__ring_refusal(int code)
{
    switch (-code) {
    case EPERM:
    case EACCES:
        return "epoll: io_uring is not permitted (by a container's policy, or by kernel.io_uring_disabled)";
    case ENOSYS:
        return "epoll: the kernel, or this build of the library, has no io_uring";
    case EINVAL:
        return "epoll: the io_uring of this kernel is too old";
    case ENOMEM:
        return "epoll: there is no memory for a ring";
    case EMFILE:
    case ENFILE:
        return "epoll: there is no descriptor for a ring";
    default:
        return "epoll: io_uring does not work here";
    }
}
