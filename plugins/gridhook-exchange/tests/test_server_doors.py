"""Passwords, tokens and the users file: who may come in."""

from __future__ import annotations

import base64
import hashlib
import tomllib

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.errors import ConfigError
from gridhook_exchange.registry import build_registry
from gridhook_exchange.server import passwords as module
from gridhook_exchange.server.editing import add_user, remove_user, set_password
from gridhook_exchange.server.passwords import Passwords, hash_password, is_hash
from gridhook_exchange.server.tokens import Tokens
from gridhook_exchange.server.users import User, describe, owned_areas, read_users


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch):
    monkeypatch.setattr(module, "_COST", 2)


def test_a_password_is_right_for_its_user_alone():
    passwords = Passwords({"ann": hash_password("one"), "ben": hash_password("two")})
    assert not passwords.is_known("ann", "one")
    assert passwords.is_right("ann", "one")
    assert passwords.is_known("ann", "one")
    for user, password in (("ann", "two"), ("ann", ""), ("ben", "one"), ("nobody", "one"), ("", "")):
        assert not passwords.is_right(user, password)
        assert not passwords.is_known(user, password)
    assert not passwords.is_known("an", "n\0one")
    assert passwords.is_known("ann", "one")


def test_nothing_that_is_kept_holds_a_password():
    passwords = Passwords({"ann": hash_password("a secret")})
    assert passwords.is_right("ann", "a secret")
    assert "a secret" not in repr(vars(passwords))
    assert hash_password("a secret") != hash_password("a secret")


GOOD = base64.b64encode(b"x" * 16).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        f"scrypt$2$8$1${GOOD}",
        f"bcrypt$2$8$1${GOOD}${GOOD}",
        f"scrypt$x$8$1${GOOD}${GOOD}",
        f"scrypt$-2$8$1${GOOD}${GOOD}",
        f"scrypt$2$99999999999$1${GOOD}${GOOD}",
        f"scrypt$3$8$1${GOOD}${GOOD}",
        f"scrypt$0$8$1${GOOD}${GOOD}",
        f"scrypt$1073741824$8$1${GOOD}${GOOD}",
        f"scrypt$2$8$0${GOOD}${GOOD}",
        f"scrypt$2$8$1$é${GOOD}",
        f"scrypt$2$8$1${GOOD}$",
        f"scrypt$2$8$1${GOOD}$!",
    ],
)
def test_other_texts_are_no_hashes(text):
    assert not is_hash(text)
    assert is_hash(hash_password("x"))


@pytest.mark.parametrize("cost", [2, 2**14, 2**15, 2**16])
@pytest.mark.parametrize(("block", "parallel"), [(8, 1), (1, 8), (16, 2)])
def test_what_is_taken_for_a_hash_can_be_checked(cost, block, parallel):
    text = f"scrypt${cost}${block}${parallel}${GOOD}${GOOD}"
    try:
        hashlib.scrypt(b"x", salt=b"x" * 16, n=cost, r=block, p=parallel, maxmem=64 * 1024 * 1024)
    except ValueError:
        assert not is_hash(text)
    else:
        assert is_hash(text)
        assert not Passwords({"ann": text}).is_right("ann", "x")


def test_many_users_are_read_without_hashing_anything(monkeypatch):
    kept = hash_password("x")
    monkeypatch.setattr(module.hashlib, "scrypt", None)
    assert all(is_hash(kept) for _ in range(1000))


def test_tokens_are_of_one_server_and_expire():
    clock = [1000.0]
    tokens, others = Tokens(60.0, lambda: clock[0]), Tokens(60.0, lambda: clock[0])
    token = tokens.make("ann")
    assert tokens.user_of(f"JWT {token}") == "ann"
    assert tokens.make("ann") != token
    assert others.user_of(f"JWT {token}") is None
    clock[0] += 59.0
    assert tokens.user_of(f"JWT {token}") == "ann"
    clock[0] += 1.0
    assert tokens.user_of(f"JWT {token}") is None


def test_a_token_says_when_it_ends_as_all_tokens_do():
    token = Tokens(60.0, lambda: 1000.5).make("ann")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["exp"]) == ("ann", 1060)
    assert "exp_at" not in claims


@pytest.mark.parametrize(
    "header", [None, "", "JWT", "JWT ", "jwt {}", "Bearer {}", "{}", "JWT  {}", "JWT {}x", "JWT é.b.c"]
)
def test_only_the_right_header_has_a_token(header):
    tokens = Tokens(60.0, lambda: 0.0)
    assert tokens.user_of(header and header.format(tokens.make("ann"))) is None


def test_a_token_that_nobody_signed_is_worth_nothing():
    tokens = Tokens(60.0, lambda: 0.0)
    claims = {"sub": "ann", "exp": 10}
    unsigned = jwt.encode(claims, None, algorithm="none")
    guessed = jwt.encode(claims, "k" * 32, algorithm="HS256")
    assert tokens.user_of(f"JWT {unsigned}") is tokens.user_of(f"JWT {guessed}") is None


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    name=NAMES,
    password=st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    globs=st.lists(NAMES, max_size=2),
    names=st.lists(NAMES, max_size=2),
)
def test_whoever_is_added_is_read_again(tmp_path_factory, name, password, globs, names):
    path = tmp_path_factory.mktemp("users") / "users.toml"
    add_user(path, "first", "x", [])
    if not name.isprintable() or not name or name == "first":
        before = path.read_bytes()
        with pytest.raises(ConfigError):
            add_user(path, name, password, globs, names)
        assert path.read_bytes() == before
        return
    add_user(path, name, password, globs, names)
    users = read_users(path)
    assert set(users) == {"first", name}
    assert (users[name].globs, users[name].names) == (globs, names)
    assert Passwords({name: users[name].password}).is_right(name, password)


def test_a_file_is_for_its_owner_and_may_have_no_last_line_end(tmp_path):
    path = tmp_path / "users.toml"
    path.write_text(f'[users.ann]\npassword = "{hash_password("x")}"', encoding="utf-8")
    path.chmod(0o644)
    globs = ["Home *", '\x7f\x00\n"\\']
    add_user(path, "ben", "y", globs)
    assert read_users(path)["ben"].globs == globs
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tomllib.loads(path.read_text(encoding="utf-8"))["users"]) == ["ann", "ben"]


WRITTEN = """# Who may log in.
[users.ann]
# Hers.
password = "{}"
globs = [
    "Home 1 *",
]

# The operator.
[users . "b e n"]
password="{}" # his

[users.'cas']
"password" = "{}"
"""


def written(tmp_path):
    path = tmp_path / "users.toml"
    path.write_text(WRITTEN.format(*map(hash_password, "abc")), encoding="utf-8")
    path.chmod(0o644)
    return path


def test_a_user_is_removed_and_all_else_stays_as_it_was_written(tmp_path):
    path = written(tmp_path)
    before = path.read_text(encoding="utf-8")
    remove_user(path, "b e n")
    users = read_users(path)
    assert list(users) == ["ann", "cas"]
    assert users["ann"].globs == ["Home 1 *"]
    left = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in before.splitlines() if line in left] == left
    assert {"# Who may log in.", "# Hers.", "# The operator."} <= set(left)
    assert path.stat().st_mode & 0o777 == 0o600
    for name in ("cas", "ann"):
        remove_user(path, name)
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(ConfigError, match="there is no user"):
        read_users(path)
    add_user(path, "dan", "d")
    assert list(read_users(path)) == ["dan"]


@pytest.mark.parametrize("name", ["ann", "b e n"])
def test_a_password_is_changed_and_nothing_else(tmp_path, name):
    path = written(tmp_path)
    before = read_users(path)
    set_password(path, name, "new")
    after = read_users(path)
    assert Passwords({name: after[name].password}).is_right(name, "new")
    before.pop(name)
    after.pop(name)
    assert before == after


@pytest.mark.parametrize("change", [remove_user, lambda path, name: set_password(path, name, "new")])
def test_what_cannot_be_edited_stays_as_it_is(tmp_path, change):
    path = written(tmp_path)
    with pytest.raises(ConfigError, match="no such user"):
        change(path, "nobody")
    for text in (
        f'users = {{ ann = {{ password = "{hash_password("a")}" }} }}',
        f'users.ann.password = "{hash_password("a")}"',
        f'[users]\nann.password = "{hash_password("a")}"',
        f'[users.ann]\nglobs = ["""\n[users.ann]\n"""]\n"pass\\u0077ord" = "{hash_password("a")}"',
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match="by hand"):
            change(path, "ann")
        assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


def test_users_are_described_by_what_they_own():
    secret = hash_password("x")
    assert describe(User(secret)) == "everything"
    assert describe(User(secret, ["House"], ["pv"], ["a*", "b*"])) == "names House; kinds pv; globs a*, b*"
    assert describe(User(secret, exclude=["x"])) == "everything; without x"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no user"),
        ("users = 3", "no user"),
        ("[user.ann]", "no such table"),
        ("[users]\nann = 5", "password"),
        ("[users.ann]\npassword = 'plain'", "gridhook users add"),
        ("[users.ann]\nx = 1", "x"),
        ("[", "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(tmp_path, text, word):
    path = tmp_path / "users.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=word):
        read_users(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_users(tmp_path / "missing.toml")


def test_a_user_owns_what_is_named_or_everything(make_community):
    community = make_community(
        {"Grid": (None, 0.0), "House": ("Grid", 0.0)}, loads={"load": ("House", [1.0])}, pvs={"pv": ("House", [1.0])}
    )
    tree = build_registry(community).tree
    secret = hash_password("x")

    def owned(**said):
        areas, problems = owned_areas(User(secret, **said), tree)
        return areas, [problem.path for problem in problems]

    assert owned() == ({"asset load", "asset pv", "market Grid", "market House"}, [])
    assert owned(globs=["l*"]) == ({"asset load"}, [])
    assert owned(names=["House", "pv"], exclude=["pv"]) == ({"market House"}, [])
    assert owned(kinds=["pv"]) == ({"asset pv"}, [])
    assert owned(globs=["x*"], names=["nowhere"], kinds=["y"])[1] == ["names", "kinds", "globs"]
    assert "Market Maker" not in owned()[0]
