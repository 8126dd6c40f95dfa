/* Claims between cells about what tokens and patches have learned (robustness-and-vit.md, E, claim
 * 14 and the directions b to e). Each is about a figure of the table "tokens" that a run leaves. Of
 * a figure of the parameters alone the interval is itself: how far it may be trusted is said by the
 * range over seeds. */
#include "core/study/cell_claims.h"

#define TOKENS(name) .result = "tokens", .figure = (name)
#define AT_LEAST(value) .threshold = (value), .at_least = true
#define AT_MOST(value) .threshold = (value), .at_least = false

const sx_cell_claim_row sx_token_claims[SX_TOKEN_CLAIMS] = {
    {{"positions-fall", "positions of patches that lie farther apart are less alike", 1},
     "{A}: rank correlation of two positions' likeness with their distance",
     "paper",
     "<= -0.3",
     AT_MOST(-0.3),
     TOKENS("positions: correlation with distance")},
    {{"positions-begin-unlike", "before training no two patches' positions are alike", 1},
     "{A}: mean |cosine| of two patches' positions, at the beginning",
     "own check",
     "<= 0.1",
     AT_MOST(0.1),
     TOKENS("positions at first: mean |cosine|")},
    {{"phase-matters-little", "where in a patch an object's centre is changes accuracy little", 1},
     "{A}: accuracy at middles and at corners of patches, difference",
     "own check",
     "<= 0.02",
     AT_MOST(0.02),
     TOKENS("phase: size of that difference")},
    {{"rollout-on-object", "more attention reaches the object than its share of the image", 1},
     "{A}: attention on the object over its share of the image",
     "paper",
     ">= 1.2",
     AT_LEAST(1.2),
     TOKENS("rollout: attention on object over area")},
    {{"patches-gain", "a few components explain more of the patches' embedding than at first", 1},
     "{A}: variance in the first components, above the beginning's",
     "paper",
     "> 0",
     AT_LEAST(0),
     .decide = SX_DECIDE_STRICT,
     TOKENS("patches: gain in variance")},
    {{"patches-smooth", "those components are smooth: most energy at low frequencies", 1},
     "{A}: energy of components at low frequencies (noise: 0.25)",
     "paper",
     ">= 0.5",
     AT_LEAST(0.5),
     TOKENS("patches: low frequencies")},
    {{"attention-deepens", "heads of later blocks look farther", 1},
     "{A}: rank correlation of the heads' attention distance with depth",
     "paper",
     "> 0",
     AT_LEAST(0),
     .decide = SX_DECIDE_STRICT,
     TOKENS("attention distance: rise with depth")},
};
