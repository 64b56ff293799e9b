/* Finds what the store holds by its row. Apart from the rest of the store because <search.h> has a struct entry of its own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Goes into whatever is to be found. An index is a root pointer, NULL at first. */
struct store_key {
	uint64_t row;
};

/* False: out of memory. A key of that row must not be in the index yet. */
bool store_index_add(void **root, struct store_key *key);
/* NULL: no such row. */
struct store_key *store_index_find(void *const *root, uint64_t row);
/* Does nothing if no such row is there. */
void store_index_remove(void **root, uint64_t row);
/* Frees the index, not what is in it. */
void store_index_clear(void **root);
