/* SPDX-License-Identifier: BSD-2-Clause */
/* Ceremonies as bytes, against the vectors under tests/vectors/ceremonies (made by make.py). */
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/verify/ceremony_record.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define EXPIRES 1700000300

static void read_vector(const char *folder, const char *name, struct pk_bytes *ret)
{
    PK_AUTO_FREE char *path =
        pk_text_format("%s/tests/vectors/ceremonies/%s/%s", getenv("srcdir"), folder, name);
    PK_AUTO_FCLOSE FILE *file = NULL;

    assert_non_null(path);
    file = fopen(path, "rb");
    assert_non_null(file);
    ret->data = malloc(PK_STORE_CEREMONY_MAX + 2); /* room for the extra byte of one test */
    assert_non_null(ret->data);
    ret->len = fread(ret->data, 1, PK_STORE_CEREMONY_MAX + 1, file);
}

/* Calls check with every vector of a folder; there must be some. */
static void each_vector(const char *folder, void (*check)(const char *, struct pk_bytes *))
{
    PK_AUTO_FREE char *path =
        pk_text_format("%s/tests/vectors/ceremonies/%s", getenv("srcdir"), folder);
    DIR *directory = opendir(path);
    const struct dirent *entry;
    int count = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        PK_AUTO_BYTES struct pk_bytes record = {0};

        if (entry->d_name[0] == '.')
            continue;
        read_vector(folder, entry->d_name, &record);
        check(entry->d_name, &record);
        count++;
    }
    (void)closedir(directory);
    assert_true(count > 10);
}

/* Reads a whole record, which must be good. */
static struct ceremony *read_valid(const char *name, int64_t *ret_expires)
{
    PK_AUTO_BYTES struct pk_bytes record = {0};
    struct ceremony *ceremony = NULL;

    read_vector("valid", name, &record);
    assert_int_equal(ceremony_record_read(pk_view_of(&record), &ceremony, ret_expires), PK_OK);
    return ceremony;
}

static void check_round_trip(const char *name, struct pk_bytes *record)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = NULL;
    PK_AUTO_BYTES struct pk_bytes again = {0};
    int64_t expires = -1;

    if (ceremony_record_read(pk_view_of(record), &ceremony, &expires) != PK_OK)
        fail_msg("%s was refused", name);
    assert_int_equal(ceremony_record_write(ceremony, expires, &again), PK_OK);
    if (!pk_view_equal(pk_view_of(&again), pk_view_of(record)))
        fail_msg("%s came out otherwise", name);
}

static void valid_ones_are_read_and_written(void **state)
{
    (void)state;
    each_vector("valid", check_round_trip);
}

static enum pk_status refusal(struct pk_view record)
{
    struct ceremony *ceremony = NULL;
    int64_t expires = 77;
    enum pk_status status = ceremony_record_read(record, &ceremony, &expires);

    if (status != PK_OK) {
        assert_null(ceremony);
        assert_int_equal(expires, 77);
    } else {
        ceremony_free(ceremony);
    }
    return status;
}

/* The status that an invalid vector must meet is its name up to "--". */
static void check_refused(const char *name, struct pk_bytes *record)
{
    PK_AUTO_FREE char *wanted = strdup(name);
    enum pk_status status = refusal(pk_view_of(record));
    char *end;

    assert_non_null(wanted);
    end = strstr(wanted, "--");
    assert_non_null(end);
    *end = '\0';
    if (strcmp(pk_status_name(status), wanted) != 0)
        fail_msg("%s: %s", name, pk_status_name(status));
}

static void invalid_ones_are_refused(void **state)
{
    (void)state;
    each_vector("invalid", check_refused);
}

static void check_prefixes(const char *name, struct pk_bytes *record)
{
    for (size_t len = 0; len < record->len; len++) {
        enum pk_status status = refusal((struct pk_view){record->data, len});

        if (status != PK_TRUNCATED)
            fail_msg("%s cut to %zu bytes: %s", name, len, pk_status_name(status));
    }
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    each_vector("valid", check_prefixes);
}

static void check_extra_byte(const char *name, struct pk_bytes *record)
{
    enum pk_status wanted = record->len < PK_STORE_CEREMONY_MAX ? PK_TRAILING_DATA : PK_TOO_LARGE;
    enum pk_status status;

    record->data[record->len++] = 0;
    status = refusal(pk_view_of(record));
    if (status != wanted)
        fail_msg("%s with a byte more: %s", name, pk_status_name(status));
}

static void a_byte_more_is_refused(void **state)
{
    (void)state;
    each_vector("valid", check_extra_byte);
}

/* --- members are read into the right ones, not only written back in the same order --------------
 */

#define EACH_IS(bytes, len_, byte)                                                                 \
    do {                                                                                           \
        assert_int_equal((bytes).len, len_);                                                       \
        for (size_t i_ = 0; i_ < (bytes).len; i_++)                                                \
            assert_int_equal((bytes).data[i_], byte);                                              \
    } while (0)

static void the_ceremony_is_what_it_was(void **state)
{
    int64_t expires = 0;
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = read_valid("everything.bin", &expires);

    (void)state;
    assert_int_equal(expires, EXPIRES);
    assert_true(ceremony->gateway);
    assert_true(ceremony->shared);
    assert_int_equal(ceremony->owner, PK_NO_UID);
    assert_int_equal(strlen(ceremony->id), 86);
    assert_string_equal(ceremony->correlation, "0123456789abcdef");
    assert_true(ceremony->system_account);
    assert_string_equal(ceremony->context, "{\"act\":\"authenticate\"}");
    assert_string_equal(ceremony->credential_name, "blue");
    EACH_IS(ceremony->ticket, 32, 0x55);
    assert_int_equal(ceremony->max_credentials, UINT32_MAX);
    assert_true(ceremony->anonymous && ceremony->mfa && ceremony->bearer && ceremony->sole);
    assert_int_equal(ceremony->transports, PK_TRANSPORTS_ALL);
    assert_int_equal(strlen(ceremony->purpose), PK_PURPOSE_MAX);
    assert_int_equal(strlen(ceremony->transaction), PK_TRANSACTION_ID_MAX);
    assert_string_equal(ceremony->action, "pay");
    assert_string_equal(ceremony->idempotency_key, "k1");
}

static void so_is_its_account(void **state)
{
    int64_t expires = 0;
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = read_valid("everything.bin", &expires);
    const struct account *account = &ceremony->account;

    (void)state;
    assert_string_equal(account->rp, "default");
    assert_string_equal(account->name, "alice");
    assert_int_equal(account->uid, 1000);
    EACH_IS(account->user_handle, 64, 'h');
    assert_string_equal(account->user_name, "alice@example.org");
    assert_non_null(strstr(account->display_name, "J\xc3\xb6rg"));
    assert_string_equal(account->icon, "https://example.org/1.png");
    assert_int_equal(account->created, 1600000000);
    assert_true(account->listed);
}

static void so_is_what_it_demands(void **state)
{
    int64_t expires = 0;
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = read_valid("everything.bin", &expires);
    const struct pk_requirements *demands = &ceremony->requirements;

    (void)state;
    assert_int_equal(demands->ceremony, PK_REGISTRATION);
    assert_int_equal(demands->challenge.len, 64);
    assert_int_equal(demands->challenge.data[31], 31);
    assert_string_equal(demands->rp_id, "example.org");
    assert_int_equal(demands->origins.count, 2);
    assert_string_equal(demands->origins.items[1], "android:apk-key-hash:x");
    assert_int_equal(demands->top_origins.count, 1);
    assert_string_equal(demands->top_origins.items[0], "https://top.example");
    EACH_IS(demands->user_handle, 64, 'h');
    assert_int_equal(demands->algorithm_count, 32);
    assert_int_equal(demands->algorithms[31], -32);
    assert_int_equal(demands->credential_count, 2);
    EACH_IS(demands->credentials[0].id, 16, 1);
    EACH_IS(demands->credentials[1].id, 1023, 2);
    assert_int_equal(demands->resident_key, PK_REQUIRED);
    assert_int_equal(demands->user_verification, PK_REQUIRED);
    assert_int_equal(demands->time, (time_t)1 << 40);
    assert_int_equal(demands->cred_protect, 3);
    assert_int_equal(demands->counter_policy, PK_COUNTER_LOG);
    assert_true(demands->allow_cross_origin && demands->user_identified_before &&
                demands->require_resident_key && demands->cred_props && demands->min_pin_length &&
                demands->enforce_cred_protect && demands->refuse_unsolicited_extensions &&
                demands->payment && demands->conditional);
    assert_string_equal(demands->appid, "https://example.org/appid");
    assert_string_equal(demands->appid_exclude, "https://example.org/old");
    assert_non_null(strstr(demands->instrument_display_name, "Card"));
}

/* Each yes and no is a member of its own: none is read as its neighbour. */
static void yes_and_no_are_apart(void **state)
{
    int64_t expires = 0;
    PK_CLEANUP(ceremony_free)
    struct ceremony *ceremony = read_valid("anonymous-sign-in.bin", &expires);
    bool *flags[] = {&ceremony->system_account,
                     &ceremony->anonymous,
                     &ceremony->mfa,
                     &ceremony->bearer,
                     &ceremony->sole,
                     &ceremony->account.listed,
                     &ceremony->requirements.allow_cross_origin,
                     &ceremony->requirements.user_identified_before,
                     &ceremony->requirements.require_resident_key,
                     &ceremony->requirements.cred_props,
                     &ceremony->requirements.min_pin_length,
                     &ceremony->requirements.enforce_cred_protect,
                     &ceremony->requirements.refuse_unsolicited_extensions,
                     &ceremony->requirements.payment,
                     &ceremony->requirements.conditional};
    const size_t count = sizeof(flags) / sizeof(flags[0]);
    struct pk_bytes records[sizeof(flags) / sizeof(flags[0])] = {{0}};

    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++)
            *flags[j] = i == j;
        assert_int_equal(ceremony_record_write(ceremony, EXPIRES, &records[i]), PK_OK);
        for (size_t j = 0; j < i; j++)
            assert_false(pk_view_equal(pk_view_of(&records[i]), pk_view_of(&records[j])));
    }
    for (size_t i = 0; i < count; i++)
        pk_bytes_clear(&records[i]);
}

/* --- what is not written ------------------------------------------------------------------------
 */

static enum pk_status write_status(const struct ceremony *ceremony)
{
    struct pk_bytes record = {0};
    enum pk_status status = ceremony_record_write(ceremony, EXPIRES, &record);

    assert_true(status == PK_OK || !record.data);
    pk_bytes_clear(&record);
    return status;
}

static void what_is_of_one_host_is_not_written(void **state)
{
    int64_t expires = 0;
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = read_valid("registration.bin", &expires);

    (void)state;
    assert_int_equal(write_status(ceremony), PK_OK);
    ceremony->shared = false;
    assert_int_equal(write_status(ceremony), PK_INVALID_ARGUMENT);
    ceremony->shared = true;
    ceremony->gateway = false;
    assert_int_equal(write_status(ceremony), PK_INVALID_ARGUMENT);
}

static void what_could_not_be_read_is_not_written(void **state)
{
    int64_t expires = 0;
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = read_valid("registration.bin", &expires);
    struct pk_requirements *demands = &ceremony->requirements;

    (void)state;
    demands->resident_key = (enum pk_requirement)4;
    assert_int_equal(write_status(ceremony), PK_INVALID_ARGUMENT);
    assert_int_equal(demands->resident_key, 4);
    demands->resident_key = PK_DISCOURAGED;
    demands->challenge.len--;
    assert_int_equal(write_status(ceremony), PK_INVALID_ARGUMENT);
    demands->challenge.len++;
    ceremony->action = pk_text_format("%04097d", 0);
    assert_int_equal(write_status(ceremony), PK_TOO_LARGE);
    ceremony->action[4096] = '\0';
    assert_int_equal(write_status(ceremony), PK_OK);
    free(pk_steal(ceremony->context));
    assert_int_equal(write_status(ceremony), PK_INVALID_ARGUMENT);
}

static void not_more_than_a_store_takes_is_written(void **state)
{
    int64_t expires = 0;
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = read_valid("registration.bin", &expires);

    (void)state;
    for (size_t i = 0; i < 16; i++) {
        PK_AUTO_FREE char *origin = pk_text_format("https://%0990zu", i);

        assert_int_equal(pk_strings_add(&ceremony->requirements.origins, origin), PK_OK);
    }
    assert_int_equal(write_status(ceremony), PK_OK);
    free(ceremony->context);
    ceremony->context = pk_text_format("%01000d", 0);
    assert_int_equal(write_status(ceremony), PK_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_ones_are_read_and_written),
        cmocka_unit_test(invalid_ones_are_refused),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(a_byte_more_is_refused),
        cmocka_unit_test(the_ceremony_is_what_it_was),
        cmocka_unit_test(so_is_its_account),
        cmocka_unit_test(so_is_what_it_demands),
        cmocka_unit_test(yes_and_no_are_apart),
        cmocka_unit_test(what_is_of_one_host_is_not_written),
        cmocka_unit_test(what_could_not_be_read_is_not_written),
        cmocka_unit_test(not_more_than_a_store_takes_is_written),
    };

    return cmocka_run_group_tests_name("ceremony_record", tests, NULL, NULL);
}
