/* Confidence of a prediction and how far it can be believed. */
#include "core/metric/metric.h"

#include <math.h>

int sx_argmax(const double *values, int count) {
    int best = 0;
    for (int i = 1; i < count; i++)
        if (values[i] > values[best]) best = i;
    return best;
}

const char *sx_confidence_name(sx_confidence measure) {
    static const char *const names[SX_CONFIDENCES] = {"max prob", "entropy", "margin"};
    return names[measure];
}

static double negative_entropy(const double *p, int classes) {
    double sum = 0;
    for (int c = 0; c < classes; c++)
        if (p[c] != 0) sum += p[c] * log(p[c]); /* NaN stays NaN: unknown is not "sure" */
    return sum;
}

double sx_confidence_of(sx_confidence measure, const double *probabilities, int classes) {
    int best = sx_argmax(probabilities, classes);
    double second = 0;
    if (measure == SX_CONFIDENCE_NEGATIVE_ENTROPY) return negative_entropy(probabilities, classes);
    if (measure == SX_CONFIDENCE_MARGIN)
        for (int c = 0; c < classes; c++)
            if (c != best && probabilities[c] > second) second = probabilities[c];
    return probabilities[best] - second;
}

/* Left-closed bins; 1.0, and what a diverged network says, goes into the last. */
static int bin_of(double confidence) {
    double bin = SX_RELIABILITY_BINS * confidence;
    return bin >= 0 && bin < SX_RELIABILITY_BINS ? (int)bin : SX_RELIABILITY_BINS - 1;
}

void sx_calibrate_item(const double *p, int label, int classes, sx_calibration *out) {
    int best = sx_argmax(p, classes);
    sx_reliability_bin *bin = &out->bins[bin_of(p[best])];
    bin->count++;
    bin->confidence += p[best];
    bin->accuracy += best == label;
    out->accuracy += best == label;
    out->nll -= log(p[label]);
    for (int c = 0; c < classes; c++) {
        double gap = p[c] - (c == label);
        out->brier += gap * gap;
    }
}

void sx_calibrate(const double *probabilities, const int32_t *labels, size_t n, int classes,
                  sx_calibration *out) {
    *out = (sx_calibration){0};
    for (size_t i = 0; i < n; i++)
        sx_calibrate_item(probabilities + i * (size_t)classes, labels[i], classes, out);
    sx_calibrate_end(n, out);
}

void sx_calibrate_end(size_t n, sx_calibration *out) {
    double total = n ? (double)n : (double)NAN;
    out->accuracy /= total;
    out->nll /= total;
    out->brier /= total;
    for (int b = 0; b < SX_RELIABILITY_BINS; b++) {
        sx_reliability_bin *bin = &out->bins[b];
        double count = bin->count ? (double)bin->count : (double)NAN;
        bin->confidence /= count;
        bin->accuracy /= count;
        double gap = fabs(bin->confidence - bin->accuracy);
        if (!bin->count) continue;
        out->ece += gap * count / total;
        if (gap > out->mce || isnan(gap)) out->mce = gap;
    }
    if (!n) out->ece = out->mce = NAN;
}
