/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers. The requests are in forward.c, the lines of an answer in forward_parts.c. */
#include "common/wire/forward.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/wire/members.h"

#include <stdlib.h>
#include <string.h>

#define CBOR_MAX ((size_t)PK_FORWARD_PARTS_MAX * PK_FORWARD_PART_TEXT / 4 * 3)
/* Authenticator data begins with the RP id hash, which both sides know (WebAuthn 6.1). */
#define AUTH_DATA_MIN  5 /* flags and counter */
#define AUTH_DATA_MAX  (PK_AUTH_DATA_MAX - PK_HASH_SIZE)
#define TRANSPORTS_ALL 0x3f /* every bit of enum pk_transport */

/* What a string of JSON has an escape for, of what a word may hold. */
static const char escaped[] = "\"\\";

/* The keys of the map; 2 to 4 differ by kind, and 5 by who made the client data. */
enum member {
    KIND = 1,
    CREDENTIAL = 2, /* GET */
    AUTH_DATA = 3,
    SIGNATURE = 4,
    ATTESTATION_OBJECT = 2, /* CREATE */
    TRANSPORTS = 3,
    DISCOVERABLE = 4,
    ORIGIN = 5,
    CHALLENGE = 6,
    CLIENT_DATA = 5, /* of a page, with nothing behind it */
};

/*@ assigns \nothing; */
static bool is_answer(enum pk_forward_kind kind)
{
    return kind == PK_FORWARD_GET || kind == PK_FORWARD_CREATE || kind == PK_FORWARD_PAGE_GET ||
           kind == PK_FORWARD_PAGE_CREATE;
}

/*@ assigns \nothing; */
static bool is_of_page(enum pk_forward_kind kind)
{
    return kind == PK_FORWARD_PAGE_GET || kind == PK_FORWARD_PAGE_CREATE;
}

/*@ assigns \nothing; */
static bool is_assertion(enum pk_forward_kind kind)
{
    return kind == PK_FORWARD_GET || kind == PK_FORWARD_PAGE_GET;
}

/*@ assigns \nothing; */
static size_t member_count(enum pk_forward_kind kind)
{
    return is_of_page(kind) ? CLIENT_DATA : CHALLENGE;
}

void pk_forward_answer_clear(struct pk_forward_answer *answer)
{
    pk_bytes_clear(&answer->client_data);
    free(answer->origin);
    pk_bytes_clear(&answer->auth_data);
    pk_bytes_clear(&answer->signature);
    pk_bytes_clear(&answer->attestation_object);
    *answer = (struct pk_forward_answer){0};
}

static void write_answer(struct pk_writer *writer, const struct pk_forward_answer *answer)
{
    pk_cbor_write_map(writer, member_count(answer->kind));
    pk_member_write_number(writer, KIND, answer->kind);
    if (is_assertion(answer->kind)) {
        pk_member_write_number(writer, CREDENTIAL, answer->credential);
        pk_member_write_bytes(writer, AUTH_DATA, pk_view_of(&answer->auth_data));
        pk_member_write_bytes(writer, SIGNATURE, pk_view_of(&answer->signature));
    } else {
        pk_member_write_bytes(writer, ATTESTATION_OBJECT, pk_view_of(&answer->attestation_object));
        pk_member_write_number(writer, TRANSPORTS, answer->transports);
        pk_member_write_bool(writer, DISCOVERABLE, answer->discoverable);
    }
    if (is_of_page(answer->kind)) {
        pk_member_write_bytes(writer, CLIENT_DATA, pk_view_of(&answer->client_data));
        return;
    }
    pk_member_write_text(writer, ORIGIN, answer->origin);
    pk_member_write_bytes(writer, CHALLENGE,
                          (struct pk_view){answer->challenge, sizeof(answer->challenge)});
}

/* Becomes part of the client data as it is: nothing in it may need an escape there. */
/*@ requires sound(reader);
    assigns *reader, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result == \null || is_string(\result); */
static char *read_origin(struct pk_reader *reader)
{
    char *origin = pk_member_read_word(reader, ORIGIN, PK_ORIGIN_MAX);

    if (origin && strpbrk(origin, escaped))
        pk_reader_fail(reader, PK_PROTOCOL);
    return origin;
}

/*@ requires sound(reader) && \valid(answer) && \separated(reader, answer, &heap);
    assigns *reader, *answer, heap[..];
    ensures sound(reader);
    ensures went_on{Pre, Post}(reader);
    ensures answer->kind == \old(answer->kind);
    ensures answer->credential < PK_CREDENTIAL_LIST_MAX; */
static void read_assertion(struct pk_reader *reader, struct pk_forward_answer *answer)
{
    answer->credential = pk_member_read_number(reader, CREDENTIAL, 0, PK_CREDENTIAL_LIST_MAX - 1);
    pk_member_read_key(reader, AUTH_DATA);
    pk_member_copy_bytes(reader, AUTH_DATA_MIN, AUTH_DATA_MAX, &answer->auth_data);
    pk_member_read_key(reader, SIGNATURE);
    pk_member_copy_bytes(reader, 1, PK_SIGNATURE_MAX, &answer->signature);
}

/*@ requires sound(reader) && \valid(answer) && \separated(reader, answer, &heap);
    assigns *reader, *answer, heap[..];
    ensures sound(reader);
    ensures went_on{Pre, Post}(reader);
    ensures answer->kind == \old(answer->kind);
    ensures answer->transports <= TRANSPORTS_ALL; */
static void read_attestation(struct pk_reader *reader, struct pk_forward_answer *answer)
{
    pk_member_read_key(reader, ATTESTATION_OBJECT);
    pk_member_copy_bytes(reader, 1, PK_ATTESTATION_OBJECT_MAX, &answer->attestation_object);
    answer->transports = pk_member_read_number(reader, TRANSPORTS, 0, TRANSPORTS_ALL);
    answer->discoverable = pk_member_read_bool(reader, DISCOVERABLE);
}

/* What a page made, or what the rest of the client data is made of. */
/*@ requires sound(reader) && \valid(answer) && \separated(reader, answer, &heap);
    assigns *reader, *answer, heap[..];
    ensures sound(reader);
    ensures went_on{Pre, Post}(reader);
    ensures answer->kind == \old(answer->kind); */
static void read_client_data(struct pk_reader *reader, struct pk_forward_answer *answer)
{
    if (is_of_page(answer->kind)) {
        pk_member_read_key(reader, CLIENT_DATA);
        pk_member_copy_bytes(reader, 1, PK_CLIENT_DATA_MAX, &answer->client_data);
    } else {
        answer->origin = read_origin(reader);
        pk_member_read_exactly(reader, CHALLENGE, answer->challenge, sizeof(answer->challenge));
    }
}

/*@ requires sound(reader) && \valid(answer) && \separated(reader, answer, &heap);
    assigns *reader, *answer, heap[..];
    ensures sound(reader);
    ensures went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> answer->kind == kind; */
static void read_answer(struct pk_reader *reader, enum pk_forward_kind kind,
                        struct pk_forward_answer *answer)
{
    if (pk_cbor_map(reader) != member_count(kind))
        pk_reader_fail(reader, PK_PROTOCOL);
    answer->kind = pk_member_read_number(reader, KIND, kind, kind);
    /*@ assert sound(reader) && went_on{Pre, Here}(reader); */
    if (is_assertion(kind))
        read_assertion(reader, answer);
    else
        read_attestation(reader, answer);
    /*@ assert sound(reader) && went_on{Pre, Here}(reader); */
    read_client_data(reader, answer);
}

/*@ requires readable(cbor) && \valid(ret) && \separated(ret, &heap);
    assigns *ret, heap[..];
    ensures \result != PK_OK ==> *ret == \old(*ret); */
static enum pk_status decode_map(enum pk_forward_kind kind, struct pk_view cbor,
                                 struct pk_forward_answer *ret)
{
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};
    struct pk_reader reader = pk_reader_new(cbor);
    enum pk_status status = pk_cbor_check(cbor);

    if (status != PK_OK)
        return status;
    read_answer(&reader, kind, &answer);
    status = pk_reader_finish(&reader);
    if (status != PK_OK)
        return status;
    *ret = answer;
    answer = (struct pk_forward_answer){0};
    return PK_OK;
}

/* base64url of the whole answer. */
static enum pk_status encode_text(const struct pk_forward_answer *answer, char **ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(CBOR_MAX);
    PK_AUTO_BYTES struct pk_bytes cbor = {0};
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer again = {0};
    char *text;
    enum pk_status status;

    if (!is_answer(answer->kind))
        return PK_INVALID_ARGUMENT;
    write_answer(&writer, answer);
    status = pk_writer_finish(&writer, &cbor);
    if (status != PK_OK)
        return status;
    /* The reader's rules are the only ones: what it would refuse is not sent. */
    status = decode_map(answer->kind, pk_view_of(&cbor), &again);
    if (status != PK_OK)
        return status == PK_NO_MEMORY || status == PK_TOO_LARGE ? status : PK_INVALID_ARGUMENT;
    text = pk_base64url_encode(pk_view_of(&cbor));
    if (!text)
        return PK_NO_MEMORY;
    *ret = text;
    return PK_OK;
}

enum pk_status pk_forward_answer_encode(const struct pk_forward_answer *answer,
                                        struct pk_strings *ret_lines)
{
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status = encode_text(answer, &text);

    return status == PK_OK ? pk_forward_parts_make(text, ret_lines) : status;
}

enum pk_status pk_forward_answer_decode(enum pk_forward_kind kind,
                                        const struct pk_forward_parts *parts,
                                        struct pk_forward_answer *ret)
{
    PK_AUTO_BYTES struct pk_bytes cbor = {0};
    enum pk_status status;

    if (!is_answer(kind))
        return PK_INVALID_ARGUMENT;
    if (parts->count == 0 || parts->count != parts->total)
        return PK_TRUNCATED;
    status = pk_base64url_decode(pk_view_of(&parts->text), CBOR_MAX, &cbor);
    if (status != PK_OK)
        return status;
    return decode_map(kind, pk_view_of(&cbor), ret);
}
