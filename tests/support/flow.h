/* SPDX-License-Identifier: MIT */
/*
 * A service with streams, written by hand through hprpc/stub.h alone, as generated code would be:
 *
 *     service test.Flow version 1 {
 *         stream<bytes> Watch(uint32 count, uint32 size);
 *         uint64 Upload(uint32 what, stream<bytes> parts);
 *         stream<bytes> Chat(uint32 what, stream<bytes> parts);
 *         uint32 Plain(uint32 number);
 *     }
 */
#ifndef SUPPORT_FLOW_H
#define SUPPORT_FLOW_H

#include <hprpc/hprpc.h>
#include <hprpc/stub.h>

enum { FLOW_WATCH, FLOW_UPLOAD, FLOW_CHAT, FLOW_PLAIN, FLOW_COUNT };

struct flow_handlers {
    int (*watch)(void *self, struct hprpc_request *request, uint32_t count, uint32_t size);
    int (*upload)(void *self, struct hprpc_request *request, uint32_t what);
    int (*chat)(void *self, struct hprpc_request *request, uint32_t what);
    int (*plain)(void *self, struct hprpc_request *request, uint32_t number);
};

extern const struct hprpc_interface flow_interface;

struct flow {
    struct hprpc_client *client;
    struct hprpc_binding *binding;
};

int flow_bind(struct hprpc_client *client, struct hprpc_detail *detail, struct flow *ret_flow);

/* ---- Client side ---- */

int flow_watch_start(struct flow *flow, struct hprpc_call *call, uint32_t count, uint32_t size);
int flow_upload_start(struct flow *flow, struct hprpc_call *call, uint32_t what);
int flow_chat_start(struct flow *flow, struct hprpc_call *call, uint32_t what);
int flow_plain(struct flow *flow, struct hprpc_call *call, uint32_t number, uint32_t *ret_number);

/* Of Upload and Chat. */
int flow_send(struct hprpc_call *call, const void *data, size_t size);

/* Of Watch and Chat. */
int flow_next(struct hprpc_call *call, struct kodosis_bytes *ret_item);

/* Of Watch and Chat. */
int flow_finish(struct hprpc_call *call);
int flow_upload_finish(struct hprpc_call *call, uint64_t *ret_total);

/* ---- Server side ---- */

int flow_request_send(struct hprpc_request *request, const void *data, size_t size);
int flow_request_next(struct hprpc_request *request, struct kodosis_bytes *ret_item);
int flow_upload_reply(struct hprpc_request *request, uint64_t total);
int flow_plain_reply(struct hprpc_request *request, uint32_t number);

/* Of Watch and Chat: the end. */
int flow_reply(struct hprpc_request *request);

/* ---- Elements ---- */

/* Fills an element of a series: its bytes depend on its number. */
void flow_fill(uint32_t number, void *data, size_t size);

/* Whether an element is the one of this number and size. */
bool flow_is(struct kodosis_bytes item, uint32_t number, size_t size);

#endif
