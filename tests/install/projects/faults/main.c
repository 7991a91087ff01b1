/* SPDX-License-Identifier: MIT */
/* A program whose kodosis_generate is refused. */
#include "one.h"

int main(void)
{
    struct first_thing thing = { 1 };

    return first_thing_size(&thing, 0) == 4 ? 0 : 1;
}
