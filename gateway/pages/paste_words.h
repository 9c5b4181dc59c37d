/* SPDX-License-Identifier: BSD-2-Clause */
/* Read by scripts/make-page alone, through the preprocessor: the pages' words, for a script. */
#include "gateway/page_words.h"
#define ROW(name, en, de) WORDS_ROW name [ en, de ]
WORDS PAGE_WORDS(ROW)
