/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/ldap/ldap_config.h"

#include "common/base/cleanup.h"
#include "common/base/config_file.h"
#include "common/base/limits.h"
#include "common/base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DN_MAX        1024 /* characters */
#define ATTRIBUTE_MAX 64

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- values ----------------------------------------------------------------------------------- */

static enum pk_status keep(const char *text, char **target)
{
    free(pk_steal(*target));
    return pk_text_copy(text, target);
}

/* In the clear only within this host: passkeys are public, but who changes them is not. */
static enum pk_status read_server(const char *text, struct pk_strings *target)
{
    static const char *const schemes[] = {"ldaps://", "ldap://", "ldapi://"};

    if (target->count == LDAP_SERVERS_MAX || strpbrk(text, "\t ?"))
        return PK_INVALID_INPUT;
    for (size_t i = 0; i < COUNT(schemes); i++)
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0 && text[strlen(schemes[i])])
            return pk_strings_add(target, text);
    return PK_INVALID_INPUT;
}

static enum pk_status read_servers(const char *text, struct pk_strings *target)
{
    struct pk_view left = pk_view_string(text);

    while (left.ptr) {
        const uint8_t *comma = memchr(left.ptr, ',', left.len);
        size_t len = comma ? (size_t)(comma - left.ptr) : left.len;
        struct pk_view item = pk_text_trim((struct pk_view){left.ptr, len});
        PK_AUTO_FREE char *uri = strndup((const char *)item.ptr, item.len);
        enum pk_status status = uri ? read_server(uri, target) : PK_NO_MEMORY;

        if (status != PK_OK)
            return status;
        left = comma ? (struct pk_view){comma + 1, left.len - len - 1} : (struct pk_view){0};
    }
    return PK_OK;
}

static enum pk_status read_path(const char *text, char **target)
{
    return text[0] == '/' ? keep(text, target) : PK_INVALID_INPUT;
}

static enum pk_status read_name(const char *text, size_t max, const char *also, char **target)
{
    if (strlen(text) > max)
        return PK_INVALID_INPUT;
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr(also, *c))
            return PK_INVALID_INPUT;
    return keep(text, target);
}

static enum pk_status read_dn(const char *text, char **target)
{
    return strlen(text) <= DN_MAX && strchr(text, '=') ? keep(text, target) : PK_INVALID_INPUT;
}

static enum pk_status read_identity(const char *text, enum ldap_identity *target)
{
    if (strcmp(text, "certificate") != 0 && strcmp(text, "gssapi") != 0)
        return PK_INVALID_INPUT;
    *target = text[0] == 'g' ? LDAP_GSSAPI : LDAP_CERTIFICATE;
    return PK_OK;
}

static enum pk_status read_adder(const char *text, enum ldap_adder *target)
{
    if (strcmp(text, "host") != 0 && strcmp(text, "account") != 0)
        return PK_INVALID_INPUT;
    *target = text[0] == 'a' ? LDAP_ACCOUNT_ADDS : LDAP_HOST_ADDS;
    return PK_OK;
}

static enum pk_status read_bool(const char *text, bool *target)
{
    bool yes = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;

    if (!yes && strcmp(text, "no") != 0 && strcmp(text, "false") != 0)
        return PK_INVALID_INPUT;
    *target = yes;
    return PK_OK;
}

static enum pk_status read_unsigned(const char *text, unsigned min, unsigned max, unsigned *target)
{
    unsigned long value;

    if (strlen(text) > 9 || strspn(text, "0123456789") != strlen(text))
        return PK_INVALID_INPUT;
    value = strtoul(text, NULL, 10);
    if (value < min || value > max)
        return PK_INVALID_INPUT;
    *target = (unsigned)value;
    return PK_OK;
}

/* --- keys ------------------------------------------------------------------------------------- */

typedef enum pk_status key_reader(const char *text, struct ldap_config *config);

#define KEY(function, call)                                                                        \
    static enum pk_status function(const char *text, struct ldap_config *c)                        \
    {                                                                                              \
        return call;                                                                               \
    }

KEY(key_servers, read_servers(text, &c->servers))
KEY(key_domain, read_name(text, PK_RP_ID_MAX, ".-", &c->domain))
KEY(key_identity, read_identity(text, &c->identity))
KEY(key_add_as, read_adder(text, &c->add_as))
KEY(key_ca, read_path(text, &c->ca_certificate))
KEY(key_certificate, read_path(text, &c->certificate))
KEY(key_key, read_path(text, &c->key))
KEY(key_passkeys, read_dn(text, &c->passkeys))
KEY(key_accounts, read_dn(text, &c->accounts))
KEY(key_account_name, read_name(text, ATTRIBUTE_MAX, "-", &c->account_name))
KEY(key_account_number, read_name(text, ATTRIBUTE_MAX, "-", &c->account_number))
KEY(key_mapping, read_name(text, ATTRIBUTE_MAX, "-", &c->mapping))
KEY(key_mapping_rp_id, read_name(text, PK_RP_ID_MAX, ".-", &c->mapping_rp_id))
KEY(key_refresh, read_unsigned(text, 1, 3600, &c->refresh_seconds))
KEY(key_offline, read_unsigned(text, 0, 31536000, &c->offline_seconds))
KEY(key_min_uid, read_unsigned(text, 1, 999999999, &c->min_uid))
KEY(key_debug, read_bool(text, &c->debug))

static const struct key {
    const char *name, *allowed;
    key_reader *read;
} keys[] = {
    {"servers",
     "at most 16 of ldaps://HOST[:PORT], ldap://HOST[:PORT] (with StartTLS) and ldapi://SOCKET, "
     "separated by commas",
     key_servers},
    {"domain", "the name of a DNS domain", key_domain},
    {"identity", "certificate and gssapi", key_identity},
    {"add-as", "host and account", key_add_as},
    {"ca-certificate", "the absolute path of a file", key_ca},
    {"certificate", "the absolute path of a file", key_certificate},
    {"key", "the absolute path of a file", key_key},
    {"passkeys", "a distinguished name, such as ou=passkeys,dc=example,dc=org", key_passkeys},
    {"accounts", "a distinguished name, such as ou=people,dc=example,dc=org", key_accounts},
    {"account-name", "the name of an attribute", key_account_name},
    {"account-number", "the name of an attribute", key_account_number},
    {"mapping", "the name of an attribute: ipaPassKey, passkey, altSecurityIdentities",
     key_mapping},
    {"mapping-rp-id", "the name of sssd's domain", key_mapping_rp_id},
    {"refresh-seconds", "1 to 3600 seconds", key_refresh},
    {"offline-seconds", "0 to 31536000 seconds", key_offline},
    {"min-uid", "1 to 999999999", key_min_uid},
    {"debug", "yes, no, true, false", key_debug},
};

static enum pk_status refuse(char *what, char **ret_what)
{
    *ret_what = what;
    return what ? PK_CONFIG : PK_NO_MEMORY;
}

static enum pk_status take_line(void *context, const char *where, const struct config_line *line,
                                char **ret_what)
{
    (void)where;
    if (strcmp(line->kind, "directory") != 0 || *line->name)
        return refuse(pk_text_format("[%s%s%s] is not known; the only section is [directory]",
                                     line->kind, *line->name ? " " : "", line->name),
                      ret_what);
    for (size_t i = 0; line->key && i < COUNT(keys); i++) {
        enum pk_status status;

        if (strcmp(keys[i].name, line->key) != 0)
            continue;
        status = keys[i].read(line->value, context);
        return status == PK_INVALID_INPUT
                   ? refuse(pk_text_format("%s: allowed are %s", line->key, keys[i].allowed),
                            ret_what)
                   : status;
    }
    return line->key ? refuse(pk_text_format("[directory] has no key %s", line->key), ret_what)
                     : PK_OK;
}

/* What keys have to do with each other. NULL: nothing is wrong. */
static const char *find_problem(const struct ldap_config *config)
{
    if (config->servers.count == 0 && !config->domain)
        return "servers, or domain, is needed";
    if (config->servers.count > 0 && config->domain)
        return "servers and domain are one or the other";
    if (!config->accounts)
        return "accounts is needed: whose a passkey is, is looked up there";
    if (!config->passkeys && !config->mapping)
        return "passkeys, or mapping, is needed: there is nothing to read";
    if (!config->mapping != !config->mapping_rp_id)
        return "mapping and mapping-rp-id need each other";
    if (!config->certificate != !config->key)
        return "certificate and key need each other";
    return NULL;
}

static enum pk_status check(const char *path, const struct ldap_config *config,
                            struct pk_strings *problems)
{
    const char *what = problems->count > 0 ? NULL : find_problem(config);
    PK_AUTO_FREE char *problem = NULL;

    if (!what)
        return PK_OK;
    problem = pk_text_format("%s: [directory] %s", path, what);
    return problem ? pk_strings_add(problems, problem) : PK_NO_MEMORY;
}

PK_DEFINE_CLEANUP(struct ldap_config *, ldap_config_free);

enum pk_status ldap_config_read(const char *path, struct ldap_config **ret,
                                struct pk_strings *problems)
{
    PK_CLEANUP(ldap_config_free) struct ldap_config *config = calloc(1, sizeof(*config));
    struct config_reading reading = {path, take_line, config, problems};
    enum pk_status status;

    if (!config)
        return PK_NO_MEMORY;
    config->refresh_seconds = 30;
    config->offline_seconds = 28800;
    config->min_uid = 1000;
    status = keep("uid", &config->account_name);
    if (status == PK_OK)
        status = keep("uidNumber", &config->account_number);
    if (status == PK_OK)
        status = config_file_read(&reading);
    if (status == PK_NOT_FOUND) {
        PK_AUTO_FREE char *problem = pk_text_format("%s: the file does not exist", path);

        status = problem ? pk_strings_add(problems, problem) : PK_NO_MEMORY;
    }
    if (status == PK_OK)
        status = check(path, config, problems);
    if (status == PK_OK)
        *ret = pk_steal(config);
    return status;
}

void ldap_config_free(struct ldap_config *config)
{
    if (!config)
        return;
    pk_strings_clear(&config->servers);
    free(config->domain);
    free(config->ca_certificate);
    free(config->certificate);
    free(config->key);
    free(config->passkeys);
    free(config->accounts);
    free(config->account_name);
    free(config->account_number);
    free(config->mapping);
    free(config->mapping_rp_id);
    free(config);
}
