/* Private to core/model: how others name and lay out the tensors of the families here. A naming is
 * a table of rules, read both ways: to load a file and to write one. */
#ifndef SX_MODEL_NAMING_H
#define SX_MODEL_NAMING_H

#include "core/model/internal.h"

/* How a tensor's values lie in the file, beside the slice's [kernel height, kernel width, in, out]
 * or [in, out]. */
typedef enum {
    SX_LAYOUT_SAME,       /* the same order; sizes may be split or joined */
    SX_LAYOUT_TRANSPOSED, /* [out, in] */
    SX_LAYOUT_OIHW        /* [out, in, kernel height, kernel width] */
} sx_layout;

/* One tensor of the file. In `ours` every # is a number from 1, in `theirs` {} is the next of these
 * numbers from 0, {1} from 1, {01} from 1 with two digits; [] says that the tensor holds the slices
 * of all numbers, one after the other along a first axis of its own. `part` of `parts` is a stretch
 * of the slice's last axis (queries, keys or values); parts 0: all of it. */
typedef struct {
    const char *ours, *theirs;
    sx_layout layout;
    int part, parts;
} sx_name_rule;

/* A file as one naming reads it. */
typedef struct {
    const sx_tensors *file;
    const sx_naming *naming;
    const char *prefix; /* before the names of theirs */
} sx_found;

struct sx_naming {
    const char *name, *family, *about;
    const char *signature;      /* a tensor of theirs that tells this naming from others */
    const char *settings;       /* of the family's options that the file cannot show */
    const sx_name_rule *rules;  /* end with a row without names */
    const char *const *ignored; /* patterns of tensors that carry nothing; end with NULL; or NULL */
    const char *const *made;    /* slices that are no file's, as zero-shot columns; or NULL */
    const char *const *prefixes; /* tolerated before all names, beside those of any file; or NULL */
    const char *optional;        /* a prefix of names that some files leave out; or NULL */
    const sx_preprocessing *preprocessing;
    sx_position_rule position; /* how this source resizes positions */
    /* Writes the spec from the file; SX_BAD_INPUT: tensors that belong together are missing. */
    sx_status (*recognise)(const sx_found *found, sx_checkpoint *out, sx_error *err);
};

/* Rows of a table of rules. */
#define SAME(OURS, THEIRS)                                                                         \
    { OURS, THEIRS, SX_LAYOUT_SAME, 0, 0 }
#define TURNED(OURS, THEIRS)                                                                       \
    { OURS, THEIRS, SX_LAYOUT_TRANSPOSED, 0, 0 }
#define OIHW(OURS, THEIRS)                                                                         \
    { OURS, THEIRS, SX_LAYOUT_OIHW, 0, 0 }
#define END                                                                                        \
    { NULL, NULL, SX_LAYOUT_SAME, 0, 0 }

/* All namings; NULL past the end. */
const sx_naming *sx_naming_at(int row);

/* The name of theirs for the slice `ours` by this rule, without prefix; false if it is another's.
 */
#define SX_NAMING_RULES 64 /* most rules of a naming */
#define SX_TENSOR_NAME 160
bool sx_naming_theirs(const sx_name_rule *rule, const char *ours, char theirs[SX_TENSOR_NAME]);

/* Whether the slice `ours` is no file's; it is 0 until somebody fills it. */
bool sx_naming_makes(const sx_naming *naming, const char *ours);

/* Where in a tensor of many slices the slice `ours` is, from 0; -1: the tensor is all its own. */
int sx_naming_row(const sx_name_rule *rule, const char *ours);

/* Whether sizes are those the rule calls for; `slice` is ours. */
bool sx_naming_fits(const sx_name_rule *rule, const sx_slice *slice, const sx_tensor_facts *theirs);

/* Values of the file into the slice, and back. theirs [count of the part]. */
void sx_naming_take(const sx_name_rule *rule, const sx_slice *slice, const float *theirs,
                    float *ours);
void sx_naming_give(const sx_name_rule *rule, const sx_slice *slice, const float *ours,
                    float *theirs);

/* Metadata of files that were written here. */
#define SX_SPEC_KEY "sextant.model"
#define SX_PICTURES_KEY "sextant.pictures"

/* ---- a file by a naming ------------------------------------------------------------------------
 */

/* The tensor of the file that is, or has among others, the slice `ours` by this rule; NULL if it is
 * not there. */
const sx_tensor_facts *sx_found_by(const sx_found *found, const sx_name_rule *rule,
                                   const char *ours);
/* The first tensor of the file for the slice, by any rule; and the size of the slice's axis (from
 * the last, 0) as that tensor has it. 0 if it is not there. */
const sx_tensor_facts *sx_found_slice(const sx_found *found, const char *ours);
int sx_found_size(const sx_found *found, const char *ours, int axis);

sx_status sx_recognise_vit(const sx_found *found, sx_checkpoint *out, sx_error *err);
sx_status sx_recognise_resnet(const sx_found *found, sx_checkpoint *out, sx_error *err);
sx_status sx_recognise_small_resnet(const sx_found *found, sx_checkpoint *out, sx_error *err);
sx_status sx_recognise_bit(const sx_found *found, sx_checkpoint *out, sx_error *err);
sx_status sx_recognise_clip(const sx_found *found, sx_checkpoint *out, sx_error *err);

/* 256 a side, 224 of it, ImageNet's statistics. */
extern const sx_preprocessing sx_torchvision_preprocessing;
extern const sx_naming sx_vit_namings[], sx_resnet_namings[], sx_clip_namings[];

#endif
