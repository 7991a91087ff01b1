/* SPDX-License-Identifier: MIT */
/* Frames: in pieces of every size, and behind what is no frame. */
#include "kodosis/lsp/client.h"

#include <stdio.h>

/* What the reader made of an input: "[body]" for a message, "!" for a fault. */
static void read_all(const char *input, size_t size, size_t piece, struct kodosis_text *ret_found)
{
    struct lsp_reader reader = { 0 };
    const char *body;
    const char *fault;
    size_t body_size;

    kodosis_text_add_bytes(ret_found, "", 0);
    for (size_t at = 0; at < size; at += piece) {
        enum lsp_found found;
        size_t count = size - at < piece ? size - at : piece;

        lsp_reader_add(&reader, input + at, count);
        while ((found = lsp_reader_next(&reader, &body, &body_size, &fault)) != LSP_NEEDS_MORE) {
            if (found == LSP_FAULT) {
                assert_true(strlen(fault) > 5);
                kodosis_text_add(ret_found, "!");
                assert_true(ret_found->size <= size);
                continue;
            }
            kodosis_text_add(ret_found, "[");
            kodosis_text_add_bytes(ret_found, body, body_size);
            kodosis_text_add(ret_found, "]");
        }
    }
    lsp_reader_clear(&reader);
}

static const struct {
    const char *input;
    const char *found;
} cases[] = {
    { "Content-Length: 2\r\n\r\n{}", "[{}]" },
    { "content-length:2\n\n{}", "[{}]" },
    { "Content-Type: x; charset=utf-8\r\nContent-Length:  2 \r\n\r\n{}Content-Length: 3\r\n\r\nabc", "[{}][abc]" },
    { "Content-Length: 0\r\n\r\nContent-Length: 1\r\n\r\nx", "[][x]" },
    { "Content-Length: 5\r\n\r\nabc", "" },
    { "Content-Length: x\r\n\r\n{}Content-Length: 1\r\n\r\ny", "![y]" },
    { "Content-Length: -1\r\n\r\n{}Content-Length: 1\r\n\r\ny", "![y]" },
    { "Content-Length: 1 2\r\n\r\n{}Content-Length: 1\r\n\r\ny", "![y]" },
    { "Content-Length:\r\n\r\n{}Content-Length: 1\r\n\r\ny", "![y]" },
    { "Content-Length: 99999999999999999999999\r\n\r\nContent-Length: 1\r\n\r\ny", "![y]" },
    { "nonsense\r\n\r\nContent-Length: 1\r\n\r\ny", "![y]" },
    { "Length: 2\r\n\r\n{}Content-Length: 1\r\n\r\ny", "![y]" },
    { "\r\n\r\nContent-Length: 1\r\n\r\ny", "![y]" },
    { "{}\n{}\n\nContent-Length: 1\r\n\r\ny", "![y]" },
    { "Content-Length: 2\r\nbroken\r\n\r\n{}Content-LengtContent-Length: 1\r\n\r\ny", "![y]" },
};

static void pieces(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        size_t size = strlen(cases[i].input);

        for (size_t piece = 1; piece <= size; piece++) {
            struct kodosis_text found = KODOSIS_TEXT_INIT;

            read_all(cases[i].input, size, piece, &found);
            if (strcmp(found.data, cases[i].found))
                fail_msg("case %zu in pieces of %zu: %s", i, piece, found.data);
            kodosis_text_clear(&found);
        }
    }
}

/* A message that is too long is read and dropped, and the next one is found. */
static void too_long(void **unused)
{
    static char piece[1 << 20];
    struct lsp_reader reader = { 0 };
    const char *body;
    const char *fault;
    size_t size;
    char header[64];

    (void)unused;
    snprintf(header, sizeof(header), "Content-Length: %d\r\n\r\n", LSP_MESSAGE_MAX + 1);
    lsp_reader_add(&reader, header, strlen(header));
    assert_int_equal(lsp_reader_next(&reader, &body, &size, &fault), LSP_FAULT);
    for (size_t left = (size_t)LSP_MESSAGE_MAX + 1; left;) {
        size_t count = left < sizeof(piece) ? left : sizeof(piece);

        lsp_reader_add(&reader, piece, count);
        assert_int_equal(lsp_reader_next(&reader, &body, &size, &fault), LSP_NEEDS_MORE);
        assert_true(reader.bytes.capacity <= 4 * sizeof(piece));
        left -= count;
    }
    lsp_reader_add(&reader, "Content-Length: 1\r\n\r\nx", 22);
    assert_int_equal(lsp_reader_next(&reader, &body, &size, &fault), LSP_MESSAGE);
    assert_int_equal(*body, 'x');
    lsp_reader_clear(&reader);
}

/* A header that never ends takes no memory without end. */
static void endless_header(void **unused)
{
    struct lsp_reader reader = { 0 };
    const char *body;
    const char *fault;
    size_t size;
    size_t faults = 0;

    (void)unused;
    for (int i = 0; i < 100000; i++) {
        lsp_reader_add(&reader, "X-Header: 1\r\n", 13);
        faults += lsp_reader_next(&reader, &body, &size, &fault) == LSP_FAULT;
        assert_true(reader.bytes.size < 2 * LSP_HEADER_MAX);
    }
    assert_int_equal(faults, 1);
    lsp_reader_clear(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),
        cmocka_unit_test(too_long),
        cmocka_unit_test(endless_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
