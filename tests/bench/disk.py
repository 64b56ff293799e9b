"""disk: bytes written to the disk a message on a healthy uplink, and what a store whose every fsync takes 2 s adds to DISTRESS."""
import os
import re
import resource
import signal
import time

import common
import daemon
import plot
from common import BenchError, progress

RATE, SETTLE_S = 100, 3
DISTRESS_RATE = 5
PATTERN = re.compile(r"n=(\d{8}) t=(\d+)")
BLOCK_BYTES = 512  # of ru_oublock, getrusage(2)


def check_counts_writes(folder):
    """The kernel counts writes to a disk, not those to a file system in memory, where every gateway would look perfect."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_oublock
    with open(os.path.join(folder, "probe"), "wb") as file:
        file.write(b"x" * 65536)
        file.flush()
        os.fsync(file.fileno())
    if resource.getrusage(resource.RUSAGE_SELF).ru_oublock == before:
        raise BenchError(f"{folder} is not on a disk: set TMPDIR to a folder that is")


def end(child):
    """Ends the daemon as systemd would and returns the bytes it sent to the disk in all its life."""
    child.send_signal(signal.SIGTERM)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, -signal.SIGTERM):
        raise BenchError(f"cressetd ended with status {child.returncode}")
    return usage.ru_oublock * BLOCK_BYTES


def run_healthy(count):
    """Bytes written in a life with so many messages, all delivered, dedupe state included."""
    with common.Workshop() as workshop:
        check_counts_writes(workshop.folder.name)
        broker = daemon.local_broker(workshop, "broker")
        subscriber = daemon.Subscriber(workshop, "subscriber", broker)
        flood = daemon.Flood(workshop, "tnc", f"--count={max(count, 1)}", f"--rate={RATE}")
        child = daemon.start(workshop, "cressetd", flood.place["port"], broker)
        time.sleep(SETTLE_S)
        received = 0
        if count:
            flood.go()
            flood.wait(count / RATE + 60)
            received = subscriber.wait_for(count, b"n=0")
        time.sleep(SETTLE_S)
        workshop.check(child)
        return end(child), received


def run_distress(slow, count):
    """Latencies in ms from the last byte of the frame written by the TNC to a subscriber on loopback."""
    with common.Workshop() as workshop:
        broker = daemon.local_broker(workshop, "broker")
        subscriber = daemon.Subscriber(workshop, "subscriber", broker, "cresset/v1/+/sec/#")
        flood = daemon.Flood(workshop, "tnc", f"--count={count}", f"--rate={DISTRESS_RATE}", f"--stations={count}",
                             "--mark=!EMERGENCY!")
        library = workshop.path("slowsync.so")  # LD_PRELOAD takes no path with a space
        os.symlink(common.program("slowsync.so"), library)
        env = dict(os.environ, LD_PRELOAD=library, SLOWSYNC_MS="2000") if slow else None
        child = daemon.start(workshop, "cressetd", flood.place["port"], broker, env=env)
        time.sleep(SETTLE_S)
        flood.go()
        flood.wait(count / DISTRESS_RATE + 60)
        subscriber.wait_for(count, b"n=0")
        workshop.check(child)
        if not daemon.counters(workshop, "cressetd").get(("store", "groups")):
            raise BenchError("the store of cressetd wrote nothing: no disk was in the way")
        first = {}
        for received, topic, payload in subscriber.lines():
            if "/distress/" in topic and (match := PATTERN.search(payload)):
                first.setdefault(match[1], (received - int(match[2]) / 1e9) * 1e3)
        return list(first.values())


def report_healthy(count, report):
    progress(f"disk: a life without messages, then one with {count} at {RATE}/s")
    idle, _ = run_healthy(0)
    busy, received = run_healthy(count)
    for metric, value, unit in (("sent", count, "messages"), ("received", received, "messages"),
                                ("written_idle", idle, "bytes"), ("written", busy, "bytes"),
                                ("written_per_message", (busy - idle) / count, "bytes")):
        report.add("cresset", "healthy-uplink", metric, value, unit)
    report.target("healthy-uplink", "written_per_message", "<=", 64, "dedupe state included")


def report_distress(count, report):
    results = {}
    for case, slow in (("distress", False), ("distress-fsync-2s", True)):
        progress(f"disk: {count} times DISTRESS, {'every fsync takes 2 s' if slow else 'the disk as it is'}")
        results[case] = latencies = run_distress(slow, count)
        report.add("cresset", case, "sent", count, "alerts")
        report.add("cresset", case, "received", len(latencies), "alerts")
        for metric, share in (("p50", .5), ("p99", .99), ("max", 1)):
            report.add("cresset", case, metric, common.percentile(latencies, share), "ms")
        report.target(case, "received", "==", count, "every DISTRESS arrives")
    added = report.value("cresset", "distress-fsync-2s", "p99") - report.value("cresset", "distress", "p99")
    report.add("cresset", "distress-fsync-2s", "added_p99", added, "ms")
    report.target("distress-fsync-2s", "added_p99", "<", 5, "the alert never waits for the disk")
    return results


def run(options, report):
    cases = options.chosen(options.cases, ["healthy-uplink", "distress"])
    seconds = options.seconds or 40
    if "healthy-uplink" in cases:
        report_healthy(int(RATE * seconds), report)
    if "distress" in cases:
        results = report_distress(int(DISTRESS_RATE * seconds), report)
        if options.plot:
            plot.latencies(options.plot, {"DISTRESS, last radio byte to subscriber": (0.1, results)})
