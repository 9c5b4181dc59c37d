/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/ssh/host_keys.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "common/wire/host_key.h"

#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#define OWN_KEYS "/etc/ssh/ssh_host_*_key.pub"
#define FILE_MAX 262144 /* as many keys as are taken, each of a usual size */

static enum pk_status add_line(struct pk_view line, struct pk_strings *keys)
{
    PK_AUTO_BYTES struct pk_bytes key = {0};
    uint8_t hash[PK_HASH_SIZE];
    char fingerprint[PK_FINGERPRINT_SIZE];
    enum pk_status status = pk_host_key_line_parse(line, &key);

    if (status)
        return status;
    pk_sha256(pk_view_of(&key), hash);
    pk_fingerprint_write(hash, fingerprint);
    return pk_fingerprints_add(keys, fingerprint);
}

static enum pk_status add_lines(const char *path, struct pk_view text, struct pk_strings *keys)
{
    for (unsigned number = 1; text.len > 0; number++) {
        enum pk_status status = add_line(pk_text_take_line(&text), keys);

        if (status == PK_NO_MEMORY)
            return status;
        if (status && status != PK_NOT_FOUND)
            pk_log(LOG_WARNING, "%s:%u: left out as a host key: %s", path, number,
                   pk_status_name(status));
    }
    return PK_OK;
}

/* A regular file only, opened without waiting: whatever lies there must not stop the daemon. */
static enum pk_status read_file(const char *path, struct pk_bytes *ret)
{
    PK_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    PK_AUTO_BYTES struct pk_bytes text = {0};
    struct stat about;
    enum pk_status status;

    if (fd < 0 || fstat(fd, &about) < 0 || !S_ISREG(about.st_mode))
        return PK_IO;
    if (about.st_size > FILE_MAX)
        return PK_TOO_LARGE;
    text.data = malloc(FILE_MAX);
    if (!text.data)
        return PK_NO_MEMORY;
    status = pk_read_all(fd, text.data, FILE_MAX, &text.len);
    if (status)
        return status;
    *ret = text;
    text = (struct pk_bytes){0};
    return PK_OK;
}

static enum pk_status add_file(const char *path, struct pk_strings *keys)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};
    enum pk_status status = read_file(path, &text);

    if (!status)
        return add_lines(path, pk_view_of(&text), keys);
    if (status != PK_NO_MEMORY)
        pk_log(LOG_WARNING, "%s: left out as a host key: %s", path, pk_status_name(status));
    return status == PK_NO_MEMORY ? status : PK_OK;
}

static enum pk_status add_files(const char *pattern, struct pk_strings *keys)
{
    __attribute__((cleanup(globfree))) glob_t found = {0};
    enum pk_status status = PK_OK;

    switch (glob(pattern, 0, NULL, &found)) {
    case 0:
        break;
    case GLOB_NOSPACE:
        return PK_NO_MEMORY;
    default:
        return PK_OK;
    }
    for (size_t i = 0; i < found.gl_pathc && !status; i++)
        status = add_file(found.gl_pathv[i], keys);
    return status;
}

enum pk_status host_keys_read(const struct pk_strings *configured, struct pk_strings *ret)
{
    struct pk_strings keys = {0};
    enum pk_status status = configured->count > 0 ? PK_OK : add_files(OWN_KEYS, &keys);

    for (size_t i = 0; i < configured->count && !status; i++) {
        const char *item = configured->items[i];

        status = item[0] == '/' ? add_files(item, &keys) : pk_fingerprints_add(&keys, item);
        if (status == PK_TOO_LARGE) {
            pk_log(LOG_WARNING, "ssh-host-keys: %s is one more than %d and left out", item,
                   PK_HOST_KEYS_MAX);
            status = PK_OK;
        }
    }
    if (status) {
        pk_strings_clear(&keys);
        return status;
    }
    *ret = keys;
    return PK_OK;
}
