/* SPDX-License-Identifier: MIT */
/* The handlers of the paper's operations. */
#include "bench/paper/service.h"

#include <string.h>

#include "bench/measure/touch.h"
#include "bench/paper/flow.h"
#include "bench/paper/large-data.h"
#include "bench/paper/values.h"
#include "paper.h"

static int say_hello(void *self, struct hprpc_request *request, const struct paper_hello_request *hello)
{
    static const char greeting[] = "Hello ";
    size_t prefix = sizeof(greeting) - 1;
    char *text = hprpc_request_allocate(request, prefix + hello->name.size);

    (void)self;
    if (!text)
        return HPRPC_ENOMEM;
    memcpy(text, greeting, prefix);
    memcpy(text + prefix, hello->name.data, hello->name.size);
    return paper_paper_say_hello_reply(request, &(struct paper_hello_reply){ { text, prefix + hello->name.size } });
}

static int average(void *self, struct hprpc_request *request, struct kodosis_int32_list numbers)
{
    (void)self;
    return paper_paper_average_reply(request, paper_average(numbers.data, numbers.count));
}

static int get_rand_nums(void *self, struct hprpc_request *request, int32_t count)
{
    const int32_t *numbers = paper_values_random(self, count);

    if (!numbers)
        return hprpc_request_fail(request, HPRPC_EAPPLICATION, "so many numbers there are not");
    return paper_paper_get_rand_nums_reply(request, (struct kodosis_int32_list){ numbers, (size_t)count });
}

static int echo(void *self, struct hprpc_request *request, struct kodosis_bytes payload)
{
    (void)self;
    return paper_bytes_echo_reply(request, payload);
}

static int put(void *self, struct hprpc_request *request, struct kodosis_bytes payload)
{
    (void)self;
    return paper_bytes_put_reply(request, bench_sum(payload.data, payload.size));
}

static const struct paper_paper_service paper_service = {
    .say_hello = say_hello,
    .average = average,
    .get_rand_nums = get_rand_nums,
    .send_rcv_large_data128 = paper_serve_large128,
    .send_rcv_large_data256 = paper_serve_large256,
    .send_rcv_large_data512 = paper_serve_large512,
    .send_rcv_large_data1024 = paper_serve_large1024,
    .send_rcv_large_data2048 = paper_serve_large2048,
    .send_rcv_large_data4096 = paper_serve_large4096,
    .send_rcv_large_data8192 = paper_serve_large8192,
};

static const struct paper_bytes_service bytes_service = { .echo = echo, .put = put };

static int offer(struct hprpc_server *server)
{
    /* the handlers run inline on one thread, so only that thread makes the numbers grow */
    static struct paper_values values;
    int result;

    if (!values.capacity && !paper_values_make(&values, 1 << 16))
        return HPRPC_ENOMEM;
    result = paper_paper_add(server, &paper_service, &values);
    if (result == 0)
        result = paper_bytes_add(server, &bytes_service, NULL);
    return result < 0 ? result : paper_flow_add(server);
}

int paper_server_new(const char *const *uris, size_t count, struct hprpc_detail *detail,
                     struct hprpc_server **ret_server)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_server *server = NULL;
    int result;

    options.max_message = PAPER_MESSAGE_MAX;
    options.max_call_bytes = 2ull * PAPER_MESSAGE_MAX;
    options.max_connections = 100000;
    result = hprpc_server_new(NULL, &options, &server);
    if (result == 0)
        result = offer(server);
    for (size_t i = 0; i < count && result == 0; i++)
        result = hprpc_server_listen(server, uris[i], detail);
    if (result < 0) {
        hprpc_server_free(server);
        return result;
    }
    *ret_server = server;
    return 0;
}
