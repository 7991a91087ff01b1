/* SPDX-License-Identifier: MIT */
/* Lines, UTF-16 units and bytes. */
#include "kodosis/lsp/place.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/text/memory.h"
#include "kodosis/compiler/text/utf8.h"

/* Where lines begin: behind each '\n', and, if wanted, behind each '\r' that has no '\n' behind it. */
static size_t *find_starts(const char *text, size_t size, bool returns, size_t *ret_count)
{
    size_t capacity = 64;
    size_t *starts = kodosis_reallocate(NULL, capacity, sizeof(*starts));
    size_t count = 1;

    starts[0] = 0;
    for (size_t i = 0; i < size; i++) {
        bool alone = text[i] == '\r' && (i + 1 == size || text[i + 1] != '\n');

        if (text[i] != '\n' && !(returns && alone))
            continue;
        if (count == capacity) {
            capacity *= 2;
            starts = kodosis_reallocate(starts, capacity, sizeof(*starts));
        }
        starts[count++] = i + 1;
    }
    *ret_count = count;
    return starts;
}

void lsp_lines_read(struct lsp_lines *lines, const char *text, size_t size)
{
    *lines = (struct lsp_lines){ .text = text, .size = size };
    lines->starts = find_starts(text, size, true, &lines->count);
    lines->feeds = find_starts(text, size, false, &lines->feed_count);
}

void lsp_lines_clear(struct lsp_lines *lines)
{
    free(lines->starts);
    free(lines->feeds);
    *lines = (struct lsp_lines){ 0 };
}

/* The end of a line, in front of what ends it. */
static size_t end_of(const struct lsp_lines *lines, size_t line)
{
    size_t end = line + 1 < lines->count ? lines->starts[line + 1] : lines->size;

    while (end > lines->starts[line] && line + 1 < lines->count &&
           (lines->text[end - 1] == '\n' || lines->text[end - 1] == '\r'))
        end--;
    return end;
}

/* The bytes and UTF-16 units of the character at an offset. What is not UTF-8 counts as a unit for each byte. */
static size_t step(const struct lsp_lines *lines, size_t offset, uint32_t *ret_units)
{
    uint32_t code = 0;
    size_t size = kodosis_utf8_decode(lines->text + offset, lines->size - offset, &code);

    *ret_units = size && code > 0xffff ? 2 : 1;
    return size ? size : 1;
}

size_t lsp_offset_of(const struct lsp_lines *lines, struct lsp_place place)
{
    uint32_t units = 0;
    size_t offset;
    size_t end;

    if (place.line >= lines->count)
        return lines->size;
    offset = lines->starts[place.line];
    end = end_of(lines, place.line);
    while (offset < end && units < place.character) {
        uint32_t more;
        size_t size = step(lines, offset, &more);

        if (units + more > place.character)
            break; /* between the two halves of a pair */
        units += more;
        offset += size;
    }
    return offset < end ? offset : end;
}

static size_t line_of(const struct lsp_lines *lines, size_t offset)
{
    size_t low = 0;
    size_t high = lines->count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (lines->starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct lsp_place lsp_place_of(const struct lsp_lines *lines, size_t offset)
{
    struct lsp_place place = { 0 };
    size_t at;

    if (offset > lines->size)
        offset = lines->size;
    place.line = (uint32_t)line_of(lines, offset);
    for (at = lines->starts[place.line]; at < offset;) {
        uint32_t units;

        at += step(lines, at, &units);
        place.character += units;
    }
    return place;
}

/* In front of the compiler's first column of a file may be a byte order mark. */
size_t lsp_offset_at(const struct lsp_lines *lines, uint32_t line, uint32_t column)
{
    size_t offset = lines->size;

    if (line && line <= lines->feed_count)
        offset = lines->feeds[line - 1] + (column ? column - 1 : 0);
    if (line == 1 && lines->size >= 3 && !memcmp(lines->text, "\xef\xbb\xbf", 3))
        offset += 3;
    return offset < lines->size ? offset : lines->size;
}
