/* SPDX-License-Identifier: BSD-2-Clause */
/* New credentials on their way into the store: nothing is stored that was not verified and allowed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/verify/verify_and_commit.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/soft_key.h"

#include <string.h>

#define PRESENT  PK_FLAG_UP
#define VERIFIED (PK_FLAG_UP | PK_FLAG_UV)

static const uint8_t hash[PK_HASH_SIZE] = {1, 2, 3};

static struct ceremony *begin_registration(const char *user, uid_t uid)
{
    struct ceremony *ceremony = begin_ceremony(user, uid);
    struct pk_requirements *requirements = &ceremony->requirements;

    requirements->ceremony = PK_REGISTRATION;
    requirements->algorithms[0] = ES256;
    requirements->algorithms[1] = EDDSA;
    requirements->algorithm_count = 2;
    ceremony->max_credentials = 2;
    ceremony->account.user_handle =
        (struct pk_bytes){calloc(1, PK_USER_HANDLE_SIZE), PK_USER_HANDLE_SIZE};
    ceremony->account.user_handle.data[0] = 4;
    assert_status(ceremony_bind_act(ceremony, "enroll", user), PK_OK);
    return ceremony;
}

static struct verdict attest(const struct ceremony *ceremony, const struct soft_key *key,
                             const char *rp_id, uint8_t flags)
{
    PK_AUTO_BYTES struct pk_bytes object = soft_key_attestation(key, rp_id, flags, 3);

    return verify_and_commit_attestation(bare_store(), ceremony,
                                         &(struct attestation){
                                             .client_data_hash = hash,
                                             .object = pk_view_of(&object),
                                             .transports = PK_TRANSPORT_NFC,
                                             .discoverable = true,
                                             .name = "key",
                                         });
}

static void assert_not_stored(const char *id)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = credentials_with(id);

    assert_int_equal(list.count, 0);
}

static void assert_not_enrolled(const struct ceremony *ceremony, const struct soft_key *key,
                                const char *rp_id, enum pk_status status)
{
    AUTO_VERDICT struct verdict verdict = attest(ceremony, key, rp_id, PRESENT);

    assert_status(verdict.status, status);
    assert_null(verdict.approval);
    assert_not_stored(key->id);
}

static void a_new_credential_is_stored(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_registration("alice", ALICE);
    AUTO_VERDICT struct verdict verdict = {0};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    PK_AUTO_BYTES struct pk_bytes public_key = soft_key_public(&key);
    PK_AUTO_FREE char *text = NULL;
    const struct credential *row;

    (void)state;
    ceremony->credential_name = strdup("my key");
    verdict = attest(ceremony, &key, RP_ID, VERIFIED);
    assert_status(verdict.status, PK_OK);
    assert_int_equal(approval_ceremony(verdict.approval), PK_REGISTRATION);
    assert_string_equal(approval_correlation(verdict.approval), CORRELATION);
    assert_null(approval_result(verdict.approval));
    assert_string_equal(approval_credential(verdict.approval)->name, "my key");
    text = approval_describe(verdict.approval);
    assert_string_equal(text, "passkey \"my key\" [Ymx1ZQ], user verified");
    list = credentials_with("blue");
    assert_int_equal(list.count, 1);
    row = &list.items[0];
    assert_string_equal(row->account.name, "alice");
    assert_int_equal(row->account.uid, ALICE);
    assert_string_equal(row->account.rp, "default");
    assert_string_equal(row->rp_id, RP_ID);
    assert_string_equal(row->name, "my key");
    assert_string_equal(row->format, "none");
    assert_int_equal(row->algorithm, ES256);
    assert_int_equal(row->transports, PK_TRANSPORT_NFC);
    assert_int_equal(row->record.sign_count, 3);
    assert_true(row->discoverable);
    assert_true(row->user_verified);
    assert_int_equal(row->record.user_handle.len, PK_USER_HANDLE_SIZE);
    assert_int_equal(row->record.user_handle.data[0], 4);
    assert_false(row->record.backup_eligible || row->record.backup_state);
    assert_true(pk_view_equal(pk_view_of(&row->record.public_key), pk_view_of(&public_key)));
}

static void backup_flags_are_kept(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_registration("alice", ALICE);
    AUTO_VERDICT struct verdict verdict =
        attest(ceremony, &key, RP_ID, PRESENT | PK_FLAG_BE | PK_FLAG_BS);
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};

    (void)state;
    assert_status(verdict.status, PK_OK);
    list = credentials_with("blue");
    assert_true(list.items[0].record.backup_eligible && list.items[0].record.backup_state);
    assert_false(list.items[0].user_verified);
}

static void names_that_nobody_chose_get_numbers(void **state)
{
    static const char *const names[] = {"key", "key 2", "key 3"};
    static const char *const ids[] = {"1", "2", "3"};
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_registration("alice", ALICE);

    (void)state;
    ceremony->max_credentials = 9;
    for (size_t i = 0; i < 3; i++) {
        AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, ids[i]);
        AUTO_VERDICT struct verdict verdict = attest(ceremony, &key, RP_ID, PRESENT);

        assert_status(verdict.status, PK_OK);
        assert_string_equal(approval_credential(verdict.approval)->name, names[i]);
    }
}

static void what_does_not_verify_is_not_stored(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_registration("alice", ALICE);

    (void)state;
    assert_not_enrolled(ceremony, &key, "example.net", PK_RP_ID_MISMATCH);
    ceremony->requirements.user_verification = PK_REQUIRED;
    assert_not_enrolled(ceremony, &key, RP_ID, PK_USER_NOT_VERIFIED);
}

static void the_account_must_be_what_it_was_to_enrol(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_registration("alice", ALICE);
    AUTO_VERDICT struct verdict foreign = {0};

    (void)state;
    set_account("alice", 2000);
    assert_not_enrolled(ceremony, &key, RP_ID, PK_ACCOUNT_CHANGED);
    ceremony->system_account = false;
    foreign = attest(ceremony, &key, RP_ID, PRESENT);
    assert_status(foreign.status, PK_OK);
}

static void an_account_has_room_for_so_many(void **state)
{
    AUTO_SOFT_KEY struct soft_key first = soft_key_new(ES256, "1");
    AUTO_SOFT_KEY struct soft_key second = soft_key_new(ES256, "2");
    AUTO_SOFT_KEY struct soft_key third = soft_key_new(ES256, "3");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_registration("alice", ALICE);

    (void)state;
    soft_key_store(&first, bare_store(), "alice", ALICE, RP_ID, "1");
    soft_key_store(&second, bare_store(), "alice", ALICE, RP_ID, "2");
    assert_not_enrolled(ceremony, &third, RP_ID, PK_LIMIT_EXCEEDED);
}

static void a_ticket_is_used_up(void **state)
{
    AUTO_SOFT_KEY struct soft_key first = soft_key_new(ES256, "1");
    AUTO_SOFT_KEY struct soft_key second = soft_key_new(ES256, "2");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_registration("alice", ALICE);
    AUTO_VERDICT struct verdict verdict = {0};
    PK_AUTO_FREE char *text = NULL;
    uint8_t ticket[PK_HASH_SIZE] = {9};
    const struct pk_view view = {ticket, sizeof(ticket)};

    (void)state;
    assert_status(pk_bytes_copy(view, &ceremony->ticket), PK_OK);
    assert_status(
        bare_store()->verbs->ticket_add(bare_store(), view, "default", "bob", BOB, INT64_MAX),
        PK_OK);
    assert_not_enrolled(ceremony, &first, RP_ID, PK_TICKET_INVALID);
    ticket[0] = 8;
    pk_bytes_clear(&ceremony->ticket);
    assert_status(pk_bytes_copy(view, &ceremony->ticket), PK_OK);
    assert_status(
        bare_store()->verbs->ticket_add(bare_store(), view, "default", "alice", ALICE, INT64_MAX),
        PK_OK);
    verdict = attest(ceremony, &first, RP_ID, PRESENT);
    assert_status(verdict.status, PK_OK);
    text = approval_describe(verdict.approval);
    assert_string_equal(text, "passkey \"key\" [MQ], user present, by ticket");
    assert_not_enrolled(ceremony, &second, RP_ID, PK_TICKET_INVALID);
}

static void a_credential_is_enrolled_once(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_registration("alice", ALICE);
    AUTO_VERDICT struct verdict verdict = {0};

    (void)state;
    /* Whoever has it. */
    soft_key_store(&key, bare_store(), "bob", BOB, RP_ID, "blue");
    verdict = attest(ceremony, &key, RP_ID, PRESENT);
    assert_status(verdict.status, PK_EXISTS);
    assert_null(verdict.approval);
}

/* --- in the account's own name -----------------------------------------------------------------
 */

static bool taken; /* the store takes the password */

static enum pk_status insert_as(struct store *store, const struct credential *credential,
                                size_t max_per_account, struct pk_view ticket,
                                const struct pk_secret *password)
{
    assert_int_equal(max_per_account, 2);
    assert_int_equal(password->len, 3);
    assert_memory_equal(password->data, "own", 3);
    if (taken)
        return store->verbs->insert(store, credential, max_per_account, ticket);
    store_explain("the directory did not take it");
    return PK_PASSWORD_REFUSED;
}

static void a_directory_is_given_the_password(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_registration("alice", ALICE);
    AUTO_VERDICT struct verdict refused = {0}, verdict = {0};

    (void)state;
    store_verbs()->insert_as = insert_as;
    ceremony->directory = strdup("ldaps://ldap1");
    assert_status(pk_secret_copy(pk_view_string("own"), &ceremony->password), PK_OK);
    taken = false;
    refused = attest(ceremony, &key, RP_ID, PRESENT);
    assert_status(refused.status, PK_PASSWORD_REFUSED);
    assert_string_equal(refused.store_error, "the directory did not take it");
    assert_null(refused.approval);
    assert_not_stored("blue");
    taken = true;
    verdict = attest(ceremony, &key, RP_ID, PRESENT);
    assert_status(verdict.status, PK_OK);
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, bare_daemon_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_credential_is_stored),
        TEST(backup_flags_are_kept),
        TEST(names_that_nobody_chose_get_numbers),
        TEST(what_does_not_verify_is_not_stored),
        TEST(the_account_must_be_what_it_was_to_enrol),
        TEST(an_account_has_room_for_so_many),
        TEST(a_ticket_is_used_up),
        TEST(a_credential_is_enrolled_once),
        TEST(a_directory_is_given_the_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
