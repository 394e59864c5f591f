/* Value: fits of simulated customers give back the parameters they were simulated with, and their
 * intervals hold what they say.  Built once for each list MODELS, with as many
 * SIMULATIONS as keep the program short; FL_LONG runs four times as many. */
#include "unit.h"

#include "value-cases.h"

static void test_recovery(void **state)
{
    static const enum fl_value_model models[] = {MODELS};

    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        value_assert_recovered(models[i], SIMULATIONS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_recovery)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
