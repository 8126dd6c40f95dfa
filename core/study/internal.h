/* What the parts of a study share; private to core/study. The parts: training (one step and its
 * series), evaluation (the validation split and what follows from it), sweep (posed pictures),
 * claims. turns.c says whose turn it is while training goes on, ending.c what comes after. */
#ifndef SX_STUDY_INTERNAL_H
#define SX_STUDY_INTERNAL_H

#include "core/metric/metric.h"
#include "core/study/kind.h"

/* Most pictures of one slice of a measurement, and pixels that it may have: some 10 to 30 ms. */
#define SX_SLICE 256
#define SX_SLICE_PIXELS (256 * 32 * 32)
/* What a picture that is composed and measured costs, in forward passes of training: see turns.c.
 */
#define SX_PICTURE_COST 0.95
#define SX_CLAIM_ROUNDS 1000 /* of a bootstrap */
#define SX_COARSEST 3        /* the first live sweep takes an eighth of the pictures */

/* A growing column store of the points of a published series. */
typedef struct {
    int columns;
    size_t rows, capacity;
    double *values; /* [rows, columns]; column 0 is x */
} sx_points_log;
bool sx_points_log_add(sx_points_log *log, const double *row);
void sx_points_log_done(sx_points_log *log);

/* ---- evaluation of items of a split -------------------------------------------------------------
 */

typedef struct {
    sx_split split;
    size_t total, done;   /* items */
    bool whole;           /* all items of the split; else the study's subset of validation */
    float *probabilities; /* [total, classes] */
    float *logits;        /* the same, of a model that reads texts */
    size_t capacity, logits_capacity;
} sx_evaluation;

/* ---- posed pictures
 * -------------------------------------------------------------------------------- */

enum { SX_SWEEP_LOCATION, SX_SWEEP_ROTATION, SX_SWEEP_SIZE, SX_SWEEPS };

/* Whether each picture was recognised: points x pairs for each of the three factors. */
typedef struct {
    int points[SX_SWEEPS];
    size_t pairs[SX_SWEEPS];
    uint8_t *right[SX_SWEEPS]; /* [points, pairs] */
} sx_outcomes;

typedef struct {
    bool active, asked; /* asked for by a person: not a part of the turns */
    sx_split split;
    int64_t step; /* of the parameters */
    size_t done, total;
    sx_outcomes outcomes;          /* capacity for the full counts */
    sx_extent *extents[SX_SWEEPS]; /* of the test objects of its pairs, likewise */
} sx_sweep;

/* ---- patches and tokens
 * -------------------------------------------------------------------------------- */

/* Objects at one-pixel steps over two patches each way, by where in a patch the centre is. */
#define SX_OFFSET_REPEATS 4 /* places of the same offset */
typedef struct {
    bool active;
    int patch; /* pixels a side; 0: it is not measured */
    size_t pairs, done, total;
    uint8_t *right;                 /* [patch, patch, pairs]: of the repeats */
    double centre, corner, better;  /* accuracies, and by how much the first is better */
    double better_low, better_high; /* 95 % */
} sx_offsets;

/* What a network with tokens has in its parameters; NaN is unknown. All doubles: a row of the
 * state. */
#define SX_MOST_PATCH_DISTANCE 192
typedef struct {
    double correlation;   /* of the cosine of two patches' positions with their distance, ranks */
    double cosine;        /* mean of its absolute value */
    double low_frequency; /* of the components' energy, in the lower half of frequencies each way */
    double explained;     /* variance of the patches' embedding by all components */
    double shares[SX_INSIDE_COMPONENTS];        /* ... by each */
    double by_distance[SX_MOST_PATCH_DISTANCE]; /* mean cosine at a distance of 1, 2 ... patches */
} sx_token_figures;
#define SX_TOKEN_NUMBERS (sizeof(sx_token_figures) / sizeof(double))

typedef struct {
    bool active;
    int blocks, heads, grid, components; /* blocks 0: the network has no tokens */
    size_t looks;                        /* blocks x heads */
    sx_token_figures first, last;        /* at the beginning and at the end */
    sx_inspector *inspector;             /* of the study's copy, made when it is wanted */
    size_t total, done;                  /* pictures */
    float *image;                        /* [size, size, 3] */
    uint8_t *mask;                       /* [size, size]: how much of a pixel is the object's */
    double *ratios;    /* [total]: attention on the object over its share of the image */
    double *distances; /* [total, blocks, heads] of attention, in pixels */
    double share;      /* of the image that the picture's object takes */
} sx_tokens;

/* Where the turns of training and live measurement stand. Part of the state: after a resume the
 * turns fall on the same steps, though the sweep that was under way is lost. */
typedef struct {
    double budget;      /* forward passes that live measurements may take now */
    int level;          /* the next sweep takes full >> level pictures of a point */
    size_t done, total; /* pictures of the sweep whose turn it is; total 0: none */
} sx_turn;

/* What a person changed while it trains (live.c). */
#define SX_MOST_BATCH 4096
#define SX_LIVE_NUMBERS 6
typedef struct {
    bool augment;
    int batch;                            /* the size to come, 0: none */
    int64_t from_epoch;                   /* when it comes */
    int64_t origin_step, origin_position; /* as in sx_batch_options */
} sx_live;

/* ---- pictures and captions
 * -------------------------------------------------------------------------- */

/* Of a model that reads texts, too; for others all of it is empty. */
typedef struct {
    sx_text_facts facts;
    sx_captions *captions;
    int templates;
    sx_graph *graph;
    sx_run *run;    /* of the wordings of one class */
    float *ids;     /* [classes, templates, context] */
    float *vectors; /* [templates, embed] */
    double *sum;    /* [embed], of one class */
    int64_t step;   /* whose parameters made the columns of the model, -1: none yet */
    double scale;   /* of that step: logits over cosines */
} sx_pairs;

/* ---- the study
 * ---------------------------------------------------------------------------------------- */

struct sx_study {
    sx_study_base base;
    const sx_config *config;
    const sx_study_data *data;
    sx_study_context context;
    uint64_t seed;
    int size, batch, classes;
    int accumulate; /* batches of a step */
    int64_t steps, validate_every;
    size_t validate_items, full[SX_SWEEPS]; /* images of a point at the end */
    int slice;                              /* pictures of a slice */
    uint32_t *subset;                       /* [validate_items], ascending; NULL: all */
    double share, area[SX_SWEEPS];
    sx_model model, copy; /* the copy is what a sweep measures */
    sx_normalisation normalisation;
    int passes; /* that a step takes over an image, of a forward one: 3, or less where layers are
                 * held fast */
    sx_trainer *trainer;
    sx_batches *batches;
    sx_live live;
    sx_evaluator *evaluator, *copy_evaluator;
    float *images;  /* [accumulate, batch, size, size, 3] */
    float *targets; /* [accumulate, batch, target length], where there are any */
    sx_pairs pairs;
    int32_t *labels;
    uint8_t *pixels; /* [slice, size, size, 3] */
    int32_t *slice_labels;
    float *slice_probabilities; /* [slice, classes] */
    sx_status *slice_status;    /* of each picture of a slice */
    /* position */
    sx_phase phase;
    int64_t validated; /* step of the last validation, -1: none */
    sx_turn turn;
    bool measure_now;
    sx_evaluation evaluation;
    bool evaluating;
    sx_sweep sweep;
    sx_offsets offsets;
    sx_tokens tokens;
    int stage; /* of the last measurements */
    /* series */
    int64_t record_every;
    double sums[5]; /* since the last point: loss, accuracy, rate, norm, steps */
    sx_points_log training, validation;
    double test_accuracy;
    size_t test_count;
    sx_calibration calibration;
    sx_selective selective;
    sx_study_report report;
    /* state for checkpoints */
    sx_safetensor *tensors;
    sx_metadata metadata[16];
    double token_row[SX_TOKEN_NUMBERS];
    double turn_row[4], live_row[SX_LIVE_NUMBERS];
    char seed_text[24], validated_text[24], data_text[160], plan_text[160];
};

/* config.c: that a key is in the table and takes the value; that a value fits on a line. */
sx_status sx_config_check(const char *section, const char *key, const char *value, sx_error *err);
sx_status sx_config_check_line(const char *key, const char *value, sx_error *err);

/* The model that a configuration names, for images of `size` pixels a side; and how its input is
 * normalised. */
sx_status sx_study_normalisation(const sx_config *config, sx_normalisation *out, sx_error *err);
sx_status sx_study_make_model(const sx_config *config, int size, int classes, sx_model *out,
                              sx_error *err);

/* kinds.c: the first report of a study that trains no network: figures of that are not known. */
sx_study_report sx_report_without_training(sx_phase phase, int64_t steps, int batch);

/* probe.c: how many pictures are asked at a time of a network of so many multiply-adds an image. */
int sx_probe_batch(double cost);

/* state.c: the whole state; and that a checkpoint was made on these data. */
sx_status sx_state_save(sx_study *study, sx_study_state *out, sx_error *err);
sx_status sx_state_load(sx_study *study, const sx_safetensors *file, sx_error *err);
/* What the data are, as far as a resumed run must find them again. */
void sx_study_describe_data(const sx_study_data *data, char *out, size_t size);
sx_status sx_study_check_data(const sx_study_data *data, const sx_safetensors *file, sx_error *err);

/* tensors.c: a row a slice, "weights": name, how its values came to be, shape, figures, histogram.
 * NULL with `err` filled; SX_CANCELLED once `stop` (may be NULL) is set. */
sx_result *sx_parameters_table(const sx_parameters *parameters, const atomic_bool *stop,
                               sx_error *err);

/* Publishes; a NULL result (no memory) is SX_NO_MEMORY. */
sx_status sx_study_publish(sx_study *study, sx_result *result, sx_error *err);
/* The same for a result that was measured on a split's items, shown as `scene` says (copied); NULL:
 * as the study composes its images. */
sx_status sx_study_publish_measured(sx_study *study, sx_result *result, sx_split split,
                                    const char *scene, sx_error *err);
sx_status sx_study_no_memory(sx_error *err);
/* Of a bootstrap of the study, which ends when the study is to stop. */
sx_rounds sx_study_rounds(const sx_study *study);

/* Draws `count` pictures of a slice by `draw` over the pool. */
typedef sx_status (*sx_slice_draw)(sx_study *study, int picture, uint8_t *pixels, int32_t *label,
                                   sx_error *err);
sx_status sx_study_draw_slice(sx_study *study, int count, sx_slice_draw draw, sx_error *err);

/* training.c */
sx_status sx_study_train(sx_study *study, sx_error *err);

/* pairs.c: captions and columns for a model that reads texts; the columns of the parameters that
 * measurements use now. */
sx_status sx_pairs_prepare(sx_study *study, sx_error *err);
void sx_pairs_done(sx_pairs *pairs);
void sx_pairs_refresh(sx_study *study);

/* likeness.c: of captions and pictures, after an evaluation; NULL if memory is out. */
sx_result *sx_likeness_make(const sx_study *study);

/* live.c: buffers of a step for batches of that size; before a step, what it needs (the next size
 * of batch, the worker that makes batches); the settings as figures; and as a row of the state. */
void sx_live_init(sx_study *study);
sx_status sx_live_allocate(sx_study *study, int batch, sx_error *err);
sx_status sx_live_prepare(sx_study *study, sx_error *err);
int64_t sx_live_images(const sx_study *study); /* that were trained on, each time counted */
void sx_live_report(const sx_study *study, sx_study_report *report);
sx_status sx_live_command(sx_study *study, const char *name, double value, sx_error *err);
void sx_live_save(const sx_study *study, double row[SX_LIVE_NUMBERS]);
sx_status sx_live_load(sx_study *study, const double row[SX_LIVE_NUMBERS], sx_error *err);

/* turns.c: one unit of work of training; ending.c: one of the last measurements. */
sx_status sx_study_take_turn(sx_study *study, sx_error *err);
sx_status sx_study_measure_end(sx_study *study, sx_error *err);
double sx_study_slices_left(const sx_study *study); /* of the last measurements, about */

/* evaluation.c: draws the subset; starts one (of `total` items), takes a slice, and publishes what
 * follows from it.
 */
sx_status sx_evaluation_prepare(sx_study *study, sx_error *err);
sx_status sx_evaluation_start(sx_study *study, sx_split split, size_t total, sx_error *err);
sx_status sx_evaluation_slice(sx_study *study, sx_error *err);
sx_status sx_evaluation_publish(sx_study *study, sx_error *err);
double sx_evaluation_accuracy(const sx_study *study);
/* The class that is the likeliest, the first of equals; of logits likewise. */
int sx_likeliest(const float *probabilities, int classes);
bool sx_evaluation_is_right(const sx_study *study, size_t k);
size_t sx_evaluation_item(const sx_study *study, size_t k);

/* sweep.c */
sx_status sx_sweep_prepare(sx_study *study, sx_error *err); /* allocates for the full counts */
size_t sx_sweep_pictures(const sx_study *study, int level);
void sx_sweep_start(sx_study *study, sx_split split, int level);
sx_status sx_sweep_slice(sx_study *study, sx_error *err);
sx_status sx_sweep_publish(sx_study *study, sx_error *err);
void sx_sweep_done(sx_study *study);
sx_pose sx_sweep_pose(const sx_study *study, int sweep, int point);
/* For other kinds: how many points a sweep has; a point's pose, where its area is not what changes;
 * an empty map or curve over them, named `result`, of a figure called `figure`, and the places of
 * its values, lows, highs and counts. NULL without memory. */
int sx_sweep_points(int sweep);
sx_pose sx_grid_pose(int sweep, int point, double area);
sx_result *sx_sweep_result(int sweep, const char *result, const char *title, const char *figure,
                           double *arrays[4]);
/* Publishes what was measured by it; takes the result. */
sx_status sx_sweep_publish_result(sx_study *study, int sweep, sx_result *result, sx_error *err);
double sx_outcome_accuracy(const sx_outcomes *outcomes, int sweep, int point);

/* outcomes.c: what each picture of the end came to, so that whoever compares runs can count again.
 * After the sweep over test objects, while the evaluation is that of the test split. */
sx_status sx_outcomes_publish(sx_study *study, sx_error *err);

/* offsets.c: with the parameters that the last sweep copied. */
sx_status sx_offsets_prepare(sx_study *study, sx_error *err);
size_t sx_offsets_pictures(const sx_study *study);
void sx_offsets_start(sx_study *study);
sx_status sx_offsets_slice(sx_study *study, sx_error *err);
sx_status sx_offsets_publish(sx_study *study, sx_error *err);

/* tokens.c: likewise, a picture at a time; prepare takes the figures at the beginning. */
sx_status sx_tokens_prepare(sx_study *study, sx_error *err);
size_t sx_tokens_pictures(const sx_study *study);
sx_scene sx_tokens_scene(const sx_study *study, size_t pair); /* a picture's */
sx_status sx_tokens_start(sx_study *study, sx_error *err);
sx_status sx_tokens_slice(sx_study *study, sx_error *err);
void sx_tokens_done(sx_tokens *tokens);

/* token_figures.c: from parameters alone; `grid` patches a side. */
sx_status sx_token_figures_take(const sx_model *model, int grid, sx_token_figures *out,
                                sx_error *err);
/* token_results.c: all that was measured of offsets and tokens, and the table of its figures. */
sx_status sx_token_results_publish(sx_study *study, sx_error *err);

/* cost.c: what the study's training took. */
sx_result *sx_cost_of_study(sx_study *study, sx_error *err);

/* claims.c: the claims of the study from the outcomes of a sweep, as a result; and the figures that
 * go into the summary: centre, ring, drop. NULL with `err` filled. */
typedef struct {
    double centre, ring, drop, drop_low, drop_high;
} sx_drop;
sx_status sx_claims_drop(const sx_outcomes *outcomes, sx_rounds rounds, sx_drop *out,
                         sx_error *err);
sx_result *sx_claims_make(const sx_outcomes *outcomes, sx_rounds rounds, sx_error *err);

#endif
