/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ssh starts this as KnownHostsCommand with what it looks for and the host key of the connection:
 *
 *     passkey-hostkey %I %K [-- COMMAND]
 *
 * It notes the key for passkey-askpass, which the same ssh starts later, prints no key, and exits
 * with 0 whatever happens, because ssh would end the connection otherwise. COMMAND is the person's
 * own, and takes this program's place: what it prints, and how it exits, is as without this one.
 */
#include "client/askpass/record.h"
#include "client/outcome.h"

#include "common/base/cleanup.h"
#include "common/webauthn/crypto.h"
#include "common/wire/host_key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Of several calls for a connection, this one has the key that counts. */
#define OF_HOST "HOSTNAME"

static enum pk_status note(const char *base64)
{
    PK_AUTO_BYTES struct pk_bytes key = {0};
    struct askpass_ssh ssh;
    uint8_t hash[PK_HASH_SIZE];
    char fingerprint[PK_FINGERPRINT_SIZE];
    pid_t parent;
    enum pk_status status = pk_host_key_parse((struct pk_view){0}, pk_view_string(base64), &key);

    if (status == PK_OK)
        status = askpass_process_read(getppid(), &parent, &ssh);
    if (status != PK_OK)
        return status;
    pk_sha256(pk_view_of(&key), hash);
    pk_fingerprint_write(hash, fingerprint);
    return askpass_record_add(&ssh, fingerprint);
}

static const char *explain(enum pk_status status)
{
    if (status == PK_DENIED)
        return "$XDG_RUNTIME_DIR/passkey or ~/.cache/passkey must be a folder of yours with mode "
               "700.";
    return client_outcome(status);
}

int main(int argc, char **argv)
{
    enum pk_status status =
        argc > 2 && strcmp(argv[1], OF_HOST) == 0 ? note(argv[2]) : (enum pk_status)PK_OK;

    if (status != PK_OK)
        (void)fprintf(stderr, "passkey-hostkey: the host key of this connection is not noted: %s\n",
                      explain(status));
    if (argc > 4 && strcmp(argv[3], "--") == 0) {
        (void)execv(argv[4], argv + 4);
        (void)fprintf(stderr, "passkey-hostkey: %s: %s\n", argv[4], strerror(errno));
    }
    return 0;
}
