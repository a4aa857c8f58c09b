"""A stand-in DHIS2 on a real socket, for demos, tests and learning: not a real DHIS2.

It answers as the recorded servers do, oddities included, and can be told to misbehave.
"""

from d2_assets.sandbox.content import ContentSpec
from d2_assets.sandbox.content_fresh import EMPTY
from d2_assets.sandbox.faults import Fault, RequestRecord
from d2_assets.sandbox.server import Sandbox, start_sandbox
from d2_assets.sandbox.store import Store
from d2_assets.sandbox.stored_values import Registration, StoredValue

__all__ = [
    "EMPTY",
    "ContentSpec",
    "Fault",
    "Registration",
    "RequestRecord",
    "Sandbox",
    "Store",
    "StoredValue",
    "start_sandbox",
]
