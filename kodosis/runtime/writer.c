/* SPDX-License-Identifier: MIT */
/* The parts of the writer that are not inline: faults, borrowed runs and descriptors. */
#include <kodosis/writer.h>

void kodosis_writer_fail(struct kodosis_writer *writer, enum kodosis_status status)
{
    if (writer->status == KODOSIS_OK)
        writer->status = status;
    writer->end = writer->cursor;
}

uint8_t *kodosis_write_extent(struct kodosis_writer *writer)
{
    uint8_t *extent = kodosis_writer_claim(writer, 4);

    kodosis_write_padding(writer, 8);
    return writer->status == KODOSIS_OK ? extent : NULL;
}

void kodosis_write_rest(struct kodosis_writer *writer, uint8_t *extent, struct kodosis_bytes rest)
{
    uint64_t offset, size;

    if (extent && rest.size) {
        kodosis_write_padding(writer, 8);
        kodosis_write_run(writer, rest.data, rest.size);
    }
    if (!extent || writer->status != KODOSIS_OK)
        return;
    offset = (uint64_t)(extent - writer->start) + 4;
    size = (uint64_t)(writer->cursor - writer->start) - offset - kodosis_padding(offset, 8);
    if (size > UINT32_MAX)
        kodosis_writer_fail(writer, KODOSIS_OVERFLOW);
    else
        kodosis_store_uint32(extent, (uint32_t)size);
}

void kodosis_writer_refer(struct kodosis_writer *writer, const void *data, size_t size)
{
    struct kodosis_reference *reference = &writer->references[writer->reference_count++];

    reference->data = (const uint8_t *)data;
    reference->place = writer->cursor;
    reference->size = size;
    writer->cursor += size;
}

_Static_assert(sizeof(enum kodosis_status) == 4 &&
                   offsetof(struct kodosis_writer, descriptor_count) == offsetof(struct kodosis_writer, status) + 4,
               "kodosis_writer_is_plain loads both at once");

void kodosis_write_fd(struct kodosis_writer *writer, int value)
{
    if (writer->status != KODOSIS_OK)
        return;
    if (value < 0 || writer->descriptor_count == writer->descriptor_capacity) {
        kodosis_writer_fail(writer, KODOSIS_BAD_DESCRIPTOR);
        return;
    }
    kodosis_write_uint8(writer, (uint8_t)writer->descriptor_count);
    if (writer->status == KODOSIS_OK)
        writer->descriptors[writer->descriptor_count++] = value;
}
