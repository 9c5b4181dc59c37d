/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/accounts/passkey_json.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/options.h"

static void set(json_t *object, const char *name, json_t *value, bool *failed)
{
    *failed |= json_object_set_new(object, name, value) != 0;
}

static json_t *transports_json(unsigned transports)
{
    json_t *list = json_array();

    for (unsigned bit = 1; list && bit && bit <= transports; bit <<= 1) {
        const char *name = transports & bit ? pk_transport_name((enum pk_transport)bit) : NULL;

        if (name)
            (void)json_array_append_new(list, json_string(name));
    }
    return list;
}

/* In groups of 8-4-4-4-12 digits, as lists of authenticators print it. */
static json_t *aaguid_json(const uint8_t aaguid[PK_AAGUID_SIZE])
{
    PK_AUTO_FREE char *hex = pk_hex_encode((struct pk_view){aaguid, PK_AAGUID_SIZE});

    return hex ? json_sprintf("%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                              hex + 20)
               : NULL;
}

static void set_account(json_t *object, const struct account *account, bool orphaned, bool *failed)
{
    set(object, "user", json_string(account->name), failed);
    if (account->uid != PK_NO_UID)
        set(object, "uid", json_integer((json_int_t)account->uid), failed);
    set(object, "rp", json_string(account->rp), failed);
    set(object, "orphaned", json_boolean(account->orphaned || orphaned), failed);
}

json_t *passkey_json(const struct credential *credential, bool orphaned)
{
    const struct pk_credential_record *record = &credential->record;
    PK_AUTO_FREE char *id = pk_base64url_encode(pk_view_of(&record->id));
    json_t *object = json_object();
    bool failed = !id || !object;

    if (failed) {
        json_decref(object);
        return NULL;
    }
    set(object, "credentialId", json_string(id), &failed);
    set_account(object, &credential->account, orphaned, &failed);
    set(object, "rpId", json_string(credential->rp_id), &failed);
    set(object, "name", json_string(credential->name), &failed);
    set(object, "alg", json_integer(credential->algorithm), &failed);
    set(object, "aaguid", aaguid_json(credential->aaguid), &failed);
    set(object, "fmt", json_string(credential->format), &failed);
    set(object, "attestationType", json_string(credential->attestation_type), &failed);
    set(object, "trusted", json_string(credential->trust), &failed);
    set(object, "transports", transports_json(credential->transports), &failed);
    set(object, "discoverable", json_boolean(credential->discoverable), &failed);
    set(object, "userVerified", json_boolean(credential->user_verified), &failed);
    if (credential->cred_protect > 0)
        set(object, "credProtect", json_integer(credential->cred_protect), &failed);
    set(object, "backupEligible", json_boolean(record->backup_eligible), &failed);
    set(object, "backupState", json_boolean(record->backup_state), &failed);
    set(object, "signCount", json_integer(record->sign_count), &failed);
    set(object, "created", json_integer(credential->created), &failed);
    set(object, "lastUsed", json_integer(credential->last_used), &failed);
    if (credential->imported)
        set(object, "imported", json_string(credential->imported), &failed);
    if (record->verification)
        set(object, "verificationRequired", json_true(), &failed);
    if (credential->id_unknown)
        set(object, "idUnknown", json_true(), &failed);
    if (credential->instrument_display_name)
        set(object, "instrumentDisplayName", json_string(credential->instrument_display_name),
            &failed);
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

char *json_text(json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    return text;
}
