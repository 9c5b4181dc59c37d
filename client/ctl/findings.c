/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/findings.h"

#include "client/passkeys.h"

#include <string.h>

void finding_add(json_t *findings, const char *check, enum finding finding, const char *text,
                 const char *mend)
{
    static const char *const states[] = {
        [FINDING_OK] = "ok", [FINDING_WARN] = "warn", [FINDING_FAIL] = "fail"};

    (void)json_array_append_new(findings,
                                json_pack("{s:s, s:s, s:s*, s:s*}", "check", check, "state",
                                          states[finding], "text", text, "mend", mend));
}

bool findings_good(const json_t *findings)
{
    size_t i;
    json_t *finding;

    json_array_foreach(findings, i, finding)
    {
        if (strcmp(member_text(finding, "state"), "fail") == 0)
            return false;
    }
    return true;
}

void findings_print(const json_t *findings)
{
    size_t i;
    json_t *finding;

    json_array_foreach(findings, i, finding)
    {
        const char *mend = member_text(finding, "mend");

        (void)printf("%-4s  %-13s  %s\n", member_text(finding, "state"),
                     member_text(finding, "check"), member_text(finding, "text"));
        if (*mend)
            (void)printf("%21smend: %s\n", "", mend);
    }
}
