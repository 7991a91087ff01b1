/* SPDX-License-Identifier: MIT */
/* What the tests of the TCP backend have beside listeners and connections. */
#ifndef TESTS_CHANNEL_TCP_END_H
#define TESTS_CHANNEL_TCP_END_H

#include "channel-tcp/tcp.h"
#include "tests/channel/socket/end.h"

/* Gives a URI whose port almost certainly has no listener. */
void closed_port(char *ret_uri, size_t capacity);

#endif
