/* SPDX-License-Identifier: MIT */
/* Subjects for the serializer alone: generated code with a list of int32, without a transport. */
#ifndef BENCH_PAPER_CODEC_H
#define BENCH_PAPER_CODEC_H

#include "bench/measure/subject.h"

/* How often a subject that takes only nanoseconds repeats its work within one measured call. */
enum { BENCH_CODEC_REPEATS = 1000 };

extern const struct bench_subject bench_codec_copy; /* memcpy of the elements: the floor under encoding */
extern const struct bench_subject bench_codec_encode;
extern const struct bench_subject bench_codec_view; /* BENCH_CODEC_REPEATS times */
extern const struct bench_subject bench_codec_both; /* encode, then open the view */

extern const struct bench_subject *const bench_codecs[];

#endif
