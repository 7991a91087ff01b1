/*
 * The reader (the paper's BinaryReader): a cursor over a received body. It never reads outside the body, checks everything,
 * and remembers the first fault: from then on every read gives zero, so that generated code checks once, at the end.
 */
#ifndef KODOSIS_READER_H
#define KODOSIS_READER_H

#include <kodosis/arena.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { KODOSIS_DEPTH_MAX = 64 };

struct kodosis_reader {
    const uint8_t *cursor;
    const uint8_t *end;
    const uint8_t *start; /* aligned to 8 */
    enum kodosis_status status;
    uint32_t depth;              /* levels of nesting that may still be entered */
    struct kodosis_arena *arena; /* for what cannot be a view; its limit bounds the decoded memory */
    const uint8_t *fault;        /* where the first fault was found */
};

/* Opens a reader over `size` bytes at `body`, which is aligned to 8. `arena` is borrowed; views point into both. */
static inline void kodosis_reader_init(struct kodosis_reader *reader, const void *body, size_t size,
                                       struct kodosis_arena *arena)
{
    reader->start = (const uint8_t *)body;
    reader->cursor = reader->start;
    reader->end = reader->start + size;
    reader->status = KODOSIS_OK;
    reader->depth = KODOSIS_DEPTH_MAX;
    reader->arena = arena;
    reader->fault = NULL;
}

#ifdef __cplusplus
}
#endif

#endif
