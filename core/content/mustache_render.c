#include "content/mustache_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "content/data_private.h"

enum {
    SLACK = 4096,            /* room kept beyond the bound, so that it is looked at rarely */
    VALUE_CHUNK = SLACK / 8, /* of a value that is escaped at once */
    ENTITY_MAX = 6           /* bytes of "&quot;" */
};

/* A section that runs, or a partial that does. */
struct frame {
    const struct fl_data *list; /* section over a list */
    size_t index;
    const struct fl_mustache *caller; /* partial; NULL: a section */
    const struct fl_mustache_op *resume;
    size_t indent_start;
    size_t indent_end;
};

struct vm {
    const struct fl_mustache *program;
    const struct fl_mustache_op *op;
    char *p;   /* where the next byte goes */
    char *end; /* of the memory */
    char *limit;
    struct fl_buf *out;
    const struct fl_mustache_bounds *bounds;
    size_t first; /* length of `out` at the beginning */
    size_t steps;
    size_t depth;
    size_t n_frames;
    size_t n_stack;
    size_t indent_start;
    size_t indent_end;
    const char *exceeded; /* name of the bound */
    bool is_out_of_memory;
    struct frame frames[FL_MUSTACHE_DEPTH_MAX];
    const struct fl_data *stack[FL_MUSTACHE_DEPTH_MAX + 1];
    char indent[FL_MUSTACHE_INDENT_MAX];
};

/* ---- output ----------------------------------------------------------------------------------*/

static bool reserve(struct vm *vm, size_t n)
{
    size_t len, max = vm->first + vm->bounds->bytes, cap = vm->out->cap;
    char *data;

    if ((size_t)(vm->end - vm->p) >= n && vm->p <= vm->limit)
        return true;
    len = (size_t)(vm->p - vm->out->data);
    if (!vm->out->cap)
        len = 0;
    if (len > max || n > max - len + SLACK) {
        vm->exceeded = "bytes";
        return false;
    }
    cap = cap ? cap : SLACK;
    while (cap - len <= n)
        cap *= 2;
    data = realloc(vm->out->cap ? vm->out->data : NULL, cap);
    if (!data) {
        vm->is_out_of_memory = true;
        return false;
    }
    vm->out->data = data;
    vm->out->cap = cap;
    vm->p = data + len;
    vm->end = data + cap - 1;
    vm->limit = (size_t)(vm->end - data) > max ? data + max : vm->end;
    return true;
}

static inline bool put(struct vm *vm, const char *s, size_t n)
{
    if (!reserve(vm, n))
        return false;
    memcpy(vm->p, s, n);
    vm->p += n;
    return true;
}

static inline bool indent_put(struct vm *vm)
{
    return put(vm, vm->indent + vm->indent_start, vm->indent_end - vm->indent_start);
}

/* Text of the template inside an indented partial: the blanks go before each line of it. */
static bool text_put_indented(struct vm *vm, const char *s, size_t n, bool is_fresh)
{
    while (n) {
        const char *newline = memchr(s, '\n', n);
        size_t len = newline ? (size_t)(newline - s) + 1 : n;

        if (is_fresh && !indent_put(vm))
            return false;
        if (!put(vm, s, len))
            return false;
        s += len;
        n -= len;
        is_fresh = true;
    }
    return true;
}

static inline bool text_put(struct vm *vm, const struct fl_mustache_op *op)
{
    const char *text = vm->program->pool + op->text;

    if (vm->indent_start == vm->indent_end)
        return !op->text_len || put(vm, text, op->text_len);
    if (!text_put_indented(vm, text, op->text_len, op->is_text_fresh))
        return false;
    return !op->is_fresh || op->code == FL_OP_HALT || indent_put(vm);
}

enum { PLAIN = 0, DROPPED, RETURN, AMPERSAND, LESS, GREATER, QUOTE, APOSTROPHE };

#define DROPPED_CONTROLS                                                                           \
    [0 ... 8] = DROPPED, [0x0b] = DROPPED, [0x0c] = DROPPED, ['\r'] = RETURN,                      \
           [0x0e ... 0x1f] = DROPPED, [0x7f] = DROPPED

static const unsigned char text_classes[256] = {DROPPED_CONTROLS};
static const unsigned char html_classes[256] = {
    DROPPED_CONTROLS, ['&'] = AMPERSAND, ['<'] = LESS,
    ['>'] = GREATER,  ['"'] = QUOTE,     ['\''] = APOSTROPHE};

/* One byte that is not plain; returns where the output goes on. */
static char *special_put(char *p, unsigned char class, bool is_before_newline)
{
    static const struct {
        char text[ENTITY_MAX + 1];
        size_t len;
    } entities[] = {[AMPERSAND] = {"&amp;", 5},
                    [LESS] = {"&lt;", 4},
                    [GREATER] = {"&gt;", 4},
                    [QUOTE] = {"&quot;", 6},
                    [APOSTROPHE] = {"&#39;", 5}};

    if (class == DROPPED)
        return p;
    if (class == RETURN) {
        if (!is_before_newline)
            *p++ = '\n';
        return p;
    }
    memcpy(p, entities[class].text, entities[class].len);
    return p + entities[class].len;
}

static bool value_put(struct vm *vm, const char *s, size_t n, const unsigned char classes[256])
{
    const char *end = s + n;

    while (s < end) {
        const char *stop = end - s > VALUE_CHUNK ? s + VALUE_CHUNK : end;
        char *p;

        if (!reserve(vm, (size_t)(stop - s) * ENTITY_MAX))
            return false;
        p = vm->p;
        for (; s < stop; s++) {
            unsigned char class = classes[(unsigned char)*s];

            if (!class)
                *p++ = *s;
            else
                p = special_put(p, class, s + 1 < end && s[1] == '\n');
        }
        vm->p = p;
    }
    return true;
}

/* ---- values inside Markdown ---*/

/* The first sign of a value that would begin a list or an underline if a line began with it; `n`:
 * there is none. */
static size_t lead_find(const char *s, size_t n)
{
    size_t i = 0, digits;

    while (i < n && strchr(" \t\r\n", s[i]))
        i++;
    for (digits = i; digits < n && s[digits] >= '0' && s[digits] <= '9'; digits++)
        ;
    if (digits < n && strchr(".)", s[digits]))
        return digits;
    return i < n && strchr("-+=", s[i]) ? i : n;
}

/* Backslashes where Markdown knows them; entities for what would act inside of code, HTML and
 * attributes too, where a backslash is a backslash. */
static const char *markdown_escape(const char *s, size_t i, size_t n, size_t lead)
{
    static const char *const escapes[128] = {
        ['\\'] = "\\\\", ['*'] = "\\*",  ['_'] = "\\_",  ['['] = "\\[",   [']'] = "\\]",
        ['('] = "\\(",   [')'] = "\\)",  ['#'] = "\\#",  ['|'] = "\\|",   ['~'] = "\\~",
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['`'] = "&#96;", ['"'] = "&quot;",
    };
    static const char *const leads[128] = {
        ['-'] = "\\-", ['+'] = "\\+", ['='] = "\\=", ['.'] = "\\.", [')'] = "\\)"};
    unsigned char c = (unsigned char)s[i];

    if (c >= 128)
        return NULL;
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
        return i ? " " : "&#32;"; /* four blanks before a line are code */
    if (c < ' ' || c == 0x7f)
        return "";
    if (i == lead)
        return leads[c];
    if (c == ':' && i + 1 < n && s[i + 1] == '/')
        return "\\:"; /* no link of its own */
    if (c == '.' && i >= 3 && !strncasecmp(s + i - 3, "www", 3))
        return "\\.";
    return escapes[c];
}

static bool markdown_put(struct vm *vm, const char *s, size_t n)
{
    size_t lead = lead_find(s, n);

    for (size_t i = 0; i < n; i++) {
        const char *escape = markdown_escape(s, i, n, lead);

        if (!(escape ? put(vm, escape, strlen(escape)) : put(vm, s + i, 1)))
            return false;
    }
    return true;
}

/* ---- names -----------------------------------------------------------------------------------*/

static inline const struct fl_data *member_get(const struct fl_data *data,
                                               const struct fl_mustache_part *part, bool *out_is)
{
    const struct fl_data_member *member;

    if (data->type != FL_DATA_OBJECT)
        return NULL;
    member = fl_data_find(data, part->hash, part->name, part->len);
    if (!member)
        return NULL;
    *out_is = true;
    return member->value;
}

/* The first part is looked for from the innermost context outwards, the others only inside it. */
static const struct fl_data *lookup(const struct vm *vm, uint32_t index)
{
    const struct fl_mustache_name *name = &vm->program->names[index];
    const struct fl_mustache_part *part;
    const struct fl_data *data = NULL;
    bool is_there = false;

    if (!name->n_parts)
        return vm->stack[vm->n_stack - 1];
    part = &vm->program->parts[name->first_part];
    for (size_t i = vm->n_stack; i > 0 && !is_there; i--)
        data = member_get(vm->stack[i - 1], part, &is_there);
    for (uint32_t i = 1; data && i < name->n_parts; i++)
        data = member_get(data, part + i, &is_there);
    return data;
}

static bool is_zero(const struct fl_data *number)
{
    return number->n == 1 && number->text[0] == '0';
}

static bool is_true(const struct fl_data *data)
{
    if (!data)
        return false;
    switch (data->type) {
    case FL_DATA_NULL:
        return false;
    case FL_DATA_BOOL:
        return data->is_true;
    case FL_DATA_NUMBER:
        return !is_zero(data);
    case FL_DATA_STRING:
    case FL_DATA_LIST:
        return data->n > 0;
    case FL_DATA_OBJECT:
        break;
    }
    return true;
}

/* ---- instructions ----------------------------------------------------------------------------*/

static struct frame *frame_push(struct vm *vm)
{
    struct frame *frame;

    if (vm->n_frames == vm->depth) {
        vm->exceeded = "depth";
        return NULL;
    }
    frame = &vm->frames[vm->n_frames++];
    *frame = (struct frame){.indent_start = vm->indent_start, .indent_end = vm->indent_end};
    return frame;
}

static bool variable_run(struct vm *vm, const struct fl_mustache_op *op)
{
    const struct fl_data *data = lookup(vm, op->arg);
    const char *text;
    size_t len;

    if (!data)
        return true;
    text = data->text;
    len = data->n;
    if (data->type != FL_DATA_STRING)
        text = fl_data_text(data, &len);
    if (vm->program->escape == FL_MUSTACHE_NONE)
        return put(vm, text, len);
    if (vm->program->escape == FL_MUSTACHE_MARKDOWN && op->code == FL_OP_VARIABLE)
        return markdown_put(vm, text, len);
    return value_put(vm, text, len,
                     vm->program->escape == FL_MUSTACHE_HTML && op->code == FL_OP_VARIABLE
                         ? html_classes
                         : text_classes);
}

static bool section_run(struct vm *vm, const struct fl_mustache_op *op)
{
    const struct fl_data *data = lookup(vm, op->arg);
    struct frame *frame;

    if (!is_true(data)) {
        vm->op = vm->program->ops + op->jump;
        return true;
    }
    frame = frame_push(vm);
    if (!frame)
        return false;
    if (data->type == FL_DATA_LIST) {
        frame->list = data;
        data = data->items[0];
    }
    vm->stack[vm->n_stack++] = data;
    return true;
}

static void end_run(struct vm *vm, const struct fl_mustache_op *op)
{
    struct frame *frame = &vm->frames[vm->n_frames - 1];

    if (frame->list && ++frame->index < frame->list->n) {
        vm->stack[vm->n_stack - 1] = frame->list->items[frame->index];
        vm->op = vm->program->ops + op->arg + 1;
        return;
    }
    vm->n_frames--;
    vm->n_stack--;
}

static bool partial_run(struct vm *vm, const struct fl_mustache_op *op)
{
    const struct fl_mustache *callee = vm->program->partials[op->arg].template;
    struct frame *frame;

    if (!callee)
        return true;
    frame = frame_push(vm);
    if (!frame)
        return false;
    frame->caller = vm->program;
    frame->resume = vm->op;
    if (!op->is_standalone) {
        vm->indent_start = vm->indent_end;
    } else if (op->jump > sizeof vm->indent - vm->indent_end) {
        vm->exceeded = "indentation";
        return false;
    } else {
        memcpy(vm->indent + vm->indent_end, vm->program->pool + op->indent, op->jump);
        vm->indent_end += op->jump;
    }
    vm->program = callee;
    vm->op = callee->ops;
    return true;
}

/* The end of a program; false: of the last one. */
static bool halt_run(struct vm *vm)
{
    const struct frame *frame;

    if (!vm->n_frames)
        return false;
    frame = &vm->frames[--vm->n_frames];
    vm->program = frame->caller;
    vm->op = frame->resume;
    vm->indent_start = frame->indent_start;
    vm->indent_end = frame->indent_end;
    return true;
}

/* One instruction; false: the end, or a bound was hit. */
static inline bool step(struct vm *vm)
{
    const struct fl_mustache_op *op = vm->op++;

    if (!vm->steps--) {
        vm->exceeded = "steps";
        return false;
    }
    if (!text_put(vm, op))
        return false;
    switch ((enum fl_mustache_code)op->code) {
    case FL_OP_TEXT:
        return true;
    case FL_OP_VARIABLE:
    case FL_OP_RAW:
        return variable_run(vm, op);
    case FL_OP_SECTION:
        return section_run(vm, op);
    case FL_OP_INVERTED:
        if (is_true(lookup(vm, op->arg)))
            vm->op = vm->program->ops + op->jump;
        return true;
    case FL_OP_END:
        end_run(vm, op);
        return true;
    case FL_OP_PARTIAL:
        return partial_run(vm, op);
    case FL_OP_HALT:
        break;
    }
    return halt_run(vm);
}

enum fl_status fl_mustache_render(const struct fl_mustache *template, const struct fl_data *data,
                                  const struct fl_mustache_bounds *bounds, struct fl_buf *out,
                                  struct fl_error *err)
{
    static const struct fl_data nothing = {.type = FL_DATA_NULL, .text = ""};
    struct vm vm;

    /* The arrays stay as they are: clearing them would cost more than a small rendering. */
    memset(&vm, 0, offsetof(struct vm, frames));
    vm.program = template;
    vm.op = template->ops;
    vm.out = out;
    vm.bounds = bounds;
    vm.first = out->len;
    vm.steps = bounds->steps;
    vm.depth = bounds->depth < FL_MUSTACHE_DEPTH_MAX ? bounds->depth : FL_MUSTACHE_DEPTH_MAX;
    vm.stack[vm.n_stack++] = data ? data : &nothing;
    if (out->cap) {
        vm.p = out->data + out->len;
        vm.end = out->data + out->cap - 1;
        vm.limit = (size_t)(vm.end - vm.p) > bounds->bytes ? vm.p + bounds->bytes : vm.end;
    } else if (!reserve(&vm, 1)) {
        return fl_error_set(err, FL_IO, "could not render: memory is out");
    }
    while (step(&vm))
        ;
    if (!vm.exceeded && vm.p > vm.limit)
        vm.exceeded = "bytes";
    if (!vm.exceeded && !vm.is_out_of_memory)
        out->len = (size_t)(vm.p - out->data);
    out->data[out->len] = '\0';
    if (vm.is_out_of_memory)
        return fl_error_set(err, FL_IO, "could not render: memory is out");
    if (vm.exceeded)
        return fl_error_set(err, FL_LIMIT,
                            "a rendering may not exceed %zu steps, %zu bytes and %zu levels; the "
                            "%s ran out",
                            bounds->steps, bounds->bytes, vm.depth, vm.exceeded);
    return FL_OK;
}
