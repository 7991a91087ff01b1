/* SPDX-License-Identifier: MIT */
/* Prints a value of a generated type: what each way to build ends in. */
#include <stdio.h>

#include "units.h"
#include "weather.h"

int main(void)
{
    const struct units_temperature temperatures[] = {
        { .tag = UNITS_TEMPERATURE_CELSIUS, .as.celsius = 20.5 },
        { .tag = UNITS_TEMPERATURE_FAHRENHEIT, .as.fahrenheit = 70 },
    };
    struct weather_report report = {
        .station = kodosis_str("north"),
        .at = { 1000000000 },
        .temperatures = { temperatures, 2 },
    };
    char text[256];

    weather_report_print(&report, text, sizeof(text));
    puts(text);
    return 0;
}
