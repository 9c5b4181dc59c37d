/* SPDX-License-Identifier: BSD-2-Clause */
/* What a line of passkeyctl verify says, as requirements and a credential record. */
#include "client/ctl/verify.h"

#include "common/base/text.h"
#include "common/webauthn/algorithm.h"
#include "common/webauthn/attest_certificate.h"
#include "common/webauthn/options.h"

#include <string.h>

void verify_input_clear(struct verify_input *input)
{
    pk_requirements_clear(&input->requirements);
    pk_credential_record_clear(&input->record);
    input->credential = NULL;
}

static enum pk_status read_bytes(const struct pk_json_value *value, size_t max,
                                 struct pk_bytes *ret)
{
    enum pk_status status = pk_json_bytes(value, max, ret);

    return status == PK_OK || status == PK_NO_MEMORY ? status : PK_INVALID_INPUT;
}

static enum pk_status read_optional_bytes(const struct pk_json_value *value, size_t max,
                                          struct pk_bytes *ret)
{
    return value ? read_bytes(value, max, ret) : PK_OK;
}

/* Text without a NUL inside. */
static enum pk_status read_text(const struct pk_json_value *value, char **ret)
{
    struct pk_view text;

    if (!pk_json_string(value, &text) || (text.len > 0 && memchr(text.ptr, 0, text.len)))
        return PK_INVALID_INPUT;
    *ret = strndup((const char *)text.ptr, text.len);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

static const struct pk_json_value *first_of(const struct pk_json_value *array)
{
    return array ? array->first : NULL;
}

typedef enum pk_status read_item(const struct pk_json_value *item, void *data);

/* Every item in its order, until one is refused; an absent array has none. */
static enum pk_status read_array(const struct pk_json_value *array, read_item *read, void *data)
{
    enum pk_status status = PK_OK;

    if (array && array->type != PK_JSON_ARRAY)
        return PK_INVALID_INPUT;
    for (const struct pk_json_value *item = first_of(array); item && status == PK_OK;
         item = item->next)
        status = read(item, data);
    return status;
}

/* Zeroed memory for as many items as the array has; NULL for none. */
static enum pk_status allocate_items(const struct pk_json_value *array, size_t size, void **ret)
{
    size_t count = array && array->type == PK_JSON_ARRAY ? array->count : 0;

    *ret = count > 0 ? calloc(count, size) : NULL;
    return *ret || count == 0 ? PK_OK : PK_NO_MEMORY;
}

static enum pk_status add_text(const struct pk_json_value *item, void *data)
{
    struct pk_strings *texts = data;
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status = read_text(item, &text);

    return status == PK_OK ? pk_strings_add(texts, text) : status;
}

static enum pk_status read_texts(const struct pk_json_value *array, struct pk_strings *ret)
{
    return read_array(array, add_text, ret);
}

static enum pk_status read_bool(const struct pk_json_value *value, bool *ret)
{
    if (value && !pk_json_is_bool(value))
        return PK_INVALID_INPUT;
    if (value)
        *ret = value->type == PK_JSON_TRUE;
    return PK_OK;
}

static enum pk_status read_ceremony(const struct pk_json_value *line, enum pk_ceremony *ret)
{
    struct pk_view name;

    if (!pk_json_string(pk_json_get(line, "ceremony"), &name))
        return PK_INVALID_INPUT;
    if (pk_view_equal(name, pk_view_string("registration")))
        *ret = PK_REGISTRATION;
    else if (pk_view_equal(name, pk_view_string("authentication")))
        *ret = PK_AUTHENTICATION;
    else
        return PK_INVALID_INPUT;
    return PK_OK;
}

static enum pk_status read_policy(const struct pk_json_value *policy,
                                  struct pk_requirements *requirements)
{
    const struct pk_json_value *verification = pk_json_optional(policy, "userVerification");
    PK_AUTO_FREE char *level = NULL;
    enum pk_status status = PK_OK;

    if (policy && policy->type != PK_JSON_OBJECT)
        return PK_INVALID_INPUT;
    if (verification)
        status = read_text(verification, &level);
    if (status == PK_OK && verification)
        status = pk_requirement_parse(level, &requirements->user_verification);
    if (status == PK_OK)
        status = read_bool(pk_json_optional(policy, "allowCrossOrigin"),
                           &requirements->allow_cross_origin);
    if (status == PK_OK)
        status = read_texts(pk_json_optional(policy, "topOrigins"), &requirements->top_origins);
    if (status == PK_OK)
        status = read_bool(pk_json_optional(policy, "requireTrustedAttestation"),
                           &requirements->require_trusted_attestation);
    /* The default: with a list of credentials the user was identified before. */
    requirements->user_identified_before = requirements->credential_count > 0;
    if (status == PK_OK)
        status = read_bool(pk_json_optional(policy, "userIdentifiedBefore"),
                           &requirements->user_identified_before);
    return status;
}

static enum pk_status add_credential(const struct pk_json_value *item, void *data)
{
    struct pk_requirements *requirements = data;
    enum pk_status status = read_bytes(
        item, PK_CREDENTIAL_ID_MAX, &requirements->credentials[requirements->credential_count].id);

    if (status == PK_OK)
        requirements->credential_count++;
    return status;
}

/* As many as the line has: the limit on descriptors is for the ones that we send out. */
static enum pk_status read_credentials(const struct pk_json_value *array,
                                       struct pk_requirements *requirements)
{
    void *items;
    enum pk_status status = allocate_items(array, sizeof(*requirements->credentials), &items);

    requirements->credentials = items;
    return status == PK_OK ? read_array(array, add_credential, requirements) : status;
}

/* Absent: everything that is verified here; empty: the default of WebAuthn 5.1.3 step 7. */
static enum pk_status read_algorithms(const struct pk_json_value *array,
                                      struct pk_requirements *requirements)
{
    static const int32_t defaults[] = {-7, -257};
    const struct pk_algorithm *row;
    size_t count = 0;

    if (array && array->type != PK_JSON_ARRAY)
        return PK_INVALID_INPUT;
    if (array && array->count > PK_ALGORITHMS_MAX)
        return PK_INVALID_INPUT;
    if (!array)
        for (size_t i = 0; (row = pk_algorithm_at(i)); i++)
            if (row->number != PK_ALGORITHM_RS1)
                requirements->algorithms[count++] = row->number;
    if (array && array->count == 0)
        for (; count < sizeof(defaults) / sizeof(defaults[0]); count++)
            requirements->algorithms[count] = defaults[count];
    for (const struct pk_json_value *item = first_of(array); item; item = item->next) {
        int64_t number;

        if (!pk_json_integer(item, &number))
            return PK_INVALID_INPUT;
        /* COSE numbers have 32 bits at most; others are ignored. */
        if (number >= INT32_MIN && number <= INT32_MAX)
            requirements->algorithms[count++] = (int32_t)number;
    }
    requirements->algorithm_count = count;
    return PK_OK;
}

static enum pk_status check_anchor(struct pk_view der)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *certificate = NULL;

    return pk_certificate_parse(der, &certificate);
}

static enum pk_status add_anchor(const struct pk_json_value *item, void *data)
{
    struct pk_requirements *requirements = data;
    struct pk_bytes *anchor = &requirements->trust_anchors[requirements->trust_anchor_count];
    struct pk_view text;
    enum pk_status status;

    if (!pk_json_string(item, &text))
        return PK_INVALID_INPUT;
    status = pk_base64_decode(text, PK_JSON_LINE_MAX, anchor);
    if (status != PK_OK)
        return status;
    requirements->trust_anchor_count++;
    return check_anchor(pk_view_of(anchor));
}

static enum pk_status read_anchors(const struct pk_json_value *array,
                                   struct pk_requirements *requirements)
{
    void *items;
    enum pk_status status = allocate_items(array, sizeof(*requirements->trust_anchors), &items);

    requirements->trust_anchors = items;
    if (status == PK_OK)
        status = read_array(array, add_anchor, requirements);
    return status == PK_OK || status == PK_NO_MEMORY ? status : PK_INVALID_INPUT;
}

static bool read_digits(const char **at, int count, int *ret)
{
    *ret = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *ret = *ret * 10 + (**at - '0');
    }
    return true;
}

static bool read_char(const char **at, const char *among)
{
    if (!**at || !strchr(among, **at))
        return false;
    (*at)++;
    return true;
}

/* The seconds that local time is ahead of UTC. */
static bool read_offset(const char **at, long *ret)
{
    int hours, minutes;
    bool behind = **at == '-';

    *ret = 0;
    if (read_char(at, "Zz"))
        return true;
    if (!read_char(at, "+-") || !read_digits(at, 2, &hours) || !read_char(at, ":") ||
        !read_digits(at, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret = (hours * 60L + minutes) * 60 * (behind ? -1 : 1);
    return true;
}

/* RFC 3339 section 5.6. Fractions of a second are dropped. */
static enum pk_status read_time(const struct pk_json_value *value, time_t *ret)
{
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status = read_text(value, &text);
    const char *at = text;
    struct tm tm = {0}, made;
    long offset;
    time_t seconds;

    if (status != PK_OK)
        return status;
    if (!read_digits(&at, 4, &tm.tm_year) || !read_char(&at, "-") ||
        !read_digits(&at, 2, &tm.tm_mon) || !read_char(&at, "-") ||
        !read_digits(&at, 2, &tm.tm_mday) || !read_char(&at, "Tt ") ||
        !read_digits(&at, 2, &tm.tm_hour) || !read_char(&at, ":") ||
        !read_digits(&at, 2, &tm.tm_min) || !read_char(&at, ":") ||
        !read_digits(&at, 2, &tm.tm_sec))
        return PK_INVALID_INPUT;
    if (read_char(&at, ".")) {
        if (!read_char(&at, "0123456789"))
            return PK_INVALID_INPUT;
        at += strspn(at, "0123456789");
    }
    if (!read_offset(&at, &offset) || *at)
        return PK_INVALID_INPUT;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    made = tm;
    seconds = timegm(&made);
    /* What timegm() had to normalise was no date; a leap second is the next minute's first. */
    if (tm.tm_sec > 60 || (tm.tm_sec < 60 && made.tm_sec != tm.tm_sec) ||
        (tm.tm_sec < 60 && (made.tm_mday != tm.tm_mday || made.tm_mon != tm.tm_mon ||
                            made.tm_hour != tm.tm_hour || made.tm_min != tm.tm_min)))
        return PK_INVALID_INPUT;
    *ret = seconds - offset;
    return PK_OK;
}

static enum pk_status read_record(const struct pk_json_value *object,
                                  struct pk_credential_record *record)
{
    const struct pk_json_value *count = pk_json_optional(object, "signCount");
    int64_t number = 0;
    enum pk_status status;

    if (!pk_json_is(object, PK_JSON_OBJECT) || (count && !pk_json_integer(count, &number)) ||
        number < 0 || number > UINT32_MAX)
        return PK_INVALID_INPUT;
    record->sign_count = (uint32_t)number;
    status = read_bytes(pk_json_get(object, "id"), PK_CREDENTIAL_ID_MAX, &record->id);
    if (status == PK_OK)
        status =
            read_bytes(pk_json_get(object, "publicKey"), PK_PUBLIC_KEY_MAX, &record->public_key);
    if (status == PK_OK)
        status = read_bool(pk_json_optional(object, "backupEligible"), &record->backup_eligible);
    if (status == PK_OK)
        status = read_bool(pk_json_optional(object, "backupState"), &record->backup_state);
    if (status == PK_OK)
        status = read_optional_bytes(pk_json_optional(object, "userHandle"), PK_USER_HANDLE_MAX,
                                     &record->user_handle);
    if (status == PK_OK)
        status = read_bool(pk_json_optional(object, "payment"), &record->payment);
    return status;
}

static enum pk_status read_relying_party(const struct pk_json_value *line,
                                         struct pk_requirements *requirements)
{
    enum pk_status status = read_text(pk_json_get(line, "rpId"), &requirements->rp_id);

    if (status == PK_OK)
        status = read_texts(pk_json_get(line, "origins"), &requirements->origins);
    if (status == PK_OK && requirements->origins.count == 0)
        status = PK_INVALID_INPUT;
    if (status == PK_OK)
        status = read_bytes(pk_json_get(line, "challenge"), PK_CLIENT_DATA_MAX,
                            &requirements->challenge);
    if (status == PK_OK && pk_json_optional(line, "appid"))
        status = read_text(pk_json_optional(line, "appid"), &requirements->appid);
    return status;
}

static enum pk_status read_registration(const struct pk_json_value *line,
                                        struct pk_requirements *requirements)
{
    enum pk_status status =
        read_credentials(pk_json_optional(line, "registeredCredentialIds"), requirements);

    if (status == PK_OK)
        status = read_algorithms(pk_json_optional(line, "pubKeyCredParams"), requirements);
    if (status == PK_OK)
        status = read_anchors(pk_json_optional(line, "trustAnchors"), requirements);
    if (status == PK_OK && pk_json_optional(line, "mediation")) {
        struct pk_view mediation;

        if (!pk_json_string(pk_json_optional(line, "mediation"), &mediation))
            return PK_INVALID_INPUT;
        requirements->conditional = pk_view_equal(mediation, pk_view_string("conditional"));
    }
    /* A line does not say what was asked for: what these extensions answer is shown. */
    requirements->cred_props = true;
    requirements->min_pin_length = true;
    requirements->cred_protect = 1;
    return status;
}

static enum pk_status read_line(const struct pk_json_value *line, time_t now,
                                struct verify_input *input)
{
    struct pk_requirements *requirements = &input->requirements;
    enum pk_status status = read_ceremony(line, &requirements->ceremony);

    requirements->time = now;
    input->credential = pk_json_get(line, "credential");
    if (status == PK_OK && !pk_json_is(input->credential, PK_JSON_OBJECT))
        status = PK_INVALID_INPUT;
    if (status == PK_OK)
        status = read_relying_party(line, requirements);
    if (status == PK_OK && pk_json_optional(line, "verificationTime"))
        status = read_time(pk_json_optional(line, "verificationTime"), &requirements->time);
    if (status == PK_OK && requirements->ceremony == PK_REGISTRATION) {
        status = read_registration(line, requirements);
    } else if (status == PK_OK) {
        status = read_credentials(pk_json_optional(line, "allowCredentials"), requirements);
        if (status == PK_OK && pk_json_optional(line, "pubKeyCredParams"))
            status = read_algorithms(pk_json_optional(line, "pubKeyCredParams"), requirements);
        if (status == PK_OK)
            status = read_record(pk_json_optional(line, "record"), &input->record);
    }
    return status == PK_OK ? read_policy(pk_json_optional(line, "policy"), requirements) : status;
}

enum pk_status verify_input_read(const struct pk_json_value *line, time_t now,
                                 struct verify_input *ret)
{
    struct verify_input input = {0};
    enum pk_status status = read_line(line, now, &input);

    if (status == PK_OK)
        *ret = input;
    else
        verify_input_clear(&input);
    return status;
}
