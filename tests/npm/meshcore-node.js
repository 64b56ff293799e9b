// A MeshCore companion node: what its host writes comes in on standard input, what it answers goes out on standard output. A socket takes
// orders, one JSON line each, and answers with one. Its frames are taken apart and put together by the library of the network itself; only
// the new form of messages, which that library does not know, is laid out here.
//
// usage: node meshcore-node.js SOCKET
import net from "node:net";
import BufferWriter from "@liamcottle/meshcore.js/src/buffer_writer.js";
import BufferReader from "@liamcottle/meshcore.js/src/buffer_reader.js";
import Constants from "@liamcottle/meshcore.js/src/constants.js";
import SerialConnection from "@liamcottle/meshcore.js/src/connection/serial_connection.js";

const Command = { ...Constants.CommandCodes, GetContactByKey: 30 };
const Code = { ...Constants.ResponseCodes, ContactMsgRecvV3: 16, ChannelMsgRecvV3: 17 };
const Push = { Advert: 0x80, SendConfirmed: 0x82, MsgWaiting: 0x83, NewAdvert: 0x8a };
const Failure = { Unsupported: 1, NotFound: 2, TableFull: 3, Illegal: 6 };
const FIELD_KEY = new Uint8Array(32).map((_, i) => [0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6][i] ?? i);

const now = () => Math.floor(Date.now() / 1000);

function payload(code, fill = () => {}) {
    const writer = new BufferWriter();
    writer.writeByte(code);
    fill(writer);
    return writer.toBytes();
}

class Node extends SerialConnection {
    constructor() {
        super();
        // breaks: at this command it starts anew, once;
        // mute: answers nothing; hold: does not answer when that many messages were given out; version 0: does not know the device query
        this.set = { version: 13, queueMax: 256, breaks: 0, mute: false, hold: -1, acks: true, timeout: 300, deafAttempts: 0, full: 0, flood: true, delayMs: 0 };
        this.channels = ["Public", "convoy"];
        this.contacts = [{ key: FIELD_KEY, name: "FT4", advert: now() - 7200, lat: 15596300, lon: 32534200 }];
        this.queue = [];
        this.counts = {};
        this.sent = [];
        this.resets = 0;
        this.given = 0;
        this.clockOffset = 0;
        this.refusedClocks = 0;
        this.boot();
    }

    boot() {
        this.appVersion = 0;
        this.started = Date.now();
        this.lastAck = 0;
    }

    // ---- framing ----

    async write(bytes) {
        process.stdout.write(Buffer.from(bytes));
    }

    say(bytes) {
        if (this.set.mute) return;
        if (this.set.delayMs) setTimeout(() => this.writeFrame(0x3e, bytes), this.set.delayMs);
        else this.writeFrame(0x3e, bytes);
    }

    fail(failure) {
        this.say(payload(Code.Err, (w) => w.writeByte(failure)));
    }

    // ---- what it is asked ----

    onFrameReceived(frame) {
        const reader = new BufferReader(frame);
        const command = reader.readByte();
        this.counts[command] = (this.counts[command] ?? 0) + 1;
        if (command === this.set.breaks) return this.order({ do: "reboot" });
        const answers = {
            [Command.DeviceQuery]: () => this.deviceInfo(reader.readByte()),
            [Command.AppStart]: () => this.selfInfo(),
            [Command.GetDeviceTime]: () => this.say(payload(Code.CurrTime, (w) => w.writeUInt32LE(now() + this.clockOffset))),
            [Command.SetDeviceTime]: () => this.setTime(reader.readUInt32LE()),
            [Command.GetChannel]: () => this.channelInfo(reader.readByte()),
            [Command.GetContacts]: () => this.listContacts(reader.getRemainingBytesCount() ? reader.readUInt32LE() : 0),
            [Command.GetContactByKey]: () => this.contact(reader.readBytes(32)),
            [Command.SyncNextMessage]: () => this.giveNext(),
            [Command.SendTxtMsg]: () => this.sendText(reader),
            [Command.SendChannelTxtMsg]: () => this.sendOnChannel(reader),
            [Command.ResetPath]: () => this.resetPath(),
            [Command.GetStats]: () => this.stats(reader.readByte()),
        };
        (answers[command] ?? (() => this.fail(Failure.Unsupported)))();
    }

    deviceInfo(appVersion) {
        if (!this.set.version) return this.fail(Failure.Unsupported);
        this.appVersion = appVersion;
        this.say(payload(Code.DeviceInfo, (w) => {
            w.writeBytes([this.set.version, 175, 8]);
            w.writeUInt32LE(123456);
            w.writeCString("14 Aug 2026", 12);
            w.writeCString("Fake Board", 40);
            w.writeCString("v1.17.1", 20);
            w.writeBytes([0, 0]);
        }));
    }

    selfInfo() {
        this.say(payload(Code.SelfInfo, (w) => {
            w.writeBytes([1, 22, 22, ...new Uint8Array(32).fill(0x0b)]);
            w.writeInt32LE(0);
            w.writeInt32LE(0);
            w.writeBytes([0, 0, 0, 0]);
            w.writeUInt32LE(869618);
            w.writeUInt32LE(62500);
            w.writeBytes([8, 5]);
            w.writeString("Base");
        }));
    }

    setTime(time) {
        if (time < now() + this.clockOffset) {
            this.refusedClocks++;
            return this.fail(Failure.Illegal);
        }
        this.clockOffset = time - now();
        this.say(payload(Code.Ok));
    }

    channelInfo(index) {
        if (index >= this.channels.length) return this.fail(Failure.NotFound);
        this.say(payload(Code.ChannelInfo, (w) => {
            w.writeByte(index);
            w.writeCString(this.channels[index], 32);
            w.writeBytes(new Uint8Array(16).fill(0x5e));
        }));
    }

    writeContact(code, contact) {
        this.say(payload(code, (w) => {
            w.writeBytes(contact.key);
            w.writeBytes([1, 0, 0xff, ...new Uint8Array(64)]);
            w.writeCString(contact.name, 32);
            w.writeUInt32LE(contact.advert);
            w.writeInt32LE(contact.lat);
            w.writeInt32LE(contact.lon);
            w.writeUInt32LE(contact.advert);
        }));
    }

    listContacts(since) {
        this.say(payload(Code.ContactsStart, (w) => w.writeUInt32LE(this.contacts.length)));
        for (const contact of this.contacts)
            if (contact.advert > since) this.writeContact(Code.Contact, contact);
        this.say(payload(Code.EndOfContacts, (w) => w.writeUInt32LE(Math.max(...this.contacts.map((c) => c.advert)))));
    }

    contact(key) {
        const found = this.contacts.find((c) => Buffer.compare(Buffer.from(c.key), Buffer.from(key)) === 0);
        if (found) this.writeContact(Code.Contact, found);
        else this.fail(Failure.NotFound);
    }

    stats(type) {
        this.say(payload(Code.Stats, (w) => {
            w.writeByte(type);
            if (type === 0) {
                w.writeUInt16LE(4050);
                w.writeUInt32LE(Math.floor((Date.now() - this.started) / 1000) + (this.set.uptime ?? 0));
                w.writeUInt16LE(0);
                w.writeByte(0);
            } else if (type === 1) {
                w.writeBytes([0x98, 0xff, 0xa0, 0xef]);
                w.writeUInt32LE(10);
                w.writeUInt32LE(20);
            } else {
                for (let i = 1; i <= 7; i++) w.writeUInt32LE(i);
            }
        }));
    }

    // ---- messages it has ----

    // When it is full the oldest message of a channel makes room; if there is none, the new one is lost.
    enqueue(message) {
        if (this.queue.length === this.set.queueMax) {
            const oldest = this.queue.findIndex((one) => one.channel !== undefined);
            if (oldest < 0) return;
            this.queue.splice(oldest, 1);
        }
        this.queue.push(message);
    }

    // It forgets a message as it gives it out.
    giveNext() {
        if (this.set.hold === this.given) {
            this.held = true;
            return;
        }
        const message = this.queue.shift();
        if (!message) return this.say(payload(Code.NoMoreMessages));
        this.given++;
        this.say(this.appVersion >= 3 ? this.newForm(message) : this.oldForm(message));
    }

    body(w, message) {
        if (message.channel === undefined) w.writeBytes(FIELD_KEY.slice(0, 6));
        else w.writeByte(message.channel);
        w.writeBytes([2, 0]);
        w.writeUInt32LE(message.time ?? now());
        w.writeString(message.text);
    }

    oldForm(message) {
        return payload(message.channel === undefined ? Code.ContactMsgRecv : Code.ChannelMsgRecv, (w) => this.body(w, message));
    }

    newForm(message) {
        return payload(message.channel === undefined ? Code.ContactMsgRecvV3 : Code.ChannelMsgRecvV3, (w) => {
            w.writeBytes([0xef, 0, 0]);
            this.body(w, message);
        });
    }

    // ---- messages it sends ----

    sendText(reader) {
        const [type, attempt] = [reader.readByte(), reader.readByte()];
        const time = reader.readUInt32LE();
        const to = Buffer.from(reader.readBytes(6)).toString("hex");
        if (this.set.full-- > 0) return this.fail(Failure.TableFull);
        if (!this.contacts.some((c) => Buffer.from(c.key).toString("hex").startsWith(to))) return this.fail(Failure.NotFound);
        this.sent.push({ to, type, attempt, time, text: reader.readString(), flood: this.set.flood });
        const ack = ++this.lastAck;
        this.say(payload(Code.Sent, (w) => {
            w.writeByte(this.set.flood ? 1 : 0);
            w.writeUInt32LE(ack);
            w.writeUInt32LE(this.set.timeout);
        }));
        if (!this.set.acks || attempt < this.set.deafAttempts) return;
        setTimeout(() => this.say(payload(Push.SendConfirmed, (w) => {
            w.writeUInt32LE(ack);
            w.writeUInt32LE(250);
        })), 20);
    }

    sendOnChannel(reader) {
        const [, channel] = [reader.readByte(), reader.readByte()];
        if (channel >= this.channels.length) return this.fail(Failure.NotFound);
        this.sent.push({ channel, time: reader.readUInt32LE(), text: reader.readString() });
        this.say(payload(Code.Ok));
    }

    resetPath() {
        this.resets++;
        this.set.flood = true;
        this.say(payload(Code.Ok));
    }

    // ---- orders ----

    order(order) {
        const orders = {
            set: () => Object.assign(this.set, order.values),
            clock: () => (this.clockOffset = order.offset),
            queue: () => {
                for (const message of order.messages) this.enqueue(message);
                if (order.push !== false) this.say(payload(Push.MsgWaiting));
            },
            go: () => {
                this.set.hold = -1;
                if (this.held) this.giveNext();
                this.held = false;
            },
            advert: () => {
                Object.assign(this.contacts[0], { advert: order.time ?? now(), lat: order.lat, lon: order.lon });
                this.say(payload(Push.Advert, (w) => w.writeBytes(FIELD_KEY)));
            },
            newAdvert: () => this.writeContact(Push.NewAdvert, {
                key: new Uint8Array(32).fill(0xcc), name: "FT9", advert: order.time ?? now(), lat: order.lat, lon: order.lon,
            }),
            say: () => process.stdout.write(Buffer.from(order.hex, "hex")),
            reboot: () => {
                process.stdout.write("ESP-ROM:esp32s3-20210327\r\nrst:0x1 (POWERON)\r\n");
                this.set.breaks = 0;
                this.boot();
            },
            confirm: () => this.say(payload(Push.SendConfirmed, (w) => {
                w.writeUInt32LE(order.ack);
                w.writeUInt32LE(250);
            })),
            state: () => {},
        };
        orders[order.do]();
        return {
            counts: this.counts, given: this.given, waiting: this.queue.length, held: this.held ?? false, sent: this.sent,
            resets: this.resets, appVersion: this.appVersion, clockOffset: this.clockOffset, refusedClocks: this.refusedClocks,
        };
    }
}

const node = new Node();
process.stdin.on("data", (bytes) => node.onDataReceived(bytes));
process.stdin.on("end", () => process.exit(0));
net.createServer((client) => {
    let text = "";
    client.on("data", (bytes) => {
        text += bytes;
        for (let end; (end = text.indexOf("\n")) >= 0; text = text.slice(end + 1))
            client.write(JSON.stringify(node.order(JSON.parse(text.slice(0, end)))) + "\n");
    });
    client.on("error", () => {});
}).listen(process.argv[2]);
