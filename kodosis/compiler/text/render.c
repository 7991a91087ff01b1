/* SPDX-License-Identifier: MIT */
/* Diagnostics as text for a terminal, and as JSON. */
#include "kodosis/compiler/text/render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/text/json.h"

enum {
    LINE_SHOWN = 160, /* bytes of a source line around the caret */
    CARET_AT = 100,   /* where the caret goes in a line that is longer */
};

static const char *const severity_words[] = { "error", "warning", "note" };
static const char *const severity_colours[] = { "\033[1;31m", "\033[1;35m", "\033[1;36m" };

struct ordered {
    struct kodosis_diagnostic *diagnostic;
    size_t sequence;
    size_t file;
};

/* The files are ordered as they first appear, lines and columns as in the source, the rest as it was reported. */
static int compare(const void *left, const void *right)
{
    const struct ordered *a = left;
    const struct ordered *b = right;
    const struct kodosis_position *at = &a->diagnostic->position;
    const struct kodosis_position *bt = &b->diagnostic->position;

    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (at->line != bt->line)
        return at->line < bt->line ? -1 : 1;
    if (at->column != bt->column)
        return at->column < bt->column ? -1 : 1;
    return a->sequence < b->sequence ? -1 : 1;
}

static size_t file_rank(const struct ordered *ordered, size_t count, const struct kodosis_diagnostic *diagnostic)
{
    for (size_t i = 0; i < count; i++)
        if (ordered[i].diagnostic->position.file == diagnostic->position.file)
            return ordered[i].file;
    return count;
}

static void find_line(const struct kodosis_position *position, const char **ret_line, size_t *ret_size)
{
    const char *line = position->file->source;
    const char *end = line + position->file->source_size;
    const char *newline;

    for (uint32_t i = 1; i < position->line && line < end; i++) {
        newline = memchr(line, '\n', (size_t)(end - line));
        line = newline ? newline + 1 : end;
    }
    newline = memchr(line, '\n', (size_t)(end - line));
    *ret_line = line;
    *ret_size = (size_t)((newline ? newline : end) - line);
    if (*ret_size && line[*ret_size - 1] == '\r')
        --*ret_size;
}

/* A byte as it may be shown on a terminal: control characters, which could move the cursor, are replaced. */
static char printable(char byte)
{
    unsigned char code = (unsigned char)byte;

    return code < 0x20 || code == 0x7f ? ' ' : byte;
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The source line, cut to a window around the column, and a caret under it. */
static void render_source(struct kodosis_text *text, const struct kodosis_position *position, bool colour)
{
    const char *line;
    size_t size;
    size_t column = position->column - 1;
    size_t from;
    size_t to;

    find_line(position, &line, &size);
    if (column > size)
        column = size;
    from = column > CARET_AT ? column - CARET_AT : 0;
    while (from && from < size && is_continuation(line[from]))
        from--;
    to = size - from > LINE_SHOWN ? from + LINE_SHOWN : size;
    while (to < size && is_continuation(line[to]))
        to++;

    kodosis_text_add(text, "%5u | ", position->line);
    for (size_t i = from; i < to; i++)
        kodosis_text_add_bytes(text, &(char){ printable(line[i]) }, 1);
    kodosis_text_add(text, "\n      | ");
    for (size_t i = from; i < column; i++)
        if (!is_continuation(line[i]))
            kodosis_text_add_bytes(text, " ", 1);
    kodosis_text_add(text, "%s^", colour ? "\033[1;32m" : "");
    for (size_t i = column + 1; i < column + position->length && i < to; i++)
        if (!is_continuation(line[i]))
            kodosis_text_add_bytes(text, "~", 1);
    kodosis_text_add(text, "%s\n", colour ? "\033[0m" : "");
}

/* Adds a text that comes from outside, such as a file name: it must not bring escape sequences to a terminal. */
static void render_plain(struct kodosis_text *text, const char *string)
{
    for (; *string; string++)
        kodosis_text_add_bytes(text, &(char){ printable(*string) }, 1);
}

static void render_one(struct kodosis_text *text, const struct kodosis_diagnostic *diagnostic, bool colour)
{
    const struct kodosis_position *position = &diagnostic->position;

    kodosis_text_add(text, "%s", colour ? "\033[1m" : "");
    if (position->file) {
        render_plain(text, position->file->path);
        kodosis_text_add(text, ":%u:%u: ", position->line, position->column);
    } else {
        kodosis_text_add(text, "kodosis: ");
    }
    kodosis_text_add(text, "%s%s: ", colour ? severity_colours[diagnostic->severity] : "",
                     severity_words[diagnostic->severity]);
    kodosis_text_add(text, "%s", colour ? "\033[0m\033[1m" : "");
    render_plain(text, diagnostic->message);
    kodosis_text_add(text, "%s", colour ? "\033[0m" : "");
    if (diagnostic->rule)
        kodosis_text_add(text, " [%s]", diagnostic->rule);
    kodosis_text_add(text, "\n");
    if (position->file && position->file->source)
        render_source(text, position, colour);
}

static void render_summary(struct kodosis_text *text, const struct kodosis_diagnostics *diagnostics)
{
    if (diagnostics->error_count + diagnostics->warning_count + diagnostics->note_count > diagnostics->kept)
        kodosis_text_line(text, "kodosis: only the first %zu are shown", diagnostics->kept);
    if (diagnostics->error_count)
        kodosis_text_line(text, "%zu error%s", diagnostics->error_count, diagnostics->error_count == 1 ? "" : "s");
}

/* The errors and warnings in the order of the source, in the memory of the diagnostics. */
static struct ordered *put_in_order(struct kodosis_diagnostics *diagnostics, size_t *ret_count)
{
    struct ordered *ordered = kodosis_memory_take_array(&diagnostics->memory, diagnostics->kept, sizeof(*ordered));
    size_t count = 0;

    for (struct kodosis_diagnostic *each = diagnostics->first; each; each = each->next) {
        ordered[count] = (struct ordered){ each, count, file_rank(ordered, count, each) };
        count++;
    }
    if (count)
        qsort(ordered, count, sizeof(*ordered), compare);
    *ret_count = count;
    return ordered;
}

void kodosis_diagnostics_render(struct kodosis_diagnostics *diagnostics, struct kodosis_text *text, bool colour)
{
    size_t count;
    struct ordered *ordered = put_in_order(diagnostics, &count);

    for (size_t i = 0; i < count; i++) {
        render_one(text, ordered[i].diagnostic, colour);
        for (struct kodosis_diagnostic *note = ordered[i].diagnostic->notes; note; note = note->next)
            render_one(text, note, colour);
    }
    render_summary(text, diagnostics);
}

/* Adds the names of the rules that found something: one, or several with ", " between them. */
static void add_json_rules(struct kodosis_json *json, const char *rules)
{
    kodosis_json_open(json, "rules", '[');
    while (*rules) {
        size_t size = strcspn(rules, ",");

        kodosis_json_string(json, NULL, rules, size);
        rules += size;
        rules += strspn(rules, ", ");
    }
    kodosis_json_close(json, ']');
}

/* Opens the object of an error, a warning or a note. */
static void open_json(struct kodosis_json *json, const struct kodosis_diagnostic *diagnostic)
{
    const struct kodosis_position *position = &diagnostic->position;

    kodosis_json_open(json, NULL, '{');
    kodosis_json_text(json, "severity", severity_words[diagnostic->severity]);
    kodosis_json_text(json, "message", diagnostic->message);
    if (diagnostic->rule)
        add_json_rules(json, diagnostic->rule);
    if (!position->file)
        return;
    kodosis_json_text(json, "file", position->file->path);
    kodosis_json_unsigned(json, "line", position->line);
    kodosis_json_unsigned(json, "column", position->column);
    kodosis_json_unsigned(json, "length", position->length);
}

static void render_json_one(struct kodosis_json *json, const struct kodosis_diagnostic *diagnostic)
{
    open_json(json, diagnostic);
    kodosis_json_open(json, "notes", '[');
    for (const struct kodosis_diagnostic *note = diagnostic->notes; note; note = note->next) {
        open_json(json, note);
        kodosis_json_close(json, '}');
    }
    kodosis_json_close(json, ']');
    kodosis_json_close(json, '}');
}

void kodosis_diagnostics_render_json(struct kodosis_diagnostics *diagnostics, struct kodosis_text *text)
{
    struct kodosis_json json = { .text = text };
    size_t count;
    struct ordered *ordered = put_in_order(diagnostics, &count);

    kodosis_json_open(&json, NULL, '{');
    kodosis_json_open(&json, "diagnostics", '[');
    for (size_t i = 0; i < count; i++)
        render_json_one(&json, ordered[i].diagnostic);
    kodosis_json_close(&json, ']');
    kodosis_json_unsigned(&json, "errors", diagnostics->error_count);
    kodosis_json_unsigned(&json, "warnings", diagnostics->warning_count);
    kodosis_json_close(&json, '}');
    kodosis_text_add(text, "\n");
}
