/* SPDX-License-Identifier: BSD-2-Clause */
/* What the person is told of the keys in a ceremony. */
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/local_private.h"

#define BUSY_TEXT    "Your security key is busy with another request."
#define REMOVED_TEXT "The security key was pulled out."

static void inform(struct pk_local_ceremony *ceremony, const char *event, const char *text)
{
    if (text)
        ceremony->person.ops->info(ceremony->person.data, event, text);
}

void local_inform_of_removal(struct pk_local_ceremony *ceremony)
{
    inform(ceremony, "removed", REMOVED_TEXT);
    ceremony->notice = NOTICE_NONE;
}

void local_inform_of_failure(const struct candidate *candidate, enum pk_status why)
{
    const struct pk_dialogue *person = &candidate->ceremony->person;
    PK_AUTO_FREE char *named = why == PK_DEVICE_SILENT ? pk_message_silent(candidate->name) : NULL;

    person->ops->error(person->data, why, named ? named : pk_message_outcome(why));
}

/* Another key blinks for another request: this one must be told apart from it. */
static void inform_of_name(struct pk_local_ceremony *ceremony, const char *name)
{
    PK_AUTO_FREE char *text = pk_text_format(
        "Another security key is used for another request. The one for this request is \"%s\".",
        name);

    inform(ceremony, "contention", text);
}

/* Names the keys that have been told to go on. */
void local_call_for_touch(struct pk_local_ceremony *ceremony, bool verify)
{
    PK_AUTO_FREE char *text = NULL;
    struct pk_strings names = {0};
    enum pk_status status = PK_OK;

    for (const struct candidate *c = ceremony->candidates; c && !status; c = c->next)
        if (local_is_in(c, ACTIVE))
            status = pk_strings_add(&names, c->name);
    ceremony->announced = verify ? 0 : names.count;
    if (names.count > 0 && pk_turn_others(ceremony->turn))
        inform_of_name(ceremony, names.items[0]);
    text = verify ? pk_message_verify(&names, ceremony->purpose)
                  : pk_message_touch(&names, ceremony->purpose);
    pk_strings_clear(&names);
    inform(ceremony, verify ? "verify" : "touch", text);
}

void local_inform_of_use(struct pk_local_ceremony *ceremony)
{
    const char *who = pk_turn_user(ceremony->turn);
    PK_AUTO_FREE char *text =
        who ? pk_text_format("The security key is used for another request now: %s.", who) : NULL;

    inform(ceremony, "busy", text ? text : BUSY_TEXT);
}

/* Says why no key can serve, unless that was said last. */
void local_give_notice(struct pk_local_ceremony *ceremony, enum notice notice)
{
    PK_AUTO_FREE char *text = NULL;

    if (ceremony->notice == notice)
        return;
    ceremony->notice = notice;
    if (notice == NOTICE_BUSY) {
        local_inform_of_use(ceremony);
        return;
    }
    text = pk_message_insert(notice == NOTICE_STRANGER, ceremony->purpose);
    inform(ceremony, "insert", text);
}
