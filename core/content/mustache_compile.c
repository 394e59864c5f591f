#include "content/mustache_private.h"

#include <stdlib.h>
#include <string.h>

#include "content/data_private.h"

enum { FIRST_CAP = 16, PROGRAM_BYTES_MAX = 512 << 20 };

struct open_section {
    size_t op;
    size_t start; /* of its tag */
    const char *name;
    size_t name_len;
};

struct compiler {
    const struct fl_mustache_source *source;
    struct fl_faults *faults;
    struct fl_mustache *program;
    struct fl_tag_scan scan;
    struct open_section open[FL_MUSTACHE_DEPTH_MAX];
    size_t n_open;
    size_t text;        /* the text not yet given to an instruction, up to the pool's end */
    bool is_text_fresh; /* ... begins a line */
    bool is_fresh;      /* nothing stands on the line yet */
    size_t line_at;     /* line and column counted last, and where */
    size_t column;
    long line;
    bool is_out_of_memory;
};

static long first_line(const struct fl_mustache_source *source)
{
    return source->first_line ? source->first_line : 1;
}

static void fault(struct compiler *c, size_t at, const char *name, size_t name_len,
                  const char *reason)
{
    char *shown = NULL;

    if (at < c->line_at) {
        c->line_at = 0;
        c->column = 1;
        c->line = first_line(c->source);
    }
    for (; c->line_at < at; c->line_at++) {
        char byte = c->source->text[c->line_at];

        c->line += byte == '\n';
        if (byte == '\n')
            c->column = 1;
        else
            c->column += ((unsigned char)byte & 0xc0) != 0x80;
    }
    if (name)
        shown = fl_arena_strndup(c->program->arena, name, name_len);
    fl_faults_add(c->faults, c->source->file, c->line, NULL, shown, "column %zu: %s", c->column,
                  reason);
}

/* Room for one more element of `size` bytes in *items; false when memory is out. */
static bool grow(struct compiler *c, void *items, size_t n, size_t *cap, size_t size)
{
    size_t more = *cap ? *cap * 2 : FIRST_CAP;
    void *old, *fresh;

    if (n < *cap)
        return true;
    memcpy(&old, items, sizeof old);
    fresh = fl_arena_calloc(c->program->arena, more, size);
    if (!fresh) {
        c->is_out_of_memory = true;
        return false;
    }
    if (n)
        memcpy(fresh, old, n * size);
    memcpy(items, &fresh, sizeof fresh);
    *cap = more;
    return true;
}

static void text_add(struct compiler *c, size_t from, size_t to)
{
    struct fl_mustache *program = c->program;

    if (from == to)
        return;
    if (program->pool_len == c->text)
        c->is_text_fresh = c->is_fresh;
    memcpy(program->pool + program->pool_len, c->source->text + from, to - from);
    program->pool_len += to - from;
    c->is_fresh = c->source->text[to - 1] == '\n';
}

/* A new instruction that first prints the text collected so far. */
static struct fl_mustache_op *emit(struct compiler *c, enum fl_mustache_code code, size_t arg)
{
    struct fl_mustache *program = c->program;
    struct fl_mustache_op *op;

    if (!grow(c, &program->ops, program->n_ops, &program->ops_cap, sizeof *program->ops))
        return NULL;
    op = &program->ops[program->n_ops++];
    *op = (struct fl_mustache_op){.text = (uint32_t)c->text,
                                  .text_len = (uint32_t)(program->pool_len - c->text),
                                  .arg = (uint32_t)arg,
                                  .code = (uint8_t)code,
                                  .is_text_fresh = c->is_text_fresh,
                                  .is_fresh = c->is_fresh};
    c->text = program->pool_len;
    c->is_text_fresh = false;
    return op;
}

static size_t name_add(struct compiler *c, const struct fl_tag *tag)
{
    struct fl_mustache *program = c->program;
    const char *copy = fl_arena_strndup(program->arena, tag->name, tag->name_len), *p = copy;
    struct fl_mustache_name *name;

    if (!copy ||
        !grow(c, &program->names, program->n_names, &program->names_cap, sizeof *program->names)) {
        c->is_out_of_memory = true;
        return 0;
    }
    name = &program->names[program->n_names++];
    *name = (struct fl_mustache_name){.first_part = (uint32_t)program->n_parts};
    while (strcmp(copy, ".") != 0) {
        size_t len = strcspn(p, ".");

        if (!grow(c, &program->parts, program->n_parts, &program->parts_cap,
                  sizeof *program->parts))
            break;
        program->parts[program->n_parts++] = (struct fl_mustache_part){
            .name = p, .len = (uint32_t)len, .hash = fl_data_hash(p, len)};
        name->n_parts++;
        if (!p[len])
            break;
        p += len + 1;
    }
    return program->n_names - 1;
}

static size_t partial_add(struct compiler *c, const struct fl_tag *tag)
{
    struct fl_mustache *program = c->program;
    char *name;

    for (size_t i = 0; i < program->n_partials; i++)
        if (strlen(program->partials[i].name) == tag->name_len &&
            !memcmp(program->partials[i].name, tag->name, tag->name_len))
            return i;
    if (program->n_partials == FL_MUSTACHE_PARTIALS_MAX) {
        fault(c, tag->start, tag->name, tag->name_len, "more than 256 different partials");
        return 0;
    }
    name = fl_arena_strndup(program->arena, tag->name, tag->name_len);
    if (!name || !grow(c, &program->partials, program->n_partials, &program->partials_cap,
                       sizeof *program->partials)) {
        c->is_out_of_memory = true;
        return 0;
    }
    program->partials[program->n_partials] = (struct fl_mustache_partial){.name = name};
    return program->n_partials++;
}

static void section_open(struct compiler *c, const struct fl_tag *tag)
{
    enum fl_mustache_code code = tag->kind == FL_TAG_SECTION ? FL_OP_SECTION : FL_OP_INVERTED;

    if (c->n_open == FL_MUSTACHE_DEPTH_MAX) {
        fault(c, tag->start, tag->name, tag->name_len, "sections nested deeper than 64");
        return;
    }
    if (!emit(c, code, name_add(c, tag)))
        return;
    c->open[c->n_open++] = (struct open_section){.op = c->program->n_ops - 1,
                                                 .start = tag->start,
                                                 .name = tag->name,
                                                 .name_len = tag->name_len};
}

static void section_close(struct compiler *c, const struct fl_tag *tag)
{
    struct open_section *section = c->n_open ? &c->open[c->n_open - 1] : NULL;
    struct fl_mustache_op *ops;

    if (!section) {
        fault(c, tag->start, tag->name, tag->name_len, "closes a section that is not open");
        return;
    }
    if (section->name_len != tag->name_len || memcmp(section->name, tag->name, tag->name_len)) {
        char *name = fl_arena_strndup(c->program->arena, section->name, section->name_len);
        char *reason = fl_arena_printf(c->program->arena,
                                       "closes a section while \"%s\" is the one open", name);

        fault(c, tag->start, tag->name, tag->name_len, reason ? reason : "closes another section");
    }
    ops = c->program->ops;
    if (!emit(c, ops[section->op].code == FL_OP_SECTION ? FL_OP_END : FL_OP_TEXT, section->op))
        return;
    ops = c->program->ops;
    ops[section->op].jump = (uint32_t)c->program->n_ops;
    c->n_open--;
}

static void tag_compile(struct compiler *c, const struct fl_tag *tag, size_t blanks)
{
    struct fl_mustache_op *op;

    switch (tag->kind) {
    case FL_TAG_VARIABLE:
        emit(c, FL_OP_VARIABLE, name_add(c, tag));
        break;
    case FL_TAG_RAW:
        emit(c, FL_OP_RAW, name_add(c, tag));
        break;
    case FL_TAG_SECTION:
    case FL_TAG_INVERTED:
        section_open(c, tag);
        break;
    case FL_TAG_CLOSE:
        section_close(c, tag);
        break;
    case FL_TAG_PARTIAL:
        op = emit(c, FL_OP_PARTIAL, partial_add(c, tag));
        if (op)
            op->jump = (uint32_t)blanks;
        break;
    case FL_TAG_COMMENT:
    case FL_TAG_DELIMITERS:
        break;
    }
}

/* One tag and the text before it; returns where the text behind it begins. */
static size_t step(struct compiler *c, const struct fl_tag *tag, size_t done)
{
    size_t start, end;
    bool is_empty = tag->kind == FL_TAG_COMMENT || tag->kind == FL_TAG_DELIMITERS;

    if (!fl_tag_is_standalone(&c->scan, tag, &start, &end)) {
        text_add(c, done, tag->start);
        tag_compile(c, tag, 0);
        if (!is_empty)
            c->is_fresh = false;
        return tag->end;
    }
    text_add(c, done, start > done ? start : done);
    c->is_fresh = true;
    tag_compile(c, tag, tag->start - start);
    if (tag->kind == FL_TAG_PARTIAL && c->program->n_ops) {
        struct fl_mustache_op *op = &c->program->ops[c->program->n_ops - 1];

        /* The blanks go to the pool, behind every text an instruction holds. */
        op->is_standalone = true;
        op->is_fresh = false;
        op->indent = (uint32_t)c->program->pool_len;
        memcpy(c->program->pool + c->program->pool_len, c->source->text + start,
               tag->start - start);
        c->program->pool_len += tag->start - start;
        c->text = c->program->pool_len;
    } else if (!is_empty && c->program->n_ops) {
        c->program->ops[c->program->n_ops - 1].is_fresh = false;
    }
    c->is_fresh = true;
    return end;
}

static void compile(struct compiler *c)
{
    struct fl_tag tag;
    const char *reason;
    enum fl_tag_found found;
    size_t done = 0;

    while ((found = fl_tag_scan_next(&c->scan, &tag, &reason)) != FL_TAG_NONE) {
        if (found == FL_TAG_FAULT)
            fault(c, tag.start, NULL, 0, reason);
        else
            done = step(c, &tag, done);
        if (c->is_out_of_memory)
            return;
    }
    text_add(c, done, c->source->len);
    emit(c, FL_OP_HALT, 0);
    while (c->n_open) {
        struct open_section *section = &c->open[--c->n_open];

        fault(c, section->start, section->name, section->name_len, "section is never closed");
    }
}

static struct fl_mustache *program_create(const struct fl_mustache_source *source)
{
    struct fl_mustache *program = calloc(1, sizeof *program);

    if (!program)
        return NULL;
    program->escape = source->escape;
    program->arena = fl_arena_create(PROGRAM_BYTES_MAX);
    if (program->arena)
        program->pool = fl_arena_alloc(program->arena, source->len + 1);
    if (!program->pool)
        fl_mustache_destroy(&program);
    return program;
}

enum fl_status fl_mustache_compile(const struct fl_mustache_source *source,
                                   struct fl_faults *faults, struct fl_mustache **out,
                                   struct fl_error *err)
{
    size_t n_before = faults->n_total;
    struct compiler c = {.source = source, .faults = faults, .is_fresh = true};

    if (source->len > FL_MUSTACHE_SOURCE_MAX)
        return fl_error_set(err, FL_LIMIT, "template \"%s\" has %zu bytes, at most %d are allowed",
                            source->file, source->len, FL_MUSTACHE_SOURCE_MAX);
    c.program = program_create(source);
    if (!c.program)
        return fl_error_set(err, FL_IO, "could not compile \"%s\": memory is out", source->file);
    c.line = first_line(source);
    c.column = 1;
    fl_tag_scan_init(&c.scan, source->text, source->len, source->open, source->close);
    compile(&c);
    if (c.is_out_of_memory) {
        fl_mustache_destroy(&c.program);
        return fl_error_set(err, FL_IO, "could not compile \"%s\": memory is out", source->file);
    }
    if (faults->n_total > n_before) {
        fl_mustache_destroy(&c.program);
        return fl_error_set(err, FL_INVALID, "template \"%s\" has %zu faults", source->file,
                            faults->n_total - n_before);
    }
    *out = c.program;
    return FL_OK;
}

void fl_mustache_destroy(struct fl_mustache **template)
{
    if (!*template)
        return;
    fl_arena_destroy(&(*template)->arena);
    free(*template);
    *template = NULL;
}

void fl_mustache_link(struct fl_mustache *template, fl_mustache_partial_fn *fn, void *ctx)
{
    for (size_t i = 0; i < template->n_partials; i++)
        template->partials[i].template = fn(ctx, template->partials[i].name);
}

void fl_mustache_each_name(const struct fl_mustache *template, fl_mustache_name_fn *fn, void *ctx)
{
    for (size_t i = 0; i < template->n_names; i++) {
        const struct fl_mustache_name *name = &template->names[i];

        if (name->n_parts)
            fn(ctx, template->parts[name->first_part].name, template->parts[name->first_part].len);
    }
}
