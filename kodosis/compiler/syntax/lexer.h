/* SPDX-License-Identifier: MIT */
/*
 * The lexer: the text of an interface file as tokens. It looks one character ahead and allocates only doc comments and the
 * contents of strings.
 */
#ifndef KODOSIS_COMPILER_SYNTAX_LEXER_H
#define KODOSIS_COMPILER_SYNTAX_LEXER_H

#include "kodosis/compiler/text/diagnostic.h"

enum kodosis_token_kind {
    KODOSIS_TOKEN_END,
    KODOSIS_TOKEN_NAME, /* also every keyword */
    KODOSIS_TOKEN_INTEGER,
    KODOSIS_TOKEN_FLOAT,
    KODOSIS_TOKEN_STRING,
    KODOSIS_TOKEN_SYMBOL, /* one of {}()<>[],;:=.- or of @?#*&, which other languages have */
};

struct kodosis_token {
    enum kodosis_token_kind kind;
    char symbol;
    bool too_large;    /* INTEGER beyond 64 bits */
    bool too_small;    /* FLOAT that is 0 only because a double cannot be so small */
    const char *start; /* in the source */
    size_t size;
    uint64_t integer;
    double real;
    const char *text; /* STRING: its contents, unescaped */
    size_t text_size;
    const char *doc; /* the doc comments in front, or NULL */
    struct kodosis_position position;
};

struct kodosis_lexer {
    const struct kodosis_file *file;
    struct kodosis_diagnostics *diagnostics;
    struct kodosis_memory *memory; /* for doc comments and strings */
    const char *cursor;
    const char *end;
    const char *line_start;
    uint32_t line;
    struct kodosis_text doc; /* being collected */
    bool has_doc;
    bool fresh_line; /* no token has begun on this line */
};

/*
 * Starts at the beginning of a file. False, with an error reported, if it is no text: larger than the limit, not UTF-8, or
 * with control characters.
 */
bool kodosis_lexer_open(struct kodosis_lexer *lexer, const struct kodosis_file *file, struct kodosis_memory *memory,
                        struct kodosis_diagnostics *diagnostics);

/* Reads the next token; at the end that is END, each time. Reports and skips characters that begin no token. */
void kodosis_lexer_next(struct kodosis_lexer *lexer, struct kodosis_token *ret_token);

void kodosis_lexer_close(struct kodosis_lexer *lexer);

#endif
