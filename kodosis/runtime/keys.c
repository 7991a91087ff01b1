/* SPDX-License-Identifier: MIT */
/*
 * The check that the keys of a map are distinct. Keys in order cost one pass. Otherwise pointers to the keys are
 * merge-sorted, so that no order of keys costs more than n log n comparisons.
 */
#include <kodosis/reader.h>

/* Orders two keys. Any total order serves. */
typedef int compare_keys(const void *left, const void *right);

static int compare_strings(const void *left, const void *right)
{
    const struct kodosis_string *a = (const struct kodosis_string *)left;
    const struct kodosis_string *b = (const struct kodosis_string *)right;
    size_t shorter = a->size < b->size ? a->size : b->size;
    int order = shorter ? memcmp(a->data, b->data, shorter) : 0;

    return order ? order : (a->size > b->size) - (a->size < b->size);
}

static int compare_1(const void *left, const void *right)
{
    uint8_t a = kodosis_load_uint8((const uint8_t *)left);
    uint8_t b = kodosis_load_uint8((const uint8_t *)right);

    return (a > b) - (a < b);
}

static int compare_2(const void *left, const void *right)
{
    uint16_t a = kodosis_load_uint16((const uint8_t *)left);
    uint16_t b = kodosis_load_uint16((const uint8_t *)right);

    return (a > b) - (a < b);
}

static int compare_4(const void *left, const void *right)
{
    uint32_t a = kodosis_load_uint32((const uint8_t *)left);
    uint32_t b = kodosis_load_uint32((const uint8_t *)right);

    return (a > b) - (a < b);
}

static int compare_8(const void *left, const void *right)
{
    uint64_t a = kodosis_load_uint64((const uint8_t *)left);
    uint64_t b = kodosis_load_uint64((const uint8_t *)right);

    return (a > b) - (a < b);
}

static void merge(const void **to, const void *const *from, size_t start, size_t middle, size_t end,
                  compare_keys *compare)
{
    size_t left = start;
    size_t right = middle;
    size_t i;

    for (i = start; i < end; i++)
        if (right == end || (left < middle && compare(from[left], from[right]) <= 0))
            to[i] = from[left++];
        else
            to[i] = from[right++];
}

/* Sorts `keys` bottom-up with the help of `scratch`; gives the one of the two that holds the result. */
static const void **sort(const void **keys, const void **scratch, size_t count, compare_keys *compare)
{
    size_t width;
    size_t i;

    for (width = 1; width < count; width *= 2) {
        const void **swap = keys;

        for (i = 0; i < count; i += 2 * width) {
            size_t middle = count - i > width ? i + width : count;
            size_t end = count - i > 2 * width ? i + 2 * width : count;

            merge(scratch, keys, i, middle, end, compare);
        }
        keys = scratch;
        scratch = swap;
    }
    return keys;
}

static void check_unordered(struct kodosis_reader *reader, const uint8_t *first, size_t count, size_t stride,
                            compare_keys *compare)
{
    const void **keys = (const void **)kodosis_read_array(reader, count, 2 * sizeof(*keys));
    size_t i;

    if (!keys)
        return;
    for (i = 0; i < count; i++)
        keys[i] = first + i * stride;
    keys = sort(keys, keys + count, count, compare);
    for (i = 1; i < count; i++)
        if (compare(keys[i - 1], keys[i]) == 0) {
            kodosis_reader_fail(reader, KODOSIS_BAD_KEY);
            return;
        }
}

static void check(struct kodosis_reader *reader, const void *first, size_t count, size_t stride, compare_keys *compare)
{
    const uint8_t *entry = (const uint8_t *)first;
    size_t i;

    if (reader->status != KODOSIS_OK)
        return;
    for (i = 1; i < count; i++) {
        int order = compare(entry + (i - 1) * stride, entry + i * stride);

        if (order == 0) {
            kodosis_reader_fail(reader, KODOSIS_BAD_KEY);
            return;
        }
        if (order > 0) {
            check_unordered(reader, entry, count, stride, compare);
            return;
        }
    }
}

void kodosis_check_keys(struct kodosis_reader *reader, const void *first, size_t count, size_t stride, size_t size)
{
    check(reader, first, count, stride,
          size == 1   ? compare_1
          : size == 2 ? compare_2
          : size == 4 ? compare_4
                      : compare_8);
}

void kodosis_check_string_keys(struct kodosis_reader *reader, const void *first, size_t count, size_t stride)
{
    check(reader, first, count, stride, compare_strings);
}
