/* SPDX-License-Identifier: MIT */
/* Timestamps, durations and UUIDs as C programs have them. */
#include <kodosis/time.h>

enum {
    BILLION = 1000000000,
    GROUPS = 5, /* of hexadecimal digits in a UUID */
};

/* ---- Times ---- */

static int64_t clamp(bool negative)
{
    return negative ? INT64_MIN : INT64_MAX;
}

static int64_t to_nanoseconds(struct timespec time)
{
    int64_t seconds = time.tv_sec;
    int64_t rest = time.tv_nsec;
    int64_t result;

    /* so that the product does not overflow where the sum does not */
    if (seconds < 0 && rest > 0) {
        seconds++;
        rest -= BILLION;
    }
    if (__builtin_mul_overflow(seconds, (int64_t)BILLION, &result) || __builtin_add_overflow(result, rest, &result))
        return clamp(time.tv_sec < 0);
    return result;
}

static struct timespec to_timespec(int64_t nanoseconds)
{
    int64_t seconds = nanoseconds / BILLION;
    int64_t rest = nanoseconds % BILLION;

    if (rest < 0) {
        seconds--;
        rest += BILLION;
    }
    return (struct timespec){ .tv_sec = (time_t)seconds, .tv_nsec = (long)rest };
}

struct kodosis_timestamp kodosis_timestamp_from_timespec(struct timespec time)
{
    return (struct kodosis_timestamp){ to_nanoseconds(time) };
}

struct timespec kodosis_timestamp_to_timespec(struct kodosis_timestamp timestamp)
{
    return to_timespec(timestamp.nanoseconds);
}

struct kodosis_timestamp kodosis_timestamp_now(void)
{
    struct timespec now = { 0, 0 };

    clock_gettime(CLOCK_REALTIME, &now);
    return kodosis_timestamp_from_timespec(now);
}

struct kodosis_duration kodosis_duration_from_timespec(struct timespec time)
{
    return (struct kodosis_duration){ to_nanoseconds(time) };
}

struct timespec kodosis_duration_to_timespec(struct kodosis_duration duration)
{
    return to_timespec(duration.nanoseconds);
}

struct kodosis_duration kodosis_timestamp_between(struct kodosis_timestamp from, struct kodosis_timestamp to)
{
    int64_t span;

    if (__builtin_sub_overflow(to.nanoseconds, from.nanoseconds, &span))
        span = clamp(to.nanoseconds < from.nanoseconds);
    return (struct kodosis_duration){ span };
}

/* ---- UUIDs ---- */

/* Octets in each group of digits. */
static const unsigned char groups[GROUPS] = { 4, 2, 2, 2, 6 };

void kodosis_uuid_format(const struct kodosis_uuid *uuid, char ret_text[KODOSIS_UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *octet = uuid->octets;
    char *at = ret_text;

    for (unsigned i = 0; i < GROUPS; i++) {
        if (i)
            *at++ = '-';
        for (unsigned k = 0; k < groups[i]; k++, octet++) {
            *at++ = digits[*octet >> 4];
            *at++ = digits[*octet & 15];
        }
    }
    *at = '\0';
}

/* The value of a hexadecimal digit, or -1. */
static int digit_of(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

bool kodosis_uuid_parse(const char *text, struct kodosis_uuid *ret_uuid)
{
    struct kodosis_uuid uuid;
    uint8_t *octet = uuid.octets;

    for (unsigned i = 0; i < GROUPS; i++) {
        if (i && *text++ != '-')
            return false;
        for (unsigned k = 0; k < groups[i]; k++, text += 2) {
            int high = digit_of(text[0]);
            int low = high < 0 ? -1 : digit_of(text[1]); /* the first one may be the NUL */

            if (low < 0)
                return false;
            *octet++ = (uint8_t)(high << 4 | low);
        }
    }
    if (*text)
        return false;
    *ret_uuid = uuid;
    return true;
}
