/* SPDX-License-Identifier: MIT */
/* Reading and making JSON values. */
#include "kodosis/lsp/value.h"

#include <string.h>

struct json_object *lsp_member(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, name, &value))
        return NULL;
    return value;
}

bool lsp_has(struct json_object *object, const char *name)
{
    return json_object_is_type(object, json_type_object) && json_object_object_get_ex(object, name, NULL);
}

static const char *text_of(struct json_object *value)
{
    const char *text;

    if (!json_object_is_type(value, json_type_string))
        return NULL;
    text = json_object_get_string(value);
    return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

const char *lsp_string(struct json_object *object, const char *name)
{
    return text_of(lsp_member(object, name));
}

bool lsp_number(struct json_object *object, const char *name, uint32_t *ret_number)
{
    struct json_object *value = lsp_member(object, name);
    int64_t number;

    if (!json_object_is_type(value, json_type_int))
        return false;
    number = json_object_get_int64(value);
    if (number < 0 || number > INT32_MAX)
        return false;
    *ret_number = (uint32_t)number;
    return true;
}

bool lsp_is_true(struct json_object *object, const char *name)
{
    struct json_object *value = lsp_member(object, name);

    return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

bool lsp_has_string(struct json_object *object, const char *name, const char *wanted)
{
    struct json_object *array = lsp_member(object, name);

    if (!json_object_is_type(array, json_type_array))
        return false;
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        const char *text = text_of(json_object_array_get_idx(array, i));

        if (text && !strcmp(text, wanted))
            return true;
    }
    return false;
}

bool lsp_take_place(struct json_object *object, const char *name, struct lsp_place *ret_place)
{
    struct json_object *value = lsp_member(object, name);
    struct lsp_place place;

    if (!lsp_number(value, "line", &place.line) || !lsp_number(value, "character", &place.character))
        return false;
    *ret_place = place;
    return true;
}

bool lsp_take_range(struct json_object *object, const char *name, struct lsp_place *ret_start,
                    struct lsp_place *ret_end)
{
    struct json_object *value = lsp_member(object, name);

    return lsp_take_place(value, "start", ret_start) && lsp_take_place(value, "end", ret_end);
}

void lsp_put(struct json_object *object, const char *name, struct json_object *value)
{
    json_object_object_add(object, name, value);
}

void lsp_put_string(struct json_object *object, const char *name, const char *text)
{
    lsp_put(object, name, json_object_new_string(text));
}

void lsp_put_number(struct json_object *object, const char *name, uint32_t number)
{
    lsp_put(object, name, json_object_new_int64(number));
}

struct json_object *lsp_make_place(struct lsp_place place)
{
    struct json_object *made = json_object_new_object();

    lsp_put_number(made, "line", place.line);
    lsp_put_number(made, "character", place.character);
    return made;
}

struct json_object *lsp_make_range(const struct lsp_lines *lines, size_t start, size_t end)
{
    struct json_object *range = json_object_new_object();

    lsp_put(range, "start", lsp_make_place(lsp_place_of(lines, start)));
    lsp_put(range, "end", lsp_make_place(lsp_place_of(lines, end)));
    return range;
}

struct json_object *lsp_make_edit(const struct lsp_lines *lines, size_t start, size_t end, const char *text,
                                  size_t size)
{
    struct json_object *edit = json_object_new_object();

    lsp_put(edit, "range", lsp_make_range(lines, start, end));
    lsp_put(edit, "newText", json_object_new_string_len(text, (int)size));
    return edit;
}
