/* SPDX-License-Identifier: MIT */
/* Lists of strings and of bytes: their sizes, writing and reading. */
#include <kodosis/reader.h>
#include <kodosis/writer.h>

uint64_t kodosis_size_string_list(uint64_t offset, struct kodosis_string_list value)
{
    size_t i;

    offset = kodosis_size_varint(offset, value.count);
    for (i = 0; i < value.count; i++)
        offset = kodosis_size_string(offset, value.data[i]);
    return offset;
}

uint64_t kodosis_size_bytes_list(uint64_t offset, struct kodosis_bytes_list value)
{
    size_t i;

    offset = kodosis_size_varint(offset, value.count);
    for (i = 0; i < value.count; i++)
        offset = kodosis_size_bytes(offset, value.data[i]);
    return offset;
}

void kodosis_write_string_list(struct kodosis_writer *writer, struct kodosis_string_list value)
{
    size_t i;

    kodosis_write_varint(writer, value.count);
    for (i = 0; i < value.count; i++)
        kodosis_write_string(writer, value.data[i]);
}

void kodosis_write_bytes_list(struct kodosis_writer *writer, struct kodosis_bytes_list value)
{
    size_t i;

    kodosis_write_varint(writer, value.count);
    for (i = 0; i < value.count; i++)
        kodosis_write_bytes(writer, value.data[i]);
}

struct kodosis_string_list kodosis_read_string_list(struct kodosis_reader *reader)
{
    struct kodosis_string_list list = { NULL, 0 };
    uint32_t count = kodosis_read_count(reader, 2);
    struct kodosis_string *data = (struct kodosis_string *)kodosis_read_array(reader, count, sizeof(*data));
    size_t i;

    if (!data)
        return list;
    for (i = 0; i < count; i++)
        data[i] = kodosis_read_string(reader);
    list.data = data;
    list.count = count;
    return list;
}

struct kodosis_bytes_list kodosis_read_bytes_list(struct kodosis_reader *reader)
{
    struct kodosis_bytes_list list = { NULL, 0 };
    uint32_t count = kodosis_read_count(reader, 1);
    struct kodosis_bytes *data = (struct kodosis_bytes *)kodosis_read_array(reader, count, sizeof(*data));
    size_t i;

    if (!data)
        return list;
    for (i = 0; i < count; i++)
        data[i] = kodosis_read_bytes(reader);
    list.data = data;
    list.count = count;
    return list;
}
