/* Colours.  Blue against orange is told apart in every common colour blindness; violet carries the
 * density, so that it is neither zone's; nothing is said by colour alone. */
#include <math.h>

#include "plot/plot_private.h"

static const struct fl_plot_palette light = {
    .ink =
        {
            [FL_INK_BACK] = 0xffffff,
            [FL_INK_TEXT] = 0x1b1f24,
            [FL_INK_MUTED] = 0x505a66,
            [FL_INK_GRID] = 0xe4e7eb,
            [FL_INK_AXIS] = 0x8c959f,
            [FL_INK_ACTUAL] = 0x0065a3,
            [FL_INK_EXPECTED] = 0xb54708,
            [FL_INK_BAND] = 0xc9dff0,
            [FL_INK_ZONE_I] = 0xe0effa,
            [FL_INK_ZONE_II] = 0xfdeadb,
            [FL_INK_ZONE_III] = 0xf4f5f7,
            [FL_INK_MARK] = 0x1b1f24,
        },
    .level = {0xd6cdea, 0xbcaddd, 0xa08bce, 0x8369be, 0x6647a8, 0x4a2a8a, 0x2d0f63},
};

static const struct fl_plot_palette dark = {
    .ink =
        {
            [FL_INK_BACK] = 0x14181d,
            [FL_INK_TEXT] = 0xe8edf2,
            [FL_INK_MUTED] = 0xaab4c0,
            [FL_INK_GRID] = 0x2a3138,
            [FL_INK_AXIS] = 0x66717d,
            [FL_INK_ACTUAL] = 0x5cb8f0,
            [FL_INK_EXPECTED] = 0xffa04d,
            [FL_INK_BAND] = 0x1f3b52,
            [FL_INK_ZONE_I] = 0x142b3f,
            [FL_INK_ZONE_II] = 0x38251a,
            [FL_INK_ZONE_III] = 0x1c2229,
            [FL_INK_MARK] = 0xffffff,
        },
    .level = {0x3d3363, 0x51438a, 0x6757ad, 0x8070c9, 0x9f90dc, 0xc4b8ee, 0xf0eaff},
};

const struct fl_plot_palette *fl_plot_palette_of(bool is_dark)
{
    return is_dark ? &dark : &light;
}

enum { RED = 16, GREEN = 8, BLUE = 0, CHANNEL = 0xff };

static double channel(uint32_t rgb, int shift)
{
    return (double)((rgb >> shift) & CHANNEL) / CHANNEL;
}

/* https://www.w3.org/TR/WCAG21/#dfn-relative-luminance */
static double linear(double value)
{
    return value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t rgb)
{
    return 0.2126 * linear(channel(rgb, RED)) + 0.7152 * linear(channel(rgb, GREEN)) +
           0.0722 * linear(channel(rgb, BLUE));
}

double fl_plot_contrast(uint32_t a, uint32_t b)
{
    double one = luminance(a) + 0.05, other = luminance(b) + 0.05;

    return one > other ? one / other : other / one;
}

static uint32_t mixed(uint32_t over, uint32_t under, double alpha, int shift)
{
    double value = channel(over, shift) * alpha + channel(under, shift) * (1 - alpha);

    return (uint32_t)lround(value * CHANNEL) << shift;
}

uint32_t fl_plot_blend(uint32_t over, uint32_t under, double alpha)
{
    return mixed(over, under, alpha, RED) | mixed(over, under, alpha, GREEN) |
           mixed(over, under, alpha, BLUE);
}
