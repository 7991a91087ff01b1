/* SPDX-License-Identifier: MIT */
/*
 * Scalars at any address: the fixed-size part of the encoding. Each of these is one machine instruction.
 */
#ifndef KODOSIS_SCALAR_H
#define KODOSIS_SCALAR_H

#include <kodosis/types.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline void kodosis_store_int8(uint8_t *place, int8_t value)
{
    memcpy(place, &value, sizeof(value));
}

static inline void kodosis_store_int16(uint8_t *place, int16_t value)
{
    memcpy(place, &value, sizeof(value));
}

static inline void kodosis_store_int32(uint8_t *place, int32_t value)
{
    memcpy(place, &value, sizeof(value));
}

static inline void kodosis_store_int64(uint8_t *place, int64_t value)
{
    memcpy(place, &value, sizeof(value));
}

static inline void kodosis_store_uint8(uint8_t *place, uint8_t value)
{
    *place = value;
}

static inline void kodosis_store_uint16(uint8_t *place, uint16_t value)
{
    memcpy(place, &value, sizeof(value));
}

static inline void kodosis_store_uint32(uint8_t *place, uint32_t value)
{
    memcpy(place, &value, sizeof(value));
}

static inline void kodosis_store_uint64(uint8_t *place, uint64_t value)
{
    memcpy(place, &value, sizeof(value));
}

static inline void kodosis_store_float32(uint8_t *place, float value)
{
    memcpy(place, &value, sizeof(value));
}

static inline void kodosis_store_float64(uint8_t *place, double value)
{
    memcpy(place, &value, sizeof(value));
}

static inline void kodosis_store_bool(uint8_t *place, bool value)
{
    *place = value ? 1 : 0;
}

static inline int8_t kodosis_load_int8(const uint8_t *place)
{
    int8_t value;

    memcpy(&value, place, sizeof(value));
    return value;
}

static inline int16_t kodosis_load_int16(const uint8_t *place)
{
    int16_t value;

    memcpy(&value, place, sizeof(value));
    return value;
}

static inline int32_t kodosis_load_int32(const uint8_t *place)
{
    int32_t value;

    memcpy(&value, place, sizeof(value));
    return value;
}

static inline int64_t kodosis_load_int64(const uint8_t *place)
{
    int64_t value;

    memcpy(&value, place, sizeof(value));
    return value;
}

static inline uint8_t kodosis_load_uint8(const uint8_t *place)
{
    return *place;
}

static inline uint16_t kodosis_load_uint16(const uint8_t *place)
{
    uint16_t value;

    memcpy(&value, place, sizeof(value));
    return value;
}

static inline uint32_t kodosis_load_uint32(const uint8_t *place)
{
    uint32_t value;

    memcpy(&value, place, sizeof(value));
    return value;
}

static inline uint64_t kodosis_load_uint64(const uint8_t *place)
{
    uint64_t value;

    memcpy(&value, place, sizeof(value));
    return value;
}

static inline float kodosis_load_float32(const uint8_t *place)
{
    float value;

    memcpy(&value, place, sizeof(value));
    return value;
}

static inline double kodosis_load_float64(const uint8_t *place)
{
    double value;

    memcpy(&value, place, sizeof(value));
    return value;
}

#if defined(__GNUC__) && !defined(__clang__)
/* GCC does not see that `size` keeps it out of the branch for eight bytes and more where it knows that the bytes are fewer. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Warray-bounds"
#endif

/* Copies bytes that are few as a rule: 4 to 16 of them in two words, which may overlap. */
static inline void kodosis_copy_short(void *place, const void *bytes, size_t size)
{
    uint8_t *to = KODOSIS_CAST(uint8_t *, place);
    const uint8_t *from = KODOSIS_CAST(const uint8_t *, bytes);
    uint64_t first, last;
    uint32_t half_first, half_last;

    if (size - 8 <= 8) {
        memcpy(&first, from, sizeof(first));
        memcpy(&last, from + size - sizeof(last), sizeof(last));
        memcpy(to, &first, sizeof(first));
        memcpy(to + size - sizeof(last), &last, sizeof(last));
    } else if (size - 4 < 4) {
        memcpy(&half_first, from, sizeof(half_first));
        memcpy(&half_last, from + size - sizeof(half_last), sizeof(half_last));
        memcpy(to, &half_first, sizeof(half_first));
        memcpy(to + size - sizeof(half_last), &half_last, sizeof(half_last));
    } else {
        memcpy(to, from, size);
    }
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#ifdef __cplusplus
}
#endif

#endif
