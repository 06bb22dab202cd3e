"""The page of the dashboard, and its cards."""

URL = "/admin/front_sms/dashboard/"


def dashboard(browser):
    answer = browser.get(URL)
    assert answer.status_code == 200
    return answer


def cards(browser) -> list[str]:
    return [card.key for card in dashboard(browser).context["cards"]]
