/* Layer norm, compiled once per instruction set after kernels_body.h and activation_body.h, whose
 * registers it uses. A row is whole registers and a rest that is padded with zeros, so that each
 * value is computed the same way wherever it stands. */

INLINE float mean_of(const float *x, size_t channels) {
    vec sum = {0};
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES) sum += LOAD(x + c);
    if (c < channels) sum += load_part(x + c, channels - c);
    return sum_of_lanes(sum)[0] / (float)channels;
}

INLINE float variance_of(const float *x, float mean, size_t channels) {
    vec sum = {0}, m = BROADCAST(mean);
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES) {
        vec d = LOAD(x + c) - m;
        sum = MULTIPLY_ADD(d, d, sum);
    }
    float rest = 0;
    for (; c < channels; c++) rest += (x[c] - mean) * (x[c] - mean);
    return (sum_of_lanes(sum)[0] + rest) / (float)channels;
}

static void layer_norm(const sx_layer_norm *form) {
    size_t channels = form->channels;
    const float *x = form->x, *gamma = form->gamma, *beta = form->beta;
    float *y = form->y;
    for (size_t r = 0; r < form->rows; r++, x += channels, y += channels) {
        float mean = mean_of(x, channels);
        float scale = 1 / sqrtf(variance_of(x, mean, channels) + form->epsilon);
        vec m = BROADCAST(mean), s = BROADCAST(scale);
        size_t c = 0;
        for (; c + LANES <= channels; c += LANES)
            *(loose *)(y + c) =
                MULTIPLY_ADD((LOAD(x + c) - m) * s, LOAD(gamma + c), LOAD(beta + c));
        if (c < channels) {
            size_t rest = channels - c;
            vec v = (load_part(x + c, rest) - m) * s;
            store_some(y + c,
                       MULTIPLY_ADD(v, load_part(gamma + c, rest), load_part(beta + c, rest)),
                       rest);
        }
        form->mean[r] = mean;
        form->scale[r] = scale;
    }
}

/* One register of a row: adds to the sums and to the gradients of gamma and beta. */
INLINE void norm_moments(vec x, vec dy, vec gamma, vec *slope, vec *with_x, vec *dgamma,
                         vec *dbeta) {
    vec g = dy * gamma;
    *slope += g;
    *with_x = MULTIPLY_ADD(g, x, *with_x);
    *dgamma = MULTIPLY_ADD(dy, x, *dgamma);
    *dbeta += dy;
}

/* The means over a row of gamma dy and of gamma dy x, x normalised. */
INLINE void row_moments(const sx_layer_norm_backward *form, size_t row, float *slope,
                        float *with_x) {
    size_t channels = form->channels, c = 0;
    const float *x = form->x + row * channels, *dy = form->dy + row * channels;
    float *dgamma = form->dgamma, *dbeta = form->dbeta;
    vec m = BROADCAST(form->mean[row]), s = BROADCAST(form->scale[row]), a = {0}, b = {0};
    for (; c + LANES <= channels; c += LANES) {
        vec dg = LOAD(dgamma + c), db = LOAD(dbeta + c);
        norm_moments((LOAD(x + c) - m) * s, LOAD(dy + c), LOAD(form->gamma + c), &a, &b, &dg, &db);
        *(loose *)(dgamma + c) = dg;
        *(loose *)(dbeta + c) = db;
    }
    if (c < channels) {
        size_t rest = channels - c;
        vec dg = load_part(dgamma + c, rest), db = load_part(dbeta + c, rest);
        norm_moments((load_part(x + c, rest) - m) * s, load_part(dy + c, rest),
                     load_part(form->gamma + c, rest), &a, &b, &dg, &db);
        store_some(dgamma + c, dg, rest);
        store_some(dbeta + c, db, rest);
    }
    *slope = sum_of_lanes(a)[0] / (float)channels;
    *with_x = sum_of_lanes(b)[0] / (float)channels;
}

static void layer_norm_backward(const sx_layer_norm_backward *form) {
    size_t channels = form->channels;
    for (size_t r = 0; r < form->rows; r++) {
        float slope, with_x;
        row_moments(form, r, &slope, &with_x);
        if (!form->dx) continue;
        const float *x = form->x + r * channels, *dy = form->dy + r * channels;
        float *dx = form->dx + r * channels, scale = form->scale[r];
        vec m = BROADCAST(form->mean[r]), s = BROADCAST(scale);
        vec a = BROADCAST(slope), b = BROADCAST(with_x);
        size_t c = 0;
        for (; c + LANES <= channels; c += LANES) {
            vec v = (LOAD(dy + c) * LOAD(form->gamma + c) - a - (LOAD(x + c) - m) * s * b) * s;
            if (form->accumulate) v += LOAD(dx + c);
            *(loose *)(dx + c) = v;
        }
        for (; c < channels; c++) {
            float hat = (x[c] - form->mean[r]) * scale;
            float v = (dy[c] * form->gamma[c] - slope - hat * with_x) * scale;
            dx[c] = form->accumulate ? dx[c] + v : v;
        }
    }
}

const sx_norm_kernels NORM_KERNELS = {layer_norm, layer_norm_backward};
