/* SPDX-License-Identifier: BSD-2-Clause */
/* Several who want the same thing of a store at once: one has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/store_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define RACERS 8
#define ROUNDS 10
#define ALICE  1000

struct race {
    struct store *store;
    pthread_barrier_t start;
    unsigned round;
    enum pk_status (*run)(struct race *race, unsigned number);
};

struct racer {
    struct race *race;
    unsigned number;
    pthread_t thread;
    enum pk_status status;
};

static void *run_racer(void *data)
{
    struct racer *racer = data;

    (void)pthread_barrier_wait(&racer->race->start);
    racer->status = racer->race->run(racer->race, racer->number);
    return NULL;
}

/* How many came away with won; the others with lost. */
static void assert_winners(struct race *race, size_t winners, enum pk_status lost)
{
    struct racer racers[RACERS];
    size_t won = 0;

    assert_int_equal(pthread_barrier_init(&race->start, NULL, RACERS), 0);
    for (unsigned i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.race = race, .number = i};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, run_racer, &racers[i]), 0);
    }
    for (unsigned i = 0; i < RACERS; i++)
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
    (void)pthread_barrier_destroy(&race->start);
    for (unsigned i = 0; i < RACERS; i++) {
        won += racers[i].status == PK_OK;
        if (racers[i].status != PK_OK)
            assert_int_equal(racers[i].status, lost);
    }
    assert_int_equal(won, winners);
}

static struct race race_of(void **state, enum pk_status (*run)(struct race *, unsigned))
{
    return (struct race){.store = ((struct fixture *)*state)->store, .run = run};
}

/* cmocka's assertions are for the first thread alone: this one has none. */
static enum pk_status insert_as(struct race *race, unsigned number, const char *id,
                                size_t max_per_account, struct pk_view ticket)
{
    char name[32];
    uint8_t handle[] = "handle", key[] = "key", bytes[32];
    struct credential credential = {
        .account = {.rp = (char[]){"default"},
                    .name = (char[]){"alice"},
                    .uid = ALICE,
                    .user_handle = {handle, sizeof(handle)}},
        .rp_id = (char[]){"example.org"},
        .record = {.id = {bytes, strlen(id)}, .public_key = {key, sizeof(key)}},
        .name = name,
        .format = (char[]){"none"},
        .attestation_type = (char[]){"None"},
        .trust = (char[]){"none"},
        .created = 1000,
    };

    memcpy(bytes, id, strlen(id));
    (void)snprintf(name, sizeof(name), "name-%u-%u", race->round, number);
    return race->store->verbs->insert(race->store, &credential, max_per_account, ticket);
}

static enum pk_status insert_one_id(struct race *race, unsigned number)
{
    char id[16];

    (void)snprintf(id, sizeof(id), "id-%u", race->round);
    return insert_as(race, number, id, 1000, (struct pk_view){0});
}

static void a_credential_id_is_one_passkeys(void **state)
{
    struct race race = race_of(state, insert_one_id);

    for (; race.round < ROUNDS; race.round++)
        assert_winners(&race, 1, PK_EXISTS);
    assert_int_equal(count_of(race.store, &(struct credential_filter){0}), ROUNDS);
}

static enum pk_status insert_own_id(struct race *race, unsigned number)
{
    char id[16];

    (void)snprintf(id, sizeof(id), "id-%u-%u", race->round, number);
    return insert_as(race, number, id, 3, (struct pk_view){0});
}

static void the_limit_of_an_account_holds(void **state)
{
    struct race race = race_of(state, insert_own_id);

    assert_winners(&race, 3, PK_LIMIT_EXCEEDED);
    race.round++;
    assert_winners(&race, 0, PK_LIMIT_EXCEEDED);
    assert_int_equal(count_of(race.store, &(struct credential_filter){0}), 3);
}

static struct pk_view ticket_of(const struct race *race, uint8_t hash[PK_HASH_SIZE])
{
    memset(hash, (int)race->round + 1, PK_HASH_SIZE);
    return (struct pk_view){hash, PK_HASH_SIZE};
}

static enum pk_status insert_with_ticket(struct race *race, unsigned number)
{
    uint8_t hash[PK_HASH_SIZE];
    char id[16];

    (void)snprintf(id, sizeof(id), "id-%u-%u", race->round, number);
    return insert_as(race, number, id, 1000, ticket_of(race, hash));
}

static void a_ticket_is_used_once(void **state)
{
    struct race race = race_of(state, insert_with_ticket);
    uint8_t hash[PK_HASH_SIZE];

    for (; race.round < ROUNDS; race.round++) {
        assert_int_equal(race.store->verbs->ticket_add(race.store, ticket_of(&race, hash),
                                                       "default", "alice", ALICE, 5000000000),
                         PK_OK);
        assert_winners(&race, 1, PK_TICKET_INVALID);
    }
    assert_int_equal(count_of(race.store, &(struct credential_filter){0}), ROUNDS);
}

static const struct account alice = {
    .rp = (char[]){"default"}, .name = (char[]){"alice"}, .uid = ALICE};

static enum pk_status use_code(struct race *race, unsigned number)
{
    uint8_t hash[PK_HASH_SIZE];

    (void)number;
    memset(hash, (int)race->round, sizeof(hash));
    return race->store->verbs->recovery_use(race->store, &alice, hash);
}

static void a_recovery_code_is_used_once(void **state)
{
    struct race race = race_of(state, use_code);
    struct recovery_code codes[PK_RECOVERY_CODES] = {0};
    struct account made = account_of(race.store, "default", "alice", ALICE);

    account_clear(&made);
    for (unsigned i = 0; i < PK_RECOVERY_CODES; i++) {
        codes[i].scheme = RECOVERY_HMAC;
        memset(codes[i].hash, (int)i, sizeof(codes[i].hash));
    }
    assert_int_equal(
        race.store->verbs->recovery_replace(race.store, &alice, codes, PK_RECOVERY_CODES), PK_OK);
    for (; race.round < PK_RECOVERY_CODES; race.round++)
        assert_winners(&race, 1, PK_NOT_FOUND);
}

static enum pk_status make_account(struct race *race, unsigned number)
{
    char name[16];
    struct account account = {0};
    enum pk_status status;

    (void)number;
    (void)snprintf(name, sizeof(name), "user-%u", race->round);
    status =
        race->store->verbs->account(race->store, "default", name, ALICE, ACCOUNT_CREATE, &account);
    account_clear(&account);
    return status;
}

/* All have the one that the first of them made. */
static void an_account_is_made_once(void **state)
{
    struct race race = race_of(state, make_account);
    AUTO_ACCOUNT_STATES struct account_states states = {0};

    for (; race.round < ROUNDS; race.round++)
        assert_winners(&race, RACERS, PK_OK);
    assert_int_equal(race.store->verbs->accounts(race.store, &states), PK_OK);
    assert_int_equal(states.count, ROUNDS);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_credential_id_is_one_passkeys), TEST(the_limit_of_an_account_holds),
        TEST(a_ticket_is_used_once),           TEST(a_recovery_code_is_used_once),
        TEST(an_account_is_made_once),
    };

    return STORE_TESTS_RUN(tests);
}
