/* Sheets: the first pairs at one pose, as a sweep measures them, and what the network says to each.
 */
#include "core/study/prober.h"

#include <math.h>

static void judge_entry(sx_sheet_entry *entry, const float *probabilities, int classes) {
    entry->prediction = sx_likeliest(probabilities, classes);
    entry->confidence = (double)probabilities[entry->prediction];
    entry->p_true = (double)probabilities[entry->label];
}

static sx_status draw_entries(sx_probe *probe, sx_sheet *sheet, sx_error *err) {
    const sx_view *view = probe->data->view;
    size_t image = (size_t)sheet->size * (size_t)sheet->size * 3;
    sx_status status = SX_OK;
    for (int i = 0; i < sheet->count && !status; i++) {
        uint64_t pair = (uint64_t)i;
        sx_sheet_entry *entry = &sheet->entries[i];
        *entry = (sx_sheet_entry){.item = sx_view_pair_item(view, sheet->split, pair),
                                  .background = sx_view_pair_background(view, sheet->split, pair),
                                  .prediction = -1,
                                  .confidence = NAN,
                                  .p_true = NAN};
        entry->label = sx_source_label(probe->data->source, sheet->split, entry->item);
        sx_scene scene = {sheet->split, entry->item, entry->background, sheet->pose};
        status = sx_probe_draw(probe, &scene, sheet->pixels + (size_t)i * image, err);
    }
    return status;
}

sx_status sx_probe_sheet(sx_probe *probe, sx_sheet *sheet, sx_error *err) {
    int size = probe->answer.size, classes = probe->answer.classes;
    size_t image = (size_t)size * (size_t)size * 3;
    sheet->size = size;
    sheet->step = probe->answer.step;
    if (!probe->sheet) probe->sheet = sx_alloc(SX_SHEET_PICTURES, image);
    if (!probe->sheet) return sx_study_no_memory(err);
    sheet->pixels = probe->sheet;
    sx_status status = draw_entries(probe, sheet, err);
    if (!probe->has_model || sheet->step < 0) return status;
    for (int first = 0; first < sheet->count && !status; first += SX_PROBE_POINTS) {
        int left = sheet->count - first, count = left < SX_PROBE_POINTS ? left : SX_PROBE_POINTS;
        status = sx_evaluator_bytes(probe->many, sheet->pixels + (size_t)first * image,
                                    (size_t)count, probe->probabilities, err);
        for (int i = 0; i < count && !status; i++)
            judge_entry(&sheet->entries[first + i], probe->probabilities + (size_t)(i * classes),
                        classes);
    }
    return status;
}
