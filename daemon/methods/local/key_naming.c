/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/local/key_naming.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/key_session.h"
#include "daemon/auth/attempt.h"
#include "daemon/auth/credential_search.h"
#include "daemon/daemon.h"

#include <string.h>

struct key_naming {
    struct attempt *attempt;
    char *path, *rp_id;
    struct pk_descriptor *items;
    size_t count, next;
    struct pk_key_session *session;
    struct credential_search *search; /* in progress; NULL: none */
    void (*named)(void *data, const char *name);
    void *data;
};

static void check_next(struct key_naming *naming);

void key_naming_free(struct key_naming *naming)
{
    if (naming->session)
        pk_key_session_cancel(naming->session);
    if (naming->search)
        credential_search_cancel(naming->search);
    for (size_t i = 0; i < naming->count; i++)
        pk_bytes_clear(&naming->items[i].id);
    free(naming->items);
    free(naming->path);
    free(naming->rp_id);
    free(naming);
}

static void name_found(void *data, enum pk_status status, struct credential_list *list)
{
    struct key_naming *naming = data;

    naming->search = NULL;
    naming->named(naming->data, !status && list->count == 1 ? list->items[0].name : NULL);
}

static void report_name(struct key_naming *naming, struct pk_view id)
{
    if (id.len == 0 || credential_search_new(naming->attempt, NULL, id, name_found, naming,
                                             &naming->search) != PK_OK)
        naming->named(naming->data, NULL);
}

static void on_frame(void *data, const struct pk_frame *frame)
{
    struct key_naming *naming = data;

    if (frame->type == PK_FRAME_CHECKED && frame->check.status == PK_OK &&
        !frame->check.uncertain) {
        pk_key_session_cancel(pk_steal(naming->session));
        report_name(naming, pk_view_of(&naming->items[naming->next - 1].id));
    } else if (frame->type == PK_FRAME_CHECKED &&
               (frame->check.status == PK_OK || frame->check.uncertain)) {
        pk_key_session_cancel(pk_steal(naming->session)); /* unknown without the PIN */
        check_next(naming);
    } else if (frame->type == PK_FRAME_FAILED) {
        naming->session = NULL;
        check_next(naming);
    }
}

static enum pk_status start_check(struct key_naming *naming, const struct pk_descriptor *item)
{
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_GET_ASSERTION};
    struct pk_assertion_request *request = &frame.get_assertion;
    enum pk_status status;

    pk_random(request->client_data_hash, sizeof(request->client_data_hash));
    request->user_verification = PK_DISCOURAGED;
    status = pk_text_copy(naming->path, &request->path);
    if (!status)
        status = pk_text_copy(naming->rp_id, &request->rp_id);
    if (!status)
        status = pk_descriptors_copy(item, 1, &request->allow, &request->allow_count);
    if (status)
        return status;
    return pk_key_session_new(naming->attempt->daemon->keys, &frame, on_frame, naming,
                              &naming->session);
}

/* Checks the next credential, or reports that none was found. */
static void check_next(struct key_naming *naming)
{
    if (naming->next < naming->count && start_check(naming, &naming->items[naming->next]) == PK_OK)
        naming->next++;
    else
        report_name(naming, (struct pk_view){0});
}

enum pk_status key_naming_new(struct attempt *attempt, const struct ceremony *ceremony,
                              const char *path, void (*named)(void *data, const char *name),
                              void *data, struct key_naming **ret)
{
    struct key_naming *naming = calloc(1, sizeof(*naming));
    enum pk_status status;

    if (!naming)
        return PK_NO_MEMORY;
    *naming = (struct key_naming){
        .attempt = attempt,
        .path = strdup(path),
        .rp_id = strdup(ceremony->requirements.rp_id),
        .named = named,
        .data = data,
    };
    status = naming->path && naming->rp_id
                 ? pk_descriptors_copy(ceremony->requirements.credentials,
                                       ceremony->requirements.credential_count, &naming->items,
                                       &naming->count)
                 : PK_NO_MEMORY;
    if (!status && naming->count == 0)
        status = PK_NOT_FOUND;
    if (!status)
        status = start_check(naming, &naming->items[0]);
    if (status) {
        key_naming_free(naming);
        return status;
    }
    naming->next = 1;
    *ret = naming;
    return PK_OK;
}
