"""Report of a run as options want it: with its scene, open or opened again, and a score where a truth is given."""

from __future__ import annotations

from pathlib import Path

from landslip.runtime.report.report_writing import write_report
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.run.reopened_scene import images_of
from landslip.runtime.scoring.given_truth import Truth
from landslip.runtime.scoring.score_run import score_run


def write_report_of_run(run: FinishedRun, target: Path, options: ProductOptions) -> None:
    """Write the report of a run.

    Raises:
        InputError: the images are not there any more, or not what they were; or the truth cannot be used.
        OutputError: the report cannot be written.
    """
    score = None if options.truth is None else score_run(run, Truth(options.truth))
    with images_of(run) as scene:
        write_report(run, target, scene, megabytes=options.report_megabytes, score=score)
