/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where approvals are made: what must hold before one is, that its use is on disk, and that nothing
 * is written down for what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/verify/decoy_answer.h"
#include "daemon/verify/forwarded.h"
#include "daemon/verify/verify_and_commit.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/soft_key.h"

#include <errno.h>
#include <string.h>

#define PRESENT  PK_FLAG_UP
#define VERIFIED (PK_FLAG_UP | PK_FLAG_UV)

static const uint8_t hash[PK_HASH_SIZE] = {1, 2, 3};

/* The judgement of an assertion by that key for that RP id. */
static struct verdict judge(const struct ceremony *ceremony, const struct soft_key *key,
                            const char *rp_id, uint8_t flags)
{
    PK_AUTO_BYTES struct pk_bytes data = soft_key_data(rp_id, flags, 5);
    PK_AUTO_BYTES struct pk_bytes signature = soft_key_sign(key, pk_view_of(&data), hash);

    return verify_and_commit_assertion(bare_store(), ceremony, hash,
                                       &(struct pk_assertion){
                                           .credential_id = pk_view_string(key->id),
                                           .authenticator_data = pk_view_of(&data),
                                           .signature = pk_view_of(&signature),
                                       });
}

/* No use of that credential was written. */
static void assert_unused(const char *id)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = credentials_with(id);

    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].last_used, 0);
    assert_int_equal(list.items[0].record.sign_count, 0);
}

/* That status, no approval, and no use of the key's credential. Takes the ceremony. */
static void assert_refused(struct ceremony *ceremony, const struct soft_key *key, const char *rp_id,
                           enum pk_status status)
{
    AUTO_VERDICT struct verdict verdict = judge(ceremony, key, rp_id, PRESENT);

    assert_status(verdict.status, status);
    assert_null(verdict.approval);
    ceremony_free(ceremony);
    assert_unused(key->id);
}

/* --- signing in ------------------------------------------------------------------------------- */

static void an_assertion_is_approved_once_its_use_is_written(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_ceremony("alice", ALICE);
    AUTO_VERDICT struct verdict verdict = {0};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    PK_AUTO_FREE char *text = NULL;

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    verdict = judge(ceremony, &key, RP_ID, VERIFIED);
    assert_status(verdict.status, PK_OK);
    assert_non_null(verdict.approval);
    assert_null(verdict.account.name);
    assert_int_equal(approval_ceremony(verdict.approval), PK_AUTHENTICATION);
    assert_string_equal(approval_correlation(verdict.approval), CORRELATION);
    assert_string_equal(approval_account(verdict.approval)->name, "alice");
    assert_int_equal(approval_account(verdict.approval)->uid, ALICE);
    assert_string_equal(approval_credential(verdict.approval)->name, "blue");
    assert_int_equal(approval_credential(verdict.approval)->record.sign_count, 0);
    assert_int_equal(approval_result(verdict.approval)->sign_count, 5);
    text = approval_describe(verdict.approval);
    assert_string_equal(text, "passkey \"blue\" [Ymx1ZQ], user verified");
    list = credentials_with("blue");
    assert_int_equal(list.items[0].record.sign_count, 5);
    assert_true(list.items[0].user_verified);
    assert_false(list.items[0].record.backup_state);
    assert_in_range(list.items[0].last_used, 1000000000, INT64_MAX);
}

static void what_is_written_is_what_was_signed(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_ceremony("alice", ALICE);
    AUTO_VERDICT struct verdict verdict = {0};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    PK_AUTO_FREE char *text = NULL;

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    verdict = judge(ceremony, &key, RP_ID, PRESENT);
    assert_status(verdict.status, PK_OK);
    text = approval_describe(verdict.approval);
    assert_string_equal(text, "passkey \"blue\" [Ymx1ZQ], user present");
    list = credentials_with("blue");
    assert_false(list.items[0].user_verified);
}

/* A counter that went back: refused, or where that is configured, accepted and said. */
static void counters_that_went_back(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_ceremony("alice", ALICE);
    AUTO_VERDICT struct verdict first = {0};
    AUTO_VERDICT struct verdict second = {0};
    AUTO_VERDICT struct verdict third = {0};
    PK_AUTO_FREE char *text = NULL;

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    first = judge(ceremony, &key, RP_ID, PRESENT);
    assert_status(first.status, PK_OK);
    second = judge(ceremony, &key, RP_ID, PRESENT);
    assert_status(second.status, PK_COUNTER_REGRESSED);
    ceremony->requirements.counter_policy = PK_COUNTER_LOG;
    third = judge(ceremony, &key, RP_ID, PRESENT);
    assert_status(third.status, PK_OK);
    text = approval_describe(third.approval);
    assert_string_equal(text, "passkey \"blue\" [Ymx1ZQ], user present, COUNTER WENT BACK");
}

static enum pk_status cannot_use(struct store *used, struct pk_view credential_id,
                                 const struct credential_use *use)
{
    (void)used, (void)credential_id, (void)use;
    return PK_STORAGE;
}

static void a_use_that_cannot_be_written_approves_nothing(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    store_verbs()->use = cannot_use;
    assert_refused(begin_ceremony("alice", ALICE), &key, RP_ID, PK_STORAGE);
}

static void false_signatures_are_refused(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(ES256, "blue");

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    assert_refused(begin_ceremony("alice", ALICE), &forged, RP_ID, PK_SIGNATURE_INVALID);
}

static void verification_is_demanded_where_it_is_required(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    struct ceremony *ceremony = begin_ceremony("alice", ALICE);

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    ceremony->requirements.user_verification = PK_REQUIRED;
    assert_refused(ceremony, &key, RP_ID, PK_USER_NOT_VERIFIED);
}

static void credentials_of_another_rp_id_are_refused(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, "example.net", "blue");
    /* Whichever of both it signed for. */
    assert_refused(begin_ceremony("alice", ALICE), &key, RP_ID, PK_RP_ID_MISMATCH);
    assert_refused(begin_ceremony("alice", ALICE), &key, "example.net", PK_RP_ID_MISMATCH);
}

static void credentials_of_others_are_refused(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    assert_refused(begin_ceremony("bob", BOB), &key, RP_ID, PK_CREDENTIAL_NOT_ALLOWED);
    assert_refused(begin_ceremony("bob", ALICE), &key, RP_ID, PK_CREDENTIAL_NOT_ALLOWED);
    assert_refused(begin_ceremony("alice", BOB), &key, RP_ID, PK_CREDENTIAL_NOT_ALLOWED);
}

static void credentials_of_another_relying_party_are_refused(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    struct ceremony *ceremony = begin_ceremony("alice", ALICE);

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    free(ceremony->account.rp);
    ceremony->account.rp = strdup("shop");
    assert_refused(ceremony, &key, RP_ID, PK_CREDENTIAL_NOT_ALLOWED);
}

static void unknown_credentials_are_refused(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    struct soft_key other = key;
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_ceremony("alice", ALICE);
    AUTO_VERDICT struct verdict unknown = {0};
    AUTO_VERDICT struct verdict empty = {0};

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    other.id = "red";
    unknown = judge(ceremony, &other, RP_ID, PRESENT);
    assert_status(unknown.status, PK_CREDENTIAL_NOT_ALLOWED);
    assert_null(unknown.approval);
    /* No id would select every credential of the relying party: here it is the only one. */
    other.id = "";
    empty = judge(ceremony, &other, RP_ID, PRESENT);
    assert_status(empty.status, PK_CREDENTIAL_NOT_ALLOWED);
    assert_unused("blue");
}

/* Who is refused is logged by name where that was found out, and only there. */
/* One of alice's that was imported without its id; verification: of use with the user's alone. */
static void store_unlisted(const struct soft_key *key, const char *random_id, bool verification)
{
    AUTO_CREDENTIAL struct credential credential = {
        .algorithm = key->algorithm, .created = 1000, .id_unknown = true};
    struct store *store = bare_store();

    credential.record.verification = verification;
    credential.record.public_key = soft_key_public(key);
    assert_status(pk_bytes_copy(pk_view_string(random_id), &credential.record.id), PK_OK);
    assert_status(
        store->verbs->account(store, "default", "alice", ALICE, true, &credential.account), PK_OK);
    credential.rp_id = strdup(RP_ID);
    credential.name = strdup(key->id);
    credential.format = strdup("none");
    credential.attestation_type = strdup("None");
    credential.trust = strdup("unknown");
    assert_status(store->verbs->insert(store, &credential, 64, (struct pk_view){0}), PK_OK);
}

static void assert_unlisted(const struct soft_key *key, uint8_t flags, enum pk_status status)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_ceremony("alice", ALICE);
    AUTO_VERDICT struct verdict verdict = judge(ceremony, key, RP_ID, flags);

    assert_status(verdict.status, status);
    if (status == PK_OK)
        assert_string_equal(approval_credential(verdict.approval)->name, key->id);
    else
        assert_null(verdict.approval);
}

/* Whatever the others want: each is tried, and it is the one whose key has signed. */
static void of_unknown_ids_it_is_the_one_that_verifies_the_answer(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key green = soft_key_new(ES256, "green");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(ES256, "red");
    AUTO_SOFT_KEY struct soft_key other = soft_key_new(ES256, "other");

    (void)state;
    store_unlisted(&blue, "random-1", true);
    store_unlisted(&green, "random-2", false);
    store_unlisted(&red, "random-3", true);
    assert_unlisted(&other, PRESENT, PK_USER_NOT_VERIFIED);
    assert_unlisted(&other, VERIFIED, PK_SIGNATURE_INVALID);
    assert_unlisted(&blue, PRESENT, PK_USER_NOT_VERIFIED);
    assert_unlisted(&red, PRESENT, PK_USER_NOT_VERIFIED);
    assert_unlisted(&green, PRESENT, PK_OK);
    assert_unused("random-1");
    assert_unused("random-3");
    assert_unlisted(&red, VERIFIED, PK_OK);
    assert_unlisted(&blue, VERIFIED, PK_OK);
}

static void a_refusal_names_the_account(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(ES256, "blue");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_ceremony(NULL, PK_NO_UID);
    PK_CLEANUP(ceremony_free) struct ceremony *other = begin_ceremony("bob", BOB);
    AUTO_VERDICT struct verdict named = {0};
    AUTO_VERDICT struct verdict unnamed = {0};

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    named = judge(ceremony, &forged, RP_ID, PRESENT);
    assert_string_equal(named.account.name, "alice");
    unnamed = judge(other, &key, RP_ID, PRESENT);
    assert_null(unnamed.account.name);
}

static void the_account_must_be_what_it_was(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    struct ceremony *foreign = begin_ceremony("alice", ALICE);
    AUTO_VERDICT struct verdict verdict = {0};

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    set_account("alice", 2000);
    assert_refused(begin_ceremony("alice", ALICE), &key, RP_ID, PK_ACCOUNT_CHANGED);
    assert_refused(begin_ceremony(NULL, PK_NO_UID), &key, RP_ID, PK_ACCOUNT_CHANGED);
    set_account("alice", PK_NO_UID);
    assert_refused(begin_ceremony("alice", ALICE), &key, RP_ID, PK_UNKNOWN_USER);
    set_account("alice", ALICE);
    set_name_service(EIO);
    assert_refused(begin_ceremony("alice", ALICE), &key, RP_ID, PK_UNAVAILABLE);
    /* Where accounts are not the system's nobody is asked. */
    foreign->system_account = false;
    verdict = judge(foreign, &key, RP_ID, PRESENT);
    assert_status(verdict.status, PK_OK);
    ceremony_free(foreign);
}

/* An account of the same name and uid is not the one that the credential was made for. */
static void an_account_that_was_gone(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    lose_accounts();
    assert_refused(begin_ceremony("alice", ALICE), &key, RP_ID, PK_ACCOUNT_CHANGED);
    assert_refused(begin_ceremony(NULL, PK_NO_UID), &key, RP_ID, PK_ACCOUNT_CHANGED);
}

/* A credential may name the account: any to root's programs, their own to others. */
static void without_a_name_a_caller_ends_as_itself(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    struct ceremony *of_bob = begin_ceremony(NULL, PK_NO_UID);
    PK_CLEANUP(ceremony_free) struct ceremony *of_alice = begin_ceremony(NULL, PK_NO_UID);
    PK_CLEANUP(ceremony_free) struct ceremony *of_root = begin_ceremony(NULL, PK_NO_UID);
    AUTO_VERDICT struct verdict own = {0};
    AUTO_VERDICT struct verdict any = {0};

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    of_bob->owner = BOB;
    assert_refused(of_bob, &key, RP_ID, PK_CREDENTIAL_NOT_ALLOWED);
    of_alice->owner = ALICE;
    own = judge(of_alice, &key, RP_ID, PRESENT);
    assert_status(own.status, PK_OK);
    of_root->requirements.counter_policy = PK_COUNTER_LOG;
    any = judge(of_root, &key, RP_ID, PRESENT);
    assert_status(any.status, PK_OK);
}

/* --- decoys ----------------------------------------------------------------------------------- */

/* Nothing that a decoy is asked ends in success: not one that is enrolled, not a right signature.
 */
static void a_decoy_is_never_ok(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_ceremony("alice", ALICE);
    PK_AUTO_BYTES struct pk_bytes data = soft_key_data(RP_ID, PRESENT, 5);
    PK_AUTO_BYTES struct pk_bytes signature = soft_key_sign(&key, pk_view_of(&data), hash);
    AUTO_CREDENTIAL struct credential decoy = {.record.public_key = soft_key_public(&key)};
    struct forwarded forwarded = {
        .assertion =
            {
                .credential_id = pk_view_string("blue"),
                .authenticator_data = pk_view_of(&data),
                .signature = pk_view_of(&signature),
            },
    };

    (void)state;
    assert_status(pk_bytes_copy(pk_view_string("blue"), &decoy.record.id), PK_OK);
    memcpy(forwarded.client_data_hash, hash, sizeof(hash));
    assert_status(decoy_refuse_assertion(bare_store(), ceremony, &decoy, forwarded.client_data_hash,
                                         &forwarded.assertion),
                  PK_INTERNAL);
    forwarded.client_data_hash[0] ^= 1;
    assert_status(decoy_refuse_assertion(bare_store(), ceremony, &decoy, forwarded.client_data_hash,
                                         &forwarded.assertion),
                  PK_SIGNATURE_INVALID);
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    assert_status(decoy_refuse_assertion(bare_store(), ceremony, &decoy, forwarded.client_data_hash,
                                         &forwarded.assertion),
                  PK_INTERNAL);
    assert_unused("blue");
}

/* --- a program's own answer ------------------------------------------------------------------- */

static char *response_json(const struct ceremony *ceremony, const struct soft_key *key)
{
    return soft_key_response(key, &ceremony->requirements, "https://" RP_ID, PRESENT, 5);
}

static struct ceremony *begin_by_program(void)
{
    struct ceremony *ceremony = begin_ceremony("alice", ALICE);

    assert_status(ceremony_bind_act(ceremony, "authenticate", "alice"), PK_OK);
    assert_status(pk_strings_add(&ceremony->requirements.origins, "https://" RP_ID), PK_OK);
    return ceremony;
}

static struct verdict judge_response(const struct ceremony *ceremony, const char *json)
{
    return verify_and_commit_response(bare_store(), ceremony, pk_view_string(json));
}

static void a_programs_answer_is_judged_alike(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(ES256, "blue");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_by_program();
    PK_CLEANUP(ceremony_free) struct ceremony *other = begin_by_program();
    PK_AUTO_FREE char *json = response_json(ceremony, &key);
    PK_AUTO_FREE char *false_json = response_json(ceremony, &forged);
    AUTO_VERDICT struct verdict late = {0};
    AUTO_VERDICT struct verdict forgery = {0};
    AUTO_VERDICT struct verdict none = {0};
    AUTO_VERDICT struct verdict good = {0};

    (void)state;
    soft_key_store(&key, bare_store(), "alice", ALICE, RP_ID, "blue");
    late = judge_response(other, json);
    assert_status(late.status, PK_CHALLENGE_MISMATCH);
    forgery = judge_response(ceremony, false_json);
    assert_status(forgery.status, PK_SIGNATURE_INVALID);
    none = judge_response(ceremony, "{}");
    assert_status(none.status, PK_RESPONSE_MALFORMED);
    assert_null(none.approval);
    assert_unused("blue");
    good = judge_response(ceremony, json);
    assert_status(good.status, PK_OK);
    assert_string_equal(approval_account(good.approval)->name, "alice");
}

/* --- recovery codes --------------------------------------------------------------------------- */

static struct verdict use_code(const struct account *account, const struct pk_secret *code)
{
    return verify_and_commit_recovery_code(bare_store(), CORRELATION, account, code);
}

static void a_recovery_code_is_used_up(void **state)
{
    AUTO_ACCOUNT struct account alice = {0};
    struct pk_secret codes[PK_RECOVERY_CODES] = {0};
    AUTO_VERDICT struct verdict first = {0};
    AUTO_VERDICT struct verdict again = {0};
    AUTO_VERDICT struct verdict changed = {0};
    PK_AUTO_FREE char *text = NULL;

    (void)state;
    assert_status(
        bare_store()->verbs->account(bare_store(), "default", "alice", ALICE, true, &alice), PK_OK);
    assert_status(recovery_codes_create(bare_store(), &alice, codes), PK_OK);
    first = use_code(&alice, &codes[0]);
    assert_status(first.status, PK_OK);
    assert_int_equal(approval_ceremony(first.approval), PK_AUTHENTICATION);
    assert_string_equal(approval_correlation(first.approval), CORRELATION);
    assert_string_equal(approval_account(first.approval)->name, "alice");
    assert_null(approval_credential(first.approval));
    assert_null(approval_result(first.approval));
    text = approval_describe(first.approval);
    assert_string_equal(text, "RECOVERY CODE of alice (default) USED instead of a passkey; 9 left");
    again = use_code(&alice, &codes[0]);
    assert_status(again.status, PK_RECOVERY_CODE_INVALID);
    assert_null(again.approval);
    set_account("alice", 2000);
    changed = use_code(&alice, &codes[1]);
    assert_status(changed.status, PK_ACCOUNT_CHANGED);
    assert_null(changed.approval);
    for (size_t i = 0; i < PK_RECOVERY_CODES; i++)
        pk_secret_clear(&codes[i]);
}

static enum pk_status cannot_use_code(struct store *used, const struct account *account,
                                      const uint8_t code[PK_HASH_SIZE])
{
    (void)used, (void)account, (void)code;
    return PK_STORAGE;
}

static void a_code_that_cannot_be_used_up_approves_nothing(void **state)
{
    AUTO_ACCOUNT struct account foreign = {0};
    struct pk_secret codes[PK_RECOVERY_CODES] = {0};
    AUTO_VERDICT struct verdict kept = {0};
    AUTO_VERDICT struct verdict used = {0};

    (void)state;
    assert_status(
        bare_store()->verbs->account(bare_store(), "shop", "carol", PK_NO_UID, true, &foreign),
        PK_OK);
    assert_status(recovery_codes_create(bare_store(), &foreign, codes), PK_OK);
    store_verbs()->recovery_use = cannot_use_code;
    kept = use_code(&foreign, &codes[0]);
    assert_status(kept.status, PK_STORAGE);
    assert_null(kept.approval);
    (void)store_verbs();
    /* An account that is not the system's needs none there. */
    used = use_code(&foreign, &codes[0]);
    assert_status(used.status, PK_OK);
    for (size_t i = 0; i < PK_RECOVERY_CODES; i++)
        pk_secret_clear(&codes[i]);
}

static void refusals_are_never_ok(void **state)
{
    (void)state;
    assert_status(verdict_refused(PK_OK).status, PK_INTERNAL);
    assert_status(verdict_refused(PK_TIMEOUT).status, PK_TIMEOUT);
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, bare_daemon_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_assertion_is_approved_once_its_use_is_written),
        TEST(what_is_written_is_what_was_signed),
        TEST(counters_that_went_back),
        TEST(a_use_that_cannot_be_written_approves_nothing),
        TEST(false_signatures_are_refused),
        TEST(verification_is_demanded_where_it_is_required),
        TEST(credentials_of_another_rp_id_are_refused),
        TEST(credentials_of_others_are_refused),
        TEST(credentials_of_another_relying_party_are_refused),
        TEST(unknown_credentials_are_refused),
        TEST(of_unknown_ids_it_is_the_one_that_verifies_the_answer),
        TEST(a_refusal_names_the_account),
        TEST(the_account_must_be_what_it_was),
        TEST(an_account_that_was_gone),
        TEST(without_a_name_a_caller_ends_as_itself),
        TEST(a_decoy_is_never_ok),
        TEST(a_programs_answer_is_judged_alike),
        TEST(a_recovery_code_is_used_up),
        TEST(a_code_that_cannot_be_used_up_approves_nothing),
        TEST(refusals_are_never_ok),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
