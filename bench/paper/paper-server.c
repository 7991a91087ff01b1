/* SPDX-License-Identifier: MIT */
/* Serves the paper's operations on any number of addresses at once: paper-server URI... */
#include <err.h>
#include <signal.h>
#include <stdio.h>

#include "bench/paper/service.h"
#include "examples/usage.h"

int main(int argc, char **argv)
{
    struct hprpc_detail detail = { "" };
    char address[HPRPC_URI_MAX + 1];
    struct hprpc_server *server = NULL;
    int result;

    usage_check(argc, argv, argc,
                "paper-server URI...\nServes the paper's operations at all of the URIs, until SIGINT or SIGTERM.");
    if (argc < 2)
        errx(2, "usage: paper-server URI...");
    result = paper_server_new((const char *const *)argv + 1, (size_t)argc - 1, &detail, &server);
    if (result < 0)
        errx(1, "%s", detail.text[0] ? detail.text : hprpc_error_text(result));
    if (hprpc_server_stop_on_signal(server, SIGINT) < 0 || hprpc_server_stop_on_signal(server, SIGTERM) < 0)
        errx(1, "cannot watch for signals");
    for (size_t i = 0; hprpc_server_address(server, i, address, sizeof(address)) == 0; i++)
        printf("listening on %s\n", address);
    fflush(stdout);
    result = hprpc_server_run(server);
    hprpc_server_free(server);
    if (result < 0)
        errx(1, "%s", hprpc_error_text(result));
    return 0;
}
