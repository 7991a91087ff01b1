/* SPDX-License-Identifier: MIT */
/* The values of constants and enums, and the sizes of arrays. */
#include "kodosis/compiler/check/constant.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "kodosis/compiler/check/lookup.h"
#include "kodosis/compiler/check/resolve.h"
#include "kodosis/compiler/check/types.h"
#include "kodosis/compiler/limits.h"
#include "kodosis/compiler/text/guess.h"
#include "kodosis/compiler/text/name.h"

/* Any integer of the language: between the least int64 and the greatest uint64. */
struct whole {
    bool negative;
    uint64_t magnitude;
};

static bool is_float(const struct kodosis_type *type)
{
    return type->kind == KODOSIS_TYPE_FLOAT32 || type->kind == KODOSIS_TYPE_FLOAT64;
}

static bool is_signed(const struct kodosis_type *type)
{
    return type->kind >= KODOSIS_TYPE_INT8 && type->kind <= KODOSIS_TYPE_INT64;
}

static unsigned bits_of(const struct kodosis_type *type)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): callers have a number, signed or not */
    return 8u << (type->kind - (is_signed(type) ? KODOSIS_TYPE_INT8 : KODOSIS_TYPE_UINT8));
}

static uint64_t greatest(const struct kodosis_type *type)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): bits_of() is 8 to 64 */
    return UINT64_MAX >> (64 - bits_of(type) + (is_signed(type) ? 1 : 0));
}

/* The magnitude of the least value of the type. */
static uint64_t depth_of(const struct kodosis_type *type)
{
    return is_signed(type) ? greatest(type) + 1 : 0;
}

static bool fits(struct whole whole, const struct kodosis_type *type)
{
    return whole.magnitude <= (whole.negative ? depth_of(type) : greatest(type));
}

static bool complain_range(struct kodosis_checker *checker, const struct kodosis_position *position,
                           const struct kodosis_type *type)
{
    kodosis_error(checker->diagnostics, position,
                  "this is out of range for %s, which goes from %s%" PRIu64 " to %" PRIu64, type->text,
                  depth_of(type) ? "-" : "", depth_of(type), greatest(type));
    return false;
}

/* ---- Conversions to the wanted type ---- */

static void say_rounding(struct kodosis_checker *checker, const struct kodosis_position *position,
                         const struct kodosis_type *type, double real)
{
    kodosis_warning(checker->diagnostics, position, "%s cannot hold this exactly: it becomes %.0f", type->text, real);
}

static bool take_whole(struct kodosis_checker *checker, const struct kodosis_position *position, struct whole whole,
                       const struct kodosis_type *type, struct kodosis_value *value)
{
    if (is_float(type)) {
        double magnitude =
            type->kind == KODOSIS_TYPE_FLOAT32 ? (double)(float)whole.magnitude : (double)whole.magnitude;

        if (magnitude >= 0x1p64 || (uint64_t)magnitude != whole.magnitude)
            say_rounding(checker, position, type, whole.negative ? -magnitude : magnitude);
        value->real = whole.negative ? -magnitude : magnitude;
        return true;
    }
    if (!fits(whole, type))
        return complain_range(checker, position, type);
    value->natural = whole.negative ? 0 - whole.magnitude : whole.magnitude;
    value->integer = (int64_t)value->natural;
    return true;
}

static bool complain_small(struct kodosis_checker *checker, const struct kodosis_position *position,
                           const struct kodosis_type *type)
{
    kodosis_error(checker->diagnostics, position, "this is too small for %s: it would become 0", type->text);
    return false;
}

static bool take_real(struct kodosis_checker *checker, const struct kodosis_position *position, double real,
                      const struct kodosis_type *type, struct kodosis_value *value)
{
    double limit = type->kind == KODOSIS_TYPE_FLOAT32 ? (double)FLT_MAX : DBL_MAX;

    if (!(fabs(real) <= limit)) {
        kodosis_error(checker->diagnostics, position, "this is too large for %s", type->text);
        return false;
    }
    value->real = type->kind == KODOSIS_TYPE_FLOAT32 ? (double)(float)real : real;
    if (real != 0 && value->real == 0)
        return complain_small(checker, position, type);
    /* warn if a whole number is rounded: unlike a fraction, its author expects it to be exact */
    if (value->real != real && fabs(real) <= 0x1p53 && (double)(int64_t)real == real)
        say_rounding(checker, position, type, value->real);
    return true;
}

static bool complain_kind(struct kodosis_checker *checker, const struct kodosis_position *position,
                          const struct kodosis_type *type)
{
    const char *wanted = kodosis_type_is_integer(type)       ? "an integer"
                         : is_float(type)                    ? "a number"
                         : type->kind == KODOSIS_TYPE_BOOL   ? "true or false"
                         : type->kind == KODOSIS_TYPE_STRING ? "a string in quotes"
                                                             : "a value of the enum";

    kodosis_error(checker->diagnostics, position, "expected %s, because the type is %s", wanted, type->text);
    return false;
}

/* Converts the value of another constant, whatever its type, to a value of `type`. */
static bool convert(struct kodosis_checker *checker, const struct kodosis_position *position,
                    const struct kodosis_value *from, const struct kodosis_type *type, struct kodosis_value *value)
{
    if (from->type == type) {
        *value = *from;
        return true;
    }
    if (kodosis_type_is_integer(from->type) && (kodosis_type_is_integer(type) || is_float(type))) {
        bool negative = is_signed(from->type) && from->integer < 0;

        return take_whole(checker, position, (struct whole){ negative, negative ? 0 - from->natural : from->natural },
                          type, value);
    }
    if (is_float(from->type) && is_float(type))
        return take_real(checker, position, from->real, type, value);
    kodosis_error(checker->diagnostics, position, "this is of type %s, not %s", from->type->text, type->text);
    return false;
}

/* ---- Names that stand for values ---- */

static bool evaluate_enumerator(struct kodosis_checker *checker, const struct kodosis_position *position,
                                const struct kodosis_enumerator *enumerator, const struct kodosis_type *type,
                                struct kodosis_value *value)
{
    if (enumerator->declaration->type != type) {
        kodosis_error(checker->diagnostics, position, "this is a value of %s, not of type %s",
                      enumerator->declaration->full_name, type->text);
        return false;
    }
    value->enumerator = enumerator;
    return true;
}

/* In a constant of an enum's type, the value may stand without the enum's name. */
static const struct kodosis_enumerator *find_bare(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                                  const char *name, const struct kodosis_type *type)
{
    const char *full;

    if (type->kind != KODOSIS_TYPE_ENUM || strchr(name, '.'))
        return NULL;
    full = kodosis_join(checker->memory, type->declaration->full_name, ".", name);
    return kodosis__find_enumerator(checker, unit, full);
}

/* "Color.Rde", or "Rde" where a Color is wanted: reports an error if the enum exists and lacks this value. */
static bool complain_enumerator(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                const struct kodosis_ast_name *name, const struct kodosis_type *type)
{
    const char *dot = strrchr(name->text, '.');
    const char *last = dot ? dot + 1 : name->text;
    const struct kodosis_declaration *declaration = type->kind == KODOSIS_TYPE_ENUM ? type->declaration : NULL;
    struct kodosis_guess guess = kodosis_guess_begin(last, strlen(last));

    if (dot) {
        const char *front = kodosis_memory_copy(checker->memory, name->text, (size_t)(dot - name->text));
        struct kodosis_entry *entry = kodosis__find(checker, unit, front);

        declaration = entry && entry->declaration->kind == KODOSIS_ENUM ? entry->declaration : NULL;
    }
    if (!declaration)
        return false;
    for (size_t i = 0; kodosis__may_guess(checker) && i < declaration->enumerator_count; i++)
        kodosis_guess_consider(&guess, declaration->enumerators[i].name);
    if (guess.best)
        kodosis_error(checker->diagnostics, &name->position, "enum '%s' has no value '%s'; did you mean '%s'?",
                      declaration->name, last, guess.best);
    else
        kodosis_error(checker->diagnostics, &name->position, "enum '%s' has no value '%s'", declaration->name, last);
    return true;
}

static bool evaluate_name(struct kodosis_checker *checker, struct kodosis_unit *unit,
                          const struct kodosis_ast_name *name, const struct kodosis_type *type,
                          struct kodosis_value *value)
{
    const struct kodosis_enumerator *enumerator = find_bare(checker, unit, name->text, type);
    struct kodosis_entry *entry;
    size_t errors;

    if (!enumerator)
        enumerator = kodosis__find_enumerator(checker, unit, name->text);
    if (enumerator) {
        entry = kodosis_table_find(&checker->names, enumerator->declaration->full_name);
        return (!entry || kodosis__use(checker, unit, entry, &name->position)) &&
               evaluate_enumerator(checker, &name->position, enumerator, type, value);
    }
    entry = kodosis__find(checker, unit, name->text);
    if (!entry) {
        if (!complain_enumerator(checker, unit, name, type))
            kodosis__unknown(checker, unit, name, "constant", 1u << KODOSIS_CONST);
        return false;
    }
    if (!kodosis__use(checker, unit, entry, &name->position))
        return false;
    if (entry->declaration->kind != KODOSIS_CONST) {
        kodosis_error(checker->diagnostics, &name->position, "'%s' is %s, not a constant", name->text,
                      kodosis__kind_text(entry->declaration->kind));
        return false;
    }
    if (entry->state == KODOSIS_BUSY) {
        kodosis_error(checker->diagnostics, &name->position, "the value of '%s' depends on itself", name->text);
        return false;
    }
    errors = checker->diagnostics->error_count;
    kodosis__check_constant(checker, entry);
    if (entry->state == KODOSIS_FRESH && checker->diagnostics->error_count == errors)
        kodosis_error(checker->diagnostics, &name->position, "'%s' is made of several values, so it is not of type %s",
                      name->text, type->text);
    return entry->declaration->value.type && convert(checker, &name->position, &entry->declaration->value, type, value);
}

bool kodosis__evaluate(struct kodosis_checker *checker, struct kodosis_unit *unit, const struct kodosis_ast_value *ast,
                       const struct kodosis_type *type, struct kodosis_value *ret_value)
{
    struct kodosis_value value = { .type = type };
    bool is_number = kodosis_type_is_integer(type) || is_float(type);
    bool ok = false;

    if (ast->kind == KODOSIS_AST_NAME)
        ok = evaluate_name(checker, unit, &ast->name, type, &value);
    else if (ast->kind == KODOSIS_AST_INTEGER && is_number && ast->too_large && !is_float(type))
        ok = complain_range(checker, &ast->position, type);
    else if (ast->kind == KODOSIS_AST_INTEGER && is_number && ast->too_large)
        kodosis_error(checker->diagnostics, &ast->position,
                      "an integer beyond 64 bits; write a large floating-point number with a point or an exponent");
    else if (ast->kind == KODOSIS_AST_INTEGER && is_number)
        ok = take_whole(checker, &ast->position, (struct whole){ ast->negative && ast->integer, ast->integer }, type,
                        &value);
    else if (ast->kind == KODOSIS_AST_FLOAT && is_float(type) && ast->too_small)
        ok = complain_small(checker, &ast->position, type);
    else if (ast->kind == KODOSIS_AST_FLOAT && is_float(type))
        ok = take_real(checker, &ast->position, ast->negative ? -ast->real : ast->real, type, &value);
    else if (ast->kind == KODOSIS_AST_BOOL && type->kind == KODOSIS_TYPE_BOOL)
        ok = true;
    else if (ast->kind == KODOSIS_AST_STRING && type->kind == KODOSIS_TYPE_STRING)
        ok = true;
    else
        complain_kind(checker, &ast->position, type);
    if (!ok)
        return false;
    if (ast->kind == KODOSIS_AST_BOOL)
        value.boolean = ast->integer;
    if (ast->kind == KODOSIS_AST_STRING) {
        value.text = ast->text;
        value.text_size = ast->text_size;
    }
    value.type = type;
    *ret_value = value;
    return true;
}

/* ---- Constants ---- */

static bool evaluate_any(struct kodosis_checker *checker, struct kodosis_unit *unit,
                         const struct kodosis_ast_value *ast, const struct kodosis_type *type,
                         struct kodosis_value *ret_value);

/* The words of a message for a type that is made of other types. */
static const char *composite_text(const struct kodosis_ast_type *type)
{
    switch (type->kind) {
    case KODOSIS_AST_TYPE_LIST:
        return "a list";
    case KODOSIS_AST_TYPE_OPTIONAL:
        return "an optional";
    case KODOSIS_AST_TYPE_MAP:
        return "a map";
    case KODOSIS_AST_TYPE_STREAM:
        return "a stream";
    default:
        return "an array";
    }
}

static bool is_single(const struct kodosis_type *type)
{
    return kodosis_type_is_scalar(type) || type->kind == KODOSIS_TYPE_STRING || type->kind == KODOSIS_TYPE_ENUM;
}

static bool is_made_of_values(const struct kodosis_type *type)
{
    return type->kind == KODOSIS_TYPE_STRUCT || type->kind == KODOSIS_TYPE_ARRAY || type->kind == KODOSIS_TYPE_LIST;
}

/* Evaluates the items of a struct, array or list, each by its type. */
static bool evaluate_items(struct kodosis_checker *checker, struct kodosis_unit *unit,
                           const struct kodosis_ast_value *ast, const struct kodosis_type *type,
                           struct kodosis_value *ret_value)
{
    struct kodosis_value *items = kodosis_memory_take_array(checker->memory, ast->item_count, sizeof(*items));
    bool is_struct = type->kind == KODOSIS_TYPE_STRUCT;
    uint64_t wanted = is_struct ? type->declaration->member_count : type->count;
    bool ok = true;
    size_t total = 0;
    size_t i = 0;

    if (type->kind != KODOSIS_TYPE_LIST && ast->item_count != wanted) {
        kodosis_error(checker->diagnostics, &ast->position, "%zu values are here, and %s has %" PRIu64, ast->item_count,
                      type->text, wanted);
        return false;
    }
    for (const struct kodosis_ast_item *item = ast->items; item; item = item->next, i++) {
        ok &= evaluate_any(checker, unit, &item->value, is_struct ? type->declaration->members[i].type : type->element,
                           &items[i]);
        total += items[i].total ? items[i].total : 1;
    }
    if (ok && total > KODOSIS_LIMIT_ITEMS) {
        kodosis_error(checker->diagnostics, &ast->position, "more than %d values in one constant", KODOSIS_LIMIT_ITEMS);
        return false;
    }
    *ret_value = (struct kodosis_value){ .type = type, .items = items, .item_count = i, .total = total };
    return ok;
}

/* Whether a constant can hold the type. Reports an error if not. */
static bool is_holdable(struct kodosis_checker *checker, const struct kodosis_position *position,
                        const struct kodosis_type *type)
{
    bool extensible = type->kind == KODOSIS_TYPE_STRUCT && type->declaration->extensible;
    bool rows = type->kind == KODOSIS_TYPE_LIST && type->element->kind == KODOSIS_TYPE_ARRAY;

    if (is_made_of_values(type) && !extensible && !rows)
        return true;
    kodosis_error(checker->diagnostics, position, "a constant holds no %s%s",
                  extensible ? "extensible struct "
                  : rows     ? "list of arrays: "
                             : "",
                  type->text);
    return false;
}

/* The parser bounds the nesting of brackets, and so the recursion. */
static bool evaluate_any(struct kodosis_checker *checker, struct kodosis_unit *unit,
                         const struct kodosis_ast_value *ast, const struct kodosis_type *type,
                         struct kodosis_value *ret_value)
{
    bool braces = type->kind == KODOSIS_TYPE_STRUCT;

    if (is_single(type))
        return kodosis__evaluate(checker, unit, ast, type, ret_value);
    if (!is_holdable(checker, &ast->position, type))
        return false;
    if (ast->kind == KODOSIS_AST_NAME)
        return kodosis__evaluate(checker, unit, ast, type, ret_value);
    if (ast->kind == (braces ? KODOSIS_AST_BRACES : KODOSIS_AST_ROW))
        return evaluate_items(checker, unit, ast, type, ret_value);
    kodosis_error(checker->diagnostics, &ast->position, "expected the values of %s in %s", type->text,
                  braces ? "braces: { ... }" : "brackets: [...]");
    return false;
}

/*
 * The type of a constant; NULL, with an error reported, if no constant is of such a type, or without one where the members of
 * structs, and so their constants, are not known yet.
 */
static const struct kodosis_type *constant_type(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    const struct kodosis_ast_type *ast = entry->ast->type;
    const struct kodosis_type *type = kodosis__simple_type(checker, entry->unit, ast);

    if (type && is_single(type))
        return type;
    if (!type && ast->kind != KODOSIS_AST_TYPE_LIST && ast->kind != KODOSIS_AST_TYPE_ARRAY) {
        kodosis_error(checker->diagnostics, &ast->position, "a constant holds no %s",
                      strchr(composite_text(ast), ' ') + 1);
        return NULL;
    }
    if (!checker->members_known)
        return NULL;
    if (!type)
        type = kodosis__resolve(checker, entry->unit, ast);
    return is_holdable(checker, &ast->position, type) ? type : NULL;
}

void kodosis__check_constant(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    struct kodosis_declaration *declaration = entry->declaration;
    size_t errors = checker->diagnostics->error_count;
    const struct kodosis_type *type;

    if (declaration->kind != KODOSIS_CONST || entry->state != KODOSIS_FRESH)
        return;
    if (checker->const_depth == KODOSIS_LIMIT_CONST_DEPTH) {
        kodosis_error(checker->diagnostics, &declaration->position, "constants refer to one another more than %d deep",
                      KODOSIS_LIMIT_CONST_DEPTH);
        return;
    }
    type = constant_type(checker, entry);
    if (!type && checker->diagnostics->error_count == errors && !checker->members_known)
        return;
    entry->state = KODOSIS_BUSY;
    checker->const_depth++;
    declaration->type = type;
    if (type && entry->ast->value.present)
        evaluate_any(checker, entry->unit, &entry->ast->value, type, &declaration->value);
    checker->const_depth--;
    entry->state = KODOSIS_DONE;
}

/* ---- Enums ---- */

static const struct kodosis_type *underlying(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    const struct kodosis_type *type;

    if (!entry->ast->type)
        return kodosis__builtin(checker, entry->ast->flags ? KODOSIS_TYPE_UINT32 : KODOSIS_TYPE_INT32);
    type = kodosis__simple_type(checker, entry->unit, entry->ast->type);
    if (type && entry->ast->flags && is_signed(type))
        kodosis_error(checker->diagnostics, &entry->ast->type->position,
                      "the underlying type of a flags enum is an unsigned integer type, not %s", type->text);
    if (type && kodosis_type_is_integer(type))
        return type;
    kodosis_error(checker->diagnostics, &entry->ast->type->position,
                  "the underlying type of an enum is an integer type, not %s",
                  type ? type->text : composite_text(entry->ast->type));
    return kodosis__builtin(checker, KODOSIS_TYPE_INT32);
}

/* Sets `value` to the bit above all that the flags before have. False, with an error reported, if the type has none. */
static bool next_flag(struct kodosis_checker *checker, const struct kodosis_enumerator *enumerator,
                      const struct kodosis_type *type, struct kodosis_value *value)
{
    uint64_t taken = 0;
    uint64_t bit = 1;

    for (const struct kodosis_enumerator *other = enumerator->declaration->enumerators; other != enumerator; other++)
        taken |= (uint64_t)other->value;
    while (bit && bit <= taken)
        bit <<= 1;
    if (!bit || bit > greatest(type)) {
        kodosis_error(checker->diagnostics, &enumerator->position, "no bit of %s is left for '%s'", type->text,
                      enumerator->name);
        return false;
    }
    value->natural = bit;
    value->integer = (int64_t)bit;
    return true;
}

/*
 * Sets `value` to one more than the value before, or 0 for the first. False, with an error reported, if the type has no
 * such value.
 */
static bool next_value(struct kodosis_checker *checker, const struct kodosis_enumerator *enumerator, bool is_first,
                       const struct kodosis_type *type, struct kodosis_value *value)
{
    if (enumerator->declaration->flags)
        return next_flag(checker, enumerator, type, value);
    if (is_first)
        return true;
    if (value->natural == greatest(type) && (!is_signed(type) || value->integer >= 0)) {
        kodosis_error(checker->diagnostics, &enumerator->position,
                      "the value of '%s' would be one more than %s can hold", enumerator->name, type->text);
        return false;
    }
    value->natural++;
    value->integer = (int64_t)value->natural;
    return true;
}

static void check_distinct(struct kodosis_checker *checker, struct kodosis_table *values,
                           struct kodosis_enumerator *enumerator)
{
    char *key = kodosis_memory_take(checker->memory, 24);
    const struct kodosis_enumerator *other;
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    kodosis_text_add(&text, "%" PRIx64, (uint64_t)enumerator->value);
    memcpy(key, text.data, text.size);
    kodosis_text_clear(&text);
    other = kodosis_table_add(values, key, enumerator);
    if (!other)
        return;
    kodosis_error(checker->diagnostics, &enumerator->position, "'%s' has the same value as '%s'", enumerator->name,
                  other->name);
    kodosis_note(checker->diagnostics, &other->position, "'%s' is here", other->name);
}

void kodosis__check_enum(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    const struct kodosis_ast_enumerator *syntax = entry->ast->enumerators;
    struct kodosis_value value = { 0 };
    struct kodosis_table values = { 0 };
    const struct kodosis_type *type;

    if (entry->declaration->kind != KODOSIS_ENUM)
        return;
    type = entry->type->element = underlying(checker, entry);
    if (!syntax && !entry->ast->broken)
        kodosis_error(checker->diagnostics, &entry->declaration->position, "an enum has at least one value");
    for (size_t i = 0; syntax; syntax = syntax->next, i++) {
        struct kodosis_enumerator *enumerator = &entry->enumerators[i];

        if (syntax->value.present ? !kodosis__evaluate(checker, entry->unit, &syntax->value, type, &value)
                                  : !next_value(checker, enumerator, !i, type, &value))
            break;
        enumerator->value = value.integer;
        check_distinct(checker, &values, enumerator);
    }
    kodosis_table_clear(&values);
}
