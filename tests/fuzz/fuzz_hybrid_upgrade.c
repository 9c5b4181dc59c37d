/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answer to a request for a WebSocket. "@ACCEPT@" in it becomes the right one, so that what is
 * behind that check is reached. What is taken is taken without its rest as well.
 */
#include "common/base/limits.h"
#include "common/hybrid/upgrade.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char accept[] = "Bz3qJYTGdOe8gUSpLosEdiLKDrk=";
    static const char word[] = "@ACCEPT@";
    static uint8_t text[PK_UPGRADE_HEAD_MAX + 1024];
    const uint8_t *at = size > 0 ? memmem(data, size, word, sizeof(word) - 1) : NULL;
    struct pk_upgrade upgrade = {.host = "cable.ua5v.com"};
    struct pk_view arrived = {data, size};
    struct pk_upgrade_answer answer = {0};
    struct pk_upgrade_answer again = {0};

    for (size_t i = 0; i < sizeof(upgrade.key); i++)
        upgrade.key[i] = (uint8_t)i;
    if (at && size < PK_UPGRADE_HEAD_MAX + 512) {
        size_t before = (size_t)(at - data);
        size_t behind = size - before - (sizeof(word) - 1);

        memcpy(text, data, before);
        memcpy(text + before, accept, sizeof(accept) - 1);
        memcpy(text + before + sizeof(accept) - 1, at + sizeof(word) - 1, behind);
        arrived = (struct pk_view){text, before + sizeof(accept) - 1 + behind};
    }
    if (pk_upgrade_answer_read(&upgrade, arrived, &answer) != PK_OK)
        return 0;
    if (answer.used > arrived.len || (answer.used > 0) != (answer.number == 101))
        abort();
    if (answer.used > 0 &&
        (pk_upgrade_answer_read(&upgrade, (struct pk_view){arrived.ptr, answer.used}, &again) !=
             PK_OK ||
         again.used != answer.used))
        abort();
    return 0;
}
