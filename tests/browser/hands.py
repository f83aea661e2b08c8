"""One pair of hands at the page: a mouse, a keyboard alone, or fingers."""

PATIENT = {"name": "DOE^JANE", "id": "55-0192", "born": "1961-04-12", "performer": "R. Radiologist"}
GUARD_MS = 420


class Mouse:
    """Points and clicks; types into fields."""

    name = "mouse"

    def __init__(self, page):
        self.page = page

    def press(self, key):
        key.click()

    def long(self, key):
        box = key.bounding_box()
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.page.wait_for_timeout(GUARD_MS)
        self.page.mouse.up()

    def hold(self, pad):
        """The pad, until ``let_go``."""
        box = pad.bounding_box()
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()

    def let_go(self):
        self.page.mouse.up()

    def type(self, field, text):
        self.press(field)
        field.fill("")
        self.page.keyboard.type(text)

    def next(self, key):
        self.press(key)


class Keyboard(Mouse):
    """Tab, Enter, Space and F8; never a pointer."""

    name = "keyboard"

    def reach(self, node):
        """Tab until it has the focus."""
        handle = node.element_handle()
        for _ in range(120):
            if self.page.evaluate("(node) => document.activeElement === node", handle):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"never reached by Tab: {node}")

    def press(self, key):
        self.reach(key)
        self.page.keyboard.press("Enter")

    def long(self, key):
        self.reach(key)
        self.page.keyboard.down("Space")
        self.page.wait_for_timeout(GUARD_MS)
        self.page.keyboard.up("Space")

    def hold(self, pad):
        self.reach(pad)
        self.page.keyboard.down("Space")

    def let_go(self):
        self.page.keyboard.up("Space")

    def type(self, field, text):
        self.reach(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def next(self, key):
        self.page.keyboard.press("F8")


class Touch(Mouse):
    """One finger, through the protocol that a touch panel's events come in."""

    name = "touch"

    def __init__(self, page):
        super().__init__(page)
        self._line = page.context.new_cdp_session(page)

    def _finger(self, kind, box=None):
        at = [{"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}] if box else []
        self._line.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    def press(self, key):
        key.scroll_into_view_if_needed()
        self._finger("touchStart", key.bounding_box())
        self._finger("touchEnd")

    def long(self, key):
        self._finger("touchStart", key.bounding_box())
        self.page.wait_for_timeout(GUARD_MS)
        self._finger("touchEnd")

    def hold(self, pad):
        self._finger("touchStart", pad.bounding_box())

    def let_go(self):
        self._finger("touchEnd")

    def next(self, key):
        self.press(key)
