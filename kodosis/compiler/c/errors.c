/* SPDX-License-Identifier: MIT */
/* Typed errors: raising them, and finding out which one was raised. */
#include "kodosis/compiler/c/errors.h"

#include "kodosis/compiler/c/calls.h"
#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/shapes.h"

void c_declare_error(struct c_emitter *emitter, const struct kodosis_declaration *error)
{
    const char *name = c_name(emitter, error);

    c_line(emitter, "/* Answers a request with the error %s. */", error->name);
    c_line(emitter, "int %s(struct hprpc_request *request, const struct %s *value);", c_own(emitter, error, "_raise"),
           name);
    c_gap(emitter);
    c_line(emitter,
           "/* After HPRPC_EAPPLICATION: whether this error was raised. The value is valid as long as the reply. */");
    c_line(emitter, "bool %s(struct hprpc_call *call, struct %s *ret_value);", c_own(emitter, error, "_get"), name);
    c_gap(emitter);
}

void c_emit_error(struct c_emitter *emitter, const struct kodosis_declaration *error)
{
    const char *name = c_name(emitter, error);

    c_line(emitter, "/* ---- Raising %s ---- */", error->name);
    c_gap(emitter);
    c_line(emitter, "int %s(struct hprpc_request *request, const struct %s *value)", c_own(emitter, error, "_raise"),
           name);
    c_open(emitter);
    c_emit_send(emitter, error->type, c_format(emitter, "hprpc_request_raise_begin(request, \"%s\"", error->full_name),
                "hprpc_request_reply_send");
    c_close(emitter);
    c_gap(emitter);
    c_line(emitter, "bool %s(struct hprpc_call *call, struct %s *ret_value)", c_own(emitter, error, "_get"), name);
    c_open(emitter);
    c_line(emitter, "struct kodosis_reader reader;");
    c_line(emitter, "struct %s value;", name);
    c_gap(emitter);
    c_line(emitter, "if (hprpc_stub_raised(call, \"%s\", &reader) < 0)", error->full_name);
    c_line(emitter, "    return false;");
    c_line(emitter, "%s(&reader, &value);", c_own(emitter, error, "_read"));
    c_line(emitter, "if (kodosis_reader_finish(&reader) != KODOSIS_OK)");
    c_line(emitter, "    return false;");
    c_line(emitter, "*ret_value = value;");
    c_line(emitter, "return true;");
    c_close(emitter);
    c_gap(emitter);
}
