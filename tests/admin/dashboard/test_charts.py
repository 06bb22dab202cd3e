"""The charts of the dashboard, and their tables."""

import re
from decimal import Decimal

import pytest
from django.utils import timezone
from django.utils.translation import override

from django_front_sms.admin.dashboard.charts import Chart, Column, Series
from django_front_sms.states import State
from tests.admin.dashboard.dashboard_page import URL, dashboard
from tests.factories import OutboundMessageFactory

pytestmark = pytest.mark.django_db


def test_charts_and_their_tables_show_the_same_numbers(viewer, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "PRICE_PER_SEGMENT": Decimal("0.50")}
    now = timezone.now()
    for state in (State.DELIVERED, State.DELIVERED, State.UNDELIVERED, State.REJECTED):
        OutboundMessageFactory(state=state, created_at=now, sent_at=now, delivered_at=now, segments=3)

    answer = dashboard(viewer)

    charts = {chart.key: chart for chart in answer.context["charts"]}
    assert list(charts) == ["hours", "days", "rates", "times", "spend"]
    assert charts["hours"].table[0][1] == charts["days"].table[0][1] == ["2", "0", "0", "0", "2", "0"]
    assert charts["rates"].table[0][1] == ["66.7 %"]
    assert charts["spend"].table[0][1] == ["4.50 kr"]
    assert answer.content.decode().count('<svg class="fs-drawing"') == 5


def test_without_a_price_no_spend_is_shown(viewer):
    OutboundMessageFactory(state=State.DELIVERED, created_at=timezone.now())
    answer = dashboard(viewer)

    assert "spend" not in {chart.key for chart in answer.context["charts"]}
    assert "Spent" not in {tile.name for tile in answer.context["tiles"]}


def test_without_messages_there_are_no_charts_and_the_page_says_why(viewer):
    answer = dashboard(viewer)

    assert answer.context["charts"] == []
    assert "the charts come with the first message" in answer.content.decode()


def test_svg_coordinates_are_not_localized(viewer, settings):
    settings.USE_THOUSAND_SEPARATOR = True
    settings.FRONT_SMS = {**settings.FRONT_SMS, "PRICE_PER_SEGMENT": Decimal("2500")}
    OutboundMessageFactory(
        state=State.DELIVERED, created_at=timezone.now(), sent_at=timezone.now(), delivered_at=timezone.now()
    )

    with override("nb"):
        content = viewer.get(URL, headers={"Accept-Language": "nb"}).content.decode()

    charts = "".join(re.findall("<figure.*?</figure>", content, re.DOTALL))
    numbers = re.findall(r'\s(?:x|y|width|height|cx|cy|viewBox)="([^"]*)"', charts)
    assert len(numbers) > 50
    assert [each for each in numbers if not re.fullmatch(r"[0-9]+(?:\.[0-9]+)?(?: [0-9]+)*", each)] == []


def a_chart(*values: tuple[float | None, ...], **options) -> Chart:
    series = [Series("good", "delivered"), Series("bad", "failed")][: len(values[0]) if values else 2]
    columns = [Column(f"day {n}", "", each) for n, each in enumerate(values)]
    return Chart("days", "Days", series, columns, lambda value: f"{value:g}", **options)


def test_stacked_bars_touch_and_stay_within_the_chart():
    chart = a_chart((30, 10), (0, 0), (1, 79))
    ((_hint, (low, high)), (_none, empty), (_last, tall)) = chart.stacks

    assert empty == []
    assert low.y + low.height == chart.bottom and high.y + high.height == low.y
    assert low.height == pytest.approx(3 * high.height, abs=3)  # whole pixels
    assert chart.rows[-1].at == tall[-1].y and chart.rows[-1].words == "80"
    assert chart.left <= low.x and tall[0].x + tall[0].width <= chart.right


def test_a_very_small_share_is_at_least_one_pixel_high():
    ((_hint, boxes),) = a_chart((1_000_000, 1)).stacks

    assert [box.height for box in boxes][1] == 1


@pytest.mark.parametrize(
    ("value", "top"), [(0, 2), (1, 2), (2, 2), (3, 4), (9, 10), (10, 10), (11, 20), (401, 600), (1001, 2000)]
)
def test_the_scale_ends_at_a_round_number_whose_half_is_round_too(value, top):
    assert a_chart((value, 0)).highest == top


def test_a_day_without_a_rate_has_no_point_and_a_dash_in_the_table():
    chart = a_chart((1.0,), (None,), (0.0,), top=1, is_line=True)

    assert len(chart.points) == 2
    assert [cells for _label, cells in chart.table] == [["0"], ["–"], ["1"]]


def test_a_chart_without_values_is_false():
    assert not a_chart((0, 0), (0, 0)) and not a_chart((None,), (None,)) and a_chart((0, 1))


def test_labels_of_a_chart_are_escaped():
    column = Column("<b>1</b>", "", (2.0,))
    chart = Chart("days", "Days", [Series("good", "a & b")], [column], lambda value: f"<{value:g}>")

    assert str(chart.bars).startswith("<g><title>&lt;b&gt;1&lt;/b&gt;\na &amp; b: &lt;2&gt;</title><rect ")
    assert str(chart.bars).count("<") == 6
    assert chart.table_rows == '<tr><th scope="row">&lt;b&gt;1&lt;/b&gt;</th><td>&lt;2&gt;</td></tr>'


def test_each_value_of_a_stack_has_one_bar():
    chart = a_chart((30, 10), (0, 0), (1, 79))
    boxes = [box for _hint, stack in chart.stacks for box in stack]

    drawn = re.findall(
        r'<rect class="fs-bar fs-(\w+)" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)" fill="url\(#fs-(\w+)\)"/>',
        chart.bars,
    )
    assert drawn == [(box.level, str(box.x), str(box.y), str(box.width), str(box.height), box.level) for box in boxes]
