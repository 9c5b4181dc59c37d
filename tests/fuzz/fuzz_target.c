/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz_target.h"

#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>

static const int32_t offered[] = {-7, -35, -36, -257, -258, -259, -37, -38, -39,
                                  -8, -53, -47, -9,   -51,  -52,  -19, -48, -65535};

static void check(enum pk_status status)
{
    if (status != PK_OK)
        abort();
}

static void fill(struct pk_requirements *requirements, enum pk_ceremony ceremony)
{
    static const char challenge[] = "LaphQJ22I-LvYbiD9fdcJ0SZrEBYRNSY46kgOTxixTo";

    *requirements = (struct pk_requirements){
        .ceremony = ceremony,
        .rp_id = strdup("example.org"),
        .user_verification = PK_REQUIRED,
        .algorithm_count = sizeof(offered) / sizeof(offered[0]),
        .time = 1767225600,
        .allow_cross_origin = true,
        .appid = strdup("https://example.org/appid.json"),
        .cred_props = true,
        .min_pin_length = true,
        .cred_protect = 1,
    };
    memcpy(requirements->algorithms, offered, sizeof(offered));
    check(pk_strings_add(&requirements->origins, "https://example.org"));
    check(pk_base64url_decode(pk_view_string(challenge), PK_CHALLENGE_SIZE,
                              &requirements->challenge));
}

const struct pk_requirements *fuzz_registration(void)
{
    static struct pk_requirements requirements;

    if (!requirements.rp_id)
        fill(&requirements, PK_REGISTRATION);
    return &requirements;
}

const struct pk_requirements *fuzz_authentication(void)
{
    static struct pk_requirements requirements;

    if (!requirements.rp_id)
        fill(&requirements, PK_AUTHENTICATION);
    return &requirements;
}
