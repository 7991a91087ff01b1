/* SPDX-License-Identifier: MIT */
/* The inline functions of writer.h and reader.h as functions of the library. */
#include <kodosis/cold.h>

uint64_t kodosis_cold_size_string(uint64_t offset, struct kodosis_string value)
{
    return kodosis_size_string(offset, value);
}

uint64_t kodosis_cold_size_bytes(uint64_t offset, struct kodosis_bytes value)
{
    return kodosis_size_bytes(offset, value);
}

uint64_t kodosis_cold_size_list(uint64_t offset, size_t count, size_t size, size_t alignment)
{
    return kodosis_size_list(offset, count, size, alignment);
}

void kodosis_cold_write_string(struct kodosis_writer *writer, struct kodosis_string value)
{
    kodosis_write_string(writer, value);
}

void kodosis_cold_write_bytes(struct kodosis_writer *writer, struct kodosis_bytes value)
{
    kodosis_write_bytes(writer, value);
}

void kodosis_cold_write_list(struct kodosis_writer *writer, const void *data, size_t count, size_t size,
                             size_t alignment)
{
    kodosis_write_list(writer, data, count, size, alignment);
}

void kodosis_cold_write_aligned(struct kodosis_writer *writer, const void *data, size_t size, size_t alignment)
{
    kodosis_write_aligned(writer, data, size, alignment);
}

bool kodosis_cold_read_bool(struct kodosis_reader *reader)
{
    return kodosis_read_bool(reader);
}

int8_t kodosis_cold_read_int8(struct kodosis_reader *reader)
{
    return kodosis_read_int8(reader);
}

int16_t kodosis_cold_read_int16(struct kodosis_reader *reader)
{
    return kodosis_read_int16(reader);
}

int32_t kodosis_cold_read_int32(struct kodosis_reader *reader)
{
    return kodosis_read_int32(reader);
}

int64_t kodosis_cold_read_int64(struct kodosis_reader *reader)
{
    return kodosis_read_int64(reader);
}

uint8_t kodosis_cold_read_uint8(struct kodosis_reader *reader)
{
    return kodosis_read_uint8(reader);
}

uint16_t kodosis_cold_read_uint16(struct kodosis_reader *reader)
{
    return kodosis_read_uint16(reader);
}

uint32_t kodosis_cold_read_uint32(struct kodosis_reader *reader)
{
    return kodosis_read_uint32(reader);
}

uint64_t kodosis_cold_read_uint64(struct kodosis_reader *reader)
{
    return kodosis_read_uint64(reader);
}

float kodosis_cold_read_float32(struct kodosis_reader *reader)
{
    return kodosis_read_float32(reader);
}

double kodosis_cold_read_float64(struct kodosis_reader *reader)
{
    return kodosis_read_float64(reader);
}

void kodosis_cold_read_copy(struct kodosis_reader *reader, void *ret_memory, size_t size, size_t alignment)
{
    kodosis_read_copy(reader, ret_memory, size, alignment);
}

const void *kodosis_cold_read_list(struct kodosis_reader *reader, size_t size, size_t alignment, size_t *ret_count)
{
    return kodosis_read_list(reader, size, alignment, ret_count);
}
