/* SPDX-License-Identifier: MIT */
/* The directory of a test, and listeners and connections of the pipe backend in it. */
#ifndef TESTS_CHANNEL_PIPE_END_H
#define TESTS_CHANNEL_PIPE_END_H

#include "tests/channel/end.h"

#include "channel-pipe/pipe.h"
#include "support/fixture.h"

extern const struct hprpc_transport hprpc_transport_pipe;

enum { SOMEBODY = 54321 }; /* a user without privileges */

extern char base[40]; /* the directory of this test */
extern char door[48]; /* <base>/door */
extern char uri[64];  /* pipe://<base>/door */

/* A fixture_test with such a directory. If the test returns and leaves names there, it fails. */
#define pipe_test(f)                                                                            \
    {                                                                                           \
        .name = #f, .test_func = fixture_run, .setup_func = set_up, .teardown_func = tear_down, \
        .initial_state = (void *)(f)                                                            \
    }

int set_up(void **state);
int tear_down(void **state);

/* Returns how many names are in the directory. */
unsigned names_left(void);

int try_listen(const char *text, struct hprpc_detail *detail, struct hprpc_listener **ret_listener);
int try_connect(const char *text, struct hprpc_detail *detail, struct hprpc_channel **ret_channel);
struct hprpc_listener *listen_at(const char *text);
struct hprpc_channel *connect_to(const char *text);

struct pair {
    struct hprpc_listener *listener;
    struct hprpc_channel *client, *server;
};

struct pair open_pair(const char *text);
void close_pair(struct pair *pair);

/* Expects that connecting fails with this code and sentence, and leaves nothing. */
void refuses(const char *text, int code, const char *sentence);

/* Expects that no client can be accepted. */
void accepts_nobody(struct hprpc_listener *listener);

#endif
