"""A stand-in OpenLMIS v3 on a real socket, as odd as the real one. For demos, tests and learning.

It is written after the services' source as told in the contracts; nothing of the client is used.
"""

from d2_assets.sandbox.openlmis.content import StockSpec, generate_state
from d2_assets.sandbox.openlmis.server import OpenLMISSandbox, start_openlmis
from d2_assets.sandbox.openlmis.state import State

__all__ = ["OpenLMISSandbox", "State", "StockSpec", "generate_state", "start_openlmis"]
