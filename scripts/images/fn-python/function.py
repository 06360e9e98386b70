"""A function as the paper has them: it blocks, on a timer and on a socket, and does next to nothing in between.

Prints `tick N` each second, and answers HTTP GET / on port 8080 with {"n", "uptime_s"}.
"""

import select
import signal
import socket
import sys
import time

PORT = 8080
REQUEST_LIMIT = 8192
CLIENT_TIMEOUT_S = 2.0


def response(status, body):
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return (head + body).encode()


def read_request_line(client):
    data = b""
    while b"\r\n\r\n" not in data and len(data) < REQUEST_LIMIT:
        part = client.recv(1024)
        if not part:
            break
        data += part
    return data.split(b"\r\n", 1)[0].split(b" ")


def serve(client, n, started):
    """Answers one request; returns the new count of those that were answered."""
    with client:
        client.settimeout(CLIENT_TIMEOUT_S)
        try:
            if read_request_line(client)[:2] == [b"GET", b"/"]:
                uptime = time.monotonic() - started
                client.sendall(response("200 OK", f'{{"n":{n + 1},"uptime_s":{uptime:.3f}}}\n'))
                return n + 1
            client.sendall(response("404 Not Found", '{"error":"there is only GET /"}\n'))
        except OSError as error:  # a client that went away is its own business
            print(f"client: {error}", file=sys.stderr)
    return n


def main():
    # As PID 1 of its container the process has no default action for signals.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", PORT))
    listener.listen(64)
    started = time.monotonic()
    n = ticks = 0
    while True:
        wait = started + ticks + 1 - time.monotonic()
        if select.select([listener], [], [], max(wait, 0))[0]:
            n = serve(listener.accept()[0], n, started)
        elif wait <= 0 or started + ticks + 1 <= time.monotonic():
            ticks += 1
            print(f"tick {ticks}", flush=True)


main()
