/* The models, and what they are called. */
#include <string.h>

#include "value/value_private.h"

const struct value_ops *const value_table[FL_VALUE_MODELS] = {
    [FL_VALUE_BGNBD] = &value_bgnbd,
    [FL_VALUE_MBGNBD] = &value_mbgnbd,
    [FL_VALUE_PARETONBD] = &value_paretonbd,
    [FL_VALUE_NBD] = &value_nbd,
    [FL_VALUE_BGBB] = &value_bgbb,
    [FL_VALUE_SBG] = &value_sbg,
    [FL_VALUE_BDW] = &value_bdw,
    [FL_VALUE_GAMMAGAMMA] = &value_gammagamma,
};

static const struct value_ops *ops_of(enum fl_value_model model)
{
    return (unsigned)model < FL_VALUE_MODELS ? value_table[model] : NULL;
}

const char *fl_value_model_key(enum fl_value_model model)
{
    const struct value_ops *ops = ops_of(model);

    return ops ? ops->key : "";
}

const char *fl_value_model_title(enum fl_value_model model)
{
    const struct value_ops *ops = ops_of(model);

    return ops ? ops->title : "";
}

bool fl_value_model_parse(const char *key, enum fl_value_model *out)
{
    for (size_t i = 0; i < FL_VALUE_MODELS; i++)
        if (value_table[i] && strcmp(key, value_table[i]->key) == 0) {
            *out = (enum fl_value_model)i;
            return true;
        }
    return false;
}

size_t fl_value_params(enum fl_value_model model)
{
    const struct value_ops *ops = ops_of(model);

    return ops ? ops->n_params : 0;
}

const char *fl_value_param_name(enum fl_value_model model, size_t i)
{
    const struct value_ops *ops = ops_of(model);

    return ops && i < ops->n_params ? ops->names[i] : "";
}
