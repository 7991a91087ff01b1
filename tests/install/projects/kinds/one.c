/* SPDX-License-Identifier: MIT */
/* Uses code that two targets generate from one file. */
#include "one.h"

int main(void)
{
    struct third_thing thing = { 1 };

    return third_thing_size(&thing, 0) == 4 ? 0 : 1;
}
