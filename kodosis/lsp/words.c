/* SPDX-License-Identifier: MIT */
/* Finding the parts of dotted names. */
#include "kodosis/lsp/words.h"

#include <string.h>

enum { PARTS_MAX = KODOSIS_LIMIT_NAMESPACE + 3 };

bool lsp_is_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
}

size_t lsp_behind_comment(const char *text, size_t size, size_t offset)
{
    const char *at = text + offset;
    size_t left = size - offset;
    const char *end;

    if (left < 2 || at[0] != '/' || (at[1] != '/' && at[1] != '*'))
        return offset;
    if (at[1] == '/') {
        end = memchr(at, '\n', left);
        return end ? (size_t)(end - text) : size;
    }
    end = memmem(at + 2, left - 2, "*/", 2);
    return end ? (size_t)(end - text) + 2 : size;
}

size_t lsp_behind_blanks(const char *text, size_t size, size_t offset)
{
    for (;;) {
        size_t behind;

        while (offset < size && strchr(" \t\r\n", text[offset]) && text[offset])
            offset++;
        behind = lsp_behind_comment(text, size, offset);
        if (behind == offset)
            return offset;
        offset = behind;
    }
}

/* The offset behind a string that begins here. */
static size_t behind_string(const char *text, size_t size, size_t offset)
{
    for (offset++; offset < size && text[offset] != '"' && text[offset] != '\n'; offset++)
        offset += text[offset] == '\\';
    return offset < size ? offset + 1 : size;
}

static bool is_one_of(char byte, const char *bytes)
{
    return byte && strchr(bytes, byte);
}

/* The offset behind the '}' of an item, and behind a ';' that follows. */
static size_t behind_brace(const char *text, size_t size, size_t offset)
{
    size_t behind = lsp_behind_blanks(text, size, offset + 1);

    return behind < size && text[behind] == ';' ? behind + 1 : offset + 1;
}

size_t lsp_behind_item(const char *text, size_t size, size_t offset)
{
    size_t depth = 0;

    while (offset < size) {
        size_t behind = lsp_behind_comment(text, size, offset);
        char byte = text[offset];

        if (behind != offset) {
            offset = behind;
            continue;
        }
        if (!depth && is_one_of(byte, ",)]}>"))
            return offset;
        depth += is_one_of(byte, "([{<");
        depth -= is_one_of(byte, ")]}>");
        if (!depth && byte == ';')
            return offset + 1;
        if (!depth && byte == '}')
            return behind_brace(text, size, offset);
        offset = byte == '"' ? behind_string(text, size, offset) : offset + 1;
    }
    return size;
}

/* The position of a word of a file. No name is broken between two lines, so its line is that of its first byte. */
static struct kodosis_position position_of(const struct lsp_lines *lines, const struct kodosis_file *file, size_t start,
                                           size_t size)
{
    struct kodosis_position position = { .file = file, .length = (uint32_t)size };
    size_t low = 0;
    size_t high = lines->feed_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (lines->feeds[middle] <= start)
            low = middle;
        else
            high = middle;
    }
    position.line = (uint32_t)low + 1;
    position.column = (uint32_t)(start - lsp_offset_at(lines, position.line, 1)) + 1;
    return position;
}

bool lsp_part_of_name(const struct lsp_analysis *analysis, const struct kodosis_ast_name *name, size_t from_end,
                      struct kodosis_position *ret_position)
{
    const struct kodosis_file *file = name->position.file;
    const struct lsp_lines *lines = lsp_lines_of(analysis, file);
    size_t starts[PARTS_MAX];
    size_t sizes[PARTS_MAX];
    size_t count = 0;
    size_t at = lsp_offset_in(analysis, &name->position);

    for (;;) {
        size_t end = at;

        while (end < lines->size && lsp_is_word(lines->text[end]))
            end++;
        if (end == at || count == PARTS_MAX)
            break;
        starts[count] = at;
        sizes[count++] = end - at;
        at = lsp_behind_blanks(lines->text, lines->size, end);
        if (at == lines->size || lines->text[at] != '.')
            break;
        at = lsp_behind_blanks(lines->text, lines->size, at + 1);
    }
    if (count <= from_end)
        return false;
    *ret_position = position_of(lines, file, starts[count - 1 - from_end], sizes[count - 1 - from_end]);
    return true;
}
