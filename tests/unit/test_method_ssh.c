/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signing in by the ssh method, from the request that the person's computer reads to what is made
 * of its answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "daemon/accounts/decoy.h"
#include "tests/unit/ssh_answers.h"

#include <errno.h>
#include <event2/event.h>
#include <glob.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define VERIFIED    (PK_FLAG_UP | PK_FLAG_UV)
#define FINGERPRINT "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

/* --- in place of the C library's -------------------------------------------------------------- */

/* The disk that the host keys are on answers when the test does not hold it. */
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint readers;
static pthread_t loop;

int glob(const char *pattern, int flags, int (*failed)(const char *, int), glob_t *ret)
{
    (void)pattern, (void)flags, (void)failed, (void)ret;
    assert_false(pthread_equal(pthread_self(), loop));
    readers++;
    (void)pthread_mutex_lock(&disk);
    (void)pthread_mutex_unlock(&disk);
    return GLOB_NOMATCH;
}

static int set_up(void **state)
{
    loop = pthread_self();
    readers = 0;
    return begin_sign_in_set_up(state);
}

/* --- signing in ------------------------------------------------------------------------------- */

static void a_passkey_signs_in(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key other = soft_key_new(ES256, "red");

    (void)state;
    give_key(&other, "alice", ALICE, "other.example");
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    assert_int_equal(request.kind, PK_FORWARD_GET);
    assert_string_equal(request.rp_id, RP_ID);
    assert_int_equal(request.credential_count, 1);
    assert_true(pk_view_equal(pk_view_of(&request.credentials[0].id), pk_view_string("blue")));
    assert_non_null(strstr(request.context, "\"user\":\"alice\""));
    assert_non_null(strstr(request.context, "\"rhost\":\"elsewhere\""));
    type_lines(sign(&key, 0, own_origin, PRESENT));
    assert_ended("ok");
    assert_string_equal(seen()->user, "alice");
}

static void an_answer_is_judged_once(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    struct pk_strings lines;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    lines = sign(&key, 0, own_origin, PRESENT);
    ask("alice"); /* another time: the challenge is another, too */
    type_lines(lines);
    assert_said("done", "answer-refused");
    assert_int_equal(log_count("refused, challenge-mismatch"), 1);
    assert_unused("blue");
}

static void answers_for_another_host_are_refused(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    char elsewhere[] = "ssh://web2", site[] = "https://" RP_ID;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask_openly("alice");
    type_lines(sign(&key, 0, elsewhere, PRESENT));
    assert_ended("origin-mismatch");
    ask_openly("alice");
    type_lines(sign(&key, 0, site, PRESENT));
    assert_ended("origin-mismatch");
    assert_unused("blue");
}

static void what_is_wrong_with_an_answer(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key bobs = soft_key_new(ES256, "bobs");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    give_key(&bobs, "bob", BOB, RP_ID);
    ask_openly("alice");
    type_lines(sign(&bobs, 0, own_origin, PRESENT));
    assert_ended("signature-invalid");
    ask_openly("alice");
    type_lines(sign(&key, 1, own_origin, PRESENT));
    assert_ended("credential-not-allowed");
    ask_openly("alice");
    type_lines(sign(&key, 0, own_origin, 0));
    assert_ended("user-not-present");
    ask_openly("alice");
    next("anything");
    assert_ended("invalid-input");
    assert_unused("blue");
}

static void verification_is_demanded_where_it_is_required(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\nssh-host-keys = /none\nssh-hosts = " SSH_HOST
                     "\nuser-verification = required\n");
    give_key(&key, "alice", ALICE, RP_ID);
    ask_openly("alice");
    assert_int_equal(request.user_verification, PK_REQUIRED);
    type_lines(sign(&key, 0, own_origin, PRESENT));
    assert_ended("user-not-verified");
    ask_openly("alice");
    type_lines(sign(&key, 0, own_origin, VERIFIED));
    assert_ended("ok");
}

static void the_challenge_is_gone_before_it_is_judged(void **state)
{
    (void)state;
    ask("mallory");
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 1);
    next("anything");
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 0);
    assert_ended("answer-refused");
}

/* A person may want another method. */
static void an_empty_line_goes_on(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    next("");
    assert_non_null(behind);
    assert_status(behind->attempt.failure, PK_CANCELLED);
    assert_ended("cancelled");
}

static void where_nothing_is_asked(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key other = soft_key_new(ES256, "red");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    start("alice", "", ""); /* at this computer */
    assert_ended("unavailable");
    start("", "elsewhere", ""); /* nobody was named */
    assert_ended("unavailable");
    /* Its own owner may know that there is nothing for this. */
    give_key(&other, "bob", BOB, "other.example");
    start("bob", "elsewhere", "bob");
    assert_ended("unavailable");
}

/* --- concealment ------------------------------------------------------------------------------ */

static void reasons_are_concealed(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key old = soft_key_new(ES256, "old");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    type_lines(sign(&forged, 0, own_origin, PRESENT));
    assert_ended("answer-refused");
    assert_int_equal(log_count("refused, signature-invalid"), 1);
    ask("mallory");
    type_lines(sign(&forged, 0, own_origin, PRESENT));
    assert_ended("answer-refused");
    assert_int_equal(log_count("refused, unknown-user"), 1);
    /* Passkeys of another RP id only: decoys are offered, and the log does not blame a passkey. */
    give_key(&old, "bob", BOB, "old.example.org");
    ask("bob");
    type_lines(sign(&forged, 0, own_origin, PRESENT));
    assert_ended("answer-refused");
    assert_int_equal(log_count("sign-in of bob (default): refused, no-credentials"), 1);
    assert_int_equal(log_count("; the answer: signature-invalid, over ssh, "), 2);
}

/* How many questions the first line of an answer leads to is a matter of its length. */
static void rounds_do_not_tell(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    static const char *const users[] = {"alice", "mallory"};
    char junk[PK_FORWARD_LINE_MAX + 1];

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    memset(junk, 'x', sizeof(junk) - 1);
    junk[sizeof(junk) - 1] = '\0';
    for (size_t i = 0; i < 2; i++) {
        ask(users[i]);
        next(junk);
        after_hold();
        assert_said("ask", "ssh");
        next("end");
        assert_ended("answer-refused");
    }
    ask_openly("alice");
    next(junk);
    assert_ended("invalid-input");
}

static void every_reply_is_held(void **state)
{
    (void)state;
    start("mallory", "elsewhere", "");
    next(NULL);
    assert_true(is_waiting());
    let_pass(100);
    assert_said("ask", "ssh");
    next("anything");
    assert_true(is_waiting());
    let_pass(100);
    assert_said("done", "answer-refused");
}

/* The same for the same name, whoever has no passkey for this. */
static void decoys_stay_the_same(void **state)
{
    AUTO_SOFT_KEY struct soft_key other = soft_key_new(ES256, "red");
    static const char *const users[] = {"mallory", "alice", "bob"};

    (void)state;
    give_key(&other, "bob", BOB, "other.example");
    for (size_t i = 0; i < 3; i++) {
        struct pk_descriptor first;
        size_t count;

        ask(users[i]);
        assert_string_equal(request.rp_id, RP_ID);
        assert_in_range(request.credential_count, 1, 2);
        count = request.credential_count;
        first = request.credentials[0];
        request.credentials[0] = (struct pk_descriptor){0};
        ask(users[i]);
        assert_int_equal(request.credential_count, count);
        assert_true(pk_view_equal(pk_view_of(&request.credentials[0].id), pk_view_of(&first.id)));
        pk_bytes_clear(&first.id);
    }
}

/* Puts a key in the place of the first decoy: into the store, with the decoy's id. */
static void store_as_decoy(const struct soft_key *key, const char *user, uid_t uid)
{
    struct store *store = bare_daemon()->store;
    AUTO_CREDENTIAL struct credential credential = {.algorithm = ES256, .created = 1000};

    assert_status(store->verbs->account(store, "default", user, uid, true, &credential.account),
                  PK_OK);
    assert_status(pk_bytes_copy(pk_view_of(&request.credentials[0].id), &credential.record.id),
                  PK_OK);
    credential.record.public_key = soft_key_public(key);
    credential.rp_id = strdup(RP_ID);
    credential.name = strdup("decoy");
    credential.format = strdup("none");
    credential.attestation_type = strdup("None");
    credential.trust = strdup("unknown");
    assert_status(store->verbs->insert(store, &credential, 64, (struct pk_view){0}), PK_OK);
}

/*
 * A decoy never signs in: not even where somebody had its id enrolled, and signs with the key of
 * that.
 */
static void a_decoy_never_signs_in(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "");

    (void)state;
    ask("alice");
    store_as_decoy(&key, "alice", ALICE);
    type_lines(sign(&key, 0, own_origin, PRESENT));
    assert_ended("answer-refused");
    assert_string_equal(seen()->user, "");
    assert_int_equal(log_count(": ok, "), 0);
    ask("mallory");
    store_as_decoy(&key, "bob", BOB);
    type_lines(sign(&key, 0, own_origin, PRESENT));
    assert_ended("answer-refused");
    assert_int_equal(log_count(": ok, "), 0);
}

/* What is the host's own trouble shows in the same way with and without passkeys. */
static void trouble_is_the_same_for_decoys(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    set_name_service(EIO);
    type_lines(sign(&key, 0, own_origin, PRESENT));
    assert_ended("unavailable");
    set_name_service(0);
    ask("mallory");
    set_name_service(EIO);
    type_lines(sign(&key, 0, own_origin, PRESENT));
    assert_ended("unavailable");
}

/* --- host keys ---------------------------------------------------------------------------------
 */

/* The client has compared this host's key before it signed: an older one cannot have. */
static void the_host_keys_are_in_what_is_signed(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\nssh-host-keys = " FINGERPRINT
                     "\nssh-hosts = " SSH_HOST "\n");
    give_key(&key, "alice", ALICE, RP_ID);
    ask_openly("alice");
    assert_true(request.names_host_keys);
    assert_non_null(strstr(request.context, "\"hostkeys\":[\"" FINGERPRINT "\"]"));
    type_lines(sign(&key, 0, own_origin, PRESENT));
    assert_ended("ok");
    older_version = true;
    ask_openly("alice");
    type_lines(sign(&key, 0, own_origin, PRESENT));
    assert_ended("challenge-mismatch");
    start_enrollment("green", 0);
    read_request();
    assert_true(request.names_host_keys);
    type_lines(attest(&key, own_origin, PRESENT));
    assert_said("done", "challenge-mismatch");
    older_version = false;
    configure_daemon("[rp default]\nid = " RP_ID "\nssh-host-keys = /none\nssh-hosts = " SSH_HOST
                     "\n");
    log_forget();
    ask_openly("alice");
    assert_false(request.names_host_keys);
    assert_int_equal(log_count("no ssh host key of this host is known"), 1);
}

/* The loop goes on meanwhile, and who leaves need not wait. */
static void a_disk_with_host_keys_that_does_not_answer(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    (void)pthread_mutex_lock(&disk);
    for (unsigned count = 1; count <= 2; count++) {
        begin("alice", "elsewhere", "");
        while (readers < count) {
            (void)event_base_loop(bare_daemon()->base, EVLOOP_NONBLOCK);
            (void)sched_yield();
        }
        assert_string_equal(seen()->error, "");
        assert_string_not_equal(seen()->path, "");
        if (count == 1) {
            conversations_vanished(bare_daemon()->conversations, SENDER);
            assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 0);
        }
    }
    (void)pthread_mutex_unlock(&disk);
    settle();
    assert_int_equal(log_count("no ssh host key of this host is known"), 1);
    read_request();
    type_lines(sign(&key, 0, own_origin, PRESENT));
    assert_ended("ok");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, ssh_answers_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_passkey_signs_in),
        TEST(the_host_keys_are_in_what_is_signed),
        TEST(a_disk_with_host_keys_that_does_not_answer),
        TEST(an_answer_is_judged_once),
        TEST(answers_for_another_host_are_refused),
        TEST(what_is_wrong_with_an_answer),
        TEST(verification_is_demanded_where_it_is_required),
        TEST(the_challenge_is_gone_before_it_is_judged),
        TEST(an_empty_line_goes_on),
        TEST(where_nothing_is_asked),
        TEST(reasons_are_concealed),
        TEST(rounds_do_not_tell),
        TEST(every_reply_is_held),
        TEST(decoys_stay_the_same),
        TEST(a_decoy_never_signs_in),
        TEST(trouble_is_the_same_for_decoys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
