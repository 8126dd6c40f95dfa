/* What the parts of a study of last layers share; private to core/study. Stage one is a network
 * that is there already: it turns pictures into features once (last_layer_sets.c). Stage two draws
 * classifiers on them by a list of methods (last_layer_methods.c, last_layer_walk.c), and what they
 * say is scored (last_layer_score.c). */
#ifndef SX_STUDY_LAST_LAYER_H
#define SX_STUDY_LAST_LAYER_H

#include "core/head/head.h"
#include "core/study/internal.h"
#include "core/study/scoring.h"

/* ---- methods ----------------------------------------------------------------------------------
 */

#define SX_LAST_METHODS 18 /* of a list; with the baselines no more than SX_METHODS */
#define SX_LAST_TEXT 512   /* bytes of a list: three values of a configuration */
#define SX_LAST_GRID 6     /* step sizes that a method may try */

typedef enum {
    SX_LAST_POINT,
    SX_LAST_TEMPERATURE,
    SX_LAST_CONTINUED,
    SX_LAST_SGD,
    SX_LAST_SGLD,
    SX_LAST_BOOTSTRAP,
    SX_LAST_DROPOUT,
    SX_LAST_KINDS
} sx_last_kind;

typedef struct {
    sx_last_kind kind;
    char spec[96]; /* as it was written */
    double steps[SX_LAST_GRID];
    int step_count; /* 0: nothing is walked */
    double precision, rate;
    int64_t every;
    int layers, members, epochs, batch, passes;
} sx_last_method;

typedef struct {
    sx_last_method method[SX_METHODS];
    int count;
} sx_last_list;

/* "point sgd(gamma=0.1/0.01) dropout(rate=0.1)", and the baselines in front where they are missing:
 * the point estimate, its temperature, and what it becomes by as much further training. */
sx_status sx_last_methods_read(const char *text, sx_last_list *out, sx_error *err);
/* Those of a configuration's keys methods, more and deeper, which `text` joins. */
sx_status sx_last_methods_of(const sx_config *config, char text[SX_LAST_TEXT], sx_last_list *out,
                             sx_error *err);
/* One method of those, without baselines. */
sx_status sx_last_method_read(const char *text, sx_last_method *out, sx_error *err);
/* True if both do the same, however they are written. */
bool sx_last_method_same(const sx_last_method *a, const sx_last_method *b);
/* The number of the first point estimate, which every list has. */
int sx_last_point(const sx_last_list *list);
/* Options of a sampler of that method with its step size number `candidate`. */
sx_sampler_options sx_last_sampler_options(const sx_last_method *method, int candidate,
                                           uint64_t seed);
/* Steps of all candidates on so many rows. */
int64_t sx_last_method_steps(const sx_last_method *method, size_t rows);

/* ---- sets of pictures -------------------------------------------------------------------------
 */

enum { SX_LAST_TRAIN, SX_LAST_VALIDATION, SX_LAST_TEST, SX_LAST_OUTSIDE };
#define SX_LAST_SETS (SX_LAST_OUTSIDE + SX_OUTSIDE_SETS + SX_SWEEPS)

typedef enum {
    SX_LAST_WHOLE,
    SX_LAST_NOISE,
    SX_LAST_ROTATED,
    SX_LAST_COMPOSED,
    SX_LAST_SWEPT /* test objects at every point of a sweep, pair by pair */
} sx_last_picture;

typedef struct {
    char name[48];
    sx_source *own; /* NULL: the study's */
    sx_view *own_view;
    const sx_view *view; /* NULL: noise */
    sx_last_picture picture;
    int sweep;       /* of SX_LAST_SWEPT */
    int first, last; /* splits, one after the other */
    size_t count;
    uint32_t *items; /* [count] by their number in those splits; noise: by themselves */
    int32_t *labels; /* [count]; NULL: they are from elsewhere */
    uint64_t seen;   /* of some of its pictures; 0: not yet looked at */
    sx_features features;
} sx_last_set;

/* What a method says: of the best step size so far, and of the one that is tried. */
typedef struct {
    sx_ensemble best[SX_LAST_SETS], trial[SX_LAST_SETS];
    bool has_best, has_trial;
    double aurc[SX_LAST_GRID]; /* on validation, of the candidates so far */
    int chosen;
    double temperature; /* NaN: none */
} sx_last_says;

typedef enum { SX_LAST_FEATURES, SX_LAST_WALK, SX_LAST_SCORE, SX_LAST_END } sx_last_stage;

#define SX_LAST_FIT_BATCH 512           /* items of a step of the first fit of new layers */
#define SX_LAST_NUMBERS 8               /* of the position in a checkpoint */
#define SX_LAST_SAID (4 + SX_LAST_GRID) /* of a method there */

typedef struct {
    sx_study_base base;
    const sx_config *config;
    const sx_study_data *data;
    sx_study_context context;
    uint64_t seed;
    int size, slice;
    double area[SX_SWEEPS];  /* share of the image of moved and of turned objects */
    size_t pairs[SX_SWEEPS]; /* objects of a point; 0: it is not measured */
    sx_normalisation normalisation;
    sx_model model; /* stage one */
    sx_extractor *extractor;
    sx_head_form form; /* of one layer */
    sx_last_list list;
    char methods_text[SX_LAST_TEXT];

    sx_last_set sets[SX_LAST_SETS];
    int set_count, outside_end; /* behind the sets from elsewhere come those that are swept */
    sx_features_writer *writer;
    uint8_t *pixels; /* [slice, size, size, 3] */
    sx_status *statuses;
    float *rows, *logits; /* [slice, width], [slice, classes] */
    char key[1536];

    sx_last_stage stage;
    int set;     /* whose features are computed */
    size_t done; /* of them */
    int method, candidate;
    int64_t walked;       /* steps of everything that has been walked before the sampler at hand */
    sx_sampler *sampler;  /* of the method, or of the fit */
    int fitting;          /* layers that are fitted; 0: none */
    size_t told, to_tell; /* pairs of member and set that a snapshot has been asked of */
    float *fits[SX_HEAD_LAYERS + 1]; /* the point estimate of so many layers; NULL: not yet */
    float *fit_best;                 /* while one is fitted: the best so far */
    double fit_accuracy;
    sx_last_says says[SX_METHODS];
    struct sx_last_sheet *sheet; /* what the intervals are computed from */
    sx_scoring_intervals *intervals;
    int mapped; /* methods whose maps were published */

    sx_points_log series; /* step, loss */
    sx_study_report report;
    sx_safetensor *tensors; /* of the state */
    size_t tensor_room;
    sx_arena names; /* of those */
    double position[SX_LAST_NUMBERS], said[SX_METHODS * SX_LAST_SAID];
    sx_study_state state;
    sx_metadata metadata[8];
    char step_text[24], seed_text[24], data_text[160];
} sx_last;

static inline sx_last *sx_last_of(sx_study *study) {
    return (sx_last *)(void *)study;
}

/* ---- the parts --------------------------------------------------------------------------------
 */

/* Makes all sets; those that are not here are left out, and the log says so. */
sx_status sx_last_sets_make(sx_last *last, sx_error *err);
void sx_last_sets_done(sx_last *last);
/* The features of a set: opens the file, or computes a slice of it. *ended: they are there. */
sx_status sx_last_features(sx_last *last, bool *ended, sx_error *err);
/* Opens all sets' files; *found is false where one has to be computed. */
sx_status sx_last_features_open(sx_last *last, bool *found, sx_error *err);

/* One unit of the walk; *ended when the last method has said everything. */
sx_status sx_last_walk(sx_last *last, bool *ended, sx_error *err);
/* What the walk at hand needs, before its state is read: sampler and ensembles. */
sx_status sx_last_walk_prepare(sx_last *last, sx_error *err);
/* That a walk which was read asks its snapshots of no more than there is. */
sx_status sx_last_walk_check(const sx_last *last, sx_error *err);
sx_status sx_last_says_make(sx_last *last, bool single, sx_ensemble *out, sx_error *err);
void sx_last_says_done(sx_last *last, sx_ensemble *says);
bool sx_last_is_single(const sx_last_method *method);

/* Live figures on validation; figures of test and of sets from elsewhere, with intervals, slice by
 * slice. */
sx_status sx_last_draw(sx_last *last, sx_error *err);
sx_status sx_last_score(sx_last *last, bool *ended, sx_error *err);
void sx_last_score_done(sx_last *last);

/* last_layer_maps.c: what a method answers, and how often wrongly, where test objects are moved,
 * turned and resized, if it answers above the threshold that had 5 % of errors on validation:
 *   risk-location[-k], coverage-location[-k]   grids, as `location` of the robustness study
 *   risk-rotation[-k] .. coverage-size[-k]     series, likewise
 * with Wilson's intervals; the risk is NaN where nothing is answered. Of the point estimate also
 * location, rotation and size, accuracy if everything is answered. */
sx_status sx_last_maps(sx_last *last, int method, sx_error *err);
/* summary   table   of the point estimate, figure, value, low, high: test accuracy and, where
 * places were measured, accuracy in the centre and on the border and the drop between them. */
sx_status sx_last_summary(sx_last *last, sx_error *err);

/* Stage one's last layer becomes the point estimate of one layer. */
sx_status sx_last_take_head(sx_last *last, sx_error *err);
/* The model's values are others: nothing that followed from them is known. */
sx_status sx_last_renew(sx_last *last, sx_error *err);
void sx_last_report(sx_last *last);

sx_status sx_last_save(sx_study *study, sx_study_state *out, sx_error *err);
sx_status sx_last_load(sx_study *study, const sx_safetensors *file, sx_error *err);

#endif
