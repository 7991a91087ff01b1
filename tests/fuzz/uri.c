/* SPDX-License-Identifier: MIT */
/* URIs, and what the transports read out of them: refused with a sentence, or taken. No name is made, and nothing is connected. */
#include <stdlib.h>
#include <string.h>

#include "channel-pipe/pipe.h"
#include "channel-shm/shm.h"
#include "channel-tcp/tcp.h"
#include "channel-unix/unix.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void read_options(const struct hprpc_uri *uri)
{
    struct hprpc_detail detail = { "" };
    struct hprpc__tcp_options tcp;
    struct hprpc__tcp_place place;
    struct hprpc__pipe_options pipe;
    struct hprpc__unix_options local;
    struct shm_options shm;
    int r;

    must(hprpc__tcp_options(uri, &detail, &tcp) == 0 || detail.text[0]);
    detail.text[0] = '\0';
    must(hprpc__tcp_place(uri, &detail, &place) == 0 || detail.text[0]);
    detail.text[0] = '\0';
    must(hprpc__pipe_options(uri, &detail, &pipe) == 0 || detail.text[0]);
    detail.text[0] = '\0';
    must(hprpc__unix_options(uri, &detail, &local) == 0 || detail.text[0]);
    detail.text[0] = '\0';
    must(!hprpc__local_is_abstract(uri->rest) || hprpc__local_check_abstract(uri->rest, &detail) == 0 ||
         detail.text[0]);
    detail.text[0] = '\0';
    r = hprpc__shm_options(uri, &detail, &shm);
    must(r == 0 || detail.text[0]);
    /* what both sides compute from it stays in bounds */
    must(r < 0 || (shm.slots <= 1u << 20 && shm.arena <= 1u << 30));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hprpc_detail detail = { "" };
    char *text = malloc(size + 1), again[HPRPC_URI_MAX + 64];
    struct hprpc_uri uri;
    int r;

    must(text);
    memcpy(text, data, size);
    text[size] = '\0';
    r = hprpc_uri_parse(text, &detail, &uri);
    must(r == 0 || detail.text[0]);
    if (r == 0) {
        hprpc_uri_format(uri.scheme, uri.rest, again, sizeof(again));
        must(strlen(again) < sizeof(again));
        read_options(&uri);
    }
    free(text);
    return 0;
}
