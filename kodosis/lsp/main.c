/* SPDX-License-Identifier: MIT */
/* The program kodosis-lsp: a language server on the standard input and output. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kodosis/lsp/frame.h"
#include "kodosis/lsp/server.h"

static const char usage[] = "usage: kodosis lsp [-I DIR]...\n"
                            "\n"
                            "A language server for interface files, on the standard input and output. Editors start\n"
                            "it; see docs/editors.md.\n"
                            "\n"
                            "  -I, --import-path DIR   look for imported files here too\n"
                            "  -h, --help              print this\n"
                            "      --version           print the version\n"
                            "\n"
                            "Exit status: 0 after \"shutdown\" and \"exit\", 1 at any other end, 2 wrong usage.\n";

enum { OPTION_VERSION = 256 };

struct options {
    const char **import_paths; /* malloc'ed */
    size_t import_path_count;
    int status; /* of the program, if it is to end at once; else -1 */
};

static int print(const char *text)
{
    return fputs(text, stdout) < 0 || fflush(stdout) ? 1 : 0;
}

static void take_option(struct options *options, int option)
{
    switch (option) {
    case 'I':
        options->import_paths =
            kodosis_reallocate(options->import_paths, options->import_path_count + 1, sizeof(*options->import_paths));
        options->import_paths[options->import_path_count++] = optarg;
        break;
    case 'h':
        options->status = print(usage);
        break;
    case OPTION_VERSION:
        options->status = print("kodosis-lsp " KODOSIS_VERSION "\n");
        break;
    default:
        fputs("try 'kodosis lsp --help'\n", stderr);
        options->status = 2;
        break;
    }
}

static void parse_options(int argc, char **argv, struct options *options)
{
    static const struct option long_options[] = {
        { "import-path", required_argument, NULL, 'I' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, OPTION_VERSION },
        { "stdio", no_argument, NULL, 's' }, /* which some editors add */
        { 0 },
    };
    int option;

    while (options->status < 0 && (option = getopt_long(argc, argv, "I:h", long_options, NULL)) != -1)
        if (option != 's')
            take_option(options, option);
    if (options->status < 0 && optind < argc) {
        fprintf(stderr, "kodosis lsp: it takes no files, and '%s' is given\n", argv[optind]);
        options->status = 2;
    }
}

/* Writes all that the server has to say. False if the client is gone. */
static bool write_out(struct lsp_server *server)
{
    size_t done = 0;

    while (done < server->out.size) {
        ssize_t written = write(STDOUT_FILENO, server->out.data + done, server->out.size - done);

        if (written < 0 && errno != EINTR)
            return false;
        done += written > 0 ? (size_t)written : 0;
    }
    kodosis_text_clear(&server->out);
    return true;
}

static bool is_quiet(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

    return poll(&input, 1, 0) == 0;
}

/* Takes all messages that are complete, and writes the answers. */
static bool serve_messages(struct lsp_server *server, struct lsp_reader *reader)
{
    const char *body;
    const char *fault;
    size_t size;
    enum lsp_found found;

    while (server->state != LSP_ENDED && (found = lsp_reader_next(reader, &body, &size, &fault)) != LSP_NEEDS_MORE) {
        if (found == LSP_MESSAGE)
            lsp_server_receive(server, body, size);
        else
            lsp_server_refuse(server, fault);
        if (!write_out(server))
            return false;
    }
    if (is_quiet())
        lsp_server_rest(server);
    return write_out(server);
}

static void serve(struct lsp_server *server)
{
    struct lsp_reader reader = { 0 };
    static char piece[64 * 1024];

    while (server->state != LSP_ENDED) {
        ssize_t size = read(STDIN_FILENO, piece, sizeof(piece));

        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0) {
            lsp_server_rest(server); /* a script that has said everything may still read */
            write_out(server);
            break;
        }
        lsp_reader_add(&reader, piece, (size_t)size);
        if (!serve_messages(server, &reader))
            break;
    }
    lsp_reader_clear(&reader);
}

int main(int argc, char **argv)
{
    struct options options = { .status = -1 };
    struct lsp_server server;
    int status;

    argv[0] = (char *)"kodosis lsp"; /* getopt_long() begins its messages with this */
    parse_options(argc, argv, &options);
    if (options.status >= 0) {
        free(options.import_paths);
        return options.status;
    }
    signal(SIGPIPE, SIG_IGN);
    lsp_server_open(&server, &kodosis_file_system, KODOSIS_VERSION, options.import_paths, options.import_path_count);
    serve(&server);
    status = server.ended_in_order ? 0 : 1;
    lsp_server_close(&server);
    free(options.import_paths);
    return status;
}
