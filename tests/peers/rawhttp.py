"""rawhttp.py PORT guards|count|slow|many N|misses ADDRESS ADDRESS - a client that says what it likes.

guards   requests a careful server refuses, and some it must take: lines "NAME EXPECTED GOT"
count    how many lines that gives
slow     clients that take their time: lines "NAME EXPECTED GOT"
many N   N connections at once that say nothing: prints how many are left open
misses   asks for what is not there until it is told to wait: prints after how many, then what
         another address (the second) is told
"""
import socket
import sys

HOST = b"Host: x\r\n"
OK = b"GET /healthz HTTP/1.1\r\n"
POST = b"POST /h/drill/echo HTTP/1.1\r\n" + HOST


def connect():
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.settimeout(20)
    return s


def answers(data):
    """Status codes of the whole answers in `data`, and what is left."""
    found = []
    while data.startswith(b"HTTP/1.") and b"\r\n\r\n" in data:
        head, _, rest = data.partition(b"\r\n\r\n")
        # An answer the library makes itself, before anybody is asked, says its head twice.
        if rest.startswith(head):
            rest = rest[len(head) + 4:]
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if len(rest) < length:
            break
        found.append(head[9:12].decode())
        data = rest[length:]
    return found, data


def statuses(data):
    found, rest = answers(data)
    return ",".join(found) + (",rubbish" if rest else "") if found else "none"


def ask(raw, chunk=None, enough=None):
    """Sends, and reads until there are `enough` answers, or to the end."""
    s = connect()
    data = b""
    try:
        for i in range(0, len(raw), chunk or len(raw)):
            s.sendall(raw[i:i + (chunk or len(raw))])
    except OSError:
        pass
    try:
        while not enough or len(answers(data)[0]) < enough:
            got = s.recv(65536)
            if not got:
                break
            data += got
    except ConnectionResetError:
        pass
    except socket.timeout:
        data += b"still open"
    s.close()
    return data


def post(head, body):
    return POST + head + b"\r\n" + body


def form(content_type, body):
    return (b"POST /k/x HTTP/1.1\r\n" + HOST + b"Content-Type: " + content_type +
            b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


URLENCODED = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data; boundary=zz"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
GUARDS = [
    # the ten ways to say two things at once
    ("length-and-chunked", "400", post(b"Content-Length: 4\r\n" + CHUNKED, b"0\r\n\r\n")),
    ("chunked-and-length", "400", post(CHUNKED + b"Content-Length: 4\r\n", b"0\r\n\r\n")),
    ("length-twice", "400", post(b"Content-Length: 4\r\nContent-Length: 5\r\n", b"abcde")),
    ("length-twice-the-same", "400", post(b"Content-Length: 4\r\nContent-Length: 4\r\n", b"abcd")),
    ("blank-before-colon", "400", post(b"Content-Length : 4\r\n", b"abcd")),
    ("tab-before-colon", "400", post(b"Transfer-Encoding\t: chunked\r\n", b"0\r\n\r\n")),
    ("chunked-twice", "400", post(CHUNKED + CHUNKED, b"0\r\n\r\n")),
    ("chunked-and-more", "400", post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n")),
    ("chunked-misspelt", "400", post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n")),
    ("chunked-folded", "400", post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n")),
    # more of the kind
    ("length-list", "400", post(b"Content-Length: 4, 4\r\n", b"abcd")),
    ("length-plus", "400", post(b"Content-Length: +4\r\n", b"abcd")),
    ("length-minus", "400", post(b"Content-Length: -4\r\n", b"")),
    ("length-hex", "400", post(b"Content-Length: 0x4\r\n", b"abcd")),
    ("length-huge", "413", post(b"Content-Length: 99999999999999999999\r\n", b"abcd")),
    ("length-none", "411", post(b"", b"")),
    ("chunk-of-no-number", "400", post(CHUNKED, b"0x4\r\nabcd\r\n0\r\n\r\n")),
    ("chunked-old-version", "400",
     b"POST /h/drill/echo HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n0\r\n\r\n"),
    ("get-with-body", "400", OK + HOST + b"Content-Length: 4\r\n\r\nabcd"),
    ("folded", "400", OK + HOST + b"A: b\r\n c\r\nD: e\r\n\r\n"),
    ("folded-first", "400", OK + b" A: b\r\n" + HOST + b"\r\n"),
    ("folded-last", "400", OK + HOST + b"A: b\r\n\tc\r\n\r\n"),
    ("bare-lf", "400", b"GET /healthz HTTP/1.1\nHost: x\nA: b\n\n"),
    ("bare-lf-in-line", "400", b"GET /healthz HTTP/1.1\n" + HOST + b"A: b\r\n\r\n"),
    ("bare-lf-between", "400", OK + b"Host: x\nA: b\r\n\r\n"),
    ("bare-lf-last", "400", OK + HOST + b"A: b\n\r\n"),
    ("bare-lf-end", "400", OK + HOST + b"A: b\r\n\n"),
    ("bare-cr", "400", OK + HOST + b"A: b\rB: c\r\n\r\n"),
    ("nul-in-value", "400", OK + HOST + b"A: b\0c\r\n\r\n"),
    ("nul-in-last-value", "400", OK + HOST + b"A: b\0\r\n\r\n"),
    ("nul-in-name", "400", OK + HOST + b"A\0Z: b\r\n\r\n"),
    ("nul-in-url", "400", b"GET /healthz\0b HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("control-in-value", "400", OK + HOST + b"A: \x01\r\n\r\n"),
    ("no-colon", "400", OK + HOST + b"foobar\r\nB: c\r\n\r\n"),
    ("no-name", "400", OK + HOST + b": b\r\n\r\n"),
    ("no-host", "400", OK + b"A: b\r\n\r\n"),
    ("two-hosts", "400", OK + HOST + b"Host: y\r\n\r\n"),
    ("host-empty", "400", OK + b"Host:\r\n\r\n"),
    ("host-with-path", "400", OK + b"Host: x/y\r\n\r\n"),
    ("absolute-form", "400", b"GET http://x/healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("two-slashes", "400", b"GET //x/healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("two-blanks", "400", b"GET  /healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("fragment", "400", b"GET /healthz#x HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("eight-bit", "400", b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("options", "405", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("delete", "405", b"DELETE /healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("connect", "405", b"CONNECT x:80 HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("trace", "405", b"TRACE /healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("lower-case", "405", b"get /healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("version-of-the-future", "505", b"GET /healthz HTTP/9.9\r\n" + HOST + b"\r\n"),
    ("version-missing", "400", b"GET /healthz\r\n\r\n"),
    ("up", "400", b"GET /m/../healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("up-encoded", "400", b"GET /m/%2e%2E/healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("up-slash-encoded", "400", b"GET /m/..%2fhealthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("percent-alone", "400", b"GET /m/% HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("percent-half", "400", b"GET /m/%4 HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("percent-no-hex", "400", b"GET /m/%zz HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("percent-nul", "400", b"GET /m/%00 HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("percent-line-end", "400", b"GET /healthz?a=%0d%0aB:c HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("percent-overlong", "400", b"GET /m/%c0%ae HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("percent-surrogate", "400", b"GET /healthz?a=%ed%a0%80 HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("url-too-long", "414", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("url-far-too-long", "414", b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("head-too-large", "431", OK + HOST + b"A: " + b"a" * 60000 + b"\r\n\r\n"),
    ("too-many-fields", "431", OK + HOST + b"A: b\r\n" * 120 + b"\r\n"),
    ("too-many-query-fields", "414", b"GET /healthz?" + b"a&" * 300 + b" HTTP/1.1\r\n" + HOST
     + b"\r\n"),
    ("body-too-large", "413", post(b"Content-Length: 70000\r\n", b"a" * 70000)),
    ("body-too-large-in-chunks", "413",
     post(CHUNKED, b"8000\r\n" + b"a" * 32768 + b"\r\n8000\r\n" + b"a" * 32768 + b"\r\n8000\r\n"
          + b"a" * 32768 + b"\r\n0\r\n\r\n")),
    ("form-of-another-type", "415", form(b"application/xml", b"<a/>")),
    ("form-bad-percent", "400", form(URLENCODED, b"a=%z")),
    ("form-no-utf8", "400", form(URLENCODED, b"a=%ff")),
    ("form-too-many-fields", "413", form(URLENCODED, b"a=b&" * 300)),
    ("form-field-too-long", "413", form(URLENCODED, b"a=" + b"b" * 17000)),
    ("form-with-file", "400",
     form(MULTIPART, b"--zz\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\n"
          b"hello\r\n--zz--\r\n")),
    ("form-cut-off", "400",
     form(MULTIPART, b"--zz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhello")),
    # what must be taken
    ("plain", "200", OK + HOST + b"\r\n"),
    ("byte-by-byte", "200", OK + HOST + b"Accept: */*\r\nCookie: a=b; c=d\r\n\r\n"),
    ("blanks-around-values", "200", OK + HOST + b"A:b\r\nC:   d  \r\nE:\r\nF: \r\n\r\n"),
    ("empty-lines-before", "200", b"\r\n\r\n" + OK + HOST + b"\r\n"),
    ("many-fields", "200", OK + HOST + b"X-Some-Field: with some value\r\n" * 90 + b"\r\n"),
    ("old-version", "200", b"GET /healthz HTTP/1.0\r\n\r\n"),
    ("pipelined", "200,200,200", (OK + HOST + b"\r\n") * 3),
    ("pipelined-bad-second", "200,400", OK + HOST + b"\r\n" + OK + HOST + HOST + b"\r\n" + OK
     + HOST + b"\r\n"),
    ("post-empty", "200", post(b"Content-Length: 0\r\n", b"")),
    ("post", "200", post(b"Content-Length: 4\r\n", b"abcd")),
    ("post-chunked", "200", post(CHUNKED, b"4;x=y\r\nabcd\r\n1\r\ne\r\n0\r\nT: r\r\n\r\n")),
    ("post-pipelined", "200,200", post(b"Content-Length: 4\r\n", b"abcd") + OK + HOST + b"\r\n"),
    ("latin1-referer", "200", OK + HOST + b"Referer: http://x/\xe9\r\n\r\n"),
    ("query", "200", b"GET /healthz?a=%41+b&c&%ea%b0%80=d&=&& HTTP/1.1\r\n" + HOST + b"\r\n"),
]


def guards():
    for name, expected, raw in GUARDS:
        # Who is refused is also shown the door; who is served is not.
        enough = None if expected[-3:] >= "400" else expected.count(",") + 1
        data = ask(raw, 1 if name == "byte-by-byte" else None, enough)
        got = statuses(data)
        print(name, expected, got)
    head = ask(b"HEAD /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    print("head-has-no-body", "yes", "yes" if head.startswith(b"HTTP/1.1 200") and
          head.endswith(b"\r\n\r\n") and b"Content-Length: 3\r\n" in head else "no")
    # What a plugin sees of a body is the body.
    print("echo-chunked", "abcde",
          ask(post(CHUNKED, b"4;x=y\r\nabcd\r\n1\r\ne\r\n0\r\n\r\n"), enough=1)[-5:].decode())


def drip(first, rest):
    """Sends `first`, then `rest` byte by byte for ever; how did it end?"""
    s = connect()
    s.sendall(first)
    s.settimeout(0.05)
    for _ in range(400):
        try:
            s.sendall(rest)
        except OSError:
            return "closed"
        try:
            if not s.recv(4096):
                return "closed"
            return "answered"
        except socket.timeout:
            continue
        except OSError:
            return "closed"
    return "open"


def silent(first):
    s = connect()
    s.sendall(first)
    try:
        return "closed" if not s.recv(4096) else "answered"
    except socket.timeout:
        return "open"
    except OSError:
        return "closed"


def deaf():
    """Asks for much and reads nothing until the server has given up."""
    s = connect()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(20)
    try:
        for _ in range(100000):
            s.sendall(OK + HOST + b"\r\n" + b"GET /m/x HTTP/1.1\r\n" + HOST + b"\r\n")
    except socket.timeout:
        return "open"
    except OSError:
        return "closed"
    return "taken"


def slow():
    print("silent-from-the-start", "closed", silent(b""))
    print("silent-in-the-line", "closed", silent(b"GET /hea"))
    print("silent-in-the-body", "closed", silent(post(b"Content-Length: 10\r\n", b"a")))
    print("header-byte-by-byte", "closed", drip(OK + HOST + b"A: ", b"a"))
    print("fields-one-by-one", "closed", drip(OK + HOST, b"A: b\r\n"))
    print("body-byte-by-byte", "closed", drip(post(b"Content-Length: 60000\r\n", b""), b"a"))
    print("chunks-one-by-one", "closed", drip(post(CHUNKED, b""), b"1\r\na\r\n"))
    print("never-reads", "closed", deaf())
    print("and-the-next-one", "200", statuses(ask(OK + HOST + b"\r\n", enough=1)))


def many(n):
    connections = [connect() for _ in range(n)]
    left = 0
    for s in connections:
        try:
            s.sendall(OK + HOST + b"\r\n")
            left += s.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            pass
    print(left)


def misses(first, second):
    def get(address):
        return statuses(ask(b"GET /l/nothing HTTP/1.1\r\n" + HOST + b"X-Forwarded-For: 6.6.6.6, "
                            + address.encode() + b"\r\n\r\n", enough=1))

    n = 0
    while get(first) == "404" and n < 1000:
        n += 1
    print(n, get(first), get(second))


if sys.argv[2] == "guards":
    guards()
elif sys.argv[2] == "count":
    print(len(GUARDS) + 2)
elif sys.argv[2] == "slow":
    slow()
elif sys.argv[2] == "many":
    many(int(sys.argv[3]))
else:
    misses(sys.argv[3], sys.argv[4])
