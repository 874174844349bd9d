from http.server import ThreadingHTTPServer

from service.handler import Handler

if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
