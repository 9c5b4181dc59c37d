/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host keys as OpenSSH writes them; the first byte says where: the line of a .pub file, what ssh -G
 * and ssh-keygen -F print, a record of passkey-hostkey, the list in a context, /proc/PID/stat,
 * /proc/net/tcp, the words of a command line of scp or sftp.
 */
#include "client/askpass/known_hosts.h"
#include "client/askpass/record.h"
#include "client/askpass/server.h"
#include "client/ssh/hook.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/wire/host_key.h"

#include <string.h>

#define BOOT      "0f3c1ae6-5c5e-4d0f-9f0b-6f6b0a3d9a11"
#define WORDS_MAX 64

static void check_all(const struct pk_strings *fingerprints)
{
    if (fingerprints->count > PK_HOST_KEYS_MAX)
        abort();
    for (size_t i = 0; i < fingerprints->count; i++)
        if (!pk_fingerprint_valid(pk_view_string(fingerprints->items[i])))
            abort();
}

/* A plain key is its own plain key. */
static void key(struct pk_view line)
{
    PK_AUTO_BYTES struct pk_bytes plain = {0}, again = {0};
    PK_AUTO_FREE char *text = NULL;

    if (pk_host_key_line_parse(line, &plain) != PK_OK)
        return;
    text = pk_base64_encode(pk_view_of(&plain));
    if (!text || pk_host_key_parse((struct pk_view){0}, pk_view_string(text), &again) != PK_OK ||
        !pk_view_equal(pk_view_of(&plain), pk_view_of(&again)))
        abort();
}

static void config(struct pk_view text)
{
    AUTO_ASKPASS_SSH_CONFIG struct askpass_ssh_config config = {0};
    PK_AUTO_FREE char *name = NULL;

    if (askpass_ssh_config_parse(text, &config) != PK_OK)
        return;
    name = askpass_known_name(&config);
    if (!name || !*name || config.port == 0 || config.port > UINT16_MAX ||
        (config.command && !*config.command))
        abort();
    (void)!askpass_config_doubt(&config);
}

static void known(struct pk_view text)
{
    AUTO_ASKPASS_KNOWN struct askpass_known known = {0};

    (void)!askpass_known_add(text, &known);
    check_all(&known.keys);
    check_all(&known.revoked);
}

static void record(struct pk_view text)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings keys = {0};

    if (askpass_record_parse(text, BOOT, &keys) == PK_OK && keys.count == 0)
        abort();
    check_all(&keys);
}

static void list(struct pk_view context)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings keys = {0};
    PK_AUTO_FREE char *text = strndup((const char *)context.ptr, context.len);

    if (text)
        (void)!askpass_server_keys(text, &keys);
    check_all(&keys);
}

static void process(uint8_t what, struct pk_view text)
{
    pid_t parent = 0;
    uint64_t start = 0;
    unsigned port = 1;

    if (what == 's')
        (void)!askpass_stat_parse(text, &parent, &start);
    else if (askpass_tcp_port(text, 300, &port) == PK_OK && (port == 0 || port > UINT16_MAX))
        abort();
}

static void words(struct pk_view line)
{
    PK_AUTO_FREE char *text = strndup((const char *)line.ptr, line.len);
    char *word[WORDS_MAX], *rest = text;
    size_t count = 0;

    for (char *next; text && count < WORDS_MAX && (next = strtok_r(rest, " ", &rest));)
        word[count++] = next;
    for (int program = PROGRAM_SSH; program <= PROGRAM_SFTP; program++) {
        struct pk_strings *lists = NULL;
        size_t found = 0;

        if (ssh_destinations((enum ssh_program)program, word, count, &lists, &found) == PK_OK)
            ssh_destinations_free(lists, found);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_view rest;

    if (size == 0)
        return 0;
    rest = (struct pk_view){data + 1, size - 1};
    if (data[0] == 'k')
        key(rest);
    else if (data[0] == 'g')
        config(rest);
    else if (data[0] == 'f')
        known(rest);
    else if (data[0] == 'r')
        record(rest);
    else if (data[0] == 'c')
        list(rest);
    else if (data[0] == 's' || data[0] == 't')
        process(data[0], rest);
    else if (data[0] == 'w')
        words(rest);
    return 0;
}
