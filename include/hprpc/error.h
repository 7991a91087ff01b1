/* SPDX-License-Identifier: MIT */
/*
 * The error codes: one for each thing that a program can act on. Every function of the library returns 0 (or a count) or one of
 * these negative codes, and leaves its outputs (named `ret_`, last) untouched when it fails.
 */
#ifndef HPRPC_ERROR_H
#define HPRPC_ERROR_H

#include <kodosis/types.h>

#define HPRPC_API KODOSIS_API

#ifdef __cplusplus
extern "C" {
#endif

enum hprpc_error {
    /* wrong use, and what the machine refuses */
    HPRPC_EINVAL = -1,  /* an argument or the moment of the call is wrong */
    HPRPC_ENOMEM = -2,  /* the allocator returned NULL */
    HPRPC_ESYSTEM = -3, /* a system call failed; the detail names it and its reason */
    HPRPC_EFORKED = -4, /* the handle belongs to the parent of this process */

    /* reaching the other side */
    HPRPC_EURI = -5,         /* a malformed URI, or an option the transport does not know */
    HPRPC_ESCHEME = -6,      /* no transport of that name */
    HPRPC_EADDRESS = -7,     /* the host, path or name cannot be resolved or used */
    HPRPC_EINUSE = -8,       /* another listener is already there */
    HPRPC_EREFUSED = -9,     /* no listener is there, or it turned us away */
    HPRPC_EPERMISSION = -10, /* the operating system, or a check of ownership, forbids it */

    /* the fate of a call */
    HPRPC_ENOTSENT = -11,   /* the connection ended before the request was sent: it did not run */
    HPRPC_EMAYBE = -12,     /* the connection was closed after the request was sent: it may have run */
    HPRPC_EPEERDIED = -13,  /* the other side died after the request was sent: it may have run */
    HPRPC_EDEADLINE = -14,  /* the deadline passed; a request that was sent may have run */
    HPRPC_ECANCELLED = -15, /* cancelled on this side; a request that was sent may have run */
    HPRPC_ECLOSED = -16,    /* this side has closed the handle */
    HPRPC_EBUSY = -17,      /* a limit on calls, bytes or depth is reached; the request did not run */
    HPRPC_ETOOBIG = -18, /* a request over the other side's limit: not sent; or an answer over the caller's: it ran */
    HPRPC_EUNIMPLEMENTED = -19, /* the other side has no such service or procedure */
    HPRPC_EAPPLICATION = -20,   /* the procedure ran and raised an error */
    HPRPC_EBODY = -21,          /* the arguments or the reply could not be decoded */
    HPRPC_EINTERNAL = -22,      /* the handler returned without an answer, or the other side is broken */

    /* the conversation itself */
    HPRPC_EPROTOCOL = -23, /* a frame or header that breaks the protocol; the connection is closed */
    HPRPC_EVERSION = -24,  /* the other side speaks another version of the protocol */
    HPRPC_ESCHEMA = -25,   /* the two sides were generated from interfaces that differ */

    /* of channels and non-blocking calls: not now, nothing has changed */
    HPRPC_EAGAIN = -26,

    /* a procedure was called one-way that has an answer, or the reverse; generated stubs never see these */
    HPRPC_EONEWAY = -27, /* it is one-way and has no answer; it did not run */
    HPRPC_ETWOWAY = -28, /* it has an answer, and was called one-way; the connection is closed */
};

/* The short name of a code ("EDEADLINE"), or "OK" for 0 and above; static, never NULL, any thread. */
HPRPC_API const char *hprpc_error_name(int code);

/* A sentence for a code; static, never NULL, any thread. */
HPRPC_API const char *hprpc_error_text(int code);

/*
 * The sentence behind a code: what was tried, where, and what the system or the other side said. Written only on failure,
 * always NUL-terminated. Functions take it as a pointer that may be NULL.
 */
struct hprpc_detail {
    char text[232];
};

/* Writes a sentence into a detail (NULL is accepted) and returns `code`; printf-style. */
HPRPC_API int hprpc_detail_set(struct hprpc_detail *detail, int code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#ifdef __cplusplus
}
#endif

#endif
