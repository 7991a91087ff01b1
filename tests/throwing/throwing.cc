/* SPDX-License-Identifier: MIT */
// An exception that would leave a function which the library calls ends the program at the throw, whatever catches around
// the library; a longjmp out of a handler is told to whoever runs the server again.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <stdexcept>

#include <hprpc/hprpc.h>

#include "target.h"

namespace
{

enum place { IN_HANDLER, IN_HANDLER_ON_WORKER, IN_NOTIFY, IN_CHANGED, IN_CONNECTED, PLACES };

constexpr const char *names[PLACES] = { "a handler", "a handler on a worker", "a call's callback",
                                        "a client's callback", "a server's callback" };

place thrower;

void throw_in(place here)
{
    if (here == thrower)
        throw std::runtime_error("thrown on purpose");
}

int twice(void *, hprpc_request *request, int32_t value)
{
    throw_in(IN_HANDLER);
    throw_in(IN_HANDLER_ON_WORKER);
    return throwing_target_twice_reply(request, 2 * value);
}

void told(void *, hprpc_pending_call *)
{
    throw_in(IN_NOTIFY);
}

void changed(void *, enum hprpc_client_state state, int, const char *)
{
    if (state == HPRPC_CLIENT_READY)
        throw_in(IN_CHANGED);
}

void connected(void *, hprpc_controller *)
{
    throw_in(IN_CONNECTED);
}

const throwing_target_service handlers = { twice };

hprpc_server *make_server(char *ret_uri, size_t capacity)
{
    hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    hprpc_server *server;

    options.workers = thrower == IN_HANDLER_ON_WORKER;
    options.connected = connected;
    if (hprpc_server_new(nullptr, &options, &server) < 0 || throwing_target_add(server, &handlers, nullptr) < 0 ||
        hprpc_server_listen(server, "tcp://127.0.0.1:0", nullptr) < 0 ||
        hprpc_server_address(server, 0, ret_uri, capacity) < 0)
        _exit(2);
    return server;
}

void *call(void *uri)
{
    hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    hprpc_call call = HPRPC_CALL_INIT;
    throwing_target_proxy proxy;
    hprpc_client *client;

    options.changed = changed;
    try {
        if (hprpc_client_connect(nullptr, static_cast<char *>(uri), &options, nullptr, &client) == 0 &&
            throwing_target_bind(client, nullptr, &proxy) == 0 && throwing_target_twice_start(&proxy, &call, 4) == 0) {
            hprpc_pending_call_notify(call.pending, told, nullptr);
            hprpc_pending_call_wait(call.pending, HPRPC_NO_TIMEOUT);
        }
    } catch (const std::exception &) {
        _exit(3);
    }
    _exit(4);
}

// Both sides in one process, with something that catches around each.
[[noreturn]] void run_child()
{
    char uri[128];
    hprpc_server *server = make_server(uri, sizeof(uri));
    pthread_t thread;

    pthread_create(&thread, nullptr, call, uri);
    try {
        hprpc_server_run(server);
    } catch (const std::exception &) {
        _exit(3);
    }
    _exit(4);
}

// What a child that throws there says, and how it ends.
int watch_child(char *ret_text, size_t capacity)
{
    const rlimit none = { 0, 0 };
    size_t size = 0;
    ssize_t got;
    int ends[2], status;
    pid_t child;

    if (pipe(ends) < 0 || (child = fork()) < 0)
        return 2;
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &none);
        dup2(ends[1], 2);
        alarm(60);
        run_child();
    }
    close(ends[1]);
    while (size + 1 < capacity && (got = read(ends[0], ret_text + size, capacity - size - 1)) > 0)
        size += static_cast<size_t>(got);
    ret_text[size] = '\0';
    close(ends[0]);
    waitpid(child, &status, 0);
    return status;
}

bool ends_at_the_throw(place here)
{
    char text[4096];
    int status;

    thrower = here;
    status = watch_child(text, sizeof(text));
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && std::strstr(text, "thrown on purpose"))
        return true;
    std::printf("an exception in %s: status %x, and '%s'\n", names[here], static_cast<unsigned>(status), text);
    return false;
}

// ---- longjmp ----

std::jmp_buf out;

int leap(void *, hprpc_request *, int32_t)
{
    std::longjmp(out, 1);
}

const throwing_target_service leaping = { leap };

void *call_once(void *uri)
{
    throwing_target_proxy proxy;
    hprpc_client *client;

    if (hprpc_client_connect(nullptr, static_cast<char *>(uri), nullptr, nullptr, &client) == 0 &&
        throwing_target_bind(client, nullptr, &proxy) == 0)
        throwing_target_twice(&proxy, nullptr, 4, nullptr);
    return nullptr;
}

// In a process of its own: nothing can be freed after it.
bool tells_of_a_leap()
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        static hprpc_server *server;
        static char uri[128];
        pthread_t thread;

        alarm(60);
        if (hprpc_server_new(nullptr, nullptr, &server) < 0 || throwing_target_add(server, &leaping, nullptr) < 0 ||
            hprpc_server_listen(server, "tcp://127.0.0.1:0", nullptr) < 0 ||
            hprpc_server_address(server, 0, uri, sizeof(uri)) < 0)
            _exit(2);
        pthread_create(&thread, nullptr, call_once, uri);
        if (setjmp(out) == 0)
            hprpc_server_run(server);
        _exit(hprpc_server_run(server) == HPRPC_EINVAL ? 0 : 5);
    }
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        std::printf("after a longjmp: status %x\n", static_cast<unsigned>(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

int main()
{
    bool right = tells_of_a_leap();

    for (int here = 0; here < PLACES; here++)
        right = ends_at_the_throw(static_cast<place>(here)) && right;
    return !right;
}
