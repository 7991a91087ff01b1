/* SPDX-License-Identifier: MIT */
/* Includes the headers of two interface files of one name. */
#include "p/one.h"
#include "q/one.h"

int main(void)
{
    struct first_thing first = { 1 };
    struct second_thing second = { 1 };

    return first_thing_size(&first, second_thing_size(&second, 0)) == 8 ? 0 : 1;
}
