// A Meshtastic node, made with the network's own encoder: what its host writes comes in on standard input, what it answers goes out on
// standard output. A socket takes orders, one JSON line each, and answers each with what the node was told so far. It keeps the limits of
// the firmware: silent before it is asked for its configuration, one text in 2 s, one alert in 10 s (the rest is thrown away and called a
// success), no word on a number it has had.
//
// usage: node meshtastic-node.js SOCKET
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Channel, Config, Mesh, Portnums, Telemetry } from "@meshtastic/protobufs";
import net from "node:net";
import { createInterface } from "node:readline";

const OWN = 0x0a0b0c0d, PEER = 0x433c1d20, ALL = 0xffffffff;
const PORT = Portnums.PortNum, QUEUE = 16;
// acks: real (the addressee's), implicit (a neighbour repeats), none, or the number of an error.
const fresh = { awake: false, ids: [], last: {} };
// breaks: after so many entries of its database it starts anew, once.
const state = { nodes: 3, breaks: 0, region: 3, acks: "real", duty: false, full: false, reboots: 0, next: 1, ...fresh };
const told = [];

const note = (event) => told.push(event);

const writeAll = (bytes) => process.stdout.write(bytes);

function frame(payload) {
  const header = Buffer.from([0x94, 0xc3, payload.length >> 8, payload.length & 255]);
  return Buffer.concat([header, payload]);
}

const encode = (kind, value) =>
  frame(toBinary(Mesh.FromRadioSchema, create(Mesh.FromRadioSchema, { id: state.next++, payloadVariant: { case: kind, value } })));

const tell = (kind, value) => writeAll(encode(kind, value));

const now = () => Math.floor(Date.now() / 1000);

function packet(fields) {
  return create(Mesh.MeshPacketSchema, { from: PEER, to: ALL, id: (Math.random() * 0xfffffffe + 1) >>> 0, rxTime: now(), rxSnr: 6.25, rxRssi: -97,
    hopLimit: 2, hopStart: 3, ...fields });
}

function data(portnum, payload, more = {}) {
  return { case: "decoded", value: create(Mesh.DataSchema, { portnum, payload, ...more }) };
}

const text = (portnum, words, fields = {}) => packet({ payloadVariant: data(portnum, new TextEncoder().encode(words)), ...fields });

function nodeInfo(number) {
  const user = create(Mesh.UserSchema, { id: "!" + number.toString(16), longName: `Team ${number & 0xffff}`, shortName: (number & 0xffff).toString(16),
    publicKey: new Uint8Array(32).fill(number & 255) });
  const position = create(Mesh.PositionSchema, { latitudeI: 155963000, longitudeI: 325342000, time: now() });
  return encode("nodeInfo", create(Mesh.NodeInfoSchema, { num: number, user, position, snr: 6.25, lastHeard: now(), hopsAway: 1 }));
}

function configure(id) {
  state.awake = true;
  tell("myInfo", create(Mesh.MyNodeInfoSchema, { myNodeNum: OWN, rebootCount: state.reboots, nodedbCount: state.nodes }));
  writeAll(nodeInfo(OWN));
  tell("metadata", create(Mesh.DeviceMetadataSchema, { firmwareVersion: "2.7.18.fake", hwModel: 43 }));
  writeAll(frame(Buffer.from("9a0106120408011002", "hex"))); // region_presets of 2.8, which this library does not know
  for (let index = 0; index < 8; index++)
    tell("channel", create(Channel.ChannelSchema, { index, role: index === 0 ? 1 : index === 1 ? 2 : 0,
      settings: create(Channel.ChannelSettingsSchema, { name: ["base", "road"][index] ?? "", psk: new Uint8Array([1]) }) }));
  const lora = create(Config.Config_LoRaConfigSchema, { usePreset: true, region: state.region, txEnabled: true, hopLimit: 3 });
  tell("config", create(Config.ConfigSchema, { payloadVariant: { case: "lora", value: lora } }));
  for (let i = 1; i <= state.nodes; i++) {
    if (i === state.breaks) return orders.boot();
    writeAll(nodeInfo(0x50000000 + i));
  }
  tell("configCompleteId", id);
}

function queueStatus(res, id) {
  tell("queueStatus", create(Mesh.QueueStatusSchema, { res, free: state.full ? 0 : QUEUE, maxlen: QUEUE, meshPacketId: id }));
}

function routing(from, error, requestId) {
  const payload = Uint8Array.from([0x18, error]);
  tell("packet", packet({ from, to: OWN, rxRssi: from === OWN ? 0 : -97, payloadVariant: data(PORT.ROUTING_APP, payload, { requestId }) }));
}

// What the firmware allows of one port; undefined = no limit.
const pauses = { [PORT.TEXT_MESSAGE_APP]: 2000, [PORT.ALERT_APP]: 10000, [PORT.POSITION_APP]: 10000, [PORT.WAYPOINT_APP]: 10000 };

function tooSoon(port) {
  const soon = performance.now() < (state.last[port] ?? -Infinity) + pauses[port];
  if (!soon) state.last[port] = performance.now();
  return soon;
}

function acknowledge(sent, acks) {
  if (acks === "none") return;
  if (typeof acks === "number") return routing(OWN, acks, sent.id);
  routing(OWN, 0, sent.id);
  if (acks === "real" && sent.to !== ALL) routing(sent.to, 0, sent.id);
}

function take(sent) {
  const port = sent.payloadVariant.value.portnum;
  const known = state.ids.includes(sent.id);
  let fate = "transmitted";
  if (known) fate = "known";
  else if (tooSoon(port)) fate = "too_soon";
  else if (state.duty) fate = "duty_cycle";
  else if (state.full) fate = "queue_full";
  state.ids = [...state.ids, sent.id].slice(-20);
  note({ got: "packet", fate, port, to: sent.to, id: sent.id, priority: sent.priority, want_ack: sent.wantAck, channel: sent.channel,
    hop_limit: sent.hopLimit, text: new TextDecoder().decode(sent.payloadVariant.value.payload) });
  if (fate === "known") return;
  if (fate === "duty_cycle") routing(OWN, 9, sent.id);
  if (fate === "too_soon" && port === PORT.TEXT_MESSAGE_APP) routing(OWN, 38, sent.id);
  queueStatus({ duty_cycle: 9, queue_full: 32 }[fate] ?? 0, sent.id);
  if (fate === "transmitted") setTimeout(acknowledge, 20, sent, state.acks);
}

function receive(message) {
  const { case: kind, value } = message.payloadVariant;
  if (kind === "wantConfigId") {
    note({ got: "want_config" });
    configure(value);
  } else if (kind === "packet") {
    take(value);
  } else if (kind === "heartbeat") {
    note({ got: "heartbeat" });
    if (state.awake) queueStatus(0, 0);
  } else {
    note({ got: kind });
  }
}

// The firmware's receiver: it waits for the rest of a frame for as long as it takes.
let buffer = Buffer.alloc(0);
function input(bytes) {
  buffer = Buffer.concat([buffer, bytes]);
  for (;;) {
    const start = buffer.indexOf(Buffer.from([0x94, 0xc3]));
    if (start < 0) {
      buffer = buffer.subarray(Math.max(0, buffer.length - 1));
      return;
    }
    buffer = buffer.subarray(start);
    if (buffer.length < 4) return;
    const size = buffer.readUInt16BE(2);
    if (size > 512) {
      buffer = buffer.subarray(2);
      continue;
    }
    if (buffer.length < 4 + size) return;
    const payload = buffer.subarray(4, 4 + size);
    buffer = buffer.subarray(4 + size);
    try {
      receive(fromBinary(Mesh.ToRadioSchema, payload));
    } catch (error) {
      note({ got: "rubbish", why: String(error) });
    }
  }
}

const orders = {
  text: (order) => tell("packet", text(order.port ?? PORT.TEXT_MESSAGE_APP, order.text, order.fields)),
  position: (order) => tell("packet", packet({ payloadVariant: data(PORT.POSITION_APP, toBinary(Mesh.PositionSchema, create(Mesh.PositionSchema,
    { latitudeI: order.lat_e7, longitudeI: order.lon_e7, time: order.time ?? now() }))) })),
  telemetry: (order) => tell("packet", packet({ payloadVariant: data(PORT.TELEMETRY_APP, toBinary(Telemetry.TelemetrySchema, create(
    Telemetry.TelemetrySchema, { time: now(), variant: { case: "deviceMetrics", value: create(Telemetry.DeviceMetricsSchema, order.metrics) } }))) })),
  routing: (order) => routing(order.from, order.error, order.id),
  raw: (order) => writeAll(Buffer.from(order.hex, "hex")),
  // So many entries of the node database, and an alert behind them, in one piece.
  burst: (order) => {
    const entries = Array.from({ length: order.nodes }, (_, i) => nodeInfo(0x60000000 + i));
    writeAll(Buffer.concat([...entries, encode("packet", text(PORT.ALERT_APP, order.text, { id: order.id ?? 0x77777777 }))]));
  },
  state: () => {},
  // Power gone and come back.
  reset: () => Object.assign(state, structuredClone(fresh), { reboots: state.reboots + 1 }),
  boot: () => {
    orders.reset();
    state.breaks = 0;
    writeAll(Buffer.from("\x1b[32mINFO  | ??:??:?? 0 Booting\r\nDEBUG | ??:??:?? 1 Filesystem files:\r\n"));
  },
  set: (order) => Object.assign(state, order.values),
};

process.stdin.on("data", input).on("end", () => process.exit(0));
net.createServer((socket) => createInterface({ input: socket }).on("line", (line) => {
  const order = JSON.parse(line);
  orders[order.do](order);
  socket.write(JSON.stringify(told) + "\n");
})).listen(process.argv[2]);
