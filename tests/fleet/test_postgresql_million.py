# SPDX-License-Identifier: BSD-2-Clause
"""A million passkeys, or ten; were this broken, a sign-in would look through all of them."""

import json
import re

import pytest

import postgresql_servers as servers

# What verbs ask at a sign-in and an enrolment, as they ask it, each with values that exist.
STATEMENTS = {
    "passkey by id": "SELECT * FROM credential c JOIN account a ON a.id = c.account WHERE true "
                     "AND a.rp = 'shop' AND c.credential_id = {id}",
    "passkeys of a user": "SELECT * FROM credential c JOIN account a ON a.id = c.account "
                          "WHERE true AND a.rp = 'shop' AND a.name = 'user-77' AND a.uid = "
                          "4294967295 ORDER BY a.rp, a.name, a.uid, c.created, c.id",
    "passkeys of a handle": "SELECT * FROM credential c JOIN account a ON a.id = c.account "
                            "WHERE true AND a.rp = 'shop' AND c.user_handle = {handle}",
    "a page of them": "SELECT * FROM credential c JOIN account a ON a.id = c.account WHERE true "
                      "AND a.rp = 'shop' ORDER BY a.rp, a.name, a.uid, c.created, c.id "
                      "LIMIT 50 OFFSET 0",
    "how many a user has": "SELECT count(*) FROM credential c JOIN account a ON a.id = c.account "
                           "WHERE true AND a.rp = 'shop' AND a.name = 'user-77'",
    "a use": "UPDATE credential SET sign_count = greatest(sign_count, 5) "
             "WHERE credential_id = {id}",
    "a removal": "DELETE FROM credential WHERE credential_id = {id} AND account IN (SELECT id "
                 "FROM account WHERE rp = 'shop' AND name = 'user-77' AND uid = 4294967295)",
    "a lock": "SELECT id FROM account WHERE rp = 'shop' AND name = 'user-77' "
              "AND uid = 4294967295 AND orphaned = 0 FOR UPDATE",
    "a user by name": "SELECT * FROM account a WHERE a.rp = 'shop' AND a.user_name = "
                      "'user-77@example.org' AND a.uid = 4294967295 AND a.orphaned = 0 "
                      "ORDER BY a.id LIMIT 1",
    "accounts of the system": "SELECT id FROM account WHERE orphaned = 0 AND uid <> 4294967295 "
                              "ORDER BY id",
    "a ceremony": "DELETE FROM ceremony WHERE rp = 'shop' AND id = 'one' RETURNING data, expires",
    "a ticket": "DELETE FROM ticket WHERE hash = sha256('x') AND rp = 'shop' RETURNING 1",
    "the last decision": "SELECT coalesce(max(id), 0) FROM decision",
}


@pytest.fixture(name="filled", scope="module", params=[
    20000, pytest.param(500000, marks=pytest.mark.slow),
    pytest.param(5000000, marks=[pytest.mark.slow, pytest.mark.ten_million])])
def filled_(server, request):
    server.empty()
    (server.fill if request.param < 1000000 else server.fill_bulk)(request.param)
    server.sql("VACUUM ANALYZE")
    return request.param


@pytest.mark.parametrize("name", STATEMENTS)
def test_an_index_answers(server, filled, name):
    """As a host's role asks, to whom rows are shown by relying party."""
    identity = server.sql("SELECT quote_literal(credential_id) FROM passkeyd.credential LIMIT 1")
    handle = server.sql("SELECT quote_literal(user_handle) FROM passkeyd.account LIMIT 1")
    text = STATEMENTS[name].format(id=f"E{identity}" if identity[0] != "E" else identity,
                                   handle=f"E{handle}" if handle[0] != "E" else handle)
    plan = server.sql("SET search_path = passkeyd; SET plan_cache_mode = force_generic_plan;"
                      "EXPLAIN (FORMAT TEXT) " + text, user="host1")
    looked_through = re.findall(r"Seq Scan on (\w+)", plan)
    # Small tables, which a database may read whole: who serves what.
    assert [table for table in looked_through if table in ("account", "credential")] == [], plan


def test_verbs_are_right_and_quick(filled, host, driver):
    stores = [host("host1"), host("host2")]
    said = json.loads(servers.run([driver, "sign-in", "3", "4", str(filled),
                                   *(store.socket for store in stores)]))
    assert said["errors"] == 0
    assert said["sign_ins"] > 100
    assert said["p50_us"] < 100000
    for verb, outcome in (("enroll", "ok"), ("enroll", "name-taken"), ("look", "ok"),
                          ("remove", "ok"), ("look", "not-found")):
        asked = json.loads(servers.run([driver, "ask", stores[0].socket, verb, "one more"]))
        assert asked["status"] == outcome, (verb, asked)
