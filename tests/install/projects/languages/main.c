/* SPDX-License-Identifier: MIT */
/* Uses generated code, from C in this file. */
#include "one.h"

int main(void)
{
    struct first_thing thing = { 1 };

    return first_thing_size(&thing, 0) == 4 ? 0 : 1;
}
