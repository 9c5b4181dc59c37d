/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/recent_decisions.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "store/store.h"

#include <string.h>
#include <sys/queue.h>

#define KEPT (DECISIONS_APPROVED + DECISIONS_REFUSED)

#define ORDERS_PER_SECOND 1048576

struct entry {
    int64_t order; /* its id in the store; 0: there is none */
    int64_t when;
    bool approved, enrollment;
    uid_t uid; /* of an approval */
    unsigned times;
    json_t *context;
    char *passkey; /* its name; NULL: none was used */
    struct pk_bytes credential_id;
    int64_t taken; /* the order under which the store has it or gets it; 0: it does not */
    unsigned taken_times;
};

struct person {
    TAILQ_ENTRY(person) entry; /* the one that was decided about last is the first */
    char *rp, *name;
    struct entry entries[KEPT]; /* approvals first */
    bool known;                 /* an account that has a passkey has the name */
};

struct recent_decisions {
    TAILQ_HEAD(people, person) people;
    size_t count;
    int64_t order;
    bool shared;
};

struct shown_decisions {
    struct person person;
    uid_t uid;
};

struct recent_decisions *recent_decisions_new(int64_t last, bool shared)
{
    struct recent_decisions *recent = calloc(1, sizeof(*recent));

    if (!recent)
        return NULL;
    TAILQ_INIT(&recent->people);
    recent->order = last;
    recent->shared = shared;
    return recent;
}

/* --- a person's entries ----------------------------------------------------------------------- */

static void entry_clear(struct entry *entry)
{
    json_decref(entry->context);
    free(entry->passkey);
    pk_bytes_clear(&entry->credential_id);
    *entry = (struct entry){0};
}

static void person_clear(struct person *person)
{
    for (size_t i = 0; i < KEPT; i++)
        entry_clear(&person->entries[i]);
    free(person->rp);
    free(person->name);
    *person = (struct person){0};
}

static bool has_some(const struct person *person, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (person->entries[i].order)
            return true;
    return false;
}

static struct entry *same_refusal(struct person *person, const struct entry *refusal)
{
    for (size_t i = DECISIONS_APPROVED; i < KEPT; i++) {
        struct entry *entry = &person->entries[i];

        if (entry->order && entry->enrollment == refusal->enrollment &&
            json_equal(entry->context, refusal->context))
            return entry;
    }
    return NULL;
}

static struct entry *oldest(struct person *person, bool approved)
{
    const size_t end = approved ? DECISIONS_APPROVED : KEPT;
    struct entry *found = &person->entries[approved ? 0 : DECISIONS_APPROVED];

    for (struct entry *entry = found; entry < &person->entries[end]; entry++)
        if (entry->order < found->order)
            found = entry;
    return found;
}

static unsigned sum(unsigned a, unsigned b)
{
    return a < DECISIONS_TIMES_MAX - b ? a + b : DECISIONS_TIMES_MAX;
}

/* The entry, which is taken over, is later than what is there. */
static void put(struct person *person, struct entry *entry)
{
    struct entry *place = entry->approved ? NULL : same_refusal(person, entry);

    if (place) {
        entry->times = sum(entry->times, place->times);
        entry->taken = place->taken;
        entry->taken_times = place->taken_times;
    } else {
        place = oldest(person, entry->approved);
    }
    entry_clear(place);
    *place = *entry;
    *entry = (struct entry){0};
}

/* --- people ----------------------------------------------------------------------------------- */

static void forget(struct recent_decisions *recent, struct person *person)
{
    TAILQ_REMOVE(&recent->people, person, entry);
    recent->count--;
    person_clear(person);
    free(person);
}

void recent_decisions_free(struct recent_decisions *recent)
{
    while (!TAILQ_EMPTY(&recent->people))
        forget(recent, TAILQ_FIRST(&recent->people));
    free(recent);
}

static struct person *find(const struct recent_decisions *recent, const char *rp, const char *name)
{
    struct person *person;

    TAILQ_FOREACH(person, &recent->people, entry)
    if (strcmp(person->rp, rp) == 0 && strcmp(person->name, name) == 0)
        return person;
    return NULL;
}

static bool is_known(const struct person *person)
{
    return person->known || has_some(person, DECISIONS_APPROVED);
}

size_t recent_decisions_unknown(const struct recent_decisions *recent)
{
    const struct person *person;
    size_t count = 0;

    TAILQ_FOREACH(person, &recent->people, entry)
    count += !is_known(person);
    return count;
}

/* Names that nobody has are asked for by strangers: these go first. */
static void make_room(struct recent_decisions *recent)
{
    struct person *person;

    if (recent->count < DECISIONS_ACCOUNTS)
        return;
    TAILQ_FOREACH_REVERSE(person, &recent->people, people, entry)
    if (!is_known(person)) {
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
        person_clear(person);
        free(person);
        return NULL;
    }
    make_room(recent);
    TAILQ_INSERT_HEAD(&recent->people, person, entry);
    recent->count++;
    return person;
}

/* --- adding one ------------------------------------------------------------------------------- */

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

static void set_passkey(struct entry *entry, const struct credential *credential)
{
    if (!credential)
        return;
    entry->passkey = strdup(credential->name);
    if (pk_bytes_copy(pk_view_of(&credential->record.id), &entry->credential_id))
        entry->credential_id = (struct pk_bytes){0};
}

/*
 * A later one's is higher. Hosts that share the store cannot count together: theirs begin with the
 * second, so that those of all hosts are in order, as far as their clocks agree.
 */
static int64_t next_order(const struct recent_decisions *recent, int64_t now)
{
    int64_t next = recent->order + 1, at_random;
    uint32_t chance;

    if (!recent->shared)
        return next;
    pk_random(&chance, sizeof(chance));
    at_random = now * ORDERS_PER_SECOND + chance % ORDERS_PER_SECOND;
    return at_random > next ? at_random : next;
}

void recent_decisions_add(struct recent_decisions *recent, const struct decision *decision,
                          int64_t now)
{
    const struct approval *approval = decision->approval;
    struct person *person = *decision->user ? person_of(recent, decision) : NULL;
    struct entry entry = {.order = next_order(recent, now),
                          .when = now,
                          .approved = approval != NULL,
                          .enrollment = decision->ceremony == PK_REGISTRATION,
                          .uid = approval ? approval_account(approval)->uid : PK_NO_UID,
                          .times = 1,
                          .context = person ? shorten(decision->context) : NULL};

    if (!entry.context)
        return;
    recent->order = entry.order;
    if (approval)
        set_passkey(&entry, approval_credential(approval));
    put(person, &entry);
}

/* --- to the store ----------------------------------------------------------------------------- */

static enum pk_status keep(const struct person *person, const struct entry *entry,
                           struct kept_decision *ret)
{
    enum pk_status status;

    *ret = (struct kept_decision){.id = entry->order,
                                  .uid = entry->uid,
                                  .made = entry->when,
                                  .approved = entry->approved,
                                  .enrollment = entry->enrollment,
                                  .times = entry->times,
                                  .context =
                                      json_dumps(entry->context, JSON_COMPACT | JSON_SORT_KEYS)};
    status = ret->context ? pk_text_copy(person->rp, &ret->rp) : PK_NO_MEMORY;
    if (status == PK_OK)
        status = pk_text_copy(person->name, &ret->name);
    if (status == PK_OK)
        status = pk_text_copy(entry->passkey, &ret->passkey);
    if (status == PK_OK)
        status = pk_bytes_copy(pk_view_of(&entry->credential_id), &ret->credential_id);
    return status;
}

static size_t wanted(const struct person *person, bool refusals, const struct entry *entry)
{
    return entry < &person->entries[refusals ? KEPT : DECISIONS_APPROVED] && entry->order;
}

static size_t count_wanted(const struct recent_decisions *recent, bool refusals)
{
    const struct person *person;
    size_t count = 0;

    TAILQ_FOREACH(person, &recent->people, entry)
    for (size_t i = 0; i < KEPT; i++)
        count += wanted(person, refusals, &person->entries[i]);
    return count;
}

static int earliest_first(const void *a, const void *b)
{
    const struct kept_decision *left = a, *right = b;

    return left->id < right->id ? -1 : 1;
}

enum pk_status recent_decisions_take(struct recent_decisions *recent, bool refusals,
                                     struct kept_decision_list *ret)
{
    AUTO_KEPT_DECISION_LIST struct kept_decision_list list = {0};
    enum pk_status status = PK_OK;
    struct person *person;

    list.items = calloc(count_wanted(recent, refusals) + 1, sizeof(*list.items));
    if (!list.items)
        return PK_NO_MEMORY;
    TAILQ_FOREACH(person, &recent->people, entry)
    for (size_t i = 0; i < KEPT && status == PK_OK; i++) {
        struct entry *entry = &person->entries[i];

        if (!wanted(person, refusals, entry))
            continue;
        status = keep(person, entry, &list.items[list.count++]);
        entry->taken = entry->order;
        entry->taken_times = entry->times;
    }
    if (status != PK_OK) {
        recent_decisions_settle(recent, &list, status);
        return status;
    }
    qsort(list.items, list.count, sizeof(*list.items), earliest_first);
    *ret = list;
    list = (struct kept_decision_list){0};
    return PK_OK;
}

static void settle(struct person *person, const struct kept_decision *kept, enum pk_status status)
{
    for (size_t i = 0; i < KEPT; i++) {
        struct entry *entry = &person->entries[i];

        if (!entry->order || entry->taken != kept->id)
            continue;
        entry->taken = 0;
        if (status != PK_OK || kept->fate == DECISION_LATER)
            return;
        entry->times -= entry->taken_times;
        if (entry->times == 0)
            entry_clear(entry);
        return;
    }
}

void recent_decisions_settle(struct recent_decisions *recent, const struct kept_decision_list *list,
                             enum pk_status status)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct kept_decision *kept = &list->items[i];
        struct person *person = kept->name ? find(recent, kept->rp, kept->name) : NULL;

        if (!person)
            continue;
        settle(person, kept, status);
        if (status == PK_OK)
            person->known = kept->fate != DECISION_NOBODY;
        if (!has_some(person, KEPT))
            forget(recent, person);
    }
}

/* --- showing them ----------------------------------------------------------------------------- */

static enum pk_status entry_copy(const struct entry *from, struct entry *ret)
{
    struct entry entry = *from;
    enum pk_status status;

    entry.context = json_incref(from->context);
    entry.passkey = NULL;
    entry.credential_id = (struct pk_bytes){0};
    status = pk_text_copy(from->passkey, &entry.passkey);
    if (status == PK_OK)
        status = pk_bytes_copy(pk_view_of(&from->credential_id), &entry.credential_id);
    if (status == PK_OK)
        *ret = entry;
    else
        entry_clear(&entry);
    return status;
}

struct shown_decisions *shown_decisions_new(const struct recent_decisions *recent,
                                            const struct account *account)
{
    const struct person *person = find(recent, account->rp, account->name);
    struct shown_decisions *shown = calloc(1, sizeof(*shown));

    if (!shown)
        return NULL;
    shown->uid = account->uid;
    for (size_t i = 0; person && i < KEPT; i++) {
        const struct entry *entry = &person->entries[i];

        if (!entry->order || (entry->approved && entry->uid != account->uid))
            continue;
        if (entry_copy(entry, &shown->person.entries[i]) != PK_OK) {
            shown_decisions_free(shown);
            return NULL;
        }
    }
    return shown;
}

void shown_decisions_free(struct shown_decisions *shown)
{
    person_clear(&shown->person);
    free(shown);
}

static enum pk_status read_stored(const struct kept_decision *kept, uid_t uid, struct person *ret)
{
    json_t *context = json_loads(kept->context, 0, NULL);
    struct entry entry = {.order = kept->id,
                          .when = kept->made,
                          .approved = kept->approved,
                          .enrollment = kept->enrollment,
                          .uid = uid,
                          .times = kept->times,
                          .context = context ? context : json_object()};
    enum pk_status status =
        entry.context ? pk_text_copy(kept->passkey, &entry.passkey) : PK_NO_MEMORY;

    if (status == PK_OK)
        status = pk_bytes_copy(pk_view_of(&kept->credential_id), &entry.credential_id);
    if (status == PK_OK)
        put(ret, &entry);
    else
        entry_clear(&entry);
    return status;
}

static bool has_order(const struct person *person, int64_t order)
{
    for (size_t i = 0; i < KEPT; i++)
        if (person->entries[i].order == order)
            return true;
    return false;
}

/* The store may have got it meanwhile, or some of its times. */
static void put_unless_stored(struct person *person, struct entry *entry)
{
    const struct entry *same = entry->approved ? NULL : same_refusal(person, entry);

    if (has_order(person, entry->order) || (same && same->order > entry->order))
        return;
    if (same && entry->taken && same->order >= entry->taken)
        entry->times -= entry->taken_times;
    put(person, entry);
}

static int by_order(const void *a, const void *b)
{
    const struct entry *const *left = a, *const *right = b;

    return (*left)->order < (*right)->order ? -1 : 1;
}

static size_t in_order(struct person *person, struct entry **ret)
{
    size_t count = 0;

    for (size_t i = 0; i < KEPT; i++)
        if (person->entries[i].order)
            ret[count++] = &person->entries[i];
    qsort(ret, count, sizeof(struct entry *), by_order);
    return count;
}

enum pk_status shown_decisions_join(struct shown_decisions *shown,
                                    const struct kept_decision_list *stored)
{
    struct person joined = {0};
    struct entry *entries[KEPT];
    enum pk_status status = PK_OK;
    size_t count = in_order(&shown->person, entries);

    for (size_t i = 0; i < stored->count && status == PK_OK; i++)
        status = read_stored(&stored->items[i], shown->uid, &joined);
    for (size_t i = 0; i < count && status == PK_OK; i++)
        put_unless_stored(&joined, entries[i]);
    if (status != PK_OK) {
        person_clear(&joined);
        return status;
    }
    person_clear(&shown->person);
    shown->person = joined;
    return PK_OK;
}

static json_t *entry_json(const struct entry *entry)
{
    return json_pack("{s:I, s:b, s:b, s:i, s:O, s:s*}", "when", (json_int_t)entry->when, "accepted",
                     entry->approved, "enrollment", entry->enrollment, "times", (int)entry->times,
                     "context", entry->context, "passkey", entry->passkey);
}

/* All refusals that are kept, and the latest approvals as there is room for. */
json_t *shown_decisions_json(const struct shown_decisions *shown)
{
    struct person *person = (struct person *)(uintptr_t)&shown->person;
    struct entry *entries[KEPT];
    size_t count = in_order(person, entries);
    size_t left_out = count > DECISIONS_SHOWN ? count - DECISIONS_SHOWN : 0;
    json_t *list = json_array();

    for (size_t i = 0; list && i < count; i++) {
        if (entries[i]->approved && left_out > 0) {
            left_out--;
            continue;
        }
        if (json_array_insert_new(list, 0, entry_json(entries[i])) == 0)
            continue;
        json_decref(list);
        list = NULL;
    }
    return list;
}

const json_t *shown_decisions_place(const struct shown_decisions *shown,
                                    struct pk_view credential_id)
{
    const struct entry *found = NULL;

    for (size_t i = 0; i < DECISIONS_APPROVED; i++) {
        const struct entry *entry = &shown->person.entries[i];

        if (entry->order && !entry->enrollment &&
            pk_view_equal(pk_view_of(&entry->credential_id), credential_id) &&
            (!found || entry->order > found->order))
            found = entry;
    }
    return found ? found->context : NULL;
}
