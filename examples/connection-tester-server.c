/* SPDX-License-Identifier: MIT */
/* Answers connection tests: connection-tester-server URI... */
#include <err.h>
#include <signal.h>
#include <stdio.h>

#include <hprpc/hprpc.h>
#include "connection-tester.h"
#include "usage.h"

/* A handler that returns 0 answers a procedure that has no result. */
static int keep_alive(void *self, struct hprpc_request *request)
{
    (void)self;
    (void)request;
    return 0;
}

static int serve(struct hprpc_server *server, char **uris, struct hprpc_detail *detail)
{
    static const struct example_connection_tester_service service = { .keep_alive = keep_alive };
    char address[HPRPC_URI_MAX + 1];
    int result = example_connection_tester_add(server, &service, NULL);

    for (size_t i = 0; uris[i] && result == 0; i++) {
        result = hprpc_server_listen(server, uris[i], detail);
        if (result == 0 && hprpc_server_address(server, i, address, sizeof(address)) == 0)
            printf("listening on %s\n", address); /* contains the port that the system chose for port 0 */
    }
    fflush(stdout);
    return result == 0 ? hprpc_server_run(server) : result;
}

int main(int argc, char **argv)
{
    usage_check(argc, argv, argc,
                "connection-tester-server URI...\nAnswers tests at all of the URIs, until SIGINT or SIGTERM.");
    if (argc < 2)
        errx(1, "usage: connection-tester-server URI...");

    struct hprpc_detail detail = { "" };
    struct hprpc_server *server = NULL;
    int result = hprpc_server_new(NULL, NULL, &server);
    if (result == 0)
        result = hprpc_server_stop_on_signal(server, SIGINT);
    if (result == 0)
        result = hprpc_server_stop_on_signal(server, SIGTERM);
    if (result == 0)
        result = serve(server, argv + 1, &detail);
    if (result < 0)
        warnx("%s", detail.text[0] ? detail.text : hprpc_error_text(result));
    hprpc_server_free(server);
    return result < 0;
}
