/* SPDX-License-Identifier: MIT */
/* URIs: which are accepted, which are refused, and that the sentence names the place of the error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <hprpc/channel/uri.h>

static void accepts(void **state)
{
    struct hprpc_uri uri;

    (void)state;
    assert_int_equal(hprpc_uri_parse("tcp://127.0.0.1:7788", NULL, &uri), 0);
    assert_string_equal(uri.scheme, "tcp");
    assert_string_equal(uri.rest, "127.0.0.1:7788");
    assert_int_equal(uri.option_count, 0);

    assert_int_equal(hprpc_uri_parse("TCP://[::1]:7788?wait=spin&sndbuf=64KiB", NULL, &uri), 0);
    assert_string_equal(uri.scheme, "tcp");
    assert_string_equal(uri.rest, "[::1]:7788");
    assert_int_equal(uri.option_count, 2);
    assert_string_equal(hprpc_uri_option(&uri, "wait"), "spin");
    assert_string_equal(hprpc_uri_option(&uri, "sndbuf"), "64KiB");
    assert_null(hprpc_uri_option(&uri, "ring"));

    assert_int_equal(hprpc_uri_parse("pipe:///run/app/a%20door%3f?mode=06%360&note=", NULL, &uri), 0);
    assert_string_equal(uri.rest, "/run/app/a door?");
    assert_string_equal(hprpc_uri_option(&uri, "mode"), "0660");
    assert_string_equal(hprpc_uri_option(&uri, "note"), "");

    assert_int_equal(hprpc_uri_parse("My+own-way.2://x", NULL, &uri), 0);
    assert_string_equal(uri.scheme, "my+own-way.2");
}

static void strings_point_into_the_copy(void **state)
{
    struct hprpc_uri uri;
    const char *first = uri.storage, *last = uri.storage + sizeof(uri.storage);

    (void)state;
    assert_int_equal(hprpc_uri_parse("a://b?c=d", NULL, &uri), 0);
    assert_in_range((uintptr_t)uri.scheme, (uintptr_t)first, (uintptr_t)last);
    assert_in_range((uintptr_t)uri.rest, (uintptr_t)first, (uintptr_t)last);
    assert_in_range((uintptr_t)uri.options[0].key, (uintptr_t)first, (uintptr_t)last);
    assert_in_range((uintptr_t)uri.options[0].value, (uintptr_t)first, (uintptr_t)last);
}

static void refuses_and_names_the_place(void **state)
{
    static const struct {
        const char *text, *place;
    } cases[] = {
        { "", "byte 1: a scheme begins with a letter" },
        { "://x", "byte 1: a scheme begins with a letter" },
        { "tcp", "byte 4: \"://\" is missing" },
        { "tcp:", "byte 4: \"://\" is missing" },
        { "tcp:/x", "byte 4: \"://\" is missing" },
        { "t cp://x", "byte 2: \"://\" is missing" },
        { "tcp://", "byte 7: nothing follows" },
        { "tcp://?wait=spin", "byte 7: nothing follows" },
        { "tcp://a b", "byte 8: a blank or control character" },
        { "tcp://a\x7f", "byte 8: a blank or control character" },
        { "tcp://a%", "byte 8: two hexadecimal digits" },
        { "tcp://a%4", "byte 8: two hexadecimal digits" },
        { "tcp://a%4g", "byte 8: two hexadecimal digits" },
        { "tcp://a%00", "byte 8: a NUL byte" },
        { "tcp://a?", "byte 9: an option has no name" },
        { "tcp://a?=b", "byte 9: an option has no name" },
        { "tcp://a?b", "byte 9: an option has no value" },
        { "tcp://a?b=c&", "byte 13: an option has no name" },
        { "tcp://a?b=c&b=d", "byte 13: an option is given twice" },
        { "tcp://a?b=%zz", "byte 11: two hexadecimal digits" },
        { "tcp://a?%zz=b", "byte 9: two hexadecimal digits" },
        { "t_p://x", "byte 2: \"://\" is missing" },
        { "t://r?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1&q=1", "byte 71: there are more than" },
    };
    struct hprpc_uri uri, before;
    struct hprpc_detail detail;
    size_t i;

    (void)state;
    memset(&uri, 0x5a, sizeof(uri));
    before = uri;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(hprpc_uri_parse(cases[i].text, &detail, &uri), HPRPC_EURI);
        if (!strstr(detail.text, cases[i].place))
            fail_msg("\"%s\": expected \"%s\" in \"%s\"", cases[i].text, cases[i].place, detail.text);
        assert_memory_equal(&uri, &before, sizeof(uri));
        assert_int_equal(hprpc_uri_parse(cases[i].text, NULL, &uri), HPRPC_EURI);
    }
    assert_int_equal(hprpc_uri_parse(NULL, &detail, &uri), HPRPC_EURI);
}

static void has_a_limit(void **state)
{
    char text[HPRPC_URI_MAX + 2] = "tcp://";
    struct hprpc_detail detail;
    struct hprpc_uri uri;

    (void)state;
    memset(text + 6, 'x', HPRPC_URI_MAX - 6);
    assert_int_equal(hprpc_uri_parse(text, &detail, &uri), 0);
    assert_int_equal(strlen(uri.rest), HPRPC_URI_MAX - 6);
    text[HPRPC_URI_MAX] = 'x';
    assert_int_equal(hprpc_uri_parse(text, &detail, &uri), HPRPC_EURI);
    assert_non_null(strstr(detail.text, "longer than 512 bytes"));
    assert_int_equal(
        hprpc_uri_parse("t://r?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1", NULL, &uri), 0);
    assert_int_equal(uri.option_count, 16);
}

static void reads_sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t size;
        const char *problem;
    } cases[] = {
        { "4096", 4096, NULL },
        { "4096B", 4096, NULL },
        { "64KiB", 65536, NULL },
        { "4MiB", 4 << 20, NULL },
        { "1GiB", 1 << 30, NULL },
        { "16", 16, NULL },
        { "15", 0, "option ring=15 is not between 16 and 1073741824" },
        { "1073741825", 0, "is not between" },
        { "2GiB", 0, "is not between" },
        { "18446744073709551615", 0, "is not between" },
        { "18446744073709551616", 0, "is not a size" },
        { "17179869184GiB", 0, "is not a size" },
        { "", 0, "is not a size" },
        { "-1", 0, "is not a size" },
        { "4KB", 0, "is not a size" },
        { "KiB", 0, "is not a size" },
        { "4KiBx", 0, "is not a size" },
    };
    char text[64];
    struct hprpc_uri uri;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hprpc_detail detail = { "" };
        uint64_t size = 7;
        int r;

        snprintf(text, sizeof(text), "shm://x?ring=%s", cases[i].text);
        assert_int_equal(hprpc_uri_parse(text, &detail, &uri), 0);
        r = hprpc_uri_size(&uri, "ring", 16, 1 << 30, 99, &detail, &size);
        assert_int_equal(r, cases[i].problem ? HPRPC_EURI : 0);
        assert_int_equal(size, cases[i].problem ? 7 : cases[i].size);
        if (cases[i].problem)
            assert_non_null(strstr(detail.text, cases[i].problem));
        assert_int_equal(hprpc_uri_size(&uri, "other", 16, 32, 99, &detail, &size), 0);
        assert_int_equal(size, 99);
    }
}

static void reads_waits_and_modes(void **state)
{
    struct hprpc_detail detail;
    enum hprpc_wait wait;
    struct hprpc_uri uri;
    mode_t mode;

    (void)state;
    assert_int_equal(hprpc_uri_parse("shm://x", NULL, &uri), 0);
    assert_int_equal(hprpc_uri_wait(&uri, NULL, &wait), 0);
    assert_int_equal(wait, HPRPC_WAIT_ADAPTIVE);
    assert_int_equal(hprpc_uri_mode(&uri, 0600, NULL, &mode), 0);
    assert_int_equal(mode, 0600);
    assert_int_equal(hprpc_uri_parse("shm:///x?wait=spin&mode=0666", NULL, &uri), 0);
    assert_int_equal(hprpc_uri_wait(&uri, NULL, &wait), 0);
    assert_int_equal(wait, HPRPC_WAIT_SPIN);
    assert_int_equal(hprpc_uri_mode(&uri, 0600, NULL, &mode), 0);
    assert_int_equal(mode, 0666);
    assert_int_equal(hprpc_uri_parse("shm:///x?wait=block&mode=1777", NULL, &uri), 0);
    assert_int_equal(hprpc_uri_wait(&uri, NULL, &wait), 0);
    assert_int_equal(wait, HPRPC_WAIT_BLOCK);
    assert_int_equal(hprpc_uri_mode(&uri, 0600, &detail, &mode), HPRPC_EURI);
    assert_non_null(strstr(detail.text, "mode=1777"));
    assert_int_equal(hprpc_uri_parse("shm:///x?wait=never&mode=068", NULL, &uri), 0);
    assert_int_equal(hprpc_uri_wait(&uri, &detail, &wait), HPRPC_EURI);
    assert_non_null(strstr(detail.text, "wait=never"));
    assert_int_equal(hprpc_uri_mode(&uri, 0600, &detail, &mode), HPRPC_EURI);
    assert_int_equal(hprpc_uri_parse("pipe://x?mode=0666", NULL, &uri), 0);
    assert_int_equal(hprpc_uri_mode(&uri, 0600, &detail, &mode), HPRPC_EURI);
    assert_non_null(strstr(detail.text, "absolute path"));
    assert_int_equal(hprpc_uri_parse("shm:///x?mode=0066", NULL, &uri), 0);
    assert_int_equal(hprpc_uri_mode(&uri, 0600, &detail, &mode), HPRPC_EURI);
    assert_non_null(strstr(detail.text, "its own user"));
    assert_int_equal(hprpc_uri_parse("shm:///x?mode=0466", NULL, &uri), 0);
    assert_int_equal(hprpc_uri_mode(&uri, 0600, &detail, &mode), HPRPC_EURI);
    assert_int_equal(hprpc_uri_parse("shm:///x?mode=0266", NULL, &uri), 0);
    assert_int_equal(hprpc_uri_mode(&uri, 0600, &detail, &mode), HPRPC_EURI);
    assert_int_equal(hprpc_uri_parse("shm:///x?mode=", NULL, &uri), 0);
    assert_int_equal(hprpc_uri_mode(&uri, 0600, &detail, &mode), HPRPC_EURI);
}

static void reads_flags(void **state)
{
    struct hprpc_detail detail;
    struct hprpc_uri uri;
    bool flag = false;

    (void)state;
    assert_int_equal(hprpc_uri_parse("a://b?c=yes&d=no&e=Yes&f=", NULL, &uri), 0);
    assert_int_equal(hprpc_uri_flag(&uri, "other", true, NULL, &flag), 0);
    assert_true(flag);
    assert_int_equal(hprpc_uri_flag(&uri, "d", true, NULL, &flag), 0);
    assert_false(flag);
    assert_int_equal(hprpc_uri_flag(&uri, "c", false, NULL, &flag), 0);
    assert_true(flag);
    assert_int_equal(hprpc_uri_flag(&uri, "e", false, &detail, &flag), HPRPC_EURI);
    assert_string_equal(detail.text, "the option e=Yes is neither yes nor no");
    assert_int_equal(hprpc_uri_flag(&uri, "f", false, &detail, &flag), HPRPC_EURI);
    assert_true(flag);
}

static void knows_its_options(void **state)
{
    static const char *const known[] = { "wait", "ring", NULL };
    struct hprpc_detail detail;
    struct hprpc_uri uri;

    (void)state;
    assert_int_equal(hprpc_uri_parse("shm://x?ring=1MiB&wait=spin", NULL, &uri), 0);
    assert_int_equal(hprpc_uri_check_options(&uri, known, &detail), 0);
    assert_int_equal(hprpc_uri_parse("shm://x?ring=1MiB&rong=spin", NULL, &uri), 0);
    assert_int_equal(hprpc_uri_check_options(&uri, known, &detail), HPRPC_EURI);
    assert_string_equal(detail.text, "shm:// knows no option \"rong\"");
}

static void formats_what_it_parses(void **state)
{
    char text[64];
    struct hprpc_uri uri;

    (void)state;
    hprpc_uri_format("pipe", "/a door?100%\x01", text, sizeof(text));
    assert_string_equal(text, "pipe:///a%20door%3F100%25%01");
    assert_int_equal(hprpc_uri_parse(text, NULL, &uri), 0);
    assert_string_equal(uri.rest, "/a door?100%\x01");
    hprpc_uri_format("pipe", "/a door", text, 11);
    assert_string_equal(text, "pipe:///a");
    hprpc_uri_format("pipe", "/a", text, 3);
    assert_string_equal(text, "pi");
    hprpc_uri_format("pipe", "/a", text, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(strings_point_into_the_copy),
        cmocka_unit_test(refuses_and_names_the_place),
        cmocka_unit_test(has_a_limit),
        cmocka_unit_test(reads_sizes),
        cmocka_unit_test(reads_waits_and_modes),
        cmocka_unit_test(reads_flags),
        cmocka_unit_test(knows_its_options),
        cmocka_unit_test(formats_what_it_parses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
