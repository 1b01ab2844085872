"""What can be asked by GraphQL, the description of the endpoints, and their spellings."""

import pytest
from conftest import Server, write_community

from gridhook_exchange.service.direct import DIRECT_COMMANDS

TYPE = "{ listCanaryNetworks { configurations { settingsData { spotMarketType } } } }"


@pytest.mark.parametrize("market", ["one-sided", "two-sided"])
def test_the_type_of_market_is_that_of_the_community(serve, community_file, market):
    text = community_file.read_text(encoding="utf-8").replace("[rules]", f'[rules]\nmarket = "{market}"')
    community_file.write_text(text, encoding="utf-8")
    server = serve(community_file, "--paused")
    client = server.client()
    _, answer = client.request("POST", "/graphql/", {"query": TYPE})
    (found,) = answer["data"]["listCanaryNetworks"]["configurations"]
    assert found["settingsData"]["spotMarketType"] == market.upper().replace("-", "_")
    client.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lookups")
    server = Server(folder, write_community(folder), "--paused")
    yield server
    server.stop()
    assert not server.complaints()


@pytest.fixture
def client(server):
    client = server.client()
    yield client
    client.close()


def test_variables_and_the_name_of_an_operation_are_heard(client):
    one = "query One($id: String!) { readConfiguration(uuid: $id) { uuid } }"
    body = {"query": one, "variables": {"id": client.simulation}}
    _, answer = client.request("POST", "/graphql/", body)
    assert answer["data"]["readConfiguration"]["uuid"] == client.simulation
    body |= {"query": f"{one} query Two {{ aggregatorsList {{ name }} }}", "operationName": "Two"}
    _, answer = client.request("POST", "/graphql/", body)
    assert answer["data"] == {"aggregatorsList": []}
    _, answer = client.request("POST", "/graphql/", {**body, "operationName": None})
    assert "operation name" in answer["errors"][0]["message"]
    for wrong in ({"variables": 5}, {"variables": "{}"}, {"operationName": 5}):
        status, answer = client.request("POST", "/graphql/", {**body, **wrong})
        assert (status, next(iter(wrong)) in answer["error"]) == (400, True)
    status, answer = client.request("POST", "/graphql/", {**body, "operationName": "One", "variables": {"id": 5}})
    assert (status, bool(answer["errors"])) == (200, True)


def test_a_slash_too_many_or_too_few_makes_no_difference_and_nobody_is_sent_elsewhere(server, client):
    simulation, area = client.simulation, server.uuid("House 1")
    base = f"/external-connection/api/{simulation}/{area}"
    for method, path, body in (
        ("POST", "/api-token-auth", client.user),
        ("POST", "/graphql", {"query": TYPE}),
        ("GET", "/openapi.json/", {}),
        ("GET", f"/external-connection/configurations/{simulation}/registry/", {}),
        ("GET", f"/external-connection/aggregator-api/{simulation}/list-aggregators", {}),
        ("POST", f"{base}/grid-fee", {"transaction_id": "t", "fee_const": 1}),
        ("GET", f"{base}/dso-market-stats/", {"transaction_id": "t"}),
    ):
        headers = {"Host": "evil.example", "Authorization": f"JWT {client.token}"}
        status, _ = client.request(method, path, body, headers)
        assert status == 200, path
    for path in ("/nowhere", "/nowhere/", f"{base}//register/"):
        status, _ = client.request("POST", path, {}, {"Host": "evil.example"})
        assert status in (401, 404)
    client.open(area).close()
    client.open(f"{area}/").close()


def test_the_description_says_what_can_be_asked(client):
    _, found = client.request("GET", "/openapi.json")
    paths = found["paths"]
    assert paths["/graphql/"]["post"]["requestBody"]["content"]["application/json"]["schema"]["required"] == ["query"]
    direct = paths["/external-connection/api/{simulation}/{area}/{command}/"]["post"]
    (command,) = [one for one in direct["parameters"] if one["name"] == "command"]
    assert set(command["schema"]["enum"]) == {*DIRECT_COMMANDS}
    stats = paths["/external-connection/api/{simulation}/{area}/dso-market-stats"]["get"]
    assert stats["requestBody"]["content"]["application/json"]["schema"]["required"] == ["transaction_id"]
