/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/backup.h"

#include "common/base/text.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static _Thread_local char last_error[STORE_ERROR_SIZE];
static _Thread_local int64_t deadline_of_verb = INT64_MAX;

int64_t store_deadline(void)
{
    return deadline_of_verb;
}

void store_set_deadline(int64_t deadline)
{
    deadline_of_verb = deadline;
}

/* Set when the SQLite store's own threads may have begun. */
static void (*_Atomic reporter)(const char *why);

void store_report_by(void (*report)(const char *why))
{
    atomic_store(&reporter, report);
}

const char *store_error(void)
{
    return last_error;
}

void store_set_error(const char *format, ...)
{
    void (*report)(const char *why) = atomic_load(&reporter);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(last_error, sizeof(last_error), format, arguments);
    va_end(arguments);
    if (report && last_error[0])
        report(last_error);
}

void store_explain(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(last_error, sizeof(last_error), format, arguments);
    va_end(arguments);
}

void account_clear(struct account *account)
{
    free(account->rp);
    free(account->name);
    free(account->user_name);
    free(account->display_name);
    free(account->icon);
    pk_bytes_clear(&account->user_handle);
    *account = (struct account){.uid = PK_NO_UID};
}

enum pk_status account_copy(const struct account *from, struct account *ret)
{
    enum pk_status status = pk_text_copy(from->rp, &ret->rp);

    ret->uid = from->uid;
    ret->listed = from->listed;
    ret->orphaned = from->orphaned;
    ret->created = from->created;
    if (!status)
        status = pk_text_copy(from->name, &ret->name);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&from->user_handle), &ret->user_handle);
    if (!status)
        status = pk_text_copy(from->user_name, &ret->user_name);
    if (!status)
        status = pk_text_copy(from->display_name, &ret->display_name);
    if (!status)
        status = pk_text_copy(from->icon, &ret->icon);
    return status;
}

void credential_clear(struct credential *credential)
{
    account_clear(&credential->account);
    free(credential->rp_id);
    pk_bytes_clear(&credential->record.id);
    pk_bytes_clear(&credential->record.public_key);
    pk_bytes_clear(&credential->record.user_handle);
    free(credential->name);
    free(credential->format);
    free(credential->attestation_type);
    free(credential->trust);
    free(credential->instrument_display_name);
    free(credential->imported);
    *credential = (struct credential){.account.uid = PK_NO_UID};
}

void credential_list_clear(struct credential_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        credential_clear(&list->items[i]);
    free(list->items);
    *list = (struct credential_list){0};
}

void account_states_clear(struct account_states *states)
{
    for (size_t i = 0; i < states->count; i++)
        account_clear(&states->items[i].account);
    free(states->items);
    *states = (struct account_states){0};
}

void account_holdings_clear(struct account_holdings *holdings)
{
    for (size_t i = 0; i < holdings->count; i++)
        account_clear(&holdings->items[i].account);
    free(holdings->items);
    *holdings = (struct account_holdings){0};
}

void restore_report_clear(struct restore_report *report)
{
    pk_strings_clear(&report->returning_names);
    free(report->kept);
    *report = (struct restore_report){0};
}

void kept_ceremony_clear(struct kept_ceremony *ceremony)
{
    free(ceremony->rp);
    free(ceremony->id);
    pk_bytes_clear(&ceremony->data);
    *ceremony = (struct kept_ceremony){0};
}

void store_state_clear(struct store_state *state)
{
    free(state->kind);
    free(state->server);
    *state = (struct store_state){0};
}
