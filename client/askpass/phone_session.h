/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a phone is used for by passkey-askpass, from the first code on: one code at a sign-in; at an
 * enrolment two, and between them the question whose phone it was.
 */
#ifndef CLIENT_ASKPASS_PHONE_SESSION_H
#define CLIENT_ASKPASS_PHONE_SESSION_H

#include "common/base/bytes.h"
#include "common/keys/phone_ceremony.h"
#include "common/wire/forward.h"

struct askpass_phone_session;

/* Borrowed, for as long as the session is there. */
struct askpass_phone_wish {
    struct pk_keys *keys;
    const struct pk_forward_request *request; /* GET or CREATE */
    const char *origin;                       /* "ssh://" and the host */
    const char *host;                         /* as it is shown */
    const uint8_t *client_data_hash;          /* PK_HASH_SIZE bytes */
    struct pk_dialogue person; /* answers to its questions: askpass_phone_session_typed() */
    /* Either ends it: what was asked for (ASSERTION or CREDENTIAL, tried), or why there is none. */
    struct pk_phone_ceremony_ops ops;
    void *data;
};

/*
 * Takes what the phone is to be asked, which is a frame for pk_phone_ceremony_new(), of a GET; of a
 * CREATE it makes its own, and *asked is empty. As pk_phone_ceremony_new().
 */
enum pk_status askpass_phone_session_new(const struct askpass_phone_wish *wish,
                                         struct pk_frame *asked,
                                         struct askpass_phone_session **ret) PK_WARN_UNUSED;
/* answer without data: there is nobody to ask. */
void askpass_phone_session_typed(struct askpass_phone_session *session,
                                 const struct pk_secret *answer);
/* Also from within ops. Where nothing has come of a passkey, the person is told that they have one.
 */
void askpass_phone_session_free(struct askpass_phone_session *session);

#endif
