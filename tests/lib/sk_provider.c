/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A security key in software for OpenSSH's own programs: ssh-keygen -w, ssh-add -S and, through
 * ssh-sk-helper, ssh-agent load this library and sign with it (OpenSSH PROTOCOL.u2f, "sk-api").
 *
 * It replaces a real key because build machines have neither a key nor anybody to touch one, and
 * because tests need keys that refuse, lie, wait and go back in their counter, which real keys do
 * not do on request. Everything on this side of the library is stock OpenSSH. The software
 * authenticator of preload.c cannot be used for this: ssh-sk-helper cannot be given a preloaded
 * library by every program that starts it, but each takes the path of a provider.
 *
 * SOFTWARE_SK names a folder:
 *   counter   the last one given out, in decimal
 *   pin       without it, keys that verify their user cannot be made
 *   resident  one line for each discoverable key
 *   socket    when it is there it is asked about every operation, "sign 0 0x01 ssh:\n" or
 *             "enroll 1 0x01 ssh:\n" (algorithm, flags, application), and each waits for its
 *             answer: words out of touch, refuse, lost, flags=N, counter=N and forge, then "\n".
 *             Without a socket every key is touched at once.
 * The private key is in the key handle, unprotected.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

/* The interface of OpenSSH 8.9 to 10.x. */
#define API_VERSION 0x000a0000u

enum { ALGORITHM_ECDSA = 0, ALGORITHM_ED25519 = 1 };
enum { FLAG_PRESENCE = 0x01, FLAG_VERIFICATION = 0x04, FLAG_RESIDENT = 0x20 };
enum { ERROR_GENERAL = -1, ERROR_UNSUPPORTED = -2, ERROR_PIN_REQUIRED = -3, ERROR_NO_DEVICE = -4 };

enum {
    POINT_SIZE = 65,
    ED25519_SIZE = 32,
    ED25519_SIGNATURE_SIZE = 64,
    HANDLE_MAX = 255,
    LINE_SIZE = 1024,
};

struct sk_option {
    char *name;
    char *value;
    uint8_t required;
};

struct sk_enroll_response {
    uint8_t flags;
    uint8_t *public_key;
    size_t public_key_len;
    uint8_t *key_handle;
    size_t key_handle_len;
    uint8_t *signature;
    size_t signature_len;
    uint8_t *attestation_cert;
    size_t attestation_cert_len;
    uint8_t *authdata;
    size_t authdata_len;
};

struct sk_sign_response {
    uint8_t flags;
    uint32_t counter;
    uint8_t *sig_r;
    size_t sig_r_len;
    uint8_t *sig_s;
    size_t sig_s_len;
};

struct sk_resident_key {
    uint32_t alg;
    size_t slot;
    char *application;
    struct sk_enroll_response key;
    uint8_t flags;
    uint8_t *user_id;
    size_t user_id_len;
};

#pragma GCC visibility push(default)
uint32_t sk_api_version(void);
int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application,
              uint8_t flags, const char *pin, struct sk_option **options,
              struct sk_enroll_response **ret);
int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application,
            const uint8_t *key_handle, size_t key_handle_len, uint8_t flags, const char *pin,
            struct sk_option **options, struct sk_sign_response **ret);
int sk_load_resident_keys(const char *pin, struct sk_option **options,
                          struct sk_resident_key ***ret, size_t *ret_count);
#pragma GCC visibility pop

/* What the person at the key, or the key itself, does. */
struct behaviour {
    int error;
    bool forge;
    long flags;   /* -1: as asked */
    long counter; /* -1: the next */
};

static bool path_in_folder(const char *name, char *ret, size_t size)
{
    const char *folder = getenv("SOFTWARE_SK");
    return folder && snprintf(ret, size, "%s/%s", folder, name) < (int)size;
}

static bool read_line(int fd, char *line, size_t size)
{
    for (size_t used = 0; used + 1 < size; used++) {
        ssize_t got;
        do {
            got = read(fd, line + used, 1);
        } while (got < 0 && errno == EINTR);
        if (got != 1)
            return false;
        if (line[used] == '\n') {
            line[used] = '\0';
            return true;
        }
    }
    return false;
}

static void obey(char *line, struct behaviour *behaviour)
{
    for (char *rest, *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (strcmp(word, "touch") == 0)
            behaviour->error = 0;
        else if (strcmp(word, "lost") == 0)
            behaviour->error = ERROR_NO_DEVICE;
        else if (strcmp(word, "forge") == 0)
            behaviour->forge = true;
        else if (strncmp(word, "flags=", 6) == 0)
            behaviour->flags = strtol(word + 6, NULL, 0);
        else if (strncmp(word, "counter=", 8) == 0)
            behaviour->counter = strtol(word + 8, NULL, 0);
        else
            behaviour->error = ERROR_GENERAL;
    }
}

/* Whoever listens at the socket decides, and may take their time. */
static struct behaviour ask(const char *operation, uint32_t alg, uint8_t flags,
                            const char *application)
{
    struct behaviour behaviour = {.error = ERROR_GENERAL, .flags = -1, .counter = -1};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path_in_folder("socket", address.sun_path, sizeof(address.sun_path)))
        return behaviour;
    if (access(address.sun_path, F_OK) != 0) {
        behaviour.error = 0;
        return behaviour;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return behaviour;
    char line[LINE_SIZE];
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        dprintf(fd, "%s %u 0x%02x %s\n", operation, (unsigned)alg, flags, application) > 0 &&
        read_line(fd, line, sizeof(line)))
        obey(line, &behaviour);
    close(fd);
    return behaviour;
}

/* 0: the folder cannot be written to. */
static uint32_t next_counter(void)
{
    char path[PATH_MAX], text[16] = "";
    int fd = -1;
    if (path_in_folder("counter", path, sizeof(path)))
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return 0;
    uint32_t counter = 0;
    if (flock(fd, LOCK_EX) == 0 && read(fd, text, sizeof(text) - 1) >= 0) {
        counter = (uint32_t)strtoul(text, NULL, 10) + 1;
        if (lseek(fd, 0, SEEK_SET) != 0 || dprintf(fd, "%u\n", (unsigned)counter) < 0)
            counter = 0;
    }
    close(fd);
    return counter;
}

/* 0, or why an operation with these flags is not done. */
static int check_pin(uint8_t flags, const char *pin)
{
    if (!(flags & FLAG_VERIFICATION))
        return 0;
    char path[PATH_MAX], right[64] = "";
    int fd = -1;
    if (path_in_folder("pin", path, sizeof(path)))
        fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERROR_UNSUPPORTED;
    bool known = read_line(fd, right, sizeof(right));
    close(fd);
    return known && pin && strcmp(pin, right) == 0 ? 0 : ERROR_PIN_REQUIRED;
}

static bool options_are_known(struct sk_option **options)
{
    for (size_t i = 0; options && options[i]; i++) {
        if (options[i]->required && strcmp(options[i]->name, "user") != 0)
            return false;
    }
    return true;
}

static bool copy(const void *data, size_t size, uint8_t **ret, size_t *ret_size)
{
    uint8_t *owned = malloc(size ? size : 1);
    if (!owned)
        return false;
    memcpy(owned, data, size);
    *ret = owned;
    *ret_size = size;
    return true;
}

static void clear_response(struct sk_enroll_response *response)
{
    free(response->public_key);
    free(response->key_handle);
    free(response->signature);
}

static bool public_key_of(EVP_PKEY *key, uint32_t alg, struct sk_enroll_response *response)
{
    uint8_t raw[POINT_SIZE];
    size_t size = sizeof(raw);
    bool ok = alg == ALGORITHM_ECDSA
                  ? EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, raw,
                                                    sizeof(raw), &size) == 1
                  : EVP_PKEY_get_raw_public_key(key, raw, &size) == 1;
    return ok && copy(raw, size, &response->public_key, &response->public_key_len);
}

/* The handle is SHA-256(application) and the private key in DER. */
static bool key_handle_of(EVP_PKEY *key, const char *application,
                          struct sk_enroll_response *response)
{
    uint8_t handle[HANDLE_MAX];
    uint8_t *der = handle + SHA256_DIGEST_LENGTH;
    int size = i2d_PrivateKey(key, NULL);
    if (size <= 0 || size > HANDLE_MAX - SHA256_DIGEST_LENGTH || i2d_PrivateKey(key, &der) != size)
        return false;
    SHA256((const uint8_t *)application, strlen(application), handle);
    return copy(handle, SHA256_DIGEST_LENGTH + (size_t)size, &response->key_handle,
                &response->key_handle_len);
}

static EVP_PKEY *key_from_handle(uint32_t alg, const char *application, const uint8_t *handle,
                                 size_t size)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    SHA256((const uint8_t *)application, strlen(application), hash);
    if (size <= sizeof(hash) || memcmp(handle, hash, sizeof(hash)) != 0)
        return NULL;
    const uint8_t *der = handle + sizeof(hash);
    return d2i_PrivateKey(alg == ALGORITHM_ECDSA ? EVP_PKEY_EC : EVP_PKEY_ED25519, NULL, &der,
                          (long)(size - sizeof(hash)));
}

static bool describe(EVP_PKEY *key, uint32_t alg, const char *application, uint8_t flags,
                     struct sk_enroll_response *response)
{
    response->flags = flags;
    return public_key_of(key, alg, response) && key_handle_of(key, application, response) &&
           copy("", 0, &response->signature, &response->signature_len);
}

static bool keep_resident(uint32_t alg, const char *application,
                          const struct sk_enroll_response *response)
{
    char path[PATH_MAX];
    FILE *file = path_in_folder("resident", path, sizeof(path)) ? fopen(path, "ae") : NULL;
    if (!file)
        return false;
    fprintf(file, "%u %u %s ", (unsigned)alg, response->flags, application);
    for (size_t i = 0; i < response->key_handle_len; i++)
        fprintf(file, "%02x", response->key_handle[i]);
    fputc('\n', file);
    return fclose(file) == 0;
}

uint32_t sk_api_version(void)
{
    return API_VERSION;
}

int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application,
              uint8_t flags, const char *pin, struct sk_option **options,
              struct sk_enroll_response **ret)
{
    (void)challenge; /* signed in an attestation, and there is none */
    (void)challenge_len;
    if (!options_are_known(options) || alg > ALGORITHM_ED25519)
        return ERROR_UNSUPPORTED;
    int error = check_pin(flags, pin);
    if (error == 0)
        error = ask("enroll", alg, flags, application).error;
    if (error != 0)
        return error;
    struct sk_enroll_response *response = calloc(1, sizeof(*response));
    EVP_PKEY *key = alg == ALGORITHM_ECDSA ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
                                           : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    bool ok = response && key && describe(key, alg, application, flags, response) &&
              (!(flags & FLAG_RESIDENT) || keep_resident(alg, application, response));
    EVP_PKEY_free(key);
    if (!ok) {
        if (response)
            clear_response(response);
        free(response);
        return ERROR_GENERAL;
    }
    *ret = response;
    return 0;
}

/* r and s as 32 bytes each, out of the DER that OpenSSL makes. */
static bool split(const uint8_t *der, size_t size, struct sk_sign_response *response)
{
    uint8_t r[32], s[32];
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)size);
    bool ok = signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature), r, sizeof(r)) > 0 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(signature), s, sizeof(s)) > 0 &&
              copy(r, sizeof(r), &response->sig_r, &response->sig_r_len) &&
              copy(s, sizeof(s), &response->sig_s, &response->sig_s_len);
    ECDSA_SIG_free(signature);
    return ok;
}

/* What an authenticator signs: SHA-256(application), flags, counter, SHA-256(data). */
static bool sign(EVP_PKEY *key, uint32_t alg, const char *application, const uint8_t *data,
                 size_t data_len, struct sk_sign_response *response)
{
    uint8_t message[2 * SHA256_DIGEST_LENGTH + 5], *tail = message + SHA256_DIGEST_LENGTH;
    SHA256((const uint8_t *)application, strlen(application), message);
    tail[0] = response->flags;
    for (int i = 0; i < 4; i++)
        tail[1 + i] = (uint8_t)(response->counter >> (24 - 8 * i));
    SHA256(data, data_len, tail + 5);

    uint8_t signature[128];
    size_t size = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const EVP_MD *hash = alg == ALGORITHM_ECDSA ? EVP_sha256() : NULL;
    bool ok = context && EVP_DigestSignInit(context, NULL, hash, NULL, key) == 1 &&
              EVP_DigestSign(context, signature, &size, message, sizeof(message)) == 1;
    EVP_MD_CTX_free(context);
    if (!ok)
        return false;
    return alg == ALGORITHM_ECDSA ? split(signature, size, response)
                                  : copy(signature, size, &response->sig_r, &response->sig_r_len);
}

int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application,
            const uint8_t *key_handle, size_t key_handle_len, uint8_t flags, const char *pin,
            struct sk_option **options, struct sk_sign_response **ret)
{
    if (!options_are_known(options) || alg > ALGORITHM_ED25519)
        return ERROR_UNSUPPORTED;
    EVP_PKEY *key = key_from_handle(alg, application, key_handle, key_handle_len);
    if (!key)
        return ERROR_NO_DEVICE; /* as when the key with this handle is not plugged in */
    struct sk_sign_response *response = NULL;
    struct behaviour behaviour = {.error = check_pin(flags, pin)};
    if (behaviour.error == 0)
        behaviour = ask("sign", alg, flags, application);
    if (behaviour.error == 0) {
        response = calloc(1, sizeof(*response));
        behaviour.error = ERROR_GENERAL;
    }
    if (response) {
        response->flags = behaviour.flags >= 0 ? (uint8_t)behaviour.flags
                                               : flags & (FLAG_PRESENCE | FLAG_VERIFICATION);
        response->counter = behaviour.counter >= 0 ? (uint32_t)behaviour.counter : next_counter();
        if (sign(key, alg, application, data, data_len, response))
            behaviour.error = 0;
    }
    EVP_PKEY_free(key);
    if (behaviour.error != 0) {
        if (response) {
            free(response->sig_r);
            free(response->sig_s);
        }
        free(response);
        return behaviour.error;
    }
    if (behaviour.forge)
        response->sig_r[ED25519_SIZE - 1] ^= 1;
    *ret = response;
    return 0;
}

/* A line of keep_resident(). */
static bool parse_resident(char *line, struct sk_resident_key *key)
{
    char application[LINE_SIZE], hex[LINE_SIZE];
    unsigned alg, flags;
    if (sscanf(line, "%u %u %1023s %1023s", &alg, &flags, application, hex) != 4)
        return false;
    uint8_t handle[HANDLE_MAX];
    size_t size = strlen(hex) / 2;
    for (size_t i = 0; i < size && i < sizeof(handle); i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        handle[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    key->alg = alg;
    key->flags = (uint8_t)flags;
    key->application = strdup(application);
    EVP_PKEY *pair =
        size <= sizeof(handle) ? key_from_handle(alg, application, handle, size) : NULL;
    bool ok = key->application && pair && describe(pair, alg, application, key->flags, &key->key) &&
              copy("", 0, &key->user_id, &key->user_id_len);
    EVP_PKEY_free(pair);
    return ok;
}

static void free_resident(struct sk_resident_key *key)
{
    if (key) {
        clear_response(&key->key);
        free(key->application);
        free(key->user_id);
    }
    free(key);
}

int sk_load_resident_keys(const char *pin, struct sk_option **options,
                          struct sk_resident_key ***ret, size_t *ret_count)
{
    if (!options_are_known(options))
        return ERROR_UNSUPPORTED;
    if (check_pin(FLAG_VERIFICATION, pin) != 0)
        return ERROR_PIN_REQUIRED;
    char path[PATH_MAX], line[2 * LINE_SIZE];
    FILE *file = path_in_folder("resident", path, sizeof(path)) ? fopen(path, "re") : NULL;
    if (!file)
        return ERROR_NO_DEVICE;
    struct sk_resident_key **keys = NULL;
    size_t count = 0;
    int error = 0;
    while (error == 0 && fgets(line, sizeof(line), file)) {
        struct sk_resident_key **more =
            realloc(keys, (count + 1) * sizeof(struct sk_resident_key *));
        struct sk_resident_key *key = more ? calloc(1, sizeof(*key)) : NULL;
        keys = more ? more : keys;
        if (key && parse_resident(line, key)) {
            key->slot = count;
            keys[count++] = key;
        } else {
            free_resident(key);
            error = ERROR_GENERAL;
        }
    }
    fclose(file);
    if (error != 0) {
        for (size_t i = 0; i < count; i++)
            free_resident(keys[i]);
        free(keys);
        return error;
    }
    *ret = keys;
    *ret_count = count;
    return 0;
}
