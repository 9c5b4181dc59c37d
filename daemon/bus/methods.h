/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bus API as a table: a method is one row, and what the row says about types and privilege is
 * enforced before its handler runs. The introspection XML is made from the same rows.
 */
#ifndef PASSKEYD_METHODS_H
#define PASSKEYD_METHODS_H

#include "daemon/daemon.h"

enum privilege {
    PRIVILEGE_NONE, /* a row that says nothing: denied to everybody */
    PRIVILEGE_ANYONE,
    PRIVILEGE_SELF, /* root, or the caller's own name (or none) as first argument */
    PRIVILEGE_ROOT,
    PRIVILEGE_OWNER, /* the object's own check: conversation.c, ceremony.c */
};

enum method_flag {
    /* A "ticket" in the a{sv} argument stands in for polkit; the handler must redeem it. */
    METHOD_TICKET = 1 << 0,
    /* Lives at conversation objects instead of PK_BUS_PATH. */
    METHOD_CONVERSATION = 1 << 1,
};

typedef void method_handler(struct daemon *daemon, struct call *call);

struct method {
    const char *interface;
    const char *name;
    const char *in;       /* signature, and the arguments' names, comma separated */
    const char *in_names; /* as many as the signature has complete types */
    const char *out;
    const char *out_names;
    method_handler *handler;
    enum privilege privilege;
    const char *action; /* polkit action that a caller other than root needs; NULL: none */
    unsigned flags;
};

struct property {
    const char *interface;
    const char *name;
    const char *type; /* "s" or "as" */
    void (*get)(struct daemon *daemon, struct value *parent);
};

extern const struct method methods[];
extern const size_t method_count;
extern const struct property properties[];
extern const size_t property_count;

/* Takes the call, whose uid is known, through the table. */
void methods_dispatch(struct daemon *daemon, struct call *call);

/* The XML of an object; the caller's to free. conversation: the one of a conversation object. */
char *methods_introspect(bool conversation) PK_WARN_UNUSED;

/* Handlers, by file. */
method_handler manager_authenticate, manager_enroll, manager_status;
method_handler conversation_next, conversation_cancel;
method_handler relying_party_begin_registration, relying_party_finish_registration,
    relying_party_begin_authentication, relying_party_finish_authentication, relying_party_cancel;
method_handler credentials_list, credentials_rename, credentials_remove,
    credentials_create_recovery_codes, credentials_create_ticket, credentials_import;
/* NULL-terminated: what this build serves. */
extern const char *const manager_features[];
void manager_get_version(struct daemon *daemon, struct value *parent);
void manager_get_features(struct daemon *daemon, struct value *parent);

#endif
