/* SPDX-License-Identifier: BSD-2-Clause */
/* passkey-authenticator: talks CTAP to one security key for the program that started it. */
#include "authenticator/ready.h"
#include "authenticator/server.h"
#include "authenticator/session.h"
#include "common/helper/sandbox.h"
#include "common/wire/start.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(FILE *to, int code)
{
    fputs("Usage: passkey-authenticator [--ready | --server | --help | --version]\n"
          "\n"
          "Started by passkeyd and passkey-askpass with a socket as standard input and output;\n"
          "see passkey-authenticator(8).\n",
          to);
    return code;
}

static int run_session(void)
{
    static struct pk_channel channel = {.in = STDIN_FILENO, .out = STDOUT_FILENO};

    return session_run(&channel) == PK_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *option = argc == 2 ? argv[1] : "";

    if (strcmp(option, "--help") == 0)
        return usage(stdout, 0);
    if (strcmp(option, "--version") == 0)
        return puts("passkey-authenticator " PACKAGE_VERSION) < 0;
    if (argc != 1 && strcmp(option, "--server") != 0 && strcmp(option, PK_START_OPTION) != 0)
        return usage(stderr, 2);
    (void)signal(SIGPIPE, SIG_IGN);
    /* libfido2 would log what is sent to the key, PINs included. */
    (void)unsetenv("FIDO_DEBUG");
    if (pk_sandbox_prepare() != PK_OK) {
        (void)fputs("passkey-authenticator: the sandbox cannot be set up\n", stderr);
        return 3;
    }
    if (argc == 1)
        return run_session();
    return strcmp(option, "--server") == 0 ? server_run() : ready_run();
}
