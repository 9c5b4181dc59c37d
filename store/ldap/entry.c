/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/ldap/entry.h"

#include "common/base/cleanup.h"
#include "common/base/reader.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "common/webauthn/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define DN_MAX         4096
#define WORD_MAX       32
#define FOREIGN_MAX    16
#define UID_MAX        4294967294 /* the one above is nobody's */
#define TRANSPORTS_MAX 6

const char *const entry_attributes[] = {"pkCredentialId",
                                        "pkOwner",
                                        "pkOwnerNumber",
                                        "pkOwnerUUID",
                                        "pkPublicKey",
                                        "pkUserHandle",
                                        "pkRpId",
                                        "pkAlgorithm",
                                        "pkAaguid",
                                        "pkTransport",
                                        "pkName",
                                        "pkFormat",
                                        "pkTrust",
                                        "pkAttestationType",
                                        "pkCreated",
                                        "pkCredProtect",
                                        "pkFlag",
                                        "pkImported",
                                        "pkInstrument",
                                        "pkRawId",
                                        NULL};

void entry_owner_clear(struct entry_owner *owner)
{
    free(owner->dn);
    *owner = (struct entry_owner){0};
}

void entry_texts_clear(struct entry_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->items[i]);
    *texts = (struct entry_texts){0};
}

/* --- values ----------------------------------------------------------------------------------- */

static int hex_digit(uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c | ((c & 0x40) >> 1)) : NULL;

    return found ? (int)(found - digits) : -1;
}

enum pk_status entry_uuid_parse(struct pk_view text, uint8_t ret[ENTRY_UUID_SIZE])
{
    uint8_t uuid[ENTRY_UUID_SIZE] = {0};
    size_t digits = 0;

    if (text.len != ENTRY_UUID_TEXT)
        return PK_INVALID_INPUT;
    for (size_t i = 0; i < text.len; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        int digit = hex_digit(text.ptr[i]);

        if (hyphen ? text.ptr[i] != '-' : digit < 0)
            return PK_INVALID_INPUT;
        if (!hyphen) {
            uuid[digits / 2] = (uint8_t)(uuid[digits / 2] << 4 | digit);
            digits++;
        }
    }
    memcpy(ret, uuid, sizeof(uuid));
    return PK_OK;
}

static char *uuid_text(const uint8_t uuid[ENTRY_UUID_SIZE])
{
    PK_AUTO_FREE char *hex = pk_hex_encode((struct pk_view){uuid, ENTRY_UUID_SIZE});

    return hex ? pk_text_format("%.8s-%.4s-%.4s-%.4s-%s", hex, hex + 8, hex + 12, hex + 16,
                                hex + 20)
               : NULL;
}

char *entry_time_text(int64_t when)
{
    time_t seconds = (time_t)when;
    struct tm parts;
    char text[32];

    if (!gmtime_r(&seconds, &parts) || strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &parts) == 0)
        return NULL;
    return strdup(text);
}

static bool read_digits(struct pk_reader *reader, size_t count, int *ret)
{
    struct pk_view digits = pk_reader_take(reader, count);
    int value = 0;

    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
        value = 10 * value + digits.ptr[i] - '0';
    }
    *ret = value;
    return digits.len == count;
}

/* Of the forms that there are, the one that we write: to the second, in UTC. */
enum pk_status entry_time_parse(struct pk_view text, int64_t *ret)
{
    struct pk_reader reader = pk_reader_new(text);
    struct tm parts = {0};
    const struct {
        size_t digits;
        int *value, min, max;
    } rows[] = {{4, &parts.tm_year, 1970, 9999}, {2, &parts.tm_mon, 1, 12},
                {2, &parts.tm_mday, 1, 31},      {2, &parts.tm_hour, 0, 23},
                {2, &parts.tm_min, 0, 59},       {2, &parts.tm_sec, 0, 60}};
    time_t when;

    for (size_t i = 0; i < COUNT(rows); i++)
        if (!read_digits(&reader, rows[i].digits, rows[i].value) || *rows[i].value < rows[i].min ||
            *rows[i].value > rows[i].max)
            return PK_INVALID_INPUT;
    if (pk_reader_u8(&reader) != 'Z' || pk_reader_finish(&reader) != PK_OK)
        return PK_INVALID_INPUT;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    when = timegm(&parts);
    if (when < 0)
        return PK_INVALID_INPUT;
    *ret = when;
    return PK_OK;
}

/* Decimal, without a plus or zeros before it. */
static enum pk_status read_number(struct pk_view text, int64_t min, int64_t max, int64_t *ret)
{
    bool negative = text.len > 1 && text.ptr[0] == '-';
    size_t first = negative ? 1 : 0;
    int64_t value = 0;

    if (text.len == first || text.len - first > 10 ||
        (text.ptr[first] == '0' && text.len > first + 1))
        return PK_INVALID_INPUT;
    for (size_t i = first; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return PK_INVALID_INPUT;
        value = 10 * value + text.ptr[i] - '0';
    }
    value = negative ? -value : value;
    if (value < min || value > max)
        return PK_INVALID_INPUT;
    *ret = value;
    return PK_OK;
}

/* Text of at most max bytes, without a NUL, and not empty. */
static enum pk_status read_text(struct pk_view value, size_t max, char **ret)
{
    if (value.len == 0 || value.len > max || memchr(value.ptr, 0, value.len) ||
        !pk_utf8_valid(value))
        return PK_INVALID_INPUT;
    *ret = strndup((const char *)value.ptr, value.len);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

/* --- flags and transports --------------------------------------------------------------------- */

enum flag {
    FLAG_BACKUP_ELIGIBLE,
    FLAG_DISCOVERABLE,
    FLAG_USER_VERIFIED,
    FLAG_PAYMENT,
    FLAG_SECOND_FACTOR,
    FLAG_VERIFICATION,
    FLAGS,
};
static const char *const flag_names[FLAGS] = {"backup-eligible", "discoverable",  "user-verified",
                                              "payment",         "second-factor", "verification"};

/* As flag_names orders them. */
static void flags_of(struct credential *credential, bool *ret[FLAGS])
{
    ret[FLAG_BACKUP_ELIGIBLE] = &credential->record.backup_eligible;
    ret[FLAG_DISCOVERABLE] = &credential->discoverable;
    ret[FLAG_USER_VERIFIED] = &credential->user_verified;
    ret[FLAG_PAYMENT] = &credential->record.payment;
    ret[FLAG_SECOND_FACTOR] = &credential->mfa;
    ret[FLAG_VERIFICATION] = &credential->record.verification;
}

/* One that is not known may restrict what the passkey is for. */
static enum pk_status read_flag(struct pk_view value, struct credential *credential)
{
    bool *flags[FLAGS];

    flags_of(credential, flags);
    for (size_t i = 0; i < FLAGS; i++)
        if (pk_view_equal(value, pk_view_string(flag_names[i]))) {
            *flags[i] = true;
            return PK_OK;
        }
    return PK_INVALID_INPUT;
}

static enum pk_status read_transport(struct pk_view value, struct credential *credential)
{
    for (size_t i = 0; i < TRANSPORTS_MAX; i++)
        if (pk_view_equal(value, pk_view_string(pk_transport_name((enum pk_transport)(1u << i)))))
            credential->transports |= 1u << i;
    return PK_OK;
}

/* --- names ------------------------------------------------------------------------------------ */

static const char hashed[] = "sha256:";

char *entry_name(struct pk_view credential_id)
{
    uint8_t hash[PK_HASH_SIZE];
    PK_AUTO_FREE char *text = NULL;

    if (credential_id.len <= ENTRY_ID_MAX)
        return pk_base64url_encode(credential_id);
    pk_sha256(credential_id, hash);
    text = pk_base64url_encode((struct pk_view){hash, sizeof(hash)});
    return text ? pk_text_format("%s%s", hashed, text) : NULL;
}

char *entry_dn(struct pk_view credential_id, const char *subtree)
{
    PK_AUTO_FREE char *name = entry_name(credential_id);

    return name ? pk_text_format("pkCredentialId=%s,%s", name, subtree) : NULL;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
    struct credential *credential;
    struct entry_owner *owner;
    struct pk_view name; /* of the entry, where it is no id */
};

static enum pk_status take_id(struct pk_view value, struct reading *r)
{
    enum pk_status status;

    if (value.len > strlen(hashed) && memcmp(value.ptr, hashed, strlen(hashed)) == 0) {
        r->name = value;
        return PK_OK;
    }
    status = pk_base64url_decode(value, PK_CREDENTIAL_ID_MAX, &r->credential->record.id);

    return status == PK_OK && r->credential->record.id.len == 0 ? PK_INVALID_INPUT : status;
}

/* It must be the one that the entry is named by. */
static enum pk_status take_raw_id(struct pk_view value, struct reading *r)
{
    PK_AUTO_FREE char *name = value.len > ENTRY_ID_MAX ? entry_name(value) : NULL;

    if (value.len <= ENTRY_ID_MAX || value.len > PK_CREDENTIAL_ID_MAX || r->name.len == 0)
        return PK_INVALID_INPUT;
    if (!name)
        return PK_NO_MEMORY;
    if (!pk_view_equal(pk_view_string(name), r->name))
        return PK_INVALID_INPUT;
    return pk_bytes_copy(value, &r->credential->record.id);
}

static enum pk_status take_owner(struct pk_view value, struct reading *r)
{
    return read_text(value, DN_MAX, &r->owner->dn);
}

static enum pk_status take_owner_number(struct pk_view value, struct reading *r)
{
    int64_t number = 0;
    enum pk_status status = read_number(value, 0, UID_MAX, &number);

    r->owner->number = (uid_t)number;
    return status;
}

static enum pk_status take_owner_uuid(struct pk_view value, struct reading *r)
{
    r->owner->has_uuid = true;
    return entry_uuid_parse(value, r->owner->uuid);
}

static enum pk_status take_bytes(struct pk_view value, size_t max, struct pk_bytes *ret)
{
    return value.len == 0 || value.len > max ? PK_INVALID_INPUT : pk_bytes_copy(value, ret);
}

static enum pk_status take_key(struct pk_view value, struct reading *r)
{
    return take_bytes(value, PK_PUBLIC_KEY_MAX, &r->credential->record.public_key);
}

static enum pk_status take_handle(struct pk_view value, struct reading *r)
{
    return take_bytes(value, PK_USER_HANDLE_MAX, &r->credential->record.user_handle);
}

static enum pk_status take_rp_id(struct pk_view value, struct reading *r)
{
    return read_text(value, PK_RP_ID_MAX, &r->credential->rp_id);
}

static enum pk_status take_algorithm(struct pk_view value, struct reading *r)
{
    int64_t number = 0;
    enum pk_status status = read_number(value, INT32_MIN, INT32_MAX, &number);

    r->credential->algorithm = (int32_t)number;
    return status;
}

static enum pk_status take_aaguid(struct pk_view value, struct reading *r)
{
    return entry_uuid_parse(value, r->credential->aaguid);
}

static enum pk_status take_transport(struct pk_view value, struct reading *r)
{
    return read_transport(value, r->credential);
}

static enum pk_status take_name(struct pk_view value, struct reading *r)
{
    return read_text(value, 4 * (size_t)PK_APPLICATION_NAME_MAX, &r->credential->name);
}

static enum pk_status take_format(struct pk_view value, struct reading *r)
{
    return read_text(value, WORD_MAX, &r->credential->format);
}

static enum pk_status take_attestation_type(struct pk_view value, struct reading *r)
{
    return read_text(value, WORD_MAX, &r->credential->attestation_type);
}

static enum pk_status take_trust(struct pk_view value, struct reading *r)
{
    return read_text(value, WORD_MAX, &r->credential->trust);
}

static enum pk_status take_created(struct pk_view value, struct reading *r)
{
    return entry_time_parse(value, &r->credential->created);
}

static enum pk_status take_cred_protect(struct pk_view value, struct reading *r)
{
    int64_t number = 0;
    enum pk_status status = read_number(value, 1, PK_CRED_PROTECT_MAX, &number);

    r->credential->cred_protect = (unsigned)number;
    return status;
}

static enum pk_status take_flag(struct pk_view value, struct reading *r)
{
    return read_flag(value, r->credential);
}

static enum pk_status take_imported(struct pk_view value, struct reading *r)
{
    return read_text(value, FOREIGN_MAX, &r->credential->imported);
}

static enum pk_status take_instrument(struct pk_view value, struct reading *r)
{
    return read_text(value, PK_INSTRUMENT_NAME_MAX, &r->credential->instrument_display_name);
}

static const struct row {
    const char *name;
    enum pk_status (*take)(struct pk_view value, struct reading *reading);
    bool needed, several;
    const char *why;
} rows[] = {
    {"pkCredentialId", take_id, true, false, "pkCredentialId is not an id in base64url"},
    {"pkRawId", take_raw_id, false, false, "pkRawId is not what the entry is named by"},
    {"pkOwner", take_owner, true, false, "pkOwner is missing, or too long"},
    {"pkOwnerNumber", take_owner_number, true, false, "pkOwnerNumber is not a user id"},
    {"pkOwnerUUID", take_owner_uuid, false, false, "pkOwnerUUID is not a UUID"},
    {"pkPublicKey", take_key, true, false, "pkPublicKey is missing, or too long"},
    {"pkUserHandle", take_handle, true, false, "pkUserHandle is missing, or too long"},
    {"pkRpId", take_rp_id, true, false, "pkRpId is missing, or too long"},
    {"pkAlgorithm", take_algorithm, true, false, "pkAlgorithm is not a number"},
    {"pkAaguid", take_aaguid, false, false, "pkAaguid is not a UUID"},
    {"pkTransport", take_transport, false, true, "pkTransport is not a transport"},
    {"pkName", take_name, false, false, "pkName is too long"},
    {"pkFormat", take_format, false, false, "pkFormat is too long"},
    {"pkAttestationType", take_attestation_type, false, false, "pkAttestationType is too long"},
    {"pkTrust", take_trust, false, false, "pkTrust is too long"},
    {"pkCreated", take_created, false, false, "pkCreated is not a time in UTC"},
    {"pkCredProtect", take_cred_protect, false, false, "pkCredProtect is not 1 to 3"},
    {"pkFlag", take_flag, false, true, "pkFlag is one that is not known"},
    {"pkImported", take_imported, false, false, "pkImported is too long"},
    {"pkInstrument", take_instrument, false, false, "pkInstrument is too long"},
};

static enum pk_status read_row(const struct entry *entry, const struct row *row,
                               struct reading *reading)
{
    size_t found = 0;

    for (size_t i = 0; i < entry->count; i++) {
        enum pk_status status = PK_OK;

        if (strcmp(entry->items[i].name, row->name) != 0)
            continue;
        if (found++ > 0 && !row->several)
            return PK_INVALID_INPUT;
        status = row->take(entry->items[i].value, reading);
        if (status != PK_OK)
            return status == PK_NO_MEMORY ? status : PK_INVALID_INPUT;
    }
    return found == 0 && row->needed ? PK_INVALID_INPUT : PK_OK;
}

/* What the schema lets an entry leave out. */
static enum pk_status add_defaults(struct credential *credential)
{
    const struct {
        char **text;
        const char *value;
    } defaults[] = {{&credential->name, "passkey"},
                    {&credential->format, "none"},
                    {&credential->attestation_type, "None"},
                    {&credential->trust, "unknown"}};
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < COUNT(defaults) && status == PK_OK; i++)
        if (!*defaults[i].text)
            status = pk_text_copy(defaults[i].value, defaults[i].text);
    credential->record.foreign_handle = credential->imported != NULL;
    return status;
}

enum pk_status entry_read(const struct entry *entry, struct credential *ret,
                          struct entry_owner *ret_owner, const char **ret_why)
{
    AUTO_CREDENTIAL struct credential credential = {.account.uid = PK_NO_UID};
    AUTO_ENTRY_OWNER struct entry_owner owner = {0};
    struct reading reading = {.credential = &credential, .owner = &owner};
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < COUNT(rows) && status == PK_OK; i++) {
        status = read_row(entry, &rows[i], &reading);
        if (status == PK_INVALID_INPUT)
            *ret_why = rows[i].why;
    }
    if (status == PK_OK && credential.record.id.len == 0) {
        *ret_why = "pkRawId is missing";
        status = PK_INVALID_INPUT;
    }
    if (status == PK_OK)
        status = add_defaults(&credential);
    if (status != PK_OK)
        return status;
    *ret = credential;
    credential = (struct credential){.account.uid = PK_NO_UID}; /* moved */
    *ret_owner = owner;
    owner = (struct entry_owner){0}; /* moved */
    return PK_OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

struct writing {
    struct entry *entry;
    struct entry_texts *texts;
    enum pk_status status; /* the first failure */
};

static void put(struct writing *w, const char *name, struct pk_view value)
{
    if (w->status != PK_OK || value.len == 0)
        return;
    if (w->entry->count == ENTRY_VALUES_MAX)
        w->status = PK_TOO_LARGE;
    else
        w->entry->items[w->entry->count++] = (struct entry_value){name, value};
}

static void put_text(struct writing *w, const char *name, const char *text)
{
    if (text)
        put(w, name, pk_view_string(text));
}

/* Takes the text over. */
static void put_made(struct writing *w, const char *name, char *text)
{
    if (!text || w->texts->count == ENTRY_VALUES_MAX) {
        w->status = w->status != PK_OK ? w->status : text ? PK_TOO_LARGE : PK_NO_MEMORY;
        free(text);
        return;
    }
    w->texts->items[w->texts->count++] = text;
    put_text(w, name, text);
}

static void put_numbers(struct writing *w, const struct credential *credential)
{
    put_made(w, "pkAlgorithm", pk_text_format("%ld", (long)credential->algorithm));
    if (credential->cred_protect > 0)
        put_made(w, "pkCredProtect", pk_text_format("%u", credential->cred_protect));
    if (credential->created > 0)
        put_made(w, "pkCreated", entry_time_text(credential->created));
    put_made(w, "pkAaguid", uuid_text(credential->aaguid));
}

static void put_words(struct writing *w, const struct credential *credential)
{
    struct credential copy = *credential;
    bool *flags[FLAGS];

    flags_of(&copy, flags);
    for (size_t i = 0; i < FLAGS; i++)
        if (*flags[i])
            put_text(w, "pkFlag", flag_names[i]);
    for (size_t i = 0; i < TRANSPORTS_MAX; i++)
        if (credential->transports & (1u << i))
            put_text(w, "pkTransport", pk_transport_name((enum pk_transport)(1u << i)));
    put_text(w, "pkName", credential->name);
    put_text(w, "pkFormat", credential->format);
    put_text(w, "pkAttestationType", credential->attestation_type);
    put_text(w, "pkTrust", credential->trust);
    put_text(w, "pkImported", credential->imported);
    put_text(w, "pkInstrument", credential->instrument_display_name);
}

enum pk_status entry_write(const struct credential *credential, const struct entry_owner *owner,
                           const char *subtree, struct entry_texts *texts, struct entry *ret,
                           char **ret_dn)
{
    const struct pk_bytes *handle = credential->record.user_handle.len > 0
                                        ? &credential->record.user_handle
                                        : &credential->account.user_handle;
    struct writing w = {ret, texts, PK_OK};
    struct pk_view id = pk_view_of(&credential->record.id);

    *ret = (struct entry){0};
    put_text(&w, "objectClass", "pkCredential");
    put_made(&w, "pkCredentialId", entry_name(id));
    if (id.len > ENTRY_ID_MAX)
        put(&w, "pkRawId", id);
    put_text(&w, "pkOwner", owner->dn);
    put_made(&w, "pkOwnerNumber", pk_text_format("%lu", (unsigned long)owner->number));
    if (owner->has_uuid)
        put_made(&w, "pkOwnerUUID", uuid_text(owner->uuid));
    put(&w, "pkPublicKey", pk_view_of(&credential->record.public_key));
    put(&w, "pkUserHandle", pk_view_of(handle));
    put_text(&w, "pkRpId", credential->rp_id);
    put_numbers(&w, credential);
    put_words(&w, credential);
    if (w.status != PK_OK)
        return w.status;
    *ret_dn = entry_dn(id, subtree);
    return *ret_dn ? PK_OK : PK_NO_MEMORY;
}
