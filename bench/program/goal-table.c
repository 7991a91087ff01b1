/* SPDX-License-Identifier: MIT */
/* The goals that are ratios: our time to the floor's, our rate to the floor's, another framework's time to ours. */
#include "bench/program/goals.h"

#define WORK(operation, size, depth, connections)             \
    {                                                         \
        operation, size, depth, connections, 1, 0, 0, 0, 0, 1 \
    }
#define HELLO WORK(BENCH_SAY_HELLO, 0, 1, 1)
#define HELLO_64_DEEP WORK(BENCH_SAY_HELLO, 0, 64, 1)
#define HELLO_64_WIDE WORK(BENCH_SAY_HELLO, 0, 1, 64)
#define NUMBERS(size) WORK(BENCH_NUMBERS, size, 64, 1)
#define MEGABYTE WORK(BENCH_PUT, 1 << 20, 1, 1)
#define MEGABYTE_8_DEEP WORK(BENCH_PUT, 1 << 20, 8, 1)
#define AVERAGE WORK(BENCH_AVERAGE, 10000, 1, 1)
#define RANDOM WORK(BENCH_GET_RAND_NUMS, 10000, 1, 1)
#define LARGE(members) WORK(BENCH_LARGE_DATA, members, 1, 1)
#define SPLIT BENCH_SPLIT_CORE
#define SAME BENCH_SAME_CORE
#define FREE BENCH_UNPINNED
#define TIME BENCH_MIDMEAN
#define RATE BENCH_RATE

#define MOST(name, workload, where, left, right, metric, pass, aim)                                 \
    {                                                                                               \
        name, workload, where, left, right, metric, BENCH_AT_MOST, pass, aim, 1, BENCH_ANY_DISTANCE \
    }
#define LEAST(name, workload, where, left, right, metric, pass, aim)                                 \
    {                                                                                                \
        name, workload, where, left, right, metric, BENCH_AT_LEAST, pass, aim, 1, BENCH_ANY_DISTANCE \
    }
#define TOLD(name, workload, where, left, right, metric)                                        \
    {                                                                                           \
        name, workload, where, left, right, metric, BENCH_REPORTED, 0, 0, 1, BENCH_ANY_DISTANCE \
    }

/* gRPC has two servers, and iceoryx two ways to wait: the better result counts. */
#define GRPC "gRPC TCP|gRPC TCP, synchronous"
#define GRPC_UNIX "gRPC unix|gRPC unix, synchronous"
#define ICEORYX "iceoryx|iceoryx, polling"

const struct bench_goal bench_goals[] = {
    { "shm SayHello, spinning / raw slot, separate cores", HELLO, SPLIT, "shm spin", "raw slot", TIME, BENCH_AT_MOST,
      1.25, 1.1, 1, BENCH_SEPARATE_CORES },
    { "shm SayHello, spinning / raw slot, CPUs that share a core", HELLO, SPLIT, "shm spin", "raw slot", TIME,
      BENCH_AT_MOST, 2.0, 1.5, 1, BENCH_SHARED_CORE },
    MOST("shm SayHello, sleeping / raw eventfd + poll", HELLO, SPLIT, "shm block", "raw slot + eventfd + poll", TIME,
         1.15, 1.05),
    MOST("shm SayHello, sleeping / raw eventfd + poll", HELLO, SAME, "shm block", "raw slot + eventfd + poll", TIME,
         1.15, 1.05),
    MOST("shm SayHello, sleeping / raw eventfd + poll", HELLO, FREE, "shm block", "raw slot + eventfd + poll", TIME,
         1.15, 1.05),
    MOST("shm SayHello, adaptive / spinning", HELLO, SPLIT, "shm adaptive", "shm spin", TIME, 1.1, 1.03),
    LEAST("shm calls per second at depth 64 / raw rings", HELLO_64_DEEP, SPLIT, "shm adaptive", "raw rings", RATE, 0.3,
          0.45),
    LEAST("shm elements per second of a stream of int64 / raw ring, 64 at a time", NUMBERS(8), SPLIT, "shm adaptive",
          "raw feed", RATE, 0.5, 0.8),
    LEAST("shm elements per second of a stream of 64 bytes / raw ring, 64 at a time", NUMBERS(64), SPLIT,
          "shm adaptive", "raw feed", RATE, 0.5, 0.8),
    MOST("TCP SayHello, blocking / raw poll + recv + send", HELLO, SPLIT, "tcp block", "raw TCP + poll", TIME, 1.05,
         1.0),
    MOST("TCP SayHello, blocking / raw poll + recv + send", HELLO, SAME, "tcp block", "raw TCP + poll", TIME, 1.05,
         1.0),
    MOST("TCP SayHello, blocking / raw poll + recv + send", HELLO, FREE, "tcp block", "raw TCP + poll", TIME, 1.05,
         1.0),
    TOLD("TCP SayHello, blocking / bare recv + send", HELLO, SPLIT, "tcp block", "raw TCP", TIME),
    TOLD("TCP SayHello, blocking / bare recv + send", HELLO, SAME, "tcp block", "raw TCP", TIME),
    TOLD("TCP SayHello, blocking / bare recv + send", HELLO, FREE, "tcp block", "raw TCP", TIME),
    MOST("TCP SayHello, adaptive / raw busy-polling", HELLO, SPLIT, "tcp adaptive", "raw TCP, busy", TIME, 1.08, 1.05),
    LEAST("TCP calls per second at depth 64, adaptive / raw batched echo, busy", HELLO_64_DEEP, SPLIT, "tcp adaptive",
          "raw TCP, batched, busy", RATE, 0.8, 0.95),
    LEAST("TCP calls per second at depth 64, blocking / raw batched echo", HELLO_64_DEEP, SPLIT, "tcp block",
          "raw TCP, batched", RATE, 0.8, 0.95),
    LEAST("TCP calls per second at depth 64, blocking / raw batched echo", HELLO_64_DEEP, SAME, "tcp block",
          "raw TCP, batched", RATE, 0.8, 0.95),
    LEAST("TCP calls per second at depth 64, adaptive / raw batched echo, busy", HELLO_64_DEEP, FREE, "tcp adaptive",
          "raw TCP, batched, busy", RATE, 0.8, 0.95),
    LEAST("TCP calls per second at depth 64, blocking / raw batched echo", HELLO_64_DEEP, FREE, "tcp block",
          "raw TCP, batched", RATE, 0.8, 0.95),
    LEAST("TCP, 64 connections, calls per second / raw epoll", HELLO_64_WIDE, SPLIT, "tcp adaptive", "raw TCP, epoll",
          RATE, 1.0, 1.1),
    LEAST("TCP, 64 connections, calls per server CPU second / raw epoll", HELLO_64_WIDE, SPLIT, "tcp block",
          "raw TCP, epoll", BENCH_RATE_PER_CPU, 1.0, 1.1),
    MOST("unix SayHello, blocking / raw poll + recv + send", HELLO, SPLIT, "unix block", "raw unix + poll", TIME, 1.05,
         1.0),
    MOST("unix SayHello, blocking / raw poll + recv + send", HELLO, SAME, "unix block", "raw unix + poll", TIME, 1.05,
         1.0),
    MOST("unix SayHello, blocking / raw poll + recv + send", HELLO, FREE, "unix block", "raw unix + poll", TIME, 1.05,
         1.0),
    TOLD("unix SayHello, blocking / bare recv + send", HELLO, SPLIT, "unix block", "raw unix", TIME),
    TOLD("unix SayHello, blocking / bare recv + send", HELLO, SAME, "unix block", "raw unix", TIME),
    TOLD("unix SayHello, blocking / bare recv + send", HELLO, FREE, "unix block", "raw unix", TIME),
    MOST("unix SayHello, adaptive / raw busy-polling", HELLO, SPLIT, "unix adaptive", "raw unix, busy", TIME, 1.1,
         1.05),
    MOST("FIFO SayHello, blocking / raw poll + read + write", HELLO, SPLIT, "pipe block", "raw FIFO + poll", TIME, 1.05,
         1.02),
    MOST("FIFO SayHello, blocking / raw poll + read + write", HELLO, SAME, "pipe block", "raw FIFO + poll", TIME, 1.05,
         1.02),
    MOST("FIFO SayHello, blocking / raw poll + read + write", HELLO, FREE, "pipe block", "raw FIFO + poll", TIME, 1.05,
         1.02),
    TOLD("FIFO SayHello, blocking / bare read + write", HELLO, SPLIT, "pipe block", "raw FIFO", TIME),
    TOLD("FIFO SayHello, blocking / bare read + write", HELLO, SAME, "pipe block", "raw FIFO", TIME),
    TOLD("FIFO SayHello, blocking / bare read + write", HELLO, FREE, "pipe block", "raw FIFO", TIME),
    MOST("FIFO SayHello, adaptive / raw busy-polled", HELLO, SPLIT, "pipe adaptive", "raw FIFO, busy", TIME, 1.1, 1.05),
    LEAST("1 MB bodies: shm / memcpy + touch on two CPUs", MEGABYTE_8_DEEP, SPLIT, "shm adaptive",
          "memcpy + touch, two CPUs", RATE, 0.9, 1.0),
    TOLD("1 MB bodies: shm / memcpy + touch on one CPU", MEGABYTE_8_DEEP, SPLIT, "shm adaptive", "memcpy + touch",
         RATE),
    LEAST("1 MB bodies: TCP / raw", MEGABYTE, SPLIT, "tcp block", "raw TCP + poll", RATE, 0.9, 0.97),
    LEAST("1 MB bodies: unix / raw", MEGABYTE, SPLIT, "unix block", "raw unix + poll", RATE, 0.9, 0.97),
    LEAST("1 MB bodies: FIFO / raw", MEGABYTE, SPLIT, "pipe block", "raw FIFO + poll", RATE, 0.9, 0.97),
    MOST("encode int32[10000] / memcpy", AVERAGE, SPLIT, "Kodosis encode", "memcpy of the list", TIME, 1.1, 1.03),
    { "open a view of int32[10000], ns", AVERAGE, SPLIT, "Kodosis view", NULL, TIME, BENCH_AT_MOST, 10, 4, 1000,
      BENCH_ANY_DISTANCE },
    LEAST("protobuf C++ / list codec", AVERAGE, SPLIT, "protobuf int32", "Kodosis codec", TIME, 20, 50),
    TOLD("protobuf C++ (sfixed32) / list codec", AVERAGE, SPLIT, "protobuf sfixed32", "Kodosis codec", TIME),
    LEAST("gRPC TCP / TCP, SayHello", HELLO, FREE, GRPC, "tcp adaptive", TIME, 8, 12),
    TOLD("gRPC TCP / TCP blocking, SayHello", HELLO, FREE, GRPC, "tcp block", TIME),
    LEAST("gRPC TCP / TCP, Average 10000", AVERAGE, FREE, GRPC, "tcp adaptive", TIME, 3, 6),
    TOLD("gRPC TCP / TCP blocking, Average 10000", AVERAGE, FREE, GRPC, "tcp block", TIME),
    LEAST("gRPC TCP / TCP, GetRandNums 10000", RANDOM, FREE, GRPC, "tcp adaptive", TIME, 3, 6),
    TOLD("gRPC TCP / TCP blocking, GetRandNums 10000", RANDOM, FREE, GRPC, "tcp block", TIME),
    LEAST("gRPC TCP / TCP, SendRcvLargeData 128", LARGE(128), FREE, GRPC, "tcp adaptive", TIME, 5, 10),
    TOLD("gRPC TCP / TCP blocking, SendRcvLargeData 128", LARGE(128), FREE, GRPC, "tcp block", TIME),
    LEAST("gRPC TCP / TCP, SendRcvLargeData 1024", LARGE(1024), FREE, GRPC, "tcp adaptive", TIME, 12, 20),
    TOLD("gRPC TCP / TCP blocking, SendRcvLargeData 1024", LARGE(1024), FREE, GRPC, "tcp block", TIME),
    LEAST("processor time per call: gRPC TCP / TCP, SayHello", HELLO, FREE, GRPC, "tcp adaptive", BENCH_CPU, 4, 6),
    LEAST("processor time per call: gRPC TCP / TCP blocking, SayHello", HELLO, FREE, GRPC, "tcp block", BENCH_CPU, 4,
          6),
    LEAST("gRPC TCP / shm, SayHello", HELLO, FREE, GRPC, "shm adaptive", TIME, 150, 300),
    TOLD("gRPC TCP / shm blocking, SayHello", HELLO, FREE, GRPC, "shm block", TIME),
    TOLD("gRPC TCP / shm, SayHello", HELLO, SPLIT, GRPC, "shm adaptive", TIME),
    TOLD("gRPC unix / shm, SayHello", HELLO, FREE, GRPC_UNIX, "shm adaptive", TIME),
    TOLD("gRPC unix / unix, SayHello", HELLO, FREE, GRPC_UNIX, "unix adaptive", TIME),
    TOLD("gRPC unix / unix blocking, SayHello", HELLO, FREE, GRPC_UNIX, "unix block", TIME),
    LEAST("Cap'n Proto / shm, SayHello", HELLO, FREE, "Cap'n Proto", "shm adaptive", TIME, 120, 240),
    TOLD("Cap'n Proto / shm blocking, SayHello", HELLO, FREE, "Cap'n Proto", "shm block", TIME),
    TOLD("Cap'n Proto / shm, SayHello", HELLO, SPLIT, "Cap'n Proto", "shm adaptive", TIME),
    LEAST("iceoryx / shm, SayHello", HELLO, FREE, ICEORYX, "shm adaptive", TIME, 1.2, 2),
    LEAST("iceoryx / shm, SayHello", HELLO, SPLIT, ICEORYX, "shm adaptive", TIME, 1.2, 2),
    TOLD("iceoryx, waiting / shm blocking, SayHello", HELLO, FREE, "iceoryx", "shm block", TIME),
    TOLD("iceoryx / shm, calls per second at depth 64", HELLO_64_DEEP, SPLIT, ICEORYX, "shm adaptive", RATE),
    LEAST("ZeroMQ ipc / shm, SayHello", HELLO, FREE, "ZeroMQ ipc", "shm adaptive", TIME, 20, 40),
    TOLD("ZeroMQ ipc / shm blocking, SayHello", HELLO, FREE, "ZeroMQ ipc", "shm block", TIME),
    LEAST("nng ipc / shm, SayHello", HELLO, FREE, "nng ipc", "shm adaptive", TIME, 20, 40),
    TOLD("nng ipc / shm blocking, SayHello", HELLO, FREE, "nng ipc", "shm block", TIME),
    LEAST("sd-bus / shm, SayHello", HELLO, FREE, "sd-bus", "shm adaptive", TIME, 20, 40),
    TOLD("sd-bus / shm blocking, SayHello", HELLO, FREE, "sd-bus", "shm block", TIME),
    TOLD("ZeroMQ ipc / unix, SayHello", HELLO, FREE, "ZeroMQ ipc", "unix adaptive", TIME),
    TOLD("nng ipc / unix, SayHello", HELLO, FREE, "nng ipc", "unix adaptive", TIME),
    TOLD("sd-bus / unix, SayHello", HELLO, FREE, "sd-bus", "unix adaptive", TIME),
    TOLD("ZeroMQ TCP / TCP, SayHello", HELLO, FREE, "ZeroMQ TCP", "tcp adaptive", TIME),
    TOLD("nng TCP / TCP, SayHello", HELLO, FREE, "nng TCP", "tcp adaptive", TIME),
    LEAST("Thrift / TCP, SayHello", HELLO, FREE, "Thrift", "tcp adaptive", TIME, 1.2, 2),
    LEAST("Thrift / TCP blocking, SayHello", HELLO, FREE, "Thrift", "tcp block", TIME, 1.0, 1.1),
    LEAST("ONC RPC / TCP, SayHello", HELLO, FREE, "ONC RPC", "tcp adaptive", TIME, 1.2, 2),
    TOLD("ONC RPC / TCP blocking, SayHello", HELLO, FREE, "ONC RPC", "tcp block", TIME),
    LEAST("Cap'n Proto / TCP, SayHello", HELLO, FREE, "Cap'n Proto", "tcp adaptive", TIME, 3, 5),
    TOLD("Cap'n Proto / TCP blocking, SayHello", HELLO, FREE, "Cap'n Proto", "tcp block", TIME),
    MOST("p99.9 of shm spinning / of raw slot", HELLO, SPLIT, "shm spin", "raw slot", BENCH_P999, 1.5, 1.15),
    MOST("p99.9 of TCP blocking / of raw poll + recv + send", HELLO, SPLIT, "tcp block", "raw TCP + poll", BENCH_P999,
         1.5, 1.15),
    MOST("p99.9 of unix blocking / of raw poll + recv + send", HELLO, SPLIT, "unix block", "raw unix + poll",
         BENCH_P999, 1.5, 1.15),
    MOST("p99.9 of FIFO blocking / of raw poll + read + write", HELLO, SPLIT, "pipe block", "raw FIFO + poll",
         BENCH_P999, 1.5, 1.15),
};

const size_t bench_goal_count = sizeof(bench_goals) / sizeof(*bench_goals);
