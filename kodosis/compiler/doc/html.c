/* SPDX-License-Identifier: MIT */
/* Escapes of HTML, of URLs and of JavaScript. */
#include "kodosis/compiler/doc/html.h"

#include <ctype.h>
#include <string.h>

void doc_add_bytes(struct kodosis_text *html, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        switch (text[i]) {
        case '&':
            kodosis_text_add_bytes(html, "&amp;", 5);
            break;
        case '<':
            kodosis_text_add_bytes(html, "&lt;", 4);
            break;
        case '>':
            kodosis_text_add_bytes(html, "&gt;", 4);
            break;
        case '"':
            kodosis_text_add_bytes(html, "&quot;", 6);
            break;
        case '\'':
            kodosis_text_add_bytes(html, "&#39;", 5);
            break;
        default:
            kodosis_text_add_bytes(html, text + i, 1);
            break;
        }
    }
}

void doc_add_text(struct kodosis_text *html, const char *text)
{
    doc_add_bytes(html, text, strlen(text));
}

void doc_add_path(struct kodosis_text *html, const char *path)
{
    for (; *path; path++) {
        unsigned char byte = (unsigned char)*path;

        if (isalnum(byte) || strchr("-._~/", byte))
            kodosis_text_add_bytes(html, path, 1);
        else
            kodosis_text_add(html, "%%%02X", byte);
    }
}

void doc_add_script_string(struct kodosis_text *html, const char *text)
{
    kodosis_text_add_bytes(html, "\"", 1);
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte < 0x20 || byte == 0x7f || strchr("<>&\"\\'", byte))
            kodosis_text_add(html, "\\u%04x", byte);
        else
            kodosis_text_add_bytes(html, text, 1);
    }
    kodosis_text_add_bytes(html, "\"", 1);
}
