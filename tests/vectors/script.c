/* SPDX-License-Identifier: MIT */
/* Lines of a script, and what they are put together to. */
#include "vectors/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vectors/octets.h"

/* What is known while a file is read. */
struct reader {
    struct script *script;
    unsigned line;
    struct conversation defaults;      /* what the lines before the first conversation choose */
    struct conversation *conversation; /* the last one; NULL before the first */
    struct step *step;                 /* the last one that says something: lines with a margin go on with it */
};

static bool complain(const struct reader *reader, const char *problem, const char *text)
{
    fprintf(stderr, "%s:%u: %s: %s\n", reader->script->file, reader->line, problem, text);
    return false;
}

static char *copy_of(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        abort();
    return copy;
}

/* Text behind a prefix and blanks; NULL: it begins in another way. */
static const char *behind(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);

    if (strncmp(text, prefix, size) != 0)
        return NULL;
    return text + size + strspn(text + size, " \t");
}

/* ---- Conversations ---- */

static struct conversation *current(struct reader *reader)
{
    return reader->conversation ? reader->conversation : &reader->defaults;
}

static void begin_conversation(struct reader *reader, const char *title)
{
    struct conversation *conversation = malloc(sizeof(*conversation)), **link = &reader->script->conversations;

    if (!conversation)
        abort();
    while (*link)
        link = &(*link)->next;
    *conversation = reader->defaults;
    conversation->title = copy_of(title);
    conversation->line = reader->line;
    conversation->steps = NULL;
    *link = conversation;
    reader->conversation = conversation;
    reader->step = NULL;
}

static bool choose_sides(struct reader *reader, const char *text)
{
    bool client = strcmp(text, "client") == 0, server = strcmp(text, "server") == 0;

    current(reader)->for_side[CLIENT] = client;
    current(reader)->for_side[SERVER] = server;
    return client || server || complain(reader, "neither client nor server", text);
}

static uint32_t *setting_of(struct settings *settings, const char *name)
{
    const struct {
        const char *name;
        uint32_t *value;
    } all[] = {
        { "message", &settings->message }, { "calls", &settings->calls }, { "bytes", &settings->bytes },
        { "timeout", &settings->timeout }, { "depth", &settings->depth }, { "workers", &settings->workers },
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (strcmp(all[i].name, name) == 0)
            return all[i].value;
    }
    return NULL;
}

/* `client message 300` */
static bool choose_setting(struct reader *reader, const char *text)
{
    char side[16], name[16];
    unsigned value;
    uint32_t *setting = NULL;

    if (sscanf(text, "%15s %15s %u", side, name, &value) == 3)
        setting = setting_of(&current(reader)->settings[strcmp(side, "client") == 0 ? CLIENT : SERVER], name);
    if (!setting)
        return complain(reader, "not a setting", text);
    *setting = value;
    return true;
}

/* ---- Steps ---- */

static struct step *add_step(struct reader *reader, enum side side)
{
    struct step **link = reader->conversation ? &reader->conversation->steps : &reader->script->opening;
    struct step *step = calloc(1, sizeof(*step));

    if (!step)
        abort();
    while (*link)
        link = &(*link)->next;
    step->side = side;
    step->line = reader->line;
    *link = step;
    return step;
}

static bool add_octets(struct reader *reader, const char *text)
{
    const char *problem = octets_append(reader->step, text, reader->line);

    return !problem || complain(reader, problem, text);
}

static bool add_saying(struct reader *reader, enum side side, const char *text)
{
    struct step *step = add_step(reader, side);

    reader->step = step;
    step->ends = behind(text, "end") != NULL;
    return step->ends || add_octets(reader, text);
}

static bool add_act(struct reader *reader, enum side side, const char *text)
{
    struct step *step = add_step(reader, side);

    reader->step = NULL;
    step->acts = true;
    step->text = copy_of(text);
    return true;
}

static bool read_line(struct reader *reader, const char *text)
{
    const char *rest;

    if (text[strspn(text, " \t")] == '#' || !text[strspn(text, " \t")])
        return true;
    if (*text == ' ')
        return reader->step ? add_octets(reader, text) : complain(reader, "nothing to go on with", text);
    if ((rest = behind(text, "==")))
        return begin_conversation(reader, rest), true;
    if ((rest = behind(text, "for>")))
        return choose_sides(reader, rest);
    if ((rest = behind(text, "with>")))
        return choose_setting(reader, rest);
    if ((rest = behind(text, "client>")))
        return add_saying(reader, CLIENT, rest);
    if ((rest = behind(text, "server>")))
        return add_saying(reader, SERVER, rest);
    if ((rest = behind(text, "at-client>")))
        return add_act(reader, CLIENT, rest);
    if ((rest = behind(text, "at-server>")))
        return add_act(reader, SERVER, rest);
    return complain(reader, "a line of no known kind", text);
}

static void finish_steps(struct step *step)
{
    for (; step; step = step->next)
        octets_finish(step);
}

bool script_read(const char *file, struct script *ret_script)
{
    static const struct settings usual = { 4096, 4, 1024, 60000, 4, 0 };
    struct reader reader = { .script = ret_script,
                             .defaults = { .for_side = { true, true }, .settings = { usual, usual } } };
    FILE *stream = fopen(file, "r");
    char text[1024];
    bool right = true;

    *ret_script = (struct script){ .file = file };
    if (!stream)
        return complain(&reader, "cannot be read", strerror(errno));
    while (right && fgets(text, sizeof(text), stream)) {
        reader.line++;
        text[strcspn(text, "\n")] = '\0';
        right = read_line(&reader, text);
    }
    fclose(stream);
    finish_steps(ret_script->opening);
    for (struct conversation *one = ret_script->conversations; one; one = one->next)
        finish_steps(one->steps);
    return right;
}

static void free_steps(struct step *step)
{
    while (step) {
        struct step *next = step->next;

        free(step->text);
        free(step->octets);
        free(step);
        step = next;
    }
}

void script_clear(struct script *script)
{
    struct conversation *one;

    while ((one = script->conversations)) {
        script->conversations = one->next;
        free_steps(one->steps);
        free(one->title);
        free(one);
    }
    free_steps(script->opening);
    script->opening = NULL;
}
