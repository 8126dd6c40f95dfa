/* Byte-pair tokens: a word is written as the symbols of its bytes, and the most urgent pair of
 * neighbours becomes one symbol, until no pair of the table is left. Symbols are known by their
 * text (two merges may make the same symbol), pairs by the numbers of their two symbols; both are
 * found by open addressing. The order of the vocabulary is the published one's, so that numbers are
 * rows of the token table of a published model. */
#include "core/format/byte_pair.h"

#include "core/format/gzip.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define BYTES 256
#define FILE_LIMIT ((size_t)16 << 20)
#define ENDING "</w>"

typedef struct {
    const char *text; /* in the arena */
    size_t length;
    int id;
} symbol;

typedef struct {
    int left, right, rank, made; /* made: the symbol; 0 both sides and rank -1: empty */
} pair;

struct sx_byte_pair {
    sx_arena arena;
    size_t slots;       /* a power of two, more than twice as many as symbols or pairs */
    symbol *symbols;    /* [slots] */
    pair *pairs;        /* [slots] */
    int of_byte[BYTES]; /* a byte's symbol */
    int merges;
};

/* ---- tables ------------------------------------------------------------------------------------
 */

/* Where a symbol is, or would be. */
static symbol *symbol_slot(const sx_byte_pair *b, const char *text, size_t length) {
    size_t at = (size_t)sx_hash_bytes(text, length) & (b->slots - 1);
    for (;; at = (at + 1) & (b->slots - 1)) {
        symbol *s = &b->symbols[at];
        if (!s->text || (s->length == length && memcmp(s->text, text, length) == 0)) return s;
    }
}

static pair *pair_slot(const sx_byte_pair *b, int left, int right) {
    const int key[2] = {left, right};
    size_t at = (size_t)sx_hash_bytes(key, sizeof key) & (b->slots - 1);
    for (;; at = (at + 1) & (b->slots - 1)) {
        pair *p = &b->pairs[at];
        if (p->made == 0 || (p->left == left && p->right == right)) return p;
    }
}

/* A symbol that is made twice has the later number. */
static bool add_symbol(sx_byte_pair *b, const char *left, size_t left_length, const char *right,
                       size_t right_length, int id) {
    size_t length = left_length + right_length;
    char *text = sx_arena_alloc(&b->arena, length + 1, 1);
    if (!text) return false;
    memcpy(text, left, left_length);
    memcpy(text + left_length, right, right_length);
    *symbol_slot(b, text, length) = (symbol){text, length, id};
    return true;
}

/* Bytes that are seen in Latin-1 stand for themselves and come first; the others follow, shown as
 * the characters from 256 on. */
static bool is_seen(int byte) {
    return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

static size_t utf8_of(int character, char out[2]) {
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    out[0] = (char)(0xc0 | character >> 6);
    out[1] = (char)(0x80 | (character & 0x3f));
    return 2;
}

static bool add_bytes(sx_byte_pair *b) {
    int id = 0, other = BYTES;
    for (int seen = 1; seen >= 0; seen--)
        for (int byte = 0; byte < BYTES; byte++) {
            char text[2];
            if (is_seen(byte) != (seen == 1)) continue;
            size_t length = utf8_of(seen ? byte : other++, text);
            b->of_byte[byte] = id;
            if (!add_symbol(b, text, length, "", 0, id) ||
                !add_symbol(b, text, length, ENDING, strlen(ENDING), BYTES + id))
                return false;
            id++;
        }
    return true;
}

/* ---- the file ----------------------------------------------------------------------------------
 */

typedef struct {
    const char *left, *right;
    size_t left_length, right_length;
} merge;

/* Whether a side of a merge is made of byte symbols, an ending last. */
static bool is_symbols(const sx_byte_pair *b, const char *text, size_t length) {
    size_t ending = strlen(ENDING);
    if (length > ending && memcmp(text + length - ending, ENDING, ending) == 0) length -= ending;
    for (size_t at = 0, size; at < length; at += size) {
        size = (unsigned char)text[at] < 0x80 ? 1 : 2;
        if (at + size > length || !symbol_slot(b, text + at, size)->text) return false;
    }
    return length > 0;
}

/* The line as a merge; false if it is none. */
static bool read_merge(const sx_byte_pair *b, const char *line, size_t length, merge *out) {
    const char *blank = memchr(line, ' ', length);
    if (!blank) return false;
    out->left = line;
    out->left_length = (size_t)(blank - line);
    out->right = blank + 1;
    out->right_length = length - out->left_length - 1;
    return is_symbols(b, out->left, out->left_length) &&
           is_symbols(b, out->right, out->right_length);
}

/* The length of the line at `at`, without what ends it; *next is behind. */
static size_t line_at(const char *text, size_t size, size_t at, size_t *next) {
    const char *end = memchr(text + at, '\n', size - at);
    size_t length = end ? (size_t)(end - text) - at : size - at;
    *next = at + length + 1;
    if (length && text[at + length - 1] == '\r') length--;
    return length;
}

static bool is_header(const char *line, size_t length) {
    char start[64];
    snprintf(start, sizeof start, "%.*s", length < 63 ? (int)length : 63, line);
    return strstr(start, "#version") != NULL;
}

/* Calls for every merge; the first line may be a header, empty lines are none. */
static sx_status each_merge(sx_byte_pair *b, const char *name, const char *text, size_t size,
                            bool (*take)(sx_byte_pair *b, const merge *m, int rank),
                            sx_error *err) {
    int rank = 0, line = 1;
    for (size_t at = 0, next; at < size && rank < SX_BYTE_PAIR_MERGES; at = next, line++) {
        merge m;
        size_t length = line_at(text, size, at, &next);
        if (length == 0 || (line == 1 && is_header(text, length))) continue;
        if (!read_merge(b, text + at, length, &m))
            return sx_fail(err, SX_BAD_INPUT,
                           "%.200s:%d: a merge is two symbols with a blank between, as 't h'", name,
                           line);
        if (!take(b, &m, rank++))
            return sx_fail(err, SX_NO_MEMORY, "not enough memory for the merges of %.200s", name);
    }
    b->merges = rank;
    if (rank > 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "%.200s has no merges", name);
}

static bool take_symbol(sx_byte_pair *b, const merge *m, int rank) {
    return add_symbol(b, m->left, m->left_length, m->right, m->right_length, 2 * BYTES + rank);
}

/* Numbers of symbols are final only when all are read, hence the second walk. A pair with a side
 * that is no symbol never comes up. */
static bool take_pair(sx_byte_pair *b, const merge *m, int rank) {
    const symbol *left = symbol_slot(b, m->left, m->left_length);
    const symbol *right = symbol_slot(b, m->right, m->right_length);
    char both[2 * SX_BYTE_PAIR_TEXT];
    if (!left->text || !right->text || left->length + right->length > sizeof both) return true;
    memcpy(both, left->text, left->length);
    memcpy(both + left->length, right->text, right->length);
    *pair_slot(b, left->id, right->id) =
        (pair){left->id, right->id, rank, symbol_slot(b, both, left->length + right->length)->id};
    return true;
}

/* Room for as many merges as there are lines. */
static bool make_tables(sx_byte_pair *b, const char *text, size_t size) {
    size_t lines = 1;
    for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    if (lines > SX_BYTE_PAIR_MERGES) lines = SX_BYTE_PAIR_MERGES;
    for (b->slots = 1; b->slots <= 2 * (2 * BYTES + lines);) b->slots *= 2;
    b->symbols = sx_alloc(b->slots, sizeof *b->symbols);
    b->pairs = sx_alloc(b->slots, sizeof *b->pairs);
    return b->symbols && b->pairs && add_bytes(b);
}

sx_byte_pair *sx_byte_pair_parse(const char *name, const char *text, size_t size, sx_error *err) {
    sx_byte_pair *b = sx_alloc(1, sizeof *b);
    if (!b || !make_tables(b, text, size)) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory for the merges of %.200s", name);
    } else if (each_merge(b, name, text, size, take_symbol, err) == SX_OK &&
               each_merge(b, name, text, size, take_pair, err) == SX_OK) {
        return b;
    }
    sx_byte_pair_free(b);
    return NULL;
}

sx_byte_pair *sx_byte_pair_open(const char *path, sx_error *err) {
    sx_bytes bytes;
    if (sx_file_read_inflated(path, FILE_LIMIT, &bytes, err)) return NULL;
    sx_byte_pair *b = sx_byte_pair_parse(path, (const char *)bytes.data, bytes.size, err);
    sx_bytes_done(&bytes);
    return b;
}

void sx_byte_pair_free(sx_byte_pair *pairs) {
    if (!pairs) return;
    sx_arena_done(&pairs->arena);
    sx_free(pairs->symbols);
    sx_free(pairs->pairs);
    sx_free(pairs);
}

int sx_byte_pair_vocabulary(const sx_byte_pair *pairs) {
    return 2 * BYTES + pairs->merges + 2;
}

/* ---- encoding ----------------------------------------------------------------------------------
 */

/* Makes one symbol of every such pair, from the left; returns the new length. */
static int join(int *word, int length, const pair *p) {
    int to = 0;
    for (int i = 0; i < length; i++)
        if (i + 1 < length && word[i] == p->left && word[i + 1] == p->right) {
            word[to++] = p->made;
            i++;
        } else {
            word[to++] = word[i];
        }
    return to;
}

/* The symbols of one piece into word [bytes]; returns how many. */
static int encode_piece(const sx_byte_pair *b, const char *piece, int bytes, int *word) {
    int length = bytes;
    for (int i = 0; i < bytes; i++) word[i] = b->of_byte[(unsigned char)piece[i]];
    word[bytes - 1] += BYTES;
    for (;;) {
        const pair *best = NULL;
        for (int i = 0; i + 1 < length; i++) {
            const pair *p = pair_slot(b, word[i], word[i + 1]);
            if (p->made && (!best || p->rank < best->rank)) best = p;
        }
        if (!best) return length;
        length = join(word, length, best);
    }
}

/* The number of a piece that is a name of its own; -1 otherwise. */
static int named(const sx_byte_pair *b, const char *piece, size_t length) {
    static const char *const names[] = {SX_BYTE_PAIR_START, SX_BYTE_PAIR_END};
    for (int i = 0; i < 2; i++)
        if (strlen(names[i]) == length && memcmp(names[i], piece, length) == 0)
            return sx_byte_pair_vocabulary(b) - 2 + i;
    return -1;
}

/* Tokens of a clean text into ids [context], as far as there is room for them and the end; returns
 * how many there would be. */
static int encode_clean(const sx_byte_pair *b, const char *text, int context, int *ids,
                        int *scratch) {
    int count = 0;
    const char *piece;
    size_t length;
    ids[count++] = sx_byte_pair_vocabulary(b) - 2;
    while ((length = sx_byte_pair_piece(&text, &piece))) {
        int found = 1;
        *scratch = named(b, piece, length);
        if (*scratch < 0) found = encode_piece(b, piece, (int)length, scratch);
        for (int i = 0; i < found; i++, count++)
            if (count < context - 1) ids[count] = scratch[i];
    }
    return count + 1;
}

static sx_status too_long(const char *text, int length, int context, sx_error *err) {
    char shown[160];
    sx_text_printable(shown, sizeof shown, text);
    return sx_fail(err, SX_BAD_INPUT, "the text '%s' has %d tokens, the model reads %d", shown,
                   length, context);
}

sx_status sx_byte_pair_encode(const sx_byte_pair *pairs, const char *text,
                              const sx_byte_pair_form *form, int *ids, int *count, sx_error *err) {
    sx_text clean = {0};
    sx_status status = sx_byte_pair_clean(text, &clean, err);
    int *scratch = sx_alloc(clean.size + 1, sizeof *scratch);
    if (!status && scratch) {
        int length = encode_clean(pairs, clean.data, form->context, ids, scratch);
        if (length > form->context && !form->cut)
            status = too_long(text, length, form->context, err);
        if (length > form->context) length = form->context;
        ids[length - 1] = sx_byte_pair_vocabulary(pairs) - 1;
        for (int i = length; i < form->context; i++) ids[i] = 0;
        if (count) *count = length;
    } else if (!status) {
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory for the tokens of a text");
    }
    sx_free(scratch);
    sx_text_done(&clean);
    return status;
}
