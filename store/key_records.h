/* SPDX-License-Identifier: BSD-2-Clause */
/* What the store keeps for relying parties over HTTP besides passkeys: see daemon/tokens/. */
#ifndef STORE_KEY_RECORDS_H
#define STORE_KEY_RECORDS_H

#include "common/base/bytes.h"
#include "common/base/limits.h"

/* What an application proves itself with. The key itself is not kept. */
struct api_key {
    char *rp;   /* of the [rp NAME] section: it is good there alone */
    char *id;   /* a UUID: names it, and is no secret */
    char *name; /* for people; "" where none was given */
    uint8_t hash[PK_HASH_SIZE];
    int64_t created; /* seconds since the epoch */
};
void api_key_clear(struct api_key *key);
#define AUTO_API_KEY __attribute__((cleanup(api_key_clear)))

struct api_key_list {
    struct api_key *items;
    size_t count;
};
void api_key_list_clear(struct api_key_list *list);
#define AUTO_API_KEY_LIST __attribute__((cleanup(api_key_list_clear)))

/* What tokens are signed with. */
struct signing_key {
    char *rp;
    char *kid;            /* a UUID */
    char *algorithm;      /* "RS256", "ES256", "HS256" */
    bool imported;        /* shared with the application, which gave it */
    struct pk_secret jwk; /* the whole key, as JSON (RFC 7517) */
    int64_t created;
    int64_t retired; /* since when it signs nothing any more; 0: it signs */
    int64_t expires; /* when the last of its tokens has expired; 0: it signs */
};
void signing_key_clear(struct signing_key *key);
#define AUTO_SIGNING_KEY __attribute__((cleanup(signing_key_clear)))

struct signing_key_list {
    struct signing_key *items;
    size_t count;
};
void signing_key_list_clear(struct signing_key_list *list);
#define AUTO_SIGNING_KEY_LIST __attribute__((cleanup(signing_key_list_clear)))

enum signing_key_add {
    SIGNING_KEY_FIRST,   /* PK_EXISTS when one of that algorithm signs already */
    SIGNING_KEY_REPLACE, /* those that signed are retired */
};

/* What a user was asked to confirm. */
struct transaction {
    char *rp;
    char *user; /* the application's id of the user: the account's name */
    char *id;   /* the application's; unique within the relying party */
    char *data; /* JSON text */
    int64_t created;
};
void transaction_clear(struct transaction *transaction);
#define AUTO_TRANSACTION __attribute__((cleanup(transaction_clear)))

struct transaction_list {
    struct transaction *items;
    size_t count;
};
void transaction_list_clear(struct transaction_list *list);
#define AUTO_TRANSACTION_LIST __attribute__((cleanup(transaction_list_clear)))

#endif
