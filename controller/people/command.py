"""``galactograph user``: who may log in. A PIN is typed unseen, never an argument."""

import argparse
import getpass
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from config.state_paths import users_path
from controller.people import pins
from controller.people.users import NAME_PATTERN, User, UsersError, change, find, read
from state_machine.requests import Role

OK: Final = 0
FAILED: Final = 1
WRONG: Final = 2

ABOUT: Final = """\
Who may log in at the consoles of this machine, and in which roles. The users are in
users.json in the state folder, for the controller's account alone. A change counts from
the next log-in on; a session that is under way goes on.

Roles: technologist, physician (the radiologist of the workflow), service, qa.
"""
EXAMPLES: Final = """\
examples:
  galactograph user add jones --full-name "T. Jones" --role technologist
  galactograph user add ward --full-name "Dr Ward" --role physician
  galactograph user role jones technologist qa
  galactograph user pin jones
  galactograph user disable jones
  galactograph user list --json
"""
_ROLES: Final = {
    "technologist": Role.TECHNOLOGIST,
    "physician": Role.RADIOLOGIST,
    "radiologist": Role.RADIOLOGIST,
    "service": Role.SERVICE,
    "qa": Role.QA,
}

Ask = Callable[[str], str]
replace = msgspec.structs.replace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    acts = parser.add_subparsers(required=True, metavar="COMMAND")

    def act(name: str, about: str, *, named: bool = True) -> argparse.ArgumentParser:
        made = acts.add_parser(name, help=about)
        made.add_argument("--state", type=Path, metavar="DIR", help="state folder")
        if named:
            made.add_argument("name", help="what is typed to log in")
        made.set_defaults(user_act=name)
        return made

    adding = act("add", "a new user; the PIN is asked for")
    adding.add_argument("--full-name", required=True, metavar="NAME", help="shown and recorded")
    adding.add_argument("--role", required=True, action="append", choices=sorted(_ROLES))
    adding.add_argument("--pin-stdin", action="store_true", help="one line of standard input")
    listing = act("list", "all users, without PINs", named=False)
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    act("role", "other roles").add_argument("role", nargs="+", choices=sorted(_ROLES))
    act("pin", "another PIN").add_argument(
        "--pin-stdin", action="store_true", help="one line of standard input"
    )
    act("disable", "no log-in any more; the name stays taken")
    act("enable", "may log in again")


def run(args: argparse.Namespace, folder: Path, ask: Ask = getpass.getpass) -> int:
    """0 done, 1 refused with words, 2 the users file cannot be used."""
    path = users_path(args.state or folder)
    try:
        if args.user_act == "list":
            return _list(read(path), args.json)
        pin = ""
        if args.user_act in ("add", "pin"):
            pin = _typed(args, ask)
        with change(path) as users:
            words = _ACTS[args.user_act](users, args, pin)
            if words:
                raise _Refused(words)
    except _Refused as refused:
        sys.stderr.write(f"galactograph user: {refused}\n")
        return FAILED
    except UsersError as error:
        sys.stderr.write(f"galactograph user: {error}\n")
        return WRONG
    sys.stdout.write(f"{args.user_act}: {args.name}\n")
    return OK


class _Refused(Exception):
    """A change that is not made; the text says why."""


def _typed(args: argparse.Namespace, ask: Ask) -> str:
    if args.pin_stdin:
        pin = sys.stdin.readline().rstrip("\n")
    else:
        pin = ask(f"PIN of {args.name}: ")
        if ask("once more: ") != pin:
            raise _Refused("the two are not the same: nothing is changed")
    words = pins.weak(pin, args.name)
    if words:
        raise _Refused(f"this PIN is refused: {words}")
    return pin


def _list(users: tuple[User, ...], as_json: bool) -> int:
    for user in users:
        roles = [role.value for role in user.roles]
        if as_json:
            shown = {"name": user.name, "full_name": user.full_name, "roles": roles}
            sys.stdout.write(json.dumps({**shown, "disabled": user.disabled}) + "\n")
        else:
            off = "  (disabled)" if user.disabled else ""
            sys.stdout.write(f"{user.name:<20} {user.full_name:<30} {', '.join(roles)}{off}\n")
    if not users and not as_json:
        sys.stdout.write("no users yet: galactograph user add NAME --full-name … --role …\n")
    return OK


def _add(users: list[User], args: argparse.Namespace, pin: str) -> str:
    try:
        user = User(args.name, args.full_name, _roles(args.role), pins.hashed(pin))
        msgspec.convert(msgspec.to_builtins(user), User)
    except msgspec.ValidationError:
        return f"name: {NAME_PATTERN}; full name: 1 to 64 characters"
    if not args.full_name.isprintable() or args.full_name != args.full_name.strip():
        return "the full name is one line of printable text without space at its ends"
    for other in users:
        if other.name == user.name or other.full_name.casefold() == user.full_name.casefold():
            return f"{other.name} ({other.full_name}) has that name: choose another"
    users.append(user)
    return ""


def _change(users: list[User], name: str, **changes: object) -> str:
    user = find(tuple(users), name)
    if user is None:
        return f"there is no user {name}"
    users[users.index(user)] = replace(user, **changes)
    return ""


def _roles(names: list[str]) -> tuple[Role, ...]:
    return tuple(dict.fromkeys(_ROLES[name] for name in names))


_ACTS: Final[dict[str, Callable[[list[User], argparse.Namespace, str], str]]] = {
    "add": _add,
    "role": lambda users, args, _: _change(users, args.name, roles=_roles(args.role)),
    "pin": lambda users, args, pin: _change(users, args.name, pin_hash=pins.hashed(pin)),
    "disable": lambda users, args, _: _change(users, args.name, disabled=True),
    "enable": lambda users, args, _: _change(users, args.name, disabled=False),
}
