/* Kernels for any processor the compiler targets: registers of four floats, tiles of 4 x 8 sums,
 * which is what sixteen registers hold beside the operands. No fused multiply-add. */
#define LANES 4
#define ROWS 4
#define EACH_HEIGHT(F) F(1) F(2) F(3) F(4)
#define BROADCAST(x) ((x) - (vec){0})
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define EACH_FOLD(F) F(2, 3, 0, 1) F(1, 0, 3, 2)
#define MAXIMUM(a, b) choose((a) > (b), a, b)
#define MINIMUM(a, b) choose((a) < (b), a, b)
#define KERNELS sx_kernels_baseline
#define NORM_KERNELS sx_norm_baseline
#define ACTIVATIONS sx_activations_baseline
#define ISA "baseline"

#include "core/tensor/kernels_body.h"
/* Need the names above. */
#include "core/tensor/activation_body.h"
#include "core/tensor/norm_body.h"
