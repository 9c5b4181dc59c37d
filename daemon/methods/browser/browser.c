/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The browser method: a link is shown at the terminal, a passkey answers it in whatever browser it
 * is opened in, and that browser then shows a code, which has to be typed at the terminal. The code
 * is what ties the two together: whoever talks somebody into opening a link still has no code, and
 * a link that leaks is of no use without the terminal. Where the page is a file (browser-page), the
 * answer itself is what has to be brought to the terminal.
 */
#include "daemon/methods/browser/link_code.h"

static void answered(void *state, struct pk_secret *answer)
{
    struct link_code *own = state;

    own->typed(own, answer);
}

static void stop(void *state)
{
    struct link_code *own = state;

    own->free(own);
}

const struct authmethod authmethod_browser = {
    .start = browser_sign_in_start,
    .enroll = browser_enroll,
    .answered = answered,
    .stop = stop,
    .conceals_reason = true,
    .over = "a browser",
};
