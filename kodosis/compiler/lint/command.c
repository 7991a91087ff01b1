/* SPDX-License-Identifier: MIT */
/* `kodosis lint`: the files are compiled, then looked at. */
#include "kodosis/compiler/lint/command.h"

#include <stdio.h>
#include <string.h>

#include "kodosis/compiler/breaking/sides.h"
#include "kodosis/compiler/lint/lint.h"

enum { FINDINGS_SHOWN = 1000 };

static int complain_rule(const char *name)
{
    const char *guess = kodosis_rule_guess(name, strlen(name));

    fprintf(stderr, "kodosis: there is no rule '%s'%s%s%s\n", name, guess ? "; did you mean '" : "",
            guess ? guess : ": --list prints them", guess ? "'?" : "");
    return KODOSIS_EXIT_USAGE;
}

static int look(const struct kodosis_options *options, const struct kodosis_model *model,
                struct kodosis_diagnostics *diagnostics)
{
    struct kodosis_lint lint;

    kodosis_lint_init(&lint, model, diagnostics);
    for (size_t i = 0; i < options->rule_count; i++)
        if (!kodosis_lint_switch(&lint, options->rules[i]))
            return complain_rule(options->rules[i] + (*options->rules[i] == '-'));
    diagnostics->most = FINDINGS_SHOWN;
    return kodosis_lint_run(&lint) ? KODOSIS_EXIT_FOUND : KODOSIS_EXIT_OK;
}

static int compile(const struct kodosis_options *options, struct kodosis_side *side,
                   struct kodosis_compilation *compilation)
{
    const struct kodosis_model *model;

    compilation->sources = &side->sources;
    compilation->import_paths = side->import_paths;
    compilation->import_path_count = side->import_path_count;
    compilation->flat_names = options->flat;
    model = kodosis_compile(compilation, side->paths, side->path_count);
    if (!model)
        return compilation->io_failed ? KODOSIS_EXIT_IO : KODOSIS_EXIT_ERRORS;
    return look(options, model, &compilation->diagnostics);
}

int kodosis_lint_files(const struct kodosis_options *options, struct kodosis_compilation *compilation)
{
    struct kodosis_side side;
    int status = KODOSIS_EXIT_OK;

    kodosis_side_open(&side, options->import_paths, options->import_path_count, &compilation->memory);
    for (size_t i = 0; i < options->file_count && !status; i++)
        status = kodosis_side_add(&side, options->files[i]) ? KODOSIS_EXIT_OK : KODOSIS_EXIT_IO;
    if (!status)
        status = compile(options, &side, compilation);
    kodosis_side_close(&side);
    return status;
}

int kodosis_lint_tell(const struct kodosis_options *options, struct kodosis_text *text)
{
    const struct kodosis_rule *rule;

    if (!options->explain) {
        kodosis_rules_list(text);
        return KODOSIS_EXIT_OK;
    }
    rule = kodosis_rule_find(options->explain, strlen(options->explain));
    if (!rule)
        return complain_rule(options->explain);
    kodosis_rule_explain(rule, text);
    return KODOSIS_EXIT_OK;
}
