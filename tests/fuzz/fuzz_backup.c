/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the file of a backup: what is read of it is what stands there. */
#include "client/ctl/backup_file.h"
#include "common/base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[PK_SEAL_KEY_SIZE];
    PK_AUTO_BYTES struct pk_bytes image = {0};
    struct backup_head head;

    if (backup_head_read((struct pk_view){data, size}, &head) != PK_OK)
        return 0;
    if (head.about.len > BACKUP_ABOUT_MAX || head.whole.len + head.rest.len != size)
        abort();
    if (backup_image_read(&head, key, &image) == PK_OK && image.len > head.rest.len)
        abort();
    return 0;
}
