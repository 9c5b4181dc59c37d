/* SPDX-License-Identifier: BSD-2-Clause */
/* For scripts/prove alone: the form of the lists of <sys/queue.h>, which Frama-C has not. */
#ifndef PK_PROVER_QUEUE_H
#define PK_PROVER_QUEUE_H

#define TAILQ_HEAD(name, type)                                                                     \
    struct name {                                                                                  \
        struct type *tqh_first, **tqh_last;                                                        \
    }
#define TAILQ_ENTRY(type)                                                                          \
    struct {                                                                                       \
        struct type *tqe_next, **tqe_prev;                                                         \
    }
#define LIST_HEAD(name, type)                                                                      \
    struct name {                                                                                  \
        struct type *lh_first;                                                                     \
    }
#define LIST_ENTRY(type)                                                                           \
    struct {                                                                                       \
        struct type *le_next, **le_prev;                                                           \
    }

#endif
