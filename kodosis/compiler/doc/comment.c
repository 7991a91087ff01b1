/* SPDX-License-Identifier: MIT */
/* Doc comments, rendered. */
#include "kodosis/compiler/doc/comment.h"

#include <string.h>

#include "kodosis/compiler/doc/html.h"

enum block { BLOCK_NONE, BLOCK_PARAGRAPH, BLOCK_ITEM };

static void add_code(const struct doc_page *page, const char *text, size_t size)
{
    const struct kodosis_declaration *named = size ? doc_find(page, text, size) : NULL;

    kodosis_text_add(page->html, "<code>");
    if (named) {
        kodosis_text_add(page->html, "<a href=\"");
        doc_add_url(page, named);
        kodosis_text_add(page->html, "\">");
    }
    doc_add_bytes(page->html, text, size);
    kodosis_text_add(page->html, named ? "</a></code>" : "</code>");
}

static void add_line(const struct doc_page *page, const char *text, size_t size)
{
    while (size) {
        const char *open = memchr(text, '`', size);
        size_t front = open ? (size_t)(open - text) : size;
        const char *close = open ? memchr(open + 1, '`', size - front - 1) : NULL;

        if (!close || close == open + 1)
            front = close ? front + 2 : size; /* no code: the backquotes are text */
        doc_add_bytes(page->html, text, front);
        text += front;
        size -= front;
        if (!size)
            return;
        if (close == open + 1)
            continue;
        add_code(page, open + 1, (size_t)(close - open) - 1);
        size -= (size_t)(close + 1 - text);
        text = close + 1;
    }
}

/* Ends the block that is open, and begins another. */
static void change(const struct doc_page *page, enum block *block, enum block next)
{
    if (*block == BLOCK_PARAGRAPH)
        kodosis_text_add(page->html, "</p>\n");
    if (*block == BLOCK_ITEM)
        kodosis_text_add(page->html, next == BLOCK_ITEM ? "</li>\n" : "</li></ul>\n");
    if (next == BLOCK_PARAGRAPH)
        kodosis_text_add(page->html, "<p>");
    if (next == BLOCK_ITEM)
        kodosis_text_add(page->html, *block == BLOCK_ITEM ? "<li>" : "<ul><li>");
    *block = next;
}

static void add_block_line(const struct doc_page *page, enum block *block, const char *line, size_t size)
{
    bool item = size > 2 && (line[0] == '-' || line[0] == '*') && line[1] == ' ';

    if (!size) {
        change(page, block, BLOCK_NONE);
        return;
    }
    if (item)
        change(page, block, BLOCK_ITEM);
    else if (*block == BLOCK_NONE)
        change(page, block, BLOCK_PARAGRAPH);
    else
        kodosis_text_add(page->html, "\n");
    add_line(page, line + (item ? 2 : 0), size - (item ? 2 : 0));
}

static size_t trim(const char **line, size_t size)
{
    while (size && (**line == ' ' || **line == '\t')) {
        ++*line;
        size--;
    }
    while (size && strchr(" \t\r", (*line)[size - 1]))
        size--;
    return size;
}

void doc_add_comment(const struct doc_page *page, const char *doc)
{
    enum block block = BLOCK_NONE;

    if (!doc)
        return;
    kodosis_text_add(page->html, "<div class=\"doc\">\n");
    while (*doc) {
        const char *line = doc;
        size_t whole = strcspn(doc, "\n");
        size_t size = trim(&line, whole);

        add_block_line(page, &block, line, size);
        doc += whole + (doc[whole] == '\n');
    }
    change(page, &block, BLOCK_NONE);
    kodosis_text_add(page->html, "</div>\n");
}

void doc_add_summary(const struct doc_page *page, const char *doc)
{
    size_t size;
    const char *stop;

    if (!doc)
        return;
    size = trim(&doc, strcspn(doc, "\n"));
    stop = memmem(doc, size, ". ", 2);
    add_line(page, doc, stop ? (size_t)(stop - doc) + 1 : size);
}
