/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests. The answers are in forward_answer.c. */
#include "common/wire/forward.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/wire/members.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX_SIZE (sizeof(PK_FORWARD_PREFIX) - 1)
#define CBOR_MAX    ((PK_FORWARD_REQUEST_MAX - PREFIX_SIZE) / 4 * 3)

_Static_assert(sizeof(PK_FORWARD_PREFIX) == sizeof(PK_FORWARD_PREFIX_KEYS),
               "both prefixes have the same length");

/* The keys of the map. GET has KIND to TIMEOUT, CREATE KIND to CRED_PROTECT. */
enum member {
    KIND = 1,
    NONCE,
    CONTEXT,
    RP_ID,
    USER_VERIFICATION,
    CREDENTIALS,
    TIMEOUT,
    RP_NAME,
    USER_HANDLE,
    USER_NAME,
    USER_DISPLAY_NAME,
    ALGORITHMS,
    RESIDENT_KEY,
    ATTESTATION,
    CRED_PROTECT,
    PART, /* MORE, with KIND and NONCE */
};

void pk_forward_request_clear(struct pk_forward_request *request)
{
    free(request->context);
    free(request->rp_id);
    pk_descriptors_free(request->credentials, request->credential_count);
    pk_creation_clear(&request->creation);
    *request = (struct pk_forward_request){0};
}

const char *pk_forward_request_rp_id(const struct pk_forward_request *request)
{
    return request->kind == PK_FORWARD_CREATE ? request->creation.rp_id : request->rp_id;
}

/*@ assigns \nothing; */
static size_t member_count(enum pk_forward_kind kind)
{
    switch (kind) {
    case PK_FORWARD_GET:
        return TIMEOUT;
    case PK_FORWARD_CREATE:
        return CRED_PROTECT;
    case PK_FORWARD_MORE:
        return 3;
    case PK_FORWARD_PAGE_GET:
    case PK_FORWARD_PAGE_CREATE:
        break;
    }
    return 0;
}

/* RP_ID to CREDENTIALS, which both kinds have. */
static void write_party(struct pk_writer *writer, const char *rp_id,
                        enum pk_requirement user_verification, const struct pk_descriptor *items,
                        size_t count)
{
    pk_member_write_text(writer, RP_ID, rp_id);
    pk_member_write_number(writer, USER_VERIFICATION, user_verification);
    pk_cbor_write_unsigned(writer, CREDENTIALS);
    pk_cbor_write_array(writer, count);
    for (size_t i = 0; i < count; i++)
        pk_cbor_write_bytes(writer, pk_view_of(&items[i].id));
}

/* RP_NAME to CRED_PROTECT. */
static void write_creation(struct pk_writer *writer, const struct pk_creation *creation)
{
    pk_member_write_text(writer, RP_NAME, creation->rp_name);
    pk_member_write_bytes(writer, USER_HANDLE, pk_view_of(&creation->user_handle));
    pk_member_write_text(writer, USER_NAME, creation->user_name);
    pk_member_write_text(writer, USER_DISPLAY_NAME, creation->user_display_name);
    pk_cbor_write_unsigned(writer, ALGORITHMS);
    pk_cbor_write_array(writer, creation->algorithm_count);
    for (size_t i = 0; i < creation->algorithm_count; i++)
        pk_cbor_write_int(writer, creation->algorithms[i]);
    pk_member_write_number(writer, RESIDENT_KEY, creation->resident_key);
    pk_member_write_number(writer, ATTESTATION, creation->attestation);
    pk_member_write_number(writer, CRED_PROTECT, creation->cred_protect);
}

static void write_request(struct pk_writer *writer, const struct pk_forward_request *request)
{
    const struct pk_creation *creation = &request->creation;

    pk_cbor_write_map(writer, member_count(request->kind));
    pk_member_write_number(writer, KIND, request->kind);
    pk_member_write_bytes(writer, NONCE, (struct pk_view){request->nonce, sizeof(request->nonce)});
    if (request->kind == PK_FORWARD_MORE) {
        pk_member_write_number(writer, PART, request->part);
        return;
    }
    pk_member_write_text(writer, CONTEXT, request->context);
    if (request->kind == PK_FORWARD_CREATE)
        write_party(writer, creation->rp_id, creation->user_verification, creation->exclude,
                    creation->exclude_count);
    else
        write_party(writer, request->rp_id, request->user_verification, request->credentials,
                    request->credential_count);
    pk_member_write_number(writer, TIMEOUT, request->timeout);
    if (request->kind == PK_FORWARD_CREATE)
        write_creation(writer, creation);
}

/*@ requires sound(reader);
    assigns *reader, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result == \null || is_string(\result); */
static char *read_rp_id(struct pk_reader *reader)
{
    return pk_member_read_word(reader, RP_ID, PK_RP_ID_MAX);
}

/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result <= PK_REQUIRED; */
static enum pk_requirement read_user_verification(struct pk_reader *reader)
{
    return pk_member_read_number(reader, USER_VERIFICATION, 0, PK_REQUIRED);
}

/* Knows of no more memory than the items: to the prover, allocated bytes are more of them. */
/*@ requires sound(reader) && \separated(reader, &heap);
    requires \valid(items + (0 .. count - 1)) && on_heap(items);
    assigns *reader, items[0 .. count - 1], heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static void read_ids(struct pk_reader *reader, struct pk_descriptor *items, size_t count)
{
    /*@ loop invariant 0 <= i <= count && sound(reader) && went_on{Pre, Here}(reader);
        loop assigns i, *reader, items[0 .. count - 1], heap[..];
        loop variant count - i; */
    for (size_t i = 0; i < count; i++)
        pk_member_copy_bytes(reader, 1, PK_CREDENTIAL_ID_MAX, &items[i].id);
}

/*@ requires sound(reader) && \valid(ret_items) && \separated(reader, ret_items, &heap);
    assigns *reader, *ret_items, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result <= PK_CREDENTIAL_LIST_MAX;
    ensures reader->status == PK_OK ==> min <= \result;
    ensures \result > 0 ==> on_heap(*ret_items) && \valid(*ret_items + (0 .. \result - 1));
    ensures \result == 0 ==> *ret_items == \old(*ret_items); */
static size_t read_credentials(struct pk_reader *reader, size_t min,
                               struct pk_descriptor **ret_items)
{
    size_t count = pk_member_read_array(reader, CREDENTIALS, min, PK_CREDENTIAL_LIST_MAX);
    struct pk_descriptor *items;

    if (count == 0)
        return 0;
    items = calloc(count, sizeof(*items));
    if (!items) {
        pk_reader_fail(reader, PK_NO_MEMORY);
        return 0;
    }
    read_ids(reader, items, count);
    *ret_items = items;
    return count;
}

/*@ requires sound(reader) && \valid(creation) && \separated(reader, creation);
    assigns *reader, creation->algorithms[0 .. PK_ALGORITHMS_MAX - 1];
    assigns creation->algorithm_count;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures creation->algorithm_count <= PK_ALGORITHMS_MAX;
    ensures reader->status == PK_OK ==> creation->algorithm_count >= 1; */
static void read_algorithms(struct pk_reader *reader, struct pk_creation *creation)
{
    size_t count = pk_member_read_array(reader, ALGORITHMS, 1, PK_ALGORITHMS_MAX);

    /*@ loop invariant 0 <= i <= count && sound(reader) && went_on{Pre, Here}(reader);
        loop invariant reader->status == PK_OK ==> 1 <= count <= PK_ALGORITHMS_MAX;
        loop assigns i, *reader, creation->algorithms[0 .. PK_ALGORITHMS_MAX - 1];
        loop variant count - i; */
    for (size_t i = 0; i < count; i++) {
        int64_t number = pk_cbor_int(reader);

        if (number < INT32_MIN || number > INT32_MAX)
            pk_reader_fail(reader, PK_PROTOCOL);
        else
            creation->algorithms[i] = (int32_t)number;
    }
    creation->algorithm_count = count;
}

/* RP_NAME to USER_DISPLAY_NAME. */
/*@ requires sound(reader) && \valid(creation) && \separated(reader, creation, &heap);
    assigns *reader, *creation, heap[..];
    ensures sound(reader);
    ensures went_on{Pre, Post}(reader); */
static void read_names(struct pk_reader *reader, struct pk_creation *creation)
{
    creation->rp_name = pk_member_read_text(reader, RP_NAME, 0, PK_RP_NAME_MAX);
    pk_member_read_key(reader, USER_HANDLE);
    pk_member_copy_bytes(reader, 1, PK_USER_HANDLE_MAX, &creation->user_handle);
    creation->user_name = pk_member_read_text(reader, USER_NAME, 0, PK_USER_NAME_MAX);
    creation->user_display_name =
        pk_member_read_text(reader, USER_DISPLAY_NAME, 0, PK_USER_DISPLAY_NAME_MAX);
}

/* RP_NAME to CRED_PROTECT. */
/*@ requires sound(reader) && \valid(creation) && \separated(reader, creation, &heap);
    assigns *reader, *creation, heap[..];
    ensures sound(reader);
    ensures went_on{Pre, Post}(reader);
    ensures creation->cred_protect <= PK_CRED_PROTECT_MAX; */
static void read_creation(struct pk_reader *reader, struct pk_creation *creation)
{
    read_names(reader, creation);
    read_algorithms(reader, creation);
    creation->resident_key = pk_member_read_number(reader, RESIDENT_KEY, 0, PK_REQUIRED);
    creation->attestation =
        pk_member_read_number(reader, ATTESTATION, 0, PK_ATTESTATION_ENTERPRISE);
    creation->cred_protect = pk_member_read_number(reader, CRED_PROTECT, 0, PK_CRED_PROTECT_MAX);
}

/* RP_ID to CREDENTIALS of a new credential, and of an assertion. */
/*@ requires sound(reader) && \valid(creation) && \separated(reader, creation, &heap);
    assigns *reader, *creation, heap[..];
    ensures sound(reader);
    ensures went_on{Pre, Post}(reader); */
static void read_excluded(struct pk_reader *reader, struct pk_creation *creation)
{
    creation->rp_id = read_rp_id(reader);
    creation->user_verification = read_user_verification(reader);
    creation->exclude_count = read_credentials(reader, 0, &creation->exclude);
}

/*@ requires sound(reader) && \valid(request) && \separated(reader, request, &heap);
    assigns *reader, *request, heap[..];
    ensures sound(reader);
    ensures went_on{Pre, Post}(reader); */
static void read_allowed(struct pk_reader *reader, struct pk_forward_request *request)
{
    request->rp_id = read_rp_id(reader);
    request->user_verification = read_user_verification(reader);
    request->credential_count = read_credentials(reader, 1, &request->credentials);
}

/*@ requires sound(reader) && \valid(request) && \separated(reader, request, &heap);
    assigns *reader, *request, heap[..];
    ensures sound(reader);
    ensures went_on{Pre, Post}(reader); */
static void read_request(struct pk_reader *reader, struct pk_forward_request *request)
{
    size_t members = pk_cbor_map(reader);
    bool create;

    request->kind = pk_member_read_number(reader, KIND, PK_FORWARD_GET, PK_FORWARD_MORE);
    if (members != member_count(request->kind))
        pk_reader_fail(reader, PK_PROTOCOL);
    pk_member_read_exactly(reader, NONCE, request->nonce, sizeof(request->nonce));
    if (request->kind == PK_FORWARD_MORE) {
        request->part = pk_member_read_number(reader, PART, 2, PK_FORWARD_PARTS_MAX);
        return;
    }
    create = request->kind == PK_FORWARD_CREATE;
    request->context = pk_member_read_text(reader, CONTEXT, 1, PK_FORWARD_CONTEXT_MAX);
    if (create)
        read_excluded(reader, &request->creation);
    else
        read_allowed(reader, request);
    /*@ assert sound(reader) && went_on{Pre, Here}(reader); */
    request->timeout = pk_member_read_number(reader, TIMEOUT, 1, PK_FORWARD_TIMEOUT_MAX);
    if (create)
        read_creation(reader, &request->creation);
}

/*@ requires readable(cbor) && \valid(request) && \separated(request, &heap);
    assigns *request, heap[..]; */
static enum pk_status read_map(struct pk_view cbor, struct pk_forward_request *request)
{
    struct pk_reader reader = pk_reader_new(cbor);
    enum pk_status status = pk_cbor_check(cbor);

    if (status != PK_OK)
        return status;
    read_request(&reader, request);
    /* It has no context that could name them. */
    if (request->kind == PK_FORWARD_MORE && request->names_host_keys)
        pk_reader_fail(&reader, PK_PROTOCOL);
    return pk_reader_finish(&reader);
}

/*@ requires readable(cbor) && \valid(ret) && \separated(ret, &heap);
    assigns *ret, heap[..];
    ensures \result != PK_OK ==> *ret == \old(*ret); */
static enum pk_status decode_map(struct pk_view cbor, bool names_host_keys,
                                 struct pk_forward_request *ret)
{
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {.names_host_keys =
                                                                     names_host_keys};
    enum pk_status status = read_map(cbor, &request);

    if (status != PK_OK)
        return status;
    *ret = request;
    request = (struct pk_forward_request){0};
    return PK_OK;
}

enum pk_status pk_forward_request_encode(const struct pk_forward_request *request, char **ret_line)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(CBOR_MAX);
    PK_AUTO_BYTES struct pk_bytes cbor = {0};
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request again = {0};
    PK_AUTO_FREE char *text = NULL;
    char *line;
    enum pk_status status;

    if (request->creation.algorithm_count > PK_ALGORITHMS_MAX)
        return PK_TOO_LARGE;
    write_request(&writer, request);
    status = pk_writer_finish(&writer, &cbor);
    if (status != PK_OK)
        return status;
    /* The reader's rules are the only ones: what it would refuse is not sent. */
    status = decode_map(pk_view_of(&cbor), request->names_host_keys, &again);
    if (status != PK_OK)
        return status == PK_NO_MEMORY || status == PK_TOO_LARGE ? status : PK_INVALID_ARGUMENT;
    text = pk_base64url_encode(pk_view_of(&cbor));
    if (!text)
        return PK_NO_MEMORY;
    line = pk_text_format(
        "%s%s", request->names_host_keys ? PK_FORWARD_PREFIX_KEYS : PK_FORWARD_PREFIX, text);
    if (!line)
        return PK_NO_MEMORY;
    *ret_line = line;
    return PK_OK;
}

/*@ requires readable(line) && \valid_read(prefix + (0 .. PREFIX_SIZE - 1));
    assigns \nothing;
    ensures \result ==> line.len >= PREFIX_SIZE; */
static bool has_prefix(struct pk_view line, const char *prefix)
{
    return line.len >= PREFIX_SIZE && memcmp(line.ptr, prefix, PREFIX_SIZE) == 0;
}

/*@ requires readable(line);
    assigns \nothing;
    ensures \result ==> line.len >= PREFIX_SIZE; */
static bool names_host_keys(struct pk_view line)
{
    return has_prefix(line, PK_FORWARD_PREFIX_KEYS);
}

/*@ requires readable(line);
    assigns \nothing;
    ensures \result ==> line.len >= PREFIX_SIZE; */
static bool is_request(struct pk_view line)
{
    return has_prefix(line, PK_FORWARD_PREFIX) || names_host_keys(line);
}

enum pk_status pk_forward_request_find(struct pk_view text, struct pk_view *ret_line)
{
    struct pk_view line;

    text = pk_text_trim(text);
    /*@ loop invariant readable(text) && text.len <= \at(text.len, Pre);
        loop assigns text, line;
        loop variant text.len; */
    do
        line = pk_text_trim(pk_text_take_line(&text));
    while (text.len > 0);
    if (!is_request(line))
        return PK_NOT_FOUND;
    *ret_line = line;
    return PK_OK;
}

enum pk_status pk_forward_request_decode(struct pk_view line, struct pk_forward_request *ret)
{
    PK_AUTO_BYTES struct pk_bytes cbor = {0};
    enum pk_status status;

    if (line.len > PK_FORWARD_REQUEST_MAX)
        return PK_TOO_LARGE;
    if (!is_request(line))
        return PK_INVALID_INPUT;
    status = pk_base64url_decode((struct pk_view){line.ptr + PREFIX_SIZE, line.len - PREFIX_SIZE},
                                 PK_FORWARD_REQUEST_MAX, &cbor);
    if (status != PK_OK)
        return status;
    return decode_map(pk_view_of(&cbor), names_host_keys(line), ret);
}
