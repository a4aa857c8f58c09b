import pytest

from d2_assets_tests.watching.automation_model import Model, make_pair


@pytest.fixture
def model() -> Model:
    """A pair that was looked at once, at a source where nothing had changed."""
    model = Model(make_pair())
    model.tick()
    return model
