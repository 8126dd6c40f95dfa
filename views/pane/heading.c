/* Frame titles. A pane says its parts and what each is worth; how many of them there is room for is
 * decided here, for all panes alike: first parts become shorter, then they go, the least worthy
 * first. What is left over goes back to the long forms. The pane's name always stays. */
#include "views/pane/part.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sx_heading_add(sx_heading *heading, int worth, const char *brief, const char *format, ...) {
    char text[sizeof heading->parts[0].text];
    if (heading->count == SX_HEADING_PARTS) return;
    sx_heading_part *part = &heading->parts[heading->count++];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sx_text_printable(part->text, sizeof part->text, text);
    sx_text_printable(part->brief, sizeof part->brief, brief);
    part->worth = worth;
    part->form = SX_HEADING_LONG;
}

static const char *text_of(const sx_heading_part *part) {
    return part->form == SX_HEADING_LONG   ? part->text
           : part->form == SX_HEADING_GONE ? ""
                                           : part->brief;
}

static int columns_of(const sx_heading *heading) {
    int columns = 0;
    for (int i = 0; i < heading->count; i++)
        columns += sx_text_columns(text_of(&heading->parts[i]));
    return columns;
}

/* The least worthy part that can still be made shorter (or, `goes`, go), the name excepted. */
static sx_heading_part *weakest(sx_heading *heading, bool goes) {
    sx_heading_part *found = NULL;
    int there = 0;
    for (int i = 1; i < heading->count; i++) {
        sx_heading_part *part = &heading->parts[i];
        bool can =
            goes ? part->form != SX_HEADING_GONE : part->form == SX_HEADING_LONG && part->brief[0];
        there += part->form != SX_HEADING_GONE;
        if (can && (!found || part->worth <= found->worth)) found = part;
    }
    return goes && there < 2 ? NULL : found; /* the frame cuts the last one */
}

void sx_heading_fit(sx_heading *heading, int columns, char *out, size_t size) {
    sx_heading_part *part;
    while (columns_of(heading) > columns && (part = weakest(heading, false)))
        part->form = SX_HEADING_BRIEF;
    while (columns_of(heading) > columns && (part = weakest(heading, true)))
        part->form = SX_HEADING_GONE;
    for (int i = 1; i < heading->count; i++) {
        part = &heading->parts[i];
        if (part->form != SX_HEADING_BRIEF) continue;
        part->form = SX_HEADING_LONG;
        if (columns_of(heading) > columns) part->form = SX_HEADING_BRIEF;
    }
    out[0] = 0;
    for (int i = 0; i < heading->count; i++) {
        size_t used = strlen(out);
        sx_text_set(out + used, size - used, text_of(&heading->parts[i]));
    }
}
