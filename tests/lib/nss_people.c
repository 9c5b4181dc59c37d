/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory for the tests, as a name service switch module: FILE has a line for each name that it
 * is asked about, "NAME=ANSWER", ANSWER being "uid NUMBER name SPELLING" or one of "notfound",
 * "unavail" and "tryagain". Names that are not there are not found; without the file the directory
 * is away.
 */
#include <errno.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "/run/tests/people"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED enum nss_status _nss_people_getpwnam_r(const char *name, struct passwd *entry,
                                                char *buffer, size_t len, int *error);
EXPORTED enum nss_status _nss_people_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer,
                                                size_t len, int *error);

static enum nss_status fail(enum nss_status status, int why, int *error)
{
    *error = why;
    return status;
}

static enum nss_status fill(const char *spelling, uid_t uid, struct passwd *entry, char *buffer,
                            size_t len, int *error)
{
    static char shell[] = "/bin/sh", folder[] = "/", none[] = "", locked[] = "*";

    if (strlen(spelling) >= len)
        return fail(NSS_STATUS_TRYAGAIN, ERANGE, error);
    (void)strcpy(buffer, spelling);
    *entry = (struct passwd){.pw_name = buffer,
                             .pw_passwd = locked,
                             .pw_uid = uid,
                             .pw_gid = uid,
                             .pw_gecos = none,
                             .pw_dir = folder,
                             .pw_shell = shell};
    return NSS_STATUS_SUCCESS;
}

/* Of the line of that name or, if name is NULL, of the first one of that uid. */
static enum nss_status look_up(const char *name, uid_t uid, struct passwd *entry, char *buffer,
                               size_t len, int *error)
{
    FILE *file = fopen(FILE_NAME, "re");
    char line[512], answer[64], spelling[256];
    enum nss_status status = fail(NSS_STATUS_NOTFOUND, ENOENT, error);
    unsigned number;

    if (!file)
        return fail(NSS_STATUS_UNAVAIL, EAGAIN, error);
    while (fgets(line, sizeof(line), file)) {
        char *equals = strchr(line, '=');

        if (!equals)
            continue;
        *equals++ = '\0';
        if (name && strcmp(name, line) != 0)
            continue;
        if (sscanf(equals, "uid %u name %255s", &number, spelling) == 2) {
            if (!name && number != uid)
                continue;
            status = fill(spelling, number, entry, buffer, len, error);
            break;
        }
        if (name && sscanf(equals, "%63s", answer) == 1) {
            if (strcmp(answer, "unavail") == 0)
                status = fail(NSS_STATUS_UNAVAIL, EAGAIN, error);
            if (strcmp(answer, "tryagain") == 0)
                status = fail(NSS_STATUS_TRYAGAIN, EAGAIN, error);
            break;
        }
    }
    (void)fclose(file);
    return status;
}

enum nss_status _nss_people_getpwnam_r(const char *name, struct passwd *entry, char *buffer,
                                       size_t len, int *error)
{
    return look_up(name, 0, entry, buffer, len, error);
}

enum nss_status _nss_people_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t len,
                                       int *error)
{
    return look_up(NULL, uid, entry, buffer, len, error);
}
