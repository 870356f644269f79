/* Loops that the compiler makes for two instruction sets, one of which is chosen when the module is loaded.

   WIDE stands before a function whose loop is worth it, VERSIONS_FOR where it is another instruction than those of AVX2
   that pays. Both versions compute the same: nothing is contracted to fused multiply-adds and no sum is reordered
   (setup.py has the flags). Other compilers, processors and C libraries (gcc needs the loader of glibc for the choice)
   build the plain version only, as -DGIGAEVO_BASELINE does everywhere. */

#ifndef GIGAEVO_DISPATCH_H
#define GIGAEVO_DISPATCH_H

#if defined(__GNUC__)
#define GIGAEVO_UNUSED __attribute__((unused)) /* not each module that includes a header calls all of it */
#else
#define GIGAEVO_UNUSED
#endif

#if !defined(GIGAEVO_BASELINE) && defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define VERSIONS_FOR(instructions) __attribute__((target_clones(instructions, "default"), noinline, unused))
#else
#define VERSIONS_FOR(instructions) GIGAEVO_UNUSED
#endif
#define WIDE VERSIONS_FOR("avx2")

/* Inlined even into versions for other instructions, which compilers leave to be said. */
#if defined(__GNUC__)
#define GIGAEVO_INLINE __attribute__((always_inline, unused)) static inline
#else
#define GIGAEVO_INLINE static inline
#endif

#if defined(_MSC_VER)
#define RESTRICT __restrict
#else
#define RESTRICT __restrict__
#endif

#endif
