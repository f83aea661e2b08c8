import pytest

from tests.console.served import Served


@pytest.fixture
def served(tmp_path):
    made = Served(tmp_path)
    yield made
    made.close()
