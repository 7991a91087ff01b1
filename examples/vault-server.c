/* SPDX-License-Identifier: MIT */
/* Hands out the files of a directory as open descriptors: vault-server DIRECTORY unix://vault */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <hprpc/hprpc.h>
#include "usage.h"
#include "vault.h"

struct vault {
    int directory;
};

/* Whether a name stays inside the directory. */
static bool is_plain(struct kodosis_string name)
{
    return name.size && name.data[0] != '.' && !memchr(name.data, '/', name.size);
}

static int open_file(void *self, struct hprpc_request *request, struct kodosis_string name)
{
    const struct vault *vault = self;
    int fd = is_plain(name) ? openat(vault->directory, name.data, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
    int result;

    if (fd < 0)
        return example_not_there_raise(request, &(struct example_not_there){ name });
    result = example_vault_open_reply(request, fd); /* sends a copy; this one is still ours */
    close(fd);
    return result;
}

static int copy(int from, int to, uint64_t *ret_size)
{
    char buffer[4096];
    ssize_t n;

    while ((n = read(from, buffer, sizeof(buffer))) > 0) {
        if (write(to, buffer, (size_t)n) != n)
            return HPRPC_ESYSTEM;
        *ret_size += (uint64_t)n;
    }
    return n < 0 ? HPRPC_ESYSTEM : 0;
}

static int append(void *self, struct hprpc_request *request, struct kodosis_string name, int from)
{
    const struct vault *vault = self;
    uint64_t size = 0;
    int result, to = -1;

    if (is_plain(name))
        to = openat(vault->directory, name.data, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return HPRPC_EAPPLICATION;
    result = copy(from, to, &size); /* `from` is closed with the request; hprpc_request_fd_take would keep it */
    close(to);
    return result < 0 ? result : example_vault_append_reply(request, size);
}

static int serve(struct hprpc_server *server, struct vault *vault, char **uris, struct hprpc_detail *detail)
{
    static const struct example_vault_service service = { .open = open_file, .append = append };
    char address[HPRPC_URI_MAX + 1];
    int result = example_vault_add(server, &service, vault);

    for (size_t i = 0; uris[i] && result == 0; i++) {
        result = hprpc_server_listen(server, uris[i], detail);
        if (result == 0 && hprpc_server_address(server, i, address, sizeof(address)) == 0)
            printf("listening on %s\n", address);
    }
    fflush(stdout);
    return result == 0 ? hprpc_server_run(server) : result;
}

int main(int argc, char **argv)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    struct hprpc_server *server = NULL;
    struct vault vault;
    int result;

    usage_check(argc, argv, argc,
                "vault-server DIRECTORY URI...\nHands out the files of DIRECTORY, until SIGINT or SIGTERM.");
    if (argc < 3)
        errx(1, "usage: vault-server DIRECTORY URI...");
    vault.directory = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (vault.directory < 0)
        err(1, "%s", argv[1]);
    options.workers = 4; /* a client's pipe may keep a handler waiting */
    result = hprpc_server_new(NULL, &options, &server);
    if (result == 0)
        result = hprpc_server_stop_on_signal(server, SIGINT);
    if (result == 0)
        result = hprpc_server_stop_on_signal(server, SIGTERM);
    if (result == 0)
        result = serve(server, &vault, argv + 2, &detail);
    if (result < 0)
        warnx("%s", detail.text[0] ? detail.text : hprpc_error_text(result));
    hprpc_server_free(server);
    close(vault.directory);
    return result < 0;
}
