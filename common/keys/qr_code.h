/* SPDX-License-Identifier: BSD-2-Clause */
/* QR codes (ISO/IEC 18004) as plain text, for a terminal. The only file with libqrencode. */
#ifndef PK_KEYS_QR_CODE_H
#define PK_KEYS_QR_CODE_H

#include "common/base/status.h"

#include <stdbool.h>

/*
 * Lines of half blocks (U+2580, U+2584, U+2588) and blanks, two rows of modules in a line, with a
 * margin. Light modules are the blocks, so that it is right where a terminal is dark; on_light:
 * dark ones, for a terminal with a light background, though most readers take either. The caller's
 * to wipe, where the content is a secret, and to free; NULL: no memory, or it does not fit.
 */
char *pk_qr_code_text(const char *content, bool on_light) PK_WARN_UNUSED;

#endif
