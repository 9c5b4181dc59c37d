/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/extensions.h"

#include "common/base/cbor.h"
#include "common/webauthn/credential_policy.h"

static bool named(struct pk_view name, const char *wanted)
{
    return pk_view_equal(name, pk_view_string(wanted));
}

static void read_cred_protect(struct pk_reader *reader, struct pk_extension_results *results)
{
    uint64_t level = pk_cbor_unsigned(reader);

    if (level == 0 || level > PK_CRED_PROTECT_MAX)
        pk_reader_fail(reader, PK_EXTENSIONS_MALFORMED);
    else
        results->cred_protect = (unsigned)level;
}

/*
 * A key whose maker chose another level than 1 may say so unasked. That binds nobody, and what is
 * no level is as good as nothing.
 */
static void note_cred_protect(struct pk_view item, struct pk_extension_results *results)
{
    if (item.len == 1 && item.ptr[0] >= 1 && item.ptr[0] <= PK_CRED_PROTECT_MAX)
        results->cred_protect = item.ptr[0];
}

/* CTAP 2.1 section 12.4: code points, and a PIN has at most PK_PIN_MAX. */
static void read_min_pin_length(struct pk_reader *reader, struct pk_extension_results *results)
{
    uint64_t length = pk_cbor_unsigned(reader);

    if (length < PK_PIN_MIN || length > PK_PIN_MAX)
        pk_reader_fail(reader, PK_EXTENSIONS_MALFORMED);
    else
        results->min_pin_length = (unsigned)length;
}

static void read_output(const struct pk_requirements *requirements, struct pk_reader *reader,
                        struct pk_extension_results *results)
{
    struct pk_view name = pk_cbor_text(reader);

    if (requirements->cred_protect > 0 && named(name, "credProtect"))
        read_cred_protect(reader, results);
    else if (requirements->min_pin_length && named(name, "minPinLength"))
        read_min_pin_length(reader, results);
    else if (requirements->refuse_unsolicited_extensions)
        pk_reader_fail(reader, PK_EXTENSION_UNSOLICITED);
    else if (requirements->ceremony == PK_REGISTRATION && named(name, "credProtect"))
        note_cred_protect(pk_cbor_item(reader), results);
    else
        (void)pk_cbor_item(reader);
}

enum pk_status pk_extensions_read(const struct pk_requirements *requirements,
                                  struct pk_view extensions, struct pk_extension_results *results)
{
    struct pk_reader reader = pk_reader_new(extensions);
    size_t pairs = extensions.len > 0 ? pk_cbor_map(&reader) : 0;
    enum pk_status status;

    for (size_t i = 0; i < pairs && reader.status == PK_OK; i++)
        read_output(requirements, &reader, results);
    status = pk_reader_finish(&reader);
    if (status == PK_CBOR_TYPE_MISMATCH)
        return PK_EXTENSIONS_MALFORMED;
    if (status != PK_OK)
        return status;
    if (requirements->ceremony == PK_REGISTRATION && requirements->enforce_cred_protect &&
        results->cred_protect < requirements->cred_protect)
        return PK_CRED_PROTECT_TOO_WEAK;
    return PK_OK;
}

static bool solicited(const struct pk_requirements *requirements, struct pk_view view)
{
    if (requirements->ceremony == PK_REGISTRATION)
        return (requirements->cred_props && named(view, "credProps")) ||
               (requirements->appid_exclude && named(view, "appidExclude")) ||
               (requirements->cred_protect > 0 && named(view, "credProtect")) ||
               (requirements->min_pin_length && named(view, "minPinLength")) ||
               (requirements->payment && named(view, "payment"));
    return (requirements->appid && named(view, "appid")) ||
           (requirements->payment && named(view, "payment"));
}

/* A boolean output; false also when it was not asked for, whatever it is. */
static enum pk_status read_bool(const struct pk_requirements *requirements,
                                const struct pk_json_value *outputs, const char *name, bool *ret)
{
    const struct pk_json_value *value = pk_json_optional(outputs, name);

    *ret = false;
    if (!value || !solicited(requirements, value->key))
        return PK_OK;
    if (!pk_json_is_bool(value))
        return PK_EXTENSIONS_MALFORMED;
    *ret = pk_json_is(value, PK_JSON_TRUE);
    return PK_OK;
}

static enum pk_status read_cred_props(const struct pk_requirements *requirements,
                                      const struct pk_json_value *outputs,
                                      struct pk_extension_results *results)
{
    const struct pk_json_value *props = pk_json_optional(outputs, "credProps");
    const struct pk_json_value *rk = pk_json_optional(props, "rk");

    if (!props || !solicited(requirements, props->key))
        return PK_OK;
    if (!pk_json_is(props, PK_JSON_OBJECT) || (rk && !pk_json_is_bool(rk)))
        return PK_EXTENSIONS_MALFORMED;
    results->has_cred_props = rk != NULL;
    results->resident_key = pk_json_is(rk, PK_JSON_TRUE);
    if (results->has_cred_props && !results->resident_key &&
        pk_requirements_demand_resident_key(requirements))
        return PK_RESIDENT_KEY_MISSING;
    return PK_OK;
}

static enum pk_status check_solicited(const struct pk_requirements *requirements,
                                      const struct pk_json_value *outputs)
{
    for (const struct pk_json_value *output = outputs->first; output; output = output->next)
        if (!pk_json_is(output, PK_JSON_NULL) && !solicited(requirements, output->key))
            return PK_EXTENSION_UNSOLICITED;
    return PK_OK;
}

enum pk_status pk_client_extensions_read(const struct pk_requirements *requirements,
                                         const struct pk_json_value *outputs,
                                         struct pk_extension_results *results)
{
    const struct pk_json_value *payment = pk_json_optional(outputs, "payment");
    enum pk_status status = PK_OK;

    if (!outputs)
        return PK_OK;
    if (!pk_json_is(outputs, PK_JSON_OBJECT))
        return PK_EXTENSIONS_MALFORMED;
    if (requirements->refuse_unsolicited_extensions)
        status = check_solicited(requirements, outputs);
    if (status == PK_OK)
        status = read_cred_props(requirements, outputs, results);
    if (status == PK_OK)
        status = read_bool(requirements, outputs, "appid", &results->appid);
    if (status == PK_OK)
        status = read_bool(requirements, outputs, "appidExclude", &results->appid_exclude);
    results->payment = payment && solicited(requirements, payment->key);
    return status;
}
