/* SPDX-License-Identifier: BSD-2-Clause */
/* Any file: refused with a reason, or a configuration that policy can make requirements from. */
#include "common/base/text.h"
#include "daemon/config/policy.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("config", MFD_CLOEXEC);
    char *path = pk_text_format("/proc/self/fd/%d", fd);
    struct config *config = NULL;
    char *why = NULL;

    if (fd < 0 || !path || fchmod(fd, 0600) < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    if (config_load(path, &config, &why) == PK_OK)
        use(config);
    else if (!why || strncmp(why, path, strlen(path)) != 0)
        abort();
    config_free(config);
    free(why);
    free(path);
    close(fd);
    return 0;
}
