/* Byte-pair tokens of CLIP's text tower (arXiv 2103.00020, section 2.4; github.com/openai/CLIP
 * names the file bpe_simple_vocab_16e6.txt.gz, HuggingFace the same merges merges.txt). */
#ifndef SX_FORMAT_BYTE_PAIR_H
#define SX_FORMAT_BYTE_PAIR_H

#include "core/base/base.h"

#define SX_BYTE_PAIR_MERGES 48894 /* that are read of a file; the published one has more */
#define SX_BYTE_PAIR_TEXT 4096    /* most bytes of a text */

/* A vocabulary: 256 byte symbols, the same as ends of words, a symbol a merge, start and end of a
 * text. Read-only once made, so any thread may encode. */
typedef struct sx_byte_pair sx_byte_pair;

/* Makes the vocabulary of a file of merges, gzip or plain: a header with "#version", then a merge
 * "left right" a line, the first the most urgent. Returns owned, to be ended with
 * sx_byte_pair_free; NULL with `err` filled. */
sx_byte_pair *sx_byte_pair_open(const char *path, sx_error *err);
/* The same from memory; `name` is for sentences. */
sx_byte_pair *sx_byte_pair_parse(const char *name, const char *text, size_t size, sx_error *err);
void sx_byte_pair_free(sx_byte_pair *pairs);

/* Number of tokens; the last is the end of a text, the one before its start. */
int sx_byte_pair_vocabulary(const sx_byte_pair *pairs);

/* Writes start, tokens of `text`, end into ids [context], and 0 behind. *count (or NULL) gets how
 * many come before the zeros. A text that is too long is SX_BAD_INPUT with a sentence that quotes
 * it, or, where `cut`, loses its end (the end token stays). */
typedef struct {
    int context; /* 2 or more */
    bool cut;
} sx_byte_pair_form;
sx_status sx_byte_pair_encode(const sx_byte_pair *pairs, const char *text,
                              const sx_byte_pair_form *form, int *ids, int *count, sx_error *err);

/* ---- the two steps before pairs are merged (byte_pair_text.c) ----------------------------------
 */

/* Appends the text as the vocabulary expects it: composed (NFC), entities of HTML written out
 * twice, white space collapsed and trimmed, lower case whatever the locale. SX_BAD_INPUT: no UTF-8,
 * or more than SX_BYTE_PAIR_TEXT bytes. */
sx_status sx_byte_pair_clean(const char *text, sx_text *out, sx_error *err);

#define SX_BYTE_PAIR_START "<|startoftext|>"
#define SX_BYTE_PAIR_END "<|endoftext|>"

/* The next piece of a clean text: *at moves behind it, its bytes are returned; 0 at the end. Pieces
 * are the two names above, the endings 's 't 're 've 'm 'll 'd, runs of letters, single digits, and
 * runs of what is neither these nor white space. */
size_t sx_byte_pair_piece(const char **at, const char **piece);

#endif
