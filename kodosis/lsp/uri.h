/* SPDX-License-Identifier: MIT */
/* URIs of files, and the paths that they mean. */
#ifndef KODOSIS_LSP_URI_H
#define KODOSIS_LSP_URI_H

/*
 * A malloc'ed path: of "file:///a%20b.kod" it is "/a b.kod"; another URI ("untitled:1") is taken as a path as it is. NULL if an
 * escape is wrong, or means a NUL byte.
 */
char *lsp_path_of(const char *uri);

/* The malloc'ed URI of an absolute path. */
char *lsp_uri_of(const char *path);

/* A malloc'ed copy of a path without "//", "/./" and "name/../", which need not exist. */
char *lsp_normalise(const char *path);

#endif
