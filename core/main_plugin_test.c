/* fairline-plugin-test: does a channel plugin keep the contract? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "kit/kit.h"

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("fairline-plugin-test %s\n", FL_VERSION);
        return EXIT_SUCCESS;
    }
    return fl_kit_test(argc, argv);
}
