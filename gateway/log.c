/* Log lines on stderr. */
#include "gateway/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum log_level threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

static const char *level_word(enum log_level level)
{
	static const char *const words[] = {"", "", "", "error", "warning", "notice", "info", "debug"};
	return words[level];
}

void log_line(enum log_level level, const char *format, ...)
{
	if (level > threshold)
		return;
	char line[1024];
	bool journal = getenv("JOURNAL_STREAM") != NULL;
	int head = journal ? snprintf(line, sizeof(line), "<%d>", level)
			   : snprintf(line, sizeof(line), "%s: ", level_word(level));
	va_list arguments;
	va_start(arguments, format);
	int body = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, format, arguments);
	va_end(arguments);
	size_t size = (size_t)head + (size_t)(body < 0 ? 0 : body);
	if (size > sizeof(line) - 2)
		size = sizeof(line) - 2;
	/* What a broker or a driver told us may hold control characters; one entry stays one line. */
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[size++] = '\n';
	/* One write a line, so that lines of two threads never mix. Nothing useful can be done if it fails. */
	ssize_t written = write(STDERR_FILENO, line, size);
	(void)written;
}
