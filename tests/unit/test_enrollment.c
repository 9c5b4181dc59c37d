/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an enrolment is before any method serves it: what the account has already, what is demanded,
 * which methods are tried, and whose approval it accepts. The methods are the test's own and only
 * look.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/auth/enrollment.h"
#include "daemon/auth/enrollment_attempt.h"
#include "daemon/bus/value.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/begin_enrollment.h"
#include "tests/unit/soft_key.h"

#include <string.h>

/* --- methods ---------------------------------------------------------------------------------- */

static struct enrollment *last;           /* that a method was started for */
static char started[PK_METHOD_COUNT + 1]; /* the first letters of those that were */
static bool decline;                      /* a method leads nowhere at once */

static enum pk_status start(char letter, struct enrollment *enrollment)
{
    last = enrollment;
    started[strlen(started)] = letter;
    return decline ? PK_UNAVAILABLE : PK_OK;
}

static enum pk_status enroll_local(struct enrollment *enrollment, void **ret_state)
{
    (void)ret_state;
    return start('l', enrollment);
}

static enum pk_status enroll_agent(struct enrollment *enrollment, void **ret_state)
{
    (void)ret_state;
    return start('a', enrollment);
}

static enum pk_status enroll_ssh(struct enrollment *enrollment, void **ret_state)
{
    (void)ret_state;
    return start('s', enrollment);
}

static const struct authmethod local = {.enroll = enroll_local};
static const struct authmethod agent = {.enroll = enroll_agent};
static const struct authmethod ssh = {.enroll = enroll_ssh};
static const struct authmethod signs_in_only = {0};

const struct authmethod *const authmethods[PK_METHOD_COUNT] = {
    [PK_METHOD_LOCAL] = &local,
    [PK_METHOD_AGENT] = &agent,
    [PK_METHOD_SSH] = &ssh,
    [PK_METHOD_RECOVERY] = &signs_in_only,
};

/* --- requests --------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    last = NULL;
    decline = false;
    memset(started, 0, sizeof(started));
    return bare_daemon_set_up(state);
}

static void ask_for(const char *user, const struct wish *wish)
{
    last = NULL;
    memset(started, 0, sizeof(started));
    begin_enrollment_of(user, wish);
}

static void ask(const struct wish *request)
{
    ask_for("alice", request);
}

static void ask_plainly(void)
{
    ask(&(struct wish){0});
}

static void give_passkey(const char *user, uid_t uid, const char *rp_id, const char *id)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, id);

    soft_key_store(&key, bare_daemon()->store, user, uid, rp_id, id);
}

static void assert_error(const char *error)
{
    assert_string_equal(seen()->error, error);
    assert_null(last);
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 0);
}

static const struct ceremony *the_ceremony(void)
{
    return attempt_peek_ceremony(&last->attempt, 0);
}

/* --- what is demanded ------------------------------------------------------------------------- */

static void the_ceremony_is_for_the_account(void **state)
{
    const struct ceremony *ceremony;
    const struct pk_requirements *requirements;
    AUTO_ACCOUNT struct account stored = {0};

    (void)state;
    give_passkey("alice", ALICE, RP_ID, "blue");
    give_passkey("alice", ALICE, "other.example", "red");
    give_passkey("alice", 2000, RP_ID, "former");
    give_passkey("bob", BOB, RP_ID, "bobs");
    ask(&(struct wish){.name = "green", .user_verification = "required"});
    ceremony = the_ceremony();
    requirements = &ceremony->requirements;
    assert_int_equal(ceremony->owner, ALICE);
    assert_string_equal(ceremony->correlation, conversation_id(last->attempt.conversation));
    assert_string_equal(ceremony->account.name, "alice");
    assert_string_equal(ceremony->account.rp, "default");
    assert_int_equal(ceremony->account.uid, ALICE);
    assert_true(ceremony->system_account);
    assert_string_equal(ceremony->credential_name, "green");
    assert_int_equal(ceremony->max_credentials, PK_CREDENTIALS_PER_ACCOUNT);
    assert_int_equal(ceremony->ticket.len, 0);
    assert_int_equal(requirements->ceremony, PK_REGISTRATION);
    assert_int_equal(requirements->user_verification, PK_REQUIRED);
    assert_int_equal(requirements->credential_count, 1);
    assert_true(
        pk_view_equal(pk_view_of(&requirements->credentials[0].id), pk_view_string("blue")));
    assert_status(bare_daemon()->store->verbs->account(bare_daemon()->store, "default", "alice",
                                                       ALICE, false, &stored),
                  PK_OK);
    assert_true(
        pk_view_equal(pk_view_of(&requirements->user_handle), pk_view_of(&stored.user_handle)));
    assert_string_equal(last->user, "alice");
    assert_string_equal(last->rp, "default");
}

static void an_account_without_a_handle_gets_one(void **state)
{
    (void)state;
    ask_plainly();
    assert_int_equal(the_ceremony()->requirements.user_handle.len, PK_USER_HANDLE_SIZE);
    assert_int_equal(the_ceremony()->account.user_handle.len, PK_USER_HANDLE_SIZE);
}

static void the_challenge_is_bound_to_where_the_person_is(void **state)
{
    uint8_t challenge[PK_HASH_SIZE];
    const struct ceremony *ceremony;

    (void)state;
    ask(&(struct wish){.rhost = "elsewhere"});
    ceremony = the_ceremony();
    assert_non_null(strstr(ceremony->context, "\"act\":\"enroll\""));
    assert_non_null(strstr(ceremony->context, "\"rhost\":\"elsewhere\""));
    assert_non_null(strstr(ceremony->context, "\"user\":\"alice\""));
    assert_string_equal(ceremony->context, last->context);
    pk_bound_challenge(ceremony->nonce, pk_view_string(ceremony->context), challenge);
    assert_memory_equal(ceremony->requirements.challenge.data, challenge, sizeof(challenge));
    /* Answers with an origin are those of this host over ssh, and no web site's. */
    assert_int_equal(ceremony->requirements.origins.count, 1);
    assert_string_equal(ceremony->requirements.origins.items[0], "ssh://" SSH_HOST);
    assert_true(last->remote);
    ask_plainly();
    assert_false(last->remote);
}

/* --- tickets ---------------------------------------------------------------------------------- */

static const uint8_t ticket[PK_HASH_SIZE] = {3, 4};
static const struct wish by_ticket = {.ticket = {ticket, sizeof(ticket)}};

static void add_ticket(const char *rp, const char *name, uid_t uid, int64_t expires)
{
    assert_status(
        bare_store()->verbs->ticket_add(bare_store(), by_ticket.ticket, rp, name, uid, expires),
        PK_OK);
}

static void a_ticket_stands_in_the_ceremony(void **state)
{
    (void)state;
    add_ticket("default", "alice", ALICE, INT64_MAX);
    ask(&by_ticket);
    assert_int_equal(the_ceremony()->ticket.len, sizeof(ticket));
    assert_memory_equal(the_ceremony()->ticket.data, ticket, sizeof(ticket));
}

static void a_ticket_is_for_one_account(void **state)
{
    static const struct {
        const char *user, *rp, *name;
        uid_t uid;
    } others[] = {{"alice", "default", "bob", BOB},   {"alice", "default", "alice", BOB},
                  {"alice", "default", "bob", ALICE}, {"alice", "shop", "alice", ALICE},
                  {"bob", "default", "alice", ALICE}, {"bob", "default", "alice", BOB},
                  {"bob", "default", "bob", ALICE},   {"alice", "default", "alice", PK_NO_UID}};

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const uint8_t digest[PK_HASH_SIZE] = {(uint8_t)(10 + i)};
        const struct wish wish = {.ticket = {digest, sizeof(digest)}, .by_root = true};

        assert_status(bare_store()->verbs->ticket_add(bare_store(), wish.ticket, others[i].rp,
                                                      others[i].name, others[i].uid, INT64_MAX),
                      PK_OK);
        ask_for(others[i].user, &wish);
        assert_error(PK_BUS_ERROR_TICKET_INVALID);
    }
}

static void a_ticket_is_for_one_relying_party(void **state)
{
    struct wish wish = {.rp = "hosts", .ticket = by_ticket.ticket};

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\n"
                     "[rp hosts]\nid = hosts.example.org\nsystem-accounts = yes\n");
    add_ticket("default", "alice", ALICE, INT64_MAX);
    ask(&wish);
    assert_error(PK_BUS_ERROR_TICKET_INVALID);
    wish.rp = "default";
    ask(&wish);
    assert_string_equal(the_ceremony()->account.rp, "default");
}

static void a_ticket_expires(void **state)
{
    (void)state;
    add_ticket("default", "alice", ALICE, pk_clock_now());
    ask(&by_ticket);
    assert_error(PK_BUS_ERROR_TICKET_INVALID);
}

static void a_ticket_that_is_unknown(void **state)
{
    (void)state;
    ask(&by_ticket);
    assert_error(PK_BUS_ERROR_TICKET_INVALID);
}

static enum pk_status cannot_check(struct store *store, struct pk_view digest, const char *rp,
                                   const char *name, uid_t uid, int64_t now)
{
    (void)store, (void)digest, (void)rp, (void)name, (void)uid, (void)now;
    return PK_STORAGE;
}

static void a_ticket_that_cannot_be_checked(void **state)
{
    (void)state;
    add_ticket("default", "alice", ALICE, INT64_MAX);
    store_verbs()->ticket_check = cannot_check;
    ask(&by_ticket);
    assert_error(PK_BUS_ERROR_STORAGE_FAILURE);
}

/* --- what stands in its way ------------------------------------------------------------------- */

static void names_that_are_taken(void **state)
{
    (void)state;
    give_passkey("alice", ALICE, RP_ID, "blue");
    give_passkey("bob", BOB, RP_ID, "bobs");
    ask(&(struct wish){.name = "blue"});
    assert_error(PK_BUS_ERROR_NAME_TAKEN);
    ask(&(struct wish){.name = "bobs"});
    assert_non_null(last);
}

static void an_account_that_is_full(void **state)
{
    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\n[limits]\ncredentials-per-account = 2\n");
    give_passkey("alice", ALICE, RP_ID, "1");
    ask_plainly();
    assert_int_equal(the_ceremony()->max_credentials, 2);
    attempt_refused(&last->attempt, PK_CANCELLED);
    give_passkey("alice", ALICE, "other.example", "2");
    ask_plainly();
    assert_error(PK_BUS_ERROR_LIMIT_EXCEEDED);
}

static void what_is_misspelt(void **state)
{
    (void)state;
    ask(&(struct wish){.user_verification = "perhaps"});
    assert_error(PK_BUS_ERROR_INVALID_ARGUMENTS);
    ask(&(struct wish){.resident_key = "perhaps"});
    assert_error(PK_BUS_ERROR_INVALID_ARGUMENTS);
}

static enum pk_status cannot_list(struct store *store, const struct credential_filter *filter,
                                  struct credential_list *ret)
{
    (void)store, (void)filter, (void)ret;
    return PK_STORAGE;
}

static void a_store_that_fails(void **state)
{
    (void)state;
    store_verbs()->list = cannot_list;
    ask_plainly();
    assert_error(PK_BUS_ERROR_STORAGE_FAILURE);
}

static void too_many_ceremonies(void **state)
{
    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\n[limits]\nchallenges-per-user = 1\n");
    ask_plainly();
    assert_non_null(last);
    ask_plainly();
    assert_string_equal(seen()->error, PK_BUS_ERROR_LIMIT_EXCEEDED);
    assert_null(last);
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 1);
}

static void too_many_conversations(void **state)
{
    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\n[limits]\nconversations-per-user = 1\n");
    ask_plainly();
    assert_non_null(last);
    ask_plainly();
    assert_string_equal(seen()->error, PK_BUS_ERROR_LIMIT_EXCEEDED);
    assert_null(last);
    /* The challenge of the one that was not opened is gone with it. */
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 1);
}

/* --- a directory that wants the account's password ---------------------------------------------
 */

static enum pk_status in_a_directory(struct store *store, const struct account *account,
                                     char **ret_where)
{
    (void)store;
    assert_string_equal(account->name, "alice");
    assert_int_equal(account->uid, ALICE);
    *ret_where = strdup("ldaps://ldap1\n");
    return *ret_where ? PK_OK : PK_NO_MEMORY;
}

static void the_password_is_asked_for_before_a_key(void **state)
{
    (void)state;
    store_verbs()->insert_asks = in_a_directory;
    ask_plainly();
    assert_null(last);
    assert_next(NULL, "ask-secret", "directory-password");
    assert_string_equal(seen()->text,
                        "Password of alice in the directory ldaps://ldap1?, which adds the "
                        "passkey:");
    next_secret("her own");
    assert_non_null(last);
    assert_string_equal(started, "l");
    assert_string_equal(the_ceremony()->directory, "ldaps://ldap1\n");
    assert_int_equal(the_ceremony()->password.len, strlen("her own"));
    assert_memory_equal(the_ceremony()->password.data, "her own", strlen("her own"));
    assert_int_equal(log_count("her own"), 0);
}

static void who_gives_no_password_enrols_nothing(void **state)
{
    (void)state;
    store_verbs()->insert_asks = in_a_directory;
    ask_plainly();
    assert_next(NULL, "ask-secret", "directory-password");
    next_secret("");
    assert_said("done", "cancelled");
    assert_string_equal(seen()->text, "Nothing was enrolled: the directory adds a passkey only "
                                      "with the account's password.");
    assert_null(last);
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 0);
}

static void where_nobody_can_be_asked_nobody_is(void **state)
{
    (void)state;
    store_verbs()->insert_asks = in_a_directory;
    ask(&(struct wish){.cannot_ask = true});
    assert_non_null(last);
    assert_null(the_ceremony()->directory);
}

static enum pk_status is_away(struct store *store, const struct account *account, char **ret_where)
{
    (void)store, (void)account, (void)ret_where;
    store_set_error("the directory does not answer");
    return PK_STORAGE;
}

static void a_directory_that_is_away_says_so_before_a_key(void **state)
{
    (void)state;
    store_verbs()->insert_asks = is_away;
    ask_plainly();
    assert_error(PK_BUS_ERROR_STORAGE_FAILURE);
}

/* The store's words are for the person, and in the log. */
static void a_password_that_was_not_taken_is_told(void **state)
{
    struct verdict verdict = {.status = PK_PASSWORD_REFUSED,
                              .store_error = "the directory did not take alice's password"};

    (void)state;
    ask_plainly();
    attempt_decided(&last->attempt, &verdict);
    assert_next(NULL, "done", "password-refused");
    assert_string_equal(seen()->text,
                        "Nothing was enrolled: the directory did not take alice's password. "
                        "A passkey that the key has made meanwhile opens nothing.");
    assert_int_equal(log_count("refused, password-refused (the directory did not take the "
                               "password): the directory did not take alice's password"),
                     1);
}

/* --- which methods, and how long -------------------------------------------------------------- */

static void methods_in_their_order(void **state)
{
    const struct wish reversed = {
        .methods = {{PK_METHOD_SSH, PK_METHOD_RECOVERY, PK_METHOD_LOCAL}, 3}};

    (void)state;
    decline = true;
    ask_plainly();
    assert_string_equal(started, "las");
    assert_next(NULL, "done", "unavailable");
    assert_string_equal(seen()->text,
                        "No security key can be reached from here in a way that is allowed.");
    ask(&reversed);
    assert_string_equal(started, "sl");
}

static void an_agent_is_what_is_meant(void **state)
{
    int ends[2];
    struct value descriptor = {.type = 'h'};
    const struct wish request = {.agent = &descriptor, .methods = {{PK_METHOD_LOCAL}, 1}};

    (void)state;
    assert_int_equal(pipe(ends), 0);
    descriptor.fd = ends[0];
    ask(&request);
    assert_string_equal(started, "a");
    assert_int_equal(last->attempt.agent_fd, ends[0]);
    assert_int_equal(descriptor.fd, -1);
    (void)close(ends[1]);
}

/* The one challenge is the enrolment's, not a method's. */
static void the_ceremony_goes_from_method_to_method(void **state)
{
    char before[CEREMONY_ID_SIZE];

    (void)state;
    ask_plainly();
    (void)snprintf(before, sizeof(before), "%s", the_ceremony()->id);
    attempt_next(&last->attempt, PK_TIMEOUT);
    assert_string_equal(started, "la");
    assert_string_equal(the_ceremony()->id, before);
    attempt_refused(&last->attempt, PK_CANCELLED);
    assert_null(the_ceremony());
}

static void how_long_it_may_take(void **state)
{
    static const unsigned wanted[] = {0, 10, 500, 700};
    static const unsigned given[] = {15 + 25 + 120, 10, 500, 600};

    (void)state;
    configure_daemon("[authenticator]\ntouch-timeout = 15\ninsert-timeout = 25\n"
                     "[rp default]\nid = " RP_ID "\n");
    for (size_t i = 0; i < 4; i++) {
        ask(&(struct wish){.timeout = wanted[i]});
        assert_int_equal(conversation_time_left(last->attempt.conversation), given[i]);
        assert_int_equal(last->own_timeout, wanted[i] > 0);
    }
}

/* --- whose approval is accepted --------------------------------------------------------------- */

/* Of a new credential with that id for the account that the ceremony's copy says. */
static struct approval *approval_of(const char *id, const char *rp, const char *user, uid_t uid)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, id);
    const struct account account = {
        .rp = (char *)(uintptr_t)rp, .name = (char *)(uintptr_t)user, .uid = uid};

    return soft_key_register(&key, bare_daemon()->store,
                             conversation_id(last->attempt.conversation), RP_ID, &account);
}

static void an_approval_is_for_the_account_that_was_named(void **state)
{
    (void)state;
    ask_plainly();
    attempt_approved(&last->attempt, approval_of("1", "default", "bob", ALICE));
    assert_next(NULL, "done", "internal");
    assert_null(seen()->credential);
    ask_plainly();
    attempt_approved(&last->attempt, approval_of("2", "shop", "alice", ALICE));
    assert_next(NULL, "done", "internal");
    ask_plainly();
    attempt_approved(&last->attempt, approval_of("4", "default", "alice", 2000));
    assert_next(NULL, "done", "internal");
    ask_plainly();
    attempt_approved(&last->attempt, approval_of("3", "default", "alice", ALICE));
    assert_next(NULL, "done", "ok");
    assert_string_equal(seen()->user, "alice");
    assert_string_equal(seen()->text, "Your passkey is enrolled.");
    assert_non_null(strstr(seen()->credential, "\"name\":\"new\""));
    assert_non_null(strstr(seen()->credential, "\"uid\":1000"));
    assert_int_equal(log_count("enrolment for alice (default): ok, passkey \"new\""), 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_ceremony_is_for_the_account),
        TEST(an_account_without_a_handle_gets_one),
        TEST(the_challenge_is_bound_to_where_the_person_is),
        TEST(a_ticket_stands_in_the_ceremony),
        TEST(a_ticket_is_for_one_account),
        TEST(a_ticket_is_for_one_relying_party),
        TEST(a_ticket_expires),
        TEST(a_ticket_that_is_unknown),
        TEST(a_ticket_that_cannot_be_checked),
        TEST(names_that_are_taken),
        TEST(an_account_that_is_full),
        TEST(what_is_misspelt),
        TEST(a_store_that_fails),
        TEST(too_many_ceremonies),
        TEST(too_many_conversations),
        TEST(the_password_is_asked_for_before_a_key),
        TEST(who_gives_no_password_enrols_nothing),
        TEST(where_nobody_can_be_asked_nobody_is),
        TEST(a_directory_that_is_away_says_so_before_a_key),
        TEST(a_password_that_was_not_taken_is_told),
        TEST(methods_in_their_order),
        TEST(an_agent_is_what_is_meant),
        TEST(the_ceremony_goes_from_method_to_method),
        TEST(how_long_it_may_take),
        TEST(an_approval_is_for_the_account_that_was_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
