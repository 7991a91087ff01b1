/* SPDX-License-Identifier: MIT */
/* The command line. */
#include "kodosis/compiler/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kodosis/compiler/breaking/breaking.h"
#include "kodosis/compiler/syntax/keyword.h"
#include "kodosis/compiler/text/memory.h"

const char kodosis_usage[] =
    "usage: kodosis [compile] [OPTION]... FILE...\n"
    "       kodosis check [OPTION]... FILE...\n"
    "       kodosis describe [OPTION]... FILE...\n"
    "       kodosis format [-i|--check|--diff] FILE...\n"
    "       kodosis lint [OPTION]... FILE|FOLDER...\n"
    "       kodosis breaking [OPTION]... OLD NEW\n"
    "       kodosis breaking --against REVISION [OPTION]... FILE|FOLDER...\n"
    "       kodosis doc [-o DIR] [-I DIR]... FILE...\n"
    "       kodosis lsp [-I DIR]...\n"
    "\n"
    "Compiles interface files to C: for each FILE.kod a FILE.h and a FILE.c.\n"
    "`check` only looks for errors; `describe` prints what the files declare as JSON.\n"
    "`format` prints the files in the one style, and reads no imports.\n"
    "`lint` finds what the language allows and experience advises against.\n"
    "`breaking` says what a change breaks. OLD and NEW are files, folders, or\n"
    "REVISION:PATH, which git reads.\n"
    "`doc` writes pages of HTML about what the files declare, and import.\n"
    "`lsp` is a language server for editors.\n"
    "\n"
    "  -o, --output DIR        write into this directory, which is made if need be\n"
    "  -I, --import-path DIR   look for imported files here too; names of outputs are\n"
    "                          relative to the first such directory above their file\n"
    "      --flat              name outputs by the last part of their file's path alone,\n"
    "                          also in #include lines\n"
    "      --depfile FILE      write the dependencies, for make and ninja\n"
    "      --if-changed        do not write outputs again that would be the same, so that\n"
    "                          what depends on them is not built again\n"
    "      --stamp FILE        the same, and write this file when all is done: what make and\n"
    "                          ninja compare with the inputs\n"
    "      --print-names       print the names of the files to be written, write none\n"
    "      --errors FORMAT     errors and warnings as text: gcc, the default; or as JSON: json\n"
    "      --color WHEN        colour in messages: auto, always or never\n"
    "  -i, --in-place          format: write each file that is not in the style\n"
    "      --check             format: print the names of such files; the exit status is 1\n"
    "      --diff              format: print what would change; the exit status is 1\n"
    "      --against REVISION  breaking: compare with the same paths in this git revision\n"
    "      --kinds LIST        breaking: look for these only: wire, source, behaviour, notice\n"
    "      --list              lint: print the rules\n"
    "      --explain RULE      lint: print what a rule wants, and why\n"
    "      --rule NAME         lint: switch a rule on, or with -NAME off, or all of them\n"
    "  -h, --help              print this\n"
    "      --version           print the version\n"
    "\n"
    "Exit status: 0 all is well, 1 errors in the files, 2 wrong usage, 3 a file could\n"
    "not be read or written, 4 lint or breaking found something.\n";

enum {
    OPTION_DEPFILE = 256,
    OPTION_FLAT,
    OPTION_PRINT_NAMES,
    OPTION_COLOUR,
    OPTION_VERSION,
    OPTION_CHECK,
    OPTION_DIFF,
    OPTION_ERRORS,
    OPTION_AGAINST,
    OPTION_IF_CHANGED,
    OPTION_STAMP,
    OPTION_KINDS,
    OPTION_LIST,
    OPTION_EXPLAIN,
    OPTION_RULE
};

static const struct option long_options[] = {
    { "output", required_argument, NULL, 'o' },
    { "import-path", required_argument, NULL, 'I' },
    { "depfile", required_argument, NULL, OPTION_DEPFILE },
    { "flat", no_argument, NULL, OPTION_FLAT },
    { "if-changed", no_argument, NULL, OPTION_IF_CHANGED },
    { "stamp", required_argument, NULL, OPTION_STAMP },
    { "print-names", no_argument, NULL, OPTION_PRINT_NAMES },
    { "color", required_argument, NULL, OPTION_COLOUR },
    { "colour", required_argument, NULL, OPTION_COLOUR },
    { "errors", required_argument, NULL, OPTION_ERRORS },
    { "in-place", no_argument, NULL, 'i' },
    { "check", no_argument, NULL, OPTION_CHECK },
    { "diff", no_argument, NULL, OPTION_DIFF },
    { "against", required_argument, NULL, OPTION_AGAINST },
    { "kinds", required_argument, NULL, OPTION_KINDS },
    { "list", no_argument, NULL, OPTION_LIST },
    { "explain", required_argument, NULL, OPTION_EXPLAIN },
    { "rule", required_argument, NULL, OPTION_RULE },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, OPTION_VERSION },
    { 0 },
};

static const char *const commands[] = {
    "compile", "check", "describe", "format", "lint", "breaking", "doc", "lsp", "help", "version",
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static bool complain(const char *message, const char *what)
{
    fprintf(stderr, "kodosis: %s%s\ntry 'kodosis --help'\n", message, what);
    return false;
}

static bool set_colour(struct kodosis_options *options, const char *when)
{
    if (!strcmp(when, "auto"))
        options->colour = KODOSIS_COLOUR_AUTO;
    else if (!strcmp(when, "always"))
        options->colour = KODOSIS_COLOUR_ALWAYS;
    else if (!strcmp(when, "never"))
        options->colour = KODOSIS_COLOUR_NEVER;
    else
        return complain("--color is auto, always or never, not ", when);
    return true;
}

static bool set_errors(struct kodosis_options *options, const char *format)
{
    options->json_errors = !strcmp(format, "json");
    if (!options->json_errors && strcmp(format, "gcc"))
        return complain("--errors is gcc or json, not ", format);
    return true;
}

static void add_import_path(struct kodosis_options *options, const char *path)
{
    options->import_paths =
        kodosis_reallocate(options->import_paths, options->import_path_count + 1, sizeof(*options->import_paths));
    options->import_paths[options->import_path_count++] = path;
}

/* Reads names with commas between them. */
static bool set_kinds(struct kodosis_options *options, const char *list)
{
    static const char *const names[] = { "wire", "source", "behaviour", "notice" };
    const char *rest = list;

    options->kinds = 0;
    do {
        size_t size = strcspn(rest, ",");
        unsigned kind = 0;

        while (kind < sizeof(names) / sizeof(*names) &&
               (strlen(names[kind]) != size || strncmp(rest, names[kind], size)))
            kind++;
        if (kind == sizeof(names) / sizeof(*names))
            return complain("--kinds is a list of wire, source, behaviour and notice, not ", list);
        options->kinds |= 1u << kind;
        rest += size;
    } while (*rest++);
    return true;
}

static void add_rule(struct kodosis_options *options, const char *rule)
{
    options->rules = kodosis_reallocate(options->rules, options->rule_count + 1, sizeof(*options->rules));
    options->rules[options->rule_count++] = rule;
}

/* `how` is one of -i, --check and --diff. */
static bool set_format(struct kodosis_options *options, int how)
{
    if (options->format != KODOSIS_FORMAT_PRINT)
        return complain("only one of --in-place, --check and --diff", "");
    if (how == 'i')
        options->format = KODOSIS_FORMAT_IN_PLACE;
    else
        options->format = how == OPTION_CHECK ? KODOSIS_FORMAT_CHECK : KODOSIS_FORMAT_DIFF;
    return true;
}

static bool take_option(struct kodosis_options *options, int option, const char *argument)
{
    switch (option) {
    case 'o':
        options->output = argument;
        return true;
    case 'I':
        add_import_path(options, argument);
        return true;
    case 'h':
        options->command = KODOSIS_COMMAND_HELP;
        return true;
    case OPTION_DEPFILE:
        options->depfile = argument;
        return true;
    case OPTION_FLAT:
        options->flat = true;
        return true;
    case OPTION_IF_CHANGED:
        options->if_changed = true;
        return true;
    case OPTION_STAMP:
        options->stamp = argument;
        options->if_changed = true;
        return true;
    case OPTION_PRINT_NAMES:
        options->print_names = true;
        return true;
    case 'i':
    case OPTION_CHECK:
    case OPTION_DIFF:
        return set_format(options, option);
    case OPTION_ERRORS:
        return set_errors(options, argument);
    case OPTION_COLOUR:
        return set_colour(options, argument);
    case OPTION_AGAINST:
        options->against = argument;
        return true;
    case OPTION_KINDS:
        return set_kinds(options, argument);
    case OPTION_LIST:
        options->list = true;
        return true;
    case OPTION_EXPLAIN:
        options->explain = argument;
        return true;
    case OPTION_RULE:
        add_rule(options, argument);
        return true;
    case OPTION_VERSION:
        options->command = KODOSIS_COMMAND_VERSION;
        return true;
    default:
        fputs("try 'kodosis --help'\n", stderr); /* getopt_long() has printed which option is wrong */
        return false;
    }
}

/* The first word, if it is a command. A word that is neither a command nor a file may be a misspelt command. */
static bool take_command(struct kodosis_options *options, const char *word, bool *ret_taken)
{
    struct kodosis_guess guess = kodosis_guess_begin(word, strlen(word));

    *ret_taken = false;
    for (size_t i = 0; i < COMMANDS; i++) {
        if (!strcmp(word, commands[i])) {
            options->command = (enum kodosis_command)i;
            *ret_taken = true;
            return true;
        }
        kodosis_guess_consider(&guess, commands[i]);
    }
    if (!guess.best || strpbrk(word, "./") || *word == '-' || access(word, F_OK) == 0)
        return true;
    fprintf(stderr, "kodosis: there is no command '%s'; did you mean '%s'?\n", word, guess.best);
    return false;
}

/* Options of breaking and lint, which other commands have not, and the number of paths. */
static bool check_judges(const struct kodosis_options *options)
{
    bool breaking = options->command == KODOSIS_COMMAND_BREAKING;

    if (!breaking && (options->against || options->kinds != KODOSIS_BREAK_ALL))
        return complain("--against and --kinds go with breaking, not with ", commands[options->command]);
    if (options->command != KODOSIS_COMMAND_LINT && (options->list || options->explain || options->rule_count))
        return complain("--list, --explain and --rule go with lint, not with ", commands[options->command]);
    if (breaking && !options->against && options->file_count != 2)
        return complain("breaking compares two: OLD NEW, or --against REVISION and files", "");
    return true;
}

static bool check_sense(const struct kodosis_options *options)
{
    bool writes = options->command == KODOSIS_COMMAND_COMPILE;

    if (options->command == KODOSIS_COMMAND_HELP || options->command == KODOSIS_COMMAND_VERSION)
        return true;
    if (!check_judges(options))
        return false;
    if (options->list || options->explain)
        return true;
    if (!options->file_count)
        return complain("no interface file was given", "");
    if (!writes && options->output && options->command != KODOSIS_COMMAND_DOC)
        return complain("--output goes with compile and doc, not with ", commands[options->command]);
    if (!writes && (options->depfile || options->print_names || options->if_changed))
        return complain("--depfile, --stamp, --if-changed and --print-names go with compile, not with ",
                        commands[options->command]);
    if (options->command != KODOSIS_COMMAND_FORMAT && options->format != KODOSIS_FORMAT_PRINT)
        return complain("--in-place, --check and --diff go with format, not with ", commands[options->command]);
    if (options->command == KODOSIS_COMMAND_FORMAT && (options->import_path_count || options->flat))
        return complain("format reads no imports: it has neither -I nor --flat", "");
    if (options->print_names && (options->depfile || options->stamp))
        return complain("--print-names writes nothing, also no --depfile and no --stamp", "");
    return true;
}

bool kodosis_options_parse(int argc, char **argv, struct kodosis_options *ret_options)
{
    struct kodosis_options options = { .command = KODOSIS_COMMAND_COMPILE, .kinds = KODOSIS_BREAK_ALL };
    bool taken = false;
    int option;

    if (argc > 1 && !take_command(&options, argv[1], &taken))
        return false;
    argc -= taken;
    argv += taken;
    argv[0] = "kodosis"; /* getopt_long() begins its messages with this, also if argv[0] is a command */
    optind = 0;          /* from the start, also when called again */
    while ((option = getopt_long(argc, argv, "o:I:ih", long_options, NULL)) != -1) {
        if (!take_option(&options, option, optarg)) {
            kodosis_options_clear(&options);
            return false;
        }
    }
    options.files = (const char *const *)argv + optind;
    options.file_count = (size_t)(argc - optind);
    if (!check_sense(&options)) {
        kodosis_options_clear(&options);
        return false;
    }
    *ret_options = options;
    return true;
}

void kodosis_options_clear(struct kodosis_options *options)
{
    free(options->import_paths);
    free(options->rules);
    *options = (struct kodosis_options){ 0 };
}
