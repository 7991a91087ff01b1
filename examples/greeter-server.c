/* SPDX-License-Identifier: MIT */
/* Greets on any number of addresses at once: greeter-server tcp://127.0.0.1:7788 unix://greeter shm://greeter */
#include <err.h>
#include <signal.h>
#include <stdio.h>

#include <hprpc/hprpc.h>
#include "greeter.h"
#include "usage.h"

static int say_hello(void *self, struct hprpc_request *request, struct kodosis_string name)
{
    size_t capacity = sizeof("Hello ") + name.size;
    char *text = hprpc_request_allocate(request, capacity); /* lives as long as the request */

    (void)self;
    if (!text)
        return HPRPC_ENOMEM;
    snprintf(text, capacity, "Hello %s", name.data);
    return example_greeter_say_hello_reply(request, kodosis_str(text));
}

static int serve(struct hprpc_server *server, char **uris, struct hprpc_detail *detail)
{
    static const struct example_greeter_service service = { .say_hello = say_hello };
    char address[HPRPC_URI_MAX + 1];
    int result = example_greeter_add(server, &service, NULL);

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
                "greeter-server URI...\nGreets whoever calls at any of the URIs, until SIGINT or SIGTERM.");
    if (argc < 2)
        errx(1, "usage: greeter-server URI...");

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
