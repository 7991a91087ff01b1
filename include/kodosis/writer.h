/*
 * The writer (the paper's BinaryWriter): a cursor over memory that somebody else owns, usually a transport. The room is
 * exact: generated code computes the encoded size first. Offsets, and so alignment, count from the start of the body.
 */
#ifndef KODOSIS_WRITER_H
#define KODOSIS_WRITER_H

#include <kodosis/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Blittable runs from this size on may be borrowed by a writer that has references to spare. */
enum { KODOSIS_REFERENCE_MIN = 16 * 1024 };

/* A run that was not copied: `size` bytes at `data` belong at `place`, which was left unwritten. */
struct kodosis_reference {
    const uint8_t *data;
    uint8_t *place;
    size_t size;
};

struct kodosis_writer {
    uint8_t *cursor;
    uint8_t *end;
    uint8_t *start;
    enum kodosis_status status; /* the first thing that went wrong; nothing is written from then on */
    uint32_t reference_count;
    uint32_t reference_capacity; /* 0: everything is copied */
    struct kodosis_reference *references;
};

/* Opens a writer over `size` bytes. */
static inline void kodosis_writer_init(struct kodosis_writer *writer, void *memory, size_t size)
{
    writer->start = (uint8_t *)memory;
    writer->cursor = writer->start;
    writer->end = writer->start + size;
    writer->status = KODOSIS_OK;
    writer->reference_count = 0;
    writer->reference_capacity = 0;
    writer->references = NULL;
}

#ifdef __cplusplus
}
#endif

#endif
