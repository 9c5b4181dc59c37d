/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificates as OpenSSL has them, for attest_certificate.c alone. To read one takes as long as
 * to verify several signatures, and the same ones come again and again, within one registration
 * and from one to the next: those of makers' models and the anchors. So the last few are kept.
 * What is kept is what was read of those very bytes, and nothing of what was thought of it.
 */
#ifndef PK_WEBAUTHN_ATTEST_X509_H
#define PK_WEBAUTHN_ATTEST_X509_H

#include "common/base/bytes.h"

/*
 * RFC 5280, DER: nothing may follow, and no extension that OpenSSL knows may be malformed or there
 * twice. A reference of the caller's own, to X509_free(), of what others may have too: not to be
 * changed. NULL: it is none, or there is no memory. May be called by any thread.
 */
struct x509_st *pk_x509_parse(struct pk_view der);

/* Frees those that are kept, as for a test of what is lost. */
void pk_x509_forget(void);

#endif
