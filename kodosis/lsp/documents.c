/* SPDX-License-Identifier: MIT */
/* Open documents, in front of the files on the disk. */
#include "kodosis/lsp/documents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/text/memory.h"
#include "kodosis/lsp/uri.h"

static char *copy(const char *text, size_t size)
{
    char *made = kodosis_reallocate(NULL, size + 1, 1);

    memcpy(made, text, size);
    made[size] = '\0';
    return made;
}

/* ---- Sources ---- */

/* The identity of a path: the file's on the disk, else the path itself if a document that was never saved has it. */
static char *identify(void *self, const char *path)
{
    const struct lsp_documents *documents = self;
    char *identity = documents->disk->identify(documents->disk->self, path);
    char *plain;

    if (identity)
        return identity;
    plain = lsp_normalise(path);
    for (const struct lsp_document *each = documents->first; each; each = each->next)
        if (!strcmp(each->path, plain) || !strcmp(each->path, path))
            return plain;
    free(plain);
    return NULL;
}

static int give(const char *text, size_t size, size_t limit, char **ret_data, size_t *ret_size)
{
    *ret_size = size < limit ? size : limit;
    *ret_data = copy(text ? text : "", *ret_size);
    return 0;
}

static int read_source(void *self, const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
    struct lsp_documents *documents = self;
    char *identity = identify(self, path);
    const struct lsp_document *document = identity ? lsp_document_identified(documents, identity) : NULL;
    const struct lsp_trial *trial = identity ? documents->trials : NULL;

    while (trial && strcmp(trial->identity, identity))
        trial = trial->next;
    free(identity);
    if (trial)
        return give(trial->text, trial->size, limit, ret_data, ret_size);
    if (document)
        return give(document->text.data, document->text.size, limit, ret_data, ret_size);
    return documents->disk->read(documents->disk->self, path, limit, ret_data, ret_size);
}

struct kodosis_sources lsp_sources_of(struct lsp_documents *documents)
{
    return (struct kodosis_sources){ documents, read_source, identify };
}

/* ---- Documents ---- */

struct lsp_document *lsp_document_find(const struct lsp_documents *documents, const char *uri)
{
    struct lsp_document *document = documents->first;

    while (document && strcmp(document->uri, uri))
        document = document->next;
    return document;
}

struct lsp_document *lsp_document_identified(const struct lsp_documents *documents, const char *identity)
{
    struct lsp_document *document = documents->first;

    while (document && strcmp(document->identity, identity))
        document = document->next;
    return document;
}

static void find_identity(struct lsp_documents *documents, struct lsp_document *document)
{
    char *identity = documents->disk->identify(documents->disk->self, document->path);

    free(document->identity);
    document->identity = identity ? identity : copy(document->path, strlen(document->path));
}

void lsp_documents_identify(struct lsp_documents *documents)
{
    for (struct lsp_document *each = documents->first; each; each = each->next)
        find_identity(documents, each);
}

static struct lsp_document *make(struct lsp_documents *documents, const char *uri)
{
    char *path = documents->count < LSP_DOCUMENTS_MAX ? lsp_path_of(uri) : NULL;
    struct lsp_document *document;

    if (!path)
        return NULL;
    document = kodosis_reallocate(NULL, 1, sizeof(*document));
    *document = (struct lsp_document){ .uri = copy(uri, strlen(uri)), .path = path, .next = documents->first };
    find_identity(documents, document);
    documents->first = document;
    documents->count++;
    return document;
}

struct lsp_document *lsp_document_open(struct lsp_documents *documents, const char *uri, const char *text, size_t size,
                                       int64_t version)
{
    struct lsp_document *document = lsp_document_find(documents, uri);

    if (!document)
        document = make(documents, uri);
    if (!document)
        return NULL;
    lsp_document_set(document, text, size);
    document->version = version;
    return document;
}

static void free_document(struct lsp_document *document)
{
    free(document->uri);
    free(document->path);
    free(document->identity);
    kodosis_text_clear(&document->text);
    free(document);
}

void lsp_document_close(struct lsp_documents *documents, struct lsp_document *document)
{
    struct lsp_document **link = &documents->first;

    while (*link != document)
        link = &(*link)->next;
    *link = document->next;
    documents->count--;
    free_document(document);
}

void lsp_document_set(struct lsp_document *document, const char *text, size_t size)
{
    document->lost = size > LSP_DOCUMENT_SIZE;
    kodosis_text_clear(&document->text);
    kodosis_text_add_bytes(&document->text, text, document->lost ? 0 : size);
}

void lsp_document_change(struct lsp_document *document, struct lsp_place start, struct lsp_place end, const char *text,
                         size_t size)
{
    struct kodosis_text *old = &document->text;
    struct kodosis_text new = KODOSIS_TEXT_INIT;
    struct lsp_lines lines;
    size_t from;
    size_t to;

    if (document->lost)
        return;
    lsp_lines_read(&lines, old->data, old->size);
    from = lsp_offset_of(&lines, start);
    to = lsp_offset_of(&lines, end);
    lsp_lines_clear(&lines);
    if (to < from) {
        size_t swapped = from;

        from = to;
        to = swapped;
    }
    kodosis_text_add_bytes(&new, old->data, from);
    kodosis_text_add_bytes(&new, text, size);
    kodosis_text_add_bytes(&new, old->data + to, old->size - to);
    lsp_document_set(document, new.data, new.size);
    kodosis_text_clear(&new);
}

void lsp_documents_clear(struct lsp_documents *documents)
{
    while (documents->first)
        lsp_document_close(documents, documents->first);
}
