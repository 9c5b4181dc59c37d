/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/begin_sign_in.h"

#include "daemon/bus/value.h"
#include "tests/unit/bare_daemon.h"

struct sign_in *behind;
uint32_t terminal_of_caller;

static enum pk_status start_behind(struct sign_in *sign_in, void **ret_state)
{
    (void)ret_state;
    behind = sign_in;
    return PK_UNAVAILABLE;
}

const struct authmethod method_behind = {.start = start_behind};

int begin_sign_in_set_up(void **state)
{
    behind = NULL;
    terminal_of_caller = 0;
    return bare_daemon_set_up(state);
}

void begin_sign_in(uid_t uid, const struct sign_in_request *wanted)
{
    struct sign_in_request request = *wanted;
    const char **const texts[] = {&request.user,  &request.service, &request.tty,    &request.rhost,
                                  &request.ruser, &request.command, &request.target, &request.rp};
    struct call *call = call_from(uid, SENDER);

    call->caller.terminal = terminal_of_caller;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = *texts[i] ? *texts[i] : "";
    value_add_text(&call->arguments, 's', request.user);
    sign_in_start(bare_daemon(), call, &request);
}

void open_sign_in(uid_t uid, const struct sign_in_request *wanted)
{
    begin_sign_in(uid, wanted);
    settle();
    assert_string_equal(seen()->error, "");
}

void give_key(const struct soft_key *key, const char *user, uid_t uid, const char *rp_id)
{
    soft_key_store(key, bare_daemon()->store, user, uid, rp_id, key->id);
}

size_t passkeys(void)
{
    struct store *store = bare_daemon()->store;
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};

    assert_status(store->verbs->list(store, &(struct credential_filter){.rp = "default"}, &list),
                  PK_OK);
    return list.count;
}

size_t challenges(void)
{
    return ceremonies_count(bare_daemon()->ceremonies);
}

void assert_done(const char *result)
{
    assert_next(NULL, "done", result);
    assert_int_equal(challenges(), 0);
}
