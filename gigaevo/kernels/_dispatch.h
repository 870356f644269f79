/* Loops that the compiler makes for two instruction sets, one of which is chosen when the module is loaded.

   WIDE stands before a function whose loop is worth it. Both versions compute the same: nothing is contracted to fused
   multiply-adds and no sum is reordered (setup.py has the flags). Other compilers and processors build the plain one. */

#ifndef GIGAEVO_DISPATCH_H
#define GIGAEVO_DISPATCH_H

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__) && defined(__GLIBC__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

#if defined(_MSC_VER)
#define RESTRICT __restrict
#else
#define RESTRICT __restrict__
#endif

#endif
