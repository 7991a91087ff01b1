/* SPDX-License-Identifier: MIT */
/* The suite over one transport: `conformance TRANSPORT [FILTER]`. */
#include "conformance/suite.h"

enum { SKIPPED = 77 }; /* also in tests/conformance/CMakeLists.txt */

static const struct chapter *const chapters[] = {
    &values_chapter,      &flow_chapter,         &crowd_chapter,        &talk_chapter,        &death_chapter,
    &doors_chapter,       &waits_chapter,        &workers_chapter,      &silence_chapter,     &states_chapter,
    &stop_chapter,        &limits_chapter,       &opening_chapter,      &tickets_chapter,     &ends_chapter,
    &signals_chapter,     &strangers_chapter,    &callbacks_chapter,    &dying_chapter,       &stop_in_loop_chapter,
    &forked_chapter,      &slow_chapter,         &guests_chapter,       &idle_chapter,        &held_chapter,
    &threads_chapter,     &stale_chapter,        &memory_chapter,       &reconnect_chapter,   &revival_chapter,
    &rebinding_chapter,   &line_chapter,         &posted_chapter,       &streams_chapter,     &stream_flow_chapter,
    &stream_ends_chapter, &stream_again_chapter, &stream_death_chapter, &descriptors_chapter,
};

static const struct transport *find(const char *name)
{
    for (size_t i = 0; i < transport_count; i++) {
        if (strcmp(transports[i].name, name) == 0)
            return &transports[i];
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const char *obstacle;
    int failures = 0;

    transport = find(argc > 1 ? argv[1] : "");
    if (!transport) {
        fprintf(stderr, "usage: %s TRANSPORT [FILTER]\n", argv[0]);
        return 2;
    }
    suite_transports[1] = transport->variant;
    fixture_sweep = suite_sweep;
    obstacle = transport->obstacle ? transport->obstacle() : NULL;
    if (obstacle) {
        printf("%s cannot be tested here: %s\n", transport->name, obstacle);
        return SKIPPED;
    }
    if (argc > 3)
        return process_main(argc, argv);
    if (argc == 3)
        cmocka_set_test_filter(argv[2]);
    for (size_t i = 0; i < sizeof(chapters) / sizeof(chapters[0]); i++)
        failures += _cmocka_run_group_tests(chapters[i]->name, chapters[i]->tests, chapters[i]->count, NULL, NULL);
    return failures != 0;
}
