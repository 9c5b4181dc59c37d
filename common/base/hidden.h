/* SPDX-License-Identifier: BSD-2-Clause */
/* Which characters nobody can see. */
#ifndef PK_BASE_HIDDEN_H
#define PK_BASE_HIDDEN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether a person who looks at the screen would not see the character, or would be deceived by it:
 * control and format characters (those that reorder a line among them), every separator but the
 * space, fillers and other blanks, what Unicode calls default ignorable (variation selectors, tags,
 * the combining grapheme joiner), private use, surrogates, noncharacters and whatever is not
 * assigned. hidden.c says of which version of Unicode.
 */
/*@ assigns \nothing; */
bool pk_is_hidden(uint32_t code_point);

#endif
