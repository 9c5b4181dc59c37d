/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files of other programs, taken apart into credentials, one text for Credentials1.Import each.
 * What cannot be read is an item as well, which says why: a line of pam_u2f is taken whole or not
 * at all.
 */
#ifndef CLIENT_CTL_IMPORT_LINES_H
#define CLIENT_CTL_IMPORT_LINES_H

#include "common/base/bytes.h"
#include "common/base/status.h"

#include <stdbool.h>

enum import_format {
    IMPORT_SSH,     /* lines of .pub files and of authorized_keys */
    IMPORT_PAM_U2F, /* pam_u2f's authorisation file, or an OpenSSH key file (its sshformat) */
    IMPORT_SSSD,    /* LDIF, what ipa user-show prints, or mappings alone */
};

enum import_kind {
    IMPORT_CREDENTIAL,
    IMPORT_SKIPPED, /* in order, and not to be imported: why says so */
    IMPORT_BROKEN,  /* why says what is wrong */
};

struct import_item {
    enum import_kind kind;
    size_t line;       /* from 1 */
    char *user;        /* printable; NULL: the file does not say; owned */
    char *data;        /* of a credential; owned */
    char *rp_id;       /* NULL: the option's; owned */
    bool verification; /* of ssh: the key's option verify-required */
    const char *why;   /* static; of a credential: what of the line is not kept; or NULL */
};

struct import_items {
    struct import_item *items;
    size_t count;
};
void import_items_clear(struct import_items *items);
#define AUTO_IMPORT_ITEMS __attribute__((cleanup(import_items_clear)))

#define IMPORT_FILE_MAX 4194304 /* bytes */

/*
 * A byte order mark at the beginning, carriage returns at the ends of lines, blank lines and those
 * that begin with "#" do not matter. PK_NO_MEMORY; *ret is the caller's.
 */
enum pk_status import_lines_read(enum import_format format, struct pk_view text,
                                 struct import_items *ret) PK_WARN_UNUSED;

/* --- for its own files ------------------------------------------------------------------------ */

/* *ret: the new item, borrowed until the next. */
enum pk_status import_items_add(struct import_items *items, enum import_kind kind, size_t line,
                                struct import_item **ret) PK_WARN_UNUSED;
/* One that is not to be imported; user may be empty. */
enum pk_status import_items_refuse(struct import_items *items, enum import_kind kind, size_t line,
                                   const char *why) PK_WARN_UNUSED;
/* A copy of UTF-8 without NUL, printable where that is said. *ret NULL: it is none, or empty. */
enum pk_status import_copy(struct pk_view text, bool printable, char **ret) PK_WARN_UNUSED;

/* An OpenSSH key file as sshformat of pam_u2f has it: the private key, which of a security key is
 * its handle. */
bool import_is_openssh(struct pk_view text) PK_WARN_UNUSED;
enum pk_status import_openssh_read(struct pk_view text, struct import_items *items) PK_WARN_UNUSED;

enum pk_status import_sssd_read(struct pk_view text, struct import_items *items) PK_WARN_UNUSED;

#endif
