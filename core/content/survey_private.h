/* Inside the survey: what reading and answering share. */
#ifndef FL_CONTENT_SURVEY_PRIVATE_H
#define FL_CONTENT_SURVEY_PRIVATE_H

#include "content/survey.h"

enum {
    FL_SURVEY_FILE_MAX = 64 << 10, /* bytes */
    FL_SURVEY_NUMBER_MAX = 1000,   /* either end of a scale */
    FL_SURVEY_LABEL_MAX = 200,     /* bytes of an option's label */
    FL_SURVEY_QUESTION_MAX = 1000  /* bytes of a question's text */
};

const char *fl_question_type_name(enum fl_question_type type);

#endif
