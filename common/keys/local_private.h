/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of a ceremony with the keys in this machine share. */
#ifndef PK_KEYS_LOCAL_PRIVATE_H
#define PK_KEYS_LOCAL_PRIVATE_H

#include "common/keys/deadlines.h"
#include "common/keys/key_session.h"
#include "common/keys/local_ceremony.h"
#include "common/keys/pin_dialogue.h"

/* Sets of phases. */
#define IN(phase) (1U << (phase))
#define READY     IN(PK_KEY_READY)
#define MAYBE     IN(PK_KEY_MAYBE)
#define ANSWERING (IN(PK_KEY_CHECKING) | IN(PK_KEY_UNFIT)) /* in the silent check */
#define UNDECIDED (IN(PK_KEY_QUEUED) | ANSWERING)
#define ACTIVE    (IN(PK_KEY_RUNNING) | IN(PK_KEY_PIN)) /* told to go on */

/* A key that is plugged in. */
struct candidate {
    struct pk_local_ceremony *ceremony;
    struct candidate *next;
    char *path;
    char *name;
    char *model;                    /* is the same when it is plugged in again */
    char *pin_name;                 /* as its PIN is asked for; NULL: it has not been */
    size_t group;                   /* that it is asked about */
    struct pk_key_session *session; /* NULL: it cannot serve, failed, or is not asked now */
    enum pk_status failure;         /* why the last session failed; PK_OK: none has */
    enum pk_status earlier;         /* why it cannot serve the group before; PK_OK */
    bool shown;                     /* it has shown a credential by itself */
    bool believed;                  /* to have it still: it is not asked silently */
    bool mute;                      /* it has said nothing by itself */
    bool listed;     /* what it is asked for is listed: it shows no other's of the same RP id */
    size_t doubtful; /* the first group of which its answer was not its last word */
    bool insist;     /* it has been asked about all groups: now with a touch, from doubtful on */
    bool spent;      /* it tries a PIN that is counted */
};

/* Why no key can serve, as the person was told last; not to be repeated. */
enum notice {
    NOTICE_NONE,
    NOTICE_INSERT,
    NOTICE_STRANGER, /* the key that is plugged in is another one */
    NOTICE_BUSY,
};

enum deadline {
    GATHERED,       /* the keys that can serve are told to go on */
    INSERT_TIMEOUT, /* runs while no key can serve */
    TOUCH_TIMEOUT,  /* runs while a key waits for a touch */
    BUSY_NOTICE,    /* the person is told of keys that others use */
    RETRY,          /* keys that are listed, but could not be had, are asked again */
    DEADLINES,
};

struct pk_local_ceremony {
    struct pk_keys *keys;
    struct pk_dialogue person;
    const struct pk_local_ceremony_ops *ops;
    void *data;
    size_t groups;
    char *purpose;
    char *payer; /* NULL: PIN tries are not counted */
    bool present_only, unattended, hidden, insists, holder;
    struct pk_turn *turn;
    struct pk_key_watch *watch; /* NULL: it is over */
    struct candidate *candidates;
    struct pk_pin_dialogue pin;
    struct pk_deadlines deadlines;
    enum pk_status failure; /* the last one of a key that is out; PK_OK: none */
    char *failed_path;
    size_t announced; /* how many keys the last call to touch was about; 0: none */
    enum notice notice;
};

/* --- local_candidates.c ----------------------------------------------------------------------- */

/* Whether it is being asked, and in one of those phases; and how many are. */
bool local_is_in(const struct candidate *candidate, unsigned phases);
size_t local_count(const struct pk_local_ceremony *ceremony, unsigned phases);
/* Its helper did not find it: the list is not up to date, or the key was plugged in again. */
bool local_is_gone(const struct candidate *candidate);
/* Whether a key is left that may serve. */
bool local_any_left(const struct pk_local_ceremony *ceremony);
/* It is asked nothing more, nor the person about it. */
void local_drop_session(struct candidate *candidate);
/* What is new in the list becomes a candidate, and whatever is no longer listed leaves. */
void local_candidates_update(struct pk_local_ceremony *ceremony, const struct pk_devices *list);
void local_candidates_free(struct pk_local_ceremony *ceremony);

/* --- local_notices.c -------------------------------------------------------------------------- */

void local_inform_of_removal(struct pk_local_ceremony *ceremony);
/* Why a key is out that had been told to go on, or has gone silent. */
void local_inform_of_failure(const struct candidate *candidate, enum pk_status why);
/* Of keys that others use: of whom, if that is known. */
void local_inform_of_use(struct pk_local_ceremony *ceremony);
/* Names the keys that have been told to go on. */
void local_call_for_touch(struct pk_local_ceremony *ceremony, bool verify);
/* Says why no key can serve, unless that was said last. */
void local_give_notice(struct pk_local_ceremony *ceremony, enum notice notice);

/* --- local_pin.c ------------------------------------------------------------------------------ */

/* Whether its PIN may be asked for: strangers must not try that of a key of others. */
bool local_may_ask_pin(const struct candidate *candidate);
/* A key needs its PIN: asks for it, or declines where it must not be asked for. */
void local_pin_needed(struct candidate *candidate, const struct pk_pin_needed *needed);
/* The key goes on: the PIN that it tried was right. */
void local_pin_taken(struct candidate *candidate);
/* For struct pk_pin_dialogue. */
bool local_pin_spend(void *data, const void *who);

#endif
