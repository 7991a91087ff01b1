/* SPDX-License-Identifier: MIT */
/* The goals that are ratios: of our time to the floor's, of our rate to the floor's, of another framework's time to ours. */
#include "bench/program/goals.h"

#define HELLO                             \
    {                                     \
        BENCH_SAY_HELLO, 0, 1, 1, 1, 0, 0 \
    }
#define HELLO_64_DEEP                      \
    {                                      \
        BENCH_SAY_HELLO, 0, 64, 1, 1, 0, 0 \
    }
#define HELLO_64_WIDE                      \
    {                                      \
        BENCH_SAY_HELLO, 0, 1, 64, 1, 0, 0 \
    }
#define MEGABYTE                          \
    {                                     \
        BENCH_PUT, 1 << 20, 1, 1, 1, 0, 0 \
    }
#define MEGABYTE_8_DEEP                   \
    {                                     \
        BENCH_PUT, 1 << 20, 8, 1, 1, 0, 0 \
    }
#define AVERAGE                             \
    {                                       \
        BENCH_AVERAGE, 10000, 1, 1, 1, 0, 0 \
    }
#define RANDOM                                    \
    {                                             \
        BENCH_GET_RAND_NUMS, 10000, 1, 1, 1, 0, 0 \
    }
#define LARGE(members)                           \
    {                                            \
        BENCH_LARGE_DATA, members, 1, 1, 1, 0, 0 \
    }
#define SPLIT BENCH_SPLIT_CORE
#define SAME BENCH_SAME_CORE
#define FREE BENCH_UNPINNED
#define MOST BENCH_AT_MOST
#define LEAST BENCH_AT_LEAST
#define TOLD BENCH_REPORTED
#define TIME BENCH_MIDMEAN
#define RATE BENCH_RATE

const struct bench_goal bench_goals[] = {
    { "shm SayHello, spinning / raw slot", HELLO, SPLIT, "shm spin", "raw slot", TIME, MOST, 1.35, 1.1, 0 },
    { "shm SayHello, sleeping / raw eventfd + poll", HELLO, SPLIT, "shm block", "raw slot + eventfd + poll", TIME, MOST,
      1.15, 1.05, 0 },
    { "shm SayHello, sleeping / raw eventfd + poll", HELLO, SAME, "shm block", "raw slot + eventfd + poll", TIME, MOST,
      1.15, 1.05, 0 },
    { "shm SayHello, sleeping / raw eventfd + poll", HELLO, FREE, "shm block", "raw slot + eventfd + poll", TIME, MOST,
      1.15, 1.05, 0 },
    { "shm SayHello, adaptive / spinning", HELLO, SPLIT, "shm adaptive", "shm spin", TIME, MOST, 1.1, 1.03, 0 },
    { "shm calls per second at depth 64 / raw rings", HELLO_64_DEEP, SPLIT, "shm adaptive", "raw rings", RATE, LEAST,
      0.7, 0.9, 0 },
    { "TCP SayHello, blocking / raw poll + recv + send", HELLO, SPLIT, "tcp block", "raw TCP + poll", TIME, MOST, 1.05,
      1.0, 0 },
    { "TCP SayHello, blocking / raw poll + recv + send", HELLO, SAME, "tcp block", "raw TCP + poll", TIME, MOST, 1.05,
      1.0, 0 },
    { "TCP SayHello, blocking / raw poll + recv + send", HELLO, FREE, "tcp block", "raw TCP + poll", TIME, MOST, 1.05,
      1.0, 0 },
    { "TCP SayHello, blocking / bare recv + send", HELLO, SPLIT, "tcp block", "raw TCP", TIME, TOLD, 0, 0, 0 },
    { "TCP SayHello, blocking / bare recv + send", HELLO, SAME, "tcp block", "raw TCP", TIME, TOLD, 0, 0, 0 },
    { "TCP SayHello, blocking / bare recv + send", HELLO, FREE, "tcp block", "raw TCP", TIME, TOLD, 0, 0, 0 },
    { "TCP SayHello, adaptive / raw busy-polling", HELLO, SPLIT, "tcp adaptive", "raw TCP, busy", TIME, MOST, 1.15,
      1.05, 0 },
    { "TCP calls per second at depth 64, adaptive / raw batched echo, busy", HELLO_64_DEEP, SPLIT, "tcp adaptive",
      "raw TCP, batched, busy", RATE, LEAST, 0.8, 0.95, 0 },
    { "TCP calls per second at depth 64, blocking / raw batched echo", HELLO_64_DEEP, SPLIT, "tcp block",
      "raw TCP, batched", RATE, LEAST, 0.8, 0.95, 0 },
    { "TCP calls per second at depth 64, blocking / raw batched echo", HELLO_64_DEEP, SAME, "tcp block",
      "raw TCP, batched", RATE, LEAST, 0.8, 0.95, 0 },
    { "TCP calls per second at depth 64, adaptive / raw batched echo, busy", HELLO_64_DEEP, FREE, "tcp adaptive",
      "raw TCP, batched, busy", RATE, LEAST, 0.8, 0.95, 0 },
    { "TCP calls per second at depth 64, blocking / raw batched echo", HELLO_64_DEEP, FREE, "tcp block",
      "raw TCP, batched", RATE, LEAST, 0.8, 0.95, 0 },
    { "TCP, 64 connections, calls per second / raw epoll", HELLO_64_WIDE, SPLIT, "tcp adaptive", "raw TCP, epoll", RATE,
      LEAST, 1.0, 1.3, 0 },
    { "TCP, 64 connections, calls per server CPU second / raw epoll", HELLO_64_WIDE, SPLIT, "tcp block",
      "raw TCP, epoll", BENCH_RATE_PER_CPU, LEAST, 1.1, 1.4, 0 },
    { "FIFO SayHello, blocking / raw poll + read + write", HELLO, SPLIT, "pipe block", "raw FIFO + poll", TIME, MOST,
      1.05, 1.02, 0 },
    { "FIFO SayHello, blocking / raw poll + read + write", HELLO, SAME, "pipe block", "raw FIFO + poll", TIME, MOST,
      1.05, 1.02, 0 },
    { "FIFO SayHello, blocking / raw poll + read + write", HELLO, FREE, "pipe block", "raw FIFO + poll", TIME, MOST,
      1.05, 1.02, 0 },
    { "FIFO SayHello, blocking / bare read + write", HELLO, SPLIT, "pipe block", "raw FIFO", TIME, TOLD, 0, 0, 0 },
    { "FIFO SayHello, blocking / bare read + write", HELLO, SAME, "pipe block", "raw FIFO", TIME, TOLD, 0, 0, 0 },
    { "FIFO SayHello, blocking / bare read + write", HELLO, FREE, "pipe block", "raw FIFO", TIME, TOLD, 0, 0, 0 },
    { "FIFO SayHello, adaptive / raw busy-polled", HELLO, SPLIT, "pipe adaptive", "raw FIFO, busy", TIME, MOST, 1.15,
      1.05, 0 },
    { "1 MB bodies: shm / memcpy + touch", MEGABYTE_8_DEEP, SPLIT, "shm adaptive", "memcpy + touch", RATE, LEAST, 0.85,
      0.95, 0 },
    { "1 MB bodies: shm / memcpy + touch, two CPUs", MEGABYTE_8_DEEP, SPLIT, "shm adaptive", "memcpy + touch, two CPUs",
      RATE, TOLD, 0, 0, 0 },
    { "1 MB bodies: TCP / raw", MEGABYTE, SPLIT, "tcp block", "raw TCP + poll", RATE, LEAST, 0.9, 0.97, 0 },
    { "1 MB bodies: FIFO / raw", MEGABYTE, SPLIT, "pipe block", "raw FIFO + poll", RATE, LEAST, 0.9, 0.97, 0 },
    { "encode int32[10000] / memcpy", AVERAGE, SPLIT, "Kodosis encode", "memcpy of the list", TIME, MOST, 1.1, 1.03,
      0 },
    { "open a view of int32[10000], ns", AVERAGE, SPLIT, "Kodosis view", NULL, TIME, MOST, 10, 4, 1000 },
    { "protobuf C++ / list codec", AVERAGE, SPLIT, "protobuf int32", "Kodosis codec", TIME, LEAST, 20, 50, 0 },
    { "protobuf C++ (sfixed32) / list codec", AVERAGE, SPLIT, "protobuf sfixed32", "Kodosis codec", TIME, TOLD, 0, 0,
      0 },
    { "gRPC TCP / TCP, SayHello", HELLO, FREE, "gRPC TCP", "tcp adaptive", TIME, LEAST, 5, 8, 0 },
    { "gRPC TCP / TCP blocking, SayHello", HELLO, FREE, "gRPC TCP", "tcp block", TIME, TOLD, 0, 0, 0 },
    { "gRPC TCP / TCP, Average 10000", AVERAGE, FREE, "gRPC TCP", "tcp adaptive", TIME, LEAST, 3, 6, 0 },
    { "gRPC TCP / TCP blocking, Average 10000", AVERAGE, FREE, "gRPC TCP", "tcp block", TIME, TOLD, 0, 0, 0 },
    { "gRPC TCP / TCP, GetRandNums 10000", RANDOM, FREE, "gRPC TCP", "tcp adaptive", TIME, LEAST, 3, 6, 0 },
    { "gRPC TCP / TCP blocking, GetRandNums 10000", RANDOM, FREE, "gRPC TCP", "tcp block", TIME, TOLD, 0, 0, 0 },
    { "gRPC TCP / TCP, SendRcvLargeData 128", LARGE(128), FREE, "gRPC TCP", "tcp adaptive", TIME, LEAST, 5, 10, 0 },
    { "gRPC TCP / TCP blocking, SendRcvLargeData 128", LARGE(128), FREE, "gRPC TCP", "tcp block", TIME, TOLD, 0, 0, 0 },
    { "gRPC TCP / TCP, SendRcvLargeData 1024", LARGE(1024), FREE, "gRPC TCP", "tcp adaptive", TIME, LEAST, 8, 20, 0 },
    { "gRPC TCP / TCP blocking, SendRcvLargeData 1024", LARGE(1024), FREE, "gRPC TCP", "tcp block", TIME, TOLD, 0, 0,
      0 },
    { "gRPC TCP / shm, SayHello", HELLO, FREE, "gRPC TCP", "shm adaptive", TIME, LEAST, 100, 150, 0 },
    { "gRPC TCP / shm blocking, SayHello", HELLO, FREE, "gRPC TCP", "shm block", TIME, TOLD, 0, 0, 0 },
    { "gRPC TCP / shm, SayHello", HELLO, SPLIT, "gRPC TCP", "shm adaptive", TIME, TOLD, 0, 0, 0 },
    { "gRPC unix / shm, SayHello", HELLO, FREE, "gRPC unix", "shm adaptive", TIME, TOLD, 0, 0, 0 },
    { "Cap'n Proto / shm, SayHello", HELLO, FREE, "Cap'n Proto", "shm adaptive", TIME, LEAST, 80, 120, 0 },
    { "Cap'n Proto / shm blocking, SayHello", HELLO, FREE, "Cap'n Proto", "shm block", TIME, TOLD, 0, 0, 0 },
    { "Cap'n Proto / shm, SayHello", HELLO, SPLIT, "Cap'n Proto", "shm adaptive", TIME, TOLD, 0, 0, 0 },
    { "Thrift / TCP, SayHello", HELLO, FREE, "Thrift", "tcp adaptive", TIME, LEAST, 1.2, 2, 0 },
    { "Thrift / TCP blocking, SayHello", HELLO, FREE, "Thrift", "tcp block", TIME, TOLD, 0, 0, 0 },
    { "ONC RPC / TCP, SayHello", HELLO, FREE, "ONC RPC", "tcp adaptive", TIME, LEAST, 1.2, 2, 0 },
    { "ONC RPC / TCP blocking, SayHello", HELLO, FREE, "ONC RPC", "tcp block", TIME, TOLD, 0, 0, 0 },
    { "Cap'n Proto / TCP, SayHello", HELLO, FREE, "Cap'n Proto", "tcp adaptive", TIME, LEAST, 3, 5, 0 },
    { "Cap'n Proto / TCP blocking, SayHello", HELLO, FREE, "Cap'n Proto", "tcp block", TIME, TOLD, 0, 0, 0 },
    { "p99.9 of shm spinning / of raw slot", HELLO, SPLIT, "shm spin", "raw slot", BENCH_P999, MOST, 1.5, 1.15, 0 },
    { "p99.9 of TCP blocking / of raw poll + recv + send", HELLO, SPLIT, "tcp block", "raw TCP + poll", BENCH_P999,
      MOST, 1.5, 1.15, 0 },
    { "p99.9 of FIFO blocking / of raw poll + read + write", HELLO, SPLIT, "pipe block", "raw FIFO + poll", BENCH_P999,
      MOST, 1.5, 1.15, 0 },
};

const size_t bench_goal_count = sizeof(bench_goals) / sizeof(*bench_goals);
