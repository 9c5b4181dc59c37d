/* SPDX-License-Identifier: BSD-2-Clause */
/* passkey-authenticator: talks CTAP to one security key for the program that started it. */
#include "authenticator/sandbox.h"
#include "authenticator/session.h"

#include <fido.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(FILE *to, int code)
{
    fputs("Usage: passkey-authenticator [--help | --version]\n"
          "\n"
          "Started by passkeyd and passkey-askpass with a socket as standard input and output;\n"
          "see passkey-authenticator(8).\n",
          to);
    return code;
}

/*
 * OpenSSL reads its configuration and loads its providers when a digest is first asked for; that
 * has to be over before the sandbox forbids executable mappings. libfido2 hashes here.
 */
static void load_providers(void)
{
    fido_cred_t *cred = fido_cred_new();

    if (cred)
        (void)fido_cred_set_clientdata(cred, (const unsigned char *)"", 1);
    fido_cred_free(&cred);
}

int main(int argc, char **argv)
{
    static struct channel channel = {.in = STDIN_FILENO, .out = STDOUT_FILENO};

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout, 0);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts("passkey-authenticator " PACKAGE_VERSION) < 0;
    if (argc != 1)
        return usage(stderr, 2);
    (void)signal(SIGPIPE, SIG_IGN);
    /* libfido2 would log what is sent to the key, PINs included. */
    (void)unsetenv("FIDO_DEBUG");
    fido_init(FIDO_DISABLE_U2F_FALLBACK);
    load_providers();
    if (sandbox_enter() != PK_OK) {
        fputs("passkey-authenticator: the sandbox cannot be set up\n", stderr);
        return 3;
    }
    return session_run(&channel) == PK_OK ? 0 : 1;
}
