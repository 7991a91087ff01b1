/* SPDX-License-Identifier: MIT */
/* From text to items. The lexer finds the tokens; what lies between two of them is blanks and comments. */
#include "kodosis/compiler/format/items.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void add_item(struct kodosis_items *items, const struct kodosis_item *item)
{
    if (items->count == items->capacity) {
        items->capacity = items->capacity ? 2 * items->capacity : 64;
        items->data = kodosis_reallocate(items->data, items->capacity, sizeof(*items->data));
    }
    items->data[items->count++] = *item;
}

static void add_line_comment(struct kodosis_items *items, const char *start, const char *end, size_t newlines)
{
    while (isspace((unsigned char)end[-1]))
        end--;
    add_item(items, &(struct kodosis_item){
                        .kind = KODOSIS_ITEM_LINE_COMMENT,
                        .start = start,
                        .size = (size_t)(end - start),
                        .newlines = newlines,
                    });
}

static void add_block_comment(struct kodosis_items *items, const char *start, const char *end, size_t newlines)
{
    add_item(items, &(struct kodosis_item){
                        .kind = KODOSIS_ITEM_BLOCK_COMMENT,
                        .start = start,
                        .size = (size_t)(end - start),
                        .newlines = newlines,
                    });
}

static const char *line_comment_end(const char *start, const char *end)
{
    const char *newline = memchr(start, '\n', (size_t)(end - start));

    return newline ? newline : end;
}

static const char *block_comment_end(const char *start, const char *end)
{
    const char *cursor = start + 2;

    while (end - cursor >= 2 && (cursor[0] != '*' || cursor[1] != '/'))
        cursor++;
    return end - cursor >= 2 ? cursor + 2 : end;
}

/* Adds the comments in [cursor, end). Returns the number of line breaks behind the last one. */
static size_t add_comments(struct kodosis_items *items, const char *cursor, const char *end)
{
    size_t newlines = 0;

    while (cursor < end) {
        const char *start = cursor;

        if (*cursor != '/' || end - cursor < 2) {
            newlines += *cursor++ == '\n';
        } else if (cursor[1] == '/') {
            cursor = line_comment_end(start, end);
            add_line_comment(items, start, cursor, newlines);
            newlines = 0;
        } else {
            cursor = block_comment_end(start, end);
            add_block_comment(items, start, cursor, newlines);
            newlines = 0;
        }
    }
    return newlines;
}

static bool has_newline(const struct kodosis_item *item)
{
    return item->newlines || memchr(item->start, '\n', item->size);
}

/* Marks the pair of braces that ends with the item `close`. `open` is the index of its '{'. */
static void mark_pair(struct kodosis_items *items, size_t open, size_t close)
{
    bool one_line = !items->data[close].newlines;

    for (size_t i = open + 1; i < close; i++)
        one_line = one_line && !has_newline(&items->data[i]);
    items->data[open].one_line = one_line;
    items->data[close].one_line = one_line;
}

/* Marks braces that stand on one line. */
static void mark_braces(struct kodosis_items *items)
{
    size_t *open = kodosis_reallocate(NULL, items->count + 1, sizeof(*open));
    size_t depth = 0;

    for (size_t i = 0; i < items->count; i++) {
        if (kodosis_item_is(&items->data[i], '{'))
            open[depth++] = i;
        else if (kodosis_item_is(&items->data[i], '}') && depth)
            mark_pair(items, open[--depth], i);
    }
    free(open);
}

void kodosis_items_read(struct kodosis_items *items, const struct kodosis_file *file)
{
    struct kodosis_diagnostics diagnostics = { 0 };
    struct kodosis_memory memory = { 0 };
    struct kodosis_lexer lexer;
    struct kodosis_token token = { 0 };

    *items = (struct kodosis_items){ 0 };
    if (kodosis_lexer_open(&lexer, file, &memory, &diagnostics)) {
        const char *end = lexer.cursor;

        do {
            size_t newlines;

            kodosis_lexer_next(&lexer, &token);
            newlines = add_comments(items, end, token.start);
            end = token.start + token.size;
            if (token.kind != KODOSIS_TOKEN_END)
                add_item(items, &(struct kodosis_item){
                                    .kind = KODOSIS_ITEM_TOKEN,
                                    .token = token.kind,
                                    .symbol = token.symbol,
                                    .start = token.start,
                                    .size = token.size,
                                    .newlines = newlines,
                                });
        } while (token.kind != KODOSIS_TOKEN_END);
    }
    kodosis_lexer_close(&lexer);
    kodosis_diagnostics_clear(&diagnostics);
    kodosis_memory_clear(&memory);
    mark_braces(items);
}

void kodosis_items_clear(struct kodosis_items *items)
{
    free(items->data);
    *items = (struct kodosis_items){ 0 };
}
