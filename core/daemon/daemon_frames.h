/* Frames between parent and core, and on the control socket. */
#ifndef FL_DAEMON_DAEMON_FRAMES_H
#define FL_DAEMON_DAEMON_FRAMES_H

enum fl_parent_frame {
    /* parent -> core */
    FL_PARENT_START = 1, /* configuration name and text, control socket */
    FL_PARENT_CONF,      /* a new configuration: name and text */
    FL_PARENT_HOST,      /* channel, worker, generation, call timeout, socket */
    FL_PARENT_HOST_STOP, /* channel, worker, generation: end after the batch in hand */
    FL_PARENT_RELOADED,  /* is fine, text, faults; answers FL_CORE_RELOAD */
    FL_PARENT_DRAIN,     /* no new claims; FL_CORE_DRAINED when nothing is in hand */
    FL_PARENT_PING,
    FL_PARENT_FRONT,        /* socket to a front */
    FL_PARENT_VALUE,        /* socket to a value process */
    FL_PARENT_VALUE_FAILED, /* text: there is none */
    /* core -> parent */
    FL_CORE_READY = 32,
    FL_CORE_FAILED, /* text: it could not start, and trying again will not help */
    FL_CORE_HOST_READY,
    FL_CORE_HOST_FAILED, /* channel, worker, generation, text */
    FL_CORE_HOST_KILL,   /* channel, worker, generation, text: a call is overdue */
    FL_CORE_RELOAD,
    FL_CORE_DRAINED,
    FL_CORE_PONG,
    FL_CORE_VALUE /* as of, now: a valuation run, please */
};

enum fl_value_frame {
    /* parent -> value process */
    FL_VALUE_OPEN = 96, /* configuration name and text, as of, now */
    /* value process -> core */
    FL_VALUE_BEGIN,    /* as of, started */
    FL_VALUE_PROGRESS, /* what, done, total */
    FL_VALUE_SCORES,   /* struct fl_score, as many as there are */
    FL_VALUE_FINISH,   /* customers, valued, report, reference; then it ends */
    FL_VALUE_FAILED    /* status, text; then it ends */
};

enum fl_control_frame {
    FL_CONTROL_CALL = 64, /* noun, verb, JSON of the arguments, count of files, files */
    FL_CONTROL_ROWS,      /* JSON objects, one a line */
    FL_CONTROL_NOTE,
    FL_CONTROL_PROGRESS,
    FL_CONTROL_FAULTS,
    FL_CONTROL_END /* status, text */
};

#endif
