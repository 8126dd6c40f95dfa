/* Studies: a study turns a configuration into data, a model, training steps, measurements, results
 * and claims. It knows neither engine nor screen: whoever drives it calls sx_study_advance again
 * and again and decides about pausing, stopping, checkpoints and publication. */
#ifndef SX_STUDY_STUDY_H
#define SX_STUDY_STUDY_H

#include "core/base/base.h"
#include "core/data/data.h"
#include "core/result/result.h"
#include "core/study/cells.h"
#include "core/study/inspection.h"
#include "core/study/origin.h"
#include "core/study/outside.h"
#include "core/study/predictions.h"
#include "core/study/recipe.h"
#include "core/study/scoring.h"
#include "core/study/zero_shot.h"
#include "core/train/train.h"

/* ---- configuration: a study file, a preset, overrides ---------------------------------------- */

/* Every key of a study file, with type, range, default and help. */
extern const sx_option sx_study_options[];

/* The methods of studies of last layers (last_layer.methods); NULL past the end. */
typedef struct {
    const char *name, *help;
    const sx_option *options;
} sx_method_kind;
const sx_method_kind *sx_method_kind_at(int row);

/* An entry of a section that is no part of the table: [cell NAME], [claims] (cells.h). */
typedef struct {
    const char *section, *key, *value;
} sx_config_entry;

/* Values of all keys. Later sources win: defaults, file, the preset's section, overrides. */
typedef struct sx_config {
    sx_arena arena;
    char **values; /* [rows of sx_study_options], never NULL */
    bool *given;   /* ... whether a file or a person gave it */
    sx_config_entry *entries;
    size_t entry_count, entry_capacity;
} sx_config;

sx_status sx_config_new(sx_config *out, sx_error *err); /* all defaults */
void sx_config_done(sx_config *config);

/* Reads a study file into a configuration that holds the defaults; after an error it may hold a
 * part of the file. A section named like a preset ([quick], [class], [full]) holds entries
 * "section.key = value" and is applied when [run] preset (or `preset`, not NULL, which wins) names
 * it. Unknown keys and bad values: file, line, nearest name. */
sx_status sx_config_read(sx_config *out, const char *path, const char *preset, sx_error *err);
/* The same from text (a run folder's run.ini); `name` is used in sentences. */
sx_status sx_config_parse(sx_config *out, const char *name, const char *text, const char *preset,
                          sx_error *err);
/* "section.key=value"; not run.preset, whose section would not be applied. */
sx_status sx_config_override(sx_config *config, const char *assignment, sx_error *err);
/* The same for a program's own choice, which nobody gave; and only where nobody gave another. */
sx_status sx_config_put(sx_config *config, const char *section, const char *key, const char *value,
                        sx_error *err);
sx_status sx_config_offer(sx_config *config, const char *section, const char *key,
                          const char *value, sx_error *err);
bool sx_config_given(const sx_config *config, const char *section, const char *key);
/* After an error `out` needs no end. */
sx_status sx_config_copy(const sx_config *from, sx_config *out, sx_error *err);
/* The value of a key that is in the table. */
const char *sx_config_text(const sx_config *config, const char *section, const char *key);
double sx_config_number(const sx_config *config, const char *section, const char *key);
/* All values as a study file that reads back equal. */
void sx_config_write(const sx_config *config, sx_text *out);

/* ---- kinds ------------------------------------------------------------------------------------
 */

/* A row of the study table; NULL past the end. */
typedef struct {
    const char *name, *help, *paper;
    bool measures_only; /* nothing is trained: there is no network to put questions to */
    bool without_data;  /* it has no data set: sx_study_new is given none */
} sx_study_kind;
const sx_study_kind *sx_study_kind_at(int row);
const sx_study_kind *sx_study_kind_of(const sx_config *config);

/* ---- data that outlives a study ----------------------------------------------------------------
 */

/* The data set and its view, counted, so that a screen can show pictures of a study that has ended.
 * Immutable; any thread. */
typedef struct {
    sx_source *source;
    sx_view *view;
    sx_view *training; /* of larger pictures, whose parts are trained on; NULL: `view` */
} sx_study_data;
sx_study_data *sx_study_data_new(const sx_config *config, const sx_loading *loading, sx_error *err);
/* The same of a configuration whose recipe is looked up first, by what the data set is; what it
 * sets is in `config` afterwards. */
sx_study_data *sx_study_data_resolve(sx_config *config, const sx_loading *loading, sx_error *err);
/* What follows for a study without data. */
sx_status sx_study_resolve_alone(sx_config *config, sx_error *err);
sx_study_data *sx_study_data_keep(const sx_study_data *data);
void sx_study_data_release(const sx_study_data *data);

/* ---- running one --------------------------------------------------------------------------------
 */

/* What a study publishes, by name (kind; over what; lines or columns):
 *   training       series   step          loss, accuracy, learning rate, gradient norm
 *   validation     series   step          loss, accuracy
 *   items          table    validation items of the last evaluation: item, label, prediction,
 *                           confidence, entropy, margin, wrong, loss
 *   confusion      grid     true x says   share of the true class's items (low, high, count), by
 *                           name; of at most 100 classes: of more, the items tell
 *   likeness       grid     caption x picture   mean cosine (low, high, count), by class, of a
 * model that reads texts location       grid     y x x         accuracy (low, high, count) at area
 * 0.2 rotation       series   degrees       accuracy size           series   share of the image
 * accuracy risk-coverage  series   coverage      max prob, entropy, margin, oracle; at most 400
 * points reliability    series   bin centre    accuracy, confidence (counts in `count` of accuracy)
 *   risk           table    measure, AURC, E-AURC, AUGRC, coverage at 2 % risk, threshold
 *   calibration    table    figure, value: accuracy, ECE, MCE, NLL, Brier
 *   summary        table    figure, value, low, high: the end's figures, test split included
 *   model-cost     table    figure, value: parameters, multiply-adds, training FLOPs
 *   claims         claims
 * and, of each picture of the last measurements:
 *   outcomes-location, outcomes-rotation, outcomes-size   grid   point x pair   1: recognised, or 0
 *   inside-location, inside-size   grid   point x pair   share of the object that is inside
 *   outcomes-pairs table    pair, item, background, label, class, width and height of the object
 *   outcomes-test  table    items of the test split: item, label, recognised
 * and where the study asks for it (robustness.phase_items), and of a network with tokens
 *   phase          grid     y x x         accuracy by the place of the object's centre in its patch
 *   positions      series   patches       mean cosine of two patches' positions, now and at first
 *   patch-components series components    share of the patches' embedding's variance, likewise
 *   rollout        series   pictures      attention on the object over its share of the image
 *   attention-distance series block       pixels: mean, nearest and farthest head, over pictures
 *   head-distance  grid     block x head  the same of each
 *   tokens         table    figure, value, low, high: of all of these
 * A study of kind si-score-set publishes instead, of up to eight models (core/study/set.h):
 *   size, rotation series   factor        accuracy, a line a model; rotation from -179 degrees
 *   rotation-normalised     series        the same over each model's largest value
 *   location, location-2 .. grid  y x x   accuracy of the first model, the second ..
 *   location-difference, location-difference-3 ..  grid   second, third .. model less the first
 *   rotation-size, -2 ..    grid          where both change
 *   score          table    a row a model and factor: means of groups, by class, centre, ring
 *   same-pairs     table    the same with and without pairs that are not at every value
 *   size-same-pairs, rotation-same-pairs  series  what that changes, a line a model
 *   classes        table    a row a class and model
 *   broken         table    pictures that cannot be read
 *   worst-location, worst-size, worst-rotation, worst-location-2 ..  table  of each point the
 *                           pictures with the highest loss: column (x or the factor), row (y),
 *                           item, label, right, loss, says
 * and leaves rows-MODEL.csv in its folder. One of kind predictions publishes what scoring.h says.
 * Results hold nothing that depends on time or threads. */
typedef struct {
    sx_pool *pool;           /* borrowed; may be NULL */
    const atomic_bool *stop; /* borrowed; looked at between graph nodes and batches */
    void *user;
    void (*publish)(void *user, sx_result *result); /* takes the result */
    const sx_origin *origin; /* what training begins with, borrowed while the study is made; NULL:
                              * values drawn by the seed, or what sx_study_load brings */
    /* For a study that measures other networks: opens that of a run, whose folder a study does not
     * know, with the names of its classes where they can be found; NULL: there are no runs. */
    sx_status (*open_run)(void *user, const char *which, sx_origin *out, sx_error *err);
    const char *folder; /* where it may leave files beside its results, borrowed; NULL: nowhere */
    void (*note)(void *user, const char *sentence); /* for the log; NULL: nobody reads it */
} sx_study_context;

/* The matrix of a table of items, whoever wrote it; without the columns, or of less than one class:
 * NULL, as where memory is out. Returns owned. */
sx_result *sx_confusion_make(const sx_source *source, const sx_result *items);

/* "model-cost" of a model that is trained on so many images, one counted each time it is seen:
 * table of figure, value. What the beginning of a network costs that is held fast is counted as one
 * pass over an image, else a step is three. NULL with `err` filled. */
sx_result *sx_cost_make(const sx_model *model, double images, sx_error *err);

typedef enum {
    SX_PHASE_TRAINING,
    SX_PHASE_MEASURING, /* the last, full measurements */
    SX_PHASE_FINISHED
} sx_phase;

/* Figures after an advance; NaN is unknown. */
typedef struct {
    sx_phase phase;
    int64_t step, steps;
    double phase_done; /* 0 .. 1 of the phase */
    double loss, accuracy, validation_loss, validation_accuracy, learning_rate, gradient_norm;
    int batch;     /* images of a step */
    bool trained;  /* this advance was a training step (else a measurement) */
    bool recorded; /* a point was added to a published series: worth a journal line */
    double scale;  /* live factor on the learning rate */
    double momentum, weight_decay; /* of the optimiser now; NaN where it has none */
    sx_knob_range knobs[SX_KNOBS]; /* what they may be */
    bool augments;                 /* training images are changed at random */
    bool can_augment;              /* ... or would be, if that were on */
    int next_batch;                /* images of a step from the next epoch on; 0: as now */
    double epoch;                  /* passes over the training images so far */
    double slices_left;            /* advances that the last measurements still take, about */
    bool measures_only;            /* nothing is trained; steps are pictures, of all models */
    const char *unit;              /* of those steps, if they are no pictures: "resamples"; NULL */
    double waiting; /* share of batches, so far, that were not ready when they were wanted */
} sx_study_report;

typedef struct sx_study sx_study;

/* Builds the model and everything a step needs; borrows config and data (which must outlive it). */
sx_study *sx_study_new(const sx_config *config, const sx_study_data *data,
                       const sx_study_context *context, sx_error *err);
void sx_study_free(sx_study *study);

/* One small unit of work (a training step, or a slice of a measurement; well under 100 ms).
 * Training and measurement take turns by a rule in steps and costs, never in seconds. SX_CANCELLED
 * when the stop flag was seen: nothing half-done is kept. At SX_PHASE_FINISHED does nothing. */
sx_status sx_study_advance(sx_study *study, sx_study_report *out, sx_error *err);

/* Live commands; they act at the next advance. Unknown names: SX_BAD_INPUT with the nearest.
 *   "scale" factor         multiplies the learning rate's live factor
 *   "measure" 1            starts a live measurement now
 *   "momentum" value       of the optimiser (Adam: beta1)
 *   "weight-decay" value
 *   "augment" 0 or 1       the study's augmentation off, or on again
 *   "batch" images         of a step, from the next epoch on
 * Check says beforehand, by the same rules, if a study that has reported this would take it: for
 * whoever sees no more of the study than its reports. */
sx_status sx_study_check(const sx_study_report *report, const char *name, double value,
                         sx_error *err);
sx_status sx_study_command(sx_study *study, const char *name, double value, sx_error *err);

/* Facts for titles: "cnn(width=16, depth=3)", its number of trained values. */
const char *sx_study_model(const sx_study *study);
size_t sx_study_trained_values(const sx_study *study);

/* The parameters that measurements use now: the averaged ones, if there are any. Borrows, until the
 * next advance. */
const sx_parameters *sx_study_parameters(sx_study *study);

/* The whole state for a checkpoint; borrows the study's memory until the next advance. Loading
 * checks everything (same model, same data, same seed) before it changes anything; afterwards the
 * study goes on to the same bits as one that was never stopped. Live measurements in progress are
 * not part of the state: they only read. */
typedef struct {
    const sx_safetensor *tensors;
    size_t count;
    const sx_metadata *metadata;
    size_t metadata_count;
} sx_study_state;
sx_status sx_study_save(sx_study *study, sx_study_state *out, sx_error *err);
sx_status sx_study_load(sx_study *study, const sx_safetensors *file, sx_error *err);

/* ---- the probe: one object in one place -------------------------------------------------------
 */

/* Along which factor the curve of an answer goes. */
typedef enum { SX_ALONG_X, SX_ALONG_Y, SX_ALONG_ROTATION, SX_ALONG_SIZE, SX_ALONGS } sx_along;
const char *sx_along_name(sx_along along); /* "across", "down", "rotation", "size" */
/* The pose with another value of the factor: x, y (0 .. 1), degrees, share of the image. */
sx_pose sx_along_pose(sx_pose pose, sx_along along, double value);
double sx_along_value(sx_pose pose, sx_along along);

#define SX_PROBE_POINTS 25 /* of the curve */
#define SX_PROBE_TILE 64   /* pixels a side of the pictures along it, at most */

/* What was asked, and what is known of it; grows from picture to probabilities to curve. */
typedef struct {
    sx_scene scene;
    sx_along along;
    int64_t step; /* of the parameters; -1: there is no model */
    int size, classes, label;
    uint8_t *pixels;                                         /* [size, size, 3] */
    float *probabilities;                                    /* [classes]; NaN: not known yet */
    double curve_x[SX_PROBE_POINTS], curve[SX_PROBE_POINTS]; /* probability of `label`; NaN */
    int tile;
    float *sweep;   /* [SX_PROBE_POINTS, classes], of every class along it; NULL: not known yet */
    uint8_t *tiles; /* [SX_PROBE_POINTS, tile, tile, 3], the pictures along it; likewise */
} sx_probe_answer;

/* The pictures behind a point of a sweep: the first pairs at one pose, as the network sees them. */
#define SX_SHEET_PICTURES 60
typedef struct {
    size_t item;
    uint64_t background;
    int label, prediction;     /* -1: there is no network */
    double confidence, p_true; /* of the prediction and of the label; NaN */
} sx_sheet_entry;
typedef struct {
    sx_split split;
    sx_pose pose;
    int count, size; /* pictures; pixels a side */
    int64_t step;    /* of the parameters; -1: there is no model */
    sx_sheet_entry entries[SX_SHEET_PICTURES];
    uint8_t *pixels; /* [count, size, size, 3] */
} sx_sheet;

/* Draws scenes and asks a network of its own. One thread at a time. */
typedef struct sx_probe sx_probe;

/* Keeps `data`. `config` NULL: there is no model. Returns owned. */
sx_probe *sx_probe_new(const sx_config *config, const sx_study_data *data, sx_error *err);
void sx_probe_free(sx_probe *probe);

/* Takes a copy of parameters of a study of the same configuration, after `step` steps. */
void sx_probe_learn(sx_probe *probe, const sx_parameters *parameters, int64_t step);
/* The same from a checkpoint of such a study on the same data: the parameters that measurements
 * would use. */
sx_status sx_probe_read(sx_probe *probe, const sx_config *config, const sx_safetensors *checkpoint,
                        sx_error *err);

const sx_study_data *sx_probe_data(const sx_probe *probe); /* borrowed */

/* The answer to the last question, borrowed. */
const sx_probe_answer *sx_probe_answer_of(const sx_probe *probe);

/* Begins an answer: the picture (black if its item cannot be read). Then the probabilities (a
 * millisecond for a small network), then the curve, which is known at once where only its factor
 * has changed since the last one. SX_CANCELLED when the stop flag was seen. Without a model, or
 * before it has learned, both say SX_OK and leave NaN. */
sx_status sx_probe_begin(sx_probe *probe, const sx_scene *scene, sx_along along, sx_error *err);
sx_status sx_probe_judge(sx_probe *probe, sx_error *err);
sx_status sx_probe_walk(sx_probe *probe, sx_error *err);
/* The network's mind in one-pixel steps around the scene that was begun: two patches each way, or
 * 16 pixels where it has no patches, within the picture. First the object's own probabilities,
 * then, as far as they come cheaply, how many of the first pairs of its split are recognised at
 * each place. Publishes as it goes on, coarse places first, each result in place of the one before
 * of its name:
 *   nearby           grid  y x x, pixels of the centre: probability of the true class
 *   nearby-accuracy  grid  likewise: accuracy over pairs (low, high, count)
 * What was known before of the same places is not computed again. SX_CANCELLED likewise. */
sx_status sx_probe_nearby(sx_probe *probe, void (*publish)(void *user, sx_result *result),
                          void *user, sx_error *err);

/* Fills pictures and entries of a sheet whose split, pose and count (1 .. SX_SHEET_PICTURES) are
 * set; its pixels are the probe's until the next sheet. SX_CANCELLED likewise, between any two
 * pictures. */
sx_status sx_probe_sheet(sx_probe *probe, sx_sheet *sheet, sx_error *err);
/* The inspector of the probe's network, which is the probe's; SX_BAD_INPUT and NULL without a
 * network or before it has learned. */
sx_inspector *sx_probe_inspector(sx_probe *probe, sx_error *err);
/* Looks inside at pixels [size, size, 3]: `inspection` without image, pixels, names and step. */
sx_status sx_probe_inspect(sx_probe *probe, const uint8_t *pixels, const sx_inspection *inspection,
                           sx_error *err);
/* Looked at before each picture of a curve or a sheet and between the nodes of the network.
 * Borrows; NULL: no more. */
void sx_probe_stop_flag(sx_probe *probe, const atomic_bool *stop);

#endif
