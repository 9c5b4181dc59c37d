/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One server's passkeys, followed by RFC 4533 (refreshAndPersist) for as long as it answers.
 *
 * libldap's own ldap_sync_…() does not tell whether what ended was a refresh that names all that is
 * there, and so is not used. Whether the server is still there is asked by a search beside it,
 * whose answer says that the cache was as the server when it was sent.
 */
#include "store/ldap/cookie.h"
#include "store/ldap/ldap_private.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "store/ldap/search.h"

#include <lber.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX   256
#define COOKIE_MAX  8192
#define PROBES      3    /* in the time that the cache may be old */
#define POLL_MAX_MS 1000 /* the thread looks at least so often whether the store ends */
#define REFRESH_MS  30000
#define UNUSED_MAX  16 /* lines of the log about entries that are not used, in so long: */
#define UNUSED_MS   60000
#define PAY_MS      15000 /* removals that other servers were away for are tried so often */

/* RFC 4533 section 2 */
enum {
    TAG_NEW_COOKIE = 0x80,
    TAG_REFRESH_DELETE = 0xa1,
    TAG_REFRESH_PRESENT = 0xa2,
    TAG_ID_SET = 0xa3,
};

struct session {
    struct ldap_store *store;
    struct ldap_link *link;
    struct ldap_link lookups; /* see look_up() */
    bool lookups_fail;
    int search; /* message ids; -1: none */
    int probe;
    int64_t begun;       /* when the search was sent */
    int64_t probe_sent;  /* monotonic ms */
    int64_t mappings;    /* when they were read */
    int64_t paid;        /* when other servers were told what they missed */
    bool refreshed;      /* the refresh is over */
    bool presents;       /* it has named all that is there */
    bool cookie_changed; /* and is to be kept */
    char *cookie;
    int64_t unused_since; /* see say_unused() */
    size_t unused;
    int64_t generation;
    struct directory_change batch[BATCH_MAX];
    struct credential credentials[BATCH_MAX];
    struct pk_bytes keys[BATCH_MAX];
    size_t count;
};

static void batch_clear(struct session *s)
{
    for (size_t i = 0; i < s->count; i++) {
        credential_clear(&s->credentials[i]);
        pk_bytes_clear(&s->keys[i]);
    }
    s->count = 0;
}

/* A cookie is kept once all that was before it is written, and of a refresh only its end. */
static enum pk_status flush(struct session *s)
{
    bool keep = s->refreshed && s->cookie_changed;
    const struct directory_changes changes = {.source = DIRECTORY_ENTRIES,
                                              .generation = s->generation,
                                              .items = s->batch,
                                              .count = s->count,
                                              .cookie = keep ? s->cookie : NULL};
    enum pk_status status = PK_OK;

    if (s->count > 0 || keep)
        status = ldap_sync_apply(s->store, &changes);
    if (keep && status == PK_OK)
        s->cookie_changed = false;
    batch_clear(s);
    return status;
}

/* Takes the credential over. */
static enum pk_status batch_add(struct session *s, enum directory_kind kind, struct pk_view key,
                                struct credential *credential)
{
    struct directory_change *change = &s->batch[s->count];
    enum pk_status status = pk_bytes_copy(key, &s->keys[s->count]);

    if (status != PK_OK)
        return status;
    s->credentials[s->count] = *credential;
    *credential = (struct credential){.account.uid = PK_NO_UID}; /* moved */
    *change = (struct directory_change){.kind = kind,
                                        .key = pk_view_of(&s->keys[s->count]),
                                        .credential = &s->credentials[s->count]};
    s->count++;
    return s->count == BATCH_MAX ? flush(s) : PK_OK;
}

/* --- what the server says of its state -------------------------------------------------------- */

static enum pk_status malformed(struct session *s)
{
    (void)snprintf(s->link->words, sizeof(s->link->words), "%s: what it sends is not RFC 4533's",
                   s->link->uri);
    return PK_PROTOCOL;
}

static struct pk_view view_of(const struct berval *value)
{
    return (struct pk_view){(const uint8_t *)value->bv_val, value->bv_len};
}

static enum pk_status take_cookie(struct session *s, const struct berval *value)
{
    char *merged = NULL;
    enum pk_status status;

    if (!value->bv_val || value->bv_len == 0)
        return PK_OK;
    if (value->bv_len > COOKIE_MAX)
        return malformed(s);
    status = ldap_cookie_merge(s->cookie, view_of(value), &merged);
    if (status != PK_OK)
        return status == PK_INVALID_INPUT ? malformed(s) : status;
    free(s->cookie);
    s->cookie = merged;
    s->cookie_changed = true;
    return PK_OK;
}

static void close_lookups(struct session *s)
{
    (void)pthread_mutex_lock(&s->store->lock);
    s->store->lookups = NULL;
    (void)pthread_mutex_unlock(&s->store->lock);
    ldap_link_close(&s->lookups);
}

/* The refresh is over: what it should have named and did not is not there any more. */
static enum pk_status end_refresh(struct session *s)
{
    enum pk_status status;

    s->refreshed = true;
    close_lookups(s);
    status = flush(s);
    if (status == PK_OK && s->presents)
        status = ldap_sync_sweep(s->store, DIRECTORY_ENTRIES, s->generation);
    if (status == PK_OK)
        ldap_sync_fresh(s->store, s->begun);
    return status;
}

/* refreshDelete and refreshPresent: a phase is over, and with it mostly the refresh. */
static enum pk_status take_phase(struct session *s, BerElement *ber, ber_tag_t tag)
{
    struct berval cookie = {0};
    ber_int_t done = 1;
    ber_len_t len;
    enum pk_status status;

    if (ber_scanf(ber, "{") == LBER_ERROR)
        return malformed(s);
    if (ber_peek_tag(ber, &len) == LBER_OCTETSTRING && ber_scanf(ber, "m", &cookie) == LBER_ERROR)
        return malformed(s);
    if (ber_peek_tag(ber, &len) == LBER_BOOLEAN && ber_scanf(ber, "b", &done) == LBER_ERROR)
        return malformed(s);
    if (tag == TAG_REFRESH_PRESENT)
        s->presents = true;
    status = take_cookie(s, &cookie);
    return status == PK_OK && done && !s->refreshed ? end_refresh(s) : status;
}

static enum pk_status take_id_set(struct session *s, BerElement *ber)
{
    struct berval cookie = {0};
    BerVarray uuids = NULL;
    ber_int_t deleted = 0;
    ber_len_t len;
    enum pk_status status;

    if (ber_scanf(ber, "{") == LBER_ERROR)
        return malformed(s);
    if (ber_peek_tag(ber, &len) == LBER_OCTETSTRING && ber_scanf(ber, "m", &cookie) == LBER_ERROR)
        return malformed(s);
    if (ber_peek_tag(ber, &len) == LBER_BOOLEAN && ber_scanf(ber, "b", &deleted) == LBER_ERROR)
        return malformed(s);
    if (ber_scanf(ber, "[W]", &uuids) == LBER_ERROR)
        return malformed(s);
    status = take_cookie(s, &cookie);
    for (size_t i = 0; uuids && uuids[i].bv_val && status == PK_OK; i++) {
        AUTO_CREDENTIAL struct credential nothing = {.account.uid = PK_NO_UID};

        status = uuids[i].bv_len != ENTRY_UUID_SIZE
                     ? malformed(s)
                     : batch_add(s, deleted ? DIRECTORY_LACKS : DIRECTORY_KEEPS, view_of(&uuids[i]),
                                 &nothing);
    }
    ber_bvarray_free(uuids);
    return status;
}

static enum pk_status take_info(struct session *s, struct berval *value)
{
    BerElement *ber = ber_init(value);
    struct berval cookie = {0};
    enum pk_status status = PK_OK;
    ber_len_t len;
    ber_tag_t tag;

    if (!ber)
        return PK_NO_MEMORY;
    tag = ber_peek_tag(ber, &len);
    if (tag == TAG_NEW_COOKIE)
        status =
            ber_scanf(ber, "m", &cookie) == LBER_ERROR ? malformed(s) : take_cookie(s, &cookie);
    else if (tag == TAG_REFRESH_DELETE || tag == TAG_REFRESH_PRESENT)
        status = take_phase(s, ber, tag);
    else if (tag == TAG_ID_SET)
        status = take_id_set(s, ber);
    else
        status = malformed(s);
    ber_free(ber, 1);
    return status;
}

static enum pk_status take_intermediate(struct session *s, LDAPMessage *message)
{
    struct berval *value = NULL;
    char *oid = NULL;
    int code = ldap_parse_intermediate(s->link->ld, message, &oid, &value, NULL, 0);
    enum pk_status status = ldap_link_status(s->link, code, "to follow it");

    if (status == PK_OK && oid && value && strcmp(oid, LDAP_SYNC_INFO) == 0)
        status = take_info(s, value);
    ldap_memfree(oid);
    ber_bvfree(value);
    return status;
}

/* --- entries ---------------------------------------------------------------------------------- */

struct state {
    int kind; /* LDAP_SYNC_ADD… */
    uint8_t uuid[ENTRY_UUID_SIZE];
};

static enum pk_status read_state(struct session *s, struct berval *value, struct state *ret)
{
    BerElement *ber = ber_init(value);
    struct berval uuid = {0}, cookie = {0};
    enum pk_status status = PK_OK;
    ber_len_t len;
    ber_int_t kind = -1;

    if (!ber)
        return PK_NO_MEMORY;
    if (ber_scanf(ber, "{em", &kind, &uuid) == LBER_ERROR || uuid.bv_len != ENTRY_UUID_SIZE)
        status = malformed(s);
    else if (ber_peek_tag(ber, &len) == LBER_OCTETSTRING)
        status =
            ber_scanf(ber, "m", &cookie) == LBER_ERROR ? malformed(s) : take_cookie(s, &cookie);
    if (status == PK_OK) {
        ret->kind = (int)kind;
        memcpy(ret->uuid, uuid.bv_val, sizeof(ret->uuid));
    }
    ber_free(ber, 1);
    return status;
}

static enum pk_status find_state(struct session *s, LDAPMessage *message, struct state *ret)
{
    LDAPControl **controls = NULL;
    LDAPControl *control = NULL;
    enum pk_status status;

    (void)ldap_get_entry_controls(s->link->ld, message, &controls);
    if (controls)
        control = ldap_control_find(LDAP_CONTROL_SYNC_STATE, controls, NULL);
    status = control ? read_state(s, &control->ldctl_value, ret) : malformed(s);
    ldap_controls_free(controls);
    return status;
}

static bool open_lookups(struct session *s)
{
    if (s->lookups.ld || s->lookups_fail)
        return !s->lookups_fail;
    s->lookups_fail = ldap_link_open(&s->lookups, s->store->guard, s->store->config, s->link->uri,
                                     pk_clock_monotonic_ms() + LDAP_CALL_MS) != PK_OK;
    if (s->lookups_fail) {
        pk_log(LOG_NOTICE, "%s: a second connection is not to be had", s->link->uri);
        ldap_link_close(&s->lookups);
        return false;
    }
    (void)pthread_mutex_lock(&s->store->lock);
    s->store->lookups = &s->lookups;
    (void)pthread_mutex_unlock(&s->store->lock);
    return true;
}

/*
 * Whose a passkey is: of a refresh by a connection of its own. Whoever waits for one answer is
 * given all that comes before it, and libldap keeps it: by the connection that the refresh comes
 * by, that would be the whole directory. That a passkey serves nobody is believed of the server
 * alone that is followed; the name may be that of several.
 */
static enum pk_status look_up(struct session *s, LDAPMessage *message, struct credential *ret,
                              const char **ret_why)
{
    enum pk_status status = PK_NOT_FOUND;

    if (!s->refreshed && open_lookups(s)) {
        ldap_link_until(&s->lookups, pk_clock_monotonic_ms() + LDAP_CALL_MS);
        status = ldap_passkey_read(&s->lookups, s->store->config, message, ret, ret_why);
        ldap_link_until(&s->lookups, INT64_MAX);
        if (status != PK_OK && status != PK_NOT_FOUND)
            (void)snprintf(s->link->words, sizeof(s->link->words), "%s", s->lookups.words);
    }
    if (status != PK_NOT_FOUND)
        return status;
    ldap_link_until(s->link, pk_clock_monotonic_ms() + LDAP_CALL_MS);
    status = ldap_passkey_read(s->link, s->store->config, message, ret, ret_why);
    ldap_link_until(s->link, INT64_MAX); /* until keep_up() */
    return status;
}

/* Accounts add what they like, as often as they like. */
static void say_unused(struct session *s, LDAPMessage *message, const char *why)
{
    int64_t now = pk_clock_monotonic_ms();
    char *dn;

    if (now - s->unused_since >= UNUSED_MS) {
        s->unused_since = now;
        s->unused = 0;
    }
    if (s->unused++ == UNUSED_MAX)
        pk_log(LOG_WARNING, "more passkeys are not used; passkeyctl directory check names them");
    if (s->unused > UNUSED_MAX)
        return;
    dn = ldap_get_dn(s->link->ld, message);
    pk_log(LOG_WARNING, "%s: not used: %s", dn ? dn : "a passkey", why);
    ldap_memfree(dn);
}

/* One that serves nobody is as one that is not there. */
static enum pk_status take_passkey(struct session *s, LDAPMessage *message, struct pk_view key)
{
    AUTO_CREDENTIAL struct credential credential = {.account.uid = PK_NO_UID};
    const char *why = NULL;
    enum pk_status status = look_up(s, message, &credential, &why);

    if (status == PK_OK)
        return batch_add(s, DIRECTORY_HAS, key, &credential);
    if (status == PK_NOT_FOUND) {
        say_unused(s, message, why);
        status = batch_add(s, DIRECTORY_LACKS, key, &credential);
    }
    return status;
}

/* A cookie that comes with an entry is in order with it, because both are written together. */
static enum pk_status take_entry(struct session *s, LDAPMessage *message)
{
    AUTO_CREDENTIAL struct credential nothing = {.account.uid = PK_NO_UID};
    struct state state;
    enum pk_status status = find_state(s, message, &state);
    const struct pk_view key = {state.uuid, sizeof(state.uuid)};

    if (status != PK_OK)
        return status;
    switch (state.kind) {
    case LDAP_SYNC_PRESENT:
        return batch_add(s, DIRECTORY_KEEPS, key, &nothing);
    case LDAP_SYNC_DELETE:
        return batch_add(s, DIRECTORY_LACKS, key, &nothing);
    case LDAP_SYNC_ADD:
    case LDAP_SYNC_MODIFY:
        return take_passkey(s, message, key);
    default:
        return malformed(s);
    }
}

/* --- the session ------------------------------------------------------------------------------ */

static enum pk_status send_search(struct session *s)
{
    struct berval cookie = {s->cookie ? strlen(s->cookie) : 0, s->cookie};
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    char *attributes[ENTRY_VALUES_MAX] = {0};
    LDAPControl control = {.ldctl_oid = (char *)(uintptr_t)LDAP_CONTROL_SYNC,
                           .ldctl_iscritical = 1};
    LDAPControl *controls[] = {&control, NULL};
    enum pk_status status;
    int code;

    if (!ber)
        return PK_NO_MEMORY;
    for (size_t i = 0; entry_attributes[i]; i++)
        attributes[i] = (char *)(uintptr_t)entry_attributes[i];
    code = s->cookie ? ber_printf(ber, "{eOb}", LDAP_SYNC_REFRESH_AND_PERSIST, &cookie, 0)
                     : ber_printf(ber, "{eb}", LDAP_SYNC_REFRESH_AND_PERSIST, 0);
    if (code < 0 || ber_flatten2(ber, &control.ldctl_value, 0) < 0) {
        ber_free(ber, 1);
        return PK_NO_MEMORY;
    }
    s->begun = pk_clock_monotonic_ms();
    code = ldap_search_ext(s->link->ld, s->store->config->passkeys, LDAP_SCOPE_ONELEVEL,
                           "(objectClass=pkCredential)", attributes, 0, controls, NULL, NULL,
                           LDAP_NO_LIMIT, &s->search);
    status = ldap_link_status(s->link, code, "to follow it");
    ber_free(ber, 1);
    /* Without a cookie the server names everything. */
    s->presents = !s->cookie;
    return status;
}

static enum pk_status send_probe(struct session *s)
{
    char *attributes[] = {(char *)(uintptr_t)LDAP_NO_ATTRS, NULL};

    s->probe_sent = pk_clock_monotonic_ms();
    return ldap_link_status(s->link,
                            ldap_search_ext(s->link->ld, s->store->config->passkeys,
                                            LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0, NULL,
                                            NULL, NULL, LDAP_NO_LIMIT, &s->probe),
                            "to ask whether it is there");
}

/* The server ends the search: it does not know this way, wants to begin anew, or goes away. */
static enum pk_status search_ended(struct session *s, LDAPMessage *message)
{
    int code = LDAP_OTHER;

    (void)ldap_parse_result(s->link->ld, message, &code, NULL, NULL, NULL, NULL, 0);
    if (code == LDAP_SYNC_REFRESH_REQUIRED) {
        enum pk_status status = directory_put(s->store->cache, DIRECTORY_COOKIE, "");

        if (status != PK_OK)
            return status;
    }
    return ldap_link_status(s->link, code == LDAP_SUCCESS ? LDAP_SERVER_DOWN : code,
                            "to follow it");
}

static enum pk_status take(struct session *s, LDAPMessage *message)
{
    int type = ldap_msgtype(message), id = ldap_msgid(message);

    if (id == s->probe && type == LDAP_RES_SEARCH_RESULT) {
        s->probe = -1;
        if (s->refreshed)
            ldap_sync_fresh(s->store, s->probe_sent);
        return PK_OK;
    }
    if (id != s->search)
        return PK_OK;
    switch (type) {
    case LDAP_RES_SEARCH_ENTRY:
        return take_entry(s, message);
    case LDAP_RES_INTERMEDIATE:
        return take_intermediate(s, message);
    case LDAP_RES_SEARCH_RESULT:
        return search_ended(s, message);
    default:
        return PK_OK;
    }
}

static int64_t probe_interval(const struct session *s)
{
    return (int64_t)s->store->config->refresh_seconds * 1000 / PROBES;
}

/* One message, waited for so long at most. PK_NOT_FOUND: none came. */
static enum pk_status receive(struct session *s, int64_t wait_ms)
{
    struct timeval limit = {.tv_sec = (time_t)(wait_ms / 1000),
                            .tv_usec = (suseconds_t)(wait_ms % 1000) * 1000};
    AUTO_LDAP_MESSAGE LDAPMessage *message = NULL;
    int type = ldap_result(s->link->ld, LDAP_RES_ANY, LDAP_MSG_ONE, &limit, &message);
    int code = LDAP_SERVER_DOWN;

    if (type == 0)
        return PK_NOT_FOUND;
    if (type < 0) {
        (void)ldap_get_option(s->link->ld, LDAP_OPT_RESULT_CODE, &code);
        return ldap_link_status(s->link, code == LDAP_SUCCESS ? LDAP_SERVER_DOWN : code,
                                "to follow it");
    }
    return take(s, message);
}

/* What is due by the clock. */
static enum pk_status keep_up(struct session *s)
{
    int64_t now = pk_clock_monotonic_ms();
    enum pk_status status = PK_OK;

    if (!s->refreshed)
        return PK_OK;
    if (s->probe < 0 && now - s->paid >= PAY_MS) {
        s->paid = now;
        ldap_sync_pay_others(s->store);
    }
    if (s->store->config->mapping && now - s->mappings >= probe_interval(s)) {
        s->mappings = now;
        ldap_link_until(s->link, now + REFRESH_MS);
        status = ldap_poll_mappings(s->store, s->link);
    }
    if (status == PK_OK && s->probe < 0 && now - s->probe_sent >= probe_interval(s))
        status = send_probe(s);
    ldap_link_until(s->link, s->probe < 0 ? INT64_MAX : s->probe_sent + LDAP_CALL_MS);
    return status;
}

static enum pk_status follow(struct session *s)
{
    int64_t wait_ms = probe_interval(s) / 2;
    enum pk_status status = send_search(s);

    if (wait_ms > POLL_MAX_MS)
        wait_ms = POLL_MAX_MS;
    while (status == PK_OK && !ldap_sync_ending(s->store)) {
        if (!s->refreshed)
            ldap_link_until(s->link, pk_clock_monotonic_ms() + REFRESH_MS);
        /* What came together is written together. */
        status = receive(s, 0);
        if (status == PK_OK)
            continue;
        if (status == PK_NOT_FOUND)
            status = s->refreshed ? flush(s) : PK_OK;
        if (status == PK_OK)
            status = keep_up(s);
        if (status == PK_OK)
            status = receive(s, wait_ms);
        if (status == PK_NOT_FOUND)
            status = PK_OK;
    }
    return status;
}

enum pk_status ldap_follow(struct ldap_store *store, struct ldap_link *link)
{
    struct session *s = calloc(1, sizeof(*s));
    enum pk_status status =
        s ? directory_get(store->cache, DIRECTORY_COOKIE, &s->cookie) : PK_NO_MEMORY;

    if (!s)
        return status;
    s->store = store;
    s->link = link;
    s->search = s->probe = -1;
    if (status == PK_OK && !*s->cookie)
        free(pk_steal(s->cookie));
    if (status == PK_OK || status == PK_NOT_FOUND)
        status = directory_begin(store->cache, &s->generation);
    if (status == PK_OK)
        status = follow(s);
    close_lookups(s);
    batch_clear(s);
    free(s->cookie);
    free(s);
    return status;
}
