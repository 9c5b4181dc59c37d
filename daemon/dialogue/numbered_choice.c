/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/dialogue/numbered_choice.h"

#include "common/base/cleanup.h"
#include "common/base/writer.h"

#define QUESTION_MAX 24576 /* bytes: the largest number of lines, all of the largest length */

enum pk_status numbered_choice_ask(struct conversation *conversation, const char *event,
                                   const char *heading, const struct pk_strings *items)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(QUESTION_MAX);
    PK_AUTO_BYTES struct pk_bytes text = {0};
    char number[32];
    enum pk_status status;

    pk_writer_put(&writer, pk_view_string(heading));
    for (size_t i = 0; i < items->count; i++) {
        (void)snprintf(number, sizeof(number), "\n  %zu  ", i + 1);
        pk_writer_put(&writer, pk_view_string(number));
        pk_writer_put(&writer, pk_view_string(items->items[i]));
    }
    pk_writer_put(&writer, pk_view_string("\nNumber: "));
    pk_writer_u8(&writer, 0);
    status = pk_writer_finish(&writer, &text);
    if (status != PK_OK)
        return status;
    conversation_ask(conversation, QUESTION_ECHOED, event, (const char *)text.data, 0xff);
    return PK_OK;
}

size_t numbered_choice_read(const struct pk_secret *answer, size_t count)
{
    char *end = NULL;
    unsigned long number = answer->len > 0 ? strtoul((const char *)answer->data, &end, 10) : 0;
    bool valid = end && *end == '\0' && number >= 1 && number <= count;

    return valid ? number - 1 : count;
}
