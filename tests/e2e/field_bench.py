"""What the tests of field frames share: the encoder that made the vectors, and a gateway with the field protocol behind KISS, to which frames
go by hand."""
import importlib.machinery
import importlib.util
import json
import sys
import unittest

import harness

try:
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM  # noqa: F401
except ImportError:
    sys.exit("python3-cryptography is missing: apt-get install python3-cryptography")


def load(path):
    loader = importlib.machinery.SourceFileLoader(path.name.replace("-", "_"), str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


field = load(harness.SOURCE / "tests" / "vectors" / "make-field")


class KissTest(unittest.TestCase):
    radio_keys = ""

    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        keys = self.bench.dir / "keys.json"
        keys.write_text(json.dumps({"format": "cresset keys 1", "master": field.MASTER.hex()}))
        keys.chmod(0o600)
        self.port, self.broker = self.bench.broker()
        self.hq = harness.Listener(self.bench, self.port)
        self.tnc = self.bench.tnc()
        self.config = self.bench.config([self.port], {"lora": (f"tcp://127.0.0.1:{self.tnc.port}", self.radio_keys)},
                                        f"field: {{keys: {keys}}}\n")
        self.config.write_text(self.config.read_text().replace("air: aprs", "air: field"))
        self.bench.gateway(self.config)
        self.tnc.connected()
        self.hq.expect("gw/base1/state", lambda state: state.get("online", True))
