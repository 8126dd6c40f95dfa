/* A file of predictions: what is read holds numbers only, in rows that were all placed. */
#include "core/study/predictions.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_part(const sx_predictions *p, const sx_predictions_part *part) {
    for (size_t i = 0; i < part->n * (size_t)p->members; i++)
        if (part->rows[i] >= p->rows) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sx_predictions p;
    sx_error err = {0};
    if (sx_predictions_parse("fuzz.csv", (const char *)data, size, NULL, &p, &err) != SX_OK) {
        if (!err.message[0]) __builtin_trap();
        sx_predictions_done(&p);
        return 0;
    }
    for (size_t i = 0; i < p.rows * (size_t)p.classes; i++)
        if (!isfinite(p.values[i])) __builtin_trap();
    check_part(&p, &p.inside);
    check_part(&p, &p.fit);
    for (int set = 0; set < p.set_count; set++) check_part(&p, &p.sets[set]);
    sx_predictions_done(&p);
    return 0;
}
