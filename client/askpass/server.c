/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/server.h"

#include "client/askpass/known_hosts.h"
#include "client/askpass/prompt.h"
#include "client/askpass/record.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/json.h"
#include "common/wire/host_key.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- the list --------------------------------------------------------------------------------- */

static enum pk_status add_listed(const struct pk_json_value *item, struct pk_strings *keys)
{
    struct pk_view text = {0};
    char fingerprint[PK_FINGERPRINT_SIZE];
    enum pk_status status;

    if (!pk_json_string(item, &text) || !pk_fingerprint_valid(text))
        return PK_PROTOCOL;
    (void)snprintf(fingerprint, sizeof(fingerprint), "%.*s", (int)text.len, (const char *)text.ptr);
    status = pk_fingerprints_add(keys, fingerprint);
    return status == PK_TOO_LARGE ? PK_PROTOCOL : status;
}

enum pk_status askpass_server_keys(const char *context, struct pk_strings *ret)
{
    PK_AUTO_JSON struct pk_json *json = NULL;
    const struct pk_json_value *member;
    struct pk_strings keys = {0};
    enum pk_status status = pk_json_parse(pk_view_string(context), &json);

    if (status != PK_OK)
        return status == PK_NO_MEMORY ? status : PK_PROTOCOL;
    member = pk_json_get(pk_json_root(json), "hostkeys");
    if (member && !pk_json_is(member, PK_JSON_ARRAY))
        return PK_PROTOCOL;
    for (member = member ? member->first : NULL; member && status == PK_OK; member = member->next)
        status = add_listed(member, &keys);
    if (status != PK_OK) {
        pk_strings_clear(&keys);
        return status;
    }
    *ret = keys;
    return PK_OK;
}

/* --- refusals --------------------------------------------------------------------------------- */

/* "REFUSED: HOST …", and what to do in lines of their own. */
static enum pk_status refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
static enum pk_status refuse(const char *format, ...)
{
    va_list arguments;

    (void)fputs("passkey-askpass: REFUSED: ", stderr);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    return PK_DENIED;
}

static enum pk_status refuse_other_key(const char *host, const char *key, const char *whose)
{
    return refuse(
        "%s,\n"
        "  %s,\n"
        "  is not a host key of the server that would take your answer. Either\n"
        "  %s hands the request of another server on to you, to get in\n"
        "  there with your touch: then give it nothing else it asks for, no password and no\n"
        "  code. Or it has new host keys, or is one of several servers that share a name:\n"
        "  then its administrator lists them all (ssh-host-keys in passkeyd.conf).\n",
        whose, key, host);
}

/* What a doubt is about, in words. */
static const char *describe(enum askpass_doubt doubt)
{
    switch (doubt) {
    case DOUBT_COMMAND:
        return "your KnownHostsCommand may accept other keys than those in known_hosts";
    case DOUBT_LOCALHOST:
        return "with NoHostAuthenticationForLocalhost ssh does not look at the key at all";
    case DOUBT_DNS:
        return "with VerifyHostKeyDNS ssh accepts keys that are not in known_hosts";
    case DOUBT_FILES:
        return "the names of your known_hosts files hold blanks";
    case DOUBT_LINE:
        return "a line for it in your known_hosts files is not understood";
    case DOUBT_AUTHORITY:
        return "your known_hosts files accept whatever a certificate authority has signed";
    case DOUBT_UNKNOWN:
        return "your known_hosts files have no key under that very name";
    case DOUBT_NONE:
        break;
    }
    return "it cannot be told";
}

static const char *advise(const struct askpass_asker *asker)
{
    return asker->ssh ? "  Connect with passkey-ssh, passkey-scp or passkey-sftp, which see the "
                        "key that is\n"
                        "  in use (not for localhost or DNS as above); or put their "
                        "KnownHostsCommand into\n"
                        "  ~/.ssh/config, see passkey-ssh(1).\n"
                      : "  Name the host as ssh knows it, with --port where it has another, or the "
                        "ssh that\n"
                        "  shows the request with --ssh PID; see passkey-askpass(1).\n";
}

static enum pk_status refuse_doubt(const struct askpass_asker *asker, const char *name,
                                   enum askpass_doubt doubt)
{
    return refuse("which host key %s has cannot be told, so the answer could be for\n"
                  "  another server: %s.\n%s",
                  name, describe(doubt), advise(asker));
}

/* --- the key in use --------------------------------------------------------------------------- */

static enum pk_status check_record(const struct askpass_asker *asker, const struct pk_strings *seen,
                                   const struct pk_strings *listed)
{
    if (seen->count > 1)
        return refuse("ssh has seen several host keys of %s in one connection.\n"
                      "  Connect again; if that does not help, tell its administrator.\n",
                      asker->host);
    if (pk_fingerprints_contain(listed, seen->items[0]))
        return PK_OK;
    return refuse_other_key(asker->host, seen->items[0], "the host key of this connection");
}

/* What was asked of "ssh -G" may not be what the running ssh does: its configuration may differ. */
static enum pk_status check_same(const struct askpass_asker *asker,
                                 const struct askpass_ssh_config *config)
{
    PK_AUTO_FREE char *host = NULL;
    enum pk_status status = askpass_host_parse(pk_view_string(config->host), &host);

    if (status == PK_NO_MEMORY)
        return status;
    if (status == PK_OK && strcmp(host, asker->host) == 0) {
        status = askpass_ssh_peer_port(asker->ssh, config->port);
        /* Behind a proxy the connection is another program's. */
        if (status == PK_OK || config->proxy)
            return PK_OK;
    }
    return refuse("which host key %s has cannot be told: \"ssh -G\" with the arguments of the\n"
                  "  ssh that runs gives another host or port than that one is connected to.\n%s",
                  asker->host, advise(asker));
}

/* Whatever the connection may lead to by known_hosts must be the server that asks. */
static enum pk_status check_known(const struct askpass_asker *asker,
                                  const struct askpass_ssh_config *config,
                                  const struct pk_strings *listed)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings known = {0};
    PK_AUTO_FREE char *name = askpass_known_name(config);
    enum askpass_doubt doubt = DOUBT_NONE;
    enum pk_status status =
        name ? askpass_known_keys(config, &known, &doubt) : (enum pk_status)PK_NO_MEMORY;

    if (status != PK_OK)
        return refuse("the host key of %s cannot be looked up; this says why:\n"
                      "  ssh-keygen -F '%s'\n",
                      asker->host, name ? name : asker->host);
    if (doubt)
        return refuse_doubt(asker, name, doubt);
    for (size_t i = 0; i < known.count; i++) {
        PK_AUTO_FREE char *whose = NULL;

        if (pk_fingerprints_contain(listed, known.items[i]))
            continue;
        whose = pk_text_format("a host key that you have accepted for %s", name);
        if (!whose)
            return PK_NO_MEMORY;
        (void)refuse_other_key(asker->host, known.items[i], whose);
        (void)fprintf(stderr,
                      "  If you know that key to be an old one: ssh-keygen -R '%s'\n"
                      "  passkey-ssh, -scp and -sftp see the key in use and need none of this.\n",
                      name);
        return PK_DENIED;
    }
    return PK_OK;
}

static enum pk_status arguments_of(const struct askpass_asker *asker, struct pk_strings *ret)
{
    PK_AUTO_FREE char *port = asker->port ? pk_text_format("-p%u", asker->port) : NULL;
    enum pk_status status = PK_OK;

    if (asker->ssh)
        return askpass_ssh_arguments(asker->ssh, ret);
    if (asker->port)
        status = port ? pk_strings_add(ret, port) : PK_NO_MEMORY;
    if (status == PK_OK)
        status = pk_strings_add(ret, "--");
    return status == PK_OK ? pk_strings_add(ret, asker->host) : status;
}

/* The rule without a record. */
static enum pk_status check_by_files(const struct askpass_asker *asker,
                                     const struct pk_strings *listed)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings arguments = {0};
    AUTO_ASKPASS_SSH_CONFIG struct askpass_ssh_config config = {0};
    PK_AUTO_FREE char *program =
        asker->ssh ? pk_text_format("/proc/%d/exe", (int)asker->ssh->pid) : strdup("ssh");
    enum pk_status status = program ? arguments_of(asker, &arguments) : PK_NO_MEMORY;

    if (status == PK_OK)
        status = askpass_ssh_config_ask(program, &arguments, &config);
    if (status != PK_OK)
        return refuse("which host key %s has cannot be told: \"ssh -G\" did not answer.\n%s",
                      asker->host, advise(asker));
    if (asker->ssh)
        status = check_same(asker, &config);
    return status == PK_OK ? check_known(asker, &config, listed) : status;
}

static enum pk_status check_key(const struct askpass_asker *asker, const struct pk_strings *listed)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings seen = {0};
    enum pk_status status = asker->ssh ? askpass_record_read(asker->ssh, &seen) : PK_NOT_FOUND;

    if (status == PK_OK)
        return check_record(asker, &seen, listed);
    if (status == PK_NOT_FOUND)
        return check_by_files(asker, listed);
    return refuse("what is recorded of this connection's host key cannot be read:\n"
                  "  $XDG_RUNTIME_DIR/passkey or ~/.cache/passkey must be a folder of yours with "
                  "mode 700.\n"
                  "  Remove what is in it, and connect again.\n");
}

enum pk_status askpass_server_check(const struct pk_forward_request *request,
                                    const struct askpass_asker *asker)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings listed = {0};
    enum pk_status status = askpass_server_keys(request->context, &listed);

    /* The version says that the list was looked at: what lists keys and has the other one, or the
     * other way round, was changed on the way. */
    if (status == PK_OK && request->names_host_keys != (listed.count > 0))
        status = PK_PROTOCOL;
    if (status == PK_PROTOCOL)
        (void)fprintf(stderr,
                      "passkey-askpass: REFUSED: what %s says of its host keys is not in order;\n"
                      "  nothing was signed\n",
                      asker->host);
    if (status != PK_OK || listed.count == 0)
        return status;
    return check_key(asker, &listed);
}
