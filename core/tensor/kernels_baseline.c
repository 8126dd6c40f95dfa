/* Kernels for any processor the compiler targets: registers of four floats, tiles of 4 x 8 sums,
 * which is what sixteen registers hold beside the operands. No fused multiply-add. */
#define LANES 4
#define ROWS 4
#define EACH_HEIGHT(F) F(1) F(2) F(3) F(4)
#define BROADCAST(x) ((x) - (vec){0})
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define KERNELS sx_kernels_baseline
#define NORM_KERNELS sx_norm_baseline
#define ISA "baseline"

#include "core/tensor/kernels_body.h"
#include "core/tensor/norm_body.h"
