/* SPDX-License-Identifier: BSD-2-Clause */
/* WebAuthn's terms that several folders use: levels of requirement, transports, descriptors. */
#ifndef PK_BASE_TERMS_H
#define PK_BASE_TERMS_H

#include "common/base/bytes.h"
#include "common/base/status.h"

#include <stdbool.h>

/* WebAuthn 5.8.6 and 5.4.6; UNSET means that the member is not rendered. */
enum pk_requirement {
    PK_REQUIREMENT_UNSET,
    PK_DISCOURAGED,
    PK_PREFERRED,
    PK_REQUIRED,
};

/* WebAuthn 5.4.5 */
enum pk_attachment {
    PK_ATTACHMENT_ANY,
    PK_ATTACHMENT_PLATFORM,
    PK_ATTACHMENT_CROSS_PLATFORM,
};

/* WebAuthn 5.4.7 */
enum pk_attestation_preference {
    PK_ATTESTATION_UNSET,
    PK_ATTESTATION_NONE,
    PK_ATTESTATION_INDIRECT,
    PK_ATTESTATION_DIRECT,
    PK_ATTESTATION_ENTERPRISE,
};

/* Bits, WebAuthn 5.8.4 */
enum pk_transport {
    PK_TRANSPORT_USB = 1 << 0,
    PK_TRANSPORT_NFC = 1 << 1,
    PK_TRANSPORT_BLE = 1 << 2,
    PK_TRANSPORT_SMART_CARD = 1 << 3,
    PK_TRANSPORT_HYBRID = 1 << 4,
    PK_TRANSPORT_INTERNAL = 1 << 5,
};
#define PK_TRANSPORTS_ALL 0x3f /* every bit */

/* WebAuthn 5.8.3 */
struct pk_descriptor {
    struct pk_bytes id;
    unsigned transports; /* bits of enum pk_transport; 0: not rendered */
};

/* A copy of the list; NULL for none. PK_NO_MEMORY. */
enum pk_status pk_descriptors_copy(const struct pk_descriptor *items, size_t count,
                                   struct pk_descriptor **ret_items,
                                   size_t *ret_count) PK_WARN_UNUSED;
void pk_descriptors_free(struct pk_descriptor *items, size_t count);

struct pk_strings { /* owned, each NUL-terminated */
    char **items;
    size_t count;
};

/*@ predicate texts(struct pk_strings strings) =
      \valid_read(strings.items + (0 .. strings.count - 1)) &&
      (\forall integer i; 0 <= i < strings.count ==> is_string(strings.items[i]));
    predicate among{L}(struct pk_view text, struct pk_strings strings) =
      \exists integer i, struct pk_view item; 0 <= i < strings.count &&
        item.ptr == (uint8_t *)strings.items[i] && same{L}(text, item); */

/* Appends a copy. PK_NO_MEMORY. */
enum pk_status pk_strings_add(struct pk_strings *strings, const char *item) PK_WARN_UNUSED;
bool pk_strings_include(const struct pk_strings *strings, const char *item);
void pk_strings_clear(struct pk_strings *strings);

#endif
