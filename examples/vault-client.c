/* SPDX-License-Identifier: MIT */
/* Prints a file of the vault, or appends standard input to one: vault-client unix://vault open NAME */
#include <err.h>
#include <stdio.h>
#include <unistd.h>

#include <hprpc/hprpc.h>
#include "usage.h"
#include "vault.h"

static int print_file(int fd)
{
    char buffer[4096];
    size_t size;
    FILE *file = fdopen(fd, "r");

    if (!file) {
        close(fd);
        return HPRPC_ESYSTEM;
    }
    while ((size = fread(buffer, 1, sizeof(buffer), file)) > 0)
        fwrite(buffer, 1, size, stdout);
    fclose(file);
    return 0;
}

static int fetch(struct example_vault_proxy *vault, struct hprpc_call *call, const char *name)
{
    int fd, result = example_vault_open(vault, call, kodosis_str(name), &fd);

    if (result < 0)
        return result;
    fd = hprpc_call_fd_take(call, fd); /* ours from now on; otherwise hprpc_call_clear closes it */
    return print_file(fd);
}

static int append(struct example_vault_proxy *vault, struct hprpc_call *call, const char *name)
{
    uint64_t size;
    int result = example_vault_append(vault, call, kodosis_str(name), STDIN_FILENO, &size);

    if (result == 0)
        printf("%llu bytes\n", (unsigned long long)size);
    return result;
}

static int run(struct hprpc_client *client, char **argv, struct hprpc_detail *detail)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct example_vault_proxy vault;
    int result = example_vault_bind(client, detail, &vault);

    if (result < 0)
        return result;
    result = strcmp(argv[2], "append") == 0 ? append(&vault, &call, argv[3]) : fetch(&vault, &call, argv[3]);
    if (result < 0 && call.detail)
        snprintf(detail->text, sizeof(detail->text), "%s", call.detail);
    hprpc_call_clear(&call);
    return result;
}

int main(int argc, char **argv)
{
    struct hprpc_detail detail = { "" };
    struct hprpc_client *client = NULL;
    int result;

    usage_check(argc, argv, 2,
                "vault-client URI open|append NAME\nPrints NAME of the vault at URI, or appends standard input to it.");
    if (argc != 4)
        errx(1, "usage: vault-client URI open|append NAME");
    result = hprpc_client_connect(NULL, argv[1], NULL, &detail, &client);
    if (result == 0)
        result = run(client, argv, &detail);
    if (result < 0)
        warnx("%s", detail.text[0] ? detail.text : hprpc_error_text(result));
    hprpc_client_free(client);
    return result < 0;
}
