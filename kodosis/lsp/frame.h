/* SPDX-License-Identifier: MIT */
/*
 * The frames of the language server protocol: a header, "Content-Length: 12" and an empty line, then that many bytes of JSON. The
 * reader takes bytes as they come, in pieces of any size, and finds its way again behind what is no frame.
 */
#ifndef KODOSIS_LSP_FRAME_H
#define KODOSIS_LSP_FRAME_H

#include "kodosis/compiler/text/text.h"

enum {
    LSP_MESSAGE_MAX = 64 * 1024 * 1024, /* bytes of one message; longer ones are read and dropped */
    LSP_HEADER_MAX = 4096,              /* bytes of one header */
};

enum lsp_found {
    LSP_NEEDS_MORE,
    LSP_MESSAGE,
    LSP_FAULT, /* what came is no frame, or too long; it was skipped, or is going to be */
};

struct lsp_reader {
    struct kodosis_text bytes; /* that came; those in front of `at` are done with */
    size_t at;
    size_t skip; /* bytes of a message that is too long, still to come */
    bool lost;   /* searching for the next header */
};

/* Takes bytes. What lsp_reader_next() returned before is gone then. */
void lsp_reader_add(struct lsp_reader *reader, const void *bytes, size_t size);

/* Finds the next message, or a fault and the sentence about it. A message lies in the reader's memory. */
enum lsp_found lsp_reader_next(struct lsp_reader *reader, const char **ret_body, size_t *ret_size,
                               const char **ret_fault);

void lsp_reader_clear(struct lsp_reader *reader);

/* Appends a message with its header. */
void lsp_frame_add(struct kodosis_text *text, const char *body, size_t size);

#endif
