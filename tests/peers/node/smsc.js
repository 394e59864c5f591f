// An SMPP 3.4 centre for tests, on loopback.
// usage: node smsc.js PORT CONTROL RECORD      (system id gw, password gw; npm smpp in FL_NODE)
// Numbers that end in 99 are refused at once, 88 cannot be delivered, 77 expire, 66 are unknown;
// all others are delivered.  Each submit is a JSON line in RECORD.  A line "FROM TO TEXT" to
// CONTROL is a message from a customer, in UCS-2; "?" is answered by the number of bound gateways.
'use strict';
const path = require('path');
const fs = require('fs');
const net = require('net');
const smpp = require(path.join(process.env.FL_NODE, 'node_modules', 'smpp'));

const [port, control, record] = process.argv.slice(2);
const sessions = new Set();
let count = 0;

function fate(number) {
    if (number.endsWith('88')) return ['UNDELIV', '011'];
    if (number.endsWith('77')) return ['EXPIRED', '011'];
    if (number.endsWith('66')) return ['UNDELIV', '001'];
    return ['DELIVRD', '000'];
}

function receipt(session, pdu, id) {
    const [state, error] = fate(pdu.destination_addr);
    const stamp = '2611220422';
    session.deliver_sm({
        source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
        receipted_message_id: id,
        short_message: `id:${id} sub:001 dlvrd:${state === 'DELIVRD' ? '001' : '000'} ` +
            `submit date:${stamp} done date:${stamp} stat:${state} err:${error} text:x`,
    });
}

smpp.createServer(session => {
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
    session.on('bind_transceiver', pdu => {
        if (pdu.system_id !== 'gw' || pdu.password !== 'gw') {
            session.send(pdu.response({command_status: smpp.ESME_RINVPASWD}));
            return session.close();
        }
        sessions.add(session);
        session.send(pdu.response());
    });
    session.on('enquire_link', pdu => session.send(pdu.response()));
    session.on('unbind', pdu => { session.send(pdu.response()); session.close(); });
    session.on('submit_sm', pdu => {
        const id = 'id' + ++count;
        const udh = pdu.short_message.udh;
        fs.appendFileSync(record, JSON.stringify({
            from: pdu.source_addr, to: pdu.destination_addr, coding: pdu.data_coding,
            udh: udh ? udh.map(b => b.toString('hex')) : [],
            text: pdu.short_message.message.toString(),
        }) + '\n');
        if (pdu.destination_addr.endsWith('99'))
            return session.send(pdu.response({command_status: smpp.ESME_RINVDSTADR}));
        session.send(pdu.response({message_id: id}));
        if (pdu.registered_delivery & 1)
            receipt(session, pdu, id);
    });
}).listen(Number(port), '127.0.0.1');

net.createServer(socket => {
    socket.on('error', () => {});
    socket.on('data', data => {
        if (data.toString().startsWith('?'))
            return socket.end(`${sessions.size}\n`);
        const [, from, to, text] = data.toString().trim().match(/^(\S+) (\S+) (.*)$/s);
        for (const session of sessions)
            session.deliver_sm({source_addr: from, destination_addr: to, data_coding: 8,
                short_message: text}, () => socket.end('ok\n'));
    });
}).listen(Number(control), '127.0.0.1');
