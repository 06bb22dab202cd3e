"""One digest for keys of every kind: short enough for a unique index, and the same on each database and collation."""

import hashlib
import json


def digest(*parts: object) -> str:
    """32 hexadecimal digits that differ where any part differs. Parts are anything that JSON can hold."""
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()
