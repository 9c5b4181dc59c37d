/* SPDX-License-Identifier: BSD-2-Clause */
/* ssh, scp or sftp with passkey-askpass as their SSH_ASKPASS; everything else is passed through. */
#include "client/askpass/openssh.h"
#include "client/outcome.h"
#include "client/ssh/enroll.h"
#include "client/ssh/environment.h"
#include "client/ssh/hook.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What env(1) exits with. */
enum { EXIT_NOT_RUN = 126, EXIT_NO_PROGRAM = 127 };

static const char usage[] =
    "Usage: passkey-ssh [ssh option]... HOST [command]\n"
    "       passkey-scp [scp option]... SOURCE... TARGET\n"
    "       passkey-sftp [sftp option]... HOST\n"
    "       passkey-ssh --enroll [ssh option]... HOST\n"
    "Runs ssh, scp or sftp so that a host's request for a passkey is answered with a\n"
    "security key of this computer, or with a phone. Everything on the command line\n"
    "is theirs.\n"
    "\n"
    "  --enroll             run passkey-enroll there, with a key or phone at hand\n"
    "  --help, --version    print this text, or the version\n"
    "\n"
    "It sets KnownHostsCommand, in front of yours, to see the server's host key, and\n"
    "SSH_ASKPASS and SSH_ASKPASS_REQUIRE=force; an SSH_ASKPASS that would\n"
    "have been used goes on to be asked for passwords, as PASSKEY_ASKPASS_FALLBACK.\n"
    "For rsync: rsync -e passkey-ssh ...; for git: GIT_SSH_COMMAND=passkey-ssh.\n"
    "\n"
    "Exit status: that of ssh, scp or sftp; 126 it cannot be run so, 127 it is not\n"
    "there.\n";

/* The name this was called by chooses the program. */
static enum ssh_program program_for(const char *called)
{
    const char *slash = strrchr(called, '/');
    const char *name = slash ? slash + 1 : called;

    if (strcmp(name, "passkey-scp") == 0)
        return PROGRAM_SCP;
    return strcmp(name, "passkey-sftp") == 0 ? PROGRAM_SFTP : PROGRAM_SSH;
}

static int check_version(void)
{
    struct askpass_openssh version;
    enum pk_status status = askpass_openssh_ask("ssh", &version);

    if (status == PK_NOT_FOUND) {
        (void)fprintf(stderr, "passkey-ssh: ssh is not installed\n");
        return EXIT_NO_PROGRAM;
    }
    if (status != PK_OK) {
        (void)fprintf(stderr, "passkey-ssh: the ssh that is installed is not OpenSSH\n");
        return EXIT_NOT_RUN;
    }
    if (!askpass_openssh_writes_prefix(&version)) {
        (void)fprintf(stderr,
                      "passkey-ssh: OpenSSH 8.5 or later is needed; this is %u.%u, which does not "
                      "say which host\n"
                      "  a question comes from\n",
                      version.major, version.minor);
        return EXIT_NOT_RUN;
    }
    return 0;
}

/*
 * Takes this program's place. With the hook in front of all other options, where it can be told
 * what it must not hide; without it passkey-askpass looks into known_hosts instead.
 */
static int run(enum ssh_program program, char **argv, size_t count)
{
    static char ssh[] = "ssh", scp[] = "scp", sftp[] = "sftp";
    static char *const names[] = {[PROGRAM_SSH] = ssh, [PROGRAM_SCP] = scp, [PROGRAM_SFTP] = sftp};
    PK_AUTO_FREE char *hook = NULL;
    PK_AUTO_FREE char **all = calloc(count + 3, sizeof(*all));
    size_t at = 0;
    enum pk_status status = ssh_hook_find(program, argv + 1, count, &hook);

    if (!all || status == PK_NO_MEMORY) {
        (void)fprintf(stderr, "passkey-ssh: %s\n", client_outcome(PK_NO_MEMORY));
        return EXIT_NOT_RUN;
    }
    all[at++] = names[program]; /* ssh runs what its own name is for a jump host */
    if (hook)
        all[at++] = hook;
    for (size_t i = 1; i <= count; i++)
        all[at++] = argv[i];
    (void)execvp(names[program], all);
    (void)fprintf(stderr, "passkey-ssh: %s: %s\n", names[program], strerror(errno));
    return errno == ENOENT ? EXIT_NO_PROGRAM : EXIT_NOT_RUN;
}

int main(int argc, char **argv)
{
    enum ssh_program program = program_for(argc > 0 ? argv[0] : "");
    int failed;

    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return printf("%s %s\n", PACKAGE_NAME, PACKAGE_VERSION) < 0;
    failed = check_version();
    if (failed)
        return failed;
    if (ssh_environment_set() != PK_OK) {
        (void)fprintf(stderr, "passkey-ssh: passkey-askpass is not installed beside it\n");
        return EXIT_NOT_RUN;
    }
    if (argc > 1 && strcmp(argv[1], "--enroll") == 0)
        return ssh_enroll(argv + 2, (size_t)argc - 2);
    return run(program, argv, argc > 0 ? (size_t)argc - 1 : 0);
}
