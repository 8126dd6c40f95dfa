/* The desk that panes work at: what they say, ask and begin, and which runs are compared. Panes
 * leave their wishes here and the screen grants them, so that no pane knows another one. */
#include "views/pane/part.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sx_desk_say(sx_desk *desk, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(desk->message, sizeof desk->message, format, args);
    va_end(args);
    desk->bad = false;
}

void sx_desk_ask(sx_desk *desk, void (*yes)(void *context), void *context, const char *format,
                 ...) {
    va_list arguments;
    char text[sizeof desk->question.text];
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    sx_text_printable(desk->question.text, sizeof desk->question.text, text);
    desk->question.yes = yes;
    desk->question.context = context;
}

bool sx_desk_active(const sx_desk *desk) {
    static const bool active[SX_STATES] = {[SX_STATE_LOADING] = true,
                                           [SX_STATE_RUNNING] = true,
                                           [SX_STATE_PAUSED] = true,
                                           [SX_STATE_STOPPING] = true};
    return active[desk->now->state];
}

bool sx_desk_send(sx_desk *desk, sx_command_kind kind, double value) {
    sx_error err = {0};
    if (!sx_desk_active(desk)) {
        sx_desk_say(desk, "nothing is running");
        return false;
    }
    if (sx_engine_check(desk->now, kind, value, &err)) {
        sx_desk_say(desk, "%s", err.message);
        desk->bad = true;
        return false;
    }
    desk->send(desk->user, kind, value);
    return true;
}

static void start(void *context) {
    sx_desk *desk = context;
    sx_error err = {0};
    if (!desk->start) return;
    if (desk->start(desk->user, &desk->pending, &err) == SX_OK) {
        desk->wants_dashboard = true;
        return;
    }
    sx_desk_say(desk, "%s", err.message);
    desk->bad = true;
}

void sx_desk_start(sx_desk *desk, sx_start_kind kind, const char *what, const char *preset) {
    desk->pending.kind = kind;
    sx_text_set(desk->pending.what, sizeof desk->pending.what, what);
    sx_text_set(desk->pending.preset, sizeof desk->pending.preset, preset);
    if (sx_desk_active(desk) && !desk->starts_freely)
        sx_desk_ask(desk, start, desk, "the run would stop, checkpointed: y goes to the other");
    else
        start(desk);
}

int sx_desk_place(const sx_desk *desk, const char *run, sx_run_version version) {
    for (int i = 0; i < SX_COMPARED && run[0]; i++)
        if (strcmp(desk->compared[i].run, run) == 0 && desk->compared[i].version == version)
            return i;
    return -1;
}

void sx_desk_unmark(sx_desk *desk, const char *run) {
    for (int i = 0; i < SX_COMPARED; i++)
        if (strcmp(desk->compared[i].run, run) == 0) desk->compared[i].run[0] = 0;
}

int sx_desk_compared(const sx_desk *desk) {
    int count = 0;
    for (int i = 0; i < SX_COMPARED; i++) count += desk->compared[i].run[0] != 0;
    return count;
}

bool sx_desk_has_time(const sx_desk *desk, double began) {
    return desk->picture_seconds <= 0 || sx_seconds() - began < desk->picture_seconds;
}
