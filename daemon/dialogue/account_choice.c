/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/dialogue/account_choice.h"

#include "common/base/cleanup.h"
#include "daemon/daemon.h"
#include "daemon/dialogue/numbered_choice.h"
#include "daemon/jobs/jobs.h"
#include "daemon/verify/credential.h"

#include <string.h>

struct option {
    struct pk_assertion_answer answer;
    char *user; /* set if it may complete the ceremony */
};

/* What the worker uses; the job owns it. */
struct search {
    struct job job;
    struct account_choice *choice; /* for the loop; not used once the job was cancelled */
    struct store *store;
    struct ceremony *asked; /* of the ceremony, what says which accounts may complete it */
    struct option options[PK_CREDENTIAL_LIST_MAX];
    size_t count;
};

struct account_choice {
    struct conversation *conversation;
    struct search *search; /* in progress; NULL: it has ended */
    struct option options[PK_CREDENTIAL_LIST_MAX];
    size_t count;
    account_chosen *chosen;
    void *data;
};

static void options_clear(struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pk_assertion_answer_clear(&options[i].answer);
        free(options[i].user);
    }
}

void account_choice_free(struct account_choice *choice)
{
    if (choice->search)
        job_cancel(&choice->search->job);
    options_clear(choice->options, choice->count);
    free(choice);
}

/* --- which accounts there are ----------------------------------------------------------------- */

static enum pk_status find_users(struct job *job)
{
    struct search *search = (struct search *)job;

    for (size_t i = 0; i < search->count; i++) {
        struct option *option = &search->options[i];
        AUTO_CREDENTIAL struct credential credential = {.account.uid = PK_NO_UID};
        struct pk_view id = pk_view_of(&option->answer.credential_id);

        if (credential_find(search->store, search->asked, id, &credential) == PK_OK)
            option->user = pk_steal(credential.account.name);
    }
    return PK_OK;
}

/* Leaves out answers for accounts that could not complete this ceremony. */
static void take_options(struct search *search, struct account_choice *choice)
{
    for (size_t i = 0; i < search->count; i++) {
        if (!search->options[i].user)
            continue;
        choice->options[choice->count++] = search->options[i];
        search->options[i] = (struct option){0};
    }
}

static enum pk_status ask(const struct account_choice *choice)
{
    struct pk_strings users = {0};
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < choice->count && status == PK_OK; i++)
        status = pk_strings_add(&users, choice->options[i].user);
    if (status == PK_OK)
        status = numbered_choice_ask(choice->conversation, "account",
                                     "This security key holds several accounts:", &users);
    pk_strings_clear(&users);
    return status;
}

static void users_found(struct job *job, enum pk_status status)
{
    struct search *search = (struct search *)job;
    struct account_choice *choice = search->choice;

    choice->search = NULL;
    if (!status)
        take_options(search, choice);
    if (!status && choice->count == 0)
        status = PK_NO_MATCH;
    if (!status && choice->count > 1)
        status = ask(choice);
    if (status)
        choice->chosen(choice->data, status, NULL);
    else if (choice->count == 1)
        choice->chosen(choice->data, PK_OK, &choice->options[0].answer);
}

static void search_release(struct job *job)
{
    struct search *search = (struct search *)job;

    options_clear(search->options, search->count);
    if (search->asked)
        ceremony_free(search->asked);
    free(search);
}

static enum pk_status fill_search(struct search *search, const struct ceremony *ceremony,
                                  const struct pk_assertion_answers *answers)
{
    enum pk_status status = PK_OK;

    search->asked = ceremony_new("", ceremony->owner);
    if (!search->asked)
        return PK_NO_MEMORY;
    search->asked->system_account = ceremony->system_account;
    status = account_copy(&ceremony->account, &search->asked->account);
    for (size_t i = 0; i < answers->count && i < PK_CREDENTIAL_LIST_MAX && !status; i++)
        status =
            pk_assertion_answer_copy(&answers->items[i], &search->options[search->count++].answer);
    return status;
}

enum pk_status account_choice_new(struct daemon *daemon, struct conversation *conversation,
                                  uid_t job_owner, const struct ceremony *ceremony,
                                  const struct pk_assertion_answers *answers,
                                  account_chosen *chosen, void *data, struct account_choice **ret)
{
    static const struct job_step steps[] = {{JOB_WORKER, find_users}, {0}};
    static const struct job_plan plan = {steps, users_found, search_release};
    struct account_choice *choice = calloc(1, sizeof(*choice));
    struct search *search = calloc(1, sizeof(*search));
    enum pk_status status = !choice || !search ? PK_NO_MEMORY
                            : !ceremony        ? PK_CHALLENGE_UNKNOWN
                                               : fill_search(search, ceremony, answers);

    if (status) {
        if (search)
            search_release(&search->job);
        free(choice);
        return status;
    }
    choice->conversation = conversation;
    choice->search = search;
    choice->chosen = chosen;
    choice->data = data;
    search->choice = choice;
    search->store = daemon->store;
    *ret = choice;
    job_start(daemon->jobs, &search->job, &plan, job_owner);
    return PK_OK;
}

void account_choice_answered(struct account_choice *choice, const struct pk_secret *answer)
{
    size_t index = numbered_choice_read(answer, choice->count);

    if (choice->search)
        return;
    if (index < choice->count)
        choice->chosen(choice->data, PK_OK, &choice->options[index].answer);
    else
        choice->chosen(choice->data, PK_CANCELLED, NULL);
}
