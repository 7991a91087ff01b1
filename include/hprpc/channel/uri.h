/* SPDX-License-Identifier: MIT */
/* URIs: taken apart, and their options read. */
#ifndef HPRPC_CHANNEL_URI_H
#define HPRPC_CHANNEL_URI_H

#include <sys/types.h>

#include <hprpc/channel/channel.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A URI taken apart: scheme "://" rest [ "?" key "=" value { "&" key "=" value } ]. Percent escapes in `rest` and in
 * values are decoded. The strings point into `storage`.
 */
enum { HPRPC_URI_OPTIONS_MAX = 16 };

struct hprpc_uri {
    const char *scheme;
    const char *rest; /* "127.0.0.1:7788", "[::1]:7788", "/run/app/door", "greeter" */
    size_t option_count;
    struct {
        const char *key;
        const char *value;
    } options[HPRPC_URI_OPTIONS_MAX];
    char storage[HPRPC_URI_MAX + 1];
};

/* Takes `text` apart. HPRPC_EURI with the place in the detail. */
HPRPC_API int hprpc_uri_parse(const char *text, struct hprpc_detail *detail, struct hprpc_uri *ret_uri);

/* An option's value, or NULL when it is not given. */
HPRPC_API const char *hprpc_uri_option(const struct hprpc_uri *uri, const char *key);

/* An option that is a size ("4096", "64KiB", "4MiB"), within [least, most]; `fallback` where it is not given. */
HPRPC_API int hprpc_uri_size(const struct hprpc_uri *uri, const char *key, uint64_t least, uint64_t most,
                             uint64_t fallback, struct hprpc_detail *detail, uint64_t *ret_size);

/* The option "wait": spin, adaptive or block; adaptive where it is not given. */
HPRPC_API int hprpc_uri_wait(const struct hprpc_uri *uri, struct hprpc_detail *detail, enum hprpc_wait *ret_wait);

/* An option that is "yes" or "no"; `fallback` where it is not given. HPRPC_EURI. */
HPRPC_API int hprpc_uri_flag(const struct hprpc_uri *uri, const char *key, bool fallback, struct hprpc_detail *detail,
                             bool *ret_flag);

/* HPRPC_EURI, with the unknown option in the detail, unless all options of the URI are in `known` (NULL-terminated). */
HPRPC_API int hprpc_uri_check_options(const struct hprpc_uri *uri, const char *const *known,
                                      struct hprpc_detail *detail);

/*
 * The option "mode": permission bits in octal ("0660"), at most 0777 and 0600 at least; `fallback` where it is not given. Only
 * absolute paths have it, because bare names are private to a user. HPRPC_EURI.
 */
HPRPC_API int hprpc_uri_mode(const struct hprpc_uri *uri, mode_t fallback, struct hprpc_detail *detail,
                             mode_t *ret_mode);

/* Writes scheme "://" rest, escaped so that it parses to the same; always NUL-terminated, cut if need be. */
HPRPC_API void hprpc_uri_format(const char *scheme, const char *rest, char *ret_text, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
