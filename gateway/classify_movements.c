/* Open movements in a table of fixed size. */
#include "gateway/classify_movements.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/message.h"

struct movement {
	char station[MESSAGE_STATION_MAX]; /* "" = the place is free */
	int id;
	bool drill;
	int64_t last_ms;
};

struct movements {
	size_t places, open;
	struct movement table[];
};

struct movements *movements_new(size_t places)
{
	struct movements *movements = calloc(1, sizeof(*movements) + places * sizeof(movements->table[0]));
	if (movements)
		movements->places = places;
	return movements;
}

void movements_free(struct movements *movements)
{
	free(movements);
}

static bool is_of(const struct movement *movement, const char *station, bool drill)
{
	return movement->station[0] && movement->drill == drill &&
	       strncmp(movement->station, station, sizeof(movement->station) - 1) == 0;
}

static struct movement *find(struct movements *movements, const char *station, int id, bool drill)
{
	for (size_t i = 0; i < movements->places; i++)
		if (is_of(&movements->table[i], station, drill) && movements->table[i].id == id)
			return &movements->table[i];
	return NULL;
}

static bool gives_way_before(const struct movement *a, const struct movement *b)
{
	if (!a->station[0] || !b->station[0])
		return b->station[0] != '\0';
	return a->last_ms < b->last_ms;
}

static struct movement *place_for_new(struct movements *movements)
{
	struct movement *chosen = &movements->table[0];
	for (size_t i = 1; i < movements->places; i++)
		if (gives_way_before(&movements->table[i], chosen))
			chosen = &movements->table[i];
	return chosen;
}

void movements_open(struct movements *movements, const char *station, int id, bool drill, int64_t now_ms)
{
	struct movement *movement = find(movements, station, id, drill);
	if (!station[0] || movements->places == 0)
		return;
	if (!movement) {
		movement = place_for_new(movements);
		movements->open += movement->station[0] == '\0';
		*movement = (struct movement){.id = id, .drill = drill};
		snprintf(movement->station, sizeof(movement->station), "%s", station);
	}
	movement->last_ms = now_ms;
}

void movements_close(struct movements *movements, const char *station, int id, bool drill)
{
	struct movement *movement = find(movements, station, id, drill);
	if (!movement)
		return;
	movement->station[0] = '\0';
	movements->open--;
}

bool movements_has(const struct movements *movements, const char *station, bool drill)
{
	for (size_t i = 0; movements->open > 0 && i < movements->places; i++)
		if (is_of(&movements->table[i], station, drill))
			return true;
	return false;
}
