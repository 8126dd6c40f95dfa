/* Captions and their words. A wording is a line with names in braces: the class is always told, of
 * the rest what is known and drawn. The vocabulary is what wordings, details and the names of the
 * classes are made of, in that order, so it depends on the data set alone. */
#include "core/data/captions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CLASS_WORDS 8 /* of a name; what comes after is not said */
#define NAME_SIZE 96
#define MOST_FACTORS 16

/* The first ones also make sense of a class alone. */
static const char *const wordings[] = {
    "a {size} {turn} {colour} {class} {place}",
    "a picture of a {turn} {colour} {class}",
    "there is a {size} {colour} {class} {place}",
    "this is a {colour} {class}",
    "{place} a {size} {turn} {class}",
    "one {colour} {class} {place}",
};
enum { WORDINGS = sizeof wordings / sizeof *wordings, TEMPLATES = 4 };

static const char *const colours[] = {"red", "yellow", "green", "turquoise", "blue", "pink"};
enum { COLOURS = sizeof colours / sizeof *colours };

/* Down, then across; what is near the middle in both is in the middle. */
static const char *const places[3][3] = {
    {"at the top left", "at the top", "at the top right"},
    {"on the left", "in the middle", "on the right"},
    {"at the bottom left", "at the bottom", "at the bottom right"},
};
#define BESIDE 0.12 /* of the image, from the middle */

static const struct {
    const char *word;
    double up_to; /* share of the image, or degrees either way */
} sizes[] = {{"small", 0.15}, {"", 0.35}, {"large", INFINITY}},
  turns[] = {{"", 20}, {"tilted", 60}, {"sideways", 120}, {"tilted", 160}, {"inverted", INFINITY}};

struct sx_captions {
    const sx_view *view;
    const sx_source_facts *facts;
    bool details;
    int hue; /* the factor that is the colour, -1: there is none */
    sx_arena arena;
    const char **words;
    size_t count, capacity;
    int longest;
};

/* ---- words -----------------------------------------------------------------------------------
 */

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* The next word from *at on, in small letters, into word; false at the end. */
static bool next_word(const char **at, char word[NAME_SIZE]) {
    size_t length = 0;
    const char *c = *at;
    for (; *c; c++) {
        char small = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
        if (is_letter(small)) {
            if (length + 1 < NAME_SIZE) word[length++] = small;
        } else if (length) {
            break;
        }
    }
    word[length] = 0;
    *at = c;
    return length > 0;
}

static int find_word(const sx_captions *captions, const char *word) {
    for (size_t i = 0; i < captions->count; i++)
        if (strcmp(captions->words[i], word) == 0) return (int)i;
    return -1;
}

static bool add_words(sx_captions *c, const char *text) {
    char word[NAME_SIZE];
    while (next_word(&text, word)) {
        if (find_word(c, word) >= 0) continue;
        void *array = c->words;
        bool grown = sx_grow(&array, &c->capacity, c->count + 1, sizeof *c->words);
        c->words = array;
        if (!grown || !(c->words[c->count] = sx_arena_text(&c->arena, word))) return false;
        c->count++;
    }
    return true;
}

/* The words of a class's name; a name without any is told by number. */
static void name_of(const sx_captions *c, int class, char out[NAME_SIZE]) {
    const char *at = c->facts->class_names[class];
    char word[NAME_SIZE];
    size_t length = 0;
    out[0] = 0;
    for (int i = 0; i < CLASS_WORDS && next_word(&at, word); i++) {
        size_t more = strlen(word);
        if (length + more + 2 > NAME_SIZE) break;
        if (length) out[length++] = ' ';
        memcpy(out + length, word, more + 1);
        length += more;
    }
    if (!length) snprintf(out, NAME_SIZE, "class %d", class);
}

/* ---- what is known of an item ----------------------------------------------------------------
 */

enum { SIZE, TURN, COLOUR, PLACE, DETAILS };
static const char *const detail_names[DETAILS] = {"{size}", "{turn}", "{colour}", "{place}"};

typedef struct {
    const char *words[DETAILS]; /* "": not known, or not worth a word */
    char name[NAME_SIZE];
} item_words;

static int third_of(double at) {
    return at < 0.5 - BESIDE ? 0 : at > 0.5 + BESIDE ? 2 : 1;
}

static void tell_pose(const sx_pose *pose, item_words *out) {
    double turned = fabs(remainder(pose->rotation, 360));
    size_t size = 0, turn = 0;
    while (pose->area > sizes[size].up_to) size++;
    while (turned > turns[turn].up_to) turn++;
    out->words[SIZE] = sizes[size].word;
    out->words[TURN] = turns[turn].word;
    out->words[PLACE] = places[third_of(pose->y)][third_of(pose->x)];
}

static void tell_item(const sx_captions *c, sx_split split, size_t index, item_words *out) {
    const sx_source *source = sx_view_source(c->view);
    sx_pose pose;
    for (int d = 0; d < DETAILS; d++) out->words[d] = "";
    name_of(c, sx_source_label(source, split, index), out->name);
    if (!c->details) return;
    if (sx_view_pose(c->view, split, index, &pose)) tell_pose(&pose, out);
    if (c->hue < 0) return;
    double factors[MOST_FACTORS];
    sx_source_factors(source, split, index, factors);
    out->words[COLOUR] = colours[(int)lround(factors[c->hue] * COLOURS) % COLOURS];
}

/* ---- wording ---------------------------------------------------------------------------------
 */

/* Appends the words with a blank before them; "a" before a vowel becomes "an". */
static void append(char out[SX_CAPTION], const char *words) {
    size_t length = strlen(out);
    if (!*words) return;
    bool article = length > 0 && out[length - 1] == 'a' && (length == 1 || out[length - 2] == ' ');
    const char *n = article && strchr("aeiou", words[0]) ? "n" : "";
    snprintf(out + length, SX_CAPTION - length, "%s%s%s", n, length ? " " : "", words);
}

/* What stands for a part of a wording; every detail is told half of the time, or, where nothing is
 * drawn, always. */
static const char *words_of(const char *part, const item_words *item, sx_random *random) {
    if (strcmp(part, "{class}") == 0) return item->name;
    for (int d = 0; d < DETAILS; d++) {
        if (strcmp(part, detail_names[d]) != 0) continue;
        return random && sx_random_below(random, 2) ? "" : item->words[d];
    }
    return part;
}

static void word(const char *wording, const item_words *item, sx_random *random,
                 char out[SX_CAPTION]) {
    out[0] = 0;
    for (const char *at = wording; *at;) {
        char part[16];
        size_t length = strcspn(at, " ");
        snprintf(part, sizeof part, "%.*s", (int)length, at);
        append(out, words_of(part, item, random));
        at += length + (at[length] == ' ');
    }
}

void sx_caption_item(const sx_captions *captions, sx_split split, size_t index, sx_random *random,
                     char out[SX_CAPTION]) {
    item_words item;
    tell_item(captions, split, index, &item);
    word(wordings[sx_random_below(random, WORDINGS)], &item, random, out);
}

void sx_caption_class(const sx_captions *captions, int class, int template, char out[SX_CAPTION]) {
    item_words item = {{"", "", "", ""}, ""};
    name_of(captions, class, item.name);
    word(wordings[template], &item, NULL, out);
}

/* ---- tokens ----------------------------------------------------------------------------------
 */

sx_captions_facts sx_captions_describe(const sx_captions *captions) {
    return (sx_captions_facts){(int)captions->count + 3, captions->longest, TEMPLATES};
}

void sx_caption_ids(const sx_captions *captions, const char *caption, int context, float *ids) {
    char next[NAME_SIZE];
    int used = 0, end = (int)captions->count + 2;
    memset(ids, 0, (size_t)context * sizeof *ids);
    ids[used++] = (float)(end - 1);
    while (used < context - 1 && next_word(&caption, next)) {
        int found = find_word(captions, next);
        if (found >= 0) ids[used++] = (float)(found + 1);
    }
    ids[used] = (float)end;
}

/* ---- making ----------------------------------------------------------------------------------
 */

static bool add_vocabulary(sx_captions *c) {
    char name[NAME_SIZE];
    bool memory = add_words(c, "a an");
    for (int i = 0; memory && i < WORDINGS; i++) {
        item_words none = {{"", "", "", ""}, ""};
        char text[SX_CAPTION];
        word(wordings[i], &none, NULL, text);
        memory = add_words(c, text);
    }
    for (int i = 0; memory && i < COLOURS; i++) memory = add_words(c, colours[i]);
    for (int i = 0; memory && i < 9; i++) memory = add_words(c, places[i / 3][i % 3]);
    for (size_t i = 0; memory && i < sizeof sizes / sizeof *sizes; i++)
        memory = add_words(c, sizes[i].word);
    for (size_t i = 0; memory && i < sizeof turns / sizeof *turns; i++)
        memory = add_words(c, turns[i].word);
    for (int class = 0; memory && class < c->facts->classes; class ++) {
        name_of(c, class, name);
        memory = add_words(c, name);
    }
    return memory;
}

static int count_words(const char *text) {
    char next[NAME_SIZE];
    int count = 0;
    while (next_word(&text, next)) count++;
    return count;
}

static int longest_caption(const sx_captions *c) {
    item_words all = {{"large", "inverted", colours[0], places[0][0]}, ""};
    int longest = 0;
    for (int class = 0; class < c->facts->classes; class ++) {
        char text[SX_CAPTION];
        name_of(c, class, all.name);
        for (int i = 0; i < WORDINGS; i++) {
            word(wordings[i], &all, NULL, text);
            int count = count_words(text);
            if (count > longest) longest = count;
        }
    }
    return longest + 2;
}

static int find_hue(const sx_source_facts *facts) {
    for (int i = 0; i < facts->factor_count && facts->factor_count <= MOST_FACTORS; i++)
        if (strcmp(facts->factors[i].name, "colour") == 0 &&
            strcmp(facts->factors[i].unit, "hue") == 0)
            return i;
    return -1;
}

sx_captions *sx_captions_new(const sx_view *view, bool details, sx_error *err) {
    sx_captions *c = sx_alloc(1, sizeof *c);
    bool memory = c != NULL;
    if (memory) {
        c->view = view;
        c->facts = sx_source_describe(sx_view_source(view));
        c->details = details;
        c->hue = find_hue(c->facts);
        memory = add_vocabulary(c);
    }
    if (memory) {
        c->longest = longest_caption(c);
        return c;
    }
    sx_captions_free(c);
    sx_fail(err, SX_NO_MEMORY, "not enough memory for captions");
    return NULL;
}

void sx_captions_free(sx_captions *captions) {
    if (!captions) return;
    sx_arena_done(&captions->arena);
    sx_free((void *)captions->words);
    sx_free(captions);
}
