"""A simulated gateway for tests and demonstrations: Front's side of the manual.

    python -m django_front_sms.simulator --port 9900 --service-id 1234 --sender "Mitt Firma"

or, in a test, `Simulator` (see `server`) with its `network` (see `network`). It does not need Django.
"""

from .accounts import Account
from .chaos import Chaos, Fault, FaultKind, PushFault
from .checks import Submission
from .mms import Attachment
from .network import Network
from .records import Exchange, Verdict
from .rules import Rules
from .server import Simulator

__all__ = [
    "Account", "Attachment", "Chaos", "Exchange", "Fault", "FaultKind", "Network", "PushFault", "Rules", "Simulator",
    "Submission", "Verdict",
]  # fmt: skip
