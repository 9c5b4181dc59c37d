/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_local_keys.h"

#include "tests/unit/bare_daemon.h"

#include <string.h>

extern const struct authmethod authmethod_local;

const struct authmethod *const authmethods[PK_METHOD_COUNT] = {
    [PK_METHOD_LOCAL] = &authmethod_local,
    [PK_METHOD_RECOVERY] = &method_behind,
};

/* --- in place of common/keys ------------------------------------------------------------------ */

struct fake_keys keys;

enum pk_status pk_local_ceremony_new(struct pk_keys *unused, const struct pk_dialogue *person,
                                     const struct pk_local_request *request,
                                     const struct pk_local_ceremony_ops *ops, void *data,
                                     struct pk_local_ceremony **ret)
{
    struct pk_local_ceremony *ceremony = calloc(1, sizeof(*ceremony));

    (void)unused;
    keys.started++;
    *ceremony = (struct pk_local_ceremony){.ops = ops,
                                           .data = data,
                                           .person = *person,
                                           .groups = request->groups,
                                           .unattended = request->unattended,
                                           .hidden = request->hidden,
                                           .holder = request->holder};
    (void)snprintf(ceremony->purpose, sizeof(ceremony->purpose), "%s", request->purpose);
    (void)snprintf(ceremony->payer, sizeof(ceremony->payer), "%s", request->payer);
    ceremony->who = pk_message_requester(&request->requester);
    keys.ceremony = *ret = ceremony;
    return PK_OK;
}

void pk_local_ceremony_answered(struct pk_local_ceremony *ceremony, struct pk_secret *answer)
{
    assert_ptr_equal(ceremony, keys.ceremony);
    (void)snprintf(keys.answer, sizeof(keys.answer), "%s", (const char *)answer->data);
}

void pk_local_ceremony_give_up(struct pk_local_ceremony *ceremony)
{
    assert_ptr_equal(ceremony, keys.ceremony);
    ceremony->ops->failed(ceremony->data, PK_CANCELLED);
}

const char *pk_local_ceremony_failed_path(const struct pk_local_ceremony *ceremony)
{
    (void)ceremony;
    return keys.failed_path;
}

void pk_local_ceremony_free(struct pk_local_ceremony *ceremony)
{
    keys.freed++;
    if (keys.ceremony == ceremony)
        keys.ceremony = NULL;
    free(ceremony->who);
    free(ceremony);
}

struct pk_key_session *session;
unsigned cancelled;

enum pk_status pk_key_session_new(struct pk_keys *unused, struct pk_frame *request,
                                  pk_key_session_on_frame *on_frame, void *data,
                                  struct pk_key_session **ret)
{
    (void)unused;
    assert_null(session);
    *ret = session = calloc(1, sizeof(*session));
    *session = (struct pk_key_session){*request, on_frame, data};
    *request = (struct pk_frame){0};
    return PK_OK;
}

static void end_session(void)
{
    pk_frame_clear(&session->request);
    free(session);
    session = NULL;
}

void pk_key_session_cancel(struct pk_key_session *which)
{
    assert_ptr_equal(which, session);
    cancelled++;
    end_session();
}

/* --- requests --------------------------------------------------------------------------------- */

int fake_keys_set_up(void **state)
{
    cancelled = 0;
    memset(&keys, 0, sizeof(keys));
    return begin_sign_in_set_up(state);
}

static void begin(uid_t uid, const char *user, const char *rhost, const char *ruser)
{
    open_sign_in(uid, &(struct sign_in_request){
                          .user = user,
                          .service = ruser[0] ? "su" : "",
                          .rhost = rhost,
                          .ruser = ruser,
                      });
}

void start_as(uid_t uid, const char *user, const char *rhost)
{
    begin(uid, user, rhost, "");
}

void start_for(const char *person, const char *user)
{
    begin(0, user, "", person);
}

void start(const char *user)
{
    start_as(0, user, "");
}

/* What a key is asked for that group. */
struct pk_frame request(size_t group)
{
    struct pk_frame frame = {0};

    assert_status(keys.ceremony->ops->request(keys.ceremony->data, group, &frame), PK_OK);
    return frame;
}

/* The assertion by that key to such a request. */
struct pk_assertion_answer assertion(const struct soft_key *key,
                                     const struct pk_assertion_request *asked, uint8_t flags)
{
    struct pk_assertion_answer answer = {0};

    answer.authenticator_data = soft_key_data(asked->rp_id, flags, 5);
    answer.signature =
        soft_key_sign(key, pk_view_of(&answer.authenticator_data), asked->client_data_hash);
    assert_status(pk_bytes_copy(pk_view_string(key->id), &answer.credential_id), PK_OK);
    return answer;
}

void clear_answer(struct pk_assertion_answer *answer)
{
    pk_bytes_clear(&answer->credential_id);
    pk_bytes_clear(&answer->authenticator_data);
    pk_bytes_clear(&answer->signature);
    pk_bytes_clear(&answer->user_handle);
}

/* Takes the items. */
void answer_with(size_t group, struct pk_assertion_answer *items, size_t count)
{
    const struct pk_frame frame = {.type = PK_FRAME_ASSERTION, .assertion = {items, count}};

    keys.ceremony->ops->answered(keys.ceremony->data, group, "Key", &frame);
    settle();
    for (size_t i = 0; i < count; i++)
        clear_answer(&items[i]);
}

/* The key is asked for that group, and touched. */
void touch(const struct soft_key *key, size_t group, uint8_t flags)
{
    PK_AUTO_FRAME struct pk_frame asked = request(group);
    struct pk_assertion_answer answer = assertion(key, &asked.get_assertion, flags);

    answer_with(group, &answer, 1);
}

void give_up(enum pk_status why)
{
    keys.ceremony->ops->failed(keys.ceremony->data, why);
}
