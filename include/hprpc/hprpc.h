/* SPDX-License-Identifier: MIT */
/*
 * All public headers of HPRPC. Each of them can also be included by itself.
 *
 * Threads. Where a function does not say "any thread", one thread at a time may use its object. A thread that is cancelled
 * (pthread_cancel) inside the library goes on until the function returns, and is cancelled at its next cancellation point. All
 * signals are blocked in the library's own threads, so that they reach those of the application.
 */
#ifndef HPRPC_HPRPC_H
#define HPRPC_HPRPC_H

#include <hprpc/client.h>
#include <hprpc/controller.h>
#include <hprpc/server.h>
#include <hprpc/stream.h>

/*
 * The version of these headers. HPRPC_VERSION_NUMBER is for comparisons: #if HPRPC_VERSION_NUMBER >= 100 asks for 0.1.0.
 * Before 1.0, a minor version may change the interface; see CHANGELOG.md.
 */
#define HPRPC_VERSION_MAJOR 0
#define HPRPC_VERSION_MINOR 1
#define HPRPC_VERSION_PATCH 0
#define HPRPC_VERSION "0.1.0"
#define HPRPC_VERSION_NUMBER (HPRPC_VERSION_MAJOR * 10000 + HPRPC_VERSION_MINOR * 100 + HPRPC_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that runs, like HPRPC_VERSION. Static; any thread. */
HPRPC_API const char *hprpc_version(void);

#ifdef __cplusplus
}
#endif

#endif
