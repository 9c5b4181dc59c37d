/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's calls that are no conversations, for the command-line programs. Each returns the
 * status that the daemon's error stands for; pk_bus_error_name() and pk_bus_error_message() say
 * more. Strings that are returned are the caller's to free; doc/protocol.md describes the JSON.
 */
#ifndef PK_BUS_CALLS_H
#define PK_BUS_CALLS_H

#include "common/base/bytes.h"
#include "common/base/terms.h"
#include "common/bus/connection.h"

/* Manager1.Status and the property Version. */
enum pk_status pk_daemon_status(struct pk_bus *bus, char **ret_json) PK_WARN_UNUSED;
enum pk_status pk_daemon_version(struct pk_bus *bus, char **ret_version) PK_WARN_UNUSED;

/* Part of a list. */
struct pk_page {
    uint32_t limit; /* at most so many */
    uint32_t offset;
};
/*
 * rp: name of a relying party's section, or NULL for all. user "" as root: everybody. page NULL:
 * all of it.
 */
enum pk_status pk_credentials_list(struct pk_bus *bus, const char *user, const char *rp,
                                   const struct pk_page *page, char **ret_json) PK_WARN_UNUSED;
enum pk_status pk_credential_rename(struct pk_bus *bus, const char *user, const char *credential_id,
                                    const char *name) PK_WARN_UNUSED;
enum pk_status pk_credential_remove(struct pk_bus *bus, const char *user,
                                    const char *credential_id) PK_WARN_UNUSED;

/* A credential that was made elsewhere. rp, name NULL: not said; ticket -1: none; all borrowed. */
struct pk_import {
    const char *format; /* "ssh", "pam-u2f", "sssd" */
    const char *data;   /* the line of a .pub file; one credential of pam_u2f's or sssd's */
    const char *rp;
    const char *name;
    int ticket;
    const char *rp_id; /* that it was made for; NULL: the key says it (ssh) */
    bool verification; /* of ssh: its sign-ins count with the user verified only */
    bool dry_run;      /* nothing is changed; ret_credential says what it would be called */
};
enum pk_status pk_credential_import(struct pk_bus *bus, const char *user,
                                    const struct pk_import *import,
                                    char **ret_credential) PK_WARN_UNUSED;

/* Ten new codes, a line each; the old ones are void from then on. */
enum pk_status pk_recovery_codes_create(struct pk_bus *bus, const char *user,
                                        struct pk_secret *ret) PK_WARN_UNUSED;

/* What orphans of the account's name left is the account's from then on; *ret_count: passkeys. */
enum pk_status pk_orphans_adopt(struct pk_bus *bus, const char *user, const char *rp,
                                uint32_t *ret_count) PK_WARN_UNUSED;

struct pk_ticket {
    struct pk_secret secret;
    uint64_t expires; /* seconds since the epoch */
};

/* An enrolment ticket. rp NULL: the default; lifetime in seconds, 0: the daemon's default. */
enum pk_status pk_ticket_create(struct pk_bus *bus, const char *user, const char *rp,
                                uint32_t lifetime, struct pk_ticket *ret) PK_WARN_UNUSED;

/*
 * A link ticket; *ret_json: of what CreateTicketLink gives (doc/protocol.md), "page" is the address
 * that it is put behind, after '#', and "id" is for pk_ticket_link_await(), which waits until the
 * link is used or over.
 */
enum pk_status pk_ticket_link_create(struct pk_bus *bus, const char *user, const char *rp,
                                     uint32_t lifetime, struct pk_secret *ret_ticket,
                                     char **ret_json) PK_WARN_UNUSED;
enum pk_status pk_ticket_link_await(struct pk_bus *bus, const char *id,
                                    char **ret_json) PK_WARN_UNUSED;

/* All tickets and links of the account are void. PK_TICKET_INVALID: there is none. */
enum pk_status pk_tickets_revoke(struct pk_bus *bus, const char *user,
                                 const char *rp) PK_WARN_UNUSED;

/* --- root's calls about the whole store; JSON is the caller's to free ---------------------------
 */

/* *ret_image: a sealed memfd, the caller's to close. */
enum pk_status pk_store_backup(struct pk_bus *bus, bool with_keys, int *ret_image,
                               char **ret_json) PK_WARN_UNUSED;
/* image: such a memfd, borrowed. PK_EXISTS where there is a store that replace does not give up. */
struct pk_store_restoring {
    int image;
    bool replace;
    bool dry_run; /* nothing is changed */
};
enum pk_status pk_store_restore(struct pk_bus *bus, const struct pk_store_restoring *restoring,
                                char **ret_json) PK_WARN_UNUSED;

/* --- root's calls about the keys of a relying party; JSON is the caller's to free ------------- */

/* name NULL: none. *ret_key: 88 characters; *ret_json: what the daemon keeps of it. */
enum pk_status pk_api_key_create(struct pk_bus *bus, const char *rp, const char *name,
                                 struct pk_secret *ret_key, char **ret_json) PK_WARN_UNUSED;
/* An array. */
enum pk_status pk_api_key_list(struct pk_bus *bus, const char *rp, char **ret_json) PK_WARN_UNUSED;
enum pk_status pk_api_key_revoke(struct pk_bus *bus, const char *rp, const char *id) PK_WARN_UNUSED;
/* An array. */
enum pk_status pk_rp_key_list(struct pk_bus *bus, const char *rp, char **ret_json) PK_WARN_UNUSED;

struct pk_rp_key_change {
    uint32_t bits; /* 0: the daemon's default */
    bool at_once;  /* tokens of earlier keys are void */
    int secret;    /* a pipe that holds the key to be imported; borrowed; -1: one is made */
};
enum pk_status pk_rp_key_replace(struct pk_bus *bus, const char *rp,
                                 const struct pk_rp_key_change *change,
                                 char **ret_json) PK_WARN_UNUSED;

#endif
