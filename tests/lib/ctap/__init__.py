# SPDX-License-Identifier: BSD-2-Clause
"""The parts of a security key: CTAPHID, CTAP 2.1 and U2F, as a device has them."""
