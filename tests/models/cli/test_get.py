from __future__ import annotations

import pytest

from landslip.runtime.cli.main import run

BOX = ("--aoi", "9.03,45.97,9.06,46")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((*BOX, "--pre-date", "soon"), "--pre-date 'soon' is no time. Give a day, or two: 2024-08-01/2024-08-20."),
        (
            (*BOX, "--pre-date", "2024-09-01/2024-09-20", "--post-date", "2024-09-10"),
            "ends after that of the image after, 2024-09-10, begins. The event lies between them: give the time before",
        ),
        (BOX, "No time is given. Give --pre-date, --post-date, or both."),
        ((*BOX, "--post-date", "2024-08-01", "--bands", "red,pan"), "Sentinel-2 has no band 'pan'."),
        (("--aoi", "1,2,9,3", "--post-date", "2024-08-01"), "The area is more than 5 degrees wide."),
    ],
)
def test_what_is_asked_for_wrongly_is_said_before_anything_is_asked_or_made(tmp_path, capsys, options, words):
    assert run(["get", *options, "-o", str(tmp_path / "scene"), "--catalog", "http://127.0.0.1:9"]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "scene").exists()
