# SPDX-License-Identifier: GPL-2.0-only
"""A page opened in headless Chromium, driven over a pair of pipes with the DevTools protocol.

Contract: Browser is a context manager whose process and temporary profile are gone at its end. A Tab keeps all that
the page said and asked for: `errors` (console errors and warnings, exceptions, what the browser itself reported) and
`requests` (addresses that were asked for, the page's own among them). Every wait ends, at the latest after LIMIT seconds.
"""
import base64
import fcntl
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

from . import proc, ui

LIMIT = 60
TO_CHILD, FROM_CHILD = 3, 4     # the descriptors that --remote-debugging-pipe means
LEVELS = ("error", "warning", "assert")


class Browser:
    """One process of Chromium, without network use of its own."""

    def __init__(self):
        program = shutil.which("chromium")
        if not program:
            raise ui.LabError("chromium is not installed: apt-get install chromium")
        self.profile = tempfile.TemporaryDirectory(prefix="labyrinth-chromium-")
        self.number, self.rest, self.events = 0, b"", []
        theirs_in, self.out = os.pipe()
        self.inp, theirs_out = os.pipe()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (theirs_in, theirs_out)]
        os.close(theirs_in)
        os.close(theirs_out)
        parent = os.getpid()

        def in_child():
            proc.die_with_parent(parent)
            os.dup2(high[0], TO_CHILD)
            os.dup2(high[1], FROM_CHILD)
        argv = [program, "--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions",
                "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
                f"--user-data-dir={self.profile.name}", "about:blank"]
        if os.geteuid() == 0:
            argv.insert(1, "--no-sandbox")      # it refuses to run as root with it
        self.log = tempfile.TemporaryFile()
        self.child = subprocess.Popen(argv, preexec_fn=in_child, pass_fds=(TO_CHILD, FROM_CHILD),
                                      stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                      env={**os.environ, "HOME": self.profile.name})
        for fd in high:
            os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
            self.child.wait(10)
        except (ui.LabError, OSError, subprocess.TimeoutExpired):
            pass
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.inp)
        os.close(self.out)
        self.log.close()
        self.profile.cleanup()

    def _fail(self, what):
        self.log.seek(0)
        said = self.log.read().decode(errors="replace").strip().splitlines()
        raise ui.LabError(f"chromium {what}" + (f": {said[-1][:proc.WIDTH]}" if said else ""))

    def _message(self, until):
        """The next one, or None when the time is over."""
        while b"\0" not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.inp], [], [], left)[0]:
                return None
            data = os.read(self.inp, 1 << 20)
            if not data:
                self._fail("ended")
            self.rest += data
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def call(self, method, session=None, **params):
        """The answer to a command; what came meanwhile is in `events`."""
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if session:
            request["sessionId"] = session
        try:
            os.write(self.out, json.dumps(request).encode() + b"\0")
        except BrokenPipeError:
            self._fail("ended")
        until = time.monotonic() + LIMIT
        while True:
            message = self._message(until)
            if message is None:
                self._fail(f"did not answer {method} within {LIMIT} s")
            if message.get("id") == self.number:
                if "error" in message:
                    self._fail(f"refused {method}: {message['error'].get('message')}")
                return message["result"]
            self.events.append(message)

    def wait(self, method, session):
        until = time.monotonic() + LIMIT
        seen = 0
        while True:
            while seen < len(self.events):
                message = self.events[seen]
                seen += 1
                if message.get("method") == method and message.get("sessionId") == session:
                    return message["params"]
            message = self._message(until)
            if message is None:
                self._fail(f"did not report {method} within {LIMIT} s")
            self.events.append(message)

    def open(self, path, width=1200, height=900, dark=False, scale=1, phone=False):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            tab.call(f"{domain}.enable")
        tab.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone)
        tab.scheme(dark)
        tab.call("Page.navigate", url=pathlib.Path(path).resolve().as_uri())
        self.wait("Page.loadEventFired", session)
        tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
        return tab


class Tab:
    """A page in it."""

    def __init__(self, browser, session):
        self.browser, self.session = browser, session

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def _events(self, method):
        return [e["params"] for e in self.browser.events if e.get("sessionId") == self.session and e.get("method") == method]

    def scheme(self, dark):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme",
                                                           "value": "dark" if dark else "light"}])

    def evaluate(self, expression):
        """The value of a JavaScript expression, a promise's when it is there."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise ui.LabError(f"in the page: {answer['exceptionDetails'].get('exception', {}).get('description')}")
        return answer["result"].get("value")

    @property
    def errors(self):
        self.evaluate("0")      # all that came before has been read then
        found = [" ".join(str(a.get("value", a.get("description"))) for a in e["args"])
                 for e in self._events("Runtime.consoleAPICalled") if e["type"] in LEVELS]
        found += [json.dumps(e["exceptionDetails"]) for e in self._events("Runtime.exceptionThrown")]
        return found + [e["entry"]["text"] for e in self._events("Log.entryAdded") if e["entry"]["level"] in LEVELS]

    @property
    def requests(self):
        self.evaluate("0")
        return [e["request"]["url"] for e in self._events("Network.requestWillBeSent")]

    def picture(self, height=None):
        """PNG of the whole page, or of its first `height` points."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                                          clip=clip)["data"])

    def printed(self):
        """PDF as the browser would print it."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])
