# SPDX-License-Identifier: BSD-2-Clause
"""Every function that scripts/prove proves has its contract, and every mutation that the provers
must notice finds its line. The provers themselves run in scripts/prove alone."""

import os
import re
import shutil
import subprocess

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))


def look(top):
    return subprocess.run([os.path.join(top, "scripts/prove"), "--list"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                          check=False)


def test_contracts_and_mutations_are_there():
    done = look(TOP)
    assert done.returncode == 0, done.stdout
    numbers = re.search(r"(\d+) files, (\d+) functions with contracts, (\d+) mutations",
                        done.stdout)
    assert numbers and all(int(number) > 0 for number in numbers.groups()), done.stdout


def copy(folder):
    for part in ("common", "daemon/auth", "doc", "scripts", "tests/proofs"):
        shutil.copytree(os.path.join(TOP, part), folder / part)
    return folder


def test_a_lost_contract_is_seen(tmp_path):
    reader = copy(tmp_path) / "common/base/reader.h"
    text = reader.read_text(encoding="utf-8")
    contract = re.search(r"/\*@(?:(?!\*/).)*\*/\n(?=struct pk_view pk_reader_take\()", text,
                         re.DOTALL)
    reader.write_text(text.replace(contract[0], ""), encoding="utf-8")
    done = look(tmp_path)
    assert done.returncode == 1
    assert "common/base/reader.c: pk_reader_take() has no contract" in done.stdout


def test_a_mutation_that_the_document_does_not_tell_of_is_seen(tmp_path):
    document = copy(tmp_path) / "doc/proofs.md"
    text = document.read_text(encoding="utf-8")
    row = "| `pk_reader_take()` | one byte behind the input is given away | "
    assert row in text
    document.write_text(text.replace(row, "| | | "), encoding="utf-8")
    done = look(tmp_path)
    assert done.returncode == 1
    assert "not in doc/proofs.md: common/base/reader.c pk_reader_take(): one byte" in done.stdout
