/* SPDX-License-Identifier: MIT */
/*
 * The fuzzer's entry, as libFuzzer wants it: the input is one interface file, which may import two others that are always
 * there. What compiles is also described and emitted.
 */
#ifndef TESTS_COMPILER_FUZZ_H
#define TESTS_COMPILER_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
