/* SPDX-License-Identifier: MIT */
/* Messages about the connection itself: sending them. Under the lock. */
#ifndef HPRPC_RPC_CONNECTION_CONTROL_H
#define HPRPC_RPC_CONNECTION_CONTROL_H

#include "rpc/connection/connection.h"
#include "rpc/connection/message.h"

int hprpc__signal_send(struct hprpc_controller *controller, enum hprpc_message_type type, uint32_t call);
int hprpc__hello_send(struct hprpc_controller *controller);
int hprpc__credit_send(struct hprpc_controller *controller, uint32_t calls, uint64_t bytes);
int hprpc__goodbye_send(struct hprpc_controller *controller, int code, const char *text);

/* Tells the other side to send no more requests; requests that still come are not taken. By the pump's owner, once. */
int hprpc__drain_send(struct hprpc_controller *controller);

enum { HPRPC__SENTENCE_REST = 32 }; /* bytes that a body with a sentence has beside it, at most */

/* A sentence that the other side accepts beside `rest` other bytes: valid UTF-8, cut at a character. Returns its size. */
size_t hprpc__sentence_fit(const struct hprpc_controller *controller, const char *text, size_t rest,
                           char ret_text[HPRPC__TEXT_MAX + 1]);
int hprpc__error_send(struct hprpc_controller *controller, uint32_t call, int code, const char *text);

#endif
