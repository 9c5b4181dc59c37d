/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/findings.h"

#include "client/passkeys.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

#define TEXT_MAX 1024 /* bytes */

static const char *const states[] = {
    [FINDING_OK] = "ok", [FINDING_NOTE] = "note", [FINDING_WARN] = "warn", [FINDING_FAIL] = "fail"};

void finding_add(json_t *findings, const char *check, enum finding finding, const char *text,
                 const char *mend)
{
    /* What is quoted of files and variables need not be text, nor harmless on a terminal. */
    PK_AUTO_FREE char *shown = pk_text_printable(text, TEXT_MAX);
    PK_AUTO_FREE char *command = mend ? pk_text_printable(mend, TEXT_MAX) : NULL;

    (void)json_array_append_new(findings,
                                json_pack("{s:s, s:s, s:s*, s:s*}", "check", check, "state",
                                          states[finding], "text", shown, "mend", command));
}

void finding_add_once(json_t *findings, const char *check, enum finding finding, const char *text,
                      const char *mend)
{
    size_t i;
    json_t *other;

    json_array_foreach(findings, i, other)
    {
        if (strcmp(member_text(other, "text"), text) == 0)
            return;
    }
    finding_add(findings, check, finding, text, mend);
}

enum finding findings_worst(const json_t *findings)
{
    enum finding worst = FINDING_OK;
    size_t i;
    json_t *finding;

    json_array_foreach(findings, i, finding)
    {
        for (enum finding state = worst + 1; state <= FINDING_FAIL; state++)
            if (strcmp(member_text(finding, "state"), states[state]) == 0)
                worst = state;
    }
    return worst;
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
