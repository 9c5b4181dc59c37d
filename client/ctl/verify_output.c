/* SPDX-License-Identifier: BSD-2-Clause */
/* Results of passkeyctl verify, one line of JSON each. */
#include "client/ctl/verify.h"
#include "common/base/text.h"
#include "common/webauthn/signature.h"

/* Output. Only what JSON allows unescaped is ever passed to put_text(out, ). */

static void put(FILE *out, const char *text)
{
    (void)fputs_unlocked(text, out);
}

/* text is one of our own names or base64url: nothing in it needs an escape. */
static void put_text(FILE *out, const char *name, const char *text)
{
    put(out, ",\"");
    put(out, name);
    put(out, "\":\"");
    put(out, text);
    put(out, "\"");
}

static void put_number(FILE *out, const char *name, long long number)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%lld", number);
    put(out, ",\"");
    put(out, name);
    put(out, "\":");
    put(out, text);
}

static void put_bool(FILE *out, const char *name, bool value)
{
    put(out, ",\"");
    put(out, name);
    put(out, value ? "\":true" : "\":false");
}

static void put_bytes(FILE *out, const char *name, struct pk_view bytes)
{
    PK_AUTO_FREE char *text = pk_base64url_encode(bytes);

    put_text(out, name, text ? text : "");
}

/* The id as it came, of whatever type. */
static void put_head(FILE *out, const struct pk_json_value *line, bool verified)
{
    const struct pk_json_value *id = pk_json_get(line, "id");

    put(out, "{\"id\":");
    if (id)
        (void)fwrite_unlocked(id->raw.ptr, 1, id->raw.len, out);
    else
        put(out, "null");
    put_bool(out, "verified", verified);
}

void verify_put_failure(FILE *out, const struct pk_json_value *line, enum pk_status status)
{
    put_head(out, line, false);
    put_text(out, "reason", pk_status_name(status));
    put_text(out, "detail", pk_status_clause(status));
    put(out, "}\n");
}

static void put_aaguid(FILE *out, const uint8_t aaguid[PK_AAGUID_SIZE])
{
    PK_AUTO_FREE char *hex = pk_hex_encode((struct pk_view){aaguid, PK_AAGUID_SIZE});
    char text[37];

    if (!hex)
        return;
    (void)snprintf(text, sizeof(text), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
                   hex + 16, hex + 20);
    put_text(out, "aaguid", text);
}

static void put_extensions(FILE *out, const struct pk_extension_results *results, bool appid_asked)
{
    char text[160];
    size_t len = 0;

    text[0] = 0;
    if (results->has_cred_props)
        len += (size_t)snprintf(text + len, sizeof(text) - len, ",\"credProps\":{\"rk\":%s}",
                                results->resident_key ? "true" : "false");
    if (results->cred_protect > 0)
        len += (size_t)snprintf(text + len, sizeof(text) - len, ",\"credProtect\":%u",
                                results->cred_protect);
    if (results->min_pin_length > 0)
        len += (size_t)snprintf(text + len, sizeof(text) - len, ",\"minPinLength\":%u",
                                results->min_pin_length);
    if (appid_asked)
        (void)snprintf(text + len, sizeof(text) - len, ",\"appid\":%s",
                       results->appid ? "true" : "false");
    put(out, ",\"extensions\":{");
    put(out, text[0] ? text + 1 : text);
    put(out, "}");
}

void verify_put_registration(FILE *out, const struct pk_json_value *line,
                             const struct pk_registration_result *result)
{
    put_head(out, line, true);
    put_text(out, "fmt", result->format);
    put_text(out, "attestationType", pk_attestation_type_name(result->attestation_type));
    put_text(out, "trusted", pk_trust_name(result->trust));
    put_number(out, "alg", result->algorithm);
    put_bytes(out, "credentialId", pk_view_of(&result->credential_id));
    put_aaguid(out, result->aaguid);
    put_number(out, "signCount", result->sign_count);
    put_number(out, "flags", result->flags);
    put_bytes(out, "publicKey", pk_view_of(&result->public_key));
    put_bool(out, "userVerified", result->flags & PK_FLAG_UV);
    put_extensions(out, &result->extensions, false);
    put(out, "}\n");
}

void verify_put_authentication(FILE *out, const struct pk_json_value *line,
                               const struct verify_input *input,
                               const struct pk_authentication_result *result)
{
    put_head(out, line, true);
    put_number(out, "alg", pk_public_key_algorithm(input->record.key)->number);
    put_bytes(out, "credentialId", pk_view_of(&result->credential_id));
    put_number(out, "signCount", result->sign_count);
    put_number(out, "flags", result->flags);
    put_bytes(out, "publicKey", pk_view_of(&input->record.public_key));
    put_bool(out, "userVerified", result->flags & PK_FLAG_UV);
    put_extensions(out, &result->extensions, input->requirements.appid != NULL);
    put(out, "}\n");
}
