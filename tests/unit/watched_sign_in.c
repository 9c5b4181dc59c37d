/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/watched_sign_in.h"

#include "tests/unit/bare_daemon.h"
#include "tests/unit/begin_sign_in.h"

#include <string.h>

const char shop_config[] =
    "[rp default]\nid = " RP_ID "\nssh-host-keys = /none\nssh-hosts = " SSH_HOST "\n"
    "[rp shop]\nid = shop.example\nsystem-accounts = yes\n"
    "[service counter]\nrp = shop\n";

const char ssh_config[] =
    "[rp default]\nid = " RP_ID "\nssh-host-keys = /none\nssh-hosts = " SSH_HOST "\n"
    "[service sshd]\nmethods = local, ssh\n"
    "[service login]\nmethods = local, recovery\n"
    "[service sudo]\ntimeout = 20\n";

/* --- methods ---------------------------------------------------------------------------------- */

struct sign_in *last;              /* that a method was started for */
char started[PK_METHOD_COUNT + 1]; /* the first letters of those that were */
bool decline;                      /* a method leads nowhere at once */

static enum pk_status start(char letter, struct sign_in *sign_in)
{
    last = sign_in;
    started[strlen(started)] = letter;
    return decline ? PK_UNAVAILABLE : PK_OK;
}

static enum pk_status start_local(struct sign_in *sign_in, void **ret_state)
{
    (void)ret_state;
    return start('l', sign_in);
}

static enum pk_status start_agent(struct sign_in *sign_in, void **ret_state)
{
    (void)ret_state;
    return start('a', sign_in);
}

static enum pk_status start_ssh(struct sign_in *sign_in, void **ret_state)
{
    (void)ret_state;
    return start('s', sign_in);
}

static enum pk_status start_recovery(struct sign_in *sign_in, void **ret_state)
{
    (void)ret_state;
    return start('r', sign_in);
}

static const struct authmethod local = {.start = start_local};
static const struct authmethod agent = {.start = start_agent};
static const struct authmethod ssh = {.start = start_ssh, .conceals_reason = true};
static const struct authmethod recovery = {.start = start_recovery};
static const struct authmethod enrolls_only = {0};

const struct authmethod *const authmethods[PK_METHOD_COUNT] = {
    [PK_METHOD_LOCAL] = &local,        [PK_METHOD_AGENT] = &agent,       [PK_METHOD_SSH] = &ssh,
    [PK_METHOD_PHONE] = &enrolls_only, [PK_METHOD_RECOVERY] = &recovery,
};

/* --- requests --------------------------------------------------------------------------------- */

const struct sign_in_request nothing = {.user = "alice"};

int watch_set_up(void **state)
{
    last = NULL;
    decline = false;
    memset(started, 0, sizeof(started));
    return bare_daemon_set_up(state);
}

void ask_by(uid_t uid, const struct sign_in_request *request)
{
    last = NULL;
    memset(started, 0, sizeof(started));
    begin_sign_in(uid, request);
    settle();
}

/* By root's program. */
void ask(const struct sign_in_request *request)
{
    ask_by(0, request);
}

void give_passkey(const char *user, uid_t uid, const char *rp_id, const char *id)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, id);

    soft_key_store(&key, bare_daemon()->store, user, uid, rp_id, id);
}

void give_alice(void)
{
    give_passkey("alice", ALICE, RP_ID, "blue");
}

void assert_error(const char *error)
{
    assert_string_equal(seen()->error, error);
    assert_null(last);
}
