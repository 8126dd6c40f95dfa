/* The claims of one run of the robustness study (robustness-and-vit.md, E, claims 6 to 8), measured
 * on the outcomes of a sweep over test objects. The interval is a bootstrap over object-background
 * pairs: a resample takes whole pairs, each with all its places, angles or sizes. */
#include "core/study/evidence.h"

#include <math.h>

/* One row a claim: what is measured, over which pictures, against which bound. */
static const struct {
    const char *text, *origin, *bound;
    double threshold;
    bool at_least;
    int sweep;
    sx_statistic statistic;
} rows[] = {
    {"accuracy is lower at the border than in the centre", "abstract", "drop >= 0.15", 0.15, true,
     SX_SWEEP_LOCATION, sx_statistic_drop},
    {"small objects are harder than large ones", "abstract", "rho >= 0.9", 0.9, true, SX_SWEEP_SIZE,
     sx_statistic_size_correlation},
    {"the rotation curve peaks at upright", "own check", "within 21 degrees", 21, false,
     SX_SWEEP_ROTATION, sx_statistic_peak_distance},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

sx_status sx_claims_drop(const sx_outcomes *outcomes, sx_rounds rounds, sx_drop *out,
                         sx_error *err) {
    sx_evidence e = {.outcomes = outcomes, .drops = sx_evidence_drops(outcomes)};
    sx_interval interval = {NAN, NAN};
    sx_evidence_centre_and_ring(outcomes, &out->centre, &out->ring);
    out->drop = out->centre - out->ring;
    if (fabs(out->drop) < 1e-12) out->drop = 0; /* of equal sums in another order */
    sx_status status = e.drops ? SX_OK : sx_study_no_memory(err);
    if (!status)
        status = sx_bootstrap(sx_statistic_drop, &e, outcomes->pairs[SX_SWEEP_LOCATION], rounds,
                              &interval, err);
    sx_free(e.drops);
    out->drop_low = interval.low;
    out->drop_high = interval.high;
    return status;
}

void sx_claim_settle(sx_claim *claim, size_t pictures) {
    claim->verdict = sx_claim_decide(claim);
    claim->reason = "";
    if (pictures < SX_FEW_PICTURES) {
        claim->verdict = SX_VERDICT_UNDECIDED;
        claim->reason = "it rests on fewer than 30 pairs of object and background";
    } else if (claim->verdict == SX_VERDICT_UNDECIDED) {
        claim->reason = isnan(claim->low) ? "the figure is not defined for most resamples"
                                          : "the interval reaches to both sides of the bound";
    }
}

static sx_status fill_claim(sx_claim *claim, int row, sx_evidence *e, sx_rounds rounds,
                            sx_error *err) {
    sx_interval interval;
    size_t pairs = e->outcomes->pairs[rows[row].sweep];
    sx_status status = sx_bootstrap(rows[row].statistic, e, pairs, rounds, &interval, err);
    *claim = (sx_claim){.text = rows[row].text,
                        .origin = rows[row].origin,
                        .bound = rows[row].bound,
                        .threshold = rows[row].threshold,
                        .at_least = rows[row].at_least,
                        .measured = rows[row].statistic(e, NULL, pairs),
                        .low = interval.low,
                        .high = interval.high,
                        .seed_low = NAN,
                        .seed_high = NAN};
    sx_claim_settle(claim, pairs);
    return status;
}

sx_result *sx_claims_make(const sx_outcomes *outcomes, sx_rounds rounds, sx_error *err) {
    sx_evidence e = {.outcomes = outcomes, .drops = sx_evidence_drops(outcomes)};
    int count = 0;
    for (int i = 0; i < ROWS; i++) count += outcomes->pairs[rows[i].sweep] > 0;
    sx_result *result = sx_result_new(SX_RESULT_CLAIMS, "claims", "Claims, test objects");
    bool memory = e.drops && result && sx_claims_alloc(result, count);
    sx_status status = memory ? SX_OK : sx_study_no_memory(err);
    for (int i = 0, next = 0; memory && !status && i < ROWS; i++)
        if (outcomes->pairs[rows[i].sweep])
            status = fill_claim(&result->claims.claims[next++], i, &e, rounds, err);
    sx_free(e.drops);
    if (!status) return result;
    sx_result_release(result);
    return NULL;
}
