/* From the file to its text: read within limits, and nothing but UTF-8 without control characters. */
#include "config/config_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct config_mark no_mark = {0};

static int open_file(struct config *config)
{
	/* A pipe without a writer must not hold up the start. */
	int fd = open(config->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	if (fd < 0) {
		config_break(config, no_mark, "cannot be opened: %s. Check the path and who may read the file.",
			     strerror(errno));
		return -1;
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		return fd;
	config_break(config, no_mark, "is not a file. Give the path of the settings file.");
	close(fd);
	return -1;
}

/* Reads up to max bytes; negative errno if that fails. */
static ssize_t read_all(int fd, char *bytes, size_t max)
{
	size_t size = 0;
	while (size < max) {
		ssize_t got = read(fd, bytes + size, max - size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		size += (size_t)got;
	}
	return (ssize_t)size;
}

/* Bytes of the UTF-8 character at text (RFC 3629: shortest form, no surrogates, up to U+10FFFF), 0 = none. */
static size_t utf8_character(const unsigned char *text, size_t size)
{
	unsigned char first = text[0];
	size_t length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : (first & 0xf0) == 0xe0 ? 3 : 4;
	if (length > size || (length == 4 && (first < 0xf0 || first > 0xf4)))
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (first == 0xe0 && text[1] < 0xa0) || (first == 0xf0 && text[1] < 0x90);
	bool surrogate = first == 0xed && text[1] >= 0xa0;
	bool beyond = first == 0xf4 && text[1] >= 0x90;
	return overlong || surrogate || beyond ? 0 : length;
}

static bool plain_byte(unsigned char byte)
{
	return (byte >= 0x20 && byte != 0x7f) || byte == '\n' || byte == '\r' || byte == '\t';
}

/* The parser stops in silence at bytes like these, so that half a file would look like a whole one. */
static bool check_text(struct config *config, const unsigned char *text, size_t size)
{
	struct config_mark at = {1, 1, NULL};
	for (size_t i = 0, length; i < size; i += length) {
		length = utf8_character(text + i, size - i);
		if (length == 0 || !plain_byte(text[i])) {
			config_break(config, at, "byte 0x%02x is no text. Save the file as plain text in UTF-8.",
				     text[i]);
			return false;
		}
		at.column++;
		if (text[i] == '\n')
			at = (struct config_mark){at.line + 1, 1, NULL};
	}
	return true;
}

static void read_text(struct config *config, int fd, char *text)
{
	ssize_t size = read_all(fd, text, CONFIG_BYTES_MAX + 1);
	if (size < 0)
		config_break(config, no_mark, "cannot be read: %s.", strerror((int)-size));
	else if (size > CONFIG_BYTES_MAX)
		config_break(config, no_mark, "is larger than %d bytes. Is this the settings file?", CONFIG_BYTES_MAX);
	else if (check_text(config, (const unsigned char *)text, (size_t)size))
		config_parse(config, text, (size_t)size);
}

void config_read_file(struct config *config)
{
	config->root.at = (struct config_mark){1, 1, NULL};
	int fd = open_file(config);
	if (fd < 0)
		return;
	char *text = malloc(CONFIG_BYTES_MAX + 1);
	if (text)
		read_text(config, fd, text);
	else
		config->out_of_memory = true;
	free(text);
	close(fd);
}
