/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The authentication methods by number (auth/authmethod.h), from the one list in
 * common/base/methods.h.
 */
#include "daemon/auth/authmethod.h"

#define DECLARE_SERVED(name) extern const struct authmethod authmethod_##name;
#define DECLARE_UNSERVED(name)
#define DECLARE(symbol, name, served) DECLARE_##served(name)
PK_METHOD_LIST(DECLARE)

#define ROW_SERVED(symbol, name)   [PK_METHOD_##symbol] = &authmethod_##name,
#define ROW_UNSERVED(symbol, name) [PK_METHOD_##symbol] = NULL,
#define ROW(symbol, name, served)  ROW_##served(symbol, name)

const struct authmethod *const authmethods[PK_METHOD_COUNT] = {PK_METHOD_LIST(ROW)};
