"""`.ci/audit.py` with a simulated advisory service: vulnerabilities fail, and so does a missing answer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parent.parent / ".ci" / "audit.py"

pytestmark = pytest.mark.skipif(not AUDIT.is_file(), reason="what CI runs is not here")


@pytest.fixture
def audit(tmp_path):
    """Runs it where pip-audit is a script that prints `answer`, or fails with `error`, whichever service is asked."""
    (tmp_path / "build/clean/lib/python3/site-packages").mkdir(parents=True)
    (tmp_path / "pip_audit").mkdir()
    (tmp_path / "pip_audit" / "__init__.py").touch()

    def run(answer=None, error=""):
        said = json.dumps({"dependencies": answer}) if answer is not None else ""
        script = f"import sys; print({said!r}, end=''); print({error!r}, file=sys.stderr); sys.exit({bool(error):d})"
        (tmp_path / "pip_audit" / "__main__.py").write_text(script)
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        done = subprocess.run([sys.executable, AUDIT], cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_known_vulnerability_fails_and_names_the_version_that_fixes_it(audit):
    vulnerable = {"name": "urllib3", "version": "2.2.0", "vulns": [{"id": "CVE-2030-1", "fix_versions": ["2.2.1"]}]}
    code, said = audit([{"name": "celery", "version": "5.5", "vulns": []}, vulnerable])
    assert code == 1
    assert "urllib3 2.2.0: CVE-2030-1, fixed in 2.2.1" in said


def test_the_audit_passes_without_known_vulnerabilities_and_lists_unknown_packages(audit):
    code, said = audit([{"name": "celery", "vulns": []}, {"name": "django", "skip_reason": "not on PyPI"}])
    assert (code, said.strip()) == (0, "1 packages audited by pypi; unknown there: django.")


@pytest.mark.parametrize(
    "silence", [{"error": "requests.exceptions.ConnectionError"}, {"answer": [{"name": "x", "skip_reason": "?"}]}]
)
def test_without_an_advisory_service_the_audit_says_that_nothing_was_audited(audit, silence):
    code, said = audit(**silence)
    assert code == 0
    assert said.startswith("SKIPPED: no advisory service could be reached")
    assert "nothing was audited" in said


def test_anything_else_that_goes_wrong_fails(audit):
    code, said = audit(error="RuntimeError: no such option")
    assert code == 1
    assert "no such option" in said
