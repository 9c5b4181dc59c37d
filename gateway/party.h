/* SPDX-License-Identifier: BSD-2-Clause */
/* A relying party that the gateway serves, as the daemon describes it, and the calls it takes. */
#ifndef GATEWAY_PARTY_H
#define GATEWAY_PARTY_H

#include "common/base/terms.h"
#include "gateway/exchange.h"

#include <stdint.h>

struct dialect;

struct party {
    char *name; /* of the [rp NAME] section */
    char *id;   /* the relying party id */
    char *display_name;
    char *prefix;              /* of all its paths: "" or "/..." without a '/' at the end */
    char *tenant;              /* tenant-id; "" where none is set */
    struct pk_strings origins; /* those that pages may call from */
    unsigned timeout;          /* of a challenge, in seconds */
    bool self_service;         /* people look after their own passkeys on its pages */
    const struct dialect *dialect;
};

/* What a call came to. Dialects have one row of words and HTTP status for each. */
enum party_outcome {
    PARTY_DONE,
    PARTY_MALFORMED,     /* the options, or the credential in the body, are not well formed */
    PARTY_NOT_SIGNED_IN, /* no API key, no token, or a wrong one */
    PARTY_TOKEN_EXPIRED,
    PARTY_WRONG_TOKEN, /* one of another kind, tenant or purpose */
    PARTY_FORBIDDEN,   /* a right one, which does not allow this */
    PARTY_UNKNOWN_USER,
    PARTY_NO_CREDENTIALS,    /* the user has none that could be used */
    PARTY_UNKNOWN_CHALLENGE, /* it never was, has expired, was used, or is of another purpose */
    PARTY_REFUSED,           /* the credential did not verify; reason is the status's name */
    PARTY_UNKNOWN_CREDENTIAL,
    PARTY_REGISTERED,  /* the credential is registered already */
    PARTY_EXISTS,      /* a transaction of that id, a credential of that name */
    PARTY_LIMITED,     /* too many at once, or as many credentials as a user may have */
    PARTY_UNAVAILABLE, /* the daemon cannot be reached, or its store failed */
    PARTY_FAILED,      /* anything else */
};
#define PARTY_OUTCOMES (PARTY_FAILED + 1)

/* Valid during the call that gets it only. */
struct party_answer {
    enum party_outcome outcome;
    const char *reason; /* PARTY_REFUSED: the status's name, "signature-invalid"; otherwise words */
    const char *id;     /* of a begun ceremony, the claim of a link or ticket; otherwise NULL */
    int64_t expires;    /* of it, in seconds since the epoch */
    const json_t *result; /* the options of a begun ceremony, or what the call gives; or NULL */
};

typedef void party_answered(struct exchange *exchange, const struct party_answer *answer);

/* The members of org.passkeyd.Gateway1; doc/protocol.md says what each takes and gives. */
enum party_call {
    PARTY_BEGIN_REGISTRATION,
    PARTY_FINISH_REGISTRATION, /* id, credential */
    PARTY_BEGIN_AUTHENTICATION,
    PARTY_FINISH_AUTHENTICATION, /* id, credential */
    PARTY_LIST,
    PARTY_RENAME, /* id: of the credential; options: name */
    PARTY_REMOVE, /* id: of the credential */
    PARTY_USER,
    PARTY_TRANSACTIONS,
    PARTY_ISSUE_TOKEN,
    PARTY_CHECK_TOKEN, /* id: the token */
    PARTY_KEYS,
    PARTY_USE_RECOVERY_CODE,
    PARTY_BEGIN_PASSWORD_CHECK, /* for party_call_with_password() */
    /* id: the link's word; claim. No options. */
    PARTY_DESCRIBE_LINK,
    PARTY_BEGIN_LINK,
    PARTY_FINISH_LINK, /* credential */
    PARTY_DISOWN_LINK,
    /* id: the ticket of an enrolment link. No options. */
    PARTY_DESCRIBE_TICKET,
    PARTY_BEGIN_TICKET,
    PARTY_FINISH_TICKET, /* claim, credential */
    /* One's own passkeys: session. No options. */
    PARTY_DESCRIBE_OWN,
    PARTY_BEGIN_OWN,  /* act; id: its object */
    PARTY_FINISH_OWN, /* act, id, credential */
    PARTY_RENAME_OWN, /* id: of the passkey; name */
    PARTY_SIGN_OUT,
};

struct party_request {
    enum party_call call;
    const char *id;           /* NULL where the call has none */
    const char *credential;   /* JSON text of the response; NULL where the call has none */
    json_t *options;          /* an object whose members are strings, booleans, unsigned integers or
                                 arrays of strings; taken; NULL: none. null members are left out */
    party_answered *answered; /* once, never before party_call() has returned */
    const char *claim;        /* of a link or ticket; NULL: none */
    const char *session, *act, *name; /* about one's own passkeys; NULL: "" */
};

/* Asks the daemon, for the exchange's relying party. */
void party_call(struct exchange *exchange, const struct party_request *request);

/* What a user gave as the password once more. */
struct party_password {
    const json_t *text;       /* of the request's body, where it is wiped */
    const char *transmission; /* how the page has written it, for the application; NULL: not said */
};

/*
 * The same, once the application has been asked about the password: the daemon makes a question of
 * it, and gets the answer with the call. Both are signed; nothing in them is the gateway's to say.
 * What that needs is kept with the exchange (exchange_keep()).
 */
void party_call_with_password(struct exchange *exchange, const struct party_request *request,
                              const struct party_password *password);

#endif
