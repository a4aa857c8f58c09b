"""What all tests share: property tests that depend neither on chance nor on the machine's speed."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "d2_assets", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("d2_assets")
