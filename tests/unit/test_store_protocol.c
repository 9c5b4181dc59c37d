/* SPDX-License-Identifier: BSD-2-Clause */
/* The store's protocol against tests/vectors/store-protocol, made by make.py there. */
#include "store/protocol/channel.h"
#include "store/protocol/frame.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/reader.h"
#include "common/base/text.h"
#include "tests/unit/held_time.h"

#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define NUMBER       0x01020304
#define MILLISECONDS 2000
#define LENGTH_SIZE  4

/* --- vectors ---------------------------------------------------------------------------------- */

enum kind { HELLO, REQUEST, REPLY };

/* What a file's name says: [STATUS--]KIND[-CALL]--NAME.bin. */
struct vector {
    const char *name;
    enum kind kind;
    unsigned call;
    struct pk_bytes payload; /* in memory of its own size */
};

/* What was read of it. */
struct message {
    struct store_hello hello;
    struct request_head request_head;
    struct store_request request;
    struct reply_head reply_head;
    struct store_reply reply;
};

static void read_file(const char *folder, const char *name, struct pk_bytes *ret)
{
    PK_AUTO_FREE char *path =
        pk_text_format("%s/tests/vectors/store-protocol/%s/%s", getenv("srcdir"), folder, name);
    PK_AUTO_FCLOSE FILE *file = NULL;
    long size;

    assert_non_null(path);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    ret->data = malloc((size_t)size > 0 ? (size_t)size : 1);
    assert_non_null(ret->data);
    ret->len = (size_t)size;
    assert_int_equal(fread(ret->data, 1, ret->len, file), ret->len);
}

static void name_vector(struct vector *vector, const char *what)
{
    static const char *const kinds[] = {"hello", "request", "reply"};
    const char *dash = strchr(what, '-');

    assert_non_null(dash);
    for (enum kind kind = HELLO; kind <= REPLY; kind++)
        if (strncmp(what, kinds[kind], strlen(kinds[kind])) == 0)
            vector->kind = kind;
    vector->call = vector->kind == HELLO ? 0 : (unsigned)strtoul(dash + 1, NULL, 10);
}

/* Calls check with every vector of a folder; how many there were. */
static size_t each_vector(const char *folder, void (*check)(const struct vector *))
{
    PK_AUTO_FREE char *path =
        pk_text_format("%s/tests/vectors/store-protocol/%s", getenv("srcdir"), folder);
    DIR *directory = opendir(path);
    const struct dirent *entry;
    size_t count = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        struct vector vector = {.name = entry->d_name};

        if (entry->d_name[0] == '.')
            continue;
        read_file(folder, entry->d_name, &vector.payload);
        name_vector(&vector,
                    strcmp(folder, "valid") == 0 ? entry->d_name : strstr(entry->d_name, "--") + 2);
        check(&vector);
        pk_bytes_clear(&vector.payload);
        count++;
    }
    (void)closedir(directory);
    return count;
}

static struct vector valid_vector(const char *name)
{
    struct vector vector = {.name = name};

    read_file("valid", name, &vector.payload);
    name_vector(&vector, name);
    return vector;
}

static enum pk_status read_message(const struct vector *vector, struct pk_view payload,
                                   struct message *ret)
{
    if (vector->kind == HELLO)
        return frame_hello_read(payload, &ret->hello);
    if (vector->kind == REQUEST)
        return frame_request_read(payload, &ret->request_head, &ret->request);
    return frame_reply_read(payload, vector->call, &ret->reply_head, &ret->reply);
}

static enum pk_status write_message(const struct vector *vector, const struct message *message,
                                    struct pk_bytes *ret)
{
    if (vector->kind == HELLO)
        return frame_hello(&message->hello, ret);
    if (vector->kind == REQUEST)
        return frame_request(&message->request_head, &message->request, ret);
    return frame_reply(&message->reply_head, vector->call, &message->reply, ret);
}

static void clear_message(const struct vector *vector, struct message *message)
{
    if (vector->kind == HELLO)
        store_hello_clear(&message->hello);
    else if (vector->kind == REQUEST)
        store_request_clear(message->request_head.call, &message->request);
    else
        store_reply_clear(vector->call, &message->reply);
    free(message->reply_head.why);
}

static bool seen[REPLY + 1][CALL_END];

static void check_round_trip(const struct vector *vector)
{
    struct message message = {0};
    AUTO_FRAME struct pk_bytes whole = {0};
    size_t size = 0;

    if (read_message(vector, pk_view_of(&vector->payload), &message) != PK_OK)
        fail_msg("%s was refused", vector->name);
    assert_int_equal(write_message(vector, &message, &whole), PK_OK);
    assert_int_equal(pk_message_size(pk_view_of(&whole), PK_STORE_FRAME_MAX, &size), PK_OK);
    assert_int_equal(size, whole.len);
    if (!pk_view_equal((struct pk_view){whole.data + LENGTH_SIZE, whole.len - LENGTH_SIZE},
                       pk_view_of(&vector->payload)))
        fail_msg("%s came out otherwise", vector->name);
    assert_in_range(vector->call, 0, CALL_END - 1);
    seen[vector->kind][vector->call] = true;
    clear_message(vector, &message);
}

static void each_valid_one_is_read_and_written_to_the_same_bytes(void **state)
{
    (void)state;
    assert_true(each_vector("valid", check_round_trip) >= 4 * (CALL_END - 1));
    for (unsigned call = 1; call < CALL_END; call++)
        if (!seen[REQUEST][call] || !seen[REPLY][call])
            fail_msg("call %u has no vector", call);
}

static void check_refused(const struct vector *vector)
{
    struct message message = {0};
    enum pk_status status = read_message(vector, pk_view_of(&vector->payload), &message);
    size_t len = (size_t)(strstr(vector->name, "--") - vector->name);
    static const struct message nothing;

    if (strlen(pk_status_name(status)) != len ||
        strncmp(pk_status_name(status), vector->name, len) != 0)
        fail_msg("%s: %s", vector->name, pk_status_name(status));
    assert_memory_equal(&message, &nothing, sizeof(message));
}

static void each_invalid_one_is_refused_for_its_reason(void **state)
{
    (void)state;
    assert_true(each_vector("invalid", check_refused) > 60);
}

static void check_prefixes(const struct vector *vector)
{
    for (size_t len = 0; len < vector->payload.len; len++) {
        struct message message = {0};
        uint8_t *cut = malloc(len > 0 ? len : 1);
        enum pk_status status;

        assert_non_null(cut);
        memcpy(cut, vector->payload.data, len);
        status = read_message(vector, (struct pk_view){cut, len}, &message);
        if (status != PK_TRUNCATED)
            fail_msg("%s cut to %zu bytes: %s", vector->name, len, pk_status_name(status));
        free(cut);
    }
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    (void)each_vector("valid", check_prefixes);
}

static void check_extra_byte(const struct vector *vector)
{
    PK_AUTO_FREE uint8_t *more = malloc(vector->payload.len + 1);
    struct message message = {0};
    enum pk_status status;

    assert_non_null(more);
    memcpy(more, vector->payload.data, vector->payload.len);
    more[vector->payload.len] = 0;
    status = read_message(vector, (struct pk_view){more, vector->payload.len + 1}, &message);
    if (status != PK_TRAILING_DATA)
        fail_msg("%s with a byte more: %s", vector->name, pk_status_name(status));
}

static void a_byte_more_is_refused(void **state)
{
    (void)state;
    (void)each_vector("valid", check_extra_byte);
}

/* --- which member is which ---------------------------------------------------------------------
 */

/* A text of a vector is the name of its member. */
#define ASSERT_NAMED(object, member) assert_string_equal((object)->member, #member)

static void assert_account(const struct account *account)
{
    ASSERT_NAMED(account, rp);
    ASSERT_NAMED(account, name);
    ASSERT_NAMED(account, user_name);
    ASSERT_NAMED(account, display_name);
    ASSERT_NAMED(account, icon);
    assert_int_equal(account->uid, 3);
    assert_int_equal(account->user_handle.len, 4);
    assert_int_equal(account->user_handle.data[0], 4);
    assert_int_equal(account->created, 8);
    assert_true(account->listed);
    assert_false(account->orphaned);
}

static void assert_credential(const struct credential *credential)
{
    const struct pk_credential_record *record = &credential->record;

    assert_account(&credential->account);
    ASSERT_NAMED(credential, rp_id);
    ASSERT_NAMED(credential, name);
    ASSERT_NAMED(credential, format);
    ASSERT_NAMED(credential, attestation_type);
    ASSERT_NAMED(credential, trust);
    ASSERT_NAMED(credential, instrument_display_name);
    ASSERT_NAMED(credential, imported);
    assert_int_equal(record->id.data[0], 12);
    assert_int_equal(record->public_key.data[0], 13);
    assert_int_equal(record->user_handle.data[0], 14);
    assert_int_equal(record->sign_count, 15);
    assert_false(record->backup_eligible);
    assert_true(record->backup_state);
    assert_false(record->payment);
    assert_true(record->verification);
    assert_false(record->foreign_handle);
    assert_int_equal(credential->algorithm, 21);
    assert_int_equal(credential->aaguid[0], 22);
    assert_int_equal(credential->transports, 23);
    assert_false(credential->discoverable);
    assert_true(credential->user_verified);
    assert_false(credential->mfa);
    assert_int_equal(credential->cred_protect, 31);
    assert_false(credential->id_unknown);
    assert_int_equal(credential->created, 35);
    assert_int_equal(credential->last_used, 36);
}

static void read_request(const char *name, struct message *ret)
{
    struct vector vector = valid_vector(name);

    assert_int_equal(read_message(&vector, pk_view_of(&vector.payload), ret), PK_OK);
    assert_int_equal(ret->request_head.number, NUMBER);
    assert_int_equal(ret->request_head.milliseconds, MILLISECONDS);
    assert_int_equal(ret->request_head.call, vector.call);
    pk_bytes_clear(&vector.payload); /* no views from here on */
}

static void an_insert_has_its_members(void **state)
{
    struct message message = {0}, own = {0};

    (void)state;
    read_request("request-3--insert.bin", &message);
    assert_credential(&message.request.credential);
    assert_int_equal(message.request.max, 37);
    assert_int_equal(message.request.id_view.len, 4);
    store_request_clear(CALL_INSERT, &message.request);

    read_request("request-37--insert_as.bin", &own);
    assert_credential(&own.request.credential);
    assert_int_equal(own.request.max, 37);
    assert_int_equal(own.request.id_view.len, 4);
    assert_int_equal(own.request.password.len, 4);
    assert_int_equal(own.request.password.data[0], 39);
    store_request_clear(CALL_INSERT_AS, &own.request);
    assert_null(own.request.password.data);
}

static void a_filter_has_its_members(void **state)
{
    struct message message = {0};
    const struct credential_filter *filter = &message.request.filter;

    (void)state;
    read_request("request-2--list.bin", &message);
    ASSERT_NAMED(filter, rp);
    ASSERT_NAMED(filter, account_name);
    assert_true(message.request.has_uid);
    assert_int_equal(message.request.uid_wanted, 4);
    assert_true(filter->living);
    assert_false(filter->first_factor);
    assert_int_equal(filter->order, CREDENTIALS_NEWEST_FIRST);
    assert_int_equal(filter->offset, 10);
    assert_int_equal(filter->limit, 11);
    store_request_clear(CALL_LIST, &message.request);
}

static void other_requests_have_their_members(void **state)
{
    struct message key = {0}, decision = {0}, ceremony = {0};
    const struct kept_decision *made;

    (void)state;
    read_request("request-28--signing_key_add.bin", &key);
    ASSERT_NAMED(&key.request.signing_key, rp);
    ASSERT_NAMED(&key.request.signing_key, kid);
    ASSERT_NAMED(&key.request.signing_key, algorithm);
    assert_false(key.request.signing_key.imported);
    assert_int_equal(key.request.signing_key.jwk.len, 4);
    assert_int_equal(key.request.signing_key.created, 6);
    assert_int_equal(key.request.signing_key.retired, 7);
    assert_int_equal(key.request.signing_key.expires, 8);
    assert_int_equal(key.request.how, SIGNING_KEY_REPLACE);
    assert_int_equal(key.request.time, 10);
    store_request_clear(CALL_SIGNING_KEY_ADD, &key.request);

    read_request("request-30--decisions_add.bin", &decision);
    assert_int_equal(decision.request.decisions.count, 2);
    made = decision.request.decisions.items;
    assert_int_equal(made->id, 1);
    ASSERT_NAMED(made, rp);
    ASSERT_NAMED(made, name);
    assert_int_equal(made->uid, 4);
    assert_int_equal(made->made, 5);
    assert_false(made->approved);
    assert_true(made->enrollment);
    assert_int_equal(made->times, 8);
    ASSERT_NAMED(made, context);
    ASSERT_NAMED(made, passkey);
    assert_int_equal(made[1].id, 12);
    assert_int_equal(decision.request.max, 23);
    store_request_clear(CALL_DECISIONS_ADD, &decision.request);

    read_request("request-33--ceremony_add.bin", &ceremony);
    ASSERT_NAMED(&ceremony.request.ceremony, rp);
    ASSERT_NAMED(&ceremony.request.ceremony, id);
    assert_int_equal(ceremony.request.ceremony.data.data[0], 3);
    assert_int_equal(ceremony.request.ceremony.expires, 4);
    assert_true(ceremony.request.ceremony.anonymous);
    assert_false(ceremony.request.ceremony.replaces);
    assert_int_equal(ceremony.request.max, 7);
    store_request_clear(CALL_CEREMONY_ADD, &ceremony.request);
}

static void read_reply(const char *name, struct message *ret)
{
    struct vector vector = valid_vector(name);

    assert_int_equal(read_message(&vector, pk_view_of(&vector.payload), ret), PK_OK);
    assert_int_equal(ret->reply_head.number, NUMBER);
    pk_bytes_clear(&vector.payload);
}

static void replies_have_their_members(void **state)
{
    struct message list = {0}, user = {0}, how = {0}, asks = {0}, refused = {0};

    (void)state;
    read_reply("reply-2--list.bin", &list);
    assert_int_equal(list.reply.credentials.count, 2);
    assert_credential(list.reply.credentials.items);
    store_reply_clear(CALL_LIST, &list.reply);
    free(list.reply_head.why);

    read_reply("reply-22--user_find.bin", &user);
    assert_account(&user.reply.account);
    assert_int_equal(user.reply.count, 11);
    store_reply_clear(CALL_USER_FIND, &user.reply);
    free(user.reply_head.why);

    read_reply("reply-35--state.bin", &how);
    ASSERT_NAMED(&how.reply.state, kind);
    ASSERT_NAMED(&how.reply.state, server);
    assert_int_equal(how.reply.state.lag, 3);
    assert_int_equal(how.reply.state.age, 4);
    assert_int_equal(how.reply.state.refuses, 5);
    store_reply_clear(CALL_STATE, &how.reply);
    free(how.reply_head.why);

    read_reply("reply-36--insert_asks.bin", &asks);
    assert_string_equal(asks.reply.where, "where");
    store_reply_clear(CALL_INSERT_ASKS, &asks.reply);
    free(asks.reply_head.why);

    read_reply("reply-2--list-refused.bin", &refused);
    assert_int_equal(refused.reply_head.status, PK_STORAGE);
    assert_string_equal(refused.reply_head.why, "db1: down \u2014 gone");
    assert_int_equal(refused.reply.credentials.count, 0);
    free(refused.reply_head.why);
}

/* --- what is not written ------------------------------------------------------------------------
 */

static enum pk_status write_put(const char *key, struct pk_view value)
{
    const struct request_head head = {.call = CALL_PUT};
    AUTO_FRAME struct pk_bytes whole = {0};

    return frame_request(
        &head, &(struct store_request){.key = (char *)(uintptr_t)key, .value = value}, &whole);
}

static void what_would_be_refused_is_not_written(void **state)
{
    const struct request_head head = {.call = CALL_ACCOUNT};
    struct store_request request = {.rp = (char[]){"rp"}, .id = (char[]){"name"}, .create = 3};
    PK_AUTO_FREE uint8_t *much = calloc(1, FIELD_STRING_MAX + 1);
    AUTO_FRAME struct pk_bytes whole = {0};

    (void)state;
    assert_non_null(much);
    assert_int_equal(write_put(NULL, (struct pk_view){0}), PK_INVALID_ARGUMENT);
    assert_int_equal(write_put("caf\xe9", (struct pk_view){0}), PK_INVALID_INPUT);
    assert_int_equal(write_put("key", (struct pk_view){much, FIELD_STRING_MAX}), PK_OK);
    assert_int_equal(write_put("key", (struct pk_view){much, FIELD_STRING_MAX + 1}), PK_TOO_LARGE);
    memset(much, 'a', FIELD_STRING_MAX);
    assert_int_equal(write_put((const char *)much, (struct pk_view){0}), PK_OK);
    assert_int_equal(frame_request(&head, &request, &whole), PK_INVALID_ARGUMENT);
    assert_int_equal(frame_request(&(struct request_head){.call = CALL_END}, &request, &whole),
                     PK_INVALID_ARGUMENT);
    assert_null(whole.data);
}

static void a_list_that_is_too_long_for_a_frame_is_not_written(void **state)
{
    const struct reply_head head = {.why = (char[]){""}};
    struct store_reply reply = {.fate_count = PK_STORE_FRAME_MAX};
    AUTO_FRAME struct pk_bytes whole = {0};

    (void)state;
    reply.fates = calloc(reply.fate_count, sizeof(*reply.fates));
    assert_non_null(reply.fates);
    assert_int_equal(frame_reply(&head, CALL_DECISIONS_ADD, &reply, &whole), PK_TOO_LARGE);
    free(reply.fates);
}

/* --- the channel --------------------------------------------------------------------------------
 */

static void set_up_pair(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
}

static enum pk_status receive(const void *bytes, size_t len, bool closed)
{
    AUTO_FRAME struct pk_bytes payload = {0};
    enum pk_status status;
    int ends[2];

    set_up_pair(ends);
    assert_int_equal(write(ends[1], bytes, len), len);
    if (closed)
        (void)close(ends[1]);
    status = channel_receive(ends[0], pk_clock_monotonic_ms() + 60000, &payload);
    (void)close(ends[0]);
    if (!closed)
        (void)close(ends[1]);
    return status;
}

static void a_frame_is_received_within_its_bounds(void **state)
{
    (void)state;
    assert_int_equal(receive("", 0, true), PK_NOT_FOUND);
    assert_int_equal(receive("\0", 1, true), PK_IO);
    assert_int_equal(receive("\0\0\0", 3, true), PK_IO);
    assert_int_equal(receive("\0\0\0\2a", 5, true), PK_IO);
    assert_int_equal(receive("\0\0\0\2ab", 6, true), PK_OK);
    assert_int_equal(receive("\0\0\0\0", 4, false), PK_PROTOCOL);
    assert_int_equal(receive("\2\0\0\1", 4, false), PK_TOO_LARGE);
    assert_int_equal(receive("\2\0\0\0", 4, true), PK_IO);
    held_time_pass(true);
    assert_int_equal(receive("", 0, false), PK_TIMEOUT);
    assert_int_equal(receive("\0\0\0\2a", 5, false), PK_TIMEOUT);
    held_time_pass(false);
}

struct sender {
    int fd;
    int64_t step; /* milliseconds between two bytes */
};

/* Each byte comes a step after the one before; the receiver reads each before the next is sent. */
static void *trickle(void *data)
{
    const struct sender *sender = data;
    static const uint8_t frame[] = {0, 0, 0, 3, 'a', 'b', 'c'};

    for (size_t i = 0; i < sizeof(frame); i++) {
        held_time_add(sender->step);
        if (send(sender->fd, &frame[i], 1, MSG_NOSIGNAL) != 1)
            break;
        held_time_await_empty(sender->fd);
    }
    return NULL;
}

static enum pk_status receive_trickled(int64_t step)
{
    AUTO_FRAME struct pk_bytes payload = {0};
    struct sender sender = {.step = step};
    enum pk_status status;
    pthread_t thread;
    int ends[2];

    set_up_pair(ends);
    sender.fd = ends[1];
    assert_int_equal(pthread_create(&thread, NULL, trickle, &sender), 0);
    status = channel_receive(ends[0], CHANNEL_FOREVER, &payload);
    (void)close(ends[0]);
    (void)pthread_join(thread, NULL);
    (void)close(ends[1]);
    return status;
}

static void a_frame_that_has_begun_must_become_whole(void **state)
{
    (void)state;
    assert_int_equal(receive_trickled(10), PK_OK);
    assert_int_equal(receive_trickled(PK_STORE_FRAME_SECONDS * 1000 / 4), PK_TIMEOUT);
}

/* Of a peer whose bytes come one by one, and fast enough that there always is another. */
static int64_t step_of_recv; /* milliseconds; 0: it is the system's */

ssize_t recv(int fd, void *buffer, size_t len, int flags)
{
    held_time_add(step_of_recv);
    return recvfrom(fd, buffer, step_of_recv > 0 ? 1 : len, flags, NULL, NULL);
}

static void nor_may_it_take_long_without_a_pause(void **state)
{
    uint8_t frame[4 + 60] = {0, 0, 0, 60};

    (void)state;
    step_of_recv = PK_STORE_FRAME_SECONDS * 1000 / 100;
    assert_int_equal(receive(frame, sizeof(frame), false), PK_OK);
    step_of_recv = PK_STORE_FRAME_SECONDS * 1000 / 50;
    assert_int_equal(receive(frame, sizeof(frame), false), PK_TIMEOUT);
    step_of_recv = 0;
}

/* A peer that does not read. */
static void what_nobody_takes_is_given_up(void **state)
{
    PK_AUTO_FREE uint8_t *much = calloc(1, PK_STORE_FRAME_MAX);
    int ends[2];

    (void)state;
    assert_non_null(much);
    set_up_pair(ends);
    held_time_pass(true);
    assert_int_equal(channel_send(ends[0], (struct pk_view){much, PK_STORE_FRAME_MAX},
                                  pk_clock_monotonic_ms() + 1000),
                     PK_TIMEOUT);
    held_time_pass(false);
    (void)close(ends[1]);
    assert_int_equal(channel_send(ends[0], (struct pk_view){much, 1}, CHANNEL_FOREVER), PK_IO);
    (void)close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_valid_one_is_read_and_written_to_the_same_bytes),
        cmocka_unit_test(each_invalid_one_is_refused_for_its_reason),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(a_byte_more_is_refused),
        cmocka_unit_test(an_insert_has_its_members),
        cmocka_unit_test(a_filter_has_its_members),
        cmocka_unit_test(other_requests_have_their_members),
        cmocka_unit_test(replies_have_their_members),
        cmocka_unit_test(what_would_be_refused_is_not_written),
        cmocka_unit_test(a_list_that_is_too_long_for_a_frame_is_not_written),
        cmocka_unit_test(a_frame_is_received_within_its_bounds),
        cmocka_unit_test(a_frame_that_has_begun_must_become_whole),
        cmocka_unit_test(nor_may_it_take_long_without_a_pause),
        cmocka_unit_test(what_nobody_takes_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
