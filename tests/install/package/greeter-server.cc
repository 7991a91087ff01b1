/* SPDX-License-Identifier: MIT */
// The greeter's server in C++: greeter-server URI...
#include <csignal>
#include <iostream>
#include <string>

#include <hprpc/hprpc.h>

#include "greeter.h"

static int say_hello(void *, hprpc_request *request, kodosis_string name)
{
    const std::string greeting = "Hello " + std::string(name.data, name.size);

    return example_greeter_say_hello_reply(request, kodosis_str(greeting.c_str()));
}

int main(int, char **argv)
{
    hprpc_detail detail = {};
    hprpc_server *server = nullptr;
    example_greeter_service service = {};
    int result = hprpc_server_new(nullptr, nullptr, &server);

    service.say_hello = say_hello;
    if (result == 0)
        result = hprpc_server_stop_on_signal(server, SIGTERM);
    if (result == 0)
        result = example_greeter_add(server, &service, nullptr);
    for (std::size_t i = 0; argv[i + 1] && result == 0; i++) {
        char address[HPRPC_URI_MAX + 1];

        result = hprpc_server_listen(server, argv[i + 1], &detail);
        if (result == 0 && hprpc_server_address(server, i, address, sizeof(address)) == 0)
            std::cout << "listening on " << address << std::endl;
    }
    if (result == 0)
        result = hprpc_server_run(server);
    if (result < 0)
        std::cerr << "greeter-server: " << detail.text << std::endl;
    hprpc_server_free(server);
    return result < 0;
}
