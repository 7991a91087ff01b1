/* SPDX-License-Identifier: MIT */
/* Finds the comments that switch rules off, and the lines that they are about. */
#include "kodosis/compiler/lint/allow.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/format/items.h"

/* The items of a file, and the line of each. */
struct reading {
    const struct kodosis_file *file;
    struct kodosis_items items;
    uint32_t *lines; /* malloc'ed */
    struct kodosis_allowances *allowances;
};

static uint32_t newlines_in(const char *text, size_t size)
{
    uint32_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += text[i] == '\n';
    return count;
}

static void find_lines(struct reading *reading)
{
    const char *at = reading->file->source;
    uint32_t line = 1;

    reading->lines = kodosis_reallocate(NULL, reading->items.count + 1, sizeof(*reading->lines));
    for (size_t i = 0; i < reading->items.count; i++) {
        const struct kodosis_item *item = &reading->items.data[i];

        line += newlines_in(at, (size_t)(item->start - at));
        reading->lines[i] = line;
        at = item->start;
    }
}

static uint32_t last_line_of(const struct reading *reading, size_t index)
{
    const struct kodosis_item *item = &reading->items.data[index];

    return reading->lines[index] + newlines_in(item->start, item->size);
}

/* Whether a token ends what began outside of all braces that were opened since: a member, a value, or a declaration. */
static bool ends_it(const struct kodosis_item *item, unsigned depth)
{
    if (depth)
        return false;
    return kodosis_item_is(item, ';') || kodosis_item_is(item, ',') || kodosis_item_is(item, '}');
}

/* The last line of what begins at a token. A '}' that was not opened in it ends it, too: it has no ';' of its own then. */
static uint32_t end_of(const struct reading *reading, size_t index)
{
    unsigned depth = 0;

    for (size_t i = index; i < reading->items.count; i++) {
        const struct kodosis_item *item = &reading->items.data[i];

        if (kodosis_item_is(item, '{') || kodosis_item_is(item, '(') || kodosis_item_is(item, '['))
            depth++;
        else if ((kodosis_item_is(item, '}') || kodosis_item_is(item, ')') || kodosis_item_is(item, ']')) && depth)
            depth--;
        if (ends_it(item, depth))
            return reading->lines[i];
    }
    return UINT32_MAX;
}

static bool is_word(const struct kodosis_item *item, const char *word)
{
    return item->size == strlen(word) && !memcmp(item->start, word, item->size);
}

/* The first item on the line that an item is on. */
static size_t first_on_line(const struct reading *reading, size_t index)
{
    while (index && last_line_of(reading, index - 1) == reading->lines[index])
        index--;
    return index;
}

/* Sets the lines that the comment with this index is about. */
static void find_reach(const struct reading *reading, size_t index, uint32_t *ret_first, uint32_t *ret_last)
{
    const struct kodosis_items *items = &reading->items;
    size_t next;

    *ret_first = *ret_last = reading->lines[index];
    next = first_on_line(reading, index);
    while (next < items->count && kodosis_item_is_comment(&items->data[next]))
        next++;
    if (next < items->count && is_word(&items->data[next], "namespace")) {
        *ret_first = 1;
        *ret_last = UINT32_MAX;
    } else if (next > index && next < items->count) {
        *ret_first = reading->lines[next];
        *ret_last = end_of(reading, next);
    }
}

static void add_name(struct reading *reading, size_t index, const char *name, size_t size)
{
    struct kodosis_allowances *allowances = reading->allowances;
    const struct kodosis_item *item = &reading->items.data[index];
    const char *line = item->start;
    struct kodosis_allowance allowance = { .name = name, .size = size };

    if (allowances->count == allowances->capacity) {
        allowances->capacity = allowances->capacity ? 2 * allowances->capacity : 8;
        allowances->data = kodosis_reallocate(allowances->data, allowances->capacity, sizeof(*allowances->data));
    }
    while (line > reading->file->source && line[-1] != '\n')
        line--;
    allowance.position =
        (struct kodosis_position){ reading->file, reading->lines[index], (uint32_t)(name - line) + 1, (uint32_t)size };
    find_reach(reading, index, &allowance.first, &allowance.last);
    allowances->data[allowances->count++] = allowance;
}

/* Reads the names up to the ')'. */
static void read_names(struct reading *reading, size_t index, const char *at, const char *end)
{
    while (at < end && *at != ')') {
        const char *start = at;

        while (at < end && (isalnum((unsigned char)*at) || *at == '-' || *at == '_'))
            at++;
        if (at > start)
            add_name(reading, index, start, (size_t)(at - start));
        else
            at++;
    }
}

static void read_comment(struct reading *reading, size_t index)
{
    static const char mark[] = "lint: allow(";
    const struct kodosis_item *item = &reading->items.data[index];
    const char *at = item->start + 2;
    const char *end = item->start + item->size;

    while (at < end && *at == ' ')
        at++;
    if ((size_t)(end - at) >= strlen(mark) && !memcmp(at, mark, strlen(mark)))
        read_names(reading, index, at + strlen(mark), end);
}

void kodosis_allowances_read(struct kodosis_allowances *allowances, const struct kodosis_file *file)
{
    struct reading reading = { .file = file, .allowances = allowances };

    *allowances = (struct kodosis_allowances){ 0 };
    kodosis_items_read(&reading.items, file);
    find_lines(&reading);
    for (size_t i = 0; i < reading.items.count; i++)
        if (reading.items.data[i].kind == KODOSIS_ITEM_LINE_COMMENT)
            read_comment(&reading, i);
    free(reading.lines);
    kodosis_items_clear(&reading.items);
}

void kodosis_allowances_clear(struct kodosis_allowances *allowances)
{
    free(allowances->data);
    *allowances = (struct kodosis_allowances){ 0 };
}

bool kodosis_is_allowed(struct kodosis_allowances *allowances, const char *rule, uint32_t line)
{
    bool allowed = false;

    for (size_t i = 0; i < allowances->count; i++) {
        struct kodosis_allowance *each = &allowances->data[i];

        if (each->size == strlen(rule) && !memcmp(each->name, rule, each->size) && each->first <= line &&
            line <= each->last)
            allowed = each->used = true;
    }
    return allowed;
}
