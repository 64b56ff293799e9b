"""The link is new, halves and doubles under the running gateway: how long until its estimate and the bulk have followed."""
import json
import statistics
import time

import common
from common import progress

HALVE_S, DOUBLE_S, END_S = 45, 90, 135  # from the moment the gateway is connected
PHASES = (("start", 0, HALVE_S, 1), ("halved", HALVE_S, DOUBLE_S, 0.5), ("doubled", DOUBLE_S, END_S, 1))
HOLD_S = 10  # found = from then on right for so long
RIGHT_SHARE = 0.8  # of the estimates of that time: one that never probes could not see a link grow
TOLERANCE = 0.15
IN_FLIGHT_S = 3  # alerts sent later than this before the end of a phase belong to neither
NS = 1e9


def estimates(text):
    """[(seconds since connected, bits/s)] from what uplink_feed says every second."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [(line["seconds"], line["rate_bps"]) for line in lines if line["connected"]]


def arrived(arrivals, begin_ns, from_s, to_s):
    return sum(1 for a in arrivals if from_s <= (a.received_ns - begin_ns) / NS < to_s) / (to_s - from_s)


def found_after(rates, bulk, begin_ns, change_s, end_s, rate_wanted, bulk_wanted):
    """Seconds from the change until, for HOLD_S from then on, the estimate is within the tolerance and the bulk that arrives is not
    below it. The length of the phase if it never is."""
    for start in range(int(change_s), int(end_s - HOLD_S) + 1):
        right = [abs(rate / rate_wanted - 1) <= TOLERANCE for second, rate in rates if start <= second < start + HOLD_S]
        if right and right[0] and sum(right) >= RIGHT_SHARE * len(right) and \
                arrived(bulk, begin_ns, start, start + HOLD_S) >= (1 - TOLERANCE) * bulk_wanted:
            return start - change_s
    return end_s - change_s


def figures(run, begin_ns, settle_s, alert_rate):
    """{phase: {metric: (value, unit)}}. Right is an estimate near the rate of the link, and bulk as it arrives at the phase's end."""
    rates = estimates(run.workshop.text(run.name + "-feed.out"))
    found = run.arrivals()
    bulk, alerts = found["bulk"].values(), found["alert"].values()
    result = {}
    for phase, change_s, end_s, factor in PHASES:
        alerts_from, alerts_to = max(change_s, settle_s), end_s - IN_FLIGHT_S
        late = [(a.received_ns - a.sent_ns) / 1e6 for a in alerts if alerts_from <= (a.sent_ns - begin_ns) / NS < alerts_to]
        carried = arrived(bulk, begin_ns, end_s - HOLD_S, end_s)
        wanted = factor * run.case.rate_bps
        result[phase] = {
            "rate_found": (found_after(rates, bulk, begin_ns, change_s, end_s, wanted, carried), "s"),
            "rate_of_link": (wanted, "bit/s"),
            "rate_at_end": (statistics.median([rate for second, rate in rates if end_s - HOLD_S <= second < end_s]), "bit/s"),
            "bulk_rate": (carried, "messages/s"),
            "sent": (round((alerts_to - alerts_from) * alert_rate), "alerts"), "received": (len(late), "alerts"),
            "p50": (common.percentile(late, .5), "ms"), "p95": (common.percentile(late, .95), "ms"),
            "max": (max(late, default=0), "ms")}
    return result


def measure(make_run, cases, settle_s, alert_rate):
    """make_run(workshop, case, seconds of alerts) starts one gateway. Returns {case name: {phase: figures}}."""
    with common.Workshop() as workshop:
        runs = [make_run(workshop, case, END_S) for case in cases]
        for run in runs:
            common.wait_until(lambda run=run: estimates(workshop.text(run.name + "-feed.out")), 60, "the gateway to connect")
        begin_ns = {run: time.monotonic_ns() - estimates(workshop.text(run.name + "-feed.out"))[-1][0] * NS for run in runs}
        start = max(begin_ns.values())
        for moment, factor in ((HALVE_S, 0.5), (DOUBLE_S, 1), (END_S, None)):
            while time.monotonic_ns() < start + moment * NS:
                time.sleep(0.05)
            for run in runs:
                run.done()
                if factor:
                    run.link.command(f"rate {int(run.case.rate_bps * factor)}")
            progress(f"rate change: {moment} of {END_S} s")
        return {run.case.name: figures(run, begin_ns[run], settle_s, alert_rate) for run in runs}
