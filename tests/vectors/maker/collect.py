# SPDX-License-Identifier: BSD-2-Clause
"""Where the case modules put their cases, and how they are written down: one file a case."""
import json
import pathlib

OURS = "made by tests/vectors/generate.py"
W3C = "Web Authentication Level 3, section \"Test Vectors\", from its published derivation"


class Cases:
    def __init__(self):
        self.files = {}

    def _add(self, folder, name, description, line, expect, origin):
        path = f"{folder}/{name}.json"
        if path in self.files:
            raise ValueError(f"two cases named {path}")
        what = {"inputText": line} if isinstance(line, str) else {"input": line}
        self.files[path] = {"description": description, "origin": origin, **what,
                            "expect": expect}

    def valid(self, name, description, line, origin=OURS, **expect):
        self._add("valid", name, description, line, {"verified": True, **expect}, origin)

    def invalid(self, name, reason, description, line, origin=OURS):
        self._add("invalid", name, description, line, {"verified": False, "reason": reason},
                  origin)

    def kept(self, name):
        """Whether a file stays although nothing was made for it: see cases_ml_dsa.py."""
        return name.startswith("ml-dsa-")

    def write(self, folder):
        folder = pathlib.Path(folder)
        for kind in ("valid", "invalid"):
            (folder / kind).mkdir(exist_ok=True)
            for old in (folder / kind).glob("*.json"):
                if f"{kind}/{old.name}" not in self.files and not self.kept(old.name):
                    old.unlink()
        for path, content in self.files.items():
            rows = [f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}"
                    for name, value in content.items()]
            (folder / path).write_text("{" + ",\n ".join(rows) + "}\n")
