/* SPDX-License-Identifier: MIT */
/* Blanks between two items on one line. */
#include "kodosis/compiler/format/spacing.h"

#include <string.h>

static bool is_one_of(const struct kodosis_item *item, const char *symbols)
{
    return item->symbol && strchr(symbols, item->symbol);
}

static bool is_name(const struct kodosis_item *item)
{
    return item->kind == KODOSIS_ITEM_TOKEN && item->token == KODOSIS_TOKEN_NAME;
}

static bool is_raises(const struct kodosis_item *before, const struct kodosis_item *item)
{
    return before && kodosis_item_is(before, ')') && item->size == strlen("raises") &&
           !memcmp(item->start, "raises", item->size);
}

/* Whether '(', '[' or '<' belongs to what is on its left. */
static bool clings(const struct kodosis_item *before, const struct kodosis_item *left, const struct kodosis_item *right)
{
    if (kodosis_item_is(right, '<'))
        return is_name(left);
    if (kodosis_item_is(right, '('))
        return is_name(left) && !is_raises(before, left);
    return kodosis_item_is(right, '[') && (is_name(left) || is_one_of(left, "]>"));
}

bool kodosis__needs_blank(const struct kodosis_item *before, const struct kodosis_item *left,
                          const struct kodosis_item *right)
{
    if (left->kind == KODOSIS_ITEM_LINE_COMMENT)
        return false;
    if (is_one_of(left, "([<.-") || is_one_of(right, ";,)]>."))
        return false;
    if (kodosis_item_is(left, '{') && kodosis_item_is(right, '}'))
        return false;
    return !clings(before, left, right);
}
