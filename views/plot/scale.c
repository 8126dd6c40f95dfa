/* Ranges and ticks. Everything here must hold for any doubles: data may span 1e300, be constant,
 * or not be there at all. */
#include "views/plot/scale.h"

#include "views/plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LARGEST 1e307 /* beyond, differences of two values overflow */

/* The smallest round number that is at least `least` (> 0). */
static double nice_step(double least, bool degrees) {
    static const double circle[] = {15, 30, 45, 90, 180}, decimal[] = {1, 2, 2.5, 5};
    if (degrees && least > 10)
        for (int i = 0; i < 5; i++)
            if (circle[i] >= least * (1 - 1e-9)) return circle[i];
    double power = pow(10, floor(log10(least)));
    for (int i = 0; i < 4; i++)
        if (decimal[i] * power >= least * (1 - 1e-9)) return decimal[i] * power;
    return 10 * power;
}

void sx_range_nice(double *low, double *high, int parts, bool degrees) {
    if (!(*low <= *high)) *low = 0, *high = 1;
    *low = fmin(fmax(*low, -LARGEST), LARGEST);
    *high = fmin(fmax(*high, -LARGEST), LARGEST);
    double size = fmax(fabs(*low), fabs(*high));
    if (size < 1e-290) {
        *low = 0, *high = 1;
    } else if (*high - *low < 1e-9 * size) {
        *low -= size / 2, *high += size / 2;
    }
    if (*low < 0 && *high > 0 && parts < 2) parts = 2; /* 0 is a round number, too */
    double wanted = (*high - *low) / parts, step, first, last;
    do {
        step = nice_step(wanted, degrees);
        first = floor(*low / step + 1e-6);
        last = ceil(*high / step - 1e-6);
        wanted = step * 1.01;
    } while (last - first > parts);
    *low = first * step;
    *high = last * step;
}

/* Decimals that show multiples of a step exactly; 2.5 needs one more than 2 and 5. */
static int decimals_of(double step) {
    double power = floor(log10(step) + 1e-9);
    double lead = step / pow(10, power);
    int decimals = (int)-power + (fabs(lead - round(lead)) > 1e-6);
    return decimals < 0 ? 0 : decimals > 9 ? 9 : decimals;
}

static int count_of(double low, double high, double step, double *first) {
    double begin = ceil(low / step - 1e-6), end = floor(high / step + 1e-6);
    *first = begin * step;
    return end - begin < SX_MOST_TICKS ? (int)(end - begin) + 1 : SX_MOST_TICKS + 1;
}

sx_ticks sx_ticks_of(double low, double high, double least, bool degrees) {
    sx_ticks ticks = {0};
    if (!(high > low) || !isfinite(high - low) || !(least > 0)) return ticks;
    double step = nice_step(least, degrees);
    while ((ticks.count = count_of(low, high, step, &ticks.first)) > SX_MOST_TICKS)
        step = nice_step(step * 1.01, degrees);
    ticks.step = step;
    double size = fmax(fabs(low), fabs(high));
    int power = (int)floor(log10(size));
    if (power >= 6 || power <= -4) ticks.exponent = (int)floor(power / 3.0) * 3;
    ticks.decimals = decimals_of(step / pow(10, ticks.exponent));
    return ticks;
}

static const double log_steps[] = {1, 2, 5};

void sx_range_logarithmic(double *low, double *high) {
    *low = fmax(*low, 1e-300);
    *high = fmin(fmax(*high, *low), LARGEST);
    double under = pow(10, floor(log10(*low) + 1e-9)), over = pow(10, floor(log10(*high) - 1e-9));
    for (int i = 2; i >= 0; i--) {
        if (log_steps[i] * under > *low * (1 + 1e-9)) continue;
        *low = log_steps[i] * under;
        break;
    }
    double end = 10 * over;
    for (int i = 2; i >= 0; i--)
        if (log_steps[i] * over >= *high * (1 - 1e-9)) end = log_steps[i] * over;
    *high = end > *low * (1 + 1e-9) ? end : *low * 10;
}

/* Adds the value if it lies within the axis. */
static void add_tick(sx_ticks *ticks, double value, double low, double high) {
    if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) return;
    if (ticks->count < SX_MOST_TICKS) ticks->values[ticks->count++] = value;
}

sx_ticks sx_ticks_logarithmic(double low, double high, double least) {
    sx_ticks ticks = {.logarithmic = true};
    if (!(low > 0) || !(high > low) || !isfinite(high)) return ticks;
    int first = (int)floor(log10(low) - 1e-9), last = (int)ceil(log10(high) + 1e-9);
    int steps = least <= log10(2) ? 3 : 1, stride = least > 1 ? (int)ceil(least) : 1;
    for (int power = first; power <= last; power++)
        for (int i = 0; i < steps && power % stride == 0; i++)
            add_tick(&ticks, log_steps[i] * pow(10, power), low, high);
    if (ticks.count >= 2) return ticks;
    ticks.count = 0;
    add_tick(&ticks, low, low, high);
    add_tick(&ticks, high, low, high);
    return ticks;
}

/* "0.05", "200", "2e-5": every label says its whole value. */
static char *log_label(double value, char *out) {
    int power = (int)floor(log10(value) + 1e-9);
    if (power < -3 || power > 5)
        snprintf(out, 32, "%.3ge%d", value / pow(10, power), power);
    else
        snprintf(out, 32, "%.*f", power < 0 ? -power : 0, value);
    return out;
}

double sx_tick_value(const sx_ticks *ticks, int i) {
    if (ticks->logarithmic) return ticks->values[i];
    double value = ticks->first + i * ticks->step;
    return fabs(value) < ticks->step * 1e-6 ? 0 : value;
}

char *sx_tick_label(const sx_ticks *ticks, int i, char *out) {
    if (ticks->logarithmic) return log_label(ticks->values[i], out);
    double shown = sx_tick_value(ticks, i) / pow(10, ticks->exponent);
    return sx_number_shown(out, shown, ticks->decimals);
}

char *sx_exponent_text(int exponent, char *out) {
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    out[0] = 0;
    if (exponent == 0) return out;
    char number[12];
    snprintf(number, sizeof number, "%d", exponent);
    strcpy(out, "×10");
    for (const char *s = number; *s; s++) strcat(out, *s == '-' ? "⁻" : digits[*s - '0']);
    return out;
}
