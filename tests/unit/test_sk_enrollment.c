/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenSSH's security keys on their way into the store: whose they are, and what they must prove. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/verify/sk_credential.h"
#include "daemon/verify/sk_enrollment.h"
#include "daemon/verify/verify_and_commit.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/soft_key.h"

#include <string.h>

static struct ceremony *begin(const char *user, uid_t uid)
{
    struct ceremony *ceremony = ceremony_new("0123456789abcdef", 0);
    struct pk_requirements *requirements = &ceremony->requirements;

    requirements->ceremony = PK_REGISTRATION;
    requirements->rp_id = strdup(RP_ID);
    requirements->algorithms[0] = EDDSA;
    requirements->algorithm_count = 1;
    ceremony->system_account = true;
    ceremony->max_credentials = 9;
    ceremony->account = (struct account){.rp = strdup("default"), .uid = uid};
    ceremony->account.name = strdup(user);
    ceremony->account.user_handle =
        (struct pk_bytes){calloc(1, PK_USER_HANDLE_SIZE), PK_USER_HANDLE_SIZE};
    (void)snprintf((char *)ceremony->account.user_handle.data, PK_USER_HANDLE_SIZE, "%s", user);
    assert_status(ceremony_bind_act(ceremony, "enroll", user), PK_OK);
    return ceremony;
}

static struct pk_sk_key key_of(const struct soft_key *key, const char *application)
{
    PK_AUTO_BYTES struct pk_bytes blob = soft_key_ssh_blob(key, application);
    struct pk_sk_key parsed;

    assert_status(pk_sk_key_parse(pk_view_of(&blob), &parsed), PK_OK);
    return parsed;
}

/* With a proof by signer for that application (NULL: none), to the question of asked. */
static struct verdict enroll(const struct ceremony *ceremony, const struct soft_key *key,
                             const struct soft_key *signer, const struct ceremony *asked,
                             uint8_t flags)
{
    const struct pk_sk_key parsed = key_of(key, "ssh:");
    struct sk_question question;
    PK_AUTO_BYTES struct pk_bytes sshsig = {0};
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    PK_AUTO_SK_SIGNATURE struct pk_sk_signature signature = {0};

    assert_status(
        sk_question_make(PK_REGISTRATION, pk_view_of(&asked->requirements.challenge), &question),
        PK_OK);
    assert_status(pk_sshsig_compose(question.message, &sshsig), PK_OK);
    if (signer) {
        blob = soft_key_ssh_sign(signer, "ssh:", flags, 3, pk_view_of(&sshsig));
        assert_status(pk_sk_signature_parse(pk_view_of(&blob), &signature), PK_OK);
    }
    return verify_and_commit_sk(bare_daemon()->store, ceremony,
                                &(struct sk_enrollment){
                                    .key = &parsed,
                                    .comment = "alice@laptop",
                                    .signature = signer ? &signature : NULL,
                                });
}

static size_t stored(void)
{
    struct store *store = bare_daemon()->store;
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};

    assert_status(store->verbs->list(store, &(struct credential_filter){.rp = "default"}, &list),
                  PK_OK);
    return list.count;
}

static void assert_refused(const struct ceremony *ceremony, const struct soft_key *key,
                           const struct soft_key *signer, enum pk_status status)
{
    size_t before = stored();
    AUTO_VERDICT struct verdict verdict = enroll(ceremony, key, signer, ceremony, PK_FLAG_UP);

    assert_status(verdict.status, status);
    assert_null(verdict.approval);
    assert_int_equal(stored(), before);
}

static void a_key_that_proves_itself_is_stored(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin("alice", ALICE);
    AUTO_VERDICT struct verdict verdict =
        enroll(ceremony, &key, &key, ceremony, PK_FLAG_UP | PK_FLAG_UV);
    const struct credential *credential;
    PK_AUTO_FREE char *text = NULL;

    (void)state;
    assert_status(verdict.status, PK_OK);
    assert_int_equal(approval_ceremony(verdict.approval), PK_REGISTRATION);
    credential = approval_credential(verdict.approval);
    assert_string_equal(credential->account.name, "alice");
    assert_string_equal(credential->rp_id, "ssh:");
    assert_string_equal(credential->name, "alice@laptop");
    assert_int_equal(credential->record.sign_count, 3);
    assert_true(credential->user_verified);
    assert_false(credential->discoverable);
    assert_int_equal(stored(), 1);
    text = approval_describe(verdict.approval);
    assert_int_equal(strncmp(text, "passkey \"alice@laptop\" [", 24), 0);
    assert_non_null(strstr(text, "...], user verified"));
}

static void an_imported_key_proves_nothing(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin("alice", ALICE);
    AUTO_VERDICT struct verdict verdict = enroll(ceremony, &key, NULL, ceremony, 0);
    PK_AUTO_FREE char *text = NULL;

    (void)state;
    assert_status(verdict.status, PK_OK);
    assert_false(approval_credential(verdict.approval)->user_verified);
    text = approval_describe(verdict.approval);
    assert_int_equal(strncmp(text, "passkey \"alice@laptop\" [", 24), 0);
    assert_non_null(strstr(text, "...], imported"));
}

static void proofs_that_are_none(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "");
    AUTO_SOFT_KEY struct soft_key other = soft_key_new(EDDSA, "");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin("alice", ALICE);
    PK_CLEANUP(ceremony_free) struct ceremony *another = begin("alice", ALICE);
    AUTO_VERDICT struct verdict replayed = enroll(ceremony, &key, &key, another, PK_FLAG_UP);
    AUTO_VERDICT struct verdict untouched = enroll(ceremony, &key, &key, ceremony, 0);

    (void)state;
    assert_refused(ceremony, &key, &other, PK_SIGNATURE_INVALID);
    assert_status(replayed.status, PK_SIGNATURE_INVALID);
    assert_status(untouched.status, PK_USER_NOT_PRESENT);
    assert_int_equal(stored(), 0);
}

static void what_the_relying_party_demands(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin("alice", ALICE);
    struct pk_requirements *requirements = &ceremony->requirements;

    (void)state;
    requirements->user_verification = PK_REQUIRED;
    assert_refused(ceremony, &key, &key, PK_USER_NOT_VERIFIED);
    requirements->user_verification = PK_PREFERRED;
    requirements->require_trusted_attestation = true;
    assert_refused(ceremony, &key, &key, PK_ATTESTATION_UNTRUSTED);
    assert_refused(ceremony, &key, NULL, PK_ATTESTATION_UNTRUSTED);
    requirements->require_trusted_attestation = false;
    requirements->resident_key = PK_REQUIRED;
    assert_refused(ceremony, &key, &key, PK_RESIDENT_KEY_MISSING);
    requirements->resident_key = PK_PREFERRED;
    requirements->algorithms[0] = ES256;
    assert_refused(ceremony, &key, &key, PK_ALGORITHM_NOT_OFFERED);
}

/* Once for an account; others may have the same key. */
static void a_key_is_enrolled_once_for_an_account(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "");
    PK_CLEANUP(ceremony_free) struct ceremony *of_alice = begin("alice", ALICE);
    PK_CLEANUP(ceremony_free) struct ceremony *of_bob = begin("bob", BOB);
    AUTO_VERDICT struct verdict first = enroll(of_alice, &key, &key, of_alice, PK_FLAG_UP);
    AUTO_VERDICT struct verdict second = enroll(of_bob, &key, &key, of_bob, PK_FLAG_UP);

    (void)state;
    assert_status(first.status, PK_OK);
    assert_status(second.status, PK_OK);
    assert_refused(of_alice, &key, &key, PK_EXISTS);
    assert_refused(of_bob, &key, NULL, PK_EXISTS);
}

static void a_key_for_something_else_is_not_taken(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin("alice", ALICE);
    const struct pk_sk_key parsed = key_of(&key, RP_ID);
    AUTO_VERDICT struct verdict verdict = verify_and_commit_sk(
        bare_daemon()->store, ceremony, &(struct sk_enrollment){.key = &parsed, .comment = ""});

    (void)state;
    assert_status(verdict.status, PK_RP_ID_MISMATCH);
    assert_int_equal(stored(), 0);
}

static void the_account_must_be_what_it_was(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin("alice", ALICE);

    (void)state;
    set_account("alice", PK_NO_UID);
    assert_refused(ceremony, &key, &key, PK_UNKNOWN_USER);
}

static void a_key_without_a_comment_is_called_something(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin("alice", ALICE);
    const struct pk_sk_key parsed = key_of(&key, "ssh:");
    AUTO_VERDICT struct verdict verdict = verify_and_commit_sk(
        bare_daemon()->store, ceremony, &(struct sk_enrollment){.key = &parsed, .comment = ""});

    (void)state;
    assert_status(verdict.status, PK_OK);
    assert_string_equal(approval_credential(verdict.approval)->name, "ssh key");
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, bare_daemon_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_key_that_proves_itself_is_stored),
        TEST(an_imported_key_proves_nothing),
        TEST(proofs_that_are_none),
        TEST(what_the_relying_party_demands),
        TEST(a_key_is_enrolled_once_for_an_account),
        TEST(a_key_for_something_else_is_not_taken),
        TEST(the_account_must_be_what_it_was),
        TEST(a_key_without_a_comment_is_called_something),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
