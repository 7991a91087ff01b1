/* The functions of enums, structs, unions and errors. */
#include "kodosis/compiler/c/emitter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { OFFSETS_MAX = 64 }; /* a wider struct is checked by its size and its last offset */

/* ---- Enums ---- */

static void emit_enum_name(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    size_t i;

    c_line(emitter, "const char *%s_name(%s value)", name, name);
    c_open(emitter);
    c_line(emitter, "switch (value) {");
    for (i = 0; i < declaration->enumerator_count; i++) {
        c_line(emitter, "case %s:", c_enumerator(emitter, &declaration->enumerators[i]));
        c_line(emitter, "    return \"%s\";", declaration->enumerators[i].name);
    }
    c_line(emitter, "default:");
    c_line(emitter, "    return NULL;");
    c_line(emitter, "}");
    c_close(emitter);
    c_gap(emitter);
}

struct c_range {
    const struct kodosis_enumerator *low;
    const struct kodosis_enumerator *high;
};

static int compare_signed(const void *left, const void *right)
{
    int64_t a = (*(const struct kodosis_enumerator *const *)left)->value;
    int64_t b = (*(const struct kodosis_enumerator *const *)right)->value;

    return (a > b) - (a < b);
}

/* Whether `next` is one more, both being sorted as signed: the largest uint64 comes just before 0, but 0 does not follow. */
static bool follows(const struct kodosis_enumerator *last, const struct kodosis_enumerator *next)
{
    bool wraps = last->declaration->type->element->kind == KODOSIS_TYPE_UINT64 && !next->value;

    return !wraps && last->value != INT64_MAX && next->value == last->value + 1;
}

/* The declared values as runs without a gap, ascending; returns how many. */
static size_t ranges_of(struct c_emitter *emitter, const struct kodosis_declaration *declaration,
                        struct c_range **ret_ranges)
{
    size_t count = declaration->enumerator_count;
    const struct kodosis_enumerator **sorted = kodosis_memory_take_array(&emitter->memory, count, sizeof(*sorted));
    struct c_range *ranges = kodosis_memory_take_array(&emitter->memory, count, sizeof(*ranges));
    size_t used = 0;
    size_t i;

    for (i = 0; i < count; i++)
        sorted[i] = &declaration->enumerators[i];
    qsort(sorted, count, sizeof(*sorted), compare_signed);
    for (i = 0; i < count; i++) {
        if (used && follows(ranges[used - 1].high, sorted[i])) {
            ranges[used - 1].high = sorted[i];
        } else {
            ranges[used].low = sorted[i];
            ranges[used++].high = sorted[i];
        }
    }
    *ret_ranges = ranges;
    return used;
}

/* The smallest and largest value of an integer type, as the bits of an int64. */
static bool is_least(const struct kodosis_type *type, int64_t value)
{
    if (type->kind >= KODOSIS_TYPE_UINT8)
        return value == 0;
    return value == (type->size == 8 ? INT64_MIN : -((int64_t)1 << (8 * type->size - 1)));
}

static bool is_greatest(const struct kodosis_type *type, int64_t value)
{
    if (type->kind == KODOSIS_TYPE_UINT64)
        return value == -1;
    if (type->kind >= KODOSIS_TYPE_UINT8)
        return value == ((int64_t)1 << (8 * type->size)) - 1;
    return value == (type->size == 8 ? INT64_MAX : ((int64_t)1 << (8 * type->size - 1)) - 1);
}

static const char *range_condition(struct c_emitter *emitter, const struct kodosis_type *integer,
                                   const struct c_range *range, bool alone)
{
    const char *low = c_enumerator(emitter, range->low);
    const char *high = c_enumerator(emitter, range->high);
    bool open_low = is_least(integer, range->low->value);
    bool open_high = is_greatest(integer, range->high->value);

    if (range->low == range->high)
        return c_format(emitter, "value == %s", low);
    if (open_low && open_high)
        return "true";
    if (open_low)
        return c_format(emitter, "value <= %s", high);
    if (open_high)
        return c_format(emitter, "value >= %s", low);
    return c_format(emitter, alone ? "value >= %s && value <= %s" : "(value >= %s && value <= %s)", low, high);
}

static void emit_enum_is_valid(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const struct kodosis_type *integer = declaration->type->element;
    const char *name = c_name(emitter, declaration);
    struct c_range *ranges;
    size_t count = ranges_of(emitter, declaration, &ranges);
    size_t i;

    c_line(emitter, "bool %s_is_valid(%s value)", name, name);
    c_open(emitter);
    if (count <= 4) {
        const char *condition = range_condition(emitter, integer, &ranges[0], count == 1);

        for (i = 1; i < count; i++)
            condition =
                c_format(emitter, "%s ||\n       %s", condition, range_condition(emitter, integer, &ranges[i], false));
        if (strcmp(condition, "true") == 0)
            c_line(emitter, "(void)value;");
        c_line(emitter, "return %s;", condition);
    } else {
        c_line(emitter, "return %s_name(value) != NULL;", name);
    }
    c_close(emitter);
    c_gap(emitter);
}

static void emit_enum_check(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);

    c_line(emitter, "void %s_check(struct kodosis_reader *reader, const void *first, size_t count, size_t stride)",
           name);
    c_open(emitter);
    c_line(emitter, "const uint8_t *place = (const uint8_t *)first;");
    c_line(emitter, "bool valid = true;");
    c_line(emitter, "size_t i;");
    c_gap(emitter);
    c_line(emitter, "for (i = 0; i < count; i++)");
    c_line(emitter, "    valid &= %s_is_valid(kodosis_load_%s(place + i * stride));", name, c_word(declaration->type));
    c_line(emitter, "kodosis_check_enum(reader, valid);");
    c_close(emitter);
    c_gap(emitter);
}

/* ---- Blittable structs ---- */

static void emit_layout(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    size_t count = declaration->member_count;
    size_t i;

    c_line(emitter, "KODOSIS_STATIC_ASSERT(sizeof(struct %s) == %llu, \"the size of %s\");", name,
           (unsigned long long)declaration->type->size, name);
    for (i = count > OFFSETS_MAX ? count - 1 : 0; i < count; i++) {
        const char *member = c_member(emitter, &declaration->members[i]);

        c_line(emitter, "KODOSIS_STATIC_ASSERT(offsetof(struct %s, %s) == %llu, \"the place of %s\");", name, member,
               (unsigned long long)declaration->members[i].offset, member);
    }
    c_gap(emitter);
}

/* The innermost element of arrays, and how many there are. */
static const struct kodosis_type *innermost(const struct kodosis_type *type, uint64_t *ret_count)
{
    uint64_t count = 1;

    for (; type->kind == KODOSIS_TYPE_ARRAY; type = type->element)
        count *= type->count;
    *ret_count = count;
    return type;
}

static void emit_struct_check(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    bool rows = false;
    size_t i;

    for (i = 0; i < declaration->member_count; i++)
        rows |= declaration->members[i].type->checked && declaration->members[i].type->kind == KODOSIS_TYPE_ARRAY;
    c_line(emitter, "void %s_check(struct kodosis_reader *reader, const void *first, size_t count, size_t stride)",
           name);
    c_open(emitter);
    c_line(emitter, "const uint8_t *place = (const uint8_t *)first;");
    if (rows)
        c_line(emitter, "size_t i;");
    c_gap(emitter);
    for (i = 0; i < declaration->member_count; i++) {
        const struct kodosis_member *member = &declaration->members[i];
        uint64_t times;
        const struct kodosis_type *type = innermost(member->type, &times);
        const char *at = c_format(emitter, "place + offsetof(struct %s, %s)", name, c_member(emitter, member));

        if (!member->type->checked)
            continue;
        if (member->type->kind != KODOSIS_TYPE_ARRAY) {
            c_check_values(emitter, type, at, "count", "stride");
            continue;
        }
        c_line(emitter, "for (i = 0; i < count; i++)");
        kodosis_text_indent(emitter->text);
        c_check_values(emitter, type, c_format(emitter, "%s + i * stride", at),
                       c_format(emitter, "%llu", (unsigned long long)times),
                       c_format(emitter, "sizeof(%s)", c_type(emitter, type)));
        kodosis_text_outdent(emitter->text);
    }
    c_close(emitter);
    c_gap(emitter);
}

static void emit_blittable(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const struct kodosis_type *type = declaration->type;
    const char *name = c_name(emitter, declaration);

    emit_layout(emitter, declaration);
    if (type->checked)
        emit_struct_check(emitter, declaration);

    c_line(emitter, "uint64_t %s_size(const struct %s *value, uint64_t offset)", name, name);
    c_open(emitter);
    c_line(emitter, "return kodosis_size_aligned(offset, sizeof(*value), %u);", type->alignment);
    c_close(emitter);
    c_gap(emitter);
    c_line(emitter, "void %s_write(struct kodosis_writer *writer, const struct %s *value)", name, name);
    c_open(emitter);
    c_line(emitter, "kodosis_write_aligned(writer, value, sizeof(*value), %u);", type->alignment);
    c_close(emitter);
    c_gap(emitter);
    c_line(emitter, "const struct %s *%s_view(struct kodosis_reader *reader)", name, name);
    c_open(emitter);
    if (type->checked) {
        c_line(emitter, "const void *view = kodosis_read_view(reader, sizeof(struct %s), %u);", name, type->alignment);
        c_gap(emitter);
        c_line(emitter, "if (view)");
        c_line(emitter, "    %s_check(reader, view, 1, sizeof(struct %s));", name, name);
        c_line(emitter, "return reader->status == KODOSIS_OK ? (const struct %s *)view : NULL;", name);
    } else {
        c_line(emitter, "return (const struct %s *)kodosis_read_view(reader, sizeof(struct %s), %u);", name, name,
               type->alignment);
    }
    c_close(emitter);
    c_gap(emitter);
    c_line(emitter, "void %s_read(struct kodosis_reader *reader, struct %s *ret_value)", name, name);
    c_open(emitter);
    /* a copy is checked, not what it was made of: the message may be shared with the peer */
    c_line(emitter, "kodosis_read_copy(reader, ret_value, sizeof(*ret_value), %u);", type->alignment);
    if (type->checked)
        c_line(emitter, "%s_check(reader, ret_value, 1, sizeof(*ret_value));", name);
    c_close(emitter);
    c_gap(emitter);
}

/* ---- Other structs, and errors ---- */

static struct c_field *fields_of(struct c_emitter *emitter, const struct kodosis_declaration *declaration,
                                 const char *record)
{
    size_t count = declaration->member_count;
    struct c_field *fields = kodosis_memory_take_array(&emitter->memory, count + 1, sizeof(*fields));
    size_t i;

    for (i = 0; i < count; i++) {
        fields[i].type = declaration->members[i].type;
        fields[i].expression = c_format(emitter, "%s->%s", record, c_member(emitter, &declaration->members[i]));
        fields[i].record = record;
        fields[i].owner = declaration;
        fields[i].index = i;
    }
    return fields;
}

/* Decoding steps down where a value may contain its own kind. */
static void emit_enter(struct c_emitter *emitter)
{
    c_line(emitter, "if (!kodosis_reader_enter(reader)) {");
    c_line(emitter, "    memset(ret_value, 0, sizeof(*ret_value));");
    c_line(emitter, "    return;");
    c_line(emitter, "}");
}

/* Whether the size depends on the value: padding depends on the offset alone. */
static bool has_variable_size(const struct kodosis_declaration *declaration)
{
    size_t i;

    for (i = 0; i < declaration->member_count; i++)
        if (!declaration->members[i].type->exact && !declaration->members[i].type->blittable)
            return true;
    return false;
}

static void emit_struct_size(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);

    c_line(emitter, "uint64_t %s_size(const struct %s *value, uint64_t offset)", name, name);
    c_open(emitter);
    if (!has_variable_size(declaration))
        c_line(emitter, "(void)value;");
    if (declaration->type->exact) {
        c_line(emitter, "return offset + %llu;", (unsigned long long)declaration->type->smallest);
    } else {
        c_size_fields(emitter, fields_of(emitter, declaration, "value"), declaration->member_count, "offset", "offset");
        c_line(emitter, "return offset;");
    }
    c_close(emitter);
    c_gap(emitter);
}

static void emit_struct_write(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    struct c_field *fields = fields_of(emitter, declaration, "value");

    c_line(emitter, "void %s_write(struct kodosis_writer *writer, const struct %s *value)", name, name);
    c_open(emitter);
    if (c_fields_have_run(emitter, fields, declaration->member_count)) {
        c_line(emitter, "uint8_t *at;");
        c_gap(emitter);
    }
    c_write_fields(emitter, fields, declaration->member_count);
    if (!declaration->member_count) {
        c_line(emitter, "(void)value;");
        c_line(emitter, "kodosis_write_uint8(writer, 0);");
    }
    c_close(emitter);
    c_gap(emitter);
}

static void emit_struct_read(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    struct c_field *fields = fields_of(emitter, declaration, "ret_value");

    c_line(emitter, "void %s_read(struct kodosis_reader *reader, struct %s *ret_value)", name, name);
    c_open(emitter);
    if (c_fields_have_run(emitter, fields, declaration->member_count)) {
        c_line(emitter, "const uint8_t *at;");
        c_gap(emitter);
    }
    if (declaration->type->recursive)
        emit_enter(emitter);
    c_read_fields(emitter, fields, declaration->member_count, "ret_value");
    if (declaration->type->recursive)
        c_line(emitter, "kodosis_reader_leave(reader);");
    if (!declaration->member_count)
        c_line(emitter, "ret_value->empty = kodosis_read_empty(reader);");
    c_close(emitter);
    c_gap(emitter);
}

/* ---- Unions ---- */

static struct c_field union_field(struct c_emitter *emitter, const struct kodosis_declaration *declaration,
                                  size_t index, const char *record)
{
    const struct kodosis_member *member = &declaration->members[index];
    const char *as = c_format(emitter, "%s->as.%s", record, c_member(emitter, member));
    struct c_field field = { .type = member->type };

    field.expression = c_is_pointer_member(declaration, member) ? c_whole(emitter, member->type, as) : as;
    return field;
}

static bool union_has_run(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    size_t i;

    for (i = 0; i < declaration->member_count; i++) {
        struct c_field field = union_field(emitter, declaration, i, "value");

        if (c_fields_have_run(emitter, &field, 1))
            return true;
    }
    return false;
}

static void emit_case(struct c_emitter *emitter, const struct kodosis_declaration *declaration, size_t index)
{
    c_line(emitter, "case %s:", c_tag(emitter, declaration, index));
    kodosis_text_indent(emitter->text);
}

static void emit_break(struct c_emitter *emitter)
{
    c_line(emitter, "break;");
    kodosis_text_outdent(emitter->text);
}

static void emit_union_size(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    size_t i;

    c_line(emitter, "uint64_t %s_size(const struct %s *value, uint64_t offset)", name, name);
    c_open(emitter);
    c_line(emitter, "offset += 1;");
    c_line(emitter, "switch (value->tag) {");
    for (i = 0; i < declaration->member_count; i++) {
        struct c_field field = union_field(emitter, declaration, i, "value");

        emit_case(emitter, declaration, i);
        c_size_fields(emitter, &field, 1, "offset", "offset");
        emit_break(emitter);
    }
    c_line(emitter, "default:");
    c_line(emitter, "    break;");
    c_line(emitter, "}");
    c_line(emitter, "return offset;");
    c_close(emitter);
    c_gap(emitter);
}

static void emit_union_write(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    size_t i;

    c_line(emitter, "void %s_write(struct kodosis_writer *writer, const struct %s *value)", name, name);
    c_open(emitter);
    if (union_has_run(emitter, declaration)) {
        c_line(emitter, "uint8_t *at;");
        c_gap(emitter);
    }
    c_line(emitter, "kodosis_write_uint8(writer, value->tag);");
    c_line(emitter, "switch (value->tag) {");
    for (i = 0; i < declaration->member_count; i++) {
        struct c_field field = union_field(emitter, declaration, i, "value");

        emit_case(emitter, declaration, i);
        c_write_fields(emitter, &field, 1);
        emit_break(emitter);
    }
    c_line(emitter, "default:");
    c_line(emitter, "    kodosis_writer_fail(writer, KODOSIS_BAD_TAG);");
    c_line(emitter, "    break;");
    c_line(emitter, "}");
    c_close(emitter);
    c_gap(emitter);
}

/* A member that is a pointer: its value comes from the arena. */
static void emit_pointer_read(struct c_emitter *emitter, const struct kodosis_member *member)
{
    c_line(emitter, "ret_value->as.%s = read_new_%s(reader);", c_member(emitter, member),
           c_stem(emitter, member->type));
}

static void emit_new(struct c_emitter *emitter, const struct kodosis_type *type)
{
    const char *head = c_format(emitter, "read_new_%s(struct kodosis_reader *reader)", c_stem(emitter, type));
    struct c_field field = { .type = type, .expression = c_whole(emitter, type, "value") };
    struct c_body body;

    if (emitter->renewed[type->index])
        return;
    emitter->renewed[type->index] = true;
    c_line(emitter, "static %s", c_declare_whole(emitter, type, head, true));
    c_open(emitter);
    c_line(emitter, "%s = (%s)kodosis_read_array(reader, 1, sizeof(*value));",
           c_declare_whole(emitter, type, "value", false), c_declare_whole(emitter, type, "", false));
    c_gap(emitter);
    c_body_begin(emitter, &body);
    c_read_fields(emitter, &field, 1, NULL);
    c_body_end(emitter, &body, "if (value)");
    c_line(emitter, "return value;");
    c_close(emitter);
    c_gap(emitter);
}

static void emit_union_read(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    size_t i;

    for (i = 0; i < declaration->member_count; i++)
        if (c_is_pointer_member(declaration, &declaration->members[i]))
            emit_new(emitter, declaration->members[i].type);
    c_line(emitter, "void %s_read(struct kodosis_reader *reader, struct %s *ret_value)", name, name);
    c_open(emitter);
    if (union_has_run(emitter, declaration)) {
        c_line(emitter, "const uint8_t *at;");
        c_gap(emitter);
    }
    if (declaration->type->recursive)
        emit_enter(emitter);
    c_line(emitter, "ret_value->tag = kodosis_read_uint8(reader);");
    c_line(emitter, "switch (ret_value->tag) {");
    for (i = 0; i < declaration->member_count; i++) {
        struct c_field field = union_field(emitter, declaration, i, "ret_value");

        emit_case(emitter, declaration, i);
        if (c_is_pointer_member(declaration, &declaration->members[i]))
            emit_pointer_read(emitter, &declaration->members[i]);
        else
            c_read_fields(emitter, &field, 1, NULL);
        emit_break(emitter);
    }
    c_line(emitter, "default:");
    c_line(emitter, "    kodosis_reader_fail(reader, KODOSIS_BAD_TAG);");
    c_line(emitter, "    memset(ret_value, 0, sizeof(*ret_value));");
    c_line(emitter, "    break;");
    c_line(emitter, "}");
    if (declaration->type->recursive)
        c_line(emitter, "kodosis_reader_leave(reader);");
    c_close(emitter);
    c_gap(emitter);
}

/* ---- All of them ---- */

static void emit_record(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    size_t i;

    c_line(emitter, "/* ---- %s ---- */", declaration->name);
    c_gap(emitter);
    if (declaration->kind == KODOSIS_ENUM) {
        emit_enum_name(emitter, declaration);
        emit_enum_is_valid(emitter, declaration);
        emit_enum_check(emitter, declaration);
        return;
    }
    if (declaration->type->blittable) {
        emit_blittable(emitter, declaration);
        return;
    }
    for (i = 0; i < declaration->member_count; i++)
        c_emit_helpers(emitter, declaration->members[i].type);
    if (declaration->kind == KODOSIS_UNION) {
        emit_union_size(emitter, declaration);
        emit_union_write(emitter, declaration);
        emit_union_read(emitter, declaration);
    } else {
        emit_struct_size(emitter, declaration);
        emit_struct_write(emitter, declaration);
        emit_struct_read(emitter, declaration);
    }
}

void c_emit_records(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    size_t i;

    c_gap(emitter);
    for (i = 0; i < file->ordered_count; i++)
        if (file->ordered[i]->kind == KODOSIS_ENUM)
            emit_record(emitter, file->ordered[i]);
    for (i = 0; i < file->ordered_count; i++)
        if (file->ordered[i]->kind != KODOSIS_ENUM)
            emit_record(emitter, file->ordered[i]);
}
