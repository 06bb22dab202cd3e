"""Fail if a package that is installed with the wheel (build/clean, from .ci/package) has a known vulnerability.

If no advisory service can be reached, a message is printed, and the check passes.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

CLEAN = Path("build/clean")
NETWORK = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "NameResolutionError", "ProxyError", "SSLError")
OURS = {"django-front-sms", "pip", "setuptools"}


def ask(service: str) -> list[dict[str, Any]] | None:
    """The result of `service` for each package; None if it cannot be reached, or has no data about any package."""
    (packages,) = CLEAN.glob("lib/python*/site-packages")
    command = [sys.executable, "-m", "pip_audit", "--path", str(packages), "--vulnerability-service", service]
    run = subprocess.run([*command, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True)
    if not run.stdout.strip():
        if any(word in run.stderr for word in NETWORK):
            return None
        sys.exit(f"pip-audit failed:\n{run.stderr}")
    known = [each for each in json.loads(run.stdout)["dependencies"] if each["name"] not in OURS]
    return known if any("skip_reason" not in each for each in known) else None


def main() -> None:
    for service in ("pypi", "osv"):
        packages = ask(service)
        if packages is not None:
            break
    else:
        print(
            "SKIPPED: no advisory service could be reached from here (tried PyPI's and OSV's), so nothing was audited."
        )
        return
    vulnerabilities = [
        f"{each['name']} {each['version']}: {flaw['id']}, fixed in {' or '.join(flaw['fix_versions']) or 'no version'}"
        for each in packages
        for flaw in each.get("vulns", [])
    ]
    unknown = [each["name"] for each in packages if "skip_reason" in each]
    print(
        f"{len(packages) - len(unknown)} packages audited by {service}; unknown there: {', '.join(unknown) or 'none'}."
    )
    if vulnerabilities:
        sys.exit("\n".join(vulnerabilities))


if __name__ == "__main__":
    main()
