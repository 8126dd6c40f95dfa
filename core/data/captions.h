/* Captions: plain English about an item of a data set, made from what is known of it: the name of
 * its class, its colour, and where, how large and how turned it was drawn; and the small vocabulary
 * of whole words in which a text tower reads them. Included by data.h. */
#ifndef SX_DATA_CAPTIONS_H
#define SX_DATA_CAPTIONS_H

#include "core/data/data.h"

#define SX_CAPTION 256 /* bytes of a caption, its end included */

/* Immutable once made, so any thread may read it. Borrows the view. `details`: captions tell more
 * than the class; not where pictures are changed at random afterwards, as what was said would no
 * longer be so. Returns owned; NULL with `err` filled. */
typedef struct sx_captions sx_captions;
sx_captions *sx_captions_new(const sx_view *view, bool details, sx_error *err);
void sx_captions_free(sx_captions *captions);

typedef struct {
    int vocabulary; /* different tokens: none (0), the words, start and end, the largest */
    int longest;    /* tokens of the longest caption, start and end included */
    int templates;  /* wordings of a class */
} sx_captions_facts;
sx_captions_facts sx_captions_describe(const sx_captions *captions);

/* "a small red triangle on the left": wording and what is told of the item are drawn. */
void sx_caption_item(const sx_captions *captions, sx_split split, size_t index, sx_random *random,
                     char out[SX_CAPTION]);

/* "a picture of a triangle": the class alone, in wording `template`. */
void sx_caption_class(const sx_captions *captions, int class, int template, char out[SX_CAPTION]);

/* The caption as tokens into ids [context]: start, words, end, and zeros. What is too long is cut;
 * words that are not in the vocabulary are left out. */
void sx_caption_ids(const sx_captions *captions, const char *caption, int context, float *ids);

#endif
