"""GraphQL: the look-ups of PROTOCOL.md 1.5, and only these."""

from __future__ import annotations

import json
from typing import Any

from graphql import GraphQLError, GraphQLSchema, build_schema, execute_sync, parse, validate
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gridhook.assets import LOAD, PV
from gridhook_exchange.server.bodies import LARGEST_OTHER
from gridhook_exchange.server.hall import Hall, hall_of

__all__ = ["LOOK_UPS"]

_LONGEST_QUERY = 2000
# Those of the protocol have 40; so few cannot be nested too deeply for the parser.
_MOST_TOKENS = 100
_MARKET_TYPES = {"one-sided": "ONE_SIDED", "two-sided": "TWO_SIDED"}
_SCHEMA = """
scalar JSON
type Query {
  readConfiguration(uuid: String!): Configuration
  aggregatorsList: [Aggregator!]!
  listCanaryNetworks: Networks!
  listScmCommunities: Networks!
}
type Configuration {
  uuid: String!
  resultsStatus: String!
  type: String!
  scenarioData: Scenario!
  settingsData: Settings!
}
type Scenario { latest: Version!  forecastStreamAreaMapping: JSON! }
type Version { serialized: String! }
type Settings { spotMarketType: String! }
type Aggregator { configUuid: String!  name: String!  devicesList: [Device!]! }
type Device { deviceUuid: String! }
type Networks { configurations: [Configuration!]! }
"""


async def look_up(request: Request) -> JSONResponse:
    """Answer a query for names and UUIDs."""
    hall = hall_of(request)
    user = hall.user_of(request)
    body = await hall.bodies.read(request, LARGEST_OTHER)
    query = body.get("query")
    if not isinstance(query, str) or len(query) > _LONGEST_QUERY:
        raise HTTPException(400, f"'query' has to be a text of up to {_LONGEST_QUERY} characters")
    variables, operation = body.get("variables"), body.get("operationName")
    if variables is not None and not isinstance(variables, dict):
        raise HTTPException(400, "'variables' has to be an object, or null")
    if operation is not None and not isinstance(operation, str):
        raise HTTPException(400, "'operationName' has to be a text, or null")
    schema = _schema(request)
    try:
        document = parse(query, max_tokens=_MOST_TOKENS)
    except GraphQLError as error:
        return JSONResponse({"data": None, "errors": [error.formatted]})
    if errors := validate(schema, document):
        return JSONResponse({"data": None, "errors": [error.formatted for error in errors]})
    result = execute_sync(
        schema, document, _root(hall, user), variable_values=variables, operation_name=operation or None
    )
    return JSONResponse(result.formatted)


LOOK_UPS = [Route("/graphql/", look_up, methods=["POST"])]


def _schema(request: Request) -> GraphQLSchema:
    """Return the schema, built when it is first needed."""
    state = request.app.state
    if not hasattr(state, "graphql"):
        state.graphql = build_schema(_SCHEMA)
    schema: GraphQLSchema = state.graphql
    return schema


def _root(hall: Hall, user: str) -> dict[str, Any]:
    exchange = hall.exchange
    tree = exchange.registry.tree

    def configuration() -> dict[str, Any]:
        metered = [area for area, kind in zip(tree.ids, tree.kinds, strict=True) if kind in (LOAD, PV)]
        names = dict(zip(tree.ids, tree.names, strict=True))
        streams = {area: names[area] for area in metered if exchange.owns(user, area)}
        return {
            "uuid": exchange.simulation_id,
            "resultsStatus": "finished" if exchange.is_finished else "running",
            "type": "CANARY_NETWORK",
            "scenarioData": {
                "latest": lambda _: {"serialized": json.dumps(_scenario(exchange.registry_of(user)))},
                "forecastStreamAreaMapping": streams,
            },
            "settingsData": {"spotMarketType": _MARKET_TYPES[exchange.simulation.community.rules.market]},
        }

    return {
        "readConfiguration": lambda _, uuid: configuration() if uuid == exchange.simulation_id else None,
        "aggregatorsList": lambda _: [
            {
                "configUuid": exchange.simulation_id,
                "name": one.name,
                "devicesList": [{"deviceUuid": area} for area in one.areas],
            }
            for one in exchange.aggregators.of_user(user)
        ],
        "listCanaryNetworks": lambda _: {"configurations": [configuration()]},
        "listScmCommunities": lambda _: {"configurations": []},
    }


def _scenario(node: dict[str, Any]) -> dict[str, Any]:
    kept = {key: node[key] for key in ("name", "uuid", "type")}
    return {**kept, "children": [_scenario(child) for child in node["children"]]}
