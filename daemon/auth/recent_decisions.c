/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/recent_decisions.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/store/store.h"

#include <string.h>
#include <sys/queue.h>

#define KEPT (DECISIONS_APPROVED + DECISIONS_REFUSED)

struct entry {
    int64_t when; /* 0: there is none */
    bool approved, enrollment;
    uid_t uid; /* of an approval */
    unsigned times;
    uint64_t order;
    json_t *context;
    char *passkey; /* its name; NULL: none was used */
    struct pk_bytes credential_id;
};

struct person {
    TAILQ_ENTRY(person) entry; /* the one that was decided about last is the first */
    char *rp, *name;
    struct entry approved[DECISIONS_APPROVED];
    struct entry refused[DECISIONS_REFUSED];
    bool has_approvals;
};

struct recent_decisions {
    TAILQ_HEAD(people, person) people;
    size_t count;
    uint64_t order;
};

struct recent_decisions *recent_decisions_new(void)
{
    struct recent_decisions *recent = calloc(1, sizeof(*recent));

    if (recent)
        TAILQ_INIT(&recent->people);
    return recent;
}

static void entry_clear(struct entry *entry)
{
    json_decref(entry->context);
    free(entry->passkey);
    pk_bytes_clear(&entry->credential_id);
    *entry = (struct entry){0};
}

static void person_free(struct person *person)
{
    for (size_t i = 0; i < DECISIONS_APPROVED; i++)
        entry_clear(&person->approved[i]);
    for (size_t i = 0; i < DECISIONS_REFUSED; i++)
        entry_clear(&person->refused[i]);
    free(person->rp);
    free(person->name);
    free(person);
}

static void forget(struct recent_decisions *recent, struct person *person)
{
    TAILQ_REMOVE(&recent->people, person, entry);
    recent->count--;
    person_free(person);
}

void recent_decisions_free(struct recent_decisions *recent)
{
    while (!TAILQ_EMPTY(&recent->people))
        forget(recent, TAILQ_FIRST(&recent->people));
    free(recent);
}

/* --- adding one ------------------------------------------------------------------------------- */

static struct person *find(const struct recent_decisions *recent, const char *rp, const char *name)
{
    struct person *person;

    TAILQ_FOREACH(person, &recent->people, entry)
    if (strcmp(person->rp, rp) == 0 && strcmp(person->name, name) == 0)
        return person;
    return NULL;
}

/* Names that nobody has are asked for by strangers: these go first. */
static void make_room(struct recent_decisions *recent)
{
    struct person *person;

    if (recent->count < DECISIONS_ACCOUNTS)
        return;
    TAILQ_FOREACH_REVERSE(person, &recent->people, people, entry)
    if (!person->has_approvals) {
        forget(recent, person);
        return;
    }
    forget(recent, TAILQ_LAST(&recent->people, people));
}

static struct person *person_of(struct recent_decisions *recent, const struct decision *decision)
{
    struct person *person = find(recent, decision->rp, decision->user);

    if (person) {
        TAILQ_REMOVE(&recent->people, person, entry);
        TAILQ_INSERT_HEAD(&recent->people, person, entry);
        return person;
    }
    person = calloc(1, sizeof(*person));
    if (!person)
        return NULL;
    person->rp = strdup(decision->rp);
    person->name = strdup(decision->user);
    if (!person->rp || !person->name) {
        person_free(person);
        return NULL;
    }
    make_room(recent);
    TAILQ_INSERT_HEAD(&recent->people, person, entry);
    recent->count++;
    return person;
}

/* Of what the challenge is bound to, what says where it was asked, and not too much of it. */
static json_t *shorten(const char *json)
{
    static const char *const kept[] = {"service", "command", "rhost", "tty"};
    json_t *whole = json && *json ? json_loads(json, 0, NULL) : NULL;
    json_t *context = json_object();

    for (size_t i = 0; context && i < sizeof(kept) / sizeof(kept[0]); i++) {
        const char *text = json_string_value(json_object_get(whole, kept[i]));
        PK_AUTO_FREE char *shown = text ? pk_text_printable(text, DECISIONS_TEXT_MAX) : NULL;

        if (shown && *shown)
            (void)json_object_set_new(context, kept[i], json_string(shown));
    }
    json_decref(whole);
    return context;
}

static struct entry *oldest(struct entry *entries, size_t count)
{
    struct entry *found = entries;

    for (size_t i = 1; i < count; i++)
        if (entries[i].order < found->order)
            found = &entries[i];
    return found;
}

/* The refusal of that kind from that place, or the oldest one. */
static struct entry *refusal_of(struct person *person, const json_t *context, bool enrollment)
{
    for (size_t i = 0; i < DECISIONS_REFUSED; i++) {
        struct entry *entry = &person->refused[i];

        if (entry->when && entry->enrollment == enrollment && json_equal(entry->context, context))
            return entry;
    }
    return oldest(person->refused, DECISIONS_REFUSED);
}

static void set_passkey(struct entry *entry, const struct credential *credential)
{
    if (!credential)
        return;
    entry->passkey = strdup(credential->name);
    if (pk_bytes_copy(pk_view_of(&credential->record.id), &entry->credential_id))
        entry->credential_id = (struct pk_bytes){0};
}

void recent_decisions_add(struct recent_decisions *recent, const struct decision *decision,
                          int64_t now)
{
    const struct approval *approval = decision->approval;
    const bool enrollment = decision->ceremony == PK_REGISTRATION;
    struct person *person = *decision->user ? person_of(recent, decision) : NULL;
    json_t *context = person ? shorten(decision->context) : NULL;
    struct entry *entry;
    unsigned times = 1;

    if (!context)
        return;
    entry = approval ? oldest(person->approved, DECISIONS_APPROVED)
                     : refusal_of(person, context, enrollment);
    if (!approval && entry->when && entry->enrollment == enrollment &&
        json_equal(entry->context, context))
        times = entry->times < UINT32_MAX ? entry->times + 1 : entry->times;
    entry_clear(entry);
    *entry = (struct entry){.when = now,
                            .approved = approval != NULL,
                            .enrollment = enrollment,
                            .uid = approval ? approval_account(approval)->uid : PK_NO_UID,
                            .times = times,
                            .order = ++recent->order,
                            .context = context};
    if (!approval)
        return;
    person->has_approvals = true;
    set_passkey(entry, approval_credential(approval));
}

/* --- showing them ----------------------------------------------------------------------------- */

static int latest_first(const void *a, const void *b)
{
    const struct entry *const *left = a, *const *right = b;

    return (*left)->order < (*right)->order ? 1 : -1;
}

static json_t *entry_json(const struct entry *entry)
{
    return json_pack("{s:I, s:b, s:b, s:i, s:O, s:s*}", "when", (json_int_t)entry->when, "accepted",
                     entry->approved, "enrollment", entry->enrollment, "times", (int)entry->times,
                     "context", entry->context, "passkey", entry->passkey);
}

/* All refusals that are kept, and as many approvals as there is room for. */
static size_t choose(const struct person *person, uid_t uid, const struct entry **ret)
{
    size_t count = 0, refused = 0;

    for (size_t i = 0; i < DECISIONS_REFUSED; i++)
        if (person->refused[i].when)
            ret[refused++] = &person->refused[i];
    for (size_t i = 0; i < DECISIONS_APPROVED; i++)
        if (person->approved[i].when && person->approved[i].uid == uid)
            ret[refused + count++] = &person->approved[i];
    qsort(ret + refused, count, sizeof(*ret), latest_first);
    count = refused + count > DECISIONS_SHOWN ? DECISIONS_SHOWN : refused + count;
    qsort(ret, count, sizeof(*ret), latest_first);
    return count;
}

json_t *recent_decisions_json(const struct recent_decisions *recent, const struct account *account)
{
    const struct person *person = find(recent, account->rp, account->name);
    const struct entry *chosen[KEPT];
    size_t count = person ? choose(person, account->uid, chosen) : 0;
    json_t *list = json_array();

    for (size_t i = 0; list && i < count; i++) {
        if (json_array_append_new(list, entry_json(chosen[i])) == 0)
            continue;
        json_decref(list);
        list = NULL;
    }
    return list;
}

const json_t *recent_decisions_place(const struct recent_decisions *recent,
                                     const struct account *account, struct pk_view credential_id)
{
    const struct person *person = find(recent, account->rp, account->name);
    const struct entry *found = NULL;

    for (size_t i = 0; person && i < DECISIONS_APPROVED; i++) {
        const struct entry *entry = &person->approved[i];

        if (entry->when && !entry->enrollment && entry->uid == account->uid &&
            pk_view_equal(pk_view_of(&entry->credential_id), credential_id) &&
            (!found || entry->order > found->order))
            found = entry;
    }
    return found ? found->context : NULL;
}
