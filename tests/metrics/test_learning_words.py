"""How what was learned is said."""

from __future__ import annotations

import pytest

from metrics.learning.words import rate


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0000041, "under 0.1 %"), (0.001, "0.1 %"), (0.002, "0.2 %"), (0.25, "25 %")],
    ids=["nobody knows so little so exactly", "a tenth of a percent", "the example of the documents", "a quarter"],
)
def test_a_usual_share_of_failures_is_no_more_exact_than_it_is_known(share: float, said: str) -> None:
    assert rate(share) == said
