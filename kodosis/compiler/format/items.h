/* SPDX-License-Identifier: MIT */
/*
 * The items of an interface file: its tokens and its comments, in their order, with the line breaks between them.
 */
#ifndef KODOSIS_COMPILER_FORMAT_ITEMS_H
#define KODOSIS_COMPILER_FORMAT_ITEMS_H

#include "kodosis/compiler/syntax/lexer.h"

enum kodosis_item_kind {
    KODOSIS_ITEM_TOKEN,
    KODOSIS_ITEM_LINE_COMMENT,  /* from "//" to the end of its line, without blanks there */
    KODOSIS_ITEM_BLOCK_COMMENT, /* with its delimiters */
};

struct kodosis_item {
    enum kodosis_item_kind kind;
    enum kodosis_token_kind token; /* of TOKEN */
    char symbol;                   /* of a TOKEN that is a SYMBOL, else 0 */
    bool one_line;                 /* '{' and '}' with no line break between them */
    const char *start;             /* in the source */
    size_t size;
    size_t newlines; /* in front of it, behind the item before */
};

struct kodosis_items {
    struct kodosis_item *data; /* malloc'ed */
    size_t count;
    size_t capacity;
};

/* Whether the item is this symbol. */
static inline bool kodosis_item_is(const struct kodosis_item *item, char symbol)
{
    return item->symbol == symbol;
}

/* Whether the item is a comment. */
static inline bool kodosis_item_is_comment(const struct kodosis_item *item)
{
    return item->kind != KODOSIS_ITEM_TOKEN;
}

/* Reads the items of a file that has no errors of syntax. They point into its source; kodosis_items_clear() frees the list. */
void kodosis_items_read(struct kodosis_items *items, const struct kodosis_file *file);

/* Frees the list. */
void kodosis_items_clear(struct kodosis_items *items);

#endif
