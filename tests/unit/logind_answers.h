/* SPDX-License-Identifier: BSD-2-Clause */
/* Properties as logind sends them. */
#ifndef TESTS_UNIT_LOGIND_ANSWERS_H
#define TESTS_UNIT_LOGIND_ANSWERS_H

#include "daemon/bus/value.h"

#include <string.h>

#define SESSION_1 "/org/freedesktop/login1/session/_31"
#define SESSION_2 "/org/freedesktop/login1/session/_32"
#define USER      "/org/freedesktop/login1/user/_1000"

struct session_answer {
    unsigned uid;
    const char *seat, *host, *type, *class, *state;
    bool remote, active;
    unsigned vt, audit;
};

static const struct session_answer desktop_answer = {.uid = 1000,
                                                     .seat = "seat0",
                                                     .host = "",
                                                     .type = "wayland",
                                                     .class = "user",
                                                     .state = "active",
                                                     .active = true,
                                                     .vt = 7,
                                                     .audit = 3};

static inline void add_pair(struct value *array_or_variant, char type, unsigned number,
                            const char *text)
{
    struct value *pair = value_add(array_or_variant, 'r');

    if (type == 'u')
        value_add_number(pair, 'u', number);
    else
        value_add_text(pair, 's', text);
    value_add_text(pair, 'o', "/org/freedesktop/login1/some/_31");
}

static inline struct value *add_variant(struct value *dict, const char *name)
{
    struct value *entry = value_add(dict, 'e');

    value_add_text(entry, 's', name);
    return value_add(entry, 'v');
}

/* The body of the reply to GetAll, but for the property of this name (NULL: with all). */
static inline struct value session_properties(const struct session_answer *session,
                                              const char *without)
{
    struct value body = value_body();
    struct value *dict = value_add_array(&body, "{sv}");
#define HAS(name) (!without || strcmp(without, name) != 0)

    value_dict_text(dict, "Id", "1");
    value_dict_number(dict, "Timestamp", 't', 1);
    if (HAS("User"))
        add_pair(add_variant(dict, "User"), 'u', session->uid, NULL);
    if (HAS("Seat"))
        add_pair(add_variant(dict, "Seat"), 's', 0, session->seat);
    if (HAS("VTNr"))
        value_dict_number(dict, "VTNr", 'u', session->vt);
    if (HAS("Remote"))
        value_dict_number(dict, "Remote", 'b', session->remote);
    if (HAS("RemoteHost"))
        value_dict_text(dict, "RemoteHost", session->host);
    if (HAS("Audit"))
        value_dict_number(dict, "Audit", 'u', session->audit);
    if (HAS("Type"))
        value_dict_text(dict, "Type", session->type);
    if (HAS("Class"))
        value_dict_text(dict, "Class", session->class);
    if (HAS("Active"))
        value_dict_number(dict, "Active", 'b', session->active);
    if (HAS("State"))
        value_dict_text(dict, "State", session->state);
#undef HAS
    return body;
}

/* A user with that many sessions, which are SESSION_1 and SESSION_2 in turn. */
static inline struct value user_properties(unsigned uid, size_t count)
{
    struct value body = value_body();
    struct value *dict = value_add_array(&body, "{sv}");
    struct value *sessions;

    value_dict_number(dict, "UID", 'u', uid);
    value_dict_text(dict, "Name", "alice");
    sessions = value_add_array(add_variant(dict, "Sessions"), "(so)");
    for (size_t i = 0; i < count; i++) {
        struct value *session = value_add(sessions, 'r');

        value_add_text(session, 's', "1");
        value_add_text(session, 'o', i % 2 ? SESSION_2 : SESSION_1);
    }
    return body;
}

#endif
