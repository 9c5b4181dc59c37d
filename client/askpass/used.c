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

static char *line_of(struct pk_view credential_id)
{
    uint8_t hash[PK_HASH_SIZE];

    pk_sha256(credential_id, hash);
    return pk_hex_encode((struct pk_view){hash, sizeof(hash)});
}

static bool has(struct pk_view text, struct pk_view credential_id)
{
    PK_AUTO_FREE char *line = line_of(credential_id);

    while (line && text.len > 0)
        if (pk_view_equal(pk_text_take_line(&text), pk_view_string(line)))
            return true;
    return false;
}

bool askpass_used_any(const struct pk_forward_request *request)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};
    PK_AUTO_FREE char *path = NULL;
    bool found = false;

    if (read_file(&text, &path) != PK_OK)
        return false;
    for (size_t i = 0; i < request->credential_count && !found; i++)
        found = has(pk_view_of(&text), pk_view_of(&request->credentials[i].id));
    return found;
}

void askpass_used_add(struct pk_view credential_id)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};
    PK_AUTO_FREE char *path = NULL;
    PK_AUTO_FREE char *line = line_of(credential_id);
    PK_AUTO_FREE char *whole = line ? pk_text_format("%s\n", line) : NULL;
    PK_AUTO_CLOSE int fd = -1;

    if (!whole || read_file(&text, &path) != PK_OK || has(pk_view_of(&text), credential_id) ||
        text.len + strlen(whole) > FILE_MAX || askpass_folders_make(path) != PK_OK)
        return;
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0600);
    if (fd >= 0)
        (void)!pk_write_all(fd, pk_view_string(whole));
}
