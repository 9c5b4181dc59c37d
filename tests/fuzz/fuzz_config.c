/* SPDX-License-Identifier: BSD-2-Clause */
/* Any file: refused with a reason, or a configuration that policy can make requirements from. */
#include "common/base/text.h"
#include "daemon/config/config_check.h"
#include "daemon/config/policy.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct config *config)
{
    const struct registration_request request = {.account_name = "jo"};

    for (size_t i = 0; i < config->rp_count; i++) {
        PK_AUTO_REQUIREMENTS struct pk_requirements requirements = {0};
        const char *why = NULL;

        if (policy_registration(&config->rps[i], &request, &requirements, &why) != PK_OK && !why)
            abort();
    }
}

/* As passkeyd --check-config does, with whatever was wrong. */
static void check_all(const char *path, bool loaded)
{
    struct config_findings findings = {0};
    struct pk_strings problems = {0};
    struct config *config = NULL;

    if (config_read(path, &config, &problems) != PK_OK || loaded != (problems.count == 0) ||
        config_check(config, "/nonexistent", &findings) != PK_OK)
        abort();
    pk_strings_clear(&problems);
    config_findings_clear(&findings);
    config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A name that leads to the file, folder by folder: whose they are is looked at. */
    char path[] = "/dev/shm/passkeyd-fuzz-config-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    struct config *config = NULL;
    char *why = NULL;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    if (config_load(path, &config, &why) == PK_OK)
        use(config);
    else if (!why || strncmp(why, path, strlen(path)) != 0)
        abort();
    check_all(path, config != NULL);
    config_free(config);
    free(why);
    (void)unlink(path);
    close(fd);
    return 0;
}
