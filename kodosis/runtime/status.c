/* SPDX-License-Identifier: MIT */
/* The sentences of the status codes. */
#include <kodosis/types.h>

const char *kodosis_status_text(enum kodosis_status status)
{
    switch (status) {
    case KODOSIS_OK:
        return "no fault";
    case KODOSIS_TRUNCATED:
        return "the bytes end before the value does";
    case KODOSIS_TRAILING:
        return "bytes are left over behind the last value";
    case KODOSIS_OVERFLOW:
        return "the value is longer than the room for it";
    case KODOSIS_BAD_LENGTH:
        return "a length or count is not in its shortest form, or exceeds 32 bits";
    case KODOSIS_BAD_COUNT:
        return "a count says more elements than the remaining bytes can hold";
    case KODOSIS_BAD_PADDING:
        return "alignment padding is not zero";
    case KODOSIS_BAD_BOOL:
        return "a bool or presence byte is neither 0 nor 1";
    case KODOSIS_BAD_ENUM:
        return "an enum has a value that the interface does not declare";
    case KODOSIS_BAD_TAG:
        return "a union has a tag that the interface does not declare";
    case KODOSIS_BAD_TEXT:
        return "a string is not UTF-8, contains U+0000, or lacks its final NUL";
    case KODOSIS_TOO_DEEP:
        return "values are nested beyond the limit";
    case KODOSIS_TOO_MUCH_MEMORY:
        return "the decoded data exceed the memory limit";
    case KODOSIS_NO_MEMORY:
        return "out of memory";
    case KODOSIS_BAD_KEY:
        return "a map has one key twice";
    case KODOSIS_BAD_DESCRIPTOR:
        return "descriptors and the values that name them do not agree";
    }
    return "unknown status";
}
