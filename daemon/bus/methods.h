/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bus API as a table, one row per method. The types and the privilege that a row states are
 * enforced before its handler runs, and the introspection XML is generated from the same rows.
 */
#ifndef PASSKEYD_METHODS_H
#define PASSKEYD_METHODS_H

#include "daemon/accounts/subject.h"
#include "daemon/bus/call.h"
#include "daemon/daemon.h"

enum privilege {
    PRIVILEGE_NONE, /* the default of a row: denied to everybody */
    PRIVILEGE_ANYONE,
    PRIVILEGE_SELF, /* root, or a first argument that names the caller or is empty */
    PRIVILEGE_ROOT,
    PRIVILEGE_GATEWAY, /* the account of [gateway] user, and nobody else: not even root */
    PRIVILEGE_OWNER,   /* the handler checks: conversations and ceremonies keep their owner */
};

enum method_flag {
    /* A "ticket" in the a{sv} argument replaces polkit; the handler must redeem it. */
    METHOD_TICKET = 1 << 0,
    /* Implemented by conversation objects, not by PK_BUS_PATH. */
    METHOD_CONVERSATION = 1 << 1,
};

typedef void method_handler(struct daemon *daemon, struct call *call);

struct method {
    const char *interface;
    const char *name;
    const char *in;       /* D-Bus signature of the arguments */
    const char *in_names; /* their names, comma separated, one for each complete type */
    const char *out;
    const char *out_names;
    method_handler *handler;
    enum privilege privilege;
    const char *action; /* polkit action that a caller other than root needs; NULL: none */
    unsigned flags;
    /*
     * Comes before polkit's question, so that nobody gives a password for what is refused anyway:
     * answers the call with that refusal, or hands it to methods_authorize(). What it finds may
     * change until the person has answered, so the handler looks again. NULL: nothing to check.
     */
    method_handler *check;
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

/* Finds the row of the call, whose uid must be set, checks it and runs the handler. */
void methods_dispatch(struct daemon *daemon, struct call *call);

/* Asks polkit about a call that its row's check found nothing wrong with, and runs the handler. */
void methods_authorize(struct daemon *daemon, struct call *call);

/*
 * The account that the call's first argument names, at a relying party that is to be set. It points
 * into the call.
 */
struct subject_request methods_subject(const struct call *call);

/*
 * The introspection XML, the caller's to free; conversation: of a conversation object, otherwise of
 * PK_BUS_PATH.
 */
char *methods_introspect(bool conversation) PK_WARN_UNUSED;

/* Handlers and checks, by file. */
method_handler manager_authenticate, manager_enroll, manager_check_enroll, manager_status,
    manager_backup, manager_restore;
method_handler conversation_next, conversation_skip, conversation_cancel;
method_handler relying_party_begin_registration, relying_party_check_registration,
    relying_party_finish_registration, relying_party_begin_authentication,
    relying_party_finish_authentication, relying_party_cancel;
method_handler credentials_list, credentials_rename, credentials_check_rename, credentials_remove,
    credentials_check_remove, credentials_create_recovery_codes, credentials_create_ticket,
    credentials_create_ticket_link, credentials_await_ticket_link, credentials_revoke_tickets,
    credentials_adopt, credentials_import, credentials_check_import;
method_handler keys_create_api_key, keys_list_api_keys, keys_revoke_api_key, keys_list_keys,
    keys_rotate_key, keys_import_key;
method_handler gateway_relying_parties, gateway_store_state, gateway_begin_registration,
    gateway_finish_registration, gateway_begin_authentication, gateway_finish_authentication,
    gateway_list, gateway_rename, gateway_remove, gateway_user, gateway_transactions,
    gateway_issue_token, gateway_check_token, gateway_keys, gateway_begin_password_check,
    gateway_use_recovery_code, gateway_describe_link, gateway_begin_link, gateway_finish_link,
    gateway_disown_link, gateway_describe_ticket, gateway_begin_ticket, gateway_finish_ticket,
    gateway_describe_own, gateway_begin_own, gateway_finish_own, gateway_rename_own,
    gateway_sign_out;
/* Calls add with the name of each feature of this build. */
void manager_list_features(void (*add)(void *data, const char *name), void *data);
void manager_get_version(struct daemon *daemon, struct value *parent);
void manager_get_features(struct daemon *daemon, struct value *parent);

#endif
