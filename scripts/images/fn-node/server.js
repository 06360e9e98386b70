// A long-running HTTP function whose state can be seen to survive a move.
//
//   GET /     {"n", "mb", "sum", "uptime_s"}   n: requests to / answered so far, this one included
//   GET /sum  {"sum", "uptime_s"}              the hash of the ballast as it is in memory now, computed on request
//
// MB     mebibytes of incompressible ballast to hold (default 0)
// DIRTY  pages (4 KiB) of it rewritten every 100 ms (default 0)
//
// `sum` in GET / is the SHA-256 computed once, at the start. With DIRTY=0 the ballast never changes, so GET /sum must
// give the same value for ever: that proves the memory intact. With DIRTY>0 the two differ, as they should.
const http = require('node:http');
const crypto = require('node:crypto');

const PAGE = 4096;
const MIB = 1024 * 1024;
const CHUNK = 16 * MIB; // Node limits the size of one random fill, and the sizes of buffers

const mb = numberFrom('MB');
const dirty = numberFrom('DIRTY');
const ballast = [];
for (let left = mb; left > 0; left -= CHUNK / MIB) {
  ballast.push(crypto.randomFillSync(Buffer.allocUnsafeSlow(Math.min(left * MIB, CHUNK))));
}
const sumAtStart = sum();
let n = 0;
let ticks = 0;
let cursor = 0; // page that is rewritten next

function numberFrom(name) {
  const value = Number(process.env[name] ?? 0);
  if (!Number.isInteger(value) || value < 0) {
    console.error(`${name} must be a whole number, not "${process.env[name]}"`);
    process.exit(2);
  }
  return value;
}

function sum() {
  const hash = crypto.createHash('sha256');
  for (const chunk of ballast) hash.update(chunk);
  return hash.digest('hex');
}

function rewritePages() {
  const pages = (mb * MIB) / PAGE;
  for (let i = 0; i < dirty && i < pages; i++) {
    const offset = cursor * PAGE;
    crypto.randomFillSync(ballast[Math.floor(offset / CHUNK)], offset % CHUNK, PAGE);
    cursor = (cursor + 1) % pages;
  }
}

function answer(request, response) {
  const uptime_s = process.uptime();
  if (request.method === 'GET' && request.url === '/') {
    n += 1;
    send(response, 200, { n, mb, sum: sumAtStart, uptime_s });
  } else if (request.method === 'GET' && request.url === '/sum') {
    send(response, 200, { sum: sum(), uptime_s });
  } else {
    send(response, 404, { error: `there is no ${request.method} ${request.url}` });
  }
}

function send(response, status, body) {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

// As PID 1 of its container the process has no default action for signals.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));

if (dirty > 0 && mb > 0) setInterval(rewritePages, 100);
setInterval(() => console.log(`tick ${++ticks}`), 1000);
http.createServer(answer).listen(8080, () => console.log(`listening on 8080 with ${mb} MB`));
