/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/request.h"

#include "client/askpass/accept.h"
#include "client/askpass/key.h"
#include "client/askpass/prompt.h"
#include "client/askpass/show.h"
#include "client/askpass/used.h"
#include "common/base/cleanup.h"
#include "common/webauthn/verify.h"

/* Of new ones those that the key hides: only they are asked for otherwise. */
static void remember(const struct pk_forward_request *request,
                     const struct pk_forward_answer *answer)
{
    struct pk_view id;
    bool hidden;

    if (request->kind == PK_FORWARD_CREATE) {
        if (pk_registration_read(pk_view_of(&answer->attestation_object), &id, &hidden) == PK_OK &&
            hidden)
            askpass_used_add(id, true);
    } else if (answer->credential < request->credential_count) {
        askpass_used_add(pk_view_of(&request->credentials[answer->credential].id), false);
    }
}

enum pk_status askpass_request_answer(const struct pk_forward_request *request,
                                      const struct askpass_asker *asker,
                                      const struct terminal *terminal, struct pk_strings *ret_lines)
{
    const char *host = asker->host;
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};
    PK_AUTO_FREE char *origin = askpass_origin(host);
    struct askpass_used used;
    enum pk_status status;

    if (!origin)
        return PK_NO_MEMORY;
    askpass_used_find(request, &used);
    status = askpass_show(stderr, request, host, asker->user);
    if (status == PK_PROTOCOL)
        (void)fprintf(stderr,
                      "passkey-askpass: %s asks for something that this version does not "
                      "understand; nothing was signed\n",
                      host);
    if (status != PK_OK)
        return status;
    status = askpass_server_check(request, asker);
    if (status == PK_OK)
        status = askpass_accept(host, pk_forward_request_rp_id(request), terminal);
    if (status == PK_OK)
        status = askpass_key_answer(request, origin, &used, terminal, &answer);
    if (status == PK_OK && !used.by_phone)
        remember(request, &answer);
    return status == PK_OK ? pk_forward_answer_encode(&answer, ret_lines) : status;
}
