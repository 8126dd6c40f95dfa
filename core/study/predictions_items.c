/* Which rows of a predictions file belong together: rows with the same id are one item, seen by
 * several members; every member must have said something of every item once, and they must agree
 * on what it is. Items are in the order in which the file first names them. */
#include "core/study/predictions_file.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NONE UINT32_MAX

static const char *const fit_names[] = {"validation", "val", "valid", "calibration", "fit"};
static const char *const inside_names[] = {"",     "test", "in", "inside", "id", "in-distribution",
                                           "eval", "train"};

bool sx_field_is(sx_field field, const char *text) {
    return strlen(text) == field.length && strncasecmp(field.at, text, field.length) == 0;
}

static bool is_same(sx_field a, sx_field b) {
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

typedef struct {
    const char *file;
    const sx_predictions_keys *keys;
    sx_predictions *out;
    uint32_t items, *item; /* [rows] number of each row's item */
    uint32_t *first;       /* [items] its first row */
    uint32_t *member;      /* [rows] */
    uint8_t *part;         /* [items] 0 inside, 1 fit, 2 + a set from elsewhere */
} sorting;

static size_t line_of(const sorting *s, size_t row) {
    return s->keys->lines ? s->keys->lines[row] : row + 2;
}

static void show(sx_field field, char out[48]) {
    char text[48];
    size_t length = field.length < sizeof text ? field.length : sizeof text - 1;
    memcpy(text, field.at, length);
    text[length] = 0;
    sx_text_printable(out, 48, text);
}

/* ---- items ------------------------------------------------------------------------------------
 */

/* A table of ids by their hash, twice as large as they are many. */
static sx_status number_ids(sorting *s, sx_error *err) {
    size_t rows = s->out->rows, size = 2;
    while (size < 2 * rows) size *= 2;
    uint32_t *slots = sx_alloc(size, sizeof *slots);
    if (!slots) return sx_predictions_no_memory(s->file, err);
    for (size_t row = 0; row < rows; row++) {
        sx_field id = s->keys->ids[row];
        size_t slot = (size_t)sx_hash_bytes(id.at, id.length) & (size - 1);
        while (slots[slot] && !is_same(s->keys->ids[s->first[slots[slot] - 1]], id))
            slot = (slot + 1) & (size - 1);
        if (!slots[slot]) {
            s->first[s->items] = (uint32_t)row;
            slots[slot] = ++s->items;
        }
        s->item[row] = slots[slot] - 1;
    }
    sx_free(slots);
    return SX_OK;
}

/* Members in the order in which the file first names them. */
static sx_status number_members(sorting *s, sx_error *err) {
    sx_field *names = NULL;
    size_t capacity = 0, count = 0, last = 0;
    bool memory = true, many = false;
    for (size_t row = 0; memory && !many && row < s->out->rows; row++) {
        sx_field name = s->keys->members[row];
        size_t found = count && is_same(names[last], name) ? last : 0;
        while (found < count && !is_same(names[found], name)) found++;
        if (found == count) {
            void *array = names;
            memory = sx_grow(&array, &capacity, count + 1, sizeof *names);
            names = array;
            if (memory) names[count++] = name;
            many = count > SX_PREDICTIONS_MEMBERS;
        }
        s->member[row] = (uint32_t)found;
        last = found;
    }
    sx_free(names);
    s->out->members = (int)count;
    if (!memory) return sx_predictions_no_memory(s->file, err);
    return many ? sx_fail(err, SX_BAD_INPUT, "%.200s: more than %d members", s->file,
                          SX_PREDICTIONS_MEMBERS)
                : SX_OK;
}

/* Without ids an item is a row; of several members, the how-manieth of its member. */
static sx_status number_rows(sorting *s, sx_error *err) {
    size_t rows = s->out->rows;
    uint32_t *next = sx_alloc((size_t)s->out->members, sizeof *next);
    if (!next) return sx_predictions_no_memory(s->file, err);
    for (size_t row = 0; row < rows; row++) {
        uint32_t item = next[s->member[row]]++;
        s->item[row] = item;
        if (item < s->items) continue;
        s->first[s->items++] = (uint32_t)row;
    }
    sx_free(next);
    return SX_OK;
}

/* ---- sets -------------------------------------------------------------------------------------
 */

static bool is_among(sx_field field, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (sx_field_is(field, names[i])) return true;
    return false;
}

static sx_status foreign_set(sorting *s, size_t row, sx_field name, uint8_t *out, sx_error *err) {
    char shown[SX_PREDICTIONS_NAME];
    sx_predictions *p = s->out;
    show(name, shown);
    if (!shown[0]) snprintf(shown, sizeof shown, "elsewhere");
    int set = 0;
    while (set < p->set_count && strcmp(p->sets[set].name, shown) != 0) set++;
    if (set == SX_PREDICTIONS_SETS)
        return sx_fail(err, SX_BAD_INPUT,
                       "%.200s, row %zu: '%s' is one set too many; %d can be told "
                       "apart",
                       s->file, line_of(s, row), shown, SX_PREDICTIONS_SETS);
    if (set == p->set_count) sx_text_set(p->sets[p->set_count++].name, sizeof shown, shown);
    *out = (uint8_t)(2 + set);
    return SX_OK;
}

static sx_status part_of(sorting *s, size_t row, uint8_t *out, sx_error *err) {
    const sx_predictions_keys *keys = s->keys;
    sx_field name = keys->sets ? keys->sets[row] : (sx_field){"", 0};
    bool fits = is_among(name, fit_names, sizeof fit_names / sizeof *fit_names);
    bool inside = is_among(name, inside_names, sizeof inside_names / sizeof *inside_names);
    bool foreign = keys->is_ood ? keys->is_ood[row] : !fits && !inside;
    *out = fits && !foreign;
    if (foreign) return foreign_set(s, row, fits || inside ? (sx_field){"", 0} : name, out, err);
    if (s->out->labels[row] >= 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "%.200s, row %zu, column 'label': there is no value, which only items from "
                   "elsewhere may have",
                   s->file, line_of(s, row));
}

/* Validation items alone are what is evaluated. */
static void settle_fit(sorting *s) {
    bool any = false;
    for (size_t i = 0; i < s->items; i++) any |= s->part[i] == 0;
    for (size_t i = 0; !any && i < s->items; i++) s->part[i] = s->part[i] == 1 ? 0 : s->part[i];
}

/* ---- parts ------------------------------------------------------------------------------------
 */

static sx_predictions_part *part_at(sx_predictions *p, int part) {
    return part == 0 ? &p->inside : part == 1 ? &p->fit : &p->sets[part - 2];
}

static sx_status find_parts(sorting *s, sx_error *err) {
    uint8_t part;
    for (size_t i = 0; i < s->items; i++) {
        sx_status status = part_of(s, s->first[i], &s->part[i], err);
        if (status) return status;
    }
    for (size_t row = 0; row < s->out->rows; row++) {
        size_t i = s->item[row], first = s->first[i];
        if (first == row) continue;
        sx_status status = part_of(s, row, &part, err);
        if (status) return status;
        if (part != s->part[i] || (s->out->labels[row] != s->out->labels[first]))
            return sx_fail(
                err, SX_BAD_INPUT,
                "%.200s, row %zu: its label or set is another than that of the same item "
                "in row %zu",
                s->file, line_of(s, row), line_of(s, first));
    }
    settle_fit(s);
    return SX_OK;
}

static sx_status make_parts(sorting *s, uint32_t *place, sx_error *err) {
    size_t members = (size_t)s->out->members, total;
    for (size_t i = 0; i < s->items; i++) place[i] = (uint32_t)part_at(s->out, s->part[i])->n++;
    for (int k = 0; k < 2 + s->out->set_count; k++) {
        sx_predictions_part *part = part_at(s->out, k);
        if (!sx_size_multiply(part->n, members, &total) ||
            !(part->rows = sx_alloc(total, sizeof *part->rows)))
            return sx_predictions_no_memory(s->file, err);
        memset(part->rows, 0xff, total * sizeof *part->rows);
    }
    if (s->out->inside.n) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "%.200s: all items are from elsewhere; some with labels are "
                   "needed",
                   s->file);
}

static sx_status place_rows(sorting *s, const uint32_t *place, sx_error *err) {
    for (size_t row = 0; row < s->out->rows; row++) {
        size_t i = s->item[row];
        sx_predictions_part *part = part_at(s->out, s->part[i]);
        uint32_t *at = &part->rows[s->member[row] * part->n + place[i]];
        char id[48] = "";
        if (s->keys->ids) show(s->keys->ids[row], id);
        if (*at != NONE)
            return sx_fail(err, SX_BAD_INPUT,
                           "%.200s, row %zu, column 'id': '%s' was in row %zu already%s", s->file,
                           line_of(s, row), id, line_of(s, *at),
                           s->keys->members ? ", of the same member" : "");
        *at = (uint32_t)row;
    }
    return SX_OK;
}

static sx_status check_whole(const sorting *s, const uint32_t *place, sx_error *err) {
    for (size_t i = 0; i < s->items; i++) {
        const sx_predictions_part *part = part_at(s->out, s->part[i]);
        for (size_t m = 0; m < (size_t)s->out->members; m++)
            if (part->rows[m * part->n + place[i]] == NONE)
                return sx_fail(err, SX_BAD_INPUT,
                               "%.200s: the item of row %zu has no row of member %zu; each member "
                               "must speak of each item",
                               s->file, line_of(s, s->first[i]), m + 1);
    }
    return SX_OK;
}

static sx_status sort(sorting *s, uint32_t *place, sx_error *err) {
    sx_status status = SX_OK;
    s->out->members = 1;
    if (s->keys->members) status = number_members(s, err);
    if (!status) status = s->keys->ids ? number_ids(s, err) : number_rows(s, err);
    if (!status) status = find_parts(s, err);
    if (!status) status = make_parts(s, place, err);
    if (!status) status = place_rows(s, place, err);
    return status ? status : check_whole(s, place, err);
}

/* Of everything that figures follow from. */
static void print(sx_predictions *p) {
    size_t members = (size_t)p->members;
    uint64_t prints[4 + SX_PREDICTIONS_SETS] = {
        sx_hash_bytes(p->values, p->rows * (size_t)p->classes * sizeof *p->values),
        sx_hash_bytes(p->labels, p->rows * sizeof *p->labels)};
    for (int k = 0; k < 2 + p->set_count; k++) {
        const sx_predictions_part *part = part_at(p, k);
        prints[2 + k] = sx_hash_bytes(part->rows, part->n * members * sizeof *part->rows);
    }
    p->print = sx_hash_bytes(prints, sizeof prints);
}

sx_status sx_predictions_sort(const char *file, const sx_predictions_keys *keys,
                              sx_predictions *out, sx_error *err) {
    sorting s = {.file = file, .keys = keys, .out = out};
    size_t rows = out->rows;
    s.item = sx_alloc(rows, sizeof *s.item);
    s.first = sx_alloc(rows, sizeof *s.first);
    s.member = sx_alloc(rows, sizeof *s.member);
    s.part = sx_alloc(rows, 1);
    uint32_t *place = sx_alloc(rows, sizeof *place);
    bool memory = s.item && s.first && s.member && s.part && place;
    sx_status status = memory ? sort(&s, place, err) : sx_predictions_no_memory(file, err);
    if (!status) print(out);
    sx_free(s.item);
    sx_free(s.first);
    sx_free(s.member);
    sx_free(s.part);
    sx_free(place);
    return status;
}
