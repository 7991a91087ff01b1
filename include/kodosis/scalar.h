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

#ifdef __cplusplus
}
#endif

#endif
