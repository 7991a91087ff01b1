/* SPDX-License-Identifier: MIT */
/* Draws the progress bar of a measurement. */
#include "bench/measure/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench/measure/clock.h"

enum { CELLS = 24, WIDTH_DEFAULT = 80, REDRAW_NS = 50000000 };

static const uint64_t second_ns = 1000000000;

static struct {
    bool shown; /* there is a terminal, and the user wants the bar */
    uint64_t begun, drawn;
    uint64_t expected, done;
} progress;

void bench_progress_start(uint64_t expected_ns)
{
    progress.shown = expected_ns > 0 && isatty(STDERR_FILENO);
    progress.begun = bench_now();
    progress.drawn = 0;
    progress.expected = expected_ns;
    progress.done = 0;
}

void bench_progress_add(uint64_t ns)
{
    progress.done += ns;
    if (progress.done > progress.expected)
        progress.done = progress.expected;
}

/* Writes "1 min 20 s left", or nothing before enough is done to estimate. */
static void time_left(char *ret_text, unsigned capacity, uint64_t done, uint64_t expected, uint64_t elapsed)
{
    uint64_t left;

    ret_text[0] = '\0';
    if (done == 0 || elapsed < second_ns)
        return;
    left = (uint64_t)((double)elapsed * (double)(expected - done) / (double)done / (double)second_ns + 0.5);
    if (left >= 3600)
        snprintf(ret_text, capacity, ", %u h %02u min left", (unsigned)(left / 3600), (unsigned)(left / 60 % 60));
    else if (left >= 60)
        snprintf(ret_text, capacity, ", %u min %02u s left", (unsigned)(left / 60), (unsigned)(left % 60));
    else
        snprintf(ret_text, capacity, ", %u s left", (unsigned)left);
}

void bench_progress_text(char *ret_text, unsigned capacity, uint64_t done, uint64_t expected, uint64_t elapsed)
{
    double share = expected ? (double)done / (double)expected : 1;
    unsigned full = (unsigned)(share * CELLS);
    char bar[CELLS * 3 + 1] = "";
    char left[48];

    for (unsigned i = 0; i < CELLS; i++)
        strcat(bar, i < full ? "█" : "░");
    time_left(left, sizeof(left), done, expected, elapsed);
    snprintf(ret_text, capacity, "%s %3u %%%s", bar, (unsigned)(share * 100), left);
}

static size_t columns(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : WIDTH_DEFAULT;
}

/* Prints at most `width` characters of a UTF-8 text. */
static void print_cut(const char *text, size_t width)
{
    size_t size = 0;

    for (; text[size] && (width > 0 || ((unsigned char)text[size] & 0xc0) == 0x80); size++)
        width -= ((unsigned char)text[size] & 0xc0) != 0x80;
    fwrite(text, 1, size, stderr);
}

void bench_progress_show(const char *title, const char *what)
{
    uint64_t now = bench_now();
    char text[400], bar[200];

    if (!progress.shown || now - progress.drawn < REDRAW_NS)
        return;
    progress.drawn = now;
    bench_progress_text(bar, sizeof(bar), progress.done, progress.expected, now - progress.begun);
    snprintf(text, sizeof(text), "%s  %.80s%s%.80s", bar, title, what[0] ? ": " : "", what);
    fputs("\r\033[K", stderr);
    print_cut(text, columns() - 1);
    fflush(stderr);
}

void bench_progress_clear(void)
{
    if (!progress.shown)
        return;
    fputs("\r\033[K", stderr);
    progress.drawn = 0;
}
