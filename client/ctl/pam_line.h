/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of a file in /etc/pam.d, as libpam reads them: pam.d(5), with Debian's "@include". */
#ifndef CLIENT_CTL_PAM_LINE_H
#define CLIENT_CTL_PAM_LINE_H

#include "common/base/bytes.h"

#define PAM_LINE_MAX  4096 /* bytes, of continued lines together */
#define PAM_WORDS_MAX 64   /* arguments of one module */
#define PAM_RETURNS   32   /* what a module can return; "default" comes behind them */

enum pam_type { PAM_TYPE_AUTH, PAM_TYPE_ACCOUNT, PAM_TYPE_PASSWORD, PAM_TYPE_SESSION };

enum pam_kind {
    PAM_KIND_MODULE,
    PAM_KIND_INCLUDE,  /* "include": the lines of that type of another file */
    PAM_KIND_SUBSTACK, /* the same, as one module */
    PAM_KIND_ALL,      /* "@include": all lines of another file */
    PAM_KIND_BROKEN,   /* libpam logs it, and has it always fail */
};

/* What is done with a module's result; from PAM_JUMP on, that many modules and one are skipped. */
enum pam_action {
    PAM_IGNORE,
    PAM_OK,
    PAM_DONE,
    PAM_BAD,
    PAM_DIE,
    PAM_RESET,
    PAM_JUMP, /* over PAM_JUMP + n - 1: n is at least 1 */
};
#define PAM_JUMP_MAX 255 /* modules; what is more is broken to us */

/* The results that matter here, by libpam's numbers. */
enum pam_result {
    PAM_RESULT_SUCCESS = 0,
    PAM_RESULT_AUTH_ERR = 7,
    PAM_RESULT_UNAVAILABLE = 9,
    PAM_RESULT_IGNORE = 25,
};

struct pam_line {    /* strings point into text */
    unsigned number; /* of its first physical line */
    enum pam_kind kind;
    enum pam_type type;            /* not of PAM_KIND_ALL */
    bool quiet;                    /* "-auth": a module that is not there is ignored */
    unsigned actions[PAM_RETURNS]; /* enum pam_action, by the result */
    const char *target;            /* module, or file that is included; "": none */
    const char *words[PAM_WORDS_MAX];
    size_t word_count;
    const char *broken; /* of PAM_KIND_BROKEN: what is wrong, static */
    char text[PAM_LINE_MAX + 1];
};

/*
 * Takes the next line that is neither blank nor a comment off *text; *number is that of the last
 * physical line that was read, 0 at first. false: there is none.
 */
bool pam_line_take(struct pk_view *text, unsigned *number, struct pam_line *ret);

#endif
