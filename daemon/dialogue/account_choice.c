/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/dialogue/account_choice.h"

#include "common/base/cleanup.h"
#include "daemon/dialogue/numbered_choice.h"
#include "daemon/verify/credential.h"

#include <string.h>

struct option {
    struct pk_assertion_answer answer;
    char *user;
};

struct account_choice {
    struct option options[PK_CREDENTIAL_LIST_MAX];
    size_t count;
    account_chosen *chosen;
    void *data;
};

static void option_clear(struct option *option)
{
    pk_bytes_clear(&option->answer.credential_id);
    pk_bytes_clear(&option->answer.authenticator_data);
    pk_bytes_clear(&option->answer.signature);
    pk_bytes_clear(&option->answer.user_handle);
    free(option->user);
}

void account_choice_free(struct account_choice *choice)
{
    for (size_t i = 0; i < choice->count; i++)
        option_clear(&choice->options[i]);
    free(choice);
}

static enum pk_status copy_answer(const struct pk_assertion_answer *from,
                                  struct pk_assertion_answer *ret)
{
    enum pk_status status = pk_bytes_copy(pk_view_of(&from->credential_id), &ret->credential_id);

    if (!status)
        status = pk_bytes_copy(pk_view_of(&from->authenticator_data), &ret->authenticator_data);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&from->signature), &ret->signature);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&from->user_handle), &ret->user_handle);
    return status;
}

/* Leaves out answers for accounts that could not complete this ceremony. */
static enum pk_status add_option(struct store *store, const struct ceremony *ceremony,
                                 const struct pk_assertion_answer *answer,
                                 struct account_choice *choice)
{
    struct option *option = &choice->options[choice->count];
    struct credential credential = {0};
    enum pk_status status;

    if (choice->count == PK_CREDENTIAL_LIST_MAX ||
        credential_find(store, ceremony, pk_view_of(&answer->credential_id), &credential))
        return PK_OK;
    choice->count++;
    option->user = pk_steal(credential.account.name);
    credential_clear(&credential);
    status = copy_answer(answer, &option->answer);
    return status;
}

static enum pk_status ask(const struct account_choice *choice, struct conversation *conversation)
{
    struct pk_strings users = {0};
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < choice->count && status == PK_OK; i++)
        status = pk_strings_add(&users, choice->options[i].user);
    if (status == PK_OK)
        status = numbered_choice_ask(conversation, "account",
                                     "This security key holds several accounts:", &users);
    pk_strings_clear(&users);
    return status;
}

enum pk_status account_choice_new(struct store *store, struct conversation *conversation,
                                  const struct ceremony *ceremony,
                                  const struct pk_assertion_answers *answers,
                                  account_chosen *chosen, void *data, struct account_choice **ret)
{
    struct account_choice *choice = calloc(1, sizeof(*choice));
    enum pk_status status = ceremony ? PK_OK : PK_CHALLENGE_UNKNOWN;

    if (!choice)
        return PK_NO_MEMORY;
    choice->chosen = chosen;
    choice->data = data;
    for (size_t i = 0; i < answers->count && !status; i++)
        status = add_option(store, ceremony, &answers->items[i], choice);
    if (!status && choice->count == 0)
        status = PK_NO_MATCH;
    if (!status && choice->count > 1)
        status = ask(choice, conversation);
    if (status) {
        account_choice_free(choice);
        return status;
    }
    *ret = choice;
    if (choice->count == 1)
        chosen(data, &choice->options[0].answer);
    return PK_OK;
}

void account_choice_answered(struct account_choice *choice, const struct pk_secret *answer)
{
    size_t index = numbered_choice_read(answer, choice->count);

    choice->chosen(choice->data, index < choice->count ? &choice->options[index].answer : NULL);
}
