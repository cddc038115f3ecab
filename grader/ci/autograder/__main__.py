"""``python -I -m grader.ci.autograder ROOT CONFINEMENT``: what run_autograder runs for each submission."""

import argparse
from pathlib import Path

from grader.ci.autograder.grade import write_results

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="grader.ci.autograder")
    parser.add_argument("root", type=Path)
    parser.add_argument("confinement", choices=("auto", "strict", "none"))
    options = parser.parse_args()
    write_results(options.root, options.confinement)
