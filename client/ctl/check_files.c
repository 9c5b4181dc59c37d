/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/check_files.h"

#include "client/ctl/findings.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#define DESCRIPTOR_SIZE 4096 /* HID 1.11: what the kernel keeps of a report descriptor */

PK_DEFINE_CLEANUP(DIR *, closedir);

/* "USAGE_PAGE (FIDO Alliance)", CTAP 2.1 section 11.2.8.1: an item of two bytes, 0xf1d0. */
static bool descriptor_is_fido(const uint8_t *descriptor, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint8_t prefix = descriptor[at];
        size_t data = (prefix & 3u) == 3 ? 4 : prefix & 3u;

        if (data >= len - at)
            return false;
        if (prefix == 0x06 && descriptor[at + 1] == 0xd0 && descriptor[at + 2] == 0xf1)
            return true;
        at += 1 + data;
    }
    return false;
}

static bool is_fido(const char *root, const char *name)
{
    PK_AUTO_FREE char *path =
        pk_text_format("%s/sys/class/hidraw/%s/device/report_descriptor", root, name);
    PK_AUTO_CLOSE int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    uint8_t descriptor[DESCRIPTOR_SIZE];
    ssize_t got = fd >= 0 ? read(fd, descriptor, sizeof(descriptor)) : -1;

    return got > 0 && descriptor_is_fido(descriptor, (size_t)got);
}

static void check_device(const char *root, const char *name, json_t *findings)
{
    const struct group *group = getgrnam(PASSKEYD_USER);
    PK_AUTO_FREE char *path = pk_text_format("%s/dev/%s", root, name);
    PK_AUTO_FREE char *fine = pk_text_format("/dev/%s: passkeyd may open this security key", name);
    PK_AUTO_FREE char *closed =
        pk_text_format("/dev/%s: passkeyd may not open this security key", name);
    struct stat node;

    if (path && group && stat(path, &node) == 0 &&
        (node.st_mode & 0006 || (node.st_gid == group->gr_gid && (node.st_mode & 0060) == 0060)))
        finding_add(findings, "device", FINDING_OK, fine, NULL);
    else if (!group)
        finding_add(findings, "device", FINDING_FAIL,
                    "the system group \"" PASSKEYD_USER "\" does not exist", "systemd-sysusers");
    else
        finding_add(findings, "device", FINDING_FAIL, closed,
                    "udevadm control --reload && udevadm trigger  # after 71-passkeyd.rules is "
                    "installed");
}

void check_devices(const char *root, json_t *findings)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/sys/class/hidraw", root);
    PK_CLEANUP(closedir) DIR *folder = path ? opendir(path) : NULL;
    const struct dirent *entry;
    bool found = false;

    while (folder && (entry = readdir(folder))) {
        if (strncmp(entry->d_name, "hidraw", 6) != 0 || !is_fido(root, entry->d_name))
            continue;
        check_device(root, entry->d_name, findings);
        found = true;
    }
    if (!folder)
        finding_add(findings, "device", FINDING_NOTE, "this kernel offers no HID devices",
                    "modprobe hid_generic  # or plug in a security key");
    else if (!found)
        finding_add(findings, "device", FINDING_NOTE, "no security key is plugged in",
                    "passkeyctl check  # again, with one in it");
}
