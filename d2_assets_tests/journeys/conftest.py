from d2_assets_tests.journeys.fixtures import (
    give_directions as pytest_generate_tests,
)
from d2_assets_tests.journeys.fixtures import (
    journey,
    start_journey,
    templates,
)

__all__ = ["journey", "pytest_generate_tests", "start_journey", "templates"]
