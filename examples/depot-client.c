/* SPDX-License-Identifier: MIT */
/*
 * Sends a file and takes one back: depot-client URI put NAME <FILE, depot-client URI get NAME >FILE; and tells which ones come:
 * depot-client URI watch COUNT.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include <hprpc/hprpc.h>
#include "depot.h"
#include "usage.h"

static const char usage[] =
    "depot-client URI put NAME | get NAME | watch COUNT\n"
    "Sends the standard input to the depot as a file of that name, writes such a file to the standard\n"
    "output, or prints the names and sizes of so many files, those that are there first.";

static int put(const struct example_depot_proxy *depot, struct hprpc_call *call, const char *name)
{
    static uint8_t part[65536];
    uint64_t kept;
    size_t size;
    int result = example_depot_put_start(depot, call, kodosis_str(name));

    while (result == 0 && (size = fread(part, 1, sizeof(part), stdin)))
        result = example_depot_put_send(call, (struct kodosis_bytes){ part, size });
    if (ferror(stdin))
        err(1, "standard input"); /* the connection ends, and so does the call: nothing is kept */
    if (result == 0)
        result = example_depot_put_finish(call, &kept);
    if (result == 0)
        printf("%llu bytes\n", (unsigned long long)kept);
    return result;
}

static int get(const struct example_depot_proxy *depot, struct hprpc_call *call, const char *name)
{
    struct kodosis_bytes part;
    int result = example_depot_get_start(depot, call, kodosis_str(name));

    while (result >= 0 && (result = example_depot_get_next(call, &part)) == 1)
        if (fwrite(part.data, 1, part.size, stdout) != part.size)
            err(1, "standard output");
    return result < 0 ? result : example_depot_get_finish(call);
}

static int watch(const struct example_depot_proxy *depot, struct hprpc_call *call, int count)
{
    struct example_arrival arrival;
    int result = example_depot_watch_start(depot, call);

    while (count-- > 0 && result >= 0 && (result = example_depot_watch_next(call, &arrival)) == 1) {
        printf("%s, %llu bytes\n", arrival.name.data, (unsigned long long)arrival.size);
        fflush(stdout);
    }
    return result < 0 ? result : 0; /* main() clears the call, which tells the server that this is enough */
}

static int run(struct hprpc_client *client, const char *verb, const char *argument, struct hprpc_detail *detail)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct example_depot_proxy depot;
    struct example_no_file none;
    int result = example_depot_bind(client, detail, &depot);

    if (result < 0)
        return result;
    if (strcmp(verb, "put") == 0)
        result = put(&depot, &call, argument);
    else if (strcmp(verb, "get") == 0)
        result = get(&depot, &call, argument);
    else
        result = watch(&depot, &call, atoi(argument));
    if (example_no_file_get(&call, &none))
        warnx("there is no file called %s", none.name.data);
    else if (result < 0)
        warnx("%s", call.detail ? call.detail : hprpc_error_text(result));
    hprpc_call_clear(&call);
    return result;
}

int main(int argc, char **argv)
{
    struct hprpc_detail detail = { "" };
    struct hprpc_client *client = NULL;
    int result;

    usage_check(argc, argv, 2, usage);
    if (argc != 4 || (strcmp(argv[2], "put") != 0 && strcmp(argv[2], "get") != 0 && strcmp(argv[2], "watch") != 0))
        errx(1, "usage: depot-client URI put NAME | get NAME | watch COUNT");
    result = hprpc_client_connect(NULL, argv[1], NULL, &detail, &client);
    if (result == 0)
        result = run(client, argv[2], argv[3], &detail);
    if (result < 0 && detail.text[0])
        warnx("%s", detail.text);
    hprpc_client_free(client);
    return result < 0;
}
