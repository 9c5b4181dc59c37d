/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/phone_session.h"

#include "client/askpass/phone_made.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/phone_words.h"

#include <stdlib.h>
#include <string.h>

#define TYPED_MAX 32
#define USER_MAX  64

struct askpass_phone_session {
    struct askpass_phone_wish wish;
    char *user;                         /* of an enrolment, as it is shown */
    struct pk_phone_ceremony *ceremony; /* NULL: no code is shown */
    struct askpass_phone_made made;     /* empty: nothing has been */
    bool asking;                        /* the open question is whose phone it was */
    bool confirmed;                     /* by the person */
    bool done;                          /* what was asked for has been answered */
};

static void fail(struct askpass_phone_session *session, enum pk_status why)
{
    session->wish.ops.failed(session->wish.data, why);
}

/* Shows a code, in the place of an earlier one; asked is taken. */
static enum pk_status show(struct askpass_phone_session *session, struct pk_frame *asked,
                           const struct pk_phone_ceremony_ops *ops)
{
    const struct askpass_phone_wish *wish = &session->wish;
    PK_AUTO_FREE char *purpose =
        session->user ? pk_text_format("the new passkey for %s on %s", session->user, wish->host)
                      : pk_text_format("the request of %s", wish->host);
    const struct pk_phone_request request = {.purpose = purpose, .payer = "this person"};

    if (session->ceremony)
        pk_phone_ceremony_free(pk_steal(session->ceremony));
    if (!purpose) {
        pk_frame_clear(asked);
        return PK_NO_MEMORY;
    }
    return pk_phone_ceremony_new(wish->keys, &wish->person, &request, asked, ops, session,
                                 &session->ceremony);
}

/* --- a sign-in -------------------------------------------------------------------------------- */

static void answered(void *data, const struct pk_frame *frame)
{
    const struct askpass_phone_session *session = data;

    session->wish.ops.answered(session->wish.data, frame);
}

static void failed(void *data, enum pk_status why)
{
    fail(data, why);
}

/* --- an enrolment ----------------------------------------------------------------------------- */

static void tried(void *data, const struct pk_frame *frame)
{
    struct askpass_phone_session *session = data;
    enum pk_status status = askpass_phone_made_tried(&session->made, session->wish.request, frame);

    if (status) {
        fail(session, status);
        return;
    }
    session->done = true;
    session->wish.ops.answered(session->wish.data, &session->made.credential);
}

static enum pk_status show_second(struct askpass_phone_session *session)
{
    static const struct pk_phone_ceremony_ops ops = {.answered = tried, .failed = failed};
    const struct askpass_phone_wish *wish = &session->wish;
    PK_AUTO_FRAME struct pk_frame frame = {0};
    enum pk_status status =
        askpass_phone_made_try(&session->made, wish->request, wish->origin, &frame);

    if (status)
        return status;
    wish->person.ops->info(wish->person.data, "phone-trial", PK_PHONE_TRIAL);
    return show(session, &frame, &ops);
}

static enum pk_status ask_whose(struct askpass_phone_session *session)
{
    const struct askpass_phone_wish *wish = &session->wish;
    PK_AUTO_FREE char *text = pk_phone_whose(session->made.provider, session->user, wish->host);

    if (!text)
        return PK_NO_MEMORY;
    session->asking = true;
    wish->person.ops->ask(wish->person.data, false, "phone-confirm", text, 0xff);
    return PK_OK;
}

void askpass_phone_session_typed(struct askpass_phone_session *session,
                                 const struct pk_secret *answer)
{
    const struct askpass_phone_wish *wish = &session->wish;
    char text[TYPED_MAX] = "";
    enum pk_status status;

    if (!session->asking)
        return;
    session->asking = false;
    if (answer->len > 0 && answer->len < sizeof(text))
        (void)memcpy(text, answer->data, answer->len);
    if (!pk_phone_is_yes(text)) {
        wish->person.ops->error(wish->person.data, PK_CANCELLED, PK_PHONE_NOT_THEIRS);
        fail(session, PK_CANCELLED);
        return;
    }
    session->confirmed = true;
    status = show_second(session);
    if (status)
        fail(session, status);
}

static void made(void *data, const struct pk_frame *frame)
{
    struct askpass_phone_session *session = data;
    const struct askpass_phone_wish *wish = &session->wish;
    enum pk_status status =
        askpass_phone_made_read(wish->request, wish->client_data_hash, frame, &session->made);

    if (!status)
        status = ask_whose(session);
    if (status)
        fail(session, status);
}

/* Said before the code, because a phone does not say why it refuses. */
static enum pk_status warn(const struct askpass_phone_wish *wish)
{
    const char *rp_id = pk_forward_request_rp_id(wish->request);
    const char *dislikes = pk_phone_dislikes(rp_id);
    PK_AUTO_FREE char *text = NULL;

    if (!dislikes)
        return PK_OK;
    text = pk_text_format("The name \"%s\", which the passkey is for, %s: some phones refuse that. "
                          "The administrator of %s can choose another.",
                          rp_id, dislikes, wish->host);
    if (!text)
        return PK_NO_MEMORY;
    wish->person.ops->info(wish->person.data, "phone-name", text);
    return PK_OK;
}

/* As the phone will call the account (common/hybrid/ctap.h), which takes none without a name. */
static enum pk_status name_user(struct askpass_phone_session *session)
{
    const struct pk_creation *creation = &session->wish.request->creation;
    const char *name = creation->user_name;

    if (!name || !*name)
        name = creation->user_display_name;
    if (!name || !*name)
        return PK_PROTOCOL;
    session->user = pk_text_printable(name, USER_MAX);
    return session->user ? PK_OK : PK_NO_MEMORY;
}

static enum pk_status show_first(struct askpass_phone_session *session)
{
    static const struct pk_phone_ceremony_ops ops = {.answered = made, .failed = failed};
    const struct askpass_phone_wish *wish = &session->wish;
    PK_AUTO_FRAME struct pk_frame frame = {0};
    enum pk_status status = askpass_phone_make(wish->request, wish->client_data_hash, &frame);

    if (!status)
        status = name_user(session);
    if (!status)
        status = warn(wish);
    return status ? status : show(session, &frame, &ops);
}

/* --- both ------------------------------------------------------------------------------------- */

enum pk_status askpass_phone_session_new(const struct askpass_phone_wish *wish,
                                         struct pk_frame *asked, struct askpass_phone_session **ret)
{
    static const struct pk_phone_ceremony_ops ops = {.answered = answered, .failed = failed};
    struct askpass_phone_session *session = calloc(1, sizeof(*session));
    enum pk_status status;

    if (!session)
        return PK_NO_MEMORY;
    session->wish = *wish;
    status =
        wish->request->kind == PK_FORWARD_CREATE ? show_first(session) : show(session, asked, &ops);
    if (status) {
        askpass_phone_session_free(session);
        return status;
    }
    *ret = session;
    return PK_OK;
}

void askpass_phone_session_free(struct askpass_phone_session *session)
{
    const struct pk_dialogue *person = &session->wish.person;

    if (session->ceremony)
        pk_phone_ceremony_free(session->ceremony);
    if (session->confirmed && !session->done)
        person->ops->info(person->data, "phone-left", PK_PHONE_LEFT);
    askpass_phone_made_clear(&session->made);
    free(session->user);
    free(session);
}
