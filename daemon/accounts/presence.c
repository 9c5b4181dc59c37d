/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/accounts/presence.h"

#include <stdlib.h>
#include <string.h>

static bool is_removed(const struct presence *presence, const struct account *account)
{
    for (size_t i = 0; i < presence->removed->count; i++)
        if (strcmp(presence->removed->items[i], account->name) == 0)
            return true;
    return false;
}

static bool is_in_file(const struct presence *presence, const struct account *account)
{
    return presence->file && password_file_has(presence->file, account->name, account->uid);
}

/* userdel removes accounts of the password file alone. */
bool presence_is_gone(const struct presence *presence, const struct account *account)
{
    bool in_file = is_in_file(presence, account);

    if (is_removed(presence, account) && (account->listed || in_file))
        return true;
    return account->listed && presence->file && !in_file;
}

bool presence_is_elsewhere(const struct presence *presence, const struct account *account)
{
    return presence->file && !account->listed && !is_in_file(presence, account);
}

/* Whether the answers mean anything: see presence.h. */
static bool are_answers_plausible(const struct account_states *states,
                                  const struct presence *presence)
{
    size_t found = 0, missing = 0;

    for (size_t i = 0; presence->answers && i < states->count; i++) {
        found += presence->answers[i] == NAME_FOUND;
        missing += presence->answers[i] == NAME_NOT_FOUND;
    }
    return found > 0 && missing <= found;
}

static bool is_due(const struct account_state *state, int64_t now)
{
    return state->missing_looks == 0 || now - state->missing_last >= LOOK_SECONDS;
}

static bool judge_answer(const struct account_state *state, enum name_answer answer, int64_t now,
                         enum account_fate *ret)
{
    if (answer == NAME_FOUND) {
        *ret = ACCOUNT_FOUND;
        return state->missing_looks > 0;
    }
    /* A clock that was set back begins the week anew: which days were days is not known. */
    if (state->missing_looks > 0 && now < state->missing_last) {
        *ret = ACCOUNT_FOUND;
        return true;
    }
    if (answer != NAME_NOT_FOUND || !is_due(state, now))
        return false;
    *ret = state->missing_looks + 1 >= WEEK_LOOKS ? ACCOUNT_GONE : ACCOUNT_MISSING;
    return true;
}

static bool judge(const struct account_state *state, const struct presence *presence,
                  enum name_answer answer, enum account_fate *ret)
{
    if (presence_is_gone(presence, &state->account)) {
        *ret = ACCOUNT_GONE;
        return true;
    }
    if (is_in_file(presence, &state->account)) {
        *ret = ACCOUNT_LISTED;
        return !state->account.listed || state->missing_looks > 0;
    }
    return judge_answer(state, answer, presence->now, ret);
}

enum pk_status presence_judge(const struct account_states *states, const struct presence *presence,
                              struct account_change **ret_changes, size_t *ret_count)
{
    struct account_change *changes = calloc(states->count + 1, sizeof(*changes));
    bool plausible = are_answers_plausible(states, presence);
    size_t count = 0;

    if (!changes)
        return PK_NO_MEMORY;
    for (size_t i = 0; i < states->count; i++) {
        enum name_answer answer = presence->answers ? presence->answers[i] : NAME_UNKNOWN;

        if (answer == NAME_NOT_FOUND && !plausible)
            answer = NAME_UNKNOWN;
        changes[count].id = states->items[i].id;
        count += judge(&states->items[i], presence, answer, &changes[count].fate);
    }
    *ret_changes = changes;
    *ret_count = count;
    return PK_OK;
}
