/* SPDX-License-Identifier: MIT */
/*
 * A service written by hand through hprpc/stub.h alone, as generated code would be:
 *
 *     service test.Tiny version 1 {
 *         bytes Echo(bytes data);
 *         void Poke(bytes data);
 *         oneway void Note(bytes data);
 *         bytes Extra(bytes data);        // only in the larger of the two interfaces
 *     }
 */
#ifndef SUPPORT_TINY_H
#define SUPPORT_TINY_H

#include <hprpc/hprpc.h>
#include <hprpc/stub.h>

enum { TINY_ECHO, TINY_POKE, TINY_NOTE, TINY_EXTRA, TINY_COUNT };

struct tiny_handlers {
    int (*echo)(void *self, struct hprpc_request *request, struct kodosis_bytes data);
    int (*poke)(void *self, struct hprpc_request *request, struct kodosis_bytes data);
    int (*note)(void *self, struct hprpc_request *request, struct kodosis_bytes data);
};

/* Echo, Poke and Note. */
extern const struct hprpc_interface tiny_interface;

/* As tiny_interface, with Extra. */
extern const struct hprpc_interface tiny_larger_interface;

/* The same name in version 2; and version 1 with another Echo. */
extern const struct hprpc_interface tiny_newer_interface, tiny_other_interface;

struct tiny {
    struct hprpc_client *client;
    struct hprpc_binding *binding;
};

int tiny_bind(struct hprpc_client *client, const struct hprpc_interface *interface, struct hprpc_detail *detail,
              struct tiny *ret_tiny);

int tiny_echo(struct tiny *tiny, struct hprpc_call *call, const void *data, size_t size,
              struct kodosis_bytes *ret_data);
int tiny_echo_start(struct tiny *tiny, struct hprpc_call *call, const void *data, size_t size);
int tiny_echo_finish(struct hprpc_call *call, struct kodosis_bytes *ret_data);
int tiny_echo_reply(struct hprpc_request *request, const void *data, size_t size);
int tiny_extra(struct tiny *tiny, struct hprpc_call *call);

int tiny_poke(struct tiny *tiny, struct hprpc_call *call, const void *data, size_t size);
int tiny_poke_start(struct tiny *tiny, struct hprpc_call *call, const void *data, size_t size);
int tiny_poke_finish(struct hprpc_call *call);
int tiny_note(struct tiny *tiny, struct hprpc_call *call, const void *data, size_t size);

/* error test.Trouble { bytes data; } */
int tiny_trouble_raise(struct hprpc_request *request, const void *data, size_t size);
int tiny_trouble_get(struct hprpc_call *call, struct kodosis_bytes *ret_data);

/* Echo echoes, Poke and Note succeed. */
extern const struct tiny_handlers tiny_plain;

#endif
