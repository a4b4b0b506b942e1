"""Makes report.png: the top of the sample data's report, as the README shows it.

Needs zoocli with its test extra, and chromium. Run it from the top of the checkout:
python docs/make_report_picture.py
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

import zoocli
from zoocli.report.evaluation_files import REPORT, drafted_evaluation

HERE = Path(__file__).parent.resolve()
SAMPLE = HERE.parent / "sample_data"
SIZE = {"width": 1280, "height": 1960}
COLOURS = 128


def main() -> None:
    """Evaluates the sample and takes the picture."""
    os.chdir(SAMPLE)  # so that its notes name the files alone
    found = zoocli.evaluate("predictions-blur-0.3.parquet", "votes.parquet")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        with drafted_evaluation(Path(folder) / "evaluation", found, report=True) as show:
            show()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto((Path(folder) / "evaluation" / REPORT).as_uri())
        picture = Image.open(io.BytesIO(page.screenshot()))
        browser.close()
    picture.convert("RGB").quantize(COLOURS).save(HERE / "report.png", optimize=True)


if __name__ == "__main__":
    main()
