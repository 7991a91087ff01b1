/* SPDX-License-Identifier: MIT */
/* The options of unix:// URIs, and which users they let in. */
#include "channel-unix/unix.h"

#include <unistd.h>

#include "channel/handed.h"

enum { OTHERS = 0066 };

/* Reads the options but `mode`. */
static int read_options(const struct hprpc_uri *uri, struct hprpc_detail *detail,
                        struct hprpc__unix_options *ret_options)
{
    static const char *const known[] = { "wait", "engine", "sndbuf", "mode", "trust", NULL };
    const char *trust = hprpc_uri_option(uri, "trust");
    int r = hprpc_uri_check_options(uri, known, detail);

    if (!r)
        r = hprpc__socket_options(uri, detail, &ret_options->socket);
    if (!r && trust && strcmp(trust, "none"))
        r = hprpc_detail_set(detail, HPRPC_EURI, "trust=\"%.32s\": the only value is \"none\"", trust);
    ret_options->mode = 0600;
    ret_options->any = trust;
    return r;
}

int hprpc__unix_options(const struct hprpc_uri *uri, struct hprpc_detail *detail,
                        struct hprpc__unix_options *ret_options)
{
    struct hprpc__unix_options options;
    int r = read_options(uri, detail, &options);

    if (!r && hprpc__local_is_abstract(uri->rest) && hprpc_uri_option(uri, "mode"))
        r = hprpc_detail_set(detail, HPRPC_EURI,
                             "an abstract name has no permissions that \"mode=\" could set; \"trust=none\" lets other "
                             "users in");
    if (!r)
        r = hprpc_uri_mode(uri, 0600, detail, &options.mode);
    if (!r)
        *ret_options = options;
    return r;
}

int hprpc__unix_handed(int fd, bool listens, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                       struct hprpc__unix_options *ret_options)
{
    struct hprpc__unix_options options;
    int r = hprpc__handed_look(fd, listens, detail);

    if (r < 0)
        return r;
    if (r != AF_UNIX)
        return hprpc_detail_set(detail, HPRPC_ESCHEME, "it is not a Unix-domain socket");
    r = read_options(uri, detail, &options);
    if (r < 0)
        return r;
    if (hprpc_uri_option(uri, "mode"))
        return hprpc_detail_set(detail, HPRPC_EURI,
                                "it has its name already, so that \"mode=\" comes too late; \"trust=none\" lets other "
                                "users in");
    *ret_options = options;
    return 0;
}

bool hprpc__unix_trusts(const struct hprpc__unix_options *options, uid_t user)
{
    return options->any || options->mode & OTHERS || user == 0 || user == geteuid();
}
