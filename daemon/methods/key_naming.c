/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/key_naming.h"

#include "common/keys/key_session.h"

#include <string.h>

struct key_naming {
    struct daemon *daemon;
    char *path, *rp_id;
    struct pk_descriptor *items;
    size_t count, next;
    struct pk_key_session *key;
    void (*named)(void *data, const char *name);
    void *data;
};

static void ask(struct key_naming *naming);

void key_naming_free(struct key_naming *naming)
{
    if (naming->key)
        pk_key_session_cancel(naming->key);
    for (size_t i = 0; i < naming->count; i++)
        pk_bytes_clear(&naming->items[i].id);
    free(naming->items);
    free(naming->path);
    free(naming->rp_id);
    free(naming);
}

static void tell(struct key_naming *naming, struct pk_view id)
{
    struct store *store = naming->daemon->store;
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};

    if (id.len > 0 &&
        store->verbs->list(store, &(struct credential_filter){.credential_id = id}, &list))
        list.count = 0;
    naming->named(naming->data, list.count == 1 ? list.items[0].name : NULL);
}

static void heard(void *data, const struct pk_frame *frame)
{
    struct key_naming *naming = data;

    if (frame->type == PK_FRAME_CHECKED && frame->check.status == PK_OK &&
        !frame->check.uncertain) {
        pk_key_session_cancel(pk_steal(naming->key));
        tell(naming, pk_view_of(&naming->items[naming->next - 1].id));
    } else if (frame->type == PK_FRAME_CHECKED &&
               (frame->check.status == PK_OK || frame->check.uncertain)) {
        pk_key_session_cancel(pk_steal(naming->key)); /* it would not say without the PIN */
        ask(naming);
    } else if (frame->type == PK_FRAME_FAILED) {
        naming->key = NULL;
        ask(naming);
    }
}

static enum pk_status start(struct key_naming *naming, const struct pk_descriptor *item)
{
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_GET_ASSERTION};
    struct pk_assertion_request *request = &frame.get_assertion;

    pk_random(request->client_data_hash, sizeof(request->client_data_hash));
    request->user_verification = PK_DISCOURAGED;
    request->path = strdup(naming->path);
    request->rp_id = strdup(naming->rp_id);
    request->allow = calloc(1, sizeof(*request->allow));
    if (!request->path || !request->rp_id || !request->allow)
        return PK_NO_MEMORY;
    request->allow_count = 1;
    if (pk_bytes_copy(pk_view_of(&item->id), &request->allow[0].id))
        return PK_NO_MEMORY;
    return pk_key_session_new(naming->daemon->keys, &frame, heard, naming, &naming->key);
}

/* Asks for the next one, or gives up. */
static void ask(struct key_naming *naming)
{
    if (naming->next < naming->count && start(naming, &naming->items[naming->next]) == PK_OK)
        naming->next++;
    else
        tell(naming, (struct pk_view){0});
}

enum pk_status key_naming_new(struct daemon *daemon, const struct ceremony *ceremony,
                              const char *path, void (*named)(void *data, const char *name),
                              void *data, struct key_naming **ret)
{
    struct key_naming *naming = calloc(1, sizeof(*naming));
    enum pk_status status;

    if (!naming)
        return PK_NO_MEMORY;
    *naming = (struct key_naming){
        .daemon = daemon,
        .path = strdup(path),
        .rp_id = strdup(ceremony->requirements.rp_id),
        .named = named,
        .data = data,
    };
    status = naming->path && naming->rp_id
                 ? descriptors_copy(&ceremony->requirements, &naming->items, &naming->count)
                 : PK_NO_MEMORY;
    if (!status && naming->count == 0)
        status = PK_NOT_FOUND;
    if (!status)
        status = start(naming, &naming->items[0]);
    if (status) {
        key_naming_free(naming);
        return status;
    }
    naming->next = 1;
    *ret = naming;
    return PK_OK;
}
