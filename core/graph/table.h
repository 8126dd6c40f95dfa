/* The operator table: a row for every sx_operator_NAME, in the order of the help. A new operator is
 * its file and its row here. */
#ifndef SX_GRAPH_TABLE_H
#define SX_GRAPH_TABLE_H

/* clang-format off */
#define SX_OPERATORS(ROW) \
    ROW(input) \
    ROW(targets) \
    ROW(convolution) \
    ROW(transposed_convolution) \
    ROW(dense) \
    ROW(linear) \
    ROW(batch_norm) \
    ROW(layer_norm) \
    ROW(group_norm) \
    ROW(instance_norm) \
    ROW(l2_normalise) \
    ROW(attention) \
    ROW(class_token) \
    ROW(position) \
    ROW(embedding) \
    ROW(end_token) \
    ROW(attention_pool) \
    ROW(slice) \
    ROW(concat) \
    ROW(pad) \
    ROW(reshape) \
    ROW(flatten) \
    ROW(reduce) \
    ROW(relu) \
    ROW(leaky_relu) \
    ROW(gelu) \
    ROW(sigmoid) \
    ROW(tanh) \
    ROW(silu) \
    ROW(softmax) \
    ROW(log_softmax) \
    ROW(add) \
    ROW(subtract) \
    ROW(multiply) \
    ROW(divide) \
    ROW(maximum) \
    ROW(minimum) \
    ROW(square) \
    ROW(square_root) \
    ROW(exp) \
    ROW(log) \
    ROW(absolute) \
    ROW(negate) \
    ROW(scale) \
    ROW(learned_scale) \
    ROW(dropout) \
    ROW(stochastic_depth) \
    ROW(max_pool) \
    ROW(average_pool) \
    ROW(global_average_pool) \
    ROW(upsample) \
    ROW(softmax_cross_entropy) \
    ROW(binary_cross_entropy) \
    ROW(mean_squared_error) \
    ROW(huber) \
    ROW(contrastive)
/* clang-format on */

#endif
