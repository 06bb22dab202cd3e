"""The accessibility faults of a page, as axe-core reports them."""

from tests.conftest import missing


def faults(page) -> list[str]:
    """Return the faults of the open page that axe-core rates as serious or critical."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        missing('axe-playwright-python is not installed: pip install -e ".[dev]"')
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['target']} {node['html'][:200]} {node['failureSummary'][:300]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
