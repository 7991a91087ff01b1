/* SPDX-License-Identifier: MIT */
/* The table of operations: each makes arguments, calls, and checks the reply. */
#include "bench/paper/operations.h"

#include <stdlib.h>
#include <string.h>

#include "bench/measure/touch.h"
#include "bench/paper/large-data.h"
#include "bench/paper/service.h"

/* ---- SayHello ---- */

static const struct paper_hello_request king = { { "king", 4 } };

static int check_hello(const struct paper_hello_reply *reply)
{
    static const char expected[] = "Hello king";

    return reply->text.size == sizeof(expected) - 1 && memcmp(reply->text.data, expected, sizeof(expected)) == 0
               ? 0
               : PAPER_WRONG_REPLY;
}

static int hello_call(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    struct paper_hello_reply reply;
    int result = paper_paper_say_hello(&caller->paper, call, &king, &reply);

    (void)number;
    return result < 0 ? result : check_hello(&reply);
}

static int hello_start(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    (void)number;
    return paper_paper_say_hello_start(&caller->paper, call, &king);
}

static int hello_finish(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    struct paper_hello_reply reply;
    int result = paper_paper_say_hello_finish(call, &reply);

    (void)caller;
    (void)number;
    return result < 0 ? result : check_hello(&reply);
}

/* ---- Average ---- */

static struct kodosis_int32_list list_of(const struct paper_caller *caller, uint64_t number)
{
    return (struct kodosis_int32_list){ paper_values_list(caller->values, number), caller->size };
}

static int check_average(const struct paper_caller *caller, double mean, uint64_t number)
{
    double expected = paper_values_average(caller->values, number, caller->size);

    /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): the same bits must come back */
    return memcmp(&mean, &expected, sizeof(mean)) == 0 ? 0 : PAPER_WRONG_REPLY;
}

static int average_call(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    double mean;
    int result = paper_paper_average(&caller->paper, call, list_of(caller, number), &mean);

    return result < 0 ? result : check_average(caller, mean, number);
}

static int average_start(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    return paper_paper_average_start(&caller->paper, call, list_of(caller, number));
}

static int average_finish(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    double mean;
    int result = paper_paper_average_finish(call, &mean);

    return result < 0 ? result : check_average(caller, mean, number);
}

/* ---- GetRandNums ---- */

static int check_numbers(const struct paper_caller *caller, struct kodosis_int32_list numbers)
{
    if (numbers.count != caller->size)
        return PAPER_WRONG_REPLY;
    return !numbers.count || memcmp(numbers.data, caller->random, numbers.count * sizeof(*numbers.data)) == 0
               ? 0
               : PAPER_WRONG_REPLY;
}

static int random_call(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    struct kodosis_int32_list numbers;
    int result = paper_paper_get_rand_nums(&caller->paper, call, (int32_t)caller->size, &numbers);

    (void)number;
    return result < 0 ? result : check_numbers(caller, numbers);
}

static int random_start(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    (void)number;
    return paper_paper_get_rand_nums_start(&caller->paper, call, (int32_t)caller->size);
}

static int random_finish(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    struct kodosis_int32_list numbers;
    int result = paper_paper_get_rand_nums_finish(call, &numbers);

    (void)number;
    return result < 0 ? result : check_numbers(caller, numbers);
}

/* ---- Echo and Put ---- */

static struct kodosis_bytes payload_of(const struct paper_caller *caller, uint64_t number)
{
    if (caller->varies)
        memcpy(caller->payload, &number, sizeof(number));
    return (struct kodosis_bytes){ caller->payload, caller->size };
}

static uint64_t sum_of(const struct paper_caller *caller, uint64_t number)
{
    return caller->varies ? caller->payload_sum + number : caller->payload_sum;
}

static int check_sum(const struct paper_caller *caller, uint64_t sum, uint64_t number)
{
    return sum == sum_of(caller, number) ? 0 : PAPER_WRONG_REPLY;
}

static int check_payload(const struct paper_caller *caller, struct kodosis_bytes payload, uint64_t number)
{
    if (payload.size != caller->size)
        return PAPER_WRONG_REPLY;
    return check_sum(caller, bench_sum(payload.data, payload.size), number);
}

static int echo_call(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    struct kodosis_bytes payload;
    int result = paper_bytes_echo(&caller->bytes, call, payload_of(caller, number), &payload);

    return result < 0 ? result : check_payload(caller, payload, number);
}

static int echo_start(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    return paper_bytes_echo_start(&caller->bytes, call, payload_of(caller, number));
}

static int echo_finish(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    struct kodosis_bytes payload;
    int result = paper_bytes_echo_finish(call, &payload);

    return result < 0 ? result : check_payload(caller, payload, number);
}

static int put_call(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    uint64_t sum;
    int result = paper_bytes_put(&caller->bytes, call, payload_of(caller, number), &sum);

    return result < 0 ? result : check_sum(caller, sum, number);
}

static int put_start(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    return paper_bytes_put_start(&caller->bytes, call, payload_of(caller, number));
}

static int put_finish(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    uint64_t sum;
    int result = paper_bytes_put_finish(call, &sum);

    return result < 0 ? result : check_sum(caller, sum, number);
}

/* ---- Which is which ---- */

static const struct paper_operation *find_large(uint32_t size)
{
    switch (size) {
    case 128:
        return &paper_large128;
    case 256:
        return &paper_large256;
    case 512:
        return &paper_large512;
    case 1024:
        return &paper_large1024;
    case 2048:
        return &paper_large2048;
    case 4096:
        return &paper_large4096;
    case 8192:
        return &paper_large8192;
    default:
        return NULL;
    }
}

const struct paper_operation *paper_operation_find(const struct bench_workload *workload)
{
    static const struct paper_operation operations[BENCH_OPERATIONS] = {
        [BENCH_SAY_HELLO] = { hello_call, hello_start, hello_finish },
        [BENCH_AVERAGE] = { average_call, average_start, average_finish },
        [BENCH_GET_RAND_NUMS] = { random_call, random_start, random_finish },
        [BENCH_ECHO] = { echo_call, echo_start, echo_finish },
        [BENCH_PUT] = { put_call, put_start, put_finish },
    };
    bool list = workload->operation == BENCH_AVERAGE || workload->operation == BENCH_GET_RAND_NUMS;

    if (workload->operation == BENCH_LARGE_DATA)
        return find_large(workload->size);
    if (workload->operation == BENCH_NUMBERS && workload->size != 8 && workload->size != 64)
        return NULL;
    if (workload->operation == BENCH_CROWD && (workload->size < 2 || workload->size > PAPER_CROWD_MAX))
        return NULL;
    return list && workload->size > PAPER_NUMBERS_MAX ? NULL : &operations[workload->operation];
}

/* ---- Callers ---- */

static int prepare(struct paper_caller *caller, const struct bench_workload *workload,
                   const struct paper_values *values)
{
    caller->operation = paper_operation_find(workload);
    caller->size = workload->size;
    caller->values = values;
    caller->random = values->numbers + workload->size % PAPER_SHIFTS;
    if (workload->operation != BENCH_ECHO && workload->operation != BENCH_PUT && workload->operation != BENCH_POUR)
        return 0;
    caller->payload = malloc(workload->size + sizeof(uint64_t));
    if (!caller->payload)
        return HPRPC_ENOMEM;
    bench_fill(caller->payload, workload->size, 11);
    caller->varies = workload->operation != BENCH_POUR && workload->size >= sizeof(uint64_t) && workload->depth == 1;
    if (caller->varies)
        memset(caller->payload, 0, sizeof(uint64_t));
    caller->payload_sum = bench_sum(caller->payload, workload->size);
    return 0;
}

static int open_caller(struct paper_caller *caller, const char *uri, const struct bench_workload *workload,
                       const struct paper_values *values, enum hprpc_pump pump, struct hprpc_detail *detail)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    int result;

    *caller = (struct paper_caller){ 0 };
    options.pump = pump;
    options.max_message = PAPER_MESSAGE_MAX;
    options.max_call_bytes = 2ull * PAPER_MESSAGE_MAX;
    result = prepare(caller, workload, values);
    if (result == 0)
        result = hprpc_client_connect(NULL, uri, &options, detail, &caller->client);
    if (result == 0)
        result = paper_paper_bind(caller->client, detail, &caller->paper);
    if (result == 0)
        result = paper_bytes_bind(caller->client, detail, &caller->bytes);
    if (result == 0)
        result = paper_streams_bind(caller->client, detail, &caller->streams);
    if (result < 0)
        paper_caller_close(caller);
    return result;
}

int paper_caller_open(struct paper_caller *caller, const char *uri, const struct bench_workload *workload,
                      const struct paper_values *values, struct hprpc_detail *detail)
{
    return open_caller(caller, uri, workload, values, HPRPC_PUMP_CALLER, detail);
}

int paper_caller_open_looped(struct paper_caller *caller, const char *uri, const struct bench_workload *workload,
                             const struct paper_values *values, struct hprpc_detail *detail)
{
    return open_caller(caller, uri, workload, values, HPRPC_PUMP_LOOP, detail);
}

int paper_caller_borrow(struct paper_caller *caller, const struct paper_caller *owner,
                        const struct bench_workload *workload)
{
    *caller = (struct paper_caller){
        .client = owner->client,
        .paper = owner->paper,
        .bytes = owner->bytes,
        .streams = owner->streams,
        .borrowed = true,
    };
    return prepare(caller, workload, owner->values);
}

void paper_caller_close(struct paper_caller *caller)
{
    if (!caller->borrowed)
        hprpc_client_free(caller->client);
    free(caller->payload);
    *caller = (struct paper_caller){ 0 };
}

const char *paper_result_text(const struct hprpc_call *call, int result)
{
    if (result == PAPER_WRONG_REPLY)
        return "a reply differs from what was expected";
    return call->detail ? call->detail : hprpc_error_text(result);
}
