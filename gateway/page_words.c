/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/page_words.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *const words[WORD_COUNT][PAGE_LANGUAGES] = {
#define ROW(name, en, de) [WORD_##name] = {en, de},
    PAGE_WORDS(ROW) OWN_WORDS(ROW)
#undef ROW
};

const char *page_word(enum page_language language, enum page_word word)
{
    return words[word][language];
}

/* The weight of "…;q=0.5", in thousandths; 0: not acceptable. */
static int weight(const char *item, size_t len)
{
    const char *q = memchr(item, ';', len);
    int thousandths = 0;

    if (!q)
        return 1000;
    for (q++; *q == ' ' || *q == '\t';)
        q++;
    if (strncasecmp(q, "q=", 2) != 0)
        return 0;
    q += 2;
    if (*q == '1')
        return 1000;
    if (q[0] != '0' || q[1] != '.')
        return 0;
    q += 2;
    for (int place = 100; place > 0 && *q >= '0' && *q <= '9'; place /= 10)
        thousandths += place * (*q++ - '0');
    return thousandths;
}

static bool is_of(const char *item, size_t len, const char *language)
{
    size_t own = strlen(language);

    return len >= own && strncasecmp(item, language, own) == 0 &&
           (len == own || strchr("-; \t", item[own]));
}

enum page_language page_language(const char *accepted)
{
    int best = 0;
    enum page_language found = PAGE_ENGLISH;

    while (accepted && *accepted) {
        size_t len;

        accepted += strspn(accepted, ", \t");
        len = strcspn(accepted, ",");
        for (size_t i = 0; i < PAGE_LANGUAGES; i++) {
            int own = is_of(accepted, len, words[WORD_LANGUAGE][i]) ? weight(accepted, len) : 0;

            if (own > best) {
                best = own;
                found = (enum page_language)i;
            }
        }
        accepted += len;
    }
    return found;
}
