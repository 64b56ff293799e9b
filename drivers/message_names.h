/* Names of the enumerations that are only carried on: in JSON, and on the air by their numbers (design, enums). */
#pragma once

#include "drivers/message_body.h"

extern const struct body_names names_nature, names_alert_type, names_urgency, names_severity, names_certainty,
    names_category, names_response, names_event, names_ack_level, names_checkin_state, names_rollcall_type,
    names_position_source, names_language, names_sitrep_type, names_access, names_sector, names_request_type,
    names_cargo, names_justification, names_alternatives, names_missing, names_activity_op, names_activity_status,
    names_unit, names_movement_op, names_reboot_cause, names_sensitivity;
