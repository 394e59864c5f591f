// The peer of the mail benchmark: Nodemailer with a pool of 4 connections composing the same
// personalised multipart mail.  usage: nodemailer.js PORT MESSAGES PARAGRAPHS; prints messages/s.
'use strict';
const nodemailer = require('nodemailer');

const [port, messages, paragraphs] = process.argv.slice(2).map(Number);
const transport = nodemailer.createTransport({
    host: '127.0.0.1', port, secure: false, ignoreTLS: true,
    pool: true, maxConnections: 4, maxMessages: Infinity,
});

const paragraph = (name, city) =>
    `Dear ${name}, the milk you get in ${city} comes from cows that stand on grass for as long as ` +
    'the year allows, and we wanted to tell you how this season went and what it means for your ' +
    'breakfast table in the weeks to come.';

function compose(i) {
    const name = `Customer ${i}`;
    const body = Array(paragraphs).fill(paragraph(name, 'Seoul'));
    return {
        from: '"Hill Farm Dairy" <news@shop.test>',
        to: `"${name}" <c${i}@cust.test>`,
        replyTo: `reply+${i}@shop.test`,
        envelope: { from: `bounces+${i}@shop.test`, to: `c${i}@cust.test` },
        messageId: `<${i}@shop.test>`,
        subject: `News for ${name}`,
        text: `Hello ${name}\n\n${body.join('\n\n')}\n`,
        html: `<!doctype html><html lang="en"><body><h1>Hello ${name}</h1>` +
            body.map((p) => `<p>${p}</p>`).join('\n') + '</body></html>',
        list: { unsubscribe: { url: `mailto:unsubscribe+${i}@shop.test` } },
    };
}

async function main() {
    const start = process.hrtime.bigint();
    let next = 0;
    const worker = async () => {
        while (next < messages) await transport.sendMail(compose(next++));
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    transport.close();
    console.log(messages / seconds);
}

main();
