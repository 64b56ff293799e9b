/* A QR code in a terminal. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* Draws a text of A-Z 0-9 and $%*+-./: with the quiet zone that readers need: light modules are drawn, dark ones left out, as on a dark
 * terminal; where colours is true the colours are set, so that a light one does as well. Half a line a module where the locale is UTF-8, else
 * two characters. False: out of memory. */
bool key_qr_print(FILE *stream, const char *text, bool colours);
