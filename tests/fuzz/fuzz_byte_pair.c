/* Byte-pair tokens: a file of merges up to the first 0, then a text. Whatever the merges, a text's
 * tokens are in the vocabulary, begin and end as they must, and a clean text is clean. */
#include "core/format/format.h"

#include <string.h>

#define CONTEXT 77

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tokens(const sx_byte_pair *pairs, const int *ids, int count) {
    int vocabulary = sx_byte_pair_vocabulary(pairs);
    if (count < 2 || count > CONTEXT) __builtin_trap();
    if (ids[0] != vocabulary - 2 || ids[count - 1] != vocabulary - 1) __builtin_trap();
    for (int i = 0; i < CONTEXT; i++)
        if (ids[i] < 0 || ids[i] >= vocabulary || (i >= count && ids[i] != 0)) __builtin_trap();
}

/* Pieces are the whole text but its white space. */
static void check_pieces(const char *clean) {
    const char *at = clean, *piece, *before = clean;
    for (size_t length; (length = sx_byte_pair_piece(&at, &piece)) > 0; before = at)
        if (piece < before || piece + length != at) __builtin_trap();
    if (at != clean + strlen(clean)) __builtin_trap();
}

static void encode(const sx_byte_pair *pairs, const char *text) {
    int ids[CONTEXT], count = 0;
    sx_error err = {0};
    sx_text clean = {0};
    const sx_byte_pair_form form = {.context = CONTEXT, .cut = true};
    if (sx_byte_pair_encode(pairs, text, &form, ids, &count, &err)) {
        if (!err.message[0]) __builtin_trap();
        return;
    }
    check_tokens(pairs, ids, count);
    if (sx_byte_pair_clean(text, &clean, &err)) __builtin_trap();
    if (clean.data) check_pieces(clean.data);
    sx_text_done(&clean);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static sx_byte_pair *usual;
    sx_error err = {0};
    const uint8_t *end = memchr(data, 0, size);
    size_t merges = end ? (size_t)(end - data) : size;
    if (!usual) usual = sx_byte_pair_parse("usual", "t h\nth e</w>", 12, &err);
    sx_byte_pair *pairs = sx_byte_pair_parse("fuzz", (const char *)data, merges, &err);
    if (!pairs && !err.message[0]) __builtin_trap();
    char *text = sx_alloc(size - merges + 1, 1);
    if (end) memcpy(text, end + 1, size - merges - 1);
    encode(pairs ? pairs : usual, text);
    sx_free(text);
    sx_byte_pair_free(pairs);
    return 0;
}
