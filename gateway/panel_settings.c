/* How the lines of a panel are wired. */
#include "gateway/panel_settings.h"

/* A button closes to ground. The switch of the lid and the contact of the mains are closed to ground while all is well. */
const struct panel_wiring panel_wiring[PANEL_LINES] = {
    [PANEL_PANIC] = {"panic", "active_low pull_up"},
    [PANEL_TAMPER] = {"tamper", "active_high pull_up"},
    [PANEL_MAINS] = {"mains", "active_high pull_up"},
    [PANEL_ACKNOWLEDGE] = {"acknowledge", "active_low pull_up"},
    [PANEL_SIREN] = {"siren", "active_high"},
    [PANEL_STROBE] = {"strobe", "active_high"},
    [PANEL_LAMP] = {"lamp", "active_high"},
    [PANEL_LAMP_ALERT] = {"lamp_alert", "active_high"},
    [PANEL_LAMP_RADIO] = {"lamp_radio", "active_high"},
    [PANEL_LAMP_UPLINK] = {"lamp_uplink", "active_high"},
};

const char panel_contact_how[] = "active_low pull_up";

bool panel_is_wired(const struct panel_settings *settings)
{
	for (size_t i = 0; i < PANEL_LINES; i++)
		if (settings->lines[i])
			return true;
	return settings->contact_count > 0;
}
