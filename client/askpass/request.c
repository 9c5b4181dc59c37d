/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/request.h"

#include "client/askpass/accept.h"
#include "client/askpass/key.h"
#include "client/askpass/prompt.h"
#include "client/askpass/show.h"
#include "client/askpass/used.h"
#include "common/base/cleanup.h"

enum pk_status askpass_request_answer(const struct pk_forward_request *request,
                                      const struct askpass_asker *asker,
                                      const struct terminal *terminal, struct pk_strings *ret_lines)
{
    const char *host = asker->host;
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};
    PK_AUTO_FREE char *origin = askpass_origin(host);
    enum pk_status status;

    if (!origin)
        return PK_NO_MEMORY;
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
        status = askpass_key_answer(request, origin, askpass_used_any(request), terminal, &answer);
    if (status == PK_OK && answer.credential < request->credential_count &&
        request->kind == PK_FORWARD_GET)
        askpass_used_add(pk_view_of(&request->credentials[answer.credential].id));
    return status == PK_OK ? pk_forward_answer_encode(&answer, ret_lines) : status;
}
