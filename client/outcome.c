/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/outcome.h"

#include "common/keys/messages.h"

const char *client_outcome(enum pk_status status)
{
    switch (status) {
    case PK_NO_MEMORY:
        return "There is no memory left. End another program and try again.";
    case PK_IO:
        return "A file, pipe or terminal could not be used. See that the disk has room and not too "
               "many files are open, then try again.";
    case PK_TIMEOUT:
        return "There was no answer in time. Try again.";
    case PK_DENIED:
        return "This is not permitted to you. \"sudo\" in front of the command may help.";
    case PK_PROTOCOL:
        return "The other side gave an answer that makes no sense. Are both of the same version?";
    case PK_INTERNAL:
        return "This program failed. Please report it, with the command that you gave.";
    default:
        return pk_message_outcome(status);
    }
}
