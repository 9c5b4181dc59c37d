# SPDX-License-Identifier: BSD-2-Clause
"""A directory of many passkeys. Were this broken, a host's store would need as much memory as the
directory has, would read all of it at each start, or would hear of a removal late."""

import ldap_host
import pytest
import scale_directory

MEMORY_MIB = 22  # 14 with a million; 32 with 20,000 where all of them were kept until written


@pytest.mark.parametrize("accounts", [
    10000, pytest.param(500000, marks=pytest.mark.slow)])
def test_a_host_follows_many(accounts):
    directory, _ = scale_directory.make(accounts)
    server = directory.servers[0]
    host = ldap_host.Host(directory, "host1", ready=False, offline_seconds=0)
    try:
        server.start()
        first = scale_directory.followed(host, server)
        assert first["store_mib_most"] < MEMORY_MIB, first
        for number in (0, accounts // 2, accounts - 1):
            assert host.ids(f"user-{number}", scale_directory.FIRST_NUMBER + number) == {
                scale_directory.id_of(2 * number), scale_directory.id_of(2 * number + 1)}
        assert scale_directory.removal(host, server, accounts) < 1
        host.stop()
        again = scale_directory.followed(host, server)
        assert again["bytes"] < first["bytes"] / 1000, (first, again)
        assert again["store_mib_most"] < MEMORY_MIB, again
    finally:
        host.stop()
        directory.close()
