/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_exchange.h"

#include "common/base/text.h"
#include "common/webauthn/json.h"
#include "gateway/members.h"

#include <string.h>
#include <strings.h>

#define HEADERS_MAX   16
#define ARGUMENTS_MAX 8

struct pair {
    char *name;
    char *value;
};

struct exchange {
    char *method;
    char *path;
    char *captures[EXCHANGE_CAPTURES_MAX];
    struct pair arguments[ARGUMENTS_MAX];
    char *body;
    json_t *json;
    bool has_json;
    void *kept;
    void (*release)(void *data);

    bool asked;
    struct party_request call;
    char *call_id;
    char *call_credential;
    char *call_claim;
    char *call_session, *call_act, *call_name;

    bool answered;
    unsigned status;
    json_t *answer;
    char *text;
    struct pair answer_headers[HEADERS_MAX];
};

static struct exchange exchange;
static struct pair headers[HEADERS_MAX];
static struct party party;

static void clear_pairs(struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(pairs[i].name);
        free(pairs[i].value);
        pairs[i] = (struct pair){0};
    }
}

static void end_exchange(void)
{
    if (exchange.release)
        exchange.release(exchange.kept);
    clear_pairs(exchange.arguments, ARGUMENTS_MAX);
    clear_pairs(exchange.answer_headers, HEADERS_MAX);
    for (size_t i = 0; i < EXCHANGE_CAPTURES_MAX; i++)
        free(exchange.captures[i]);
    free(exchange.method);
    free(exchange.path);
    free(exchange.body);
    free(exchange.call_id);
    free(exchange.call_credential);
    free(exchange.call_claim);
    free(exchange.call_session);
    free(exchange.call_act);
    free(exchange.call_name);
    free(exchange.text);
    json_decref(exchange.json);
    json_decref(exchange.call.options);
    json_decref(exchange.answer);
    exchange = (struct exchange){0};
}

void fake_start(const struct dialect *dialect)
{
    static char *origins[] = {(char *)(uintptr_t) "https://portal.example"};

    fake_stop();
    party = (struct party){
        .name = (char *)(uintptr_t) "portal",
        .id = (char *)(uintptr_t) "portal.example",
        .display_name = (char *)(uintptr_t) "Portal",
        .prefix = (char *)(uintptr_t)FAKE_PREFIX,
        .tenant = (char *)(uintptr_t)FAKE_TENANT,
        .origins = {origins, 1},
        .timeout = 300,
        .dialect = dialect,
    };
}

void fake_stop(void)
{
    end_exchange();
    clear_pairs(headers, HEADERS_MAX);
}

void fake_header(const char *name, const char *value)
{
    for (size_t i = 0; i < HEADERS_MAX; i++)
        if (!headers[i].name || strcasecmp(headers[i].name, name) == 0) {
            clear_pairs(&headers[i], 1);
            if (value)
                headers[i] = (struct pair){strdup(name), strdup(value)};
            return;
        }
    fail_msg("too many headers");
}

json_t *fake_json(const char *text)
{
    PK_AUTO_FREE char *quoted = strdup(text);
    json_error_t error;
    json_t *json;

    for (char *at = quoted; *at; at++)
        if (*at == '\'')
            *at = '"';
    json = json_loads(quoted, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!json)
        fail_msg("%s: %s", error.text, text);
    return json;
}

/* --- the router ------------------------------------------------------------------------------- */

static char *decode(const char *text, size_t len)
{
    char *decoded = calloc(1, len + 1);
    char *out = decoded;
    unsigned byte;

    for (size_t i = 0; i < len; i++)
        if (text[i] == '%' && i + 2 < len && sscanf(text + i + 1, "%2x", &byte) == 1) {
            *out++ = (char)byte;
            i += 2;
        } else {
            *out++ = text[i];
        }
    return decoded;
}

static void read_arguments(const char *query)
{
    for (size_t i = 0; *query && i < ARGUMENTS_MAX; i++) {
        size_t len = strcspn(query, "&");
        size_t name = strcspn(query, "=&");

        exchange.arguments[i].name = decode(query, name);
        exchange.arguments[i].value =
            name < len ? decode(query + name + 1, len - name - 1) : strdup("");
        query += len + (query[len] == '&');
    }
}

/* Whether the path is of that pattern; then the captures are set. */
static bool path_matches(const char *pattern, const char *path)
{
    size_t count = 0;

    while (*pattern) {
        if (*pattern == '{') {
            size_t len = strcspn(path, "/");

            if (len == 0)
                return false;
            free(exchange.captures[count]);
            exchange.captures[count++] = decode(path, len);
            pattern = strchr(pattern, '}') + 1;
            path += len;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

static const char *find_header(const char *name)
{
    for (size_t i = 0; i < HEADERS_MAX; i++)
        if (headers[i].name && strcasecmp(headers[i].name, name) == 0)
            return headers[i].value;
    return NULL;
}

static const char *presented(const char *scheme)
{
    const char *value = find_header("Authorization");
    size_t len = strlen(scheme);

    return value && strncmp(value, scheme, len) == 0 ? value + len : NULL;
}

/* A token is one, Basic's text is the tenant's or a key: what it says is the router's to read. */
bool dialect_add_authority(const struct exchange *from, enum access access, json_t *options)
{
    const char *bearer = presented("Bearer ");
    const char *basic = presented("Basic ");
    const char *key = find_header("apiKey");

    assert_ptr_equal(from, &exchange);
    switch (access) {
    case ACCESS_PUBLIC:
        return true;
    case ACCESS_API_KEY:
        members_set_text(options, "apiKey", key);
        return key != NULL;
    case ACCESS_BEARER:
        members_set_text(options, "bearer", bearer);
        return bearer != NULL;
    case ACCESS_BEARER_OR_API_KEY:
        members_set_text(options, "bearer", bearer);
        if (!bearer)
            members_set_text(options, "apiKey", key);
        return bearer || key;
    case ACCESS_BEARER_OR_TENANT:
        members_set_text(options, "bearer", bearer);
        return bearer || (basic && strcmp(basic, "tenant") == 0);
    case ACCESS_TENANT:
        return basic && strcmp(basic, "tenant") == 0;
    case ACCESS_SECRET:
        members_set_text(options, "apiKey", basic);
        return basic != NULL;
    }
    return false;
}

static void route(void)
{
    const struct dialect *dialect = party.dialect;
    unsigned status = 404;

    for (size_t i = 0; i < dialect->route_count; i++) {
        const struct route *row = &dialect->routes[i];
        AUTO_JSON json_t *ignored = json_object();

        if (!path_matches(row->pattern, exchange.path))
            continue;
        if (strcmp(row->method, exchange.method) != 0) {
            status = 405;
        } else if (!dialect_add_authority(&exchange, row->access, ignored)) {
            dialect->refuse(&exchange, 401);
            return;
        } else {
            row->handler(&exchange);
            return;
        }
    }
    dialect->refuse(&exchange, status);
}

void fake_request(const char *line, const char *body)
{
    const char *target = strchr(line, ' ') + 1;
    size_t path = strcspn(target, "?");

    end_exchange();
    exchange.method = strndup(line, (size_t)(target - line) - 1);
    exchange.path = strndup(target, path);
    if (target[path])
        read_arguments(target + path + 1);
    exchange.body = body ? strdup(body) : NULL;
    route();
    /* Either it was answered, or somebody was asked and nothing said yet. */
    assert_true(exchange.answered != exchange.asked);
}

void fake_refuse(unsigned status)
{
    end_exchange();
    party.dialect->refuse(&exchange, status);
    assert_true(exchange.answered);
}

void fake_send(const char *line, const char *format, ...)
{
    PK_AUTO_FREE char *body = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&body, format, arguments) < 0)
        fail_msg("no memory");
    va_end(arguments);
    fake_request(line, body);
}

/* --- exchange.h ------------------------------------------------------------------------------- */

const struct party *exchange_party(const struct exchange *self)
{
    assert_ptr_equal(self, &exchange);
    return &party;
}

const char *exchange_id(const struct exchange *self)
{
    assert_ptr_equal(self, &exchange);
    return FAKE_ID;
}

const char *exchange_method(const struct exchange *self)
{
    return self->method;
}

const char *exchange_capture(const struct exchange *self, size_t n)
{
    assert_true(n < EXCHANGE_CAPTURES_MAX);
    assert_non_null(self->captures[n]);
    return self->captures[n];
}

const char *exchange_argument(const struct exchange *self, const char *name)
{
    for (size_t i = 0; i < ARGUMENTS_MAX; i++)
        if (self->arguments[i].name && strcmp(self->arguments[i].name, name) == 0)
            return self->arguments[i].value;
    return NULL;
}

const char *exchange_header(const struct exchange *self, const char *name)
{
    assert_ptr_equal(self, &exchange);
    return find_header(name);
}

const char *exchange_client(const struct exchange *self)
{
    assert_ptr_equal(self, &exchange);
    return "192.0.2.1";
}

enum pk_status exchange_json(struct exchange *self, const json_t **ret, const char **ret_why)
{
    PK_AUTO_JSON struct pk_json *checked = NULL;

    if (!self->body || !*self->body)
        return PK_NOT_FOUND;
    if (!self->json)
        self->json = json_loads(self->body, JSON_REJECT_DUPLICATES, NULL);
    if (self->json && json_is_object(self->json) &&
        pk_json_parse(pk_view_string(self->body), &checked)) {
        json_decref(self->json);
        self->json = NULL;
    }
    if (!self->json) {
        *ret_why = "no JSON";
        return PK_INVALID_INPUT;
    }
    *ret = self->json;
    return PK_OK;
}

void exchange_keep(struct exchange *self, void *data, void (*release)(void *data))
{
    assert_null(self->kept);
    self->kept = data;
    self->release = release;
}

void *exchange_kept(const struct exchange *self)
{
    return self->kept;
}

void exchange_add_header(struct exchange *self, const char *name, const char *value)
{
    assert_false(self->answered);
    for (size_t i = 0; i < HEADERS_MAX; i++)
        if (!self->answer_headers[i].name) {
            self->answer_headers[i] = (struct pair){strdup(name), strdup(value)};
            return;
        }
    fail_msg("too many headers");
}

void exchange_answer(struct exchange *self, unsigned http_status, json_t *body)
{
    assert_false(self->answered);
    self->answered = true;
    self->status = http_status;
    self->answer = body;
}

void exchange_answer_text(struct exchange *self, unsigned http_status, const char *media_type,
                          const char *text)
{
    (void)media_type;
    assert_false(self->answered);
    self->answered = true;
    self->status = http_status;
    self->text = strdup(text);
}

/* --- party.h ---------------------------------------------------------------------------------- */

static void assert_allowed(const char *name, const json_t *value)
{
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            assert_true(json_is_string(json_array_get(value, i)));
        return;
    }
    if (!json_is_string(value) && !json_is_boolean(value) &&
        !(json_is_integer(value) && json_integer_value(value) >= 0))
        fail_msg("the option %s is of a type that the bus has not", name);
}

void party_call(struct exchange *self, const struct party_request *request)
{
    const char *name;
    json_t *value;

    assert_ptr_equal(self, &exchange);
    assert_false(self->asked);
    assert_false(self->answered);
    assert_non_null(request->answered);
    json_object_foreach(request->options, name, value)
    {
        assert_allowed(name, value);
    }
    json_decref(self->call.options);
    free(self->call_id);
    free(self->call_credential);
    free(self->call_claim);
    free(self->call_session);
    free(self->call_act);
    free(self->call_name);
    self->asked = true;
    self->call = *request;
    self->call_id = request->id ? strdup(request->id) : NULL;
    self->call_credential = request->credential ? strdup(request->credential) : NULL;
    self->call_claim = request->claim ? strdup(request->claim) : NULL;
    self->call_session = request->session ? strdup(request->session) : NULL;
    self->call_act = request->act ? strdup(request->act) : NULL;
    self->call_name = request->name ? strdup(request->name) : NULL;
    if (!self->call.options)
        self->call.options = json_object();
}

/* What the application would be asked about stands among the options here. */
void party_call_with_password(struct exchange *self, const struct party_request *request,
                              const struct party_password *password)
{
    party_call(self, request);
    assert_true(json_is_string(password->text));
    assert_int_equal(json_object_set_new(self->call.options, "password",
                                         json_string(json_string_value(password->text))),
                     0);
    if (password->transmission)
        assert_int_equal(json_object_set_new(self->call.options, "passwordTransmission",
                                             json_string(password->transmission)),
                         0);
}

/* --- the daemon's side ------------------------------------------------------------------------ */

bool fake_is_asked(void)
{
    return exchange.asked;
}

static char *answer_text(void)
{
    return exchange.answer ? json_dumps(exchange.answer, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
}

const json_t *fake_call(enum party_call call)
{
    PK_AUTO_FREE char *answer = answer_text();

    if (!exchange.asked)
        fail_msg("the daemon was not asked: %u %s", exchange.status, answer ? answer : "");
    assert_int_equal(exchange.call.call, call);
    return exchange.call.options;
}

const char *fake_call_id(void)
{
    return exchange.call_id;
}

const char *fake_call_claim(void)
{
    return exchange.call_claim;
}

const char *fake_call_session(void)
{
    return exchange.call_session;
}

const char *fake_call_act(void)
{
    return exchange.call_act;
}

const char *fake_call_name(void)
{
    return exchange.call_name;
}

void fake_self_service(bool on)
{
    party.self_service = on;
}

void fake_prefix(const char *prefix)
{
    party.prefix = (char *)(uintptr_t)prefix;
}

const char *fake_call_credential(void)
{
    return exchange.call_credential;
}

void fake_call_has(enum party_call call, const char *options)
{
    AUTO_JSON json_t *expected = fake_json(options);
    PK_AUTO_FREE char *wanted = json_dumps(expected, JSON_COMPACT | JSON_SORT_KEYS);
    PK_AUTO_FREE char *got = json_dumps(fake_call(call), JSON_COMPACT | JSON_SORT_KEYS);

    assert_string_equal(got, wanted);
}

static void reply(const struct party_answer *answer)
{
    assert_true(exchange.asked);
    exchange.asked = false;
    exchange.call.answered(&exchange, answer);
    assert_true(exchange.answered != exchange.asked);
}

void fake_done(const char *result)
{
    fake_begun(NULL, result);
}

void fake_begun(const char *id, const char *options)
{
    AUTO_JSON json_t *json = options ? fake_json(options) : NULL;
    const struct party_answer answer = {.outcome = PARTY_DONE, .id = id, .result = json};

    reply(&answer);
}

void fake_failed(enum party_outcome outcome, const char *reason)
{
    const struct party_answer answer = {.outcome = outcome, .reason = reason};

    reply(&answer);
}

/* --- the client's side ------------------------------------------------------------------------ */

const char *fake_answer_text(void)
{
    assert_true(exchange.answered);
    assert_non_null(exchange.text);
    return exchange.text;
}

/* A line {"schema": ..., "body": ...} for tests/unit/http_schemas.py. */
static void record(const char *schema)
{
    const char *path = getenv("PK_HTTP_ANSWERS");
    PK_AUTO_FCLOSE FILE *file = path ? fopen(path, "ae") : NULL;
    AUTO_JSON json_t *line = json_pack("{s:s, s:O}", "schema", schema, "body", exchange.answer);

    assert_non_null(line);
    if (!path)
        return;
    assert_non_null(file);
    assert_int_equal(json_dumpf(line, file, JSON_COMPACT), 0);
    assert_int_equal(fputc('\n', file), '\n');
}

const json_t *fake_answer(unsigned status, const char *schema)
{
    PK_AUTO_FREE char *answer = answer_text();

    assert_true(exchange.answered);
    if (exchange.status != status)
        fail_msg("%u instead of %u: %s", exchange.status, status, answer ? answer : "");
    if (schema)
        record(schema);
    return exchange.answer;
}

void fake_answered(unsigned status, const char *schema, const char *body)
{
    AUTO_JSON json_t *expected = body ? fake_json(body) : NULL;
    PK_AUTO_FREE char *wanted =
        expected ? json_dumps(expected, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    PK_AUTO_FREE char *got = answer_text();

    (void)fake_answer(status, schema);
    if (!body) {
        assert_null(exchange.answer);
        return;
    }
    assert_non_null(got);
    assert_string_equal(got, wanted);
}

unsigned fake_status(void)
{
    return exchange.status;
}

const char *fake_answer_header(const char *name)
{
    for (size_t i = 0; i < HEADERS_MAX; i++)
        if (exchange.answer_headers[i].name &&
            strcasecmp(exchange.answer_headers[i].name, name) == 0)
            return exchange.answer_headers[i].value;
    return NULL;
}

void fake_refused(const char *line, const char *body, unsigned status, const char *schema,
                  const char *answer)
{
    fake_request(line, body);
    if (exchange.asked)
        fail_msg("%s: the daemon was asked", line);
    fake_answered(status, schema, answer);
}
