/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For scripts/prove alone, in front of every file: what the prover is told of the C library, and
 * what of GNU C it does not know. Each contract here is an assumption: doc/proofs.md lists them.
 */
#ifndef PK_PROVER_H
#define PK_PROVER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define __attribute__(x)
#define __extension__
#define _Static_assert(condition, text) struct pk_needs_semicolon
#define MADV_DONTDUMP 16
int madvise(void *block, size_t size, int advice);
int vasprintf(char **ret, const char *format, va_list arguments);
ssize_t getrandom(void *buffer, size_t size, unsigned flags);

/*
 * Where malloc() takes memory from. The prover has no notion of a block that nobody has had before:
 * whoever writes to one says that it writes to the heap.
 */
extern uint8_t heap[1 << 30];
/*@ predicate on_heap(void *block) = \base_addr(block) == \base_addr(&heap[0]); */

/*@ assigns \nothing;
    ensures \result == \null ||
      (on_heap(\result) && \valid((uint8_t *)\result + (0 .. size - 1))); */
void *prover_malloc(size_t size);
#define malloc prover_malloc

/*@ assigns \nothing;
    ensures \result == \null ||
      (on_heap(\result) && \valid((uint8_t *)\result + (0 .. count * size - 1))); */
void *prover_calloc(size_t count, size_t size);
#define calloc prover_calloc

/*@ assigns heap[..];
    ensures \result == \null ||
      (on_heap(\result) && \valid((uint8_t *)\result + (0 .. size - 1))); */
void *prover_realloc(void *block, size_t size);
#define realloc prover_realloc

/*@ assigns \nothing; */
void prover_free(void *block);
#define free prover_free

/*@ requires \valid((uint8_t *)to + (0 .. size - 1));
    requires \valid_read((const uint8_t *)from + (0 .. size - 1));
    assigns ((uint8_t *)to)[0 .. size - 1];
    ensures \result == to; */
void *prover_memcpy(void *to, const void *from, size_t size);
#define memcpy prover_memcpy

/*@ requires \valid((uint8_t *)block + (0 .. size - 1));
    assigns ((uint8_t *)block)[0 .. size - 1]; */
void prover_explicit_bzero(void *block, size_t size);
#define explicit_bzero prover_explicit_bzero

/* Bytes that memcmp() finds equal; of none, nothing was compared. */
/*@ axiomatic Comparison {
      predicate equal_memory{L}(uint8_t *a, uint8_t *b, integer size)
        reads a[0 .. size - 1], b[0 .. size - 1];
      axiom nothing_equal{L}: \forall uint8_t *a, *b; equal_memory{L}(a, b, 0);
    } */
/*@ requires \valid_read((const uint8_t *)a + (0 .. size - 1));
    requires \valid_read((const uint8_t *)b + (0 .. size - 1));
    assigns \nothing;
    ensures \result == 0 <==> equal_memory((uint8_t *)a, (uint8_t *)b, size); */
int prover_memcmp(const void *a, const void *b, size_t size);
#define memcmp prover_memcmp

/*@ requires \valid_read((const uint8_t *)block + (0 .. size - 1));
    assigns \nothing;
    ensures \result == \null ||
      \exists integer i; 0 <= i < size && \result == (uint8_t *)block + i; */
void *prover_memchr(const void *block, int byte, size_t size);
#define memchr prover_memchr

/*@ predicate is_string(char *string) =
      \exists size_t end; end < SIZE_MAX && \valid_read(string + (0 .. end)) && string[end] == 0; */
/*@ requires is_string(string);
    assigns \nothing;
    ensures \result < SIZE_MAX && \valid_read(string + (0 .. \result)); */
size_t prover_strlen(const char *string);
#define strlen prover_strlen

/*@ axiomatic Texts {
      predicate same_text(char *a, char *b);
    } */
/*@ requires is_string(a) && is_string(b);
    assigns \nothing;
    ensures \result == 0 ==> same_text(a, b); */
int prover_strcmp(const char *a, const char *b);
#define strcmp prover_strcmp

/*@ requires \valid(ret);
    assigns *ret;
    ensures \result == 0 ==> *ret == a * b; */
int prover_mul_overflow(int64_t a, int64_t b, int64_t *ret);
#define __builtin_mul_overflow prover_mul_overflow

/*@ requires \valid(ret);
    assigns *ret;
    ensures \result == 0 ==> *ret == a - b; */
int prover_sub_overflow(int64_t a, int64_t b, int64_t *ret);
#define __builtin_sub_overflow prover_sub_overflow

/* Of numbers that are not negative. */
/*@ axiomatic Bits {
      axiom and_bound: \forall integer a, b; 0 <= a && 0 <= b ==>
        0 <= (a & b) && (a & b) <= a && (a & b) <= b;
      axiom or_bound: \forall integer a, b; 0 <= a && 0 <= b ==> 0 <= (a | b) <= a + b;
      axiom shifted: \forall integer a; 0 <= a ==>
        0 <= (a >> 4) * 16 <= a && 0 <= (a >> 5) * 32 <= a && 0 <= (a >> 6) * 64 <= a;
    } */

/*@ requires is_string(string);
    assigns \nothing;
    ensures \result == \null || (on_heap(\result) && is_string(\result)); */
char *prover_strdup(const char *string);
#define strdup prover_strdup

/*@ requires \valid_read(text + (0 .. size - 1));
    assigns \nothing;
    ensures \result == \null || (on_heap(\result) && is_string(\result)); */
char *prover_strndup(const char *text, size_t size);
#define strndup prover_strndup

/*@ requires is_string(string) && is_string(characters);
    assigns \nothing; */
char *prover_strpbrk(const char *string, const char *characters);
#define strpbrk prover_strpbrk

#endif
