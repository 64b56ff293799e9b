"""TLS with a private authority, a client certificate, and a host name that must match."""

import socket
import ssl
import subprocess
import unittest

import harness
import mqtt_peer


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


class OneRecordBroker(mqtt_peer.Peer):
    """Speaks as much MQTT 5 as a gateway needs; whoever opens the urgent connection finds a command waiting."""

    def __init__(self, folder, topic, payload):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "broker.crt", folder / "broker.key")
        body = len(topic).to_bytes(2, "big") + topic.encode() + b"\x00\x07\x00" + payload
        self.waiting = b"\x32" + bytes([len(body)]) + body
        self.topics = []
        super().__init__(context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True))

    def close(self):
        self.listener.close()

    def answer(self, connection, first, body):
        connection.sendall(self.words(first >> 4, body))
        return True

    def words(self, kind, body):
        if kind == 1:
            return b"\x20\x03\x00\x00\x00" + (self.waiting if b"-base1-u" in body else b"")
        if kind == 3:
            length = int.from_bytes(body[:2], "big")
            self.topics.append(body[2:2 + length].decode())
            return b"\x40\x02" + body[2 + length:4 + length]
        if kind == 8:
            return b"\x90\x04" + body[:2] + b"\x00\x01"
        return b"\xd0\x00" if kind == 12 else b""


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
        gateway = self.bench.gateway(self.bench.config([broker], {"vhf": f"tcp://127.0.0.1:{self.tnc.port}"}))
        self.tnc.connected()
        return gateway

    def test_delivery_with_client_certificate(self):
        port, plain = self.broker()
        hq = harness.Listener(self.bench, plain)
        self.gateway(port)
        hq.expect("gw/base1/state")
        self.tnc.hear("N0CALL-7>APZ001:>under TLS")
        hq.expect("text/N0CALL-7")

    def test_commands_that_waited_at_the_broker(self):
        port, plain = self.broker()
        hq = harness.Listener(self.bench, plain)
        gateway = self.gateway(port)
        hq.expect("gw/base1/state", lambda document: document["state"] == "online")
        self.bench.answering()
        self.bench.stop(gateway)
        lines = b"".join(b'{"id":"c-%d","to":"N0CALL-7","text":"x"}\n' % number for number in range(40))
        subprocess.run([harness.find_program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(plain), "-V", "5", "-q", "1", "-t",
                        "cresset/v1/test/gw/base1/down/sec/text", "-l"], input=lines, check=True, timeout=harness.PATIENCE_S)
        self.gateway(port)
        harness.wait_for(lambda: len({receipt["body"]["command"] for receipt in hq.find("/receipt/c-")}) == 40, "a receipt for each")

    def test_a_command_in_one_record_with_the_answer_to_connect(self):
        """TLS hands out a record at once, so that it is read in the attempt's thread."""
        broker = OneRecordBroker(self.dir, "cresset/v1/test/gw/base1/down/sec/text", b'{"id":"c-1","to":"N0CALL-7","text":"x"}')
        self.addCleanup(broker.close)
        self.gateway(broker.port)
        harness.wait_for(lambda: "cresset/v1/test/gw/base1/receipt/c-1" in broker.topics, "the receipt")

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
