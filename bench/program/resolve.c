/* SPDX-License-Identifier: MIT */
/* Finds the subject that a name stands for. */
#include "bench/program/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/floor/floor.h"
#include "bench/paper/codec.h"
#include "bench/paper/ours.h"

const char *const bench_peer_names[] = {
    "gRPC TCP",
    "gRPC TCP, synchronous",
    "gRPC unix",
    "gRPC unix, synchronous",
    "Cap'n Proto",
    "Thrift",
    "ONC RPC",
    "ZeroMQ TCP",
    "ZeroMQ ipc",
    "nng TCP",
    "nng ipc",
    "sd-bus",
    "sd-bus, dbus-daemon",
    "iceoryx",
    "iceoryx, polling",
    NULL,
};

static const struct {
    const char *name, *program;
} programs[] = {
    { "gRPC TCP", "peer-grpc" },
    { "gRPC TCP, synchronous", "peer-grpc" },
    { "gRPC unix", "peer-grpc" },
    { "gRPC unix, synchronous", "peer-grpc" },
    { "Cap'n Proto", "peer-capnp" },
    { "Thrift", "peer-thrift" },
    { "ONC RPC", "peer-tirpc" },
    { "ZeroMQ TCP", "peer-zeromq" },
    { "ZeroMQ ipc", "peer-zeromq" },
    { "nng TCP", "peer-nng" },
    { "nng ipc", "peer-nng" },
    { "sd-bus", "peer-sd-bus" },
    { "sd-bus, dbus-daemon", "peer-sd-bus" },
    { "iceoryx", "peer-iceoryx" },
    { "iceoryx, polling", "peer-iceoryx" },
    { "protobuf int32", "peer-protobuf" },
    { "protobuf sfixed32", "peer-protobuf" },
};

enum { PEERS = sizeof(programs) / sizeof(*programs) };

static const struct bench_subject *find_peer(const char *name, const char *folder)
{
    static struct bench_subject subjects[PEERS];
    static struct bench_subject_ops ops[PEERS];
    static char paths[PEERS][600];

    for (size_t i = 0; i < PEERS; i++) {
        if (strcmp(programs[i].name, name) != 0)
            continue;
        snprintf(paths[i], sizeof(paths[i]), "%s/%s", folder, programs[i].program);
        if (access(paths[i], X_OK) != 0)
            return NULL;
        ops[i].program = paths[i];
        subjects[i] = (struct bench_subject){ programs[i].name, &ops[i], NULL };
        return &subjects[i];
    }
    return NULL;
}

static const struct bench_subject *find_ours(const char *name)
{
    static const struct {
        const char *scheme, *uri;
    } transports[] = {
        { "tcp", "tcp://127.0.0.1:0" }, { "unix", "unix://bench" }, { "pipe", "pipe://bench" }, { "shm", "shm://bench" }
    };
    static const struct {
        const char *name;
        enum hprpc_wait wait;
    } waits[] = { { " adaptive", HPRPC_WAIT_ADAPTIVE }, { " spin", HPRPC_WAIT_SPIN }, { " block", HPRPC_WAIT_BLOCK } };

    for (size_t i = 0; i < sizeof(transports) / sizeof(*transports); i++) {
        size_t size = strlen(transports[i].scheme);

        if (strncmp(name, transports[i].scheme, size) != 0)
            continue;
        for (size_t j = 0; j < 3; j++) {
            if (strcmp(name + size, waits[j].name) == 0)
                return bench_ours(transports[i].uri, waits[j].wait, false);
        }
    }
    return NULL;
}

const struct bench_subject *bench_resolve(const char *name, const char *folder)
{
    const struct bench_subject *subject = find_ours(name);

    for (size_t i = 0; !subject && bench_floors[i]; i++) {
        if (strcmp(bench_floors[i]->name, name) == 0)
            subject = bench_floors[i];
    }
    for (size_t i = 0; !subject && bench_codecs[i]; i++) {
        if (strcmp(bench_codecs[i]->name, name) == 0)
            subject = bench_codecs[i];
    }
    return subject ? subject : find_peer(name, folder);
}
