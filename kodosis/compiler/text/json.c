/* SPDX-License-Identifier: MIT */
/* Writing JSON. */
#include "kodosis/compiler/text/json.h"

#include <inttypes.h>
#include <string.h>

static void add_quoted(struct kodosis_text *text, const char *string, size_t size)
{
    kodosis_text_add(text, "\""); /* indented, unlike bytes */
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)string[i];

        if (byte == '"' || byte == '\\')
            kodosis_text_add(text, "\\%c", byte);
        else if (byte == '\n')
            kodosis_text_add(text, "\\n");
        else if (byte < 0x20 || byte == 0x7f)
            kodosis_text_add(text, "\\u%04x", byte);
        else
            kodosis_text_add_bytes(text, &byte, 1);
    }
    kodosis_text_add_bytes(text, "\"", 1);
}

static void begin(struct kodosis_json *json, const char *key)
{
    if (json->text->size)
        kodosis_text_add(json->text, json->started ? ",\n" : "\n");
    json->started = true;
    if (key)
        kodosis_text_add(json->text, "\"%s\": ", key);
}

void kodosis_json_open(struct kodosis_json *json, const char *key, char bracket)
{
    begin(json, key);
    kodosis_text_add(json->text, "%c", bracket);
    kodosis_text_indent(json->text);
    json->started = false;
}

void kodosis_json_close(struct kodosis_json *json, char bracket)
{
    kodosis_text_outdent(json->text);
    kodosis_text_add(json->text, json->started ? "\n%c" : "%c", bracket);
    json->started = true;
}

void kodosis_json_string(struct kodosis_json *json, const char *key, const char *string, size_t size)
{
    begin(json, key);
    add_quoted(json->text, string, size);
}

void kodosis_json_text(struct kodosis_json *json, const char *key, const char *string)
{
    if (string)
        kodosis_json_string(json, key, string, strlen(string));
}

void kodosis_json_bool(struct kodosis_json *json, const char *key, bool value)
{
    begin(json, key);
    kodosis_text_add(json->text, value ? "true" : "false");
}

void kodosis_json_signed(struct kodosis_json *json, const char *key, int64_t value)
{
    begin(json, key);
    kodosis_text_add(json->text, "%" PRId64, value);
}

void kodosis_json_unsigned(struct kodosis_json *json, const char *key, uint64_t value)
{
    begin(json, key);
    kodosis_text_add(json->text, "%" PRIu64, value);
}

void kodosis_json_real(struct kodosis_json *json, const char *key, double value)
{
    begin(json, key);
    kodosis_text_add(json->text, "%.17g", value);
}
