/* SPDX-License-Identifier: MIT */
// The greeter's client in C++: greeter-client URI NAME
#include <iostream>

#include <hprpc/hprpc.h>

#include "greeter.h"

int main(int argc, char **argv)
{
    hprpc_detail detail = {};
    hprpc_client *client = nullptr;
    hprpc_call call = HPRPC_CALL_INIT;
    example_greeter_proxy greeter;
    kodosis_string greeting;
    int result = argc == 3 ? hprpc_client_connect(nullptr, argv[1], nullptr, &detail, &client) : HPRPC_EINVAL;

    if (result == 0)
        result = example_greeter_bind(client, &detail, &greeter);
    if (result == 0)
        result = example_greeter_say_hello(&greeter, &call, kodosis_str(argv[2]), &greeting);
    if (result == 0)
        std::cout << greeting.data << std::endl;
    else
        std::cerr << "greeter-client: " << hprpc_error_text(result) << ": " << detail.text << std::endl;
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    return result < 0;
}
