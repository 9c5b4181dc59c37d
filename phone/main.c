/* SPDX-License-Identifier: BSD-2-Clause */
/* passkey-phone: has a phone sign, for the program that started it. */
#include "common/helper/sandbox.h"
#include "phone/dialler.h"
#include "phone/session.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* LeakSanitizer would start a process, for which the sandbox kills this one. */
#ifdef SANITIZERS
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

static int usage(FILE *to, int code)
{
    fputs("Usage: passkey-phone [--dial [--hashed] [--connect=ADDRESS:PORT]]\n"
          "       passkey-phone --help | --version\n"
          "\n"
          "Started by passkeyd and passkey-askpass with a socket as standard input and output;\n"
          "see passkey-phone(8).\n"
          "\n"
          "  --dial     connect to one of the phones' tunnel services, for passkeyd; started by\n"
          "             passkey-phone-dialler.socket\n"
          "  --hashed   with --dial: also to services whose names come of a number\n"
          "  --connect=ADDRESS:PORT\n"
          "             with --dial: to this address in place of every service, for tests\n",
          to);
    return code;
}

enum choice { OPTION_DIAL = 256, OPTION_HASHED, OPTION_CONNECT, OPTION_HELP, OPTION_VERSION };

static const struct option options[] = {
    {"dial", no_argument, NULL, OPTION_DIAL},
    {"hashed", no_argument, NULL, OPTION_HASHED},
    {"connect", required_argument, NULL, OPTION_CONNECT},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static int run_session(void)
{
    static struct pk_channel channel = {.in = STDIN_FILENO, .out = STDOUT_FILENO};

    return session_run(&channel) == PK_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct dial_rules rules = {.hashed = false};
    bool dials = false;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case OPTION_DIAL:
            dials = true;
            break;
        case OPTION_HASHED:
            rules.hashed = true;
            break;
        case OPTION_CONNECT:
            rules.connect = optarg;
            break;
        case OPTION_HELP:
            return usage(stdout, 0);
        case OPTION_VERSION:
            return puts("passkey-phone " PACKAGE_VERSION) < 0;
        default:
            return usage(stderr, 2);
        }
    }
    if (optind != argc || (!dials && (rules.hashed || rules.connect)))
        return usage(stderr, 2);
    (void)signal(SIGPIPE, SIG_IGN);
    if (pk_sandbox_prepare() != PK_OK) {
        (void)fputs("passkey-phone: the sandbox cannot be set up\n", stderr);
        return 3;
    }
    return dials ? dialler_run_unit(&rules) : run_session();
}
