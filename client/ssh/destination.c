/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ssh/destination.h"

#include "client/askpass/prompt.h"
#include "client/capture.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

#define CONFIG_MAX 1048576

/* The value of the first line "KEY VALUE". */
static bool find_value(struct pk_view text, const char *key, struct pk_view *ret)
{
    size_t key_len = strlen(key);

    while (text.len > 0) {
        struct pk_view line = pk_text_take_line(&text);

        if (line.len > key_len && memcmp(line.ptr, key, key_len) == 0 && line.ptr[key_len] == ' ') {
            *ret = (struct pk_view){line.ptr + key_len + 1, line.len - key_len - 1};
            return true;
        }
    }
    return false;
}

enum pk_status ssh_destination_parse(struct pk_view text, char **ret_host)
{
    struct pk_view host;

    if (!find_value(text, "hostkeyalias", &host) && !find_value(text, "hostname", &host))
        return PK_NOT_FOUND;
    return askpass_host_parse(host, ret_host);
}

enum pk_status ssh_destination_ask(char *const *arguments, size_t count, char **ret_host)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};
    PK_AUTO_FREE char **argv = calloc(count + 4, sizeof(*argv));
    /* Without -T ssh complains that its input, an empty file, is no terminal. */
    char name[] = "ssh", option[] = "-G", no_terminal[] = "-T";
    const struct capture capture = {.program = name, .argv = argv, .max = CONFIG_MAX};
    int code = 0;
    enum pk_status status;

    if (!argv)
        return PK_NO_MEMORY;
    argv[0] = name;
    argv[1] = option;
    argv[2] = no_terminal;
    memcpy(argv + 3, arguments, count * sizeof(*argv));
    status = capture_run(&capture, &text, &code);
    if (status != PK_OK)
        return status;
    return code == 0 ? ssh_destination_parse(pk_view_of(&text), ret_host) : PK_INVALID_ARGUMENT;
}
