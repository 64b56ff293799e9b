/* Opening and reading ports in unit tests. */
#pragma once

#include "hw/port.h"

/* Opens with 9600 baud, 8n1 and 5 s to connect. NULL = fault and text say why. */
struct port *open_device(const char *device, enum port_fault *fault, char text[256]);
struct port *must_open(const char *device);
/* Opening fails with this fault; the text begins with the device and holds these words. */
void assert_fault(const char *device, enum port_fault expected, const char *words);

/* Waits for these poll events, a minute at most. */
void wait_for(const struct port *port, short events);
/* Waits for these bytes, at most 63, and for no other. */
void read_exactly(struct port *port, const char *expected);
