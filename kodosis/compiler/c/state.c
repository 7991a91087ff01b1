/* SPDX-License-Identifier: MIT */
/* What the parts of the C emitter share. */
#include "kodosis/compiler/c/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX = 120 };

void c_line(struct c_emitter *emitter, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    kodosis_text_add_list(emitter->text, format, arguments);
    va_end(arguments);
    kodosis_text_add_bytes(emitter->text, "\n", 1);
}

const char *c_format(struct c_emitter *emitter, const char *format, ...)
{
    va_list arguments;
    va_list again;
    char *string;
    int size;

    va_start(arguments, format);
    va_copy(again, arguments);
    size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    string = kodosis_memory_take(&emitter->memory, (size_t)size + 1);
    vsnprintf(string, (size_t)size + 1, format, again);
    va_end(again);
    return string;
}

void c_body_begin(struct c_emitter *emitter, struct c_body *body)
{
    struct kodosis_text empty = KODOSIS_TEXT_INIT;

    body->outer = emitter->text;
    body->text = empty;
    body->text.indent = body->outer->indent + 1;
    emitter->text = &body->text;
}

void c_body_end(struct c_emitter *emitter, struct c_body *body, const char *head)
{
    bool single = body->text.size && strchr(body->text.data, '\n') == body->text.data + body->text.size - 1;

    emitter->text = body->outer;
    c_line(emitter, single ? "%s" : "%s {", head);
    kodosis_text_add_bytes(emitter->text, body->text.data, body->text.size);
    if (!single)
        c_line(emitter, "}");
    kodosis_text_clear(&body->text);
}

/*
 * Emits one line of a comment. Spaces break up sequences that would end the comment, or that compilers warn of inside
 * one.
 */
static void add_comment_line(struct c_emitter *emitter, const char *before, const char *line, size_t size)
{
    char *safe = kodosis_memory_take(&emitter->memory, 2 * size + 1);
    char *at = safe;
    size_t i;

    for (i = 0; i < size; i++) {
        *at++ = line[i];
        if (i + 1 < size && ((line[i] == '*' && line[i + 1] == '/') || (line[i] == '/' && line[i + 1] == '*')))
            *at++ = ' ';
    }
    while (at > safe && (at[-1] == ' ' || at[-1] == '\t' || at[-1] == '\r'))
        at--;
    *at = '\0';
    kodosis_text_add(emitter->text, *safe ? "%s %s" : "%s", before, safe);
}

void c_doc(struct c_emitter *emitter, const char *doc)
{
    const char *end;

    if (!doc || !*doc || emitter->bare)
        return;
    if (!strchr(doc, '\n')) {
        add_comment_line(emitter, "/*", doc, strlen(doc));
        c_line(emitter, " */");
        return;
    }
    c_line(emitter, "/*");
    for (; doc; doc = *end ? end + 1 : NULL) {
        end = strchr(doc, '\n');
        if (!end)
            end = doc + strlen(doc);
        add_comment_line(emitter, " *", doc, (size_t)(end - doc));
        c_gap(emitter);
    }
    c_line(emitter, " */");
}

void c_call(struct c_emitter *emitter, const char *head, const char *const *arguments, size_t count, const char *tail)
{
    size_t indent = (size_t)emitter->text->indent * 4;
    size_t start = indent + strlen(head) + 1;
    size_t column = start;
    size_t i;

    kodosis_text_add(emitter->text, "%s(", head);
    for (i = 0; i < count; i++) {
        size_t size = strlen(arguments[i]);
        size_t behind = i + 1 < count ? 1 : 1 + strlen(tail);

        if (i && column + 1 + size + behind > LINE_MAX) {
            kodosis_text_add(emitter->text, "\n%*s", (int)(start - indent), "");
            column = start;
        } else if (i) {
            kodosis_text_add(emitter->text, " ");
            column++;
        }
        kodosis_text_add(emitter->text, "%s%s", arguments[i], i + 1 < count ? "," : "");
        column += size + 1;
    }
    c_line(emitter, ")%s", tail);
}
