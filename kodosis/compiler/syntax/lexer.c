/* SPDX-License-Identifier: MIT */
/* From text to tokens. */
#include "kodosis/compiler/syntax/lexer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/limits.h"
#include "kodosis/compiler/text/utf8.h"

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_word(char byte)
{
    return is_letter(byte) || is_digit(byte) || byte == '_';
}

static char peek(const struct kodosis_lexer *lexer, size_t ahead)
{
    return (size_t)(lexer->end - lexer->cursor) > ahead ? lexer->cursor[ahead] : '\0';
}

static struct kodosis_position position_of(const struct kodosis_lexer *lexer, const char *start, size_t size)
{
    return (struct kodosis_position){
        .file = lexer->file,
        .line = lexer->line,
        .column = (uint32_t)(start - lexer->line_start) + 1,
        .length = (uint32_t)size,
    };
}

static void error_at(struct kodosis_lexer *lexer, const char *start, size_t size, const char *message)
{
    struct kodosis_position position = position_of(lexer, start, size);

    kodosis_error(lexer->diagnostics, &position, "%s", message);
}

static void end_line(struct kodosis_lexer *lexer)
{
    lexer->line++;
    lexer->line_start = lexer->cursor;
    lexer->fresh_line = true;
}

/* ---- Whether the file is text ---- */

/* The bidirectional controls: with them a line looks different from what the compiler reads. */
static bool is_deceptive(uint32_t code)
{
    return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static const char *fault_of(uint32_t code, size_t length)
{
    if (!length)
        return "this is not UTF-8 text";
    if (!code)
        return "a NUL byte: this is not a text file";
    if ((code < 0x20 && code != '\t' && code != '\n' && code != '\r') || code == 0x7f)
        return "a control character does not belong in an interface file";
    if (is_deceptive(code))
        return "a bidirectional control character would make this line read differently from what it says";
    return NULL;
}

static bool check_text(struct kodosis_lexer *lexer)
{
    while (lexer->cursor < lexer->end) {
        uint32_t code = 0;
        size_t length = kodosis_utf8_decode(lexer->cursor, (size_t)(lexer->end - lexer->cursor), &code);
        const char *fault = fault_of(code, length);

        if (fault) {
            error_at(lexer, lexer->cursor, 1, fault);
            return false;
        }
        lexer->cursor += length;
        if (code == '\n')
            end_line(lexer);
    }
    return true;
}

static void rewind_lexer(struct kodosis_lexer *lexer)
{
    lexer->cursor = lexer->file->source;
    lexer->end = lexer->cursor + lexer->file->source_size;
    if (lexer->file->source_size >= 3 && !memcmp(lexer->cursor, "\xef\xbb\xbf", 3))
        lexer->cursor += 3; /* a byte order mark */
    lexer->line_start = lexer->cursor;
    lexer->line = 1;
    lexer->fresh_line = true;
}

bool kodosis_lexer_open(struct kodosis_lexer *lexer, const struct kodosis_file *file, struct kodosis_memory *memory,
                        struct kodosis_diagnostics *diagnostics)
{
    *lexer = (struct kodosis_lexer){ .file = file, .memory = memory, .diagnostics = diagnostics };
    rewind_lexer(lexer);
    if (file->source_size > KODOSIS_LIMIT_FILE_SIZE) {
        kodosis_error(diagnostics, NULL, "%s: larger than %d bytes", file->path, KODOSIS_LIMIT_FILE_SIZE);
        return false;
    }
    if (!check_text(lexer))
        return false;
    rewind_lexer(lexer);
    return true;
}

void kodosis_lexer_close(struct kodosis_lexer *lexer)
{
    kodosis_text_clear(&lexer->doc);
}

/* ---- Between tokens ---- */

static const char *line_end(const struct kodosis_lexer *lexer)
{
    const char *newline = memchr(lexer->cursor, '\n', (size_t)(lexer->end - lexer->cursor));

    return newline ? newline : lexer->end;
}

static void skip_block_comment(struct kodosis_lexer *lexer)
{
    struct kodosis_position position = position_of(lexer, lexer->cursor, 2);

    lexer->cursor += 2;
    while (lexer->cursor < lexer->end) {
        if (peek(lexer, 0) == '*' && peek(lexer, 1) == '/') {
            lexer->cursor += 2;
            return;
        }
        if (*lexer->cursor++ == '\n')
            end_line(lexer);
    }
    kodosis_error(lexer->diagnostics, &position, "this comment is not closed: expected '*/'");
}

static void take_doc_line(struct kodosis_lexer *lexer)
{
    const char *start = lexer->cursor + 3;
    const char *end = line_end(lexer);

    if (!lexer->fresh_line) {
        struct kodosis_position position = position_of(lexer, lexer->cursor, 3);

        kodosis_warning(
            lexer->diagnostics, &position,
            "a doc comment belongs in front of what it describes, on lines of its own; this one is dropped");
        lexer->cursor = end;
        return;
    }
    if (start < end && *start == ' ')
        start++;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    if (lexer->has_doc)
        kodosis_text_add_bytes(&lexer->doc, "\n", 1);
    kodosis_text_add_bytes(&lexer->doc, start, (size_t)(end - start));
    lexer->has_doc = true;
    lexer->cursor = line_end(lexer);
}

static void skip_space(struct kodosis_lexer *lexer)
{
    while (lexer->cursor < lexer->end) {
        char byte = *lexer->cursor;

        if (byte == '\n') {
            lexer->cursor++;
            end_line(lexer);
        } else if (byte == ' ' || byte == '\t' || byte == '\r') {
            lexer->cursor++;
        } else if (byte == '/' && peek(lexer, 1) == '/') {
            if (peek(lexer, 2) == '/' && peek(lexer, 3) != '/')
                take_doc_line(lexer);
            else
                lexer->cursor = line_end(lexer);
        } else if (byte == '/' && peek(lexer, 1) == '*') {
            skip_block_comment(lexer);
        } else {
            return;
        }
    }
}

/* ---- Tokens ---- */

static void finish(struct kodosis_lexer *lexer, struct kodosis_token *token, enum kodosis_token_kind kind)
{
    token->kind = kind;
    token->size = (size_t)(lexer->cursor - token->start);
    token->position = position_of(lexer, token->start, token->size);
}

static void lex_name(struct kodosis_lexer *lexer, struct kodosis_token *token)
{
    const char *fault = NULL;

    while (is_word(peek(lexer, 0)))
        lexer->cursor++;
    finish(lexer, token, KODOSIS_TOKEN_NAME);
    if (token->size > KODOSIS_LIMIT_NAME)
        fault = "this name is longer than 128 characters";
    else if (token->start[0] == '_')
        fault = "a name begins with a letter, not an underscore";
    else if (token->start[token->size - 1] == '_')
        fault = "a name does not end in an underscore";
    for (size_t i = 1; !fault && i < token->size; i++)
        if (token->start[i] == '_' && token->start[i - 1] == '_')
            fault = "a name does not have two underscores in a row";
    if (fault)
        error_at(lexer, token->start, token->size, fault);
}

/* Adds the digits in [digits, end) to the token's integer, or sets too_large. */
static void read_integer(struct kodosis_token *token, const char *digits, const char *end, unsigned base)
{
    for (; digits < end; digits++) {
        unsigned char byte = (unsigned char)*digits;
        unsigned digit = isdigit(byte) ? (unsigned)(byte - 0x30) : (unsigned)tolower(byte) - 'a' + 10u;

        if (token->integer > (UINT64_MAX - digit) / base)
            token->too_large = true;
        else
            token->integer = token->integer * base + digit;
    }
}

static void lex_hexadecimal(struct kodosis_lexer *lexer, struct kodosis_token *token)
{
    const char *digits = lexer->cursor += 2;

    while (isxdigit((unsigned char)peek(lexer, 0)))
        lexer->cursor++;
    read_integer(token, digits, lexer->cursor, 16);
    if (lexer->cursor == digits)
        error_at(lexer, token->start, 2, "expected hexadecimal digits behind '0x'");
}

static void skip_digits(struct kodosis_lexer *lexer)
{
    while (is_digit(peek(lexer, 0)))
        lexer->cursor++;
}

/* Whether a decimal number has a digit other than 0 in front of its exponent. */
static bool has_value(const char *number)
{
    while (*number == '0' || *number == '.')
        number++;
    return *number >= '1' && *number <= '9';
}

/* Returns whether the digits go on as a floating-point number. */
static bool lex_decimal(struct kodosis_lexer *lexer, struct kodosis_token *token)
{
    size_t sign;
    bool is_float = false;

    skip_digits(lexer);
    if (peek(lexer, 0) == '.' && is_digit(peek(lexer, 1))) {
        is_float = true;
        lexer->cursor++;
        skip_digits(lexer);
    }
    sign = peek(lexer, 1) == '+' || peek(lexer, 1) == '-';
    if ((peek(lexer, 0) == 'e' || peek(lexer, 0) == 'E') && is_digit(peek(lexer, 1 + sign))) {
        is_float = true;
        lexer->cursor += 1 + sign;
        skip_digits(lexer);
    }
    if (is_float) {
        token->real = strtod(token->start, NULL); /* the source is NUL-terminated */
        token->too_small = token->real == 0 && has_value(token->start);
        return true;
    }
    read_integer(token, token->start, lexer->cursor, 10);
    if (*token->start == '0' && lexer->cursor - token->start > 1)
        error_at(lexer, token->start, (size_t)(lexer->cursor - token->start),
                 "a decimal number does not begin with 0; there are no octal numbers");
    return false;
}

static void lex_number(struct kodosis_lexer *lexer, struct kodosis_token *token)
{
    enum kodosis_token_kind kind = KODOSIS_TOKEN_INTEGER;

    if (peek(lexer, 0) == '0' && (peek(lexer, 1) == 'x' || peek(lexer, 1) == 'X'))
        lex_hexadecimal(lexer, token);
    else if (lex_decimal(lexer, token))
        kind = KODOSIS_TOKEN_FLOAT;
    if (is_word(peek(lexer, 0))) {
        const char *rest = lexer->cursor;

        while (is_word(peek(lexer, 0)))
            lexer->cursor++;
        error_at(lexer, rest, (size_t)(lexer->cursor - rest), "letters behind a number");
    }
    finish(lexer, token, kind);
}

/*
 * Reads `digits` hexadecimal digits behind the backslash and the letter. Returns the length of the escape sequence in
 * the source.
 */
static size_t read_code(struct kodosis_lexer *lexer, size_t digits, struct kodosis_text *text)
{
    uint32_t code = 0;
    char bytes[4];

    for (size_t i = 0; i < digits; i++) {
        unsigned char byte = (unsigned char)peek(lexer, 2 + i);

        if (!isxdigit(byte)) {
            error_at(lexer, lexer->cursor, 2 + i,
                     digits == 4 ? "expected four hexadecimal digits" : "expected eight hexadecimal digits");
            return 2 + i;
        }
        code = code << 4 | (uint32_t)(isdigit(byte) ? byte - '0' : tolower(byte) - 'a' + 10);
    }
    if (!code || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        error_at(lexer, lexer->cursor, 2 + digits,
                 code ? "this is not a Unicode character" : "a string does not contain U+0000");
    else
        kodosis_text_add_bytes(text, bytes, kodosis_utf8_encode(code, bytes));
    return 2 + digits;
}

/* One escape sequence; returns its length in the source. */
static size_t read_escape(struct kodosis_lexer *lexer, struct kodosis_text *text)
{
    static const char letters[] = "nrt\"\\";
    static const char meanings[] = "\n\r\t\"\\";
    char letter = peek(lexer, 1);
    const char *known = letter ? strchr(letters, letter) : NULL;

    if (letter == 'u' || letter == 'U')
        return read_code(lexer, letter == 'u' ? 4 : 8, text);
    if (known)
        kodosis_text_add_bytes(text, meanings + (known - letters), 1);
    else
        error_at(lexer, lexer->cursor, 2, "unknown escape: there are \\n \\r \\t \\\" \\\\ \\uXXXX and \\UXXXXXXXX");
    return letter == '\n' || !letter ? 1 : 2;
}

/*
 * Reports that the quote is missing. A ';' at the end of the line is not part of the string but the end of the
 * constant.
 */
static void end_open_string(struct kodosis_lexer *lexer, const struct kodosis_token *token)
{
    error_at(lexer, token->start, (size_t)(lexer->cursor - token->start),
             "this string is not closed on its line: expected '\"'");
    while (isspace((unsigned char)lexer->cursor[-1]))
        lexer->cursor--;
    if (lexer->cursor[-1] == ';')
        lexer->cursor--;
}

/* Reads a string. One in single quotes is read like one in double quotes, and reported. */
static void lex_string(struct kodosis_lexer *lexer, struct kodosis_token *token)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    char quote = *lexer->cursor++;

    if (quote != '"')
        error_at(lexer, token->start, 1, "a string is written in double quotes");
    while (lexer->cursor < lexer->end && *lexer->cursor != quote && *lexer->cursor != '\n') {
        if (*lexer->cursor == '\\')
            lexer->cursor += read_escape(lexer, &text);
        else
            kodosis_text_add_bytes(&text, lexer->cursor++, 1);
    }
    if (peek(lexer, 0) == quote)
        lexer->cursor++;
    else
        end_open_string(lexer, token);
    finish(lexer, token, KODOSIS_TOKEN_STRING);
    if (text.size > KODOSIS_LIMIT_STRING)
        error_at(lexer, token->start, token->size, "this string is longer than 65536 bytes");
    token->text = kodosis_memory_copy(lexer->memory, text.data, text.size);
    token->text_size = text.size;
    kodosis_text_clear(&text);
}

static bool is_quote(char byte)
{
    return byte == '"' || byte == '\'';
}

static bool is_symbol(char byte)
{
    return byte && strchr("{}()<>[],;:=.-@?#*&", byte);
}

/* Skips characters that begin no token, with one error for all. */
static void skip_unknown(struct kodosis_lexer *lexer)
{
    const char *start = lexer->cursor;
    struct kodosis_position position;

    while (lexer->cursor < lexer->end && !is_word(*lexer->cursor) && !is_symbol(*lexer->cursor) &&
           !is_quote(*lexer->cursor) && !isspace((unsigned char)*lexer->cursor) &&
           (lexer->cursor == start || *lexer->cursor != '/'))
        lexer->cursor++;
    position = position_of(lexer, start, (size_t)(lexer->cursor - start));
    kodosis_error(lexer->diagnostics, &position, "unexpected '%.*s'",
                  lexer->cursor - start > 32 ? 0 : (int)(lexer->cursor - start), start);
}

static void take_doc(struct kodosis_lexer *lexer, struct kodosis_token *token)
{
    if (lexer->has_doc)
        token->doc = kodosis_memory_copy(lexer->memory, lexer->doc.data, lexer->doc.size);
    lexer->doc.size = 0;
    lexer->has_doc = false;
}

static bool at_token(const struct kodosis_lexer *lexer)
{
    return is_word(*lexer->cursor) || is_symbol(*lexer->cursor) || is_quote(*lexer->cursor);
}

void kodosis_lexer_next(struct kodosis_lexer *lexer, struct kodosis_token *ret_token)
{
    *ret_token = (struct kodosis_token){ 0 };
    for (;;) {
        skip_space(lexer);
        if (lexer->cursor == lexer->end || at_token(lexer))
            break;
        skip_unknown(lexer);
    }
    ret_token->start = lexer->cursor;
    take_doc(lexer, ret_token);
    if (lexer->cursor == lexer->end) {
        finish(lexer, ret_token, KODOSIS_TOKEN_END);
        return;
    }
    lexer->fresh_line = false;
    if (is_digit(*lexer->cursor)) {
        lex_number(lexer, ret_token);
    } else if (is_word(*lexer->cursor)) {
        lex_name(lexer, ret_token);
    } else if (is_quote(*lexer->cursor)) {
        lex_string(lexer, ret_token);
    } else {
        ret_token->symbol = *lexer->cursor++;
        finish(lexer, ret_token, KODOSIS_TOKEN_SYMBOL);
    }
}
