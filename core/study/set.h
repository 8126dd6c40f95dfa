/* Measuring models on a set of objects at every size, place or angle (SI-Score, arXiv 2104.04191):
 * the study of kind "si-score-set"; private to core/study. Pictures are looked at once, by all
 * models, a few pairs of object and background at all values first; what each model made of each
 * picture is kept, and every figure is counted from that, so that figures follow from what has been
 * seen and from nothing else. The parts: plan (pictures, values, order), models (a batch), tally
 * (counts), resample (intervals), results, rows, state. */
#ifndef SX_STUDY_SET_H
#define SX_STUDY_SET_H

#include "core/metric/metric.h"
#include "core/study/kind.h"

#define SX_SET_MODELS 8
#define SX_SET_NAME 48
#define SX_SET_FILE (SX_SET_NAME + 16)
#define SX_SET_ROUNDS 1000  /* of a bootstrap */
#define SX_SET_WORST 24     /* pictures of a point that are shown */
#define SX_SET_FEW 30       /* pictures below which a cell rests on little */
#define SX_SET_VALUES 1001  /* most values of a factor; of more it is not one that was set */
#define SX_SET_PLACES 65536 /* most cells of a map */

/* ---- set_plan.c --------------------------------------------------------------------------------
 */

typedef enum { SX_SET_X, SX_SET_Y, SX_SET_SIZE, SX_SET_ROTATION, SX_SET_FACTORS } sx_set_factor;

/* What pictures are grouped by; a score is a mean over the groups of one of the first three. */
typedef enum {
    SX_BY_SIZE,
    SX_BY_ROTATION,
    SX_BY_LOCATION,
    SX_BY_ROTATION_AND_SIZE,
    SX_GROUPINGS,
    SX_SCORES = SX_BY_ROTATION_AND_SIZE
} sx_grouping;
const char *sx_grouping_name(sx_grouping grouping); /* "size" */

/* The values of a factor, ascending. */
typedef struct {
    int count;      /* 0: it is not known, or changes without end; 1: it does not change */
    double *values; /* [count] */
    uint16_t *at;   /* [items] */
} sx_set_axis;

#define SX_SET_LEVELS 6
typedef struct {
    const sx_source *source;
    size_t items;
    int classes;
    sx_set_axis axes[SX_SET_FACTORS];
    int32_t *labels; /* [items] */
    uint32_t *pairs; /* [items]; where the set does not say, a pair is a picture */
    size_t pair_count;
    bool paired;                /* the set says it */
    uint32_t *order;            /* [items], as they are looked at */
    size_t ends[SX_SET_LEVELS]; /* in `order`, ascending; the last is `items` */
} sx_set_plan;

size_t sx_set_items(const sx_source *source); /* that are measured */
sx_status sx_set_plan_make(const sx_source *source, uint64_t seed, sx_set_plan *out, sx_error *err);
void sx_set_plan_done(sx_set_plan *plan);

/* How many groups there are, 0 where the factors do not change; and which an item is in. Groups of
 * two factors are row by row: of a location, a row is a y; of rotation and size, a size. */
size_t sx_set_groups(const sx_set_plan *plan, sx_grouping grouping);
size_t sx_set_group(const sx_set_plan *plan, sx_grouping grouping, size_t item);
/* The axes of columns and rows; the same where there is one factor. */
const sx_set_axis *sx_set_columns(const sx_set_plan *plan, sx_grouping grouping);
const sx_set_axis *sx_set_rows(const sx_set_plan *plan, sx_grouping grouping);

/* The level that the picture at a place of `order` belongs to. */
int sx_set_level(const sx_set_plan *plan, size_t place);

sx_status sx_set_picture(const sx_set_plan *plan, size_t item, sx_image *out, sx_error *err);
void sx_set_picture_name(const sx_set_plan *plan, size_t item, char *out, size_t size);

/* Whether an item's pair is there at every value while all else stays (the confound of dropped
 * pictures, robustness-and-vit.md A.3), into kept [items]; pictures with skipped [items] are not
 * there. Returns false where that cannot be said: pairs are not known, or memory is out. */
bool sx_set_same_pairs(const sx_set_plan *plan, sx_grouping grouping, const uint8_t *skipped,
                       uint8_t *kept);

/* ---- set_models.c ------------------------------------------------------------------------------
 */

enum { SX_SEEN_NOT, SX_SEEN, SX_SEEN_BROKEN };

/* One model, and what it made of pictures. */
typedef struct {
    sx_outside outside;
    char name[SX_SET_NAME]; /* "vit-b-16", different from the others' */
    int *mapped;            /* [classes of the set]: its classes */
    sx_graph *graph;
    sx_run *run;
    float *images;       /* [batch, its input] */
    float *logits;       /* [batch, its classes] */
    int32_t *prediction; /* [items]; -1: its logits are not numbers */
    uint8_t *top;        /* [items]: the true class is among the first */
    float *loss;         /* [items] */
    uint64_t print;      /* of its parameters */
} sx_set_model;

/* A picture that cannot be read, and why. */
typedef struct {
    uint32_t item;
    char reason[200];
} sx_set_broken;
#define SX_SET_BROKEN 1000 /* that are named */

/* ---- the study ---------------------------------------------------------------------------------
 */

typedef enum {
    SX_SET_LOOK,
    SX_SET_INTERVALS,
    SX_SET_PICTURES,
    SX_SET_ROWS,
    SX_SET_END
} sx_set_stage;

/* Intervals of one score, over all pairs and over each class's. */
typedef struct {
    sx_interval plain, by_class;
} sx_set_intervals;

typedef struct sx_set_bootstrap sx_set_bootstrap;

typedef struct {
    sx_study_base base;
    const sx_config *config;
    sx_study_context context;
    sx_set_plan plan;
    sx_set_model models[SX_SET_MODELS];
    int model_count, batch, top;
    bool same;        /* figures are of the same pairs */
    bool published;   /* pictures are cropped as published */
    char how[96];     /* ... and said in every figure */
    char titled[128]; /* what the models are, in one line */
    uint64_t seed;
    /* what was seen */
    size_t done;         /* of plan.order */
    uint8_t *seen;       /* [items] */
    int32_t *prediction; /* [models, items], the models' own are parts of these */
    uint8_t *top_found;
    float *loss;
    size_t broken_count;
    sx_set_broken *broken;       /* [SX_SET_BROKEN] */
    uint8_t *kept[SX_GROUPINGS]; /* [items]; NULL: the same pairs are not known */
    /* the batch at hand */
    int model, count;
    bool *good;                 /* [batch] */
    sx_resize_scratch *scratch; /* [threads] */
    /* what is due */
    sx_set_stage stage;
    bool draw;                                               /* figures, before anything else */
    size_t drawn;                                            /* `done` when they were made last */
    sx_set_bootstrap *boots;                                 /* while intervals are made */
    sx_set_intervals intervals[SX_SCORES][SX_SET_MODELS][2]; /* of all and of the same pairs */
    bool intervals_hold;                                     /* they are those of what was seen */
    int worst;                                               /* tables of them that are there */
    int rows_model;
    size_t rows_item;
    sx_text rows;
    char rows_names[SX_SET_MODELS][SX_SET_FILE]; /* of files; "": not written */
    sx_study_report report;
    /* state for checkpoints */
    sx_safetensor tensors[4];
    sx_metadata metadata[8];
    char set_text[160], models_text[SX_SET_MODELS * 20], seed_text[24], step_text[24];
} sx_set;

/* The study that a handle is. */
sx_set *sx_set_of(sx_study *study);

sx_status sx_set_no_memory(sx_error *err);

/* Opens the models that the configuration names, and makes room for what they say. */
sx_status sx_set_open_models(sx_set *set, sx_error *err);
void sx_set_close_models(sx_set *set);
/* One model's view of a batch; the first of a batch reads its pictures, the last ends it. */
sx_status sx_set_look(sx_set *set, sx_error *err);
/* Keeps the sentence about a picture, for the first of them; says it in the log if `loud`. */
void sx_set_note_broken(sx_set *set, size_t item, const sx_error *err, bool loud);

/* ---- set_tally.c -------------------------------------------------------------------------------
 */

/* Counts of a model's pictures that were seen, group by group. */
typedef struct {
    size_t groups, classes;
    double *n, *right, *top;       /* [groups] */
    double *class_n, *class_right; /* [groups, classes]; NULL: too many to be counted */
} sx_set_tally;
sx_status sx_set_count(const sx_set *set, int model, sx_grouping grouping, bool same,
                       sx_set_tally *out, sx_error *err);
void sx_set_tally_done(sx_set_tally *tally);

/* Whether a model is right about an item that was seen. */
bool sx_set_is_right(const sx_set *set, int model, size_t item);
/* Whether an item counts: seen, and one of the same pairs where those are meant. */
bool sx_set_counts(const sx_set *set, sx_grouping grouping, bool same, size_t item);

/* The unweighted mean over groups with pictures of right / n; NaN without any. */
double sx_set_mean(const double *right, const double *n, size_t groups);
/* The same of the means over classes of each group. */
double sx_set_mean_by_class(const double *right, const double *n, size_t groups, size_t classes);
/* Means over the central third of a map, and over its border; NaN. */
typedef struct {
    double centre, ring;
} sx_set_parts;
sx_set_parts sx_set_parts_of(const sx_set_plan *plan, const sx_set_tally *tally);

/* ---- set_resample.c ----------------------------------------------------------------------------
 */

/* Begins with the intervals of all scores; takes a part of the rounds; true once all are there. */
sx_status sx_set_resample_begin(sx_set *set, sx_error *err);
sx_status sx_set_resample(sx_set *set, bool *ended, sx_error *err);
void sx_set_resample_end(sx_set *set);

/* ---- results -----------------------------------------------------------------------------------
 */

/* Publishes; a NULL result (no memory) is SX_NO_MEMORY. Says on what it was measured. */
sx_status sx_set_publish(sx_set *set, sx_result *result, sx_error *err);
/* Which pairs are the same now: those of pictures that turned out broken are not. */
sx_status sx_set_find_pairs(sx_set *set, sx_error *err);
/* All figures and tables of what was seen so far. */
sx_status sx_set_draw(sx_set *set, sx_error *err);
/* set_tables.c: score, same-pairs, classes and broken pictures. */
sx_status sx_set_draw_tables(sx_set *set, sx_error *err);

/* set_worst.c: the next table of pictures behind points; true once all are there. */
sx_status sx_set_draw_worst(sx_set *set, bool *ended, sx_error *err);

/* set_rows.c: some pictures' lines; true once all files are there. */
sx_status sx_set_write_rows(sx_set *set, bool *ended, sx_error *err);

/* set_state.c */
sx_status sx_set_save(sx_study *study, sx_study_state *out, sx_error *err);
sx_status sx_set_load(sx_study *study, const sx_safetensors *file, sx_error *err);

#endif
