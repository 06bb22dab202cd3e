"""The page of the simulator: contrast, names and focus, by axe-core and by keyboard."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_front_sms.simulator import Account, Attachment, Fault, FaultKind, Network, Simulator, Submission
from django_front_sms.simulator.mms import sample
from tests.browser.accessibility import faults

pytestmark = pytest.mark.browser

PSK = "26114123450000"
KARI, OLA, ASE = "+4799999999", "+4799999998", "+4799999997"
NEEDED = 3.0  # WCAG 2.2, 1.4.11: the contrast of a control and of its focus with what is around it


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Phones in every condition, exchanges that failed, and a parked queue."""
    network = Network(Account(1234, senders=["Klinikken"], inbound_url="http://127.0.0.1:9/"), dead=[OLA], off=[ASE])
    network.rules.retry_delay = 0

    def send(to: str, text: str) -> None:
        network.submit(Submission({"serviceid": 1234, "fromid": PSK, "phoneno": f"00{to[1:]}", "txt": text}))

    for number in (KARI, OLA, ASE):
        send(number, "Du har time fredag kl. 09.00. Svar JA hvis du kommer.")
    network.advance(1)
    send(KARI, "Velkommen 😊")
    for n in range(12):
        network.advance(130)
        send(KARI, f"Påminnelse nr. {n}")
    network.deliver_due()
    network.receive(KARI, PSK, "Ja! Utsikten herfra:", [sample(), Attachment("image/png", "x.png", b"x")])
    network.deliver_due()
    with Simulator(network) as simulator:
        simulator.chaos.plan(Fault(FaultKind.ERROR))
        network.record("submission", b"GET /\r\n\r\n" + b"x\n" * 80, b"ErrorCode=0", "0 OK", good=True)
        yield simulator


@pytest.fixture
def open_page(chromium: Any, simulator: Simulator) -> Callable[..., Any]:
    def open_page(theme: str = "light", width: int = 1280) -> Any:
        page = chromium.new_page(color_scheme=theme, viewport={"width": width, "height": 900})
        page.goto(simulator.origin)
        page.get_by_text("Chaos and switches").click()
        for exchange in page.locator(".exchange summary").all()[:3]:
            exchange.click()
        return page

    return open_page


CONTRAST = """
([inner, outer]) => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [light(inner), light(outer)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}
"""
BACKGROUND = """
(element) => {
  for (let at = element.parentElement; at; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    if (!/, 0\\)$/.test(color)) return color;
  }
}
"""


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_the_page_has_no_serious_fault(open_page: Callable[..., Any], theme: str, width: int) -> None:
    page = open_page(theme, width)
    assert page.get_by_role("link", name="Restart the queue").count() == 1
    assert faults(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_border_of_a_field_is_visible(open_page: Callable[..., Any], theme: str) -> None:
    page = open_page(theme)
    for field in page.locator("input:visible:not([type=checkbox]):not([type=file]), textarea, select, button").all():
        border = field.evaluate("(field) => getComputedStyle(field).borderTopColor")
        contrast = page.evaluate(CONTRAST, [border, field.evaluate(BACKGROUND)])
        assert contrast >= NEEDED, (field.evaluate("(field) => field.outerHTML"), contrast)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_focus_is_visible_on_every_element(open_page: Callable[..., Any], theme: str) -> None:
    page = open_page(theme)
    seen: list[str] = []
    page.get_by_role("link", name="Restart the queue").focus()  # the first that can have it
    page.keyboard.press("Shift+Tab")
    for _ in range(200):
        page.keyboard.press("Tab")
        focus = page.locator(":focus")
        if not focus.count():
            break
        name = focus.evaluate("(element) => element.outerHTML.slice(0, 120)")
        style = focus.evaluate(
            "(element) => { const s = getComputedStyle(element);"
            " return [s.outlineStyle, s.outlineColor, parseFloat(s.outlineWidth), parseFloat(s.outlineOffset)]; }"
        )
        assert style[0] == "solid" and style[2] >= 2, name
        assert page.evaluate(CONTRAST, [style[1], focus.evaluate(BACKGROUND)]) >= NEEDED, name
        assert focus.evaluate(CLIPPED) is False, name
        seen.append(name)
    assert len(seen) > 30
    assert any('class="thread"' in name for name in seen)  # its messages scroll by the arrow keys
    assert any(name.startswith("<pre") for name in seen)


CLIPPED = """
(element) => {
  const style = getComputedStyle(element);
  const reach = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset);
  element.scrollIntoView({ block: "center" });
  const box = element.getBoundingClientRect();
  for (let at = element.parentElement; at; at = at.parentElement) {
    if (getComputedStyle(at).overflowX === "visible") continue;
    const edge = at.getBoundingClientRect();
    if (box.left - reach < edge.left - 0.5 || box.right + reach > edge.right + 0.5) return true;
  }
  return false;
}
"""


def test_a_switch_that_is_used_by_keyboard_keeps_the_focus(open_page: Callable[..., Any], simulator: Simulator) -> None:
    page = open_page()
    switch = page.get_by_role("region", name=f"Phone {KARI}").get_by_role("button", name="Dead")
    switch.focus()
    page.keyboard.press("Enter")
    page.locator(f'[data-number="{KARI}"] [data-switch=dead][aria-pressed=true]').wait_for()
    assert page.locator(":focus").inner_text() == "Dead"
    assert KARI in simulator.network.dead
