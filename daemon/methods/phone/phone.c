/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The phone method: a QR code at the terminal, a phone nearby that reads it, and its passkey. Both
 * are in front of the same person: it is offered to nobody who is, or may be, at another computer.
 */
#include "daemon/methods/phone/phone.h"

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/hybrid/domain.h"
#include "daemon/config/config.h"
#include "daemon/daemon.h"
#include "daemon/verify/context.h"

/* All that a code, its phone and the person at it may take; the ceremony has its own deadlines. */
#define SESSION_SECONDS 330

/* Who has one code at a time: whoever started the program, and else the account that is asked for.
 */
static char *payer_of(const struct phone *own)
{
    const struct attempt *attempt = own->attempt;
    uid_t uid = attempt->owner ? attempt->owner : attempt->real_uid;

    return uid ? pk_text_format("uid %u", (unsigned)uid)
               : pk_text_format("account %s", own->account);
}

enum pk_status phone_show(struct phone *own, struct pk_frame *asked,
                          const struct pk_phone_ceremony_ops *ops)
{
    struct attempt *attempt = own->attempt;
    const struct pk_dialogue person = conversation_dialogue(attempt->conversation);
    PK_AUTO_FREE char *payer = payer_of(own);
    const struct pk_phone_request request = {
        .purpose = attempt->purpose,
        .payer = payer,
        .on_light = attempt->daemon->config->phone.on_light,
    };

    if (own->ceremony)
        pk_phone_ceremony_free(pk_steal(own->ceremony));
    if (!payer) {
        pk_frame_clear(asked);
        return PK_NO_MEMORY;
    }
    if (!own->own_timeout)
        conversation_set_timeout(attempt->conversation, SESSION_SECONDS);
    return pk_phone_ceremony_new(attempt->daemon->keys, &person, &request, asked, ops, own,
                                 &own->ceremony);
}

void phone_connects(void *own, uint16_t service)
{
    const struct attempt *attempt = ((const struct phone *)own)->attempt;
    const char *id = conversation_id(attempt->conversation);
    char name[PK_HYBRID_DOMAIN_SIZE];

    if (pk_hybrid_domain(service, PK_HYBRID_TUNNELS_DEFAULT | PK_HYBRID_HASHED, name) == PK_OK)
        pk_log(LOG_INFO, "[%s] phone: connecting through %s", id, name);
    else
        pk_log(LOG_WARNING, "[%s] phone: connecting through service %u, which there is not", id,
               (unsigned)service);
}

void phone_clear(struct phone *own)
{
    if (own->ceremony)
        pk_phone_ceremony_free(pk_steal(own->ceremony));
}

enum pk_status phone_client_data_hash(const struct ceremony *ceremony, uint8_t ret[PK_HASH_SIZE])
{
    const struct pk_requirements *requirements = &ceremony->requirements;

    return context_local_client_data_hash(
        requirements->ceremony, pk_view_of(&requirements->challenge), requirements->rp_id, ret);
}

static void answered(void *state, struct pk_secret *answer)
{
    struct phone *own = state;

    own->typed(own, answer);
}

static void skip(void *state)
{
    const struct phone *own = state;

    if (own->ceremony)
        pk_phone_ceremony_give_up(own->ceremony);
}

static void stop(void *state)
{
    struct phone *own = state;

    own->free(own);
}

const struct authmethod authmethod_phone = {
    .start = phone_sign_in_start,
    .enroll = phone_enroll,
    .answered = answered,
    .skip = skip,
    .stop = stop,
    .conceals_reason = true,
    .over = "a phone",
};
