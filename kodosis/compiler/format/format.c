/* SPDX-License-Identifier: MIT */
/* Line breaks and indentation. */
#include "kodosis/compiler/format/format.h"

#include <string.h>

#include "kodosis/compiler/format/items.h"
#include "kodosis/compiler/format/spacing.h"
#include "kodosis/compiler/syntax/parser.h"

/* What is known between two items. */
struct layout {
    const struct kodosis_items *items;
    struct kodosis_text *text;
    const struct kodosis_item *previous;     /* NULL in front of the first */
    const struct kodosis_item *token;        /* the last one that is no comment; NULL in front of the first */
    const struct kodosis_item *token_before; /* the one in front of `token` */
    unsigned braces;                         /* that are open */
    unsigned brackets;                       /* '(' and '[' that are open */
    unsigned one_liners;                     /* open braces whose '}' is on the same line */
};

/* Whether a '}' gets a line of its own. */
static bool closes_body(const struct kodosis_item *item)
{
    return kodosis_item_is(item, '}') && !item->one_line;
}

/* Whether the item and the comments behind it are the last of their line. */
static bool ends_line(const struct layout *layout, size_t index)
{
    const struct kodosis_items *items = layout->items;

    while (++index < items->count && !items->data[index].newlines)
        if (!kodosis_item_is_comment(&items->data[index]))
            return closes_body(&items->data[index]);
    return true;
}

static bool is_empty_pair(const struct layout *layout, const struct kodosis_item *item)
{
    return kodosis_item_is(item, '}') && kodosis_item_is(layout->previous, '{');
}

/* Whether the style keeps a token on the line of the one before, whatever the author did. */
static bool joins(const struct layout *layout, const struct kodosis_item *item)
{
    if (kodosis_item_is_comment(layout->previous))
        return false;
    return kodosis_item_is(item, ';') || kodosis_item_is(item, ',') || is_empty_pair(layout, item) ||
           (kodosis_item_is(item, '{') && layout->brackets == 0 && layout->braces == 0);
}

/* Whether the style begins a line here. Comments between the two tokens do not matter. */
static bool breaks(const struct layout *layout, const struct kodosis_item *item)
{
    const struct kodosis_item *token = layout->token;

    if (!token || layout->brackets)
        return false;
    if (kodosis_item_is(item, '}'))
        return !item->one_line;
    if (kodosis_item_is(token, '{'))
        return !token->one_line;
    if (kodosis_item_is(token, ';'))
        return !layout->one_liners;
    return kodosis_item_is(token, '}') && layout->braces == 0 && !kodosis_item_is(item, ';');
}

/* The number of line breaks in front of an item: 2 for an empty line. */
static size_t breaks_in_front(const struct layout *layout, size_t index)
{
    const struct kodosis_item *item = &layout->items->data[index];
    bool trails = kodosis_item_is_comment(item) && !item->newlines && ends_line(layout, index);

    if (!layout->previous || trails || joins(layout, item))
        return 0;
    if (item->newlines > 1 && !kodosis_item_is(layout->previous, '{') && !kodosis_item_is(item, '}'))
        return 2;
    if (kodosis_item_is_comment(layout->previous))
        return item->newlines || closes_body(item) ? 1 : 0;
    return item->newlines || breaks(layout, item) ? 1 : 0;
}

/* Whether the item goes on with what an earlier line began. */
static bool continues(const struct layout *layout)
{
    const struct kodosis_item *token = layout->token;
    bool is_sentence = token && token->token == KODOSIS_TOKEN_STRING && layout->token_before &&
                       layout->token_before->size == strlen("deprecated") &&
                       !memcmp(layout->token_before->start, "deprecated", strlen("deprecated"));

    if (!token || layout->brackets || is_sentence)
        return false;
    return !kodosis_item_is(token, ';') && !kodosis_item_is(token, '{') && !kodosis_item_is(token, '}') &&
           !(kodosis_item_is(token, ',') && layout->braces);
}

static unsigned indentation(const struct layout *layout, const struct kodosis_item *item)
{
    unsigned levels = layout->braces + layout->brackets;

    if (kodosis_item_is(item, '}') || kodosis_item_is(item, ')') || kodosis_item_is(item, ']'))
        return levels ? levels - 1 : 0;
    return levels + (continues(layout) && !kodosis_item_is(item, '{'));
}

static void add_blanks(struct kodosis_text *text, unsigned levels)
{
    for (unsigned i = 0; i < levels; i++)
        kodosis_text_add_bytes(text, "    ", 4);
}

/* Adds a comment of several lines. Lines that begin with '*' get it below the first one; others stay as they are. */
static void add_block(struct kodosis_text *text, const struct kodosis_item *item, unsigned levels)
{
    const char *cursor = item->start;
    const char *end = item->start + item->size;

    while (cursor < end) {
        const char *newline = memchr(cursor, '\n', (size_t)(end - cursor));
        const char *stop = newline ? newline : end;
        const char *first = cursor;

        while (first < stop && (*first == ' ' || *first == '\t'))
            first++;
        if (cursor > item->start && first < stop && *first == '*') {
            add_blanks(text, levels);
            kodosis_text_add_bytes(text, " ", 1);
            cursor = first;
        }
        while (newline && stop > cursor && (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        kodosis_text_add_bytes(text, cursor, (size_t)(stop - cursor));
        if (newline)
            kodosis_text_add_bytes(text, "\n", 1);
        cursor = newline ? newline + 1 : end;
    }
}

static void count_item(struct layout *layout, const struct kodosis_item *item)
{
    layout->previous = item;
    if (kodosis_item_is_comment(item))
        return;
    layout->token_before = layout->token;
    layout->token = item;
    if (kodosis_item_is(item, '{')) {
        layout->braces++;
        layout->one_liners += item->one_line;
    } else if (kodosis_item_is(item, '}')) {
        layout->braces -= layout->braces > 0;
        layout->one_liners -= item->one_line;
    } else if (kodosis_item_is(item, '(') || kodosis_item_is(item, '[')) {
        layout->brackets++;
    } else if (kodosis_item_is(item, ')') || kodosis_item_is(item, ']')) {
        layout->brackets -= layout->brackets > 0;
    }
}

static void add_item(struct layout *layout, size_t index)
{
    const struct kodosis_item *item = &layout->items->data[index];
    size_t newlines = breaks_in_front(layout, index);
    unsigned levels = indentation(layout, item);

    for (size_t i = 0; i < newlines; i++)
        kodosis_text_add_bytes(layout->text, "\n", 1);
    if (newlines)
        add_blanks(layout->text, levels);
    else if (layout->previous && kodosis__needs_blank(layout->token_before, layout->previous, item))
        kodosis_text_add_bytes(layout->text, " ", 1);
    if (item->kind == KODOSIS_ITEM_BLOCK_COMMENT)
        add_block(layout->text, item, levels);
    else
        kodosis_text_add_bytes(layout->text, item->start, item->size);
    count_item(layout, item);
}

bool kodosis_format(const struct kodosis_file *file, struct kodosis_memory *memory,
                    struct kodosis_diagnostics *diagnostics, struct kodosis_text *ret_text)
{
    size_t errors = diagnostics->error_count;
    struct kodosis_items items;
    struct layout layout = { .items = &items, .text = ret_text };

    kodosis_parse(file, memory, diagnostics);
    if (diagnostics->error_count > errors)
        return false;
    kodosis_items_read(&items, file);
    for (size_t i = 0; i < items.count; i++)
        add_item(&layout, i);
    kodosis_text_add_bytes(ret_text, "\n", items.count > 0);
    kodosis_items_clear(&items);
    return true;
}
