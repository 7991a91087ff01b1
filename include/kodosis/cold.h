/* SPDX-License-Identifier: MIT */
/*
 * The inline functions of writer.h and reader.h, as functions of the library. Generated code that calls seldom run uses
 * these, because it compiles faster with them and is smaller.
 */
#ifndef KODOSIS_COLD_H
#define KODOSIS_COLD_H

#include <kodosis/reader.h>
#include <kodosis/writer.h>

#ifdef __cplusplus
extern "C" {
#endif

KODOSIS_API uint64_t kodosis_cold_size_string(uint64_t offset, struct kodosis_string value);
KODOSIS_API uint64_t kodosis_cold_size_bytes(uint64_t offset, struct kodosis_bytes value);
KODOSIS_API uint64_t kodosis_cold_size_list(uint64_t offset, size_t count, size_t size, size_t alignment);

KODOSIS_API void kodosis_cold_write_string(struct kodosis_writer *writer, struct kodosis_string value);
KODOSIS_API void kodosis_cold_write_bytes(struct kodosis_writer *writer, struct kodosis_bytes value);
KODOSIS_API void kodosis_cold_write_list(struct kodosis_writer *writer, const void *data, size_t count, size_t size,
                                         size_t alignment);
KODOSIS_API void kodosis_cold_write_aligned(struct kodosis_writer *writer, const void *data, size_t size,
                                            size_t alignment);

KODOSIS_API bool kodosis_cold_read_bool(struct kodosis_reader *reader);
KODOSIS_API int8_t kodosis_cold_read_int8(struct kodosis_reader *reader);
KODOSIS_API int16_t kodosis_cold_read_int16(struct kodosis_reader *reader);
KODOSIS_API int32_t kodosis_cold_read_int32(struct kodosis_reader *reader);
KODOSIS_API int64_t kodosis_cold_read_int64(struct kodosis_reader *reader);
KODOSIS_API uint8_t kodosis_cold_read_uint8(struct kodosis_reader *reader);
KODOSIS_API uint16_t kodosis_cold_read_uint16(struct kodosis_reader *reader);
KODOSIS_API uint32_t kodosis_cold_read_uint32(struct kodosis_reader *reader);
KODOSIS_API uint64_t kodosis_cold_read_uint64(struct kodosis_reader *reader);
KODOSIS_API float kodosis_cold_read_float32(struct kodosis_reader *reader);
KODOSIS_API double kodosis_cold_read_float64(struct kodosis_reader *reader);
KODOSIS_API void kodosis_cold_read_copy(struct kodosis_reader *reader, void *ret_memory, size_t size, size_t alignment);
KODOSIS_API const void *kodosis_cold_read_list(struct kodosis_reader *reader, size_t size, size_t alignment,
                                               size_t *ret_count);

#ifdef __cplusplus
}
#endif

#endif
