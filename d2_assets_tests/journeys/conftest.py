from d2_assets_tests.journeys.fixtures import journey, start_journey, templates

__all__ = ["journey", "start_journey", "templates"]
