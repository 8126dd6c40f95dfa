/* Models from outside: a published checkpoint, the pictures brought to it as its source does, and
 * what it is worth on a data set. Part of study.h. */
#ifndef SX_STUDY_OUTSIDE_H
#define SX_STUDY_OUTSIDE_H

#include "core/data/data.h"
#include "core/model/model.h"
#include "core/result/result.h"
#include "core/study/inspection.h"

/* What a person may say about a checkpoint; NULL and 0: as the file and its source say. */
typedef struct {
    const char *settings; /* of the family: "heads=8, activation=gelu" */
    const char *prepare;  /* sx_prepare_options: "size=384, resize=bicubic, mean=0.5" */
    const char *classes;  /* a file of class names, one a line */
    /* Of a model that reads texts (CLIP), whose classes are whatever is named: */
    const char *const *names; /* [name_count]: classes where there is no file of them */
    int name_count;
    const char *merges;         /* file of its byte pairs; NULL: looked for beside the model */
    const char *const *prompts; /* [prompt_count], with {} where the class goes; */
    int prompt_count;           /* neither these nor a file of them: OpenAI's seven for ImageNet */
    const char *prompts_file;   /* a line each */
    sx_pool *pool;              /* that encodes the texts; may be NULL */
    void (*progress)(void *user, size_t done, size_t total); /* of texts; NULL: nobody is told */
    void *user;
} sx_outside_options;

/* The options of `prepare`, for help. */
extern const sx_option sx_prepare_options[];

typedef struct {
    sx_checkpoint checkpoint;
    sx_resize_rule resize;
    char resize_name[48]; /* of that rule */
    sx_model model;
    sx_text surplus; /* names of tensors that the model has no use for, a line each */
    sx_text names;   /* of classes, each ended by a 0 */
    int named;       /* classes that have a name */
    int prompts;     /* texts of each class that its column was made of; 0: none */
    bool cuts_texts; /* too long ones lose their end */
} sx_outside;

/* Opens the checkpoint as a model. End with sx_outside_done. */
sx_status sx_outside_open(const char *path, const sx_outside_options *options, sx_outside *out,
                          sx_error *err);
void sx_outside_done(sx_outside *outside);

/* SX_USAGE with a sentence where the model can classify only after somebody has named classes. */
sx_status sx_outside_can_classify(const sx_outside *outside, sx_error *err);

/* The name of a class, or its number as text into shown [24]. */
const char *sx_outside_class(const sx_outside *outside, int class, char shown[24]);

/* Appends what the model is, how pictures are brought to it, and what its file has besides. */
void sx_outside_describe(const sx_outside *outside, sx_text *out);

/* What is in a file of tensors, known or not, as the table "tensors": name, type, shape, figures of
 * the values (those that are numbers) and a histogram over three deviations on either side of the
 * mean. Sorted by name, numbers by their value. NULL with `err` filled. */
sx_result *sx_tensors_table(sx_tensors *file, sx_error *err);

/* The weights of a convolution as pictures "filters-NAME": a filter a tile, at most 64, each within
 * its largest value, of those over colours in colour, of others the first input's. Sizes of
 * safetensors are [out, in, height, width], of npz [height, width, in, out], as PyTorch and JAX
 * write them. NULL with `err` filled. */
bool sx_tensors_is_convolution(const sx_tensor_facts *tensor);
sx_result *sx_tensors_filters(sx_tensors *file, const sx_tensor_facts *tensor, sx_error *err);

/* Brings a picture to the model: out [height, width, channels] of the model, normalised. Grey
 * becomes three equal channels, alpha is dropped (as Pillow's convert("RGB") does). Scratch is the
 * caller's, one a thread. */
sx_status sx_outside_prepare(const sx_outside *outside, const sx_image *picture, float *out,
                             sx_resize_scratch *scratch, sx_error *err);

/* Looks inside while the model sees a picture: `inspection` without image, pixels and class names,
 * which are the picture's and the model's. */
sx_status sx_outside_inspect(const sx_outside *outside, sx_inspector *inspector,
                             const sx_image *picture, const sx_inspection *inspection,
                             sx_error *err);

/* The model's class for each class of a data set, into mapped [classes of the set]: by index in
 * ImageNet where the set has those and the model 1,000 classes, by name where the model's have
 * names, by number where there are equally many; else SX_BAD_INPUT. */
sx_status sx_outside_match(const sx_outside *outside, const sx_source_facts *facts, int *mapped,
                           sx_error *err);

/* Measures the model on a data set: all of it, or, where the set brings a test split of its own,
 * that. Results, as tables: "summary" (top-1 and top-5 accuracy with 95 % intervals, loss, ECE,
 * AURC), "classes" (a row a class), "items" (a row a picture). A picture that
 * cannot be read is counted and left out. */
typedef struct {
    const sx_source *source;
    sx_pool *pool; /* may be NULL */
    int batch;
    void (*progress)(void *user, size_t done, size_t total); /* NULL: nobody is told */
    void *user;
} sx_measurement;
enum { SX_MEASURED_SUMMARY, SX_MEASURED_CLASSES, SX_MEASURED_ITEMS, SX_MEASURED };
sx_status sx_outside_measure(const sx_outside *outside, const sx_measurement *measurement,
                             sx_result *out[SX_MEASURED], sx_error *err);

#endif
