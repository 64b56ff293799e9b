"""TLS with a private authority, a client certificate, and a host name that must match."""

import subprocess
import unittest

import harness


def openssl(*arguments, cwd):
    subprocess.run([harness.find_program("openssl"), *arguments], cwd=cwd, check=True, capture_output=True)


def make_authority(folder, name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
            f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt", cwd=folder)


def make_certificate(folder, authority, name, subject, alternative):
    (folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={subject}", "-keyout",
            f"{name}.key", "-out", f"{name}.csr", cwd=folder)
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-CAcreateserial",
            "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt", cwd=folder)


class Tls(unittest.TestCase):
    def setUp(self):
        self.bench = harness.Bench()
        self.addCleanup(self.bench.__exit__)
        self.dir = self.bench.dir
        make_authority(self.dir, "authority")
        make_authority(self.dir, "stranger")
        make_certificate(self.dir, "authority", "broker", "localhost", "DNS:localhost,IP:127.0.0.1")
        make_certificate(self.dir, "authority", "gateway", "base1", "DNS:base1")
        make_certificate(self.dir, "authority", "elsewhere", "other.example", "DNS:other.example")
        self.tnc = self.bench.tnc()

    def broker(self, certificate="broker"):
        plain, secure = harness.free_port(), harness.free_port()
        port, _ = self.bench.broker(secure, lines=[
            f"listener {secure} 127.0.0.1", f"cafile {self.dir}/authority.crt", f"certfile {self.dir}/{certificate}.crt",
            f"keyfile {self.dir}/{certificate}.key", "require_certificate true", "use_identity_as_username true",
            f"listener {plain} 127.0.0.1"])
        # The second listener comes only once the first has read its certificates.
        harness.wait_for(lambda: harness.listening(plain), "the listener without TLS")
        return port, plain

    def gateway(self, port, authority="authority"):
        broker = (f"{{host: 127.0.0.1, port: {port}, tls: true, ca_file: {self.dir}/{authority}.crt, "
                  f"certificate_file: {self.dir}/gateway.crt, key_file: {self.dir}/gateway.key}}")
        self.bench.gateway(self.bench.config([broker], {"vhf": f"tcp://127.0.0.1:{self.tnc.port}"}))
        self.tnc.connected()

    def test_delivery_with_client_certificate(self):
        port, plain = self.broker()
        hq = harness.Listener(self.bench, plain)
        self.gateway(port)
        hq.expect("gw/base1/state")
        self.tnc.hear("N0CALL-7>APZ001:>under TLS")
        hq.expect("text/N0CALL-7")

    def refused(self, port, authority="authority"):
        self.gateway(port, authority)
        harness.wait_for(lambda: "uplink:" in self.bench.log() and "warning" in self.bench.log(), "the refusal in the log")
        self.assertFalse(self.bench.status()["uplink"]["connected"])

    def test_a_broker_of_a_strange_authority_is_refused(self):
        port, _ = self.broker()
        self.refused(port, "stranger")

    def test_a_certificate_for_another_name_is_refused(self):
        port, _ = self.broker("elsewhere")
        self.refused(port)


if __name__ == "__main__":
    harness.main()
