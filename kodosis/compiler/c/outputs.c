/* SPDX-License-Identifier: MIT */
/* Values that a function reads from a message and gives to its caller. */
#include "kodosis/compiler/c/outputs.h"

#include "kodosis/compiler/c/calls.h"
#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/shapes.h"

const char *c_output(struct c_emitter *emitter, const struct kodosis_type *type, const char *name)
{
    bool array = type->kind == KODOSIS_TYPE_ARRAY;

    if (c_is_returned_as_view(type))
        return c_declare(emitter, type, c_format(emitter, array ? "(**%s)" : "**%s", name), true);
    if (array)
        return c_declare(emitter, type, name, false);
    return c_declare(emitter, type, c_format(emitter, "*%s", name), false);
}

void c_declare_output(struct c_emitter *emitter, const struct kodosis_type *type, const char *variable)
{
    struct c_field field = { .type = type, .expression = variable };
    bool array = type->kind == KODOSIS_TYPE_ARRAY;
    bool view = c_is_returned_as_view(type);
    const char *name = c_format(emitter, !view ? "%s" : array ? "(*%s)" : "*%s", variable);

    c_line(emitter, "%s;", c_declare(emitter, type, name, view));
    if (!view && c_fields_have_run(emitter, &field, 1))
        c_line(emitter, "const uint8_t *at;");
}

void c_read_output(struct c_emitter *emitter, const struct kodosis_type *type, const char *variable)
{
    struct c_field field = { .type = type, .expression = variable };

    if (!c_is_returned_as_view(type)) {
        c_read_fields(emitter, &field, 1, NULL);
        return;
    }
    if (type->kind != KODOSIS_TYPE_ARRAY) {
        c_line(emitter, "%s = %s(reader);", variable, c_own(emitter, type->declaration, "_view"));
        return;
    }
    c_line(emitter, "%s = (%s)kodosis_read_view(reader, sizeof(*%s), %u);", variable,
           c_declare(emitter, type, "(*)", true), variable, type->alignment);
    if (type->checked) {
        c_line(emitter, "if (%s)", variable);
        kodosis_text_indent(emitter->text);
        c_check_array(emitter, type, c_format(emitter, "*%s", variable));
        kodosis_text_outdent(emitter->text);
    }
}

void c_hand_out(struct c_emitter *emitter, const struct kodosis_type *type, const char *variable, const char *output)
{
    if (type->kind == KODOSIS_TYPE_ARRAY && !c_is_returned_as_view(type))
        c_line(emitter, "memcpy(%s, %s, sizeof(%s));", output, variable, variable);
    else
        c_line(emitter, "*%s = %s;", output, variable);
}
