/* SPDX-License-Identifier: BSD-2-Clause */
/* StoreState of org.passkeyd.Gateway1: how the store is, for metrics; not where, nor why. */
#include "common/base/cleanup.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/api/gateway.h"
#include "daemon/api/store_state.h"

struct looking {
    struct request request;
    char *text;
};

static enum pk_status look(struct job *job)
{
    struct looking *looking = (struct looking *)job;

    looking->text = json_text(store_state_json(looking->request.daemon->store, false));
    return looking->text ? PK_OK : PK_NO_MEMORY;
}

static void answer(struct request *request, struct call *call, enum pk_status status)
{
    const struct looking *looking = (struct looking *)request;
    struct value result = value_body();

    if (status) {
        call_refuse(call);
        return;
    }
    value_add_text(&result, 's', looking->text);
    call_reply(call, &result);
}

static void looking_clear(struct request *request)
{
    free(((struct looking *)request)->text);
}

void gateway_store_state(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, look}, {0}};
    static const struct request_plan plan = {steps, answer, looking_clear};
    struct looking *looking = calloc(1, sizeof(*looking));

    request_start(daemon, call, (struct request *)looking, &plan);
}
