/* SPDX-License-Identifier: MIT */
/*
 * Where in the grammar a place of a file is, found from the tokens in front of it, because what is being typed is seldom whole.
 */
#ifndef KODOSIS_LSP_SITUATION_H
#define KODOSIS_LSP_SITUATION_H

#include <stdbool.h>
#include <stddef.h>

enum lsp_expected {
    LSP_EXPECTS_NOTHING = 0,
    LSP_EXPECTS_TYPE = 1 << 0,
    LSP_EXPECTS_INTEGER_TYPE = 1 << 1,
    LSP_EXPECTS_DECLARATION = 1 << 2, /* the words that begin one */
    LSP_EXPECTS_KIND = 1 << 3,        /* struct, union, enum: behind `extensible` */
    LSP_EXPECTS_VALUE = 1 << 4,       /* of the type at `type` */
    LSP_EXPECTS_ERROR = 1 << 5,
    LSP_EXPECTS_RAISES = 1 << 6,
    LSP_EXPECTS_STREAM = 1 << 7,
    LSP_EXPECTS_PROCEDURE = 1 << 8, /* oneway, idempotent, void */
    LSP_EXPECTS_DEPRECATED = 1 << 9,
    LSP_EXPECTS_VERSION = 1 << 10, /* version, as */
    LSP_EXPECTS_FILE = 1 << 11,    /* the path of an import */
};

/* A part of the text. */
struct lsp_span {
    size_t start;
    size_t size;
};

struct lsp_situation {
    unsigned expected;      /* bits of enum lsp_expected */
    struct lsp_span prefix; /* the dotted name in front, up to and without its last dot; empty without a dot */
    struct lsp_span type;   /* VALUE: what is written as its type; empty if that is not known */
};

struct lsp_situation lsp_situation_at(const char *text, size_t size, size_t offset);

#endif
