/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/used.h"

#include "client/askpass/files.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"

#include <fcntl.h>
#include <string.h>

#define FILE_MAX 65536 /* about a thousand; further ones are not added */
#define HIDDEN   " hidden"

static enum pk_status read_file(struct pk_bytes *ret, char **ret_path)
{
    PK_AUTO_FREE char *folder = NULL;
    PK_AUTO_FREE char *path = NULL;
    PK_AUTO_CLOSE int fd = -1;
    enum pk_status status = askpass_home_folder("XDG_STATE_HOME", ".local/state", &folder);

    if (status != PK_OK)
        return status;
    path = pk_text_format("%s/passkey/used", folder);
    if (!path)
        return PK_NO_MEMORY;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    status = fd >= 0 ? askpass_file_read(fd, FILE_MAX, ret) : PK_OK;
    if (status == PK_OK)
        *ret_path = pk_steal(path);
    return status;
}

static char *line_of(struct pk_view credential_id, bool hidden)
{
    PK_AUTO_FREE char *hex = NULL;
    uint8_t hash[PK_HASH_SIZE];

    pk_sha256(credential_id, hash);
    hex = pk_hex_encode((struct pk_view){hash, sizeof(hash)});
    return hex ? pk_text_format("%s%s", hex, hidden ? HIDDEN : "") : NULL;
}

static bool has(struct pk_view text, struct pk_view credential_id, bool hidden)
{
    PK_AUTO_FREE char *line = line_of(credential_id, hidden);

    while (line && text.len > 0)
        if (pk_view_equal(pk_text_take_line(&text), pk_view_string(line)))
            return true;
    return false;
}

void askpass_used_find(const struct pk_forward_request *request, struct askpass_used *ret)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};
    PK_AUTO_FREE char *path = NULL;

    *ret = (struct askpass_used){0};
    if (read_file(&text, &path) != PK_OK)
        return;
    for (size_t i = 0; i < request->credential_count; i++) {
        struct pk_view id = pk_view_of(&request->credentials[i].id);
        bool hidden = has(pk_view_of(&text), id, true);

        ret->hidden = ret->hidden || hidden;
        ret->any = ret->any || hidden || has(pk_view_of(&text), id, false);
    }
}

void askpass_used_add(struct pk_view credential_id, bool hidden)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};
    PK_AUTO_FREE char *path = NULL;
    PK_AUTO_FREE char *line = line_of(credential_id, hidden);
    PK_AUTO_FREE char *whole = line ? pk_text_format("%s\n", line) : NULL;
    PK_AUTO_CLOSE int fd = -1;

    if (!whole || read_file(&text, &path) != PK_OK || has(pk_view_of(&text), credential_id, true) ||
        has(pk_view_of(&text), credential_id, hidden) || text.len + strlen(whole) > FILE_MAX ||
        askpass_folders_make(path) != PK_OK)
        return;
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0600);
    if (fd >= 0)
        (void)!pk_write_all(fd, pk_view_string(whole));
}
