/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_phone.h"

#include "tests/unit/bare_daemon.h"

#include <string.h>

extern const struct authmethod authmethod_local;
extern const struct authmethod authmethod_phone;

const struct authmethod *const authmethods[PK_METHOD_COUNT] = {
    [PK_METHOD_LOCAL] = &authmethod_local,
    [PK_METHOD_PHONE] = &authmethod_phone,
    [PK_METHOD_RECOVERY] = &method_behind,
};

struct fake_phone phone;

enum pk_status pk_phone_ceremony_new(struct pk_keys *keys, const struct pk_dialogue *person,
                                     const struct pk_phone_request *request, struct pk_frame *asked,
                                     const struct pk_phone_ceremony_ops *ops, void *data,
                                     struct pk_phone_ceremony **ret)
{
    struct pk_phone_ceremony *ceremony;

    (void)keys;
    assert_null(phone.ceremony);
    if (phone.refuses) {
        pk_frame_clear(asked);
        *asked = (struct pk_frame){0};
        return phone.refuses;
    }
    ceremony = calloc(1, sizeof(*ceremony));
    assert_non_null(ceremony);
    *ceremony =
        (struct pk_phone_ceremony){.ops = ops, .data = data, .person = *person, .asked = *asked};
    *asked = (struct pk_frame){0};
    (void)snprintf(ceremony->purpose, sizeof(ceremony->purpose), "%s", request->purpose);
    (void)snprintf(ceremony->payer, sizeof(ceremony->payer), "%s", request->payer);
    phone.started++;
    phone.ceremony = *ret = ceremony;
    return PK_OK;
}

void pk_phone_ceremony_give_up(struct pk_phone_ceremony *ceremony)
{
    assert_ptr_equal(ceremony, phone.ceremony);
    phone.given_up++;
    ceremony->ops->failed(ceremony->data, PK_CANCELLED);
}

void pk_phone_ceremony_free(struct pk_phone_ceremony *ceremony)
{
    phone.freed++;
    if (phone.ceremony == ceremony)
        phone.ceremony = NULL;
    pk_frame_clear(&ceremony->asked);
    free(ceremony);
}

int fake_phone_set_up(void **state)
{
    memset(&phone, 0, sizeof(phone));
    return begin_sign_in_set_up(state);
}

void phone_signs(const struct soft_key *key, const char *rp_id, uint8_t flags)
{
    const struct pk_assertion_request *asked = &phone.ceremony->asked.get_assertion;
    struct pk_assertion_answer answer = {0};
    const struct pk_frame frame = {.type = PK_FRAME_ASSERTION, .assertion = {&answer, 1}};

    assert_int_equal(phone.ceremony->asked.type, PK_FRAME_GET_ASSERTION);
    answer.authenticator_data = soft_key_data(rp_id, flags, 0);
    answer.signature =
        soft_key_sign(key, pk_view_of(&answer.authenticator_data), asked->client_data_hash);
    assert_status(pk_bytes_copy(pk_view_string(key->id), &answer.credential_id), PK_OK);
    phone.ceremony->ops->answered(phone.ceremony->data, &frame);
    settle();
    pk_assertion_answer_clear(&answer);
}

void phone_makes(const struct soft_key *key, const char *rp_id, uint8_t flags)
{
    PK_AUTO_BYTES struct pk_bytes object = soft_key_attestation(key, rp_id, flags, 0);
    const struct pk_frame frame = {.type = PK_FRAME_CREDENTIAL,
                                   .credential = {object, PK_TRANSPORT_INTERNAL, true}};

    assert_int_equal(phone.ceremony->asked.type, PK_FRAME_MAKE_CREDENTIAL);
    phone.ceremony->ops->answered(phone.ceremony->data, &frame);
    settle();
}

void phone_fails(enum pk_status why)
{
    phone.ceremony->ops->failed(phone.ceremony->data, why);
}

void phone_connects_by(uint16_t service)
{
    assert_non_null(phone.ceremony);
    phone.ceremony->ops->connects(phone.ceremony->data, service);
}
