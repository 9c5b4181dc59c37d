/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/postgresql/setup.h"

#include "common/base/cleanup.h"
#include "common/base/config_file.h"
#include "common/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define DEFAULT_PORT 5432
#define VALUE_MAX    1024 /* bytes of a name or a path */

struct reading {
    struct postgresql_setup *setup;
    char *password_file;
    bool any; /* the section was there */
};

/* --- values ----------------------------------------------------------------------------------- */

static enum pk_status read_hosts(const char *text, struct reading *reading)
{
    struct pk_view left = pk_view_string(text);

    while (left.ptr) {
        const uint8_t *comma = memchr(left.ptr, ',', left.len);
        size_t len = comma ? (size_t)(comma - left.ptr) : left.len;
        struct pk_view item = pk_text_trim((struct pk_view){left.ptr, len});
        PK_AUTO_FREE char *host = strndup((const char *)item.ptr, item.len);

        if (item.len == 0 || item.len > VALUE_MAX ||
            reading->setup->hosts.count == POSTGRESQL_HOSTS_MAX)
            return PK_INVALID_INPUT;
        if (!host || pk_strings_add(&reading->setup->hosts, host) != PK_OK)
            return PK_NO_MEMORY;
        left = comma ? (struct pk_view){comma + 1, left.len - len - 1} : (struct pk_view){0};
    }
    return PK_OK;
}

static enum pk_status read_port(const char *text, struct reading *reading)
{
    size_t len = strlen(text);
    unsigned long port = len > 5 ? 0 : strtoul(text, NULL, 10);

    if (strspn(text, "0123456789") != len || port < 1 || port > 65535)
        return PK_INVALID_INPUT;
    reading->setup->port = (unsigned)port;
    return PK_OK;
}

static enum pk_status read_name(const char *text, char **target)
{
    return strlen(text) > VALUE_MAX ? PK_INVALID_INPUT : pk_text_copy(text, target);
}

static enum pk_status read_path(const char *text, char **target)
{
    return text[0] == '/' ? read_name(text, target) : PK_INVALID_INPUT;
}

#define KEY(function, call)                                                                        \
    static enum pk_status function(const char *text, struct reading *reading)                      \
    {                                                                                              \
        return call;                                                                               \
    }
KEY(read_database, read_name(text, &reading->setup->database))
KEY(read_user, read_name(text, &reading->setup->user))
KEY(read_password_file, read_path(text, &reading->password_file))
KEY(read_root_certificates, read_path(text, &reading->setup->root_certificates))
KEY(read_client_certificate, read_path(text, &reading->setup->client_certificate))
KEY(read_client_key, read_path(text, &reading->setup->client_key))

static const struct key {
    const char *name;
    const char *allowed;
    enum pk_status (*read)(const char *text, struct reading *reading);
} keys[] = {
    {"hosts", "names or addresses of servers, or a folder of sockets, 16 at most, with commas",
     read_hosts},
    {"port", "a number from 1 to 65535", read_port},
    {"database", "a name", read_database},
    {"user", "the name of a role", read_user},
    {"password-file", "an absolute path", read_password_file},
    {"root-certificates", "an absolute path", read_root_certificates},
    {"client-certificate", "an absolute path", read_client_certificate},
    {"client-key", "an absolute path", read_client_key},
};

/* --- the file --------------------------------------------------------------------------------- */

static enum pk_status on_line(void *context, const char *where, const struct config_line *line,
                              char **ret_what)
{
    struct reading *reading = context;

    (void)where;
    if (strcmp(line->kind, "postgresql") != 0 || line->name[0]) {
        *ret_what = strdup("the only section is [postgresql]");
        return *ret_what ? PK_CONFIG : PK_NO_MEMORY;
    }
    reading->any = true;
    if (!line->key)
        return PK_OK;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        enum pk_status status;

        if (strcmp(line->key, keys[i].name) != 0)
            continue;
        status = keys[i].read(line->value, reading);
        if (status != PK_INVALID_INPUT)
            return status;
        *ret_what = pk_text_format("%s has to be %s", line->key, keys[i].allowed);
        return *ret_what ? PK_CONFIG : PK_NO_MEMORY;
    }
    *ret_what = pk_text_format("%s is no key of [postgresql]", line->key);
    return *ret_what ? PK_CONFIG : PK_NO_MEMORY;
}

static enum pk_status problem(struct pk_strings *problems, const char *path, const char *what)
{
    PK_AUTO_FREE char *text = pk_text_format("%s: %s", path, what);

    return text ? pk_strings_add(problems, text) : PK_NO_MEMORY;
}

/* A file that the configuration names must be there; the credential of the unit need not. */
static enum pk_status read_password(const struct reading *reading, struct pk_strings *problems)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    PK_AUTO_FREE char *credential =
        folder ? pk_text_format("%s/" POSTGRESQL_PASSWORD_CREDENTIAL, folder) : NULL;
    const char *path = reading->password_file ? reading->password_file : credential;
    PK_AUTO_CLOSE int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    enum pk_status status;

    if (!path || (fd < 0 && errno == ENOENT && !reading->password_file))
        return PK_OK;
    if (fd < 0)
        return problem(problems, path, strerror(errno));
    status = pk_secret_read_fd(fd, &reading->setup->password);
    if (status == PK_NO_MEMORY)
        return status;
    if (status == PK_OK &&
        strlen((char *)reading->setup->password.data) != reading->setup->password.len)
        status = PK_INVALID_INPUT;
    return status == PK_OK ? PK_OK
                           : problem(problems, path,
                                     "holds no password of 255 bytes or "
                                     "less in one line");
}

static enum pk_status complete(const struct reading *reading, const char *path,
                               struct pk_strings *problems)
{
    const struct postgresql_setup *setup = reading->setup;
    const struct {
        bool wrong;
        const char *what;
    } rows[] = {
        {setup->hosts.count == 0, "[postgresql] needs hosts"},
        {!setup->database, "[postgresql] needs database"},
        {!setup->user, "[postgresql] needs user"},
        {!setup->client_certificate != !setup->client_key,
         "client-certificate and client-key need each other"},
    };
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && status == PK_OK; i++)
        if (rows[i].wrong)
            status = problem(problems, path, rows[i].what);
    return status == PK_OK ? read_password(reading, problems) : status;
}

enum pk_status postgresql_setup_read(const char *path, struct postgresql_setup *ret,
                                     struct pk_strings *problems)
{
    struct reading reading = {.setup = ret};
    const struct config_reading file = {
        .path = path, .handler = on_line, .context = &reading, .problems = problems};
    enum pk_status status;

    *ret = (struct postgresql_setup){.port = DEFAULT_PORT};
    status = config_file_read(&file);
    if (status == PK_OK && problems->count == 0)
        status = complete(&reading, path, problems);
    free(reading.password_file);
    return status;
}
