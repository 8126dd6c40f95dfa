/* Layers by name: what a spec or a model file says becomes a node, by the operator's own table of
 * options. */
#include "core/graph/internal.h"

#include <stdio.h>
#include <string.h>

/* "b" of "a|b|c" is 1; the value was checked before. */
static double choice_index(const char *choices, const char *value) {
    size_t length = strlen(value);
    for (int i = 0; *choices; i++) {
        size_t part = strcspn(choices, "|");
        if (part == length && memcmp(choices, value, length) == 0) return i;
        choices += part + (choices[part] == '|');
    }
    return 0;
}

static sx_status read_options(sx_graph_node *node, const sx_spec *spec, sx_error *err) {
    static const sx_option none[] = {{NULL, NULL, 0, NULL, 0, 0, NULL, NULL}};
    const sx_option *options = node->op->options ? node->op->options : none;
    sx_status status = sx_spec_check(spec, options, err);
    if (status) return status;
    for (int i = 0; i < SX_OPTIONS && options[i].name; i++)
        node->option[i] =
            options[i].kind == SX_OPTION_CHOICE
                ? choice_index(options[i].choices, sx_spec_text(spec, options, options[i].name))
                : sx_spec_number(spec, options, options[i].name);
    if (node->op->take) node->op->take(node);
    return SX_OK;
}

static sx_status check_inputs(const sx_operator *op, int count, sx_error *err) {
    int least = op->least_inputs || op->source ? op->least_inputs : 1;
    int most = op->most_inputs ? op->most_inputs : least;
    if (count >= least && count <= most && count <= SX_INPUTS) return SX_OK;
    if (least == most)
        return sx_fail(err, SX_BAD_INPUT, "%s reads %d layer%s, not %d", op->name, least,
                       least == 1 ? "" : "s", count);
    return sx_fail(err, SX_BAD_INPUT, "%s reads %d to %d layers, not %d", op->name, least, most,
                   count);
}

static sx_status unknown(const char *name, bool loss, sx_error *err) {
    const char *names[128];
    size_t count = 0;
    for (int row = 0; row < 128 && sx_operator_name(row); row++)
        if (sx_operator_find(sx_operator_name(row))->loss == loss)
            names[count++] = sx_operator_name(row);
    char shown[64];
    sx_text_printable(shown, sizeof shown, name);
    return sx_fail(err, SX_BAD_INPUT, "unknown %s '%s'; did you mean '%s'?",
                   loss ? "loss" : "operator", shown, sx_nearest_name(name, names, count));
}

static sx_status make_node(const sx_spec *spec, const sx_node *inputs, int count, bool loss,
                           sx_graph_node *out, sx_error *err) {
    *out = (sx_graph_node){.op = sx_operator_find(spec->name), .input_count = count};
    if (!out->op || out->op->loss != loss || out->op == &sx_operator_input)
        return unknown(spec->name, loss, err);
    sx_status status = check_inputs(out->op, count, err);
    for (int i = 0; !status && i < count; i++) out->inputs[i] = inputs[i];
    return status ? status : read_options(out, spec, err);
}

static sx_node append_spec(sx_graph *graph, const char *text, const sx_node *inputs, int count,
                           const char *name, bool loss) {
    sx_spec spec;
    sx_graph_node node;
    if (graph->error.status) return -1;
    if (sx_spec_parse(text, &spec, &graph->error) ||
        make_node(&spec, inputs, count, loss, &node, &graph->error)) {
        if (name) sx_fail_within(&graph->error, "%s", name);
        return -1;
    }
    return sx_graph_append(graph, node, name);
}

sx_node sx_graph_layer(sx_graph *graph, const char *operation, const sx_node *inputs, int count,
                       const char *name, const char *options) {
    char text[512];
    int length = snprintf(text, sizeof text, "%s(%s)", operation, options);
    if (length >= (int)sizeof text && !graph->error.status)
        sx_fail(&graph->error, SX_BAD_INPUT, "the options of a layer are too long: %.60s ...",
                options);
    return append_spec(graph, text, inputs, count, name, false);
}

sx_node sx_graph_append_loss(sx_graph *graph, const sx_node *inputs, int count, const char *loss) {
    return append_spec(graph, loss, inputs, count, NULL, true);
}
