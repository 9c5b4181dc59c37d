/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/host_names.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "daemon/config/domain.h"

#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define MACHINE_ID_LEN 32 /* hexadecimal digits, machine-id(5) */
#define GENERATED_SIZE 16 /* bytes: nobody else gets the same by chance */

/* What else is made of the machine id for other purposes differs. */
static const char purpose[] = "passkeyd: id of the default relying party";

static char *ask_name_service(const char *name)
{
    const struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char *full = NULL;

    if (getaddrinfo(name, NULL, &hints, &found) != 0)
        return NULL;
    if (found->ai_canonname)
        full = strdup(found->ai_canonname);
    freeaddrinfo(found);
    return full;
}

struct host_names host_names_of(const char *name, char *(*lookup)(const char *name))
{
    struct host_names names = {0};
    PK_AUTO_FREE char *own = NULL;
    PK_AUTO_FREE char *found = NULL;
    PK_AUTO_FREE char *full = NULL;
    const char *best;

    if (domain_to_ascii(name, &own) != PK_OK)
        return names;
    best = own;
    if (domain_examine(own) != DOMAIN_USABLE)
        found = lookup(own);
    if (found && domain_to_ascii(found, &full) == PK_OK && domain_examine(full) == DOMAIN_USABLE)
        best = full;
    (void)snprintf(names.full, sizeof(names.full), "%s", best);
    (void)snprintf(names.first, sizeof(names.first), "%.*s", (int)strcspn(best, "."), best);
    return names;
}

struct host_names host_names_find(void)
{
    const struct pk_host_name name = pk_host_name();

    return host_names_of(name.text, ask_name_service);
}

/* false: there is none, as before a machine's first start. */
static bool read_machine_id(const char *path, char ret[MACHINE_ID_LEN + 1])
{
    PK_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char text[MACHINE_ID_LEN + 2];
    size_t len = 0;

    if (fd < 0 || pk_read_all(fd, text, sizeof(text), &len) != PK_OK || len < MACHINE_ID_LEN ||
        (len > MACHINE_ID_LEN && text[MACHINE_ID_LEN] != '\n'))
        return false;
    (void)memcpy(ret, text, MACHINE_ID_LEN);
    ret[MACHINE_ID_LEN] = 0;
    return strspn(ret, "0123456789abcdef") == MACHINE_ID_LEN && strspn(ret, "0") < MACHINE_ID_LEN;
}

static enum pk_status generate(const char *machine_id_file, char **ret)
{
    char machine_id[MACHINE_ID_LEN + 1];
    uint8_t bytes[PK_HASH_SIZE];
    PK_AUTO_FREE char *hex = NULL;
    enum pk_status status = PK_OK;

    if (read_machine_id(machine_id_file, machine_id))
        status = pk_hmac_sha256(pk_view_string(machine_id), pk_view_string(purpose), bytes);
    else if (getrandom(bytes, GENERATED_SIZE, 0) != GENERATED_SIZE)
        status = PK_INTERNAL;
    if (status != PK_OK)
        return status;
    hex = pk_hex_encode((struct pk_view){bytes, GENERATED_SIZE});
    *ret = hex ? pk_text_format("%s" DOMAIN_GENERATED_SUFFIX, hex) : NULL;
    return *ret ? PK_OK : PK_NO_MEMORY;
}

enum pk_status host_id(const struct host_names *names, const char *machine_id_file, char **ret)
{
    if (domain_examine(names->full) == DOMAIN_USABLE)
        return pk_text_copy(names->full, ret);
    return generate(machine_id_file, ret);
}
