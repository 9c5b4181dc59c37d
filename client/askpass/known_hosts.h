/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which host keys an ssh that was started with given arguments accepts without a question, as far
 * as that can be told from outside: by what "ssh -G" says of its configuration, and what
 * "ssh-keygen -F" finds in its known_hosts files. Strict: where it would accept others as well, or
 * does not look at all, there is a doubt and no answer.
 */
#ifndef CLIENT_ASKPASS_KNOWN_HOSTS_H
#define CLIENT_ASKPASS_KNOWN_HOSTS_H

#include "common/base/terms.h"

/* What matters of ssh's configuration. Owned. */
struct askpass_ssh_config {
    char *host; /* HostKeyAlias, or the name it connects to; as "ssh -G" has it, in lower case */
    bool alias; /* it is the former: looked up without a port */
    unsigned port;
    char *files;            /* UserKnownHostsFile and GlobalKnownHostsFile, with blanks between */
    char *command;          /* KnownHostsCommand; NULL: none */
    bool proxy;             /* ProxyCommand or ProxyJump: the connection is not its own */
    bool localhost_trusted; /* NoHostAuthenticationForLocalhost */
    bool dns_trusted;       /* VerifyHostKeyDNS yes */
};
void askpass_ssh_config_clear(struct askpass_ssh_config *config);
#define AUTO_ASKPASS_SSH_CONFIG __attribute__((cleanup(askpass_ssh_config_clear)))

/* Of what "ssh -G" prints. PK_INVALID_INPUT when a line that it always has is missing. */
enum pk_status askpass_ssh_config_parse(struct pk_view text,
                                        struct askpass_ssh_config *ret) PK_WARN_UNUSED;

/* Asks program, with arguments of ssh's. PK_INVALID_ARGUMENT when it does not take them, PK_IO. */
enum pk_status askpass_ssh_config_ask(const char *program, const struct pk_strings *arguments,
                                      struct askpass_ssh_config *ret) PK_WARN_UNUSED;

/* Lines of known_hosts files that are for one name. Owned. */
struct askpass_known {
    struct pk_strings keys;    /* fingerprints, each once */
    struct pk_strings revoked; /* @revoked */
    bool authority;            /* there is a line with @cert-authority */
};
void askpass_known_clear(struct askpass_known *known);
#define AUTO_ASKPASS_KNOWN __attribute__((cleanup(askpass_known_clear)))

/*
 * Adds what "ssh-keygen -F" prints: such lines, with remarks that begin with '#'. PK_INVALID_INPUT
 * and so on for a line that has no key: ssh may read it otherwise than this.
 */
enum pk_status askpass_known_add(struct pk_view text, struct askpass_known *known) PK_WARN_UNUSED;

/* The name that its lines have: HOST, or [HOST]:PORT. The caller's to free; NULL: no memory. */
char *askpass_known_name(const struct askpass_ssh_config *config) PK_WARN_UNUSED;

/* Why it cannot be told which keys are accepted. */
enum askpass_doubt {
    DOUBT_NONE,
    DOUBT_COMMAND,   /* a KnownHostsCommand of the person's own may accept others */
    DOUBT_LOCALHOST, /* no key is looked at for localhost */
    DOUBT_DNS,       /* keys that DNS vouches for are accepted */
    DOUBT_FILES,     /* the names of the files cannot be told apart */
    DOUBT_LINE,      /* a line that is not understood */
    DOUBT_AUTHORITY, /* whatever a certificate authority has signed is accepted */
    DOUBT_UNKNOWN,   /* no key is known under that name */
};

/* Of the configuration alone. */
enum askpass_doubt askpass_config_doubt(const struct askpass_ssh_config *config) PK_WARN_UNUSED;

/*
 * The keys that are accepted, where there is no doubt; else *ret_doubt. PK_NOT_FOUND where there is
 * no ssh-keygen, PK_IO, PK_NO_MEMORY.
 */
enum pk_status askpass_known_keys(const struct askpass_ssh_config *config, struct pk_strings *ret,
                                  enum askpass_doubt *ret_doubt) PK_WARN_UNUSED;

#endif
