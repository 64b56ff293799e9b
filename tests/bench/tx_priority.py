"""tx-priority: how long an alert waits for a radio that has more to say than its channel allows, and whether the field is still heard.
Hours of a simulated ether with the gateway's real scheduler in it, beside one FIFO; and once in real time through two Direwolfs."""
import json
import os
import shutil
import subprocess

import common
import tx_priority_direwolf
from common import progress

CHANNELS = ["eu868-10pct", "eu868-1pct", "afsk1200"]
SCENARIO = os.path.join(common.SOURCE_DIR, "tests", "bench", "scenarios", "tx-priority.yaml")
RUNS = 25
MINUTES = 120
DIREWOLF_S = 120  # of real time
LISTENING_SHARE = 0.25
FRAME_AND_A_BIT = 1.02


def simulate(channel, minutes, *options):
    command = [common.program("tx_priority"), "--scenario", SCENARIO, "--case", channel, "--minutes", str(minutes),
               "--runs", str(RUNS), *options]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise common.BenchError(f"tx_priority ended with {result.returncode}: {result.stderr.strip()}")
    return json.loads(result.stdout)


def ratio(of, to):
    return of / to if to else 0.0


def figures(down, up):
    """(metric, value, unit) of alerts on their way down, and of those from the field."""
    yield "distress_wait_ratio_max", down["distress_frames_max"], ""
    yield "carrier_sense_in_it", down["carrier_frames_of_max"], ""
    yield "distress_late", down["distress_late"], f"of {down['distress']}"
    yield "urgent_wait_frames_p99", down["urgent_frames_p99"], "frames"
    yield "overruns", down["overruns"] + up["overruns"], ""
    yield "alerts_refused", down["delayed"], f"of {down['distress'] + down['urgent']}"
    for name, count in zip(("safety", "routine", "bulk"), down["sent"][2:]):
        yield f"{name}_sent", count, ""
    yield "airtime_used", down["airtime_s"] / down["runs"], "s a run"
    yield "turn_delay_frames_max", down["turn_delay_max"], "frames"
    yield "field_alert_delivery_ratio", ratio(up["field_delivered"], up["field_alerts"]), ""
    yield "field_alerts_lost", up["field_alerts"] - up["field_delivered"], f"of {up['field_alerts']}"
    yield "field_alert_acknowledged_ratio", ratio(up["field_acknowledged"], up["field_alerts"]), ""
    yield "field_transmissions_per_alert", ratio(up["field_sent"], up["field_alerts"]), ""


def run_channel(channel, minutes, systems, report):
    share = ["--listening", str(LISTENING_SHARE)]
    for system in systems:
        progress(f"tx-priority: {channel}, {system}, {RUNS} runs of {minutes:g} simulated minutes each way")
        options = share if system == "cresset" else ["--fifo"]
        down, up = simulate(channel, minutes, *options), simulate(channel, minutes, *options, "--from-field")
        for metric, value, unit in figures(down, up):
            report.add(system, channel, metric, value, unit)
        if system == "cresset":
            without_share(channel, minutes, report)
            report.add("machine", channel, "longest_frame", down["longest_ms"], "ms")
    targets(channel, report)


def without_share(channel, minutes, report):
    """The same scheduler that leaves nothing of the channel to the field: where no duty cycle stops it, it is on the air all the time."""
    down, up = simulate(channel, minutes), simulate(channel, minutes, "--from-field")
    report.add("cresset", channel, "distress_wait_ratio_max_without_share", down["distress_frames_max"], "")
    report.add("cresset", channel, "distress_late_without_share", down["distress_late"], f"of {down['distress']}")
    report.add("cresset", channel, "field_alert_delivery_ratio_without_share", ratio(up["field_delivered"], up["field_alerts"]), "")


def targets(channel, report):
    carrier = report.value("cresset", channel, "carrier_sense_in_it")
    report.target(channel, "distress_wait_ratio_max", "<=", carrier is not None and FRAME_AND_A_BIT + carrier,
                  "1.02 x the longest frame, and the carrier sense in that wait")
    report.target(channel, "distress_late", "==", 0, "none later than 1.02 frames and its own carrier sense")
    report.target(channel, "distress_late_without_share", "==", 0, "nor where the channel is never quiet")
    report.target(channel, "urgent_wait_frames_p99", "<=", 2, "two frames")
    report.target(channel, "overruns", "==", 0, "seen by the auditor")
    report.target(channel, "alerts_refused", "==", 0, "12 alerts an hour never wait for airtime")
    report.target(channel, "bulk_sent", ">", 0, "BULK still moves")
    report.target(channel, "turn_delay_frames_max", "<=", 1, "one frame of a station that floods")
    report.target(channel, "field_alert_delivery_ratio", ">=", 0.99, "with the listening share")


def run(options, report):
    minutes = options.seconds / 60 if options.seconds else MINUTES
    systems = options.chosen(options.systems, ["cresset", "fifo"])
    for case in options.chosen(options.cases, [*CHANNELS, tx_priority_direwolf.CASE]):
        if case == tx_priority_direwolf.CASE and not options.cases and not shutil.which("direwolf"):
            progress("tx-priority: direwolf is not installed, so nothing is measured in real time")
        elif case == tx_priority_direwolf.CASE:
            tx_priority_direwolf.run(report, min(options.seconds or DIREWOLF_S, DIREWOLF_S), systems)
        else:
            run_channel(case, minutes, systems, report)
