# SPDX-License-Identifier: BSD-2-Clause
"""A node that is killed under Patroni, which elects another; were this broken, what people run in
the place of our script would lose passkeys. With etcd by its version 2: Debian 12's Patroni
overwrites a leader's key by version 3, so that one that was paused takes the lock back."""

import json
import os
import shutil
import signal
import subprocess

import pytest

import postgresql_servers as servers

pytestmark = pytest.mark.slow

CONFIGURATION = """
scope: fleet
name: {name}
restapi: {{listen: "{address}:{rest}", connect_address: "{address}:{rest}"}}
etcd: {{host: "127.0.0.1:{etcd}"}}
bootstrap:
  dcs:
    ttl: 5
    loop_wait: 1
    retry_timeout: 2
    maximum_lag_on_failover: 1048576
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {{fsync: "off", wal_log_hints: "on", shared_buffers: 64MB, max_connections: 120}}
  initdb: [{{encoding: UTF8}}, {{locale: C}}, {{auth: trust}}, no-sync]
postgresql:
  listen: "{address}:{port}"
  connect_address: "{address}:{port}"
  data_dir: {base}/data
  bin_dir: {binaries}
  pgpass: {base}/pgpass
  authentication:
    replication: {{username: replicator, password: none}}
    superuser: {{username: postgres, password: none}}
  parameters: {{unix_socket_directories: "{base}"}}
  pg_hba: ["local all all trust", "host all all 127.0.0.0/8 trust",
           "host replication all 127.0.0.0/8 trust"]
"""


class Node(servers.Server):
    """A server whose beginning and end are Patroni's."""

    def begin(self, etcd):
        path = os.path.join(self.base, "patroni.yml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(CONFIGURATION.format(name=self.name, address=self.address, port=self.port,
                                           rest=servers.free_port(), etcd=etcd, base=self.base,
                                           binaries=self.binaries))
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--reuid", servers.USER, "--regid", servers.USER, "--init-groups",
                 "patroni", path], stdout=log, stderr=log, cwd=self.base,
                env=dict(os.environ, HOME=self.base, LC_ALL="C.UTF-8"))
        return self

    def asks(self, text):
        try:
            return self.sql(text, database="postgres")
        except servers.Failed:
            return ""

    def pids(self):
        """Patroni, and the server that it has started, with its children."""
        pid_file = os.path.join(self.data, "postmaster.pid")
        found = super().pids()
        if os.path.exists(pid_file):
            with open(pid_file, encoding="utf-8") as file:
                postmaster = int(file.readline())
            found.append(postmaster)
            found += [int(pid) for pid in subprocess.run(
                ["pgrep", "-P", str(postmaster)], stdout=subprocess.PIPE, text=True,
                check=False).stdout.split()]
        return found


@pytest.fixture(name="nodes")
def nodes_(folder, program):
    if not shutil.which("patroni") or not shutil.which("etcd"):
        pytest.skip("Patroni or etcd is not installed: scripts/install-dependencies --fleet")
    base = os.path.join(folder, "patroni")
    os.mkdir(base)
    os.chmod(base, 0o755)
    client, peer = servers.free_port(), servers.free_port()
    with open(os.path.join(base, "etcd.log"), "wb") as log:
        etcd = subprocess.Popen(
            ["etcd", "--enable-v2", "--data-dir", os.path.join(base, "etcd"), "--name", "one",
             "--listen-client-urls", f"http://127.0.0.1:{client}",
             "--advertise-client-urls", f"http://127.0.0.1:{client}",
             "--listen-peer-urls", f"http://127.0.0.1:{peer}",
             "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
             "--initial-cluster", f"one=http://127.0.0.1:{peer}"], stdout=log, stderr=log)
    first = Node(base, "first", "127.0.0.4").begin(client)
    nodes = [first]
    try:
        servers.until(lambda: first.asks("SELECT pg_is_in_recovery()") == "f", 60)
        nodes.append(Node(base, "second", "127.0.0.5", first.port).begin(client))
        servers.until(lambda: first.asks("SELECT count(*) FROM pg_stat_replication "
                                         "WHERE sync_state = 'sync'") == "1", 60)
        first.make_database()
        first.migrate(program, base)
        yield nodes
    finally:
        for node in nodes:
            if node.process.poll() is None:
                node.process.send_signal(signal.SIGTERM)
                node.process.wait(30)
        etcd.terminate()
        etcd.wait(30)


def test_a_node_is_killed_under_load(nodes, folder, program, driver):
    stores = [servers.Store(program, folder, "host1", nodes, "host1"),
              servers.Store(program, folder, "host2", nodes[::-1], "host2")]
    load = subprocess.Popen([driver, "load", "30", "6", *(store.socket for store in stores)],
                            stdout=subprocess.PIPE, text=True)
    servers.until(lambda: int(nodes[0].sql("SELECT count(*) FROM passkeyd.credential")) > 200)
    nodes[0].kill()
    servers.until(lambda: nodes[1].asks("SELECT pg_is_in_recovery()") == "f", 60)
    said = json.loads(load.communicate(timeout=120)[0])
    for store in stores:
        store.stop()
    print(said)
    assert (said["lost"], said["twice"], said["lower"]) == (0, 0, False), said
    assert said["enrolled"] > 400, said
    assert said["gap_ms"] < 25000, said
