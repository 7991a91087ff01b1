/* SPDX-License-Identifier: MIT */
/* Places: lines, UTF-16 units and bytes; URIs and paths. */
#include "kodosis/lsp/client.h"

#include "kodosis/lsp/uri.h"

/* Each offset at which a character begins has a place, and the place has that offset. */
static void both_ways(void **unused)
{
    static const char text[] = "a\u00e9\u20ac\U0001f600b\r\n\r\n\U0001f600\rx\n\nlast \u00e9";
    static const struct {
        size_t offset;
        struct lsp_place place;
    } cases[] = {
        { 0, { 0, 0 } },  { 1, { 0, 1 } },  { 3, { 0, 2 } },  { 6, { 0, 3 } },  { 10, { 0, 5 } },
        { 11, { 0, 6 } }, { 13, { 1, 0 } }, { 15, { 2, 0 } }, { 19, { 2, 2 } }, { 20, { 3, 0 } },
        { 21, { 3, 1 } }, { 22, { 4, 0 } }, { 23, { 5, 0 } }, { 28, { 5, 5 } }, { 30, { 5, 6 } },
    };
    struct lsp_lines lines;

    (void)unused;
    lsp_lines_read(&lines, text, sizeof(text) - 1);
    assert_int_equal(lines.count, 6);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct lsp_place place = lsp_place_of(&lines, cases[i].offset);

        assert_int_equal(place.line, cases[i].place.line);
        assert_int_equal(place.character, cases[i].place.character);
        assert_int_equal(lsp_offset_of(&lines, place), cases[i].offset);
    }
    lsp_lines_clear(&lines);
}

/* A place that is not there is the nearest one in front. */
static void beyond(void **unused)
{
    static const char text[] = "a\U0001f600\r\nb";
    struct lsp_lines lines;

    (void)unused;
    lsp_lines_read(&lines, text, sizeof(text) - 1);
    assert_int_equal(lsp_offset_of(&lines, (struct lsp_place){ 0, 2 }), 1); /* in the middle of a pair */
    assert_int_equal(lsp_offset_of(&lines, (struct lsp_place){ 0, 3 }), 5);
    assert_int_equal(lsp_offset_of(&lines, (struct lsp_place){ 0, 9999 }), 5);
    assert_int_equal(lsp_offset_of(&lines, (struct lsp_place){ 1, 9999 }), 8);
    assert_int_equal(lsp_offset_of(&lines, (struct lsp_place){ 2, 0 }), 8);
    assert_int_equal(lsp_offset_of(&lines, (struct lsp_place){ INT32_MAX, INT32_MAX }), 8);
    lsp_lines_clear(&lines);
}

/* The compiler's columns begin behind a byte order mark, and its lines end in '\n' alone. */
static void columns(void **unused)
{
    static const char text[] = "\xef\xbb\xbfone\ntwo\rstill\nthree";
    struct lsp_lines lines;

    (void)unused;
    lsp_lines_read(&lines, text, sizeof(text) - 1);
    assert_int_equal(lsp_offset_at(&lines, 1, 1), 3);
    assert_int_equal(lsp_offset_at(&lines, 2, 1), 7);
    assert_int_equal(lsp_offset_at(&lines, 2, 5), 11);
    assert_int_equal(lsp_offset_at(&lines, 3, 1), 17);
    assert_int_equal(lsp_offset_at(&lines, 4, 1), sizeof(text) - 1);
    assert_int_equal(lsp_offset_at(&lines, 3, 100), sizeof(text) - 1);
    assert_int_equal(lsp_place_of(&lines, 11).line, 2);
    assert_int_equal(lsp_place_of(&lines, 17).line, 3);
    lsp_lines_clear(&lines);
}

static void expect_path(const char *uri, const char *wanted)
{
    char *path = lsp_path_of(uri);

    if (wanted)
        assert_string_equal(path, wanted);
    else
        assert_null(path);
    free(path);
}

static void uris(void **unused)
{
    char *uri = lsp_uri_of("/a b/\xc3\xa9%#?.kod");

    (void)unused;
    assert_string_equal(uri, "file:///a%20b/%C3%A9%25%23%3F.kod");
    expect_path(uri, "/a b/\xc3\xa9%#?.kod");
    free(uri);
    expect_path("file:///a/./b//c/../d.kod", "/a/b/d.kod");
    expect_path("file:///../../a.kod", "/a.kod");
    expect_path("FILE://localhost/a.kod", "/a.kod");
    expect_path("untitled:Untitled-1", "untitled:Untitled-1");
    expect_path("file:///a%2", NULL);
    expect_path("file:///a%", NULL);
    expect_path("file:///a%xx", NULL);
    expect_path("file:///a%00b", NULL);
    expect_path("file://", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(beyond),
        cmocka_unit_test(columns),
        cmocka_unit_test(uris),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
