/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config/certificates.h"

#include "common/base/cleanup.h"
#include "common/base/ownership.h"
#include "common/base/reader.h"
#include "common/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX 1048576 /* bytes */

static const char begin_marker[] = "-----BEGIN CERTIFICATE-----";
static const char end_marker[] = "-----END CERTIFICATE-----";

void certificates_clear(struct certificates *certificates)
{
    for (size_t i = 0; i < certificates->count; i++)
        pk_bytes_clear(&certificates->items[i]);
    free(certificates->items);
    *certificates = (struct certificates){0};
}

/* One SEQUENCE of definite length without anything after it (X.690 section 8.1.3). */
static bool der_is_complete(struct pk_view der)
{
    struct pk_reader reader = pk_reader_new(der);
    uint8_t tag = pk_reader_u8(&reader);
    size_t len = pk_reader_u8(&reader);

    if (len == 0x81)
        len = pk_reader_u8(&reader);
    else if (len == 0x82)
        len = pk_reader_u16(&reader);
    else if (len >= 0x80)
        return false;
    pk_reader_take(&reader, len);
    return pk_reader_finish(&reader) == PK_OK && tag == 0x30;
}

static enum pk_status append(struct certificates *certificates, struct pk_view der)
{
    struct pk_bytes *items;
    enum pk_status status;

    if (der.len > CERTIFICATE_MAX || !der_is_complete(der))
        return PK_INVALID_INPUT;
    if (certificates->count >= CERTIFICATES_MAX)
        return PK_LIMIT_EXCEEDED;
    items = reallocarray(certificates->items, certificates->count + 1, sizeof(*items));
    if (!items)
        return PK_NO_MEMORY;
    certificates->items = items;
    status = pk_bytes_copy(der, &items[certificates->count]);
    if (status == PK_OK)
        certificates->count++;
    return status;
}

/* Appends the certificate between two markers: base64 broken into lines. */
static enum pk_status append_pem(struct certificates *certificates, struct pk_view body)
{
    PK_AUTO_FREE uint8_t *digits = malloc(body.len + 1);
    PK_AUTO_BYTES struct pk_bytes der = {0};
    enum pk_status status;
    size_t len = 0;

    if (!digits)
        return PK_NO_MEMORY;
    for (size_t i = 0; i < body.len; i++)
        if (!strchr(" \t\r\n", body.ptr[i]) || body.ptr[i] == 0)
            digits[len++] = body.ptr[i];
    status = pk_base64_decode((struct pk_view){digits, len}, CERTIFICATE_MAX, &der);
    return status == PK_OK ? append(certificates, pk_view_of(&der)) : status;
}

/* Advances *view past the marker and returns what was before it; false: the marker is not there. */
static bool take_until(struct pk_view *view, const char *marker, struct pk_view *ret_before)
{
    const uint8_t *at = view->len > 0 ? memmem(view->ptr, view->len, marker, strlen(marker)) : NULL;
    size_t before;

    if (!at)
        return false;
    before = (size_t)(at - view->ptr);
    *ret_before = (struct pk_view){view->ptr, before};
    view->ptr = at + strlen(marker);
    view->len -= before + strlen(marker);
    return true;
}

enum pk_status certificates_parse(struct pk_view file, struct certificates *certificates)
{
    struct pk_view part;
    bool found = false;

    while (take_until(&file, begin_marker, &part)) {
        enum pk_status status;

        found = true;
        if (!take_until(&file, end_marker, &part))
            return PK_INVALID_INPUT;
        status = append_pem(certificates, part);
        if (status != PK_OK)
            return status;
    }
    return found ? PK_OK : append(certificates, file);
}

static enum pk_status read_file(const char *path, struct pk_bytes *ret, char **ret_what)
{
    PK_AUTO_CLOSE int fd = -1;
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    struct stat info;
    ssize_t got;
    enum pk_status status = ownership_open(path, 0, &fd, ret_what);

    if (status != PK_OK)
        return status;
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
        return PK_IO;
    bytes.data = malloc(FILE_MAX);
    if (!bytes.data)
        return PK_NO_MEMORY;
    while ((got = read(fd, bytes.data + bytes.len, FILE_MAX - bytes.len)) > 0)
        bytes.len += (size_t)got;
    if (got < 0)
        return PK_IO;
    if (bytes.len == FILE_MAX)
        return PK_TOO_LARGE;
    *ret = bytes;
    bytes = (struct pk_bytes){0};
    return PK_OK;
}

static int is_certificate_file(const struct dirent *entry)
{
    static const char *const endings[] = {".pem", ".crt", ".cer", ".der"};
    size_t len = strlen(entry->d_name);

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        if (entry->d_name[0] != '.' && len > 4 && strcmp(entry->d_name + len - 4, endings[i]) == 0)
            return 1;
    return 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum pk_status load_file(const char *folder, const char *name,
                                struct certificates *certificates, char **ret_what)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/%s", folder, name);
    PK_AUTO_BYTES struct pk_bytes file = {0};
    enum pk_status status = path ? read_file(path, &file, ret_what) : PK_NO_MEMORY;
    const char *why = "cannot be read";

    if (status == PK_OK) {
        status = certificates_parse(pk_view_of(&file), certificates);
        why = status == PK_LIMIT_EXCEEDED ? "too many certificates in this folder"
                                          : "not a certificate in PEM or DER";
    }
    if (status == PK_OK || status == PK_NO_MEMORY || status == PK_CONFIG)
        return status;
    *ret_what = pk_text_format("%s: %s", path, why);
    return PK_CONFIG;
}

enum pk_status certificates_load(const char *folder, struct certificates *ret, char **ret_what)
{
    AUTO_CERTIFICATES struct certificates certificates = {0};
    PK_AUTO_CLOSE int fd = -1;
    enum pk_status status = ownership_open(folder, O_DIRECTORY, &fd, ret_what);
    struct dirent **entries = NULL;
    int count =
        status == PK_OK ? scandirat(fd, ".", &entries, is_certificate_file, compare_names) : -1;

    if (count < 0 && status != PK_CONFIG) {
        *ret_what =
            pk_text_format("%s: %s", folder, strerror(status == PK_NOT_FOUND ? ENOENT : errno));
        return PK_CONFIG;
    }
    for (int i = 0; i < count; i++) {
        if (status == PK_OK)
            status = load_file(folder, entries[i]->d_name, &certificates, ret_what);
        free(entries[i]);
    }
    free(entries);
    if (status != PK_OK)
        return status;
    *ret = certificates;
    certificates = (struct certificates){0};
    return PK_OK;
}
