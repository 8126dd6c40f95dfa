/* From bytes to a network's input. Which mean and deviation belong to a network is a fact about
 * that network: it was trained on such values, so they go along with it to batches, measurements
 * and the probe. */
#include "core/data/data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_COLOUR 1e6      /* either way, of a mean or a deviation */
#define LEAST_DEVIATION 1e-6 /* as single precision holds and divides by it */

const sx_normalisation sx_normalisation_usual = {{0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}};

static bool is_alike(const float values[3]) {
    return !(values[0] < values[1] || values[0] > values[1] || values[1] < values[2] ||
             values[1] > values[2]);
}

void sx_normalise(const sx_normalisation *n, const uint8_t *pixels, size_t count, float *out) {
    if (is_alike(n->mean) && is_alike(n->deviation)) { /* one flat loop */
        float mean = n->mean[0], deviation = n->deviation[0];
        for (size_t i = 0; i < count; i++) out[i] = ((float)pixels[i] / 255.0f - mean) / deviation;
        return;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = ((float)pixels[i] / 255.0f - n->mean[i % 3]) / n->deviation[i % 3];
}

/* "0.5" or "0.485/0.456/0.406". */
static bool read_colours(const char *text, double out[3]) {
    char part[32];
    int count = 0;
    for (const char *at = text; count < 3; at += *at == '/') {
        size_t length = strcspn(at, "/");
        if (length == 0 || length >= sizeof part) return false;
        memcpy(part, at, length);
        part[length] = 0;
        if (!sx_text_number(part, &out[count]) || fabs(out[count]) > MOST_COLOUR) return false;
        count++;
        at += length;
        if (*at) continue;
        for (int c = count; c < 3 && count == 1; c++) out[c] = out[0];
        return count == 1 || count == 3;
    }
    return false;
}

sx_status sx_colours_parse(const char *text, double out[3], sx_error *err) {
    if (read_colours(text, out)) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "'%.60s' is neither one number nor three, as 0.485/0.456/0.406", text);
}

sx_status sx_colours_check(const char *text, sx_error *err) {
    double ignored[3];
    return sx_colours_parse(text, ignored, err);
}

sx_status sx_deviation_check(const char *text, sx_error *err) {
    double values[3] = {0};
    sx_status status = sx_colours_parse(text, values, err);
    for (int c = 0; !status && c < 3; c++)
        if (!(values[c] >= LEAST_DEVIATION))
            return sx_fail(err, SX_BAD_INPUT, "a deviation must be above 0, at least %g",
                           LEAST_DEVIATION);
    return status;
}

sx_status sx_normalisation_parse(const char *mean, const char *deviation, sx_normalisation *out,
                                 sx_error *err) {
    double means[3] = {0}, deviations[3] = {0};
    sx_status status = sx_colours_parse(mean, means, err);
    if (!status) status = sx_deviation_check(deviation, err);
    if (!status) status = sx_colours_parse(deviation, deviations, err);
    for (int c = 0; !status && c < 3; c++) {
        out->mean[c] = (float)means[c];
        out->deviation[c] = (float)deviations[c];
    }
    return status;
}
