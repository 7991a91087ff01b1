/* SPDX-License-Identifier: MIT */
/* A unified diff of one hunk. */
#include "kodosis/compiler/format/diff.h"

#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/text/memory.h"

enum { CONTEXT = 3 };

struct line {
    const char *start;
    size_t size; /* with the line break, if it has one */
};

struct lines {
    struct line *data; /* malloc'ed */
    size_t count;
};

static struct lines split(const struct kodosis_text *text)
{
    struct lines lines = { NULL, 0 };
    const char *end = text->data + text->size;
    size_t most = 1;

    for (size_t i = 0; i < text->size; i++)
        most += text->data[i] == '\n';
    lines.data = kodosis_reallocate(NULL, most, sizeof(*lines.data));
    for (const char *start = text->data; start < end;) {
        const char *newline = memchr(start, '\n', (size_t)(end - start));
        const char *stop = newline ? newline + 1 : end;

        lines.data[lines.count++] = (struct line){ start, (size_t)(stop - start) };
        start = stop;
    }
    return lines;
}

static bool is_same(const struct line *one, const struct line *other)
{
    return one->size == other->size && !memcmp(one->start, other->start, one->size);
}

static void add_lines(struct kodosis_text *diff, char sign, const struct lines *lines, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        const struct line *line = &lines->data[i];

        kodosis_text_add_bytes(diff, &sign, 1);
        kodosis_text_add_bytes(diff, line->start, line->size);
        if (line->start[line->size - 1] != '\n')
            kodosis_text_add(diff, "\n\\ No newline at end of file\n");
    }
}

/* Line numbers count from 1; those of an empty range name the line in front of it. */
static void add_range(struct kodosis_text *diff, char sign, size_t first, size_t end)
{
    kodosis_text_add(diff, "%c%zu,%zu ", sign, end > first ? first + 1 : first, end - first);
}

static void add_hunk(struct kodosis_text *diff, const struct lines *old, const struct lines *new, size_t head,
                     size_t tail)
{
    size_t first = head > CONTEXT ? head - CONTEXT : 0;
    size_t behind = tail < CONTEXT ? tail : CONTEXT;

    kodosis_text_add(diff, "@@ ");
    add_range(diff, '-', first, old->count - tail + behind);
    add_range(diff, '+', first, new->count - tail + behind);
    kodosis_text_add(diff, "@@\n");
    add_lines(diff, ' ', old, first, head);
    add_lines(diff, '-', old, head, old->count - tail);
    add_lines(diff, '+', new, head, new->count - tail);
    add_lines(diff, ' ', old, old->count - tail, old->count - tail + behind);
}

void kodosis_diff(const char *path, const struct kodosis_text *old, const struct kodosis_text *new,
                  struct kodosis_text *ret_diff)
{
    struct lines before = split(old);
    struct lines after = split(new);
    size_t least = before.count < after.count ? before.count : after.count;
    size_t head = 0;
    size_t tail = 0;

    while (head < least && is_same(&before.data[head], &after.data[head]))
        head++;
    while (tail < least - head && is_same(&before.data[before.count - 1 - tail], &after.data[after.count - 1 - tail]))
        tail++;
    if (head + tail < before.count || head + tail < after.count) {
        kodosis_text_add(ret_diff, "--- %s\n+++ %s\n", path, path);
        add_hunk(ret_diff, &before, &after, head, tail);
    }
    free(before.data);
    free(after.data);
}
