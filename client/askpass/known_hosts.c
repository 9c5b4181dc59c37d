/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/known_hosts.h"

#include "client/capture.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "common/wire/host_key.h"

#include <ctype.h>
#include <string.h>

#define OUTPUT_MAX   1048576 /* of one of the programs */
#define SSH_PORT     22
#define PORT_DIGITS  5
#define OWN_HOOK     "/passkey-hostkey"
#define FILES_MAX    64
#define EXIT_NO_LINE 1 /* of ssh-keygen -F */

/* --- configuration ---------------------------------------------------------------------------- */

void askpass_ssh_config_clear(struct askpass_ssh_config *config)
{
    free(config->host);
    free(config->files);
    free(config->command);
    *config = (struct askpass_ssh_config){0};
}

/* The value of the first line "KEY VALUE"; empty where there is none. */
static struct pk_view find_value(struct pk_view text, const char *key)
{
    size_t len = strlen(key);

    while (text.len > 0) {
        struct pk_view line = pk_text_take_line(&text);

        if (line.len > len && memcmp(line.ptr, key, len) == 0 && line.ptr[len] == ' ')
            return (struct pk_view){line.ptr + len + 1, line.len - len - 1};
    }
    return (struct pk_view){0};
}

static bool is(struct pk_view value, const char *text)
{
    return pk_view_equal(value, pk_view_string(text));
}

static bool is_given(struct pk_view value)
{
    return value.len > 0 && !is(value, "none");
}

/* The value must hold no NUL, which ends the text for everybody else. */
static enum pk_status copy(struct pk_view value, char **ret)
{
    if (value.len == 0 || memchr(value.ptr, 0, value.len))
        return PK_INVALID_INPUT;
    *ret = strndup((const char *)value.ptr, value.len);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

static enum pk_status read_host(struct pk_view text, struct askpass_ssh_config *config)
{
    struct pk_view host = find_value(text, "hostkeyalias");
    enum pk_status status;

    config->alias = is_given(host);
    status = copy(config->alias ? host : find_value(text, "hostname"), &config->host);
    for (char *c = config->host; status == PK_OK && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return status;
}

static enum pk_status read_port(struct pk_view value, unsigned *ret)
{
    unsigned port = 0;

    if (value.len > PORT_DIGITS)
        return PK_INVALID_INPUT;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            return PK_INVALID_INPUT;
        port = port * 10 + (value.ptr[i] - '0');
    }
    if (port == 0 || port > UINT16_MAX)
        return PK_INVALID_INPUT;
    *ret = port;
    return PK_OK;
}

static enum pk_status read_files(struct pk_view text, struct askpass_ssh_config *config)
{
    PK_AUTO_FREE char *own = NULL, *global = NULL;
    enum pk_status status = copy(find_value(text, "userknownhostsfile"), &own);

    if (status == PK_OK)
        status = copy(find_value(text, "globalknownhostsfile"), &global);
    if (status != PK_OK)
        return status;
    config->files = pk_text_format("%s %s", own, global);
    return config->files ? PK_OK : PK_NO_MEMORY;
}

enum pk_status askpass_ssh_config_parse(struct pk_view text, struct askpass_ssh_config *ret)
{
    AUTO_ASKPASS_SSH_CONFIG struct askpass_ssh_config config = {0};
    struct pk_view command = find_value(text, "knownhostscommand");
    struct pk_view localhost = find_value(text, "nohostauthenticationforlocalhost");
    struct pk_view dns = find_value(text, "verifyhostkeydns");
    enum pk_status status = read_host(text, &config);

    if (status == PK_OK)
        status = read_port(find_value(text, "port"), &config.port);
    if (status == PK_OK)
        status = read_files(text, &config);
    if (status == PK_OK && is_given(command))
        status = copy(command, &config.command);
    if (status == PK_OK && (localhost.len == 0 || dns.len == 0))
        status = PK_INVALID_INPUT;
    if (status != PK_OK)
        return status;
    config.proxy =
        is_given(find_value(text, "proxycommand")) || is_given(find_value(text, "proxyjump"));
    config.localhost_trusted = !is(localhost, "no");
    config.dns_trusted = !is(dns, "false") && !is(dns, "no") && !is(dns, "ask");
    *ret = config;
    config = (struct askpass_ssh_config){0};
    return PK_OK;
}

enum pk_status askpass_ssh_config_ask(const char *program, const struct pk_strings *arguments,
                                      struct askpass_ssh_config *ret)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};
    PK_AUTO_FREE char **argv = calloc(arguments->count + 4, sizeof(*argv));
    /* Without -T ssh complains that its input, an empty file, is no terminal. */
    char name[] = "ssh", option[] = "-G", no_terminal[] = "-T";
    const struct capture capture = {
        .program = program, .argv = argv, .quiet = true, .max = OUTPUT_MAX};
    int code = 0;
    enum pk_status status;

    if (!argv)
        return PK_NO_MEMORY;
    argv[0] = name;
    argv[1] = option;
    argv[2] = no_terminal;
    for (size_t i = 0; i < arguments->count; i++)
        argv[3 + i] = arguments->items[i];
    status = capture_run(&capture, &text, &code);
    if (status != PK_OK)
        return status;
    if (code != 0 || text.len == OUTPUT_MAX)
        return PK_INVALID_ARGUMENT;
    return askpass_ssh_config_parse(pk_view_of(&text), ret);
}

/* --- known_hosts ------------------------------------------------------------------------------ */

void askpass_known_clear(struct askpass_known *known)
{
    pk_strings_clear(&known->keys);
    pk_strings_clear(&known->revoked);
    *known = (struct askpass_known){0};
}

static enum pk_status add_key(struct pk_view type, struct pk_view base64, struct pk_strings *to)
{
    PK_AUTO_BYTES struct pk_bytes key = {0};
    uint8_t hash[PK_HASH_SIZE];
    char fingerprint[PK_FINGERPRINT_SIZE];
    enum pk_status status =
        type.len > 0 ? pk_host_key_parse(type, base64, &key) : (enum pk_status)PK_INVALID_INPUT;

    if (status != PK_OK)
        return status;
    pk_sha256(pk_view_of(&key), hash);
    pk_fingerprint_write(hash, fingerprint);
    return pk_fingerprints_add(to, fingerprint);
}

/* "[@MARKER] NAMES TYPE KEY [COMMENT]" (sshd(8)) */
static enum pk_status add_line(struct pk_view line, struct askpass_known *known)
{
    struct pk_view marker = pk_text_take_word(&line), type;
    bool marked = marker.len > 0 && marker.ptr[0] == '@';

    if (marker.len == 0 || marker.ptr[0] == '#')
        return PK_OK;
    if (marked && is(marker, "@cert-authority")) {
        known->authority = true;
        return PK_OK;
    }
    if (marked && !is(marker, "@revoked"))
        return PK_INVALID_INPUT;
    if (marked)
        (void)pk_text_take_word(&line);
    type = pk_text_take_word(&line);
    return add_key(type, pk_text_take_word(&line), marked ? &known->revoked : &known->keys);
}

enum pk_status askpass_known_add(struct pk_view text, struct askpass_known *known)
{
    enum pk_status status = PK_OK;

    while (text.len > 0 && status == PK_OK)
        status = add_line(pk_text_take_line(&text), known);
    return status;
}

char *askpass_known_name(const struct askpass_ssh_config *config)
{
    return config->alias || config->port == SSH_PORT
               ? strdup(config->host)
               : pk_text_format("[%s]:%u", config->host, config->port);
}

/* Ours alone prints no key; with a command of the person's behind it, it may. */
static bool is_own_hook(const char *command)
{
    size_t len = strcspn(command, " \t"), own = strlen(OWN_HOOK);

    return len >= own && strncmp(command + len - own, OWN_HOOK, own) == 0 && !strstr(command, "--");
}

enum askpass_doubt askpass_config_doubt(const struct askpass_ssh_config *config)
{
    if (config->command && !is_own_hook(config->command))
        return DOUBT_COMMAND;
    if (config->localhost_trusted)
        return DOUBT_LOCALHOST;
    return config->dns_trusted ? DOUBT_DNS : DOUBT_NONE;
}

/*
 * Where a name holds a blank, "ssh -G" does not show where it ends: then a piece is no absolute
 * path, or several pieces with the blanks between are a file.
 */
static bool files_are_clear(char *const *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PK_AUTO_FREE char *joined = strdup(pieces[i]);

        if (!joined || (pieces[i][0] != '/' && strcmp(pieces[i], "none") != 0))
            return false;
        for (size_t j = i + 1; j < count; j++) {
            char *longer = pk_text_format("%s %s", joined, pieces[j]);

            free(joined);
            joined = longer;
            if (!joined || access(joined, F_OK) == 0)
                return false;
        }
    }
    return true;
}

/* Adds the file's lines of that name. PK_INVALID_INPUT for one that has no key. */
static enum pk_status look_up(char *name, char *file, struct askpass_known *known)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};
    char program[] = "ssh-keygen", find[] = "-F", of[] = "-f";
    char *argv[] = {program, find, name, of, file, NULL};
    const struct capture capture = {
        .program = program, .argv = argv, .quiet = true, .max = OUTPUT_MAX};
    int code = 0;
    enum pk_status status;

    if (strcmp(file, "none") == 0 || access(file, F_OK) < 0)
        return PK_OK;
    status = capture_run(&capture, &text, &code);
    if (status != PK_OK)
        return status;
    if (code == EXIT_NO_LINE && text.len == 0)
        return PK_OK;
    if (code != 0 || text.len == OUTPUT_MAX)
        return PK_IO;
    status = askpass_known_add(pk_view_of(&text), known);
    return status == PK_OK || status == PK_NO_MEMORY ? status : PK_INVALID_INPUT;
}

static enum pk_status look_up_all(const struct askpass_ssh_config *config,
                                  struct askpass_known *known, enum askpass_doubt *ret_doubt)
{
    PK_AUTO_FREE char *name = askpass_known_name(config);
    PK_AUTO_FREE char *files = strdup(config->files);
    char *pieces[FILES_MAX], *rest = files;
    size_t count = 0;
    enum pk_status status = name && files ? PK_OK : PK_NO_MEMORY;

    if (status != PK_OK)
        return status;
    for (char *piece; (piece = strtok_r(rest, " ", &rest)); pieces[count++] = piece)
        if (count == FILES_MAX) {
            *ret_doubt = DOUBT_FILES;
            return PK_OK;
        }
    if (!files_are_clear(pieces, count)) {
        *ret_doubt = DOUBT_FILES;
        return PK_OK;
    }
    for (size_t i = 0; i < count && status == PK_OK; i++)
        status = look_up(name, pieces[i], known);
    if (status != PK_INVALID_INPUT)
        return status;
    *ret_doubt = DOUBT_LINE;
    return PK_OK;
}

/* Without those that are revoked under the same name. */
static enum pk_status take_keys(const struct askpass_known *known, struct pk_strings *ret)
{
    struct pk_strings keys = {0};
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < known->keys.count && status == PK_OK; i++)
        if (!pk_fingerprints_contain(&known->revoked, known->keys.items[i]))
            status = pk_strings_add(&keys, known->keys.items[i]);
    if (status != PK_OK) {
        pk_strings_clear(&keys);
        return status;
    }
    *ret = keys;
    return PK_OK;
}

enum pk_status askpass_known_keys(const struct askpass_ssh_config *config, struct pk_strings *ret,
                                  enum askpass_doubt *ret_doubt)
{
    AUTO_ASKPASS_KNOWN struct askpass_known known = {0};
    struct pk_strings keys = {0};
    enum askpass_doubt doubt = askpass_config_doubt(config);
    enum pk_status status = doubt ? PK_OK : look_up_all(config, &known, &doubt);

    if (status == PK_OK && !doubt && known.authority)
        doubt = DOUBT_AUTHORITY;
    if (status == PK_OK && !doubt)
        status = take_keys(&known, &keys);
    if (status != PK_OK)
        return status;
    if (!doubt && keys.count == 0)
        doubt = DOUBT_UNKNOWN;
    *ret = keys;
    *ret_doubt = doubt;
    return PK_OK;
}
