/* SPDX-License-Identifier: MIT */
/* Decoding and encoding of UTF-8. */
#include "kodosis/compiler/text/utf8.h"

size_t kodosis_utf8_decode(const char *text, size_t size, uint32_t *ret_code)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned char lead;
    uint32_t code;
    size_t length;

    if (!size)
        return 0;
    lead = (unsigned char)text[0];
    if (lead < 0x80) {
        *ret_code = lead;
        return 1;
    }
    length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || length > size)
        return 0;
    code = lead & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if ((byte & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (byte & 0x3fu);
    }
    if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    *ret_code = code;
    return length;
}

size_t kodosis_utf8_encode(uint32_t code, char *text)
{
    static const unsigned char leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = length - 1; i > 0; i--) {
        text[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    text[0] = (char)(leads[length] | code);
    return length;
}
