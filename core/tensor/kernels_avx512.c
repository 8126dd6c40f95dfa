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
#define EACH_FOLD(F)                                                                               \
    F(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)                                        \
    F(4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)                                        \
    F(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)                                        \
    F(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)
#define MAXIMUM(a, b) _mm512_max_ps(a, b)
#define MINIMUM(a, b) _mm512_min_ps(a, b)
#define LOAD_WHERE(p, m) _mm512_maskz_loadu_ps(_mm512_movepi32_mask((__m512i)(m)), p)
#define STORE_WHERE(p, m, v) _mm512_mask_storeu_ps(p, _mm512_movepi32_mask((__m512i)(m)), v)
#define KERNELS sx_kernels_avx512
#define NORM_KERNELS sx_norm_avx512
#define ACTIVATIONS sx_activations_avx512
#define ISA "avx512"

#include "core/tensor/kernels_body.h"
/* Need the names above. */
#include "core/tensor/activation_body.h"
#include "core/tensor/norm_body.h"
#endif
