/* SPDX-License-Identifier: MIT */
/*
 * The fuzzer's entry: formats an input, twice with the same outcome; compiles it beside two files that it may import, then describes and
 * emits the model, looks at it with all rules, and compares it with itself, which breaks nothing.
 */
#include "kodosis/compiler/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/breaking/breaking.h"
#include "kodosis/compiler/c/c.h"
#include "kodosis/compiler/compile.h"
#include "kodosis/compiler/format/format.h"
#include "kodosis/compiler/lint/lint.h"
#include "kodosis/compiler/text/render.h"
#include "kodosis/compiler/describe.h"

struct input {
    const uint8_t *data;
    size_t size;
};

static const char common[] =
    "namespace acme.common; const uint16 PORT = 7788; enum Severity : uint8 { Debug = 1, Info, Warning = 16, Error }\n"
    "struct Stamp { int64 seconds; int32 nanoseconds; int32 zone; } error Refused { string reason; Severity severity; }\n";
static const char back[] = "namespace back; import \"fuzz.kod\";";

static int read_input(void *self, const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
    const struct input *input = self;
    const char *data = (const char *)input->data;
    size_t size = input->size;

    if (strcmp(path, "fuzz.kod")) {
        data = strcmp(path, "back.kod") ? common : back;
        size = strlen(data);
    }
    size = size < limit ? size : limit;
    *ret_data = malloc(size + 1);
    if (!*ret_data)
        return ENOMEM;
    if (size)
        memcpy(*ret_data, data, size);
    *ret_size = size;
    return 0;
}

static char *identify_input(void *self, const char *path)
{
    (void)self;
    if (!strcmp(path, "fuzz.kod") || !strcmp(path, "back.kod"))
        return strdup(path);
    return strstr(path, "common.kod") || strstr(path, "helper.inc") ? strdup("common.kod") : NULL;
}

static void emit_all(const struct kodosis_model *model)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    kodosis_describe(model, &text);
    kodosis_text_clear(&text);
    for (size_t i = 0; i < model->file_count; i++) {
        struct kodosis_text texts[KODOSIS_OUTPUTS_MAX] = { KODOSIS_TEXT_INIT };

        kodosis_c_emitter.emit(model, model->files[i], "0", texts);
        for (size_t k = 0; k < KODOSIS_OUTPUTS_MAX; k++)
            kodosis_text_clear(&texts[k]);
    }
}

static void judge(const struct kodosis_model *model)
{
    struct kodosis_comparison comparison = { model, model, KODOSIS_BREAK_ALL };
    struct kodosis_diagnostics diagnostics = { 0 };
    struct kodosis_lint lint;

    if (kodosis_breaking(&comparison, &diagnostics) || diagnostics.kept)
        abort();
    kodosis_lint_init(&lint, model, &diagnostics);
    if (!kodosis_lint_switch(&lint, "all"))
        abort();
    kodosis_lint_run(&lint);
    kodosis_diagnostics_clear(&diagnostics);
}

/* Formats a text. False if it has errors of syntax. */
static bool format(const char *data, size_t size, struct kodosis_text *ret_text)
{
    struct kodosis_diagnostics diagnostics = { 0 };
    struct kodosis_memory memory = { 0 };
    struct kodosis_file file = {
        .path = "fuzz.kod",
        .name = "fuzz.kod",
        .source = kodosis_memory_copy(&memory, data, size),
        .source_size = size,
    };
    bool formatted = kodosis_format(&file, &memory, &diagnostics, ret_text);

    kodosis_diagnostics_clear(&diagnostics);
    kodosis_memory_clear(&memory);
    return formatted;
}

/* What was formatted has no errors, and comes out as it went in. */
static void format_twice(const uint8_t *data, size_t size)
{
    struct kodosis_text once = KODOSIS_TEXT_INIT;
    struct kodosis_text twice = KODOSIS_TEXT_INIT;

    if (format((const char *)data, size, &once)) {
        if (!format(once.data ? once.data : "", once.size, &twice) || once.size != twice.size ||
            (once.size && memcmp(once.data, twice.data, once.size) != 0))
            abort();
    }
    kodosis_text_clear(&once);
    kodosis_text_clear(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    struct kodosis_sources sources = { &input, read_input, identify_input };
    struct kodosis_compilation compilation = { .sources = &sources };
    const char *path = "fuzz.kod";
    const struct kodosis_model *model = kodosis_compile(&compilation, &path, 1);
    struct kodosis_text messages = KODOSIS_TEXT_INIT;

    if (model)
        kodosis_c_emitter.check(model, &compilation.diagnostics);
    kodosis_diagnostics_render(&compilation.diagnostics, &messages, true);
    if (model)
        emit_all(model);
    else if (!messages.size)
        abort(); /* it failed without a word */
    if (model && !compilation.diagnostics.error_count)
        judge(model);
    format_twice(data, size);
    kodosis_text_clear(&messages);
    kodosis_compilation_clear(&compilation);
    return 0;
}
