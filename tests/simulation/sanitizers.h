/* SPDX-License-Identifier: MIT */
/*
 * The sanitizers that the program is built with. fiber.c tells them of every switch; simulate.c names the seed when one ends
 * the program.
 */
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
