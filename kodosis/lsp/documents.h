/* SPDX-License-Identifier: MIT */
/*
 * The files that the editor has open: their texts count, not those on the disk. Together with the files below them they are the
 * sources of the compiler.
 */
#ifndef KODOSIS_LSP_DOCUMENTS_H
#define KODOSIS_LSP_DOCUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "kodosis/compiler/sources.h"
#include "kodosis/compiler/text/text.h"
#include "kodosis/lsp/place.h"

enum {
    LSP_DOCUMENTS_MAX = 1024,             /* open at once */
    LSP_DOCUMENT_SIZE = 16 * 1024 * 1024, /* bytes; longer ones are not kept */
};

struct lsp_document {
    char *uri;      /* as the client spells it */
    char *path;     /* absolute and without detours, or the URI if it is no file's */
    char *identity; /* as of kodosis_sources: equal for all paths to one file */
    struct kodosis_text text;
    int64_t version;
    bool lost; /* it was too long: nothing is known of it until the client sends all of it again */
    struct lsp_document *next;
};

/* A text that stands for a file for a while, also for one that is open: what a rename would make of it. */
struct lsp_trial {
    const char *identity;
    const char *text;
    size_t size;
    const struct lsp_trial *next;
};

struct lsp_documents {
    struct lsp_document *first;
    size_t count;
    const struct kodosis_sources *disk;
    const struct lsp_trial *trials;
};

/* What the compiler reads: trials, then open documents, then the disk. The documents outlive it, and stay where they are. */
struct kodosis_sources lsp_sources_of(struct lsp_documents *documents);

/* The open document of a URI, or of an identity; NULL if there is none. */
struct lsp_document *lsp_document_find(const struct lsp_documents *documents, const char *uri);
struct lsp_document *lsp_document_identified(const struct lsp_documents *documents, const char *identity);

/* Opens a document, or replaces its text if it is open. NULL if too many are, or the URI has a wrong escape. */
struct lsp_document *lsp_document_open(struct lsp_documents *documents, const char *uri, const char *text, size_t size,
                                       int64_t version);
void lsp_document_close(struct lsp_documents *documents, struct lsp_document *document);

/* Replaces all of the text, or the part between two places, of which the second may stand in front of the first. */
void lsp_document_set(struct lsp_document *document, const char *text, size_t size);
void lsp_document_change(struct lsp_document *document, struct lsp_place start, struct lsp_place end, const char *text,
                         size_t size);

/* Finds the identities again: files may have come and gone. */
void lsp_documents_identify(struct lsp_documents *documents);

void lsp_documents_clear(struct lsp_documents *documents);

#endif
