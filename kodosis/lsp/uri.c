/* SPDX-License-Identifier: MIT */
/* From URIs to paths and back. */
#include "kodosis/lsp/uri.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "kodosis/compiler/text/memory.h"
#include "kodosis/compiler/text/text.h"

static int digit_of(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte = (char)tolower((unsigned char)byte);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static char *copy(const char *text, size_t size)
{
    char *made = kodosis_reallocate(NULL, size + 1, 1);

    memcpy(made, text, size);
    made[size] = '\0';
    return made;
}

char *lsp_path_of(const char *uri)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    char *path;

    if (strncasecmp(uri, "file://", 7))
        return copy(uri, strlen(uri));
    uri += 7;
    if (!strncasecmp(uri, "localhost/", 10))
        uri += 9;
    kodosis_text_add_bytes(&text, "", 0);
    for (; *uri; uri++) {
        int high = *uri == '%' ? digit_of(uri[1]) : 0;
        int low = *uri == '%' && high >= 0 ? digit_of(uri[2]) : 0;
        char byte = *uri == '%' ? (char)(high * 16 + low) : *uri;

        if (high < 0 || low < 0 || !byte) {
            kodosis_text_clear(&text);
            return NULL;
        }
        kodosis_text_add_bytes(&text, &byte, 1);
        uri += *uri == '%' ? 2 : 0;
    }
    path = lsp_normalise(text.data);
    kodosis_text_clear(&text);
    return path;
}

char *lsp_uri_of(const char *path)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    kodosis_text_add(&text, "file://");
    for (; *path; path++) {
        unsigned char byte = (unsigned char)*path;

        if (isalnum(byte) || strchr("-._~/", byte))
            kodosis_text_add_bytes(&text, path, 1);
        else
            kodosis_text_add(&text, "%%%02X", byte);
    }
    return text.data;
}

/* Takes the last part of a path away, if that is a name. */
static bool go_up(struct kodosis_text *text)
{
    size_t size = text->size;

    while (size && text->data[size - 1] != '/')
        size--;
    if (text->size - size == 2 && !memcmp(text->data + size, "..", 2))
        return false;
    if (!text->size)
        return false;
    text->size = size > 1 ? size - 1 : size;
    text->data[text->size] = '\0';
    return true;
}

char *lsp_normalise(const char *path)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    kodosis_text_add_bytes(&text, "/", *path == '/');
    while (*path) {
        size_t size = strcspn(path, "/");
        bool is_up = size == 2 && path[0] == '.' && path[1] == '.';

        if (size && !(size == 1 && *path == '.') && !(is_up && go_up(&text))) {
            kodosis_text_add_bytes(&text, "/", text.size && text.data[text.size - 1] != '/');
            kodosis_text_add_bytes(&text, path, size);
        }
        path += size + (path[size] == '/');
    }
    return text.data;
}
