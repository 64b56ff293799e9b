/* A QR code in a terminal: two modules one above the other in each character. */
#include "gateway/tool/key_qr.h"

#include <langinfo.h>
#include <string.h>

#include <qrencode.h>

enum { QUIET_ZONE = 4 };

static bool is_light(const QRcode *code, int row, int column)
{
	int width = code->width;
	if (row < 0 || column < 0 || row >= width || column >= width)
		return true;
	return !(code->data[row * width + column] & 1);
}

static const char *half_blocks(bool top, bool bottom)
{
	if (top)
		return bottom ? "\u2588" : "\u2580";
	return bottom ? "\u2584" : " ";
}

static void print_row(FILE *stream, const QRcode *code, int row, bool utf8)
{
	for (int column = -QUIET_ZONE; column < code->width + QUIET_ZONE; column++) {
		bool top = is_light(code, row, column);
		if (utf8)
			fputs(half_blocks(top, is_light(code, row + 1, column)), stream);
		else
			fputs(top ? "##" : "  ", stream);
	}
}

static void print_code(FILE *stream, const QRcode *code, bool colours)
{
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	for (int row = -QUIET_ZONE; row < code->width + QUIET_ZONE; row += utf8 ? 2 : 1) {
		if (colours)
			fputs("\033[40;97m", stream);
		print_row(stream, code, row, utf8);
		fputs(colours ? "\033[0m\n" : "\n", stream);
	}
}

bool key_qr_print(FILE *stream, const char *text, bool colours)
{
	/* QR_MODE_8 is what remains for characters of no shorter mode; these all have one. */
	QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	if (!code)
		return false;
	print_code(stream, code, colours);
	explicit_bzero(code->data, (size_t)code->width * (size_t)code->width);
	QRcode_free(code);
	return true;
}
