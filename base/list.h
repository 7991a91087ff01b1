/* SPDX-License-Identifier: MIT */
/*
 * A list whose links lie in what is listed, as its first member; so a link is turned into its object by a cast. Objects are
 * appended, or put in front where the last that came is to be the first that leaves. Zeroed, it is empty.
 */
#ifndef HPRPC_BASE_LIST_H
#define HPRPC_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct hprpc__link {
    struct hprpc__link *next;
};

struct hprpc__list {
    struct hprpc__link *first;
    struct hprpc__link *last; /* means something while there is a first */
};

static inline bool hprpc__list_is_empty(const struct hprpc__list *list)
{
    return !list->first;
}

static inline void hprpc__list_append(struct hprpc__list *list, struct hprpc__link *link)
{
    link->next = NULL;
    if (list->first)
        list->last->next = link;
    else
        list->first = link;
    list->last = link;
}

static inline void hprpc__list_put_in_front(struct hprpc__list *list, struct hprpc__link *link)
{
    if (!list->first)
        list->last = link;
    link->next = list->first;
    list->first = link;
}

/* Takes the first out; NULL where the list is empty. */
static inline struct hprpc__link *hprpc__list_take(struct hprpc__list *list)
{
    struct hprpc__link *link = list->first;

    if (link)
        list->first = link->next;
    return link;
}

/* Takes one out that is in the list. */
static inline void hprpc__list_remove(struct hprpc__list *list, struct hprpc__link *link)
{
    struct hprpc__link **place = &list->first, *before = NULL;

    while (*place != link) {
        before = *place;
        place = &before->next;
    }
    *place = link->next;
    if (list->last == link)
        list->last = before;
}

#endif
