/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/phone.h"

#include "client/outcome.h"
#include "client/terminal.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/messages.h"
#include "common/keys/phone_messages.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ADAPTERS "/sys/class/bluetooth" /* of the kernel; the person may have switched one off */
#define WORD     "phone"

/* Of tests, which have neither the real services nor a radio. */
#define PROGRAM_VARIABLE "PASSKEY_PHONE"
#define CONNECT_VARIABLE "PASSKEY_PHONE_CONNECT"
#define CA_VARIABLE      "PASSKEY_PHONE_CA_FILE"
#define BUS_VARIABLE     "PASSKEY_PHONE_BUS"

static bool has_adapter(void)
{
    DIR *folder = opendir(ADAPTERS);
    const struct dirent *entry = NULL;

    if (!folder)
        return false;
    do
        entry = readdir(folder);
    while (entry && entry->d_name[0] == '.');
    (void)closedir(folder);
    return entry != NULL;
}

bool askpass_phone_is_possible(void)
{
    return terminal_shows_codes() && (secure_getenv(PROGRAM_VARIABLE) || has_adapter());
}

bool askpass_phone_may_follow(enum pk_status why)
{
    switch (why) {
    case PK_CANCELLED: /* Enter, in place of a key */
    case PK_NO_DEVICE:
    case PK_NO_MATCH:
    case PK_TOUCH_TIMEOUT:
    case PK_DEVICE_REMOVED:
    case PK_UNAVAILABLE:
        return true;
    default:
        return false;
    }
}

const char *askpass_phone_program(void)
{
    const char *program = secure_getenv(PROGRAM_VARIABLE);

    return program ? program : PK_LIBEXECDIR "/passkey-phone";
}

/* Its members are not const because those of frames that were read are owned. */
static char *variable(const char *name)
{
    static char empty[] = "";
    char *value = secure_getenv(name);

    return value ? value : empty;
}

const struct pk_phone_setup *askpass_phone_setup(void)
{
    static char none[] = "";
    static struct pk_phone_setup setup;

    setup = (struct pk_phone_setup){.bus = variable(BUS_VARIABLE),
                                    .dialler = none,
                                    .connect = variable(CONNECT_VARIABLE),
                                    .ca_file = variable(CA_VARIABLE)};
    return &setup;
}

char *askpass_phone_offer(const struct pk_forward_request *request, const char *host)
{
    return pk_text_format("%s: %s instead?\n"
                          "That tells Google or Apple, whose servers connect it, this computer's "
                          "address\n"
                          "and the time, and nothing of the host.\n"
                          "\"" WORD "\" shows a QR code, Enter alone goes on without:",
                          host,
                          request->kind == PK_FORWARD_GET
                              ? "use a phone that is with you"
                              : "make the passkey on a phone that is with you");
}

bool askpass_phone_is_wanted(const struct pk_secret *answer)
{
    return answer->len == strlen(WORD) &&
           strncasecmp((const char *)answer->data, WORD, answer->len) == 0;
}

const char *askpass_phone_outcome(enum pk_status status)
{
    const char *text = pk_message_phone(status);

    /* Where it has no word of phones, the program's own are better. */
    return text == pk_message_outcome(status) ? client_outcome(status) : text;
}
