"""The console's server in this process, with a controller that is only a socket of the test's."""

import contextlib
import json
import socket

from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from controller.console.app import Place, make_app
from controller.console.files import File
from controller.console.messages import SUBPROTOCOL

HOST = "127.0.0.1:8750"
PATIENCE_S = 10
PAGES = {
    "index.html": File(b"<!doctype html><title>page</title>", "text/html; charset=utf-8", "a" * 64),
    "js/app.js": File(b"export {}\n", "text/javascript; charset=utf-8", "b" * 64),
}
SNAPSHOT = {"k": "snapshot", "n": 1, "t_ms": 1000}


class Controller:
    """The controller's end of one page's connection."""

    def __init__(self, connection):
        self._socket = connection
        self._socket.settimeout(PATIENCE_S)
        self._lines = connection.makefile("rb")

    def heard(self):
        """The next line the page's connection brings; None when it hung up."""
        line = self._lines.readline()
        return json.loads(line) if line else None

    def say(self, message):
        self._socket.sendall(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def close(self):
        self._lines.close()
        self._socket.close()


class Served:
    """A server, the socket its controller would listen on, and browsers."""

    def __init__(self, folder, **changes):
        self.path = folder / "control.sock"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(self.path))
        self.listener.listen(32)
        self.listener.settimeout(PATIENCE_S)
        self.now_ns = 0
        self.place = Place(
            room="demo",
            mode="simulated",
            api=self.path,
            journal=folder / "record.journal",
            hosts=(HOST, "localhost:8750"),
            now_ns=lambda: self.now_ns,
        )._replace(**changes)
        self.app = make_app(self.place, PAGES)

    def browser(self):
        return TestClient(self.app, base_url=f"http://{HOST}")

    def loaded(self):
        """A browser that has the page."""
        browser = self.browser()
        assert browser.get("/").status_code == 200
        return browser

    @contextlib.contextmanager
    def page(self, browser=None, **options):
        """A page's socket and the controller's end of its connection."""
        with opened(browser or self.loaded(), **options) as page:
            connection, _ = self.listener.accept()
            controller = Controller(connection)
            try:
                assert page.receive_json()["k"] == "hello"
                assert controller.heard() == {"k": "hello", "version": 1, "client": "console"}
                yield page, controller
            finally:
                controller.close()

    def close(self):
        self.listener.close()


@contextlib.contextmanager
def opened(browser, origin=f"http://{HOST}", subprotocols=(SUBPROTOCOL,), **headers):
    """A socket as a browser opens it."""
    given = {"origin": origin} if origin else {}
    with browser.websocket_connect(
        f"ws://{HOST}/ws", subprotocols=list(subprotocols), headers={**given, **headers}
    ) as page:
        yield page


def ended(page):
    """The code with which the server closes; what it still shows is thrown away."""
    while True:
        try:
            page.receive_text()
        except WebSocketDisconnect as closed:
            return closed.code


def introduced(page, controller, by="T. Weber", role="technologist"):
    """Somebody has said who they are."""
    page.send_json({"k": "person", "by": by, "role": role})
    assert page.receive_json() == {"k": "who", "by": by, "role": role}
    page.send_json({"k": "stop"})
    assert controller.heard()["by"] == by
