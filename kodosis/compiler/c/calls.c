/* SPDX-License-Identifier: MIT */
/* Parameters and results of procedures in C. */
#include "kodosis/compiler/c/calls.h"

#include <string.h>

#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/shapes.h"

enum {
    OWN_ARGUMENTS = 6, /* a stub adds this many arguments to the parameters at most */
    COPY_MAX = 256,    /* a result of more bytes is not copied: the stub returns a view */
};

struct c_arguments c_arguments(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    struct c_arguments arguments = { NULL, 0 };

    arguments.items = kodosis_memory_take_array(&emitter->memory, procedure->parameter_count + OWN_ARGUMENTS,
                                                sizeof(*arguments.items));
    return arguments;
}

void c_add_argument(struct c_arguments *arguments, const char *argument)
{
    arguments->items[arguments->count++] = argument;
}

struct c_field *c_parameter_fields(struct c_emitter *emitter, const struct kodosis_procedure *procedure,
                                   const char *const *taken)
{
    size_t count = kodosis_argument_count(procedure);
    struct c_field *fields = kodosis_memory_take_array(&emitter->memory, count + 1, sizeof(*fields));
    size_t i;

    for (i = 0; i < count; i++) {
        const struct kodosis_member *parameter = &procedure->parameters[i];
        const char *name = c_parameter(emitter, procedure, parameter, taken);

        fields[i].type = parameter->type;
        fields[i].expression = c_is_record(parameter->type) ? c_format(emitter, "*%s", name) : name;
    }
    return fields;
}

bool c_is_returned_as_view(const struct kodosis_type *type)
{
    return type->blittable && type->size > COPY_MAX;
}

bool c_has_body_size(const struct c_field *fields, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (!fields[i].type->exact)
            return true;
    return false;
}

const char *c_body_size(struct c_emitter *emitter, const struct c_field *fields, size_t count)
{
    uint64_t size = 0;
    size_t i;

    if (c_has_body_size(fields, count)) {
        c_size_fields(emitter, fields, count, "body_size", "0");
        return "body_size";
    }
    for (i = 0; i < count; i++)
        size += fields[i].type->smallest;
    return c_format(emitter, "%llu", (unsigned long long)size);
}

struct c_field c_value_field(const struct kodosis_type *type, const char *name, const char *pointer)
{
    return (struct c_field){ .type = type, .expression = type && c_is_record(type) ? pointer : name };
}

void c_emit_send(struct c_emitter *emitter, const struct kodosis_type *type, const char *begin, const char *send)
{
    struct c_field field = c_value_field(type, "value", "*value");
    size_t count = type ? 1 : 0;
    const char *size;

    c_line(emitter, "struct kodosis_writer *writer;");
    if (c_has_body_size(&field, count))
        c_line(emitter, "uint64_t body_size;");
    if (c_fields_have_run(emitter, &field, count))
        c_line(emitter, "uint8_t *at;");
    c_line(emitter, "int r;");
    c_gap(emitter);
    size = c_body_size(emitter, &field, count);
    c_line(emitter, "r = %s, %s, &writer);", begin, size);
    c_line(emitter, "if (r < 0)");
    c_line(emitter, "    return r;");
    c_write_fields(emitter, &field, count);
    c_line(emitter, "return %s(request);", send);
}

const char *c_interface(struct c_emitter *emitter, const struct kodosis_declaration *service)
{
    return c_static(emitter, c_own(emitter, service, "_interface"));
}
