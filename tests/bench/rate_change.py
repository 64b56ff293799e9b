"""The link halves and doubles under the running gateway: how long until its estimate and the bulk have followed."""
import json
import statistics
import time

import common
from common import progress

HALVE_S, DOUBLE_S, END_S = 30, 75, 120  # from the moment the gateway is connected
HOLD_S = 10  # found = from then on right for so long
TOLERANCE = 0.15
NS = 1e9


def estimates(text):
    """[(seconds since connected, bits/s)] from what uplink_feed says every second."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [(line["seconds"], line["rate_bps"]) for line in lines if line["connected"]]


def arrived(arrivals, begin_ns, from_s, to_s):
    return sum(1 for a in arrivals if from_s <= (a.received_ns - begin_ns) / NS < to_s) / (to_s - from_s)


def found_after(rates, bulk, begin_ns, change_s, end_s, rate_wanted, bulk_wanted):
    """Seconds from the change until, for HOLD_S from then on, every estimate is within the tolerance and the bulk that arrives is
    not below it. NaN: not in this phase."""
    for start in range(int(change_s), int(end_s - HOLD_S) + 1):
        window = [rate for second, rate in rates if start <= second < start + HOLD_S]
        if window and all(abs(rate / rate_wanted - 1) <= TOLERANCE for rate in window) and \
                arrived(bulk, begin_ns, start, start + HOLD_S) >= (1 - TOLERANCE) * bulk_wanted:
            return start - change_s
    return float("nan")


def figures(run, begin_ns):
    """{suffix of the case: {metric: (value, unit)}}. The reference is what gateway and bulk had reached on the same link just before."""
    rates = estimates(run.workshop.text(run.name + "-feed.out"))
    found = run.arrivals()
    bulk, alerts = found["bulk"].values(), found["alert"].values()
    reference = statistics.median(rate for second, rate in rates if HALVE_S - HOLD_S <= second < HALVE_S)
    carried = arrived(bulk, begin_ns, HALVE_S - HOLD_S, HALVE_S)
    result = {}
    for suffix, change_s, end_s, factor in (("halved", HALVE_S, DOUBLE_S, 0.5), ("doubled", DOUBLE_S, END_S, 1)):
        late = [(a.received_ns - a.sent_ns) / 1e6 for a in alerts if change_s <= (a.sent_ns - begin_ns) / NS < end_s]
        result[suffix] = {
            "rate_found": (found_after(rates, bulk, begin_ns, change_s, end_s, factor * reference, factor * carried), "s"),
            "rate_before": (reference if factor == 0.5 else reference / 2, "bit/s"),
            "bulk_rate": (arrived(bulk, begin_ns, end_s - HOLD_S, end_s), "messages/s"),
            "p50": (common.percentile(late, .5), "ms"), "p95": (common.percentile(late, .95), "ms"),
            "max": (max(late, default=float("nan")), "ms")}
    return result


def measure(make_run, cases):
    """make_run(workshop, case, seconds of alerts) starts one gateway. Returns {case name: figures}."""
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
        return {run.case.name: figures(run, begin_ns[run]) for run in runs}
