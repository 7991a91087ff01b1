/* SPDX-License-Identifier: MIT */
/* The names and sentences of the error codes. */
#include <hprpc/error.h>

#include <stdarg.h>
#include <stdio.h>

#include <hprpc/channel/transport.h>

static const struct {
    const char *name;
    const char *text;
} errors[] = {
    [0] = { "OK", "success" },
    [-HPRPC_EINVAL] = { "EINVAL", "an argument, or the moment of the call, is wrong" },
    [-HPRPC_ENOMEM] = { "ENOMEM", "out of memory" },
    [-HPRPC_ESYSTEM] = { "ESYSTEM", "a system call failed" },
    [-HPRPC_EFORKED] = { "EFORKED", "the handle belongs to the parent of this process" },
    [-HPRPC_EURI] = { "EURI", "the URI is malformed" },
    [-HPRPC_ESCHEME] = { "ESCHEME", "there is no transport of that name" },
    [-HPRPC_EADDRESS] = { "EADDRESS", "the address cannot be resolved or used" },
    [-HPRPC_EINUSE] = { "EINUSE", "somebody already listens there" },
    [-HPRPC_EREFUSED] = { "EREFUSED", "nobody listens there, or the connection was turned away" },
    [-HPRPC_EPERMISSION] = { "EPERMISSION", "permission denied" },
    [-HPRPC_ENOTSENT] = { "ENOTSENT", "the connection ended before the request was sent; it did not run" },
    [-HPRPC_EMAYBE] = { "EMAYBE", "the connection was closed before the answer came; the request may have run" },
    [-HPRPC_EPEERDIED] = { "EPEERDIED", "the other side vanished; a request that was sent may have run" },
    [-HPRPC_EDEADLINE] = { "EDEADLINE", "the deadline passed" },
    [-HPRPC_ECANCELLED] = { "ECANCELLED", "the call was cancelled" },
    [-HPRPC_ECLOSED] = { "ECLOSED", "the connection was closed on this side" },
    [-HPRPC_EBUSY] = { "EBUSY", "a limit is reached; the request did not run" },
    [-HPRPC_ETOOBIG] = { "ETOOBIG", "the message is over the limit" },
    [-HPRPC_EUNIMPLEMENTED] = { "EUNIMPLEMENTED", "the other side has no such service or procedure" },
    [-HPRPC_EAPPLICATION] = { "EAPPLICATION", "the procedure raised an error" },
    [-HPRPC_EBODY] = { "EBODY", "the body of the message could not be decoded" },
    [-HPRPC_EINTERNAL] = { "EINTERNAL", "the procedure ended without an answer" },
    [-HPRPC_EPROTOCOL] = { "EPROTOCOL", "the other side broke the protocol" },
    [-HPRPC_EVERSION] = { "EVERSION", "the other side speaks another version of the protocol" },
    [-HPRPC_ESCHEMA] = { "ESCHEMA", "the two sides were generated from different interfaces" },
    [-HPRPC_EAGAIN] = { "EAGAIN", "not now; nothing has changed" },
    [-HPRPC_EONEWAY] = { "EONEWAY", "the procedure is one-way: it has no answer to wait for" },
    [-HPRPC_ETWOWAY] = { "ETWOWAY", "the procedure has an answer, and was called one-way" },
};

enum { ERROR_COUNT = sizeof(errors) / sizeof(errors[0]) };

const char *hprpc_error_name(int code)
{
    if (code > 0)
        code = 0;
    return code > -ERROR_COUNT ? errors[-code].name : "UNKNOWN";
}

const char *hprpc_error_text(int code)
{
    if (code > 0)
        code = 0;
    return code > -ERROR_COUNT ? errors[-code].text : "an error that this version does not know";
}

int hprpc_detail_set(struct hprpc_detail *detail, int code, const char *format, ...)
{
    va_list arguments;

    if (!detail)
        return code;
    va_start(arguments, format);
    vsnprintf(detail->text, sizeof(detail->text), format, arguments);
    va_end(arguments);
    return code;
}
