/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/pin_text.h"

#include "common/base/limits.h"
#include "common/base/text.h"

#include <string.h>
#include <utf8proc.h>

/* Code points that a PIN's 63 bytes have at most when they are taken apart (UAX #15: threefold),
 * and with them what is typed beyond that, so that it is refused for what it is. */
#define CODE_POINTS_MAX (3 * PK_ANSWER_MAX)

size_t pk_pin_least(size_t least)
{
    return least > PK_PIN_MIN ? least : PK_PIN_MIN;
}

char *pk_pin_complaint(enum pk_status why, size_t least)
{
    if (why == PK_TRUNCATED)
        return pk_text_format("A PIN has at least %zu and at most %d characters.",
                              pk_pin_least(least), PK_PIN_MAX);
    if (why == PK_TOO_LARGE)
        return pk_text_format("A PIN has at most %d bytes; letters beyond those of English are two "
                              "or more.",
                              PK_PIN_MAX);
    return strdup("That is no text in UTF-8.");
}

/* In place: the code points, then the bytes of their composed form. Negative: utf8proc's error. */
static utf8proc_ssize_t compose(const struct pk_secret *typed, utf8proc_int32_t *room,
                                size_t *ret_code_points)
{
    const utf8proc_option_t form = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    utf8proc_ssize_t count =
        utf8proc_decompose(typed->data, (utf8proc_ssize_t)typed->len, room, CODE_POINTS_MAX, form);

    if (count > CODE_POINTS_MAX)
        return UTF8PROC_ERROR_OVERFLOW;
    if (count >= 0)
        count = utf8proc_normalize_utf32(room, count, form);
    if (count < 0)
        return count;
    *ret_code_points = (size_t)count;
    return utf8proc_reencode(room, count, form);
}

enum pk_status pk_pin_normalize(const struct pk_secret *typed, size_t least, struct pk_secret *ret)
{
    PK_AUTO_SECRET struct pk_secret pin = {0};
    utf8proc_int32_t room[CODE_POINTS_MAX + 1];
    size_t code_points = 0;
    utf8proc_ssize_t len;
    enum pk_status status = PK_OK;

    if (typed->len > PK_ANSWER_MAX || (typed->len > 0 && memchr(typed->data, 0, typed->len)))
        return PK_INVALID_INPUT;
    len = compose(typed, room, &code_points);
    if (len < 0)
        status = len == UTF8PROC_ERROR_OVERFLOW ? PK_TOO_LARGE : PK_INVALID_INPUT;
    else if (code_points < pk_pin_least(least))
        status = PK_TRUNCATED;
    else if (len > PK_PIN_MAX)
        status = PK_TOO_LARGE;
    else
        status = pk_secret_copy((struct pk_view){(const uint8_t *)room, (size_t)len}, &pin);
    explicit_bzero(room, sizeof(room));
    if (status)
        return status;
    pk_secret_clear(ret);
    *ret = pin;
    pin = (struct pk_secret){0};
    return PK_OK;
}
