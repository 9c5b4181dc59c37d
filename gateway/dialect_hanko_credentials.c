/* SPDX-License-Identifier: BSD-2-Clause */
/* H5 to H8 and H15: lists of credentials with pages, one credential, transactions of a user. */
#include "gateway/dialect_hanko.h"

#include "common/base/text.h"
#include "gateway/credential_body.h"

#include <stdio.h>
#include <string.h>

#define PER_PAGE     20
#define PER_PAGE_MAX 1000
#define PAGE_MAX     1000000
/* Upstream has no limit; this one is that of the other dialects' names. */
#define NAME_MAX_CHARACTERS 255

/* --- credentials ------------------------------------------------------------------------------ */

static void set_time(json_t *object, const char *name, json_int_t seconds)
{
    char text[MEMBERS_TIME_SIZE];

    members_set_text(object, name, members_time(seconds, TIME_SECONDS, text));
}

static void set_name(json_t *object, const json_t *passkey, const char *id)
{
    const char *name = members_find_text(passkey, "name", NULL);
    PK_AUTO_FREE char *made = name && *name ? NULL : pk_text_format("cred-%s", id);

    members_set_text(object, "name", made ? made : name);
}

/* Of the daemon's passkey (doc/protocol.md); NULL: no memory. */
static json_t *credential_json(const json_t *passkey)
{
    const char *id = members_find_text(passkey, "credentialId", NULL);
    json_t *object = json_object();
    json_int_t created = members_number(passkey, "created");
    json_int_t used = members_number(passkey, "lastUsed");
    json_t *transports = json_object_get(passkey, "transports");

    members_set_text(object, "id", id);
    set_name(object, passkey, id ? id : "");
    members_set_text(object, "public_key", members_find_text(passkey, "publicKey", NULL));
    members_set_text(object, "attestation_type", members_find_text(passkey, "fmt", NULL));
    members_set_text(object, "aaguid", members_find_text(passkey, "aaguid", NULL));
    /* Upstream sets it at the registration already. */
    set_time(object, "last_used_at", used > 0 ? used : created);
    set_time(object, "created_at", created);
    (void)json_object_set_new(object, "transports",
                              json_is_array(transports) ? json_incref(transports) : json_array());
    members_set_flag(object, "backup_eligible",
                     json_is_true(json_object_get(passkey, "backupEligible")));
    members_set_flag(object, "backup_state", json_is_true(json_object_get(passkey, "backupState")));
    members_set_flag(object, "is_mfa", json_is_true(json_object_get(passkey, "mfa")));
    members_set_text(object, "user_id", members_find_text(passkey, "userId", NULL));
    return object;
}

/* --- pages ------------------------------------------------------------------------------------ */

struct list_query {
    unsigned page;
    unsigned per_page;
    const char *order;
    const char *user_id; /* NULL: of all users */
};

static char *percent_encode(const char *text)
{
    char *encoded = malloc(strlen(text) * 3 + 1);
    char *at = encoded;

    for (; encoded && *text; text++) {
        bool plain = strchr("-._~", *text) || (*text >= '0' && *text <= '9') ||
                     (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');

        at += snprintf(at, 4, plain ? "%c" : "%%%02X", plain ? *text : (int)(unsigned char)*text);
    }
    if (encoded)
        *at = '\0';
    return encoded;
}

/* Adds a link to that page to *links, of which it becomes the owner. */
static void add_link(char **links, const struct exchange *exchange, const struct list_query *query,
                     unsigned page, const char *rel)
{
    PK_AUTO_FREE char *user = percent_encode(query->user_id ? query->user_id : "");
    PK_AUTO_FREE char *before = pk_steal(*links);

    *links = pk_text_format("%s%s<%s/credentials?order=%s&page=%u&per_page=%u%s%s>; rel=\"%s\"",
                            before ? before : "", before ? "," : "",
                            exchange_party(exchange)->prefix, query->order, page, query->per_page,
                            query->user_id ? "&user_id=" : "", user ? user : "", rel);
}

/* first where the page is not the first one or is the last, last where it is not the last, next and
 * prev where there are such. The references are relative (RFC 8288 section 3.1). */
static void add_page_headers(struct exchange *exchange, const struct list_query *query,
                             json_int_t total)
{
    json_int_t pages = (total + query->per_page - 1) / query->per_page;
    unsigned last = pages > 1 ? (unsigned)pages : 1;
    PK_AUTO_FREE char *count = pk_text_format("%" JSON_INTEGER_FORMAT, total);
    PK_AUTO_FREE char *links = NULL;

    if (query->page != 1 || query->page == last)
        add_link(&links, exchange, query, 1, "first");
    if (query->page != last)
        add_link(&links, exchange, query, last, "last");
    if (query->page < last)
        add_link(&links, exchange, query, query->page + 1, "next");
    if (query->page > 1)
        add_link(&links, exchange, query, query->page - 1, "prev");
    if (count)
        exchange_add_header(exchange, "X-Total-Count", count);
    if (links)
        exchange_add_header(exchange, "Link", links);
}

/* false: refused. */
static bool read_query(struct exchange *exchange, struct list_query *ret)
{
    const char *order = exchange_argument(exchange, "order");
    const char *wrong = NULL;

    *ret = (struct list_query){
        .page = 1,
        .per_page = PER_PAGE,
        .order = order && *order ? order : "desc",
        .user_id = exchange_argument(exchange, "user_id"),
    };
    if (ret->user_id && !*ret->user_id)
        ret->user_id = NULL;
    if (!members_parse_number(exchange_argument(exchange, "page"), 1, PAGE_MAX, &ret->page))
        wrong = "page must be a number from 1";
    else if (!members_parse_number(exchange_argument(exchange, "per_page"), 1, PER_PAGE_MAX,
                                   &ret->per_page))
        wrong = "per_page must be a number from 1 to 1000";
    else if (strcmp(ret->order, "desc") != 0 && strcmp(ret->order, "asc") != 0)
        wrong = "order must be one of [desc asc]";
    if (wrong)
        hanko_refuse(exchange, 400, "unable to validate request", wrong);
    return !wrong;
}

static json_t *key_options(struct exchange *exchange)
{
    json_t *options = json_object();

    (void)dialect_add_authority(exchange, ACCESS_API_KEY, options);
    return options;
}

/* --- H5, H6 ----------------------------------------------------------------------------------- */

static json_t *credentials_json(const json_t *result)
{
    const json_t *items = json_object_get(result, "items");
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(items); i++)
        (void)json_array_append_new(list, credential_json(json_array_get(items, i)));
    return list;
}

static void answer_list(struct exchange *exchange, const struct party_answer *answer)
{
    struct list_query query;

    /* Somebody who is not known has no credentials. */
    if (answer->outcome != PARTY_DONE && answer->outcome != PARTY_UNKNOWN_USER) {
        hanko_refuse_answer(exchange, &hanko_failures, answer);
        return;
    }
    if (!read_query(exchange, &query))
        return;
    add_page_headers(exchange, &query, members_number(answer->result, "total"));
    hanko_answer(exchange, credentials_json(answer->result));
}

void hanko_list_credentials(struct exchange *exchange)
{
    struct party_request request = {.call = PARTY_LIST, .answered = answer_list};
    struct list_query query;

    if (!read_query(exchange, &query))
        return;
    request.options = key_options(exchange);
    members_set_text(request.options, "userId", query.user_id);
    members_set_flag(request.options, "oldestFirst", strcmp(query.order, "asc") == 0);
    (void)json_object_set_new(request.options, "offset",
                              json_integer((json_int_t)(query.page - 1) * query.per_page));
    (void)json_object_set_new(request.options, "limit", json_integer(query.per_page));
    party_call(exchange, &request);
}

static void refuse_unknown(struct exchange *exchange)
{
    PK_AUTO_FREE char *id = pk_text_printable(exchange_capture(exchange, 0), 1400);
    PK_AUTO_FREE char *title = id ? pk_text_format("credential with id '%s' not found", id) : NULL;

    hanko_refuse(exchange, 404, title ? title : "Not Found", "");
}

/* What the three calls about one credential say where they fail. */
static void refuse_one(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome == PARTY_UNKNOWN_CREDENTIAL || answer->outcome == PARTY_NO_CREDENTIALS)
        refuse_unknown(exchange);
    else if (answer->outcome == PARTY_EXISTS)
        hanko_refuse(exchange, 409, "another credential has that name", "");
    else
        hanko_refuse_answer(exchange, &hanko_failures, answer);
}

static void answer_one(struct exchange *exchange, const struct party_answer *answer)
{
    const json_t *items = json_object_get(answer->result, "items");

    if (answer->outcome != PARTY_DONE)
        refuse_one(exchange, answer);
    else if (json_array_size(items) == 0)
        refuse_unknown(exchange);
    else
        hanko_answer(exchange, credential_json(json_array_get(items, 0)));
}

/* false: it can be nobody's id, and the request was refused. */
static bool check_id(struct exchange *exchange)
{
    bool valid = credential_id_valid(exchange_capture(exchange, 0));

    if (!valid)
        refuse_unknown(exchange);
    return valid;
}

void hanko_get_credential(struct exchange *exchange)
{
    struct party_request request = {.call = PARTY_LIST, .answered = answer_one};

    if (!check_id(exchange))
        return;
    request.options = key_options(exchange);
    members_set_text(request.options, "credentialId", exchange_capture(exchange, 0));
    party_call(exchange, &request);
}

/* --- H7, H8 ----------------------------------------------------------------------------------- */

static void answer_change(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome == PARTY_DONE)
        hanko_answer_nothing(exchange);
    else
        refuse_one(exchange, answer);
}

void hanko_rename_credential(struct exchange *exchange)
{
    static const struct text_rule rule = {"name", true, NAME_MAX_CHARACTERS};
    struct party_request request = {.call = PARTY_RENAME, .answered = answer_change};
    const char *name = NULL;
    const json_t *body;

    if (!hanko_read(exchange, &body) || !hanko_read_texts(exchange, body, &rule, 1, &name) ||
        !check_id(exchange))
        return;
    request.id = exchange_capture(exchange, 0);
    request.options = key_options(exchange);
    members_set_text(request.options, "name", name);
    party_call(exchange, &request);
}

void hanko_remove_credential(struct exchange *exchange)
{
    struct party_request request = {.call = PARTY_REMOVE, .answered = answer_change};

    if (!check_id(exchange))
        return;
    request.id = exchange_capture(exchange, 0);
    request.options = key_options(exchange);
    party_call(exchange, &request);
}

/* --- H15 -------------------------------------------------------------------------------------- */

/* Upstream's row has a UUID beside the application's id. */
static json_t *transaction_json(const struct exchange *exchange, const json_t *transaction)
{
    const char *identifier = members_find_text(transaction, "transactionId", NULL);
    json_int_t created = members_number(transaction, "created");
    json_t *object = json_object();
    char id[MEMBERS_UUID_SIZE];

    members_made_uuid(exchange_party(exchange)->name, identifier ? identifier : "", id);
    members_set_text(object, "id", id);
    members_set_text(object, "identifier", identifier);
    members_set_text(object, "data", members_find_text(transaction, "transactionData", NULL));
    set_time(object, "created_at", created);
    set_time(object, "updated_at", created);
    return object;
}

static void answer_transactions(struct exchange *exchange, const struct party_answer *answer)
{
    json_t *list;

    if (answer->outcome != PARTY_DONE && answer->outcome != PARTY_UNKNOWN_USER) {
        hanko_refuse_answer(exchange, &hanko_failures, answer);
        return;
    }
    list = json_array();
    for (size_t i = 0; i < json_array_size(answer->result); i++)
        (void)json_array_append_new(list,
                                    transaction_json(exchange, json_array_get(answer->result, i)));
    hanko_answer(exchange, list);
}

/* The user_id has to be a UUID: upstream looks for its own, which no application knows; ours is the
 * application's, where it uses UUIDs. */
void hanko_list_transactions(struct exchange *exchange)
{
    struct party_request request = {.call = PARTY_TRANSACTIONS, .answered = answer_transactions};

    if (!members_is_uuid(exchange_capture(exchange, 0))) {
        hanko_refuse(exchange, 400, "invalid user id", "");
        return;
    }
    request.options = key_options(exchange);
    members_set_text(request.options, "userId", exchange_capture(exchange, 0));
    party_call(exchange, &request);
}
