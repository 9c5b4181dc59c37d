/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/dialogue/account_choice.h"

#include "common/base/writer.h"
#include "daemon/verify/verify_and_commit.h"

#include <string.h>

#define QUESTION_MAX 8192

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

/* Answers for accounts that could not end this ceremony anyway are left out. */
static enum pk_status add_option(struct daemon *daemon, const struct ceremony *ceremony,
                                 const struct pk_assertion_answer *answer,
                                 struct account_choice *choice)
{
    struct option *option = &choice->options[choice->count];
    struct credential credential = {0};
    enum pk_status status;

    if (choice->count == PK_CREDENTIAL_LIST_MAX ||
        finish_find(daemon, ceremony, pk_view_of(&answer->credential_id), &credential))
        return PK_OK;
    choice->count++;
    option->user = pk_steal(credential.account.name);
    credential_clear(&credential);
    status = copy_answer(answer, &option->answer);
    return status;
}

static void ask(const struct account_choice *choice, struct conversation *conversation)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(QUESTION_MAX);
    PK_AUTO_BYTES struct pk_bytes text = {0};
    char number[32];

    pk_writer_put(&writer, pk_view_string("This security key holds several accounts:"));
    for (size_t i = 0; i < choice->count; i++) {
        (void)snprintf(number, sizeof(number), "\n  %zu  ", i + 1);
        pk_writer_put(&writer, pk_view_string(number));
        pk_writer_put(&writer, pk_view_string(choice->options[i].user));
    }
    pk_writer_put(&writer, pk_view_string("\nNumber: "));
    pk_writer_u8(&writer, 0);
    if (pk_writer_finish(&writer, &text))
        conversation_ask(conversation, QUESTION_ECHOED, "account", "Number of the account: ", 0xff);
    else
        conversation_ask(conversation, QUESTION_ECHOED, "account", (const char *)text.data, 0xff);
}

enum pk_status account_choice_new(struct daemon *daemon, struct conversation *conversation,
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
        status = add_option(daemon, ceremony, &answers->items[i], choice);
    if (!status && choice->count == 0)
        status = PK_NO_MATCH;
    if (status) {
        account_choice_free(choice);
        return status;
    }
    *ret = choice;
    if (choice->count == 1)
        chosen(data, &choice->options[0].answer);
    else
        ask(choice, conversation);
    return PK_OK;
}

void account_choice_answered(struct account_choice *choice, const struct pk_secret *answer)
{
    char *end = NULL;
    unsigned long number = answer->len > 0 ? strtoul((const char *)answer->data, &end, 10) : 0;
    bool valid = end && *end == '\0' && number >= 1 && number <= choice->count;

    choice->chosen(choice->data, valid ? &choice->options[number - 1].answer : NULL);
}
