/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/bare_daemon.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/accounts/decoy.h"
#include "daemon/auth/links.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/request.h"
#include "daemon/config/config.h"
#include "daemon/dialogue/conversation.h"
#include "daemon/jobs/jobs.h"
#include "daemon/tokens/password_checks.h"
#include "daemon/verify/ceremony.h"
#include "store/sqlite/sqlite.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <event2/event.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <pwd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#define LINES_MAX         1024
#define ACCOUNTS_MAX      8
#define PASSES            8 /* of the event loop, until what one thing leads to has happened */
#define STEP_MS           10
#define JOBS_STOP_SECONDS 60

static const char config_text[] =
    "[rp default]\nid = " RP_ID "\nssh-host-keys = /none\nssh-hosts = " SSH_HOST "\n";

static struct {
    struct daemon daemon;
    char folder[SCRATCH_PATH_MAX];
    uint8_t decoy_key[DECOY_KEY_SIZE];
    const struct store_verbs *verbs;
    struct store_verbs own_verbs, base_verbs;
    char *lines[LINES_MAX];
    size_t line_count;
    struct passwd accounts[ACCOUNTS_MAX];
    size_t account_count;
    int name_service;
    int64_t date;   /* seconds since the epoch; 0: it goes on */
    unsigned asked; /* calls that were made */
    struct answer_seen seen;
} stage;

struct daemon *bare_daemon(void)
{
    return &stage.daemon;
}

const struct answer_seen *seen(void)
{
    return &stage.seen;
}

struct store *bare_store(void)
{
    return stage.daemon.store;
}

struct ceremony *begin_ceremony(const char *user, uid_t uid)
{
    struct ceremony *ceremony = ceremony_new(CORRELATION, 0);
    struct pk_requirements *requirements = &ceremony->requirements;

    requirements->ceremony = PK_AUTHENTICATION;
    requirements->rp_id = strdup(RP_ID);
    requirements->user_identified_before = true;
    ceremony->system_account = true;
    ceremony->account = (struct account){.rp = strdup("default"), .uid = uid};
    assert_status(pk_text_copy(user, &ceremony->account.name), PK_OK);
    return ceremony;
}

struct credential_list credentials_with(const char *id)
{
    struct credential_list list = {0};

    assert_status(
        bare_store()->verbs->list(
            bare_store(), &(struct credential_filter){.credential_id = pk_view_string(id)}, &list),
        PK_OK);
    return list;
}

void lose_accounts(void)
{
    AUTO_ACCOUNT_STATES struct account_states states = {0};
    struct store *store = bare_store();

    assert_status(store->verbs->accounts(store, &states), PK_OK);
    for (size_t i = 0; i < states.count; i++) {
        const struct account_change gone = {states.items[i].id, ACCOUNT_GONE};

        assert_status(store->verbs->accounts_update(
                          store, &(struct account_changes){.items = &gone, .count = 1, .now = 1}),
                      PK_OK);
    }
}

/* --- in place of the C library's and the log's ------------------------------------------------ */

static int64_t monotonic_ms = 1000000;

/* For libevent as well. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ret)
{
    if (id == CLOCK_REALTIME && stage.date > 0) {
        *ret = (struct timespec){.tv_sec = stage.date};
        return 0;
    }
    if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE)
        return (int)syscall(SYS_clock_gettime, id, ret);
    *ret = (struct timespec){monotonic_ms / 1000, monotonic_ms % 1000 * 1000000};
    return 0;
}

static int answer_entry(const struct passwd *found, struct passwd *entry, struct passwd **result)
{
    *result = NULL;
    if (stage.name_service || !found)
        return stage.name_service;
    *entry = *found;
    *result = entry;
    return 0;
}

/* As a directory does: names are looked up in any case, and given back in the one spelling. */
int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t len,
               struct passwd **result)
{
    const struct passwd *found = NULL;

    (void)buffer, (void)len;
    for (size_t i = 0; i < stage.account_count; i++)
        if (strcasecmp(stage.accounts[i].pw_name, name) == 0 &&
            stage.accounts[i].pw_uid != PK_NO_UID)
            found = &stage.accounts[i];
    return answer_entry(found, entry, result);
}

int getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t len, struct passwd **result)
{
    const struct passwd *found = NULL;

    (void)buffer, (void)len;
    for (size_t i = 0; i < stage.account_count; i++)
        if (stage.accounts[i].pw_uid == uid)
            found = &stage.accounts[i];
    return answer_entry(found, entry, result);
}

void set_account(const char *name, uid_t uid)
{
    static char nothing[] = "";

    for (size_t i = 0; i < stage.account_count; i++)
        if (strcmp(stage.accounts[i].pw_name, name) == 0) {
            stage.accounts[i].pw_uid = uid;
            return;
        }
    assert_in_range(stage.account_count, 0, ACCOUNTS_MAX - 1);
    stage.accounts[stage.account_count++] =
        (struct passwd){.pw_name = strdup(name), .pw_uid = uid, .pw_gecos = nothing};
}

void set_name_service(int error)
{
    stage.name_service = error;
}

/* Recovery codes cost next to nothing here: what scrypt takes is not what is tested. */
int EVP_PBE_scrypt(const char *pass, size_t passlen, const unsigned char *salt, size_t saltlen,
                   uint64_t n, uint64_t r, uint64_t p, uint64_t maxmem, unsigned char *key,
                   size_t keylen)
{
    (void)n, (void)r, (void)p, (void)maxmem;
    return PKCS5_PBKDF2_HMAC(pass, (int)passlen, salt, (int)saltlen, 1, EVP_sha256(), (int)keylen,
                             key);
}

void pk_log(int priority, const char *format, ...)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* workers log, too */
    PK_AUTO_FREE char *text = NULL;
    va_list arguments;
    char *line;

    if (priority > LOG_INFO)
        return;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    line = pk_text_format("<%d>%s", priority, text);
    (void)pthread_mutex_lock(&lock);
    if (!line || stage.line_count == LINES_MAX)
        abort();
    stage.lines[stage.line_count++] = line;
    (void)pthread_mutex_unlock(&lock);
}

unsigned log_count(const char *part)
{
    unsigned count = 0;

    for (size_t i = 0; i < stage.line_count; i++)
        count += strstr(stage.lines[i], part) != NULL;
    return count;
}

const char *log_find(const char *part)
{
    for (size_t i = stage.line_count; i > 0; i--)
        if (strstr(stage.lines[i - 1], part))
            return stage.lines[i - 1];
    fail_msg("nothing was logged that has \"%s\" in it", part);
    return "";
}

void log_forget(void)
{
    while (stage.line_count > 0)
        free(stage.lines[--stage.line_count]);
}

/* --- the loop --------------------------------------------------------------------------------- */

void settle(void)
{
    do {
        while (jobs_count(stage.daemon.jobs) > 0)
            (void)event_base_loop(stage.daemon.base, EVLOOP_ONCE);
        for (unsigned i = 0; i < PASSES; i++)
            (void)event_base_loop(stage.daemon.base, EVLOOP_NONBLOCK);
    } while (jobs_count(stage.daemon.jobs) > 0);
}

void let_pass(unsigned milliseconds)
{
    for (unsigned passed = 0; passed < milliseconds; passed += STEP_MS) {
        monotonic_ms += STEP_MS;
        settle();
    }
}

void skip_time(unsigned seconds)
{
    monotonic_ms += (int64_t)seconds * 1000;
    settle();
}

void shift_date(unsigned seconds)
{
    stage.date = pk_clock_now() + seconds;
}

/* --- calls ------------------------------------------------------------------------------------ */

static void forget_answer(void)
{
    free(stage.seen.text);
    free(stage.seen.credential);
    stage.seen.text = NULL;
    stage.seen.credential = NULL;
    stage.seen.error[0] = stage.seen.kind[0] = stage.seen.word[0] = stage.seen.user[0] = '\0';
}

static void copy(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from);
}

static void see_message(const struct value *body)
{
    static const char *const words[] = {"event", "reason", "result"};
    const struct value *details = &body->items[2];
    const char *credential = value_find_text(details, "credential", NULL);

    copy(stage.seen.kind, sizeof(stage.seen.kind), body->items[0].text);
    stage.seen.text = strdup(body->items[1].text);
    for (size_t i = 0; i < 3; i++)
        if (value_find(details, words[i]))
            copy(stage.seen.word, sizeof(stage.seen.word), value_find_text(details, words[i], ""));
    copy(stage.seen.user, sizeof(stage.seen.user), value_find_text(details, "user", ""));
    stage.seen.credential = credential ? strdup(credential) : NULL;
    stage.seen.time_left = value_find_number(details, "time-left");
    (void)snprintf(stage.seen.skip, sizeof(stage.seen.skip), "%s",
                   value_find_text(details, "skip", ""));
}

static bool on_reply(struct call *call, const struct value *body)
{
    (void)call;
    assert_false(value_is_broken(body));
    forget_answer();
    stage.seen.count++;
    if (body->count == 1 && body->items[0].type == 'o')
        copy(stage.seen.path, sizeof(stage.seen.path), body->items[0].text);
    if (body->count == 3)
        see_message(body);
    return true;
}

static void on_fail(struct call *call, const char *error, const char *text)
{
    (void)call;
    forget_answer();
    stage.seen.count++;
    copy(stage.seen.error, sizeof(stage.seen.error), error);
    stage.seen.text = strdup(text);
}

struct call *call_from(uid_t uid, const char *sender)
{
    static const struct call_ops ops = {on_reply, on_fail};
    struct call *call = calloc(1, sizeof(*call));

    assert_non_null(call);
    *call = (struct call){
        .ops = &ops,
        .sender = strdup(sender),
        .uid = uid,
        .path = strdup(stage.seen.path),
        .interface = strdup(""),
        .member = strdup("Call"),
        .signature = strdup(""),
        .arguments = value_body(),
    };
    pk_correlation_new(call->id);
    stage.asked++;
    return call;
}

static int memory_file(const char *text)
{
    int fd = memfd_create("secret", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

static struct call *next_call(const char *sender)
{
    struct call *call = call_from(0, sender);

    assert_non_null(value_add_array(&call->arguments, "{sv}"));
    return call;
}

/* The answer is looked for until nothing happens any more. */
static void send_next(struct call *call)
{
    forget_answer();
    conversation_next(&stage.daemon, call);
    settle();
}

void next_by(const char *sender, const char *text)
{
    struct call *call = next_call(sender);

    if (text)
        value_dict_text(&call->arguments.items[0], "text", text);
    send_next(call);
}

void next_at(const char *path, const char *sender)
{
    copy(stage.seen.path, sizeof(stage.seen.path), path);
    next_by(sender, NULL);
}

void next(const char *text)
{
    next_by(SENDER, text);
}

void next_secret(const char *text)
{
    struct call *call = next_call(SENDER);
    struct value *entry = value_add(&call->arguments.items[0], 'e');

    value_add_text(entry, 's', "secret");
    value_add_fd(value_add(entry, 'v'), memory_file(text));
    send_next(call);
}

void cancel(void)
{
    conversation_cancel(&stage.daemon, call_from(0, SENDER));
}

void skip_by(const char *sender)
{
    conversation_skip(&stage.daemon, call_from(0, sender));
    settle();
}

void talk_to(const char *path)
{
    (void)snprintf(stage.seen.path, sizeof(stage.seen.path), "%s", path);
}

bool is_waiting(void)
{
    return stage.seen.count < stage.asked;
}

/* --- coming and going ------------------------------------------------------------------------- */

void configure_daemon(const char *text)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/passkeyd.conf", stage.folder);
    PK_AUTO_FREE char *why = NULL;

    text = text ? text : config_text;
    scratch_write(stage.folder, "passkeyd.conf", text, strlen(text));
    if (stage.daemon.config)
        config_free(stage.daemon.config);
    stage.daemon.config = NULL;
    if (config_load(path, &stage.daemon.config, &why) != PK_OK)
        fail_msg("%s", why);
}

struct store_verbs *store_verbs(void)
{
    stage.own_verbs = *stage.verbs;
    stage.daemon.store->verbs = &stage.own_verbs;
    return &stage.own_verbs;
}

struct store_verbs *store_base_verbs(void)
{
    if (stage.verbs != &stage.base_verbs)
        stage.base_verbs = *stage.verbs;
    stage.verbs = stage.daemon.store->verbs = &stage.base_verbs;
    return &stage.base_verbs;
}

int bare_daemon_set_up(void **state)
{
    const char *why = NULL;

    (void)state;
    (void)memset(&stage, 0, sizeof(stage));
    scratch_new(stage.folder);
    if (store_sqlite_open(stage.folder, &stage.daemon.store, &why) != PK_OK)
        fail_msg("%s", why);
    stage.verbs = stage.daemon.store->verbs;
    configure_daemon(NULL);
    set_account("root", 0);
    set_account("alice", ALICE);
    set_account("bob", BOB);
    (void)memset(stage.decoy_key, 7, sizeof(stage.decoy_key));
    stage.daemon.decoy_key = stage.decoy_key;
    stage.daemon.base = event_base_new();
    stage.daemon.jobs = jobs_new(stage.daemon.base);
    assert_non_null(stage.daemon.jobs);
    stage.daemon.ceremonies = ceremonies_new();
    stage.daemon.password_checks = password_checks_new();
    stage.daemon.conversations = conversations_new(&stage.daemon);
    stage.daemon.links = links_new(stage.daemon.base);
    assert_non_null(stage.daemon.base);
    assert_non_null(stage.daemon.links);
    assert_non_null(stage.daemon.ceremonies);
    assert_non_null(stage.daemon.password_checks);
    assert_non_null(stage.daemon.conversations);
    return 0;
}

int bare_daemon_tear_down(void **state)
{
    (void)state;
    conversations_free(stage.daemon.conversations);
    links_free(stage.daemon.links);
    requests_vanished(NULL);
    assert_true(jobs_free(stage.daemon.jobs, JOBS_STOP_SECONDS));
    ceremonies_free(stage.daemon.ceremonies);
    password_checks_free(stage.daemon.password_checks);
    event_base_free(stage.daemon.base);
    config_free(stage.daemon.config);
    stage.daemon.store->verbs = stage.verbs;
    stage.verbs->close(stage.daemon.store);
    scratch_remove(stage.folder);
    forget_answer();
    log_forget();
    for (size_t i = 0; i < stage.account_count; i++)
        free(stage.accounts[i].pw_name);
    return 0;
}
