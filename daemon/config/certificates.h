/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads trust anchors from a folder, as bytes; common/webauthn parses the certificates themselves.
 */
#ifndef PASSKEYD_CERTIFICATES_H
#define PASSKEYD_CERTIFICATES_H

#include "common/base/bytes.h"

#define CERTIFICATE_MAX  16384 /* bytes of DER */
#define CERTIFICATES_MAX 512   /* in one folder */

struct certificates {
    struct pk_bytes *items; /* DER; owned */
    size_t count;
};
void certificates_clear(struct certificates *certificates);
#define AUTO_CERTIFICATES __attribute__((cleanup(certificates_clear)))

/*
 * Appends every certificate of a PEM text (RFC 7468 section 5), or the one of a DER file. Text
 * outside the PEM markers is skipped. PK_INVALID_INPUT when there is none or one is malformed,
 * PK_LIMIT_EXCEEDED, PK_NO_MEMORY.
 */
enum pk_status certificates_parse(struct pk_view file,
                                  struct certificates *certificates) PK_WARN_UNUSED;

/*
 * Reads the files of the folder that end in .pem, .crt, .cer or .der, sorted by name. PK_CONFIG
 * with *ret_what = "FILE: what is wrong", the caller's to free.
 */
enum pk_status certificates_load(const char *folder, struct certificates *ret,
                                 char **ret_what) PK_WARN_UNUSED;

#endif
