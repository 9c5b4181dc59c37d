# SPDX-License-Identifier: BSD-2-Clause
"""What generate.py makes the vectors from; nothing here is shared with the programs under test."""
