/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone/radio.h"

#include "common/base/clock.h"
#include "common/hybrid/advert.h"
#include "common/hybrid/derive.h"
#include "phone/bluez.h"
#include "phone/part.h"
#include "phone/sandbox.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ADAPTERS_MAX 8
#define KNOWN_MAX    64    /* adverts that were of the key: each is said once */
#define RESTART_MS   10000 /* some controllers report an address once, and then no more */
#define ABSENCE_MS   3000  /* that all adapters may be off or away once one has listened */

enum adapter_state {
    ADAPTER_OFF,
    ADAPTER_ASKED,
    ADAPTER_SCANS,
    ADAPTER_STOPS, /* to begin anew: bluetoothd refuses that while it stops */
    ADAPTER_FAILED,
};

struct adapter {
    char path[256];
    enum adapter_state state;
    enum pk_status failure;
    dbus_uint32_t filter, start, stop; /* serials of calls that are not answered; 0: none */
};

struct radio {
    int socket;
    DBusConnection *bus;
    struct pk_secret key;
    char owner[256]; /* of BlueZ's name; empty: not known, or nobody */
    dbus_uint32_t list;
    struct adapter adapters[ADAPTERS_MAX];
    size_t adapter_count;
    uint8_t known[KNOWN_MAX][PK_HYBRID_PLAIN_SIZE];
    size_t known_count;
    bool said;            /* that it scans */
    int64_t restart;      /* of the discovery; milliseconds, as is the next */
    int64_t absent_until; /* 0: an adapter listens, or none has yet */
    enum pk_status end;   /* PK_OK: not yet; PK_CANCELLED: the session has ended */
};

/* ---- adapters ---- */

static struct adapter *find_adapter(struct radio *radio, const char *path)
{
    for (size_t i = 0; i < radio->adapter_count; i++) {
        if (strcmp(radio->adapters[i].path, path) == 0)
            return &radio->adapters[i];
    }
    return NULL;
}

static bool any_in(const struct radio *radio, enum adapter_state state)
{
    for (size_t i = 0; i < radio->adapter_count; i++) {
        if (radio->adapters[i].state == state)
            return true;
    }
    return false;
}

static void start_adapter(struct radio *radio, struct adapter *adapter)
{
    adapter->filter = bluez_filter(radio->bus, adapter->path);
    adapter->start = bluez_start(radio->bus, adapter->path);
    adapter->state = ADAPTER_ASKED;
    if (adapter->filter == 0 || adapter->start == 0)
        radio->end = PK_NO_MEMORY;
}

static void on_adapter(void *data, const char *path, bool powered)
{
    struct radio *radio = data;
    struct adapter *adapter = find_adapter(radio, path);

    if (!adapter && radio->adapter_count < ADAPTERS_MAX &&
        strlen(path) < sizeof(radio->adapters[0].path)) {
        adapter = &radio->adapters[radio->adapter_count++];
        *adapter = (struct adapter){.state = ADAPTER_OFF};
        (void)memcpy(adapter->path, path, strlen(path) + 1);
    }
    if (!adapter)
        return;
    if (!powered) {
        adapter->state = ADAPTER_OFF;
        adapter->filter = adapter->start = adapter->stop = 0;
    } else if (adapter->state == ADAPTER_OFF) {
        start_adapter(radio, adapter);
    }
}

static void on_gone(void *data, const char *path)
{
    struct radio *radio = data;
    struct adapter *adapter = find_adapter(radio, path);

    if (adapter)
        *adapter = radio->adapters[--radio->adapter_count];
}

/* The most telling of what keeps every adapter from listening. */
static enum pk_status why_deaf(const struct radio *radio)
{
    enum pk_status why = PK_PHONE_NO_ADAPTER;

    for (size_t i = 0; i < radio->adapter_count; i++) {
        const struct adapter *adapter = &radio->adapters[i];

        if (adapter->state == ADAPTER_FAILED && adapter->failure == PK_PHONE_NO_RIGHT)
            return PK_PHONE_NO_RIGHT;
        if (adapter->state == ADAPTER_OFF ||
            (adapter->state == ADAPTER_FAILED && adapter->failure == PK_PHONE_ADAPTER_OFF))
            why = PK_PHONE_ADAPTER_OFF;
    }
    return why;
}

/* Ends where nothing listens: at once before the first adapter has, later with some patience. */
static void judge(struct radio *radio)
{
    if (radio->list != 0 || any_in(radio, ADAPTER_ASKED))
        return;
    if (any_in(radio, ADAPTER_SCANS) || any_in(radio, ADAPTER_STOPS)) {
        radio->absent_until = 0;
        if (!radio->said)
            radio->end = part_send(radio->socket, PART_SCANS, (struct pk_view){NULL, 0}, -1);
        radio->said = true;
    } else if (radio->said && radio->absent_until == 0) {
        radio->absent_until = pk_clock_monotonic_ms() + ABSENCE_MS;
    } else if (!radio->said || pk_clock_monotonic_ms() >= radio->absent_until) {
        radio->end = why_deaf(radio);
    }
}

static void restart_all(struct radio *radio)
{
    radio->restart = pk_clock_monotonic_ms() + RESTART_MS;
    for (size_t i = 0; i < radio->adapter_count; i++) {
        struct adapter *adapter = &radio->adapters[i];

        if (adapter->state == ADAPTER_SCANS) {
            adapter->state = ADAPTER_STOPS;
            adapter->stop = bluez_stop(radio->bus, adapter->path);
            if (adapter->stop == 0)
                radio->end = PK_NO_MEMORY;
        } else if (adapter->state == ADAPTER_FAILED) {
            start_adapter(radio, adapter);
        }
    }
}

/* ---- adverts ---- */

static void on_advert(void *data, struct pk_view service_data)
{
    struct radio *radio = data;
    PK_AUTO_ADVERT struct pk_hybrid_advert advert = {0};
    struct pk_view plain;
    /* Which tunnels may be used is for the session to judge. */
    enum pk_status status =
        pk_hybrid_advert_open(pk_secret_view(&radio->key), service_data,
                              PK_HYBRID_TUNNELS_DEFAULT | PK_HYBRID_HASHED, &advert);

    if (status != PK_OK)
        return; /* somebody else's, or of no use; the right one may still come */
    plain = pk_secret_view(&advert.plaintext);
    for (size_t i = 0; i < radio->known_count; i++) {
        if (pk_view_equal_secret((struct pk_view){radio->known[i], sizeof(radio->known[i])}, plain))
            return;
    }
    if (radio->known_count == KNOWN_MAX)
        return;
    (void)memcpy(radio->known[radio->known_count++], plain.ptr, PK_HYBRID_PLAIN_SIZE);
    if (part_send(radio->socket, PART_HEARD, plain, -1) != PK_OK)
        radio->end = PK_CANCELLED;
}

/* ---- messages ---- */

static void begin(struct radio *radio)
{
    radio->adapter_count = 0;
    radio->list = bluez_list(radio->bus);
    if (radio->list == 0)
        radio->end = PK_NO_MEMORY;
}

static void on_list(struct radio *radio, DBusMessage *reply, const struct bluez_finder *finder)
{
    const char *sender = dbus_message_get_sender(reply);

    radio->list = 0;
    if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR) {
        if (bluez_error(reply) == PK_PHONE_NO_RIGHT)
            radio->end = PK_PHONE_NO_RIGHT;
        return;
    }
    if (!sender || strlen(sender) >= sizeof(radio->owner))
        return;
    (void)memcpy(radio->owner, sender, strlen(sender) + 1);
    radio->restart = pk_clock_monotonic_ms() + RESTART_MS;
    (void)!bluez_read_list(reply, finder);
}

static void on_answer(struct radio *radio, DBusMessage *reply)
{
    const dbus_uint32_t serial = dbus_message_get_reply_serial(reply);
    const bool failed = dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR;

    for (size_t i = 0; i < radio->adapter_count; i++) {
        struct adapter *adapter = &radio->adapters[i];

        if (serial == adapter->stop && adapter->state == ADAPTER_STOPS) {
            /* Where it was not scanning any more, an error, which is as good. */
            adapter->stop = 0;
            start_adapter(radio, adapter);
            return;
        }
        if (serial == adapter->filter || serial == adapter->start) {
            const enum pk_status status = failed ? bluez_error(reply) : PK_OK;

            /* Without its filter it would hear too little; that the start is answered, too, comes
             * later and finds the state as it is. */
            if (status != PK_OK) {
                adapter->state = ADAPTER_FAILED;
                adapter->failure = status;
                adapter->filter = adapter->start = 0;
            } else if (serial == adapter->start) {
                adapter->state = ADAPTER_SCANS;
                adapter->start = 0;
            } else {
                adapter->filter = 0;
            }
            return;
        }
    }
}

static void on_owner(struct radio *radio, const char *owner)
{
    radio->owner[0] = '\0';
    radio->adapter_count = 0;
    radio->list = 0;
    if (*owner)
        begin(radio);
}

static void on_message(struct radio *radio, DBusMessage *message)
{
    const struct bluez_finder finder = {on_adapter, on_gone, on_advert, radio};
    const char *owner = NULL;
    const int type = dbus_message_get_type(message);

    if (type == DBUS_MESSAGE_TYPE_METHOD_RETURN || type == DBUS_MESSAGE_TYPE_ERROR) {
        if (radio->list != 0 && dbus_message_get_reply_serial(message) == radio->list)
            on_list(radio, message, &finder);
        else
            on_answer(radio, message);
    } else if (dbus_message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected")) {
        radio->end = PK_PHONE_NO_ADAPTER;
    } else if (bluez_read_owner(message, &owner)) {
        on_owner(radio, owner);
    } else if (type == DBUS_MESSAGE_TYPE_SIGNAL && radio->owner[0] &&
               dbus_message_has_sender(message, radio->owner)) {
        bluez_read_signal(message, &finder);
    }
}

/*
 * Messages are taken, not dispatched: libdbus would answer what other programs ask every
 * connection, for which it opens files.
 */
static void take_messages(struct radio *radio)
{
    DBusMessage *message;

    while (radio->end == PK_OK && (message = dbus_connection_pop_message(radio->bus))) {
        on_message(radio, message);
        dbus_message_unref(message);
    }
}

static void wait_for_more(struct radio *radio)
{
    const int64_t now = pk_clock_monotonic_ms();
    int64_t until = radio->restart;
    struct pollfd polled[] = {{.fd = radio->socket, .events = POLLIN}, {.events = POLLIN}};

    if (radio->absent_until != 0 && radio->absent_until < until)
        until = radio->absent_until;
    if (!dbus_connection_get_unix_fd(radio->bus, &polled[1].fd)) {
        radio->end = PK_PHONE_NO_ADAPTER;
        return;
    }
    if (dbus_connection_has_messages_to_send(radio->bus))
        polled[1].events |= POLLOUT;
    (void)poll(polled, 2, until > now ? (int)(until - now) : 0);
    if (polled[0].revents)
        radio->end = PK_CANCELLED; /* the key came before; now there is only the end */
    else
        (void)dbus_connection_read_write(radio->bus, 0);
}

static void listen_for_adverts(struct radio *radio)
{
    radio->restart = pk_clock_monotonic_ms() + RESTART_MS;
    begin(radio);
    while (radio->end == PK_OK) {
        take_messages(radio);
        if (radio->end == PK_OK)
            judge(radio);
        if (radio->end == PK_OK && pk_clock_monotonic_ms() >= radio->restart)
            restart_all(radio);
        if (radio->end == PK_OK)
            wait_for_more(radio);
    }
}

static enum pk_status take_key(int socket, struct pk_secret *ret)
{
    static uint8_t buffer[PART_PACKET_MAX];
    struct part_packet packet = {.fd = -1};
    enum pk_status status = part_receive(socket, buffer, &packet);

    if (status == PK_OK &&
        (packet.word != PART_KEY || packet.payload.len != PK_HYBRID_EID_KEY_SIZE))
        status = PK_PROTOCOL;
    if (status == PK_OK)
        status = pk_secret_copy(packet.payload, ret);
    explicit_bzero(buffer, PK_HYBRID_EID_KEY_SIZE + 1);
    return status;
}

void radio_run(int socket, const void *data)
{
    static struct radio radio;

    radio.socket = socket;
    radio.bus = bluez_connect(data);
    if (!radio.bus || !bluez_subscribe(radio.bus))
        radio.end = PK_PHONE_NO_ADAPTER;
    if (phone_sandbox_enter(PHONE_RADIO) != PK_OK) {
        (void)fputs("passkey-phone: the sandbox cannot be set up\n", stderr);
        _exit(EXIT_FAILURE);
    }
    part_close_log();
    if (take_key(socket, &radio.key) != PK_OK)
        return;
    listen_for_adverts(&radio);
    if (radio.end != PK_CANCELLED)
        (void)!part_send(socket, PART_LOST, pk_view_string(pk_status_name(radio.end)), -1);
    pk_secret_clear(&radio.key);
}
