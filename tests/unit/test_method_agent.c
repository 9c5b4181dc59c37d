/* SPDX-License-Identifier: BSD-2-Clause */
/* The ssh-agent method, with an agent at the other end of a socket that does what a test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "common/base/writer.h"
#include "common/wire/agent.h"
#include "daemon/auth/enrollment_attempt.h"
#include "daemon/bus/value.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/begin_enrollment.h"
#include "tests/unit/begin_sign_in.h"

#include <string.h>
#include <sys/socket.h>

#define PRESENT  PK_FLAG_UP
#define VERIFIED (PK_FLAG_UP | PK_FLAG_UV)
#define TOUCH    30 /* seconds, the default */

#define AGENT_FAILURE    5
#define AGENT_IDENTITIES 12
#define AGENT_SIGNATURE  14

extern const struct authmethod authmethod_agent;

const struct authmethod *const authmethods[PK_METHOD_COUNT] = {
    [PK_METHOD_AGENT] = &authmethod_agent,
    [PK_METHOD_RECOVERY] = &method_behind,
};

/* --- the agent -------------------------------------------------------------------------------- */

static int agent = -1; /* its end */

/* The daemon's end, as a caller hands it over. */
static struct value new_agent(void)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    if (agent >= 0)
        (void)close(agent);
    agent = ends[1];
    return (struct value){.type = 'h', .fd = ends[0]};
}

static int set_up(void **state)
{
    return begin_sign_in_set_up(state);
}

static int tear_down(void **state)
{
    if (agent >= 0)
        (void)close(agent);
    agent = -1;
    return bare_daemon_tear_down(state);
}

/* The next request, without its length; empty: the daemon closed. */
static size_t hear(uint8_t ret[4096])
{
    ssize_t got;

    settle();
    got = recv(agent, ret, 4096, MSG_DONTWAIT);
    assert_true(got == 0 || got > 4);
    if (got == 0)
        return 0;
    (void)memmove(ret, ret + 4, (size_t)got - 4);
    return (size_t)got - 4;
}

static void assert_hung_up(void)
{
    uint8_t request[4096];

    assert_int_equal(hear(request), 0);
}

static void say(struct pk_writer *content)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    struct pk_writer message = pk_writer_new(PK_AGENT_MESSAGE_MAX);
    PK_AUTO_BYTES struct pk_bytes whole = {0};

    assert_status(pk_writer_finish(content, &bytes), PK_OK);
    pk_writer_string(&message, pk_view_of(&bytes));
    assert_status(pk_writer_finish(&message, &whole), PK_OK);
    assert_int_equal(write(agent, whole.data, whole.len), whole.len);
    settle();
}

static void say_failure(void)
{
    struct pk_writer content = pk_writer_new(PK_AGENT_MESSAGE_MAX);

    pk_writer_u8(&content, AGENT_FAILURE);
    say(&content);
}

/* Is asked for its keys, and holds these, for that application (NULL: "ssh:"). */
static void hold(const struct soft_key *const *keys, size_t count, const char *application)
{
    struct pk_writer content = pk_writer_new(PK_AGENT_MESSAGE_MAX);
    uint8_t request[4096];

    assert_int_equal(hear(request), 1);
    assert_int_equal(request[0], 11);
    pk_writer_u8(&content, AGENT_IDENTITIES);
    pk_writer_u32(&content, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        PK_AUTO_BYTES struct pk_bytes blob =
            soft_key_ssh_blob(keys[i], application ? application : "ssh:");

        pk_writer_string(&content, pk_view_of(&blob));
        pk_writer_text(&content, keys[i]->id);
    }
    say(&content);
}

/* Is asked for a signature by that key, and gives one by signer (NULL: none). */
static void sign_as(const struct soft_key *key, const struct soft_key *signer, uint8_t flags)
{
    struct pk_writer content = pk_writer_new(PK_AGENT_MESSAGE_MAX);
    PK_AUTO_BYTES struct pk_bytes blob = soft_key_ssh_blob(key, "ssh:");
    PK_AUTO_BYTES struct pk_bytes signature = {0};
    struct pk_view message;
    uint8_t request[4096];
    size_t len = hear(request);

    assert_true(len > 1 + 4 + blob.len + 4 + 4);
    assert_int_equal(request[0], 13);
    assert_memory_equal(request + 5, blob.data, blob.len);
    if (!signer) {
        say_failure();
        return;
    }
    /* Key, data, and no flags. */
    message = (struct pk_view){request + 5 + blob.len + 4, len - (5 + blob.len + 4) - 4};
    signature = soft_key_ssh_sign(signer, "ssh:", flags, 7, message);
    pk_writer_u8(&content, AGENT_SIGNATURE);
    pk_writer_string(&content, pk_view_of(&signature));
    say(&content);
}

static void sign(const struct soft_key *key, uint8_t flags)
{
    sign_as(key, key, flags);
}

/* --- signing in ------------------------------------------------------------------------------- */

static void start_with(const char *user, struct value *descriptor)
{
    open_sign_in(0, &(struct sign_in_request){.user = user, .agent = descriptor});
}

static void start(const char *user)
{
    struct value descriptor = new_agent();

    start_with(user, &descriptor);
}

/* An enrolled key of OpenSSH's. */
static void give_ssh_key(const struct soft_key *key, const char *user, uid_t uid)
{
    give_key(key, user, uid, "ssh:");
}

#define TOUCH_OF_ALICE "Touch your security key (through your ssh-agent) to sign in as alice"

static void a_key_in_the_agent_signs_in(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 0); /* no key is known yet */
    hold((const struct soft_key *[]){&key}, 1, NULL);
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 1);
    assert_next(NULL, "info", "touch");
    assert_int_equal(strncmp(seen()->text, TOUCH_OF_ALICE, strlen(TOUCH_OF_ALICE)), 0);
    sign(&key, PRESENT);
    assert_done("ok");
    assert_string_equal(seen()->user, "alice");
    assert_hung_up();
}

static void only_enrolled_keys_are_asked(void **state)
{
    AUTO_SOFT_KEY struct soft_key stranger = soft_key_new(EDDSA, "stranger");
    AUTO_SOFT_KEY struct soft_key bobs = soft_key_new(EDDSA, "bobs");
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    const struct soft_key *keys[] = {&stranger, &bobs, &key};

    (void)state;
    give_ssh_key(&bobs, "bob", BOB);
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold(keys, 3, NULL);
    sign(&key, PRESENT);
    assert_next(NULL, "info", "touch");
    assert_done("ok");
    /* Only those. */
    start("alice");
    hold(keys, 2, NULL);
    assert_next(NULL, "error", "no-match");
    assert_hung_up();
    assert_non_null(behind);
    assert_done("unavailable");
}

static void keys_for_something_else_are_not_asked(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, "ssh:work");
    assert_next(NULL, "error", "no-match");
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, RP_ID);
    assert_next(NULL, "error", "no-match");
}

static void a_key_that_is_not_there_leads_to_the_next(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(EDDSA, "blue");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(EDDSA, "red");
    const struct soft_key *keys[] = {&red, &blue};

    (void)state;
    give_ssh_key(&blue, "alice", ALICE);
    give_ssh_key(&red, "alice", ALICE);
    start("alice");
    hold(keys, 2, NULL);
    assert_next(NULL, "info", "touch");
    assert_non_null(strstr(seen()->text, "\"blue\"")); /* which of them */
    sign_as(&blue, NULL, 0);
    assert_next(NULL, "info", "touch");
    assert_non_null(strstr(seen()->text, "\"red\""));
    sign(&red, PRESENT);
    assert_done("ok");
    start("alice");
    hold(keys, 2, NULL);
    sign_as(&blue, NULL, 0);
    sign_as(&red, NULL, 0);
    next(NULL);
    next(NULL);
    assert_next(NULL, "error", "operation-denied");
    assert_hung_up();
    assert_done("unavailable");
}

static void a_false_signature_is_the_end(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(EDDSA, "blue");

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    sign_as(&key, &forged, PRESENT);
    next(NULL);
    assert_done("signature-invalid");
    assert_null(behind);
    assert_hung_up();
}

static void a_touch_is_needed(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    sign(&key, 0);
    next(NULL);
    assert_done("user-not-present");
}

static void verification_is_demanded_where_it_is_required(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\nuser-verification = required\n");
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    sign(&key, PRESENT);
    next(NULL);
    assert_next(NULL, "error", "user-not-verified");
    assert_done("user-not-verified");
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    sign(&key, VERIFIED);
    next(NULL);
    assert_done("ok");
}

/* Two are enrolled, the one that cannot verify first; what they did before is in the store. */
static void a_key_that_cannot_verify_does_not_hide_the_one_that_can(void **state)
{
    AUTO_SOFT_KEY struct soft_key plain = soft_key_new(EDDSA, "plain");
    AUTO_SOFT_KEY struct soft_key able = soft_key_new(EDDSA, "able");
    const struct soft_key *keys[] = {&plain, &able};

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\nuser-verification = required\n");
    give_ssh_key(&plain, "alice", ALICE);
    give_ssh_key(&able, "alice", ALICE);
    start("alice");
    hold(keys, 2, NULL);
    assert_next(NULL, "info", "touch");
    assert_non_null(strstr(seen()->text, "\"plain\""));
    sign(&plain, PRESENT); /* nothing is known of either yet */
    assert_next(NULL, "error", "user-not-verified");
    assert_next(NULL, "info", "touch");
    assert_non_null(strstr(seen()->text, "\"able\""));
    sign(&able, VERIFIED);
    assert_done("ok");
    assert_hung_up();
    start("alice");
    hold(keys, 2, NULL);
    assert_next(NULL, "info", "touch");
    assert_non_null(strstr(seen()->text, "\"able\"")); /* its record says that it can */
    sign_as(&able, NULL, 0);                           /* not plugged in */
    sign(&plain, PRESENT);
    next(NULL);
    assert_next(NULL, "error", "user-not-verified");
    assert_done("user-not-verified");
    assert_hung_up();
}

static void the_order_is_that_of_the_list_where_a_touch_is_enough(void **state)
{
    AUTO_SOFT_KEY struct soft_key plain = soft_key_new(EDDSA, "plain");
    AUTO_SOFT_KEY struct soft_key able = soft_key_new(EDDSA, "able");
    const struct soft_key *keys[] = {&plain, &able};

    (void)state;
    give_ssh_key(&plain, "alice", ALICE);
    give_ssh_key(&able, "alice", ALICE);
    start("alice");
    hold(&keys[1], 1, NULL);
    sign(&able, VERIFIED);
    next(NULL);
    assert_done("ok");
    start("alice");
    hold(keys, 2, NULL);
    assert_next(NULL, "info", "touch");
    assert_non_null(strstr(seen()->text, "\"plain\""));
    sign(&plain, PRESENT);
    assert_done("ok");
}

static void a_signature_that_was_made_before_is_none(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    struct pk_writer content = pk_writer_new(PK_AGENT_MESSAGE_MAX);
    PK_AUTO_BYTES struct pk_bytes signature = {0};
    uint8_t request[4096];

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    assert_true(hear(request) > 0);
    signature = soft_key_ssh_sign(&key, "ssh:", PRESENT, 7, pk_view_string("something else"));
    pk_writer_u8(&content, AGENT_SIGNATURE);
    pk_writer_string(&content, pk_view_of(&signature));
    say(&content);
    next(NULL);
    assert_done("signature-invalid");
}

static void a_person_who_does_not_wait(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    uint8_t request[4096];

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    assert_next(NULL, "info", "touch");
    assert_string_equal(seen()->skip, "end");
    assert_true(hear(request) > 0);
    skip_by(SENDER);
    assert_hung_up();
    assert_status(behind->attempt.failure, PK_CANCELLED);
    assert_done("cancelled");
}

static void an_agent_that_fails(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    /* Silent, when it was asked for its keys. */
    start("alice");
    settle();
    skip_time(TOUCH);
    assert_next(NULL, "error", "timeout");
    assert_status(behind->attempt.failure, PK_UNAVAILABLE);
    assert_done("unavailable");
    /* The key was not touched. */
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    skip_time(TOUCH);
    next(NULL);
    assert_next(NULL, "error", "touch-timeout");
    assert_status(behind->attempt.failure, PK_TIMEOUT);
    assert_done("timeout");
    /* It is gone. */
    start("alice");
    settle();
    (void)shutdown(agent, SHUT_RDWR);
    settle();
    assert_next(NULL, "error", "unavailable");
    assert_done("unavailable");
    /* It says nothing of its keys. */
    start("alice");
    settle();
    say_failure();
    assert_next(NULL, "error", "unavailable");
    assert_done("unavailable");
}

static void where_no_agent_is_asked(void **state)
{
    AUTO_SOFT_KEY struct soft_key web = soft_key_new(ES256, "web");
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    struct value none = {.type = 'h', .fd = -1};
    struct value pipe_end = {.type = 'h', .fd = -1};
    int ends[2];

    (void)state;
    soft_key_store(&web, bare_daemon()->store, "bob", BOB, RP_ID, "web");
    start("bob"); /* has no key of OpenSSH's */
    assert_done("unavailable");
    give_ssh_key(&key, "alice", ALICE);
    start_with("alice", &none);
    assert_done("unavailable");
    assert_int_equal(pipe(ends), 0);
    pipe_end.fd = ends[0];
    start_with("alice", &pipe_end); /* no connection */
    assert_done("unavailable");
    (void)close(ends[1]);
    assert_int_equal(log_count("ssh-agent"), 0);
}

/* Whoever may not learn of the account does not learn by an agent that is asked. */
static void where_no_method_can_serve_no_agent_is_asked(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    struct value descriptor = new_agent();
    uint8_t request[16];

    (void)state;
    give_ssh_key(&key, "alice", 2000); /* another alice's */
    begin_sign_in(0, &(struct sign_in_request){
                         .user = "alice",
                         .rhost = "elsewhere",
                         .agent = &descriptor,
                     });
    settle();
    assert_non_null(behind);
    assert_status(behind->why_no_method, PK_ACCOUNT_CHANGED);
    assert_int_equal(recv(agent, request, sizeof(request), MSG_DONTWAIT), 0); /* closed */
}

/* --- enrolling -------------------------------------------------------------------------------- */

static void start_enrollment(const char *name)
{
    struct value descriptor = new_agent();

    begin_enrollment(&(struct wish){.name = name, .rhost = "elsewhere", .agent = &descriptor});
    assert_string_equal(seen()->error, "");
}

static size_t passkeys_of(const char *user, uid_t uid)
{
    struct store *store = bare_daemon()->store;
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};

    assert_status(
        store->verbs->list(
            store, &(struct credential_filter){.rp = "default", .account_name = user, .uid = &uid},
            &list),
        PK_OK);
    return list.count;
}

/* Of whoever had the name before. */
static void give_former_key(const struct soft_key *key)
{
    struct soft_key same = *key;

    same.id = "former";
    give_ssh_key(&same, "alice", 2000);
}

static void a_key_in_the_agent_is_enrolled(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "alice@laptop");

    (void)state;
    /* Others may have the same, and a former alice. */
    give_ssh_key(&key, "bob", BOB);
    give_former_key(&key);
    start_enrollment(NULL);
    hold((const struct soft_key *[]){&key}, 1, NULL);
    assert_next(NULL, "info", "touch");
    sign(&key, PRESENT);
    assert_done("ok");
    assert_non_null(strstr(seen()->credential, "\"name\":\"alice@laptop\""));
    assert_int_equal(passkeys_of("alice", ALICE), 1);
    assert_hung_up();
}

static void of_several_one_is_chosen(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(EDDSA, "blue");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(EDDSA, "red");
    AUTO_SOFT_KEY struct soft_key old = soft_key_new(EDDSA, "old");
    const struct soft_key *keys[] = {&old, &blue, &red};

    (void)state;
    give_ssh_key(&old, "alice", ALICE); /* is not offered */
    start_enrollment(NULL);
    hold(keys, 3, NULL);
    assert_next(NULL, "ask", "key");
    assert_non_null(strstr(seen()->text, "\n  1  SHA256:"));
    assert_non_null(strstr(seen()->text, " red (ED25519-SK)"));
    assert_null(strstr(seen()->text, " old ("));
    skip_time(TOUCH); /* to read and type */
    next("2");
    sign(&red, PRESENT);
    assert_said("info", "touch");
    assert_done("ok");
    assert_non_null(strstr(seen()->credential, "\"name\":\"red\""));
}

/* Who may take long to choose is not waited for as long to touch. */
static void a_chosen_key_that_is_not_touched(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(EDDSA, "blue");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(EDDSA, "red");

    (void)state;
    start_enrollment(NULL);
    hold((const struct soft_key *[]){&blue, &red}, 2, NULL);
    assert_next(NULL, "ask", "key");
    next("1");
    assert_said("info", "touch");
    next(NULL);
    skip_time(TOUCH - 1);
    assert_true(is_waiting());
    skip_time(1);
    assert_said("done", "touch-timeout");
}

static void what_is_no_number_ends_it(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(EDDSA, "blue");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(EDDSA, "red");
    static const char *const answers[] = {"", "0", "3", "x", "1x"};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        start_enrollment(NULL);
        hold((const struct soft_key *[]){&blue, &red}, 2, NULL);
        assert_next(NULL, "ask", "key");
        next(answers[i]);
        assert_said("done", "cancelled");
        assert_hung_up();
    }
    assert_int_equal(passkeys_of("alice", ALICE), 0);
}

static void enrolments_that_are_none(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(EDDSA, "blue");
    const struct soft_key *const keys[] = {&key};

    (void)state;
    start_enrollment("blue");
    hold(keys, 1, NULL);
    sign_as(&key, &forged, PRESENT);
    next(NULL);
    assert_done("signature-invalid");
    start_enrollment("blue");
    hold(keys, 1, NULL);
    sign(&key, 0);
    next(NULL);
    assert_done("user-not-present");
    start_enrollment("blue");
    hold(keys, 1, NULL);
    sign_as(&key, NULL, 0);
    next(NULL);
    assert_done("operation-denied");
    start_enrollment("blue");
    hold(keys, 1, NULL);
    skip_time(TOUCH);
    next(NULL);
    assert_done("touch-timeout");
    start_enrollment("blue");
    hold(keys, 0, NULL);
    assert_done("no-match");
    start_enrollment("blue");
    hold(keys, 1, RP_ID); /* of a web site */
    assert_done("no-match");
    assert_int_equal(passkeys_of("alice", ALICE), 0);
    give_ssh_key(&key, "alice", ALICE);
    start_enrollment("another name");
    hold(keys, 1, NULL);
    assert_done("credential-excluded");
    assert_string_equal(seen()->text, "The security keys in your ssh-agent are enrolled already.");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_key_in_the_agent_signs_in),
        TEST(only_enrolled_keys_are_asked),
        TEST(keys_for_something_else_are_not_asked),
        TEST(a_key_that_is_not_there_leads_to_the_next),
        TEST(a_false_signature_is_the_end),
        TEST(a_touch_is_needed),
        TEST(verification_is_demanded_where_it_is_required),
        TEST(a_key_that_cannot_verify_does_not_hide_the_one_that_can),
        TEST(the_order_is_that_of_the_list_where_a_touch_is_enough),
        TEST(a_signature_that_was_made_before_is_none),
        TEST(a_person_who_does_not_wait),
        TEST(an_agent_that_fails),
        TEST(where_no_agent_is_asked),
        TEST(where_no_method_can_serve_no_agent_is_asked),
        TEST(a_key_in_the_agent_is_enrolled),
        TEST(of_several_one_is_chosen),
        TEST(a_chosen_key_that_is_not_touched),
        TEST(what_is_no_number_ends_it),
        TEST(enrolments_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
