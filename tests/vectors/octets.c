/* SPDX-License-Identifier: MIT */
/* Reads the words of a line of bytes. */
#include "vectors/octets.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH_HERE (1u << 31) /* in `line`: the octet stands for the number of those behind it */

static void append(struct step *step, uint8_t value, unsigned line)
{
    if (step->count % 64 == 0)
        step->octets = realloc(step->octets, (step->count + 64) * sizeof(*step->octets));
    step->octets[step->count++] = (struct octet){ value, line };
}

static void append_varint(struct step *step, size_t value, unsigned line)
{
    for (; value >= 0x80; value >>= 7)
        append(step, (uint8_t)(value | 0x80), line);
    append(step, (uint8_t)value, line);
}

/* ---- Words ---- */

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *place = c ? strchr(digits, c) : NULL;

    return place ? (int)(place - digits) : -1;
}

static const char *take_hex(struct step *step, const char *text, unsigned line)
{
    int high = digit_of(text[0]), low = high < 0 ? -1 : digit_of(text[1]);

    if (low < 0 || !strchr(" \t#)", text[2]))
        return NULL;
    append(step, (uint8_t)(high << 4 | low), line);
    return text + 2;
}

/* Characters between quotes: as they are, or as a string of the encoding. */
static const char *take_text(struct step *step, const char *text, unsigned line, bool is_string)
{
    const char *end = strchr(text, '"');

    if (!end)
        return NULL;
    if (is_string)
        append_varint(step, (size_t)(end - text), line);
    for (; text < end; text++)
        append(step, (uint8_t)*text, line);
    if (is_string)
        append(step, 0, line);
    return end + 1;
}

static const char *take_words(struct step *step, const char *text, unsigned line);

/* `( ... )*3` */
static const char *take_group(struct step *step, const char *text, unsigned line)
{
    size_t start = step->count, size;
    unsigned long times;
    char *end;

    text = take_words(step, text, line);
    if (!text || strncmp(text, ")*", 2) != 0)
        return NULL;
    times = strtoul(text + 2, &end, 10);
    size = step->count - start;
    if (!times || times > 100000)
        return NULL;
    while (--times) {
        for (size_t i = 0; i < size; i++)
            append(step, step->octets[start + i].value, line);
    }
    return end;
}

static const char *take_word(struct step *step, const char *text, unsigned line)
{
    if (*text == '"')
        return take_text(step, text + 1, line, false);
    if (strncmp(text, "s\"", 2) == 0)
        return take_text(step, text + 2, line, true);
    if (*text == '(')
        return take_group(step, text + 1, line);
    if (strncmp(text, "len", 3) != 0)
        return take_hex(step, text, line);
    append(step, 0, line | LENGTH_HERE);
    return text + 3;
}

/* Takes words up to the end of the line, a comment or a `)`; NULL: one of them makes no sense. */
static const char *take_words(struct step *step, const char *text, unsigned line)
{
    for (;;) {
        text += strspn(text, " \t");
        if (!*text || *text == '#' || *text == ')')
            return text;
        text = take_word(step, text, line);
        if (!text)
            return NULL;
    }
}

const char *octets_append(struct step *step, const char *text, unsigned line)
{
    text = take_words(step, text, line);
    return !text || *text == ')' ? "two hexadecimal digits, \"text\", s\"string\", len or ( ... )*N should stand here"
                                 : NULL;
}

void octets_finish(struct step *step)
{
    struct step whole = { 0 };

    for (size_t i = 0; i < step->count; i++) {
        if (step->octets[i].line & LENGTH_HERE)
            append_varint(&whole, step->count - i - 1, step->octets[i].line & ~LENGTH_HERE);
        else
            append(&whole, step->octets[i].value, step->octets[i].line);
    }
    free(step->octets);
    step->octets = whole.octets;
    step->count = whole.count;
}
