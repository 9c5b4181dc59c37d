/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/rate.h"

#include "common/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

#define SETS          1024
#define WAYS          8
#define SECOND_US     1000000
#define BURST_SECONDS 2

struct bucket {
    uint64_t who;   /* 0: free */
    int64_t filled; /* when what is left was last reckoned */
    int64_t left;   /* in millionths of a request */
};

struct rate {
    int64_t (*clock)(void);
    uint64_t key[2];
    struct bucket buckets[SETS][WAYS];
};

struct rate *rate_new(int64_t (*clock)(void))
{
    struct rate *rate = calloc(1, sizeof(*rate));

    if (!rate)
        return NULL;
    rate->clock = clock;
    pk_random(rate->key, sizeof(rate->key));
    return rate;
}

void rate_free(struct rate *rate)
{
    free(rate);
}

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* SipHash-2-4 (Aumasson and Bernstein 2012). */
static uint64_t keyed_hash(const uint64_t key[2], struct pk_view text)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU,
                     key[0] ^ 0x6c7967656e657261U, key[1] ^ 0x7465646279746573U};
    size_t whole = text.len / 8;

    for (size_t i = 0; i <= whole; i++) {
        uint64_t word = i == whole ? (uint64_t)text.len << 56 : 0;
        size_t len = i == whole ? text.len % 8 : 8;

        for (size_t j = 0; j < len; j++)
            word |= (uint64_t)text.ptr[i * 8 + j] << (8 * j);
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (unsigned i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static struct bucket *find(struct rate *rate, uint64_t who, bool *ret_new)
{
    struct bucket *set = rate->buckets[who % SETS];
    struct bucket *oldest = &set[0];

    *ret_new = false;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].who == who)
            return &set[i];
        if (set[i].filled < oldest->filled)
            oldest = &set[i];
    }
    *ret_new = true;
    return oldest;
}

bool rate_take(struct rate *rate, struct pk_view who, unsigned per_second)
{
    const int64_t now = rate->clock();
    const int64_t full = (int64_t)per_second * BURST_SECONDS * SECOND_US;
    uint64_t hash = keyed_hash(rate->key, who);
    bool is_new;
    struct bucket *bucket = find(rate, hash ? hash : 1, &is_new);
    int64_t passed = now - bucket->filled;

    if (is_new)
        *bucket = (struct bucket){.who = hash ? hash : 1, .left = full};
    else if (passed >= BURST_SECONDS * (int64_t)SECOND_US)
        bucket->left = full;
    else
        bucket->left += passed * per_second;
    if (bucket->left > full)
        bucket->left = full;
    bucket->filled = now;
    if (bucket->left < SECOND_US)
        return false;
    bucket->left -= SECOND_US;
    return true;
}
