# SPDX-License-Identifier: BSD-2-Clause
"""One relying party on several hosts: each with its daemon and its gateway, all with one database.

Were this broken, what a load balancer sends to another host would fail, or an answer would be taken
twice.
"""

import os
import signal
import threading

import pytest

import hosts
import namespace
import postgresql_servers as servers
from hosts import answer_to, browser, parts


@pytest.fixture(scope="module", name="machine")
def machine_(server):
    """Before the server ends: closing it ends all processes."""
    assert server.answers()
    if namespace.MARK not in os.environ:
        pytest.skip("runs inside tests/integration/support/namespace.py only (scripts/check)")
    parts.reset_state()
    machine = parts.Machine()
    yield machine
    machine.close()


@pytest.fixture(name="fleet")
def fleet_(machine, server, program, folder):
    """Two of them, each with a process of the store of its own, and another uid of its gateway."""
    server.empty()
    made = []
    for name, user in (("host1", "carol"), ("host2", "dave")):
        store = servers.Store(program, folder, name, [server], name)
        os.chown(store.socket, namespace.DAEMON_ID, -1)
        made.append(hosts.Host(machine, name, "postgresql", store.socket, user))
        made[-1].store = store
    yield made
    for host in made:
        host.close()
        host.store.process.send_signal(signal.SIGCONT)
        host.store.stop()


@pytest.fixture(name="key")
def key_(fleet):
    return {"X-API-Key": fleet[0].api_key()}


def register(fleet, key, user):
    passkey = browser.Passkey()
    begun = fleet[0].begin("registration", key, userId=user, userName=user)
    status, answer = fleet[1].finish_registration(begun, passkey, key)
    assert status == 201, answer
    return passkey


def test_what_began_on_one_ends_on_the_other(fleet, key):
    passkey = register(fleet, key, "jo")
    for first, second in (fleet, fleet[::-1]):
        begun = first.begin("authentication")
        answer = answer_to(begun, passkey)
        status, signed = second.finish_sign_in(begun, answer)
        assert status == 200 and signed["user"]["userId"] == "jo", signed
        # Used up, everywhere.
        for host in fleet:
            status, refused = host.finish_sign_in(begun, answer)
            assert (status, refused["reason"]) == (409, "challenge-unknown"), refused
    status, listed = fleet[1].ask("GET", "/credentials?userId=jo", None, key)
    assert status == 200 and listed["items"][0]["signCount"] == passkey.counter, listed


def test_an_answer_is_taken_once_whoever_is_faster(fleet, key):
    passkey = register(fleet, key, "jo")
    for _ in range(10):
        begun = fleet[0].begin("authentication")
        answer = answer_to(begun, passkey)
        barrier, got = threading.Barrier(4), []

        def finish(host, begun=begun, answer=answer, barrier=barrier, got=got):
            barrier.wait()
            got.append(host.finish_sign_in(begun, answer)[0])

        threads = [threading.Thread(target=finish, args=(fleet[number % 2],))
                   for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(got) == [200, 409, 409, 409]


def test_another_relying_party_of_neither_host_takes_it(fleet, key):
    passkey = register(fleet, key, "jo")
    begun = fleet[0].begin("authentication")
    answer = answer_to(begun, passkey)
    for host in fleet:
        assert host.finish_sign_in(begun, answer, rp="shop")[0] == 409
    assert fleet[1].finish_sign_in(begun, answer)[0] == 200


def test_a_host_whose_store_hangs_spends_nothing(fleet, key):
    passkey = register(fleet, key, "jo")
    begun = fleet[0].begin("authentication")
    answer = answer_to(begun, passkey)
    fleet[1].store.process.send_signal(signal.SIGSTOP)
    assert fleet[1].finish_sign_in(begun, answer)[0] == 503
    assert fleet[1].ask("POST", "/authentication/options", {})[0] == 503
    assert fleet[1].status()["store"]["answers"] == 0
    assert fleet[0].finish_sign_in(begun, answer)[0] == 200


def test_what_a_server_has_lost_nobody_signs_in_with(fleet, key, server):
    """As after a failover: a challenge is lost, and not good for ever."""
    passkey = register(fleet, key, "jo")
    begun = fleet[0].begin("authentication")
    server.sql("DELETE FROM passkeyd.ceremony")
    for host in fleet:
        assert host.finish_sign_in(begun, answer_to(begun, passkey))[0] == 409


def test_status_names_the_server(fleet, server):
    for host in fleet:
        store = host.status()["store"]
        assert store["kind"] == "postgresql" and store["answers"]
        assert str(server.port) in store["server"], store


def test_a_host_goes_away_in_the_middle(fleet, key):
    passkey = register(fleet, key, "jo")
    begun = fleet[0].begin("authentication")
    fleet[0].kill()
    assert fleet[1].finish_sign_in(begun, answer_to(begun, passkey))[0] == 200
    fleet[0].start()
    begun = fleet[1].begin("authentication")
    assert fleet[0].finish_sign_in(begun, answer_to(begun, passkey))[0] == 200


def test_a_key_of_the_application_is_good_on_all_hosts(fleet, key):
    status, _ = fleet[1].ask("GET", "/credentials?userId=jo", None, key)
    assert status in (200, 404)
    assert fleet[1].ask("GET", "/credentials?userId=jo", None, {"X-API-Key": "x" * 88})[0] == 401


def test_tokens_of_one_are_good_at_the_other(fleet, key):
    """The keys that sign are the store's: the first use makes one, and the other host finds it."""
    register(fleet, key, "jo")
    status, made = fleet[0].ask("POST", "/tokens", {"userId": "jo", "userName": "jo"}, key)
    assert status == 200 or status == 201, made
    bearer = {"Authorization": "Bearer " + made["token"]}
    assert fleet[1].ask("GET", "/credentials", None, bearer)[0] == 200
    sets = [host.ask("GET", "/.well-known/jwks.json")[1] for host in fleet]
    assert sets[0] == sets[1] and sets[0]["keys"]


def test_metrics_tell_of_the_store(fleet):
    def metrics():
        return fleet[0].gateway.ask("GET", "/metrics", port=fleet[0].gateway.admin)[2]

    servers.until(lambda: 'passkey_gateway_store_up{kind="postgresql"} 1' in metrics())


def test_the_database_goes_away_and_comes_back(fleet, key, server):
    passkey = register(fleet, key, "jo")
    begun = fleet[0].begin("authentication")
    server.stop()
    status, refused = fleet[0].ask("POST", "/authentication/options", {})
    assert status == 503, refused
    server.start()
    answer = answer_to(begun, passkey)
    # Began before it went, and was kept.
    while True:
        status, said = fleet[1].finish_sign_in(begun, answer)
        if status != 503:
            break
    assert status in (200, 409), said
    while fleet[0].ask("POST", "/authentication/options", {})[0] == 503:
        pass
    begun = fleet[0].begin("authentication")
    assert fleet[1].finish_sign_in(begun, answer_to(begun, passkey))[0] == 200
