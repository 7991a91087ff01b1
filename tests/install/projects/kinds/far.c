/* SPDX-License-Identifier: MIT */
/* Uses code whose kodosis_generate stands in another folder than the target. */
#include "three.h"

int main(void)
{
    struct fifth_thing thing = { 1 };

    return fifth_thing_size(&thing, 0) == 4 ? 0 : 1;
}
