/* SPDX-License-Identifier: MIT */
/* The program kodosis. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kodosis/compiler/breaking/command.h"
#include "kodosis/compiler/compile.h"
#include "kodosis/compiler/describe.h"
#include "kodosis/compiler/doc/doc.h"
#include "kodosis/compiler/emitters.h"
#include "kodosis/compiler/format/command.h"
#include "kodosis/compiler/launch.h"
#include "kodosis/compiler/lint/command.h"
#include "kodosis/compiler/options.h"
#include "kodosis/compiler/text/name.h"
#include "kodosis/compiler/text/render.h"
#include "kodosis/compiler/write.h"

/* One run of the program. */
struct run {
    struct kodosis_options options;
    struct kodosis_compilation compilation;
    const struct kodosis_emitter *emitter;
    const struct kodosis_model *model;
    struct kodosis_text names; /* the names of written files, escaped for makefiles */
};

static bool wants_colour(const struct kodosis_options *options)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    if (options->colour != KODOSIS_COLOUR_AUTO)
        return options->colour == KODOSIS_COLOUR_ALWAYS;
    return isatty(STDERR_FILENO) && !(no_color && *no_color) && terminal && strcmp(terminal, "dumb");
}

static void print_diagnostics(struct run *run)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    if (run->options.json_errors)
        kodosis_diagnostics_render_json(&run->compilation.diagnostics, &text);
    else
        kodosis_diagnostics_render(&run->compilation.diagnostics, &text, wants_colour(&run->options));
    if (text.size)
        fwrite(text.data, 1, text.size, stderr);
    kodosis_text_clear(&text);
}

static int complain(const char *path, const char *reason)
{
    fprintf(stderr, "kodosis: error: cannot write %s: %s\n", path, reason);
    return KODOSIS_EXIT_IO;
}

/* Prints all of the text to the standard output; reports an error otherwise. */
static int print(const struct kodosis_text *text)
{
    if (fwrite(text->data, 1, text->size, stdout) != text->size || fflush(stdout))
        return complain("the standard output", "it is closed or full");
    return KODOSIS_EXIT_OK;
}

static int print_line(const char *line)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    int status;

    kodosis_text_add_bytes(&text, line, strlen(line));
    status = print(&text);
    kodosis_text_clear(&text);
    return status;
}

static void path_of(const struct run *run, const struct kodosis_file *file, const char *suffix,
                    struct kodosis_text *ret_path)
{
    const char *directory = run->options.output;

    if (directory && *directory)
        kodosis_text_add(ret_path, "%s%s", directory, directory[strlen(directory) - 1] == '/' ? "" : "/");
    kodosis_add_output_name(ret_path, file->name, suffix);
}

static int write_one(struct run *run, const struct kodosis_file *file, const char *suffix,
                     const struct kodosis_text *contents)
{
    struct kodosis_text path = KODOSIS_TEXT_INIT;
    int status = KODOSIS_EXIT_OK;
    int error = 0;

    path_of(run, file, suffix, &path);
    if (run->options.print_names && (puts(path.data) < 0 || fflush(stdout)))
        status = complain("the standard output", "it is closed or full");
    else if (!run->options.print_names && !(run->options.if_changed && kodosis_file_has(path.data, contents)))
        error = kodosis_write_file(path.data, contents);
    if (error)
        status = complain(path.data, strerror(error));
    kodosis_text_add(&run->names, "%s", run->names.size ? " " : "");
    kodosis_depfile_add(&run->names, path.data);
    kodosis_text_clear(&path);
    return status;
}

static int compile_file(struct run *run, const struct kodosis_file *file)
{
    struct kodosis_text texts[KODOSIS_OUTPUTS_MAX] = { KODOSIS_TEXT_INIT };
    const char *const *suffixes = run->emitter->outputs;
    int status = KODOSIS_EXIT_OK;

    run->emitter->emit(run->model, file, KODOSIS_VERSION, texts);
    for (size_t i = 0; suffixes[i]; i++) {
        if (!status)
            status = write_one(run, file, suffixes[i], &texts[i]);
        kodosis_text_clear(&texts[i]);
    }
    return status;
}

static int write_depfile(struct run *run)
{
    struct kodosis_text rule = KODOSIS_TEXT_INIT;
    int error;

    /* outputs that stay the same are older than the files, so the rule is about the stamp alone */
    if (run->options.stamp)
        kodosis_depfile_add(&rule, run->options.stamp);
    else
        kodosis_text_add_bytes(&rule, run->names.data, run->names.size);
    kodosis_text_add(&rule, ":");
    for (size_t i = 0; i < run->model->file_count; i++) {
        if (run->model->files[i]->built_in)
            continue;
        kodosis_text_add(&rule, " \\\n  ");
        kodosis_depfile_add(&rule, run->model->files[i]->path);
    }
    kodosis_text_add(&rule, "\n");
    error = kodosis_write_file(run->options.depfile, &rule);
    kodosis_text_clear(&rule);
    return error ? complain(run->options.depfile, strerror(error)) : KODOSIS_EXIT_OK;
}

/* Writes an empty file, which is newer than all outputs. */
static int write_stamp(struct run *run)
{
    struct kodosis_text nothing = KODOSIS_TEXT_INIT;
    int error = kodosis_write_file(run->options.stamp, &nothing);

    return error ? complain(run->options.stamp, strerror(error)) : KODOSIS_EXIT_OK;
}

static int compile(struct run *run)
{
    int status = KODOSIS_EXIT_OK;

    for (size_t i = 0; i < run->model->file_count && !status; i++)
        if (run->model->files[i]->requested)
            status = compile_file(run, run->model->files[i]);
    if (!status && run->options.depfile)
        status = write_depfile(run);
    if (!status && run->options.stamp)
        status = write_stamp(run);
    return status;
}

static int describe(struct run *run)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    int status;

    kodosis_describe(run->model, &text);
    status = print(&text);
    kodosis_text_clear(&text);
    return status;
}

static int document(struct run *run)
{
    const char *directory = run->options.output ? run->options.output : ".";
    struct kodosis_text failed = KODOSIS_TEXT_INIT;
    int error = kodosis_doc_write(run->model, directory, KODOSIS_VERSION, &failed);
    int status = error ? complain(failed.data, strerror(error)) : KODOSIS_EXIT_OK;

    kodosis_text_clear(&failed);
    return status;
}

static int process(struct run *run)
{
    run->compilation.sources = &kodosis_file_system;
    run->compilation.import_paths = run->options.import_paths;
    run->compilation.import_path_count = run->options.import_path_count;
    run->compilation.flat_names = run->options.flat;
    run->model = kodosis_compile(&run->compilation, run->options.files, run->options.file_count);
    if (run->model && run->options.command != KODOSIS_COMMAND_DESCRIBE)
        run->emitter->check(run->model, &run->compilation.diagnostics);
    if (run->compilation.diagnostics.error_count)
        run->model = NULL;
    print_diagnostics(run);
    if (!run->model)
        return run->compilation.io_failed ? KODOSIS_EXIT_IO : KODOSIS_EXIT_ERRORS;
    if (run->options.command == KODOSIS_COMMAND_COMPILE)
        return compile(run);
    if (run->options.command == KODOSIS_COMMAND_DOC)
        return document(run);
    return run->options.command == KODOSIS_COMMAND_DESCRIBE ? describe(run) : KODOSIS_EXIT_OK;
}

static int format(struct run *run)
{
    int status = kodosis_format_files(&run->options, &run->compilation.diagnostics);

    print_diagnostics(run);
    return status;
}

static int lint(struct run *run)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    int status;

    if (run->options.list || run->options.explain) {
        status = kodosis_lint_tell(&run->options, &text);
        if (!status)
            status = print(&text);
        kodosis_text_clear(&text);
        return status;
    }
    status = kodosis_lint_files(&run->options, &run->compilation);
    print_diagnostics(run);
    return status;
}

static int breaking(struct run *run)
{
    struct kodosis_breaking_run both = { 0 };
    int status = kodosis_breaking_files(&run->options, &both, &run->compilation.diagnostics);

    print_diagnostics(run);
    kodosis_breaking_clear(&both);
    return status;
}

int main(int argc, char **argv)
{
    struct run run = { .emitter = kodosis_emitter_find("c") };
    int status;

    if (argc > 1 && !strcmp(argv[1], "lsp"))
        return kodosis_launch("lsp", argv + 1);
    if (!kodosis_options_parse(argc, argv, &run.options))
        return KODOSIS_EXIT_USAGE;
    if (run.options.command == KODOSIS_COMMAND_HELP)
        status = print_line(kodosis_usage);
    else if (run.options.command == KODOSIS_COMMAND_VERSION)
        status = print_line("kodosis " KODOSIS_VERSION "\n");
    else if (run.options.command == KODOSIS_COMMAND_FORMAT)
        status = format(&run);
    else if (run.options.command == KODOSIS_COMMAND_LINT)
        status = lint(&run);
    else if (run.options.command == KODOSIS_COMMAND_BREAKING)
        status = breaking(&run);
    else
        status = process(&run);
    kodosis_text_clear(&run.names);
    kodosis_compilation_clear(&run.compilation);
    kodosis_options_clear(&run.options);
    return status;
}
