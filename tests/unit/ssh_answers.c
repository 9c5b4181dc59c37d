/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/ssh_answers.h"

#include "common/base/text.h"
#include "common/webauthn/client.h"
#include "daemon/auth/authmethod.h"
#include "tests/unit/begin_enrollment.h"

#include <string.h>

extern const struct authmethod authmethod_ssh;

const struct authmethod *const authmethods[PK_METHOD_COUNT] = {
    [PK_METHOD_SSH] = &authmethod_ssh,
    [PK_METHOD_RECOVERY] = &method_behind,
};

/* --- requests --------------------------------------------------------------------------------- */

struct pk_forward_request request;

int ssh_answers_tear_down(void **state)
{
    pk_forward_request_clear(&request);
    request = (struct pk_forward_request){0};
    return bare_daemon_tear_down(state);
}

void after_hold(void)
{
    if (is_waiting())
        let_pass(200);
}

void begin(const char *user, const char *rhost, const char *ruser)
{
    begin_sign_in(0, &(struct sign_in_request){.user = user, .rhost = rhost, .ruser = ruser});
}

void start(const char *user, const char *rhost, const char *ruser)
{
    begin(user, rhost, ruser);
    settle();
    assert_string_equal(seen()->error, "");
}

void read_request(void)
{
    struct pk_view line;

    next(NULL);
    after_hold();
    assert_said("ask", "ssh");
    assert_status(pk_forward_request_find(pk_view_string(seen()->text), &line), PK_OK);
    pk_forward_request_clear(&request);
    request = (struct pk_forward_request){0};
    assert_status(pk_forward_request_decode(line, &request), PK_OK);
}

void ask(const char *user)
{
    start(user, "elsewhere", "");
    read_request();
}

void ask_openly(const char *user)
{
    start(user, "elsewhere", user);
    read_request();
}

void start_enrollment(const char *name, unsigned timeout)
{
    begin_enrollment(&(struct wish){.name = name, .rhost = "elsewhere", .timeout = timeout});
    assert_string_equal(seen()->error, "");
}

/* --- the other side --------------------------------------------------------------------------- */

bool older_version;

static void bound_challenge(uint8_t ret[PK_HASH_SIZE])
{
    if (request.names_host_keys && !older_version)
        pk_host_key_bound_challenge(request.nonce, pk_view_string(request.context), ret);
    else
        pk_bound_challenge(request.nonce, pk_view_string(request.context), ret);
}

struct pk_strings sign(const struct soft_key *key, size_t index, char *origin, uint8_t flags)
{
    struct pk_forward_answer answer = {
        .kind = PK_FORWARD_GET, .origin = origin, .credential = index};
    PK_AUTO_BYTES struct pk_bytes data = soft_key_data(request.rp_id, flags, 5);
    PK_AUTO_BYTES struct pk_bytes signature = {0};
    struct pk_strings lines = {0};
    uint8_t challenge[PK_HASH_SIZE], hash[PK_HASH_SIZE];

    bound_challenge(challenge);
    assert_status(pk_client_data_hash(PK_AUTHENTICATION,
                                      (struct pk_view){challenge, sizeof(challenge)}, origin, hash),
                  PK_OK);
    signature = soft_key_sign(key, pk_view_of(&data), hash);
    memcpy(answer.challenge, challenge, sizeof(answer.challenge));
    answer.auth_data = (struct pk_bytes){data.data + PK_HASH_SIZE, data.len - PK_HASH_SIZE};
    answer.signature = signature;
    assert_status(pk_forward_answer_encode(&answer, &lines), PK_OK);
    return lines;
}

struct pk_strings attest(const struct soft_key *key, char *origin, uint8_t flags)
{
    struct pk_forward_answer answer = {.kind = PK_FORWARD_CREATE,
                                       .origin = origin,
                                       .transports = PK_TRANSPORT_USB,
                                       .discoverable = true};
    PK_AUTO_BYTES struct pk_bytes object =
        soft_key_attestation(key, request.creation.rp_id, flags, 0);
    struct pk_strings lines = {0};
    uint8_t challenge[PK_HASH_SIZE];

    bound_challenge(challenge);
    memcpy(answer.challenge, challenge, sizeof(answer.challenge));
    answer.attestation_object = object;
    assert_status(pk_forward_answer_encode(&answer, &lines), PK_OK);
    return lines;
}

void type_lines(struct pk_strings lines)
{
    for (size_t i = 0; i < lines.count; i++) {
        next(lines.items[i]);
        after_hold();
    }
    pk_strings_clear(&lines);
}

void assert_ended(const char *result)
{
    after_hold();
    if (strcmp(seen()->kind, "done") != 0)
        next(NULL);
    after_hold();
    assert_said("done", result);
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 0);
}

void assert_unused(const char *id)
{
    struct store *store = bare_daemon()->store;
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};

    assert_status(
        store->verbs->list(store, &(struct credential_filter){.credential_id = pk_view_string(id)},
                           &list),
        PK_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].last_used, 0);
}

char own_origin[] = "ssh://" SSH_HOST;
