/* SPDX-License-Identifier: MIT */
/* What the stages of the checker share. */
#include "kodosis/compiler/check/checker.h"

void kodosis__for_each_entry(struct kodosis_checker *checker,
                             void (*visit)(struct kodosis_checker *checker, struct kodosis_entry *entry))
{
    for (size_t i = 0; i < checker->unit_count; i++)
        for (size_t j = 0; j < checker->units[i]->entry_count; j++)
            visit(checker, &checker->units[i]->entries[j]);
}
