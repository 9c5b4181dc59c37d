/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a method call, apart from what libdbus has to do with it. */
#include "common/base/log.h"
#include "common/base/text.h"
#include "daemon/bus/bus.h"

#include <stdarg.h>
#include <stdlib.h>

void correlation_new(char ret[CORRELATION_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t random[(CORRELATION_SIZE - 1) / 2];

    pk_random(random, sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++) {
        ret[2 * i] = digits[random[i] >> 4];
        ret[2 * i + 1] = digits[random[i] & 15];
    }
    ret[CORRELATION_SIZE - 1] = '\0';
}

void call_drop(struct call *call)
{
    value_clear(&call->arguments);
    free(call->sender);
    free(call->path);
    free(call->interface);
    free(call->member);
    free(call->signature);
    free(call);
}

static void fail(struct call *call, const char *error, const char *format, va_list arguments)
{
    PK_AUTO_FREE char *text = NULL;
    PK_AUTO_FREE char *whole = NULL;

    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    whole = pk_text_format("%s [%s]", text ? text : "out of memory", call->id);
    pk_log(LOG_NOTICE, "[%s] %.64s.%.64s by uid %u (%s): %s: %s", call->id, call->interface,
           call->member, (unsigned)call->uid, call->sender, error, text ? text : "out of memory");
    call_send_error(call, error, whole ? whole : "out of memory");
}

void call_fail(struct call *call, const char *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fail(call, error, format, arguments);
    va_end(arguments);
}

void call_fail_standard(struct call *call, const char *name, const char *format, ...)
{
    PK_AUTO_FREE char *error = pk_text_format("org.freedesktop.DBus.Error.%s", name);
    va_list arguments;

    va_start(arguments, format);
    fail(call, error ? error : "org.freedesktop.DBus.Error.NoMemory", format, arguments);
    va_end(arguments);
}
