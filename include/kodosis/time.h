/* SPDX-License-Identifier: MIT */
/*
 * Helpers for the types of kodosis.kod: timestamps, durations and UUIDs as C programs have them. Nothing here blocks or allocates; any
 * thread may call it.
 */
#ifndef KODOSIS_TIME_H
#define KODOSIS_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <kodosis/known.h>
#include <kodosis/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Seconds and nanoseconds since 1970 as a timestamp; the nearest one where a timestamp does not reach. */
KODOSIS_API struct kodosis_timestamp kodosis_timestamp_from_timespec(struct timespec time);

/* A timestamp as seconds and nanoseconds since 1970, the nanoseconds from 0 to 999,999,999. */
KODOSIS_API struct timespec kodosis_timestamp_to_timespec(struct kodosis_timestamp timestamp);

/* The time of the clock that can be set (CLOCK_REALTIME). */
KODOSIS_API struct kodosis_timestamp kodosis_timestamp_now(void);

/* Seconds and nanoseconds as a duration; the nearest one where a duration does not reach. */
KODOSIS_API struct kodosis_duration kodosis_duration_from_timespec(struct timespec time);

/* A duration as seconds and nanoseconds; the nanoseconds are from 0 to 999,999,999, so -1 ns is -1 s and 999,999,999 ns. */
KODOSIS_API struct timespec kodosis_duration_to_timespec(struct kodosis_duration duration);

/* From one moment to another: negative if `to` is the earlier one, the nearest duration where the span is too long. */
KODOSIS_API struct kodosis_duration kodosis_timestamp_between(struct kodosis_timestamp from,
                                                              struct kodosis_timestamp to);

/* The bytes that kodosis_uuid_format() writes, with the final NUL. */
enum { KODOSIS_UUID_TEXT = 37 };

/* Writes a UUID as 8-4-4-4-12 small hexadecimal digits and a NUL. */
KODOSIS_API void kodosis_uuid_format(const struct kodosis_uuid *uuid, char ret_text[KODOSIS_UUID_TEXT]);

/* Reads 8-4-4-4-12 hexadecimal digits, large or small, and nothing else. False, and `ret_uuid` untouched, if it is no such text. */
KODOSIS_API bool kodosis_uuid_parse(const char *text, struct kodosis_uuid *ret_uuid);

#ifdef __cplusplus
}
#endif

#endif
