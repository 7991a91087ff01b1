/* SPDX-License-Identifier: MIT */
/* Reading and writing the frames of the protocol. */
#include "kodosis/lsp/frame.h"

#include <string.h>
#include <strings.h>

static const char LENGTH[] = "Content-Length:";

enum { LENGTH_SIZE = sizeof(LENGTH) - 1 };

void lsp_reader_add(struct lsp_reader *reader, const void *bytes, size_t size)
{
    struct kodosis_text *kept = &reader->bytes;

    if (reader->at) {
        memmove(kept->data, kept->data + reader->at, kept->size - reader->at);
        kept->size -= reader->at;
        reader->at = 0;
    }
    kodosis_text_add_bytes(kept, bytes, size);
}

void lsp_reader_clear(struct lsp_reader *reader)
{
    kodosis_text_clear(&reader->bytes);
    *reader = (struct lsp_reader){ 0 };
}

static size_t left(const struct lsp_reader *reader)
{
    return reader->bytes.size - reader->at;
}

/* Drops what is left of a message that is too long. False while more of it has to come. */
static bool skip(struct lsp_reader *reader)
{
    size_t size = left(reader) < reader->skip ? left(reader) : reader->skip;

    reader->at += size;
    reader->skip -= size;
    return !reader->skip;
}

/* Goes to the next thing that looks like a header. False, with a possible beginning of one kept, if there is none yet. */
static bool search(struct lsp_reader *reader)
{
    while (left(reader) >= LENGTH_SIZE) {
        if (!strncasecmp(reader->bytes.data + reader->at, LENGTH, LENGTH_SIZE)) {
            reader->lost = false;
            return true;
        }
        reader->at++;
    }
    return false;
}

/* Reads the number behind "Content-Length:". False if there is none, or if something stands behind it. */
static bool read_length(const char *text, size_t size, size_t *ret_length)
{
    size_t length = 0;
    size_t digits = 0;
    size_t i = 0;

    while (i < size && (text[i] == ' ' || text[i] == '\t'))
        i++;
    for (; i < size && text[i] >= '0' && text[i] <= '9'; i++, digits++)
        length = length > LSP_MESSAGE_MAX ? length : length * 10 + (size_t)(text[i] - '0');
    while (i < size && (text[i] == ' ' || text[i] == '\t'))
        i++;
    *ret_length = length;
    return digits && digits < 19 && i == size;
}

/* The whole number, of which read_length() reads no more than says that it is too large. */
static size_t whole_length(const char *text, size_t size)
{
    size_t length = 0;

    for (size_t i = 0; i < size; i++)
        if (text[i] >= '0' && text[i] <= '9')
            length = length * 10 + (size_t)(text[i] - '0');
    return length;
}

/* One header, of `size` bytes without the empty line. */
struct header {
    size_t length; /* of the message */
    bool has_length;
    const char *fault;
};

static void read_line(struct header *header, const char *line, size_t size)
{
    size_t length;

    if (!size)
        return; /* the empty line */
    if (!memchr(line, ':', size)) {
        header->fault = "a line of the header has no ':'";
    } else if (size >= LENGTH_SIZE && !strncasecmp(line, LENGTH, LENGTH_SIZE)) {
        if (!read_length(line + LENGTH_SIZE, size - LENGTH_SIZE, &length))
            header->fault = "the Content-Length is no number";
        else
            header->length = length > LSP_MESSAGE_MAX ? whole_length(line + LENGTH_SIZE, size - LENGTH_SIZE) : length;
        header->has_length = true;
    }
}

static void read_header(struct header *header, const char *text, size_t size)
{
    const char *end = text + size;

    while (text < end && !header->fault) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;

        read_line(header, text, (size_t)(stop - text) - (stop > text && stop[-1] == '\r'));
        text = newline ? newline + 1 : end;
    }
    if (!header->fault && !header->has_length)
        header->fault = "the header has no Content-Length";
}

/* The size of the header at the reader's place, with its empty line; 0 while it is not complete. */
static size_t header_size(const struct lsp_reader *reader)
{
    const char *start = reader->bytes.data + reader->at;
    const char *end = start + left(reader);
    const char *line = start;

    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));

        if (!newline)
            return 0;
        if (newline == line || (newline == line + 1 && *line == '\r'))
            return (size_t)(newline - start) + 1;
        line = newline + 1;
    }
    return 0;
}

static enum lsp_found lose(struct lsp_reader *reader, const char *fault, const char **ret_fault)
{
    reader->at++; /* past the beginning of what is wrong, or the search would find it again */
    reader->lost = true;
    *ret_fault = fault;
    return LSP_FAULT;
}

enum lsp_found lsp_reader_next(struct lsp_reader *reader, const char **ret_body, size_t *ret_size,
                               const char **ret_fault)
{
    struct header header = { 0 };
    size_t size;

    if (!skip(reader) || (reader->lost && !search(reader)) || !left(reader))
        return LSP_NEEDS_MORE;
    size = header_size(reader);
    if (!size && left(reader) > LSP_HEADER_MAX)
        return lose(reader, "a header without an end", ret_fault);
    if (!size)
        return LSP_NEEDS_MORE;
    read_header(&header, reader->bytes.data + reader->at, size);
    if (header.fault)
        return lose(reader, header.fault, ret_fault);
    if (header.length > LSP_MESSAGE_MAX) {
        reader->at += size;
        reader->skip = header.length;
        *ret_fault = "a message of more than 64 MiB";
        return LSP_FAULT;
    }
    if (left(reader) - size < header.length)
        return LSP_NEEDS_MORE;
    *ret_body = reader->bytes.data + reader->at + size;
    *ret_size = header.length;
    reader->at += size + header.length;
    return LSP_MESSAGE;
}

void lsp_frame_add(struct kodosis_text *text, const char *body, size_t size)
{
    kodosis_text_add(text, "Content-Length: %zu\r\n\r\n", size);
    kodosis_text_add_bytes(text, body, size);
}
