/* SPDX-License-Identifier: BSD-2-Clause */
/* QR codes (ISO/IEC 18004) as plain text, for a terminal. The only file with libqrencode. */
#ifndef PASSKEYD_QR_CODE_H
#define PASSKEYD_QR_CODE_H

#include "common/base/status.h"

/*
 * Lines of half blocks (U+2580, U+2584, U+2588) and blanks, two rows of modules in a line, with a
 * margin; light modules are the blocks, so that it is right where a terminal is dark, and readers
 * take it the other way round as well. The caller's to free; NULL: no memory, or it does not fit.
 */
char *qr_code_text(const char *content) PK_WARN_UNUSED;

#endif
