/* SPDX-License-Identifier: MIT */
/* Instantiates Thrift's generated templates with this transport and protocol, so that both are inlined. */
#ifndef BENCH_PEERS_THRIFT_PROTOCOL_H
#define BENCH_PEERS_THRIFT_PROTOCOL_H

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>

using PeerProtocol = apache::thrift::protocol::TBinaryProtocolT<apache::thrift::transport::TBufferedTransport>;

#endif
