/* `describe` of a study of several networks: its cells in the order of the file, those of the
 * preset with what they cost, and the claims that are measured on them. */
#include "app/describe.h"

#include "views/plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    double parameters, flops; /* NaN: unknown before it runs, or none */
} cost;

static double figure(const sx_result *costs, const char *name) {
    const sx_table *table = &costs->table;
    for (size_t i = 0; i < table->rows; i++)
        if (strcmp(table->columns[0].texts[i], name) == 0) return table->columns[1].numbers[i];
    return NAN;
}

/* A cell that asks a network trains none as a whole. */
static sx_status cost_of(const sx_config *study, const sx_cell_facts *cell, int run,
                         sx_described_data *data, cost *out, sx_error *err) {
    sx_config config;
    sx_described d;
    *out = (cost){NAN, NAN};
    if (!cell->chosen || !cell->spec[0]) return SX_OK;
    sx_status status = sx_cells_config(study, run, &config, err);
    if (status) return status;
    status = sx_described_new(&config, cell->spec, data, &d, err);
    if (!status) {
        sx_result *costs = sx_described_cost(&d, &config, err);
        bool trains = strcmp(cell->kind, sx_config_text(study, "study", "kind")) == 0;
        if (!costs) status = err->status;
        if (costs) out->parameters = figure(costs, "parameters");
        if (costs && trains) out->flops = figure(costs, "training FLOPs");
        sx_result_release(costs);
        sx_described_done(&d);
    }
    sx_config_done(&config);
    return status ? sx_fail_within(err, "[cell %s]", cell->name) : SX_OK;
}

/* The model last: it is as long as it is. */
static void print_cell(const sx_config *study, const sx_cell_facts *cell, const cost *c,
                       int columns) {
    char parameters[32] = "-", flops[32] = "-", from[64] = "-",
         spec[512] = "as what it begins with";
    bool other = strcmp(cell->kind, sx_config_text(study, "study", "kind")) != 0;
    if (!isnan(c->parameters)) sx_text_count(parameters, (long long)c->parameters);
    if (!isnan(c->flops)) sx_number_shown(flops, c->flops, 3);
    if (cell->from[0]) sx_text_printable(from, sizeof from, cell->from);
    if (cell->spec[0]) sx_text_printable(spec, sizeof spec, cell->spec);
    printf("%-*s  %-16s  %-*s  %11s  %14s  %s%s%s\n", columns, cell->name,
           cell->presets[0] ? cell->presets : "all", columns + 5, from, parameters, flops, spec,
           other ? ", kind " : "", other ? cell->kind : "");
}

static sx_status print_cells(const sx_config *study, sx_error *err) {
    sx_cell_facts cell;
    sx_described_data data = {0};
    cost c;
    int columns = 4, run = 0;
    for (int row = 0; sx_cells_describe(study, row, &cell); row++)
        if ((int)strlen(cell.name) > columns) columns = (int)strlen(cell.name);
    printf("%-*s  %-16s  %-*s  %11s  %14s  %s\n", columns, "cell", "presets", columns + 5,
           "begins with", "parameters", "training FLOPs", "model");
    for (int row = 0; sx_cells_describe(study, row, &cell); row++) {
        if (cost_of(study, &cell, run, &data, &c, err)) return err->status;
        print_cell(study, &cell, &c, columns);
        run += cell.chosen;
    }
    return SX_OK;
}

/* What a claim says, by the name before its cells. */
static const char *help_of(const char *text) {
    const sx_cell_claim *claim;
    size_t length = strcspn(text, "( ");
    for (int row = 0; (claim = sx_cell_claim_at(row)); row++)
        if (strlen(claim->name) == length && strncmp(claim->name, text, length) == 0)
            return claim->help;
    return "";
}

static void print_claims(const sx_config *study) {
    const char *text;
    bool present;
    for (int row = 0; sx_cells_claim(study, row, &text, &present); row++)
        printf("%s  %s\n      %s%s\n", row ? "" : "\nclaims\n", text, help_of(text),
               present ? "" : " (not in this preset)");
}

sx_status sx_describe_cells(const sx_config *config, sx_error *err) {
    sx_cell_facts cell;
    char name[96];
    int cells = 0, chosen = 0, seeds = (int)sx_config_number(config, "run", "seeds");
    sx_status status = sx_cells_check(config, err);
    if (status) return status;
    for (; sx_cells_describe(config, cells, &cell); cells++) chosen += cell.chosen;
    sx_text_printable(name, sizeof name, sx_config_text(config, "study", "name"));
    printf("%s: %d cells; preset %s: %d of them, %d seed%s each, %d runs\n\n", name, cells,
           sx_config_text(config, "run", "preset"), chosen, seeds, seeds == 1 ? "" : "s",
           sx_cells_count(config));
    status = print_cells(config, err);
    if (!status) print_claims(config);
    return status;
}
