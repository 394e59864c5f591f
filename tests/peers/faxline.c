/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two fax machines in one process, a line between them that may be noisy: what the called machine
 * gets is written as TIFF.  A minute of line time takes some hundredths of a second.
 *
 *     faxline SENT.tif RECEIVED.tif [NOISE dBm0, such as -48]
 *
 * Prints the number of pages; exit status 0 when both machines are content. */
#define SPANDSP_EXPOSE_INTERNAL_STRUCTURES
#include <tiffio.h>
/* in this order */
#include <spandsp.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SAMPLES = 160,     /* 20 ms */
    SECONDS_MAX = 900, /* with much noise a call never ends */
    TAIL = 50,         /* blocks after the end, so that the last page is written */
    SEED = 1234567
};

struct machine {
    fax_state_t *fax;
    bool is_done;
    int result, pages;
};

static void on_end(t30_state_t *t30, void *arg, int result)
{
    struct machine *machine = arg;
    t30_stats_t stats;

    t30_get_transfer_statistics(t30, &stats);
    machine->is_done = true;
    machine->result = result;
    machine->pages = stats.pages_rx + stats.pages_tx;
}

static void machine_init(struct machine *machine, bool is_calling, const char *file)
{
    t30_state_t *t30;

    machine->fax = fax_init(NULL, is_calling);
    if (!machine->fax)
        exit(2);
    t30 = fax_get_t30_state(machine->fax);
    t30_set_tx_ident(t30, is_calling ? "+82 2 1577 0000" : "+82 2 1577 0001");
    if (is_calling)
        t30_set_tx_file(t30, file, -1, -1);
    else
        t30_set_rx_file(t30, file, -1);
    t30_set_ecm_capability(t30, true);
    t30_set_supported_modems(t30, T30_SUPPORT_V27TER | T30_SUPPORT_V29 | T30_SUPPORT_V17);
    t30_set_supported_compressions(t30, T30_SUPPORT_T4_1D_COMPRESSION |
                                            T30_SUPPORT_T4_2D_COMPRESSION |
                                            T30_SUPPORT_T6_COMPRESSION);
    t30_set_supported_resolutions(t30,
                                  T30_SUPPORT_STANDARD_RESOLUTION | T30_SUPPORT_FINE_RESOLUTION);
    t30_set_supported_image_sizes(t30, T30_SUPPORT_215MM_WIDTH | T30_SUPPORT_US_LETTER_LENGTH |
                                           T30_SUPPORT_UNLIMITED_LENGTH);
    t30_set_phase_e_handler(t30, on_end, machine);
    fax_set_transmit_on_idle(machine->fax, true);
}

static void add_noise(awgn_state_t *noise, int16_t block[SAMPLES])
{
    for (int i = 0; noise && i < SAMPLES; i++)
        block[i] = saturate(block[i] + awgn(noise));
}

int main(int argc, char **argv)
{
    struct machine caller = {0}, called = {0};
    awgn_state_t *noise = NULL;

    if (argc < 3) {
        fprintf(stderr, "usage: faxline SENT.tif RECEIVED.tif [NOISE]\n");
        return 2;
    }
    machine_init(&caller, true, argv[1]);
    machine_init(&called, false, argv[2]);
    if (argc > 3)
        noise = awgn_init_dbm0(NULL, SEED, (float)atof(argv[3]));
    for (int block = 0, tail = TAIL; tail && block < SECONDS_MAX * 50; block++) {
        int16_t there[SAMPLES] = {0}, back[SAMPLES] = {0};

        fax_tx(caller.fax, there, SAMPLES);
        fax_tx(called.fax, back, SAMPLES);
        add_noise(noise, there);
        add_noise(noise, back);
        fax_rx(called.fax, there, SAMPLES);
        fax_rx(caller.fax, back, SAMPLES);
        tail -= caller.is_done && called.is_done;
    }
    fax_free(caller.fax);
    fax_free(called.fax);
    if (noise)
        awgn_free(noise);
    printf("%d\n", called.pages);
    return caller.is_done && called.is_done && !caller.result && !called.result ? 0 : 1;
}
