/* Kernels for AVX-512: registers of sixteen floats, tiles of 14 x 32 sums in 28 of 32 registers.
 * Only this file is compiled for that instruction set, and it is entered only after a run-time
 * check. */
#if defined(__x86_64__)
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")

#include <immintrin.h>

#define LANES 16
#define ROWS 14
#define EACH_HEIGHT(F) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12) F(13) F(14)
#define BROADCAST(x) _mm512_set1_ps(x)
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_ps(a, b, c)
#define KERNELS sx_kernels_avx512
#define NORM_KERNELS sx_norm_avx512
#define ISA "avx512"

#include "core/tensor/kernels_body.h"
#include "core/tensor/norm_body.h"
#endif
