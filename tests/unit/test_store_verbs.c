/* SPDX-License-Identifier: BSD-2-Clause */
/* Accounts, credentials, tickets and codes, of whatever store the fixture has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "tests/unit/store_fixture.h"

#include <stdio.h>
#include <string.h>

static void account_is_name_and_uid_and_rp(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_ACCOUNT struct account alice = {0};
    AUTO_ACCOUNT struct account again = {0};
    AUTO_ACCOUNT struct account other = {0};
    AUTO_ACCOUNT struct account shop = {0};

    assert_int_equal(store->verbs->account(store, "default", "alice", 1000, false, &alice),
                     PK_NOT_FOUND);
    alice = account_of(store, "default", "alice", 1000);
    assert_int_equal(alice.user_handle.len, PK_USER_HANDLE_SIZE);
    assert_string_equal(alice.name, "alice");
    assert_string_equal(alice.rp, "default");
    assert_int_equal(alice.uid, 1000);
    again = account_of(store, "default", "alice", 1000);
    assert_true(pk_view_equal(pk_view_of(&alice.user_handle), pk_view_of(&again.user_handle)));
    other = account_of(store, "default", "alice", 1001);
    assert_false(pk_view_equal(pk_view_of(&alice.user_handle), pk_view_of(&other.user_handle)));
    shop = account_of(store, "shop", "alice", PK_NO_UID);
    assert_int_equal(shop.uid, PK_NO_UID);
    assert_false(pk_view_equal(pk_view_of(&alice.user_handle), pk_view_of(&shop.user_handle)));
}

static void every_field_comes_back(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    AUTO_CREDENTIAL struct credential in =
        make(account_of(store, "shop", "zoë", PK_NO_UID), "id-1", "Zoë's key");
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    const struct credential *out;

    in.record.sign_count = UINT32_MAX;
    in.record.backup_eligible = true;
    in.record.backup_state = true;
    in.record.payment = true;
    assert_int_equal(pk_bytes_copy(pk_view_string("own"), &in.record.user_handle), PK_OK);
    in.algorithm = -65535;
    memset(in.aaguid, 0xa5, sizeof(in.aaguid));
    in.transports = PK_TRANSPORT_USB | PK_TRANSPORT_INTERNAL;
    in.discoverable = true;
    in.user_verified = true;
    in.cred_protect = 3;
    in.instrument_display_name = strdup("Visa ••1234");
    in.last_used = INT64_C(5000000000);
    assert_int_equal(store->verbs->insert(store, &in, MAX, (struct pk_view){0}), PK_OK);
    store = reopen(fixture);
    assert_int_equal(store->verbs->list(store, &(struct credential_filter){0}, &list), PK_OK);
    assert_int_equal(list.count, 1);
    out = &list.items[0];
    assert_string_equal(out->account.rp, "shop");
    assert_string_equal(out->account.name, "zoë");
    assert_int_equal(out->account.uid, PK_NO_UID);
    assert_true(
        pk_view_equal(pk_view_of(&out->account.user_handle), pk_view_of(&in.account.user_handle)));
    assert_true(pk_view_equal(pk_view_of(&out->record.id), pk_view_string("id-1")));
    assert_true(pk_view_equal(pk_view_of(&out->record.public_key), pk_view_string("key")));
    assert_true(pk_view_equal(pk_view_of(&out->record.user_handle), pk_view_string("own")));
    assert_int_equal(out->record.sign_count, UINT32_MAX);
    assert_true(out->record.backup_eligible && out->record.backup_state && out->record.payment);
    assert_int_equal(out->algorithm, -65535);
    assert_memory_equal(out->aaguid, in.aaguid, sizeof(in.aaguid));
    assert_int_equal(out->transports, PK_TRANSPORT_USB | PK_TRANSPORT_INTERNAL);
    assert_string_equal(out->rp_id, "example.org");
    assert_string_equal(out->name, "Zoë's key");
    assert_string_equal(out->format, "packed");
    assert_string_equal(out->attestation_type, "Basic");
    assert_string_equal(out->trust, "yes");
    assert_true(out->discoverable && out->user_verified);
    assert_int_equal(out->cred_protect, 3);
    assert_string_equal(out->instrument_display_name, "Visa ••1234");
    assert_int_equal(out->created, 1000);
    assert_int_equal(out->last_used, INT64_C(5000000000));
}

static void filters_select(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_ACCOUNT struct account alice = {0};
    uid_t uid = 1000;

    assert_int_equal(insert(store, "alice", 1000, "a1", "one"), PK_OK);
    assert_int_equal(insert(store, "alice", 1000, "a2", "two"), PK_OK);
    assert_int_equal(insert(store, "alice", 2000, "a3", "one"), PK_OK);
    assert_int_equal(insert(store, "bob", 1001, "b1", "one"), PK_OK);
    alice = account_of(store, "default", "alice", 1000);
#define COUNT(...) count_of(store, &(struct credential_filter){__VA_ARGS__})
    assert_int_equal(COUNT(0), 4);
    assert_int_equal(COUNT(.rp = "default"), 4);
    assert_int_equal(COUNT(.rp = "shop"), 0);
    assert_int_equal(COUNT(.account_name = "alice"), 3);
    assert_int_equal(COUNT(.account_name = "alice", .uid = &uid), 2);
    assert_int_equal(COUNT(.uid = &uid), 2);
    assert_int_equal(COUNT(.credential_id = pk_view_string("b1")), 1);
    assert_int_equal(COUNT(.credential_id = pk_view_string("b1"), .account_name = "alice"), 0);
    assert_int_equal(COUNT(.user_handle = pk_view_of(&alice.user_handle)), 2);
#undef COUNT
}

static unsigned failures;

static void count_failure(const char *why)
{
    (void)why;
    failures++;
}

/* Anybody can bring an id that is there: the log of failures is not theirs to write. */
static void credential_ids_are_unique_everywhere(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_CREDENTIAL struct credential elsewhere =
        make(account_of(store, "shop", "carol", PK_NO_UID), "same", "key");

    failures = 0;
    store_report_by(count_failure);
    assert_int_equal(insert(store, "alice", 1000, "same", "one"), PK_OK);
    assert_int_equal(insert(store, "alice", 1000, "same", "two"), PK_EXISTS);
    assert_int_equal(insert(store, "bob", 1001, "same", "one"), PK_EXISTS);
    assert_int_equal(store->verbs->insert(store, &elsewhere, MAX, (struct pk_view){0}), PK_EXISTS);
    store_report_by(NULL);
    assert_int_equal(failures, 0);
    assert_int_equal(count_of(store, &(struct credential_filter){0}), 1);
}

static void names_are_unique_within_the_account(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_ACCOUNT struct account alice = account_of(store, "default", "alice", 1000);
    AUTO_ACCOUNT struct account bob = account_of(store, "default", "bob", 1001);
    struct pk_view a2 = pk_view_string("a2");

    assert_int_equal(insert(store, "alice", 1000, "a1", "blue"), PK_OK);
    assert_int_equal(insert(store, "alice", 1000, "a2", "blue"), PK_NAME_TAKEN);
    assert_int_equal(insert(store, "alice", 1000, "a2", "red"), PK_OK);
    assert_int_equal(insert(store, "bob", 1001, "b1", "blue"), PK_OK);
    assert_int_equal(store->verbs->rename(store, &alice, a2, "blue"), PK_NAME_TAKEN);
    assert_int_equal(store->verbs->rename(store, &bob, a2, "mine"), PK_NOT_FOUND);
    assert_int_equal(store->verbs->rename(store, &alice, pk_view_string("b1"), "mine"),
                     PK_NOT_FOUND);
    assert_int_equal(store->verbs->rename(store, &alice, a2, "green"), PK_OK);
    assert_int_equal(store->verbs->rename(store, &alice, a2, "green"), PK_OK);
}

static void accounts_are_limited(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_CREDENTIAL struct credential third =
        make(account_of(store, "default", "alice", 1000), "c", "c");

    assert_int_equal(insert(store, "alice", 1000, "a", "a"), PK_OK);
    assert_int_equal(insert(store, "alice", 1000, "b", "b"), PK_OK);
    assert_int_equal(insert(store, "bob", 1001, "x", "x"), PK_OK);
    assert_int_equal(store->verbs->insert(store, &third, 2, (struct pk_view){0}),
                     PK_LIMIT_EXCEEDED);
    assert_int_equal(store->verbs->insert(store, &third, 3, (struct pk_view){0}), PK_OK);
}

static void malformed_ids_are_refused(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    char longest[PK_CREDENTIAL_ID_MAX + 2];

    memset(longest, 'x', sizeof(longest));
    longest[PK_CREDENTIAL_ID_MAX + 1] = 0;
    assert_int_equal(insert(store, "alice", 1000, "", "a"), PK_INVALID_ARGUMENT);
    assert_int_equal(insert(store, "alice", 1000, longest, "a"), PK_INVALID_ARGUMENT);
    longest[PK_CREDENTIAL_ID_MAX] = 0;
    assert_int_equal(insert(store, "alice", 1000, longest, "a"), PK_OK);
}

static enum pk_status insert_as(struct store *store, const char *id, const char *password)
{
    AUTO_CREDENTIAL struct credential credential =
        make(account_of(store, "default", "alice", 1000), id, id);
    PK_AUTO_SECRET struct pk_secret secret = {0};

    assert_int_equal(pk_secret_copy(pk_view_string(password), &secret), PK_OK);
    return store->verbs->insert_as(store, &credential, MAX, (struct pk_view){0}, &secret);
}

/* Only where a directory knows the account's password, and nobody is asked who has to say so. */
static void an_account_adds_its_own(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_ACCOUNT struct account alice = account_of(store, "default", "alice", 1000);
    AUTO_STORE_STATE struct store_state how = {0};
    char *where = NULL;

    assert_int_equal(!store->verbs->insert_asks, !store->verbs->insert_as);
    if (!store->verbs->insert_as)
        return;
    assert_int_equal(store->verbs->insert_asks(store, &alice, &where), PK_OK);
    assert_null(where);
    assert_int_equal(store->verbs->state(store, &how), PK_OK);
    if (strcmp(how.kind, "ldap") != 0) {
        assert_int_equal(insert_as(store, "own", "secret"), PK_UNSUPPORTED);
        return;
    }
    assert_int_equal(insert_as(store, "own", "other"), PK_PASSWORD_REFUSED);
    assert_string_equal(store_error(), "the directory did not take alice's password");
    assert_int_equal(insert_as(store, "own", ""), PK_PASSWORD_REFUSED);
    assert_int_equal(count_of(store, &(struct credential_filter){0}), 0);
    assert_int_equal(insert_as(store, "own", "secret"), PK_OK);
    assert_int_equal(count_of(store, &(struct credential_filter){.account_name = "alice"}), 1);
    assert_int_equal(insert_as(store, "own", "secret"), PK_EXISTS);
}

static void use_is_remembered(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    const struct credential_use verified = {
        .sign_count = 7, .backup_state = true, .user_verified = true, .when = 2000};
    const struct credential_use touched = {.sign_count = 8, .when = 3000};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};

    assert_int_equal(insert(store, "alice", 1000, "a", "a"), PK_OK);
    assert_int_equal(store->verbs->use(store, pk_view_string("a"), &verified), PK_OK);
    assert_int_equal(store->verbs->use(store, pk_view_string("a"), &touched), PK_OK);
    assert_int_equal(store->verbs->use(store, pk_view_string("z"), &touched), PK_NOT_FOUND);
    store = reopen(fixture);
    assert_int_equal(store->verbs->list(store, &(struct credential_filter){0}, &list), PK_OK);
    assert_int_equal(list.items[0].record.sign_count, 8);
    assert_int_equal(list.items[0].last_used, 3000);
    assert_false(list.items[0].record.backup_state);
    assert_true(list.items[0].user_verified);
}

static void only_the_holder_removes(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_ACCOUNT struct account alice = account_of(store, "default", "alice", 1000);
    AUTO_ACCOUNT struct account successor = account_of(store, "default", "alice", 1001);
    struct pk_view id = pk_view_string("a");

    assert_int_equal(insert(store, "alice", 1000, "a", "a"), PK_OK);
    assert_int_equal(store->verbs->remove(store, &successor, id), PK_NOT_FOUND);
    assert_int_equal(store->verbs->remove(store, &alice, id), PK_OK);
    assert_int_equal(store->verbs->remove(store, &alice, id), PK_NOT_FOUND);
    assert_int_equal(count_of(store, &(struct credential_filter){0}), 0);
    assert_int_equal(insert(store, "bob", 1002, "a", "a"), PK_OK);
}

static void facts_are_kept(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    PK_AUTO_BYTES struct pk_bytes value = {0};

    assert_int_equal(store->verbs->get(store, "rp-id", &value), PK_NOT_FOUND);
    assert_int_equal(store->verbs->put(store, "rp-id", pk_view_string("old.example.org")), PK_OK);
    assert_int_equal(store->verbs->put(store, "rp-id", pk_view_string("host.example.org")), PK_OK);
    assert_int_equal(store->verbs->put(store, "empty", (struct pk_view){0}), PK_OK);
    store = reopen(fixture);
    assert_int_equal(store->verbs->get(store, "rp-id", &value), PK_OK);
    assert_true(pk_view_equal(pk_view_of(&value), pk_view_string("host.example.org")));
    pk_bytes_clear(&value);
    assert_int_equal(store->verbs->get(store, "empty", &value), PK_OK);
    assert_int_equal(value.len, 0);
}

static void tickets_serve_one_enrolment_of_one_account(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    const uint8_t bytes[PK_HASH_SIZE] = {1}, late[PK_HASH_SIZE] = {2};
    struct pk_view hash = {bytes, sizeof(bytes)}, expired = {late, sizeof(late)};
    AUTO_CREDENTIAL struct credential bob =
        make(account_of(store, "default", "bob", 1001), "b", "b");
    AUTO_CREDENTIAL struct credential alice =
        make(account_of(store, "default", "alice", 1000), "a", "a");
    AUTO_CREDENTIAL struct credential second =
        make(account_of(store, "default", "alice", 1000), "a2", "a2");

#define CHECK(hash, name, uid, now)                                                                \
    store->verbs->ticket_check(store, hash, "default", name, uid, now)
    assert_int_equal(CHECK(hash, "alice", 1000, 900), PK_TICKET_INVALID);
    assert_int_equal(store->verbs->ticket_add(store, hash, "default", "alice", 1000, 1600), PK_OK);
    assert_int_equal(CHECK(hash, "alice", 1000, 900), PK_OK);
    assert_int_equal(CHECK(hash, "alice", 1000, 1600), PK_TICKET_INVALID);
    assert_int_equal(CHECK(hash, "alice", 1001, 900), PK_TICKET_INVALID);
    assert_int_equal(CHECK(hash, "bob", 1001, 900), PK_TICKET_INVALID);
    assert_int_equal(store->verbs->insert(store, &bob, MAX, hash), PK_TICKET_INVALID);
    /* An enrolment that fails does not use up the ticket. */
    assert_int_equal(store->verbs->insert(store, &alice, 0, hash), PK_LIMIT_EXCEEDED);
    assert_int_equal(CHECK(hash, "alice", 1000, 900), PK_OK);
    assert_int_equal(store->verbs->insert(store, &alice, MAX, hash), PK_OK);
    assert_int_equal(CHECK(hash, "alice", 1000, 900), PK_TICKET_INVALID);
    assert_int_equal(store->verbs->insert(store, &second, MAX, hash), PK_TICKET_INVALID);
    /* Expired when the credential was made. */
    assert_int_equal(store->verbs->ticket_add(store, expired, "default", "alice", 1000, 1000),
                     PK_OK);
    assert_int_equal(store->verbs->insert(store, &second, MAX, expired), PK_TICKET_INVALID);
    /* Long expired ones go when a new one comes. */
    assert_int_equal(store->verbs->ticket_add(store, hash, "default", "alice", 1000, 999999),
                     PK_OK);
    assert_int_equal(CHECK(expired, "alice", 1000, 0), PK_TICKET_INVALID);
    assert_int_equal(CHECK(hash, "alice", 1000, 0), PK_OK);
#undef CHECK
}

/* However long the newest is good for, what others were given stays; what expired long ago goes. */
static void a_long_ticket_voids_no_other(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    const int64_t now = pk_clock_now();
    const int64_t expiries[] = {now + 60, now + 2 * 86400, now - 2 * 86400, now + 10 * 86400,
                                INT64_MAX};

    for (size_t i = 0; i < sizeof(expiries) / sizeof(expiries[0]); i++) {
        const uint8_t bytes[PK_HASH_SIZE] = {(uint8_t)(1 + i)};

        assert_int_equal(store->verbs->ticket_add(store, (struct pk_view){bytes, sizeof(bytes)},
                                                  "default", "alice", 1000, expiries[i]),
                         PK_OK);
    }
    for (size_t i = 0; i < sizeof(expiries) / sizeof(expiries[0]); i++) {
        const uint8_t bytes[PK_HASH_SIZE] = {(uint8_t)(1 + i)};
        bool old = expiries[i] < now;

        /* An hour that the clock had gone back to, in which even the old one would do. */
        assert_int_equal(store->verbs->ticket_check(store, (struct pk_view){bytes, sizeof(bytes)},
                                                    "default", "alice", 1000, now - 3 * 86400),
                         old ? PK_TICKET_INVALID : PK_OK);
    }
}

/* Name, uid and relying party, each of them. */
static void tickets_are_no_namesakes(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    const uint8_t bytes[PK_HASH_SIZE] = {1}, unknown[PK_HASH_SIZE] = {2};
    const struct pk_view hash = {bytes, sizeof(bytes)};
    struct credential others[] = {
        make(account_of(store, "default", "bob", 1000), "1", "1"),
        make(account_of(store, "default", "alice", 1001), "2", "2"),
        make(account_of(store, "shop", "alice", 1000), "3", "3"),
    };
    AUTO_CREDENTIAL struct credential alice =
        make(account_of(store, "default", "alice", 1000), "4", "4");

    assert_int_equal(store->verbs->ticket_add(store, hash, "default", "alice", 1000, 1600), PK_OK);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const struct account *account = &others[i].account;

        assert_int_equal(
            store->verbs->ticket_check(store, hash, account->rp, account->name, account->uid, 900),
            PK_TICKET_INVALID);
        assert_int_equal(store->verbs->insert(store, &others[i], MAX, hash), PK_TICKET_INVALID);
        credential_clear(&others[i]);
    }
    assert_int_equal(store->verbs->insert(store, &alice, MAX, (struct pk_view){unknown, 32}),
                     PK_TICKET_INVALID);
    assert_int_equal(count_of(store, &(struct credential_filter){0}), 0);
    assert_int_equal(store->verbs->insert(store, &alice, MAX, hash), PK_OK);
}

static void recovery_codes_are_used_up(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_ACCOUNT struct account alice = account_of(store, "default", "alice", 1000);
    AUTO_ACCOUNT struct account bob = account_of(store, "default", "bob", 1001);
    const struct recovery_code codes[2] = {{.scheme = RECOVERY_HMAC, .salt = {1}, .hash = {3}},
                                           {.scheme = RECOVERY_SCRYPT, .salt = {2}, .hash = {4}}};
    struct recovery_code out[PK_RECOVERY_CODES];
    struct account nobody = {.rp = alice.rp, .name = alice.name, .uid = 7};
    size_t count = 99;

#define LIST(account) store->verbs->recovery_list(store, account, out, &count)
    assert_int_equal(LIST(&alice), PK_OK);
    assert_int_equal(count, 0);
    assert_int_equal(store->verbs->recovery_replace(store, &nobody, codes, 2), PK_NOT_FOUND);
    assert_int_equal(store->verbs->recovery_replace(store, &alice, codes, 2), PK_OK);
    assert_int_equal(LIST(&alice), PK_OK);
    assert_int_equal(count, 2);
    assert_int_equal(LIST(&nobody), PK_OK);
    assert_int_equal(count, 0);
    assert_int_equal(store->verbs->recovery_use(store, &nobody, codes[0].hash), PK_NOT_FOUND);
    assert_int_equal(LIST(&alice), PK_OK);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(out[i].scheme, codes[i].scheme);
        assert_memory_equal(out[i].salt, codes[i].salt, PK_HASH_SIZE);
        assert_memory_equal(out[i].hash, codes[i].hash, PK_HASH_SIZE);
    }
    assert_int_equal(store->verbs->recovery_use(store, &bob, codes[0].hash), PK_NOT_FOUND);
    assert_int_equal(store->verbs->recovery_use(store, &alice, codes[0].hash), PK_OK);
    assert_int_equal(store->verbs->recovery_use(store, &alice, codes[0].hash), PK_NOT_FOUND);
    assert_int_equal(store->verbs->recovery_replace(store, &alice, &codes[1], 1), PK_OK);
    assert_int_equal(LIST(&alice), PK_OK);
    assert_int_equal(count, 1);
    assert_memory_equal(out[0].hash, codes[1].hash, PK_HASH_SIZE);
#undef LIST
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(account_is_name_and_uid_and_rp),
        TEST(every_field_comes_back),
        TEST(filters_select),
        TEST(credential_ids_are_unique_everywhere),
        TEST(names_are_unique_within_the_account),
        TEST(accounts_are_limited),
        TEST(malformed_ids_are_refused),
        TEST(an_account_adds_its_own),
        TEST(use_is_remembered),
        TEST(only_the_holder_removes),
        TEST(facts_are_kept),
        TEST(tickets_serve_one_enrolment_of_one_account),
        TEST(a_long_ticket_voids_no_other),
        TEST(tickets_are_no_namesakes),
        TEST(recovery_codes_are_used_up),
    };

    return STORE_TESTS_RUN(tests);
}
