/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/accept.h"

#include "client/askpass/hosts.h"
#include "client/askpass/prompt.h"
#include "client/outcome.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void print_mismatch(const char *path, const struct askpass_hosts_line *line,
                           const char *host, const char *rp_id)
{
    (void)fprintf(stderr,
                  "passkey-askpass: REFUSED: %s asks for passkeys of %s.\n"
                  "  From that host you have accepted %s: %s:%u.\n"
                  "  Either its administrator has changed the relying party id, or this is not\n"
                  "  the host you mean, and what you sign for it would open another. Ask the\n"
                  "  administrator; if the change is right, remove that line and connect again.\n"
                  "  Until then give it nothing else it asks for, no password and no code.\n",
                  host, rp_id, line->rp_id, path, line->number);
}

/* errno is that of PK_IO. */
static void print_why(const char *path, enum pk_status status)
{
    (void)fprintf(stderr, "passkey-askpass: %s: %s\n", path,
                  status == PK_IO          ? strerror(errno)
                  : status == PK_TOO_LARGE ? "the file is too long. Remove hosts from it."
                                           : client_outcome(status));
}

static void print_unusable(enum pk_status status, const char *path,
                           const struct askpass_hosts_line *line)
{
    if (status == PK_CONFIG)
        (void)fprintf(stderr,
                      "passkey-askpass: %s:%u: \"HOST RPID\" is expected. Mend or remove that "
                      "line.\n",
                      path, line->number);
    else if (status == PK_DENIED)
        (void)fprintf(stderr,
                      "passkey-askpass: %s must be a file of yours\n"
                      "  that nobody else may write to (chmod go-w).\n",
                      path);
    else
        print_why(path, status);
}

static enum pk_status ask(const char *host, const char *rp_id, const struct terminal *terminal)
{
    PK_AUTO_FREE char *question = pk_text_format(
        "%s asks for passkeys of %s,\n"
        "and its name does not say that they belong together. If you have not heard\n"
        "of this from its administrator, say no: a host that is not what it seems\n"
        "could try to sign in as you at %s with your touch.\n"
        "Let %s ask for passkeys of %s,\n"
        "now and from now on (yes/no)?",
        host, rp_id, rp_id, host, rp_id);
    PK_AUTO_FREE char *answer = NULL;
    enum pk_status status;

    if (!question)
        return PK_NO_MEMORY;
    status = terminal_ask(terminal, question, &answer);
    if (status != PK_OK)
        return status;
    return strcmp(answer, "yes") == 0 ? PK_OK : PK_DENIED;
}

static enum pk_status ask_and_remember(const char *path, const char *host, const char *rp_id,
                                       const struct terminal *terminal)
{
    enum pk_status status = ask(host, rp_id, terminal);

    if (status == PK_UNAVAILABLE)
        (void)fprintf(stderr,
                      "passkey-askpass: %s asks for passkeys of %s,\n"
                      "  which you have not accepted from it, and there is no terminal to ask you "
                      "on.\n"
                      "  To accept it, add the line \"%s %s\" to\n"
                      "  %s.\n",
                      host, rp_id, host, rp_id, path);
    else if (status == PK_DENIED)
        (void)fprintf(stderr,
                      "passkey-askpass: not accepted; nothing was signed. Give this host nothing\n"
                      "  else it asks for either, no password and no recovery code.\n");
    if (status != PK_OK)
        return status;
    status = askpass_hosts_add(path, host, rp_id);
    if (status == PK_OK)
        (void)fprintf(stderr, "Remembered in %s.\n", path);
    else
        print_why(path, status);
    return status;
}

/*
 * No domain has a colon: "ssh:" is the RP id of OpenSSH's own keys, which cannot be accepted for a
 * host. An address may be the RP id of the host that has it.
 */
static bool may_be_foreign(const char *rp_id, const char *host)
{
    return !strpbrk(rp_id, ":%") || strcmp(rp_id, host) == 0;
}

enum pk_status askpass_accept(const char *host, const char *rp_id, const struct terminal *terminal)
{
    AUTO_ASKPASS_HOSTS_LINE struct askpass_hosts_line line = {0};
    PK_AUTO_FREE char *normal = NULL;
    PK_AUTO_FREE char *path = NULL;
    enum pk_status status = askpass_host_parse(pk_view_string(rp_id), &normal);

    if (status != PK_OK || strcmp(normal, rp_id) != 0 || !may_be_foreign(rp_id, host)) {
        PK_AUTO_FREE char *shown = pk_text_printable(rp_id, 64);

        (void)fprintf(stderr,
                      "passkey-askpass: %s asks for passkeys of \"%s\",\n"
                      "  which can be no host's name; nothing was signed. Its administrator sets\n"
                      "  another (id in passkeyd.conf).\n",
                      host, shown ? shown : "");
        return status == PK_NO_MEMORY ? status : PK_RP_ID_MISMATCH;
    }
    if (askpass_rp_id_belongs(rp_id, host))
        return PK_OK;
    status = askpass_hosts_path(&path);
    if (status != PK_OK) {
        (void)fprintf(stderr, "passkey-askpass: without a home directory nothing that you have "
                              "accepted can be read\n");
        return status;
    }
    status = askpass_hosts_look(path, host, rp_id, &line);
    if (status == PK_OK)
        return PK_OK;
    if (status == PK_NOT_FOUND)
        return ask_and_remember(path, host, rp_id, terminal);
    if (status == PK_RP_ID_MISMATCH)
        print_mismatch(path, &line, host, rp_id);
    else
        print_unusable(status, path, &line);
    return status;
}
