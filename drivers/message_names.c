/* Names of enumerations by their numbers on the air. */
#include "drivers/message_names.h"

/* names_x, out of numbers and names. A number left out has no name. */
#define NAMES(list, ...)                                                                                               \
	static const char *const list[] = {__VA_ARGS__};                                                               \
	const struct body_names names_##list = {list, sizeof(list) / sizeof(*list)}

NAMES(nature, "UNSPECIFIED", "ATTACK", "ABDUCTION_OR_DETENTION", "ACCIDENT", "MEDICAL", "FIRE", "LOST_OR_STRANDED",
      "PANIC_BUTTON", "DURESS");

NAMES(alert_type, "Alert", "Update", "Cancel");
NAMES(urgency, "Unknown", "Immediate", "Expected", "Future", "Past");
NAMES(severity, "Unknown", "Extreme", "Severe", "Moderate", "Minor");
NAMES(certainty, "Unknown", "Observed", "Likely", "Possible", "Unlikely");
NAMES(category, "Other", "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra",
      "CBRNE");
NAMES(response, "None", "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear");

NAMES(
    event, [0] = "UNSPECIFIED", [10] = "ATTACK", [11] = "AMBUSH", [12] = "SHELLING_OR_AIRSTRIKE", [13] = "CROSSFIRE",
    [14] = "EXPLOSION", [20] = "ABDUCTION", [21] = "DETENTION", [22] = "HELD_AT_CHECKPOINT",
    [23] = "MISSING_OR_OVERDUE", [30] = "ROBBERY", [31] = "CARJACKING", [32] = "INTRUSION_OR_LOOTING", [40] = "THREAT",
    [41] = "THREATENING_CROWD", [42] = "EXPLOSIVE_HAZARD", [50] = "ROAD_ACCIDENT", [51] = "MEDICAL", [52] = "FIRE",
    [53] = "NATURAL_HAZARD", [EVENT_ROAD_CLOSED] = "ROAD_CLOSED", [EVENT_AIRFIELD_UNUSABLE] = "AIRFIELD_UNUSABLE",
    [EVENT_MOVEMENT_SUSPENDED] = "MOVEMENT_SUSPENDED", [EVENT_MISSED_CHECKIN] = "MISSED_CHECKIN",
    [EVENT_GATEWAY_TAMPER] = "GATEWAY_TAMPER", [EVENT_LINK_LOST] = "LINK_LOST", [EVENT_BATTERY_LOW] = "BATTERY_LOW");

/* 0 has no name: an acknowledgement of another network, or of fragments, has no level. */
NAMES(ack_level, [ACK_STORED] = "STORED", [ACK_BASE_SEEN] = "BASE_SEEN", [ACK_HQ_RECEIVED] = "HQ_RECEIVED",
      [ACK_HQ_SEEN] = "HQ_SEEN", [ACK_RESPONDING] = "RESPONDING", [ACK_CLOSED] = "CLOSED",
      [ACK_NOT_UNDERSTOOD] = "NOT_UNDERSTOOD", [ACK_NOT_AUTHENTIC] = "NOT_AUTHENTIC", [ACK_EXPIRED] = "EXPIRED");

NAMES(checkin_state, "UNSPECIFIED", "OK", "DEPARTED", "ARRIVED", "DELAYED", "NEED_CALLBACK", "CANNOT_PROCEED",
      "RETURNING", "DURESS");
NAMES(rollcall_type, "routine", "security", "major incident", "serviceability");
NAMES(position_source, "unknown", "GNSS", "manual", "fixed", "network");
NAMES(language, "unknown", "en", "fr", "ar", "es", "pt", "sw", "so", "uk", "ru");
NAMES(sitrep_type, "FieldObservation", "SituationInformation", "ResponseResourcesTotals", "CasualtyAndIllnessSummary",
      "ManagementReportingSummary");
NAMES(access, "UNKNOWN", "OPEN", "RESTRICTED", "CLOSED");
NAMES(sector, "unspecified", "CCCM", "early recovery", "education", "emergency telecommunications", "food security",
      "health", "logistics", "nutrition", "protection", "shelter", "WASH", "coordination");

NAMES(request_type, "UNSPECIFIED", "BRIEFING", "SECURE_AREA_OR_AIRFIELD", "ARMED_ESCORT", "MILITARY_ASSET",
      "DECONFLICT_AID_DELIVERY", "DUPLICATION_OR_INCONSISTENCY", "NOTIFICATION_DRAFT", "INFORMATION");
NAMES(cargo, "unspecified", "none", "food", "medical", "shelter items", "water", "fuel", "staff only", "mixed");
NAMES(justification, "NOT_GIVEN", "NO_CIVILIAN_MEANS", "CIVILIAN_MEANS_TOO_LATE", "CIVILIAN_MEANS_UNSAFE",
      "LIFE_SAVING_TIME_CRITICAL", "OTHER");
NAMES(alternatives, "negotiated access", "other route or time", "other organisation's assets", "cluster pool asked",
      "commercial", "local partner or remote", "humanitarian notification", "air instead of road", "wait",
      "none possible");
NAMES(missing, "justification", "alternatives", "cluster pool asked");

NAMES(activity_op, "ADD", "UPDATE", "END");
NAMES(activity_status, "PLANNED", "ONGOING", "SUSPENDED", "COMPLETED", "CANCELLED");
NAMES(unit, "people", "households", "items", "kg", "litres", "sites");
NAMES(movement_op, "OPEN", "WAYPOINT", "HANDOVER", "CLOSED");
NAMES(reboot_cause, "unknown", "power", "watchdog", "brown-out", "software", "user");
NAMES(sensitivity, "public", "partners", "organisation", "security desk only");
