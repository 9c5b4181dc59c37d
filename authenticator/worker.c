/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/worker.h"

#include "authenticator/care.h"
#include "authenticator/handover.h"
#include "authenticator/sandbox.h"
#include "common/webauthn/crypto.h"

#include <stdio.h>
#include <unistd.h>

#define EXIT_SANDBOX 3

/* LeakSanitizer would start a process, for which the sandbox kills this one. */
#ifdef SANITIZERS
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

void worker_prepare(void)
{
    fido_cred_t *cred;

    pk_crypto_init_minimal();
    fido_init(FIDO_DISABLE_U2F_FALLBACK);
    /* OpenSSL makes its providers when a digest is first asked for; libfido2 hashes here. */
    cred = fido_cred_new();
    if (cred)
        (void)fido_cred_set_clientdata(cred, (const unsigned char *)"", 1);
    fido_cred_free(&cred);
}

/* A ceremony on one key: greets it, and sends the last frame. */
static enum pk_status serve(struct pk_channel *channel, const struct pk_frame *request, int device)
{
    PK_AUTO_FRAME struct pk_frame answer = {0};
    struct key key;
    enum pk_status status = key_open(&key, channel, device);

    if (status == PK_OK && request->type == PK_FRAME_GET_ASSERTION)
        status = get_assertion(&key, &request->get_assertion, &answer);
    else if (status == PK_OK && request->type == PK_FRAME_MAKE_CREDENTIAL)
        status = make_credential(&key, &request->make_credential, &answer);
    else if (status == PK_OK)
        status = care_for(&key, request, &answer);
    if (status == PK_OK)
        status = pk_channel_send(channel, &answer);
    else
        pk_channel_send_failure(channel, &(struct pk_failure){status, key.pin_tries, key.error});
    key_close(&key);
    return status;
}

/* Standard error is often the journal, where this process would pass for the daemon. */
static void close_log(void)
{
#ifndef SANITIZERS
    (void)close(STDERR_FILENO);
#endif
}

enum pk_status worker_become(struct pk_channel *channel, const struct pk_frame *request, int device)
{
    enum pk_status status;

    worker_prepare();
    if (channel->out != channel->in)
        (void)close(channel->out);
    channel->out = channel->in; /* a socket */
    if (sandbox_enter_key() != PK_OK) {
        (void)fputs("passkey-authenticator: the sandbox cannot be set up\n", stderr);
        (void)close(device);
        return PK_INTERNAL;
    }
    close_log();
    status = serve(channel, request, device);
    channel->in = channel->out = -1; /* the last frame was sent */
    return status;
}

int worker_run(int socket)
{
    static struct pk_channel channel;
    PK_AUTO_FRAME struct pk_frame request = {0};
    const char taken = HANDOVER_TAKEN;
    int device = -1;

    if (handover_receive(socket, &channel, &device) != PK_OK)
        return 1;
    (void)close(STDOUT_FILENO); /* kept so far so that none of the two took its number */
    if (sandbox_enter_key() != PK_OK) {
        (void)fputs("passkey-authenticator: the sandbox cannot be set up\n", stderr);
        return EXIT_SANDBOX;
    }
    (void)!write(socket, &taken, 1);
    (void)close(socket);
    close_log();
    if (pk_channel_wait(&channel, &request) != PK_OK)
        return 1;
    return serve(&channel, &request, device) == PK_OK ? 0 : 1;
}
