/* Rows that degrade: parts that do not fit are left out as wholes, texts are cut between words, and
 * nothing ever wraps. */
#include "views/widget/widget.h"

#include <stdio.h>
#include <string.h>

char *sx_words_fit(char *out, size_t size, const char *text, int columns, bool unicode) {
    sx_text_set(out, size, text);
    if (sx_text_columns(out) <= columns) return out;
    const char *mark = unicode ? "…" : "...";
    int room = columns - 1 - sx_text_columns(mark);
    char *end = out + strlen(out);
    while (end > out) {
        while (end > out && *end != ' ') end--;
        *end = 0;
        if (end > out && sx_text_columns(out) <= room && strlen(out) + 5 < size) {
            while (end > out && end[-1] == ' ') *--end = 0;
            strcat(end, " ");
            strcat(end, mark);
            return out;
        }
    }
    sx_text_set(out, size, text); /* one long word: the canvas cuts it */
    return out;
}

int sx_segments_draw(sx_canvas *canvas, sx_box box, int y, const sx_segment *segments, int count,
                     int gap) {
    int x = 0;
    for (int i = 0; i < count; i++) {
        if (!segments[i].text[0]) continue;
        int room = box.width - x - (x ? gap : 0);
        char fit[sizeof segments[i].text];
        sx_words_fit(fit, sizeof fit, segments[i].text, room, canvas->look.unicode);
        if (x && strcmp(fit, segments[i].text) != 0) continue;
        if (x && sx_text_columns(fit) > room) continue;
        if (x) x += gap;
        x += sx_canvas_text(canvas, box, x, y, sx_style_of(segments[i].role), fit);
    }
    return x;
}

/* The keys of a row and of the neighbours that share its brief word, into keys [size]; returns the
 * row after them. */
static const sx_command *keys_of(const sx_command *row, char *keys, size_t size) {
    const char *brief = row->brief;
    char key[SX_KEY_SIZE];
    keys[0] = 0;
    do {
        size_t used = strlen(keys);
        snprintf(keys + used, size - used, "%s%s", used ? " " : "", sx_command_key(row, key));
        row++;
    } while (brief && row->name && row->brief && !strcmp(row->brief, brief));
    return row;
}

/* "+ - learning rate" at x if it fits before `end`; returns the columns taken, 0 if it does not. */
static int draw_keys(sx_canvas *canvas, sx_box box, int x, int end, const char *keys,
                     const char *brief) {
    int gap = x > 0 ? 3 : 0, columns = sx_text_columns(keys) + 1 + sx_text_columns(brief);
    if (x + gap + columns > end) return 0;
    x += gap;
    x += sx_canvas_text(canvas, box, x, 0, sx_style_of(SX_ROLE_KEY), keys) + 1;
    sx_canvas_text(canvas, box, x, 0, sx_style_of(SX_ROLE_DIM), brief);
    return gap + columns;
}

enum { CLOSING = 4 };

/* The commands named in `last` that matter now, into out; returns how many. */
static int closing_of(sx_commands commands, const char *last, const sx_command *out[CLOSING]) {
    int count = 0;
    char name[32];
    while (last && *last && count < CLOSING) {
        size_t length = strcspn(last, " ");
        const sx_command_set *set;
        snprintf(name, sizeof name, "%.*s", (int)length, last);
        const sx_command *row = sx_commands_of_name(commands, name, &set);
        if (row && row->brief && (!row->matters || row->matters(set->context))) out[count++] = row;
        last += length;
        last += strspn(last, " ");
    }
    return count;
}

static bool is_one_of(const sx_command *row, const sx_command *const *rows, int count) {
    for (int i = 0; i < count; i++)
        if (rows[i] == row) return true;
    return false;
}

void sx_key_line_draw(sx_canvas *canvas, sx_box box, sx_commands commands, const char *last) {
    const sx_command *closing[CLOSING];
    int closings = closing_of(commands, last, closing), x = 0, end = box.width;
    char keys[96];
    for (int i = 0; i < closings; i++) {
        keys_of(closing[i], keys, sizeof keys);
        end -= sx_text_columns(keys) + 1 + sx_text_columns(closing[i]->brief) + 3;
    }
    for (int i = 0; i < commands.count; i++)
        for (const sx_command *row = commands.sets[i].commands, *next; row && row->name;
             row = next) {
            next = keys_of(row, keys, sizeof keys);
            bool matters = !row->matters || row->matters(commands.sets[i].context);
            if (row->brief && matters && !is_one_of(row, closing, closings))
                x += draw_keys(canvas, box, x, end, keys, row->brief);
        }
    for (int i = 0; i < closings; i++) {
        keys_of(closing[i], keys, sizeof keys);
        x += draw_keys(canvas, box, x, box.width, keys, closing[i]->brief);
    }
}

/* How tabs are written: so many have names, some of them briefly, with `gap` blanks between. */
typedef struct {
    int named, gap;
    bool brief[SX_TABS];
} tab_layout;

static const char *tab_name(const sx_tabs *tabs, int i, bool brief) {
    return brief && tabs->briefs[i] ? tabs->briefs[i] : tabs->names[i];
}

static int tabs_columns(const sx_tabs *tabs, const tab_layout *layout) {
    int columns = 0;
    for (int i = 0; i < tabs->count; i++) {
        bool name = i < layout->named || i == tabs->chosen;
        columns += (i ? layout->gap : 1) + sx_text_columns(tabs->keys[i]) +
                   (name ? 1 + sx_text_columns(tab_name(tabs, i, layout->brief[i])) : 0);
    }
    return columns;
}

/* Writes the name briefly that gives the most room by it, the chosen one last; false if all are
 * brief. */
static bool shorten_one(const sx_tabs *tabs, tab_layout *layout) {
    int most = 0, which = -1;
    for (int i = 0; i < tabs->count; i++) {
        int gain = 2 * (sx_text_columns(tabs->names[i]) - sx_text_columns(tab_name(tabs, i, true)));
        if (gain > 0 && i == tabs->chosen) gain = 1;
        if (layout->brief[i] || gain <= most) continue;
        most = gain;
        which = i;
    }
    if (which >= 0) layout->brief[which] = true;
    return which >= 0;
}

/* Wide gaps go first, then long names, then names from the right on. */
static tab_layout lay_tabs(const sx_tabs *tabs, int room) {
    tab_layout layout = {.named = tabs->count, .gap = 2};
    if (tabs_columns(tabs, &layout) > room) layout.gap = 1;
    while (tabs_columns(tabs, &layout) > room && shorten_one(tabs, &layout)) {
    }
    while (layout.named > 0 && tabs_columns(tabs, &layout) > room) layout.named--;
    return layout;
}

/* One tab, the chosen one with a blank on both sides; returns the column after it. */
static int draw_tab(sx_canvas *canvas, sx_box box, int x, const sx_tabs *tabs, int i,
                    const tab_layout *layout) {
    char text[80];
    bool chosen = i == tabs->chosen;
    sx_style style = sx_style_of(SX_ROLE_BAR);
    if (chosen) style.attributes |= SX_BOLD | SX_REVERSE;
    snprintf(text, sizeof text, i < layout->named || chosen ? "%s %s" : "%s", tabs->keys[i],
             tab_name(tabs, i, layout->brief[i]));
    if (chosen && x > 0) sx_canvas_text(canvas, box, x - 1, 0, style, " ");
    int end = x + sx_canvas_text(canvas, box, x, 0, style, text);
    if (chosen && end < box.width) sx_canvas_text(canvas, box, end, 0, style, " ");
    return end;
}

void sx_tabs_draw(sx_canvas *canvas, sx_box box, const char *program, sx_tabs *tabs,
                  const char *const right[2]) {
    sx_style plain = sx_style_of(SX_ROLE_BAR);
    sx_canvas_fill(canvas, box, ' ', plain);
    /* The shorter text goes before the program's name, and before names of tabs. */
    int hint = 2 + sx_text_columns(right[1]), first = sx_text_columns(program) + 2;
    tab_layout layout = lay_tabs(tabs, box.width - hint);
    if (tabs_columns(tabs, &layout) + hint > box.width) layout = lay_tabs(tabs, box.width);
    bool whole = layout.named == tabs->count && layout.gap == 2;
    if (!whole || first + tabs_columns(tabs, &layout) + hint > box.width) first = 0;
    int x = 0;
    if (first) {
        sx_style bold = plain;
        bold.attributes |= SX_BOLD;
        x = 1 + sx_canvas_text(canvas, box, 1, 0, bold, program);
    }
    for (int i = 0; i < tabs->count; i++) {
        tabs->starts[i] = x + (i || x ? layout.gap : 1);
        tabs->ends[i] = x = draw_tab(canvas, box, tabs->starts[i], tabs, i, &layout);
    }
    for (int i = 0; i < 2; i++)
        if (x + 2 + sx_text_columns(right[i]) <= box.width) {
            sx_canvas_text_right(canvas, box,
                                 box.width - (x + 3 + sx_text_columns(right[i]) <= box.width), 0,
                                 plain, right[i]);
            return;
        }
}

void sx_centred_draw(sx_canvas *canvas, sx_box box, sx_style style, const char *text) {
    char line[512], lines[16][512];
    int count = 0;
    while (*text && count < 16) { /* as many whole words as fit make a line */
        text += strspn(text, " ");
        size_t best = 0, length = 0;
        while (text[length]) {
            size_t end = length + strcspn(text + length, " ");
            if (end >= sizeof line) break;
            sx_text_set(line, end + 1, text);
            if (best > 0 && sx_text_columns(line) > box.width) break;
            best = end;
            length = end + strspn(text + end, " ");
        }
        if (best == 0) break;
        sx_text_set(lines[count++], best + 1, text);
        text += best;
    }
    int y = (box.height - count) / 2;
    if (y < 0) y = 0;
    for (int i = 0; i < count; i++, y++) {
        int x = (box.width - sx_text_columns(lines[i])) / 2;
        sx_canvas_text(canvas, box, x < 0 ? 0 : x, y, style, lines[i]);
    }
}
