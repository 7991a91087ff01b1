/* SPDX-License-Identifier: MIT */
/*
 * What a language client sends: frames, JSON, documents and questions. The input is what comes through the pipe, after a beginning that
 * every session has; what it opens is analysed as well. An "@" in it stands for a frame's header with the right length: it goes to the
 * next "@" or to the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/lsp/frame.h"
#include "kodosis/lsp/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char common[] = "namespace common; enum Level { Low, High } struct Stamp { int64 seconds; Level level; }";

static int read_common(void *self, const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
    (void)self;
    if (strcmp(path, "/common.kod"))
        return ENOENT;
    *ret_size = strlen(common) < limit ? strlen(common) : limit;
    *ret_data = strdup(common);
    return *ret_data ? 0 : ENOMEM;
}

static char *identify_common(void *self, const char *path)
{
    (void)self;
    return strcmp(path, "/common.kod") ? NULL : strdup(path);
}

static void take_all(struct lsp_server *server, struct lsp_reader *reader)
{
    enum lsp_found found;
    const char *body;
    const char *fault;
    size_t size;

    while ((found = lsp_reader_next(reader, &body, &size, &fault)) != LSP_NEEDS_MORE) {
        if (found == LSP_MESSAGE)
            lsp_server_receive(server, body, size);
        else
            lsp_server_refuse(server, fault);
    }
    lsp_server_rest(server);
}

/* Gives the server the input, with a header in place of each "@". */
static void say(struct lsp_server *server, const char *text, size_t size)
{
    struct lsp_reader reader = { 0 };

    while (size) {
        const char *at = memchr(text + 1, '@', size - 1);
        size_t part = at ? (size_t)(at - text) : size;
        struct kodosis_text frame = KODOSIS_TEXT_INIT;

        if (*text == '@')
            lsp_frame_add(&frame, text + 1, part - 1);
        else
            kodosis_text_add_bytes(&frame, text, part);
        lsp_reader_add(&reader, frame.data, frame.size);
        take_all(server, &reader);
        kodosis_text_clear(&frame);
        text += part;
        size -= part;
    }
    lsp_reader_clear(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char begin[] =
        "@{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"capabilities\":{}}}";
    struct kodosis_sources disk = { NULL, read_common, identify_common };
    struct lsp_server server;

    lsp_server_open(&server, &disk, "0", NULL, 0);
    say(&server, begin, strlen(begin));
    say(&server, (const char *)data, size);
    lsp_server_close(&server);
    return 0;
}
