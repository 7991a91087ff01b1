/* SPDX-License-Identifier: MIT */
/* The parts of the writer that are not inline: faults and borrowed runs. */
#include <kodosis/writer.h>

void kodosis_writer_fail(struct kodosis_writer *writer, enum kodosis_status status)
{
    if (writer->status == KODOSIS_OK)
        writer->status = status;
    writer->end = writer->cursor;
}

void kodosis_writer_refer(struct kodosis_writer *writer, const void *data, size_t size)
{
    struct kodosis_reference *reference = &writer->references[writer->reference_count++];

    reference->data = (const uint8_t *)data;
    reference->place = writer->cursor;
    reference->size = size;
    writer->cursor += size;
}
