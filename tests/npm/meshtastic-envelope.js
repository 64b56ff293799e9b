// Envelopes of Meshtastic's MQTT topics, made and opened with the network's own library and Node's cipher. Each argument is a JSON
// order; the answer to each is a line of JSON.
//   {"do": "hear", ...}   a packet as a node hands it to its host, framed: {"hex"}
//   {"do": "seal", ...}   an envelope as another gateway publishes it: {"hex"}
//   {"do": "open", "hex", "key"}   what is in one
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Mesh, Mqtt } from "@meshtastic/protobufs";
import { createCipheriv } from "node:crypto";

const defaults = { from: 0x433c1d20, to: 0xffffffff, id: 0x1a2b3c4d, port: 1, text: "Convoy 3 at gate", bitfield: 1, channel: "road",
  gateway: "!0badcafe", fields: {} };

function crypt(key, packet, bytes) {
  const nonce = Buffer.alloc(16);
  nonce.writeUInt32LE(packet.id, 0);
  nonce.writeUInt32LE(packet.from, 8);
  const cipher = createCipheriv(`aes-${key.length * 8}-ctr`, key, nonce);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

const hash = (name, key) => [...Buffer.from(name), ...key].reduce((sum, byte) => sum ^ byte, 0);

function packetOf(order, fields) {
  return create(Mesh.MeshPacketSchema, { from: order.from, to: order.to, id: order.id, rxTime: Math.floor(Date.now() / 1000), rxSnr: 6.25,
    rxRssi: -97, hopLimit: 2, hopStart: 3, ...fields, ...order.fields });
}

const dataOf = (order) => create(Mesh.DataSchema, { portnum: order.port, payload: Buffer.from(order.text), bitfield: order.bitfield });

const orders = {
  hear(order) {
    const packet = packetOf(order, { channel: order.index ?? 1, payloadVariant: { case: "decoded", value: dataOf(order) } });
    const bytes = Buffer.from(toBinary(Mesh.FromRadioSchema, create(Mesh.FromRadioSchema, { payloadVariant: { case: "packet", value: packet } })));
    return { hex: Buffer.concat([Buffer.from([0x94, 0xc3, bytes.length >> 8, bytes.length & 255]), bytes]).toString("hex") };
  },
  seal(order) {
    const key = order.key && Buffer.from(order.key, "base64");
    const data = dataOf(order);
    const content = key ? { case: "encrypted", value: crypt(key, order, toBinary(Mesh.DataSchema, data)) } : { case: "decoded", value: data };
    const packet = packetOf(order, { channel: key ? hash(order.channel, key) : 0, payloadVariant: content });
    const envelope = create(Mqtt.ServiceEnvelopeSchema, { packet, channelId: order.channel, gatewayId: order.gateway });
    return { hex: Buffer.from(toBinary(Mqtt.ServiceEnvelopeSchema, envelope)).toString("hex") };
  },
  open(order) {
    const { packet, channelId, gatewayId } = fromBinary(Mqtt.ServiceEnvelopeSchema, Buffer.from(order.hex, "hex"));
    const key = Buffer.from(order.key, "base64");
    const { case: form, value } = packet.payloadVariant;
    const data = form === "encrypted" ? fromBinary(Mesh.DataSchema, crypt(key, packet, value)) : value;
    return { channel: channelId, gateway: gatewayId, form, from: packet.from, to: packet.to, id: packet.id, hop_limit: packet.hopLimit,
      hop_start: packet.hopStart, rssi_dbm: packet.rxRssi, snr_db: packet.rxSnr, via_mqtt: packet.viaMqtt, priority: packet.priority,
      hash_fits: packet.channel === hash(channelId, key), port: data.portnum, bitfield: data.bitfield,
      text: Buffer.from(data.payload).toString() };
  },
};

for (const argument of process.argv.slice(2)) {
  const order = { ...defaults, ...JSON.parse(argument) };
  console.log(JSON.stringify(orders[order.do](order)));
}
