/* Boards: what a known piece of hardware needs stands in a file of its own and is laid under the radio's keys. */
#include "gateway/settings_parts.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As many are named in a message at most. */
enum { BOARDS_MAX = 64, PATH_MAX_BYTES = 512 };

static const char ending[] = ".yaml";

/* Where they are installed; the tests say where else they are. */
static const char *boards_directory(void)
{
	const char *directory = secure_getenv("CRESSET_BOARDS");
	return directory && directory[0] == '/' ? directory : CRESSET_BOARD_DIR;
}

static int by_name(const void *one, const void *other)
{
	return strcmp(*(const char *const *)one, *(const char *const *)other);
}

/* The names of all boards, NULL-terminated. */
static void list_boards(struct settings *settings, const char *names[BOARDS_MAX + 1])
{
	size_t count = 0;
	DIR *directory = opendir(boards_directory());
	for (struct dirent *entry; directory && count < BOARDS_MAX && (entry = readdir(directory));) {
		size_t size = strlen(entry->d_name);
		if (size <= strlen(ending) || strcmp(entry->d_name + size - strlen(ending), ending) != 0)
			continue;
		names[count++] = settings_text(settings, "%.*s", (int)(size - strlen(ending)), entry->d_name);
	}
	if (directory)
		closedir(directory);
	names[count] = NULL;
	qsort(names, count, sizeof(*names), by_name);
}

static void say_unknown(struct settings *settings, struct config_node *node, const char *board)
{
	const char *names[BOARDS_MAX + 1];
	config_incomplete(node);
	list_boards(settings, names);
	if (names[0])
		config_error_choice(settings->config, node, "board", board, names);
	else
		config_error(settings->config, node, "board", "no boards are installed in %s.", boards_directory());
}

void settings_lay_board(struct settings *settings, struct config_node *node)
{
	union config_value board;
	char path[PATH_MAX_BYTES];
	config_read(settings->config, node, board_keys, 1, &board);
	if (!board.text[0])
		return;
	snprintf(path, sizeof(path), "%s/%s%s", boards_directory(), board.text, ending);
	if (!strchr(board.text, '/') && access(path, F_OK) == 0)
		config_lay_under(settings->config, node, path);
	else
		say_unknown(settings, node, board.text);
}
