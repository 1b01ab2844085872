"""The claim plugin does what the specification asks for."""

from gridhook.testing import RegistrationTests
from gridhook_claim import ClaimPlugin


class TestClaim(RegistrationTests):
    plugin = ClaimPlugin
    refused_settings = ({"names": "Load 1"}, {"kind": ["load"]})


class TestClaimOfSome(RegistrationTests):
    plugin = ClaimPlugin
    settings = {"names": ["Load 1"], "kinds": ["storage", "market"], "globs": ["PV *"], "exclude": ["* 2"]}
