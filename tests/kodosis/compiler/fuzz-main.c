/* SPDX-License-Identifier: MIT */
/*
 * A driver for the fuzzer's entry that needs no libFuzzer: it mutates the files of a corpus, each run from its own number,
 * so that what fails can be run again.
 *     kodosis_fuzz RUNS FIRST FILE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kodosis/compiler/fuzz.h"
#include "examples/usage.h"

enum { SIZE_MAX_INPUT = 64 * 1024, CORPUS_MAX = 512 };

struct input {
    uint8_t *data;
    size_t size;
};

static struct input corpus[CORPUS_MAX];
static size_t corpus_size;
static unsigned long current_run;

static const char *const words[] = {
    "namespace ",
    "import \"common.kod\";",
    "import \"back.kod\";",
    "const ",
    "enum ",
    "struct ",
    "union ",
    "error ",
    "service ",
    " version 2 ",
    " as ",
    "oneway ",
    "stream<",
    "idempotent ",
    " raises (",
    "void ",
    "stream ",
    "list<",
    "optional<",
    "map<",
    "string",
    "bytes",
    "bool",
    "int8",
    "int32",
    "uint64",
    "float32",
    "float64",
    "true",
    "false",
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    "[",
    "]",
    ",",
    ";",
    ":",
    "=",
    ".",
    "-",
    "/*",
    "*/",
    "//",
    "///",
    "\"",
    "\\u0041",
    "\n",
    "\r\n",
    "0",
    "1",
    "255",
    "-1",
    "0x7fffffffffffffff",
    "18446744073709551615",
    "99999999999999999999999",
    "1e308",
    "1.5",
    "67108864",
    "[2][3]",
    "A",
    "Point",
    "acme.common.Severity",
    "common.Stamp",
    "_",
    "\xef\xbb\xbf",
    "\xff",
    "'",
};

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t below(uint64_t *state, size_t limit)
{
    return limit ? (size_t)(next_random(state) % limit) : 0;
}

/* Replaces `removed` bytes at `place` by others, as far as there is room. */
static void splice(struct input *input, size_t place, size_t removed, const void *bytes, size_t size)
{
    uint8_t *copy = malloc(size + 1);

    if (!copy || input->size - removed + size > SIZE_MAX_INPUT) {
        free(copy);
        return;
    }
    memcpy(copy, bytes, size); /* it may come from the input itself */
    memmove(input->data + place + size, input->data + place + removed, input->size - place - removed);
    memcpy(input->data + place, copy, size);
    input->size += size - removed;
    free(copy);
}

static void mutate(struct input *input, uint64_t *state)
{
    size_t place = below(state, input->size + 1);
    size_t length = below(state, (input->size - place < 64 ? input->size - place : 64) + 1);
    const struct input *other = &corpus[below(state, corpus_size)];
    size_t from = below(state, other->size);
    size_t room = other->size - from < 200 ? other->size - from : 200;
    const char *word = words[below(state, sizeof(words) / sizeof(*words))];

    switch (next_random(state) % 7) {
    case 0:
        if (place < input->size)
            input->data[place] ^= (uint8_t)(1u << below(state, 8));
        break;
    case 1:
        splice(input, place, length, "", 0);
        break;
    case 2:
        splice(input, place, 0, input->data + place, length);
        break;
    case 3:
        splice(input, place, 0, other->data + from, below(state, room + 1));
        break;
    case 4:
        splice(input, place, length, other->data + from, below(state, room + 1));
        break;
    default:
        splice(input, place, next_random(state) % 2 ? length : 0, word, strlen(word));
        break;
    }
}

static void run(unsigned long number, uint8_t *room)
{
    uint64_t state = number;
    const struct input *base = &corpus[below(&state, corpus_size)];
    struct input input = { room, base->size };
    size_t mutations = below(&state, 8);
    uint8_t *exact;

    memcpy(room, base->data, base->size);
    while (mutations--)
        mutate(&input, &state);
    exact = malloc(input.size + 1); /* so that one byte too far is seen */
    if (!exact)
        exit(1);
    memcpy(exact, input.data, input.size);
    LLVMFuzzerTestOneInput(exact, input.size);
    free(exact);
}

static void read_corpus(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct input *input = &corpus[corpus_size];

    if (!file || corpus_size == CORPUS_MAX || !(input->data = malloc(SIZE_MAX_INPUT))) {
        fprintf(stderr, "kodosis_fuzz: cannot take %s\n", path);
        exit(2);
    }
    input->size = fread(input->data, 1, SIZE_MAX_INPUT, file);
    corpus_size++;
    fclose(file);
}

/* Sanitizers call this when they have found something. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

static void say_which(void)
{
    char text[80];
    int size = snprintf(text, sizeof(text), "kodosis_fuzz: it was run %lu\n", current_run);

    if (write(STDERR_FILENO, text, (size_t)size) < 0)
        _exit(1);
}

int main(int argc, char **argv)
{
    usage_check(argc, argv, argc, "kodosis_fuzz RUNS FIRST FILE...\nGives mutations of the files to the compiler.");

    unsigned long runs = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    uint8_t *room = malloc(SIZE_MAX_INPUT + 1);

    for (int i = 3; i < argc; i++)
        read_corpus(argv[i]);
    if (!room || !corpus_size || !runs) {
        fputs("usage: kodosis_fuzz RUNS FIRST FILE...\n", stderr);
        return 2;
    }
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(say_which);
    for (current_run = first; current_run < first + runs; current_run++)
        run(current_run, room);
    printf("%lu runs over %zu files\n", runs, corpus_size);
    for (size_t i = 0; i < corpus_size; i++)
        free(corpus[i].data);
    free(room);
    return 0;
}
