/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where things stand on a sheet.
 *
 * de  DIN 5008 form B for envelopes DL: field 85 x 45 mm at 20/45 mm, window 90 x 45 mm; folds at
 *     105 and 210 mm.
 * us  A no. 10 envelope (9 1/2 x 4 1/8 in) with the standard window (4 1/2 x 1 1/8 in, 7/8 in from
 *     the left, 1/2 in from the foot) around a letter folded in thirds of 3 2/3 in: the letter can
 *     slide by 0.46 in down and 1 in across, what stands between 2 1/2 and 3 1/6 in from the top
 *     and 7/8 and 4 3/8 in from the left shows wherever it is.
 * kr  The envelope of 220 x 105 mm for A4 in thirds, window 90 x 45 mm at 20 mm from the left and
 *     20 mm from the foot; postcode below the name, as Korea Post asks.
 */
#include "letter/letter_private.h"

static const double MM = 72 / 25.4;
static const double IN = 72;

static struct letter_box box_mm(double x, double y, double width, double height)
{
    return (struct letter_box){x * MM, y * MM, width * MM, height * MM};
}

static void margins(struct letter_sheet *out, double left, double right, double top, double bottom)
{
    out->left = left * MM;
    out->right = right * MM;
    out->top = top * MM;
    out->bottom = bottom * MM;
}

static void sheet_de(struct letter_sheet *out)
{
    out->window = box_mm(20, 45, 90, 45);
    out->sender = box_mm(25, 50, 80, 4);
    out->address = box_mm(25, 62.7, 60, 27.3);
    out->code = box_mm(88, 67, 20, 20);
    out->head = box_mm(25, 18, 165, 22);
    out->aside = box_mm(128, 50, 62, 40);
    out->folds[0] = 105 * MM;
    out->folds[1] = 210 * MM;
    margins(out, 25, 20, 25, 25);
    out->first_top = 103 * MM;
}

static void sheet_kr(struct letter_sheet *out)
{
    out->window = box_mm(20, 42, 90, 45);
    out->sender = box_mm(25, 45, 80, 4);
    out->address = box_mm(25, 53, 60, 32);
    out->code = box_mm(88, 61, 20, 20);
    out->head = box_mm(25, 17, 165, 20);
    out->aside = box_mm(128, 45, 60, 40);
    out->folds[0] = 99 * MM;
    out->folds[1] = 198 * MM;
    margins(out, 25, 22, 25, 25);
    out->first_top = 104 * MM;
}

static void sheet_us(struct letter_sheet *out)
{
    out->window = (struct letter_box){0.875 * IN, 2.27 * IN, 4.5 * IN, 1.125 * IN};
    out->sender = (struct letter_box){1.0 * IN, 2.33 * IN, 2.6 * IN, 0.12 * IN};
    out->address = (struct letter_box){1.0 * IN, 2.5 * IN, 2.6 * IN, 0.667 * IN};
    out->code = (struct letter_box){3.66 * IN, 2.47 * IN, 0.71 * IN, 0.71 * IN};
    out->head = (struct letter_box){1.0 * IN, 0.65 * IN, 6.5 * IN, 0.8 * IN};
    out->aside = (struct letter_box){5.6 * IN, 1.9 * IN, 1.9 * IN, 1.6 * IN};
    out->is_address_centred = true;
    out->folds[0] = out->height / 3;
    out->folds[1] = 2 * out->height / 3;
    out->left = out->right = 1.0 * IN;
    out->top = out->bottom = 1.0 * IN;
    out->first_top = 3.95 * IN;
}

void letter_sheet_of(const struct letter_settings *set, struct letter_sheet *out)
{
    struct letter_sheet sheet = {.width = 595.276, .height = 841.89};

    if (set->sheet == LETTER_LETTER) {
        sheet.width = 612;
        sheet.height = 792;
    }
    switch (set->layout) {
    case LETTER_DE:
        sheet_de(&sheet);
        break;
    case LETTER_US:
        sheet_us(&sheet);
        break;
    case LETTER_KR:
        sheet_kr(&sheet);
        break;
    }
    *out = sheet;
}
