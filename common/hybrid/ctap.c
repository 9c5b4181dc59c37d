/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/hybrid/ctap.h"

#include "common/base/cbor.h"
#include "common/hybrid/channel.h"

#include <string.h>

enum command {
    MAKE_CREDENTIAL = 1,
    GET_ASSERTION = 2,
};

/* CTAP 2.1 section 8.2 */
enum ctap_status {
    CTAP_OK = 0x00,
    CTAP_CREDENTIAL_EXCLUDED = 0x19,
    CTAP_UNSUPPORTED_ALGORITHM = 0x26,
    CTAP_OPERATION_DENIED = 0x27,
    CTAP_KEY_STORE_FULL = 0x28,
    CTAP_UNSUPPORTED_OPTION = 0x2b,
    CTAP_INVALID_OPTION = 0x2c,
    CTAP_KEEPALIVE_CANCEL = 0x2d,
    CTAP_NO_CREDENTIALS = 0x2e,
    CTAP_USER_ACTION_TIMEOUT = 0x2f,
    CTAP_NOT_ALLOWED = 0x30,
    CTAP_ACTION_TIMEOUT = 0x3a,
    CTAP_UV_BLOCKED = 0x3c,
    CTAP_UV_INVALID = 0x3f,
};

/* ---- requests ---- */

static void write_key_text(struct pk_writer *writer, const char *key, const char *text)
{
    pk_cbor_write_text(writer, pk_view_string(key));
    pk_cbor_write_text(writer, pk_view_string(text));
}

static void write_public_key_type(struct pk_writer *writer)
{
    write_key_text(writer, "type", "public-key");
}

/* Under the number of its parameter; nothing where the list is empty, as CTAP demands. */
static void write_descriptors(struct pk_writer *writer, unsigned parameter,
                              const struct pk_descriptor *items, size_t count)
{
    if (count == 0)
        return;
    pk_cbor_write_unsigned(writer, parameter);
    pk_cbor_write_array(writer, count);
    for (size_t i = 0; i < count; i++) {
        pk_cbor_write_map(writer, 2);
        pk_cbor_write_text(writer, pk_view_string("id"));
        pk_cbor_write_bytes(writer, pk_view_of(&items[i].id));
        write_public_key_type(writer);
    }
}

static void write_option(struct pk_writer *writer, const char *name)
{
    pk_cbor_write_text(writer, pk_view_string(name));
    pk_cbor_write_bool(writer, true);
}

/* The first of two texts that is not empty; NULL: neither. */
static const char *either(const char *text, const char *instead)
{
    if (text && text[0] != '\0')
        return text;
    return instead && instead[0] != '\0' ? instead : NULL;
}

static void write_user(struct pk_writer *writer, const struct pk_creation *creation)
{
    const char *name = either(creation->user_name, creation->user_display_name);

    pk_cbor_write_map(writer, 3);
    pk_cbor_write_text(writer, pk_view_string("id"));
    pk_cbor_write_bytes(writer, pk_view_of(&creation->user_handle));
    write_key_text(writer, "name", name);
    write_key_text(writer, "displayName", either(creation->user_display_name, name));
}

static bool can_be_asked(const struct pk_creation *creation)
{
    return either(creation->rp_id, NULL) &&
           either(creation->user_name, creation->user_display_name) &&
           creation->user_handle.len > 0 && creation->user_handle.len <= PK_USER_HANDLE_MAX &&
           creation->algorithm_count > 0 && creation->algorithm_count <= PK_ALGORITHMS_MAX &&
           creation->exclude_count <= PK_CREDENTIAL_LIST_MAX;
}

enum pk_status pk_hybrid_make_credential(const struct pk_credential_request *request,
                                         struct pk_bytes *ret)
{
    const struct pk_creation *creation = &request->creation;
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_HYBRID_PAYLOAD_MAX - 1);

    if (!can_be_asked(creation))
        return PK_INVALID_ARGUMENT;
    pk_writer_u8(&writer, MAKE_CREDENTIAL);
    pk_cbor_write_map(&writer, creation->exclude_count > 0 ? 6 : 5);
    pk_cbor_write_unsigned(&writer, 1);
    pk_cbor_write_bytes(&writer, (struct pk_view){request->client_data_hash, PK_HASH_SIZE});
    pk_cbor_write_unsigned(&writer, 2);
    pk_cbor_write_map(&writer, 2);
    write_key_text(&writer, "id", creation->rp_id);
    write_key_text(&writer, "name", either(creation->rp_name, creation->rp_id));
    pk_cbor_write_unsigned(&writer, 3);
    write_user(&writer, creation);
    pk_cbor_write_unsigned(&writer, 4);
    pk_cbor_write_array(&writer, creation->algorithm_count);
    for (size_t i = 0; i < creation->algorithm_count; i++) {
        pk_cbor_write_map(&writer, 2);
        pk_cbor_write_text(&writer, pk_view_string("alg"));
        pk_cbor_write_int(&writer, creation->algorithms[i]);
        write_public_key_type(&writer);
    }
    write_descriptors(&writer, 5, creation->exclude, creation->exclude_count);
    pk_cbor_write_unsigned(&writer, 7);
    pk_cbor_write_map(&writer, 2);
    write_option(&writer, "rk");
    write_option(&writer, "uv");
    return pk_writer_finish(&writer, ret);
}

enum pk_status pk_hybrid_get_assertion(const struct pk_assertion_request *request,
                                       struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_HYBRID_PAYLOAD_MAX - 1);

    if (!either(request->rp_id, NULL) || request->allow_count > PK_CREDENTIAL_LIST_MAX)
        return PK_INVALID_ARGUMENT;
    pk_writer_u8(&writer, GET_ASSERTION);
    pk_cbor_write_map(&writer, request->allow_count > 0 ? 4 : 3);
    pk_cbor_write_unsigned(&writer, 1);
    pk_cbor_write_text(&writer, pk_view_string(request->rp_id));
    pk_cbor_write_unsigned(&writer, 2);
    pk_cbor_write_bytes(&writer, (struct pk_view){request->client_data_hash, PK_HASH_SIZE});
    write_descriptors(&writer, 3, request->allow, request->allow_count);
    pk_cbor_write_unsigned(&writer, 5);
    pk_cbor_write_map(&writer, 1);
    write_option(&writer, "uv");
    return pk_writer_finish(&writer, ret);
}

/* ---- answers ---- */

static enum pk_status status_of(uint8_t said)
{
    switch (said) {
    case CTAP_OK:
        return PK_OK;
    case CTAP_CREDENTIAL_EXCLUDED:
        return PK_CREDENTIAL_EXCLUDED;
    case CTAP_UNSUPPORTED_ALGORITHM:
        return PK_KEY_ALGORITHM;
    case CTAP_OPERATION_DENIED:
    case CTAP_NOT_ALLOWED:
    case CTAP_KEEPALIVE_CANCEL: /* nobody here has cancelled: that would have been by hanging up */
        return PK_OPERATION_DENIED;
    case CTAP_KEY_STORE_FULL:
        return PK_KEY_STORE_FULL;
    case CTAP_UNSUPPORTED_OPTION:
    case CTAP_INVALID_OPTION:
        return PK_UNSUPPORTED;
    case CTAP_NO_CREDENTIALS:
        return PK_NO_MATCH;
    case CTAP_USER_ACTION_TIMEOUT:
    case CTAP_ACTION_TIMEOUT:
        return PK_TIMEOUT;
    case CTAP_UV_BLOCKED:
        return PK_UV_BLOCKED;
    case CTAP_UV_INVALID:
        return PK_UV_INVALID;
    default:
        return PK_DEVICE_ERROR;
    }
}

/* The members of both answers; which are of which is the caller's affair. */
struct members {
    struct pk_view by_number[5]; /* whole CBOR items; empty: absent */
};

static enum pk_status read_members(struct pk_view answer, struct members *ret)
{
    struct pk_view map;
    struct pk_reader reader;
    struct members members = {0};
    enum pk_status status;

    if (answer.len == 0)
        return PK_DEVICE_ERROR;
    status = status_of(answer.ptr[0]);
    if (status != PK_OK)
        return status;
    map = (struct pk_view){answer.ptr + 1, answer.len - 1};
    if (pk_cbor_check(map) != PK_OK)
        return PK_DEVICE_ERROR;
    reader = pk_reader_new(map);
    for (size_t left = pk_cbor_map(&reader); left > 0 && reader.status == PK_OK; left--) {
        bool numbered = pk_cbor_peek(&reader) == PK_CBOR_UNSIGNED;
        struct pk_view key = pk_cbor_item(&reader);
        struct pk_view value = pk_cbor_item(&reader);

        if (numbered && key.len == 1 && key.ptr[0] < 5)
            members.by_number[key.ptr[0]] = value;
    }
    if (pk_reader_finish(&reader) != PK_OK)
        return PK_DEVICE_ERROR;
    *ret = members;
    return PK_OK;
}

/* The bytes of an item of 1 to max bytes; anything else fails the reader that stands for all. */
static struct pk_view bytes_of(struct pk_view item, size_t max, enum pk_status *status)
{
    struct pk_reader reader = pk_reader_new(item);
    struct pk_view bytes = pk_cbor_bytes(&reader);

    if (reader.status != PK_OK || bytes.len == 0 || bytes.len > max)
        *status = PK_DEVICE_ERROR;
    return bytes;
}

/* The member "id" of a map, which is of 1 to max bytes. */
static struct pk_view id_of(struct pk_view item, size_t max, enum pk_status *status)
{
    struct pk_reader reader = pk_reader_new(item);
    struct pk_view id = {NULL, 0};

    for (size_t left = pk_cbor_map(&reader); left > 0 && reader.status == PK_OK; left--) {
        if (pk_view_equal(pk_cbor_item(&reader), pk_view_string("\x62id")))
            id = pk_cbor_bytes(&reader);
        else
            (void)pk_cbor_item(&reader);
    }
    if (pk_reader_finish(&reader) != PK_OK || id.len == 0 || id.len > max)
        *status = PK_DEVICE_ERROR;
    return id;
}

static bool wants_statement(const struct pk_creation *creation)
{
    return creation->attestation != PK_ATTESTATION_NONE &&
           creation->attestation != PK_ATTESTATION_UNSET;
}

static enum pk_status build_object(const struct members *members, bool with_statement,
                                   struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_ATTESTATION_OBJECT_MAX);

    pk_cbor_write_map(&writer, 3);
    pk_cbor_write_text(&writer, pk_view_string("fmt"));
    if (with_statement)
        pk_writer_put(&writer, members->by_number[1]);
    else
        pk_cbor_write_text(&writer, pk_view_string("none"));
    pk_cbor_write_text(&writer, pk_view_string("attStmt"));
    if (with_statement)
        pk_writer_put(&writer, members->by_number[3]);
    else
        pk_cbor_write_map(&writer, 0);
    pk_cbor_write_text(&writer, pk_view_string("authData"));
    pk_writer_put(&writer, members->by_number[2]);
    return pk_writer_finish(&writer, ret);
}

static enum pk_cbor_type type_of(struct pk_view item)
{
    struct pk_reader reader = pk_reader_new(item);

    return pk_cbor_peek(&reader);
}

enum pk_status pk_hybrid_credential_made(const struct pk_credential_request *request,
                                         struct pk_view answer, struct pk_credential_answer *ret)
{
    struct pk_credential_answer made = {
        .transports = PK_TRANSPORT_HYBRID | PK_TRANSPORT_INTERNAL,
        .discoverable = true,
    };
    struct members members;
    enum pk_status status = read_members(answer, &members);

    if (status != PK_OK)
        return status;
    (void)bytes_of(members.by_number[2], PK_AUTH_DATA_MAX, &status);
    if (type_of(members.by_number[1]) != PK_CBOR_TEXT ||
        type_of(members.by_number[3]) != PK_CBOR_MAP)
        status = PK_DEVICE_ERROR;
    if (status == PK_OK)
        status =
            build_object(&members, wants_statement(&request->creation), &made.attestation_object);
    if (status == PK_OK)
        *ret = made;
    return status == PK_TOO_LARGE ? PK_DEVICE_ERROR : status;
}

enum pk_status pk_hybrid_assertion_made(const struct pk_assertion_request *request,
                                        struct pk_view answer, struct pk_assertion_answer *ret)
{
    struct members members;
    struct pk_view id;
    struct pk_view data;
    struct pk_view signature;
    struct pk_view user = {NULL, 0};
    struct pk_assertion_answer made = {0};
    enum pk_status status = read_members(answer, &members);

    if (status != PK_OK)
        return status;
    /* CTAP 2.1 section 6.2.2: the credential may be left out where one was asked for. */
    if (members.by_number[1].len == 0 && request->allow_count == 1)
        id = pk_view_of(&request->allow[0].id);
    else
        id = id_of(members.by_number[1], PK_CREDENTIAL_ID_MAX, &status);
    data = bytes_of(members.by_number[2], PK_AUTH_DATA_MAX, &status);
    signature = bytes_of(members.by_number[3], PK_SIGNATURE_MAX, &status);
    if (members.by_number[4].len > 0)
        user = id_of(members.by_number[4], PK_USER_HANDLE_MAX, &status);
    if (status == PK_OK)
        status = pk_bytes_copy(id, &made.credential_id);
    if (status == PK_OK)
        status = pk_bytes_copy(data, &made.authenticator_data);
    if (status == PK_OK)
        status = pk_bytes_copy(signature, &made.signature);
    if (status == PK_OK)
        status = pk_bytes_copy(user, &made.user_handle);
    if (status == PK_OK)
        *ret = made;
    else
        pk_assertion_answer_clear(&made);
    return status;
}
