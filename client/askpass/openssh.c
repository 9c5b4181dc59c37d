/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/openssh.h"

#include "client/capture.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

#define NAME         "OpenSSH_"
#define PREFIX_MAJOR 8
#define PREFIX_MINOR 5
#define VERSION_MAX  255 /* characters that are looked at */

/* Of three digits at most. */
static bool read_number(const char **text, unsigned *ret)
{
    const char *start = *text;
    unsigned value = 0;

    while (**text >= '0' && **text <= '9' && *text - start < 4)
        value = value * 10 + (unsigned)(*(*text)++ - '0');
    *ret = value;
    return *text > start && *text - start < 4;
}

enum pk_status askpass_openssh_parse(const char *text, struct askpass_openssh *ret)
{
    struct askpass_openssh version;

    if (strncmp(text, NAME, strlen(NAME)) != 0)
        return PK_INVALID_INPUT;
    text += strlen(NAME);
    if (!read_number(&text, &version.major) || *text++ != '.' ||
        !read_number(&text, &version.minor))
        return PK_INVALID_INPUT;
    *ret = version;
    return PK_OK;
}

bool askpass_openssh_writes_prefix(const struct askpass_openssh *version)
{
    return version->major > PREFIX_MAJOR ||
           (version->major == PREFIX_MAJOR && version->minor >= PREFIX_MINOR);
}

enum pk_status askpass_openssh_ask(const char *program, struct askpass_openssh *ret)
{
    PK_AUTO_BYTES struct pk_bytes output = {0};
    PK_AUTO_FREE char *text = NULL;
    char name[] = "ssh", option[] = "-V";
    char *const argv[] = {name, option, NULL};
    const struct capture capture = {
        .program = program, .argv = argv, .errors = true, .max = VERSION_MAX};
    int code;
    enum pk_status status = capture_run(&capture, &output, &code);

    if (status != PK_OK)
        return status;
    text = strndup(output.len > 0 ? (const char *)output.data : "", output.len);
    return text ? askpass_openssh_parse(text, ret) : PK_NO_MEMORY;
}
