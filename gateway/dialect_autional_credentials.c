/* SPDX-License-Identifier: BSD-2-Clause */
/* The user's credentials: N7 and N8 of the identity service, M1 to M4 of the second factors'. */
#include "gateway/dialect_autional.h"

#include "common/base/text.h"

#include <string.h>

#define LISTED_MAX    1000
#define PAGE_SIZE     20
#define PAGE_SIZE_MAX 100
#define PAGE_MAX      1000000

static const struct failure one_rows[] = {
    {PARTY_UNKNOWN_USER, NULL, 404, 40000604, "credential not found", NULL},
};
static const struct failures one_failures = FAILURES(one_rows, &autional_failures);

static void set_time(json_t *object, const char *name, json_int_t seconds)
{
    char text[MEMBERS_TIME_SIZE];

    if (seconds > 0)
        members_set_text(object, name, members_time(seconds, TIME_SECONDS, text));
}

/* false: it can be nobody's id, and the request was refused. */
static bool check_id(struct exchange *exchange)
{
    bool valid = credential_id_valid(exchange_capture(exchange, 0));

    if (!valid)
        autional_refuse_outcome(exchange, &one_failures, PARTY_UNKNOWN_CREDENTIAL);
    return valid;
}

/* --- N7, N8 ----------------------------------------------------------------------------------- */

static char *join_transports(const json_t *transports)
{
    char *joined = NULL;

    for (size_t i = 0; i < json_array_size(transports); i++) {
        const char *each = json_string_value(json_array_get(transports, i));
        char *longer =
            pk_text_format("%s%s%s", joined ? joined : "", joined ? "," : "", each ? each : "");

        free(joined);
        joined = longer;
    }
    return joined;
}

static json_t *own_json(const json_t *passkey)
{
    const char *id = members_find_text(passkey, "credentialId", NULL);
    PK_AUTO_FREE char *transports = join_transports(json_object_get(passkey, "transports"));
    json_t *object = json_object();

    members_set_text(object, "id", id);
    members_set_text(object, "name", members_find_text(passkey, "name", NULL));
    members_set_text(object, "credential_id", id);
    members_set_text(object, "aaguid", members_find_text(passkey, "aaguid", NULL));
    members_set_text(object, "attestation_type", members_find_text(passkey, "fmt", NULL));
    members_set_text(object, "transports", transports ? transports : "");
    members_set_flag(object, "backup_eligible",
                     json_is_true(json_object_get(passkey, "backupEligible")));
    members_set_flag(object, "backup_state", json_is_true(json_object_get(passkey, "backupState")));
    members_set_flag(object, "user_verified",
                     json_is_true(json_object_get(passkey, "userVerified")));
    set_time(object, "created_at", members_number(passkey, "created"));
    set_time(object, "last_used_at", members_number(passkey, "lastUsed"));
    return object;
}

static void answer_own(struct exchange *exchange, const struct party_answer *answer)
{
    const json_t *items = json_object_get(answer->result, "items");
    json_t *list;

    if (answer->outcome != PARTY_DONE) {
        autional_refuse_answer(exchange, &autional_failures, answer);
        return;
    }
    list = json_array();
    for (size_t i = 0; i < json_array_size(items); i++)
        (void)json_array_append_new(list, own_json(json_array_get(items, i)));
    autional_succeed(exchange, list);
}

void autional_list_own(struct exchange *exchange)
{
    struct party_request request = {.call = PARTY_LIST, .answered = answer_own};
    const json_t *body;

    if (!autional_read(exchange, &body))
        return;
    request.options = autional_bearer_options(exchange, NULL);
    (void)json_object_set_new(request.options, "limit", json_integer(LISTED_MAX));
    party_call(exchange, &request);
}

static void answer_own_removal(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        autional_refuse_answer(exchange, &one_failures, answer);
    else
        autional_succeed(exchange, NULL);
}

static void remove_one(struct exchange *exchange, party_answered *answered)
{
    struct party_request request = {.call = PARTY_REMOVE, .answered = answered};
    const json_t *body;

    if (!autional_read(exchange, &body) || !check_id(exchange))
        return;
    request.id = exchange_capture(exchange, 0);
    request.options = autional_bearer_options(exchange, NULL);
    party_call(exchange, &request);
}

void autional_remove_own(struct exchange *exchange)
{
    remove_one(exchange, answer_own_removal);
}

/* --- M1: pages of items ----------------------------------------------------------------------- */

static json_t *item_json(const json_t *passkey)
{
    const char *id = members_find_text(passkey, "credentialId", NULL);
    json_t *object = json_object();

    members_set_text(object, "id", id);
    members_set_text(object, "credential_id", id);
    members_set_text(object, "name", members_find_text(passkey, "name", NULL));
    members_set_text(object, "device_info", "FIDO2");
    set_time(object, "created_at", members_number(passkey, "created"));
    set_time(object, "last_used_at", members_number(passkey, "lastUsed"));
    return object;
}

/* false: refused. */
static bool read_page(struct exchange *exchange, unsigned *page, unsigned *size)
{
    bool valid;

    *page = 1;
    *size = PAGE_SIZE;
    valid = members_parse_number(exchange_argument(exchange, "page"), 1, PAGE_MAX, page) &&
            members_parse_number(exchange_argument(exchange, "page_size"), 1, PAGE_SIZE_MAX, size);
    if (!valid)
        autional_refuse_outcome(exchange, &autional_failures, PARTY_MALFORMED);
    return valid;
}

static void answer_page(struct exchange *exchange, const struct party_answer *answer)
{
    const json_t *found = json_object_get(answer->result, "items");
    json_int_t total = members_number(answer->result, "total");
    json_t *items;
    json_int_t pages;
    unsigned page;
    unsigned size;

    if (answer->outcome != PARTY_DONE) {
        autional_refuse_answer(exchange, &autional_failures, answer);
        return;
    }
    if (!read_page(exchange, &page, &size))
        return;
    items = json_array();
    for (size_t i = 0; i < json_array_size(found); i++)
        (void)json_array_append_new(items, item_json(json_array_get(found, i)));
    pages = (total + size - 1) / size;
    autional_succeed_flat(exchange,
                          json_pack("{s:o, s:I, s:{s:i, s:i, s:I, s:I, s:b, s:b}}", "items", items,
                                    "total", total, "pagination", "page", (int)page, "page_size",
                                    (int)size, "total", total, "total_pages", pages, "has_next",
                                    (int)(page < pages), "has_prev", (int)(page > 1)));
}

void autional_list_factors(struct exchange *exchange)
{
    struct party_request request = {.call = PARTY_LIST, .answered = answer_page};
    const json_t *body;
    unsigned page;
    unsigned size;

    if (!autional_read(exchange, &body) || !read_page(exchange, &page, &size))
        return;
    request.options = autional_bearer_options(exchange, NULL);
    (void)json_object_set_new(request.options, "offset",
                              json_integer((json_int_t)(page - 1) * size));
    (void)json_object_set_new(request.options, "limit", json_integer(size));
    party_call(exchange, &request);
}

/* --- M2, M3: registration --------------------------------------------------------------------- */

static void answer_creation(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        autional_refuse_answer(exchange, &autional_failures, answer);
    else
        autional_succeed(exchange,
                         json_pack("{s:o}", "publicKey",
                                   options_shape(answer->result, &autional_creation_shape)));
}

void autional_register_factor(struct exchange *exchange)
{
    static const struct text_rule rule = {"display_name", false, AUTIONAL_NAME_MAX};
    struct party_request request = {.call = PARTY_BEGIN_REGISTRATION, .answered = answer_creation};
    const char *display_name = NULL;
    const json_t *body;

    if (!autional_read(exchange, &body) ||
        !autional_read_texts(exchange, body, &rule, 1, &display_name))
        return;
    request.options = autional_bearer_options(exchange, "mfa-registration");
    members_set_flag(request.options, "mfa", true);
    members_set_text(request.options, "displayName",
                     display_name && *display_name ? display_name : NULL);
    members_set_flag(request.options, "sole", true);
    members_set_flag(request.options, "exclude", false);
    members_set_text(request.options, "attestation", "none");
    members_set_text(request.options, "residentKey", "discouraged");
    members_set_text(request.options, "userVerification", "preferred");
    (void)json_object_set_new(request.options, "algorithms", members_words(autional_algorithms));
    party_call(exchange, &request);
}

static void answer_verified(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        autional_refuse_answer(exchange, &autional_registration_failures, answer);
    else
        autional_succeed(exchange, item_json(json_object_get(answer->result, "credential")));
}

void autional_verify_factor(struct exchange *exchange)
{
    static const struct autional_finish finish = {
        .call = PARTY_FINISH_REGISTRATION,
        .credential = CREDENTIAL_REGISTRATION,
        .spellings = CREDENTIAL_SNAKE,
        .top_level = true,
        .purpose = "mfa-registration",
        .with_bearer = true,
        .sole = true,
        .failures = &autional_registration_failures,
        .answered = answer_verified,
    };

    autional_finish(exchange, &finish);
}

/* --- M4: one credential ----------------------------------------------------------------------- */

static void answer_item(struct exchange *exchange, const struct party_answer *answer)
{
    const json_t *items = json_object_get(answer->result, "items");

    if (answer->outcome != PARTY_DONE)
        autional_refuse_answer(exchange, &one_failures, answer);
    else if (json_array_size(items) == 0)
        autional_refuse_outcome(exchange, &one_failures, PARTY_UNKNOWN_CREDENTIAL);
    else
        autional_succeed(exchange, item_json(json_array_get(items, 0)));
}

void autional_get_factor(struct exchange *exchange)
{
    struct party_request request = {.call = PARTY_LIST, .answered = answer_item};
    const json_t *body;

    if (!autional_read(exchange, &body) || !check_id(exchange))
        return;
    request.options = autional_bearer_options(exchange, NULL);
    members_set_text(request.options, "credentialId", exchange_capture(exchange, 0));
    party_call(exchange, &request);
}

static void answer_renamed(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        autional_refuse_answer(exchange, &one_failures, answer);
    else
        autional_succeed(exchange, item_json(answer->result));
}

void autional_rename_factor(struct exchange *exchange)
{
    static const struct text_rule rule = {"name", true, AUTIONAL_NAME_MAX};
    struct party_request request = {.call = PARTY_RENAME, .answered = answer_renamed};
    const char *name = NULL;
    const json_t *body;

    if (!autional_read(exchange, &body) || !autional_read_texts(exchange, body, &rule, 1, &name) ||
        !check_id(exchange))
        return;
    request.id = exchange_capture(exchange, 0);
    request.options = autional_bearer_options(exchange, NULL);
    members_set_text(request.options, "name", name);
    party_call(exchange, &request);
}

static void answer_removed(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        autional_refuse_answer(exchange, &one_failures, answer);
    else
        exchange_answer(exchange, 204, NULL);
}

void autional_remove_factor(struct exchange *exchange)
{
    remove_one(exchange, answer_removed);
}
