/* SPDX-License-Identifier: MIT */
/* Which sanitizers this is built with: they are told of every fiber, and tell of the seed that they object to. */
#ifndef SIMULATION_SANITIZERS_H
#define SIMULATION_SANITIZERS_H

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define HAS_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_THREAD_SANITIZER 1
#endif
#endif

#if defined(HAS_ADDRESS_SANITIZER) || defined(HAS_THREAD_SANITIZER)
#define HAS_SANITIZER 1
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef HAS_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

#endif
