"""memory: what the gateway holds idle, with TLS, and with 10 000 messages waiting; wake-ups when nothing happens."""
import os
import subprocess
import time

import common
import daemon
import plot
from common import progress

QUEUED = 10000
RATE = 1000
SETTLE_S = 5

TLS_CONFIG = daemon.CONFIG.replace("    - host: 127.0.0.1\n",
                                   "    - host: localhost\n      tls: true\n      ca_file: {folder}/ca.pem\n")
TLS_BROKER = "cafile {folder}/ca.pem\ncertfile {folder}/ca.pem\nkeyfile {folder}/key.pem\n"
# What field bases run today in the gateway's place, with a headquarters that cannot be reached.
BRIDGE = "max_queued_messages 0\nconnection hq\naddress 127.0.0.1:{dead}\ntopic cresset/v1/op/# out 1\n"


def wakeups(pid):
    """Times a process went to sleep of its own accord, all its threads: each ended with a wake-up."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        total += common.status_number(f"{pid}/task/{thread}", "voluntary_ctxt_switches")
    return total


def sizes(pid):
    return {"rss_anon": (common.status_number(pid, "RssAnon"), "KiB"), "rss": (common.status_number(pid, "VmRSS"), "KiB")}


def make_certificate(folder):
    """A certificate that signs itself, for localhost: enough for both ends of one machine."""
    subprocess.run([common.system_program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-keyout", f"{folder}/key.pem", "-out", f"{folder}/ca.pem", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)


def idle_figures(child, seconds):
    time.sleep(SETTLE_S)
    before = wakeups(child.pid)
    time.sleep(seconds)
    return {**sizes(child.pid), "wakeups": ((wakeups(child.pid) - before) / seconds, "1/s")}


def run_cresset(tls, seconds):
    """(figures idle, figures with QUEUED messages waiting). The broker is ended for the second, and started again to see that all
    the messages really waited."""
    with common.Workshop() as workshop:
        folder = workshop.path("cressetd.d")
        os.mkdir(folder)
        if tls:
            make_certificate(folder)
        extra = TLS_BROKER.format(folder=folder) if tls else ""
        port = daemon.local_broker(workshop, "broker", extra)
        flood = daemon.Flood(workshop, "tnc", f"--count={QUEUED}", f"--rate={RATE}")
        child = daemon.start(workshop, "cressetd", flood.place["port"], port, TLS_CONFIG if tls else daemon.CONFIG)
        common.wait_until(lambda: workshop.text("broker.err").count("as cresset") >= 2, 20, "both connections to the broker")
        idle = idle_figures(child, seconds)
        common.stop(workshop.children[0])
        flood.go()
        flood.wait(QUEUED / RATE + 60)
        time.sleep(SETTLE_S)
        queued = sizes(child.pid)
        workshop.check(child)
        plain = common.free_port()
        workshop.broker("broker-again", daemon.BROKER.format(port=port) + extra
                        + f"listener {plain} 127.0.0.1\nallow_anonymous true\n")
        queued["delivered_later"] = (daemon.Subscriber(workshop, "subscriber", plain).wait_for(QUEUED, b"n=0", 60), "messages")
        return idle, queued


def run_bridge():
    """A field mosquitto whose bridge cannot reach headquarters, with as many messages waiting."""
    with common.Workshop() as workshop:
        port = common.free_port()
        child = workshop.broker("field", f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                                + BRIDGE.format(dead=common.free_port()))
        idle = idle_figures(child, 2)
        feed = workshop.start("feed", [common.program("peer_feed"), f"--port={port}", f"--backlog={QUEUED}", "--bulk-rate=0",
                                       "--alerts=0", "--seconds=5", "--bulk-size=400"])
        feed.wait()
        workshop.check(child)
        return idle, sizes(child.pid)


def run(options, report):
    systems = options.chosen(options.systems, ["cresset", "bridge-unlimited"])
    seconds = options.seconds or 20
    results = {}
    if "cresset" in systems:
        for prefix, tls in (("", False), ("tls-", True)):
            progress(f"memory: cresset{' with TLS' if tls else ''}")
            results["cresset", prefix + "idle"], results["cresset", prefix + "10000-queued"] = run_cresset(tls, seconds)
    if "bridge-unlimited" in systems:
        progress("memory: a mosquitto bridge")
        results["bridge-unlimited", "idle"], results["bridge-unlimited", "10000-queued"] = run_bridge()
    for (system, case), values in results.items():
        for metric, (value, unit) in values.items():
            report.add(system, case, metric, value, unit)
    report.target("idle", "rss_anon", "<=", 4096, "4 MB")
    report.target("idle", "wakeups", "<=", 5, "idle")
    report.target("10000-queued", "rss_anon", "<=", 12288, "12 MB")
    report.target("10000-queued", "delivered_later", ">=", QUEUED, "all of them were really waiting")
    report.target("tls-idle", "rss", "<=", 14336, "14 MB")
    if options.plot:
        plot.bars(options.plot, "memory of its own (RssAnon)", "KiB",
                  {f"{system} {case}": values["rss_anon"][0] for (system, case), values in results.items()})
