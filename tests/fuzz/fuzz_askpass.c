/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What passkey-askpass and passkey-ssh read besides requests; the first byte says which: a prompt,
 * the hosts file, the context of a request, what ssh -G prints, what ssh -V prints, what a remote
 * terminal prints. Besides being safe: a host that comes out of a prompt is one that may stand in
 * an origin, and what is shown holds no control characters.
 */
#include "client/askpass/hosts.h"
#include "client/askpass/openssh.h"
#include "client/askpass/paste.h"
#include "client/askpass/prompt.h"
#include "client/askpass/show.h"
#include "client/ssh/destination.h"
#include "client/ssh/watch.h"
#include "common/base/cleanup.h"
#include "common/webauthn/client.h"

#include <string.h>

static void prompt(const char *text)
{
    AUTO_ASKPASS_PREFIX struct askpass_prefix prefix = {0};
    PK_AUTO_FREE char *origin = NULL;
    uint8_t hash[PK_HASH_SIZE];

    if (askpass_prefix_parse(text, &prefix) != PK_OK)
        return;
    origin = askpass_origin(prefix.host);
    if (origin && pk_client_data_hash(PK_AUTHENTICATION, pk_view_string("x"), origin, hash))
        abort();
    if (askpass_rp_id_belongs("example.org", prefix.host) && !strstr(prefix.host, "example.org"))
        abort();
}

static void hosts(struct pk_view text)
{
    AUTO_ASKPASS_HOSTS_LINE struct askpass_hosts_line line = {0};

    (void)!askpass_hosts_look_in(text, "web1", "example.org", &line);
}

static void context(char *text)
{
    PK_AUTO_FREE char *shown = NULL;
    char rp_id[] = "example.org";
    const struct pk_forward_request request = {
        .kind = PK_FORWARD_GET, .context = text, .rp_id = rp_id};
    size_t len = 0;
    FILE *out = open_memstream(&shown, &len);
    enum pk_status status;

    if (!out)
        return;
    status = askpass_show(out, &request, "web1", "alice");
    if (fclose(out) != 0)
        return;
    if (status && len > 0)
        abort();
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)shown[i] < ' ' && shown[i] != '\n')
            abort();
}

static void terminal(struct pk_view text)
{
    AUTO_SSH_WATCH struct ssh_watch watch = {0};
    struct pk_view line;

    (void)!askpass_paste_find(text, &line);
    if (ssh_watch_new(&watch))
        return;
    for (size_t i = 0; i < text.len; i++) {
        PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};

        if (ssh_watch_byte(&watch, text.ptr[i], &request) == PK_OK &&
            ssh_watch_wants_key(&watch, &request) &&
            ssh_watch_answered(&watch, &request, text) == PK_OK)
            (void)!ssh_watch_line(&watch, &request);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_view rest = {data + 1, size - 1};
    PK_AUTO_FREE char *text = NULL;
    PK_AUTO_FREE char *host = NULL;
    struct askpass_openssh version;

    if (size == 0)
        return 0;
    text = strndup((const char *)rest.ptr, rest.len);
    if (!text)
        return 0;
    if (data[0] == 'p')
        prompt(text);
    else if (data[0] == 'h')
        hosts(rest);
    else if (data[0] == 'c')
        context(text);
    else if (data[0] == 'd')
        (void)!ssh_destination_parse(rest, &host);
    else if (data[0] == 'v')
        (void)!askpass_openssh_parse(text, &version);
    else if (data[0] == 't')
        terminal(rest);
    return 0;
}
