from http.server import BaseHTTPRequestHandler


def answer(path):
    """The status and body for a path."""
    if path == "/health":
        return 200, "ok"
    return 404, "not found"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, text = answer(self.path)
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
