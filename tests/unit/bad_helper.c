/* SPDX-License-Identifier: BSD-2-Clause */
/* A helper that misbehaves, in the way that the name of its program file names. */
#include "common/wire/frames.h"

#include <string.h>
#include <unistd.h>

static void put(struct pk_view bytes)
{
    if (write(STDOUT_FILENO, bytes.ptr, bytes.len) != (ssize_t)bytes.len)
        _exit(1);
}

static void send_frame(const struct pk_frame *frame)
{
    struct pk_bytes bytes = {0};

    if (pk_frame_encode(frame, &bytes))
        _exit(1);
    put(pk_view_of(&bytes));
    pk_bytes_clear(&bytes);
}

int main(int argc, char **argv)
{
    static const uint8_t long_frame[] = {0x7f, 0xff, 0xff, 0xff, 1};
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *name = slash ? slash + 1 : "";

    if (strcmp(name, "dies") == 0)
        return 1;
    if (strcmp(name, "mute") == 0)
        (void)pause();
    if (strcmp(name, "other-version") == 0) {
        send_frame(&(struct pk_frame){.type = PK_FRAME_HELLO, .version = PK_FRAME_VERSION + 1});
        (void)pause();
    }
    send_frame(&(struct pk_frame){.type = PK_FRAME_HELLO, .version = PK_FRAME_VERSION});
    if (strcmp(name, "floods") == 0)
        for (;;)
            send_frame(&(struct pk_frame){.type = PK_FRAME_TOUCH});
    if (strcmp(name, "overlong") == 0) {
        put((struct pk_view){long_frame, sizeof(long_frame)});
        (void)pause();
    }
    if (strcmp(name, "hangs") == 0) /* closes its output and does not exit */ {
        (void)close(STDIN_FILENO);
        (void)close(STDOUT_FILENO);
        (void)pause();
    }
    if (strcmp(name, "sends-and-exits") == 0)
        for (unsigned i = 0; i < 3; i++)
            send_frame(&(struct pk_frame){.type = PK_FRAME_TOUCH});
    return 0;
}
