/* SPDX-License-Identifier: MIT */
/* Finding out what may come next. */
#include "kodosis/lsp/situation.h"

#include <string.h>

#include "kodosis/lsp/words.h"

enum { STATEMENT_MAX = 64, DEPTH_MAX = 64 };

/* A token in front of the place: a word, a string, or one other character. */
struct token {
    size_t start;
    size_t size;
    char first;
};

/* What a brace belongs to. */
enum body { BODY_NONE, BODY_ENUM, BODY_RECORD, BODY_EXTENSIBLE, BODY_SERVICE };

struct scan {
    const char *text;
    size_t offset;
    struct token statement
        [STATEMENT_MAX]; /* the tokens since the last ';', '{' or '}', or ',' of an enum; only the first ones */
    size_t count;
    struct token last; /* the last token of all; size 0: there is none */
    enum body bodies[DEPTH_MAX];
    size_t depth;
    size_t angles; /* "<" that are open */
    size_t rounds; /* "(" */
    size_t values; /* "[" and "{" behind "=" */
    bool inside;   /* a comment or a string */
};

static bool is(const struct scan *scan, const struct token *token, const char *word)
{
    return token->size == strlen(word) && !memcmp(scan->text + token->start, word, token->size);
}

static bool has(const struct scan *scan, const char *word)
{
    for (size_t i = 0; i < scan->count; i++)
        if (is(scan, &scan->statement[i], word))
            return true;
    return false;
}

static enum body body_of(const struct scan *scan)
{
    if (has(scan, "enum"))
        return BODY_ENUM;
    if (has(scan, "struct") && has(scan, "extensible"))
        return BODY_EXTENSIBLE;
    if (has(scan, "struct") || has(scan, "union") || has(scan, "error"))
        return BODY_RECORD;
    return has(scan, "service") ? BODY_SERVICE : BODY_NONE;
}

static enum body current(const struct scan *scan)
{
    return scan->depth && scan->depth <= DEPTH_MAX ? scan->bodies[scan->depth - 1] : BODY_NONE;
}

static void begin_statement(struct scan *scan)
{
    scan->count = scan->angles = scan->rounds = scan->values = 0;
}

static void open_brace(struct scan *scan)
{
    if (has(scan, "=")) {
        scan->values++;
        return;
    }
    if (scan->depth < DEPTH_MAX)
        scan->bodies[scan->depth] = body_of(scan);
    scan->depth++;
    begin_statement(scan);
}

static void close_brace(struct scan *scan)
{
    if (scan->values) {
        scan->values--;
        return;
    }
    scan->depth -= scan->depth > 0;
    begin_statement(scan);
}

static void take(struct scan *scan, struct token token)
{
    scan->last = token;
    if (token.first == '{') {
        open_brace(scan);
    } else if (token.first == '}') {
        close_brace(scan);
    } else if (token.first == ';' || (token.first == ',' && current(scan) == BODY_ENUM)) {
        begin_statement(scan);
    } else {
        if (scan->count < STATEMENT_MAX)
            scan->statement[scan->count++] = token;
        scan->angles += token.first == '<';
        scan->angles -= token.first == '>' && scan->angles;
        scan->rounds += token.first == '(';
        scan->rounds -= token.first == ')' && scan->rounds;
        scan->values += token.first == '[' && has(scan, "=");
        scan->values -= token.first == ']' && scan->values;
    }
}

static size_t token_end(const char *text, size_t size, size_t start)
{
    size_t end = start + 1;

    if (text[start] == '"') {
        while (end < size && text[end] != '"' && text[end] != '\n')
            end += text[end] == '\\' ? 2 : 1;
        return end < size ? end + 1 : size + 1;
    }
    while (lsp_is_word(text[start]) && end < size && lsp_is_word(text[end]))
        end++;
    return end;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Whether a comment that ends where the scan does is closed: what is typed next stands behind it. */
static bool is_closed(const struct scan *scan, size_t start)
{
    size_t size = scan->offset - start;

    return size >= 4 && scan->text[start + 1] == '*' && !memcmp(scan->text + scan->offset - 2, "*/", 2);
}

/* Reads all tokens up to the offset. What stands behind it is not looked at. */
static void read_tokens(struct scan *scan)
{
    size_t at = 0;

    while (at < scan->offset && !scan->inside) {
        size_t behind = lsp_behind_comment(scan->text, scan->offset, at);

        if (behind != at) {
            scan->inside = behind == scan->offset && !is_closed(scan, at);
            at = behind;
        } else if (is_blank(scan->text[at])) {
            at++;
        } else {
            behind = token_end(scan->text, scan->offset, at);
            scan->inside = behind > scan->offset; /* a string */
            if (!scan->inside)
                take(scan, (struct token){ at, behind - at, scan->text[at] });
            at = behind;
        }
    }
}

/* ---- What may come ---- */

static struct lsp_span span_between(const struct scan *scan, size_t first, size_t behind)
{
    const struct token *from = &scan->statement[first];
    const struct token *to = behind > first ? &scan->statement[behind - 1] : from;

    return (struct lsp_span){ from->start, behind > first ? to->start + to->size - from->start : 0 };
}

/* Expects a value if "=" is there; its type is what stands in front of the name in front of "=". */
static bool expects_value(const struct scan *scan, size_t first, struct lsp_situation *situation)
{
    size_t equals = first;

    while (equals < scan->count && !is(scan, &scan->statement[equals], "="))
        equals++;
    if (equals == scan->count)
        return false;
    situation->expected = LSP_EXPECTS_VALUE;
    if (equals > first + 1)
        situation->type = span_between(scan, first, equals - 1);
    return true;
}

/* Expects a type at the beginning and within brackets, a value as the size of an array. */
static unsigned in_type(const struct scan *scan, size_t first)
{
    if (scan->last.first == '[')
        return LSP_EXPECTS_VALUE;
    if (scan->count == first || (scan->angles && (scan->last.first == '<' || scan->last.first == ',')))
        return LSP_EXPECTS_TYPE;
    return LSP_EXPECTS_NOTHING;
}

static void at_top(const struct scan *scan, size_t first, struct lsp_situation *situation)
{
    const struct token *word = first < scan->count ? &scan->statement[first] : NULL;

    if (!word)
        situation->expected = LSP_EXPECTS_DECLARATION | (first ? 0 : LSP_EXPECTS_DEPRECATED);
    else if (is(scan, &scan->last, "extensible") || is(scan, &scan->last, "flags"))
        situation->expected = LSP_EXPECTS_KIND;
    else if (is(scan, word, "const") && !expects_value(scan, first + 1, situation))
        situation->expected = in_type(scan, first + 1);
    else if (is(scan, word, "type") && scan->last.first == '=')
        situation->expected = LSP_EXPECTS_TYPE;
    else if (is(scan, word, "type"))
        situation->expected = scan->angles ? in_type(scan, first + 1) : LSP_EXPECTS_NOTHING;
    else if (has(scan, "enum") && scan->last.first == ':')
        situation->expected = LSP_EXPECTS_INTEGER_TYPE;
    else if (is(scan, word, "service") && scan->count >= first + 2 && !has(scan, "as"))
        situation->expected = LSP_EXPECTS_VERSION;
}

static void in_record(const struct scan *scan, size_t first, struct lsp_situation *situation)
{
    if (current(scan) == BODY_EXTENSIBLE && expects_value(scan, first, situation))
        return;
    situation->expected = in_type(scan, first) | (scan->count ? 0 : LSP_EXPECTS_DEPRECATED);
}

static void in_service(const struct scan *scan, size_t first, struct lsp_situation *situation)
{
    bool begins = scan->last.first == '(' || (scan->last.first == ',' && !scan->angles);

    while (first < scan->count &&
           (is(scan, &scan->statement[first], "oneway") || is(scan, &scan->statement[first], "idempotent")))
        first++;
    if (scan->rounds && has(scan, "raises"))
        situation->expected = begins ? LSP_EXPECTS_ERROR : LSP_EXPECTS_NOTHING;
    else if (scan->rounds && begins)
        situation->expected = LSP_EXPECTS_TYPE | LSP_EXPECTS_STREAM;
    else if (scan->last.first == ')' && !has(scan, "raises"))
        situation->expected = LSP_EXPECTS_RAISES;
    else if (scan->count == first)
        situation->expected =
            LSP_EXPECTS_TYPE | LSP_EXPECTS_STREAM | LSP_EXPECTS_PROCEDURE | (scan->count ? 0 : LSP_EXPECTS_DEPRECATED);
    else
        situation->expected = in_type(scan, first);
}

/* Goes back over the name that is being typed, and notes what stands in front of its last dot. */
static size_t find_prefix(const char *text, size_t offset, struct lsp_span *ret_prefix)
{
    size_t start = offset;
    size_t dot;

    while (start && lsp_is_word(text[start - 1]))
        start--;
    if (!start || text[start - 1] != '.')
        return start;
    dot = start - 1;
    for (start = dot; start && (lsp_is_word(text[start - 1]) || text[start - 1] == '.');)
        start--;
    *ret_prefix = (struct lsp_span){ start, dot - start };
    return start;
}

struct lsp_situation lsp_situation_at(const char *text, size_t size, size_t offset)
{
    struct lsp_situation situation = { 0 };
    struct scan scan = { .text = text };
    size_t first;

    scan.offset = find_prefix(text, offset < size ? offset : size, &situation.prefix);
    read_tokens(&scan);
    first = scan.count >= 2 && is(&scan, &scan.statement[0], "deprecated") && scan.statement[1].first == '"' ? 2 : 0;
    if (scan.inside) {
        situation.expected = scan.count && is(&scan, &scan.statement[0], "import") ? LSP_EXPECTS_FILE : 0;
        return situation;
    }
    switch (current(&scan)) {
    case BODY_NONE:
        at_top(&scan, first, &situation);
        break;
    case BODY_ENUM:
        situation.expected = has(&scan, "=") ? LSP_EXPECTS_VALUE : scan.count ? 0 : LSP_EXPECTS_DEPRECATED;
        break;
    case BODY_RECORD:
    case BODY_EXTENSIBLE:
        in_record(&scan, first, &situation);
        break;
    case BODY_SERVICE:
        in_service(&scan, first, &situation);
        break;
    }
    return situation;
}
