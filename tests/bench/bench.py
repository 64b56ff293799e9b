"""Runs one benchmark: alert-latency, ingest, memory, disk, radio-to-broker, mesh-handshake or tx-priority. scripts/bench builds first and then starts this."""
import argparse
import importlib
import sys

import common
import report

BENCHES = {"alert-latency": "alert_latency", "ingest": "ingest", "memory": "memory", "disk": "disk",
           "radio-to-broker": "radio_to_broker", "mesh-handshake": "mesh_handshake",
           "tx-priority": "tx_priority"}


def parse():
    parser = argparse.ArgumentParser(prog="bench", description="Measures Cresset, and in the same run what users have today.",
                                     epilog="How it is measured: tests/bench/README.md.")
    parser.add_argument("name", choices=BENCHES)
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    parser.add_argument("--plot", metavar="FILE", help="write a plot as PNG (needs gnuplot)")
    parser.add_argument("--seconds", type=float, metavar="N", help="how long each measured phase lasts")
    parser.add_argument("--systems", metavar="A,B", help="only these systems")
    parser.add_argument("--cases", metavar="A,B", help="only these cases")
    return parser.parse_args()


def chosen(text, known):
    """The items of `known` (a list of names) that a comma-separated option asks for; all without it."""
    names = text.split(",") if text else known
    for name in names:
        if name not in known:
            raise common.BenchError(f"'{name}' is not one of: {', '.join(known)}")
    return [name for name in known if name in names]


def main():
    options = parse()
    options.chosen = chosen
    try:
        module = importlib.import_module(BENCHES[options.name])
        result = report.Report(options.name, options.json)
        module.run(options, result)
        result.finish()
    except common.NotPermitted as error:
        print(f"bench: {error}\nbench: without it there are no figures.", file=sys.stderr)
        return common.NOT_PERMITTED
    except common.BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
