"""Plots by gnuplot, as PNG."""
import subprocess

import common


def draw(path, height, script):
    head = f"set terminal pngcairo size 1000,{height}\nset output '{path}'\n"
    result = subprocess.run([common.system_program("gnuplot")], input=head + script, text=True, capture_output=True, check=False)
    if result.returncode:
        raise common.BenchError(f"gnuplot: {result.stderr.strip()}")


def block(name, rows):
    return f"${name} << END\n" + "\n".join(" ".join(map(str, row)) for row in rows) + "\nEND\n"


def latencies(path, cases):
    """One panel a case: the share of alerts (of those sent) that had arrived after a time, a line each system.
    cases: {name: (floor_ms, {system: [latency_ms]})}."""
    text = f"set multiplot layout {len(cases)},1\nset logscale x\nset key left top font ',8'\nset yrange [0:100]\nset grid\n"
    text += "set ylabel '% of alerts'\n"
    for index, (case, (floor_ms, systems)) in enumerate(cases.items()):
        parts = []
        for number, (system, values) in enumerate(systems.items()):
            name = f"d{index}_{number}"
            text += block(name, ((v, 100 * (i + 1) / len(values)) for i, v in enumerate(sorted(values))))
            parts.append(f"${name} with steps lw {3 if system == 'cresset' else 1.5} title '{system}'")
        text += f"set title '{case}'\nset xlabel 'alert latency, ms (grey: the floor)'\n"
        text += f"set arrow 1 from {floor_ms}, 0 to {floor_ms}, 100 nohead lc rgb 'grey'\n"
        text += "plot " + ", ".join(parts) + "\n"
    draw(path, 350 * len(cases), text)


def bars(path, title, unit, values):
    """One bar for each of {name: value}."""
    text = block("d", ((i, f'"{name}"', value) for i, (name, value) in enumerate(values.items())))
    text += f"set title '{title}'\nset ylabel '{unit}'\nset yrange [0:*]\nset grid y\n"
    text += "set style fill solid 0.6\nset boxwidth 0.6\nunset key\nplot $d using 1:3:xtic(2) with boxes\n"
    draw(path, 500, text)
