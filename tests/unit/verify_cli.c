/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyctl verify without the rest of passkeyctl: no bus library, for vectors and fuzzers. */
#include "client/ctl/verify.h"

int main(int argc, char **argv)
{
    return verify_main(argc, argv);
}
