/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What bench/bus.py loads the daemon's own socket with: callers with a connection each, who do one
 * ceremony after the other by org.passkeyd.RelyingParty1, or call Ping twice instead.
 *
 *     bus_load ADDRESS CALLERS RP RP-ID ORIGIN
 *
 * Each line of standard input is "register COUNT", of new users, "sign-in COUNT", without a user
 * name, by those who have registered, or "ping COUNT". For each it prints a line: how many, and the
 * seconds; for a ceremony or a pair of pings, in microseconds, the median and the 99th percentile;
 * and the processor seconds of the callers. With "all" behind the count, a second line has the
 * microseconds of each. It ends with an error as soon as one call is not answered as it has to be.
 */
#include "bench/authenticator.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/bus/names.h"

#include <dbus/dbus.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALLERS_MAX  256
#define COMMAND_MAX  256
#define PATIENCE_MS  60000
#define PEER         "org.freedesktop.DBus.Peer"
#define REGISTRATION "Registration"
#define SIGN_IN      "Authentication"

enum kind { PING, REGISTER, AUTHENTICATE };

struct load;

struct caller {
    struct load *load;
    DBusConnection *connection;
    pthread_t thread;
};

struct load {
    struct caller callers[CALLERS_MAX];
    size_t caller_count;
    const char *rp;
    struct authenticator *authenticator;
    struct passkey *passkeys; /* that are registered */
    size_t passkey_count;
    enum kind kind;
    size_t wanted;
    atomic_size_t begun;
    float *seconds; /* of each */
};

static double now(clockid_t clock)
{
    struct timespec time;

    (void)clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void __attribute__((noreturn)) give_up(const char *what, const char *detail)
{
    (void)fprintf(stderr, "bus_load: %s: %s\n", what, detail);
    exit(1);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* Frees the message. */
static DBusMessage *call(const struct caller *caller, DBusMessage *message)
{
    DBusError error = DBUS_ERROR_INIT;
    DBusMessage *reply =
        dbus_connection_send_with_reply_and_block(caller->connection, message, PATIENCE_MS, &error);

    dbus_message_unref(message);
    if (!reply)
        give_up(error.name, error.message);
    return reply;
}

static DBusMessage *message_new(const char *interface, const char *verb, const char *what)
{
    PK_AUTO_FREE char *member = pk_text_format("%s%s", verb, what);
    DBusMessage *message =
        member ? dbus_message_new_method_call(PK_BUS_NAME, PK_BUS_PATH, interface, member) : NULL;

    if (!message)
        give_up("a call", "no memory");
    return message;
}

static void ping(const struct caller *caller)
{
    for (int i = 0; i < 2; i++)
        dbus_message_unref(call(caller, message_new(PEER, "Ping", "")));
}

static void append_option(DBusMessageIter *array, const char *name, const char *text)
{
    DBusMessageIter entry, value;

    if (!dbus_message_iter_open_container(array, DBUS_TYPE_DICT_ENTRY, NULL, &entry) ||
        !dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &name) ||
        !dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, "s", &value) ||
        !dbus_message_iter_append_basic(&value, DBUS_TYPE_STRING, &text) ||
        !dbus_message_iter_close_container(&entry, &value) ||
        !dbus_message_iter_close_container(array, &entry))
        give_up("a call", "no memory");
}

/* user_id NULL: a sign-in. */
static DBusMessage *begin(const struct caller *caller, const char *user, const char *user_id)
{
    DBusMessage *message =
        message_new(PK_BUS_RELYING_PARTY, "Begin", user_id ? REGISTRATION : SIGN_IN);
    DBusMessageIter arguments, array;

    dbus_message_iter_init_append(message, &arguments);
    if (!dbus_message_iter_append_basic(&arguments, DBUS_TYPE_STRING, &user) ||
        !dbus_message_iter_open_container(&arguments, DBUS_TYPE_ARRAY, "{sv}", &array))
        give_up("a call", "no memory");
    append_option(&array, "rp", caller->load->rp);
    if (user_id)
        append_option(&array, "userId", user_id);
    if (!dbus_message_iter_close_container(&arguments, &array))
        give_up("a call", "no memory");
    return call(caller, message);
}

/* A string of the options; the caller's to free. */
static char *string_after(const char *json, const char *name)
{
    const char *at = strstr(json, name);
    char *text;

    if (!at)
        give_up("the options have not all that is needed", json);
    at += strlen(name);
    text = strndup(at, strcspn(at, "\""));
    if (!text)
        give_up("the options", "no memory");
    return text;
}

static void finish(const struct caller *caller, const char *id, const char *json,
                   const struct passkey *passkey)
{
    bool registering = caller->load->kind == REGISTER;
    const struct authenticator *authenticator = caller->load->authenticator;
    PK_AUTO_FREE char *challenge = string_after(json, "\"challenge\":\"");
    PK_AUTO_FREE char *response = registering
                                      ? authenticator_register(authenticator, passkey, challenge)
                                      : authenticator_sign_in(authenticator, passkey, challenge);
    DBusMessage *message =
        message_new(PK_BUS_RELYING_PARTY, "Finish", registering ? REGISTRATION : SIGN_IN);

    if (!response || !dbus_message_append_args(message, DBUS_TYPE_STRING, &id, DBUS_TYPE_STRING,
                                               &response, DBUS_TYPE_INVALID))
        give_up("a response", "no memory");
    dbus_message_unref(call(caller, message));
}

/* The relying party chooses the user's handle. */
static void make_passkey(const struct load *load, unsigned user, const char *json,
                         struct passkey *ret)
{
    PK_AUTO_FREE char *handle = string_after(json, "\"user\":{\"id\":\"");

    authenticator_make(load->authenticator, user, ret);
    (void)snprintf(ret->handle, sizeof(ret->handle), "%s", handle);
}

static void ceremony(const struct caller *caller, size_t number)
{
    struct load *load = caller->load;
    bool registering = load->kind == REGISTER;
    unsigned user = (unsigned)(load->passkey_count + number + 1);
    PK_AUTO_FREE char *name = pk_text_format(BENCH_USER_FORMAT, user);
    struct passkey *passkey =
        &load->passkeys[registering ? load->passkey_count + number : number % load->passkey_count];
    DBusMessage *options = begin(caller, registering ? name : "", registering ? name : NULL);
    const char *id, *json;

    if (!dbus_message_get_args(options, NULL, DBUS_TYPE_STRING, &id, DBUS_TYPE_STRING, &json,
                               DBUS_TYPE_INVALID))
        give_up("the options", "not what they should be");
    if (registering)
        make_passkey(load, user, json, passkey);
    finish(caller, id, json, passkey);
    dbus_message_unref(options);
}

static void *work(void *data)
{
    const struct caller *caller = data;
    struct load *load = caller->load;
    size_t number;

    while ((number = atomic_fetch_add(&load->begun, 1)) < load->wanted) {
        double began = now(CLOCK_MONOTONIC);

        if (load->kind == PING)
            ping(caller);
        else
            ceremony(caller, number);
        load->seconds[number] = (float)(now(CLOCK_MONOTONIC) - began);
    }
    return NULL;
}

/* --- turns ------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    const float *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static void report(const struct load *load, double wall, double processor, bool all)
{
    size_t count = load->wanted;

    qsort(load->seconds, count, sizeof(*load->seconds), compare);
    (void)printf("%zu %.6f %.0f %.0f %.6f\n", count, wall, (double)load->seconds[count / 2] * 1e6,
                 (double)load->seconds[count - 1 - count / 100] * 1e6, processor);
    for (size_t i = 0; all && i < count; i++)
        (void)printf("%.0f%c", (double)load->seconds[i] * 1e6, i + 1 < count ? ' ' : '\n');
    (void)fflush(stdout);
}

static void turn(struct load *load, enum kind kind, size_t count, bool all)
{
    double began = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);

    load->kind = kind;
    load->wanted = count;
    load->seconds = reallocarray(load->seconds, count, sizeof(*load->seconds));
    load->passkeys =
        reallocarray(load->passkeys, load->passkey_count + 1 + (kind == REGISTER ? count : 0),
                     sizeof(*load->passkeys));
    if (!load->seconds || !load->passkeys)
        give_up("a turn", "no memory");
    atomic_store(&load->begun, 0);
    for (size_t i = 0; i < load->caller_count; i++)
        if (pthread_create(&load->callers[i].thread, NULL, work, &load->callers[i]))
            give_up("a turn", "no thread");
    for (size_t i = 0; i < load->caller_count; i++)
        (void)pthread_join(load->callers[i].thread, NULL);
    if (kind == REGISTER)
        load->passkey_count += count;
    report(load, now(CLOCK_MONOTONIC) - began, now(CLOCK_PROCESS_CPUTIME_ID) - used, all);
}

static void connect_all(struct load *load, const char *address)
{
    DBusError error = DBUS_ERROR_INIT;

    if (load->caller_count < 1 || load->caller_count > CALLERS_MAX || !dbus_threads_init_default())
        give_up("start", "no memory, or too many callers");
    for (size_t i = 0; i < load->caller_count; i++) {
        struct caller *caller = &load->callers[i];

        caller->load = load;
        caller->connection = dbus_connection_open_private(address, &error);
        if (!caller->connection)
            give_up(address, error.message);
        dbus_connection_set_exit_on_disconnect(caller->connection, false);
    }
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {
        [PING] = "ping ", [REGISTER] = "register ", [AUTHENTICATE] = "sign-in "};
    static struct load load;
    char line[COMMAND_MAX];

    if (argc != 6)
        give_up("usage", "ADDRESS CALLERS RP RP-ID ORIGIN");
    load.caller_count = strtoul(argv[2], NULL, 10);
    load.rp = argv[3];
    load.authenticator = authenticator_new(argv[4], argv[5]);
    if (!load.authenticator)
        give_up("start", "no memory");
    connect_all(&load, argv[1]);
    while (fgets(line, sizeof(line), stdin)) {
        enum kind kind = PING;
        size_t count;

        while (kind <= AUTHENTICATE && strncmp(line, kinds[kind], strlen(kinds[kind])) != 0)
            kind++;
        count = kind <= AUTHENTICATE ? strtoul(line + strlen(kinds[kind]), NULL, 10) : 0;
        if (count == 0 || (kind == AUTHENTICATE && load.passkey_count == 0))
            give_up("not a turn", line);
        turn(&load, kind, count, strstr(line, " all") != NULL);
    }
    for (size_t i = 0; i < load.caller_count; i++) {
        dbus_connection_close(load.callers[i].connection);
        dbus_connection_unref(load.callers[i].connection);
    }
    authenticator_free(load.authenticator);
    free(load.passkeys);
    free(load.seconds);
    return 0;
}
