/* SPDX-License-Identifier: MIT */
/* Plays conversations, and shows where the bytes differ. */
#include "vectors/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AROUND = 24 }; /* octets that are shown on each side of a difference */

struct play {
    const struct cast *cast;
    const char *file;
    const struct conversation *conversation;
    void *self;
    struct wire wire;
    bool local; /* over a Unix-domain socket */
};

static const char *name_of(enum side side)
{
    return side == CLIENT ? "client" : "server";
}

/* Where, and in which conversation. */
static void say_place(const struct play *play, unsigned line)
{
    fprintf(stderr, "%s:%u: %s (\"%s\", line %u): ", play->file, line, name_of(play->cast->side),
            play->conversation->title, play->conversation->line);
}

/* ---- Octets ---- */

static void show(const char *what, const uint8_t *bytes, size_t size, size_t at)
{
    size_t from = at > AROUND ? at - AROUND : 0, to = at + AROUND < size ? at + AROUND : size;

    fprintf(stderr, "  %-8s %s", what, from ? "... " : "");
    for (size_t i = from; i < to; i++)
        fprintf(stderr, "%s%02x%s", i == at ? "[" : "", bytes[i], i == at ? "] " : " ");
    fprintf(stderr, "%s\n", to < size ? "..." : at == size ? "[end]" : "");
}

static void show_both(const struct step *step, const uint8_t *got, size_t size, size_t at)
{
    uint8_t *expected = malloc(step->count + 1);

    if (!expected)
        abort();
    for (size_t i = 0; i < step->count; i++)
        expected[i] = step->octets[i].value;
    show("expected", expected, step->count, at);
    show("got", got, size, at);
    free(expected);
}

static size_t same_octets(const struct step *step, const uint8_t *got, size_t size)
{
    size_t i = 0;

    while (i < size && got[i] == step->octets[i].value)
        i++;
    return i;
}

/* What else is there already, for the eye. */
static size_t read_rest(struct play *play, uint8_t *got, size_t size, size_t capacity)
{
    ssize_t n;

    while (size < capacity && (n = wire_read(&play->wire, got + size, capacity - size, true)) > 0)
        size += (size_t)n;
    return size;
}

/* ---- Steps ---- */

static bool say(struct play *play, const struct step *step)
{
    uint8_t *bytes = malloc(step->count + 1);
    bool said;

    if (!bytes)
        abort();
    if (step->ends) {
        wire_end(&play->wire);
        free(bytes);
        return true;
    }
    for (size_t i = 0; i < step->count; i++)
        bytes[i] = step->octets[i].value;
    said = wire_write(&play->wire, bytes, step->count);
    free(bytes);
    if (!said) {
        say_place(play, step->line);
        fprintf(stderr, "it takes no more bytes\n");
    }
    return said;
}

static bool expect_end(struct play *play, const struct step *step)
{
    uint8_t got[64];
    ssize_t n = wire_read(&play->wire, got, sizeof(got), false);

    if (n == 0)
        return true;
    say_place(play, step->line);
    fprintf(stderr, "it should end, and %s\n", n < 0 ? "stays" : "says more");
    if (n > 0)
        show("got", got, (size_t)n, 0);
    return false;
}

static bool complain_octets(struct play *play, const struct step *step, const uint8_t *got, size_t size, ssize_t last)
{
    size_t at = same_octets(step, got, size);

    say_place(play, at < step->count ? step->octets[at].line : step->line);
    fprintf(stderr, "byte %zu of %zu differs%s\n", at, step->count,
            size > at   ? ""
            : last == 0 ? ": it has ended"
                        : ": nothing comes");
    show_both(step, got, size, at);
    return false;
}

/* On unix a HELLO may claim that descriptors come and go, which scripts for all transports do not say. */
static void leave_claim_out(const struct play *play, uint8_t *got, size_t size)
{
    enum { TYPE = 1, HELLO = 0x11, FEATURES = 27, DESCRIPTORS = 8 };

    if (play->local && size > FEATURES && got[TYPE] == HELLO)
        got[FEATURES] &= (uint8_t)~DESCRIPTORS;
}

static bool expect_octets(struct play *play, const struct step *step)
{
    size_t capacity = step->count + 256, size = 0;
    uint8_t *got = malloc(capacity);
    ssize_t n = 1;
    bool right;

    if (!got)
        abort();
    while (size < step->count && n > 0 && same_octets(step, got, size) == size) {
        n = wire_read(&play->wire, got + size, step->count - size, false);
        size += n > 0 ? (size_t)n : 0;
        leave_claim_out(play, got, size);
    }
    right = size == step->count && same_octets(step, got, size) == size;
    if (!right)
        complain_octets(play, step, got, read_rest(play, got, size, step->count), n);
    free(got);
    return right;
}

/* `verb argument = outcome`; without an outcome, any will do. */
static bool act(struct play *play, const struct step *step)
{
    char verb[24] = "", argument[300] = "", outcome[400] = "";
    const char *equals = strstr(step->text, " = "), *expected = equals ? equals + 3 : NULL;
    size_t size = equals ? (size_t)(equals - step->text) : strlen(step->text), name = strcspn(step->text, " ");

    name = name < size ? name : size;
    snprintf(verb, sizeof(verb), "%.*s", (int)name, step->text);
    snprintf(argument, sizeof(argument), "%.*s", name < size ? (int)(size - name - 1) : 0, step->text + name + 1);
    if (!play->cast->act(play->self, verb, argument, outcome, sizeof(outcome))) {
        say_place(play, step->line);
        fprintf(stderr, "no such act: %s\n", step->text);
        return false;
    }
    if (!expected || strcmp(expected, outcome) == 0)
        return true;
    say_place(play, step->line);
    fprintf(stderr, "%s\n  expected %s\n  got      %s\n", verb, expected, outcome);
    return false;
}

static bool play_step(struct play *play, const struct step *step)
{
    if (step->acts)
        return step->side != play->cast->side || act(play, step);
    if (step->side != play->cast->side)
        return say(play, step);
    return step->ends ? expect_end(play, step) : expect_octets(play, step);
}

static bool play_steps(struct play *play, const struct step *step, const struct step **ret_last)
{
    for (; step; step = step->next) {
        if (!play_step(play, step))
            return false;
        *ret_last = step->acts ? *ret_last : step;
    }
    return true;
}

/* ---- Conversations ---- */

/* Expects that the other side says nothing more: unless it has ended, it answers a PING with an id of its own first. */
static bool expect_silence(struct play *play, unsigned line)
{
    struct octet ping[] = { { 0xb7, line }, { 0x19, line }, { 0, line }, { 0, line },
                            { 2, line },    { 0xdb, line }, { 1, line } };
    struct octet pong[] = { { 0xb7, line }, { 0x1a, line }, { 0, line }, { 0, line },
                            { 2, line },    { 0xdb, line }, { 1, line } };
    struct step asks = { .line = line, .octets = ping, .count = 7 },
                answers = { .line = line, .octets = pong, .count = 7 };

    return say(play, &asks) && expect_octets(play, &answers);
}

static bool play_open(struct play *play, const struct step *opening)
{
    const struct step *last = NULL;

    if (!play_steps(play, opening, &last) || !play_steps(play, play->conversation->steps, &last))
        return false;
    if (last && !last->ends && !expect_silence(play, last->line))
        return false;
    if (wire_is_nameless(&play->wire))
        return true;
    say_place(play, play->conversation->line);
    fprintf(stderr, "the FIFOs still have names\n");
    return false;
}

static bool play_one(const struct cast *cast, const char *scheme, const struct script *script,
                     const struct conversation *conversation)
{
    struct play play = {
        .cast = cast, .file = script->file, .conversation = conversation, .wire = { -1, -1, false, "" }
    };
    bool right;

    play.local = strcmp(scheme, "unix") == 0;
    play.self = cast->open(scheme, conversation, &play.wire);
    if (!play.self) {
        say_place(&play, conversation->line);
        fprintf(stderr, "cannot be set up\n");
        return false;
    }
    right = play_open(&play, script->opening);
    wire_close(&play.wire);
    cast->close(play.self);
    return right;
}

static bool play_file(const struct cast *cast, const char *scheme, const char *file, unsigned *count)
{
    struct script script;
    bool read = script_read(file, &script), right = read;

    for (const struct conversation *one = script.conversations; read && one; one = one->next) {
        if (!one->for_side[cast->side])
            continue;
        ++*count;
        right = play_one(cast, scheme, &script, one) && right;
    }
    script_clear(&script);
    return right;
}

int play_all(const struct cast *cast, int count, char **arguments)
{
    unsigned played = 0;
    bool right = true;
    bool helps = count == 2 && strcmp(arguments[1], "--help") == 0;

    if (count < 3) {
        fprintf(helps ? stdout : stderr,
                "usage: %s tcp|unix|pipe FILE...\nPlays conversations to a %s of the library.\n", arguments[0],
                cast->name);
        return helps ? 0 : 2;
    }
    for (int i = 2; i < count; i++)
        right = play_file(cast, arguments[1], arguments[i], &played) && right;
    printf("%u conversations with the %s over %s: %s\n", played, cast->name, arguments[1],
           right ? "as they are written" : "not all as they are written");
    return right && played ? 0 : 1;
}
