import pytest

pytest.register_assert_rewrite("d2_assets_tests.journeys.journey")
pytest.register_assert_rewrite("d2_assets_tests.journeys.refusing")

from d2_assets_tests.journeys.fixtures import journey, start_journey, templates  # noqa: E402

__all__ = ["journey", "start_journey", "templates"]
