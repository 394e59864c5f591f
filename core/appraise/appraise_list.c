#include <stdlib.h>

#include "appraise/appraise_run_private.h"

enum { CHUNKS_FIRST = 16 };

void appraise_list_init(struct appraise_list *list, size_t item_size)
{
    *list = (struct appraise_list){.item_size = item_size};
}

void appraise_list_finish(struct appraise_list *list)
{
    for (size_t i = 0; i < list->n_chunks; i++)
        free(list->chunks[i]);
    free(list->chunks);
    *list = (struct appraise_list){.item_size = list->item_size};
}

/* The table of chunks doubles whenever their number is a power of two. */
static bool add_chunk(struct appraise_list *list)
{
    size_t n = list->n_chunks;

    if (n == 0 || (n >= CHUNKS_FIRST && (n & (n - 1)) == 0)) {
        char **chunks = realloc(list->chunks, (n ? 2 * n : CHUNKS_FIRST) * sizeof *chunks);

        if (!chunks)
            return false;
        list->chunks = chunks;
    }
    list->chunks[n] = calloc(APPRAISE_CHUNK_ITEMS, list->item_size);
    if (!list->chunks[n])
        return false;
    list->n_chunks++;
    return true;
}

void *appraise_list_add(struct appraise_list *list)
{
    if (list->n == list->n_chunks * APPRAISE_CHUNK_ITEMS && !add_chunk(list))
        return NULL;
    return appraise_list_at(list, list->n++);
}

int64_t appraise_list_bytes(const struct appraise_list *list)
{
    return (int64_t)(list->n_chunks * APPRAISE_CHUNK_ITEMS * list->item_size);
}
