/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/bus/names.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/api/tickets.h"
#include "daemon/daemon.h"
#include "tests/unit/fake_bus.h"
#include "tests/unit/store_fixture.h"

#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ALICE 1000
#define BOB   1001

static struct daemon passkeyd;

/* What the calls with a good ticket, or without any, were handed on with. */
static struct {
    unsigned count;
    uint8_t hash[PK_HASH_SIZE];
    size_t hash_len;
} handed;

static void handler(struct daemon *daemon, struct call *call, struct subject *subject,
                    struct pk_view hash)
{
    assert_ptr_equal(daemon, &passkeyd);
    assert_non_null(subject->account.name);
    handed.count++;
    handed.hash_len = hash.len;
    assert_true(hash.len <= sizeof(handed.hash));
    if (hash.len > 0)
        memcpy(handed.hash, hash.ptr, hash.len);
    call_drop(call);
}

static int begin(void **state)
{
    int result = set_up(state);

    memset(&handed, 0, sizeof(handed));
    fake_bus_reset();
    passkeyd.store = ((struct fixture *)*state)->store;
    passkeyd.base = event_base_new();
    return result;
}

static int end(void **state)
{
    tickets_vanished(NULL);
    event_base_free(passkeyd.base);
    return tear_down(state);
}

static struct subject subject_of(const char *rp, const char *name, uid_t uid)
{
    struct subject subject = {0};

    subject.account.rp = strdup(rp);
    subject.account.name = strdup(name);
    subject.account.uid = uid;
    return subject;
}

/* Hands over what is at the reading end. subject: whom the call is about. */
static void redeem_from(int fd, uid_t uid, const char *sender, const struct subject *subject)
{
    struct call *call = fake_call(uid, sender, "");
    struct value *options = fake_options(call);
    struct value *entry = value_add(options, 'e');
    AUTO_SUBJECT struct subject taken = {0};

    assert_int_equal(account_copy(&subject->account, &taken.account), PK_OK);
    value_add_text(entry, 's', "ticket");
    value_add_fd(value_add(entry, 'v'), fd);
    ticket_redeem(&passkeyd, call, options, &taken, handler);
}

/* The same with that text, read to its end. */
static void redeem(const void *text, size_t len, const struct subject *subject)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, len), len);
    (void)close(ends[1]);
    redeem_from(ends[0], ALICE, ":1.7", subject);
    (void)event_base_dispatch(passkeyd.base);
}

static void redeem_ticket(const struct pk_secret *ticket, const char *rp, const char *name,
                          uid_t uid)
{
    AUTO_SUBJECT struct subject subject = subject_of(rp, name, uid);

    redeem(ticket->data, ticket->len, &subject);
}

static void make_ticket(const char *rp, const char *name, uid_t uid, int64_t expires,
                        struct pk_secret *ret)
{
    AUTO_SUBJECT struct subject subject = subject_of(rp, name, uid);

    assert_int_equal(ticket_create(passkeyd.store, &subject.account, expires, ret), PK_OK);
}

static void assert_refused(const char *error)
{
    assert_int_equal(handed.count, 0);
    assert_int_equal(fake_end.errors, 1);
    assert_string_equal(fake_end.error, error);
    fake_bus_reset();
}

static void without_a_ticket_the_call_goes_on(void **state)
{
    AUTO_SUBJECT struct subject alice = subject_of("default", "alice", ALICE);
    struct call *call = fake_call(ALICE, ":1.7", "");

    (void)state;
    handed.hash_len = 7;
    ticket_redeem(&passkeyd, call, fake_options(call), &alice, handler);
    assert_int_equal(handed.count, 1);
    assert_int_equal(handed.hash_len, 0);
}

static void a_good_ticket_serves_one_enrolment(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    PK_AUTO_SECRET struct pk_secret ticket = {0};
    uint8_t hash[PK_HASH_SIZE];
    AUTO_CREDENTIAL struct credential credential =
        make(account_of(store, "default", "alice", ALICE), "id", "name");

    make_ticket("default", "alice", ALICE, pk_clock_now() + 600, &ticket);
    redeem_ticket(&ticket, "default", "alice", ALICE);
    assert_int_equal(handed.count, 1);
    assert_int_equal(fake_end.errors, 0);
    assert_int_equal(ticket_hash(&ticket, hash), PK_OK);
    assert_int_equal(handed.hash_len, PK_HASH_SIZE);
    assert_memory_equal(handed.hash, hash, PK_HASH_SIZE);
    /* To look at it does not use it up; the insertion does. */
    redeem_ticket(&ticket, "default", "alice", ALICE);
    assert_int_equal(handed.count, 2);
    credential.created = pk_clock_now();
    assert_int_equal(
        store->verbs->insert(store, &credential, MAX, (struct pk_view){handed.hash, PK_HASH_SIZE}),
        PK_OK);
    handed.count = 0;
    redeem_ticket(&ticket, "default", "alice", ALICE);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
}

static void a_ticket_is_for_one_account(void **state)
{
    PK_AUTO_SECRET struct pk_secret alices = {0};
    PK_AUTO_SECRET struct pk_secret shops = {0};

    (void)state;
    make_ticket("default", "alice", ALICE, pk_clock_now() + 600, &alices);
    make_ticket("shop", "alice", PK_NO_UID, pk_clock_now() + 600, &shops);
    redeem_ticket(&alices, "default", "bob", BOB);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
    redeem_ticket(&alices, "default", "alice", BOB);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
    redeem_ticket(&alices, "default", "bob", ALICE);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
    redeem_ticket(&alices, "shop", "alice", ALICE);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
    redeem_ticket(&shops, "default", "alice", PK_NO_UID);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
    redeem_ticket(&shops, "shop", "alice", PK_NO_UID);
    assert_int_equal(handed.count, 1);
}

static void tickets_expire(void **state)
{
    PK_AUTO_SECRET struct pk_secret ticket = {0};

    (void)state;
    make_ticket("default", "alice", ALICE, pk_clock_now(), &ticket);
    redeem_ticket(&ticket, "default", "alice", ALICE);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
}

static void what_is_no_ticket_is_refused(void **state)
{
    AUTO_SUBJECT struct subject alice = subject_of("default", "alice", ALICE);
    PK_AUTO_SECRET struct pk_secret ticket = {0};
    char much[PK_SECRET_MAX + 1];
    char changed[64];

    (void)state;
    make_ticket("default", "alice", ALICE, pk_clock_now() + 600, &ticket);
    memset(much, 'A', sizeof(much));
    memcpy(changed, ticket.data, ticket.len);
    changed[0] = changed[0] == 'A' ? 'B' : 'A';
    redeem("", 0, &alice);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
    redeem("junk", 4, &alice);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
    redeem(much, sizeof(much), &alice);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
    redeem(changed, ticket.len, &alice);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
    redeem(ticket.data, ticket.len - 1, &alice);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
}

static enum pk_status fail_check(struct store *store, struct pk_view hash, const char *rp,
                                 const char *name, uid_t uid, int64_t now)
{
    (void)store, (void)hash, (void)rp, (void)name, (void)uid, (void)now;
    return PK_STORAGE;
}

static void a_store_that_fails_is_told(void **state)
{
    static const struct store_verbs verbs = {.ticket_check = fail_check};
    struct store failing = {.verbs = &verbs};
    PK_AUTO_SECRET struct pk_secret ticket = {0};

    (void)state;
    make_ticket("default", "alice", ALICE, pk_clock_now() + 600, &ticket);
    passkeyd.store = &failing;
    redeem_ticket(&ticket, "default", "alice", ALICE);
    assert_refused(PK_BUS_ERROR_STORAGE_FAILURE);
}

static void a_descriptor_of_another_kind_is_refused(void **state)
{
    AUTO_SUBJECT struct subject alice = subject_of("default", "alice", ALICE);
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    redeem_from(ends[1], ALICE, ":1.7", &alice);
    assert_refused(PK_BUS_ERROR_INVALID_ARGUMENTS);
    (void)close(ends[0]);
}

/* A call whose ticket does not come; the writing end. */
static int wait_for_ever(uid_t uid, const char *sender)
{
    AUTO_SUBJECT struct subject subject = subject_of("default", "alice", ALICE);
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    redeem_from(ends[0], uid, sender, &subject);
    return ends[1];
}

/* Whether somebody still reads at the other end. */
static bool is_read(int fd)
{
    struct pollfd event = {.fd = fd};

    return poll(&event, 1, 0) == 0;
}

static void tickets_are_read_in_a_limited_number(void **state)
{
    int waiting[40];
    size_t count = 0;

    (void)state;
    while (count < 4)
        waiting[count++] = wait_for_ever(ALICE, ":1.7");
    assert_int_equal(fake_end.errors, 0);
    waiting[count++] = wait_for_ever(ALICE, ":1.8");
    assert_refused(PK_BUS_ERROR_LIMIT_EXCEEDED);
    assert_false(is_read(waiting[4]));
    for (uid_t uid = BOB; count < 33; uid++)
        waiting[count++] = wait_for_ever(uid, ":1.9");
    assert_int_equal(fake_end.errors, 0);
    waiting[count++] = wait_for_ever(BOB + 100, ":1.9");
    assert_refused(PK_BUS_ERROR_LIMIT_EXCEEDED);
    tickets_vanished(NULL);
    while (count > 0) {
        assert_false(is_read(waiting[count - 1]));
        (void)close(waiting[--count]);
    }
}

static void tickets_of_who_has_left_are_dropped(void **state)
{
    int gone = wait_for_ever(ALICE, ":1.7"), there = wait_for_ever(ALICE, ":1.8");

    (void)state;
    tickets_vanished(":1.7");
    assert_false(is_read(gone));
    assert_true(is_read(there));
    assert_int_equal(handed.count + fake_end.errors, 0);
    (void)close(gone);
    (void)close(there);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(without_a_ticket_the_call_goes_on),
        TEST(a_good_ticket_serves_one_enrolment),
        TEST(a_ticket_is_for_one_account),
        TEST(tickets_expire),
        TEST(what_is_no_ticket_is_refused),
        TEST(a_store_that_fails_is_told),
        TEST(a_descriptor_of_another_kind_is_refused),
        TEST(tickets_are_read_in_a_limited_number),
        TEST(tickets_of_who_has_left_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
