/* The store's index: the C library's balanced tree, ordered by row. */
#include "gateway/store_index.h"

#include <search.h>
#include <stddef.h>

static int compare(const void *a, const void *b)
{
	uint64_t x = ((const struct store_key *)a)->row, y = ((const struct store_key *)b)->row;
	return (x > y) - (x < y);
}

bool store_index_add(void **root, struct store_key *key)
{
	return tsearch(key, root, compare) != NULL;
}

struct store_key *store_index_find(void *const *root, uint64_t row)
{
	struct store_key wanted = {.row = row};
	struct store_key **found = tfind(&wanted, root, compare);
	return found ? *found : NULL;
}

void store_index_remove(void **root, uint64_t row)
{
	struct store_key wanted = {.row = row};
	tdelete(&wanted, root, compare);
}

static void keep(void *key)
{
	(void)key;
}

void store_index_clear(void **root)
{
	tdestroy(*root, keep);
	*root = NULL;
}
