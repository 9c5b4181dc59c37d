/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "common/webauthn/signature.h"
#include "daemon/accounts/decoy.h"
#include "tests/unit/store_fixture.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t key[DECOY_KEY_SIZE] = {1, 2, 3};
static const uint8_t other_key[DECOY_KEY_SIZE] = {1, 2, 4};

static struct account named(const char *rp, const char *name)
{
    return (struct account){.rp = (char *)(uintptr_t)rp, .name = (char *)(uintptr_t)name};
}

static struct credential_list decoys(const uint8_t with[DECOY_KEY_SIZE], const char *rp,
                                     const char *name)
{
    const struct account account = named(rp, name);
    struct credential_list list = {0};

    assert_int_equal(decoy_credentials(with, &account, "web1.example.org", false, &list), PK_OK);
    return list;
}

static struct credential_list browser_decoys(const char *name)
{
    const struct account account = named("default", name);
    struct credential_list list = {0};

    assert_int_equal(decoy_credentials(key, &account, "web1.example.org", true, &list), PK_OK);
    return list;
}

static bool same(const struct credential_list *a, const struct credential_list *b)
{
    return a->count == b->count &&
           pk_view_equal(pk_view_of(&a->items[0].record.id), pk_view_of(&b->items[0].record.id));
}

static void the_same_for_the_same_name(void **state)
{
    AUTO_CREDENTIAL_LIST struct credential_list alice = decoys(key, "default", "alice");
    AUTO_CREDENTIAL_LIST struct credential_list again = decoys(key, "default", "alice");
    AUTO_CREDENTIAL_LIST struct credential_list bob = decoys(key, "default", "bob");
    AUTO_CREDENTIAL_LIST struct credential_list shop = decoys(key, "shop", "alice");
    AUTO_CREDENTIAL_LIST struct credential_list moved = decoys(key, "defaulta", "lice");
    AUTO_CREDENTIAL_LIST struct credential_list elsewhere = decoys(other_key, "default", "alice");

    (void)state;
    assert_true(same(&alice, &again));
    assert_false(same(&alice, &bob));
    assert_false(same(&alice, &shop));
    assert_false(same(&alice, &moved));
    assert_false(same(&alice, &elsewhere));
    assert_string_equal(alice.items[0].rp_id, "web1.example.org");
}

static void a_few_of_usual_lengths(void **state)
{
    unsigned counts[10] = {0};
    unsigned lengths[97] = {0};
    unsigned all = 0;

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        PK_AUTO_FREE char *name = pk_text_format("user-%u", i);
        AUTO_CREDENTIAL_LIST struct credential_list list = decoys(key, "default", name);

        assert_in_range(list.count, 1, 9);
        counts[list.count]++;
        all += (unsigned)list.count;
        for (size_t j = 0; j < list.count; j++) {
            assert_in_range(list.items[j].record.id.len, 48, 96);
            lengths[list.items[j].record.id.len]++;
        }
        if (list.count > 1)
            assert_memory_not_equal(list.items[0].record.id.data, list.items[1].record.id.data, 48);
    }
    /* Six standard deviations around a quarter. The key is fixed, so the test is deterministic. */
    assert_in_range(2000 - counts[1], 384, 616);
    /* No number shows that an account exists. */
    assert_true(counts[2] > counts[3] && counts[3] > counts[4] && counts[4] > 0);
    assert_true(counts[5] + counts[6] + counts[7] > 0);
    assert_int_equal(lengths[48] + lengths[64] + lengths[80] + lengths[96], all);
    assert_true(lengths[64] > lengths[48] && lengths[48] > lengths[80] && lengths[96] > 0);
}

/* As what a browser is told of passkeys: none without transports, and ids as they have them. */
static void in_browsers(void **state)
{
    unsigned internal = 0, usb = 0;

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        PK_AUTO_FREE char *name = pk_text_format("user-%u", i);
        AUTO_CREDENTIAL_LIST struct credential_list list = browser_decoys(name);

        for (size_t j = 0; j < list.count; j++) {
            const struct credential *decoy = &list.items[j];
            bool of_key = (decoy->transports & (PK_TRANSPORT_USB | PK_TRANSPORT_NFC)) != 0;
            bool of_device = (decoy->transports & PK_TRANSPORT_INTERNAL) != 0;

            assert_true(of_key != of_device);
            assert_true(of_key == (decoy->record.id.len >= 48));
            internal += of_device;
            usb += of_key;
        }
    }
    assert_true(usb > 500 && internal > 2 * usb - 200);
}

/* No part of an id tells that it was made in blocks. */
static void ids_do_not_repeat_themselves(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        PK_AUTO_FREE char *name = pk_text_format("user-%u", i);
        AUTO_CREDENTIAL_LIST struct credential_list list = decoys(key, "default", name);
        const struct pk_bytes *id = &list.items[0].record.id;

        if (id->len >= 64)
            assert_memory_not_equal(id->data, id->data + 32, 32);
    }
}

static void the_public_key_is_one(void **state)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = decoys(key, "default", "alice");
    PK_AUTO_PUBLIC_KEY struct pk_public_key *public_key = NULL;

    (void)state;
    assert_int_equal(pk_public_key_parse(pk_view_of(&list.items[0].record.public_key), &public_key),
                     PK_OK);
    assert_int_equal(pk_public_key_algorithm(public_key)->number, -7);
}

static void the_key_is_kept(void **state)
{
    struct fixture *fixture = *state;
    uint8_t first[DECOY_KEY_SIZE], second[DECOY_KEY_SIZE];

    assert_int_equal(decoy_key_load(fixture->store, first), PK_OK);
    assert_int_equal(decoy_key_load(reopen(fixture), second), PK_OK);
    assert_memory_equal(first, second, sizeof(first));
    /* One of another size is none of ours. */
    assert_int_equal(
        fixture->store->verbs->put(fixture->store, "decoy-key", (struct pk_view){first, 31}),
        PK_OK);
    assert_int_equal(decoy_key_load(fixture->store, second), PK_OK);
    assert_memory_not_equal(first, second, sizeof(first));
}

static enum pk_status fails(struct store *store, const char *name, struct pk_bytes *ret)
{
    (void)store, (void)name, (void)ret;
    return PK_STORAGE;
}

static void without_a_store_there_is_a_key(void **state)
{
    const struct store_verbs verbs = {.get = fails};
    struct store broken = {.verbs = &verbs};
    uint8_t first[DECOY_KEY_SIZE] = {0}, second[DECOY_KEY_SIZE] = {0};

    (void)state;
    assert_int_equal(decoy_key_load(&broken, first), PK_STORAGE);
    assert_int_equal(decoy_key_load(&broken, second), PK_STORAGE);
    assert_memory_not_equal(first, second, sizeof(first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_for_the_same_name),
        cmocka_unit_test(a_few_of_usual_lengths),
        cmocka_unit_test(in_browsers),
        cmocka_unit_test(ids_do_not_repeat_themselves),
        cmocka_unit_test(the_public_key_is_one),
        cmocka_unit_test_setup_teardown(the_key_is_kept, set_up, tear_down),
        cmocka_unit_test(without_a_store_there_is_a_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
