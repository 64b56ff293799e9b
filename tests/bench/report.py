"""What a benchmark says: JSON lines as it goes, or a table with ratios and targets at its end."""
import json
import os
import platform
import subprocess

OURS = "cresset"


def first_line(path, key):
    """The value after the first "key : value" of a file of /proc, or ''."""
    try:
        with open(path, encoding="utf-8") as file:
            return next((line.split(":", 1)[1].strip() for line in file if line.startswith(key)), "")
    except OSError:
        return ""


def package_version(package):
    try:
        result = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return result.stdout.strip()


def machine():
    """(metric, value, unit) that describe where the figures come from."""
    yield "processor", first_line("/proc/cpuinfo", "model name") or first_line("/proc/cpuinfo", "Model") or platform.machine(), ""
    yield "processors", os.cpu_count(), ""
    yield "memory", int(first_line("/proc/meminfo", "MemTotal").split()[0]) // 1024, "MiB"
    yield "kernel", platform.release(), ""
    yield "system", first_line_of_release(), ""
    for package in ("mosquitto", "libmosquitto1", "libsqlite3-0"):
        if version := package_version(package):
            yield package, version, ""
    yield "load_1min_before", round(os.getloadavg()[0], 2), ""


def first_line_of_release():
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""


def shown(value):
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return str(value)


class Report:
    """Collects figures of one benchmark. `target` compares one of ours with its bound."""

    def __init__(self, bench, as_json):
        self.bench, self.as_json = bench, as_json
        self.figures = {}  # case -> metric -> system -> (value, unit)
        self.targets = []
        for metric, value, unit in machine():
            self.add("machine", "", metric, value, unit)

    def add(self, system, case, metric, value, unit):
        self.figures.setdefault(case, {}).setdefault(metric, {})[system] = (value, unit)
        if self.as_json:
            value = round(value, 4) if isinstance(value, float) else value
            print(json.dumps({"bench": self.bench, "system": system, "case": case, "metric": metric, "value": value,
                              "unit": unit}), flush=True)

    def value(self, system, case, metric):
        """A figure reported before; None if there is none."""
        return self.figures.get(case, {}).get(metric, {}).get(system, (None, ""))[0]

    def target(self, case, metric, relation, bound, meaning):
        """Our `metric` has to be `relation` ("<=", ">=", "<", ">", "==") than `bound`; `meaning` says where the bound comes from."""
        value = self.value(OURS, case, metric)
        if value is None or bound is None:
            return
        unit = self.figures[case][metric][OURS][1]
        met = {"<=": value <= bound, ">=": value >= bound, "<": value < bound, ">": value > bound, "==": value == bound}[relation]
        self.targets.append((case, metric, relation, bound, unit, meaning, value, met))

    def finish(self):
        for case, metrics in self.figures.items():
            if self.as_json:
                break
            print(f"\n{self.bench}: {case}" if case else f"{self.bench}, on this machine:")
            print_table(metrics) if case else print_machine(metrics)
        for case, metric, relation, bound, unit, meaning, value, met in self.targets:
            if self.as_json:
                self.add("target", case, metric, bound, unit)
                continue
            miss = "" if met else f", MISSED by {shown(abs(float(value - bound)))} {unit}"
            miss += f" ({abs(value / bound - 1):.0%})" if miss and bound else ""
            print(f"{'met   ' if met else 'MISSED'} {case}: {metric} {shown(value)} {unit}, wanted {relation} {shown(bound)}"
                  f" ({meaning}){miss}")


def print_machine(metrics):
    for metric, systems in metrics.items():
        for value, unit in systems.values():
            print(f"  {metric}: {shown(value)} {unit}".rstrip())


def cell(figure, ours):
    """A figure, and how many times ours it is."""
    if not figure:
        return "-"
    value, mine = figure[0], ours[0] if ours else None
    if ours is figure or not mine or not isinstance(value, (int, float)):
        return shown(value)
    return f"{shown(value)} (x{shown(value / mine)})"


def print_table(metrics):
    machine_row = {metric: row.pop("machine") for metric, row in metrics.items() if "machine" in row}
    metrics = {metric: row for metric, row in metrics.items() if row}
    systems = list(dict.fromkeys(name for row in metrics.values() for name in row))
    systems.sort(key=lambda name: name != OURS)
    rows = [["", *systems]]
    for metric, row in metrics.items():
        unit = next(iter(row.values()))[1]
        rows.append([f"{metric}, {unit}" if unit else metric, *(cell(row.get(s), row.get(OURS)) for s in systems)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  " + row[0].ljust(widths[0]) + "".join("  " + text.rjust(width) for text, width in zip(row[1:], widths[1:])))
    if OURS in systems and len(systems) > 1:
        print("  (xN: how many times ours)")
    for metric, (value, unit) in machine_row.items():
        print(f"  {metric}: {shown(value)} {unit}".rstrip())
