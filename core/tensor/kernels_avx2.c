/* Kernels for AVX2 with fused multiply-add: registers of eight floats, tiles of 6 x 16 sums. Only
 * this file is compiled for that instruction set, and it is entered only after a run-time check. */
#if defined(__x86_64__)
#pragma GCC target("avx2,fma")

#include <immintrin.h>

#define LANES 8
#define ROWS 6
#define EACH_HEIGHT(F) F(1) F(2) F(3) F(4) F(5) F(6)
#define BROADCAST(x) _mm256_set1_ps(x)
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#define KERNELS sx_kernels_avx2
#define NORM_KERNELS sx_norm_avx2
#define ISA "avx2"

#include "core/tensor/kernels_body.h"
#include "core/tensor/norm_body.h"
#endif
