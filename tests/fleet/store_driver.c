/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What daemons on several hosts ask of their shared store, without the daemons.
 *
 *     store_driver race ROUNDS SOCKET...           eight want one thing, over all the sockets
 *     store_driver load SECONDS THREADS SOCKET...  enrols, takes and counts while servers come and
 *                                                  go; then looks whether what was said is so
 *     store_driver sign-in SECONDS THREADS ACCOUNTS SOCKET...
 *                                                  as of bench/scale: credentials that exist
 *
 *     store_driver ask SOCKET VERB ID              one verb: enroll, begin, take, look, count,
 * remove
 *
 * Prints one line of JSON. Exit code 1: something was spent twice, lost, or lower than it was.
 */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "store/remote/remote.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RP             "shop"
#define THREADS_MAX    64
#define SOCKETS_MAX    8
#define RACERS         8
#define ENROLLED_MAX   200000
#define TAKEN_MAX      4096
#define IN_ACCOUNT     10 /* passkeys of each account that load makes */
#define CEREMONIES_MAX 20000
#define SETTLE_S       60 /* for the store to come back after a load */
#define LATER          INT64_C(5000000000)

static struct store *stores[SOCKETS_MAX];
static size_t store_count;

static _Noreturn void fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "store_driver: %s: %s\n", what, why);
    exit(2);
}

static void open_stores(int count, char **paths)
{
    if (count < 1 || count > SOCKETS_MAX)
        fail("sockets", "one to eight");
    for (int i = 0; i < count; i++) {
        const struct remote_setup setup = {.path = paths[i], .ceremonies = true};

        if (store_remote_open(&setup, &stores[store_count++]) != PK_OK)
            fail(paths[i], "cannot be opened");
    }
}

/* For a JSON string. */
static void make_plain(char *text)
{
    for (; *text; text++)
        if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
            *text = '\'';
}

/* --- what is asked ---------------------------------------------------------------------------- */

static enum pk_status enroll(struct store *store, const char *user, const char *id,
                             struct pk_view ticket)
{
    uint8_t handle[64], key[77] = {1}, bytes[64];
    struct credential credential = {
        .account = {.rp = (char[]){RP}, .uid = PK_NO_UID, .user_handle = {handle, sizeof(handle)}},
        .rp_id = (char[]){"example.org"},
        .record = {.id = {bytes, strlen(id)}, .public_key = {key, sizeof(key)}},
        .format = (char[]){"none"},
        .attestation_type = (char[]){"None"},
        .trust = (char[]){"none"},
        .algorithm = -7,
        .created = 1000,
    };
    PK_AUTO_FREE char *name = strdup(user);
    PK_AUTO_FREE char *credential_name = strdup(id);

    memset(handle, 0, sizeof(handle));
    memcpy(handle, user, strlen(user));
    memcpy(bytes, id, strlen(id));
    credential.account.name = name;
    credential.name = credential_name;
    return store->verbs->insert(store, &credential, 1000, ticket);
}

static enum pk_status begin(struct store *store, const char *id)
{
    uint8_t data[600] = {7};
    const struct kept_ceremony ceremony = {.rp = (char[]){RP},
                                           .id = (char *)(uintptr_t)id,
                                           .data = {data, sizeof(data)},
                                           .expires = LATER};

    return store->verbs->ceremony_add(store, &ceremony, CEREMONIES_MAX);
}

static enum pk_status take(struct store *store, const char *id)
{
    PK_AUTO_BYTES struct pk_bytes data = {0};

    return store->verbs->ceremony_take(store, RP, id, 1000, &data);
}

static enum pk_status count_up(struct store *store, const char *id, uint32_t counter)
{
    const struct credential_use use = {.sign_count = counter, .when = 2000};

    return store->verbs->use(store, pk_view_string(id), &use);
}

/* PK_NOT_FOUND: there is none of that id. */
static enum pk_status look_up(struct store *store, const char *id, uint32_t *ret_counter)
{
    const struct credential_filter filter = {.rp = RP, .credential_id = pk_view_string(id)};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    enum pk_status status = store->verbs->list(store, &filter, &list);

    if (status == PK_OK && list.count != 1)
        return PK_NOT_FOUND;
    if (status == PK_OK)
        *ret_counter = list.items[0].record.sign_count;
    return status;
}

/* --- race ------------------------------------------------------------------------------------- */

enum prize { CEREMONY, TICKET, CODE, PRIZES };

struct race {
    pthread_barrier_t start;
    enum prize prize;
    unsigned round;
    atomic_uint winners, failures;
};

struct racer {
    struct race *race;
    unsigned number;
    pthread_t thread;
};

static void prize_hash(const struct race *race, uint8_t hash[PK_HASH_SIZE])
{
    memset(hash, (int)race->prize + 1, PK_HASH_SIZE);
    memcpy(hash, &race->round, sizeof(race->round));
}

static const struct account coder = {
    .rp = (char[]){RP}, .name = (char[]){"coder"}, .uid = PK_NO_UID};

static enum pk_status want(struct race *race, struct store *store, unsigned number)
{
    uint8_t hash[PK_HASH_SIZE];
    char id[48];

    prize_hash(race, hash);
    (void)snprintf(id, sizeof(id), "race-%u-%u", race->round, number);
    switch (race->prize) {
    case TICKET:
        return enroll(store, "racer", id, (struct pk_view){hash, sizeof(hash)});
    case CODE:
        return store->verbs->recovery_use(store, &coder, hash);
    case CEREMONY:
    case PRIZES:
        break;
    }
    (void)snprintf(id, sizeof(id), "race-%u", race->round);
    return take(store, id);
}

static void *run_racer(void *data)
{
    struct racer *racer = data;
    struct store *store = stores[racer->number % store_count];
    enum pk_status status;

    (void)pthread_barrier_wait(&racer->race->start);
    status = want(racer->race, store, racer->number);
    if (status == PK_OK)
        atomic_fetch_add(&racer->race->winners, 1);
    else if (status != PK_NOT_FOUND && status != PK_TICKET_INVALID)
        atomic_fetch_add(&racer->race->failures, 1);
    return NULL;
}

/* Of one host, for the eight of all hosts. */
static enum pk_status offer(const struct race *race)
{
    struct store *store = stores[race->round % store_count];
    struct recovery_code code = {.scheme = RECOVERY_HMAC};
    uint8_t hash[PK_HASH_SIZE];
    char id[48];

    prize_hash(race, hash);
    memcpy(code.hash, hash, sizeof(hash));
    (void)snprintf(id, sizeof(id), "race-%u", race->round);
    switch (race->prize) {
    case TICKET:
        return store->verbs->ticket_add(store, (struct pk_view){hash, sizeof(hash)}, RP, "racer",
                                        PK_NO_UID, LATER);
    case CODE:
        return store->verbs->recovery_replace(store, &coder, &code, 1);
    case CEREMONY:
    case PRIZES:
        break;
    }
    return begin(store, id);
}

static int race_all(unsigned rounds)
{
    static const char *const names[] = {"ceremony", "ticket", "code"};
    unsigned wrong = 0, failures = 0;

    if (enroll(stores[0], "coder", "coder-passkey", (struct pk_view){0}) != PK_OK)
        fail("enrolment", store_error());
    for (unsigned i = 0; i < rounds * PRIZES; i++) {
        struct race race = {.prize = (enum prize)(i % PRIZES), .round = i / PRIZES};
        struct racer racers[RACERS];

        if (offer(&race) != PK_OK)
            fail(names[race.prize], store_error());
        (void)pthread_barrier_init(&race.start, NULL, RACERS);
        for (unsigned n = 0; n < RACERS; n++) {
            racers[n] = (struct racer){.race = &race, .number = n};
            if (pthread_create(&racers[n].thread, NULL, run_racer, &racers[n]))
                fail("thread", "cannot be made");
        }
        for (unsigned n = 0; n < RACERS; n++)
            (void)pthread_join(racers[n].thread, NULL);
        (void)pthread_barrier_destroy(&race.start);
        wrong += race.winners != 1;
        failures += race.failures;
    }
    (void)printf("{\"rounds\": %u, \"wrong\": %u, \"failures\": %u}\n", rounds * PRIZES, wrong,
                 failures);
    return wrong > 0;
}

/* --- load ------------------------------------------------------------------------------------- */

struct worker {
    pthread_t thread;
    unsigned number;
    int64_t end;    /* monotonic milliseconds */
    uint8_t *known; /* of each enrolment: 1 confirmed, 2 not known */
    unsigned enrolled, unknown, lost;
    char (*taken)[48]; /* the last ids that were taken */
    unsigned taken_count, twice;
    uint32_t asked, confirmed; /* counters: the highest sent, the highest that was answered */
    bool lower;
    unsigned errors;
    int64_t last, gap; /* milliseconds: the last success, the longest time without one */
    char words[STORE_ERROR_SIZE];
};

static void note(struct worker *worker, enum pk_status status)
{
    int64_t now = pk_clock_monotonic_ms();

    if (status == PK_STORAGE) {
        worker->errors++;
        (void)snprintf(worker->words, sizeof(worker->words), "%s", store_error());
        return;
    }
    if (now - worker->last > worker->gap)
        worker->gap = now - worker->last;
    worker->last = now;
}

static void passkey_id(const struct worker *worker, unsigned number, char id[48])
{
    (void)snprintf(id, 48, "load-%u-%u", worker->number, number);
}

static void enroll_next(struct worker *worker, struct store *store, unsigned number)
{
    char id[48], user[48];
    enum pk_status status;

    passkey_id(worker, number, id);
    (void)snprintf(user, sizeof(user), "user-%u-%u", worker->number, number / IN_ACCOUNT);
    status = enroll(store, user, id, (struct pk_view){0});
    note(worker, status);
    worker->known[number] = status == PK_OK ? 1 : 2;
    worker->enrolled += status == PK_OK;
    worker->unknown += status != PK_OK;
}

/* A host that begins is not the one that takes; a third tries again. */
static void ceremony_next(struct worker *worker, unsigned number)
{
    struct store *first = stores[number % store_count],
                 *second = stores[(number + 1) % store_count];
    char id[48];
    enum pk_status status;

    (void)snprintf(id, sizeof(id), "ceremony-%u-%u", worker->number, number);
    status = begin(first, id);
    note(worker, status);
    if (status != PK_OK)
        return;
    status = take(second, id);
    note(worker, status);
    if (status != PK_OK)
        return;
    (void)snprintf(worker->taken[worker->taken_count++ % TAKEN_MAX], 48, "%s", id);
    worker->twice += take(first, id) == PK_OK;
}

static void count_next(struct worker *worker, struct store *store)
{
    char id[48];
    enum pk_status status;

    passkey_id(worker, 0, id);
    status = count_up(store, id, ++worker->asked);
    note(worker, status);
    if (status == PK_OK)
        worker->confirmed = worker->asked;
}

static void *work(void *data)
{
    struct worker *worker = data;
    unsigned number = 0;

    worker->last = pk_clock_monotonic_ms();
    for (; worker->last < worker->end && number < ENROLLED_MAX; number++) {
        struct store *store = stores[(worker->number + number) % store_count];

        if (pk_clock_monotonic_ms() > worker->end)
            break;
        enroll_next(worker, store, number);
        ceremony_next(worker, number);
        count_next(worker, store);
    }
    worker->end = number;
    return NULL;
}

/* Waits for the store to answer again. */
static void settle(void)
{
    int64_t end = pk_clock_monotonic() + SETTLE_S;
    uint32_t counter;

    for (size_t i = 0; i < store_count; i++)
        while (look_up(stores[i], "nobody's", &counter) == PK_STORAGE)
            if (pk_clock_monotonic() > end)
                fail("the store did not come back", store_error());
}

/* Once more where the store fails just then; what cannot be asked is not there. */
static enum pk_status look_again(const char *id, uint32_t *ret_counter)
{
    enum pk_status status = PK_STORAGE;

    for (unsigned i = 0; i < 20 && status == PK_STORAGE; i++)
        status = look_up(stores[i % store_count], id, ret_counter);
    return status;
}

static void *verify(void *data)
{
    struct worker *worker = data;
    uint32_t counter = 0;
    char id[48];

    for (unsigned i = 0; i < worker->end; i++) {
        passkey_id(worker, i, id);
        if (worker->known[i] == 1 && look_again(id, &counter) != PK_OK)
            worker->lost++;
    }
    passkey_id(worker, 0, id);
    if (worker->confirmed > 0)
        worker->lower = look_again(id, &counter) != PK_OK || counter < worker->confirmed;
    for (unsigned i = 0; i < worker->taken_count && i < TAKEN_MAX; i++)
        worker->twice += take(stores[i % store_count], worker->taken[i]) == PK_OK;
    return NULL;
}

static void each(struct worker *workers, unsigned count, void *(*function)(void *data))
{
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&workers[i].thread, NULL, function, &workers[i]))
            fail("thread", "cannot be made");
    for (unsigned i = 0; i < count; i++)
        (void)pthread_join(workers[i].thread, NULL);
}

static int load(int64_t seconds, unsigned threads)
{
    struct worker *workers = calloc(threads, sizeof(*workers));
    struct worker sum = {0};

    for (unsigned i = 0; i < threads; i++) {
        workers[i].number = i;
        workers[i].end = pk_clock_monotonic_ms() + seconds * 1000;
        workers[i].known = calloc(ENROLLED_MAX, 1);
        workers[i].taken = calloc(TAKEN_MAX, sizeof(*workers[i].taken));
        if (!workers[i].known || !workers[i].taken)
            fail("memory", "not enough");
    }
    each(workers, threads, work);
    settle();
    each(workers, threads, verify);
    for (unsigned i = 0; i < threads; i++) {
        sum.enrolled += workers[i].enrolled;
        sum.unknown += workers[i].unknown;
        sum.lost += workers[i].lost;
        sum.taken_count += workers[i].taken_count;
        sum.twice += workers[i].twice;
        sum.confirmed += workers[i].confirmed;
        sum.lower |= workers[i].lower;
        sum.errors += workers[i].errors;
        sum.gap = workers[i].gap > sum.gap ? workers[i].gap : sum.gap;
        if (workers[i].words[0])
            (void)snprintf(sum.words, sizeof(sum.words), "%s", workers[i].words);
        free(workers[i].known);
        free(workers[i].taken);
    }
    free(workers);
    make_plain(sum.words);
    (void)printf("{\"enrolled\": %u, \"unknown\": %u, \"lost\": %u, \"taken\": %u, \"twice\": %u, "
                 "\"counted\": %u, \"lower\": %s, \"errors\": %u, \"gap_ms\": %lld, \"words\": "
                 "\"%s\"}\n",
                 sum.enrolled, sum.unknown, sum.lost, sum.taken_count, sum.twice, sum.confirmed,
                 sum.lower ? "true" : "false", sum.errors, (long long)sum.gap, sum.words);
    return sum.lost > 0 || sum.twice > 0 || sum.lower;
}

/* --- sign-in ---------------------------------------------------------------------------------- */

#define SAMPLES_MAX 2000000

struct client {
    pthread_t thread;
    unsigned number, accounts;
    int64_t end; /* monotonic microseconds */
    uint32_t *samples;
    size_t count;
    unsigned errors;
};

/* What a gateway's sign-in is for the store: begun, taken, looked up, counted. */
static enum pk_status sign_in(struct client *client, unsigned number, struct store *store)
{
    char id[48], ceremony[48];
    uint32_t counter = 0, passkey;
    enum pk_status status;

    (void)snprintf(ceremony, sizeof(ceremony), "sign-in-%u-%u", client->number, number);
    /* As Server.fill() of postgresql_servers.py numbers them. */
    passkey = ((client->number * 7919u + number) * 40503u) % (2 * client->accounts);
    (void)snprintf(id, sizeof(id), "c%031u", passkey * 2654435761u);
    status = begin(store, ceremony);
    if (status == PK_OK)
        status = take(store, ceremony);
    if (status == PK_OK)
        status = look_up(store, id, &counter);
    return status == PK_OK ? count_up(store, id, counter + 1) : status;
}

static void *serve_client(void *data)
{
    struct client *client = data;
    struct store *store = stores[client->number % store_count];

    for (unsigned i = 0; client->count < SAMPLES_MAX; i++) {
        int64_t begun = pk_clock_monotonic_us();
        enum pk_status status;

        if (begun > client->end)
            break;
        status = sign_in(client, i, store);
        client->errors += status != PK_OK;
        if (status == PK_OK)
            client->samples[client->count++] = (uint32_t)(pk_clock_monotonic_us() - begun);
        else if (client->errors == 1)
            (void)fprintf(stderr, "%s: %s\n", pk_status_name(status), store_error());
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

static int sign_ins(int64_t seconds, unsigned threads, unsigned accounts)
{
    struct client *clients = calloc(threads, sizeof(*clients));
    uint32_t *all = NULL;
    size_t count = 0;
    unsigned errors = 0;

    for (unsigned i = 0; i < threads; i++) {
        clients[i] = (struct client){.number = i,
                                     .accounts = accounts,
                                     .end = pk_clock_monotonic_us() + seconds * 1000000,
                                     .samples = calloc(SAMPLES_MAX, sizeof(uint32_t))};
        if (!clients[i].samples ||
            pthread_create(&clients[i].thread, NULL, serve_client, &clients[i]))
            fail("thread", "cannot be made");
    }
    for (unsigned i = 0; i < threads; i++) {
        (void)pthread_join(clients[i].thread, NULL);
        all = reallocarray(all, count + clients[i].count + 1, sizeof(*all));
        if (!all)
            fail("memory", "not enough");
        memcpy(all + count, clients[i].samples, clients[i].count * sizeof(*all));
        count += clients[i].count;
        errors += clients[i].errors;
        free(clients[i].samples);
    }
    free(clients);
    qsort(all, count, sizeof(*all), compare);
    (void)printf("{\"sign_ins\": %zu, \"a_second\": %.1f, \"p50_us\": %u, \"p99_us\": %u, "
                 "\"errors\": %u}\n",
                 count, (double)count / (double)seconds, count ? all[count / 2] : 0,
                 count ? all[count * 99 / 100] : 0, errors);
    free(all);
    return errors > 0;
}

/* --- ask -------------------------------------------------------------------------------------- */

static enum pk_status ask_verb(struct store *store, const char *verb, const char *id)
{
    const struct account asker = {.rp = (char[]){RP}, .name = (char[]){"asker"}, .uid = PK_NO_UID};
    uint32_t counter;

    if (strcmp(verb, "enroll") == 0)
        return enroll(store, "asker", id, (struct pk_view){0});
    if (strcmp(verb, "begin") == 0)
        return begin(store, id);
    if (strcmp(verb, "take") == 0)
        return take(store, id);
    if (strcmp(verb, "count") == 0)
        return count_up(store, id, 1);
    if (strcmp(verb, "remove") == 0)
        return store->verbs->remove(store, &asker, pk_view_string(id));
    return look_up(store, id, &counter);
}

/* Its words are milliseconds. */
static enum pk_status ask_lag(struct store *store, char **ret_words)
{
    AUTO_STORE_STATE struct store_state state = {0};
    enum pk_status status = store->verbs->state(store, &state);

    if (status == PK_OK)
        *ret_words = pk_text_format("%lld", (long long)state.lag);
    return status;
}

static int ask(const char *verb, const char *id)
{
    int64_t begun = pk_clock_monotonic_ms();
    PK_AUTO_FREE char *words = NULL;
    bool lag = strcmp(verb, "lag") == 0;
    enum pk_status status = lag ? ask_lag(stores[0], &words) : ask_verb(stores[0], verb, id);

    if (!words)
        words = strdup(status == PK_STORAGE ? store_error() : "");

    if (!words)
        fail("memory", "not enough");
    make_plain(words);
    (void)printf("{\"status\": \"%s\", \"ms\": %lld, \"words\": \"%s\"}\n", pk_status_name(status),
                 (long long)(pk_clock_monotonic_ms() - begun), words);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned threads = argc > 4 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;

    if (argc > 3 && strcmp(argv[1], "race") == 0) {
        open_stores(argc - 3, argv + 3);
        return race_all((unsigned)strtoul(argv[2], NULL, 10));
    }
    if (argc == 5 && strcmp(argv[1], "ask") == 0) {
        open_stores(1, argv + 2);
        return ask(argv[3], argv[4]);
    }
    if (argc > 4 && threads > 0 && threads <= THREADS_MAX && strcmp(argv[1], "load") == 0) {
        open_stores(argc - 4, argv + 4);
        return load(strtol(argv[2], NULL, 10), threads);
    }
    if (argc > 5 && threads > 0 && threads <= THREADS_MAX && strcmp(argv[1], "sign-in") == 0) {
        open_stores(argc - 5, argv + 5);
        return sign_ins(strtol(argv[2], NULL, 10), threads, (unsigned)strtoul(argv[4], NULL, 10));
    }
    fail("usage", "ask SOCKET VERB ID | race ROUNDS SOCKET... | load SECONDS THREADS SOCKET... | "
                  "sign-in SECONDS THREADS ACCOUNTS SOCKET...");
}
