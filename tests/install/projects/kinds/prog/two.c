/* SPDX-License-Identifier: MIT */
/* Uses code of a library that is declared after this program. */
#include "two.h"

int main(void)
{
    struct fourth_thing thing = { 1 };

    return fourth_thing_size(&thing, 0) == 4 ? 0 : 1;
}
