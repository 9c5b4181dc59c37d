/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/verify.h"

#include "client/verify_keys.h"
#include "common/base/text.h"
#include "common/webauthn/response.h"

#include <getopt.h>
#include <string.h>

enum { EXIT_VERIFIED = 0, EXIT_SOME_NOT = 1, EXIT_CANNOT_RUN = 2 };

/* Output. Only what JSON allows unescaped is ever passed to put_text(). */

static void put(const char *text)
{
    (void)fputs_unlocked(text, stdout);
}

static void put_text(const char *name, const char *text)
{
    put(",\"");
    put(name);
    put("\":\"");
    put(text);
    put("\"");
}

static void put_number(const char *name, long long number)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%lld", number);
    put(",\"");
    put(name);
    put("\":");
    put(text);
}

static void put_bool(const char *name, bool value)
{
    put(",\"");
    put(name);
    put(value ? "\":true" : "\":false");
}

static void put_bytes(const char *name, struct pk_view bytes)
{
    PK_AUTO_FREE char *text = pk_base64url_encode(bytes);

    put_text(name, text ? text : "");
}

/* The id as it came, of whatever type. */
static void put_head(const struct pk_json_value *line, bool verified)
{
    const struct pk_json_value *id = pk_json_get(line, "id");

    put("{\"id\":");
    if (id)
        (void)fwrite_unlocked(id->raw.ptr, 1, id->raw.len, stdout);
    else
        put("null");
    put_bool("verified", verified);
}

static void put_failure(const struct pk_json_value *line, enum pk_status status)
{
    put_head(line, false);
    put_text("reason", pk_status_name(status));
    put_text("detail", pk_status_clause(status));
    put("}\n");
}

static void put_aaguid(const uint8_t aaguid[PK_AAGUID_SIZE])
{
    PK_AUTO_FREE char *hex = pk_hex_encode((struct pk_view){aaguid, PK_AAGUID_SIZE});
    char text[37];

    if (!hex)
        return;
    (void)snprintf(text, sizeof(text), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
                   hex + 16, hex + 20);
    put_text("aaguid", text);
}

static void put_extensions(const struct pk_extension_results *results, bool appid_asked)
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
    put(",\"extensions\":{");
    put(text[0] ? text + 1 : text);
    put("}");
}

static void put_registration(const struct pk_json_value *line,
                             const struct pk_registration_result *result)
{
    put_head(line, true);
    put_text("fmt", result->format);
    put_text("attestationType", pk_attestation_type_name(result->attestation_type));
    put_text("trusted", pk_trust_name(result->trust));
    put_number("alg", result->algorithm);
    put_bytes("credentialId", pk_view_of(&result->credential_id));
    put_aaguid(result->aaguid);
    put_number("signCount", result->sign_count);
    put_number("flags", result->flags);
    put_bytes("publicKey", pk_view_of(&result->public_key));
    put_bool("userVerified", result->flags & PK_FLAG_UV);
    put_extensions(&result->extensions, false);
    put("}\n");
}

static void put_authentication(const struct pk_json_value *line, const struct verify_input *input,
                               const struct pk_authentication_result *result)
{
    put_head(line, true);
    put_number("alg", pk_public_key_algorithm(input->record.key)->number);
    put_bytes("credentialId", pk_view_of(&result->credential_id));
    put_number("signCount", result->sign_count);
    put_number("flags", result->flags);
    put_bytes("publicKey", pk_view_of(&input->record.public_key));
    put_bool("userVerified", result->flags & PK_FLAG_UV);
    put_extensions(&result->extensions, input->requirements.appid != NULL);
    put("}\n");
}

static enum pk_status verify_registration(const struct pk_json_value *line,
                                          const struct verify_input *input)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result result = {
        0};
    enum pk_status status =
        pk_registration_json_verify(&input->requirements, input->credential, &result);

    if (status == PK_OK)
        put_registration(line, &result);
    return status;
}

static enum pk_status verify_authentication(const struct pk_json_value *line,
                                            struct verify_input *input, struct verify_keys *keys)
{
    __attribute__((
        cleanup(pk_authentication_result_clear))) struct pk_authentication_result result = {0};
    __attribute__((cleanup(
        pk_authentication_response_clear))) struct pk_authentication_response response = {0};
    enum pk_status status = pk_authentication_json_parse(input->credential, &response);

    if (status == PK_OK)
        status = verify_keys_find(keys, pk_view_of(&input->record.public_key), &input->record.key);
    if (status == PK_OK)
        status = pk_authentication_response_verify(&input->requirements, &input->record, &response,
                                                   &result);
    if (status == PK_OK)
        put_authentication(line, input, &result);
    return status;
}

/* One line in, one line out. */
static bool verify_line(struct pk_view text, time_t now, struct verify_keys *keys)
{
    __attribute__((cleanup(verify_input_clear))) struct verify_input input = {0};
    PK_AUTO_JSON struct pk_json *json = NULL;
    const struct pk_json_value *line = NULL;
    enum pk_status status = PK_INVALID_INPUT;

    if (pk_json_parse(text, &json) == PK_OK) {
        line = pk_json_root(json);
        status = verify_input_read(line, now, &input);
    }
    if (status == PK_OK && input.requirements.ceremony == PK_REGISTRATION)
        status = verify_registration(line, &input);
    else if (status == PK_OK)
        status = verify_authentication(line, &input, keys);
    if (status != PK_OK)
        put_failure(line, status);
    return status == PK_OK;
}

struct lines {
    char *buffer; /* PK_JSON_LINE_MAX + 1 bytes */
    size_t len;
    bool too_long;
};

/* The next line without its newline; false at the end of the input. What is too long is skipped. */
static bool next_line(struct lines *lines)
{
    int c;

    lines->len = 0;
    lines->too_long = false;
    while ((c = getc_unlocked(stdin)) != EOF && c != '\n') {
        if (lines->len < PK_JSON_LINE_MAX)
            lines->buffer[lines->len++] = (char)c;
        else
            lines->too_long = true;
    }
    return c != EOF || lines->len > 0;
}

static int run(void)
{
    __attribute__((cleanup(verify_keys_clear))) struct verify_keys keys = {0};
    PK_AUTO_FREE char *buffer = malloc(PK_JSON_LINE_MAX);
    struct lines lines = {.buffer = buffer};
    time_t now = time(NULL);
    int result = EXIT_VERIFIED;

    if (!buffer)
        return EXIT_CANNOT_RUN;
    while (next_line(&lines)) {
        bool verified = false;

        if (lines.too_long)
            put_failure(NULL, PK_INVALID_INPUT);
        else
            verified =
                verify_line((struct pk_view){(uint8_t *)lines.buffer, lines.len}, now, &keys);
        if (!verified)
            result = EXIT_SOME_NOT;
    }
    if (ferror(stdin) || fflush(stdout) != 0 || ferror(stdout)) {
        (void)fprintf(stderr, "passkeyctl verify: reading or writing failed\n");
        return EXIT_CANNOT_RUN;
    }
    return result;
}

int verify_main(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
    int option;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option != 'h')
            return EXIT_CANNOT_RUN;
        put("Usage: passkeyctl verify < responses.jsonl > results.jsonl\n"
            "Verifies WebAuthn responses, a JSON object a line; see passkeyctl(1).\n"
            "Exit status: 0 all verified, 1 some not, 2 could not run.\n");
        return EXIT_VERIFIED;
    }
    if (optind < argc) {
        (void)fprintf(stderr, "passkeyctl verify: reads standard input, takes no arguments\n");
        return EXIT_CANNOT_RUN;
    }
    return run();
}
