#include "kodosis/compiler/c/emitter.h"

#include <ctype.h>
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

/* One line of a comment; what would end the comment, or warn inside it, is broken apart. */
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

    if (!doc || !*doc)
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

const char *c_base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

void kodosis_c_add_name(struct kodosis_text *text, const char *name, const char *suffix)
{
    size_t size = strlen(name);

    if (size > 4 && strcmp(name + size - 4, ".kod") == 0)
        size -= 4;
    kodosis_text_add(text, "%.*s%s", (int)size, name, suffix);
}

static void emit_include(struct c_emitter *emitter, const char *name)
{
    kodosis_text_add(emitter->text, "#include \"");
    kodosis_c_add_name(emitter->text, name, ".h");
    c_line(emitter, "\"");
}

static bool has_services(const struct kodosis_file *file)
{
    size_t i;

    for (i = 0; i < file->declaration_count; i++)
        if (file->declarations[i]->kind == KODOSIS_SERVICE || file->declarations[i]->kind == KODOSIS_ERROR)
            return true;
    return false;
}

const char *c_file_word(struct c_emitter *emitter, const struct kodosis_file *file)
{
    const char *base = c_base_of(file->name);
    size_t size = strlen(base);
    char *word;
    char *at;

    if (size > 4 && strcmp(base + size - 4, ".kod") == 0)
        size -= 4;
    word = kodosis_memory_copy(&emitter->memory, base, size);
    for (at = word; *at; at++)
        if (!isalnum((unsigned char)*at))
            *at = '_';
    return word;
}

static const char *include_guard(struct c_emitter *emitter)
{
    const char *word = c_scoped(emitter, emitter->file, c_file_word(emitter, emitter->file));

    return c_format(emitter, "%s_H_", c_upper(emitter, word));
}

static void emit_banner(struct c_emitter *emitter, const char *version)
{
    c_line(emitter, "/* Generated by kodosis %s from %s, which is the file to edit. */", version,
           c_base_of(emitter->file->name));
}

static void emit_includes(struct c_emitter *emitter)
{
    size_t i;

    if (has_services(emitter->file))
        c_line(emitter, "#include <%s>", "hprpc/server.h");
    c_line(emitter, "#include <kodosis/schema.h>");
    c_gap(emitter);
    for (i = 0; i < emitter->file->import_count; i++)
        emit_include(emitter, emitter->file->imports[i]->name);
    if (emitter->file->import_count)
        c_gap(emitter);
}

static void emit_header(struct c_emitter *emitter, const char *version)
{
    const char *guard = include_guard(emitter);
    const struct kodosis_file *file = emitter->file;
    size_t i;

    emit_banner(emitter, version);
    c_doc(emitter, file->doc);
    c_line(emitter, "#ifndef %s", guard);
    c_line(emitter, "#define %s", guard);
    c_gap(emitter);
    emit_includes(emitter);
    c_line(emitter, "#ifdef __cplusplus");
    c_line(emitter, "extern \"C\" {");
    c_line(emitter, "#endif");
    c_gap(emitter);
    c_emit_constants(emitter);
    c_emit_declarations(emitter);
    for (i = 0; i < file->declaration_count; i++) {
        if (file->declarations[i]->kind == KODOSIS_ERROR)
            c_declare_error(emitter, file->declarations[i]);
        if (file->declarations[i]->kind != KODOSIS_SERVICE)
            continue;
        c_declare_client(emitter, file->declarations[i]);
        c_declare_server(emitter, file->declarations[i]);
    }
    c_declare_schema(emitter);
    c_line(emitter, "#ifdef __cplusplus");
    c_line(emitter, "}");
    c_line(emitter, "#endif");
    c_gap(emitter);
    c_line(emitter, "#endif");
}

/* The static functions for the types of parameters and results. */
static void emit_service_helpers(struct c_emitter *emitter, const struct kodosis_declaration *service)
{
    size_t i;
    size_t k;

    for (i = 0; i < service->procedure_count; i++) {
        const struct kodosis_procedure *procedure = &service->procedures[i];

        for (k = 0; k < procedure->parameter_count; k++)
            c_emit_helpers(emitter, procedure->parameters[k].type);
        if (procedure->result)
            c_emit_helpers(emitter, procedure->result);
    }
}

static void emit_source(struct c_emitter *emitter, const char *version)
{
    const struct kodosis_file *file = emitter->file;
    size_t i;

    emit_banner(emitter, version);
    emit_include(emitter, c_base_of(file->name));
    if (has_services(file)) {
        c_gap(emitter);
        c_line(emitter, "#include <%s>", "hprpc/stub.h");
    }
    c_emit_records(emitter);
    for (i = 0; i < file->declaration_count; i++) {
        if (file->declarations[i]->kind == KODOSIS_ERROR)
            c_emit_error(emitter, file->declarations[i]);
        if (file->declarations[i]->kind != KODOSIS_SERVICE)
            continue;
        emit_service_helpers(emitter, file->declarations[i]);
        c_emit_interface(emitter, file->declarations[i]);
        c_emit_client(emitter, file->declarations[i]);
        c_emit_server(emitter, file->declarations[i]);
    }
    c_emit_schema(emitter);
}

void kodosis_c_emit(const struct kodosis_model *model, const struct kodosis_file *file, const char *version,
                    struct kodosis_text *header, struct kodosis_text *source)
{
    struct c_emitter emitter = { .model = model, .file = file };

    emitter.listed = kodosis_memory_take_array(&emitter.memory, model->type_count + 1, sizeof(bool));
    emitter.declared = kodosis_memory_take_array(&emitter.memory, model->type_count + 1, sizeof(bool));
    emitter.wrapped = kodosis_memory_take_array(&emitter.memory, model->type_count + 1, sizeof(bool));
    emitter.renewed = kodosis_memory_take_array(&emitter.memory, model->type_count + 1, sizeof(bool));
    emitter.helped = kodosis_memory_take_array(&emitter.memory, model->type_count + 1, sizeof(bool));
    emitter.text = header;
    emit_header(&emitter, version);
    emitter.text = source;
    emit_source(&emitter, version);
    kodosis_memory_clear(&emitter.memory);
}
