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
#define EACH_FOLD(F) F(4, 5, 6, 7, 0, 1, 2, 3) F(2, 3, 0, 1, 6, 7, 4, 5) F(1, 0, 3, 2, 5, 4, 7, 6)
#define MAXIMUM(a, b) _mm256_max_ps(a, b)
#define MINIMUM(a, b) _mm256_min_ps(a, b)
#define LOAD_WHERE(p, m) _mm256_maskload_ps(p, (__m256i)(m))
#define STORE_WHERE(p, m, v) _mm256_maskstore_ps(p, (__m256i)(m), v)
#define KERNELS sx_kernels_avx2
#define NORM_KERNELS sx_norm_avx2
#define ACTIVATIONS sx_activations_avx2
#define ISA "avx2"

#include "core/tensor/kernels_body.h"
/* Need the names above. */
#include "core/tensor/activation_body.h"
#include "core/tensor/norm_body.h"
#endif
