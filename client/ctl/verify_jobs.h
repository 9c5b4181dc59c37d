/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyctl verify --jobs: several threads verify lines, whose results keep the lines' order. */
#ifndef CLIENT_CTL_VERIFY_JOBS_H
#define CLIENT_CTL_VERIFY_JOBS_H

#include "client/ctl/verify_keys.h"
#include "client/ctl/verify_lines.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

/* What verifies lines: its own keys, nothing shared. */
struct verify_worker {
    FILE *out;
    time_t now;
    struct verify_keys keys;
    bool all_verified;
    /* With several jobs. */
    pthread_t thread;
    struct verify_batches *batches;
};

/* Verifies one line and writes one to worker->out; whether it was verified. */
bool verify_line(struct verify_worker *worker, struct pk_view text);

/*
 * All lines, by count workers, each in a thread of its own. The results of what is at work are
 * written before more input is waited for. False: no memory, or no thread.
 */
bool verify_together(struct verify_worker *workers, size_t count, struct verify_lines *lines);

#endif
