/* SPDX-License-Identifier: MIT */
/* Asks for a greeting over the transport that the URI names: greeter-client tcp://127.0.0.1:7788 king */
#include <err.h>
#include <stdio.h>

#include <hprpc/hprpc.h>
#include "greeter.h"
#include "usage.h"

static int greet(struct hprpc_client *client, const char *name, struct hprpc_detail *detail)
{
    struct example_greeter_proxy greeter;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_string greeting;
    int result;

    result = example_greeter_bind(client, detail, &greeter);
    if (result < 0)
        return result;
    result = example_greeter_say_hello(&greeter, &call, kodosis_str(name), &greeting);
    if (result == 0)
        puts(greeting.data); /* a view into the reply: it lives until the call is cleared */
    else if (call.detail)
        snprintf(detail->text, sizeof(detail->text), "%s", call.detail);
    hprpc_call_clear(&call);
    return result;
}

int main(int argc, char **argv)
{
    struct hprpc_detail detail = { "" };
    struct hprpc_client *client = NULL;
    int result;

    usage_check(argc, argv, 1, "greeter-client URI NAME\nHas NAME greeted by the server at URI.");
    if (argc != 3)
        errx(1, "usage: greeter-client URI NAME");
    result = hprpc_client_connect(NULL, argv[1], NULL, &detail, &client);
    if (result == 0)
        result = greet(client, argv[2], &detail);
    if (result < 0)
        warnx("%s", detail.text[0] ? detail.text : hprpc_error_text(result));
    hprpc_client_free(client);
    return result < 0;
}
