/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/own_keys.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <event2/event.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#define GIVE_BACK 3 /* seconds */

static const char *program_name;

static void log_to_stderr(int priority, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void log_to_stderr(int priority, const char *format, ...)
{
    PK_AUTO_FREE char *text = NULL;
    PK_AUTO_FREE char *printable = NULL;
    va_list arguments;

    if (priority > LOG_WARNING)
        return;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    printable = text ? pk_text_printable(text, PK_LOG_LINE_MAX) : NULL;
    if (printable)
        (void)fprintf(stderr, "%s: %s\n", program_name, printable);
}

static void on_child(evutil_socket_t number, short what, void *data)
{
    const struct own_keys *keys = data;

    (void)number, (void)what;
    pk_keys_reap(keys->keys);
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
    const struct own_keys *keys = data;

    (void)fd, (void)what;
    keys->on_interrupted(keys->data);
}

static void on_given_up(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    *(bool *)data = true;
}

static void free_event(struct event *event)
{
    if (event)
        event_free(event);
}

enum pk_status own_keys_open(const char *program, struct own_keys *keys)
{
    const char *authenticator = secure_getenv("PASSKEY_AUTHENTICATOR");

    program_name = program;
    *keys = (struct own_keys){.base = event_base_new()};
    if (!keys->base)
        return PK_NO_MEMORY;
    keys->setup = (struct pk_keys_setup){
        .base = keys->base,
        .program = authenticator ? authenticator : PK_LIBEXECDIR "/passkey-authenticator",
        .log = log_to_stderr,
    };
    keys->keys = pk_keys_new(&keys->setup);
    keys->child = evsignal_new(keys->base, SIGCHLD, on_child, keys);
    return keys->keys && keys->child && event_add(keys->child, NULL) == 0 ? PK_OK : PK_NO_MEMORY;
}

enum pk_status own_keys_interruptible(struct own_keys *keys, const struct terminal *terminal,
                                      void (*interrupted)(void *data), void *data)
{
    if (terminal->cancel_fd < 0)
        return PK_OK;
    keys->on_interrupted = interrupted;
    keys->data = data;
    keys->interrupted =
        event_new(keys->base, terminal->cancel_fd, EV_READ | EV_PERSIST, on_readable, keys);
    return keys->interrupted && event_add(keys->interrupted, NULL) == 0 ? PK_OK : PK_NO_MEMORY;
}

void own_keys_give_back(struct own_keys *keys)
{
    const struct timeval limit = {GIVE_BACK, 0};
    bool given_up = false;
    struct event *timer = evtimer_new(keys->base, on_given_up, &given_up);

    /* Nothing can be interrupted any more, and what is readable stays so. */
    free_event(pk_steal(keys->interrupted));
    if (timer && evtimer_add(timer, &limit) == 0)
        while (!given_up && !pk_keys_idle(keys->keys))
            if (event_base_loop(keys->base, EVLOOP_ONCE))
                break;
    free_event(timer);
}

void own_keys_close(struct own_keys *keys)
{
    free_event(keys->interrupted);
    if (keys->keys)
        pk_keys_free(keys->keys);
    free_event(keys->child);
    if (keys->base)
        event_base_free(keys->base);
    *keys = (struct own_keys){0};
}
