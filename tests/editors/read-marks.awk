# SPDX-License-Identifier: MIT
# Divides the marked file: a line that begins with "//" and has only marks behind it says what stands above each mark. Writes the
# other lines to `text`, and "line column mark" to `marks`. A "//" counts for its own columns: a mark there stands at the first.
/^\/\/ *[A-Z#]([A-Z# ])*$/ && !/^\/\/ [a-z]/ {
    for (i = 3; i <= length($0); i++)
        if (substr($0, i, 1) != " ")
            print lines, (i == 3 ? 1 : i), substr($0, i, 1) >marks
    next
}
{ lines++; print >text }
