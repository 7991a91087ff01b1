/* SPDX-License-Identifier: MIT */
/* What a client and a server do while system calls fail. */
#ifndef TESTS_FAULTS_PLAY_H
#define TESTS_FAULTS_PLAY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hprpc/hprpc.h>

#include "faults/faults.h"
#include "support/memory.h"
#include "support/patience.h"
#include "target.h"

/* Prints what is wrong and in which case, and ends the program. */
void play_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define check(condition) ((condition) ? (void)0 : play_fail("%s:%d: %s", __FILE__, __LINE__, #condition))

struct play {
    struct hprpc_context *context;
    const char *uri;
    enum hprpc_pump pump;
    bool must_succeed; /* no call fails, or only harmlessly */
    bool may_be_late;  /* deadlines are short, and may pass */
};

extern const struct faults_target_service play_service;

/* A client connects, calls in every way, and leaves. */
void play_part(const struct play *play);

#endif
